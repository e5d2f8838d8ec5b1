"""Adapters compute the right command lines, and say what they cannot do."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import pytest

from harness.adapters import releases
from harness.adapters.command import CommandLinker
from harness.adapters.discover import UnknownLinker, discover, find
from harness.adapters.lld import WasmLd
from harness.adapters.reference import Reference
from harness.adapters.smoke import smoke, tiny_case
from harness.adapters.zig import ZigLinker, used_features
from linker.format.archive import Member
from linker.format.encode_archive import encode_archive
from strategies.case import InputFile, LinkCase
from tests.tools import require

CASE, OUTPUT = Path("/w/case"), Path("/w/outputs/x/out.wasm")
FLAGS = frozenset(["-fno-entry", "-fno-ubsan-rt"])
FEATURES = frozenset(["mutable_globals", "sign_ext"])
ZIG = ZigLinker("zig-0.17.1", "/bin/zig", "0.17.1", FLAGS, FEATURES)
OLD_ZIG = ZigLinker("zig-0.13.0", "/bin/zig", "0.13.0", frozenset(["-fno-entry"]), FEATURES)


def _case(arguments: str, *files: InputFile) -> LinkCase:
    return LinkCase(files, tuple(arguments.split()), (), ())


def _zig(arguments: str) -> list[str]:
    """What Zig's command line says beyond what it always says."""
    case = _case(arguments)
    assert ZIG.unsupported(case) is None
    return list(ZIG.command_line(case, CASE, OUTPUT))[13:]


def test_wasm_ld_gets_its_arguments_as_they_are() -> None:
    linker = WasmLd("lld-22", ("/bin/zig", "wasm-ld"), "LLD 22", 22)
    words = linker.command_line(_case("--no-entry a.o"), CASE, OUTPUT)
    assert words == ["/bin/zig", "wasm-ld", "--no-entry", "a.o", "-o", str(OUTPUT)]
    assert linker.bytes_like == "lld-22"


def test_the_reference_can_be_a_child_too(tmp_path: Path) -> None:
    linker = Reference("lld-22")
    words = linker.command_line(_case("a.o"), CASE, OUTPUT)
    assert words == [
        *(sys.executable, "-m", "linker.weld_ld", "--dialect=lld-22"),
        *("a.o", "-o", str(OUTPUT)),
    ]
    assert (Reference().name, linker.name) == ("reference", "reference:lld-22")
    assert Reference().bytes_like == linker.bytes_like == "lld-22"


def test_a_command_of_the_user() -> None:
    plain = CommandLinker("x", ("ld", "--wasm"))
    assert plain.command_line(_case("a.o"), CASE, OUTPUT) == [
        *("ld", "--wasm", "a.o", "-o", str(OUTPUT))
    ]
    filled = CommandLinker("x", ("sh", "-c", "{arguments}", "--out={output}"))
    assert filled.command_line(_case("a.o b.o"), CASE, OUTPUT) == [
        *("sh", "-c", "a.o", "b.o", f"--out={OUTPUT}")
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("a.o", "a.o -fentry=_start --gc-sections --stack 65536"),
        ("--no-entry a.o lib.a", "a.o lib.a -fno-entry --gc-sections --stack 65536"),
        ("-e main a.o", "a.o -fentry=main --gc-sections --stack 65536"),
        ("--no-gc-sections a.o", "a.o -fentry=_start --no-gc-sections --stack 65536"),
        ("-z stack-size=32 a.o", "a.o -fentry=_start --gc-sections --stack 32"),
        (
            "--export=f --allow-undefined a.o",
            "--export=f --import-symbols a.o -fentry=_start --gc-sections --stack 65536",
        ),
        ("-s a.o", "-fstrip a.o -fentry=_start --gc-sections --stack 65536"),
        (
            "--no-stack-first a.o",
            "a.o --global-base=1024 -fentry=_start --gc-sections --stack 65536",
        ),
        (
            "--global-base=4096 a.o",
            "--global-base=4096 a.o -fentry=_start --gc-sections --stack 65536",
        ),
        (
            "--build-id=none -m wasm32 --threads=1 -O2 --color-diagnostics=never a.o",
            "a.o -fentry=_start --gc-sections --stack 65536",
        ),
    ],
)
def test_zig_is_told_what_wasm_ld_is_told(arguments: str, expected: str) -> None:
    assert _zig(arguments) == expected.split()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("--export-all a.o", "zig has no equivalent of --export-all"),
        ("--import-memory=a,b a.o", "zig has no equivalent of --import-memory=..."),
        ("--growable-table a.o", "zig 0.17.1 has no --growable-table"),
        ("-r a.o", "zig's linker makes no output of the kind --relocatable"),
        ("--stack-first --global-base=64 a.o", "zig cannot have the stack first"),
        ("-z other a.o", "zig has no equivalent of -z other"),
        ("--build-id=sha1 a.o", "zig has no equivalent of --build-id=..."),
        ("-lc a.o", "no file of the case is the library that -l names"),
        ("a.txt", "zig tells an input's kind by its name"),
    ],
)
def test_zig_says_what_it_cannot_be_told(arguments: str, reason: str) -> None:
    said = ZIG.unsupported(_case(arguments))
    assert said is not None
    assert said.startswith(reason)


def test_zig_cannot_be_given_a_stub_library() -> None:
    case = _case("a.o lib.o", InputFile("lib.o", b"#STUB\nf: g"))
    assert ZIG.unsupported(case) == "zig knows no stub libraries"


def test_zig_is_given_the_file_of_a_library() -> None:
    case = _case("-Lnone -L sub -lx a.o", InputFile("sub/libx.a", b"!<arch>\n"))
    words = ZIG.command_line(case, CASE, OUTPUT)
    assert words[13:15] == ["sub/libx.a", "a.o"]
    assert "-lx" not in words


def test_an_export_if_defined_is_an_export_where_it_is_defined() -> None:
    """In an object; what an archive brings is not known before the link."""
    case = tiny_case()
    for name, expected in (("answer", True), ("nothing", False)):
        asked = dataclasses.replace(case, arguments=(f"--export-if-defined={name}", "answer.o"))
        assert ZIG.unsupported(asked) is None
        assert (f"--export={name}" in ZIG.command_line(asked, CASE, OUTPUT)) is expected
    library = InputFile("lib.a", encode_archive([Member("answer.o", case.files[1].content)]))
    in_archive = _case("--export-if-defined=answer lib.a", library)
    assert ZIG.unsupported(in_archive) == "zig has no equivalent of --export-if-defined=..."


def test_a_zig_that_cannot_link_objects_alone_says_so() -> None:
    zig = dataclasses.replace(ZIG, version="0.11.0", flags=frozenset())
    said = zig.unsupported(_case("a.o"))
    assert said == "zig 0.11.0 cannot link object files alone (no -fno-entry)"


def test_zig_gets_the_features_of_the_objects() -> None:
    """Those of archive members included, those that it does not know left out."""
    first = InputFile("a.o", b"...\x0ftarget_features\x02+\x08sign-ext-\x05never")
    member = Member("b.o", b"...\x0ftarget_features\x02+\x0fmutable-globals+\x03odd")
    library = InputFile("b.a", encode_archive([member], symbol_table=False))
    case = _case("a.o b.a", first, library)
    assert used_features(case) == {"sign-ext", "mutable-globals", "odd"}
    words = ZIG.command_line(case, CASE, OUTPUT)
    assert "-mcpu=mvp+mutable_globals+sign_ext" in words
    assert "-fno-ubsan-rt" in words
    # Releases before 0.14 take the features of the objects where the CPU has none.
    old = OLD_ZIG.command_line(case, CASE, OUTPUT)
    assert "-mcpu=mvp" in old
    assert "-fno-ubsan-rt" not in old


@pytest.mark.parametrize(
    "cut", [b"\x0ftarget_features", b"\x0ftarget_features\x02+", b"\x0ftarget_features\xff+\x09a"]
)
def test_a_cut_off_features_section_is_no_error(cut: bytes) -> None:
    """Malformed objects are for the linkers to judge."""
    assert used_features(_case("a.o", InputFile("a.o", cut))) <= {"a"}


def test_the_linkers_of_the_package_are_found_and_work() -> None:
    """The package ziglang is a dependency, so these two are always there."""
    found = discover()
    zig = f"zig-{releases.installed_version()}"
    assert {"reference", "lld-22", zig} <= found.keys()
    assert found["lld-22"].version.startswith("LLD 22.")
    assert smoke([found["reference"], found["lld-22"], found[zig]]) == {
        "reference": "",
        "lld-22": "",
        zig: "",
    }
    assert find("lld-22") == found["lld-22"]
    assert find(zig) == found[zig]


def test_debians_wasm_ld_is_found_by_the_name_of_the_program() -> None:
    require("wasm-ld-22")
    linker = find("wasm-ld-22")
    assert linker.kind == "lld"
    assert linker.bytes_like == "lld-22"
    assert linker.command_line(tiny_case(), CASE, OUTPUT)[0].endswith("wasm-ld-22")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("zig-0.1.2", "weldcheck linkers add ziglang==0.1.2"),
        ("lld-18", "weldcheck linkers add ziglang==0.13.0, or Debian's package lld-18"),
        ("lld-99", "Debian's package lld-99"),
        ("wasm-ld-99", "Debian's package lld-99"),
        ("refrence", "did you mean reference?"),
        ("zzz", "found are: reference"),
    ],
)
def test_a_missing_linker_comes_with_advice(
    name: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WELDCHECK_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(UnknownLinker) as caught:
        find(name)
    assert f"no linker '{name}' here" in str(caught.value)
    assert advice in str(caught.value)


def test_a_linker_of_the_configuration_comes_first() -> None:
    own = CommandLinker("lld-22", ("x",))
    assert find("lld-22", {"lld-22": own}) is own


def test_releases_in_the_cache_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By number, not by the letters of their names; an unfinished one is none."""
    monkeypatch.setenv("WELDCHECK_CACHE", str(tmp_path))
    for name in ("ziglang-0.9.1", "ziglang-0.13.0", ".installing-x"):
        program = tmp_path / "releases" / name / "ziglang" / "zig"
        program.parent.mkdir(parents=True)
        program.touch()
    (tmp_path / "releases" / "ziglang-0.14.0").mkdir()
    found = [path.parent.parent.name for path in releases.cached_zigs()]
    assert found == ["ziglang-0.9.1", "ziglang-0.13.0"]


@pytest.mark.parametrize(
    ("name", "release"), [("lld-16", "0.11.0"), ("lld-18", "0.13.0"), ("zig-0.12.1", "0.12.1")]
)
def test_the_release_that_should_have_a_linker_is_asked_first(
    name: str, release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To ask one takes five starts of a large program; in the end, all have been asked."""
    monkeypatch.setenv("WELDCHECK_CACHE", str(tmp_path))
    asked = tmp_path / "asked"
    cached = ["0.11.0", "0.12.1", "0.13.0", "0.14.1"]
    for version in cached:
        program = tmp_path / "releases" / f"ziglang-{version}" / "ziglang" / "zig"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho {version} >> {asked}\nexit 1\n")
        program.chmod(0o755)
    with pytest.raises(UnknownLinker):
        find(name)
    assert asked.read_text().split()[0] == release
    assert sorted(asked.read_text().split()) == cached


@pytest.mark.parametrize("requirement", ["ziglang", "ziglang>=0.13", "other==1.0", "ziglang==../x"])
def test_only_releases_of_ziglang_are_installed(requirement: str) -> None:
    with pytest.raises(releases.InstallError, match="expected ziglang==VERSION"):
        releases.install(requirement)


def test_an_install_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WELDCHECK_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_INDEX_URL", "file:///no/such/index")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(releases.InstallError, match="pip could not install"):
        releases.install("ziglang==0.13.0")
    assert list((tmp_path / "releases").iterdir()) == []

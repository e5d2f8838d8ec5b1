"""`--Map` and `--print-map`: each map is compared with wasm-ld's by the fixture `link`."""

from __future__ import annotations

from pathlib import Path

import pytest

from linker.driver import run
from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker
from tests.linker.objects import (
    EXPORTED,
    LOCAL,
    NO_STRIP,
    TLS_SEGMENT,
    TO_I32,
    WEAK,
    absolute,
    address,
    alias,
    call,
    custom,
    data,
    features,
    function,
    function_pointer,
    global_get,
    global_variable,
    init,
    returning,
    strings,
    tag,
    throw,
    undefined_data,
    undefined_function,
    undefined_table,
    word,
)
from tests.linker.wasm_ld import run_wasm_ld, run_weld_ld
from tests.programs.build import BUILDERS
from tests.programs.zig import link_with_wasm_ld

Capture = pytest.CaptureFixture[bytes]
START = assemble(function("start", call("f"), address("d"), b"\x1a", flags=EXPORTED))
OTHER = assemble(function("f"), data("d", word(1), alignment=2), function("unused"))


def rows(printed: str) -> list[list[str]]:
    """The lines of a map, without the heading, in columns."""
    heading, *lines = printed.splitlines()
    assert heading == "    Addr      Off     Size Out     In      Symbol"
    return [line.split() for line in lines]


def texts(printed: str) -> list[str]:
    """What is listed, without the numbers."""
    return [" ".join(row[3:]) for row in rows(printed)]


def test_sections_pieces_and_symbols(link: Linker) -> None:
    listed = texts(link(START, OTHER, options="-M").stdout)
    sections = ["TYPE", "FUNCTION", "MEMORY", "GLOBAL", "EXPORT", "CODE", "DATA", "CUSTOM(name)"]
    assert [text for text in listed if text in sections] == sections
    start = listed.index("CODE")
    assert listed[start:] == [
        "CODE",
        "a.o:(start)",
        "start",
        "b.o:(f)",
        "f",
        "DATA",
        ".data",
        "b.o:(.data.d)",
        "d",
        "CUSTOM(name)",
    ]


@pytest.mark.parametrize("option", ["-Map=map", "--Map=map", "-Map map", "--Map map"])
def test_a_map_in_a_file(option: str, link: Linker) -> None:
    linked = link(START, OTHER, options=option)
    assert linked.stdout == ""
    assert "b.o:(f)" in (link.folder / "map").read_text()


def test_print_map_goes_before_map(link: Linker) -> None:
    assert "b.o:(f)" in link(START, OTHER, options="-M -Map=map").stdout
    assert not (link.folder / "map").exists()
    assert "b.o:(f)" in link(START, OTHER, options="-Map=-").stdout


def test_names_are_shown_demangled_for_symbols_only(link: Linker) -> None:
    files = [assemble(function("_Z1fi", flags=EXPORTED))]
    assert texts(link(*files, options="-M").stdout).count("f(int)") == 1
    assert "f(int)" not in texts(link(*files, options="-M --no-demangle").stdout)


def test_aliases_and_local_symbols(link: Linker) -> None:
    user = assemble(
        function("f", address("local"), b"\x1a", address("other"), b"\x1a", flags=EXPORTED),
        data("local", word(1), word(2), flags=LOCAL),
        alias("other", "local", offset=4),
        alias("g", "f"),
    )
    listed = texts(link(user, options="--print-map").stdout)
    assert [listed.count(name) for name in ("f", "g", "local", "other")] == [1, 1, 1, 1]


def test_zeros_have_no_place_in_the_file(link: Linker) -> None:
    user = assemble(
        function("f", address("zeros"), b"\x1a", address("d"), b"\x1a", flags=EXPORTED),
        data("zeros", bytes(100), segment=".bss.zeros", offset=8),
        data("d", word(1)),
    )
    for options in ("-M", "-M --import-memory", "-M --emit-relocs", "-M -r"):
        printed = link(user, options=options).stdout
        zeros = next(row for row in rows(printed) if row[3:] == ["zeros"])
        assert (zeros[1] == "8") == (options == "-M")


def test_only_zeros(link: Linker) -> None:
    user = assemble(
        function("f", address("zeros"), b"\x1a", flags=EXPORTED),
        data("zeros", bytes(100), segment=".bss.zeros"),
    )
    assert "DATA" not in texts(link(user, options="-M").stdout)


@pytest.mark.parametrize("options", ["-M", "-M -O0", "-M -O2", "-M -r"])
def test_merged_strings(options: str, link: Linker) -> None:
    user = assemble(
        function("f", address("s"), b"\x1a", address("t"), b"\x1a", flags=EXPORTED),
        strings("s", b"string\0ring\0"),
        strings("t", b"ring\0"),
    )
    # Relocatable output of wasm-ld forgets that they are strings.
    link(user, options=options, departs="-r" in options)


def test_globals_tables_and_tags(link: Linker) -> None:
    user = assemble(
        function("f", global_get("g"), b"\x1a", flags=EXPORTED),
        function("thrower", b"\x41\0", throw("t"), flags=EXPORTED),
        global_variable("g", 5),
        tag("t"),
    )
    printed = link(user, options="-M").stdout
    assert ["1", "0", "0", "g"] in rows(printed)


def test_what_the_linker_makes(link: Linker) -> None:
    user = assemble(
        function("start", call("weak"), b"\x1a", call("missing"), flags=EXPORTED),
        function("begin"),
        init("begin"),
        undefined_function("weak", flags=WEAK, type=TO_I32),
        undefined_function("missing"),
    )
    listed = texts(link(user, options="-M --unresolved-symbols=ignore-all").stdout)
    for name in ("__wasm_call_ctors", "start.command_export", "undefined_stub"):
        assert f"<internal>:({name})" in listed
    # The undefined symbol stands for the stub.
    assert listed[listed.index("<internal>:(undefined_stub)") + 1] == "missing"


def test_thread_local_storage(link: Linker) -> None:
    user = assemble(
        function("start", address("d"), b"\x1a", flags=EXPORTED),
        data("d", word(1), alignment=2),
        data("t", word(2), segment=".tdata.t", segment_flags=TLS_SEGMENT, flags=NO_STRIP),
        data("u", word(3), segment=".tdata.u", segment_flags=TLS_SEGMENT, flags=NO_STRIP),
        features("+atomics", "+bulk-memory"),
    )
    printed = link(user, options="-M --shared-memory --max-memory=131072").stdout
    symbol = next(row for row in rows(printed) if row[3:] == ["u"])
    assert symbol[0] == "4"
    assert "DATACOUNT" in texts(printed)


def test_tables_and_element_segments(link: Linker) -> None:
    user = assemble(
        function("start", function_pointer("start"), b"\x1a", flags=EXPORTED),
        undefined_table(flags=NO_STRIP),
    )
    listed = texts(link(user, options="-M --export-table").stdout)
    assert {"TABLE", "ELEM"} < set(listed)


def test_custom_sections(link: Linker) -> None:
    user = assemble(function("start", flags=EXPORTED), custom("notes", b"abc"))
    listed = texts(link(user, user_of_archive(), options="-M --build-id").stdout)
    assert {"CUSTOM(notes)", "CUSTOM(build_id)"} < set(listed)


def user_of_archive() -> bytes:
    return archive(assemble(function("unused")))


def test_members_of_archives(link: Linker) -> None:
    assert "b.a(0.o):(f)" in texts(link(START, archive(OTHER), options="-M").stdout)


@pytest.mark.parametrize(
    "options",
    ["-r", "--emit-relocs", "--no-gc-sections", "--compress-relocations -S", "--export-all", "-s"],
)
def test_other_outputs(options: str, link: Linker) -> None:
    group = [returning("g", n, flags=WEAK, comdat="g") for n in (1, 2)]
    files = [
        assemble(function(f"f{n}", call("g"), b"\x1a"), entry) for n, entry in enumerate(group)
    ]
    user = assemble(function("start", call("f0"), call("f1"), flags=EXPORTED))
    # Where nothing is left out, wasm-ld keeps the group that lost.
    link(user, *files, options=f"-M {options}", departs=options in ("-r", "--no-gc-sections"))


def test_symbols_without_a_place(link: Linker) -> None:
    user = assemble(
        function("start", address("fixed"), b"\x1a", address("none"), b"\x1a", flags=EXPORTED),
        data("d", word(1)),
        absolute("fixed", 64),
        undefined_data("none", flags=WEAK),
    )
    link(user, options="-M", departs=True)
    assert "fixed" not in texts(run(["--no-entry", "-M", "-o", "x", "a"], lambda _: user).stdout)


def test_a_refused_link_has_no_map(link: Linker) -> None:
    link.refusal(START, options="-Map=map")
    assert not (link.folder / "map").exists()


@pytest.mark.parametrize("path", ["nodir/map", ".", "a.o/map"])
def test_a_path_that_cannot_be_written(path: str, tmp_path: Path, capfdbinary: Capture) -> None:
    (tmp_path / "a.o").write_bytes(OTHER)
    for more in ([], ["--export=none"], ["-o", "nodir/x"]):
        argv = ["--no-entry", "-o", "x", "a.o", f"-Map={path}", *more]
        real = run_wasm_ld(argv, tmp_path)
        assert real.status == 1
        assert run_weld_ld(argv, tmp_path, capfdbinary) == real


def test_an_old_file_is_written_into(tmp_path: Path, capfdbinary: Capture) -> None:
    (tmp_path / "a.o").write_bytes(OTHER)
    (tmp_path / "target").write_bytes(b"old" * 1000)
    (tmp_path / "target").chmod(0o640)
    (tmp_path / "map").symlink_to("target")
    argv = ["--no-entry", "-o", "x", "a.o", "-Map=map"]
    run_wasm_ld(argv, tmp_path)
    real = (tmp_path / "target").read_bytes()
    (tmp_path / "target").write_bytes(b"old" * 1000)
    assert run_weld_ld(argv, tmp_path, capfdbinary) == (0, "", "")
    assert (tmp_path / "map").is_symlink()
    assert (tmp_path / "target").read_bytes() == real
    assert (tmp_path / "target").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["freestanding", "freestanding-cxx", "libc-small"])
def test_a_program(name: str, tmp_path: Path) -> None:
    program = BUILDERS[name](tmp_path)
    path = str(tmp_path / "map")
    for options in ((), ("--no-gc-sections", "--export-all"), ("--emit-relocs",)):
        line = [*program.link_line, *options, f"-Map={path}"]
        link_with_wasm_ld(line, tmp_path)
        here = run([*line, "-o", "wasm-ld-output.wasm"], dialect="lld-22")
        assert here.errors == ()
        assert dict(here.side_files)[path] == Path(path).read_bytes()

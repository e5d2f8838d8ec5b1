"""The program with an archive library, with the library in every form that archives have."""

from __future__ import annotations

from pathlib import Path

import pytest

from linker.driver import run
from linker.format.archive import Member, parse_archive
from linker.format.encode_archive import encode_archive
from tests.programs.build import build_archive
from tests.programs.compare import assert_same_bytes
from tests.programs.program import Program
from tests.programs.running import run_module
from tests.programs.zig import link_with_wasm_ld


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return build_archive(tmp_path_factory.mktemp("archive"))


def members_of(program: Program) -> list[Member]:
    path = Path(program.link_line[-1])
    return list(parse_archive(path.read_bytes(), path.name).members)


def with_library(program: Program, library: Path) -> list[str]:
    return [*program.link_line[:-1], str(library)]


@pytest.mark.parametrize("format", ["gnu", "gnu64", "bsd"])
@pytest.mark.parametrize("symbol_table", [True, False])
def test_every_format_links_to_the_same_bytes(
    format: str, symbol_table: bool, program: Program, tmp_path: Path
) -> None:
    library = tmp_path / "libmembers.a"
    library.write_bytes(encode_archive(members_of(program), format, symbol_table))
    module = assert_same_bytes(with_library(program, library), tmp_path)
    assert run_module(module, program.entry, tmp_path) == program.stdout


@pytest.mark.parametrize("prefix", ["", "sub/folder/"])
def test_thin_archive(prefix: str, program: Program, tmp_path: Path) -> None:
    """Its members are files, found from the archive's folder."""
    members = [Member(prefix + member.name, member.data) for member in members_of(program)]
    for member in members:
        path = tmp_path / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(member.data)
    library = tmp_path / "libmembers.a"
    library.write_bytes(encode_archive(members, thin=True))
    module = assert_same_bytes(with_library(program, library), tmp_path)
    assert run_module(module, program.entry, tmp_path) == program.stdout


def test_wrong_symbol_table_does_not_matter(program: Program, tmp_path: Path) -> None:
    """wasm-ld indexes the members itself."""
    library = tmp_path / "libmembers.a"
    lies = [("member_3", 4), ("member_15", 0)]
    library.write_bytes(encode_archive(members_of(program), symbols=lies))
    module = assert_same_bytes(with_library(program, library), tmp_path)
    assert run_module(module, program.entry, tmp_path) == program.stdout


@pytest.mark.parametrize("flags", [("--whole-archive",), ("--whole-archive", "--no-gc-sections")])
def test_whole_archive(flags: tuple[str, ...], program: Program, tmp_path: Path) -> None:
    assert_same_bytes([*flags, *program.link_line], tmp_path)


def test_members_that_are_no_objects_are_left_out_with_a_warning(
    program: Program, tmp_path: Path
) -> None:
    library = tmp_path / "libmembers.a"
    members = [Member("README", b"text"), *members_of(program)]
    library.write_bytes(encode_archive(members))
    line = with_library(program, library)
    assert_same_bytes(line, tmp_path)
    check_same_messages(line, tmp_path)


def check_same_messages(line: list[str], folder: Path) -> None:
    module, text = link_with_wasm_ld(line, folder)
    output = run([*line, "-o", str(folder / "out.wasm")], dialect="lld-22")
    assert (output.module is None) == (module is None)
    messages = [
        *(f"error: {message}" for message in output.errors),
        *(f"warning: {message}" for message in output.warnings),
    ]
    assert messages == [message.removeprefix("wasm-ld: ") for message in text.splitlines()]
    assert messages


def edited(data: bytes, edit: str) -> bytes:
    member = parse_archive(data, "a").members[-1]
    if edit == "cut in a header":
        return data[: member.offset + 30]
    if edit == "no end of a header":
        return data[: member.offset + 58] + b"xx" + data[member.offset + 60 :]
    if edit == "size is no number":
        return data[: member.offset + 48] + b"12x" + data[member.offset + 51 :]
    if edit == "long name without a table":
        return data[: member.offset] + b"/5".ljust(16) + data[member.offset + 16 :]
    if edit == "magic only":
        return data[:8]
    assert edit == "cut magic"
    return data[:7]


@pytest.mark.parametrize(
    "edit",
    [
        "cut in a header",
        "no end of a header",
        "size is no number",
        "long name without a table",
        "magic only",
        "cut magic",
    ],
)
def test_malformed_archives_are_refused_as_by_wasm_ld(
    edit: str, program: Program, tmp_path: Path
) -> None:
    library = tmp_path / "libmembers.a"
    library.write_bytes(edited(Path(program.link_line[-1]).read_bytes(), edit))
    line = with_library(program, library)
    module, messages = link_with_wasm_ld(line, tmp_path)
    output = run([*line, "-o", str(tmp_path / "out.wasm")], dialect="lld-22")
    assert module is None
    assert output.module is None
    # What exactly is wrong is said in other words than LLVM's.
    assert messages.partition("error: ")[2].startswith(str(library)) == output.errors[0].startswith(
        str(library)
    )


def test_darwin_archive(program: Program, tmp_path: Path) -> None:
    """Its padding belongs to the members, which makes most of them malformed objects."""
    library = tmp_path / "libmembers.a"
    library.write_bytes(encode_archive(members_of(program), "darwin"))
    line = with_library(program, library)
    module, _ = link_with_wasm_ld(line, tmp_path)
    output = run([*line, "-o", str(tmp_path / "out.wasm")], dialect="lld-22")
    assert (output.module is None) == (module is None)

"""Archives: what llvm-ar writes is read, what we write is what llvm-ar writes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.format.archive import ARCHIVE_MAGIC, ArchiveFormat, Member, parse_archive
from linker.format.encode_archive import encode_archive, member_symbols
from linker.format.errors import Fault, MalformedFile
from tests.format import malformed_archives
from tests.format.malformed_archives import MalformedArchive, header
from tests.tools import require

EMPTY_OBJECT = b"\0asm\1\0\0\0"


def object_with_symbols(*symbols: tuple[int, str]) -> bytes:
    """An object whose symbol table holds absolute or undefined data symbols: (flags, name)."""
    entries = b""
    for flags, name in symbols:
        entries += bytes([1]) + bytes([flags & 0x7F | 0x80, flags >> 7])
        entries += bytes([len(name)]) + name.encode()
        if not flags & 0x10:
            entries += b"\0\0\0"
    table = bytes([len(symbols)]) + entries
    content = b"\7linking\2" + bytes([8, len(table)]) + table
    data = b"\x0b\x07\x01\x00\x41\x00\x0b\x01\x00"  # one segment of one byte
    return EMPTY_OBJECT + data + b"\0" + bytes([len(content)]) + content


FOO = object_with_symbols((0, "foo"), (0x1, "weak"), (0x2, "local"), (0x10, "undefined"), (4, "h"))
BAR = object_with_symbols((0, "bar"))
NO_SYMBOLS = object_with_symbols((0x10, "undefined"))

CASES: dict[str, list[Member]] = {
    "none": [],
    "one": [Member("foo.o", FOO)],
    "several": [Member("foo.o", FOO), Member("bar.o", BAR), Member("foo2.o", FOO)],
    "no symbols": [Member("empty.o", EMPTY_OBJECT), Member("none.o", NO_SYMBOLS)],
    "no objects": [Member("odd", b"abc"), Member("even.txt", b"abcd"), Member("nothing", b"")],
    "odd sizes": [Member("odd", b"abc"), Member("foo.o", FOO), Member("last", b"x")],
    "long names": [
        Member("fifteen_chars.o", BAR),
        Member("sixteen_charss.o", FOO),
        Member("seventeen_chars.o", BAR),
        Member("a name with spaces.o", b"text"),
        Member("x y", b"text"),
        Member("an odd length of the table of long names", b""),
    ],
}


def write_with_llvm_ar(
    folder: Path, members: list[Member], *options: str, operation: str = "rcsD", env: str = ""
) -> bytes:
    """The bytes of llvm-ar's archive of these files."""
    tool = require("llvm-ar-22")
    for member in members:
        (folder / member.name).write_bytes(member.data)
    variables = dict(os.environ)
    if env:
        variables["SYM64_THRESHOLD"] = env
    subprocess.run(
        [tool, *options, operation, "out.a", *(member.name for member in members)],
        cwd=folder,
        env=variables,
        check=True,
    )
    return (folder / "out.a").read_bytes()


def without_offsets(members: tuple[Member, ...]) -> list[Member]:
    return [member._replace(offset=0) for member in members]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("format", ["gnu", "bsd", "darwin", "coff"])
def test_same_bytes_as_llvm_ar(case: str, format: str, tmp_path: Path) -> None:
    expected = write_with_llvm_ar(tmp_path, CASES[case], f"--format={format}")
    assert encode_archive(CASES[case], format) == expected


@pytest.mark.parametrize("format", ["gnu", "bsd", "darwin"])
def test_same_bytes_as_llvm_ar_without_symbol_table(format: str, tmp_path: Path) -> None:
    members = CASES["several"]
    expected = write_with_llvm_ar(tmp_path, members, f"--format={format}", operation="rcSD")
    assert encode_archive(members, format, symbol_table=False) == expected


@pytest.mark.parametrize("case", CASES)
def test_same_bytes_as_llvm_ar_thin(case: str, tmp_path: Path) -> None:
    expected = write_with_llvm_ar(tmp_path, CASES[case], "--thin")
    assert encode_archive(CASES[case], thin=True) == expected


@pytest.mark.parametrize(("llvm_format", "format"), [("gnu", "gnu64"), ("darwin", "darwin64")])
def test_same_bytes_as_llvm_ar_with_64_bit_offsets(
    llvm_format: str, format: str, tmp_path: Path
) -> None:
    members = CASES["several"]
    expected = write_with_llvm_ar(tmp_path, members, f"--format={llvm_format}", env="1")
    assert encode_archive(members, format) == expected


def test_darwin_gives_members_of_one_name_different_times(tmp_path: Path) -> None:
    tool = require("llvm-ar-22")
    (tmp_path / "twice.o").write_bytes(FOO)
    (tmp_path / "other.o").write_bytes(BAR)
    subprocess.run(
        [tool, "--format=darwin", "qcsD", "out.a", "twice.o", "other.o", "twice.o"],
        cwd=tmp_path,
        check=True,
    )
    members = [Member("twice.o", FOO), Member("other.o", BAR), Member("twice.o", FOO)]
    assert encode_archive(members, "darwin") == (tmp_path / "out.a").read_bytes()


def test_members_of_one_long_name_share_it(tmp_path: Path) -> None:
    tool = require("llvm-ar-22")
    name = "a_name_of_more_than_fifteen.o"
    (tmp_path / name).write_bytes(FOO)
    subprocess.run([tool, "qcsD", "out.a", name, name], cwd=tmp_path, check=True)
    expected = (tmp_path / "out.a").read_bytes()
    assert encode_archive([Member(name, FOO), Member(name, FOO)]) == expected


@pytest.mark.parametrize("format", ["gnu", "bsd", "coff"])
def test_reads_what_llvm_ar_wrote(format: str, tmp_path: Path) -> None:
    members = CASES["several"] + CASES["long names"]
    archive = parse_archive(write_with_llvm_ar(tmp_path, members, f"--format={format}"), "lib.a")
    assert archive.format == format
    assert without_offsets(archive.members) == members
    names = [name for member in members for name in member_symbols(member) or []]
    if format == "coff":
        # Its map names each symbol once, sorted.
        assert archive.symbols == (("bar", 1), ("foo", 0), ("h", 0), ("weak", 0))
    else:
        assert [name for name, _ in archive.symbols] == names
        assert archive.symbols[:4] == (("foo", 0), ("weak", 0), ("h", 0), ("bar", 1))


def test_symbol_names_agree_with_llvm_nm(tmp_path: Path) -> None:
    tool = require("llvm-nm-22")
    (tmp_path / "foo.o").write_bytes(FOO)
    listed = subprocess.run(
        [tool, "--defined-only", "--extern-only", "--format=just-symbols", "foo.o"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert sorted(member_symbols(Member("foo.o", FOO)) or []) == sorted(listed)
    assert listed == ["foo", "h", "weak"]


def test_member_that_is_no_object_has_no_symbols() -> None:
    assert member_symbols(Member("readme", b"text")) is None


@pytest.mark.parametrize("format", ["gnu", "gnu64", "bsd", "darwin", "darwin64", "coff"])
@pytest.mark.parametrize("case", CASES)
def test_reads_what_it_wrote(format: str, case: str) -> None:
    archive = parse_archive(encode_archive(CASES[case], format), "lib.a")
    padding = 8 if format.startswith("darwin") else 1
    expected = [
        Member(member.name, member.data + b"\n" * (-len(member.data) % padding))
        for member in CASES[case]
    ]
    assert without_offsets(archive.members) == expected
    for name, index in archive.symbols:
        assert name in (member_symbols(CASES[case][index]) or [])
    names = [name for member in CASES[case] for name in member_symbols(member) or []]
    # The map of a COFF archive names each symbol once.
    assert len(archive.symbols) == len(set(names) if format == "coff" else names)


def test_thin_archive_has_names_and_no_data() -> None:
    archive = parse_archive(encode_archive(CASES["several"], thin=True), "lib.a")
    assert archive.thin
    assert [(member.name, member.data) for member in archive.members] == [
        ("foo.o", b""),
        ("bar.o", b""),
        ("foo2.o", b""),
    ]
    assert ("bar", 1) in archive.symbols


def test_member_offsets_are_those_of_their_headers() -> None:
    data = encode_archive(CASES["several"])
    for member in parse_archive(data, "lib.a").members:
        assert data[member.offset :].startswith(f"{member.name}/".encode())


def test_given_symbols_replace_those_of_the_members() -> None:
    data = encode_archive(CASES["several"], symbols=[("other", 2), ("lie", 0)])
    assert parse_archive(data, "lib.a").symbols == (("lie", 0), ("other", 2))


def test_short_bsd_symbol_table_name_is_known() -> None:
    """The old form, whose name is in the header itself."""
    member = encode_archive([Member("foo.o", FOO)], "bsd", symbol_table=False)[8:]
    table = b"\x08\0\0\0" + b"\0\0\0\0" + (8 + 60 + 20).to_bytes(4, "little") + b"\4\0\0\0foo\0"
    header = b"__.SYMDEF SORTED" + b"0           0     0     644     20        `\n"
    archive = parse_archive(ARCHIVE_MAGIC + header + table + member, "lib.a")
    assert archive.format is ArchiveFormat.BSD
    assert archive.symbols == (("foo", 0),)
    assert archive.members[0].data == FOO


def test_names_of_any_bytes_survive() -> None:
    name = b"\xff\xfe.o".decode("utf-8", "surrogateescape")
    for format in ("gnu", "bsd"):
        archive = parse_archive(encode_archive([Member(name, b"")], format), "lib.a")
        assert archive.members[0].name == name


@pytest.mark.parametrize("case", malformed_archives.CASES, ids=lambda case: case.name)
def test_malformed(case: MalformedArchive) -> None:
    with pytest.raises(MalformedFile) as caught:
        parse_archive(case.data, "lib.a")
    assert caught.value.file == "lib.a"
    assert caught.value.offset == case.offset
    assert caught.value.problem == case.words


def test_a_name_that_the_files_end_cuts_off_is_read_beyond_it() -> None:
    data = ARCHIVE_MAGIC + header("#1/12", "132") + b"__.SYMDEF\0"
    with pytest.raises(MalformedFile, match="long name length: 12 extends past") as caught:
        parse_archive(data, "lib.a")
    assert caught.value.fault is Fault.BEYOND


@pytest.mark.parametrize("data", [b"", b"!<arch>"])
def test_no_archive(data: bytes) -> None:
    with pytest.raises(MalformedFile, match=r"offset 0x0: expected an archive's magic number"):
        parse_archive(data, "lib.a")


@pytest.mark.parametrize("data", malformed_archives.UNKNOWN_OWN_MEMBERS)
def test_a_long_name_stands_behind_the_table_of_them(data: bytes) -> None:
    with pytest.raises(MalformedFile, match="before any table of long names"):
        parse_archive(data, "lib.a")


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (b"\0\0", "1 numbers of 4 bytes"),
        (b"\0\0\0\2\0\0\0\0", "2 numbers of 4 bytes"),
        (b"\0\0\0\1\0\0\0\x08ab", "zero byte"),
        (b"\0\0\0\1\0\0\0\x08a\0", "no member starts at offset 0x8"),
    ],
)
def test_malformed_symbol_table_matters_only_when_it_is_read(table: bytes, problem: str) -> None:
    data = ARCHIVE_MAGIC + header("/", str(len(table))) + table + header("a/", "0")
    archive = parse_archive(data, "lib.a")
    assert [member.name for member in archive.members] == ["a"]
    with pytest.raises(MalformedFile, match=problem) as caught:
        _ = archive.symbols
    assert caught.value.section == "symbol table"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"format": "coff", "symbol_table": False}, "tells"),
        ({"format": "bsd", "thin": True}, "only GNU"),
    ],
)
def test_what_cannot_be_written(arguments: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        encode_archive([], **arguments)  # type: ignore[arg-type]


@given(
    st.sampled_from(["gnu", "gnu64", "bsd", "darwin", "darwin64", "thin"]),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=4),
    st.integers(0, 600),
)
def test_any_bytes_give_an_archive_or_the_one_error(
    format: str, edits: list[tuple[int, int]], cut: int
) -> None:
    members = CASES["several"] + CASES["long names"]
    if format == "thin":
        data = bytearray(encode_archive(members, thin=True))
    else:
        data = bytearray(encode_archive(members, format))
    for position, value in edits:
        data[position % len(data)] = value
    try:
        archive = parse_archive(bytes(data[: len(data) - cut % len(data)]), "lib.a")
        _ = archive.symbols
    except MalformedFile as error:
        offset = error.offset
    else:
        offset = 0
    assert 0 <= offset <= len(data)


@pytest.mark.parametrize("format", ["gnu", "gnu64", "bsd", "darwin", "thin"])
def test_mutated_archives_are_read_as_llvm_ar_reads_them(format: str, tmp_path: Path) -> None:
    tool = require("llvm-ar-22")
    random = Random(format)
    members = [*CASES["odd sizes"], Member("a_name_of_more_than_fifteen.o", BAR)]
    for number in range(60):
        # Half of them have no symbol table: the long names come first then.
        symbol_table = number % 2 == 0
        if format == "thin":
            data = bytearray(encode_archive(members, thin=True, symbol_table=symbol_table))
        else:
            data = bytearray(encode_archive(members, format, symbol_table))
        headers = [8, *(member.offset for member in parse_archive(bytes(data), "lib.a").members)]
        # Bytes of names and sizes: other fields of a header say nothing here.
        position = random.choice(headers) + random.choice((*range(16), *range(48, 60)))
        data[position] = random.choice((*b" /#0129\n\0`A", random.randrange(256)))
        if number % 8 == 0:
            del data[random.randrange(len(data)) :]
        (tmp_path / "lib.a").write_bytes(data)
        listed = subprocess.run(
            [tool, "t", "lib.a"], cwd=tmp_path, capture_output=True, check=False
        )
        names: bytes | None
        try:
            archive = parse_archive(bytes(data), "lib.a")
        except MalformedFile:
            names = None
        else:
            texts = [f"{member.name}\n" for member in archive.members]
            names = "".join(texts).encode("utf-8", "surrogateescape")
        assert names == (listed.stdout if listed.returncode == 0 else None), bytes(data)

"""Malformed archives, each with the offset that its error must name and wasm-ld 22's words."""

from __future__ import annotations

from typing import NamedTuple

from linker.format.archive import ARCHIVE_MAGIC, THIN_MAGIC

OPENING = "failed to parse archive"
GOING_ON = "Archive::children failed"
TAKING = "could not get the buffer for a child of the archive"


class MalformedArchive(NamedTuple):
    name: str
    data: bytes
    offset: int
    stage: str
    problem: str

    @property
    def words(self) -> str:
        return f"{self.stage}: truncated or malformed archive ({self.problem})"


def header(name: str, size: str, end: str = "`\n") -> bytes:
    return (name.ljust(16) + "0           0     0     644     " + size.ljust(10) + end).encode()


def archive(*parts: bytes) -> bytes:
    return b"".join((ARCHIVE_MAGIC, *parts))


GOOD = header("a.o/", "4") + b"none"
TERMINATOR = 'not the correct "`\\n" values for the archive member header'
TOO_SMALL = "remaining size of archive too small for next archive member header"
SIZE = "characters in size field in archive member header are not all decimal numbers:"
PAST_THE_END = "offset to next archive member past the end of the archive after member"
LENGTH = "long name length characters after the #1/ are not all decimal numbers:"
OFFSET = "long name offset characters after the '/' are not all decimal numbers:"

CASES = (
    MalformedArchive(
        "header cut off", archive(b"x" * 59), 8, OPENING, f"{TOO_SMALL} for {'x' * 16}"
    ),
    MalformedArchive("name cut off", archive(b"x" * 15), 8, OPENING, f"{TOO_SMALL} at offset 8"),
    MalformedArchive(
        "header of a table of 64-bit offsets cut off",
        archive(header("/SYM64/", "8")[:18]),
        8,
        OPENING,
        f"{TOO_SMALL} at offset 8",
    ),
    MalformedArchive(
        "header of a Windows library's table cut off",
        archive(header("/<XFGHASHMAP>/", "8")[:18]),
        8,
        OPENING,
        f"{TOO_SMALL} for /<XFGHASHMAP>/",
    ),
    MalformedArchive(
        "table of 64-bit offsets behind a member",
        archive(header("/", "4"), bytes(4), GOOD, header("/SYM64/", "8"), bytes(8)),
        8 + 64 + 64 + 1,
        TAKING,
        f"{OFFSET} 'SYM64/' for archive member header at offset 136",
    ),
    MalformedArchive(
        "later header cut off", archive(GOOD, b"b.o/ "), 72, GOING_ON, f"{TOO_SMALL} at offset 72"
    ),
    MalformedArchive(
        "no header's end",
        archive(header("a/", "2", "xx"), b"ab"),
        8 + 58,
        OPENING,
        f'terminator characters in archive member "xx" {TERMINATOR} for a',
    ),
    MalformedArchive(
        "odd bytes for a header's end",
        archive(GOOD, header("/9", "2", '\0"'), b"ab"),
        72 + 58,
        GOING_ON,
        f'terminator characters in archive member "\\000\\"" {TERMINATOR} at offset 72',
    ),
    MalformedArchive(
        "no size",
        archive(header("a/", ""), b"ab"),
        8 + 48,
        OPENING,
        f"{SIZE} '' for the archive member header at offset 8",
    ),
    MalformedArchive(
        "negative size",
        archive(header("a/", "-1"), b"ab"),
        8 + 48,
        OPENING,
        f"{SIZE} '-1' for the archive member header at offset 8",
    ),
    MalformedArchive(
        "size of two words",
        archive(GOOD, header("a/", "2 2"), b"ab"),
        72 + 48,
        GOING_ON,
        f"{SIZE} '2 2' for the archive member header at offset 72",
    ),
    MalformedArchive(
        "member too long", archive(header("a/", "4"), b"ab"), 68, GOING_ON, f"{PAST_THE_END} a"
    ),
    MalformedArchive(
        "no padding", archive(header("a/", "3"), b"abc"), 71, GOING_ON, f"{PAST_THE_END} a"
    ),
    MalformedArchive(
        "long name behind the table",
        archive(header("//", "2"), b"/\n", header("/2", "0")),
        70,
        TAKING,
        "long name offset 2 past the end of the string table for archive member header at offset"
        " 70",
    ),
    MalformedArchive(
        "long name of letters",
        archive(header("//", "2"), b"/\n", header("/x", "0")),
        71,
        TAKING,
        f"{OFFSET} 'x' for archive member header at offset 70",
    ),
    MalformedArchive(
        "long name without end",
        archive(header("//", "2"), b"ab", header("/0", "0")),
        70,
        TAKING,
        "string table at long name offset 0 not terminated",
    ),
    MalformedArchive(
        "long name without slash",
        archive(header("//", "2"), b"a\n", header("/0", "0")),
        70,
        TAKING,
        "string table at long name offset 0 not terminated",
    ),
    MalformedArchive(
        "name longer than its member",
        archive(header("#1/9", "4"), b"abcd"),
        8,
        OPENING,
        "long name length: 9 extends past the end of the member or archive for archive member"
        " header at offset 8",
    ),
    MalformedArchive(
        "later name longer than its member",
        archive(GOOD, header("#1/9", "4"), b"abcd"),
        72,
        TAKING,
        "long name length: 9 extends past the end of the member or archive for archive member"
        " header at offset 72",
    ),
    MalformedArchive(
        "length of a name in letters",
        archive(header("#1/x", "4"), b"abcd"),
        11,
        OPENING,
        f"{LENGTH} 'x' for archive member header at offset 8",
    ),
    MalformedArchive(
        "leading space",
        archive(header("#1/4", "4"), b"a\0\0\0", header(" b", "0")),
        72,
        GOING_ON,
        "name contains a leading space for archive member header at offset 72",
    ),
    MalformedArchive(
        "thin, no size",
        THIN_MAGIC + header("//", "5") + b"a.o/\n\n" + header("/0", "x"),
        8 + 60 + 6 + 48,
        TAKING,
        f"{SIZE} 'x' for the archive member header at offset 74",
    ),
    MalformedArchive(
        "thin, table too long",
        THIN_MAGIC + header("//", "200"),
        68,
        OPENING,
        f"{PAST_THE_END} //",
    ),
)
# A name that begins with a slash before the table of long names.
UNKNOWN_OWN_MEMBERS = (
    archive(header("/0", "0")),
    archive(header("/SYM64/", "8"), bytes(8), header("/SYM64/", "8"), bytes(8)),
    archive(header("/", "4"), bytes(4), header("/<ECSYMBOLS>/", "4"), bytes(4)),
)

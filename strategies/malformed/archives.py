"""Damage to archives: magic, headers, sizes, names, padding, the symbol table."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from linker.format.archive import HEADER_SIZE, Member
from linker.format.encode_archive import encode_archive
from strategies.choices import Record

AR = "the ar format"


class ArchiveDamage(NamedTuple):
    """One way in which an archive can be wrong; `apply` gets objects and makes the archive.

    `refused`: no linker can read it; False: it is odd, or nothing needs the part.
    """

    name: str
    apply: Callable[[list[Member], Record], bytes]
    refused: bool = True


def _plain(members: list[Member]) -> bytes:
    """An archive without a symbol table: the first header is that of the first member."""
    return encode_archive(
        [Member(f"m{n}.o", m.data) for n, m in enumerate(members)], symbol_table=False
    )


def _field(data: bytes, start: int, width: int, text: bytes) -> bytes:
    """The archive with a field of its first header replaced."""
    at = 8 + start
    return data[:at] + text.ljust(width)[:width] + data[at + width :]


def magic(members: list[Member], record: Record) -> bytes:
    return record.pick((b"!<arch>\r", b"!<ARCH>\n", b"!<arch?\n")) + _plain(members)[8:]


def header_end(members: list[Member], record: Record) -> bytes:
    return _field(_plain(members), 58, 2, record.pick((b"``", b"\n`", b"xx")))


def header_cut(members: list[Member], record: Record) -> bytes:
    return _plain(members)[: 8 + 1 + record.below(HEADER_SIZE - 1)]


def size_no_number(members: list[Member], record: Record) -> bytes:
    return _field(_plain(members), 48, 10, record.pick((b"twelve", b"-1", b"0x10", b"")))


def size_beyond(members: list[Member], record: Record) -> bytes:
    data = _plain(members)
    return _field(data, 48, 10, str(len(data) + record.byte()).encode())


def size_short(members: list[Member], record: Record) -> bytes:
    """The first member ends early, and the next header starts inside of it."""
    return _field(_plain(members), 48, 10, str(max(len(members[0].data) - 2, 0)).encode())


def truncated(members: list[Member], record: Record) -> bytes:
    data = _plain(members)
    return data[: len(data) - 1 - record.below(min(len(data) - 8 - HEADER_SIZE, 200))]


def no_padding(members: list[Member], record: Record) -> bytes:
    """A member of odd size without the byte behind it."""
    odd = [Member(m.name, m.data if len(m.data) % 2 else m.data + b"\0\2\1a") for m in members]
    odd.append(Member("more.o", members[0].data))
    data = _plain(odd)
    at = 8 + HEADER_SIZE + len(odd[0].data)
    return data[:at] + data[at + len(odd[0].data) % 2 :]


def odd_padding(members: list[Member], record: Record) -> bytes:
    """A byte between members that is no newline."""
    odd = [Member("odd.txt", b"odd"), *members]
    data = _plain(odd)
    at = 8 + HEADER_SIZE + 3
    return data[:at] + record.pick((b"\0", b"x", b" ")) + data[at + 1 :]


def no_names(members: list[Member], record: Record) -> bytes:
    """A name in the table of long names, where there is none."""
    return _field(_plain(members), 0, 16, f"/{record.byte()}".encode())


def name_beyond(members: list[Member], record: Record) -> bytes:
    """A name behind the end of the table of long names."""
    long = [Member("a_rather_long_member_name.o", m.data) for m in members]
    data = encode_archive(long, symbol_table=False)
    at = data.index(b"/0 ")
    return data[:at] + f"/{len(data) + record.byte()}".encode().ljust(16) + data[at + 16 :]


def name_no_number(members: list[Member], record: Record) -> bytes:
    return _field(_plain(members), 0, 16, record.pick((b"/x", b"#1/x", b"/-1")))


def bsd_name_long(members: list[Member], record: Record) -> bytes:
    """A BSD name that is longer than its member."""
    size = len(members[0].data) + 1 + record.byte()
    return _field(_plain(members), 0, 16, f"#1/{size}".encode())


def index_offset(members: list[Member], record: Record) -> bytes:
    """A symbol table whose offsets lead nowhere; linkers that read the members need none."""
    data = encode_archive(
        [Member(f"m{n}.o", m.data) for n, m in enumerate(members)],
        symbols=[("odd", 0), ("even", 0)],
    )
    at = 8 + HEADER_SIZE + 4
    return data[:at] + record.pick((b"\xff\xff\xff\xff", b"\0\0\0\1", b"\0\0\0\0")) + data[at + 4 :]


def index_count(members: list[Member], record: Record) -> bytes:
    data = encode_archive(
        [Member(f"m{n}.o", m.data) for n, m in enumerate(members)], symbols=[("odd", 0)]
    )
    at = 8 + HEADER_SIZE
    return data[:at] + record.pick((b"\0\0\0\x63", b"\xff\xff\xff\xff")) + data[at + 4 :]


def no_object(members: list[Member], record: Record) -> bytes:
    """A member that is no object: linkers warn of it, and link the rest."""
    text = record.pick((b"text\n", b"", b"\0asn\1\0\0\0", b"\0as"))
    return _plain([Member("note.txt", text), *members])


DAMAGES: tuple[ArchiveDamage, ...] = (
    ArchiveDamage("archive.magic", magic),
    ArchiveDamage("archive.header-end", header_end),
    ArchiveDamage("archive.header-cut", header_cut),
    ArchiveDamage("archive.size", size_no_number),
    ArchiveDamage("archive.size-beyond", size_beyond),
    ArchiveDamage("archive.size-short", size_short),
    ArchiveDamage("archive.truncated", truncated),
    ArchiveDamage("archive.no-padding", no_padding, refused=False),
    ArchiveDamage("archive.odd-padding", odd_padding, refused=False),
    ArchiveDamage("archive.no-names", no_names),
    ArchiveDamage("archive.name-beyond", name_beyond),
    ArchiveDamage("archive.name", name_no_number),
    ArchiveDamage("archive.bsd-name", bsd_name_long),
    ArchiveDamage("archive.index-offset", index_offset, refused=False),
    ArchiveDamage("archive.index-count", index_count, refused=False),
    ArchiveDamage("archive.no-object", no_object, refused=False),
)

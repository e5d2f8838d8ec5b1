"""Archives (`ar` files): what is in GNU, BSD, Darwin and COFF ones; `encode_archive` writes them.

An archive is a magic number and members, each a header of 60 bytes of text and its content,
at even offsets. The first members may be the archive's own: a symbol table, and in GNU
archives a table of long names. The ar format has no standard; the reference here is what
LLVM's Archive.cpp accepts.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from linker.format import archive_words as words
from linker.format.errors import Fault, MalformedFile

ARCHIVE_MAGIC = b"!<arch>\n"
THIN_MAGIC = b"!<thin>\n"
HEADER_SIZE = 60
HEADER_END = b"`\n"
# The symbol table and the table of long names of GNU archives, which a thin one holds too.
_OWN_NAMES = (b"/", b"//")
# Members of libraries of the Windows SDK (LLVM's ArchiveMemberHeader::getName).
_WINDOWS_NAMES = (b"/<XFGHASHMAP>/", b"/<ECSYMBOLS>/")
_WITH_CONTENT = (*_OWN_NAMES, b"/SYM64/")


class ArchiveFormat(StrEnum):
    """The flavours of the format; the two with 64 differ in the symbol table only."""

    GNU = "gnu"
    GNU64 = "gnu64"
    BSD = "bsd"
    DARWIN = "darwin"
    DARWIN64 = "darwin64"
    COFF = "coff"

    @property
    def is_bsd_like(self) -> bool:
        return self in (ArchiveFormat.BSD, ArchiveFormat.DARWIN, ArchiveFormat.DARWIN64)

    @property
    def is_gnu(self) -> bool:
        return self in (ArchiveFormat.GNU, ArchiveFormat.GNU64)

    @property
    def has_64_bit_offsets(self) -> bool:
        return self in (ArchiveFormat.GNU64, ArchiveFormat.DARWIN64)


class Member(NamedTuple):
    """A file in an archive.

    `offset` is where its header starts, in bytes from the start of the archive. In a thin
    archive that was read, `data` is empty and `name` is the file's path relative to the
    archive's folder. In a Darwin archive `data` ends with the padding to 8 bytes, which that
    format counts as content.
    """

    name: str
    data: bytes
    offset: int = 0


@dataclass(frozen=True)
class Archive:
    """A parsed archive.

    `format` is a guess where nothing tells BSD from Darwin (it is BSD then), or GNU from any
    other (GNU). `symbol_table` is the raw content of the symbol table, None where there is
    none, and `symbol_table_offset` where that content starts in the file.
    """

    name: str
    members: tuple[Member, ...]
    thin: bool
    format: ArchiveFormat
    symbol_table: bytes | None = None
    symbol_table_offset: int = 0

    @cached_property
    def symbols(self) -> tuple[tuple[str, int], ...]:
        """The symbol table: (symbol, index of the member that defines it), in file order.

        It is read on the first use only: wasm-ld builds an index of its own from the members,
        and links an archive whose symbol table is wrong. Raises MalformedFile.
        """
        return _read_symbols(self)


class _Header(NamedTuple):
    """One member header: `raw_name` is the name field without spaces behind it."""

    offset: int
    raw_name: bytes
    size: int


def is_archive(data: bytes) -> bool:
    """Whether a file says that it is an archive, thin or not."""
    return data.startswith((ARCHIVE_MAGIC, THIN_MAGIC))


def parse_archive(
    data: bytes, name: str, take: Callable[[Member], Member] = lambda member: member
) -> Archive:
    """Read an archive. Raises MalformedFile.

    `take` gets each member before the next one is looked at, and gives what becomes of it: the
    content of a thin archive's member lies elsewhere.
    """
    if data.startswith(THIN_MAGIC):
        thin = True
    elif data.startswith(ARCHIVE_MAGIC):
        thin = False
    else:
        detail = f"expected an archive's magic number {ARCHIVE_MAGIC!r}"
        raise MalformedFile(name, "", 0, "file too small to be an archive", detail)
    return _Reader(data, name, thin, take).read()


class _Reader:
    """Goes through the members of one archive, the archive's own first."""

    def __init__(
        self, data: bytes, name: str, thin: bool, take: Callable[[Member], Member]
    ) -> None:
        self.data = data
        self.name = name
        self.thin = thin
        self.take = take
        self.format = ArchiveFormat.GNU
        self.long_names: bytes | None = None
        self.symbol_table: bytes | None = None
        self.symbol_table_offset = 0
        self.stage = words.OPENING

    def read(self) -> Archive:
        members: list[Member] = []
        position = len(ARCHIVE_MAGIC)
        at_start = True
        while position < len(self.data):
            header = self._header(position)
            own = at_start and self._take_own_member(header)
            at_start = own
            if not own:
                self.stage = words.TAKING
                members.append(self.take(self._member(header)))
                self.stage = words.GOING_ON
            position = self._next(header)
        return Archive(
            self.name,
            tuple(members),
            self.thin,
            self.format,
            self.symbol_table,
            self.symbol_table_offset,
        )

    def _fail(
        self, offset: int, problem: str, detail: str = "", fault: Fault = Fault.RULE
    ) -> MalformedFile:
        problem = words.malformed(self.stage, problem)
        return MalformedFile(self.name, "", offset, problem, detail, fault)

    def _header(self, offset: int) -> _Header:
        raw = self.data[offset : offset + HEADER_SIZE]
        if len(raw) < HEADER_SIZE:
            problem = words.too_small(self._called(offset))
            raise self._fail(offset, problem, f"{len(raw)} bytes of {HEADER_SIZE}")
        if raw[58:] != HEADER_END:
            problem = words.bad_terminator(raw[58:], self._called(offset))
            raise self._fail(offset + 58, problem)
        raw_name = self._raw_name(offset)
        digits = raw[48:58].rstrip(b" ")
        if not digits.isdigit():
            if not self._has_content(raw_name.rstrip(b" ")):
                # LLVM asks for the size of what lies elsewhere when it takes that.
                self.stage = words.TAKING
            raise self._fail(offset + 48, words.bad_size(digits, offset))
        if raw_name.startswith(b"#1/"):
            self._length_of_name(offset, raw_name)
        return _Header(offset, raw_name.rstrip(b" "), int(digits))

    def _raw_name(self, offset: int) -> bytes:
        """The name field, as far as it counts."""
        raw_name = self.data[offset : offset + 16]
        if self.format.is_bsd_like and raw_name.startswith(b" "):
            raise self._fail(offset, words.leading_space(offset))
        if self.format.is_bsd_like or raw_name.startswith((b"/", b"#")):
            # What stands behind the first space is ignored, as LLVM does.
            raw_name = raw_name.partition(b" ")[0]
        return raw_name

    def _called(self, offset: int, size: int | None = None) -> str:
        """What LLVM calls a header in messages: by its name if it has one, or by its place.

        `size` is that of the content, which may hold the name; by default all that is left.
        """
        left = len(self.data) - offset - HEADER_SIZE
        by_place = f"at offset {offset}"
        if left + HEADER_SIZE < 16:
            return by_place
        try:
            header = _Header(offset, self._raw_name(offset), left if size is None else size)
            return f"for {words.text(self._name(header)[0])}"
        except MalformedFile:
            return by_place

    def _length_of_name(self, offset: int, raw_name: bytes) -> int:
        digits = raw_name[3:].rstrip(b" ")
        if not digits.isdigit():
            raise self._fail(offset + 3, words.bad_name_size(digits, offset))
        return int(digits)

    def _content(self, header: _Header) -> bytes:
        """The content, or what is there of it: `_next` refuses what is cut off."""
        start = header.offset + HEADER_SIZE
        return self.data[start : start + header.size]

    def _has_content(self, raw_name: bytes) -> bool:
        return not self.thin or raw_name in _WITH_CONTENT

    def _next(self, header: _Header) -> int:
        start = header.offset + HEADER_SIZE
        end = start + (header.size if self._has_content(header.raw_name) else 0)
        if end + end % 2 > len(self.data):
            called = self._called(header.offset, header.size).removeprefix("for ")
            if end > len(self.data):
                at, detail = start, f"content of {header.size} bytes"
            else:
                at, detail = end, "no padding byte after a member of odd size"
            raise self._fail(at, words.cut_off(called), detail)
        return end + end % 2

    def _take_own_member(self, header: _Header) -> bool:
        """Keep a symbol table or a table of long names; False for any other member."""
        raw_name = header.raw_name
        if raw_name == b"//" and self.long_names is None:
            self.long_names = self._content(header)
            return True
        if self.long_names is not None:
            return False
        if raw_name == b"/":
            if self.symbol_table is not None:
                # The second linker member of a COFF archive replaces the first.
                self.format = ArchiveFormat.COFF
            return self._take_symbol_table(header, 0)
        if self.symbol_table is not None:
            if raw_name.startswith(b"/") and self.format.is_gnu:
                raise self._unknown_own_member(header)
            return False
        if raw_name == b"/SYM64/":
            self.format = ArchiveFormat.GNU64
            return self._take_symbol_table(header, 0)
        name_size = 0
        if raw_name.startswith(b"#1/"):
            self.format = ArchiveFormat.BSD
            raw_name, name_size = self._bsd_name(header)
        if raw_name in (b"__.SYMDEF", b"__.SYMDEF SORTED"):
            self.format = ArchiveFormat.BSD
            return self._take_symbol_table(header, name_size)
        if raw_name in (b"__.SYMDEF_64", b"__.SYMDEF_64 SORTED"):
            self.format = ArchiveFormat.DARWIN64
            return self._take_symbol_table(header, name_size)
        if raw_name.startswith(b"/") and not name_size:
            raise self._unknown_own_member(header)
        return False

    def _unknown_own_member(self, header: _Header) -> MalformedFile:
        problem = f"{self.stage}: {words.UNKNOWN_OWN_MEMBER}"
        detail = f"member {words.text(header.raw_name)!r} before any table of long names"
        return MalformedFile(self.name, "", header.offset, problem, detail)

    def _take_symbol_table(self, header: _Header, name_size: int) -> bool:
        self.symbol_table = self._content(header)[name_size:]
        self.symbol_table_offset = header.offset + HEADER_SIZE + name_size
        return True

    def _member(self, header: _Header) -> Member:
        raw_name, name_size = self._name(header)
        content = self._content(header)[name_size:] if self._has_content(header.raw_name) else b""
        return Member(words.text(raw_name), content, header.offset)

    def _name(self, header: _Header) -> tuple[bytes, int]:
        """The name of a member, and how many bytes of its content are the name."""
        raw_name = header.raw_name
        if raw_name.startswith(b"#1/"):
            return self._bsd_name(header)
        if raw_name.startswith(b"/") and raw_name not in (*_OWN_NAMES, *_WINDOWS_NAMES):
            return self._long_name(header), 0
        if not raw_name.startswith(b"/"):
            # GNU ends a short name with a slash, so that it may hold spaces.
            if not self.format.is_bsd_like and not raw_name.startswith(b"#"):
                raw_name = raw_name.partition(b"/")[0].rstrip(b" ")
            raw_name = raw_name.removesuffix(b"/")
        return raw_name, 0

    def _bsd_name(self, header: _Header) -> tuple[bytes, int]:
        """The name stored before the content (`#1/SIZE`), and its size."""
        size = self._length_of_name(header.offset, header.raw_name)
        start = header.offset + HEADER_SIZE
        if size > header.size:
            raise self._fail(header.offset, words.name_too_long(size, header.offset))
        if start + size > len(self.data):
            # LLVM compares with the member only, and reads what happens to be in memory.
            raise self._fail(
                header.offset, words.name_too_long(size, header.offset), fault=Fault.BEYOND
            )
        return self.data[start : start + size].rstrip(b"\0"), size

    def _long_name(self, header: _Header) -> bytes:
        """A name in the table of long names (`/OFFSET`)."""
        digits = header.raw_name[1:].rstrip(b" ")
        if not digits.isdigit():
            raise self._fail(header.offset + 1, words.bad_name_offset(digits, header.offset))
        at = int(digits)
        table = self.long_names or b""
        if at >= len(table):
            detail = f"{len(table)} bytes"
            raise self._fail(header.offset, words.name_past_table(at, header.offset), detail)
        if self.format is ArchiveFormat.COFF:
            return table[at:].partition(b"\0")[0]
        end = table.find(b"\n", at)
        if end < 1 or table[end - 1 : end] != b"/":
            raise self._fail(header.offset, words.unterminated_name(at), "no '/\\n'")
        return table[at : end - 1]


class _Table:
    """Reads numbers and names of a symbol table, with bounds."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.data = archive.symbol_table or b""
        self.position = 0

    def fail(self, problem: str) -> MalformedFile:
        offset = self.archive.symbol_table_offset + self.position
        return MalformedFile(self.archive.name, "symbol table", offset, problem)

    def numbers(self, count: int, code: str) -> tuple[int, ...]:
        """`count` numbers of the struct code `code` (byte order first: ">I", "<Q")."""
        size = struct.calcsize(code)
        if self.position + count * size > len(self.data):
            raise self.fail(f"expected {count} numbers of {size} bytes, the table ends before")
        found = struct.unpack_from(f"{code[0]}{count}{code[1]}", self.data, self.position)
        self.position += count * size
        return found

    def name(self) -> str:
        end = self.data.find(b"\0", self.position)
        if end < 0:
            self.position = min(self.position, len(self.data))
            raise self.fail("expected a name that ends with a zero byte")
        raw = self.data[self.position : end]
        self.position = end + 1
        return words.text(raw)


def _read_symbols(archive: Archive) -> tuple[tuple[str, int], ...]:
    if not archive.symbol_table:
        return ()
    table = _Table(archive)
    if archive.format is ArchiveFormat.COFF:
        pairs = _read_coff_symbols(table)
    elif archive.format.is_bsd_like:
        pairs = _read_bsd_symbols(table)
    else:
        pairs = _read_gnu_symbols(table)
    index_of = {member.offset: index for index, member in enumerate(archive.members)}
    symbols: list[tuple[str, int]] = []
    for name, offset in pairs:
        if offset not in index_of:
            raise table.fail(f"symbol {name!r}: no member starts at offset 0x{offset:x}")
        symbols.append((name, index_of[offset]))
    return tuple(symbols)


def _read_gnu_symbols(table: _Table) -> list[tuple[str, int]]:
    """A count, that many offsets, that many names; all big-endian."""
    code = ">Q" if table.archive.format.has_64_bit_offsets else ">I"
    (count,) = table.numbers(1, code)
    offsets = table.numbers(count, code)
    return [(table.name(), offset) for offset in offsets]


def _read_bsd_symbols(table: _Table) -> list[tuple[str, int]]:
    """A size, pairs of (offset of the name, offset of the member), a size, names."""
    code = "<Q" if table.archive.format.has_64_bit_offsets else "<I"
    pair_size = 2 * struct.calcsize(code)
    (size,) = table.numbers(1, code)
    pairs = table.numbers(size // pair_size * 2, code)
    table.numbers(1, code)
    names_at = table.position
    found: list[tuple[str, int]] = []
    for name_at, offset in zip(pairs[::2], pairs[1::2], strict=True):
        table.position = names_at + name_at
        found.append((table.name(), offset))
    return found


def _read_coff_symbols(table: _Table) -> list[tuple[str, int]]:
    """The second linker member: offsets of members, then indices from 1 into them, and names."""
    (member_count,) = table.numbers(1, "<I")
    offsets = table.numbers(member_count, "<I")
    (count,) = table.numbers(1, "<I")
    indices = table.numbers(count, "<H")
    for index in indices:
        if not 1 <= index <= member_count:
            raise table.fail(f"expected a member number from 1 to {member_count}, found {index}")
    return [(table.name(), offsets[index - 1]) for index in indices]

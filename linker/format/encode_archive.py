"""Writing archives: the bytes of LLVM's ArchiveWriter.cpp in deterministic mode."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from linker.format.archive import (
    ARCHIVE_MAGIC,
    HEADER_END,
    HEADER_SIZE,
    THIN_MAGIC,
    ArchiveFormat,
    Member,
)
from linker.format.constants import MAGIC, SymbolFlag
from linker.format.model import LinkingSection
from linker.format.parse import parse


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def member_symbols(member: Member) -> list[str] | None:
    """What an archive's symbol table lists for a member: its defined, non-local symbols.

    In symbol table order, as LLVM does for wasm; None if the member is no wasm file. A linked
    module without a symbol table has none here (llvm-ar would take its name section).
    Raises MalformedFile for a malformed object.
    """
    if not member.data.startswith(MAGIC):
        return None
    linking = parse(member.data, member.name).find(LinkingSection)
    if linking is None:
        return []
    hidden = SymbolFlag.UNDEFINED | SymbolFlag.BINDING_LOCAL
    return [symbol.name for symbol in linking.symbols if not symbol.flags & hidden]


class _Encoded(NamedTuple):
    """One member, ready to be written."""

    header: bytes
    content: bytes
    padding: bytes

    @property
    def size(self) -> int:
        return len(self.header) + len(self.content) + len(self.padding)


def encode_archive(
    members: Sequence[Member],
    format: str = "gnu",
    symbol_table: bool = True,
    thin: bool = False,
    symbols: Sequence[tuple[str, int]] | None = None,
) -> bytes:
    """Write an archive: the bytes that `llvm-ar rcD` writes for files of these contents.

    `format` is a value of ArchiveFormat. `symbols` replaces the symbol table's entries, as
    (name, member index); without it they are those of `member_symbols`. A thin archive holds
    the members' names and sizes only; give their data all the same. Members' offsets are
    ignored. Raises MalformedFile for a malformed wasm object among the members (unless
    `symbols` is given or there is no symbol table), ValueError for a format that cannot be
    thin or without a symbol table, and for an archive too large for its offsets.
    """
    kind = ArchiveFormat(format)
    if thin and (kind.is_bsd_like or kind is ArchiveFormat.COFF):
        raise ValueError("only GNU archives can be thin")
    if kind is ArchiveFormat.COFF and not symbol_table:
        raise ValueError("nothing tells a COFF archive without a symbol table from a GNU one")
    encoded, long_names = _encode_members(members, kind, thin)
    pairs: list[tuple[str, int]] = []
    has_object = False
    if symbol_table and symbols is not None:
        pairs = sorted(symbols, key=lambda pair: pair[1])
    elif symbol_table:
        for index, member in enumerate(members):
            names = member_symbols(member)
            if names is not None:
                has_object = True
                pairs += [(name, index) for name in names]
    if kind is ArchiveFormat.COFF:
        # Both of its tables name each symbol once.
        first: dict[str, int] = {}
        for name, index in pairs:
            first.setdefault(name, index)
        pairs = list(first.items())
    names_member = b""
    if long_names:
        size = len(long_names) + len(long_names) % 2
        names_member = b"//".ljust(48) + str(size).encode().ljust(10) + HEADER_END
        names_member += long_names.ljust(size, b"\n")
    table = b""
    always = (ArchiveFormat.DARWIN, ArchiveFormat.DARWIN64, ArchiveFormat.COFF)
    if symbol_table and (pairs or has_object or kind in always):
        table = _encode_symbol_table(pairs, kind, encoded, len(names_member), has_object)
    parts = [THIN_MAGIC if thin else ARCHIVE_MAGIC, table, names_member]
    for one in encoded:
        parts += one
    return b"".join(parts)


def _rest_of_header(size: int, time: int = 0, mode: int = 0o644) -> bytes:
    """A header without the name: time, owner and group 0, mode in octal, size."""
    if size >= 10**10:
        raise ValueError(f"a member of {size} bytes is too large for an archive")
    return f"{time:<12}0     0     {mode:<8o}{size:<10}".encode() + HEADER_END


def _bsd_header(raw_name: bytes, position: int, size: int, time: int, mode: int) -> bytes:
    """A header whose name follows it, padded so that the content is 8-byte aligned."""
    name_size = len(raw_name) + -(position + HEADER_SIZE + len(raw_name)) % 8
    header = f"#1/{name_size}".encode().ljust(16) + _rest_of_header(name_size + size, time, mode)
    return header + raw_name.ljust(name_size, b"\0")


def _encode_members(
    members: Sequence[Member], kind: ArchiveFormat, thin: bool
) -> tuple[list[_Encoded], bytes]:
    """The members as written, and the content of the table of long names."""
    darwin = kind in (ArchiveFormat.DARWIN, ArchiveFormat.DARWIN64)
    times: dict[str, int] = {}
    if darwin:
        # Darwin's linker tells members of one name apart by their times, which start at 1.
        for member in members:
            times[member.name] = 1 if member.name in times else 0
    long_names = bytearray()
    long_name_at: dict[bytes, int] = {}
    encoded: list[_Encoded] = []
    position = 0
    for member in members:
        raw_name = _bytes(member.name)
        content = b"" if thin else member.data
        # Darwin pads members to 8 bytes and counts that as content.
        counted_padding = -len(content) % 8 if darwin else 0
        size = len(member.data) + counted_padding
        padding = counted_padding + (len(content) + counted_padding) % 2
        time = 0
        if darwin:
            time = times[member.name]
            times[member.name] += 1
        if kind.is_bsd_like:
            header = _bsd_header(raw_name, position, size, time, 0o644)
        elif thin or len(raw_name) >= 16 or b"/" in raw_name:
            if thin or raw_name not in long_name_at:
                long_name_at[raw_name] = len(long_names)
                long_names += raw_name + (b"\0" if kind is ArchiveFormat.COFF else b"/\n")
            header = f"/{long_name_at[raw_name]}".encode().ljust(16) + _rest_of_header(size)
        else:
            header = (raw_name + b"/").ljust(16) + _rest_of_header(size)
        one = _Encoded(header, content, b"\n" * padding)
        encoded.append(one)
        position += one.size
    return encoded, bytes(long_names)


def _encode_symbol_table(
    pairs: Sequence[tuple[str, int]],
    kind: ArchiveFormat,
    encoded: Sequence[_Encoded],
    names_member_size: int,
    has_object: bool,
) -> bytes:
    """The member that holds the symbol table, header included."""
    name_at: list[int] = []
    names = bytearray()
    for name, _ in pairs:
        name_at.append(len(names))
        names += _bytes(name) + b"\0"
    if not names and has_object and kind is not ArchiveFormat.COFF:
        # Old Solaris tools want a symbol table even if it is empty.
        names += b"\0\0\0"
    width = 8 if kind.has_64_bit_offsets else 4
    if kind.is_bsd_like:
        size = 2 * width + 2 * width * len(pairs) + len(names)
        size += -size % 8
        table_name = b"__.SYMDEF_64" if width == 8 else b"__.SYMDEF"
        header = _bsd_header(table_name, len(ARCHIVE_MAGIC), size, 0, 0)
    else:
        size = width + width * len(pairs) + len(names)
        size += size % 2
        table_name = b"/SYM64/" if width == 8 else b"/"
        header = table_name.ljust(16) + _rest_of_header(size, 0, 0)

    second_size = 0
    if kind is ArchiveFormat.COFF:
        second_size = 8 + 4 * len(encoded)
        second_size += sum(2 + len(_bytes(name)) + 1 for name, _ in pairs)
        second_size += second_size % 2
        names_member_size += HEADER_SIZE + second_size
    position = len(ARCHIVE_MAGIC) + len(header) + size + names_member_size
    member_at: list[int] = []
    for one in encoded:
        member_at.append(position)
        position += one.size

    numbers: list[int]
    if kind.is_bsd_like:
        numbers = [2 * width * len(pairs)]
        for at, (_, index) in zip(name_at, pairs, strict=True):
            numbers += [at, member_at[index]]
        numbers.append(len(names))
        order = "<"
    else:
        numbers = [len(pairs), *(member_at[index] for _, index in pairs)]
        order = ">"
    try:
        table = struct.pack(f"{order}{len(numbers)}{'Q' if width == 8 else 'I'}", *numbers)
    except struct.error:
        raise ValueError(f"the archive is too large for offsets of {width} bytes") from None
    first = header + (table + names).ljust(size, b"\0")
    if kind is not ArchiveFormat.COFF:
        return first
    second = b"/".ljust(16) + _rest_of_header(second_size, 0, 0)
    return first + second + _encode_coff_map(dict(pairs), member_at).ljust(second_size, b"\0")


def _encode_coff_map(member_of: Mapping[str, int], member_at: Sequence[int]) -> bytes:
    """The content of the second linker member of COFF: members, and symbols sorted by name."""
    names = sorted(member_of, key=_bytes)
    parts = [
        struct.pack(f"<I{len(member_at)}I", len(member_at), *member_at),
        struct.pack(f"<I{len(names)}H", len(names), *(member_of[name] + 1 for name in names)),
        *(_bytes(name) + b"\0" for name in names),
    ]
    return b"".join(parts)

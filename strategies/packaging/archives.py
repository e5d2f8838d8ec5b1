"""Archives of a case: their formats, member names, what else lies in them, and their indices."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from linker.format.archive import ArchiveFormat, Member
from linker.format.constants import MAGIC, ExternalKind, LimitsFlag, SymbolFlag, SymbolKind
from linker.format.encode import encode
from linker.format.encode_archive import encode_archive
from linker.format.model import Export, ExportSection, Limits, MemorySection, ObjectFile
from strategies.choices import Record
from strategies.objects.builder import ObjectBuilder

PLAIN_FORMATS = ("gnu", "gnu", "gnu", "bsd")
FORMATS = ("gnu", "thin", "bsd", "gnu64", "darwin", "darwin64", "coff", "thin")
FOLDERS = ("", "", "sub/", "a b/", "deep/er/")
# Names that do not fit the header, or that a reader may take for something of its own.
ODD_NAMES = (
    "with space {}.o",
    "folder/member{}.o",
    "ünï→{}.o",
    "n" * 200 + "{}.o",
    "#{}.o",
    "member{}",
    "__.SYMDEF{}.o",
    "trailing{}.o  ",
)
_ELF = b"\x7fELF\2\1\1" + bytes(9) + b"\1\0\3\0\1\0\0\0" + bytes(24) + b"\0\0\0\0\x40\0" + bytes(10)
_MODULE = encode(
    ObjectFile(
        "",
        [
            MemorySection([Limits(LimitsFlag(0), 1)]),
            ExportSection([Export("nothing_needs_this", ExternalKind.MEMORY, 0)]),
        ],
    )
)
# What lies in an archive besides objects; only the modules are wasm.
JUNK = (
    ("text", b"This is no object.\n"),
    ("empty", b""),
    ("module", MAGIC + b"\1\0\0\0"),
    ("exporting-module", _MODULE),
    ("elf", _ELF),
    ("stub", b"#STUB\n"),
)
BITCODE = b"BC\xc0\xde" + bytes(4)
NOT_AN_OBJECT = ("malformed-object", "a file that is no object is linked")


@dataclass(slots=True)
class Library:
    """An archive being made.

    Attributes:
        path: of the archive's file, relative to the case's folder.
        files: contents of this file and, for a thin archive, of its members.
        order: the units in it, as positions, in the order of the members.
        is_whole: it is linked as a whole; what is no object is then an error.
        refusal: message class and reason, where the archive must be refused.
        notes: names of features.
    """

    path: str
    is_whole: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    refusal: tuple[str, str] | None = None
    notes: list[str] = field(default_factory=list)


def defined_symbols(builders: Sequence[ObjectBuilder]) -> list[tuple[str, int]]:
    """The entries of an archive's symbol table: names with the positions of their members."""
    return [
        (entry.name, position)
        for position, builder in enumerate(builders)
        for entry in builder.symbols
        if entry.is_defined
        and not entry.flags & SymbolFlag.BINDING_LOCAL
        and entry.kind != SymbolKind.SECTION
    ]


def plain_archive(builders: Sequence[ObjectBuilder], contents: Sequence[bytes]) -> bytes:
    """A GNU archive with a symbol table of what its members define."""
    pairs = zip(builders, contents, strict=True)
    members = [Member(builder.name, data) for builder, data in pairs]
    return encode_archive(members, symbols=defined_symbols(builders))


def aligned(content: bytes) -> bytes:
    """An object of a multiple of 8 bytes, by a custom section without a name.

    Darwin's archives pad members to 8 bytes and count that as content, which is then no object.
    """
    missing = -len(content) % 8
    if missing == 0:
        return content
    missing += 8 if missing < 3 else 0
    return content + bytes((0, missing - 2, 0)) + bytes(missing - 3)


def member_names(positions: Sequence[int], record: Record, odd: bool, distinct: bool) -> list[str]:
    """Names for members: those of the objects, long ones, all the same, or odd ones."""
    choice = record.below(8 if odd else 4)
    if choice == 1:
        return [f"a_rather_long_member_name_object{position}.o" for position in positions]
    if choice == 2 and not distinct:
        return ["member.o"] * len(positions)
    if choice >= 4:
        return [record.pick(ODD_NAMES).format(position) for position in positions]
    return [f"object{position}.o" for position in positions]


def name_features(names: Sequence[str]) -> list[str]:
    """What is special about the names of an archive's members."""
    found = []
    if any(len(name) > 15 for name in names):
        found.append("archive.long-names")
    if len(names) > len(set(names)):
        found.append("archive.equal-names")
    if not all(name.isascii() and name.replace(".", "").isalnum() for name in names):
        found.append("archive.odd-names")
    return found


def make_library(
    library: Library,
    positions: Sequence[int],
    builders: Sequence[ObjectBuilder],
    contents: Sequence[bytes],
    record: Record,
    shapes: bool,
    wrong_index: bool,
    may_refuse: bool,
) -> None:
    """Fill in a library of the units at `positions`; builders and contents are of all units.

    Args:
        shapes: whether it may be of any form; else only what every linker's archives are.
        wrong_index: whether the symbol table may name wrong members.
        may_refuse: whether it may hold what makes a linker refuse it.
    """
    kind = record.pick(FORMATS if shapes else PLAIN_FORMATS)
    thin = kind == "thin"
    order = list(positions)
    if shapes and record.chance(40):
        # The second of two equal members has nothing to give.
        order.append(record.pick(positions))
        library.notes.append("archive.equal-members")
    names = member_names(order, record, shapes, distinct=thin)
    library.notes += name_features(names)
    pad = aligned if kind.startswith("darwin") else bytes
    members = [Member(name, pad(contents[unit])) for name, unit in zip(names, order, strict=True)]
    owners: list[int | None] = [*order]
    if shapes:
        _add_junk(library, members, owners, record, may_refuse, pad)
    library.order = [unit for unit in owners if unit is not None]
    symbols = defined_symbols([builders[unit] for unit in library.order])
    places = [place for place, unit in enumerate(owners) if unit is not None]
    symbols = [(name, places[member]) for name, member in symbols]
    if wrong_index and record.chance(128):
        symbols = _wrong(symbols, len(members), record)
        library.notes.append("archive.wrong-index")
    has_index = kind == "coff" or not record.chance(48)
    if not has_index:
        library.notes.append("archive.no-symbol-table")
    library.notes.append(f"archive.{kind}")
    archive_format = ArchiveFormat.GNU if thin else ArchiveFormat(kind)
    library.files[library.path] = encode_archive(
        members, archive_format, has_index, thin, symbols=symbols if has_index else None
    )
    if thin:
        _lay_out(library, members, record, may_refuse)


def _add_junk(
    library: Library,
    members: list[Member],
    owners: list[int | None],
    record: Record,
    may_refuse: bool,
    pad: Callable[[bytes], bytes],
) -> None:
    """Put something that is no object among the members."""
    choice = record.byte()
    if choice < 176:
        return
    name, content = JUNK[choice % len(JUNK)]
    if choice >= 250:
        name, content = "nested", encode_archive(members[:1], symbol_table=False)
    elif choice >= 242:
        name, content = "bitcode", BITCODE
    if (library.is_whole or content == BITCODE) and not may_refuse:
        return
    if library.is_whole or content == BITCODE:
        library.refusal = NOT_AN_OBJECT
    at = record.below(len(members) + 1)
    # Members of thin archives in one folder share it.
    stem = posixpath.basename(library.path).removesuffix(".a")
    content = pad(content) if content.startswith(MAGIC) else content
    members.insert(at, Member(f"{stem}.{name}", content))
    owners.insert(at, None)
    library.notes.append(f"archive.junk.{name}")


def _wrong(symbols: list[tuple[str, int]], count: int, record: Record) -> list[tuple[str, int]]:
    """A symbol table that names wrong members, too few names, or names that nothing defines."""
    how = record.below(3)
    if how == 0:
        return [(name, (member + 1) % count) for name, member in symbols]
    if how == 1:
        return symbols[::2]
    return [*symbols, ("not_defined_here", 0)]


def _lay_out(library: Library, members: Sequence[Member], record: Record, may_refuse: bool) -> None:
    """Write the members of a thin archive to files of their own, where it looks for them."""
    folder = posixpath.dirname(library.path)
    for member in members:
        path = posixpath.normpath(posixpath.join(folder, member.name))
        library.files[path] = member.data
    if may_refuse and library.refusal is None and record.chance(32):
        lost = posixpath.normpath(posixpath.join(folder, members[-1].name))
        del library.files[lost]
        library.refusal = ("file-missing", "a member of a thin archive is not there")
        library.notes.append("archive.lost-member")

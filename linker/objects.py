"""An object file taken apart for linking: its functions, segments, sections and other elements.

LLD's ObjFile::parse with InputChunks.h and InputElement.h.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from linker.errors import FatalError
from linker.format import model
from linker.format.constants import (
    ComdatKind,
    ExternalKind,
    SegmentFlag,
    SymbolKind,
)
from linker.format.leb128 import encode_unsigned
from linker.format.model import FunctionType, GlobalType, InitExpr, Limits, Relocation, TableType
from linker.resolution.module_symbols import symbols_of_exports, symbols_of_module
from linker.resolution.symbols import LinkSymbol
from linker.seed.own_state import OwnState

NO_COMDAT = -1
TLS_SEGMENT = int(SegmentFlag.TLS)
STRING_SEGMENT = int(SegmentFlag.STRINGS)
NO_SIGNATURE = FunctionType((), ())
CUSTOM_SECTIONS = (
    model.CustomSection,
    model.LinkingSection,
    model.RelocationSection,
    model.NameSection,
    model.ProducersSection,
    model.TargetFeaturesSection,
)


@dataclass(slots=True, eq=False)
class Chunk:
    """A piece of the input that is kept or dropped as a whole.

    `input_offset` is where `content` starts in its section's content, in bytes: the base
    of the relocations' offsets. `output_offset` is its place in the output section.
    """

    file: InputObject | None
    name: str
    content: bytes
    input_offset: int = 0
    relocations: Sequence[Relocation] = ()
    comdat: int = NO_COMDAT
    discarded: bool = False
    live: bool = False
    output_offset: int = 0

    @property
    def output_size(self) -> int:
        return len(self.content)

    def check_offset(self, offset: int) -> None:
        """Only in chunks of strings must a symbol stand on content."""

    @property
    def comdat_name(self) -> str:
        if self.comdat == NO_COMDAT or self.file is None:
            return ""
        return self.file.linking.comdats[self.comdat].name

    def __str__(self) -> str:
        return f"{file_name(self.file)}:({self.name})"


@dataclass(slots=True, eq=False)
class Function(Chunk):
    """A function; `content` starts with the size of the body, as in the code section."""

    signature: FunctionType = NO_SIGNATURE
    debug_name: str = ""
    export_name: str | None = None
    code_offset: int = 0
    function_index: int = -1
    table_index: int = -1
    compressed: bytes | None = None

    @property
    def output_size(self) -> int:
        return len(self.content if self.compressed is None else self.compressed)


@dataclass(slots=True, eq=False)
class Segment(Chunk):
    """A data segment. `alignment` is a log2; `segment_offset` its place in the output segment."""

    alignment: int = 0
    flags: int = 0
    output_segment: OutputSegment | None = None
    segment_offset: int = 0

    @property
    def is_tls(self) -> bool:
        return bool(self.flags & TLS_SEGMENT)

    def offset_in_output_segment(self, offset: int) -> int:
        return self.segment_offset + offset

    def address(self, offset: int) -> int:
        start = self.output_segment.address if self.output_segment is not None else 0
        return start + self.offset_in_output_segment(offset)


@dataclass(slots=True, eq=False)
class StringPieces:
    """The null-terminated strings of a chunk: where each starts, and where it went."""

    starts: list[int]
    output_offsets: list[int]

    def find(self, offset: int) -> int:
        return bisect_right(self.starts, offset) - 1


@dataclass(slots=True, eq=False)
class MergeSegment(Segment):
    """A segment of null-terminated strings that is merged (LLD's MergeInputChunk)."""

    pieces: StringPieces | None = None
    parent: MergedStrings | None = None

    def check_offset(self, offset: int) -> None:
        if self.pieces is not None:
            piece_at(self, self.pieces, offset)

    def offset_in_output_segment(self, offset: int) -> int:
        assert self.parent is not None
        assert self.pieces is not None
        return self.parent.segment_offset + merged_offset(self, self.pieces, offset)


@dataclass(slots=True, eq=False)
class MergedStrings(Segment):
    """What merged segments become in the output (LLD's SyntheticMergedChunk)."""

    parts: list[MergeSegment] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class OutputSegment:
    """A data segment of the output. `alignment` is a log2, `address` where it starts in memory.

    `counts_from_zero`: symbols in it have their addresses in memory, thread-local or not.
    `doubles_offsets`: the place of a thread-local symbol in its object's segment counts twice.
    """

    name: str
    alignment: int = 0
    flags: int = 0
    size: int = 0
    is_bss: bool = False
    passive: bool = False
    counts_from_zero: bool = False
    doubles_offsets: bool = False
    chunks: list[Segment] = field(default_factory=list)
    index: int = 0
    address: int = 0
    section_offset: int = 0
    header: bytes = b""

    @property
    def is_tls(self) -> bool:
        return self.name == ".tdata"


@dataclass(slots=True, eq=False)
class Section(Chunk):
    """A custom section. `alignment` is in bytes.

    `crashes_missing`: it is left out, and wasm-ld does not survive looking for its output.
    """

    alignment: int = 1
    tombstone: int = 0
    output_index: int = -1
    output_symbol: int = -1
    crashes_missing: bool = False

    def offset_in_output(self, offset: int) -> int:
        """A place of this section in the output's; as it is where the section is left out."""
        return self.output_offset + offset


def refuse_missing_section(section: Section) -> None:
    """Says where wasm-ld looks in the output for a custom section that was left out."""
    if section.crashes_missing:
        raise FatalError(
            f"wasm-ld 22 crashes here: {section} is referred to, but left out"
            " (quirk missing-section-crashes)",
        )


@dataclass(slots=True, eq=False)
class MergeSection(Section):
    """A custom section of null-terminated strings (`.debug_str` and its kin)."""

    pieces: StringPieces | None = None
    parent: Section | None = None

    def offset_in_output(self, offset: int) -> int:
        if self.parent is None or self.pieces is None:
            refuse_missing_section(self)
            return offset
        return self.parent.output_offset + merged_offset(self, self.pieces, offset)


@dataclass(slots=True, eq=False)
class Element:
    """A global, tag or table of an object or of the linker; `index` is its output index."""

    file: InputObject | None
    name: str
    live: bool = False
    index: int = -1

    def __str__(self) -> str:
        return f"{file_name(self.file)}:({self.name})"


@dataclass(slots=True, eq=False)
class GlobalElement(Element):
    type: GlobalType = field(kw_only=True)
    init: InitExpr = field(kw_only=True)


@dataclass(slots=True, eq=False)
class TagElement(Element):
    signature: FunctionType = field(kw_only=True)


@dataclass(slots=True, eq=False)
class TableElement(Element):
    type: TableType = field(kw_only=True)


class ImportedEntity(NamedTuple):
    """An import of an object, of one kind."""

    module: str
    name: str
    description: FunctionType | TableType | GlobalType


@dataclass(slots=True, eq=False)
class InputObject:
    """One object file of the link.

    `name` is as wasm-ld prints it: "a.o", or "lib.a(a.o)" for an archive member. `lazy`
    holds while nothing has asked for it. `live`: something of it is kept, so its init
    functions and retained segments are too. `is_relocatable`: it has a section `linking`; what
    has none can wait in an archive, and is refused when it is taken. `number` is its place among
    the objects of the link, None for what the linker's user made in memory; `own` is what a
    linker that keeps something of edits knows of that. `lost`: why it cannot be linked, which only
    matters when something takes it. `index_of`: the archive whose own symbol table offers it, ""
    where its symbols do.
    """

    name: str
    file: model.ObjectFile
    lazy: bool
    live: bool
    linking: model.LinkingSection
    types: list[FunctionType]
    imports: dict[ExternalKind, list[ImportedEntity]]
    symbols: list[LinkSymbol] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    globals: list[GlobalElement] = field(default_factory=list)
    tags: list[TagElement] = field(default_factory=list)
    tables: list[TableElement] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    sections_by_index: dict[int, Section] = field(default_factory=dict)
    called_directly: set[int] = field(default_factory=set)
    kept_comdats: list[bool] = field(default_factory=list)
    keeps_retained: bool = True
    type_map: dict[int, int] = field(default_factory=dict)
    base_name: str = ""
    number: int | None = 0
    is_relocatable: bool = True
    lost: str = ""
    index_of: str = ""
    own: OwnState | None = None


def file_name(file: InputObject | None) -> str:
    return "<internal>" if file is None else file.name


def piece_at(chunk: Chunk, pieces: StringPieces, offset: int) -> int:
    """The index of the string that holds `offset`.

    Raises:
        LinkError: the offset is behind the last string.
    """
    if offset >= len(chunk.content):
        raise FatalError(f"{chunk}: offset is outside the section")
    return pieces.find(offset)


def merged_offset(chunk: Chunk, pieces: StringPieces, offset: int) -> int:
    piece = piece_at(chunk, pieces, offset)
    return pieces.output_offsets[piece] + offset - pieces.starts[piece]


def open_object(
    file: model.ObjectFile, name: str, base_name: str, lazy: bool, live: bool
) -> InputObject:
    """The object with its imports and types, before anything of it takes part in the link."""
    linking = file.find(model.LinkingSection)
    types_section = file.find(model.TypeSection)
    types = types_section.types if types_section else []
    imports: dict[ExternalKind, list[ImportedEntity]] = {kind: [] for kind in ExternalKind}
    import_section = file.find(model.ImportSection)
    for entry in import_section.imports if import_section else ():
        described: FunctionType | TableType | GlobalType
        if isinstance(entry.description, Limits):
            continue
        if isinstance(entry.description, int):
            described = types[entry.description]
        else:
            described = entry.description
        imports[entry.kind].append(ImportedEntity(entry.module, entry.name, described))
    is_relocatable = linking is not None
    if linking is None:
        linking = model.LinkingSection(symbols=symbols_of_module(file))
    elif not linking.has_symbol_table:
        linking = replace(linking, symbols=symbols_of_exports(file))
    return InputObject(
        name,
        file,
        lazy,
        live,
        linking,
        types,
        imports,
        base_name=base_name,
        is_relocatable=is_relocatable,
    )


def load(
    obj: InputObject,
    new_comdat: list[bool],
    optimize: int,
    all_live: bool,
    quirks: frozenset[str] = frozenset(),
) -> None:
    """Takes the object apart (LLD's ObjFile::parse, down to its symbols).

    `new_comdat` tells for each comdat whether the link sees its name for the first time.
    """
    obj.kept_comdats = new_comdat
    obj.keeps_retained = "retained-segments-dropped" not in quirks
    check_element_section(obj)
    relocations = relocations_by_section(obj)
    comdat_of = {
        (entry.kind, entry.index): number
        for number, comdat in enumerate(obj.linking.comdats)
        for entry in comdat.entries
    }
    names = element_names(obj)
    load_custom_sections(obj, relocations, comdat_of, optimize, all_live, quirks)
    for index, section in enumerate(obj.file.sections):
        if isinstance(section, model.DataSection):
            load_segments(obj, section, relocations.get(index, []), comdat_of, optimize, all_live)
        elif isinstance(section, model.CodeSection):
            load_functions(obj, section, relocations.get(index, []), comdat_of, names, all_live)
        elif isinstance(section, model.GlobalSection):
            first = len(obj.imports[ExternalKind.GLOBAL])
            for number, entry in enumerate(section.globals, first):
                name = names.get((SymbolKind.GLOBAL, number), "")
                obj.globals.append(
                    GlobalElement(obj, name, all_live, type=entry.type, init=entry.init),
                )
        elif isinstance(section, model.TagSection):
            first = len(obj.imports[ExternalKind.TAG])
            for number, type_index in enumerate(section.type_indices, first):
                name = names.get((SymbolKind.TAG, number), "")
                obj.tags.append(
                    TagElement(obj, name, all_live, signature=obj.types[type_index]),
                )
        elif isinstance(section, model.TableSection):
            first = len(obj.imports[ExternalKind.TABLE])
            for number, table in enumerate(section.tables, first):
                name = names.get((SymbolKind.TABLE, number), "")
                obj.tables.append(TableElement(obj, name, all_live, type=table.type))
    for found in relocations.values():
        obj.called_directly.update(entry[2] for entry in found if entry[0] == 0)


def check_element_section(obj: InputObject) -> None:
    """Active element segments of an object start at a plain constant."""
    section = obj.file.find(model.ElementSection)
    for segment in section.segments if section else ():
        if segment.offset is None:
            continue
        body = segment.offset.body
        if body[:1] not in (b"\x41", b"\x42"):
            raise FatalError(f"{obj.name}: invalid table elements")
        position = 1
        while body[position] & 0x80:
            position += 1
        if body[position + 1 :] != b"\x0b":
            raise FatalError(f"{obj.name}: extended init exprs not supported")


def relocations_by_section(obj: InputObject) -> dict[int, list[Relocation]]:
    found: dict[int, list[Relocation]] = {}
    for section in obj.file.sections:
        if isinstance(section, model.RelocationSection):
            found.setdefault(section.target, []).extend(section.relocations)
    return found


def element_names(obj: InputObject) -> dict[tuple[SymbolKind, int], str]:
    """The name of each defined element: that of the first of the symbol table that defines it."""
    names: dict[tuple[SymbolKind, int], str] = {}
    for symbol in obj.linking.symbols if obj.linking.has_symbol_table else ():
        if symbol.index is not None and not symbol.is_undefined:
            key = (symbol.kind, symbol.index)
            if not names.get(key):
                names[key] = symbol.name
    return names


def is_excluded(obj: InputObject, comdat: int) -> bool:
    return comdat != NO_COMDAT and not obj.kept_comdats[comdat]


def load_functions(
    obj: InputObject,
    section: model.CodeSection,
    relocations: list[Relocation],
    comdat_of: dict[tuple[ComdatKind, int], int],
    names: dict[tuple[SymbolKind, int], str],
    all_live: bool,
) -> None:
    function_section = obj.file.find(model.FunctionSection)
    type_indices = function_section.type_indices if function_section else []
    first = len(obj.imports[ExternalKind.FUNCTION])
    debug_names = names_of_functions(obj)
    export_names = exported_functions(obj)
    for number, (body, type_index) in enumerate(
        zip(section.functions, type_indices, strict=True), first
    ):
        size = encode_unsigned(len(body.content), body.size_width)
        comdat = comdat_of.get((ComdatKind.FUNCTION, number), NO_COMDAT)
        obj.functions.append(
            Function(
                obj,
                names.get((SymbolKind.FUNCTION, number), ""),
                size + body.content,
                body.offset,
                (),
                comdat,
                is_excluded(obj, comdat),
                all_live,
                0,
                obj.types[type_index],
                debug_names.get(number, ""),
                export_names.get(number),
                len(size),
            ),
        )
    assign_relocations(obj.functions, relocations)


def names_of_functions(obj: InputObject) -> dict[int, str]:
    section = obj.file.find(model.NameSection)
    names: dict[int, str] = {}
    for kind, _, entries in section.subsections if section else ():
        if kind == 1 and isinstance(entries, list):
            names.update(entries)
    return names


def exported_functions(obj: InputObject) -> dict[int, str]:
    section = obj.file.find(model.ExportSection)
    return {
        export.index: export.name
        for export in (section.exports if section else ())
        if export.kind is ExternalKind.FUNCTION
    }


def load_segments(
    obj: InputObject,
    section: model.DataSection,
    relocations: list[Relocation],
    comdat_of: dict[tuple[ComdatKind, int], int],
    optimize: int,
    all_live: bool,
) -> None:
    infos = obj.linking.segments
    for number, segment in enumerate(section.segments):
        info = infos[number] if number < len(infos) else model.SegmentInfo("", 0, 0)
        comdat = comdat_of.get((ComdatKind.DATA, number), NO_COMDAT)
        flags = info.flags
        # Objects from before the TLS flag tell thread-local segments by their names.
        if info.name.startswith((".tdata", ".tbss")):
            flags |= TLS_SEGMENT
        merges = (
            optimize > 0
            and bool(info.flags & STRING_SEGMENT)
            and info.alignment == 0
            and len(segment.content) > 0
        )
        obj.segments.append(
            (MergeSegment if merges else Segment)(
                obj,
                info.name,
                segment.content,
                segment.offset,
                (),
                comdat,
                is_excluded(obj, comdat),
                all_live,
                0,
                info.alignment,
                flags,
            ),
        )
    assign_relocations(obj.segments, relocations)


def assign_relocations(chunks: Sequence[Chunk], relocations: list[Relocation]) -> None:
    """Gives each chunk the relocations that start in it (LLD's setRelocs)."""
    if not relocations:
        return
    offsets = [entry.offset for entry in relocations]
    end = 0
    for chunk in chunks:
        start = bisect_left(offsets, chunk.input_offset, end)
        end = bisect_left(offsets, chunk.input_offset + len(chunk.content), start)
        if end != start:
            chunk.relocations = relocations[start:end]


def load_custom_sections(
    obj: InputObject,
    relocations: dict[int, list[Relocation]],
    comdat_of: dict[tuple[ComdatKind, int], int],
    optimize: int,
    all_live: bool,
    quirks: frozenset[str],
) -> None:
    for index, section in enumerate(obj.file.sections):
        if not isinstance(section, CUSTOM_SECTIONS):
            continue
        comdat = comdat_of.get((ComdatKind.SECTION, index), NO_COMDAT)
        content = section.content if isinstance(section, model.CustomSection) else b""
        merges = optimize > 0 and section.name in (
            ".debug_str",
            ".debug_str.dwo",
            ".debug_line_str",
        )
        chunk = (MergeSection if merges else Section)(
            obj,
            section.name,
            content,
            0,
            relocations.get(index, ()),
            comdat,
            is_excluded(obj, comdat),
            all_live,
            0,
            section_alignment(section.name, quirks),
            tombstone_for(section.name, quirks),
        )
        obj.sections_by_index[index] = chunk
        if isinstance(section, model.CustomSection):
            obj.sections.append(chunk)


def section_alignment(name: str, quirks: frozenset[str]) -> int:
    """The alignment of a part of a custom section in bytes."""
    if name in ("__llvm_covfun", "__llvm_covmap") and "coverage-unaligned" not in quirks:
        # llvm-cov reads these as tables of aligned records.
        return 8
    return 1


def tombstone_for(name: str, quirks: frozenset[str]) -> int:
    """What relocations against dropped pieces become there (LLD's getTombstoneForSection)."""
    if name in (".debug_ranges", ".debug_loc"):
        return 2**64 - 2
    if name.startswith("llvm.func_attr.") and "attributes-of-dropped-functions" not in quirks:
        return 2**64 - 1
    if name.startswith(".debug_"):
        return 2**64 - 1
    return 0

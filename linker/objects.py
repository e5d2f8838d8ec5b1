"""What an object consists of for linking: functions, segments, sections and other elements.

LLD's InputChunks.h and InputElement.h.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from linker.errors import FatalError
from linker.format import model
from linker.format.constants import (
    ExternalKind,
    SegmentFlag,
)
from linker.format.model import FunctionType, GlobalType, InitExpr, Relocation, TableType
from linker.resolution.symbols import LinkSymbol
from linker.seed.own_state import OwnState

NO_COMDAT = -1
TLS_SEGMENT = int(SegmentFlag.TLS)
STRING_SEGMENT = int(SegmentFlag.STRINGS)
NO_SIGNATURE = FunctionType((), ())


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
        FatalError: the offset is behind the last string.
    """
    if offset >= len(chunk.content):
        raise FatalError(f"{chunk}: offset is outside the section")
    return pieces.find(offset)


def merged_offset(chunk: Chunk, pieces: StringPieces, offset: int) -> int:
    piece = piece_at(chunk, pieces, offset)
    return pieces.output_offsets[piece] + offset - pieces.starts[piece]

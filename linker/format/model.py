"""What an object file or a module says, one dataclass per concept.

Numbers are as in the file: indices belong to the index spaces of that file, offsets and
sizes are in bytes. Names are text decoded with `surrogateescape`, so that any bytes survive.
A field `*_width` is the number of bytes of a LEB128 in the file: object files pad some of
them, and encoding what was parsed must give the same bytes back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, TypeVar

from linker.format.constants import (
    ComdatKind,
    ExternalKind,
    LimitsFlag,
    LinkingSubsection,
    SectionId,
    SymbolFlag,
    SymbolKind,
    ValueType,
)

# Plain numbers: arithmetic on enumeration members is slow.
_UNDEFINED = int(SymbolFlag.UNDEFINED)
_WEAK = int(SymbolFlag.BINDING_WEAK)
_LOCAL = int(SymbolFlag.BINDING_LOCAL)
_BINDING = _WEAK | _LOCAL
_HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)


class FunctionType(NamedTuple):
    parameters: tuple[ValueType, ...]
    results: tuple[ValueType, ...]


class Limits(NamedTuple):
    """Limits of a table (in elements) or a memory (in pages).

    `page_size` is the log2 of a custom page size, None for the default of 64 KiB.
    """

    flags: LimitsFlag
    minimum: int
    maximum: int | None = None
    page_size: int | None = None


class TableType(NamedTuple):
    element: ValueType
    limits: Limits


class GlobalType(NamedTuple):
    value_type: ValueType
    mutable: bool


class InitExpr(NamedTuple):
    """A constant expression: its bytes, the closing `end` included."""

    body: bytes


class Import(NamedTuple):
    """One import. `description` is a type index for functions and tags."""

    module: str
    name: str
    kind: ExternalKind
    description: int | TableType | Limits | GlobalType


class Export(NamedTuple):
    name: str
    kind: ExternalKind
    index: int  # type: ignore[assignment]


class Table(NamedTuple):
    type: TableType
    init: InitExpr | None = None


class Global(NamedTuple):
    type: GlobalType
    init: InitExpr


class ElementSegment(NamedTuple):
    """An element segment of any of the eight forms.

    `flags` says which fields are present. `functions` are function indices; with the
    flag EXPRESSIONS, `expressions` holds the items instead. `element_kind` is the byte of
    the element kind (0) or the reference type, None in the forms 0 and 4 that have none.
    """

    flags: int
    table: int
    offset: InitExpr | None
    element_kind: int | None
    functions: tuple[int, ...]
    expressions: tuple[InitExpr, ...] = ()


class FunctionBody(NamedTuple):
    """One function body: local declarations and code, without its size.

    `offset` is where its size field starts, counted from the start of the code section's
    content (the base of relocation offsets); 0 where the file was not parsed.
    """

    content: bytes
    offset: int = 0
    size_width: int = 0


class DataSegment(NamedTuple):
    """One data segment. `init` is its address, None for a passive one.

    `offset` is where `content` starts, counted from the start of the data section's content.
    """

    flags: int
    memory: int
    init: InitExpr | None
    content: bytes
    offset: int = 0


class Relocation(NamedTuple):
    """A relocation. `offset` counts from the start of the target section's content.

    `index` is a symbol index, or a type index for TYPE_INDEX_LEB.
    """

    type: int
    offset: int
    index: int  # type: ignore[assignment]
    addend: int = 0


class DataReference(NamedTuple):
    """Where a data symbol stands: in a segment, or at an address if it is absolute."""

    segment: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Symbol:
    """An entry of the symbol table.

    `name` is the symbol's name, taken from the import where the entry holds none; ""
    for a section symbol. `index` is the function, global, tag or table index, or the
    section index (counting every section of the file, from 0); None for data symbols.
    """

    kind: SymbolKind
    flags: int
    name: str
    index: int | None = None
    data: DataReference | None = None

    @property
    def is_undefined(self) -> bool:
        return self.flags & _UNDEFINED != 0

    # The binding is a number of two bits; 3 is none, and wasm-ld takes it for a global one.
    @property
    def is_weak(self) -> bool:
        return self.flags & _BINDING == _WEAK

    @property
    def is_local(self) -> bool:
        return self.flags & _BINDING == _LOCAL

    @property
    def is_hidden(self) -> bool:
        return self.flags & _HIDDEN != 0


class SegmentInfo(NamedTuple):
    """Name, log2 of the alignment and flags of the data segment at the same position."""

    name: str
    alignment: int
    flags: int


class InitFunction(NamedTuple):
    priority: int
    symbol: int


class ComdatEntry(NamedTuple):
    kind: ComdatKind
    index: int  # type: ignore[assignment]


class Comdat(NamedTuple):
    name: str
    flags: int
    entries: tuple[ComdatEntry, ...]


@dataclass(slots=True)
class TypeSection:
    types: list[FunctionType]
    size_width: int = 5
    count_width: int = 0
    id = SectionId.TYPE


@dataclass(slots=True)
class ImportSection:
    imports: list[Import]
    size_width: int = 5
    count_width: int = 0
    id = SectionId.IMPORT


@dataclass(slots=True)
class FunctionSection:
    type_indices: list[int]
    size_width: int = 5
    count_width: int = 0
    id = SectionId.FUNCTION


@dataclass(slots=True)
class TableSection:
    tables: list[Table]
    size_width: int = 5
    count_width: int = 0
    id = SectionId.TABLE


@dataclass(slots=True)
class MemorySection:
    memories: list[Limits]
    size_width: int = 5
    count_width: int = 0
    id = SectionId.MEMORY


@dataclass(slots=True)
class TagSection:
    type_indices: list[int]
    size_width: int = 5
    count_width: int = 0
    id = SectionId.TAG


@dataclass(slots=True)
class GlobalSection:
    globals: list[Global]
    size_width: int = 5
    count_width: int = 0
    id = SectionId.GLOBAL


@dataclass(slots=True)
class ExportSection:
    exports: list[Export]
    size_width: int = 5
    count_width: int = 0
    id = SectionId.EXPORT


@dataclass(slots=True)
class StartSection:
    function: int
    size_width: int = 5
    id = SectionId.START


@dataclass(slots=True)
class ElementSection:
    segments: list[ElementSegment]
    size_width: int = 5
    count_width: int = 0
    id = SectionId.ELEMENT


@dataclass(slots=True)
class DataCountSection:
    count: int
    size_width: int = 5
    count_width: int = 0
    id = SectionId.DATA_COUNT


@dataclass(slots=True)
class CodeSection:
    functions: list[FunctionBody]
    size_width: int = 5
    count_width: int = 0
    id = SectionId.CODE


@dataclass(slots=True)
class DataSection:
    segments: list[DataSegment]
    size_width: int = 5
    count_width: int = 0
    id = SectionId.DATA


@dataclass(slots=True)
class CustomSection:
    """A custom section that the format gives no meaning to, kept as bytes."""

    name: str
    content: bytes
    size_width: int = 5
    id = SectionId.CUSTOM


@dataclass(slots=True)
class LinkingSection:
    """The section `linking`: `order` lists its subsections as they stood in the file."""

    version: int = 2
    symbols: list[Symbol] = field(default_factory=list)
    segments: list[SegmentInfo] = field(default_factory=list)
    init_functions: list[InitFunction] = field(default_factory=list)
    comdats: list[Comdat] = field(default_factory=list)
    order: list[tuple[int, int]] | None = None
    unknown: dict[int, bytes] = field(default_factory=dict)
    size_width: int = 5
    name = "linking"
    id = SectionId.CUSTOM

    @property
    def has_symbol_table(self) -> bool:
        """Whether there is a symbol table, be it empty; one made by hand has what it lists."""
        kinds = {kind for kind, _ in self.order or ()}
        return self.order is None or LinkingSubsection.SYMBOL_TABLE in kinds


@dataclass(slots=True)
class RelocationSection:
    """A section `reloc.*`; `target` counts every section of the file, from 0."""

    name: str
    target: int
    relocations: list[Relocation]
    size_width: int = 5
    count_width: int = 0
    id = SectionId.CUSTOM


class TargetFeature(NamedTuple):
    prefix: str
    name: str


@dataclass(slots=True)
class TargetFeaturesSection:
    features: list[TargetFeature]
    size_width: int = 5
    name = "target_features"
    id = SectionId.CUSTOM


@dataclass(slots=True)
class ProducersSection:
    """Fields (`language`, `processed-by`, `sdk`) with their (name, version) pairs."""

    fields: list[tuple[str, list[tuple[str, str]]]]
    size_width: int = 5
    name = "producers"
    id = SectionId.CUSTOM


@dataclass(slots=True)
class NameSection:
    """The section `name`: subsection id, width of its size, and entries or bytes.

    `entries` is a list of (index, name) for the subsections function, global and data
    segment; the others are bytes.
    """

    subsections: list[tuple[int, int, list[tuple[int, str]] | bytes]]
    size_width: int = 5
    name = "name"
    id = SectionId.CUSTOM


Section: TypeAlias = (
    TypeSection
    | ImportSection
    | FunctionSection
    | TableSection
    | MemorySection
    | TagSection
    | GlobalSection
    | ExportSection
    | StartSection
    | ElementSection
    | DataCountSection
    | CodeSection
    | DataSection
    | CustomSection
    | LinkingSection
    | RelocationSection
    | TargetFeaturesSection
    | ProducersSection
    | NameSection
)

S = TypeVar("S", bound=Section)


@dataclass(slots=True)
class ObjectFile:
    """A parsed object file (or module): its sections in file order."""

    name: str
    sections: list[Section]

    def find(self, kind: type[S]) -> S | None:
        """The first section of that kind, or None."""
        for section in self.sections:
            if isinstance(section, kind):
                return section
        return None

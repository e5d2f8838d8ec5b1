"""A linked module with names for its indices, and its memory as it is after instantiation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from linker.demangle.demangler import demangle
from linker.format import expression
from linker.format.constants import ExternalKind, LimitsFlag, NameSubsection
from linker.format.leb128 import LebError
from linker.format.model import (
    CodeSection,
    DataSection,
    ElementSection,
    ElementSegment,
    Export,
    ExportSection,
    FunctionSection,
    FunctionType,
    GlobalSection,
    GlobalType,
    Import,
    ImportSection,
    InitExpr,
    Limits,
    MemorySection,
    NameSection,
    ObjectFile,
    StartSection,
    TableSection,
    TableType,
    TagSection,
    TypeSection,
)

NULL = "null"


@lru_cache(maxsize=4096)
def canonical(name: str) -> str:
    """A symbol's name as names are compared: demangled, as wasm-ld writes it."""
    # The form of main that takes arguments is written as what the user wrote.
    return "main" if name == "__main_argc_argv" else demangle(name)


def constant(init: InitExpr | None) -> int | None:
    """The value of an expression that is one integer constant, else None."""
    if init is None:
        return None
    try:
        instructions = expression.decode(init)
    except LebError:
        return None
    if len(instructions) == 1 and instructions[0][0] in (0x41, 0x42):
        return instructions[0][1]
    return None


def _numbered(names: Iterable[str]) -> list[str]:
    """Names made unique: the second "f" becomes "f#2"."""
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return unique


@dataclass
class View:
    """A module seen by name.

    Attributes:
        learned_globals, learned_tables, learned_tags: names that relocations of the input gave
            to indices which the module itself does not name.
    """

    module: ObjectFile
    learned_globals: dict[int, str] = field(default_factory=dict)
    learned_tables: dict[int, str] = field(default_factory=dict)
    learned_tags: dict[int, str] = field(default_factory=dict)

    @cached_property
    def types(self) -> list[FunctionType]:
        section = self.module.find(TypeSection)
        return section.types if section else []

    @cached_property
    def imports(self) -> list[Import]:
        section = self.module.find(ImportSection)
        return section.imports if section else []

    def imported(self, kind: ExternalKind) -> list[Import]:
        """The imports of one kind, in index order."""
        return [entry for entry in self.imports if entry.kind is kind]

    @cached_property
    def exports(self) -> list[Export]:
        section = self.module.find(ExportSection)
        return section.exports if section else []

    @cached_property
    def function_types(self) -> list[FunctionType | None]:
        """The type of each function, imports first; None for an index out of range."""
        section = self.module.find(FunctionSection)
        indices = [e.description for e in self.imported(ExternalKind.FUNCTION)]
        indices += section.type_indices if section else []
        return [
            self.types[i] if isinstance(i, int) and i < len(self.types) else None for i in indices
        ]

    @cached_property
    def imported_functions(self) -> int:
        return len(self.imported(ExternalKind.FUNCTION))

    @cached_property
    def bodies(self) -> list[bytes]:
        """Bodies of the defined functions; index 0 is the first after the imports."""
        section = self.module.find(CodeSection)
        return [body.content for body in section.functions] if section else []

    def _names_of(self, subsection: NameSubsection) -> dict[int, str]:
        section = self.module.find(NameSection)
        if section is None:
            return {}
        for kind, _, entries in section.subsections:
            if kind == subsection and isinstance(entries, list):
                return dict(entries)
        return {}

    def _named(
        self, kind: ExternalKind, count: int, subsection: NameSubsection | None
    ) -> list[str]:
        """Names by index: the name section, else the import, else an export, else a place."""
        names: dict[int, str] = {}
        for export in self.exports:
            if export.kind is kind:
                names.setdefault(export.index, export.name)
        for index, entry in enumerate(self.imported(kind)):
            names[index] = f"{entry.module}.{entry.name}"
        if subsection is not None:
            # An import keeps its module: two imports may have one name.
            imported = len(self.imported(kind))
            given = self._names_of(subsection)
            names.update((i, n) for i, n in given.items() if i >= imported)
        label = kind.name.lower()
        found = (names.get(index, f"({label})") for index in range(count))
        return _numbered(canonical(name) for name in found)

    @cached_property
    def has_function_names(self) -> bool:
        return bool(self._names_of(NameSubsection.FUNCTION))

    @cached_property
    def function_names(self) -> list[str]:
        count = len(self.function_types)
        return self._named(ExternalKind.FUNCTION, count, NameSubsection.FUNCTION)

    @cached_property
    def function_index(self) -> dict[str, int]:
        """Function index by name."""
        return {name: index for index, name in enumerate(self.function_names)}

    def function_name(self, index: int) -> str:
        names = self.function_names
        return names[index] if index < len(names) else "(out of range)"

    @cached_property
    def global_types(self) -> list[GlobalType]:
        section = self.module.find(GlobalSection)
        imported = [e.description for e in self.imported(ExternalKind.GLOBAL)]
        found = [entry for entry in imported if isinstance(entry, GlobalType)]
        return found + ([entry.type for entry in section.globals] if section else [])

    @cached_property
    def global_values(self) -> list[int | None]:
        """The value of each defined global, None where it is no integer constant."""
        section = self.module.find(GlobalSection)
        imported: list[int | None] = [None] * len(self.imported(ExternalKind.GLOBAL))
        return imported + ([constant(g.init) for g in section.globals] if section else [])

    @cached_property
    def _given_global_names(self) -> list[str]:
        return self._named(ExternalKind.GLOBAL, len(self.global_types), NameSubsection.GLOBAL)

    def global_name(self, index: int) -> str:
        """A global's name; names that relocations gave win over places, not over names."""
        given = self._given_global_names
        name = given[index] if index < len(given) else "(out of range)"
        return self.learned_globals.get(index, name) if name.startswith("(") else name

    def table_name(self, index: int) -> str:
        return self.learned_tables.get(index, "__indirect_function_table" if not index else "?")

    def tag_name(self, index: int) -> str:
        count = len(self.imported(ExternalKind.TAG)) + len(self.tag_types)
        names = self._named(ExternalKind.TAG, count, None)
        name = names[index] if index < count else "(out of range)"
        return self.learned_tags.get(index, name) if name.startswith("(") else name

    @cached_property
    def tag_types(self) -> list[int]:
        section = self.module.find(TagSection)
        return section.type_indices if section else []

    def type_text(self, index: int) -> str:
        """A function type written out."""
        return render_type(self.types[index]) if index < len(self.types) else "(out of range)"

    @cached_property
    def memories(self) -> list[Limits]:
        section = self.module.find(MemorySection)
        imported = [e.description for e in self.imported(ExternalKind.MEMORY)]
        found = [entry for entry in imported if isinstance(entry, Limits)]
        return found + (section.memories if section else [])

    @cached_property
    def has_64_bit_memory(self) -> bool:
        return bool(self.memories and self.memories[0].flags & LimitsFlag.IS_64)

    @cached_property
    def tables(self) -> list[TableType]:
        section = self.module.find(TableSection)
        imported = [e.description for e in self.imported(ExternalKind.TABLE)]
        found = [entry for entry in imported if isinstance(entry, TableType)]
        return found + ([entry.type for entry in section.tables] if section else [])

    @cached_property
    def start(self) -> str:
        """The start function's name, "" for none."""
        section = self.module.find(StartSection)
        return self.function_name(section.function) if section else ""

    @cached_property
    def _active_elements(self) -> list[ElementSegment]:
        """Active element segments of the table that the first of them fills.

        Linkers fill one table, that of indirect calls, whatever its index is.
        """
        section = self.module.find(ElementSection)
        active = [s for s in section.segments if s.offset is not None] if section else []
        return [s for s in active if s.table == active[0].table]

    @cached_property
    def has_unplaced_elements(self) -> bool:
        """Whether the place of some element is known at run time only."""
        return any(constant(segment.offset) is None for segment in self._active_elements)

    @cached_property
    def slots(self) -> dict[int, str]:
        """Function names by index in the table of indirect calls, as segments fill it."""
        found: dict[int, str] = {}
        for segment in self._active_elements:
            base = constant(segment.offset)
            if base is None:
                continue
            for position, index in enumerate(segment.functions):
                found[base + position] = self.function_name(index)
            for position, item in enumerate(segment.expressions):
                instructions = expression.decode(item)
                if instructions and instructions[0][0] == expression.Opcode.REF_FUNC:
                    found[base + position] = self.function_name(instructions[0][1] or 0)
        return found

    @cached_property
    def data(self) -> list[tuple[int, bytes]]:
        """Active data segments of memory 0 with constant addresses, by address."""
        section = self.module.find(DataSection)
        found = []
        for segment in section.segments if section else []:
            base = constant(segment.init)
            if base is not None and not segment.memory:
                found.append((base & 0xFFFFFFFFFFFFFFFF if base < 0 else base, segment.content))
        return sorted(found, key=lambda entry: entry[0])

    @cached_property
    def passive(self) -> bool:
        """Whether some data is placed by code (passive segments) or by an imported base."""
        section = self.module.find(DataSection)
        return any(constant(s.init) is None for s in section.segments) if section else False

    def memory(self, address: int, size: int) -> bytes:
        """The bytes of memory 0 after the data segments are placed; zero where none is."""
        image = bytearray(size)
        for base, content in self.data:
            low, high = max(base, address), min(base + len(content), address + size)
            if low < high:
                image[low - address : high - address] = content[low - base : high - base]
        return bytes(image)


def render_type(kind: FunctionType | None) -> str:
    """A function type as "(i32, i32) -> i64"."""
    if kind is None:
        return "(no type)"
    parameters = ", ".join(p.name.lower() for p in kind.parameters)
    results = ", ".join(r.name.lower() for r in kind.results) or "nothing"
    return f"({parameters}) -> {results}"

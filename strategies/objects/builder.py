"""An object file being built: index spaces, symbols and relocation sites.

Symbols are numbered in the order in which they are asked for; indices of functions, globals,
tables and tags are known when `finish` numbers imports before definitions, and only then are
the relocation sites written, with the provisional values that a compiler leaves in them.
"""

from __future__ import annotations

from linker.format.constants import (
    ComdatKind,
    DataSegmentFlag,
    ExternalKind,
    LimitsFlag,
    RelocationType,
    SymbolFlag,
    SymbolKind,
    ValueType,
)
from linker.format.model import (
    CodeSection,
    Comdat,
    ComdatEntry,
    CustomSection,
    DataCountSection,
    DataReference,
    DataSection,
    DataSegment,
    ElementSection,
    ElementSegment,
    Export,
    ExportSection,
    FunctionBody,
    FunctionSection,
    FunctionType,
    Global,
    GlobalSection,
    GlobalType,
    Import,
    ImportSection,
    InitExpr,
    InitFunction,
    Limits,
    LinkingSection,
    NameSection,
    ObjectFile,
    ProducersSection,
    Relocation,
    RelocationSection,
    Section,
    SegmentInfo,
    Symbol,
    Table,
    TableSection,
    TableType,
    TagSection,
    TargetFeature,
    TargetFeaturesSection,
    TypeSection,
)
from linker.format.relocation_shapes import WITH_ADDEND
from strategies.objects.code import Code, Site, field_bytes, uleb
from strategies.objects.parts import UNDEFINED, Custom, Entry, Segment, Style, placed

R = RelocationType
# Plain numbers: operators of IntFlag are slow.
LOCAL = int(SymbolFlag.BINDING_LOCAL)
WEAK = int(SymbolFlag.BINDING_WEAK)
ABSOLUTE = int(SymbolFlag.ABSOLUTE)
FUNCREF_TABLE = TableType(ValueType.FUNCREF, Limits(LimitsFlag(0), 0))
TABLE_INDEX = frozenset(
    {
        R.TABLE_INDEX_SLEB,
        R.TABLE_INDEX_I32,
        R.TABLE_INDEX_REL_SLEB,
        R.TABLE_INDEX_SLEB64,
        R.TABLE_INDEX_I64,
        R.TABLE_INDEX_REL_SLEB64,
    }
)
FUNCTION_OFFSET = frozenset({R.FUNCTION_OFFSET_I32, R.FUNCTION_OFFSET_I64})
_EXTERNAL = {
    SymbolKind.FUNCTION: ExternalKind.FUNCTION,
    SymbolKind.GLOBAL: ExternalKind.GLOBAL,
    SymbolKind.TABLE: ExternalKind.TABLE,
    SymbolKind.TAG: ExternalKind.TAG,
}


class ObjectBuilder:
    """One object file. Every method that adds a symbol returns its index."""

    def __init__(self, name: str, style: Style | None = None) -> None:
        self.name = name
        self.style = style or Style()
        self.types: dict[FunctionType, int] = {}
        self.imports: dict[ExternalKind, list[Import]] = {kind: [] for kind in ExternalKind}
        self.functions: list[tuple[int, Code, str | None]] = []
        self.memories: list[Limits] = []
        self.globals: list[Global] = []
        self.tables: list[Table] = []
        self.tags: list[int] = []
        self.segments: list[Segment] = []
        self.customs: list[Custom] = []
        self.symbols: list[Entry] = []
        self.init_functions: list[InitFunction] = []
        self.by_name: dict[str, int] = {}
        self.got: dict[int, int] = {}
        self.export_names: list[tuple[str, int]] = []
        self.empty_comdats: list[str] = []
        self.empty_sections = False
        self.symbols_as_exports = False
        self.linking_order: list[tuple[int, int]] | None = None
        self.early_customs: list[tuple[str, bytes]] = []
        self.features: list[TargetFeature] = []
        self.producers: list[tuple[str, list[tuple[str, str]]]] = []
        self.initial_symbols: dict[int, tuple[int, int]] = {}
        self._table_slots: dict[int, int] = {}
        self._takes_address = False

    # -- symbols ---------------------------------------------------------------------------

    def type_index(self, signature: FunctionType) -> int:
        """The index of a function type, added if it is new."""
        return self.types.setdefault(signature, len(self.types))

    def _add(self, entry: Entry) -> int:
        index = len(self.symbols)
        self.symbols.append(entry)
        if not entry.flags & LOCAL and entry.kind != SymbolKind.SECTION:
            self.by_name[entry.name] = index
        return index

    def define_function(
        self,
        name: str,
        signature: FunctionType,
        code: Code,
        flags: int = 0,
        comdat: str | None = None,
    ) -> int:
        """Define a function; `code` may still be written to afterwards."""
        self.functions.append((self.type_index(signature), code, comdat))
        return self._add(Entry(SymbolKind.FUNCTION, flags, name, len(self.functions) - 1))

    def alias(self, symbol: int, name: str, flags: int) -> int:
        """Another symbol for the same function or the same place in a segment."""
        old = self.symbols[symbol]
        return self._add(Entry(old.kind, flags, name, old.place, old.offset, old.size))

    def define_global(self, name: str, type_: GlobalType, init: bytes, flags: int) -> int:
        self.globals.append(Global(type_, InitExpr(init)))
        return self._add(Entry(SymbolKind.GLOBAL, flags, name, len(self.globals) - 1))

    def define_global_from(
        self, name: str, type_: GlobalType, opcode: int, symbol: int, flags: int
    ) -> int:
        """A global that starts as another global (`global.get`) or as a function (`ref.func`)."""
        self.initial_symbols[len(self.globals)] = (opcode, symbol)
        return self.define_global(name, type_, b"", flags)

    def define_table(self, name: str, type_: TableType, flags: int) -> int:
        self.tables.append(Table(type_))
        return self._add(Entry(SymbolKind.TABLE, flags, name, len(self.tables) - 1))

    def define_tag(self, name: str, signature: FunctionType, flags: int) -> int:
        self.tags.append(self.type_index(signature))
        return self._add(Entry(SymbolKind.TAG, flags, name, len(self.tags) - 1))

    def define_data(self, name: str, segment: int, offset: int, size: int, flags: int) -> int:
        return self._add(Entry(SymbolKind.DATA, flags, name, segment, offset, size))

    def undefined(
        self,
        kind: SymbolKind,
        name: str,
        description: int | TableType | GlobalType | None,
        flags: int = 0,
        source: tuple[str, str] | None = None,
    ) -> int:
        """An undefined symbol, with its import unless it is a data symbol.

        `source` is an explicit (import module, import name).
        """
        known = self.by_name.get(name)
        if known is not None:
            return known
        flags |= UNDEFINED
        if kind == SymbolKind.DATA:
            return self._add(Entry(kind, flags, name))
        module, field_name = source or ("env", name)
        if source is not None:
            flags |= int(SymbolFlag.EXPLICIT_NAME)
        external = _EXTERNAL[kind]
        imports = self.imports[external]
        assert description is not None
        imports.append(Import(module, field_name, external, description))
        return self._add(Entry(kind, flags, name, len(imports) - 1))

    def undefined_function(
        self,
        name: str,
        signature: FunctionType,
        flags: int = 0,
        source: tuple[str, str] | None = None,
    ) -> int:
        known = self.by_name.get(name)
        if known is not None:
            return known
        type_index = self.type_index(signature)
        return self.undefined(SymbolKind.FUNCTION, name, type_index, flags, source)

    def function_table(self) -> int:
        """The symbol of `__indirect_function_table`, undefined as in every object.

        It is -1 in the style of WebAssembly 1.0, where the import has no symbol.
        """
        name = "__indirect_function_table"
        if self.style.mvp_table:
            tables = self.imports[ExternalKind.TABLE]
            if not tables:
                tables.append(Import("env", name, ExternalKind.TABLE, FUNCREF_TABLE))
            return -1
        return self.undefined(SymbolKind.TABLE, name, FUNCREF_TABLE, int(SymbolFlag.NO_STRIP))

    def section_symbol(self, custom: int) -> int:
        """The section symbol of a custom section."""
        section = self.customs[custom]
        if section.symbol is None:
            flags = int(SymbolFlag.BINDING_LOCAL)
            section.symbol = self._add(Entry(SymbolKind.SECTION, flags, "", custom))
        return section.symbol

    def got_entry(self, symbol: int) -> None:
        """Import the global that stands for a symbol's address, as PIC does."""
        if symbol not in self.got:
            entry = self.symbols[symbol]
            module = "GOT.mem" if entry.kind == SymbolKind.DATA else "GOT.func"
            imports = self.imports[ExternalKind.GLOBAL]
            self.got[symbol] = len(imports)
            type_ = GlobalType(ValueType.I32, True)
            imports.append(Import(module, entry.name, ExternalKind.GLOBAL, type_))

    def segment(self, name: str, alignment: int = 0, flags: int = 0) -> int:
        self.segments.append(Segment(name, alignment, flags))
        return len(self.segments) - 1

    def comdat_names(self) -> set[str]:
        """The names of the object's comdat groups."""
        names = {comdat for _, _, comdat in self.functions}
        names.update(segment.comdat for segment in self.segments)
        names.update(custom.comdat for custom in self.customs)
        names.update(self.empty_comdats)
        return {name for name in names if name is not None}

    def symbol_order(self) -> range:
        """The symbols in the order of the file; sites and `symbols` keep their own numbers."""
        count = len(self.symbols)
        return range(count - 1, -1, -1) if self.style.reversed_symbols else range(count)

    def _final(self, symbol: int) -> int:
        return len(self.symbols) - 1 - symbol if self.style.reversed_symbols else symbol

    def _relocation(self, site: Site, base: int) -> Relocation:
        """The relocation of a site whose content starts at `base` of its section."""
        kind, offset, symbol, addend = site
        index = symbol if kind == R.TYPE_INDEX_LEB else self._final(symbol)
        return Relocation(kind, base + offset, index, addend)

    # -- finishing -------------------------------------------------------------------------

    def _space_index(self, entry: Entry) -> int:
        """The index of a function, global, table or tag in its index space."""
        if not entry.is_defined:
            return entry.place
        return len(self.imports[_EXTERNAL[entry.kind]]) + entry.place

    def _address(self, entry: Entry, starts: list[int]) -> int:
        if not entry.is_defined:
            return 0
        if entry.flags & ABSOLUTE:
            return entry.offset
        return starts[entry.place] + entry.offset

    def _value(self, site: Site, starts: list[int], place: int) -> int:
        """The provisional value of a site, as a compiler writes it."""
        kind = site.type
        if kind == R.TYPE_INDEX_LEB:
            return site.symbol
        entry = self.symbols[site.symbol]
        if kind in TABLE_INDEX:
            return self._table_slots.get(self._space_index(entry), 0)
        if kind in FUNCTION_OFFSET or kind == R.SECTION_OFFSET_I32:
            return site.addend
        if kind in WITH_ADDEND:
            value = self._address(entry, starts) + site.addend
            return value - place if kind == R.MEMORY_ADDR_LOCREL_I32 else value
        if site.symbol in self.got and kind == R.GLOBAL_INDEX_LEB:
            return self.got[site.symbol]
        return self._space_index(entry)

    def _write_sites(
        self, data: bytearray, sites: list[Site], starts: list[int], address: int = 0
    ) -> None:
        for site in sites:
            value = self._value(site, starts, address + site.offset)
            if self.style.garbage_in_sites and site.type in WITH_ADDEND:
                value ^= 0x55
            field_ = field_bytes(site.type, value)
            data[site.offset : site.offset + len(field_)] = field_

    def _collect_table(self) -> list[int]:
        """Function indices whose address is taken, in order of their first use."""
        taken: dict[int, int] = {}
        self._takes_address = False
        groups = [code.sites for _, code, _ in self.functions]
        groups += [segment.sites for segment in self.segments]
        for sites in groups:
            for site in sites:
                if site.type in TABLE_INDEX:
                    self._takes_address = True
                    entry = self.symbols[site.symbol]
                    if not entry.is_defined and entry.flags & WEAK:
                        continue
                    taken.setdefault(self._space_index(entry), len(taken) + 1)
        self._table_slots = taken
        return list(taken)

    def finish(self) -> ObjectFile:
        """The object file as a model, ready to encode."""
        style = self.style
        width = 5 if style.padded_sizes else 0
        taken = self._collect_table()
        if self._takes_address:
            # wasm-ld 22 crashes where functions have addresses and no object has the table.
            self.function_table()
        starts, data_size = self._segment_starts()
        sections: list[Section] = [CustomSection(*early, width) for early in self.early_customs]
        if self.types or self.empty_sections:
            sections.append(TypeSection(list(self.types), width))
        imports = self._all_imports(data_size)
        if imports or self.empty_sections:
            sections.append(ImportSection(imports, width))
        if self.functions or self.empty_sections:
            sections.append(FunctionSection([type_ for type_, _, _ in self.functions], width))
        if self.tables or self.empty_sections:
            sections.append(TableSection(self.tables, width))
        if self.tags or self.empty_sections:
            sections.append(TagSection(self.tags, width))
        if self.globals or self.empty_sections:
            self._set_initial_values()
            sections.append(GlobalSection(self.globals, width))
        exports = self._exports()
        if exports or self.empty_sections:
            sections.append(ExportSection(exports, width))
        if taken and style.element_section:
            sections.append(ElementSection([self._element_segment(taken)], width))
        relocations: list[tuple[str, int, list[Relocation]]] = []
        if style.data_count and self.segments:
            sections.append(DataCountSection(len(self.segments), width))
        if self.functions or self.empty_sections:
            relocations.append(
                ("reloc.CODE", len(sections), self._add_code(sections, starts, width))
            )
        if self.segments or self.empty_sections:
            relocations.append(
                ("reloc.DATA", len(sections), self._add_data(sections, starts, width))
            )
        custom_base = len(sections)
        for custom in self.customs:
            content = bytearray(custom.content)
            self._write_sites(content, custom.sites, starts)
            found = [self._relocation(site, 0) for site in custom.sites]
            relocations.append((f"reloc.{custom.name}", len(sections), found))
            sections.append(CustomSection(custom.name, bytes(content), width))
        sections.append(self._linking(custom_base, width))
        for name, target, found in relocations:
            if found:
                sections.append(RelocationSection(name, target, found, width))
        if style.name_section:
            sections.append(self._names(width))
        if self.producers:
            sections.append(ProducersSection(self.producers, width))
        if self.features:
            sections.append(TargetFeaturesSection(self.features, width))
        return ObjectFile(self.name, sections)

    def _segment_starts(self) -> tuple[list[int], int]:
        """Where each segment starts in the object's memory, and where the last one ends."""
        starts: list[int] = []
        position = 0
        for segment in self.segments:
            position = -(-position >> segment.alignment) << segment.alignment
            starts.append(position)
            position += len(segment.content)
        return starts, position

    def _all_imports(self, data_size: int) -> list[Import]:
        memories = self.memories
        if self.style.linear_memory_import and not memories:
            memories = [Limits(LimitsFlag(0), -(-data_size // 65536))]
        imports: list[Import] = []
        for number, limits in enumerate(memories):
            name = f"memory{number}" if number else "__linear_memory"
            imports.append(Import("env", name, ExternalKind.MEMORY, limits))
        for group in self.imports.values():
            imports += group
        return imports

    def _set_initial_values(self) -> None:
        """Of the globals that start as something that has an index."""
        for ordinal, (opcode, symbol) in self.initial_symbols.items():
            index = self._space_index(self.symbols[symbol])
            init = InitExpr(bytes((opcode,)) + uleb(index) + b"\x0b")
            self.globals[ordinal] = Global(self.globals[ordinal].type, init)

    def _exports(self) -> list[Export]:
        names = self.export_names
        if self._shows_symbols_as_exports():
            names = [(entry.name, number) for number, entry in enumerate(self.symbols)]
        return [
            Export(name, ExternalKind.FUNCTION, self._space_index(self.symbols[symbol]))
            for name, symbol in names
        ]

    def _shows_symbols_as_exports(self) -> bool:
        """Whether exports stand for the symbol table: they say no more than a function's name."""
        if not self.symbols_as_exports or self.export_names or self.init_functions:
            return False
        if self.segments or self.customs or self.empty_comdats:
            return False
        if any(code.sites or comdat for _, code, comdat in self.functions):
            return False
        return all(
            entry.kind == SymbolKind.FUNCTION and entry.is_defined and not entry.flags
            for entry in self.symbols
        )

    def _element_segment(self, taken: list[int]) -> ElementSegment:
        table = next(
            (
                entry.place
                for entry in self.symbols
                if entry.kind == SymbolKind.TABLE and entry.name == "__indirect_function_table"
            ),
            0,
        )
        return ElementSegment(
            2 if table else 0,
            table,
            InitExpr(b"\x41\x01\x0b"),
            0 if table else None,
            tuple(taken),
        )

    def _add_code(self, sections: list[Section], starts: list[int], width: int) -> list[Relocation]:
        found: list[Relocation] = []
        bodies: list[FunctionBody] = []
        position = len(uleb(len(self.functions)))
        for _, code, _ in self.functions:
            self._write_sites(code.data, code.sites, starts)
            content = bytes(code.data)
            size_width = 5 if self.style.padded_bodies else 0
            bodies.append(FunctionBody(content, 0, size_width))
            position += size_width or len(uleb(len(content)))
            found += [self._relocation(site, position) for site in code.sites]
            position += len(content)
        sections.append(CodeSection(bodies, width))
        return found

    def _add_data(self, sections: list[Section], starts: list[int], width: int) -> list[Relocation]:
        found: list[Relocation] = []
        segments: list[DataSegment] = []
        position = len(uleb(len(self.segments)))
        for segment, start in zip(self.segments, starts, strict=True):
            self._write_sites(segment.content, segment.sites, starts, start)
            data = placed(segment, start)
            segments.append(data)
            offset = data.init.body if data.init is not None else b""
            explicit = data.flags & DataSegmentFlag.EXPLICIT_MEMORY
            position += 1 + bool(explicit) + len(offset) + len(uleb(len(segment.content)))
            ordered = sorted(segment.sites, key=lambda site: site.offset)
            found += [self._relocation(site, position) for site in ordered]
            position += len(segment.content)
        sections.append(DataSection(segments, width))
        return found

    def _linking(self, custom_base: int, width: int) -> LinkingSection:
        if self._shows_symbols_as_exports():
            return LinkingSection(order=[], size_width=width)
        symbols: list[Symbol] = []
        for number in self.symbol_order():
            entry = self.symbols[number]
            kind, flags, name = entry.kind, entry.flags, entry.name
            if kind == SymbolKind.DATA:
                reference = None
                if entry.is_defined:
                    reference = DataReference(entry.place, entry.offset, entry.size)
                symbols.append(Symbol(kind, flags, name, None, reference))
            elif kind == SymbolKind.SECTION:
                symbols.append(Symbol(kind, flags, name, custom_base + entry.place))
            else:
                symbols.append(Symbol(kind, flags, name, self._space_index(entry)))
        groups: dict[str, list[ComdatEntry]] = {}
        first = len(self.imports[ExternalKind.FUNCTION])
        for ordinal, (_, _, comdat) in enumerate(self.functions):
            if comdat is not None:
                groups.setdefault(comdat, []).append(
                    ComdatEntry(ComdatKind.FUNCTION, first + ordinal)
                )
        for ordinal, segment in enumerate(self.segments):
            if segment.comdat is not None:
                groups.setdefault(segment.comdat, []).append(ComdatEntry(ComdatKind.DATA, ordinal))
        for ordinal, custom in enumerate(self.customs):
            if custom.comdat is not None:
                entry_ = ComdatEntry(ComdatKind.SECTION, custom_base + ordinal)
                groups.setdefault(custom.comdat, []).append(entry_)
        for name in self.empty_comdats:
            groups.setdefault(name, [])
        return LinkingSection(
            symbols=symbols,
            segments=[SegmentInfo(s.name, s.alignment, s.flags) for s in self.segments],
            init_functions=[InitFunction(p, self._final(s)) for p, s in self.init_functions],
            comdats=[Comdat(name, 0, tuple(entries)) for name, entries in groups.items()],
            order=self.linking_order,
            size_width=width,
        )

    def _names(self, width: int) -> NameSection:
        names: dict[int, str] = {}
        for entry in self.symbols:
            if entry.kind == SymbolKind.FUNCTION and entry.name:
                names.setdefault(self._space_index(entry), entry.name)
        return NameSection([(1, width, sorted(names.items()))], width)

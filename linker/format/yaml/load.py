"""YAML to `ObjectFile`, with the defaults and checks of yaml2obj (LLVM's `WasmEmitter.cpp`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from linker.format.constants import (
    VERSION,
    ElementSegmentFlag,
    ExternalKind,
    LimitsFlag,
    LinkingSubsection,
    NameSubsection,
    SectionId,
    SymbolFlag,
    SymbolKind,
    ValueType,
)
from linker.format.expression import f32_const, f64_const, global_get, i32_const, i64_const
from linker.format.leb128 import encode_unsigned, size_unsigned
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
    MemorySection,
    NameSection,
    ObjectFile,
    ProducersSection,
    Relocation,
    RelocationSection,
    Section,
    SegmentInfo,
    StartSection,
    Symbol,
    Table,
    TableSection,
    TableType,
    TagSection,
    TargetFeature,
    TargetFeaturesSection,
    TypeSection,
)
from linker.format.yaml import dylink, names
from linker.format.yaml.dump import canonical_size_width
from linker.format.yaml.fields import Fields, Source
from linker.format.yaml.read import Node, read_document

_DEFAULT_SIZE_WIDTH = 5
_LINKING_ORDER = (
    LinkingSubsection.SYMBOL_TABLE,
    LinkingSubsection.SEGMENT_INFO,
    LinkingSubsection.INIT_FUNCS,
    LinkingSubsection.COMDAT_INFO,
)


def from_yaml(text: str, name: str) -> ObjectFile:
    """The file that `text` describes; `name` is what errors call it.

    Encoding it gives the bytes that yaml2obj writes. Whether it is a valid object is not
    checked beyond what yaml2obj needs: `parse` does that. Raises MalformedFile, whose
    offset counts bytes of the text (in UTF-8).
    """
    document = read_document(text, name)
    source = Source(text, name)
    if document.tag not in ("", "!WASM"):
        source.fail(0, f"expected a document with the tag !WASM, found {document.tag}")
    fields = source.fields(document.root)
    header = source.fields(fields.need("FileHeader"))
    version = header.need("Version")
    if source.number(version) != VERSION:
        source.fail(version, f"only version {VERSION} is known")
    header.finish()

    loader = _Loader(source)
    sections: list[Section] = []
    relocations: list[Section] = []
    for section_fields in fields.each("Sections"):
        section = loader.section(section_fields)
        found = loader.relocations(section_fields, section, len(sections))
        if found is not None:
            relocations.append(found)
        sections.append(section)
        source.section = ""
    fields.finish()
    return ObjectFile(name, sections + relocations)


@dataclass
class _Loader:
    """Makes sections; `imported` counts what earlier imports added to each index space."""

    source: Source
    imported: dict[ExternalKind, int] = field(
        default_factory=lambda: dict.fromkeys(ExternalKind, 0)
    )

    def section(self, fields: Fields) -> Section:
        """The section of a mapping, from which the relocations are not taken yet."""
        word = fields.need_text("Type")
        self.source.section = word
        kind = self.source.word(fields.node.entries["Type"][1], names.SECTION_TYPES)
        width_node = fields.take("HeaderSecSizeEncodingLen")
        relocations = fields.left.pop("Relocations", None)
        if kind is SectionId.CUSTOM:
            name = fields.need_text("Name")
            self.source.section = name
            section = _CUSTOM.get(name, _custom(name))(self, fields)
        else:
            section = _SECTIONS[kind](self, fields)
        section.size_width = self.size_width(width_node, section)
        if relocations is not None:
            fields.left["Relocations"] = relocations
        return section

    def size_width(self, node: Node | None, section: Section) -> int:
        """The width of a section's size, 0 where it is the least one."""
        if node is None:
            return _DEFAULT_SIZE_WIDTH
        section.size_width = 0
        least = canonical_size_width(section)
        width = self.source.number(node)
        if not least <= width <= _DEFAULT_SIZE_WIDTH:
            self.source.fail(node, f"expected a width from {least} to {_DEFAULT_SIZE_WIDTH} bytes")
        return 0 if width == least else width

    def relocations(self, fields: Fields, section: Section, index: int) -> Section | None:
        """The relocation section of a section, None if it has no relocations."""
        node = fields.node.entries.get("Relocations")
        found: list[Relocation] = []
        for one in fields.each("Relocations"):
            found.append(self._relocation(one))
        if node is None or not found:
            return None
        if isinstance(section, CodeSection):
            target = "CODE"
        elif isinstance(section, DataSection):
            target = "DATA"
        elif section.id is SectionId.CUSTOM:
            target = getattr(section, "name")  # noqa: B009  (only custom sections have one)
        else:
            self.source.fail(node[0], "only code, data and custom sections have relocations")
        return RelocationSection(f"reloc.{target}", index, found, size_width=0)

    def _relocation(self, fields: Fields) -> Relocation:
        node = fields.need("Type")
        text = self.source.text_of(node)
        kind = names.RELOCATION_TYPES.get(text)
        if kind is None:
            if not text.startswith("0x"):
                self.source.fail(node, f"unknown relocation type {text!r}")
            kind = self.source.number(node, 8)
        index = fields.need_number("Index")
        offset = fields.need_number("Offset")
        addend = fields.take("Addend")
        value = 0 if addend is None else self.source.number(addend, 64, signed=True)
        return Relocation(kind, offset, index, value)

    def limits(self, node: Node) -> Limits:
        fields = self.source.fields(node)
        flags_node = fields.take("Flags")
        flags = 0 if flags_node is None else self.source.flags(flags_node, names.LIMITS_FLAGS)
        minimum = fields.need_number("Minimum", 64)
        maximum = fields.take_number("Maximum", 64)
        page_size = fields.take_number("PageSize")
        fields.finish()
        return Limits(
            LimitsFlag(flags),
            minimum,
            maximum if flags & LimitsFlag.HAS_MAX else None,
            page_size if flags & LimitsFlag.HAS_PAGE_SIZE else None,
        )

    def table(self, fields: Fields, index: int | None) -> TableType:
        """A table's type. `index` is what its Index must be; any for an imported one."""
        if index is None:
            fields.need_number("Index")
        else:
            fields.need_index(index)
        element = self.source.word(fields.need("ElemType"), names.VALUE_TYPES)
        return TableType(element, self.limits(fields.need("Limits")))

    def init_expr(self, node: Node) -> InitExpr:
        source = self.source
        fields = source.fields(node)
        extended = fields.take("Extended")
        if extended is not None and source.boolean(extended):
            expression = InitExpr(source.binary(fields.need("Body")))
        else:
            opcode_node = fields.need("Opcode")
            opcode = source.word(opcode_node, names.OPCODES)
            if opcode == names.OPCODES["I32_CONST"]:
                expression = i32_const(source.number(fields.need("Value"), 32, signed=True))
            elif opcode == names.OPCODES["I64_CONST"]:
                expression = i64_const(source.number(fields.need("Value"), 64, signed=True))
            elif opcode == names.OPCODES["F32_CONST"]:
                expression = f32_const(fields.need_number("Value"))
            elif opcode == names.OPCODES["F64_CONST"]:
                expression = f64_const(fields.need_number("Value", 64))
            elif opcode == names.OPCODES["GLOBAL_GET"]:
                expression = global_get(fields.need_number("Index"))
            elif opcode == names.OPCODES["REF_NULL"]:
                kind = source.word(fields.need("Type"), names.VALUE_TYPES)
                expression = InitExpr(bytes((0xD0, kind, 0x0B)))
            else:
                source.fail(opcode_node, "END alone is no init expression")
        fields.finish()
        return expression

    def value_types(self, node: Node) -> tuple[ValueType, ...]:
        return tuple(self.source.word(item, names.VALUE_TYPES) for item in self.source.items(node))

    def types(self, fields: Fields) -> Section:
        found: list[FunctionType] = []
        for one in fields.each("Signatures"):
            one.need_index(len(found))
            parameters = self.value_types(one.need("ParamTypes"))
            found.append(FunctionType(parameters, self.value_types(one.need("ReturnTypes"))))
        return TypeSection(found)

    def imports(self, fields: Fields) -> Section:
        found: list[Import] = []
        for one in fields.each("Imports"):
            module, name = one.need_text("Module"), one.need_text("Field")
            kind = self.source.word(one.need("Kind"), names.EXTERNAL_KINDS)
            description: int | TableType | Limits | GlobalType
            if kind in (ExternalKind.FUNCTION, ExternalKind.TAG):
                description = one.need_number("SigIndex")
            elif kind is ExternalKind.MEMORY:
                description = self.limits(one.need("Memory"))
            elif kind is ExternalKind.TABLE:
                table_fields = self.source.fields(one.need("Table"))
                description = self.table(table_fields, None)
                table_fields.finish()
            else:
                value_type = self.source.word(one.need("GlobalType"), names.VALUE_TYPES)
                mutable = self.source.boolean(one.need("GlobalMutable"))
                description = GlobalType(value_type, mutable)
            self.imported[kind] += 1
            found.append(Import(module, name, kind, description))
        return ImportSection(found)

    def optional_numbers(self, fields: Fields, key: str) -> list[int]:
        node = fields.take(key)
        return [] if node is None else self.source.numbers(node)

    def functions(self, fields: Fields) -> Section:
        return FunctionSection(self.optional_numbers(fields, "FunctionTypes"))

    def tags(self, fields: Fields) -> Section:
        return TagSection(self.optional_numbers(fields, "TagTypes"))

    def tables(self, fields: Fields) -> Section:
        found: list[Table] = []
        for one in fields.each("Tables"):
            index = self.imported[ExternalKind.TABLE] + len(found)
            found.append(Table(self.table(one, index)))
        return TableSection(found)

    def memories(self, fields: Fields) -> Section:
        node = fields.take("Memories")
        items = [] if node is None else self.source.items(node)
        return MemorySection([self.limits(item) for item in items])

    def globals(self, fields: Fields) -> Section:
        found: list[Global] = []
        for one in fields.each("Globals"):
            one.need_index(self.imported[ExternalKind.GLOBAL] + len(found))
            value_type = self.source.word(one.need("Type"), names.VALUE_TYPES)
            mutable = self.source.boolean(one.need("Mutable"))
            init = self.init_expr(one.need("InitExpr"))
            found.append(Global(GlobalType(value_type, mutable), init))
        return GlobalSection(found)

    def exports(self, fields: Fields) -> Section:
        found: list[Export] = []
        for one in fields.each("Exports"):
            name = one.need_text("Name")
            kind = self.source.word(one.need("Kind"), names.EXTERNAL_KINDS)
            found.append(Export(name, kind, one.need_number("Index")))
        return ExportSection(found)

    def start(self, fields: Fields) -> Section:
        return StartSection(fields.take_number("StartFunction"))

    def elements(self, fields: Fields) -> Section:
        found: list[ElementSegment] = []
        for one in fields.each("Segments"):
            flags = one.take_number("Flags")
            if flags & ElementSegmentFlag.EXPRESSIONS:
                self.source.fail(one.node, "a segment of expressions has no YAML form")
            table = one.take_number("TableNumber")
            kind_node = one.take("ElemKind")
            kind: int | None = None
            if flags & (ElementSegmentFlag.PASSIVE | ElementSegmentFlag.EXPLICIT_TABLE):
                if kind_node is None or self.source.text_of(kind_node) != "FUNCREF":
                    self.source.fail(kind_node or one.node, "expected ElemKind: FUNCREF")
                kind = 0
            offset = self.init_expr(one.need("Offset"))
            functions = tuple(self.source.numbers(one.need("Functions")))
            is_active = not flags & ElementSegmentFlag.PASSIVE
            found.append(
                ElementSegment(
                    flags,
                    table if is_active and flags & ElementSegmentFlag.EXPLICIT_TABLE else 0,
                    offset if is_active else None,
                    kind,
                    functions,
                )
            )
        return ElementSection(found)

    def data_count(self, fields: Fields) -> Section:
        return DataCountSection(fields.need_number("Count"))

    def code(self, fields: Fields) -> Section:
        bodies: list[bytes] = []
        for one in fields.each("Functions", required=True):
            one.need_index(self.imported[ExternalKind.FUNCTION] + len(bodies))
            groups: list[bytes] = []
            for group in one.each("Locals", required=True):
                kind = self.source.word(group.need("Type"), names.VALUE_TYPES)
                groups.append(encode_unsigned(group.need_number("Count")) + bytes((kind,)))
            body = self.source.binary(one.need("Body"))
            bodies.append(encode_unsigned(len(groups)) + b"".join(groups) + body)
        functions: list[FunctionBody] = []
        position = size_unsigned(len(bodies))
        for content in bodies:
            functions.append(FunctionBody(content, position))
            position += size_unsigned(len(content)) + len(content)
        return CodeSection(functions)

    def data(self, fields: Fields) -> Section:
        found: list[DataSegment] = []
        for one in fields.each("Segments", required=True):
            one.take_number("SectionOffset")  # follows from the rest
            flags = one.need_number("InitFlags")
            memory = one.need_number("MemoryIndex") if flags & 2 else 0
            init = None if flags & 1 else self.init_expr(one.need("Offset"))
            found.append(DataSegment(flags, memory, init, self.source.binary(one.need("Content"))))
        segments: list[DataSegment] = []
        position = size_unsigned(len(found))
        for segment in found:
            position += size_unsigned(segment.flags)
            position += size_unsigned(segment.memory) if segment.flags & 2 else 0
            position += len(segment.init.body) if segment.init else 0
            position += size_unsigned(len(segment.content))
            segments.append(segment._replace(offset=position))
            position += len(segment.content)
        return DataSection(segments)

    def linking(self, fields: Fields) -> Section:
        section = LinkingSection(fields.need_number("Version"))
        for one in fields.each("SymbolTable"):
            section.symbols.append(self.symbol(one, len(section.symbols)))
        for one in fields.each("SegmentInfo"):
            one.need_index(len(section.segments))
            name, alignment = one.need_text("Name"), one.need_number("Alignment")
            flags = self.source.flags(one.need("Flags"), names.SEGMENT_FLAGS)
            section.segments.append(SegmentInfo(name, alignment, flags))
        for one in fields.each("InitFunctions"):
            priority = one.need_number("Priority")
            section.init_functions.append(InitFunction(priority, one.need_number("Symbol")))
        for one in fields.each("Comdats"):
            name = one.need_text("Name")
            entries: list[ComdatEntry] = []
            for entry in one.each("Entries", required=True):
                kind = self.source.word(entry.need("Kind"), names.COMDAT_KINDS)
                entries.append(ComdatEntry(kind, entry.need_number("Index")))
            section.comdats.append(Comdat(name, 0, tuple(entries)))
        lists = (section.symbols, section.segments, section.init_functions, section.comdats)
        section.order = [
            (int(kind), 0) for kind, found in zip(_LINKING_ORDER, lists, strict=True) if found
        ]
        return section

    def symbol(self, fields: Fields, index: int) -> Symbol:
        fields.need_index(index)
        kind = self.source.word(fields.need("Kind"), names.SYMBOL_KINDS)
        name = "" if kind is SymbolKind.SECTION else fields.need_text("Name")
        flags = self.source.flags(fields.need("Flags"), names.SYMBOL_FLAGS)
        if kind is not SymbolKind.DATA:
            element = fields.need_number(names.SYMBOL_INDEX_KEYS[kind])
            return Symbol(kind, flags, name, element)
        if flags & SymbolFlag.UNDEFINED:
            return Symbol(kind, flags, name)
        segment = 0 if flags & SymbolFlag.ABSOLUTE else fields.need_number("Segment")
        offset = fields.take_number("Offset", 64)
        data = DataReference(segment, offset, fields.need_number("Size", 64))
        return Symbol(kind, flags, name, data=data)

    def names(self, fields: Fields) -> Section:
        subsections: list[tuple[int, int, list[tuple[int, str]] | bytes]] = []
        for key, kind in (
            ("FunctionNames", NameSubsection.FUNCTION),
            ("GlobalNames", NameSubsection.GLOBAL),
            ("DataSegmentNames", NameSubsection.DATA_SEGMENT),
        ):
            entries: list[tuple[int, str]] = []
            for one in fields.each(key):
                entries.append((one.need_number("Index"), one.need_text("Name")))
            if entries:
                subsections.append((int(kind), 0, entries))
        return NameSection(subsections)

    def producers(self, fields: Fields) -> Section:
        found: list[tuple[str, list[tuple[str, str]]]] = []
        for key, field_name in names.PRODUCER_FIELDS.items():
            entries: list[tuple[str, str]] = []
            for one in fields.each(key):
                entries.append((one.need_text("Name"), one.need_text("Version")))
            if entries:
                found.append((field_name, entries))
        return ProducersSection(found)

    def features(self, fields: Fields) -> Section:
        found: list[TargetFeature] = []
        for one in fields.each("Features", required=True):
            prefix = self.source.word(one.need("Prefix"), names.FEATURE_PREFIXES)
            found.append(TargetFeature(prefix, one.need_text("Name")))
        return TargetFeaturesSection(found)


def _dylink(name: str) -> Callable[[_Loader, Fields], Section]:
    def load(loader: _Loader, fields: Fields) -> Section:
        source = loader.source
        known = dylink.Dylink(
            fields.need_number("MemorySize"),
            fields.need_number("MemoryAlignment"),
            fields.need_number("TableSize"),
            fields.need_number("TableAlignment"),
            [source.text_of(item) for item in source.items(fields.need("Needed"))],
        )
        for one in fields.each("ImportInfo"):
            module, field_name = one.need_text("Module"), one.need_text("Field")
            flags = source.flags(one.need("Flags"), names.SYMBOL_FLAGS)
            known.imports.append((module, field_name, flags))
        for one in fields.each("ExportInfo"):
            export = one.need_text("Name")
            known.exports.append((export, source.flags(one.need("Flags"), names.SYMBOL_FLAGS)))
        return CustomSection(name, dylink.encode(known))

    return load


def _custom(name: str) -> Callable[[_Loader, Fields], Section]:
    def load(loader: _Loader, fields: Fields) -> Section:
        return CustomSection(name, loader.source.binary(fields.need("Payload")))

    return load


_SECTIONS: dict[SectionId, Callable[[_Loader, Fields], Section]] = {
    SectionId.TYPE: _Loader.types,
    SectionId.IMPORT: _Loader.imports,
    SectionId.FUNCTION: _Loader.functions,
    SectionId.TABLE: _Loader.tables,
    SectionId.MEMORY: _Loader.memories,
    SectionId.TAG: _Loader.tags,
    SectionId.GLOBAL: _Loader.globals,
    SectionId.EXPORT: _Loader.exports,
    SectionId.START: _Loader.start,
    SectionId.ELEMENT: _Loader.elements,
    SectionId.CODE: _Loader.code,
    SectionId.DATA: _Loader.data,
    SectionId.DATA_COUNT: _Loader.data_count,
}
_CUSTOM: dict[str, Callable[[_Loader, Fields], Section]] = {
    "dylink": _dylink("dylink"),
    "dylink.0": _dylink("dylink.0"),
    "linking": _Loader.linking,
    "name": _Loader.names,
    "producers": _Loader.producers,
    "target_features": _Loader.features,
}

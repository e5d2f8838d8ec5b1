"""`ObjectFile` to YAML; names and order of the keys are those of LLVM's `WasmYAML.cpp`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from linker.format.constants import (
    ElementSegmentFlag,
    ExternalKind,
    LimitsFlag,
    NameSubsection,
    SymbolFlag,
    SymbolKind,
)
from linker.format.encode import encode_section
from linker.format.leb128 import (
    LebError,
    decode_signed,
    decode_unsigned,
    encode_signed,
    encode_unsigned,
)
from linker.format.model import (
    CodeSection,
    CustomSection,
    DataCountSection,
    DataSection,
    ElementSection,
    ExportSection,
    FunctionSection,
    GlobalSection,
    ImportSection,
    InitExpr,
    Limits,
    LinkingSection,
    MemorySection,
    NameSection,
    ObjectFile,
    ProducersSection,
    RelocationSection,
    Section,
    StartSection,
    Symbol,
    TableSection,
    TableType,
    TagSection,
    TargetFeaturesSection,
    TypeSection,
)
from linker.format.yaml import dylink, names
from linker.format.yaml.write import Flow, Node, binary, hexadecimal, quote, write_document

_DEFAULT_SIZE_WIDTH = 5  # of the size of a section, where nothing else is said

Fields = dict[str, Node]


def to_yaml(object_file: ObjectFile) -> str:
    """The YAML form of a file, as obj2yaml writes it.

    Where obj2yaml loses something that yaml2obj could write, this keeps it: sizes of sections
    of any width, segments without a name, the order of comdat entries, init expressions of any
    bytes. Raises ValueError for what has no form: element segments of expressions, tables
    with an initial value, a function body whose local declarations or a section dylink.0 that
    cannot be read.
    """
    return write_document("!WASM", _file(object_file))


def _file(object_file: ObjectFile) -> Fields:
    relocations: dict[int, list[Node]] = {}
    imported = dict.fromkeys(ExternalKind, 0)
    for section in object_file.sections:
        if isinstance(section, RelocationSection):
            relocations.setdefault(section.target, []).extend(_relocations(section))
        elif isinstance(section, ImportSection):
            for entry in section.imports:
                imported[entry.kind] += 1
    sections: list[Node] = []
    for index, section in enumerate(object_file.sections):
        if isinstance(section, RelocationSection):
            continue
        word, dump = _DUMPERS[type(section)]
        fields: Fields = {"Type": word}
        if relocations.get(index):
            fields["Relocations"] = relocations[index]
        width = section.size_width
        if width != _DEFAULT_SIZE_WIDTH:
            fields["HeaderSecSizeEncodingLen"] = str(width or canonical_size_width(section))
        fields.update(dump(section, imported))
        sections.append(fields)
    document: Fields = {"FileHeader": {"Version": "0x1"}}
    if sections:
        document["Sections"] = sections
    return document


def canonical_size_width(section: Section) -> int:
    """The width of the size of a section that is written as short as possible."""
    _, end = decode_unsigned(encode_section(section), 1)
    return end - 1


def _relocations(section: RelocationSection) -> list[Node]:
    found: list[Node] = []
    for relocation in section.relocations:
        fields: Fields = {
            "Type": names.RELOCATION_NAMES.get(relocation.type) or hexadecimal(relocation.type),
            "Index": str(relocation.index),
            "Offset": hexadecimal(relocation.offset),
        }
        if relocation.addend:
            fields["Addend"] = str(relocation.addend)
        found.append(fields)
    return found


def _flags(value: int, known: Mapping[str, int]) -> Flow:
    return Flow([name for name, bit in known.items() if value & bit], wrap=False)


def _numbers(values: Iterable[int]) -> Flow:
    return Flow([str(value) for value in values])


def _limits(limits: Limits) -> Fields:
    fields: Fields = {}
    if limits.flags:
        fields["Flags"] = _flags(limits.flags, names.LIMITS_FLAGS)
    fields["Minimum"] = hexadecimal(limits.minimum)
    if limits.flags & LimitsFlag.HAS_MAX:
        fields["Maximum"] = hexadecimal(limits.maximum or 0)
    if limits.flags & LimitsFlag.HAS_PAGE_SIZE:
        fields["PageSize"] = hexadecimal(limits.page_size or 0)
    return fields


def _table(index: int, table: TableType) -> Fields:
    return {"Index": str(index), "ElemType": table.element.name, "Limits": _limits(table.limits)}


def _init_expr(init: InitExpr) -> Fields:
    """One instruction with its operand, or (`Extended`) the bytes of any other expression."""
    return _one_instruction(init.body) or {"Extended": "true", "Body": binary(init.body)}


def _one_instruction(body: bytes) -> Fields | None:
    """None for what is no single instruction in the shortest encoding."""
    if len(body) < 3 or body[-1] != names.OPCODES["END"]:
        return None
    opcode, operand = body[0], body[1:-1]
    try:
        if opcode in (names.OPCODES["I32_CONST"], names.OPCODES["I64_CONST"]):
            bits = 32 if opcode == names.OPCODES["I32_CONST"] else 64
            value, _ = decode_signed(operand, 0, bits)
            word = f"I{bits}_CONST"
            return (
                {"Opcode": word, "Value": str(value)} if encode_signed(value) == operand else None
            )
        if opcode == names.OPCODES["GLOBAL_GET"]:
            index, _ = decode_unsigned(operand, 0)
            if encode_unsigned(index) != operand:
                return None
            return {"Opcode": "GLOBAL_GET", "Index": str(index)}
    except (LebError, IndexError):
        return None
    for word, size in (("F32_CONST", 4), ("F64_CONST", 8)):
        if opcode == names.OPCODES[word] and len(operand) == size:
            # The bits of the number, as an integer.
            return {"Opcode": word, "Value": str(int.from_bytes(operand, "little"))}
    return None


def _types(section: TypeSection, imported: Mapping[ExternalKind, int]) -> Fields:
    return _list(
        "Signatures",
        [
            {
                "Index": str(index),
                "ParamTypes": [kind.name for kind in entry.parameters],
                "ReturnTypes": [kind.name for kind in entry.results],
            }
            for index, entry in enumerate(section.types)
        ],
    )


def _list(key: str, items: list[Node]) -> Fields:
    """An optional list: left out if it is empty."""
    return {key: items} if items else {}


def _imports(section: ImportSection, imported: Mapping[ExternalKind, int]) -> Fields:
    found: list[Node] = []
    for entry in section.imports:
        fields: Fields = {
            "Module": quote(entry.module),
            "Field": quote(entry.name),
            "Kind": entry.kind.name,
        }
        description = entry.description
        if isinstance(description, int):
            fields["SigIndex"] = str(description)
        elif isinstance(description, Limits):
            fields["Memory"] = _limits(description)
        elif isinstance(description, TableType):
            fields["Table"] = _table(0, description)
        else:
            fields["GlobalType"] = description.value_type.name
            fields["GlobalMutable"] = str(description.mutable).lower()
        found.append(fields)
    return _list("Imports", found)


def _functions(section: FunctionSection, imported: Mapping[ExternalKind, int]) -> Fields:
    return {"FunctionTypes": _numbers(section.type_indices)} if section.type_indices else {}


def _tables(section: TableSection, imported: Mapping[ExternalKind, int]) -> Fields:
    if any(table.init is not None for table in section.tables):
        raise ValueError("a table with an initial value has no YAML form")
    start = imported[ExternalKind.TABLE]
    return _list(
        "Tables", [_table(start + n, table.type) for n, table in enumerate(section.tables)]
    )


def _memories(section: MemorySection, imported: Mapping[ExternalKind, int]) -> Fields:
    return _list("Memories", [_limits(memory) for memory in section.memories])


def _tags(section: TagSection, imported: Mapping[ExternalKind, int]) -> Fields:
    return {"TagTypes": _numbers(section.type_indices)} if section.type_indices else {}


def _globals(section: GlobalSection, imported: Mapping[ExternalKind, int]) -> Fields:
    start = imported[ExternalKind.GLOBAL]
    return _list(
        "Globals",
        [
            {
                "Index": str(start + n),
                "Type": entry.type.value_type.name,
                "Mutable": str(entry.type.mutable).lower(),
                "InitExpr": _init_expr(entry.init),
            }
            for n, entry in enumerate(section.globals)
        ],
    )


def _exports(section: ExportSection, imported: Mapping[ExternalKind, int]) -> Fields:
    return _list(
        "Exports",
        [
            {"Name": quote(entry.name), "Kind": entry.kind.name, "Index": str(entry.index)}
            for entry in section.exports
        ],
    )


def _start(section: StartSection, imported: Mapping[ExternalKind, int]) -> Fields:
    return {"StartFunction": str(section.function)}


def _elements(section: ElementSection, imported: Mapping[ExternalKind, int]) -> Fields:
    found: list[Node] = []
    for segment in section.segments:
        if segment.flags & ElementSegmentFlag.EXPRESSIONS:
            raise ValueError("an element segment of expressions has no YAML form")
        fields: Fields = {}
        if segment.flags:
            fields["Flags"] = str(segment.flags)
        if segment.flags & ElementSegmentFlag.EXPLICIT_TABLE:
            fields["TableNumber"] = str(segment.table)
        if segment.flags & (ElementSegmentFlag.PASSIVE | ElementSegmentFlag.EXPLICIT_TABLE):
            fields["ElemKind"] = "FUNCREF"
        # The key is required, so that a passive segment has a meaningless one.
        fields["Offset"] = _init_expr(segment.offset or InitExpr(b"\x41\x00\x0b"))
        fields["Functions"] = _numbers(segment.functions)
        found.append(fields)
    return _list("Segments", found)


def _data_count(section: DataCountSection, imported: Mapping[ExternalKind, int]) -> Fields:
    return {"Count": str(section.count)}


def _code(section: CodeSection, imported: Mapping[ExternalKind, int]) -> Fields:
    start = imported[ExternalKind.FUNCTION]
    functions: list[Node] = []
    for number, function in enumerate(section.functions):
        try:
            local_types, body_at = _local_types(function.content)
        except (LebError, IndexError) as error:
            problem = "the local declarations of function"
            raise ValueError(f"{problem} {start + number} cannot be read") from error
        functions.append(
            {
                "Index": str(start + number),
                "Locals": local_types,
                "Body": binary(function.content[body_at:]),
            }
        )
    return {"Functions": functions}


def _local_types(content: bytes) -> tuple[list[Node], int]:
    """The groups of local variables, and where the code starts."""
    words = {int(kind): word for word, kind in names.VALUE_TYPES.items()}
    count, position = decode_unsigned(content, 0)
    groups: list[Node] = []
    for _ in range(count):
        number, position = decode_unsigned(content, position)
        kind = content[position]
        if kind not in words:
            raise LebError(position, f"unknown type 0x{kind:02x} of a local variable")
        groups.append({"Type": words[kind], "Count": str(number)})
        position += 1
    return groups, position


def _data(section: DataSection, imported: Mapping[ExternalKind, int]) -> Fields:
    segments: list[Node] = []
    for segment in section.segments:
        fields: Fields = {
            "SectionOffset": str(segment.offset),
            "InitFlags": str(segment.flags),
        }
        if segment.flags & 2:
            fields["MemoryIndex"] = str(segment.memory)
        if segment.init is not None:
            fields["Offset"] = _init_expr(segment.init)
        fields["Content"] = binary(segment.content)
        segments.append(fields)
    return {"Segments": segments}


def _custom(section: CustomSection, imported: Mapping[ExternalKind, int]) -> Fields:
    if section.name in ("dylink", "dylink.0"):
        return _dylink(section)
    return {"Name": quote(section.name), "Payload": binary(section.content)}


def _dylink(section: CustomSection) -> Fields:
    known = dylink.decode(section.content)
    fields: Fields = {
        "Name": section.name,
        "MemorySize": str(known.memory_size),
        "MemoryAlignment": str(known.memory_alignment),
        "TableSize": str(known.table_size),
        "TableAlignment": str(known.table_alignment),
        "Needed": [quote(name) for name in known.needed],
    }
    imports: list[Node] = [
        {
            "Module": quote(module),
            "Field": quote(name),
            "Flags": _flags(flags, names.SYMBOL_FLAGS),
        }
        for module, name, flags in known.imports
    ]
    exports: list[Node] = [
        {"Name": quote(name), "Flags": _flags(flags, names.SYMBOL_FLAGS)}
        for name, flags in known.exports
    ]
    return fields | _list("ImportInfo", imports) | _list("ExportInfo", exports)


def _linking(section: LinkingSection, imported: Mapping[ExternalKind, int]) -> Fields:
    fields: Fields = {"Name": "linking", "Version": str(section.version)}
    if section.symbols:
        fields["SymbolTable"] = [_symbol(n, symbol) for n, symbol in enumerate(section.symbols)]
    if section.segments:
        fields["SegmentInfo"] = [
            {
                "Index": str(index),
                "Name": quote(segment.name),
                "Alignment": str(segment.alignment),
                "Flags": _flags(segment.flags, names.SEGMENT_FLAGS),
            }
            for index, segment in enumerate(section.segments)
        ]
    if section.init_functions:
        fields["InitFunctions"] = [
            {"Priority": str(entry.priority), "Symbol": str(entry.symbol)}
            for entry in section.init_functions
        ]
    if section.comdats:
        fields["Comdats"] = [
            {
                "Name": quote(comdat.name),
                "Entries": [
                    {"Kind": entry.kind.name, "Index": str(entry.index)} for entry in comdat.entries
                ],
            }
            for comdat in section.comdats
        ]
    return fields


def _symbol(index: int, symbol: Symbol) -> Fields:
    fields: Fields = {"Index": str(index), "Kind": symbol.kind.name}
    if symbol.kind != SymbolKind.SECTION:
        fields["Name"] = quote(symbol.name)
    fields["Flags"] = _flags(symbol.flags, names.SYMBOL_FLAGS)
    if symbol.kind != SymbolKind.DATA:
        fields[names.SYMBOL_INDEX_KEYS[symbol.kind]] = str(symbol.index)
    elif symbol.data is not None:
        if not symbol.flags & SymbolFlag.ABSOLUTE:
            fields["Segment"] = str(symbol.data.segment)
        if symbol.data.offset:
            fields["Offset"] = str(symbol.data.offset)
        fields["Size"] = str(symbol.data.size)
    return fields


def _names(section: NameSection, imported: Mapping[ExternalKind, int]) -> Fields:
    fields: Fields = {"Name": "name"}
    for key, kind in (
        ("FunctionNames", NameSubsection.FUNCTION),
        ("GlobalNames", NameSubsection.GLOBAL),
        ("DataSegmentNames", NameSubsection.DATA_SEGMENT),
    ):
        entries: list[Node] = []
        for subsection, _, content in section.subsections:
            if subsection == kind and not isinstance(content, bytes):
                entries += [{"Index": str(i), "Name": quote(name)} for i, name in content]
        fields.update(_list(key, entries))
    return fields


def _producers(section: ProducersSection, imported: Mapping[ExternalKind, int]) -> Fields:
    fields: Fields = {"Name": "producers"}
    for key, field_name in names.PRODUCER_FIELDS.items():
        entries: list[Node] = []
        for name, values in section.fields:
            if name == field_name:
                entries += [{"Name": quote(n), "Version": quote(v)} for n, v in values]
        fields.update(_list(key, entries))
    return fields


def _features(section: TargetFeaturesSection, imported: Mapping[ExternalKind, int]) -> Fields:
    words = {prefix: word for word, prefix in names.FEATURE_PREFIXES.items()}
    features: list[Node] = []
    for feature in section.features:
        if feature.prefix not in words:
            raise ValueError(f"the feature prefix {feature.prefix!r} has no YAML form")
        features.append({"Prefix": words[feature.prefix], "Name": quote(feature.name)})
    return {"Name": "target_features", "Features": features}


_DUMPERS: dict[type[Any], tuple[str, Callable[[Any, Mapping[ExternalKind, int]], Fields]]] = {
    TypeSection: ("TYPE", _types),
    ImportSection: ("IMPORT", _imports),
    FunctionSection: ("FUNCTION", _functions),
    TableSection: ("TABLE", _tables),
    MemorySection: ("MEMORY", _memories),
    TagSection: ("TAG", _tags),
    GlobalSection: ("GLOBAL", _globals),
    ExportSection: ("EXPORT", _exports),
    StartSection: ("START", _start),
    ElementSection: ("ELEM", _elements),
    CodeSection: ("CODE", _code),
    DataSection: ("DATA", _data),
    DataCountSection: ("DATACOUNT", _data_count),
    CustomSection: ("CUSTOM", _custom),
    LinkingSection: ("CUSTOM", _linking),
    NameSection: ("CUSTOM", _names),
    ProducersSection: ("CUSTOM", _producers),
    TargetFeaturesSection: ("CUSTOM", _features),
}

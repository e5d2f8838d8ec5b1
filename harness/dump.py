"""What an object, an archive or a module says, as text: symbols and relocations resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from linker.format.archive import is_archive, parse_archive
from linker.format.constants import (
    ExternalKind,
    RelocationType,
    SectionId,
    SegmentFlag,
    SymbolFlag,
    SymbolKind,
    ValueType,
)
from linker.format.model import (
    CodeSection,
    CustomSection,
    DataCountSection,
    DataSection,
    ElementSection,
    ExportSection,
    FunctionSection,
    FunctionType,
    GlobalSection,
    GlobalType,
    Import,
    ImportSection,
    Limits,
    LinkingSection,
    MemorySection,
    NameSection,
    ObjectFile,
    ProducersSection,
    Relocation,
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
from linker.format.parse import parse
from linker.format.stub_library import STUB_MAGIC, parse_stub_library

_MOST_BYTES = 32
Rows = Iterator[Sequence[str]]


def print_file(console: Console, data: bytes, name: str) -> None:
    """Prints what a file says.

    Raises:
        MalformedFile: it is no archive, stub library or wasm file, or breaks the format's rules.
    """
    if data.startswith(STUB_MAGIC):
        print_stub_library(console, data, name)
        return
    if not is_archive(data):
        print_object(console, parse(data, name))
        return
    archive = parse_archive(data, name)
    kind = "thin archive" if archive.thin else "archive"
    _say(console, f"{name}: {kind} ({archive.format.value}), {len(archive.members)} members")
    defined: dict[int, list[str]] = {}
    for symbol, index in archive.symbols:
        defined.setdefault(index, []).append(symbol)
    for index, member in enumerate(archive.members):
        names = " ".join(defined.get(index, ()))
        _say(console, f"  {member.name}: {len(member.data)} bytes; index: {names or 'nothing'}")
    if archive.thin:
        return
    for member in archive.members:
        _say(console, "")
        if member.data.startswith(b"\0asm"):
            print_object(console, parse(member.data, f"{name}({member.name})"))
        else:
            _say(console, f"{name}({member.name}): not a wasm file")


def print_stub_library(console: Console, data: bytes, name: str) -> None:
    """Prints what the host gives, each with what it needs for that."""
    library = parse_stub_library(data)
    _say(console, f"{name}: stub library, {len(library)} symbols")
    for symbol, needs in library.items():
        shown = " ".join(f"<{needed}>" for needed in needs)
        _say(console, f"  <{symbol}> needs {shown or 'nothing'}")


def _say(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=True)


def print_object(console: Console, file: ObjectFile) -> None:
    """Prints the sections of an object or a module in file order."""
    names = _Names(file)
    kind = "object" if file.find(LinkingSection) else "module"
    _say(console, f"{file.name}: {kind}, {len(file.sections)} sections")
    for position, section in enumerate(file.sections):
        columns, rows = _rows(section, names)
        _say(console, f"section {position}: {_section_title(section)}")
        table = Table(*columns, box=None, pad_edge=False)
        for row in rows:
            table.add_row(*(Text(cell, overflow="fold") for cell in row))
        if table.row_count:
            console.print(table)


def _section_title(section: Section) -> str:
    """The section's name, and for a custom one without entries of its own its size."""
    match section:
        case CustomSection():
            return f"{section.name!r}, {len(section.content)} bytes"
        case RelocationSection():
            return f"{section.name!r}, of section {section.target}"
        case LinkingSection() | TargetFeaturesSection() | ProducersSection() | NameSection():
            return repr(section.name)
        case _:
            return SectionId(section.id).name.lower()


class _Names:
    """Names of the index spaces of a file, from imports, symbols, exports, the name section."""

    def __init__(self, file: ObjectFile) -> None:
        self.imports: dict[ExternalKind, list[str]] = {kind: [] for kind in ExternalKind}
        self.types: list[FunctionType] = []
        self.segments: dict[int, str] = {}
        self.symbols: list[Symbol] = []
        self.sections = [_section_title(section) for section in file.sections]
        self._names: dict[tuple[int, int], str] = {}
        for section in file.sections:
            match section:
                case TypeSection():
                    self.types = section.types
                case ImportSection():
                    self._import(section)
                case ExportSection():
                    for export in section.exports:
                        self._names.setdefault((export.kind, export.index), export.name)
                case LinkingSection():
                    self._linking(section)
                case NameSection():
                    self._name(section)
                case _:
                    pass

    def _import(self, section: ImportSection) -> None:
        for entry in section.imports:
            known = self.imports[entry.kind]
            self._names[entry.kind, len(known)] = f"{entry.module}.{entry.name}"
            known.append(entry.name)

    def _linking(self, section: LinkingSection) -> None:
        self.symbols = section.symbols
        spaces = {
            SymbolKind.FUNCTION: ExternalKind.FUNCTION,
            SymbolKind.GLOBAL: ExternalKind.GLOBAL,
            SymbolKind.TAG: ExternalKind.TAG,
            SymbolKind.TABLE: ExternalKind.TABLE,
        }
        for symbol in section.symbols:
            space = spaces.get(symbol.kind)
            if space is not None and symbol.index is not None and not symbol.is_undefined:
                self._names[space, symbol.index] = symbol.name
        self.segments = {i: segment.name for i, segment in enumerate(section.segments)}

    def _name(self, section: NameSection) -> None:
        spaces = {1: ExternalKind.FUNCTION, 7: ExternalKind.GLOBAL}
        for kind, _, entries in section.subsections:
            if isinstance(entries, bytes):
                continue
            for index, name in entries:
                if kind in spaces:
                    self._names[spaces[kind], index] = name
                else:
                    self.segments[index] = name

    def first(self, kind: ExternalKind) -> int:
        """The index of the first one of that kind that is no import."""
        return len(self.imports[kind])

    def of(self, kind: ExternalKind, index: int) -> str:
        name = self._names.get((kind, index))
        return f"{index}" if name is None else f"{index} <{name}>"

    def type(self, index: int) -> str:
        if index < len(self.types):
            return f"{index} {_function_type(self.types[index])}"
        return f"{index} (no such type)"

    def symbol(self, index: int) -> str:
        if index >= len(self.symbols):
            return f"{index} (no such symbol)"
        symbol = self.symbols[index]
        if symbol.kind == SymbolKind.SECTION and symbol.index is not None:
            there = symbol.index < len(self.sections)
            return f"{index} <{self.sections[symbol.index] if there else symbol.index}>"
        return f"{index} <{symbol.name}>"


def _value_type(value: ValueType | int) -> str:
    try:
        return ValueType(value).name.lower()
    except ValueError:
        return f"0x{value:02x}"


def _function_type(entry: FunctionType) -> str:
    parameters = " ".join(map(_value_type, entry.parameters))
    results = " ".join(map(_value_type, entry.results))
    return f"({parameters}) -> ({results})"


def _limits(limits: Limits) -> str:
    text = f"min {limits.minimum}"
    if limits.maximum is not None:
        text += f" max {limits.maximum}"
    flags = limits.flags.name
    return f"{text} {flags.lower()}" if flags else text


def _described(description: int | TableType | Limits | GlobalType, names: _Names) -> str:
    match description:
        case TableType():
            return f"{_value_type(description.element)} {_limits(description.limits)}"
        case Limits():
            return _limits(description)
        case GlobalType():
            return _global_type(description)
        case _:
            return f"type {names.type(description)}"


def _global_type(entry: GlobalType) -> str:
    return f"{'mutable ' if entry.mutable else ''}{_value_type(entry.value_type)}"


def _hex(content: bytes) -> str:
    shown = content[:_MOST_BYTES].hex(" ")
    more = len(content) - _MOST_BYTES
    return f"{shown} ... {more} more" if more > 0 else shown


def _flags(kind: type[SymbolFlag] | type[SegmentFlag], value: int) -> str:
    """The names of the flags; binding and visibility without those words, as nm says them."""
    words = [flag.name.lower() for flag in kind if value & flag and flag.name]
    unknown = value & ~sum(kind)
    if unknown:
        words.append(f"0x{unknown:x}")
    short = (w.removeprefix("binding_").removeprefix("visibility_") for w in words)
    return " ".join(short).replace("_", "-")


def _rows(section: Section, names: _Names) -> tuple[Sequence[str], Rows]:
    """The columns and rows of the table for a section."""
    maker = _TABLES.get(type(section))
    if maker is None:
        return (), iter(())
    columns, rows = maker
    return columns, rows(section, names)


def _types(section: TypeSection, names: _Names) -> Rows:
    for index, entry in enumerate(section.types):
        yield str(index), _function_type(entry)


def _imports(section: ImportSection, names: _Names) -> Rows:
    counts: dict[ExternalKind, int] = {}
    for entry in section.imports:
        index = counts.get(entry.kind, 0)
        counts[entry.kind] = index + 1
        yield _import(entry, index, names)


def _import(entry: Import, index: int, names: _Names) -> Sequence[str]:
    kind = entry.kind.name.lower()
    what = _described(entry.description, names)
    return kind, str(index), f"{entry.module}.{entry.name}", what


def _functions(section: FunctionSection, names: _Names) -> Rows:
    for index, entry in enumerate(section.type_indices, names.first(ExternalKind.FUNCTION)):
        yield names.of(ExternalKind.FUNCTION, index), f"type {names.type(entry)}"


def _tables(section: TableSection, names: _Names) -> Rows:
    for index, table in enumerate(section.tables, names.first(ExternalKind.TABLE)):
        yield names.of(ExternalKind.TABLE, index), _described(table.type, names)


def _memories(section: MemorySection, names: _Names) -> Rows:
    for index, memory in enumerate(section.memories, names.first(ExternalKind.MEMORY)):
        yield names.of(ExternalKind.MEMORY, index), _limits(memory)


def _tags(section: TagSection, names: _Names) -> Rows:
    for index, entry in enumerate(section.type_indices, names.first(ExternalKind.TAG)):
        yield names.of(ExternalKind.TAG, index), f"type {names.type(entry)}"


def _globals(section: GlobalSection, names: _Names) -> Rows:
    for index, entry in enumerate(section.globals, names.first(ExternalKind.GLOBAL)):
        what = names.of(ExternalKind.GLOBAL, index)
        yield what, _global_type(entry.type), _hex(entry.init.body)


def _exports(section: ExportSection, names: _Names) -> Rows:
    for export in section.exports:
        yield export.name, export.kind.name.lower(), names.of(export.kind, export.index)


def _start(section: StartSection, names: _Names) -> Rows:
    yield (names.of(ExternalKind.FUNCTION, section.function),)


def _elements(section: ElementSection, names: _Names) -> Rows:
    for index, segment in enumerate(section.segments):
        offset = _hex(segment.offset.body) if segment.offset else ""
        items = [names.of(ExternalKind.FUNCTION, function) for function in segment.functions]
        items += [_hex(item.body) for item in segment.expressions]
        yield str(index), str(segment.flags), str(segment.table), offset, ", ".join(items)


def _data_count(section: DataCountSection, names: _Names) -> Rows:
    yield (str(section.count),)


def _code(section: CodeSection, names: _Names) -> Rows:
    for index, body in enumerate(section.functions, names.first(ExternalKind.FUNCTION)):
        what = names.of(ExternalKind.FUNCTION, index)
        yield what, f"0x{body.offset:x}", str(len(body.content)), _hex(body.content)


def _data(section: DataSection, names: _Names) -> Rows:
    for index, segment in enumerate(section.segments):
        name = names.segments.get(index)
        what = str(index) if name is None else f"{index} <{name}>"
        address = _hex(segment.init.body) if segment.init else "passive"
        size = str(len(segment.content))
        yield what, address, f"0x{segment.offset:x}", size, _hex(segment.content)


def _power_of_two(exponent: int) -> str:
    return str(1 << exponent) if exponent <= 64 else f"2^{exponent}"


def _linking(section: LinkingSection, names: _Names) -> Rows:
    for index, symbol in enumerate(section.symbols):
        place = "" if symbol.index is None else str(symbol.index)
        if symbol.data is not None:
            segment, offset, size = symbol.data
            place = f"segment {segment} + {offset}, {size} bytes"
            if symbol.flags & SymbolFlag.ABSOLUTE:
                place = f"address {offset}, {size} bytes"
        kind = SymbolKind(symbol.kind).name.lower()
        yield "symbol", names.symbol(index), kind, place, _flags(SymbolFlag, symbol.flags)
    for index, segment_info in enumerate(section.segments):
        flags = _flags(SegmentFlag, segment_info.flags)
        alignment = f"align {_power_of_two(segment_info.alignment)}"
        yield "segment", f"{index} <{segment_info.name}>", "data", alignment, flags
    for init in section.init_functions:
        yield "init function", names.symbol(init.symbol), "function", f"at {init.priority}", ""
    for comdat in section.comdats:
        entries = ", ".join(f"{kind.name.lower()} {index}" for kind, index in comdat.entries)
        yield "comdat", comdat.name, "", entries, str(comdat.flags or "")


def _relocations(section: RelocationSection, names: _Names) -> Rows:
    for relocation in section.relocations:
        yield _relocation(relocation, names)


def _relocation(entry: Relocation, names: _Names) -> Sequence[str]:
    try:
        kind = f"R_WASM_{RelocationType(entry.type).name}"
    except ValueError:
        kind = f"unknown {entry.type}"
    is_type = entry.type == RelocationType.TYPE_INDEX_LEB
    target = f"type {names.type(entry.index)}" if is_type else names.symbol(entry.index)
    addend = f"{entry.addend:+}" if entry.addend else ""
    return f"0x{entry.offset:x}", kind, target, addend


def _features(section: TargetFeaturesSection, names: _Names) -> Rows:
    for feature in section.features:
        yield (f"{feature.prefix}{feature.name}",)


def _producers(section: ProducersSection, names: _Names) -> Rows:
    for field, values in section.fields:
        for name, version in values:
            yield field, name, version


def _name_section(section: NameSection, names: _Names) -> Rows:
    titles = {1: "function", 7: "global", 9: "data segment"}
    for kind, _, entries in section.subsections:
        if isinstance(entries, bytes):
            yield f"subsection {kind}", "", f"{len(entries)} bytes"
            continue
        for index, name in entries:
            yield titles.get(kind, str(kind)), str(index), name


_TABLES: dict[type, tuple[Sequence[str], Callable[..., Rows]]] = {
    TypeSection: (("type", "signature"), _types),
    ImportSection: (("import", "index", "name", "what"), _imports),
    FunctionSection: (("function", "type"), _functions),
    TableSection: (("table", "type"), _tables),
    MemorySection: (("memory", "limits"), _memories),
    TagSection: (("tag", "type"), _tags),
    GlobalSection: (("global", "type", "init"), _globals),
    ExportSection: (("export", "kind", "index"), _exports),
    StartSection: (("function",), _start),
    ElementSection: (("segment", "flags", "table", "offset", "items"), _elements),
    DataCountSection: (("segments",), _data_count),
    CodeSection: (("function", "offset", "size", "bytes"), _code),
    DataSection: (("segment", "address", "offset", "size", "bytes"), _data),
    LinkingSection: (("entry", "name", "kind", "place", "flags"), _linking),
    RelocationSection: (("offset", "kind", "target", "addend"), _relocations),
    TargetFeaturesSection: (("feature",), _features),
    ProducersSection: (("field", "name", "version"), _producers),
    NameSection: (("of", "index", "name"), _name_section),
}

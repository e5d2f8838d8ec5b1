"""Damage to the sections of the core specification: forms, types, indices, flags, bodies."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeVar, cast

from linker.format.constants import SECTION_ORDER, ExternalKind, SectionId, ValueType
from linker.format.expression import i32_const
from linker.format.leb128 import decode_unsigned, encode_unsigned
from linker.format.model import (
    CodeSection,
    DataCountSection,
    DataSection,
    ElementSection,
    ElementSegment,
    Export,
    ExportSection,
    FunctionBody,
    FunctionSection,
    Global,
    GlobalSection,
    GlobalType,
    ImportSection,
    InitExpr,
    ObjectFile,
    Section,
    StartSection,
    TableSection,
    TagSection,
    TypeSection,
)
from linker.format.parse import parse
from strategies.choices import Record
from strategies.malformed.damage import (
    FAR,
    Damage,
    assemble,
    choose,
    encoded,
    replace_at,
    sections_of,
    shifted,
    sized,
    split,
    with_bytes,
    with_section,
)

S = TypeVar("S", bound=Section)
# Value types that no version of the core specification has.
EMPTY: dict[SectionId, Section] = {
    SectionId.TYPE: TypeSection([]),
    SectionId.IMPORT: ImportSection([]),
    SectionId.TABLE: TableSection([]),
    SectionId.TAG: TagSection([]),
    SectionId.DATA: DataSection([]),
}
NO_TYPES = (0x00, 0x40, 0x68, 0x13, 0x01, 0xFF)
BAD_EXPRESSIONS = (b"\x20\x00\x0b", b"\x00\x0b", b"\xfd\x0d\x00\x0b", b"\x10\x00\x0b", b"\xd3\x0b")


def _first(file: ObjectFile, kind: type[S]) -> tuple[int, S] | None:
    found = sections_of(file, kind)
    return found[0] if found else None


def _appended(file: ObjectFile, kind: SectionId, entry: bytes) -> bytes | None:
    """The file with one more entry in a counted section."""
    parts = encoded(file)
    for at, section in enumerate(file.sections):
        if section.id == kind:
            _, content = split(parts[at])
            count, start = decode_unsigned(content, 0)
            parts[at] = sized(kind, encode_unsigned(count + 1) + content[start:] + entry)
            return assemble(parts)
    missing = EMPTY.get(kind)
    if missing is None:
        return None
    # An empty section first, in its place, and then the entry.
    grown = _inserted(file, _after(kind), missing)
    return None if grown is None else _appended(parse(grown, ""), kind, entry)


def _after(kind: SectionId) -> set[SectionId]:
    return set(SECTION_ORDER[SECTION_ORDER.index(kind) + 1 :])


def _type(entry: Callable[[Record], bytes]) -> Callable[[ObjectFile, Record], bytes | None]:
    return lambda file, record: _appended(file, SectionId.TYPE, entry(record))


type_form = _type(lambda record: bytes((record.pick((0x61, 0x00, 0x7F, 0x40)), 0, 0)))
type_value = _type(lambda record: bytes((0x60, 1, record.pick(NO_TYPES), 0)))
type_huge = _type(lambda record: b"\x60" + b"\xff\xff\xff\xff\x0f" + b"\x7f\0")


def _import(entry: Callable[[Record], bytes]) -> Callable[[ObjectFile, Record], bytes | None]:
    name = b"\x03env\x03odd"
    return lambda file, record: _appended(file, SectionId.IMPORT, name + entry(record))


import_kind = _import(lambda record: bytes((record.pick((5, 6, 0x7F, 0xFF)), 0)))
import_type = _import(lambda record: b"\0" + encode_unsigned(record.pick(FAR)))
import_tag = _import(lambda record: b"\4" + record.pick((b"\1\0", b"\0\xff\xff\x03")))
import_mutability = _import(lambda record: b"\3\x7f" + record.pick((b"\x02", b"\x7f", b"\x40")))
import_value_type = _import(lambda record: bytes((3, record.pick(NO_TYPES), 0)))
import_table_type = _import(lambda record: bytes((1, record.pick((0x7F, 0x7E)), 0, 1)))
import_limits = _import(lambda record: bytes((1, 0x70, record.pick((0x10, 0x20, 0x40)), 1, 2)))
import_page_size = _import(lambda record: bytes((1, 0x70, 8, 1, 32 + record.below(32))))


def import_name(file: ObjectFile, record: Record) -> bytes | None:
    """A name that is longer than its section."""
    return _appended(file, SectionId.IMPORT, b"\x03env" + encode_unsigned(200 + record.byte()))


def function_type(file: ObjectFile, record: Record) -> bytes | None:
    found = _first(file, FunctionSection)
    if found is None or not found[1].type_indices:
        return None
    at, section = found
    which = record.below(len(section.type_indices))
    bad = record.pick(FAR)
    indices = replace_at(section.type_indices, which, bad)
    return with_section(file, at, dataclasses.replace(section, type_indices=indices))


def no_code(file: ObjectFile, record: Record) -> bytes | None:
    """Functions without a code section, and without what describes its content."""
    found = _first(file, CodeSection)
    if found is None or not found[1].functions:
        return None
    parts = encoded(file)[: found[0]]
    return assemble(parts)


def global_init(file: ObjectFile, record: Record) -> bytes | None:
    """A global whose initial value is no constant expression."""
    return _with_global(
        file, Global(GlobalType(ValueType.I32, False), InitExpr(record.pick(BAD_EXPRESSIONS)))
    )


def _with_global(file: ObjectFile, entry: Global) -> bytes | None:
    found = _first(file, GlobalSection)
    if found is None:
        return _inserted(file, _after(SectionId.GLOBAL), GlobalSection([entry]))
    at, section = found
    return with_section(file, at, dataclasses.replace(section, globals=[*section.globals, entry]))


def global_type(file: ObjectFile, record: Record) -> bytes | None:
    bad = GlobalType(cast("ValueType", record.pick(NO_TYPES)), False)
    return _with_global(file, Global(bad, i32_const(0)))


def global_mutability(file: ObjectFile, record: Record) -> bytes | None:
    bad = GlobalType(ValueType.I32, cast("bool", record.pick((2, 0x7F))))
    return _with_global(file, Global(bad, i32_const(0)))


def global_index(file: ObjectFile, record: Record) -> bytes | None:
    """A global that starts with the value of one that is not there."""
    number = encode_unsigned(record.pick(FAR))
    bad = InitExpr(b"\x23" + number + b"\x0b")
    return _with_global(file, Global(GlobalType(ValueType.I32, False), bad))


def global_number(file: ObjectFile, record: Record) -> bytes | None:
    """An i32.const that is no 32-bit number."""
    bad = InitExpr(
        b"\x41" + record.pick((b"\x80\x80\x80\x80\x08", b"\xff\xff\xff\xff\x77")) + b"\x0b"
    )
    return _with_global(file, Global(GlobalType(ValueType.I32, False), bad))


def table_type(file: ObjectFile, record: Record) -> bytes | None:
    return _appended(file, SectionId.TABLE, bytes((record.pick((0x7F, 0x7E, 0x7B)), 0, 1)))


def tag_type(file: ObjectFile, record: Record) -> bytes | None:
    return _appended(file, SectionId.TAG, record.pick((b"\0\xff\x07", b"\1\0")))


def _exported(file: ObjectFile, entry: Export) -> bytes | None:
    found = _first(file, ExportSection)
    if found is not None:
        at, section = found
        changed = dataclasses.replace(section, exports=[*section.exports, entry])
        return with_section(file, at, changed)
    later = {
        SectionId.START,
        SectionId.ELEMENT,
        SectionId.DATA_COUNT,
        SectionId.CODE,
        SectionId.DATA,
    }
    return _inserted(file, later, ExportSection([entry]))


def _inserted(file: ObjectFile, before: set[SectionId], section: Section) -> bytes | None:
    """The file with one more section in its place, before the first with one of these ids."""
    for at, other in enumerate(file.sections):
        if other.id in before:
            later = [shifted(entry, at) for entry in file.sections[at:]]
            sections = [*file.sections[:at], section, *later]
            return assemble(encoded(ObjectFile(file.name, sections)))
    return None


def export_kind(file: ObjectFile, record: Record) -> bytes | None:
    return _exported(file, Export("odd", cast("ExternalKind", record.pick((5, 6, 0xFF))), 0))


def export_index(file: ObjectFile, record: Record) -> bytes | None:
    kind = record.pick((ExternalKind.FUNCTION, ExternalKind.GLOBAL, ExternalKind.TAG))
    return _exported(file, Export("odd", kind, record.pick(FAR)))


def export_unused_index(file: ObjectFile, record: Record) -> bytes | None:
    """An export of a memory or a table that is not there: nothing looks at it in an object."""
    kind = record.pick((ExternalKind.MEMORY, ExternalKind.TABLE))
    return _exported(file, Export("odd", kind, 1000 + record.byte()))


def start_index(file: ObjectFile, record: Record) -> bytes | None:
    later = {SectionId.ELEMENT, SectionId.DATA_COUNT, SectionId.CODE, SectionId.DATA}
    return _inserted(file, later, StartSection(record.pick(FAR)))


def _element(file: ObjectFile, segment: ElementSegment) -> bytes | None:
    found = _first(file, ElementSection)
    if found is not None:
        at, section = found
        changed = dataclasses.replace(section, segments=[*section.segments, segment])
        return with_section(file, at, changed)
    later = {SectionId.DATA_COUNT, SectionId.CODE, SectionId.DATA}
    return _inserted(file, later, ElementSection([segment]))


def element_flags(file: ObjectFile, record: Record) -> bytes | None:
    flags = record.pick((8, 0x10, 0x7F))
    return _element(file, ElementSegment(flags & ~7, 0, i32_const(0), None, ()))


def element_table(file: ObjectFile, record: Record) -> bytes | None:
    return _element(file, ElementSegment(2, 1000 + record.byte(), i32_const(0), 0, ()))


def element_kind(file: ObjectFile, record: Record) -> bytes | None:
    kind = record.pick((1, 0x70, 0xFF))
    if not any(True for _ in sections_of(file, TableSection)) and not _imports_table(file):
        return None
    return _element(file, ElementSegment(2, 0, i32_const(0), kind, ()))


def _imports_table(file: ObjectFile) -> bool:
    found = _first(file, ImportSection)
    return found is not None and any(e.kind == ExternalKind.TABLE for e in found[1].imports)


def element_function(file: ObjectFile, record: Record) -> bytes | None:
    if not any(True for _ in sections_of(file, TableSection)) and not _imports_table(file):
        return None
    index = record.pick(FAR)
    return _element(file, ElementSegment(0, 0, i32_const(0), None, (index,)))


def _with_body(
    file: ObjectFile, record: Record, change: Callable[[FunctionBody], bytes]
) -> bytes | None:
    """The file with one function, size included, replaced by other bytes."""
    found = _first(file, CodeSection)
    which = choose(found[1].functions, record) if found else None
    if found is None or which is None:
        return None
    out = bytearray(encode_unsigned(len(found[1].functions)))
    for number, body in enumerate(found[1].functions):
        if number == which:
            out += change(body)
        else:
            out += encode_unsigned(len(body.content), body.size_width) + body.content
    return with_bytes(file, found[0], sized(SectionId.CODE, bytes(out)))


def body_longer(file: ObjectFile, record: Record) -> bytes | None:
    """A function that is longer than the code section."""
    more = 0x10000 + record.byte()
    return _with_body(
        file, record, lambda body: encode_unsigned(len(body.content) + more) + body.content
    )


def body_empty(file: ObjectFile, record: Record) -> bytes | None:
    return _with_body(file, record, lambda body: b"\0")


def body_locals(file: ObjectFile, record: Record) -> bytes | None:
    """More groups of locals than the function has bytes."""
    bad = b"\xff\xff\xff\xff\x0f\x0b"
    return _with_body(file, record, lambda body: encode_unsigned(len(bad)) + bad)


def _with_segment(file: ObjectFile, header: bytes, content: bytes) -> bytes | None:
    """The file with one more data segment, where nothing counts them beforehand."""
    if any(True for _ in sections_of(file, DataCountSection)):
        return None
    return _appended(file, SectionId.DATA, header + encode_unsigned(len(content)) + content)


def segment_flags(file: ObjectFile, record: Record) -> bytes | None:
    flags = record.pick((3, 4, 8, 0x40))
    memory = b"\0" if flags & 2 else b""
    start = b"" if flags & 1 else b"\x41\0\x0b"
    return _with_segment(file, bytes((flags,)) + memory + start, b"data")


def segment_memory(file: ObjectFile, record: Record) -> bytes | None:
    return _with_segment(file, b"\2" + encode_unsigned(1000 + record.byte()) + b"\x41\0\x0b", b"d")


def segment_start(file: ObjectFile, record: Record) -> bytes | None:
    return _with_segment(file, b"\0" + record.pick(BAD_EXPRESSIONS), b"data")


def segment_longer(file: ObjectFile, record: Record) -> bytes | None:
    if any(True for _ in sections_of(file, DataCountSection)):
        return None
    size = encode_unsigned(5 + record.byte())
    return _appended(file, SectionId.DATA, b"\0\x41\0\x0b" + size + b"data")


def segment_count(file: ObjectFile, record: Record) -> bytes | None:
    """A data count that is not the number of segments."""
    found = _first(file, DataSection)
    if found is None:
        return None
    count = len(found[1].segments) + 1 + record.below(4)
    counted = _first(file, DataCountSection)
    if counted is not None:
        return with_section(file, counted[0], DataCountSection(count))
    return _inserted(file, {SectionId.CODE, SectionId.DATA}, DataCountSection(count))


DAMAGES: tuple[Damage, ...] = (
    Damage("type.form", type_form, "TYPE"),
    Damage("type.value-type", type_value, "TYPE"),
    Damage("type.count-huge", type_huge, "TYPE"),
    Damage("import.kind", import_kind, "IMPORT"),
    Damage("import.type-index", import_type, "IMPORT"),
    Damage("import.tag", import_tag, "IMPORT"),
    Damage("import.mutability", import_mutability, "IMPORT"),
    Damage("import.value-type", import_value_type, "IMPORT"),
    Damage("import.table-type", import_table_type, "IMPORT"),
    Damage("import.limits-flags", import_limits, "IMPORT"),
    Damage("import.page-size", import_page_size, "IMPORT"),
    Damage("import.name-longer", import_name, "IMPORT"),
    Damage("function.type-index", function_type, "FUNCTION"),
    Damage("function.no-code", no_code, ""),
    Damage("global.value-type", global_type, "GLOBAL"),
    Damage("global.mutability", global_mutability, "GLOBAL"),
    Damage("global.expression", global_init, "GLOBAL"),
    Damage("global.index", global_index, "GLOBAL"),
    Damage("global.number", global_number, "GLOBAL"),
    Damage("table.type", table_type, "TABLE"),
    Damage("tag.type", tag_type, "TAG"),
    Damage("export.kind", export_kind, "EXPORT"),
    Damage("export.index", export_index, "EXPORT"),
    Damage("export.index-unused", export_unused_index, "EXPORT"),
    Damage("start.index", start_index, "START"),
    Damage("element.flags", element_flags, "ELEMENT"),
    Damage("element.table", element_table, "ELEMENT"),
    Damage("element.kind", element_kind, "ELEMENT"),
    Damage("element.function", element_function, "ELEMENT"),
    Damage("code.body-longer", body_longer, "CODE"),
    Damage("code.body-empty", body_empty, "CODE"),
    Damage("code.locals", body_locals, "CODE"),
    Damage("data.flags", segment_flags, "DATA"),
    Damage("data.memory", segment_memory, "DATA"),
    Damage("data.expression", segment_start, "DATA"),
    Damage("data.segment-longer", segment_longer, "DATA"),
    Damage("data.count", segment_count, "DATA"),
)

"""`ObjectFile` to bytes; the inverse of `parse`.

Nothing is checked: a file that breaks the rules can be written on purpose. A model made by hand
comes out as LLVM writes it: sizes of sections and of linking subsections padded to five
bytes, every other number as short as possible.
"""

from __future__ import annotations

from collections.abc import Callable

from linker.format.constants import (
    ElementSegmentFlag,
    ExternalKind,
    LimitsFlag,
)
from linker.format.encode_custom import (
    encode_linking,
    encode_names,
    encode_producers,
    encode_relocations,
    encode_target_features,
)
from linker.format.leb128 import encode_unsigned
from linker.format.model import (
    CodeSection,
    CustomSection,
    DataCountSection,
    DataSection,
    ElementSection,
    ElementSegment,
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
    RelocationSection,
    Section,
    StartSection,
    TableSection,
    TableType,
    TagSection,
    TargetFeaturesSection,
    TypeSection,
)
from linker.format.write import HEADER, encode_name, make_section

_CUSTOM_SECTIONS = (
    CustomSection,
    LinkingSection,
    RelocationSection,
    TargetFeaturesSection,
    ProducersSection,
    NameSection,
)


def encode(object_file: ObjectFile) -> bytes:
    """The bytes of the whole file; equal to the parsed ones for files of LLVM, LLD and Zig."""
    out = bytearray(HEADER)
    for section in object_file.sections:
        out += encode_section(section)
    return bytes(out)


def encode_section(entry: Section) -> bytes:
    """One section with its id and size."""
    content = encode_content(entry)
    if isinstance(entry, _CUSTOM_SECTIONS):
        content = encode_name(entry.name) + content
    return make_section(entry.id, content, entry.size_width)


def encode_content(section: Section) -> bytes:
    """The content that relocation offsets count from: without id, size and custom name."""
    return _ENCODERS[type(section)](section)


def encode_limits(limits: Limits) -> bytes:
    """Flags, minimum and, as the flags say, maximum and page size (a missing one is 0)."""
    out = bytes((limits.flags,)) + encode_unsigned(limits.minimum)
    if limits.flags & LimitsFlag.HAS_MAX:
        out += encode_unsigned(limits.maximum or 0)
    if limits.flags & LimitsFlag.HAS_PAGE_SIZE:
        out += encode_unsigned(limits.page_size or 0)
    return out


def encode_table_type(table_type: TableType) -> bytes:
    return bytes((table_type.element,)) + encode_limits(table_type.limits)


def encode_global_type(global_type: GlobalType) -> bytes:
    return bytes((global_type.value_type, global_type.mutable))


def encode_function_type(function_type: FunctionType) -> bytes:
    parameters, results = function_type
    return b"".join(
        (
            b"\x60",
            encode_unsigned(len(parameters)),
            bytes(parameters),
            encode_unsigned(len(results)),
            bytes(results),
        )
    )


def encode_import(entry: Import) -> bytes:
    module, name, kind, description = entry
    out = encode_name(module) + encode_name(name) + bytes((kind,))
    if isinstance(description, int):
        return out + (b"\0" if kind == ExternalKind.TAG else b"") + encode_unsigned(description)
    if isinstance(description, Limits):
        return out + encode_limits(description)
    if isinstance(description, TableType):
        return out + encode_table_type(description)
    return out + encode_global_type(description)


def encode_element_segment(segment: ElementSegment) -> bytes:
    flags = segment.flags
    out = bytearray(encode_unsigned(flags))
    if not flags & ElementSegmentFlag.PASSIVE:
        if flags & ElementSegmentFlag.EXPLICIT_TABLE:
            out += encode_unsigned(segment.table)
        if segment.offset is not None:
            out += segment.offset.body
    if segment.element_kind is not None:
        out.append(segment.element_kind)
    if flags & ElementSegmentFlag.EXPRESSIONS:
        out += encode_unsigned(len(segment.expressions))
        for expression in segment.expressions:
            out += expression.body
    else:
        out += encode_unsigned(len(segment.functions))
        for function in segment.functions:
            out += encode_unsigned(function)
    return bytes(out)


def _types(section: TypeSection) -> bytes:
    parts = [encode_unsigned(len(section.types), section.count_width)]
    parts += map(encode_function_type, section.types)
    return b"".join(parts)


def _imports(section: ImportSection) -> bytes:
    parts = [encode_unsigned(len(section.imports), section.count_width)]
    parts += map(encode_import, section.imports)
    return b"".join(parts)


def _functions(section: FunctionSection) -> bytes:
    parts = [encode_unsigned(len(section.type_indices), section.count_width)]
    parts += map(encode_unsigned, section.type_indices)
    return b"".join(parts)


def _tables(section: TableSection) -> bytes:
    out = bytearray(encode_unsigned(len(section.tables), section.count_width))
    for table in section.tables:
        if table.init is None:
            out += encode_table_type(table.type)
        else:
            out += b"\x40\0" + encode_table_type(table.type) + table.init.body
    return bytes(out)


def _memories(section: MemorySection) -> bytes:
    parts = [encode_unsigned(len(section.memories), section.count_width)]
    parts += map(encode_limits, section.memories)
    return b"".join(parts)


def _tags(section: TagSection) -> bytes:
    out = bytearray(encode_unsigned(len(section.type_indices), section.count_width))
    for index in section.type_indices:
        out.append(0)
        out += encode_unsigned(index)
    return bytes(out)


def _globals(section: GlobalSection) -> bytes:
    out = bytearray(encode_unsigned(len(section.globals), section.count_width))
    for entry in section.globals:
        out += encode_global_type(entry.type) + entry.init.body
    return bytes(out)


def _exports(section: ExportSection) -> bytes:
    out = bytearray(encode_unsigned(len(section.exports), section.count_width))
    for name, kind, index in section.exports:
        out += encode_name(name)
        out.append(kind)
        out += encode_unsigned(index)
    return bytes(out)


def _start(section: StartSection) -> bytes:
    return encode_unsigned(section.function)


def _elements(section: ElementSection) -> bytes:
    parts = [encode_unsigned(len(section.segments), section.count_width)]
    parts += map(encode_element_segment, section.segments)
    return b"".join(parts)


def _data_count(section: DataCountSection) -> bytes:
    return encode_unsigned(section.count, section.count_width)


def _code(section: CodeSection) -> bytes:
    parts = [encode_unsigned(len(section.functions), section.count_width)]
    for content, _, size_width in section.functions:
        parts.append(encode_unsigned(len(content), size_width))
        parts.append(content)
    return b"".join(parts)


def _data(section: DataSection) -> bytes:
    parts = [encode_unsigned(len(section.segments), section.count_width)]
    for flags, memory, init, content, _ in section.segments:
        parts.append(encode_unsigned(flags))
        if flags & 2:
            parts.append(encode_unsigned(memory))
        if init is not None:
            parts.append(init.body)
        parts.append(encode_unsigned(len(content)))
        parts.append(content)
    return b"".join(parts)


def _custom(section: CustomSection) -> bytes:
    return section.content


_ENCODERS: dict[type, Callable[..., bytes]] = {
    TypeSection: _types,
    ImportSection: _imports,
    FunctionSection: _functions,
    TableSection: _tables,
    MemorySection: _memories,
    TagSection: _tags,
    GlobalSection: _globals,
    ExportSection: _exports,
    StartSection: _start,
    ElementSection: _elements,
    DataCountSection: _data_count,
    CodeSection: _code,
    DataSection: _data,
    CustomSection: _custom,
    LinkingSection: encode_linking,
    RelocationSection: encode_relocations,
    TargetFeaturesSection: encode_target_features,
    ProducersSection: encode_producers,
    NameSection: encode_names,
}

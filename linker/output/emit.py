"""The sections of the output, in order (LLD's Writer::addSections with SyntheticSections.cpp)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from linker.command_line.options import Options
from linker.errors import FatalError
from linker.format.constants import ExternalKind, LimitsFlag, SectionId, SymbolKind, ValueType
from linker.format.encode import (
    encode_function_type,
    encode_global_type,
    encode_limits,
    encode_table_type,
)
from linker.format.expression import address_const
from linker.format.leb128 import encode_unsigned
from linker.format.model import Limits
from linker.format.write import encode_name, make_section, vector
from linker.layout.exports import Export
from linker.layout.features import Features
from linker.layout.imports import import_module_of, import_name_of
from linker.layout.indices import Indices
from linker.layout.initial_values import written_value
from linker.layout.memory import Memory
from linker.objects import Chunk, OutputSegment, Section
from linker.output.relocate import NO_INDEX, address_of, apply, compress
from linker.resolution.resolution import Resolution
from linker.resolution.symbol_table import FUNCTION_TABLE_NAME
from linker.resolution.symbols import LinkSymbol
from linker.seed.resolution import number_of
from linker.seed.values import RelocationRules


@dataclass(slots=True)
class Output:
    """What all earlier stages made."""

    options: Options
    resolution: Resolution
    segments: list[OutputSegment]
    memory: Memory
    features: Features
    indices: Indices
    exports: list[Export]
    init_functions: list[tuple[int, LinkSymbol]]
    custom: dict[str, list[Section]]

    @property
    def width(self) -> int:
        """The least width in bytes of the sizes and counts of sections."""
        return 5 if "sizes-padded" in self.options.quirks else 0

    def is_written(self, segment: OutputSegment) -> bool:
        """Segments of zeros need no place in the file (LLD's requiredInBinary)."""
        return not segment.is_bss or self.features.emit_bss


def memory_limits(output: Output) -> Limits:
    options, memory = output.options, output.memory
    flags = LimitsFlag(0)
    if memory.max_pages or options.shared_memory:
        flags |= LimitsFlag.HAS_MAX
    if options.shared_memory:
        flags |= LimitsFlag.IS_SHARED
    page_size = None
    if options.page_size != 65536:
        flags |= LimitsFlag.HAS_PAGE_SIZE
        page_size = options.page_size.bit_length() - 1
    return Limits(flags, memory.pages, memory.max_pages, page_size)


def refuse_unnamed_types(output: Output) -> None:
    """Raises FatalError where the release of the dialect does not survive a type it has to write.

    wasm-ld makes a text of each type for its debug output (writeValueType), written or not.
    """
    indices = output.indices
    globals_ = [entry.type for entry in indices.globals]
    globals_ += [entry.global_type for entry in indices.imports if entry.global_type is not None]
    written = {entry.value_type for entry in globals_}
    for signature in indices.types:
        written |= {*signature.parameters, *signature.results}
    if ValueType.EXNREF in written:
        raise FatalError(
            "wasm-ld up to 18 crashes here: no name for the type exnref (quirk exnref-crashes)"
        )


def type_section(output: Output) -> bytes:
    types = output.indices.types
    if not types:
        return b""
    return make_section(
        SectionId.TYPE, vector(map(encode_function_type, types), output.width), output.width
    )


def import_section(output: Output) -> bytes:
    entries = []
    if output.options.memory_import is not None:
        module, name = output.options.memory_import
        kind = bytes((ExternalKind.MEMORY,))
        entries.append(
            encode_name(module) + encode_name(name) + kind + encode_limits(memory_limits(output))
        )
    memory = entries[:]
    entries += [import_entry(symbol, output.indices) for symbol in output.indices.imports]
    if memory and "memory-import-last" in output.options.quirks:
        entries = entries[1:] + memory
    width = output.width
    return make_section(SectionId.IMPORT, vector(entries, width), width) if entries else b""


def import_entry(symbol: LinkSymbol, indices: Indices) -> bytes:
    encoded = encode_name(import_module_of(symbol)) + encode_name(import_name_of(symbol))
    if symbol.kind is SymbolKind.GLOBAL:
        assert symbol.global_type is not None
        return encoded + bytes((ExternalKind.GLOBAL,)) + encode_global_type(symbol.global_type)
    if symbol.kind is SymbolKind.TABLE:
        assert symbol.table_type is not None
        return encoded + bytes((ExternalKind.TABLE,)) + encode_table_type(symbol.table_type)
    assert symbol.signature is not None
    index = encode_unsigned(indices.types[symbol.signature])
    if symbol.kind is SymbolKind.TAG:
        return encoded + bytes((ExternalKind.TAG, 0)) + index
    return encoded + bytes((ExternalKind.FUNCTION,)) + index


def function_section(output: Output) -> bytes:
    indices = output.indices
    if not indices.functions:
        return b""
    entries = (encode_unsigned(indices.types[entry.signature]) for entry in indices.functions)
    return make_section(SectionId.FUNCTION, vector(entries, output.width), output.width)


def table_section(output: Output) -> bytes:
    tables = output.indices.tables
    if "empty-table-left-out" in output.options.quirks and not output.indices.table_entries:
        own = output.resolution.own.indirect_function_table
        tables = [entry for entry in tables if own is None or entry is not own.element]
    if not tables:
        return b""
    entries = (encode_table_type(entry.type) for entry in tables)
    return make_section(SectionId.TABLE, vector(entries, output.width), output.width)


def memory_section(output: Output) -> bytes:
    if output.options.memory_import is not None:
        return b""
    entries = [encode_limits(memory_limits(output))]
    return make_section(SectionId.MEMORY, vector(entries, output.width), output.width)


def tag_section(output: Output) -> bytes:
    indices = output.indices
    if not indices.tags:
        return b""
    entries = (b"\0" + encode_unsigned(indices.types[entry.signature]) for entry in indices.tags)
    return make_section(SectionId.TAG, vector(entries, output.width), output.width)


def global_section(output: Output) -> bytes:
    indices, shared = output.indices, output.options.shared_memory
    quirks = output.options.quirks
    entries = [
        encode_global_type(entry.type) + written_value(entry, quirks) for entry in indices.globals
    ]
    for symbol in indices.got:
        mutable = shared and symbol.is_tls and not symbol.is_stub
        value = 0
        if symbol.kind is SymbolKind.FUNCTION:
            value = 0 if symbol.is_stub else symbol.slot
        elif symbol.is_defined:
            value = address_of(symbol, absolute=not shared)
        entries.append(bytes((0x7F, mutable)) + address_const(value).body)
    for symbol in indices.addresses:
        entries.append(b"\x7f\0" + address_const(address_of(symbol)).body)
    width = output.width
    return make_section(SectionId.GLOBAL, vector(entries, width), width) if entries else b""


def export_section(output: Output) -> bytes:
    if not output.exports:
        return b""
    entries = (
        encode_name(entry.name) + bytes((entry.kind,)) + encode_unsigned(entry.index)
        for entry in output.exports
    )
    return make_section(SectionId.EXPORT, vector(entries, output.width), output.width)


def start_section(output: Output) -> bytes:
    init_memory = output.resolution.own.init_memory
    if init_memory is None:
        return b""
    return make_section(SectionId.START, encode_unsigned(init_memory.function_index), output.width)


def element_section(output: Output) -> bytes:
    segments = [active_elements(output), declared_functions(output)]
    segments = [segment for segment in segments if segment]
    return (
        make_section(SectionId.ELEMENT, vector(segments, output.width), output.width)
        if segments
        else b""
    )


def active_elements(output: Output) -> bytes:
    """The functions whose addresses are taken, in the function table."""
    indices = output.indices
    if not indices.table_entries:
        return b""
    table = output.resolution.own.indirect_function_table
    if table is None:
        raise FatalError(
            "wasm-ld 22 crashes here: the address of a function is taken, but no object refers"
            f" to {FUNCTION_TABLE_NAME} (quirk table-symbol-required)",
        )
    # An import that nothing keeps has no number: wasm-ld 22 writes -1.
    number = table.element_index & NO_INDEX
    if "element-table-named" in output.options.quirks:
        number, named = 0, True
    else:
        named = number != 0
    encoded = b"\x02" + encode_unsigned(number) if named else b"\0"
    encoded += address_const(output.options.table_base).body
    if named:
        # The element kind: references to functions.
        encoded += b"\0"
    entries = (number_of(symbol) & NO_INDEX for symbol in indices.table_entries)
    return encoded + vector(map(encode_unsigned, entries))


def declared_functions(output: Output) -> bytes:
    """What `ref.func` names and nothing else outside of code (core specification, "Modules")."""
    indices, options = output.indices, output.options
    if not indices.references or options.relocatable or "references-undeclared" in options.quirks:
        return b""
    known = {entry.index for entry in output.exports if entry.kind is ExternalKind.FUNCTION}
    known.update(map(number_of, indices.table_entries))
    named = {symbol.function_index: None for symbol in indices.references}
    entries = [encode_unsigned(index) for index in named if index not in known]
    # A declarative segment of function indices.
    return b"\x03\0" + vector(entries) if entries else b""


def data_count_section(output: Output) -> bytes:
    count = sum(map(output.is_written, output.segments))
    if not count or not output.options.shared_memory:
        return b""
    return make_section(SectionId.DATA_COUNT, encode_unsigned(count), output.width)


def place_code(output: Output) -> bytearray:
    """The code section's content, not relocated; sets the place of each function."""
    content = bytearray(encode_unsigned(len(output.indices.functions), output.width))
    for function in output.indices.bodies:
        function.output_offset = len(content)
        content += function.content
    return content


def place_compressed_code(output: Output) -> bytearray:
    content = bytearray(encode_unsigned(len(output.indices.functions), output.width))
    for function in output.indices.bodies:
        function.compressed = compress(function, output.options.table_base, output.options.quirks)
        function.output_offset = len(content)
        content += function.compressed
    return content


def place_data(output: Output) -> bytearray:
    """The data section's content, not relocated; sets the place of each segment's chunks."""
    written = [segment for segment in output.segments if output.is_written(segment)]
    content = bytearray(encode_unsigned(len(written), output.width))
    for segment in written:
        segment.section_offset = len(content)
        content += b"\x01" if segment.passive else b"\0" + address_const(segment.address).body
        content += encode_unsigned(segment.size)
        start = len(content)
        for chunk in segment.chunks:
            chunk.output_offset = start + chunk.segment_offset
            content += bytes(chunk.output_offset - len(content))
            content += chunk.content
        content += bytes(start + segment.size - len(content))
    return content


def relocate_all(
    content: bytearray, chunks: Iterable[Chunk], table_base: int, rules: RelocationRules
) -> None:
    size = len(content)
    for chunk in chunks:
        if chunk.relocations:
            apply(content, chunk.output_offset, chunk, table_base, rules)
    # A relocation at the very end of a section can reach over it.
    del content[size:]

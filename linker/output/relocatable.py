"""What only object files hold: the section `linking` and the relocation sections.

LLD's populateSymtab, LinkingSection and RelocSection; written for `-r` and `--emit-relocs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from linker.errors import FatalError
from linker.format.constants import (
    ComdatKind,
    LinkingSubsection,
    RelocationType,
    SymbolFlag,
    SymbolKind,
)
from linker.format.leb128 import encode_signed, encode_unsigned
from linker.format.model import Relocation
from linker.format.relocation_shapes import WITH_ADDEND
from linker.format.write import encode_name, make_custom_section, subsection, vector
from linker.objects import (
    Chunk,
    MergedStrings,
    OutputSegment,
    Section,
    Segment,
    refuse_missing_section,
)
from linker.output.emit import Output
from linker.resolution.resolution import Resolution
from linker.resolution.symbols import LinkSymbol
from linker.seed.output import (
    misplacements,
    own_segments,
    relocations_by_location,
    symbols_in_order,
)
from linker.seed.resolution import number_in_object, number_of


def number_symbols(resolution: Resolution) -> list[LinkSymbol]:
    """The symbols of the output's symbol table, numbered; section symbols follow them."""
    if "symbols-in-object-order" in resolution.table.options.quirks:
        symbols = symbols_in_order(resolution)
        for index, symbol in enumerate(symbols):
            symbol.output_symbol = index
        return symbols
    quirks = resolution.table.options.quirks
    symbols = [
        symbol
        for symbol in resolution.table.symbols
        if symbol.used_in_object and symbol.is_live and is_numbered(symbol, quirks)
    ]
    for symbol in symbols:
        if symbol.is_lazy:
            raise FatalError(
                f"wasm-ld 22 crashes here: weak reference to {symbol.name}, which an archive"
                " defines (quirk lazy-data-not-demoted)",
            )
    for obj in resolution.objects:
        symbols += [
            symbol
            for symbol in obj.symbols
            if symbol.is_local and symbol.kind is not SymbolKind.SECTION and symbol.is_live
        ]
    for index, symbol in enumerate(symbols):
        symbol.output_symbol = index
    return symbols


def is_numbered(symbol: LinkSymbol, quirks: frozenset[str]) -> bool:
    """Whether a live symbol has a place in the symbol table: an unused reference names nothing.

    Raises:
        FatalError: wasm-ld crashes here.
    """
    if symbol.kind is not SymbolKind.FUNCTION or symbol.is_lazy or symbol.has_function_index:
        return True
    if "unused-references-crash" in quirks:
        raise FatalError(
            f"wasm-ld 22 crashes here: {symbol.name} is not defined, and nothing uses it"
            " (quirk unused-references-crash)"
        )
    return False


def symbol_entry(symbol: LinkSymbol, quirks: frozenset[str]) -> bytes:
    encoded = bytes((symbol.kind,)) + encode_unsigned(symbol.flags)
    if symbol.kind is SymbolKind.DATA:
        encoded += encode_name(symbol.name)
        if symbol.is_defined:
            encoded += data_reference(symbol, quirks)
        return encoded
    if symbol.kind is SymbolKind.SECTION:
        return encoded + encode_unsigned(number_in_object(symbol))
    if symbol.kind is not SymbolKind.FUNCTION:
        encoded += encode_unsigned(symbol.element_index & 0xFFFFFFFF)
    elif symbol.is_defined:
        encoded += encode_unsigned(symbol.function.function_index)
    else:
        encoded += encode_unsigned(symbol.function_index)
    names_reference = (
        symbol.flags & SymbolFlag.EXPLICIT_NAME and "explicit-names-lost" not in quirks
    )
    if symbol.is_defined or names_reference:
        encoded += encode_name(symbol.name)
    return encoded


def data_reference(symbol: LinkSymbol, quirks: frozenset[str]) -> bytes:
    segment = symbol.chunk
    if not isinstance(segment, Segment) or segment.output_segment is None:
        if "linker-data-crashes-linking" in quirks:
            raise FatalError(
                f"wasm-ld up to 17 crashes here: symbol {symbol.name} stands in no data segment"
                " (quirk linker-data-crashes-linking)",
            )
        return encode_unsigned(0) + encode_unsigned(symbol.value) + encode_unsigned(symbol.size)
    offset = segment.offset_in_output_segment(symbol.value)
    number = segment.output_segment.index
    if "segment-numbers-unmoved" in quirks:
        number = number_of(symbol)
    index = encode_unsigned(number)
    return index + encode_unsigned(offset) + encode_unsigned(symbol.size)


def linking_section(
    output: Output, symbols: list[LinkSymbol], section_indices: Iterable[int]
) -> bytes:
    """The section `linking` (Linking.md, "Linking Metadata Section")."""
    quirks = output.options.quirks
    entries = [symbol_entry(symbol, quirks) for symbol in symbols]
    local = bytes((SymbolKind.SECTION, SymbolFlag.BINDING_LOCAL))
    entries += [local + encode_unsigned(index) for index in section_indices]
    content = encode_unsigned(2)
    always = "empty-subsections-written" in quirks
    if entries or always:
        content += subsection(LinkingSubsection.SYMBOL_TABLE, vector(entries, output.width))
    segments = output.segments
    if "segment-info-of-own" in quirks:
        segments = own_segments(segments)
    if segments or always:
        infos = (
            encode_name(segment.name)
            + encode_unsigned(segment.alignment)
            + encode_unsigned(segment_flags(segment, quirks))
            for segment in segments
        )
        content += subsection(LinkingSubsection.SEGMENT_INFO, vector(infos))
    if output.init_functions:
        functions = (
            # A stub of another signature is in no symbol table: wasm-ld writes -1 for it.
            encode_unsigned(priority) + encode_unsigned(symbol.output_symbol & 0xFFFFFFFF)
            for priority, symbol in output.init_functions
        )
        content += subsection(LinkingSubsection.INIT_FUNCS, vector(functions))
    comdats = comdat_entries(output)
    if comdats:
        content += subsection(LinkingSubsection.COMDAT_INFO, vector(comdats))
    return make_custom_section("linking", content, output.width)


def segment_flags(segment: OutputSegment, quirks: frozenset[str]) -> int:
    """What the next link must know of the segment (Linking.md, "Segment Info")."""
    return 0 if "segment-flags-lost" in quirks else segment.flags


def comdat_entries(output: Output) -> list[bytes]:
    groups: dict[str, list[bytes]] = {}

    def add(name: str, kind: ComdatKind, index: int) -> None:
        if name:
            groups.setdefault(name, []).append(bytes((kind,)) + encode_unsigned(index))

    for function in output.indices.functions:
        add(function.comdat_name, ComdatKind.FUNCTION, function.function_index)
    for index, segment in enumerate(output.segments):
        if segment.chunks:
            add(comdat_of(segment.chunks[0]), ComdatKind.DATA, index)
    if output.options.relocatable and "empty-groups-lost" not in output.options.quirks:
        for obj in output.resolution.objects:
            for comdat, is_kept in zip(obj.linking.comdats, obj.kept_comdats, strict=True):
                if is_kept:
                    # In the next link, too, it is the first of its name.
                    groups.setdefault(comdat.name, [])
    ordered = sorted(groups, key=lambda name: name.encode("utf-8", "surrogateescape"))
    return [encode_name(name) + b"\0" + vector(groups[name]) for name in ordered]


def comdat_of(chunk: Segment) -> str:
    """The group of a segment; merged strings are in that of their last part."""
    return (chunk.parts[-1] if isinstance(chunk, MergedStrings) else chunk).comdat_name


def relocation_section(
    output: Output,
    name: str,
    section_index: int,
    chunks: Sequence[Chunk],
    section_symbols: dict[str, int],
) -> bytes:
    """A section `reloc.NAME` for the output section at that index; nothing without relocations."""
    quirks = output.options.quirks
    moves = {chunk: chunk.output_offset - chunk.input_offset for chunk in chunks}
    if name == "DATA" and "data-relocations-misplaced" in quirks:
        moves = misplacements(chunks)
    if "relocations-by-location" in quirks:
        found = relocations_by_location(name, chunks, output.resolution)
    else:
        found = moved_relocations(chunks, section_symbols, quirks)
    unsigned = "addends-written-unsigned" in quirks
    entries = []
    for chunk, (relocation_type, offset, index, addend) in found:
        encoded = (
            encode_unsigned(relocation_type)
            + encode_unsigned(offset + moves[chunk] & 0xFFFFFFFF)
            + encode_unsigned(index & 0xFFFFFFFF)
        )
        if relocation_type in WITH_ADDEND:
            encoded += encode_unsigned(addend & 0xFFFFFFFF) if unsigned else encode_signed(addend)
        entries.append(encoded)
    count = len(entries)
    if name in ("CODE", "DATA") and "dropped-relocations-counted" in quirks:
        count = sum(len(chunk.relocations) for chunk in chunks)
    if not count:
        return b""
    counted = encode_unsigned(count, output.width) + b"".join(entries)
    return make_custom_section(
        f"reloc.{name}", encode_unsigned(section_index) + counted, output.width
    )


def moved_relocations(
    chunks: Iterable[Chunk], section_symbols: dict[str, int], quirks: frozenset[str]
) -> Iterator[tuple[Chunk, Relocation]]:
    """The relocations of each chunk, their indices and addends those of the output."""
    for chunk in chunks:
        obj = chunk.file
        if obj is None:
            continue
        for relocation_type, offset, index, addend in chunk.relocations:
            if relocation_type == RelocationType.TYPE_INDEX_LEB and index in obj.type_map:
                new_index = obj.type_map[index]
            else:
                symbol = obj.symbols[index]
                if not symbol.is_live:
                    if "dead-relocations-written" not in quirks:
                        continue
                elif not is_numbered(symbol, quirks):
                    continue
                new_index = symbol.output_symbol
                if isinstance(symbol.chunk, Section):
                    if symbol.chunk.name not in section_symbols:
                        refuse_missing_section(symbol.chunk)
                        continue
                    new_index = section_symbols[symbol.chunk.name]
                    addend = symbol.chunk.offset_in_output(addend)
            yield chunk, Relocation(relocation_type, offset, new_index, addend)

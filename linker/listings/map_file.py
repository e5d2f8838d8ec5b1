"""`--Map`, `--print-map`: where everything in the module is (lld/wasm/MapFile.cpp).

A line for each section of the output, below it the pieces of the input that it is made of, and
below each piece the symbols that its object has for it. The numbers are hexadecimal: an address
in memory or an index, an offset in the file and a size in bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from linker.command_line.options import Options
from linker.format.constants import SectionId, SymbolKind
from linker.format.leb128 import decode_unsigned
from linker.format.write import HEADER
from linker.names import display_name
from linker.objects import Chunk, GlobalElement, InputObject, OutputSegment
from linker.output.emit import Output
from linker.output.relocate import address_of
from linker.resolution.symbols import LinkSymbol

HEADING = "    Addr      Off     Size Out     In      Symbol\n"
INPUT, SYMBOL = " " * 8, " " * 16
SHORTER_NAMES = {SectionId.ELEMENT: "ELEM", SectionId.DATA_COUNT: "DATACOUNT"}
ADDRESS_MASK = (1 << 64) - 1

SymbolsOf = dict[Chunk, list[LinkSymbol]]


class Place(NamedTuple):
    """A section of the module; offset and size are in bytes and take in its header."""

    section: SectionId
    name: str
    offset: int
    size: int


def map_file(output: Output, module: bytes) -> bytes:
    """The map of a finished module."""
    symbols = symbols_by_chunk(output.resolution.objects)
    options = output.options
    lines = [HEADING]
    for place in places_of(module):
        lines.append(line(None, place.offset, place.size, place.name))
        if place.section is SectionId.CODE:
            lines += function_lines(place, output.indices.functions, symbols, options)
        elif place.section is SectionId.DATA:
            for segment in output.segments:
                is_written = output.is_written(segment)
                lines += segment_lines(place, segment, is_written, symbols, options)
        elif place.section is SectionId.GLOBAL:
            lines += global_lines(output.indices.globals)
    return "".join(lines).encode("utf-8", "surrogateescape")


def line(address: int | None, offset: int, size: int, text: str) -> str:
    shown = "-" if address is None else f"{address & ADDRESS_MASK:x}"
    return f"{shown:>8} {offset:8x} {size:8x} {text}\n"


def places_of(module: bytes) -> Iterator[Place]:
    """The sections of a module, in order."""
    offset = len(HEADER)
    while offset < len(module):
        section = SectionId(module[offset])
        size, start = decode_unsigned(module, offset + 1)
        name = SHORTER_NAMES.get(section, section.name)
        if section is SectionId.CUSTOM:
            length, position = decode_unsigned(module, start)
            text = module[position : position + length].decode("utf-8", "surrogateescape")
            name = f"{name}({text})" if text else name
        end = start + size
        yield Place(section, name, offset, end - offset)
        offset = end


def symbols_by_chunk(objects: Sequence[InputObject]) -> SymbolsOf:
    """The kept symbols of functions and data, each where its own object has it."""
    found: SymbolsOf = {}
    for obj in objects:
        for symbol in obj.symbols:
            if symbol.kind is SymbolKind.SECTION or symbol.file is not obj or not symbol.is_live:
                continue
            chunk = symbol.piece
            if chunk is not None:
                found.setdefault(chunk, []).append(symbol)
    return found


def function_lines(
    place: Place, functions: Sequence[Chunk], symbols: SymbolsOf, options: Options
) -> Iterator[str]:
    for function in functions:
        # As in wasm-ld, the offset forgets the section's header.
        offset = place.offset + function.output_offset
        yield line(None, offset, function.output_size, f"{INPUT}{function}")
        yield from symbol_lines(symbols.get(function, ()), offset, options)


def segment_lines(
    place: Place, segment: OutputSegment, is_written: bool, symbols: SymbolsOf, options: Options
) -> Iterator[str]:
    start = place.offset + (segment.section_offset if is_written else 0)
    yield line(segment.address, start, segment.size, segment.name)
    for chunk in segment.chunks:
        # Zeros that are not written have no place in the file.
        offset = place.offset + chunk.output_offset if is_written else 0
        yield line(chunk.address(0), offset, chunk.output_size, f"{INPUT}{chunk}")
        yield from symbol_lines(symbols.get(chunk, ()), offset, options)


def symbol_lines(symbols: Sequence[LinkSymbol], offset: int, options: Options) -> Iterator[str]:
    for symbol in symbols:
        text = SYMBOL + display_name(symbol.name, options)
        if symbol.kind is SymbolKind.DATA:
            yield line(address_of(symbol), offset + symbol.value, symbol.size, text)
        else:
            size = symbol.function.output_size if symbol.is_defined else 0
            yield line(None, offset, size, text)


def global_lines(elements: Sequence[GlobalElement]) -> Iterator[str]:
    for element in elements:
        yield line(element.index, 0, 0, INPUT + element.name)

"""The seed's names, exports of data, symbol table and relocations of relocatable output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from linker.format.constants import SymbolKind
from linker.format.leb128 import size_unsigned
from linker.format.model import Relocation
from linker.objects import Chunk, Function, OutputSegment, Segment
from linker.resolution.symbols import LinkSymbol
from linker.seed.errors import SeedStop
from linker.seed.own_resolution import without_kind
from linker.seed.pieces import content_end, content_start
from linker.seed.resolution import location_of, locations, number_of, resolved_symbols

if TYPE_CHECKING:
    from linker.output.emit import Output
    from linker.resolution.resolution import Resolution

Name = tuple[int, str]


def names_by_symbol(output: Output) -> tuple[list[Name], list[Name]]:
    """The names of functions and of globals, by number (emitNameSection).

    Raises:
        SeedStop: an undefined symbol has no import to take the name of.
    """
    functions: list[Name] = []
    globals_: list[Name] = []
    imported = set(output.indices.imports)
    untagged = without_kind(output.resolution.objects)
    for symbol in resolved_symbols(output.resolution):
        if not symbol.is_live or symbol in untagged:
            continue
        name = shown_name(symbol)
        if symbol.is_undefined:
            if symbol not in imported:
                detail = f"undefined {symbol.kind.name.lower()} symbol {symbol.name}"
                raise SeedStop("emitNameSection", "names-by-symbol", detail)
            name = symbol.import_name or symbol.name
        if symbol.kind is SymbolKind.FUNCTION:
            functions.append((number_of(symbol), name))
        elif symbol.kind is SymbolKind.GLOBAL:
            globals_.append((number_of(symbol), name))
    functions.sort(key=lambda entry: entry[0])
    globals_.sort(key=lambda entry: entry[0])
    return functions, globals_


def shown_name(symbol: LinkSymbol) -> str:
    """A symbol's own name, which is not the one it is exported under in an object in memory."""
    if symbol.kind is SymbolKind.FUNCTION and symbol.is_defined and symbol.function.debug_name:
        return symbol.function.debug_name
    return symbol.name


def symbols_in_order(resolution: Resolution) -> list[LinkSymbol]:
    """The symbols of a relocatable output's table (emitSymbolTable)."""
    return resolved_symbols(resolution)


def own_segments(segments: Sequence[OutputSegment]) -> list[OutputSegment]:
    """The output segments that an object in memory made first: the linker's own list."""
    return [
        segment
        for segment in segments
        if segment.chunks
        and segment.chunks[0].file is not None
        and segment.chunks[0].file.number is None
    ]


def relocations_by_location(
    name: str, chunks: Iterable[Chunk], resolution: Resolution
) -> Iterator[tuple[Chunk, Relocation]]:
    """The relocations of each piece against the symbols of the output's table.

    Raises:
        SeedStop: the table has no symbol of the relocation's own object at its index.
    """
    place = "emitCodeRelocations" if name == "CODE" else "emitDataRelocations"
    found = locations(resolution)
    symbols = resolved_symbols(resolution)
    listed = {found.get(symbol): number for number, symbol in enumerate(symbols)}
    behind = 0
    for chunk in chunks:
        obj = chunk.file
        if obj is None:
            continue
        behind += bytes_missing(chunk)
        for relocation in chunk.relocations:
            index = relocation.index
            number = listed.get(location_of(obj, index))
            if number is None:
                symbol = obj.symbols[index].name if index < len(obj.symbols) else ""
                detail = f"{obj.name}: symbol {index} {symbol} is not in the symbol table"
                raise SeedStop(place, "relocations-by-location", detail)
            yield chunk, relocation._replace(index=number, offset=relocation.offset + behind)


def bytes_missing(chunk: Chunk) -> int:
    """How many bytes a body lacks that are counted (getULEB128Size counts none for a size of 0)."""
    if not isinstance(chunk, Function) or len(chunk.content) > chunk.code_offset:
        return 0
    own = chunk.file.own if chunk.file is not None else None
    if own is None or chunk.file is None:
        return -1
    return own.sizes.get(chunk.file.functions.index(chunk), -1)


def misplacements(chunks: Iterable[Chunk]) -> dict[Chunk, int]:
    """How far the relocations of data are moved: to the place in the output segment, and on by
    the widths of the sizes of all pieces so far, with no segment headers."""
    moves = {}
    sizes = 5
    for chunk in chunks:
        size = content_end(chunk) - content_start(chunk)
        # A piece of no bytes counts no width.
        sizes += size_unsigned(size) if size else 0
        start = chunk.segment_offset if isinstance(chunk, Segment) else 0
        moves[chunk] = start + sizes - chunk.input_offset
    return moves

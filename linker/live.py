"""What is kept? Everything that the roots reach over relocations (lld/wasm/MarkLive.cpp)."""

from __future__ import annotations

from linker.command_line.options import Options
from linker.format.constants import SegmentFlag
from linker.format.relocation_families import TABLE_INDEX, TABLE_INDEX_RELATIVE, TYPE_INDEX
from linker.layout.initial_values import symbols_read
from linker.objects import Chunk, Element, GlobalElement, InputObject
from linker.resolution.resolution import Resolution
from linker.resolution.symbols import EXPORTED, LinkSymbol, State

# The relative kinds are for position-independent code, where LLD keeps the stubs.
STUB_FREE_TYPES = TABLE_INDEX - TABLE_INDEX_RELATIVE
RETAINED = int(SegmentFlag.RETAIN)


def is_exported(symbol: LinkSymbol, options: Options) -> bool:
    """Whether a symbol becomes an export of the output (LLD's Symbol::isExported)."""
    if symbol.state is not State.DEFINED or symbol.is_local:
        return False
    if "exports-by-visibility" in options.quirks:
        return symbol.force_export if symbol.file is None else not symbol.is_hidden
    if options.export_all or (options.export_dynamic and not symbol.is_hidden):
        return True
    return symbol.force_export or bool(symbol.flags & EXPORTED)


def mark_live(options: Options, resolution: Resolution) -> None:
    """Marks the chunks and elements to keep; without `gc_sections` all of them are."""
    if not options.gc_sections:
        keep_needed_of_lost_groups(resolution)
        return
    queue: list[Chunk] = []
    if options.entry:
        entry = resolution.table.find(options.entry)
        if entry is not None:
            enqueue(entry, queue)
    for symbol in resolution.table.symbols:
        if symbol.is_no_strip or is_exported(symbol, options):
            enqueue(symbol, queue)
    if resolution.own.call_dtors is not None:
        enqueue(resolution.own.call_dtors, queue)
    for obj in resolution.objects:
        if obj.live:
            enqueue_implied(obj, queue)
    follow_relocations(queue)
    follow_initial_values(options, resolution, queue)
    ctors = resolution.own.call_ctors
    if ctors is not None and any(live_init_functions(obj) for obj in resolution.objects):
        ctors.mark_live()


def keep_needed_of_lost_groups(resolution: Resolution) -> None:
    """Keeps what code and data outside of a lost group still refer to: its local symbols."""
    pieces = [piece for obj in resolution.objects for piece in (*obj.functions, *obj.segments)]
    if all(piece.live for piece in pieces):
        return
    queue: list[Chunk] = [piece for piece in pieces if piece.live and piece.relocations]
    while queue:
        chunk = queue.pop()
        if chunk.file is None:
            continue
        for relocation_type, _, index, _ in chunk.relocations:
            if relocation_type == TYPE_INDEX:
                continue
            symbol = chunk.file.symbols[index]
            piece = symbol.piece
            if piece is not None and piece.discarded and not piece.live:
                symbol.mark_live()
                queue.append(piece)


def enqueue(symbol: LinkSymbol, queue: list[Chunk]) -> None:
    if symbol.is_live:
        return
    file = symbol.file
    is_first = file is not None and not file.live and symbol.state is State.DEFINED
    symbol.mark_live()
    if is_first and file is not None:
        enqueue_implied(file, queue)
    chunk = symbol.piece
    if chunk is not None:
        queue.append(chunk)


def enqueue_implied(obj: InputObject, queue: list[Chunk]) -> None:
    """An object that is kept in part brings its init functions and retained segments."""
    for entry in obj.linking.init_functions:
        symbol = obj.symbols[entry.symbol]
        if not symbol.is_discarded:
            enqueue(symbol, queue)
    for segment in obj.segments:
        if obj.keeps_retained and segment.flags & RETAINED:
            segment.live = True
            queue.append(segment)


def follow_relocations(queue: list[Chunk]) -> None:
    while queue:
        chunk = queue.pop()
        if not chunk.relocations or chunk.file is None:
            continue
        symbols = chunk.file.symbols
        for relocation_type, _, index, _ in chunk.relocations:
            if relocation_type == TYPE_INDEX:
                continue
            symbol = symbols[index]
            # A stub has the address of no function, so taking it keeps nothing.
            if symbol.is_stub and relocation_type in STUB_FREE_TYPES:
                continue
            if not symbol.is_live:
                enqueue(symbol, queue)


def follow_initial_values(options: Options, resolution: Resolution, queue: list[Chunk]) -> None:
    """Keeps the globals and functions that the initial values of kept globals name."""
    seen: set[GlobalElement] = set()
    while True:
        kept = [
            element
            for obj in resolution.objects
            for element in obj.globals
            if element.live and element not in seen
        ]
        if not kept:
            return
        seen.update(kept)
        for element in kept:
            for symbol in symbols_read(element, options.quirks):
                enqueue(symbol, queue)
        follow_relocations(queue)


def live_init_functions(obj: InputObject) -> list[LinkSymbol]:
    """The init functions of an object that are part of the output."""
    symbols = (obj.symbols[entry.symbol] for entry in obj.linking.init_functions)
    return [symbol for symbol in symbols if not symbol.is_discarded and symbol.is_live]


def removed(resolution: Resolution) -> list[str]:
    """What is left out, one line each, in LLD's order (`--print-gc-sections`)."""
    lines = []
    for obj in resolution.objects:
        pieces: list[Chunk | Element] = [
            *obj.functions,
            *obj.segments,
            *obj.globals,
            *obj.tags,
            *obj.tables,
        ]
        lines += [f"removing unused section {piece}" for piece in pieces if not piece.live]
    table = resolution.table
    synthetic: list[Chunk | Element] = [
        *table.synthetic_functions,
        *table.synthetic_globals,
        *table.synthetic_tables,
    ]
    lines += [f"removing unused section {piece}" for piece in synthetic if not piece.live]
    return lines

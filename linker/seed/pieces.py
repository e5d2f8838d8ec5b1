"""Which pieces of an object the seed makes atoms of (its parseIntoAtoms), and in which order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from linker.command_line.options import Options
from linker.format import model
from linker.format.constants import (
    ExternalKind,
    RelocationType,
    SegmentFlag,
    SymbolFlag,
    SymbolKind,
)
from linker.inputs.load_object import relocations_by_section
from linker.objects import (
    TLS_SEGMENT,
    Chunk,
    Function,
    InputObject,
    OutputSegment,
)
from linker.seed.errors import SeedStop
from linker.seed.own_resolution import reach


def without_export_flags(file: model.ObjectFile) -> model.ObjectFile:
    """An object made in memory whose symbols are not marked as exported."""
    sections: list[model.Section] = []
    for section in file.sections:
        if isinstance(section, model.LinkingSection):
            symbols = [
                dataclasses.replace(entry, flags=entry.flags & ~SymbolFlag.EXPORTED)
                for entry in section.symbols
            ]
            sections.append(dataclasses.replace(section, symbols=symbols))
        else:
            sections.append(section)
    return model.ObjectFile(file.name, sections)


def forget_thread_local(obj: InputObject) -> None:
    """Makes thread-local segments ordinary ones."""
    for segment in obj.segments:
        segment.flags &= ~TLS_SEGMENT


def form_pieces(options: Options, objects: Sequence[InputObject]) -> None:
    """Gives the pieces of every object what the seed's atoms have.

    Raises:
        SeedStop: the seed's parseIntoAtoms stops at an object.
    """
    reach(objects, "parseAtom")
    for obj in atom_order(objects, options.quirks):
        named = defined_pieces(obj, stops="aliases-stop" in options.quirks)
        if "unnamed-pieces-dropped" in options.quirks:
            drop_unnamed(obj, named)
        if "relocations-at-both-ends" in options.quirks:
            relocate_at_both_ends(obj)
        check_relocation_symbols(obj, options)
    reach(objects, "allocateAtoms")


def atom_order(objects: Sequence[InputObject], quirks: frozenset[str]) -> list[InputObject]:
    """The objects in the order in which their pieces are placed."""
    if "atoms-last-object-first" not in quirks:
        return list(objects)
    own = [obj for obj in objects if obj.number is None]
    return own + [obj for obj in reversed(objects) if obj.number is not None]


def defined_pieces(obj: InputObject, stops: bool) -> set[tuple[SymbolKind, int]]:
    """The functions and segments that symbols define, by kind and index."""
    named: set[tuple[SymbolKind, int]] = set()
    for entry in obj.linking.symbols:
        if entry.is_undefined or entry.kind not in (SymbolKind.FUNCTION, SymbolKind.DATA):
            continue
        index = entry.data.segment if entry.data is not None else entry.index
        assert index is not None
        key = (entry.kind, index)
        if stops and key in named and obj.number is not None:
            what = f"a second symbol for {entry.kind.name.lower()} {index}: {entry.name}"
            raise SeedStop("parseIntoAtoms", "aliases-stop", f"{obj.name}: {what}")
        named.add(key)
    return named


def drop_unnamed(obj: InputObject, named: set[tuple[SymbolKind, int]]) -> None:
    first = len(obj.imports[ExternalKind.FUNCTION])
    for number, function in enumerate(obj.functions, first):
        if (SymbolKind.FUNCTION, number) not in named:
            function.live = False
    for number, segment in enumerate(obj.segments):
        if (SymbolKind.DATA, number) not in named:
            segment.live = False
            segment.flags &= ~int(SegmentFlag.RETAIN)


def content_start(chunk: Chunk) -> int:
    """Where a piece starts in its section's content: a function without its size field."""
    return chunk.input_offset + (chunk.code_offset if isinstance(chunk, Function) else 0)


def content_end(chunk: Chunk) -> int:
    return chunk.input_offset + len(chunk.content)


def relocate_at_both_ends(obj: InputObject) -> None:
    """Gives each piece the relocations from its first byte to the one behind it."""
    found = relocations_by_section(obj)
    for index, section in enumerate(obj.file.sections):
        pieces: Sequence[Chunk] = ()
        if isinstance(section, model.CodeSection):
            pieces = obj.functions
        elif isinstance(section, model.DataSection):
            pieces = obj.segments
        for piece in pieces:
            start, end = content_start(piece), content_end(piece)
            piece.relocations = [
                entry for entry in found.get(index, ()) if start <= entry.offset <= end
            ]


def check_relocation_symbols(obj: InputObject, options: Options) -> None:
    """Relocations against no symbol, which only an unchecked file has, stop the seed later."""
    place = "emitCodeRelocations" if options.relocatable else "getSymbol"
    for piece in (*obj.functions, *obj.segments):
        # Without a name it is dropped; with sections collected, what is kept is not known yet.
        for entry in piece.relocations if piece.live or options.gc_sections else ():
            is_type = entry.type == RelocationType.TYPE_INDEX_LEB
            if entry.index >= len(obj.symbols) and not is_type:
                raise SeedStop(place, "unchecked-reading", f"{obj.name}: symbol {entry.index}")


def pack(segments: Sequence[OutputSegment], address: int) -> None:
    """Puts each segment where the one before ends, aligned or not."""
    for segment in segments:
        segment.address = address
        address += segment.size

"""Comdat groups that another object of the link has given already."""

from __future__ import annotations

from linker.format.constants import ExternalKind, SymbolKind
from linker.format.relocation_families import TYPE_INDEX
from linker.objects import Function, InputObject, Segment
from linker.resolution.symbols import ABSOLUTE


def leave_out_lost_groups(obj: InputObject) -> None:
    """Of a comdat group only the first object's part is written (Linking.md, "COMDATs"), and what
    the rest of the object refers to by local symbols, which no other object can give it."""
    chunks = (*obj.functions, *obj.segments)
    for chunk in chunks:
        chunk.live = chunk.live and not chunk.discarded
    waiting = [chunk for chunk in chunks if chunk.live]
    while waiting:
        for relocation_type, _, index, _ in waiting.pop().relocations:
            target = None if relocation_type == TYPE_INDEX else local_chunk(obj, index)
            if target is not None and not target.live:
                target.live = True
                waiting.append(target)


def local_chunk(obj: InputObject, index: int) -> Function | Segment | None:
    """The function or data that a symbol names if it is local and defined."""
    entry = obj.linking.symbols[index]
    if not entry.is_local or entry.is_undefined:
        return None
    if entry.kind is SymbolKind.FUNCTION and entry.index is not None:
        return obj.functions[entry.index - len(obj.imports[ExternalKind.FUNCTION])]
    if entry.data is None or entry.flags & ABSOLUTE or entry.data.segment >= len(obj.segments):
        return None
    return obj.segments[entry.data.segment]

"""The symbols of an object in memory that was edited, entered into the link's table."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from linker.format.constants import SymbolKind
from linker.format.leb128 import encode_unsigned
from linker.format.model import Symbol
from linker.resolution.symbols import LOCAL, LinkSymbol, State

if TYPE_CHECKING:
    from linker.objects import InputObject
    from linker.resolution.symbol_table import SymbolTable
    from linker.seed.own_state import OwnState


def own_state(objects: Sequence[object]) -> OwnState | None:
    """What is known of the object in memory, if there is one that was edited."""
    found = (getattr(obj, "own", None) for obj in objects)
    return next((own for own in found if own is not None), None)


def reach(objects: Sequence[object], place: str) -> None:
    """Ends the link if the seed ends it at that place (`OwnState.reach`)."""
    own = own_state(objects)
    if own is not None:
        own.reach(place)


def resize_bodies(obj: InputObject) -> None:
    """Gives bodies without bytes the sizes that they are said to have."""
    for number, size in obj.own.sizes.items() if obj.own is not None else ():
        function = obj.functions[number]
        function.content = encode_unsigned(size)
        function.code_offset = len(function.content)


def literal(obj: InputObject, own: OwnState, number: int, entry: Symbol) -> LinkSymbol | None:
    """A symbol of nothing that is still referred to; None if it is none of those."""
    if number not in own.literals:
        return None
    symbol = LinkSymbol(entry.name, entry.kind, State.UNDEFINED, int(entry.flags), obj)
    symbol.index = own.literals[number][0]
    symbol.apart = symbol.referenced = True
    return symbol


def renamed(own: OwnState, number: int, entry: Symbol) -> Symbol:
    """The entry under a name that no other has, where names are settled beforehand."""
    if own.names is None or not own.slots[number]:
        return entry
    return dataclasses.replace(entry, name=f"\0{number}")


def bind_names(obj: InputObject, table: SymbolTable) -> None:
    """Gives names the meanings that were settled."""
    own = obj.own
    if own is None or own.names is None:
        return
    for symbol, entry in zip(obj.symbols, obj.linking.symbols, strict=True):
        symbol.name = entry.name
    for name, number in own.names.items():
        symbol = obj.symbols[number]
        if number in own.literals:
            # Something to collide with.
            symbol = LinkSymbol(name, SymbolKind.DATA, State.DEFINED, LOCAL, obj)
            if not own.literals[number][1]:
                continue
        table.bind(name, symbol)


def passed_over(objects: Sequence[InputObject]) -> set[LinkSymbol]:
    """The symbols that are not in the seed's list."""
    return {
        obj.symbols[number] for obj in objects if obj.own is not None for number in obj.own.unlisted
    }


def reach_symbol_table(objects: Sequence[InputObject]) -> None:
    """Ends the link if the symbol table would have an import whose kind is not set."""
    if without_kind(objects) - passed_over(objects):
        reach(objects, "emitSymbolTable")


def without_kind(objects: Sequence[InputObject]) -> set[LinkSymbol]:
    """The imports whose kind is not set."""
    return {
        obj.symbols[number]
        for obj in objects
        if obj.own is not None
        for number in obj.own.untagged
        if obj.symbols[number].file is obj
    }

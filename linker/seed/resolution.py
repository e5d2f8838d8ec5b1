"""The seed's rules of resolution, and its list of resolved symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linker.format.constants import SymbolKind
from linker.resolution.symbols import LinkSymbol, State
from linker.seed.errors import SeedError, SeedStop
from linker.seed.hash_order import Location
from linker.seed.own_resolution import passed_over

if TYPE_CHECKING:
    from linker.command_line.options import Options
    from linker.objects import InputObject
    from linker.resolution.resolution import Resolution

FUNCTION_TABLE_NAME = "__indirect_function_table"
STACK_POINTER_NAME = "__stack_pointer"
OWN_FIRST: Location = (None, 0)


def stands_apart(existing: LinkSymbol | None, new: LinkSymbol, quirks: frozenset[str]) -> bool:
    """Whether a symbol stays what it is in its object, whatever its name means elsewhere."""
    if new.name == FUNCTION_TABLE_NAME:
        return "table-symbols-passed-over" in quirks
    if existing is None:
        return False
    if existing.state is State.DEFINED:
        return new.state is State.UNDEFINED and "references-not-redirected" in quirks
    return existing.is_weak and new.is_weak and "weak-undefined-kept" in quirks


def set_apart(new: LinkSymbol, index: int) -> LinkSymbol:
    """A symbol of its own, with the number it has in its object."""
    new.apart = True
    new.referenced = True
    new.index = index
    return new


def check_entry(options: Options, resolution: Resolution) -> None:
    """Looks for the entry symbol among the names (setupStart).

    Raises:
        SeedError, SeedStop
    """
    name = options.entry or "_start"
    symbol = resolution.table.find(name)
    if symbol is None:
        for obj in resolution.objects:
            if any(entry.name == name and entry.is_local for entry in obj.linking.symbols):
                detail = f"entry symbol {name} is local in {obj.name}"
                raise SeedStop("setupStart", "entry-by-name", detail)
        if options.entry and not options.relocatable:
            raise SeedError("MissingSymbol", f"Entry symbol '{name}' missing")
        return
    if symbol.kind is not SymbolKind.FUNCTION:
        raise SeedError("InvalidEntryKind", f"Entry symbol '{name}' is not a function")


def refuse_weak_functions(symbols: list[LinkSymbol]) -> None:
    """A weak undefined function has no import, which mergeTypes takes for granted."""
    for symbol in symbols:
        if symbol.is_undefined_weak and symbol.kind is SymbolKind.FUNCTION:
            detail = f"weak undefined function {symbol.name}"
            raise SeedStop("mergeTypes", "weak-functions-stop", detail)


def resolved_symbols(resolution: Resolution) -> list[LinkSymbol]:
    """The symbols of the output in the seed's order.

    The linker's own come first, then each object's in the order of its symbol table, a name where
    it was first seen. (A newcomer that replaces an entry is appended, and then moved to the old
    one's place when that is swap-removed.)
    """
    found = dict.fromkeys(
        symbol
        for symbol in resolution.table.symbols
        if symbol.file is None and symbol.name != FUNCTION_TABLE_NAME
    )
    pointer = resolution.own.stack_pointer
    if pointer is not None and pointer in resolution.table.symbols[:1]:
        found = {pointer: None, **found}
    unlisted = passed_over(resolution.objects)
    for obj in resolution.objects:
        for symbol in obj.symbols:
            if not symbol.apart and symbol not in unlisted:
                found.setdefault(symbol)
    return list(found)


def locations(resolution: Resolution) -> dict[LinkSymbol, Location]:
    """Where each symbol has its meaning from: its object and its index there."""
    found: dict[LinkSymbol, Location] = {}
    own = [symbol for symbol in resolution.table.symbols if symbol.file is None]
    for number, symbol in enumerate(own):
        found[symbol] = (None, number)
    for obj in resolution.objects:
        for number, symbol in enumerate(obj.symbols):
            if symbol.file is obj:
                found.setdefault(symbol, location_of(obj, number))
    return found


def location_of(obj: InputObject, index: int) -> Location:
    """The location of a symbol of an object; those made in memory stand in slots of their own,
    after the stack pointer."""
    if obj.own is not None:
        return None, obj.own.slots[index]
    return (None, index + 1) if obj.number is None else (obj.number, index)


def number_of(symbol: LinkSymbol) -> int:
    """A symbol's index in the space of its kind; of data, its segment in its object."""
    if symbol.kind is SymbolKind.FUNCTION:
        return symbol.function_index
    if symbol.kind is SymbolKind.DATA and symbol.index == -1:
        return segment_number(symbol)
    return symbol.element_index


def number_in_object(symbol: LinkSymbol) -> int:
    """The index that a symbol's entry has in the symbol table of its object."""
    obj = symbol.file
    for entry, found in zip(obj.linking.symbols, obj.symbols, strict=False) if obj else ():
        if found is symbol and entry.index is not None:
            return entry.index
    return 0


def segment_number(symbol: LinkSymbol) -> int:
    """The index of a data symbol's segment in its object, 0 without one.

    The linker's own data has no segment before the output's.
    """
    obj: InputObject | None = symbol.file
    segment = getattr(symbol.chunk, "output_segment", None)
    if obj is not None and obj.number is None and segment is not None:
        return int(segment.index)
    for number, segment in enumerate(obj.segments if obj is not None else ()):
        if segment is symbol.chunk:
            return number
    return 0

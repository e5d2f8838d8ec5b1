"""The seed's numbering: imports, functions, globals, tables, table slots and types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from linker.format.constants import ExternalKind, SymbolKind
from linker.objects import Function, GlobalElement, InputObject
from linker.resolution.symbols import LinkSymbol
from linker.seed.errors import SeedStop
from linker.seed.hash_order import HashTable, Location
from linker.seed.own_resolution import own_state
from linker.seed.pieces import atom_order
from linker.seed.resolution import (
    OWN_FIRST,
    location_of,
    locations,
    number_in_object,
    resolved_symbols,
)

if TYPE_CHECKING:
    from linker.layout.indices import Indices
    from linker.resolution.resolution import Resolution


def in_hash_order(imported: Sequence[LinkSymbol], resolution: Resolution) -> list[LinkSymbol]:
    """The imports in the order of the map that holds them (setupImports).

    The linker's own `__stack_pointer` is in it first, and taken out if an object brings one.
    """
    found = locations(resolution)
    own = own_state(resolution.objects)
    table = HashTable() if own is None or own.imports is None else own.imports.copy()
    by_location = {found[symbol]: symbol for symbol in imported}
    pointer = resolution.own.stack_pointer
    if pointer is not None and pointer.is_undefined and OWN_FIRST not in table:
        table.add(OWN_FIRST)
    for location in table.in_order():
        if location not in by_location:
            # An object has what was an import.
            table.remove(location)
    for location in by_location:
        if location not in table:
            table.add(location)
    return [by_location[location] for location in table.in_order()]


def without_weak(imported: Sequence[LinkSymbol]) -> list[LinkSymbol]:
    """The imports without the weak ones, which keep the number they have in their object."""
    for symbol in imported:
        if symbol.is_weak:
            symbol.index = number_in_object(symbol)
    return [symbol for symbol in imported if not symbol.is_weak]


def check_taken_once(obj: InputObject, index: int, indices: Indices) -> None:
    """A second relocation for the address of one symbol finds its entry taken (parseIntoAtoms)."""
    if (obj, index) in indices.taken and obj.number is not None:
        detail = f"{obj.name}: address of {obj.symbols[index].name} taken twice"
        raise SeedStop("parseIntoAtoms", "address-taken-twice-stops", detail)
    indices.taken.add((obj, index))


def add_slot_of_reference(obj: InputObject, index: int, indices: Indices, base: int) -> None:
    """Gives a symbol of an object a slot of its own."""
    if (obj, index) not in indices.slots:
        indices.slots[obj, index] = base + len(indices.table_entries)
        indices.table_entries.append(obj.symbols[index])


def order_table(resolution: Resolution, indices: Indices, base: int) -> None:
    """Puts the table's entries into the order of the map that holds them (mapFunctionTable)."""
    own = own_state(resolution.objects)
    keys: list[Location]
    if indices.slots:
        keys = [location_of(obj, index) for obj, index in indices.slots]
    else:
        found = locations(resolution)
        keys = [found[symbol] for symbol in indices.table_entries]
    table = HashTable() if own is None or own.table is None else own.table.copy()
    for key in keys:
        if key not in table:
            table.add(key)
    entries = dict(zip(keys, indices.table_entries, strict=True))
    slots = {key: base + slot for slot, key in enumerate(table.in_order())}
    for reference, key in zip(list(indices.slots), keys, strict=False):
        indices.slots[reference] = slots[key]
    for key, symbol in entries.items():
        if symbol.is_defined and symbol.kind is SymbolKind.FUNCTION:
            symbol.function.table_index = slots[key]
        else:
            symbol.table_index = slots[key]
    indices.table_entries = [entries[key] for key in table.in_order()]


def order_bodies(resolution: Resolution, indices: Indices, quirks: frozenset[str]) -> None:
    """Sets the order of the bodies in the code section."""
    ordered = atom_order(resolution.objects, quirks)
    if ordered == resolution.objects:
        return
    own = [entry for entry in indices.bodies if entry.file is None]
    indices.bodies = own + [
        function for obj in ordered for function in obj.functions if function.live
    ]


def number_by_symbol(resolution: Resolution, indices: Indices) -> None:
    """Numbers functions and globals in the order of the symbols (mergeSections)."""
    # What was made in memory is numbered as it is placed.
    functions: dict[Function, None] = dict.fromkeys(
        function for obj in resolution.objects if obj.own is not None for function in obj.functions
    )
    elements: dict[GlobalElement, None] = {}
    for symbol in resolved_symbols(resolution):
        if not symbol.is_defined or not symbol.is_live:
            continue
        if symbol.kind is SymbolKind.FUNCTION:
            functions[symbol.function] = None
        elif symbol.kind is SymbolKind.GLOBAL:
            elements[cast("GlobalElement", symbol.element)] = None
    # What no symbol names comes last.
    indices.functions = list(functions | dict.fromkeys(indices.functions))
    indices.globals = list(elements | dict.fromkeys(indices.globals))
    first = indices.import_counts[ExternalKind.FUNCTION]
    for number, function in enumerate(indices.functions, first):
        function.function_index = number


def lose_tables(resolution: Resolution, indices: Indices) -> None:
    """Keeps the function table only; the others are numbered as if it were not there."""
    own = resolution.own.indirect_function_table
    imported = sum(
        symbol.kind is SymbolKind.TABLE and symbol is not own for symbol in indices.imports
    )
    element = None if own is None else own.element
    others = [table for table in indices.tables if table is not element]
    for number, table in enumerate(others, imported):
        table.index = number
    indices.tables = [table for table in indices.tables if table is element]
    for number, table in enumerate(indices.tables, imported):
        table.index = number


def enter_own_types(resolution: Resolution, indices: Indices) -> None:
    """Enters the types that an object in memory has ever used (putOrGetFuncType)."""
    own = own_state(resolution.objects)
    for signature in own.types if own is not None else ():
        indices.type_index(signature)


def enter_types_by_symbol(resolution: Resolution, indices: Indices) -> None:
    """Enters the types of functions in the order of their symbols (mergeTypes)."""
    for symbol in resolved_symbols(resolution):
        if symbol.kind is SymbolKind.FUNCTION and symbol.signature is not None and symbol.is_live:
            indices.type_index(symbol.signature)

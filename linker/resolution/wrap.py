"""`--wrap NAME`: references to NAME mean `__wrap_NAME`, those to `__real_NAME` mean NAME.

LLD's addWrappedSymbols and wrapSymbols; the convention is silent. Only functions can be wrapped:
`__wrap_NAME` and `__real_NAME` are entered as functions, whatever NAME is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from linker.errors import FatalError
from linker.format.constants import SymbolKind
from linker.format.model import FunctionType
from linker.format.relocation_families import TYPE_INDEX
from linker.inputs.reading import undefined_here
from linker.objects import InputObject
from linker.resolution.symbol_table import SymbolTable, undefined_symbol
from linker.resolution.symbols import LinkSymbol

# What leaves references without a type to the end, where the linker crashes.
LEFT_UNTYPED = frozenset({"wrapped-type-unknown", "wrappers-untyped"})

WRAP, REAL = "__wrap_", "__real_"


class WrappedSymbol(NamedTuple):
    """The three symbols that `--wrap` is about.

    Symbols of other signatures than their definitions may be stubs with names of their own: only
    `name` is what the option says.
    """

    name: str
    symbol: LinkSymbol
    real: LinkSymbol
    wrap: LinkSymbol


def declare_wrapped(
    table: SymbolTable, objects: Sequence[InputObject], link_extracted: Callable[[], None]
) -> list[WrappedSymbol]:
    """Enters references to `__real_NAME` and `__wrap_NAME` of each name that occurs.

    `link_extracted` links what a reference takes from an archive, and adds it to `objects`.
    """
    wrapped = []
    for name in table.options.wrap:
        symbol = table.find(name)
        if symbol is None:
            continue
        # The type of a tag says nothing about a function.
        is_untyped = symbol.kind is SymbolKind.TAG or "wrappers-untyped" in table.options.quirks
        added = []
        for prefix in (REAL, WRAP):
            table.trace_reference(prefix + name, None)
            # What `__real_NAME` takes from an archive may be what tells the type.
            signature = None if is_untyped else symbol.signature
            is_real = prefix == REAL
            added.append(refer_to(prefix + name, signature, is_real, table, link_extracted))
        real, wrap = added
        wrap.used_in_object = True
        # What only waits in an archive is used where an object refers to it.
        if not symbol.is_lazy or "wrapped-type-unknown" in table.options.quirks:
            symbol.used_in_object = True
        real.used_in_object = False
        wrapped.append(WrappedSymbol(name, symbol, real, wrap))
    return complete_wrapped(wrapped, table, objects, link_extracted)


def complete_wrapped(
    wrapped: list[WrappedSymbol],
    table: SymbolTable,
    objects: Sequence[InputObject],
    link_extracted: Callable[[], None],
) -> list[WrappedSymbol]:
    """Takes the originals that are referred to, and compares calls; again after new objects."""
    if "wrapped-member-left" not in table.options.quirks:
        while needed := wanted_original(wrapped, objects):
            table.extract_symbol(needed.symbol, "<internal>")
            link_extracted()
            # Its signature is known only now.
            refer_to(REAL + needed.name, needed.symbol.signature, True, table, link_extracted)
            needed.real.used_in_object = False
    return [compare_with_calls(entry, table, objects, link_extracted) for entry in wrapped]


def compare_with_calls(
    entry: WrappedSymbol,
    table: SymbolTable,
    objects: Sequence[InputObject],
    link_extracted: Callable[[], None],
) -> WrappedSymbol:
    """Compares the wrapper with the calls it gets, once all objects are there that may call it."""
    symbol = entry.symbol
    if {"wrapped-signature-unchecked", "wrappers-untyped"} & table.options.quirks:
        return entry
    if symbol.kind is SymbolKind.TAG or not is_called_directly(symbol, objects):
        return entry
    wrap = refer_to(WRAP + entry.name, symbol.signature, True, table, link_extracted)
    wrap.used_in_object = True
    return entry._replace(wrap=wrap)


def is_called_directly(symbol: LinkSymbol, objects: Iterable[InputObject]) -> bool:
    return any(obj.symbols[index] is symbol for obj in objects for index in obj.called_directly)


def wanted_original(
    wrapped: Iterable[WrappedSymbol], objects: Sequence[InputObject]
) -> WrappedSymbol | None:
    """What is in an archive still, though an object refers to it by `__real_NAME`."""
    for entry in wrapped:
        file = entry.symbol.file if entry.symbol.is_lazy else None
        is_left = file is not None and file.lazy
        if is_left and any(entry.real in obj.symbols for obj in objects):
            return entry
    return None


def refer_to(
    name: str,
    signature: FunctionType | None,
    is_called: bool,
    table: SymbolTable,
    link_extracted: Callable[[], None],
) -> LinkSymbol:
    """Enters a reference; a call is compared with the signature of the definition."""
    reference = undefined_symbol(name, SymbolKind.FUNCTION, 0, None)
    reference.signature = signature
    is_compared = "wrapped-signature-unchecked" not in table.options.quirks
    reference.is_called_directly = is_called and is_compared
    symbol = table.add_undefined_function(reference)
    if not table.extracted:
        return symbol
    link_extracted()
    # Now there is a definition to compare the reference with.
    return table.add_undefined_function(reference) if is_compared else symbol


def check_kinds(
    obj: InputObject, replacements: Mapping[LinkSymbol, LinkSymbol], quirks: frozenset[str]
) -> None:
    """Only functions can be wrapped: a place for an address has no room for a function's index.

    Raises:
        FatalError: an object refers to something else that has been replaced.
    """
    for chunk in (*obj.functions, *obj.segments, *obj.sections):
        for relocation_type, _, index, _ in chunk.relocations:
            if relocation_type == TYPE_INDEX:
                continue
            symbol = obj.symbols[index]
            other = replacements.get(symbol, symbol)
            if other.kind is not symbol.kind and not (other.is_lazy or symbol.is_lazy):
                problem = f"{obj.name}: --wrap: not a function: {symbol.name}"
                raise FatalError(undefined_here(problem, quirks, "wrapped-kinds-unchecked"))


def apply_wrapping(
    wrapped: Sequence[WrappedSymbol], table: SymbolTable, objects: Iterable[InputObject]
) -> None:
    """Lets the references of all objects, and the names, mean what `--wrap` says."""
    replacements: dict[LinkSymbol, LinkSymbol] = {}
    for _, symbol, real, wrap in wrapped:
        replacements[symbol] = wrap
        replacements[real] = symbol
    for obj in objects if wrapped else ():
        check_kinds(obj, replacements, table.options.quirks)
        obj.symbols = [replacements.get(symbol, symbol) for symbol in obj.symbols]
    for name, symbol, real, wrap in wrapped:
        if not table.options.quirks & LEFT_UNTYPED:
            for entry in (symbol, wrap):
                # Nothing refers to it, and nobody knows its type: it is no import.
                is_unknown = entry.is_undefined and entry.is_function and entry.signature is None
                entry.used_in_object = entry.used_in_object and not is_unknown
        names = (name, REAL + name, WRAP + name)
        if "wrapped-stubs-forgotten" in table.options.quirks:
            names = (symbol.name, real.name, wrap.name)
        table.wrap(*names)
        # One with a signature is wanted weakly: a stub will stand for it.
        is_taken_for_function = symbol.is_lazy and symbol.signature is None
        if is_taken_for_function and "wrapped-member-left" in table.options.quirks:
            # LLD reads the index of a function where there is none.
            symbol.index = 0

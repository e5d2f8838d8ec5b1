"""`--wrap NAME`: references to NAME mean `__wrap_NAME`, those to `__real_NAME` mean NAME.

LLD's addWrappedSymbols and wrapSymbols; the convention is silent. Only functions can be wrapped:
`__wrap_NAME` and `__real_NAME` are entered as functions, whatever NAME is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from linker.format.constants import SymbolKind
from linker.format.model import FunctionType
from linker.objects import InputObject
from linker.symbol_table import SymbolTable, undefined_symbol
from linker.symbols import LinkSymbol


class WrappedSymbol(NamedTuple):
    """The three symbols that `--wrap` is about."""

    symbol: LinkSymbol
    real: LinkSymbol
    wrap: LinkSymbol


def declare_wrapped(
    names: Iterable[str], table: SymbolTable, link_extracted: Callable[[], None]
) -> list[WrappedSymbol]:
    """Enters references to `__real_NAME` and `__wrap_NAME` of each name that occurs.

    `link_extracted` links what a reference takes from an archive.
    """
    wrapped = []
    for name in names:
        symbol = table.find(name)
        if symbol is None:
            continue
        # The type of a tag says nothing about a function.
        signature = None if symbol.kind is SymbolKind.TAG else symbol.signature
        added = []
        for prefix in ("__real_", "__wrap_"):
            added.append(refer_to(prefix + name, signature, table))
            link_extracted()
        real, wrap = added
        symbol.used_in_object = wrap.used_in_object = True
        real.used_in_object = False
        wrapped.append(WrappedSymbol(symbol, real, wrap))
    return wrapped


def refer_to(name: str, signature: FunctionType | None, table: SymbolTable) -> LinkSymbol:
    reference = undefined_symbol(name, SymbolKind.FUNCTION, 0, None)
    reference.signature = signature
    reference.is_called_directly = False
    table.trace_reference(name, None)
    return table.add_undefined_function(reference)


def apply_wrapping(
    wrapped: Sequence[WrappedSymbol], table: SymbolTable, objects: Iterable[InputObject]
) -> None:
    """Lets the references of all objects, and the names, mean what `--wrap` says."""
    replacements: dict[LinkSymbol, LinkSymbol] = {}
    for symbol, real, wrap in wrapped:
        replacements[symbol] = wrap
        replacements[real] = symbol
    for obj in objects if wrapped else ():
        obj.symbols = [replacements.get(symbol, symbol) for symbol in obj.symbols]
    for symbol, real, wrap in wrapped:
        table.wrap(symbol.name, real.name, wrap.name)

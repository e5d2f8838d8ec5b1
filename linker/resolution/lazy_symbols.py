"""What becomes of names that wait in archives when all members are chosen."""

from __future__ import annotations

from linker.errors import FatalError
from linker.resolution.symbol_table import SymbolTable, demote
from linker.resolution.symbols import UNDEFINED, WEAK

ZERO_QUIRKS = frozenset(
    {"local-symbols-offered", "archive-index-used", "lost-member-symbol-zero"},
)


def demote_lazy_symbols(table: SymbolTable) -> None:
    """What was never extracted stays undefined (LLD's demoteLazySymbols)."""
    options = table.options
    quirks = options.quirks
    flags = WEAK if "demoted-flag-lost" in quirks else WEAK | UNDEFINED
    for symbol in table.symbols:
        if not symbol.is_lazy or not symbol.used_in_object:
            continue
        is_function = symbol.signature is not None
        if is_function and options.relocatable and "lazy-functions-garbage" in quirks:
            raise FatalError(
                "wasm-ld 15 writes what happens to be in memory, or crashes here: reference"
                f" to {symbol.name}, which an archive defines (quirk lazy-functions-garbage)",
            )
        if not symbol.is_weak and quirks & ZERO_QUIRKS:
            # The member has been taken and does not define it; wasm-ld goes on with its zeros.
            symbol.index = symbol.table_index = 0
        elif is_function or "lazy-data-not-demoted" not in quirks:
            demote(symbol, flags)

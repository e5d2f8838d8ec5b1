"""Where a dialect cannot follow wasm-ld: a symbol is taken for one of another kind."""

from __future__ import annotations

from linker.errors import FatalError
from linker.format import model
from linker.format.constants import SymbolKind
from linker.objects import Section
from linker.symbols import LinkSymbol


def refuse_arbitrary_numbers(symbol: LinkSymbol, reference: model.Symbol) -> None:
    """Says where wasm-ld reads the wrong fields of a symbol, and writes what it finds there."""
    if symbol.is_defined and symbol.kind is not reference.kind:
        if symbol.kind is SymbolKind.FUNCTION and reference.kind is not SymbolKind.DATA:
            return
        raise FatalError(
            f"wasm-ld 22 crashes here, or writes arbitrary numbers: {reference.name} is not of"
            " the kind that it is taken for (quirk extracted-definition-unchecked)",
        )


def refuse_lost_section(section: Section, quirks: frozenset[str]) -> None:
    """Says where wasm-ld cannot cope with the symbol of a custom section whose group was lost."""
    if "lost-section-symbol-crashes" in quirks:
        raise FatalError(
            f"wasm-ld 22 crashes here: {section} has a symbol, and is in a group that was lost"
            " (quirk lost-section-symbol-crashes)",
        )

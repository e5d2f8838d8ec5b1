"""`--trace-symbol`: a line for each reference to a name, and for each definition of it.

LLD's printTraceSymbol and printTraceSymbolUndefined, with replaceSymbol, which calls the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from linker.objects import InputObject, file_name
from linker.resolution.symbols import LinkSymbol


class SymbolTrace:
    """Prints what happens to the names that are traced; `print_line` gets each line."""

    def __init__(self, names: Iterable[str], print_line: Callable[[str], None]) -> None:
        self.names = frozenset(names)
        self.print_line = print_line

    def watch(self, symbol: LinkSymbol) -> None:
        """Traces a symbol that has just got its name, if that is wanted."""
        if symbol.name in self.names:
            symbol.on_change = self.definition

    @staticmethod
    def follows(symbol: LinkSymbol) -> bool:
        """Whether what happens to a symbol is printed."""
        return symbol.on_change is not None

    def definition(self, symbol: LinkSymbol) -> None:
        """The symbol has a new meaning. References are printed by `reference`."""
        if not symbol.is_undefined:
            file = file_name(symbol.file)
            if symbol.is_lazy and symbol.file is not None and symbol.file.index_of:
                file = symbol.file.index_of
            what = "lazy definition" if symbol.is_lazy else "definition"
            self.print_line(f"{file}: {what} of {symbol.name}")

    def reference(self, name: str, file: InputObject | None, known: LinkSymbol | None) -> None:
        """An object refers to a name; `known` is what the name means so far."""
        if name in self.names and (known is None or known.on_change is not None):
            self.print_line(f"{file_name(file)}: reference to {name}")

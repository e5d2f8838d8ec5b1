"""Names that the linker defines when the objects have had their say.

*unspecified*: LLD's replaceSymbol overwrites what is there, whatever it is. A program that means
something else by the name then calls the wrong function, or its code is invalid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from linker.format.constants import SymbolKind
from linker.resolution.mismatches import global_types_differ, signatures_differ
from linker.resolution.symbols import LinkSymbol

if TYPE_CHECKING:
    from linker.resolution.symbol_table import SymbolTable


def compare_with_own(existing: LinkSymbol, new: LinkSymbol, table: SymbolTable) -> None:
    """Reports what does not go with the linker's own definition of the name."""
    if existing.is_lazy:
        return
    if "linker-names-unchecked" in table.options.quirks:
        # What was numbered as an import already goes by the new number.
        existing.index = -1
        if existing.kind is not new.kind:
            table.mixed.add(existing)
        return
    if existing.kind is not new.kind:
        # A relocation GLOBAL_INDEX against data means a global that holds its address.
        is_address = new.kind is SymbolKind.DATA and existing.kind is SymbolKind.GLOBAL
        if existing.file is not None and not is_address:
            table.report_kind(existing, new)
    elif existing.is_defined and existing.file is not None:
        table.report_duplicate(existing, new)
    elif new.kind is SymbolKind.GLOBAL:
        # Objects with thread-local data ask for a variable, also where it is constant.
        wanted, own = existing.global_type, new.global_type
        if wanted is not None and own is not None and wanted.value_type is not own.value_type:
            table.diagnostics.error(global_types_differ(existing, new))
    elif existing.signature not in (None, new.signature):
        table.diagnostics.error(signatures_differ(new.name, existing, new))

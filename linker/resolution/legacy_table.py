"""The function table of objects from before there were symbols for tables."""

from __future__ import annotations

from linker.format.constants import ExternalKind, SymbolKind, ValueType
from linker.format.model import TableType
from linker.objects import ImportedEntity, InputObject
from linker.resolution.resolution import Resolution
from linker.resolution.symbol_table import FUNCTION_TABLE_NAME, undefined_symbol
from linker.resolution.symbols import NO_STRIP
from linker.seed.resolution import set_apart


def add_legacy_table_symbol(obj: InputObject, table_symbols: int, resolution: Resolution) -> None:
    """Objects from before table symbols import the table and nothing more.

    LLD's addLegacyIndirectFunctionTableIfNeeded.
    """
    imported = obj.imports[ExternalKind.TABLE]
    if "table-symbols-uncounted" in resolution.table.options.quirks:
        if not imported:
            return
        table_symbols = 0
    count = len(imported) + len(obj.tables)
    if count == table_symbols:
        return
    diagnostics = resolution.table.diagnostics
    if table_symbols:
        diagnostics.error(
            f"{obj.name}: expected one symbol table entry for each of the {count} table(s)"
            f" present, but got {table_symbols} symbol(s) instead.",
        )
    elif obj.tables:
        diagnostics.error(
            f"{obj.name}: unexpected table definition(s) without corresponding"
            " symbol-table entries.",
        )
    elif count != 1:
        diagnostics.error(
            f"{obj.name}: multiple table imports, but no corresponding symbol-table entries.",
        )
    else:
        add_symbol_of_import(obj, imported[0], resolution)


def add_symbol_of_import(obj: InputObject, entry: ImportedEntity, resolution: Resolution) -> None:
    described = entry.description
    if (
        entry.name != FUNCTION_TABLE_NAME
        or not isinstance(described, TableType)
        or described.element is not ValueType.FUNCREF
    ):
        resolution.table.diagnostics.error(
            f"{obj.name}: table import {entry.name} is missing a symbol table entry.",
        )
        return
    new = undefined_symbol(entry.name, SymbolKind.TABLE, NO_STRIP, obj)
    new.import_module, new.import_name = entry.module, entry.name
    new.table_type = described
    if resolution.table.stands_apart(new):
        obj.symbols.append(set_apart(new, 0))
        return
    resolution.table.trace_reference(entry.name, obj)
    symbol = resolution.table.add_undefined(new)
    obj.symbols.append(symbol)
    # Its uses have no relocations, so nothing else would keep it.
    symbol.mark_live()
    resolution.legacy_function_table = True

"""The numbers of what the output defines: functions, globals, tags, tables, table entries, types.

LLD's finalizeIndirectFunctionTable, assignIndexes and calculateTypes.
"""

from __future__ import annotations

from linker.command_line.options import Options
from linker.errors import Diagnostics, FatalError
from linker.format.constants import ExternalKind, LimitsFlag, SymbolKind
from linker.format.model import Limits
from linker.layout.imports import should_import
from linker.layout.indices import Indices
from linker.layout.table_numbers import MOST_ENTRIES, table_number
from linker.objects import (
    TableElement,
    file_name,
)
from linker.resolution.linker_symbols import resolve_function_table
from linker.resolution.resolution import Resolution
from linker.resolution.symbols import signature_of
from linker.seed.numbers import (
    enter_own_types,
    enter_types_by_symbol,
    lose_tables,
    number_by_symbol,
    order_bodies,
    order_table,
)
from linker.seed.own_resolution import reach


def finish_function_table(options: Options, resolution: Resolution, indices: Indices) -> None:
    """Sizes the indirect function table (LLD's finalizeIndirectFunctionTable).

    Raises:
        FatalError: it has more entries than 32 bits count (core specification, "Table Types").
    """
    if indices.table_entries and resolution.own.indirect_function_table is None:
        if "table-symbol-required" in options.quirks:
            # Writing the elements will fail, after all other errors.
            return
        resolve_function_table(options, resolution, required=True)
    if "table-in-hash-order" in options.quirks:
        order_table(resolution, indices, options.table_base)
    symbol = resolution.own.indirect_function_table
    if symbol is None:
        return
    if indices.table_entries and "table-symbol-required" not in options.quirks:
        symbol.mark_live()
    if symbol.index == -1 and symbol.is_undefined and should_import(symbol, options):
        symbol.index = indices.import_counts[ExternalKind.TABLE]
        indices.import_counts[ExternalKind.TABLE] += 1
        indices.imports.append(symbol)
    assert symbol.table_type is not None
    size = options.table_base + len(indices.table_entries)
    if symbol.is_undefined and "imported-table-short" in options.quirks:
        size = len(indices.table_entries)
    size = table_number(size, options.quirks)
    if size > MOST_ENTRIES:
        raise FatalError(f"table too large, {size} entries of at most {MOST_ENTRIES}")
    limits = Limits(LimitsFlag(0), size)
    if symbol.is_defined and not options.growable_table:
        limits = Limits(LimitsFlag.HAS_MAX, size, size)
    symbol.table_type = symbol.table_type._replace(limits=limits)
    if isinstance(symbol.element, TableElement):
        symbol.element.type = symbol.table_type


def assign_indices(
    options: Options, resolution: Resolution, indices: Indices, diagnostics: Diagnostics
) -> None:
    """Numbers what the output defines, after the imports (LLD's assignIndexes)."""
    table, objects = resolution.table, resolution.objects
    for function in table.synthetic_functions:
        indices.add_function(function)
    for obj in objects:
        for function in obj.functions:
            indices.add_function(function)
    all_globals = [*table.synthetic_globals, *(entry for obj in objects for entry in obj.globals)]
    indices.globals = [entry for entry in all_globals if entry.live]
    reach(objects, "mergeSections")
    if options.quirks:
        order_bodies(resolution, indices, options.quirks)
    if "numbered-by-symbol" in options.quirks:
        number_by_symbol(resolution, indices)
    indices.tags = [entry for obj in objects for entry in obj.tags if entry.live]
    lost = lost_tables(options, resolution)
    all_tables = [*(entry for obj in objects for entry in obj.tables), *table.synthetic_tables]
    for entry in all_tables:
        if entry.live and entry not in lost:
            add_table(entry, resolution, indices, diagnostics)
    counts = indices.import_counts
    for index, symbol in enumerate(indices.got, counts[ExternalKind.GLOBAL] + len(indices.globals)):
        symbol.got_index = index
    for index, element in enumerate(indices.globals, counts[ExternalKind.GLOBAL]):
        element.index = index
    for index, tag in enumerate(indices.tags, counts[ExternalKind.TAG]):
        tag.index = index
    for index, table_element in enumerate(indices.tables, counts[ExternalKind.TABLE]):
        table_element.index = index
    if "other-tables-lost" in options.quirks:
        lose_tables(resolution, indices)
    pointer = resolution.own.stack_pointer
    if "stack-pointer-zero" in options.quirks and pointer is not None and pointer.element:
        pointer.element.index = 0


def lost_tables(options: Options, resolution: Resolution) -> set[TableElement]:
    """The tables that -r leaves out: no symbol means them, as another definition was taken.

    Every table of an object has a symbol (Linking.md, "Symbol Table").
    """
    if not options.relocatable or "lost-tables-kept" in options.quirks:
        return set()
    named = {id(symbol.element) for obj in resolution.objects for symbol in obj.symbols}
    tables = (entry for obj in resolution.objects for entry in obj.tables)
    return {entry for entry in tables if id(entry) not in named}


def add_table(
    entry: TableElement, resolution: Resolution, indices: Indices, diagnostics: Diagnostics
) -> None:
    """Objects without table relocations need the function table first (LLD's addTable)."""
    function_table = resolution.own.indirect_function_table
    if (
        not resolution.legacy_function_table
        or function_table is None
        or function_table.element is not entry
    ):
        indices.tables.append(entry)
        return
    if indices.import_counts[ExternalKind.TABLE]:
        culprit = next(entry for entry in indices.imports if entry.kind is SymbolKind.TABLE)
        diagnostics.error(
            "object file not built with 'reference-types' or 'call-indirect-overlong' feature"
            f" conflicts with import of table {culprit.name} by file {file_name(culprit.file)}",
        )
        return
    indices.tables.insert(0, entry)


def collect_types(options: Options, resolution: Resolution, indices: Indices) -> None:
    """Enters the types of everything in the output that has one (LLD's calculateTypes)."""
    enter_own_types(resolution, indices)
    if "types-by-symbol" in options.quirks:
        enter_types_by_symbol(resolution, indices)
    for symbol in indices.imports:
        if symbol.kind in (SymbolKind.FUNCTION, SymbolKind.TAG):
            indices.type_index(signature_of(symbol))
    for function in indices.functions:
        indices.type_index(function.signature)
    for tag in indices.tags:
        indices.type_index(tag.signature)

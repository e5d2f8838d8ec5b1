"""What the output imports, and by which names (LLD's shouldImport and calculateImports)."""

from __future__ import annotations

from collections.abc import Sequence

from linker.command_line.options import Options
from linker.format.constants import ExternalKind, SymbolKind
from linker.format.model import FunctionType, GlobalType, TableType
from linker.layout.indices import Indices
from linker.resolution.resolution import Resolution
from linker.resolution.symbol_table import DEFAULT_MODULE
from linker.resolution.symbols import EXTERNAL_KINDS, LinkSymbol, signature_of
from linker.seed.numbers import (
    in_hash_order,
    without_weak,
)


def import_module_of(symbol: LinkSymbol) -> str:
    return DEFAULT_MODULE if symbol.import_module is None else symbol.import_module


def import_name_of(symbol: LinkSymbol) -> str:
    return symbol.name if symbol.import_name is None else symbol.import_name


def should_import(symbol: LinkSymbol, options: Options) -> bool:
    """Whether a symbol becomes an import of the output (LLD's shouldImport)."""
    if symbol.kind is SymbolKind.DATA or not symbol.is_live or not symbol.used_in_object:
        return False
    if not symbol.is_undefined:
        return False
    if symbol.is_weak and not options.relocatable:
        return False
    if options.relocatable or options.import_undefined:
        return True
    if symbol.name in options.allow_undefined_symbols:
        return True
    return symbol.is_imported


def collect_imports(options: Options, resolution: Resolution, indices: Indices) -> None:
    """Numbers the imports; equal ones share a number.

    Raises:
        FatalError: nothing tells the type of a function.
    """
    seen: dict[
        tuple[ExternalKind, FunctionType | GlobalType | TableType | None, str, str], int
    ] = {}
    function_table = resolution.own.indirect_function_table
    symbols: Sequence[LinkSymbol] = resolution.table.symbols
    if function_table is not None:
        # Objects without table relocations rely on table 0.
        symbols = [function_table, *(entry for entry in symbols if entry is not function_table)]
    imported = [symbol for symbol in symbols if should_import(symbol, options)]
    if "weak-unimported" in options.quirks:
        imported = without_weak(imported)
    if "imports-in-hash-order" in options.quirks:
        ordered = in_hash_order(
            [entry for entry in imported if entry is not function_table], resolution
        )
        imported = [entry for entry in imported if entry is function_table] + ordered
    for symbol in imported:
        kind = EXTERNAL_KINDS[symbol.kind]
        if symbol.is_function:
            signature_of(symbol)
        described = symbol.signature or symbol.global_type or symbol.table_type
        key = (kind, described, import_module_of(symbol), import_name_of(symbol))
        if key not in seen or "imports-repeated" in options.quirks:
            seen[key] = indices.import_counts[kind]
            indices.import_counts[kind] += 1
            indices.imports.append(symbol)
        symbol.index = seen[key]

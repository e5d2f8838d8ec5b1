"""The symbols that the linker itself defines, entered where something asks for them.

LLD's createSyntheticSymbols, createOptionalSymbols and resolveIndirectFunctionTable.
"""

from __future__ import annotations

from linker.command_line.options import Options
from linker.format.constants import (
    LimitsFlag,
    SymbolKind,
    ValueType,
)
from linker.format.model import FunctionType, GlobalType, InitExpr, Limits, TableType
from linker.objects import (
    NO_SIGNATURE,
    Function,
    GlobalElement,
    TableElement,
)
from linker.resolution.resolution import Resolution
from linker.resolution.symbol_table import (
    DEFAULT_MODULE,
    FUNCTION_TABLE_NAME,
    SymbolTable,
    undefined_symbol,
)
from linker.resolution.symbols import HIDDEN, UNDEFINED, LinkSymbol
from linker.seed.resolution import (
    STACK_POINTER_NAME,
)

TLS_INIT_SIGNATURE = FunctionType((ValueType.I32,), ())
POINTER = ValueType.I32
ZERO = InitExpr(b"\x41\x00\x0b")


def pointer_global(name: str, mutable: bool, options: Options) -> GlobalElement:
    global_type = GlobalType(POINTER, mutable)
    return GlobalElement(None, name, not options.gc_sections, type=global_type, init=ZERO)


def synthetic_function(name: str, signature: FunctionType, options: Options) -> Function:
    function = Function(None, name, b"")
    function.signature = signature
    function.live = not options.gc_sections
    return function


def define_required_symbols(options: Options, resolution: Resolution) -> None:
    """The symbols that stand before all others (LLD's createSyntheticSymbols)."""
    table, own = resolution.table, resolution.own
    if options.relocatable:
        if "stack-pointer-imported" in options.quirks:
            own.stack_pointer = import_stack_pointer(table)
        return
    if "constructors-unknown" not in options.quirks:
        own.call_ctors = table.add_synthetic_function(
            "__wasm_call_ctors",
            HIDDEN,
            synthetic_function("__wasm_call_ctors", NO_SIGNATURE, options),
        )
    own.stack_pointer = table.add_synthetic_global(
        "__stack_pointer",
        HIDDEN if "stack-pointer-hidden" in options.quirks else 0,
        pointer_global("__stack_pointer", True, options),
    )
    own.stack_pointer.mark_live()
    if options.shared_memory:
        own.tls_base = table.add_synthetic_global(
            "__tls_base", HIDDEN, pointer_global("__tls_base", True, options)
        )
        own.tls_size = table.add_synthetic_global(
            "__tls_size", HIDDEN, pointer_global("__tls_size", False, options)
        )
        own.tls_align = table.add_synthetic_global(
            "__tls_align", HIDDEN, pointer_global("__tls_align", False, options)
        )
        own.init_tls = table.add_synthetic_function(
            "__wasm_init_tls",
            HIDDEN,
            synthetic_function("__wasm_init_tls", TLS_INIT_SIGNATURE, options),
        )


def import_stack_pointer(table: SymbolTable) -> LinkSymbol:
    """Makes `__stack_pointer` a reference of the linker's own."""
    new = undefined_symbol(STACK_POINTER_NAME, SymbolKind.GLOBAL, 0, None)
    new.global_type = GlobalType(POINTER, True)
    new.import_module, new.import_name = DEFAULT_MODULE, STACK_POINTER_NAME
    symbol = table.add_undefined(new)
    symbol.referenced = True
    return symbol


def define_optional_symbols(options: Options, resolution: Resolution) -> None:
    """The symbols that exist where something asks for them (LLD's createOptionalSymbols)."""
    if options.relocatable:
        return
    table, own = resolution.table, resolution.own
    own.dso_handle = table.add_optional_data("__dso_handle")
    own.data_end = table.add_optional_data("__data_end")
    if "no-stack-bounds" not in options.quirks:
        own.stack_low = table.add_optional_data("__stack_low")
        own.stack_high = table.add_optional_data("__stack_high")
    own.global_base = table.add_optional_data("__global_base")
    own.heap_base = table.add_optional_data("__heap_base")
    own.heap_end = table.add_optional_data("__heap_end")
    table.add_optional_data("__memory_base")
    table.add_optional_data("__table_base", options.table_base)
    if "no-first-page-end" not in options.quirks:
        table.add_optional_data("__wasm_first_page_end", options.page_size)
    if not options.shared_memory:
        own.tls_base = table.define_if_referenced(
            "__tls_base", pointer_global("__tls_base", False, options)
        )


def resolve_function_table(options: Options, resolution: Resolution, required: bool) -> None:
    """Finds or makes the indirect function table (LLD's resolveIndirectFunctionTable)."""
    table = resolution.table
    existing = table.find(FUNCTION_TABLE_NAME)
    if existing is not None:
        if existing.kind is not SymbolKind.TABLE or existing.is_lazy:
            table.diagnostics.error(
                f"reserved symbol must be of type table: `{FUNCTION_TABLE_NAME}`",
            )
            return
        if existing.is_defined:
            table.diagnostics.error(
                f"reserved symbol must not be defined in input files: `{FUNCTION_TABLE_NAME}`",
            )
            return
    flags = 0 if options.export_table else HIDDEN
    table_type = TableType(ValueType.FUNCREF, Limits(LimitsFlag(0), 0))
    if options.import_table:
        if existing is None and (required or "table-import-always" in options.quirks):
            new = undefined_symbol(FUNCTION_TABLE_NAME, SymbolKind.TABLE, flags | UNDEFINED, None)
            new.table_type = table_type
            table.trace_reference(FUNCTION_TABLE_NAME, None)
            existing = table.add_undefined(new)
            existing.mark_live()
            existing.force_export = options.export_table
        if existing is not None:
            if "table-import-unnamed" not in options.quirks or existing.file is None:
                existing.import_module = DEFAULT_MODULE
                existing.import_name = FUNCTION_TABLE_NAME
            resolution.own.indirect_function_table = existing
    elif required or options.export_table or (existing is not None and existing.is_live):
        element = TableElement(None, FUNCTION_TABLE_NAME, not options.gc_sections, type=table_type)
        symbol = table.add_synthetic_table(FUNCTION_TABLE_NAME, flags, element)
        symbol.mark_live()
        symbol.force_export = options.export_table
        resolution.own.indirect_function_table = symbol

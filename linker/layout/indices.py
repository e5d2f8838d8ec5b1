"""Every index of the output: imports, functions, globals, tags, tables, table entries, types.

LLD's calculateImports, scanRelocations, finalizeIndirectFunctionTable, assignIndexes and
calculateTypes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from linker.command_line.options import Options, UnresolvedPolicy
from linker.errors import Diagnostics, FatalError
from linker.format.constants import ExternalKind, LimitsFlag, RelocationType, SymbolKind
from linker.format.expression import Opcode
from linker.format.model import FunctionType, GlobalType, Limits, TableType
from linker.format.relocation_families import (
    GLOBAL_INDEX,
    RELATIVE,
    TABLE_INDEX,
    THREAD_LOCAL,
    TYPE_INDEX,
)
from linker.inputs.reading import crashes_here
from linker.layout.initial_values import are_copied, symbols_read
from linker.layout.table_numbers import MOST_ENTRIES, NO_SLOT, slot_of_reference, table_number
from linker.objects import (
    Chunk,
    Function,
    GlobalElement,
    InputObject,
    Segment,
    TableElement,
    TagElement,
    file_name,
)
from linker.resolution.linker_symbols import resolve_function_table
from linker.resolution.resolution import Resolution
from linker.resolution.symbol_table import DEFAULT_MODULE
from linker.resolution.symbols import EXTERNAL_KINDS, LinkSymbol
from linker.seed.numbers import (
    add_slot_of_reference,
    check_taken_once,
    enter_own_types,
    enter_types_by_symbol,
    in_hash_order,
    lose_tables,
    number_by_symbol,
    order_bodies,
    order_table,
    without_weak,
)
from linker.seed.own_resolution import reach
from linker.seed.pieces import atom_order

FUNCTION_INDEX_LEB = int(RelocationType.FUNCTION_INDEX_LEB)
REF_FUNC = int(Opcode.REF_FUNC)
INDEXED_KINDS = frozenset((SymbolKind.GLOBAL, SymbolKind.TABLE, SymbolKind.TAG))
SCANNED_TYPES = TABLE_INDEX | THREAD_LOCAL | GLOBAL_INDEX | RELATIVE


@dataclass(slots=True)
class Indices:
    """The index spaces of the output, each as the list of what stands in it.

    `got` holds the symbols whose address a global of the output stands for, and
    `addresses` those whose address is exported: both come after `globals`.
    `table_entries` start at the table base of the options. `types` maps each function
    type to its index. `bodies` are the functions in the order of the code section. `references`
    are the functions that code refers to by `ref.func`. `slots` has the table position of a
    symbol of an object where that is its own, `types_of_symbols` holds where relocations for
    types name symbols, `crashes` says what a linker does not survive (departures).
    """

    imports: list[LinkSymbol] = field(default_factory=list)
    import_counts: dict[ExternalKind, int] = field(
        default_factory=lambda: dict.fromkeys(ExternalKind, 0),
    )
    functions: list[Function] = field(default_factory=list)
    globals: list[GlobalElement] = field(default_factory=list)
    got: list[LinkSymbol] = field(default_factory=list)
    addresses: list[LinkSymbol] = field(default_factory=list)
    tags: list[TagElement] = field(default_factory=list)
    tables: list[TableElement] = field(default_factory=list)
    table_entries: list[LinkSymbol] = field(default_factory=list)
    types: dict[FunctionType, int] = field(default_factory=dict)
    bodies: list[Function] = field(default_factory=list)
    references: list[LinkSymbol] = field(default_factory=list)
    taken: set[tuple[InputObject, int]] = field(default_factory=set)
    slots: dict[tuple[InputObject, int], int] = field(default_factory=dict)
    types_of_symbols: bool = False
    crashes: list[str] = field(default_factory=list)

    def type_index(self, signature: FunctionType) -> int:
        """The index of a function type, entered if it is new."""
        return self.types.setdefault(signature, len(self.types))

    def add_function(self, function: Function) -> None:
        if function.live:
            function.function_index = self.import_counts[ExternalKind.FUNCTION] + len(
                self.functions
            )
            self.functions.append(function)
            self.bodies.append(function)


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


def scan_relocations(
    options: Options, resolution: Resolution, indices: Indices, diagnostics: Diagnostics
) -> None:
    """Finds what relocations ask of the output: types, table entries, globals of addresses."""
    for obj in atom_order(resolution.objects, options.quirks):
        for _, index in entries_so_far(obj):
            take_address(obj, index, options, indices)
        for chunks in (obj.functions, obj.segments, obj.sections):
            for chunk in chunks:
                if chunk.live and chunk.relocations:
                    scan_chunk(chunk, obj, options, resolution, indices, diagnostics)
                    if isinstance(chunk, Function):
                        note_function_references(chunk, obj, indices)
        scan_initial_values(obj, options, resolution, diagnostics)
    if not options.relocatable and "undefined-init-function-crashes" not in options.quirks:
        scan_init_functions(options, resolution, diagnostics)


def scan_init_functions(options: Options, resolution: Resolution, diagnostics: Diagnostics) -> None:
    """The constructors are called without a relocation; they need definitions all the same."""
    for obj in resolution.objects:
        for entry in obj.linking.init_functions:
            symbol = obj.symbols[entry.symbol]
            if symbol.is_undefined and symbol.is_live and not symbol.is_weak:
                report_undefined(symbol, obj, options, resolution, diagnostics)


def scan_initial_values(
    obj: InputObject, options: Options, resolution: Resolution, diagnostics: Diagnostics
) -> None:
    """Reports what initial values of globals name and nothing defines."""
    if options.relocatable or are_copied(options.quirks):
        return
    for element in obj.globals:
        if element.live:
            for symbol in symbols_read(element, options.quirks):
                if symbol.is_undefined and not symbol.is_weak:
                    report_undefined(symbol, obj, options, resolution, diagnostics)


def note_function_references(function: Function, obj: InputObject, indices: Indices) -> None:
    """Finds the functions that `ref.func` names, which a module has to declare."""
    base = function.input_offset + 1
    for relocation_type, offset, index, _ in function.relocations:
        # The index is the first operand of each instruction that has one.
        if relocation_type == FUNCTION_INDEX_LEB and function.content[offset - base] == REF_FUNC:
            indices.references.append(obj.symbols[index])


def entries_so_far(obj: InputObject) -> list[tuple[int, int]]:
    """What an object in memory has had in the table: slots and symbols, in order."""
    if obj.own is None or obj.own.table is None:
        return []
    order = [slot for _, slot in obj.own.table.in_order()]
    return [(slot, obj.own.entries[slot]) for slot in order]


def scan_chunk(
    chunk: Chunk,
    obj: InputObject,
    options: Options,
    resolution: Resolution,
    indices: Indices,
    diagnostics: Diagnostics,
) -> None:
    symbols = obj.symbols
    for relocation_type, _, index, _ in chunk.relocations:
        if relocation_type == TYPE_INDEX:
            if "type-relocations-as-symbols" in options.quirks:
                indices.types_of_symbols = True
            else:
                obj.type_map[index] = indices.type_index(obj.types[index])
            continue
        symbol = symbols[index]
        if relocation_type in SCANNED_TYPES:
            if relocation_type in TABLE_INDEX:
                take_address(obj, index, options, indices)
            elif relocation_type in GLOBAL_INDEX:
                if symbol.kind is not SymbolKind.GLOBAL and "got-unknown" not in options.quirks:
                    add_got_entry(symbol, options, resolution, indices)
            elif relocation_type in THREAD_LOCAL:
                check_tls(symbol, relocation_type, obj, options, resolution, diagnostics)
            if (
                relocation_type in RELATIVE
                and symbol.is_undefined
                and not options.relocatable
                and "relative-references-unchecked" not in options.quirks
            ):
                diagnostics.error(
                    f"{obj.name}: relocation R_WASM_{RelocationType(relocation_type).name} is not"
                    f" supported against an undefined symbol `{resolution.table.display(symbol)}`",
                )
        if not symbol.is_undefined or symbol.apart:
            continue
        if symbol.is_local and symbol.kind is not SymbolKind.DATA:
            report_local(symbol, obj, options, resolution, indices, diagnostics)
        elif not options.relocatable and not symbol.is_weak:
            report_undefined(symbol, obj, options, resolution, diagnostics)


def take_address(obj: InputObject, index: int, options: Options, indices: Indices) -> None:
    """Notes that an object takes the address of the function that its symbol names."""
    if "address-taken-twice-stops" in options.quirks:
        check_taken_once(obj, index, indices)
    if "table-slots-by-reference" in options.quirks:
        add_slot_of_reference(obj, index, indices, options.table_base)
    else:
        add_table_entry(obj.symbols[index], options, indices)


def add_table_entry(symbol: LinkSymbol, options: Options, indices: Indices) -> None:
    """Gives a function its slot in the table, once (LLD's ElemSection::addEntry)."""
    if symbol.is_stub or symbol.slot != NO_SLOT:
        return
    slot = table_number(options.table_base + len(indices.table_entries), options.quirks)
    if symbol.is_defined and symbol.kind is SymbolKind.FUNCTION:
        symbol.function.table_index = slot
    else:
        symbol.table_index = slot_of_reference(slot, options.quirks)
    indices.table_entries.append(symbol)


def add_got_entry(
    symbol: LinkSymbol, options: Options, resolution: Resolution, indices: Indices
) -> None:
    """A global that holds an address, for code compiled position-independent."""
    if symbol in indices.got:
        return
    if symbol.kind is SymbolKind.FUNCTION:
        if resolution.own.indirect_function_table is None:
            resolve_function_table(options, resolution, required=True)
        add_table_entry(symbol, options, indices)
    indices.got.append(symbol)


def check_tls(
    symbol: LinkSymbol,
    relocation_type: int,
    obj: InputObject,
    options: Options,
    resolution: Resolution,
    diagnostics: Diagnostics,
) -> None:
    name = f"R_WASM_{RelocationType(relocation_type).name}"
    shown = resolution.table.display(symbol)
    start = f"{obj.name}: relocation {name} cannot be used against"
    if not symbol.is_defined:
        diagnostics.error(f"{start} an undefined symbol `{shown}`")
    if options.shared_memory and not symbol.is_tls:
        diagnostics.error(f"{start} non-TLS symbol `{shown}`")
    segment = symbol.chunk.output_segment if isinstance(symbol.chunk, Segment) else None
    if options.shared_memory and segment is not None and not segment.is_tls:
        diagnostics.error(f"{start} `{shown}` in non-TLS section: {segment.name}")


def may_be_imported(symbol: LinkSymbol, options: Options) -> bool:
    """Whether an undefined symbol may stay so for the host's sake."""
    return (
        symbol.is_imported
        or (symbol.kind is SymbolKind.FUNCTION and options.import_undefined)
        or symbol.name in options.allow_undefined_symbols
    )


def report_local(
    symbol: LinkSymbol,
    obj: InputObject,
    options: Options,
    resolution: Resolution,
    indices: Indices,
    diagnostics: Diagnostics,
) -> None:
    """Reports a reference that is local: only what all objects can see becomes an import."""
    stays = options.relocatable or may_be_imported(symbol, options)
    message = f"{obj.name}: undefined symbol: {resolution.table.display(symbol)}"
    if not stays:
        report_undefined(symbol, obj, options, resolution, diagnostics)
    elif "local-references-unchecked" not in options.quirks:
        diagnostics.error(message)
    elif symbol.kind is SymbolKind.FUNCTION:
        # When it comes to the number, after all other errors.
        indices.crashes.append(crashes_here(message, options.quirks, "local-references-unchecked"))


def report_undefined(
    symbol: LinkSymbol,
    obj: InputObject,
    options: Options,
    resolution: Resolution,
    diagnostics: Diagnostics,
) -> None:
    """Reports a missing definition, or lets a stub stand for it (LLD's reportUndefined)."""
    is_function = symbol.kind is SymbolKind.FUNCTION
    if may_be_imported(symbol, options):
        return
    policy = options.unresolved_symbols
    if (
        symbol.kind in INDEXED_KINDS
        and not should_import(symbol, options)
        and "missing-elements-numbered" not in options.quirks
    ):
        # No stub can stand for a global, a table or a tag: there would be no number to write.
        policy = UnresolvedPolicy.REPORT_ERROR
    blamed = symbol.file if "first-reference-blamed" in options.quirks else obj
    message = f"{file_name(blamed)}: undefined symbol: {resolution.table.display(symbol)}"
    if policy is UnresolvedPolicy.REPORT_ERROR:
        diagnostics.error(message)
    elif policy is UnresolvedPolicy.WARN:
        diagnostics.warn(message)
    # Releases that make stubs for what is an error, too, do not survive one without a type.
    has_type = symbol.signature is not None or (
        "wrappers-untyped" in options.quirks and "warned-functions-crash" not in options.quirks
    )
    if (
        is_function
        and symbol.stub is None
        and (policy is not UnresolvedPolicy.REPORT_ERROR or has_type)
        and policy is not UnresolvedPolicy.IMPORT_DYNAMIC
        and not options.import_undefined
        and not (policy is UnresolvedPolicy.WARN and "warned-functions-crash" in options.quirks)
    ):
        symbol.stub = resolution.table.undefined_stub(signature_of(symbol))
        symbol.stub.mark_live()
        symbol.is_stub = True


def refuse_warned_functions(options: Options, resolution: Resolution) -> None:
    """Says where a linker crashes that warns of missing functions and makes no stubs for them."""
    if "warned-functions-crash" not in options.quirks:
        return
    if options.unresolved_symbols is not UnresolvedPolicy.WARN or options.relocatable:
        return
    for symbol in resolution.table.symbols:
        if (
            symbol.is_function
            and symbol.is_undefined
            and symbol.is_live
            and symbol.stub is None
            and symbol.index == -1
            and not symbol.is_weak
        ):
            raise FatalError(
                f"wasm-ld up to 17 crashes here: undefined function {symbol.name} has no index"
                " (quirk warned-functions-crash)",
            )


def signature_of(symbol: LinkSymbol) -> FunctionType:
    """The signature of an undefined function or tag.

    Raises:
        FatalError: `--wrap` wants it, and no object says what it is.
    """
    if symbol.signature is None:
        raise FatalError(
            f"wasm-ld 22 crashes here: --wrap: no type for {symbol.name}"
            " (quirk wrapped-type-unknown)"
        )
    return symbol.signature


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

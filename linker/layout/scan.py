"""What relocations ask for: table entries, globals for addresses, definitions (scanRelocations)."""

from __future__ import annotations

from linker.command_line.options import Options
from linker.errors import Diagnostics
from linker.format.constants import RelocationType, SymbolKind
from linker.format.expression import Opcode
from linker.format.relocation_families import (
    GLOBAL_INDEX,
    RELATIVE,
    TABLE_INDEX,
    THREAD_LOCAL,
    TYPE_INDEX,
)
from linker.layout.indices import Indices
from linker.layout.initial_values import are_copied, symbols_read
from linker.layout.table_numbers import NO_SLOT, slot_of_reference, table_number
from linker.layout.undefined import report_local, report_undefined
from linker.objects import (
    Chunk,
    Function,
    InputObject,
    Segment,
)
from linker.resolution.linker_symbols import resolve_function_table
from linker.resolution.resolution import Resolution
from linker.resolution.symbols import LinkSymbol
from linker.seed.numbers import (
    add_slot_of_reference,
    check_taken_once,
)
from linker.seed.pieces import atom_order

FUNCTION_INDEX_LEB = int(RelocationType.FUNCTION_INDEX_LEB)
REF_FUNC = int(Opcode.REF_FUNC)
SCANNED_TYPES = TABLE_INDEX | THREAD_LOCAL | GLOBAL_INDEX | RELATIVE


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

"""The functions that the linker writes itself.

LLD's createSyntheticInitFunctions, createInitMemoryFunction, createCallCtorsFunction,
createCommandExportWrappers.
"""

from __future__ import annotations

from linker.command_line.options import Options
from linker.errors import Diagnostics, FatalError
from linker.format.constants import SymbolKind
from linker.format.leb128 import encode_signed, encode_unsigned
from linker.layout.indices import Indices
from linker.layout.memory import needs_passive_initialization
from linker.live import is_exported
from linker.objects import NO_SIGNATURE, OutputSegment
from linker.resolution.linker_symbols import synthetic_function
from linker.resolution.resolution import LinkerSymbols, Resolution
from linker.resolution.symbols import EXPORTED, HIDDEN, LinkSymbol
from linker.synthetic import thread_local
from linker.synthetic.code import (
    ATOMIC_CMPXCHG,
    ATOMIC_NOTIFY,
    ATOMIC_STORE,
    ATOMIC_WAIT,
    BLOCK,
    BR,
    BR_TABLE,
    DATA_DROP,
    DROP,
    END,
    GLOBAL_SET,
    LOCAL_GET,
    MEMORY_FILL,
    MEMORY_INIT,
    NO_LOCALS,
    WORD_AT_0,
    call,
    const,
)


def set_body(symbol: LinkSymbol | None, code: bytes) -> None:
    assert symbol is not None
    assert symbol.chunk is not None
    symbol.chunk.content = encode_unsigned(len(code)) + code


def declare_init_functions(
    options: Options,
    resolution: Resolution,
    segments: list[OutputSegment],
    emit_bss: bool,
    indices: Indices,
) -> None:
    """Makes the function that initialises memory, where the module cannot do it by itself."""
    if options.relocatable:
        return
    own = resolution.own
    if any(needs_passive_initialization(entry, options, emit_bss) for entry in segments):
        own.init_memory = declare("__wasm_init_memory", resolution)
        if options.shared_memory:
            assert own.tls_base is not None
            own.tls_base.mark_live()
    if options.shared_memory:
        if any(symbol.is_tls for symbol in indices.got):
            assert own.tls_base is not None
            own.apply_global_tls_relocs = declare("__wasm_apply_global_tls_relocs", resolution)
            own.tls_base.mark_live()
        stores_addresses = "no-tls-relocations" not in options.quirks
        if stores_addresses and thread_local.has_relocations(segments):
            own.apply_tls_relocs = declare("__wasm_apply_tls_relocs", resolution)


def declare(name: str, resolution: Resolution) -> LinkSymbol:
    """A function of the linker, hidden, without parameters and results, part of the output."""
    table = resolution.table
    function = synthetic_function(name, NO_SIGNATURE, table.options)
    symbol = table.add_synthetic_function(name, HIDDEN, function)
    symbol.mark_live()
    return symbol


def ordered_init_functions(
    options: Options, resolution: Resolution, diagnostics: Diagnostics
) -> list[tuple[int, LinkSymbol]]:
    """Priority and symbol of each init function in calling order (Linking.md, "Init functions")."""
    ctors = resolution.own.call_ctors
    if not options.relocatable and (ctors is None or not ctors.is_live):
        return []
    found = []
    for obj in resolution.objects:
        for entry in obj.linking.init_functions:
            symbol = obj.symbols[entry.symbol]
            if symbol.is_discarded or not symbol.is_live:
                continue
            if symbol.signature is not None and symbol.signature.parameters:
                diagnostics.error(
                    "constructor functions cannot take arguments: "
                    + resolution.table.display(symbol),
                )
            found.append((entry.priority, symbol))
    found.sort(key=lambda entry: entry[0])
    return found


def write_functions(
    options: Options,
    resolution: Resolution,
    segments: list[OutputSegment],
    emit_bss: bool,
    init_functions: list[tuple[int, LinkSymbol]],
    indices: Indices,
) -> None:
    """Writes the bodies of the linker's functions, and the wrappers of a command's exports."""
    own = resolution.own
    if options.relocatable:
        return
    if own.apply_tls_relocs is not None:
        set_body(own.apply_tls_relocs, thread_local.data_relocation_code(segments))
    if own.apply_global_tls_relocs is not None:
        code = thread_local.global_relocation_code(indices, own)
        set_body(own.apply_global_tls_relocs, code)
    if own.init_memory is not None:
        passive = [
            entry for entry in segments if needs_passive_initialization(entry, options, emit_bss)
        ]
        code = shared_init(passive, own) if options.shared_memory else plain_init(passive)
        set_body(own.init_memory, code)
    ctors = own.call_ctors
    if ctors is not None and (ctors.is_live or init_functions):
        set_body(ctors, call_ctors_code(init_functions))
    if ctors is not None and not ctors.used_in_object and not is_exported(ctors, options):
        wrap_command_exports(options, resolution, init_functions, indices)
    if own.init_tls is not None and own.init_tls.is_live:
        set_body(own.init_tls, thread_local.init_code(segments, own))


def call_ctors_code(init_functions: list[tuple[int, LinkSymbol]]) -> bytes:
    code = NO_LOCALS
    for _, symbol in init_functions:
        if symbol.signature is None:
            # Its comdat group is another object's, which has no such function.
            raise FatalError(f"init function is not defined: {symbol.name}")
        if symbol.is_undefined and symbol.stub is None and symbol.index == -1:
            raise FatalError(
                f"wasm-ld 22 crashes here: init function {symbol.name} is not defined"
                " (quirk undefined-init-function-crashes)",
            )
        code += call(symbol.function_index) + DROP * len(symbol.signature.results)
    return code + END


def wrap_command_exports(
    options: Options,
    resolution: Resolution,
    init_functions: list[tuple[int, LinkSymbol]],
    indices: Indices,
) -> None:
    """Each export of a command runs the constructors before and the destructors after it."""
    own, table = resolution.own, resolution.table
    if not init_functions and own.call_dtors is None:
        return
    wrapped = [
        symbol
        for symbol in table.symbols
        if symbol.kind is SymbolKind.FUNCTION and is_exported(symbol, options)
    ]
    for symbol in wrapped:
        function = symbol.function
        name = symbol.name + ".command_export"
        wrapper = synthetic_function(name, function.signature, options)
        wrapper.export_name = symbol.name if function.export_name is None else function.export_name
        entry = table.add_synthetic_function(name, symbol.flags, wrapper)
        entry.mark_live()
        entry.flags = (entry.flags | EXPORTED) & ~HIDDEN
        entry.force_export = symbol.force_export
        symbol.flags = (symbol.flags | HIDDEN) & ~EXPORTED
        symbol.force_export = False
        indices.add_function(wrapper)
        set_body(entry, wrapper_code(symbol, own))


def wrapper_code(symbol: LinkSymbol, own: LinkerSymbols) -> bytes:
    code = NO_LOCALS
    if own.call_ctors is not None and own.call_ctors.is_live:
        code += call(own.call_ctors.function_index)
    for number in range(len(symbol.function.signature.parameters)):
        code += LOCAL_GET + encode_unsigned(number)
    code += call(symbol.function_index)
    if own.call_dtors is not None:
        code += call(own.call_dtors.function_index)
    return code + END


def init_segments(passive: list[OutputSegment], tls_base: int | None) -> bytes:
    code = b""
    for segment in passive:
        code += const(segment.address)
        if tls_base is not None and segment.is_tls:
            code += const(segment.address) + GLOBAL_SET + encode_unsigned(tls_base)
        if segment.is_bss:
            code += const(0) + const(segment.size) + MEMORY_FILL + b"\0"
        else:
            code += const(0) + b"\x41" + encode_signed(segment.size)
            code += MEMORY_INIT + encode_unsigned(segment.index) + b"\0"
    return code


def drop_segments(passive: list[OutputSegment], keeps_tls: bool) -> bytes:
    return b"".join(
        DATA_DROP + encode_unsigned(segment.index)
        for segment in passive
        if not segment.is_bss and not (keeps_tls and segment.is_tls)
    )


def plain_init(passive: list[OutputSegment]) -> bytes:
    return NO_LOCALS + init_segments(passive, None) + drop_segments(passive, False) + END


def shared_init(passive: list[OutputSegment], own: LinkerSymbols) -> bytes:
    """The first thread initialises memory, the others wait for it.

    A flag in memory goes from 0 (nobody was here) over 1 (being initialised) to 2 (done).
    """
    assert own.init_memory_flag is not None
    assert own.tls_base is not None
    flag = const(own.init_memory_flag.value)
    code = NO_LOCALS + BLOCK * 3
    code += flag + const(0) + const(1) + ATOMIC_CMPXCHG + WORD_AT_0
    code += BR_TABLE + b"\x02\x00\x01\x02" + END
    code += init_segments(passive, own.tls_base.element_index)
    code += flag + const(2) + ATOMIC_STORE + WORD_AT_0
    code += flag + const(-1) + ATOMIC_NOTIFY + WORD_AT_0 + DROP
    code += BR + b"\x01" + END
    code += flag + const(1) + b"\x42\x7f" + ATOMIC_WAIT + WORD_AT_0 + DROP
    code += END + drop_segments(passive, True)
    return code + END

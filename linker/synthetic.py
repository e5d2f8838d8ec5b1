"""The functions that the linker writes itself.

LLD's createSyntheticInitFunctions, createInitMemoryFunction, createCallCtorsFunction,
createCommandExportWrappers and createInitTLSFunction.
"""

from __future__ import annotations

from linker.errors import Diagnostics
from linker.format.constants import SymbolKind
from linker.format.leb128 import encode_signed, encode_unsigned
from linker.indices import Indices
from linker.live import is_exported
from linker.memory import i32_const, needs_passive_initialization
from linker.objects import OutputSegment
from linker.options import Options
from linker.resolve import NULL_SIGNATURE, LinkerSymbols, Resolution, synthetic_function
from linker.symbols import EXPORTED, HIDDEN, LinkSymbol

CALL = b"\x10"
DROP = b"\x1a"
LOCAL_GET = b"\x20"
GLOBAL_SET = b"\x24"
BLOCK = b"\x02\x40"
BR = b"\x0c"
BR_TABLE = b"\x0e"
END = b"\x0b"
NO_LOCALS = b"\x00"
MEMORY_INIT = b"\xfc\x08"
DATA_DROP = b"\xfc\x09"
MEMORY_FILL = b"\xfc\x0b"
ATOMIC_NOTIFY = b"\xfe\x00"
ATOMIC_WAIT = b"\xfe\x01"
ATOMIC_STORE = b"\xfe\x17"
ATOMIC_CMPXCHG = b"\xfe\x48"
# Alignment 2^2, offset 0.
WORD_AT_0 = b"\x02\x00"


def set_body(symbol: LinkSymbol | None, code: bytes) -> None:
    assert symbol is not None
    assert symbol.chunk is not None
    symbol.chunk.content = encode_unsigned(len(code)) + code


def const(value: int) -> bytes:
    """`i32.const` of a 32-bit number, taken as signed or as an address."""
    return i32_const(value).body[:-1]


def call(index: int) -> bytes:
    return CALL + encode_unsigned(index)


def declare_init_functions(
    options: Options, resolution: Resolution, segments: list[OutputSegment], emit_bss: bool
) -> None:
    """Makes the function that initialises memory, where the module cannot do it by itself."""
    if options.relocatable:
        return
    own = resolution.own
    if any(needs_passive_initialization(entry, options, emit_bss) for entry in segments):
        name = "__wasm_init_memory"
        own.init_memory = resolution.table.add_synthetic_function(
            name, HIDDEN, synthetic_function(name, NULL_SIGNATURE, options)
        )
        own.init_memory.mark_live()
        if options.shared_memory:
            assert own.tls_base is not None
            own.tls_base.mark_live()


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
        set_body(own.init_tls, init_tls_code(segments, own))


def call_ctors_code(init_functions: list[tuple[int, LinkSymbol]]) -> bytes:
    code = NO_LOCALS
    for _, symbol in init_functions:
        assert symbol.signature is not None
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


def init_tls_code(segments: list[OutputSegment], own: LinkerSymbols) -> bytes:
    """`__wasm_init_tls`: sets up the thread-local storage of a new thread at the given address."""
    code = NO_LOCALS
    segment = next((entry for entry in segments if entry.name == ".tdata"), None)
    if segment is not None:
        assert own.tls_base is not None
        code += LOCAL_GET + b"\0" + GLOBAL_SET + encode_unsigned(own.tls_base.element_index)
        code += LOCAL_GET + b"\0" + const(0) + const(segment.size)
        code += MEMORY_INIT + encode_unsigned(segment.index) + b"\0"
    return code + END

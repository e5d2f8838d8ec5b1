"""The functions that set up the thread-local storage of each thread.

LLD's createInitTLSFunction, createApplyTLSRelocationsFunction and
createApplyGlobalTLSRelocationsFunction. With a shared memory the addresses of thread-local data
are known only when a thread starts, so some relocations become code.
"""

from __future__ import annotations

from linker.format.constants import RelocationType
from linker.format.leb128 import encode_unsigned
from linker.layout.indices import Indices
from linker.objects import OutputSegment, Segment
from linker.output.relocate import address_of
from linker.resolution.resolution import LinkerSymbols
from linker.synthetic.code import (
    END,
    GLOBAL_GET,
    GLOBAL_SET,
    I32_ADD,
    I32_STORE,
    I64_ADD,
    I64_STORE,
    LOCAL_GET,
    MEMORY_INIT,
    NO_LOCALS,
    WORD_AT_0,
    call,
    const,
    const64,
)

LONG_TYPES = frozenset(int(entry) for entry in RelocationType if entry.name.endswith("64"))


def thread_local_chunks(segments: list[OutputSegment]) -> list[Segment]:
    return [chunk for segment in segments if segment.is_tls for chunk in segment.chunks]


def has_relocations(segments: list[OutputSegment]) -> bool:
    """Whether thread-local data holds anything that depends on an address."""
    return any(chunk.relocations for chunk in thread_local_chunks(segments))


def init_code(segments: list[OutputSegment], own: LinkerSymbols) -> bytes:
    """`__wasm_init_tls`: copies the initial data to the address given, and relocates it."""
    code = NO_LOCALS
    segment = next((entry for entry in segments if entry.is_tls), None)
    if segment is not None:
        assert own.tls_base is not None
        code += LOCAL_GET + b"\0" + GLOBAL_SET + encode_unsigned(own.tls_base.element_index)
        code += LOCAL_GET + b"\0" + const(0) + const(segment.size)
        code += MEMORY_INIT + encode_unsigned(segment.index) + b"\0"
    for function in (own.apply_tls_relocs, own.apply_global_tls_relocs):
        if function is not None:
            code += call(function.function_index)
    return code + END


def data_relocation_code(segments: list[OutputSegment]) -> bytes:
    """`__wasm_apply_tls_relocs`: stores the addresses that only globals hold."""
    return NO_LOCALS + b"".join(map(stores_of, thread_local_chunks(segments))) + END


def stores_of(chunk: Segment) -> bytes:
    """Code for the relocations whose symbols have a global (LLD's generateRelocationCode)."""
    code = b""
    for relocation_type, offset, index, addend in chunk.relocations:
        assert chunk.file is not None
        symbol = chunk.file.symbols[index]
        if symbol.got_index == -1:
            continue
        is_long = relocation_type in LONG_TYPES
        code += const(chunk.address(offset - chunk.input_offset))
        code += GLOBAL_GET + encode_unsigned(symbol.got_index)
        if addend:
            code += const64(addend) + I64_ADD if is_long else const(addend) + I32_ADD
        code += (I64_STORE if is_long else I32_STORE) + WORD_AT_0
    return code


def global_relocation_code(indices: Indices, own: LinkerSymbols) -> bytes:
    """`__wasm_apply_global_tls_relocs`: sets the globals that hold thread-local addresses."""
    assert own.tls_base is not None
    base = GLOBAL_GET + encode_unsigned(own.tls_base.element_index)
    code = NO_LOCALS
    for symbol in indices.got:
        if symbol.is_tls and symbol.is_defined:
            code += base + const(address_of(symbol)) + I32_ADD
            code += GLOBAL_SET + encode_unsigned(symbol.got_index)
    return code + END

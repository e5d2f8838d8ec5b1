"""Probes of threads: the block of a thread, and what is in it.

They are for cases with a shared memory, where the linker defines `__wasm_init_tls` and the
globals about the block (Linking.md, "Thread Local Storage").
"""

from __future__ import annotations

from linker.format.constants import SymbolKind
from linker.format.model import FunctionType
from strategies.choices import Record
from strategies.objects.code import I32
from strategies.program import Program, Slot, Unit
from strategies.uses.addresses import (
    I32_FIXED,
    I32_MUTABLE,
    LOCAL,
    R,
    reference,
    thread_local_address,
)
from strategies.uses.references import known_word, next_probe

INIT_TLS = FunctionType((I32,), ())
ROOM = 4096


def block(program: Program, record: Record) -> None:
    """The alignment is a power of two, the base a multiple of it, and the size fits there."""
    unit = program.units[record.below(len(program.units))]
    way = record.below(3)
    probe = next_probe(program, unit, record)
    code, builder = probe.code, unit.builder
    align = builder.undefined(SymbolKind.GLOBAL, "__tls_align", I32_FIXED)
    code.raw(b"\x23")
    if way == 2:
        code.site(R.GLOBAL_INDEX_LEB, builder.undefined(SymbolKind.GLOBAL, "__tls_size", I32_FIXED))
        code.const(ROOM)
        code.raw(b"\x4d")
        probe.end(lambda m: 1)
    else:
        if way == 0:
            code.site(R.GLOBAL_INDEX_LEB, align)
        else:
            base = builder.undefined(SymbolKind.GLOBAL, "__tls_base", I32_MUTABLE)
            code.site(R.GLOBAL_INDEX_LEB, base)
        code.raw(b"\x23")
        code.site(R.GLOBAL_INDEX_LEB, align)
        # x and (align - 1): for the alignment itself that is 0, too.
        code.raw(b"\x41\x01\x6b\x71")
        probe.end(lambda m: 0)
    program.note(f"thread.{('alignment', 'base', 'size')[way]}")


def _thread_local_slots(program: Program, unit: Unit) -> list[Slot]:
    """Thread-local data with a definition that the unit may refer to."""
    return [
        slot
        for slot in program.slots
        if slot.thread_local
        and slot.policy == "defined"
        and (not slot.local or slot.definitions[0].unit == unit.position)
    ]


def start_thread(program: Program, record: Record) -> None:
    """`__wasm_init_tls` sets up another block, where thread-local data starts afresh."""
    unit = program.units[record.below(len(program.units))]
    slots = [slot for slot in _thread_local_slots(program, unit) if slot.words]
    if not slots:
        return
    slot = record.pick(slots)
    word = record.below(slot.words)
    builder = unit.builder
    name = f"block{program.number()}"
    segment = builder.segment(f".bss.{name}")
    builder.segments[segment].zero = True
    offset = builder.segments[segment].reserve(6, ROOM)
    room = builder.define_data(name, segment, offset, ROOM, LOCAL)
    init = builder.undefined_function("__wasm_init_tls", INIT_TLS)
    symbol = reference(program, unit, slot)
    probe = program.new_probe(unit, False)
    unit.probe = None
    code = probe.code
    if record.byte() & 1:
        # What the first thread writes stays with it.
        thread_local_address(unit, code, symbol, 4 * word)
        code.raw(b"\x41\x7f\x36\x00\x00")
    code.raw(b"\x41")
    code.site(R.MEMORY_ADDR_SLEB, room)
    code.raw(b"\x10")
    code.site(R.FUNCTION_INDEX_LEB, init)
    thread_local_address(unit, code, symbol, 4 * word)
    code.raw(b"\x28\x00\x00")
    position = unit.position
    probe.end(lambda m: known_word(program, position, symbol, word, m))
    program.note("thread.second-block")


def wide_thread_local(program: Program, record: Record) -> None:
    """A 64-bit relocation against thread-local data: the same distance in 64 bits."""
    unit = program.units[record.below(len(program.units))]
    slots = _thread_local_slots(program, unit)
    if not slots:
        return
    symbol = reference(program, unit, record.pick(slots))
    addend = (0, 4, -4, 100)[record.byte() >> 6]
    probe = next_probe(program, unit, record)
    code = probe.code
    code.raw(b"\x42")
    code.site(R.MEMORY_ADDR_TLS_SLEB64, symbol, addend)
    code.raw(b"\xa7\x41")
    code.site(R.MEMORY_ADDR_TLS_SLEB, symbol)
    code.raw(b"\x6b")
    probe.end(lambda m: addend & 0xFFFFFFFF)
    program.note("thread.wide")


def wait_and_notify(program: Program, record: Record) -> None:
    """Atomic instructions that need a shared memory: nobody waits, and the value differs."""
    unit = program.units[record.below(len(program.units))]
    builder = unit.builder
    name = f"futex{program.number()}"
    segment = builder.segment(f".data.{name}")
    offset = builder.segments[segment].reserve(2, 4)
    symbol = builder.define_data(name, segment, offset, 4, LOCAL)
    probe = next_probe(program, unit, record)
    code = probe.code
    if record.byte() & 1:
        code.raw(b"\x41")
        code.site(R.MEMORY_ADDR_SLEB, symbol)
        code.raw(b"\x41\x05\xfe\x00\x02\x00")
        probe.end(lambda m: 0)
    else:
        # It holds 0, not 7, so that the wait ends at once with 1.
        code.raw(b"\x41\x00\x41\x07\x42\x7f\xfe\x01\x02")
        code.site(R.MEMORY_ADDR_LEB, symbol)
        probe.end(lambda m: 1)
    program.note("thread.wait-notify")

"""Instructions whose operands stand beside a relocated field, in every width and spelling.

Terms of probes with known values, as those of `instructions`.
"""

from __future__ import annotations

from collections.abc import Callable

from strategies.choices import Record
from strategies.objects.code import V128, Code, sleb, uleb
from strategies.program import TO_INT, Probe, Program, Unit
from strategies.uses.addresses import LOCAL, R, function_table_pointer
from strategies.uses.instructions import CONTENT, constant_cell
from strategies.uses.references import next_probe

END = b"\x0b"
DROP = b"\x1a"
WRAP = b"\xa7"
Fragment = Callable[[Program, Unit, Probe, Record], None]

# Opcode behind 0xfe, log2 of the bytes, whether it is of 64 bits.
ATOMIC_LOADS = (
    (0x11, 3, True),
    (0x12, 0, False),
    (0x13, 1, False),
    (0x14, 0, True),
    (0x15, 1, True),
    (0x16, 2, True),
)
# Opcodes of add, sub, and, or, xor, xchg follow each other in steps of 7: each has these seven.
ATOMIC_WIDTHS = (
    (0, 2, False),
    (1, 3, True),
    (2, 0, False),
    (3, 1, False),
    (4, 0, True),
    (5, 1, True),
    (6, 2, True),
)
ATOMIC_OPERATIONS = (0x1E, 0x25, 0x2C, 0x33, 0x3A, 0x41, 0x48)
COMPARE_EXCHANGE = 0x48
ATOMIC_STORES = (0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D)


def _read(at: int, size: int) -> int:
    return int.from_bytes(CONTENT[at : at + size], "little")


def _narrow(wide: bool) -> bytes:
    return WRAP if wide else b""


def atomic_load(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """An atomic load of any width, its address split between the operand and the field."""
    opcode, size, wide = record.pick(ATOMIC_LOADS)
    symbol = constant_cell(program, unit, CONTENT, 3)
    at = (record.byte() & 7) >> size << size
    probe.code.const(0)
    probe.code.raw(bytes((0xFE, opcode, size)))
    probe.code.site(R.MEMORY_ADDR_LEB, symbol, at)
    probe.code.raw(_narrow(wide))
    value = _read(at, 1 << size) & 0xFFFFFFFF
    probe.end(lambda m: value)
    program.note("code.atomic-load")


def atomic_change(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """A read-modify-write, or an exchange, of any width; it gives what was there."""
    operation = record.pick(ATOMIC_OPERATIONS)
    plus, size, wide = record.pick(ATOMIC_WIDTHS)
    symbol = constant_cell(program, unit, CONTENT[:8], 3)
    code = probe.code
    constant = b"\x42" if wide else b"\x41"
    code.const(0)
    code.raw((constant + b"\x05") * (1 + (operation == COMPARE_EXCHANGE)))
    code.raw(bytes((0xFE, operation + plus, size)))
    code.site(R.MEMORY_ADDR_LEB, symbol)
    code.raw(_narrow(wide))
    value = _read(0, 1 << size) & 0xFFFFFFFF
    probe.end(lambda m: value)
    program.note("code.atomic-change")


def atomic_store(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """An atomic store of any width, and a plain load of what it wrote."""
    number = record.below(len(ATOMIC_STORES))
    _, size, wide = ATOMIC_WIDTHS[number]
    symbol = constant_cell(program, unit, bytes(8), 3)
    value = 0x11223344 & (1 << (8 << min(size, 2))) - 1
    code = probe.code
    code.const(0)
    code.raw((b"\x42" if wide else b"\x41") + sleb(0x11223344))
    code.raw(bytes((0xFE, ATOMIC_STORES[number], size)))
    code.site(R.MEMORY_ADDR_LEB, symbol)
    code.raw(b"\x41\x00\x28\x00")
    code.site(R.MEMORY_ADDR_LEB, symbol)
    probe.end(lambda m: value)
    program.note("code.atomic-store")


# Opcode behind 0xfd and the bytes that are read.
VECTOR_LOADS = ((0x07, 1), (0x08, 2), (0x09, 4), (0x0A, 8), (0x5C, 4), (0x5D, 8), (0x00, 16))
# Likewise the bytes of a lane, and whether it has a sign.
EXTENDING = ((0x01, 1, True), (0x02, 1, False), (0x03, 2, True), (0x04, 2, False))
BYTES_16 = bytes(range(0x71, 0x81))
_EXTRACT_WORD = b"\xfd\x1b"  # i32x4.extract_lane


def vector_load(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """A vector of a number in all lanes, of one and zeros, or of 16 bytes; its first word."""
    opcode, size = record.pick(VECTOR_LOADS)
    symbol = constant_cell(program, unit, BYTES_16, 4)
    alignment = record.byte() % size.bit_length()
    probe.code.const(0)
    probe.code.raw(b"\xfd" + bytes((opcode, alignment)))
    probe.code.site(R.MEMORY_ADDR_LEB, symbol)
    probe.code.raw(_EXTRACT_WORD + b"\x00")
    value = int.from_bytes((BYTES_16[:size] * 4)[:4], "little")
    probe.end(lambda m: value)
    program.note("code.vector-load")


def vector_extend(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """Eight bytes as lanes of twice their size."""
    opcode, size, signed = record.pick(EXTENDING)
    content = bytes((0x81, 0x92)) + CONTENT[:6]
    symbol = constant_cell(program, unit, content, 3)
    probe.code.const(0)
    probe.code.raw(b"\xfd" + bytes((opcode, record.byte() & 3)))
    probe.code.site(R.MEMORY_ADDR_LEB, symbol)
    probe.code.raw(_EXTRACT_WORD + b"\x00")
    lanes = [
        int.from_bytes(content[at : at + size], "little", signed=signed)
        for at in range(0, 4 // (2 * size) * size, size)
    ]
    width = 16 * size
    value = sum((lane & (1 << width) - 1) << width * n for n, lane in enumerate(lanes))
    probe.end(lambda m: value)
    program.note("code.vector-extend")


def vector_lane(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """One lane of any width loaded, or stored; its number stands behind the relocated field."""
    choice = record.byte()
    size = choice & 3
    lanes = 16 >> size
    lane = record.below(lanes)
    alignment = (choice >> 2) % (size + 1)
    code = probe.code
    if choice & 0x80:
        symbol = constant_cell(program, unit, bytes(8), 3)
        code.const(0)
        code.raw(b"\xfd\x0c" + BYTES_16 + b"\xfd" + bytes((0x58 + size, alignment)))
        code.site(R.MEMORY_ADDR_LEB, symbol)
        code.raw(bytes((lane,)) + b"\x41\x00\x28\x00")
        code.site(R.MEMORY_ADDR_LEB, symbol)
        stored = BYTES_16[lane << size : (lane + 1) << size]
        value = int.from_bytes(stored[:4], "little")
        program.note("code.vector-store-lane")
    else:
        symbol = constant_cell(program, unit, BYTES_16[:8], 3)
        code.const(0)
        code.raw(b"\xfd\x0c" + bytes(16) + b"\xfd" + bytes((0x54 + size, alignment)))
        code.site(R.MEMORY_ADDR_LEB, symbol)
        word = (lane << size) // 4
        code.raw(bytes((lane,)) + _EXTRACT_WORD + bytes((word,)))
        content = bytearray(16)
        content[lane << size : (lane + 1) << size] = BYTES_16[: 1 << size]
        value = int.from_bytes(content[4 * word : 4 * word + 4], "little")
        program.note("code.vector-load-lane")
    probe.end(lambda m: value)


def vector_store(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """A vector is stored, one of its words loaded."""
    symbol = constant_cell(program, unit, bytes(16), 4)
    at = 4 * (record.byte() & 3)
    code = probe.code
    code.const(0)
    code.raw(b"\xfd\x0c" + BYTES_16 + b"\xfd\x0b\x04")
    code.site(R.MEMORY_ADDR_LEB, symbol)
    code.raw(b"\x41\x00\x28\x00")
    code.site(R.MEMORY_ADDR_LEB, symbol, at)
    value = int.from_bytes(BYTES_16[at : at + 4], "little")
    probe.end(lambda m: value)
    program.note("code.vector-store")


def table_elements(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """`table.init` of nothing and `elem.drop`: numbers of element segments are not relocated.

    The first segment is the one of the function table, which is dropped when it was copied.
    """
    value = 300 + program.number()
    body = Code()
    body.const(value)
    body.raw(END)
    function = unit.builder.define_function(f"element{value}", TO_INT, body, LOCAL)
    code = probe.code
    # Without the address of a function there is no such segment.
    function_table_pointer(program, unit, code, function, 0)
    code.raw(DROP)
    table = unit.builder.function_table()
    if record.byte() & 1 and table >= 0:
        code.raw(b"\x41\x00" * 3 + b"\xfc\x0c\x00")
        code.site(R.TABLE_NUMBER_LEB, table)
        program.note("code.table-init")
    else:
        code.raw(b"\xfc\x0d\x00")
        program.note("code.elem-drop")
    code.const(value)
    probe.end(lambda m: value)


def data_segments(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """`memory.init` and `data.drop`, not reached: numbers of data segments are not relocated.

    Only a shared memory has the section that counts them.
    """
    if not program.has("shared-memory"):
        padded_memory_index(program, unit, probe, record)
        return
    symbol = constant_cell(program, unit, CONTENT)
    code = probe.code
    code.raw(b"\x41\x00\x04\x40")
    code.raw(b"\xfc\x09\x00" if record.byte() & 1 else b"\x41\x00" * 3 + b"\xfc\x08\x00\x00")
    code.raw(END + b"\x41\x00\x2d\x00")
    code.site(R.MEMORY_ADDR_LEB, symbol)
    probe.end(lambda m: CONTENT[0])
    program.note("code.data-segments")


def padded_memory_index(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """The number of the memory, 0, in more than one byte."""
    zero = (b"\x80\x00", b"\x80\x80\x00", b"\x80\x80\x80\x80\x00")[record.below(3)]
    probe.code.raw(b"\x3f" + zero + b"\x3f\x00\x46")
    probe.code.raw(b"\x41\x00\x40" + zero + b"\x3f\x00\x46\x71")
    probe.end(lambda m: 1)
    program.note("code.padded-memory-index")


def named_memory(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """A load whose memory argument names the memory: bit 6 of the alignment says so."""
    symbol = constant_cell(program, unit, CONTENT)
    at = record.byte() & 7
    probe.code.const(0)
    probe.code.raw(b"\x2d\x40" + (b"\x00", b"\x80\x00")[record.byte() & 1])
    probe.code.site(R.MEMORY_ADDR_LEB, symbol, at)
    probe.end(lambda m: CONTENT[at])
    program.note("code.named-memory")


def long_br_table(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """A br_table of hundreds of targets around blocks with calls."""
    count = 100 + record.byte()
    chosen = record.below(count)
    code = probe.code
    code.raw(b"\x02\x7f" * 3)
    code.const(9)
    code.const(chosen)
    code.raw(b"\x0e" + uleb(count) + bytes(n % 3 for n in range(count)) + b"\x02")
    # Each block that is left adds to the value on its way out.
    code.raw(END + b"\x41\x01\x6a" + END + b"\x41\x0a\x6a" + END)
    value = 9 + sum((1, 10)[chosen % 3 :])
    probe.end(lambda m: value)
    program.note("code.long-br-table")


def block_of_reference(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """Blocks that give a reference or a vector, by one byte of type."""
    kind = (b"\x70", b"\x6f", bytes((V128,)))[record.below(3)]
    code = probe.code
    code.raw((b"\x02", b"\x03")[record.byte() & 1] + kind)
    if kind == bytes((V128,)):
        code.raw(b"\xfd\x0c\x01" + bytes(15) + END + _EXTRACT_WORD + b"\x00")
    else:
        code.raw(b"\xd0" + kind + END + b"\xd1")
    probe.end(lambda m: 1)
    program.note("code.block-of-reference")


FRAGMENTS: tuple[Fragment, ...] = (
    atomic_load,
    atomic_change,
    atomic_store,
    vector_load,
    vector_extend,
    vector_lane,
    vector_lane,
    vector_store,
    table_elements,
    table_elements,
    data_segments,
    named_memory,
    long_br_table,
    block_of_reference,
)


def operand(program: Program, record: Record) -> None:
    """One of the fragments above, as a term of a probe."""
    unit = program.units[record.below(len(program.units))]
    fragment = record.pick(FRAGMENTS)
    fragment(program, unit, next_probe(program, unit, record), record)

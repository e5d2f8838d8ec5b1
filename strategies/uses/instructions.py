"""Statements that put instructions of every kind next to relocation sites.

Each is a term of a probe whose value is known: multi-value blocks, calls of all kinds, loads and
stores of every width, vectors, atomics, bulk memory, references.
"""

from __future__ import annotations

from collections.abc import Callable

from linker.format.constants import SymbolKind
from linker.format.model import FunctionType
from strategies.choices import Record
from strategies.objects.code import F32, F64, I32, I64, V128, Code, sleb, uleb
from strategies.program import (
    TO_INT,
    Probe,
    Program,
    Slot,
    Trapped,
    Unit,
    first_result,
    push_arguments,
)
from strategies.uses.addresses import (
    HIDDEN,
    LOCAL,
    WEAK,
    R,
    call_through_table,
    function_table_pointer,
    reference,
)
from strategies.uses.references import function_value, next_probe

PAIR = FunctionType((), (I32, I64))
WIDEN = FunctionType((I32,), (I32, I32))
TWO = FunctionType((), (I32, I32))
THROUGH = FunctionType((I32, I64), (I64, I32))
VECTOR = FunctionType((V128,), (V128,))
END = b"\x0b"
DROP = b"\x1a"
ADD = b"\x6a"

Fragment = Callable[[Program, Unit, Probe, Record], None]


def constant_cell(
    program: Program, unit: Unit, content: bytes, alignment: int = 2, flags: int = LOCAL
) -> int:
    """A data symbol of the object's own that holds these bytes."""
    builder = unit.builder
    name = f"constant{program.number()}"
    index = builder.segment(f".data.{name}")
    offset = builder.segments[index].reserve(alignment, len(content))
    builder.segments[index].content[offset:] = content
    return builder.define_data(name, index, offset, len(content), flags)


def _word(number: int) -> tuple[int, bytes]:
    """A number with all its bytes different, and its bytes."""
    value = 0x10203 * (number % 97 + 1) + 0x41000005
    return value, value.to_bytes(4, "little")


# -- blocks ---------------------------------------------------------------------------------


def _block(opcode: int, unit: Unit, code: Code, signature: FunctionType) -> None:
    """Opens a block whose type is one of the object's function types."""
    code.raw(bytes((opcode,)))
    code.site(R.TYPE_INDEX_LEB, unit.builder.type_index(signature))


def block_type(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    value = record.byte()
    _block(0x02, unit, probe.code, PAIR)
    probe.code.const(value)
    probe.code.constant(I64, 5)
    probe.code.raw(END + DROP)
    probe.end(lambda m: value)
    program.note("code.block-type")


def loop_type(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    value = record.byte()
    probe.code.const(value)
    _block(0x03, unit, probe.code, WIDEN)
    probe.code.const(4)
    probe.code.raw(END + ADD)
    probe.end(lambda m: value + 4)
    program.note("code.loop-type")


def if_type(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    code, value = probe.code, record.byte()
    code.const(value & 1)
    _block(0x04, unit, code, TWO)
    code.const(value)
    code.const(1)
    code.raw(b"\x05")
    code.const(2)
    code.const(value)
    code.raw(END + b"\x6b")
    result = value - 1 if value & 1 else 2 - value
    probe.end(lambda m: result)
    program.note("code.if-type")


def branch_out(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """A block that takes and gives values, left by a br_table."""
    code, value = probe.code, record.byte()
    code.const(value)
    code.constant(I64, 9)
    _block(0x02, unit, code, THROUGH)
    code.raw(b"\xa7" + ADD)  # i32.wrap_i64, i32.add
    code.raw(b"\x42\x03\x41\x07\x41")
    code.raw(sleb(value & 3))
    code.raw(b"\x0e\x01\x00\x00" + END)
    code.raw(DROP + b"\xa7")
    probe.end(lambda m: 3)
    program.note("code.br-table")


# -- calls -----------------------------------------------------------------------------------


def strange_type(number: int) -> FunctionType:
    """A signature that no function of a case has."""
    kinds = (F64, I64, F32, I32)
    count = 4 + number % 5
    return FunctionType(tuple(kinds[(number >> p) & 3] for p in range(count)), (F32, F64))


def unused_type(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """A call_indirect of a type that nothing else has, not reached."""
    code, signature = probe.code, strange_type(record.byte())
    code.raw(b"\x41\x00\x04\x40")
    push_arguments(code, signature)
    code.const(1)
    call_through_table(unit, code, signature)
    code.raw(DROP * 2 + END)
    code.const(1)
    probe.end(lambda m: 1)
    program.note("code.call-indirect-unused-type")


def _trap(meaning: object) -> int:
    raise Trapped


def wrong_type(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """A call_indirect of a function by a type that it has not: it traps."""
    probe = program.new_probe(unit, False)
    code = Code()
    code.raw(b"\x41\x05\x0b")
    builder = unit.builder
    symbol = builder.define_function(f"typed{program.number()}", TO_INT, code, LOCAL)
    signature = (strange_type(record.byte()), FunctionType((), (I64,)))[record.byte() & 1]
    push_arguments(probe.code, signature)
    function_table_pointer(program, unit, probe.code, symbol, 0)
    call_through_table(unit, probe.code, signature)
    probe.code.raw(DROP * (len(signature.results) - 1))
    probe.code.raw(DROP + b"\x41\x01")
    probe.end(_trap)
    program.note("code.call-indirect-wrong-type")


def _known_function(program: Program, unit: Unit, record: Record) -> Slot | None:
    """A function that is defined in the case, by one signature everywhere."""
    known = [
        slot
        for slot in program.slots
        if slot.kind == SymbolKind.FUNCTION
        and slot.policy == "defined"
        and not slot.partial
        and not slot.mismatched
        and (not slot.local or slot.definitions[0].unit == unit.position)
        and slot.definitions
    ]
    choice = record.byte()
    return known[choice * len(known) >> 8] if known else None


def _tail(program: Program, unit: Unit, probe: Probe, record: Record, indirect: bool) -> None:
    slot = _known_function(program, unit, record)
    if slot is None:
        block_type(program, unit, probe, record)
        return
    symbol = reference(program, unit, slot)
    signature = slot.signature
    helper = Code()
    for position in range(len(signature.parameters)):
        helper.raw(b"\x20" + uleb(position))
    if indirect:
        function_table_pointer(program, unit, helper, symbol, 0)
        helper.raw(b"\x13")
        helper.site(R.TYPE_INDEX_LEB, unit.builder.type_index(signature))
        table = unit.builder.function_table()
        if table < 0:
            helper.raw(b"\x00")
        else:
            helper.site(R.TABLE_NUMBER_LEB, table)
    else:
        helper.raw(b"\x12")
        helper.site(R.FUNCTION_INDEX_LEB, symbol)
    helper.raw(END)
    flags = LOCAL if record.byte() & 1 else HIDDEN
    name = f"tail{program.number()}"
    called = unit.builder.define_function(name, signature, helper, flags)
    push_arguments(probe.code, signature)
    probe.code.raw(b"\x10")
    probe.code.site(R.FUNCTION_INDEX_LEB, called)
    first_result(probe.code, signature)
    position = unit.position
    probe.end(lambda m: function_value(program, position, symbol, slot, m))
    program.note("code.return-call-indirect" if indirect else "code.return-call")


def return_call(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    _tail(program, unit, probe, record, False)


def return_call_indirect(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    _tail(program, unit, probe, record, True)


# -- memory ----------------------------------------------------------------------------------

# Opcode, natural alignment, bytes, signed, what makes an i32 of the result.
LOADS = (
    (0x28, 2, 4, False, b""),
    (0x29, 3, 8, False, b"\xa7"),
    (0x2A, 2, 4, False, b"\xbc"),
    (0x2B, 3, 8, False, b"\xbd\xa7"),
    (0x2C, 0, 1, True, b""),
    (0x2D, 0, 1, False, b""),
    (0x2E, 1, 2, True, b""),
    (0x2F, 1, 2, False, b""),
    (0x30, 0, 1, True, b"\xa7"),
    (0x33, 1, 2, False, b"\xa7"),
    (0x34, 2, 4, True, b"\xa7"),
    (0x35, 2, 4, False, b"\xa7"),
)
CONTENT = bytes((0x81, 0x92, 0x23, 0x34, 0x45, 0x56, 0xE7, 0xF8, 0x11, 0x22, 0x33, 0x44))


def load(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """A load of any width, its offset relocated, its alignment any that is allowed."""
    opcode, natural, size, signed, narrow = record.pick(LOADS)
    choice = record.byte()
    at = choice & 3
    symbol = constant_cell(program, unit, CONTENT, choice >> 6)
    probe.code.const(at if choice & 4 else 0)
    probe.code.raw(bytes((opcode, (choice >> 3 & 3) % (natural + 1))))
    probe.code.site(R.MEMORY_ADDR_LEB, symbol, 0 if choice & 4 else at)
    probe.code.raw(narrow)
    value = int.from_bytes(CONTENT[at : at + size], "little", signed=signed)
    probe.end(lambda m: value & 0xFFFFFFFF)
    program.note("code.load")


STORES = (
    (0x36, 2, 4, b""),
    (0x37, 3, 4, b"\xad"),
    (0x38, 2, 4, b"\xbe"),
    (0x3A, 0, 1, b""),
    (0x3B, 1, 2, b""),
    (0x3E, 2, 4, b"\xad"),
)


def store(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """A store of any width to zeros, and a load of what it wrote."""
    opcode, natural, size, widen = record.pick(STORES)
    choice = record.byte()
    builder = unit.builder
    name = f"room{program.number()}"
    index = builder.segment(f".bss.{name}")
    builder.segments[index].zero = True
    offset = builder.segments[index].reserve(choice >> 6, 8)
    symbol = builder.define_data(name, index, offset, 8, LOCAL)
    value, _ = _word(choice)
    code = probe.code
    code.const(0)
    code.const(value)
    code.raw(widen + bytes((opcode, (choice & 3) % (natural + 1))))
    code.site(R.MEMORY_ADDR_LEB, symbol)
    code.raw(b"\x41")
    code.site(R.MEMORY_ADDR_SLEB, symbol)
    code.raw(b"\x28\x00\x00")
    probe.end(lambda m: value & (1 << 8 * size) - 1)
    program.note("code.store")


def bulk(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """memory.copy from one symbol to another, or memory.fill."""
    choice = record.byte()
    value, content = _word(choice)
    target = constant_cell(program, unit, bytes(4), 0)
    code = probe.code
    code.raw(b"\x41")
    code.site(R.MEMORY_ADDR_SLEB, target)
    if choice & 1:
        code.raw(b"\x41\x11\x41\x04\xfc\x0b\x00")
        value = 0x11111111
    else:
        source = constant_cell(program, unit, content, 0)
        code.raw(b"\x41")
        code.site(R.MEMORY_ADDR_SLEB, source)
        code.raw(b"\x41\x04\xfc\x0a\x00\x00")
    code.raw(b"\x41\x00\x28\x00")
    code.site(R.MEMORY_ADDR_LEB, target)
    probe.end(lambda m: value)
    program.note("code.memory-fill" if choice & 1 else "code.memory-copy")


def memory_size(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """Growing by nothing gives the size."""
    probe.code.raw(b"\x41\x00\x40\x00\x3f\x00\x46")
    probe.end(lambda m: 1)
    program.note("code.memory-grow")


# -- vectors and atomics ---------------------------------------------------------------------


def vector(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """A vector that is loaded, passed to a function with a vector local, and taken apart."""
    choice = record.byte()
    value, content = _word(choice)
    symbol = constant_cell(program, unit, bytes(4) + content + bytes(8), choice >> 6)
    callee = Code(b"\x01\x02\x7b")
    # local.get 0, v128.const 0, i32x4.add, local.tee 2, local.get 1, v128.xor
    callee.raw(b"\x20\x00\xfd\x0c" + bytes(16) + b"\xfd\xae\x01")
    callee.raw(b"\x22\x02\x20\x01\xfd\x51" + END)
    name = f"vector{program.number()}"
    called = unit.builder.define_function(name, VECTOR, callee, LOCAL)
    code = probe.code
    code.const(0)
    code.raw(b"\xfd\x00" + bytes((choice & 3,)))
    code.site(R.MEMORY_ADDR_LEB, symbol)
    code.raw(b"\x10")
    code.site(R.FUNCTION_INDEX_LEB, called)
    code.raw(b"\xfd\x1b\x01")
    probe.end(lambda m: value)
    program.note("code.vector")


def vector_lanes(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """Loads of one lane, and of one number into all lanes."""
    choice = record.byte()
    value, content = _word(choice)
    symbol = constant_cell(program, unit, content, 2)
    code = probe.code
    code.const(0)
    if choice & 1:
        code.raw(b"\xfd\x0c" + bytes(16) + b"\xfd\x56" + bytes((choice >> 6 & 1,)))
        code.site(R.MEMORY_ADDR_LEB, symbol)
        code.raw(b"\x02\xfd\x1b\x02")
    else:
        code.raw(b"\xfd\x09" + bytes((choice >> 6 & 1,)))
        code.site(R.MEMORY_ADDR_LEB, symbol)
        code.raw(b"\xfd\x1b\x03")
    probe.end(lambda m: value)
    program.note("code.vector-lane")


def atomic(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """An atomic load, read-modify-write or compare-and-exchange at a relocated offset."""
    choice = record.byte()
    value, content = _word(choice)
    symbol = constant_cell(program, unit, content, 2)
    code = probe.code
    code.const(0)
    if choice < 96:
        code.raw(b"\xfe\x10\x02")
    elif choice < 176:
        code.raw(b"\x41\x05\xfe\x1e\x02")
    else:
        code.const(value)
        code.raw(b"\x41\x07\xfe\x48\x02")
    code.site(R.MEMORY_ADDR_LEB, symbol)
    code.raw(b"\xfe\x03\x00")
    probe.end(lambda m: value)
    program.note("code.atomic")


# -- numbers and references ------------------------------------------------------------------


def saturate(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    kind = (F32, F64)[record.byte() & 1]
    value = record.byte()
    probe.code.constant(kind, value)
    probe.code.raw(b"\xfc\x00" if kind == F32 else b"\xfc\x02")
    probe.code.raw(b"\xc0\xc1")  # i32.extend8_s, i32.extend16_s
    result = value - 256 if value >= 128 else value
    probe.end(lambda m: result & 0xFFFFFFFF)
    program.note("code.saturating")


def locals_of_every_type(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """A function with locals of each value type around a call."""
    value = record.byte()
    code = Code(b"\x07\x01\x7f\x02\x7e\x01\x7d\x01\x7c\x01\x7b\x01\x70\x01\x6f")
    code.const(value)
    code.raw(b"\x21\x00\x20\x00\x20\x06\xd1" + ADD + b"\x20\x07\xd1" + ADD + END)
    name = f"locals{program.number()}"
    symbol = unit.builder.define_function(name, TO_INT, code, LOCAL)
    probe.code.raw(b"\x10")
    probe.code.site(R.FUNCTION_INDEX_LEB, symbol)
    probe.end(lambda m: value + 2)
    program.note("code.locals")


def typed_select(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    choice = record.byte()
    code = probe.code
    code.raw(b"\xd0\x6f\xd0\x6f")
    code.const(choice & 1)
    code.raw(b"\x1c\x01\x6f\xd1")
    probe.end(lambda m: 1)
    program.note("code.typed-select")


def function_reference(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """`ref.func` of a function, which the function table declares.

    wasm-ld 22 declares no others, so that the module is invalid.
    """
    slot = _known_function(program, unit, record)
    if slot is None:
        typed_select(program, unit, probe, record)
        return
    symbol = reference(program, unit, slot)
    entry = unit.builder.symbols[symbol]
    if not entry.is_defined and entry.flags & WEAK:
        typed_select(program, unit, probe, record)
        return
    code = probe.code
    if not program.has("known-bugs") or record.byte() & 1:
        function_table_pointer(program, unit, code, symbol, 0)
        code.raw(DROP)
    code.raw(b"\xd2")
    code.site(R.FUNCTION_INDEX_LEB, symbol)
    code.raw(b"\xd1")
    probe.end(lambda m: 0)
    program.note("code.ref-func")


FRAGMENTS: tuple[Fragment, ...] = (
    block_type,
    loop_type,
    if_type,
    branch_out,
    unused_type,
    wrong_type,
    return_call,
    return_call_indirect,
    load,
    load,
    store,
    bulk,
    memory_size,
    vector,
    vector_lanes,
    atomic,
    saturate,
    locals_of_every_type,
    typed_select,
    function_reference,
)


def many_types(program: Program, unit: Unit, probe: Probe, record: Record) -> None:
    """A block whose type stands behind 64 others; compressed, wasm-ld 22 gets it wrong."""
    code = Code()
    first = program.number()
    for number in range(66):
        kinds = tuple((F64, I64, F32, I32)[number >> 2 * p & 3] for p in range(4))
        signature = FunctionType(kinds, (F64,) * (first & 3))
        code.raw(b"\x41\x00\x04\x40")
        push_arguments(code, signature)
        code.const(1)
        call_through_table(unit, code, signature)
        code.raw(DROP * len(signature.results) + END)
    value = record.byte()
    _block(0x02, unit, code, FunctionType((), (I32, F64, F64)))
    code.const(value)
    code.constant(F64, 1)
    code.constant(F64, 2)
    code.raw(END + DROP * 2 + END)
    symbol = unit.builder.define_function(f"types{first}", TO_INT, code, LOCAL)
    probe.code.raw(b"\x10")
    probe.code.site(R.FUNCTION_INDEX_LEB, symbol)
    probe.end(lambda m: value)
    program.note("code.many-types")


def instruction(program: Program, record: Record) -> None:
    """One instruction, or a few, as a term of a probe."""
    unit = program.units[record.below(len(program.units))]
    fragment = record.pick(FRAGMENTS)
    if fragment is saturate and program.has("known-bugs"):
        fragment = many_types
    probe = next_probe(program, unit, record)
    terms = len(probe.terms)
    fragment(program, unit, probe, record)
    if len(probe.terms) == terms:
        # The fragment took a probe of its own; what `begin` left needs a term.
        probe.code.const(0)
        probe.end(lambda m: 0)

"""Instructions on tables, whose numbers are relocated."""

from __future__ import annotations

from linker.format.constants import LimitsFlag, SymbolKind, ValueType
from linker.format.model import FunctionType
from strategies.choices import Record
from strategies.objects.code import I32, Code
from strategies.program import TO_INT, Program, Slot, Unit
from strategies.uses.addresses import LOCAL, R, function_table_pointer, reference
from strategies.uses.references import next_probe

NULL = b"\xd0"


def _tables(program: Program, unit: Unit) -> list[Slot]:
    return [
        slot
        for slot in program.slots
        if slot.kind == SymbolKind.TABLE
        and slot.policy == "defined"
        and (not slot.local or slot.definitions[0].unit == unit.position)
    ]


def _element(slot: Slot) -> ValueType:
    assert slot.table_type is not None
    return slot.table_type.element


def _least(slot: Slot) -> int:
    assert slot.table_type is not None
    return slot.table_type.limits.minimum


def use_tables(program: Program, record: Record) -> None:
    """One of the instructions on tables, on a table of the case."""
    unit = program.units[record.below(len(program.units))]
    tables = _tables(program, unit)
    if not tables:
        return
    slot = record.pick(tables)
    ways = [grow, fill, copy]
    if _least(slot) and _element(slot) == ValueType.FUNCREF:
        ways += [call, call]
    record.pick(ways)(program, unit, slot, record)


def grow(program: Program, unit: Unit, slot: Slot, record: Record) -> None:
    """Growing gives the old size and changes the new one, in every object."""
    symbol = reference(program, unit, slot)
    assert slot.table_type is not None
    limits = slot.table_type.limits
    more = 1 + record.below(3)
    largest = limits.maximum if limits.flags & LimitsFlag.HAS_MAX else None
    fits = largest is None or limits.minimum + more <= largest
    probe = program.new_probe(unit, False)
    unit.probe = None
    code = probe.code
    code.raw(NULL + bytes((_element(slot),)))
    code.const(more)
    code.raw(b"\xfc\x0f")
    code.site(R.TABLE_NUMBER_LEB, symbol)
    code.raw(b"\xfc\x10")
    code.site(R.TABLE_NUMBER_LEB, symbol)
    code.raw(b"\x41\x0a\x6c\x6a")
    old = limits.minimum
    value = old + 10 * (old + more) if fits else -1 + 10 * old
    probe.end(lambda m: value & 0xFFFFFFFF)
    program.note("code.table-grow")


def fill(program: Program, unit: Unit, slot: Slot, record: Record) -> None:
    symbol = reference(program, unit, slot)
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x41\x00" + NULL + bytes((_element(slot),)))
    probe.code.const(_least(slot))
    probe.code.raw(b"\xfc\x11")
    probe.code.site(R.TABLE_NUMBER_LEB, symbol)
    probe.code.const(1)
    probe.end(lambda m: 1)
    program.note("code.table-fill")


def copy(program: Program, unit: Unit, slot: Slot, record: Record) -> None:
    """From a table of the same type, perhaps from itself."""
    alike = [other for other in _tables(program, unit) if _element(other) == _element(slot)]
    source = record.pick(alike)
    symbols = [reference(program, unit, entry) for entry in (slot, source)]
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x41\x00\x41\x00")
    probe.code.const(min(_least(slot), _least(source)))
    probe.code.raw(b"\xfc\x0e")
    for symbol in symbols:
        probe.code.site(R.TABLE_NUMBER_LEB, symbol)
    probe.code.const(1)
    probe.end(lambda m: 1)
    program.note("code.table-copy")


def call(program: Program, unit: Unit, slot: Slot, record: Record) -> None:
    """A function is put into the table in one object, and called there."""
    symbol = reference(program, unit, slot)
    builder = unit.builder
    code = Code()
    value = 500 + program.number()
    code.const(value)
    code.raw(b"\x0b")
    function = builder.define_function(f"entry{value}", TO_INT, code, LOCAL)
    probe = program.new_probe(unit, False)
    unit.probe = None
    at = record.below(_least(slot))
    # Its address is taken so that the function table declares it for `ref.func`.
    function_table_pointer(program, unit, probe.code, function, 0)
    probe.code.raw(b"\x1a")
    probe.code.const(at)
    probe.code.raw(b"\xd2")
    probe.code.site(R.FUNCTION_INDEX_LEB, function)
    probe.code.raw(b"\x26")
    probe.code.site(R.TABLE_NUMBER_LEB, symbol)
    probe.end(lambda m: value)
    if record.byte() & 1:
        # The call is a helper's last act.
        helper = Code()
        _call_entry(unit, helper, b"\x13", at, symbol)
        helper.raw(b"\x0b")
        called = builder.define_function(f"caller{value}", TO_INT, helper, LOCAL)
        probe.code.raw(b"\x10")
        probe.code.site(R.FUNCTION_INDEX_LEB, called)
        program.note("code.return-call-through-table")
    else:
        _call_entry(unit, probe.code, b"\x11", at, symbol)
        program.note("code.table-set-call")


def _call_entry(unit: Unit, code: Code, opcode: bytes, at: int, table: int) -> None:
    code.const(at)
    code.raw(opcode)
    code.site(R.TYPE_INDEX_LEB, unit.builder.type_index(FunctionType((), (I32,))))
    code.site(R.TABLE_NUMBER_LEB, table)

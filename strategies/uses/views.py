"""What two objects see of one name: accessors in each of them, compared by a third."""

from __future__ import annotations

from linker.format.constants import SymbolKind, ValueType
from strategies.choices import Record
from strategies.meaning import Meaning
from strategies.objects.code import TO_I32, Code
from strategies.program import (
    TO_INT,
    Program,
    Slot,
    Unit,
    UnknownValue,
    first_result,
    push_arguments,
)
from strategies.uses.addresses import HIDDEN, R, function_table_pointer, reference
from strategies.uses.references import function_value, next_probe

CALL = b"\x10"
REFERENCES = (ValueType.FUNCREF, ValueType.EXTERNREF)


def _value(unit: Unit, code: Code, slot: Slot, symbol: int) -> None:
    """Leave what the name holds, or gives, as i32."""
    if slot.kind == SymbolKind.FUNCTION:
        push_arguments(code, slot.signature)
        code.raw(CALL)
        code.site(R.FUNCTION_INDEX_LEB, symbol)
        first_result(code, slot.signature)
    elif slot.kind == SymbolKind.DATA:
        code.raw(b"\x41\x00\x28\x00" if slot.size >= 4 else b"\x41\x00\x2d\x00")
        code.site(R.MEMORY_ADDR_LEB, symbol)
    elif slot.kind == SymbolKind.GLOBAL:
        code.raw(b"\x23")
        code.site(R.GLOBAL_INDEX_LEB, symbol)
        kind = slot.global_type.value_type
        if kind in REFERENCES:
            code.raw(b"\xd1")
        else:
            code.raw(TO_I32.get(kind, b"\xfd\x1b\x01"))
    else:
        code.raw(b"\xfc\x10")
        code.site(R.TABLE_NUMBER_LEB, symbol)


def _address(program: Program, unit: Unit, code: Code, slot: Slot, symbol: int) -> None:
    if slot.kind == SymbolKind.FUNCTION:
        function_table_pointer(program, unit, code, symbol, 0)
    else:
        code.raw(b"\x41")
        code.site(R.MEMORY_ADDR_SLEB, symbol)


def _accessor(program: Program, unit: Unit, slot: Slot, of_address: bool) -> str | None:
    """A function of the object that gives the value or the address of a name."""
    what = "address" if of_address else "value"
    name = f"{what}_of_{slot.name}_in_{unit.position}_seen"
    builder = unit.builder
    symbol = reference(program, unit, slot)
    if (unit.position, symbol) in program.other_signatures:
        return None
    if name not in builder.by_name:
        code = Code()
        if of_address:
            _address(program, unit, code, slot, symbol)
        else:
            _value(unit, code, slot, symbol)
        code.raw(b"\x0b")
        builder.define_function(name, TO_INT, code, HIDDEN)
    return name


def compare_views(program: Program, record: Record) -> None:
    """Two objects tell the value and the address of a name: they are the same."""
    slots = [
        slot
        for slot in program.slots
        if slot.policy == "defined"
        and not slot.local
        and not slot.thread_local
        and not slot.mismatched
        and not slot.partial
        and (slot.kind != SymbolKind.DATA or slot.size)  # nothing is to be read at the end
        and slot.definitions
        and slot.kind != SymbolKind.TAG
    ]
    if not slots:
        return
    slot = record.pick(slots)
    units = program.units
    one, other, asking = (units[record.below(len(units))] for _ in range(3))
    addressable = slot.kind in (SymbolKind.FUNCTION, SymbolKind.DATA)
    of_address = addressable and bool(record.byte() & 1)
    names = [_accessor(program, unit, slot, of_address) for unit in (one, other)]
    seen = [(u.position, reference(program, u, slot)) for u in (one, other)]
    if None in names:
        return
    probe = next_probe(program, asking, record)
    for name in names:
        assert name is not None
        probe.code.raw(CALL)
        called = asking.builder.undefined_function(name, TO_INT)
        probe.code.site(R.FUNCTION_INDEX_LEB, called)
    probe.code.raw(b"\x46")

    def same(meaning: Meaning) -> int:
        for position, symbol in seen:
            if slot.kind == SymbolKind.FUNCTION and not of_address:
                function_value(program, position, symbol, slot, meaning)
            elif meaning.find(position, symbol) is None:
                raise UnknownValue
        return 1

    probe.end(same)
    program.note(f"view.{slot.kind.name.lower()}-{'address' if of_address else 'value'}")


def set_and_get(program: Program, record: Record) -> None:
    """A mutable global that one object changes and another reads."""
    slots = [
        slot
        for slot in program.slots
        if slot.kind == SymbolKind.GLOBAL
        and slot.policy == "defined"
        and not slot.local
        and slot.global_type.mutable
        and slot.global_type.value_type in TO_I32
    ]
    if not slots:
        return
    slot = record.pick(slots)
    units = program.units
    writer, reader = (units[record.below(len(units))] for _ in range(2))
    name = f"set_{slot.name}_in_{writer.position}"
    if name not in writer.builder.by_name:
        code = Code()
        code.constant(slot.global_type.value_type, 9)
        code.raw(b"\x24")
        code.site(R.GLOBAL_INDEX_LEB, reference(program, writer, slot))
        code.const(1)
        code.raw(b"\x0b")
        writer.builder.define_function(name, TO_INT, code, HIDDEN)
    getter = _accessor(program, reader, slot, False)
    assert getter is not None
    # A probe of its own: what it changes, later terms would see.
    probe = program.new_probe(reader, False)
    reader.probe = None
    probe.code.raw(CALL)
    probe.code.site(R.FUNCTION_INDEX_LEB, reader.builder.undefined_function(name, TO_INT))
    probe.code.raw(b"\x1a" + CALL)
    probe.code.site(R.FUNCTION_INDEX_LEB, reader.builder.undefined_function(getter, TO_INT))
    probe.end(lambda m: 9)
    program.note("view.global-set")

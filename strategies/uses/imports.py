"""Uses of what the host gives, and references that nothing uses."""

from __future__ import annotations

from linker.format.constants import RelocationType, SymbolKind
from strategies.choices import Record
from strategies.definitions.initial_values import NUMBERS
from strategies.definitions.names import TABLE_TYPES
from strategies.host import host_number
from strategies.objects.code import TO_I32
from strategies.program import TO_INT, Program, Slot, Unit
from strategies.uses.addresses import reference
from strategies.uses.references import next_probe

R = RelocationType


def _unit(program: Program, record: Record) -> Unit:
    return program.units[record.below(len(program.units))]


def imported_global(program: Program, record: Record) -> None:
    """A global that the host gives, under an explicit module and name."""
    unit = _unit(program, record)
    number = program.number()
    slot = Slot(SymbolKind.GLOBAL, f"host_global{number}")
    slot.global_type = record.pick(NUMBERS)
    slot.source = (("env", "host")[record.byte() & 1], f"global{number}")
    program.slots.append(slot)
    slot.policy = "import"
    program.uses_mutable_global = True
    probe = next_probe(program, unit, record)
    symbol = reference(program, unit, slot)
    probe.code.raw(b"\x23")
    probe.code.site(R.GLOBAL_INDEX_LEB, symbol)
    probe.code.raw(TO_I32[slot.global_type.value_type])
    value = host_number(*slot.source)
    probe.end(lambda m: value)


def imported_table(program: Program, record: Record) -> None:
    """A table that the host gives, under an explicit module and name."""
    unit = _unit(program, record)
    if unit.builder.style.mvp_table:
        return
    number = program.number()
    slot = Slot(SymbolKind.TABLE, f"host_table{number}")
    slot.table_type = TABLE_TYPES[record.below(len(TABLE_TYPES))]
    slot.source = ("host", f"table{number}")
    slot.policy = "import"
    program.slots.append(slot)
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\xfc\x10")
    probe.code.site(R.TABLE_NUMBER_LEB, reference(program, unit, slot))
    size = slot.table_type.limits.minimum
    probe.end(lambda m: size)


def idle_reference(program: Program, record: Record) -> None:
    """A symbol that an object declares and no relocation uses; it takes members in all the same."""
    unit = _unit(program, record)
    known = [slot for slot in program.slots if not slot.local and slot.policy == "defined"]
    if known:
        slot = record.pick(known)
        reference(program, unit, slot)
    else:
        unit.builder.undefined_function(f"idle{program.number()}", TO_INT)
    program.note("symbol.idle")

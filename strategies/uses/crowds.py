"""Uses of one function of many, through a table of pointers to all of them."""

from __future__ import annotations

from linker.format.constants import RelocationType, SymbolFlag
from strategies.choices import Record
from strategies.objects.code import Code
from strategies.program import TO_INT, Program, Unit
from strategies.uses.addresses import call_through_table
from strategies.uses.references import next_probe

R = RelocationType
LOCAL = int(SymbolFlag.BINDING_LOCAL)
HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)


def _unit(program: Program, record: Record) -> Unit:
    return program.units[record.below(len(program.units))]


def crowd(program: Program, record: Record) -> None:
    """Many functions, a table of pointers to them, and calls through it."""
    unit = _unit(program, record)
    builder = unit.builder
    number = program.number()
    count = (5, 62, 63, 64, 65, 126, 130, 40)[record.byte() >> 5]
    first = 1000 * number
    segment = builder.segment(f".rodata.table{number}")
    at = builder.segments[segment].reserve(2, 4 * count)
    flags = LOCAL if record.byte() & 1 else HIDDEN
    for member in range(count):
        code = Code()
        code.const(first + member)
        code.raw(b"\x0b")
        symbol = builder.define_function(f"member{number}_{member}", TO_INT, code, flags)
        builder.segments[segment].site(R.TABLE_INDEX_I32, at + 4 * member, symbol)
    table = builder.define_data(f"table{number}", segment, at, 4 * count, LOCAL)
    chosen = record.below(count)
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x41")
    probe.code.site(R.MEMORY_ADDR_SLEB, table, 4 * chosen)
    probe.code.raw(b"\x28\x00\x00")
    call_through_table(unit, probe.code, TO_INT)
    probe.end(lambda m: first + chosen)
    program.note("symbol.crowd")

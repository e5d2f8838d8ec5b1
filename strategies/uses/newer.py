"""What only some engines take: 64-bit offsets of loads, tables and globals of exceptions.

For runs in which the outputs of linkers are compared byte by byte.
"""

from __future__ import annotations

from linker.format.constants import LimitsFlag, SymbolKind, ValueType
from linker.format.model import GlobalType, Limits, TableType
from strategies.choices import Record
from strategies.objects.code import V128
from strategies.program import Probe, Program, Unit
from strategies.uses.addresses import LOCAL, R
from strategies.uses.instructions import constant_cell
from strategies.uses.references import next_probe, unknown_value

EXNREF = ValueType.EXNREF


def wide_load(program: Program, unit: Unit, probe: Probe, choice: int) -> None:
    """A load whose offset field has room for 64 bits."""
    content = bytes((choice & 0x7F, 2, 3, 4))
    symbol = constant_cell(program, unit, content + bytes(4))
    probe.code.raw(b"\x41\x00\x2d\x00")
    probe.code.site(R.MEMORY_ADDR_LEB64, symbol, choice & 3)
    value = content[choice & 3]
    probe.end(lambda m: value)
    program.note("newer.wide-offset")


def exception_table(program: Program, unit: Unit, probe: Probe, choice: int) -> None:
    """A table of references to exceptions."""
    size = choice & 15
    type_ = TableType(EXNREF, Limits(LimitsFlag(0), size))
    symbol = unit.builder.define_table(f"exceptions{program.number()}", type_, LOCAL)
    probe.code.raw(b"\xfc\x10")
    probe.code.site(R.TABLE_NUMBER_LEB, symbol)
    probe.end(lambda m: size)
    program.note("newer.exnref-table")


def imported_global(program: Program, unit: Unit, probe: Probe, choice: int) -> None:
    """A global of a type that the host here cannot give: only where nothing is run."""
    if not program.has("relocatable"):
        wide_load(program, unit, probe, choice)
        return
    kind = V128 if choice & 1 else EXNREF
    name = f"newer{program.number()}"
    symbol = unit.builder.undefined(
        SymbolKind.GLOBAL, name, GlobalType(kind, False), 0, ("host", name)
    )
    probe.code.raw(b"\x23")
    probe.code.site(R.GLOBAL_INDEX_LEB, symbol)
    probe.code.raw(b"\x1a\x41\x01")
    probe.end(unknown_value)
    program.note(f"newer.{kind.name.lower()}-global")


def newer(program: Program, record: Record) -> None:
    """One of the statements above, as a term of a probe."""
    unit = program.units[record.below(len(program.units))]
    statement = record.pick((wide_load, exception_table, imported_global))
    choice = record.byte()
    statement(program, unit, next_probe(program, unit, record), choice)

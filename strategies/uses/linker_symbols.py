"""Uses of symbols that the linker defines, and of the bounds of named sections."""

from __future__ import annotations

from linker.format.constants import RelocationType, SegmentFlag, SymbolKind
from linker.format.model import GlobalType
from strategies.choices import Record
from strategies.objects.code import I32, Code
from strategies.program import UNSPECIFIED, Program, Unit, between_bounds
from strategies.uses.references import next_probe

R = RelocationType


def _unit(program: Program, record: Record) -> Unit:
    return program.units[record.below(len(program.units))]


def _linker_data(unit: Unit, code: Code, name: str) -> None:
    symbol = unit.builder.undefined(SymbolKind.DATA, name, None)
    code.raw(b"\x41")
    code.site(R.MEMORY_ADDR_SLEB, symbol)


def _stack_pointer(unit: Unit, code: Code) -> None:
    symbol = unit.builder.undefined(SymbolKind.GLOBAL, "__stack_pointer", GlobalType(I32, True))
    code.raw(b"\x23")
    code.site(R.GLOBAL_INDEX_LEB, symbol)


def linker_defined(program: Program, record: Record) -> None:
    """A relation that holds between symbols that the linker defines, wherever they stand."""
    unit = _unit(program, record)
    which = record.below(10)
    probe = next_probe(program, unit, record)
    code = probe.code
    probe.rule = UNSPECIFIED
    if which == 0:
        _linker_data(unit, code, "__data_end")
        _linker_data(unit, code, "__heap_base")
        code.raw(b"\x4d")
    elif which == 1:
        _stack_pointer(unit, code)
        code.raw(b"\x41\x0f\x71\x45")
    elif which == 2:
        _linker_data(unit, code, "__heap_base")
        code.raw(b"\x41\x0f\x71\x45")
    elif which == 3:
        _linker_data(unit, code, "__heap_end")
        code.raw(b"\x3f\x00\x41\x10\x74\x46")
    elif which == 4:
        _linker_data(unit, code, "__stack_high")
        _stack_pointer(unit, code)
        code.raw(b"\x46")
    elif which == 5:
        _linker_data(unit, code, "__stack_low")
        _linker_data(unit, code, "__stack_high")
        code.raw(b"\x4d")
    elif which == 6:
        _linker_data(unit, code, "__global_base")
        _linker_data(unit, code, "__data_end")
        code.raw(b"\x4d")
    elif which == 7:
        _linker_data(unit, code, "__dso_handle")
        _linker_data(unit, code, "__global_base")
        code.raw(b"\x46")
    elif which == 8 and not program.has("pic"):
        _linker_data(unit, code, "__memory_base")
        code.raw(b"\x45")
    elif not program.has("pic"):
        _linker_data(unit, code, "__table_base")
        probe.end(lambda m: program.table_base)
        return
    else:
        _stack_pointer(unit, code)
        symbol = unit.builder.undefined(SymbolKind.GLOBAL, "__stack_pointer", GlobalType(I32, True))
        code.raw(b"\x24")
        code.site(R.GLOBAL_INDEX_LEB, symbol)
        code.raw(b"\x41\x01")
    probe.end(lambda m: 1)


def start_stop(program: Program, record: Record) -> None:
    """A section whose name is a C identifier, and the distance between its bounds."""
    unit = program.units[0]
    choice = record.byte()
    name = ("records", "set_a", "X")[choice % 3]
    if any(s.name == name for u in program.units for s in u.builder.segments):
        return
    builder = unit.builder
    index = builder.segment(name, record.below(4), int(SegmentFlag.RETAIN))
    size = (4, 1, 12, 7)[record.below(4)]
    builder.segments[index].content += bytes(range(1, size + 1))
    probe = next_probe(program, unit, record)
    probe.rule = UNSPECIFIED
    _linker_data(unit, probe.code, f"__stop_{name}")
    _linker_data(unit, probe.code, f"__start_{name}")
    probe.code.raw(b"\x6b")
    probe.end(lambda m: between_bounds(m, unit.position, size))
    program.note("segment.start-stop")

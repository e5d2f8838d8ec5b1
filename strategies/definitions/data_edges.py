"""Data on the edges: empty and enormous segments, strict alignments, odd modes, common shapes.

Each statement has a probe of its own whose value holds wherever the linker puts the data.
"""

from __future__ import annotations

from linker.format.constants import LimitsFlag, SegmentFlag, SymbolKind
from linker.format.model import Limits
from strategies.choices import Record
from strategies.objects.code import Code
from strategies.objects.parts import SegmentMode
from strategies.program import (
    SEGMENTS,
    TO_INT,
    UNSPECIFIED,
    Probe,
    Program,
    Unit,
    between_bounds,
)
from strategies.uses.addresses import LOCAL, R, call_through_table, data_address, reference
from strategies.uses.references import address_ways, next_probe

MEBIBYTE = 1 << 20
# The way of `data_address` with a field of MEMORY_ADDR_LEB64.
UNSIGNED = 4
# As rustc, Zig and clang call their segments.
SHAPES = (
    ".rodata..L__unnamed_{}",
    ".data.rel.ro.",
    ".data.rel.ro..L__const.main{}",
    ".rodata.cst16",
    ".init_array.{}",
    ".bss..Lanon.{}",
    ".data..L_ZN4core3fmt{}",
    ".rodata.anon.{}",
)
CONTENT = bytes(range(1, 17))


def _new_segment(
    program: Program, unit: Unit, pattern: str, alignment: int = 0, flags: int = 0
) -> tuple[int, str]:
    number = program.number()
    name = f"edge{number}"
    return unit.builder.segment(pattern.format(number), alignment, flags), name


def _push(probe: Probe, symbol: int, addend: int = 0) -> None:
    probe.code.raw(b"\x41")
    probe.code.site(R.MEMORY_ADDR_SLEB, symbol, addend)


def empty_segment(program: Program, unit: Unit, record: Record) -> None:
    """A segment without content, alone or between others; its symbol is aligned."""
    choice = record.byte()
    pattern = (".data.{}", ".rodata.{}", ".bss.{}", "empty_{}", ".data", "empty.{}")[choice % 6]
    alignment = choice >> 5
    index, name = _new_segment(program, unit, pattern, alignment)
    unit.builder.segments[index].zero = pattern.startswith(".bss")
    symbol = unit.builder.define_data(name, index, 0, 0, LOCAL if choice & 1 else 0)
    _probe_alignment(program, unit, record, symbol, alignment)
    program.note("edge.empty-segment")


def _probe_alignment(
    program: Program, unit: Unit, record: Record, symbol: int, alignment: int
) -> None:
    """The address of a symbol is a multiple of 2 to the power of `alignment`."""
    probe = next_probe(program, unit, record)
    _push(probe, symbol)
    probe.code.const((1 << alignment) - 1)
    probe.code.raw(b"\x71")
    probe.end(lambda m: 0)
    probe.cite(SEGMENTS)


def end_symbol(program: Program, unit: Unit, record: Record) -> None:
    """A symbol behind the last byte of a segment: the distance from the start stays."""
    choice = record.byte()
    size = 1 + (choice & 15)
    builder = unit.builder
    pattern = (".data.{}", ".rodata.{}", "ended_{}", "ended.{}")[choice >> 6]
    index, name = _new_segment(program, unit, pattern, choice >> 4 & 3)
    builder.segments[index].content += CONTENT[:size]
    start = builder.define_data(f"{name}start", index, 0, size, LOCAL)
    reach = (0, 0, 4, MEBIBYTE)[record.byte() >> 6]
    end = builder.define_data(f"{name}end", index, size, reach, LOCAL)
    probe = next_probe(program, unit, record)
    _push(probe, end)
    _push(probe, start)
    probe.code.raw(b"\x6b")
    probe.end(lambda m: size)
    probe.cite(SEGMENTS)
    program.note("edge.size-beyond-end" if reach else "edge.symbol-at-end")


def strict(program: Program, unit: Unit, record: Record) -> None:
    """An alignment of up to 64 KiB, beside data of another."""
    choice = record.byte()
    alignment = 8 + choice % 9
    pattern = (".data.{}", ".bss.{}", "strict_{}")[choice % 3]
    index, name = _new_segment(program, unit, pattern, alignment)
    segment = unit.builder.segments[index]
    segment.zero = pattern.startswith(".bss")
    segment.content += bytes(8) if segment.zero else CONTENT[:8]
    symbol = unit.builder.define_data(name, index, 0, 8, LOCAL)
    _probe_alignment(program, unit, record, symbol, alignment)
    program.note("edge.strict-alignment")


def mode(program: Program, unit: Unit, record: Record) -> None:
    """A segment that the object marks as passive, of memory 0, or with a 64-bit offset.

    Nobody looks at that: where data goes is the linker's business.
    """
    kinds = (SegmentMode.PASSIVE, SegmentMode.EXPLICIT_MEMORY, SegmentMode.WIDE_OFFSET)
    kind = kinds[record.below(3)]
    index, name = _new_segment(program, unit, ".data.{}", 2)
    segment = unit.builder.segments[index]
    segment.mode = kind
    segment.content += CONTENT
    symbol = unit.builder.define_data(name, index, 0, len(CONTENT), LOCAL)
    at = record.below(len(CONTENT))
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x41\x00\x2d\x00")
    probe.code.site(R.MEMORY_ADDR_LEB, symbol, at)
    probe.end(lambda m: at + 1)
    probe.rule = UNSPECIFIED
    program.note(f"edge.{kind.value}")


def large(program: Program, unit: Unit, record: Record) -> None:
    """A mebibyte of zeros with a symbol at each end, or (rarely) 100 KiB of content."""
    choice = record.byte()
    builder = unit.builder
    zero = choice < 240
    size = MEBIBYTE + choice if zero else 100 * 1024 + choice
    index, name = _new_segment(program, unit, ".bss.{}" if zero else ".rodata.{}", 4)
    segment = builder.segments[index]
    segment.zero = zero
    segment.content += bytes(size) if zero else CONTENT * (size // 16) + CONTENT[: size % 16]
    first = builder.define_data(name, index, 0, size, LOCAL)
    last = builder.define_data(f"{name}last", index, size - 1, 1, LOCAL)
    probe = next_probe(program, unit, record)
    _push(probe, last)
    probe.code.raw(b"\x2d\x00\x00")
    _push(probe, last)
    _push(probe, first, size - 1)
    probe.code.raw(b"\x6b\x6a")
    value = 0 if zero else (size - 1) % 16 + 1
    probe.end(lambda m: value)
    program.note("edge.large-zeros" if zero else "edge.large-data")


def shape(program: Program, unit: Unit, record: Record) -> None:
    """A segment as compilers name it: a table of pointers, or bytes, read through a symbol."""
    choice = record.byte()
    builder = unit.builder
    pattern = SHAPES[choice % len(SHAPES)]
    index, name = _new_segment(program, unit, pattern, 2)
    segment = builder.segments[index]
    segment.zero = pattern.startswith(".bss")
    probe = next_probe(program, unit, record)
    if choice & 0x80 and not segment.zero:
        # A table of functions and data, as virtual tables are.
        code = Code()
        value = 900 + program.number()
        code.const(value)
        code.raw(b"\x0b")
        function = builder.define_function(f"method{value}", TO_INT, code, LOCAL)
        at = segment.reserve(2, 16)
        symbol = builder.define_data(name, index, at, 16, LOCAL)
        segment.site(R.TABLE_INDEX_I32, at + 4, function)
        segment.site(R.MEMORY_ADDR_I32, at + 8, symbol, (4, -4, 0)[choice % 3])
        segment.site(R.TABLE_INDEX_I32, at + 12, function)
        _push(probe, symbol, 12 if choice & 1 else 4)
        probe.code.raw(b"\x28\x02\x00")
        call_through_table(unit, probe.code, TO_INT)
        probe.end(lambda m: value)
        program.note("edge.table-of-pointers")
        return
    at = segment.reserve(2, 8)
    if not segment.zero:
        segment.content[at : at + 8] = CONTENT[:8]
    symbol = builder.define_data(name, index, at, 8, LOCAL)
    probe.code.raw(b"\x41\x00\x2d\x00")
    probe.code.site(R.MEMORY_ADDR_LEB, symbol, 3)
    value = 0 if segment.zero else 4
    probe.end(lambda m: value)
    program.note("edge.compiler-names")


def bounds(program: Program, unit: Unit, record: Record) -> None:
    """`__start_` and `__stop_` of a section that a relocation keeps, or only a flag."""
    choice = record.byte()
    builder = unit.builder
    size = 1 + (choice & 31)
    name = f"bounds_{program.number()}"
    retained = bool(choice & 0x80)
    flags = int(SegmentFlag.RETAIN) if retained else 0
    index = builder.segment(name, choice >> 5 & 3, flags)
    builder.segments[index].content += bytes(size)
    probe = next_probe(program, unit, record)
    if not retained:
        symbol = builder.define_data(f"in_{name}", index, 0, size, LOCAL)
        _push(probe, symbol)
        probe.code.raw(b"\x1a")
    for bound in ("__stop_", "__start_"):
        _push(probe, builder.undefined(SymbolKind.DATA, f"{bound}{name}", None))
    probe.code.raw(b"\x6b")
    probe.end(lambda m: between_bounds(m, unit.position, size))
    probe.rule = UNSPECIFIED
    program.note("edge.bounds-of-retained" if retained else "edge.bounds-of-used")


def far_addend(program: Program, unit: Unit, record: Record) -> None:
    """An addend far from its symbol, in either direction, in a field of any signed kind."""
    slots = [
        slot
        for slot in program.slots
        if slot.kind == SymbolKind.DATA
        and slot.policy == "defined"
        and not slot.partial
        and not slot.thread_local
        and (not slot.local or slot.definitions[0].unit == unit.position)
        and all(d.absolute is None for d in slot.definitions)
    ]
    if not slots:
        end_symbol(program, unit, record)
        return
    slot = record.pick(slots)
    symbol = reference(program, unit, slot)
    entry = unit.builder.symbols[symbol]
    if not entry.is_defined and entry.flags & 1:
        end_symbol(program, unit, record)
        return
    addend = (-65, -1 << 20, -1 << 31, (1 << 31) - 1, 63, 64, -8193, 1 << 20)[record.below(8)]
    # An unsigned field has no negative address.
    ways = [way for way in address_ways(program) if way != UNSIGNED]
    way = record.pick(ways)
    probe = next_probe(program, unit, record)
    data_address(program, unit, probe.code, symbol, addend, way)
    _push(probe, symbol)
    probe.code.raw(b"\x6b")
    probe.end(lambda m: addend & 0xFFFFFFFF)
    program.note("edge.far-addend")


def memory(program: Program, unit: Unit, record: Record) -> None:
    """An object that imports a memory with a maximum, or a shared one; nobody looks at that."""
    flags = LimitsFlag.HAS_MAX | (LimitsFlag.IS_SHARED if record.byte() & 1 else LimitsFlag(0))
    if not unit.builder.memories:
        unit.builder.memories.append(Limits(flags, 1, 1 + record.byte()))
    end_symbol(program, unit, record)
    program.note("edge.memory-limits")


STATEMENTS = (
    empty_segment,
    end_symbol,
    strict,
    mode,
    shape,
    large,
    bounds,
    far_addend,
    shape,
    memory,
    empty_segment,
)


def edge(program: Program, record: Record) -> None:
    """One of the statements above, in any object."""
    unit = program.units[record.below(len(program.units))]
    record.pick(STATEMENTS)(program, unit, record)

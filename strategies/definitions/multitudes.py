"""Statements that make hundreds or thousands of what a case else has a few of.

What shows only there: LEB128 fields that grow at 128 and 16384, tables of names that grow and are
walked in the order of their hashes, listings of many lines. Drawn seldom, since they cost more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from linker.format.constants import LimitsFlag, RelocationType, SymbolFlag, ValueType
from linker.format.model import FunctionType, GlobalType, Limits, TableType
from strategies.choices import Record
from strategies.command_line.options import add
from strategies.objects.builder import ObjectBuilder
from strategies.objects.code import F32, F64, I32, I64, Code, sleb
from strategies.program import TO_INT, VOID, Program, Unit, push_arguments
from strategies.uses.addresses import call_through_table
from strategies.uses.references import next_probe

R = RelocationType
LOCAL = int(SymbolFlag.BINDING_LOCAL)
HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)
WEAK = int(SymbolFlag.BINDING_WEAK)
EXPORTED = int(SymbolFlag.EXPORTED)
END = b"\x0b"
DROP = b"\x1a"
THOUSANDS = (1030, 2500)
Statement = Callable[[Program, Unit, Record], None]

# Names that begin alike, end alike, or are each the beginning of others.
NAMES = (
    "many{0}_{1}",
    "{1}_of_many_{0}",
    "_ZN4many" + "9namespace" * 4 + "1f{0}ILi{1}EEvv",
    "common_beginning_of_all_these_names_" * 2 + "{0}_{1}",
    "m{0}{1:b}",
)
LISTINGS = (
    ("--print-gc-sections", "--print-gc-sections"),
    ("--Map", "--Map=out.map"),
    ("--export-dynamic", "--export-dynamic"),
    ("--export-all", "--export-all"),
)


def _count(program: Program, record: Record) -> int:
    """How many: about 128, hundreds, seldom thousands; a few where it has not to be many."""
    choice = record.byte()
    if choice < 4:
        return 3
    if choice >= 216:
        program.note("many.thousands")
        return THOUSANDS[choice >= 248]
    return (130, 127, 300, 129)[choice & 3] + (choice >> 5)


def _names(program: Program, record: Record, count: int) -> list[str]:
    pattern = record.pick(NAMES)
    if pattern != NAMES[0]:
        program.note("many.alike-names")
    number = program.number()
    return [pattern.format(number, position) for position in range(count)]


def _listing(program: Program, record: Record) -> None:
    """An option that lists all of them, or exports them."""
    choice = record.byte()
    which = LISTINGS[choice & 3]
    exports = which[0].startswith("--export")
    asked = program.has("export-options") if exports else program.has("listings")
    if choice >= 128 and asked and not program.has("relocatable"):
        add(program, *which)


def _returning(value: int) -> Code:
    code = Code()
    code.const(value)
    code.raw(END)
    return code


def _flags(record: Record) -> Callable[[int], int]:
    """The flags of the names, by their numbers: alike for all, or taking turns."""
    turns = (
        (HIDDEN,),
        (LOCAL,),
        (0,),
        (EXPORTED, LOCAL),
        (0, HIDDEN, LOCAL, WEAK),
        (WEAK | HIDDEN, EXPORTED, 0),
    )[record.below(6)]
    return lambda position: turns[position % len(turns)]


def _call(code: Code, symbol: int) -> None:
    code.raw(b"\x10")
    code.site(R.FUNCTION_INDEX_LEB, symbol)


def functions(program: Program, unit: Unit, record: Record) -> None:
    """Functions of which one in a few is referred to; the others are left out, or kept."""
    count = _count(program, record)
    names, flags = _names(program, record, count), _flags(record)
    every = (1, 2, 3, 50)[record.below(4)]
    builder = unit.builder
    symbols = [
        builder.define_function(name, TO_INT, _returning(position), flags(position))
        for position, name in enumerate(names)
    ]
    walker = Code()
    for symbol in symbols[::every]:
        _call(walker, symbol)
        walker.raw(DROP)
    walker.raw(END)
    walk = builder.define_function(f"walk{program.number()}", VOID, walker, HIDDEN)
    chosen = _last(record, count)
    probe = next_probe(program, unit, record)
    if record.byte() & 1:
        _call(probe.code, walk)
    _call(probe.code, symbols[chosen])
    probe.end(lambda m: chosen)
    _listing(program, record)
    program.note("many.functions")


def _last(record: Record, count: int) -> int:
    """One of the last, whose numbers are the longest, or any."""
    choice = record.byte()
    return max(0, count - 1 - (choice & 3)) if choice < 128 else (choice - 128) * count >> 7


def segments(program: Program, unit: Unit, record: Record) -> None:
    """Segments of their own for small data, as of static variables."""
    count = _count(program, record)
    names, flags = _names(program, record, count), _flags(record)
    form = (".rodata.{}", ".data.{}", ".bss.{}", "own_{}")[record.below(4)]
    every = (1, 3, 50)[record.below(3)]
    builder = unit.builder
    zero = form.startswith(".bss")
    walker = Code()
    symbols = []
    for position, name in enumerate(names):
        index = builder.segment(form.format(name), position % 3)
        builder.segments[index].zero = zero
        content = bytes(4) if zero else position.to_bytes(4, "little")
        builder.segments[index].content += content
        symbols.append(builder.define_data(name, index, 0, 4, flags(position)))
        if position % every == 0:
            walker.raw(b"\x41")
            walker.site(R.MEMORY_ADDR_SLEB, symbols[-1])
            walker.raw(DROP)
    walker.raw(END)
    walk = builder.define_function(f"walk{program.number()}", VOID, walker, HIDDEN)
    chosen = _last(record, count)
    probe = next_probe(program, unit, record)
    if record.byte() & 1:
        _call(probe.code, walk)
    probe.code.raw(b"\x41\x00\x28\x00")
    probe.code.site(R.MEMORY_ADDR_LEB, symbols[chosen])
    probe.end(lambda m: 0 if zero else chosen)
    _listing(program, record)
    program.note("many.segments")


def aliases(program: Program, unit: Unit, record: Record) -> None:
    """Names of one function and of places in one segment: many symbols, little else."""
    count = _count(program, record)
    names, flags = _names(program, record, count), _flags(record)
    builder = unit.builder
    value = 400 + program.number()
    function = builder.define_function(f"named{value}", TO_INT, _returning(value), HIDDEN)
    index = builder.segment(f".data.named{value}", 2)
    builder.segments[index].content += bytes(range(200))
    symbols = []
    for position, name in enumerate(names):
        flag = flags(position)
        if position & 1:
            symbols.append(builder.define_data(name, index, position % 200, 1, flag))
        else:
            symbols.append(builder.alias(function, name, flag))
    chosen = _last(record, count)
    probe = next_probe(program, unit, record)
    if chosen & 1:
        probe.code.raw(b"\x41\x00\x2d\x00")
        probe.code.site(R.MEMORY_ADDR_LEB, symbols[chosen])
        value = chosen % 200
    else:
        _call(probe.code, symbols[chosen])
    probe.end(lambda m: value)
    _listing(program, record)
    program.note("many.aliases")


def globals_(program: Program, unit: Unit, record: Record) -> None:
    """Globals, some of which are used; what stands behind them has long numbers."""
    count = _count(program, record)
    names = _names(program, record, count)
    builder = unit.builder
    kept = record.byte() & 1
    walker = Code()
    symbols = []
    for position, name in enumerate(names):
        init = b"\x41" + sleb(position) + END
        flags = LOCAL if position & 1 else HIDDEN
        symbols.append(builder.define_global(name, GlobalType(I32, False), init, flags))
        walker.raw(b"\x23")
        walker.site(R.GLOBAL_INDEX_LEB, symbols[-1])
        walker.raw(DROP)
    walker.raw(END)
    walk = builder.define_function(f"walk{program.number()}", VOID, walker, HIDDEN)
    chosen = _last(record, count)
    probe = next_probe(program, unit, record)
    if kept:
        _call(probe.code, walk)
    probe.code.raw(b"\x23")
    probe.code.site(R.GLOBAL_INDEX_LEB, symbols[chosen])
    probe.end(lambda m: chosen)
    program.note("many.globals")


def types(program: Program, unit: Unit, record: Record) -> None:
    """Signatures that nothing else has, each called through the table, where it is not reached."""
    count = (130, 70, 127, 300)[record.below(4)]
    kinds = (F64, I64, F32, I32)
    builder = unit.builder
    code = Code()
    first = program.number()
    code.raw(b"\x41\x00\x04\x40")
    for number in range(count):
        parameters = tuple(kinds[number >> 2 * p & 3] for p in range(5))
        signature = FunctionType(parameters, (F32,) * (first & 3))
        push_arguments(code, signature)
        code.const(1)
        call_through_table(unit, code, signature)
        code.raw(DROP * len(signature.results))
    code.raw(END)
    code.const(first)
    code.raw(END)
    symbol = builder.define_function(f"types{first}", TO_INT, code, LOCAL)
    probe = next_probe(program, unit, record)
    _call(probe.code, symbol)
    probe.end(lambda m: first)
    program.note("many.types")


def imports(program: Program, unit: Unit, record: Record) -> None:
    """Functions of the host, which come before all others in the index space."""
    count = _count(program, record)
    names = _names(program, record, count)
    module = ("env", "host")[record.byte() & 1]
    walker = Code()
    for name in names:
        _call(walker, unit.builder.undefined_function(name, VOID, 0, (module, name)))
    walker.raw(END)
    walk = unit.builder.define_function(f"walk{program.number()}", VOID, walker, HIDDEN)
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x41\x00\x04\x40")
    _call(probe.code, walk)
    probe.code.raw(END)
    probe.code.const(count)
    probe.end(lambda m: count)
    program.note("many.imports")


def tables(program: Program, unit: Unit, record: Record) -> None:
    """Tables: behind them, table numbers take two bytes, which no engine here would take."""
    count = 130 if program.has("relocatable") else 90
    builder = unit.builder
    limits = Limits(LimitsFlag(0), 1 + record.below(3))
    kind = TableType((ValueType.FUNCREF, ValueType.EXTERNREF)[record.byte() & 1], limits)
    names = _names(program, record, count)
    probe = next_probe(program, unit, record)
    code = probe.code
    code.const(0)
    for name in names:
        symbol = builder.define_table(name, kind, LOCAL)
        code.raw(b"\xfc\x10")
        code.site(R.TABLE_NUMBER_LEB, symbol)
        code.raw(b"\x6a")
    value = count * limits.minimum
    probe.end(lambda m: value)
    program.note("many.tables")


def tags(program: Program, unit: Unit, record: Record) -> None:
    """Tags, each thrown where it is not reached."""
    count = 130
    builder = unit.builder
    names = _names(program, record, count)
    probe = next_probe(program, unit, record)
    code = probe.code
    for name in names:
        symbol = builder.define_tag(name, VOID, HIDDEN)
        code.raw(b"\x41\x00\x04\x40\x08")
        code.site(R.TAG_INDEX_LEB, symbol)
        code.raw(END)
    code.const(count)
    probe.end(lambda m: count)
    program.note("many.tags")


def mismatches(program: Program, unit: Unit, record: Record) -> None:
    """Functions that another object calls by a signature that is not theirs.

    Where the variants stand in the module follows from the hashes of their names.
    """
    users = [u for u in program.units if u is not unit]
    if unit.is_lazy or not users or program.has("steps"):
        functions(program, unit, record)
        return
    user = record.pick(users)
    names = _names(program, record, 40 + record.byte() % 70)
    code = Code()
    for position, name in enumerate(names):
        flags = HIDDEN if position & 1 else 0
        unit.builder.define_function(name, TO_INT, _returning(position), flags)
        code.const(position)
        _call(code, user.builder.undefined_function(name, FunctionType((I32,), ())))
    code.raw(END)
    symbol = user.builder.define_function(f"walk{program.number()}", VOID, code, HIDDEN)
    probe = next_probe(program, user, record)
    probe.code.raw(b"\x41\x00\x04\x40")
    _call(probe.code, symbol)
    probe.code.raw(END)
    probe.code.const(5)
    probe.end(lambda m: 5)
    program.note("many.mismatches")


def objects(program: Program, unit: Unit, record: Record) -> None:
    """Small objects on the command line, of which some are asked for."""
    _objects(program, record, lazy=False)
    program.note("many.objects")


def members(program: Program, unit: Unit, record: Record) -> None:
    """Small objects in one archive, of which some are asked for."""
    _objects(program, record, lazy=True)
    program.note("many.members")


def _objects(program: Program, record: Record, lazy: bool) -> None:
    count = (60, 100, 130, 300)[record.below(4)]
    choice = record.byte()
    names = _names(program, record, count)
    style = replace(program.units[0].builder.style)
    base = program.units[0]
    every = (1, 3, 20)[choice % 3]
    for position, name in enumerate(names):
        place = len(program.units)
        small = Unit(place, ObjectBuilder(f"object{place}.o", style))
        if lazy:
            small.package, small.library = "member", 7
        small.builder.define_function(name, TO_INT, _returning(position), HIDDEN)
        program.units.append(small)
    if lazy and choice & 2 and not program.has("relocatable"):
        # Members are taken for --export in the order of the hashes of its names.
        _export_members(program, names[::every])
    asked = names[::-every]
    probe = next_probe(program, base, record)
    code = probe.code
    code.const(0)
    for name in asked:
        _call(code, base.builder.undefined_function(name, TO_INT))
        code.raw(b"\x6a")
    value = sum(range(count)[::-every])
    probe.end(lambda m: value)


def _export_members(program: Program, names: Sequence[str]) -> None:
    for name in names:
        if add(program, f"--export {name}", f"--export={name}"):
            program.wanted.append(name)
    program.note("many.exports-of-members")


KINDS: tuple[tuple[str, Statement, int], ...] = (
    ("many", functions, 3),
    ("many", segments, 2),
    ("many", aliases, 2),
    ("many", objects, 1),
    ("many", globals_, 2),
    ("many", types, 2),
    ("many", imports, 2),
    ("archives", members, 7),
    ("mismatches", mismatches, 12),
    ("tables", tables, 7),
    ("tags", tags, 7),
)


def multitude(program: Program, record: Record) -> None:
    """One of the statements above, one in a case."""
    if any(name.startswith("many.") for name in program.notes):
        return
    # What needs another group is all the likelier where the case has it.
    unit = program.units[record.below(min(len(program.units), 5))]
    record.pick(program.likely(KINDS))(program, unit, record)

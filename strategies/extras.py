"""Statements for what stands beside names and references.

Custom and debug sections, target features, producers, symbols that the linker
defines, and the bounds of named sections.
"""

from __future__ import annotations

from collections.abc import Callable

from linker.format.constants import RelocationType, SegmentFlag, SymbolFlag, SymbolKind
from linker.format.model import GlobalType, TargetFeature
from strategies.addresses import call_through_table, reference
from strategies.builder import Custom
from strategies.choices import Record
from strategies.code import I32, TO_I32, Code
from strategies.constructors import constructor, destructors, reactor
from strategies.data_edges import edge
from strategies.definitions import TABLE_TYPES
from strategies.disagreements import differ
from strategies.host import host_number
from strategies.initial_values import NUMBERS
from strategies.instructions import instruction
from strategies.newer import newer
from strategies.oddities import odd
from strategies.program import TO_INT, UNSPECIFIED, Program, Slot, Unit
from strategies.refusals import refuse
from strategies.table_uses import use_tables
from strategies.thread_uses import block, start_thread, wait_and_notify, wide_thread_local
from strategies.throws import imported_tag, rethrow, throw_and_catch
from strategies.uses import next_probe
from strategies.views import compare_views, set_and_get

R = RelocationType
LOCAL = int(SymbolFlag.BINDING_LOCAL)
HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)
WEAK = int(SymbolFlag.BINDING_WEAK)
FEATURE_NAMES = (
    "mutable-globals",
    "sign-ext",
    "multivalue",
    "reference-types",
    "bulk-memory",
    "nontrapping-fptoint",
    "call-indirect-overlong",
    "extended-const",
)


def _unit(program: Program, record: Record) -> Unit:
    return program.units[record.below(len(program.units))]


# -- custom sections ---------------------------------------------------------------------------


def custom_section(program: Program, record: Record) -> None:
    """A custom section with relocations of the kinds that debug information uses."""
    unit = _unit(program, record)
    builder = unit.builder
    debug = program.has("debug") and (not program.has("custom") or record.byte() & 1)
    if debug:
        name = (".debug_info", ".debug_line", ".debug_ranges", ".debug_loc", ".debug_aranges")[
            record.below(5)
        ]
    else:
        name = ("custom", "note.a", "metadata.code", "custom.b")[record.below(4)]
    if any(custom.name == name for custom in builder.customs):
        return
    custom = Custom(name, bytearray(b"\x01\x02\x03\x04"))
    builder.customs.append(custom)
    count = 1 + record.below(4)
    for _ in range(count):
        _custom_site(program, unit, custom, record)
    custom.content += bytes(record.below(5))
    if debug and program.has("comdats") and record.byte() & 1:
        # Type information that every object carries; references to it would dangle.
        types = Custom(".debug_types", bytearray(b"types"), comdat="types")
        if not any(c.name == types.name for c in builder.customs):
            builder.customs.append(types)
    if debug and record.byte() & 1 and not any(c.name == ".debug_str" for c in builder.customs):
        strings = (b"alpha\0beta\0", b"beta\0", b"bet\0a\0alpha\0")[record.below(3)]
        builder.customs.append(Custom(".debug_str", bytearray(strings)))
        symbol = builder.section_symbol(len(builder.customs) - 1)
        starts = [0] + [i + 1 for i, byte in enumerate(strings[:-1]) if byte == 0]
        custom.site(R.SECTION_OFFSET_I32, symbol, record.pick(starts))


def _custom_site(program: Program, unit: Unit, custom: Custom, record: Record) -> None:
    builder = unit.builder
    choice = record.byte()
    slots = [
        slot
        for slot in program.slots
        if slot.policy == "defined"
        and not slot.thread_local
        and (not slot.local or slot.definitions[0].unit == unit.position)
    ]
    kinds = {
        SymbolKind.FUNCTION: (R.FUNCTION_OFFSET_I32, R.FUNCTION_INDEX_I32, R.FUNCTION_OFFSET_I64),
        SymbolKind.DATA: (R.MEMORY_ADDR_I32, R.MEMORY_ADDR_I64),
        SymbolKind.GLOBAL: (R.GLOBAL_INDEX_I32,),
    }
    usable = [slot for slot in slots if slot.kind in kinds]
    if choice < 32 or not usable:
        index = builder.customs.index(custom)
        custom.site(R.SECTION_OFFSET_I32, builder.section_symbol(index), choice & 3)
        return
    slot = usable[(choice - 32) * len(usable) // 224]
    detail = record.byte()
    ways = kinds[slot.kind]
    way = ways[detail % len(ways)]
    symbol = reference(program, unit, slot)
    if slot.partial and not slot.local:
        program.partial_uses.append((slot, unit.position))
    addend = 0
    if slot.kind == SymbolKind.DATA:
        addend = (0, 4, -4, 1)[detail >> 6]
    elif way in (R.FUNCTION_OFFSET_I32, R.FUNCTION_OFFSET_I64):
        addend = (0, 1, 2, 3)[detail >> 6]
    if slot.kind == SymbolKind.FUNCTION and not builder.symbols[symbol].is_defined:
        way = R.FUNCTION_INDEX_I32
        addend = 0
    custom.site(way, symbol, addend)


# -- target features, producers ------------------------------------------------------------------


def target_features(program: Program, record: Record) -> None:
    unit = _unit(program, record)
    known = {feature.name for feature in unit.builder.features}
    for _ in range(1 + record.below(3)):
        choice = record.byte()
        name = FEATURE_NAMES[choice * len(FEATURE_NAMES) >> 8]
        if name not in known:
            known.add(name)
            unit.builder.features.append(TargetFeature("+", name))
    disallow = record.byte() >= 192 and not program.has("shared-memory")
    if disallow and "shared-mem" not in known:
        # No object of a case uses it, so disallowing it is without effect.
        unit.builder.features.append(TargetFeature("-", "shared-mem"))


def producers(program: Program, record: Record) -> None:
    unit = _unit(program, record)
    if unit.builder.producers:
        return
    choice = record.byte()
    fields: list[tuple[str, list[tuple[str, str]]]] = [("language", [("C11", "")])]
    if choice & 1:
        fields.append(("processed-by", [("clang", "22.0"), ("weldcheck", "1")]))
    if choice & 2:
        fields[0][1].append(("Rust", "1.90"))
    if choice & 4:
        fields.append(("sdk", [("wasi-sdk", str(choice >> 3 & 3))]))
    unit.builder.producers = fields


# -- what the linker defines ---------------------------------------------------------------------

ADDRESSES = (
    "__heap_base",
    "__data_end",
    "__heap_end",
    "__global_base",
    "__dso_handle",
    "__stack_low",
    "__stack_high",
    "__memory_base",
    "__table_base",
)


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
    probe.end(lambda m: size)
    program.note("segment.start-stop")


# -- crowds and idle names ---------------------------------------------------------------------


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


# -- imports -------------------------------------------------------------------------------------


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


Statement = Callable[[Program, Record], None]

KINDS: tuple[tuple[str, Statement, int], ...] = (
    ("constructors", constructor, 6),
    ("constructors", destructors, 2),
    ("constructors", reactor, 1),
    ("custom", custom_section, 4),
    ("debug", custom_section, 4),
    ("features", target_features, 3),
    ("producers", producers, 3),
    ("linker-defined", linker_defined, 6),
    ("start-stop", start_stop, 3),
    ("sizes", crowd, 2),
    ("archives", idle_reference, 2),
    ("dead", idle_reference, 2),
    ("imports", imported_global, 2),
    ("refusals", refuse, 10),
    ("disagreements", differ, 4),
    ("odd", odd, 8),
    ("tables", imported_table, 1),
    ("instructions", instruction, 10),
    ("tags", throw_and_catch, 5),
    ("tags", rethrow, 2),
    ("tags", imported_tag, 1),
    ("tables", use_tables, 6),
    ("globals", set_and_get, 3),
    ("views", compare_views, 8),
    ("edges", edge, 8),
    ("newer-engines", newer, 6),
    ("shared-memory", block, 3),
    ("shared-memory", start_thread, 6),
    ("shared-memory", wait_and_notify, 2),
    ("thread-local", wide_thread_local, 2),
)


def statements(program: Program) -> list[Statement]:
    """The kinds of statements that this case may have."""
    found: list[Statement] = []
    for group, statement, weight in KINDS:
        if program.has(group):
            found += [statement] * weight
    return found

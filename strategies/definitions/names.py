"""Statements that define names: functions, data, globals, tables, tags, strings, aliases."""

from __future__ import annotations

from collections.abc import Callable

from linker.format.constants import (
    LimitsFlag,
    SegmentFlag,
    SymbolFlag,
    SymbolKind,
    ValueType,
)
from linker.format.model import FunctionType, Limits, TableType
from strategies.choices import Record
from strategies.definitions import initial_values
from strategies.definitions.comdats import define_group, mark_partial, may_lose
from strategies.definitions.initial_values import BUGGY_GLOBAL_TYPES, GLOBAL_TYPES
from strategies.objects.code import F32, F64, I32, I64, Code
from strategies.program import SIGNATURES, TO_INT, Definition, Program, Slot, Unit
from strategies.uses.stub_libraries import give_function

WEAK = int(SymbolFlag.BINDING_WEAK)
LOCAL = int(SymbolFlag.BINDING_LOCAL)
HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)
EXPORTED = int(SymbolFlag.EXPORTED)
NO_STRIP = int(SymbolFlag.NO_STRIP)
ABSOLUTE = int(SymbolFlag.ABSOLUTE)

ODD_NAMES = (
    "_ZN4name5spaceC1Ev{}",
    "$dollar{}",
    "a.b.{}",
    "with space {}",
    "ünïcode→{}",
    "x" * 130 + "{}",
    "quote\"'{}",
    "_Z1fILi{}EEvv",
)
SECTION_NAMES = (
    ".data.{}",
    ".rodata.{}",
    ".data",
    ".rodata",
    "section_{}",
    ".custom.{}",
    ".text.{}",
    ".rodata.cst4",
)
ALIGNMENTS = (2, 0, 1, 3, 4, 5, 6)
NO_MAXIMUM = LimitsFlag(0)
TABLE_TYPES = (
    TableType(ValueType.FUNCREF, Limits(NO_MAXIMUM, 1)),
    TableType(ValueType.FUNCREF, Limits(LimitsFlag.HAS_MAX, 2, 5)),
    TableType(ValueType.EXTERNREF, Limits(NO_MAXIMUM, 0)),
    TableType(ValueType.EXTERNREF, Limits(LimitsFlag.HAS_MAX, 3, 3)),
    TableType(ValueType.FUNCREF, Limits(LimitsFlag.HAS_MAX, 63, (1 << 32) - 1)),
    TableType(ValueType.FUNCREF, Limits(NO_MAXIMUM, 128)),
    TableType(ValueType.EXTERNREF, Limits(LimitsFlag.HAS_MAX, 64, 128)),
)
TAG_SIGNATURES = (
    FunctionType((I32,), ()),
    FunctionType((), ()),
    FunctionType((I64, F32), ()),
    FunctionType((F64, I32, I64), ()),
)
WORDS = ("alpha", "beta", "alphabet", "bet", "", "a", "tail alpha", "zeta\0"[:4])


def _name(program: Program, record: Record, prefix: str) -> str:
    number = program.number()
    odd = record.byte()
    if program.has("names") and odd >= 128:
        return ODD_NAMES[(odd - 128) * len(ODD_NAMES) >> 7].format(number)
    return f"{prefix}{number}"


def _choose_slot(
    program: Program,
    record: Record,
    unit: Unit,
    kind: SymbolKind,
    text: bool = False,
    thread_local: bool = False,
) -> Slot | None:
    """A name that another object defines already, or None for a new one."""
    reuse = record.byte()
    if reuse < 112:
        return None
    known = [
        slot
        for slot in program.slots
        if slot.kind == kind
        and not slot.local
        and slot.definitions
        and (slot.text is not None) == text
        and slot.thread_local == thread_local
        and (not slot.partial or may_lose(program))
        and slot.name not in unit.builder.by_name
    ]
    return known[(reuse - 112) * len(known) // 144] if known else None


def _flags(program: Program, record: Record, slot: Slot, fresh: bool) -> int:
    """Binding and other flags of a definition; two strong ones only by a rare choice."""
    binding = record.byte()
    flags = 0
    if fresh and program.has("local") and binding >= 200:
        slot.local = True
        others = [s.name for s in program.slots if s.name != slot.name]
        if binding >= 240 and others:
            slot.name = others[binding % len(others)]  # two static functions of one name, say
        return LOCAL
    taken = any(
        not program.units[d.unit].builder.symbols[d.symbol].flags & WEAK for d in slot.definitions
    )
    collision = program.has("refusals") and binding >= 252
    if (slot.comdat is None and taken and not collision) or (program.has("weak") and binding & 1):
        flags |= WEAK
    visibility = record.byte()
    if program.has("visibility") and visibility & 1:
        flags |= HIDDEN
    if program.has("flags"):
        if visibility & 0x40:
            flags |= EXPORTED
        if visibility & 0x20:
            flags |= NO_STRIP
    return flags


def register(program: Program, definition: Definition) -> None:
    """Make a definition known under its slot and its place."""
    definition.slot.definitions.append(definition)
    program.by_place[(definition.unit, definition.symbol)] = definition


def _new_slot(program: Program, record: Record, kind: SymbolKind, prefix: str) -> Slot:
    slot = Slot(kind, _name(program, record, prefix))
    program.slots.append(slot)
    return slot


def define_function(program: Program, unit: Unit, record: Record) -> None:
    slot = _choose_slot(program, record, unit, SymbolKind.FUNCTION)
    fresh = slot is None
    if slot is None:
        slot = _new_slot(program, record, SymbolKind.FUNCTION, "f")
        number = record.below(len(SIGNATURES))
        slot.signature = SIGNATURES[number] if program.has("signatures") else SIGNATURES[number % 3]
        if program.has("comdats") and record.byte() & 1:
            slot.comdat = slot.name
    else:
        record.byte()
    flags = _flags(program, record, slot, fresh)
    comdat = None if flags & LOCAL else slot.comdat
    if slot.partial and comdat is not None and record.byte() & 1:
        # The same name outside any group, which never gets lost.
        comdat, flags = None, flags | WEAK
        program.note("comdat.outside")
    code = Code()
    if program.has("sizes"):
        # Sizes on either side of the steps of LEB128.
        size = record.byte()
        code.raw(b"\x01" * (16400 if size == 255 else (0, 1, 110, 120, 124, 128)[size % 6]))
    symbol = unit.builder.define_function(slot.name, slot.signature, code, flags, comdat)
    constant = 100 + 7 * program.number()
    definition = Definition(slot, unit.position, symbol, constant, code=code)
    register(program, definition)
    if comdat is not None and record.byte() & 1:
        # Data of its own, which stays or goes with the function's group.
        builder = unit.builder
        index = builder.segment(f".rodata.{slot.name}.value")
        segment = builder.segments[index]
        segment.comdat = comdat
        at = segment.reserve(2, 4)
        segment.content[at : at + 4] = constant.to_bytes(4, "little")
        definition.cell = builder.define_data(f"{slot.name}.value", index, at, 4, LOCAL)


def _segment_for(program: Program, unit: Unit, record: Record, slot: Slot) -> int:
    """The segment that a data symbol goes into: its own, or the last one of the object."""
    choice = record.byte()
    builder = unit.builder
    if program.has("segments") and choice & 1 and slot.comdat is None and builder.segments:
        last = builder.segments[-1]
        if last.comdat is None and not last.flags & (SegmentFlag.STRINGS | SegmentFlag.TLS):
            return len(builder.segments) - 1
    name = slot.name
    if slot.section:
        section = slot.section
    elif program.has("bss") and choice & 0x80:
        section = ".bss" if choice & 0x40 and choice & 0x20 else f".bss.{name}"
    elif program.has("segments"):
        section = SECTION_NAMES[(choice & 0x7E) * len(SECTION_NAMES) >> 7].format(name)
    else:
        section = f".data.{name}"
    flags = 0
    if program.has("flags") and record.byte() & 1:
        flags |= int(SegmentFlag.RETAIN)
    index = builder.segment(section, 0, flags)
    builder.segments[index].zero = section.startswith(".bss")
    builder.segments[index].comdat = slot.comdat
    return index


def define_data(program: Program, unit: Unit, record: Record) -> None:
    slot = _choose_slot(program, record, unit, SymbolKind.DATA)
    fresh = slot is None
    if slot is None:
        slot = _new_slot(program, record, SymbolKind.DATA, "d")
        shape = record.byte()
        slot.words = (1, 2, 4, 1, 3, 0, 16, 1)[shape >> 5]
        if program.has("sizes") and shape & 0xC0 == 0xC0:
            slot.words = (31, 32, 33, 127, 128, 40, 4096, 64)[shape & 7 if shape & 8 else 0]
        if shape == 255 and program.has("bss"):
            slot.words, slot.section = 20000, ".bss.large"
        slot.tail = (0, 0, 0, 0, 0, 1, 2, 3)[shape & 7] if program.has("segments") else 0
        align = record.byte()
        slot.alignment = 2
        if program.has("alignment"):
            slot.alignment = ALIGNMENTS[align * len(ALIGNMENTS) >> 8]
            if align >= 240:
                slot.alignment = 7 + (align - 240 >> 1)
        if program.has("comdats") and shape & 8:
            slot.comdat = slot.name
    else:
        record.byte()
        record.byte()
    flags = _flags(program, record, slot, fresh)
    if flags & LOCAL:
        slot.comdat = None
    index = _segment_for(program, unit, record, slot)
    segment = unit.builder.segments[index]
    offset = segment.reserve(slot.alignment, slot.size)
    constant = 0x01000000 + 0x10001 * program.number()
    words: list[int | None] = [0] * slot.words if segment.zero else []
    for word in range(0 if segment.zero else slot.words):
        value = constant + (word << 8)
        words.append(value)
        at = offset + 4 * word
        segment.content[at : at + 4] = value.to_bytes(4, "little")
    symbol = unit.builder.define_data(slot.name, index, offset, slot.size, flags)
    definition = Definition(slot, unit.position, symbol, constant, words)
    definition.segment, definition.offset = index, offset
    register(program, definition)


def define_string(program: Program, unit: Unit, record: Record) -> None:
    """A zero-terminated string in a segment whose equal strings may be merged."""
    slot = _choose_slot(program, record, unit, SymbolKind.DATA, text=True)
    fresh = slot is None
    if slot is None:
        slot = _new_slot(program, record, SymbolKind.DATA, "s")
        slot.text = WORDS[record.below(len(WORDS))].encode()
    else:
        record.byte()
    text = slot.text
    assert text is not None
    flags = _flags(program, record, slot, fresh)
    builder = unit.builder
    choice = record.byte()
    index = next((i for i, s in enumerate(builder.segments) if s.flags & SegmentFlag.STRINGS), -1)
    if index < 0 or choice >= 192:
        name = (".rodata..L.str", ".rodata.str", ".rodata.str1.1", "strings")[choice & 3]
        index = builder.segment(name, 0, int(SegmentFlag.STRINGS))
    segment = builder.segments[index]
    offset = len(segment.content)
    segment.content += text + b"\0"
    symbol = builder.define_data(slot.name, index, offset, len(text) + 1, flags)
    definition = Definition(slot, unit.position, symbol, 0)
    definition.segment, definition.offset = index, offset
    register(program, definition)


def define_absolute(program: Program, unit: Unit, record: Record) -> None:
    """A data symbol that stands for a number.

    wasm-ld 22 looks up segment 0 for it and crashes where there is none, so an object has one.
    """
    segments = unit.builder.segments
    if not segments or segments[0].flags & SegmentFlag.STRINGS or segments[0].comdat:
        define_data(program, unit, record)
        return
    slot = _new_slot(program, record, SymbolKind.DATA, "absolute")
    slot.words = 0
    address = (0x1234, 0, 1, 0xFFFF, 0x10000, 0x7FFFFFF0)[record.below(6)]
    flags = _flags(program, record, slot, True) | ABSOLUTE
    symbol = unit.builder.define_data(slot.name, 0, address, 0, flags)
    definition = Definition(slot, unit.position, symbol, 0, absolute=address)
    register(program, definition)


def define_thread_local(program: Program, unit: Unit, record: Record) -> None:
    """Thread-local data, which a link without shared memory lays out like other data."""
    slot = _choose_slot(program, record, unit, SymbolKind.DATA, thread_local=True)
    fresh = slot is None
    if slot is None:
        slot = _new_slot(program, record, SymbolKind.DATA, "tls")
        slot.thread_local = True
        shape = record.byte()
        slot.words = (1, 2, 4, 1)[shape >> 6]
        slot.alignment = (2, 3, 0, 4)[shape & 3]
    else:
        record.byte()
    flags = _flags(program, record, slot, fresh) | int(SymbolFlag.TLS)
    zero = bool(record.byte() & 1) and program.has("bss")
    name = f".tbss.{slot.name}" if zero else f".tdata.{slot.name}"
    index = unit.builder.segment(name, 0, int(SegmentFlag.TLS))
    segment = unit.builder.segments[index]
    offset = segment.reserve(slot.alignment, slot.size)
    constant = 0x02000000 + 0x10001 * program.number()
    words: list[int | None] = [0] * slot.words
    for word in range(0 if zero else slot.words):
        at = offset + 4 * word
        words[word] = constant + (word << 8)
        segment.content[at : at + 4] = (constant + (word << 8)).to_bytes(4, "little")
    symbol = unit.builder.define_data(slot.name, index, offset, slot.size, flags)
    register(program, Definition(slot, unit.position, symbol, constant, words))


def define_global(program: Program, unit: Unit, record: Record) -> None:
    slot = _choose_slot(program, record, unit, SymbolKind.GLOBAL)
    fresh = slot is None
    if slot is None:
        slot = _new_slot(program, record, SymbolKind.GLOBAL, "g")
        types = BUGGY_GLOBAL_TYPES if program.has("known-bugs") else GLOBAL_TYPES
        slot.global_type = types[record.below(len(types))]
    else:
        record.byte()
    flags = _flags(program, record, slot, fresh)
    made = initial_values.define(program, unit, record, slot.name, slot.global_type, flags)
    symbol, value = made
    register(program, Definition(slot, unit.position, symbol, value))
    program.uses_mutable_global = True


def define_table(program: Program, unit: Unit, record: Record) -> None:
    slot = _choose_slot(program, record, unit, SymbolKind.TABLE)
    fresh = slot is None
    if slot is None:
        slot = _new_slot(program, record, SymbolKind.TABLE, "t")
        slot.table_type = TABLE_TYPES[record.below(len(TABLE_TYPES))]
    else:
        record.byte()
    assert slot.table_type is not None
    flags = _flags(program, record, slot, fresh)
    symbol = unit.builder.define_table(slot.name, slot.table_type, flags)
    constant = slot.table_type.limits.minimum
    register(program, Definition(slot, unit.position, symbol, constant))


def define_tag(program: Program, unit: Unit, record: Record) -> None:
    slot = _choose_slot(program, record, unit, SymbolKind.TAG)
    fresh = slot is None
    if slot is None:
        slot = _new_slot(program, record, SymbolKind.TAG, "e")
        slot.signature = TAG_SIGNATURES[record.below(len(TAG_SIGNATURES))]
    else:
        record.byte()
    flags = _flags(program, record, slot, fresh)
    symbol = unit.builder.define_tag(slot.name, slot.signature, flags)
    register(program, Definition(slot, unit.position, symbol, 0))


def define_alias(program: Program, unit: Unit, record: Record) -> None:
    """Another name for a function or a place in a segment of the same object."""
    own = [
        d
        for slot in program.slots
        for d in slot.definitions
        if d.unit == unit.position
        and d.absolute is None
        and slot.kind != SymbolKind.TABLE  # of which each has one symbol
        and (slot.comdat is None or may_lose(program))
    ]
    choice = record.byte()
    if not own:
        define_function(program, unit, record)
        return
    old = own[choice * len(own) >> 8]
    kind = old.slot.kind
    slot = _new_slot(program, record, kind, "alias")
    source = old.slot
    slot.signature, slot.words, slot.tail = source.signature, source.words, source.tail
    slot.text, slot.alignment = source.text, source.alignment
    slot.global_type, slot.table_type = source.global_type, source.table_type
    slot.thread_local, slot.comdat = source.thread_local, source.comdat
    if slot.comdat is not None:
        mark_partial(program, slot.comdat)
    flags = _flags(program, record, slot, True)
    if slot.thread_local:
        flags |= int(SymbolFlag.TLS)
    program.note(f"symbol.{kind.name.lower()}.alias")
    symbol = unit.builder.alias(old.symbol, slot.name, flags)
    definition = Definition(slot, unit.position, symbol, old.constant, old.words, old.code)
    definition.segment, definition.offset = old.segment, old.offset
    register(program, definition)


def define_missing(program: Program, unit: Unit, record: Record) -> None:
    """A name that no object defines: referred to weakly, or imported, or (rarely) strongly."""
    choice = record.byte()
    function = program.has("imports") or not choice & 1
    if function:
        slot = _new_slot(program, record, SymbolKind.FUNCTION, "host" if choice & 2 else "missing")
        number = record.below(len(SIGNATURES))
        slot.signature = SIGNATURES[number] if program.has("signatures") else TO_INT
    else:
        slot = _new_slot(program, record, SymbolKind.DATA, "nothing")
    slot.policy = "weak"
    if program.has("refusals") and choice >= 250:
        slot.policy = "strong"
    elif program.has("undefined-options") and choice & 8:
        slot.policy = "allowed"
    elif function and program.has("imports"):
        slot.policy = "import"
        module = ("env", "host", "wasi_snapshot_preview1", "")[choice >> 5 & 3]
        slot.source = (module, f"call{program.number()}")


Statement = Callable[[Program, Unit, Record], None]

ALWAYS: tuple[Statement, ...] = (*(define_function,) * 3, *(define_data,) * 3)
KINDS: tuple[tuple[str, Statement, int], ...] = (
    ("globals", define_global, 2),
    ("tables", define_table, 2),
    ("tags", define_tag, 2),
    ("strings", define_string, 2),
    ("known-bugs", define_absolute, 1),
    ("thread-local", define_thread_local, 3),
    ("aliases", define_alias, 2),
    ("missing", define_missing, 2),
    ("comdats", define_group, 3),
    ("imports", define_missing, 2),
    ("stubs", give_function, 3),
)


def statements(program: Program) -> list[Statement]:
    """The kinds of definitions that this case may have, as often as they are likely."""
    return [*ALWAYS, *program.likely(KINDS)]

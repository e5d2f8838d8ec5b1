"""Statements that define comdat groups, as C++ compilers make them and as they do not.

A group has a name and up to eight members. Objects that carry the same group carry some of its
members each, so that what the first object's group lacks is lost with the later ones
(Linking.md, "COMDATs").
"""

from __future__ import annotations

from linker.format.constants import RelocationType, SymbolFlag, SymbolKind
from linker.format.model import InitFunction
from strategies.choices import Record
from strategies.objects.code import Code
from strategies.objects.parts import Custom
from strategies.program import TO_INT, VOID, Definition, Program, Slot, Unit

R = RelocationType
WEAK = int(SymbolFlag.BINDING_WEAK)
LOCAL = int(SymbolFlag.BINDING_LOCAL)
HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)

FUNCTION, HELPER, DATA, GUARD, POINTERS, STARTER, SECTION, LOCAL_DATA = (1 << n for n in range(8))
NAMED = ((FUNCTION, "function"), (DATA, "data"), (GUARD, "guard"), (POINTERS, "vtable"))
# Members by shape: inline function, inline variable with its guard and initialiser, class with a
# vtable, template with local parts, everything, nothing.
SHAPES = (
    FUNCTION,
    FUNCTION | DATA,
    FUNCTION | HELPER | LOCAL_DATA,
    DATA | GUARD | STARTER,
    FUNCTION | POINTERS,
    FUNCTION | DATA | GUARD | POINTERS | SECTION,
    DATA,
    0,
)


def _add(program: Program, unit: Unit, slot: Slot, symbol: int, constant: int) -> Definition:
    definition = Definition(slot, unit.position, symbol, constant)
    slot.definitions.append(definition)
    program.by_place[(unit.position, symbol)] = definition
    return definition


def _slot(program: Program, group: str, kind: SymbolKind, name: str) -> Slot:
    """The name of a member, shared by all objects that carry it."""
    for slot in program.slots:
        if slot.comdat == group and slot.name == name and not slot.local:
            return slot
    slot = Slot(kind, name, comdat=group, partial=True)
    program.slots.append(slot)
    return slot


def _local(program: Program, group: str, kind: SymbolKind, name: str) -> Slot:
    slot = Slot(kind, name, comdat=group, partial=True, local=True)
    program.slots.append(slot)
    return slot


def _segment(unit: Unit, name: str, group: str, size: int, zero: bool = False) -> tuple[int, int]:
    """A new segment of the group with room for `size` bytes: (segment, offset)."""
    builder = unit.builder
    index = builder.segment(name)
    segment = builder.segments[index]
    segment.comdat, segment.zero = group, zero
    return index, segment.reserve(2, size)


def _define_words(
    program: Program, unit: Unit, slot: Slot, segment: tuple[int, int], flags: int, value: int
) -> int:
    index, offset = segment
    builder = unit.builder
    builder.segments[index].content[offset : offset + 4] = value.to_bytes(4, "little")
    symbol = builder.define_data(slot.name, index, offset, slot.size, flags)
    definition = _add(program, unit, slot, symbol, value)
    definition.words = [value, *[0] * (slot.words - 1)]
    definition.segment, definition.offset = segment
    return symbol


def _functions(program: Program, unit: Unit, group: str, members: int, flags: int) -> list[int]:
    """The group's functions; the first calls the helper and loads the group's own data."""
    builder = unit.builder
    found = []
    if members & LOCAL_DATA:
        slot = _local(program, group, SymbolKind.DATA, f"{group}.local_data")
        place = _segment(unit, f".rodata.{group}.local", group, 4)
        value = 0x03000000 + program.number()
        inner = _define_words(program, unit, slot, place, LOCAL, value)
    if members & HELPER:
        slot = _local(program, group, SymbolKind.FUNCTION, f"{group}.helper")
        code = Code()
        if members & LOCAL_DATA:
            code.raw(b"\x41")
            code.site(R.MEMORY_ADDR_SLEB, inner)
            code.raw(b"\x1a")
        helper = builder.define_function(slot.name, TO_INT, code, LOCAL, group)
        _add(program, unit, slot, helper, 300 + program.number()).code = code
    if members & FUNCTION:
        slot = _slot(program, group, SymbolKind.FUNCTION, f"{group}.function")
        code = Code()
        if members & HELPER:
            code.raw(b"\x10")
            code.site(R.FUNCTION_INDEX_LEB, helper)
            code.raw(b"\x1a")
        symbol = builder.define_function(slot.name, TO_INT, code, flags, group)
        _add(program, unit, slot, symbol, 500 + program.number()).code = code
        found.append(symbol)
    return found


def _starter(program: Program, unit: Unit, group: str, guard: int | None) -> None:
    """The initialiser of an inline variable, which runs where the group is kept."""
    builder = unit.builder
    number = program.number()
    source = ("trace", f"inline{number}")
    host = builder.undefined_function(f"trace{number}", VOID, 0, source)
    code = Code()
    if guard is not None:
        code.raw(b"\x41\x00\x41\x01\x36\x00")
        code.site(R.MEMORY_ADDR_LEB, guard)
    code.raw(b"\x10")
    code.site(R.FUNCTION_INDEX_LEB, host)
    code.raw(b"\x0b")
    symbol = builder.define_function("__cxx_global_var_init", VOID, code, LOCAL, group)
    builder.init_functions.append(InitFunction(65535, symbol))
    program.starters[(unit.position, symbol)] = ".".join(source)
    unit.constructors.append((65535, symbol))


def may_lose(program: Program) -> bool:
    """True if a name may be left without definition by the loss of a group.

    wasm-ld 22 forgets to say that it is undefined where an archive member was taken for it.
    """
    return program.has("known-bugs") or not any(unit.is_lazy for unit in program.units)


def mark_partial(program: Program, group: str) -> None:
    """From now on objects may carry the group without some of its members."""
    for slot in program.slots:
        slot.partial = slot.partial or slot.comdat == group


def _choose_group(program: Program, unit: Unit, record: Record) -> str:
    """The group's name: one that another object carries, or a new one."""
    choice = record.byte()
    known = [name for name in program.comdats if name not in unit.builder.comdat_names()]
    if known and choice >= 80:
        return known[choice % len(known)]
    number = program.number()
    if program.has("names") and choice & 1:
        name = (f"{'long' * 300}{number}", f'a b\n"{number}', f"_ZN1AIiE{number}", f"é{number}")[
            choice >> 1 & 3
        ]
        if name in program.comdats:
            return name if name not in unit.builder.comdat_names() else f"group{number}"
    elif choice & 3 == 3 and program.slots and may_lose(program):
        # Named like a symbol of its own, or like one that has nothing to do with it.
        name = program.slots[choice % len(program.slots)].name
        mark_partial(program, name)
        if name in program.comdats or name in unit.builder.comdat_names():
            name = f"group{number}"
    else:
        name = f"group{number}"
    program.comdats.append(name)
    return name


def define_group(program: Program, unit: Unit, record: Record) -> None:
    """A comdat group of one object: all members of a shape, or some of them."""
    builder = unit.builder
    group = _choose_group(program, unit, record)
    if group in builder.comdat_names():
        return
    shared = program.comdat_shapes.get(group)
    shape = record.byte()
    members = SHAPES[shape >> 5] if shared is None else shared
    program.comdat_shapes.setdefault(group, members)
    change = record.byte()
    if change >= 160 and may_lose(program):
        # Another compiler's idea of the group: a member more or less.
        members ^= 1 << (change & 7)
        program.note("comdat.partial")
    for bit, member in NAMED:
        if f"{group}.{member}" in builder.by_name:
            # The object has it already, outside the group.
            members &= ~bit
    flags = (WEAK, 0, WEAK | HIDDEN, WEAK, HIDDEN, WEAK)[record.below(6)]
    symbols = _functions(program, unit, group, members, flags)
    if members & DATA:
        slot = _slot(program, group, SymbolKind.DATA, f"{group}.data")
        slot.words, slot.alignment = 2, 2
        place = _segment(unit, f".data.{group}", group, 8)
        value = 0x04000000 + program.number()
        symbols.append(_define_words(program, unit, slot, place, flags, value))
    guard = None
    if members & GUARD:
        slot = _slot(program, group, SymbolKind.DATA, f"{group}.guard")
        slot.words, slot.alignment = 2, 2
        place = _segment(unit, f".bss.{group}.guard", group, 8, zero=True)
        guard = _define_words(program, unit, slot, place, flags, 0)
        program.by_place[(unit.position, guard)].words = [None, 0]
    if members & POINTERS:
        _pointers(program, unit, group, symbols, flags)
    if members & STARTER:
        _starter(program, unit, group, guard)
        program.note("comdat.initialiser")
    if members & SECTION:
        _section(program, unit, group, symbols, record)
    if not members:
        builder.empty_comdats.append(group)
        program.note("comdat.empty")
    if members & (HELPER | LOCAL_DATA):
        program.note("comdat.local")
    if shared is not None:
        program.note("comdat.shared")


def _pointers(program: Program, unit: Unit, group: str, symbols: list[int], flags: int) -> None:
    """A table of the members' addresses, as a vtable is."""
    slot = _slot(program, group, SymbolKind.DATA, f"{group}.vtable")
    slot.words, slot.alignment = 3, 2
    builder = unit.builder
    place = _segment(unit, f".data.rel.ro.{group}", group, 12)
    table = _define_words(program, unit, slot, place, flags, 0)
    for word, member in enumerate(symbols[:2], 1):
        is_function = builder.symbols[member].kind == SymbolKind.FUNCTION
        kind = R.TABLE_INDEX_I32 if is_function else R.MEMORY_ADDR_I32
        builder.segments[place[0]].site(kind, place[1] + 4 * word, member)
    program.by_place[(unit.position, table)].words = [0, None, None]
    program.note("comdat.pointers")


def _section(program: Program, unit: Unit, group: str, symbols: list[int], record: Record) -> None:
    """A custom section of the group, and debug information outside it that names its members."""
    builder = unit.builder
    choice = record.byte()
    name = (".debug_types", "group.section", ".debug_info.dwo", ".debug_str")[choice >> 6]
    inside = Custom(name, bytearray(b"group\0"), comdat=group)
    outside = None
    if program.has("known-bugs") and choice & 4 and name != ".debug_str":
        # As type units are referred to; wasm-ld 22 crashes where the group is lost.
        builder.customs.append(inside)
        index = builder.section_symbol(len(builder.customs) - 1)
        user = Custom(f"user.of.{group}")
        user.site(R.SECTION_OFFSET_I32, index, 1)
        builder.customs.append(user)
        return
    if not any(c.name == ".debug_ranges" for c in builder.customs):
        program.names_lost = True
        outside = Custom(".debug_ranges", bytearray(b"\x01\x00\x00\x00"))
    for custom in (inside, outside):
        if custom is None:
            continue
        for symbol in symbols[:2] if custom.name != ".debug_str" else []:
            is_function = builder.symbols[symbol].kind == SymbolKind.FUNCTION
            kind = R.FUNCTION_OFFSET_I32 if is_function else R.MEMORY_ADDR_I32
            custom.site(kind, symbol, choice & 3)
        builder.customs.append(custom)

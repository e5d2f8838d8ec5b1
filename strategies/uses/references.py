"""Statements that refer to names: each becomes a term of a probe, with its value."""

from __future__ import annotations

from linker.format.constants import SymbolKind, ValueType
from strategies.choices import Record
from strategies.meaning import Meaning
from strategies.objects.code import TO_I32, Code
from strategies.program import (
    RELOCATIONS,
    SEGMENTS,
    SIGNATURES,
    TO_INT,
    Definition,
    Probe,
    Program,
    Slot,
    Trapped,
    Unit,
    UnknownValue,
    first_result,
    push_arguments,
    result_value,
)
from strategies.uses.addresses import (
    HIDDEN,
    NOT_ZERO,
    WEAK,
    R,
    call_through_table,
    data_address,
    function_table_pointer,
    other_units,
    other_view,
    reference,
)

# -- functions -----------------------------------------------------------------------------


def function_value(program: Program, unit: int, symbol: int, slot: Slot, meaning: Meaning) -> int:
    if slot.mismatched or (slot.local and slot.partial and meaning.is_lost(unit, symbol)):
        raise UnknownValue
    definition = program.definition(meaning, unit, symbol)
    if definition is not None:
        return result_value(slot.signature, definition.constant)
    if slot.policy == "import":
        # Host functions return 0 whatever their type.
        return result_value(slot.signature, 0) if not slot.signature.results else 0
    if slot.policy in ("allowed", "strong") or slot.partial:
        raise UnknownValue
    raise Trapped


def _pointer_value(program: Program, unit: int, symbol: int, slot: Slot, meaning: Meaning) -> int:
    if slot.mismatched:
        # A reference by another signature may become a stub, whose address is null.
        raise UnknownValue
    if meaning.find(unit, symbol) is not None or slot.policy == "import":
        return 1
    if slot.policy in ("allowed", "strong") or slot.partial:
        raise UnknownValue
    return 0


def _same(unit: int, symbol: int, slot: Slot, meaning: Meaning) -> int:
    """Two objects' addresses of one function are equal, if there is one."""
    if slot.mismatched or (slot.partial and meaning.find(unit, symbol) is None):
        raise UnknownValue
    return 1


def pointer_ways(program: Program, slot: Slot) -> list[int]:
    """The ways of taking a function's address that this case may use."""
    ways = [0]
    if program.has("pointers"):
        ways += [1, 1]
    if program.has("wide"):
        ways += [2, 3]
    if program.has("pic"):
        ways.append(4)
        # wasm-ld refuses a relative address of what may be undefined.
        if slot.policy == "defined" and not slot.partial:
            ways += [5, 6] if program.has("wide") else [5]
    return ways


def use_function(
    program: Program, unit: Unit, probe: Probe, slot: Slot, record: Record, weak: bool
) -> None:
    if program.has("mismatches") and _mismatched(program, unit, probe, slot, record):
        return
    symbol = reference(program, unit, slot, weak)
    code, position = probe.code, unit.position
    how = record.byte()
    way = record.pick(pointer_ways(program, slot))
    undefined_weakly = not slot.local and bool(
        unit.builder.symbols[symbol].flags & WEAK and not unit.builder.symbols[symbol].is_defined
    )
    if undefined_weakly and way in (5, 6):
        way = 0  # an address relative to the table's base is never null
    if undefined_weakly and how < 128:
        how += 96  # ask whether it is null rather than trap
    if how < 96:
        push_arguments(code, slot.signature)
        code.raw(b"\x10")
        code.site(R.FUNCTION_INDEX_LEB, symbol)
        first_result(code, slot.signature)
        if slot.source is not None:
            probe.calls.append(".".join(slot.source))
        probe.end(lambda m: function_value(program, position, symbol, slot, m))
    elif how < 176:
        function_table_pointer(program, unit, code, symbol, way)
        if how & 1 and not undefined_weakly:
            other = other_view(program, unit, slot, record, way)
            if other is not None:
                code.raw(b"\x10")
                code.site(R.FUNCTION_INDEX_LEB, other)
                code.raw(b"\x46")
                # Nobody says what the address of an undefined function is.
                vague = slot.policy in ("allowed", "strong")
                probe.end(unknown_value if vague else lambda m: _same(position, symbol, slot, m))
                return
        code.raw(NOT_ZERO)
        probe.end(lambda m: _pointer_value(program, position, symbol, slot, m))
    else:
        push_arguments(code, slot.signature)
        function_table_pointer(program, unit, code, symbol, way)
        call_through_table(unit, code, slot.signature)
        first_result(code, slot.signature)
        if slot.source is not None:
            probe.calls.append(".".join(slot.source))
        probe.end(lambda m: function_value(program, position, symbol, slot, m))


def _mismatched(program: Program, unit: Unit, probe: Probe, slot: Slot, record: Record) -> bool:
    """Call a function by a signature that is not its own; False if this was not done.

    The convention does not say what the call does; wasm-ld warns and makes it trap.
    """
    known = None if slot.local else unit.builder.by_name.get(slot.name)
    if known is None:
        if slot.local or slot.partial or slot.policy != "defined" or not record.byte() & 1:
            return False
        lazy = any(program.units[d.unit].is_lazy for d in slot.definitions)
        if lazy and not program.has("known-bugs"):
            # wasm-ld 22 forgets to compare signatures with those of archive members, and
            # writes an invalid module.
            return False
        number = SIGNATURES.index(slot.signature) + 1 + record.below(len(SIGNATURES) - 1)
        signature = SIGNATURES[number % len(SIGNATURES)]
        known = unit.builder.undefined_function(slot.name, signature)
        program.other_signatures[(unit.position, known)] = signature
        slot.mismatched = True
        program.note("symbol.function.mismatched")
    seen = program.other_signatures.get((unit.position, known))
    if seen is None:
        return False
    push_arguments(probe.code, seen)
    probe.code.raw(b"\x10")
    probe.code.site(R.FUNCTION_INDEX_LEB, known)
    first_result(probe.code, seen)
    probe.end(unknown_value)
    return True


def unknown_value(meaning: Meaning) -> int:
    """The value of a term of which the convention says nothing."""
    raise UnknownValue


# -- data ----------------------------------------------------------------------------------


def address_ways(program: Program) -> list[int]:
    """The ways of making an address that this case may use."""
    ways = [0]
    if program.has("pointers"):
        ways += [1, 1]
    if program.has("wide"):
        ways += [2, 3, 4]
    if program.has("pic"):
        ways += [5, 6, 7] if program.has("wide") else [5, 6]
    if program.has("location-relative"):
        ways += [8, 8]
    return ways


def _known(program: Program, unit: int, symbol: int, meaning: Meaning) -> Definition:
    definition = program.definition(meaning, unit, symbol)
    if definition is None or (definition.slot.local and meaning.is_lost(unit, symbol)):
        raise UnknownValue
    return definition


def use_data(
    program: Program, unit: Unit, probe: Probe, slot: Slot, record: Record, weak: bool
) -> None:
    symbol = reference(program, unit, slot, weak)
    code, position = probe.code, unit.position
    entry = unit.builder.symbols[symbol]
    maybe_null = not entry.is_defined and bool(entry.flags & WEAK)
    how = record.byte()
    way = record.pick(address_ways(program))
    odd = record.byte()
    absolute = any(d.absolute is not None for d in slot.definitions)
    if slot.thread_local:
        way = 9
    elif way in (6, 7, 8) and (maybe_null or absolute or slot.partial or slot.policy != "defined"):
        way = 0
    if slot.partial and 208 <= how < 232:
        how = 255  # what is not defined has address 0, whatever the addend
    if maybe_null or slot.policy != "defined" or (how >= 232 and not absolute):
        data_address(program, unit, code, symbol, 0, way)
        code.raw(NOT_ZERO)
        probe.end(lambda m: _address_known(program, position, symbol, slot, m))
    elif absolute:
        addend = (0, 1, 100, -1)[odd & 3]
        if way == 4:
            addend = abs(addend)  # an unsigned field has no negative address
        data_address(program, unit, code, symbol, addend, way)
        probe.end(lambda m: _absolute_value(program, position, symbol, addend, m))
    elif how >= 208:
        far = (0, 1, 64, -1, -64, 8191, -8192, 0x7FFF)[odd & 7]
        if way == 4:
            far = abs(far)  # an unsigned field has no negative address
        data_address(program, unit, code, symbol, far, way)
        data_address(program, unit, code, symbol, 0, 9 if slot.thread_local else 0)
        code.raw(b"\x6b")
        probe.end(lambda m: far & 0xFFFFFFFF)
        probe.cite(RELOCATIONS)
    elif how >= 176:
        data_address(program, unit, code, symbol, 0, way)
        other = other_view(program, unit, slot, record, way)
        if other is None:
            code.const((1 << slot.alignment) - 1)
            code.raw(b"\x71")
            probe.end(lambda m: _aligned(program, position, symbol, m))
            probe.cite(SEGMENTS)
            return
        code.raw(b"\x10")
        code.site(R.FUNCTION_INDEX_LEB, other)
        code.raw(b"\x46")
        probe.end(lambda m: 1)
    elif how >= 144 or (slot.size < 4 and slot.text is None):
        data_address(program, unit, code, symbol, 0, way)
        code.const((1 << slot.alignment) - 1)
        code.raw(b"\x71")
        probe.end(lambda m: _aligned(program, position, symbol, m))
        probe.cite(SEGMENTS)
    elif slot.text is not None:
        text = slot.text + b"\0"
        at = odd % len(text)
        data_address(program, unit, code, symbol, at, way)
        code.raw(b"\x2d\x00\x00")
        probe.end(lambda m: text[at])
    else:
        _load_word(program, unit, probe, slot, symbol, way, how, odd)


def _load_word(
    program: Program,
    unit: Unit,
    probe: Probe,
    slot: Slot,
    symbol: int,
    way: int,
    how: int,
    odd: int,
) -> None:
    """Load one word of a data symbol, its place split between addend and load offset."""
    code, position = probe.code, unit.position
    word = odd % slot.words
    split = odd >> 5
    if how < 48 and not slot.thread_local:
        # the address is the load's own offset
        before = 4 * word if split < 4 else -4
        code.const(4 * word - before)
        code.raw(b"\x28\x00")
        code.site(R.MEMORY_ADDR_LEB, symbol, before)
    else:
        before = (4 * word, 0, -4, 4 * word, 4 * word, 0, -64, -8)[split]
        data_address(program, unit, code, symbol, before, way)
        offset = 4 * word - before
        code.raw(b"\x28\x00" + bytes((offset,)) if offset < 128 else b"")
        if offset >= 128:
            code.raw(b"\x28\x00" + bytes((offset & 0x7F | 0x80, offset >> 7)))
    probe.end(lambda m: known_word(program, position, symbol, word, m))
    if before:
        probe.cite(RELOCATIONS)


def known_word(program: Program, unit: int, symbol: int, word: int, meaning: Meaning) -> int:
    value = _known(program, unit, symbol, meaning).words[word]
    if value is None:
        raise UnknownValue
    return value


def _aligned(program: Program, unit: int, symbol: int, meaning: Meaning) -> int:
    definition = _known(program, unit, symbol, meaning)
    if definition.absolute is not None:
        raise UnknownValue
    return 0


def _absolute_value(program: Program, unit: int, symbol: int, addend: int, meaning: Meaning) -> int:
    definition = _known(program, unit, symbol, meaning)
    if definition.absolute is None:
        raise UnknownValue
    return (definition.absolute + addend) & 0xFFFFFFFF


def _address_known(program: Program, unit: int, symbol: int, slot: Slot, meaning: Meaning) -> int:
    definition = program.definition(meaning, unit, symbol)
    if definition is not None:
        if definition.absolute is not None:
            return int(definition.absolute != 0)
        # With the data first in memory nothing forbids address 0.
        if "--global-base" in program.options or "stack-size" in program.options:
            raise UnknownValue
        return 1
    if slot.policy in ("weak", "defined"):
        return 0
    raise UnknownValue


# -- globals, tables, tags -------------------------------------------------------------------


def use_global(
    program: Program, unit: Unit, probe: Probe, slot: Slot, record: Record, weak: bool
) -> None:
    symbol = reference(program, unit, slot)
    code, position = probe.code, unit.position
    if slot.global_type.mutable and record.byte() & 1:
        code.raw(b"\x23")
        code.site(R.GLOBAL_INDEX_LEB, symbol)
        code.raw(b"\x24")
        code.site(R.GLOBAL_INDEX_LEB, symbol)
    code.raw(b"\x23")
    code.site(R.GLOBAL_INDEX_LEB, symbol)
    kind = slot.global_type.value_type
    if kind in (ValueType.FUNCREF, ValueType.EXTERNREF):
        code.raw(b"\xd1")
    elif kind == ValueType.V128:
        code.raw(b"\xfd\x1b\x02")
    else:
        code.raw(TO_I32[kind])
    probe.end(lambda m: _known(program, position, symbol, m).constant)


def use_table(
    program: Program, unit: Unit, probe: Probe, slot: Slot, record: Record, weak: bool
) -> None:
    symbol = reference(program, unit, slot)
    code, position = probe.code, unit.position
    assert slot.table_type is not None
    if slot.table_type.limits.minimum and record.byte() & 1:
        code.raw(b"\x41\x00\x25")
        code.site(R.TABLE_NUMBER_LEB, symbol)
        code.raw(b"\xd1")
        probe.end(lambda m: 1)
        return
    code.raw(b"\xfc\x10")
    code.site(R.TABLE_NUMBER_LEB, symbol)
    probe.end(lambda m: _known(program, position, symbol, m).constant)


def use_tag(
    program: Program, unit: Unit, probe: Probe, slot: Slot, record: Record, weak: bool
) -> None:
    """A throw that is not reached: engines without exceptions reject it, others validate it."""
    symbol = reference(program, unit, slot)
    code = probe.code
    code.raw(b"\x41\x00\x04\x40")
    push_arguments(code, slot.signature)
    code.raw(b"\x08")
    code.site(R.TAG_INDEX_LEB, symbol)
    code.raw(b"\x0b\x41\x01")
    probe.end(lambda m: 1)


USES = {
    SymbolKind.FUNCTION: use_function,
    SymbolKind.DATA: use_data,
    SymbolKind.GLOBAL: use_global,
    SymbolKind.TABLE: use_table,
    SymbolKind.TAG: use_tag,
}


def next_probe(program: Program, unit: Unit, record: Record) -> Probe:
    """A new probe of the object, or its last one."""
    probe = unit.probe
    if probe is None or record.byte() < 128:
        probe = program.new_probe(unit, False)
    probe.begin()
    return probe


def use(program: Program, record: Record) -> None:
    """One statement: an object refers to a name, inside a probe or inside a function."""
    if not program.slots:
        return
    slot = program.slots[record.below(len(program.slots))]
    unit = program.units[record.below(len(program.units))]
    if slot.local:
        unit = program.units[slot.definitions[0].unit]
    container = record.byte()
    weak = record.byte() & 1 == 1 and program.has("weak-references")
    if container >= 224 and program.has("dead"):
        _use_inside(program, unit, slot, record, weak)
        return
    probe = unit.probe
    if probe is None or container < 96:
        probe = program.new_probe(unit, program.has("wide") and bool(container & 1))
    probe.begin()
    # What --wrap makes of a name depends on the object that refers to it.
    through = program.has("views") and not program.has("wrapping") and container & 2
    others = other_units(program, unit, slot) if through else []
    if others:
        use_through(program, unit, others[record.below(len(others))], probe, slot, record, weak)
    else:
        USES[slot.kind](program, unit, probe, slot, record, weak)
    if slot.partial and not slot.local:
        program.partial_uses.append((slot, unit.position))
    if slot.policy in ("strong", "allowed"):
        program.strong_missing.append((slot, unit.position))


def use_through(
    program: Program,
    unit: Unit,
    other: Unit,
    probe: Probe,
    slot: Slot,
    record: Record,
    weak: bool,
) -> None:
    """The same use in another object, in an accessor that the probe calls.

    What both objects say of one name in one probe must agree.
    """
    accessor = Probe("", other.position, Code(), False)
    USES[slot.kind](program, other, accessor, slot, record, weak)
    accessor.code.raw(b"\x0b")
    name = f"view{program.number()}_of_{slot.name}_in_{other.position}"
    other.builder.define_function(name, TO_INT, accessor.code, HIDDEN)
    probe.code.raw(b"\x10")
    probe.code.site(R.FUNCTION_INDEX_LEB, unit.builder.undefined_function(name, TO_INT))
    probe.calls += accessor.calls
    probe.cite(accessor.rule)
    probe.end(accessor.terms[0])
    program.note("site.accessor")


def _use_inside(program: Program, unit: Unit, slot: Slot, record: Record, weak: bool) -> None:
    """Refer to a name from a function of the object, in code that never runs."""
    bodies = [
        d.code
        for s in program.slots
        for d in s.definitions
        if d.unit == unit.position and d.code is not None and s.kind == SymbolKind.FUNCTION
    ]
    if not bodies or slot.partial or slot.policy not in ("defined", "weak", "import"):
        return
    code = bodies[record.below(len(bodies))]
    pretend = Probe("", unit.position, code, False)
    code.raw(b"\x41\x00\x04\x40")
    USES[slot.kind](program, unit, pretend, slot, record, weak)
    code.raw(b"\x1a\x0b")
    program.note("site.inside-function")

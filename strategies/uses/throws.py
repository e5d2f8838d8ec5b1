"""Uses of tags: thrown in one object and caught in another, in the old form and the new."""

from __future__ import annotations

from linker.format.constants import SymbolKind, ValueType
from linker.format.model import FunctionType
from strategies.choices import Record
from strategies.objects.code import I32, TO_I32, Code
from strategies.program import VOID, Probe, Program, Slot, Unit, push_arguments
from strategies.uses.addresses import HIDDEN, LOCAL, R, reference
from strategies.uses.references import next_probe, unknown_value

END = b"\x0b"
EXNREF = bytes((ValueType.EXNREF,))
NOT_CAUGHT = 77


def _thrower(program: Program, unit: Unit, slot: Slot, record: Record) -> int | None:
    """A function that throws the tag, in any object that can see it, as `unit` refers to it."""
    home = unit if slot.local else program.units[record.below(len(program.units))]
    name = f"throw_{slot.name}_in_{home.position}" + (f"_{program.number()}" if slot.local else "")
    flags = LOCAL if slot.local else HIDDEN
    known = home.builder.by_name.get(name)
    if known is None:
        code = Code()
        push_arguments(code, slot.signature)
        code.raw(b"\x08")
        code.site(R.TAG_INDEX_LEB, reference(program, home, slot))
        code.raw(END)
        known = home.builder.define_function(name, VOID, code, flags)
    return known if home is unit else unit.builder.undefined_function(name, VOID)


def _sum(code: Code, signature: FunctionType) -> int:
    """Folds what a catch leaves on the stack into an i32; what it is, given 3, 4, ..."""
    parameters = signature.parameters
    if not parameters:
        code.const(3)
        return 3
    code.raw(b"\x1a" * (len(parameters) - 1) + TO_I32[parameters[0]])
    return 3


def _tags(program: Program, unit: Unit) -> list[Slot]:
    return [
        slot
        for slot in program.slots
        if slot.kind == SymbolKind.TAG
        and slot.policy != "import"
        and (not slot.local or slot.definitions[0].unit == unit.position)
    ]


def throw_and_catch(program: Program, record: Record) -> None:
    """One object calls another's function, which throws, and catches what it throws."""
    unit = program.units[record.below(len(program.units))]
    tags = _tags(program, unit)
    if not tags:
        return
    slot = record.pick(tags)
    thrower = _thrower(program, unit, slot, record)
    way = record.below(5)
    probe = next_probe(program, unit, record)
    if program.has("legacy-exceptions"):
        _catch_in_the_old_form(program, unit, probe, slot, thrower, way)
    else:
        _catch(program, unit, probe, slot, thrower, way)


def _catch(
    program: Program, unit: Unit, probe: Probe, slot: Slot, thrower: int | None, way: int
) -> None:
    """A try_table with one of its four kinds of clauses."""
    code, builder = probe.code, unit.builder
    values = slot.signature.parameters
    with_reference = way in (1, 4)
    catches_all = way >= 3
    given = (() if catches_all else values) + ((ValueType.EXNREF,) if with_reference else ())
    # (block $out (result i32) (block $catch (result given...) (try_table ...)) ...)
    code.raw(b"\x02\x7f")
    if given:
        code.raw(b"\x02")
        code.site(R.TYPE_INDEX_LEB, builder.type_index(FunctionType((), given)))
    else:
        code.raw(b"\x02\x40")
    code.raw(b"\x1f\x40\x01" + bytes(((2 if catches_all else 0) + with_reference,)))
    if not catches_all:
        code.site(R.TAG_INDEX_LEB, reference(program, unit, slot))
    code.raw(b"\x00\x10")
    assert thrower is not None
    code.site(R.FUNCTION_INDEX_LEB, thrower)
    code.raw(END)
    code.const(NOT_CAUGHT)
    code.raw(b"\x0c\x01" + END)
    if with_reference:
        code.raw(b"\x1a")
    result = 3
    if catches_all:
        code.const(3)
    else:
        result = _sum(code, slot.signature)
    code.raw(END)
    probe.end(lambda m: result)
    names = ("catch", "catch-ref", "catch", "catch-all", "catch-all-ref")
    program.note(f"code.{names[way]}")


def rethrow(program: Program, record: Record) -> None:
    """An exception that is caught by reference, thrown again and caught by its tag."""
    unit = program.units[record.below(len(program.units))]
    tags = _tags(program, unit)
    if not tags or program.has("legacy-exceptions"):
        return
    slot = record.pick(tags)
    thrower = _thrower(program, unit, slot, record)
    assert thrower is not None
    probe = next_probe(program, unit, record)
    code, builder = probe.code, unit.builder
    values = slot.signature.parameters
    code.raw(b"\x02\x7f")
    if values:
        code.raw(b"\x02")
        code.site(R.TYPE_INDEX_LEB, builder.type_index(FunctionType((), values)))
    else:
        code.raw(b"\x02\x40")
    code.raw(b"\x1f\x40\x01\x00")
    code.site(R.TAG_INDEX_LEB, reference(program, unit, slot))
    code.raw(b"\x00\x02" + EXNREF + b"\x1f\x40\x01\x03\x00\x10")
    code.site(R.FUNCTION_INDEX_LEB, thrower)
    code.raw(END)
    code.const(NOT_CAUGHT)
    # throw_ref; then nothing is left to do in the outer try_table.
    code.raw(b"\x0c\x03" + END + b"\x0a" + END)
    code.raw(b"\x00" + END)
    result = _sum(code, slot.signature)
    code.raw(END)
    probe.end(lambda m: result)
    program.note("code.throw-ref")


def typed_try_table(program: Program, record: Record) -> None:
    """A try_table whose type is one of the object's, with a clause for each of several tags.

    Each clause leaves the values of its tag, which are no others than what the label wants.
    """
    unit = program.units[record.below(len(program.units))]
    tags = _tags(program, unit)
    if not tags or program.has("legacy-exceptions"):
        return
    slot = record.pick(tags)
    thrower = _thrower(program, unit, slot, record)
    assert thrower is not None
    probe = next_probe(program, unit, record)
    code, builder = probe.code, unit.builder
    values = slot.signature.parameters
    alike = [tag for tag in tags if tag.signature == slot.signature][:20]
    code.raw(b"\x02\x7f\x02")
    code.site(R.TYPE_INDEX_LEB, builder.type_index(FunctionType((), values)))
    code.const(record.byte())
    code.raw(b"\x1f")
    code.site(R.TYPE_INDEX_LEB, builder.type_index(FunctionType((I32,), (I32, I32))))
    code.raw(bytes((len(alike),)))
    for tag in alike:
        code.raw(b"\x00")
        code.site(R.TAG_INDEX_LEB, reference(program, unit, tag))
        code.raw(b"\x00")
    code.raw(b"\x10")
    code.site(R.FUNCTION_INDEX_LEB, thrower)
    code.const(NOT_CAUGHT)
    code.raw(END + b"\x6a\x0c\x01" + END)
    result = _sum(code, slot.signature)
    code.raw(END)
    probe.end(lambda m: result)
    program.note("code.try-table-typed")


def _catch_in_the_old_form(
    program: Program, unit: Unit, probe: Probe, slot: Slot, thrower: int | None, way: int
) -> None:
    """try, catch, catch_all, rethrow and delegate, which no engine here runs."""
    code = probe.code
    assert thrower is not None
    code.raw(b"\x06\x7f\x06\x7f\x10" if way == 4 else b"\x06\x7f\x10")
    code.site(R.FUNCTION_INDEX_LEB, thrower)
    code.const(NOT_CAUGHT)
    if way == 4:
        code.raw(b"\x18\x00")
        program.note("code.delegate")
    if way == 3:
        code.raw(b"\x19\x09\x00")
        program.note("code.rethrow")
    else:
        code.raw(b"\x07")
        code.site(R.TAG_INDEX_LEB, reference(program, unit, slot))
        _sum(code, slot.signature)
        program.note("code.old-catch")
    code.raw(END)
    probe.end(unknown_value)


def imported_tag(program: Program, record: Record) -> None:
    """A tag that the host gives: thrown and caught here, it is itself."""
    unit = program.units[record.below(len(program.units))]
    number = program.number()
    slot = Slot(SymbolKind.TAG, f"host_tag{number}")
    slot.signature = FunctionType((I32,), ())
    slot.source = (("env", "host")[record.byte() & 1], f"tag{number}")
    slot.policy = "import"
    program.slots.append(slot)
    thrower = _thrower(program, unit, slot, record)
    probe = next_probe(program, unit, record)
    if program.has("legacy-exceptions"):
        _catch_in_the_old_form(program, unit, probe, slot, thrower, 0)
    else:
        _catch(program, unit, probe, slot, thrower, record.below(2))

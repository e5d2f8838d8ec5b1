"""What only some engines take: 64-bit offsets, tables and globals of exceptions, typed references.

For runs in which the outputs of linkers are compared byte by byte.
"""

from __future__ import annotations

from linker.format.constants import LimitsFlag, SymbolKind, ValueType
from linker.format.model import FunctionType, GlobalType, Limits, TableType
from strategies.choices import Record
from strategies.objects.code import I32, V128, Code
from strategies.program import TO_INT, Probe, Program, Unit
from strategies.uses.addresses import LOCAL, R, function_table_pointer
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


def wide_store(program: Program, unit: Unit, probe: Probe, choice: int) -> None:
    """A store whose offset field has room for 64 bits, and what it wrote."""
    symbol = constant_cell(program, unit, bytes(16), 3)
    code = probe.code
    code.raw(b"\x41\x00\x41\x2a\x36\x02")
    code.site(R.MEMORY_ADDR_LEB64, symbol, choice & 12)
    code.raw(b"\x41\x00\x28\x02")
    code.site(R.MEMORY_ADDR_LEB, symbol, choice & 12)
    probe.end(lambda m: 0x2A)
    program.note("newer.wide-store")


def wide_atomic(program: Program, unit: Unit, probe: Probe, choice: int) -> None:
    """An atomic load with such a field."""
    symbol = constant_cell(program, unit, bytes((choice,)) + bytes(7), 3)
    code = probe.code
    code.raw(b"\x41\x00\xfe\x10\x02")
    code.site(R.MEMORY_ADDR_LEB64, symbol)
    probe.end(lambda m: choice)
    program.note("newer.wide-atomic")


def wide_vector(program: Program, unit: Unit, probe: Probe, choice: int) -> None:
    """A load of a lane with such a field, the number of the lane behind it."""
    symbol = constant_cell(program, unit, bytes((choice,)) + bytes(7), 3)
    code = probe.code
    code.raw(b"\x41\x00\xfd\x0c" + bytes(16) + b"\xfd\x56\x02")
    code.site(R.MEMORY_ADDR_LEB64, symbol)
    code.raw(b"\x01\xfd\x1b\x01")
    probe.end(lambda m: choice)
    program.note("newer.wide-vector")


# -- typed references ------------------------------------------------------------------------


def _push_reference(program: Program, unit: Unit, code: Code) -> int:
    """`ref.func` of a new function, whose address is taken as well; what the function returns."""
    value = 800 + program.number()
    body = Code()
    body.const(value)
    body.raw(b"\x0b")
    function = unit.builder.define_function(f"referred{value}", TO_INT, body, LOCAL)
    # wasm-ld 22 declares no others for `ref.func`.
    function_table_pointer(program, unit, code, function, 0)
    code.raw(b"\x1a\xd2")
    code.site(R.FUNCTION_INDEX_LEB, function)
    return value


def _type(unit: Unit, code: Code) -> None:
    code.site(R.TYPE_INDEX_LEB, unit.builder.type_index(TO_INT))


def call_ref(program: Program, unit: Unit, probe: Probe, choice: int) -> None:
    """A call through a typed reference, in the end of a function or not."""
    code = Code() if choice & 1 else probe.code
    value = _push_reference(program, unit, code)
    code.raw(b"\x15" if choice & 1 else b"\x14")
    _type(unit, code)
    if choice & 1:
        code.raw(b"\x0b")
        helper = unit.builder.define_function(f"calls{value}", TO_INT, code, LOCAL)
        probe.code.raw(b"\x10")
        probe.code.site(R.FUNCTION_INDEX_LEB, helper)
    probe.end(lambda m: value)
    program.note("newer.return-call-ref" if choice & 1 else "newer.call-ref")


def ref_test(program: Program, unit: Unit, probe: Probe, choice: int) -> None:
    """Is a function of that type? clang asks so before it calls a pointer."""
    _push_reference(program, unit, probe.code)
    signature = TO_INT if choice & 1 else FunctionType((I32, I32, I32), ())
    probe.code.raw(b"\xfb" + (b"\x14", b"\x15")[choice >> 1 & 1])
    probe.code.site(R.TYPE_INDEX_LEB, unit.builder.type_index(signature))
    probe.end(lambda m: choice & 1)
    program.note("newer.ref-test")


def ref_cast(program: Program, unit: Unit, probe: Probe, choice: int) -> None:
    """A reference that is cast to its own type, and called."""
    value = _push_reference(program, unit, probe.code)
    probe.code.raw(b"\xfb" + (b"\x16", b"\x17")[choice & 1])
    _type(unit, probe.code)
    probe.code.raw(b"\x14")
    _type(unit, probe.code)
    probe.end(lambda m: value)
    program.note("newer.ref-cast")


def branch_on_cast(program: Program, unit: Unit, probe: Probe, choice: int) -> None:
    """A block whose type is a typed reference, left if a cast succeeds."""
    code = probe.code
    code.raw(b"\x02\x64")
    _type(unit, code)
    value = _push_reference(program, unit, code)
    code.raw(b"\xfb\x18\x00\x00\x70")
    _type(unit, code)
    code.raw(b"\x00\x0b\x14")
    _type(unit, code)
    probe.end(lambda m: value)
    program.note("newer.br-on-cast")


def branch_on_non_null(program: Program, unit: Unit, probe: Probe, choice: int) -> None:
    """A block that is left with a reference that is not null; a null of the type in a local."""
    code = probe.code
    code.raw(b"\x02" + (b"\x63", b"\x64")[choice & 1])
    _type(unit, code)
    value = _push_reference(program, unit, code)
    code.raw(b"\xd6\x00\x00\x0b\x14")
    _type(unit, code)
    code.raw(b"\xd0")
    _type(unit, code)
    code.raw(b"\xd1\x6a")
    probe.end(lambda m: value + 1)
    program.note("newer.br-on-non-null")


def local_of_reference(program: Program, unit: Unit, probe: Probe, choice: int) -> None:
    """A local whose type is a typed reference, and `ref.as_non_null`."""
    helper = Code(b"\x01\x01\x63")
    _type(unit, helper)
    value = _push_reference(program, unit, helper)
    helper.raw(b"\x21\x00\x20\x00\xd4\x14")
    _type(unit, helper)
    helper.raw(b"\x0b")
    symbol = unit.builder.define_function(f"local{value}", TO_INT, helper, LOCAL)
    probe.code.raw(b"\x10")
    probe.code.site(R.FUNCTION_INDEX_LEB, symbol)
    probe.end(lambda m: value)
    program.note("newer.non-null-type")


STATEMENTS = (
    wide_load,
    exception_table,
    imported_global,
    call_ref,
    ref_test,
    ref_cast,
    branch_on_cast,
    branch_on_non_null,
    local_of_reference,
    wide_store,
    wide_atomic,
    wide_vector,
)


def newer(program: Program, record: Record) -> None:
    """One of the statements above, as a term of a probe."""
    unit = program.units[record.below(len(program.units))]
    statement = record.pick(STATEMENTS)
    choice = record.byte()
    statement(program, unit, next_probe(program, unit, record), choice)

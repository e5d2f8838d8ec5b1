"""Statements about what runs before and after the program's functions.

Init functions of every shape, `__wasm_call_dtors`, and the ways in which a module runs its
constructors: wrapped exports (a command), a call or an export of `__wasm_call_ctors` (a
reactor).
"""

from __future__ import annotations

from linker.format.constants import RelocationType, SymbolFlag
from linker.format.model import FunctionType, InitFunction
from strategies.choices import Record
from strategies.command_line.options import add
from strategies.objects.code import Code
from strategies.program import TO_INT, VOID, Program, Unit
from strategies.uses.addresses import call_through_table, pointer_cell
from strategies.uses.references import next_probe

R = RelocationType
LOCAL = int(SymbolFlag.BINDING_LOCAL)
HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)
WEAK = int(SymbolFlag.BINDING_WEAK)
EXPORTED = int(SymbolFlag.EXPORTED)
CTORS = "__wasm_call_ctors"

PRIORITIES = (65535, 101, 0, 200, 65535, 1, 65536, 65534, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 101)


def _tracer(unit: Unit, number: int, name: str) -> tuple[Code, str]:
    """A body that calls a host function, and that function's name."""
    source = ("trace", f"{name}{number}")
    host = unit.builder.undefined_function(f"trace{number}", VOID, 0, source)
    code = Code()
    code.raw(b"\x10")
    code.site(R.FUNCTION_INDEX_LEB, host)
    return code, ".".join(source)


def _list(program: Program, unit: Unit, symbol: int, priority: int) -> None:
    unit.builder.init_functions.append(InitFunction(priority, symbol))
    unit.constructors.append((priority, symbol))


def _define(
    program: Program,
    unit: Unit,
    name: str,
    flags: int,
    comdat: str | None = None,
    signature: FunctionType = VOID,
) -> int:
    code, call = _tracer(unit, program.number(), "constructor")
    for result in signature.results:
        code.constant(result, 1)
    code.raw(b"\x0b")
    symbol = unit.builder.define_function(name, signature, code, flags, comdat)
    program.starters[(unit.position, symbol)] = call
    return symbol


def constructor(program: Program, record: Record) -> None:
    """A function that runs before the others; it calls the host to say so."""
    unit = program.units[record.below(len(program.units))]
    priority = record.pick(PRIORITIES)
    shape = record.below(9)
    name = f"constructor{program.number()}"
    flags = (LOCAL, HIDDEN, WEAK | HIDDEN, 0)[record.byte() >> 6]
    if shape == 1:
        # Its result is dropped.
        symbol = _define(program, unit, name, flags, signature=TO_INT)
        program.note("constructor.result")
    elif shape == 2 and program.has("comdats"):
        # Several objects carry one constructor; it runs in the object whose group stays.
        symbol = _define(program, unit, name, LOCAL, "constructor")
        program.note("constructor.comdat")
    elif shape == 3:
        symbol = _shared(program, unit, record)
    elif shape == 4:
        symbol = _elsewhere(program, unit, record)
    elif shape == 5 and unit.constructors:
        # Listed once more.
        symbol = record.pick(unit.constructors)[1]
        program.note("constructor.twice")
    else:
        symbol = _define(program, unit, name, flags)
        if shape == 6:
            symbol = unit.builder.alias(symbol, f"{name}.alias", flags)
            program.starters[(unit.position, symbol)] = program.starters[
                (unit.position, symbol - 1)
            ]
            program.note("constructor.alias")
        elif shape == 7:
            _call_also(program, unit, symbol, record)
    _list(program, unit, symbol, priority)
    if priority > 65535:
        program.note("constructor.large-priority")


def _shared(program: Program, unit: Unit, record: Record) -> int:
    """A weak constructor, or one of a comdat group, that several objects carry and list."""
    grouped = program.has("comdats") and bool(record.byte() & 1)
    name = "grouped_constructor" if grouped else "weak_constructor"
    known = unit.builder.by_name.get(name)
    if known is not None:
        return known
    program.note("constructor.shared")
    return _define(program, unit, name, WEAK, name if grouped else None)


def _elsewhere(program: Program, unit: Unit, record: Record) -> int:
    """A constructor that another object defines, or nobody; the reference takes members in."""
    choice = record.byte()
    name = f"constructor_elsewhere{program.number()}"
    if choice < 64:
        # Weakly undefined: the constructors trap when they get there.
        program.traps_at_start = True
        program.note("constructor.undefined")
        return unit.builder.undefined_function(name, VOID, WEAK)
    other = program.units[choice % len(program.units)]
    if other is unit:
        return _define(program, unit, name, HIDDEN)
    _define(program, other, name, HIDDEN)
    program.note("constructor.elsewhere")
    return unit.builder.undefined_function(name, VOID)


def _call_also(program: Program, unit: Unit, symbol: int, record: Record) -> None:
    """A probe that calls a constructor as it calls any function."""
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x10")
    probe.code.site(R.FUNCTION_INDEX_LEB, symbol)
    probe.code.raw(b"\x41\x01")
    entry = unit.builder.symbols[symbol]
    probe.calls.append(program.starters[(unit.position, symbol)])
    probe.end(lambda m: 1)
    if not entry.flags & LOCAL:
        program.note("constructor.called")


def destructors(program: Program, record: Record) -> None:
    """`__wasm_call_dtors`, which a command calls after each exported function."""
    if any("__wasm_call_dtors" in u.builder.by_name for u in program.units):
        return
    # In an archive, where the C library has it, the linker looks for it.
    choice = record.byte()
    unit = program.units[choice % len(program.units) if choice & 0x80 else 0]
    host = unit.builder.undefined_function("trace_dtors", VOID, 0, ("trace", "destructors"))
    code = Code()
    if choice & 2:
        _call_registered(program, unit, code, host)
    else:
        code.raw(b"\x10")
        code.site(R.FUNCTION_INDEX_LEB, host)
    code.raw(b"\x0b")
    unit.builder.define_function("__wasm_call_dtors", VOID, code, HIDDEN if choice & 1 else 0)
    program.has_destructors = True
    if unit.is_lazy:
        program.note("constructor.destructors-in-archive")


def _call_registered(program: Program, unit: Unit, code: Code, host: int) -> None:
    """A constructor that registers a destructor as `__cxa_atexit` does, and its call in `code`."""
    builder = unit.builder
    destructor = Code()
    destructor.raw(b"\x10")
    destructor.site(R.FUNCTION_INDEX_LEB, host)
    destructor.raw(b"\x0b")
    symbol = builder.define_function("destructor", VOID, destructor, LOCAL)
    _, _, cell = pointer_cell(program, unit, 4)
    register, call = _tracer(unit, program.number(), "register")
    register.raw(b"\x41\x00\x41")
    register.site(R.TABLE_INDEX_SLEB, symbol)
    register.raw(b"\x36\x00")
    register.site(R.MEMORY_ADDR_LEB, cell)
    register.raw(b"\x0b")
    starter = builder.define_function("registration", VOID, register, LOCAL)
    program.starters[(unit.position, starter)] = call
    _list(program, unit, starter, 65535)
    code.raw(b"\x41\x00\x28\x00")
    code.site(R.MEMORY_ADDR_LEB, cell)
    call_through_table(unit, code, VOID)
    program.note("constructor.registered")


def reactor(program: Program, record: Record) -> None:
    """A module that says itself when its constructors run: exports are then not wrapped."""
    unfit = program.refusal is not None and program.refusal[0] == "destructors-unfit"
    if program.is_reactor or unfit:
        return
    how = record.below(6)
    program.is_reactor = True
    if how == 1 and not program.has("relocatable"):
        add(program, f"--export {CTORS}", f"--export={CTORS}")
        program.initialiser = CTORS
    elif how == 2 and not program.has("relocatable"):
        add(program, f"--undefined {CTORS}", f"--undefined={CTORS}")
    elif how == 3 and not program.has("relocatable"):
        add(program, f"--export {CTORS}", f"--export-if-defined={CTORS}")
        program.initialiser = CTORS
    else:
        _initialize(program, record)
        return
    program.note("constructor.by-option")


def _initialize(program: Program, record: Record) -> None:
    """`_initialize`, which calls `__wasm_call_ctors`; the call may be weak."""
    unit = program.units[0]
    flags = WEAK if record.byte() & 1 else 0
    symbol = unit.builder.undefined_function(CTORS, VOID, flags)
    code = Code()
    code.raw(b"\x10")
    code.site(R.FUNCTION_INDEX_LEB, symbol)
    code.raw(b"\x0b")
    unit.builder.define_function("_initialize", VOID, code, EXPORTED)
    program.initialiser = "_initialize"

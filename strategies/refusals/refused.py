"""Statements that make a case which every linker must refuse.

Objects that cannot be linked together, objects that are wrong by themselves, and options that
contradict each other or the sizes.
"""

from __future__ import annotations

from collections.abc import Callable

from linker.format.constants import (
    LimitsFlag,
    RelocationType,
    SegmentFlag,
    SymbolFlag,
    SymbolKind,
    ValueType,
)
from linker.format.model import (
    FunctionType,
    GlobalType,
    InitFunction,
    Limits,
    TableType,
    TargetFeature,
)
from strategies.choices import Record
from strategies.command_line import options
from strategies.command_line.options import PAGE, add
from strategies.objects.code import I32, Code
from strategies.program import SIGNATURES, TO_INT, Program, Slot, Unit
from strategies.refusals import disagreements
from strategies.uses.references import next_probe, unknown_value

R = RelocationType
Pair = tuple[Unit, Unit]


def _constant(value: int) -> Code:
    code = Code()
    code.const(value)
    code.raw(b"\x0b")
    return code


def _missing(program: Program, unit: Unit, record: Record, kind: SymbolKind) -> None:
    name = f"undefined{program.number()}"
    probe = next_probe(program, unit, record)
    if kind == SymbolKind.FUNCTION:
        symbol = unit.builder.undefined_function(name, TO_INT)
        probe.code.raw(b"\x10")
        probe.code.site(R.FUNCTION_INDEX_LEB, symbol)
    elif kind == SymbolKind.DATA:
        symbol = unit.builder.undefined(kind, name, None)
        probe.code.raw(b"\x41")
        probe.code.site(R.MEMORY_ADDR_SLEB, symbol)
    else:
        symbol = unit.builder.undefined(kind, name, GlobalType(I32, False))
        probe.code.raw(b"\x23")
        probe.code.site(R.GLOBAL_INDEX_LEB, symbol)
    probe.end(unknown_value)
    program.strong_missing.append((Slot(kind, name, policy="strong"), unit.position))


def missing_function(program: Program, units: Pair, record: Record) -> None:
    _missing(program, units[0], record, SymbolKind.FUNCTION)


def missing_data(program: Program, units: Pair, record: Record) -> None:
    _missing(program, units[0], record, SymbolKind.DATA)


def duplicates(program: Program, units: Pair, record: Record) -> None:
    name = f"clash{program.number()}"
    units[0].builder.define_function(name, TO_INT, _constant(0))
    units[1].builder.define_function(name, TO_INT, _constant(1))
    program.refusal = ("duplicate-symbol", "two strong definitions")


def global_types(program: Program, units: Pair, record: Record) -> None:
    name = f"clash{program.number()}"
    units[0].builder.define_global(name, GlobalType(I32, False), b"\x41\x00\x0b", 0)
    other = (GlobalType(I32, True), GlobalType(ValueType.I64, False))[record.below(2)]
    units[1].builder.undefined(SymbolKind.GLOBAL, name, other)
    program.uses_mutable_global = True
    program.refusal = ("global-type-mismatch", "a global and a reference of another type")


def table_types(program: Program, units: Pair, record: Record) -> None:
    name = f"clash{program.number()}"
    limits = Limits(LimitsFlag(0), 1)
    units[0].builder.define_table(name, TableType(ValueType.FUNCREF, limits), 0)
    units[1].builder.undefined(SymbolKind.TABLE, name, TableType(ValueType.EXTERNREF, limits))
    program.refusal = ("table-type-mismatch", "a table and a reference of another type")


def tag_types(program: Program, units: Pair, record: Record) -> None:
    """wasm-ld 22 only warns, and writes what may be invalid."""
    name = f"clash{program.number()}"
    units[0].builder.define_tag(name, SIGNATURES[2], 0)
    builder = units[1].builder
    builder.undefined(SymbolKind.TAG, name, builder.type_index(FunctionType((I32,), ())))
    program.refusal = ("signature-mismatch", "a tag and a reference of another signature")


def entry(program: Program, units: Pair, record: Record) -> None:
    program.options["--entry"] = f"missing_entry{program.number()}"
    program.refusal = ("entry-not-defined", "the entry is not defined")


def missing_export(program: Program, units: Pair, record: Record) -> None:
    if "--allow-undefined" in program.options:
        return
    program.options["--allow-undefined"] = "--error-unresolved-symbols"
    name = f"missing_export{program.number()}"
    program.arguments += ["--error-unresolved-symbols", f"--export={name}"]
    program.refusal = ("export-not-defined", "an exported name is not defined")


def _odd_initial_memory(program: Program) -> bool:
    return add(program, "--initial-memory", f"--initial-memory={30 * PAGE + 1}")


def _small_initial_memory(program: Program) -> bool:
    if {"--initial-memory", "stack-size", "--global-base"} & program.options.keys():
        return False
    add(program, "--initial-memory", f"--initial-memory={PAGE}")
    return add(program, "stack-size", "-z", f"stack-size={2 * PAGE}")


def _odd_maximum(program: Program) -> bool:
    return add(program, "--max-memory", f"--max-memory={50 * PAGE - 16}")


def _odd_stack(program: Program) -> bool:
    return add(program, "stack-size", "-z", "stack-size=65544")


def _low_global_base(program: Program) -> bool:
    if {"--global-base", "--stack-first", "stack-size"} & program.options.keys():
        return False
    add(program, "stack-size", "-z", f"stack-size={PAGE}")
    add(program, "--stack-first", "--stack-first")
    return add(program, "--global-base", "--global-base=4096")


MEMORY = (
    (_small_initial_memory, "memory-too-small", "the stack alone is larger"),
    (_low_global_base, "global-base-too-small", "the data would lie in the stack"),
    (_odd_stack, "stack-not-aligned", "the stack size is no multiple of 16"),
    (_odd_initial_memory, "memory-not-aligned", "the initial memory is no whole pages"),
    (_odd_maximum, "memory-not-aligned", "the maximum memory is no whole pages"),
)


def memory(program: Program, units: Pair, record: Record) -> None:
    """Sizes that do not go together: the first that the options leave room for."""
    first = record.below(len(MEMORY))
    for attempt, message_class, reason in MEMORY[first:] + MEMORY[:first]:
        if attempt(program):
            program.refusal = (message_class, reason)
            return


def conflict(program: Program, units: Pair, record: Record) -> None:
    """Two options that exclude each other: the first pair that is still free."""
    pairs = (
        ("--max-memory", f"--max-memory={60 * PAGE}", "--no-growable-memory"),
        ("--strip", "--compress-relocations", ""),
        ("table", "--import-table", "--export-table"),
    )
    first = record.below(len(pairs))
    for key, one, other in pairs[first:] + pairs[:first]:
        if key in program.options:
            continue
        if key == "table" and {"--import-table", "--export-table"} & program.options.keys():
            continue
        program.options[key] = ""
        program.arguments += [one, other] if other else [one]
        program.refusal = ("option-conflict", "two options that exclude each other")
        return


def string(program: Program, units: Pair, record: Record) -> None:
    if program.options.get("-O", "-O1") == "-O0":
        return
    program.options.setdefault("-O", "")
    builder = units[0].builder
    index = builder.segment(".rodata.str.broken", 0, int(SegmentFlag.STRINGS))
    builder.segments[index].content += b"no end"
    program.refusal = ("string-not-terminated", "a mergeable string without its zero")


def constructor(program: Program, units: Pair, record: Record) -> None:
    builder = units[0].builder
    code = Code()
    code.raw(b"\x41\x00\x0b")
    name = f"constructor_with_argument{program.number()}"
    symbol = builder.define_function(name, SIGNATURES[1], code)
    builder.init_functions.append(InitFunction(1, symbol))
    program.refusal = ("constructor-has-arguments", "a constructor takes an argument")


def disallowed(program: Program, units: Pair, record: Record) -> None:
    if "--no-check-features" in program.options:
        return
    program.options["--no-check-features"] = ""
    name = "weldcheck-feature"
    units[0].builder.features.append(TargetFeature("+", name))
    units[1].builder.features.append(TargetFeature("-", name))
    program.refusal = ("feature-disallowed", "one object uses what the other disallows")


def shared_memory(program: Program, units: Pair, record: Record) -> None:
    """A shared memory that the objects' features do not allow."""
    if not program.has("shared-memory") or "--no-check-features" in program.options:
        return
    program.options["--no-check-features"] = ""
    if record.byte() & 1:
        units[0].builder.features.append(TargetFeature("-", "shared-mem"))
        program.refusal = ("feature-disallowed", "an object cannot be used with shared memory")
    else:
        program.lacks_threads = True
        program.refusal = ("feature-not-allowed", "no object has the features of shared memory")


def wide_memory(program: Program, units: Pair, record: Record) -> None:
    """An object with addresses of 64 bits."""
    units[0].builder.memories[:] = [Limits(LimitsFlag.IS_64, 1)]
    program.refusal = ("address-size", "an object with 64-bit addresses among 32-bit ones")


def several_memories(program: Program, units: Pair, record: Record) -> None:
    """wasm-ld 22 links them, and code for the second memory is invalid."""
    units[0].builder.memories[:] = [Limits(LimitsFlag(0), 1), Limits(LimitsFlag.HAS_MAX, 1, 9)]
    program.refusal = ("several-memories", "an object with two memories")


def not_allowed(program: Program, units: Pair, record: Record) -> None:
    if "--no-check-features" in program.options or "--features" in program.options:
        return
    program.options["--no-check-features"] = ""
    add(program, "--features", "--features=mutable-globals")
    units[0].builder.features.append(TargetFeature("+", "weldcheck-feature"))
    program.refusal = ("feature-not-allowed", "an object uses a feature that is not listed")


def mutable_global(program: Program, units: Pair, record: Record) -> None:
    """An exported global where no object has the feature mutable-globals."""
    known = [f for unit in program.units for f in unit.builder.features]
    if (
        any(feature.name == "mutable-globals" for feature in known)
        or "--no-check-features" in program.options
        or "--features" in program.options
        or program.uses_mutable_global
    ):
        return
    program.options["--no-check-features"] = ""
    program.options["--features"] = ""
    program.lacks_mutable_globals = True
    flags = int(SymbolFlag.EXPORTED)
    name = f"exported{program.number()}"
    units[0].builder.define_global(name, GlobalType(I32, True), b"\x41\x00\x0b", flags)
    program.refusal = ("mutable-globals-needed", "a mutable global is exported without the feature")


def destructors(program: Program, units: Pair, record: Record) -> None:
    """`__wasm_call_dtors` that is no function, or not one that can be called without values."""
    if program.is_reactor or "--export-all" in program.options:
        return
    name = "__wasm_call_dtors"
    if program.has_destructors or any(name in unit.builder.by_name for unit in program.units):
        return
    program.is_reactor = False
    if record.byte() & 1:
        units[0].builder.define_function(name, TO_INT, _constant(0))
    else:
        disagreements.define(units[0].builder, SymbolKind.DATA, name)
    program.refusal = ("destructors-unfit", "the destructors cannot be called")


def thread_local_relocation(program: Program, units: Pair, record: Record) -> None:
    """A distance from the thread's block to what nobody defines."""
    if options.allows(program, SymbolKind.DATA) or "--allow-undefined" in program.options:
        return
    name = f"undefined{program.number()}"
    probe = next_probe(program, units[0], record)
    symbol = units[0].builder.undefined(SymbolKind.DATA, name, None, int(SymbolFlag.TLS))
    probe.code.raw(b"\x41")
    probe.code.site(R.MEMORY_ADDR_TLS_SLEB, symbol)
    probe.end(unknown_value)
    program.options["--allow-undefined"] = "--error-unresolved-symbols"
    program.refusal = ("relocation-not-allowed", "a thread-local address of what is undefined")


def table_alias(program: Program, units: Pair, record: Record) -> None:
    """Two symbols of one table: each table has one."""
    if units[0].builder.style.mvp_table:
        return
    symbol = disagreements.define(units[0].builder, SymbolKind.TABLE, f"aliased{program.number()}")
    units[0].builder.alias(symbol, f"alias_of_table{program.number()}", 0)
    program.refusal = ("table-symbols", "a table with two symbols")


Refusal = Callable[[Program, Pair, Record], None]

WITH_ONE: tuple[Refusal, ...] = (
    missing_function,
    missing_data,
    entry,
    missing_export,
    memory,
    conflict,
    memory,
    missing_export,
    conflict,
    memory,
    string,
    not_allowed,
    constructor,
    not_allowed,
    mutable_global,
    shared_memory,
    wide_memory,
    destructors,
    thread_local_relocation,
    table_alias,
    string,
)
WITH_TWO: tuple[Refusal, ...] = (
    *WITH_ONE,
    table_types,
    duplicates,
    duplicates,
    global_types,
    global_types,
    table_types,
    *disagreements.REFUSED,
    disallowed,
    disallowed,
)

# What wasm-ld 22 links, though it is wrong: with one object, and what needs two.
UNREFUSED: tuple[Refusal, ...] = (several_memories, tag_types, tag_types)


def _is_refused(program: Program) -> bool:
    return program.refusal is not None or bool(program.strong_missing)


def refuse(program: Program, record: Record) -> None:
    """Make the case one that must be refused, once and not always."""
    if _is_refused(program) or record.byte() < 48:
        return
    plain = [unit for unit in program.units if not unit.is_lazy]
    kinds_ = WITH_TWO if len(plain) > 1 else WITH_ONE
    units = (plain[0], plain[1] if len(plain) > 1 else plain[0])
    if program.has("known-bugs"):
        kinds_ = (*kinds_, *UNREFUSED[: len(plain)])
    first = record.below(len(kinds_))
    for kind in kinds_[first:] + kinds_[:first]:
        kind(program, units, record)
        if _is_refused(program):
            return

"""Inputs that disagree: about the kind, the type, the import or the size of one name.

Where the convention decides, or only one answer gives a valid module, the case must be refused;
where objects may differ, it must link.
"""

from __future__ import annotations

from collections.abc import Callable

from linker.format.constants import LimitsFlag, RelocationType, SymbolFlag, SymbolKind, ValueType
from linker.format.model import FunctionType, GlobalType, Limits, TableType
from strategies.choices import Record
from strategies.objects.builder import ObjectBuilder
from strategies.objects.code import I32, Code
from strategies.program import TO_INT, VOID, Program, Unit
from strategies.uses.references import next_probe, unknown_value

R = RelocationType
WEAK = int(SymbolFlag.BINDING_WEAK)
HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)
Pair = tuple[Unit, Unit]

FUNCREFS = TableType(ValueType.FUNCREF, Limits(LimitsFlag(0), 1))
EXTERNREFS = TableType(ValueType.EXTERNREF, Limits(LimitsFlag(0), 1))
FIXED = GlobalType(I32, False)
KINDS = (
    SymbolKind.FUNCTION,
    SymbolKind.DATA,
    SymbolKind.GLOBAL,
    SymbolKind.TABLE,
    SymbolKind.TAG,
)


def _body() -> Code:
    code = Code()
    code.raw(b"\x41\x00\x0b")
    return code


def define(builder: ObjectBuilder, kind: SymbolKind, name: str, flags: int = 0) -> int:
    """A plain definition of any kind."""
    if kind == SymbolKind.FUNCTION:
        return builder.define_function(name, TO_INT, _body(), flags)
    if kind == SymbolKind.DATA:
        index = builder.segment(f".data.{name}")
        builder.segments[index].reserve(2, 4)
        return builder.define_data(name, index, 0, 4, flags)
    if kind == SymbolKind.GLOBAL:
        return builder.define_global(name, FIXED, b"\x41\x00\x0b", flags)
    if kind == SymbolKind.TABLE:
        return builder.define_table(name, FUNCREFS, flags)
    return builder.define_tag(name, VOID, flags)


def refer(
    builder: ObjectBuilder,
    kind: SymbolKind,
    name: str,
    flags: int = 0,
    source: tuple[str, str] | None = None,
) -> int:
    """A plain reference to a name of any kind."""
    if kind == SymbolKind.FUNCTION:
        return builder.undefined_function(name, TO_INT, flags, source)
    if kind == SymbolKind.TAG:
        return builder.undefined(kind, name, builder.type_index(VOID), flags, source)
    types = {SymbolKind.GLOBAL: FIXED, SymbolKind.TABLE: FUNCREFS, SymbolKind.DATA: None}
    return builder.undefined(kind, name, types[kind], flags, source)


def _two_kinds(record: Record) -> tuple[SymbolKind, SymbolKind]:
    first = record.below(len(KINDS))
    second = first + 1 + record.below(len(KINDS) - 1)
    return KINDS[first], KINDS[second % len(KINDS)]


def kinds(program: Program, units: Pair, record: Record) -> None:
    """Two definitions of one name, of different kinds, weak or not."""
    name = f"clash{program.number()}"
    one, other = _two_kinds(record)
    binding = record.byte()
    define(units[0].builder, one, name, WEAK if binding & 1 else 0)
    define(units[1].builder, other, name, WEAK if binding & 2 else 0)
    program.uses_mutable_global = True
    program.note("disagree.two-kinds")
    program.refusal = ("symbol-type-mismatch", "two definitions of different kinds")


def kinds_of_reference(program: Program, units: Pair, record: Record) -> None:
    """A definition and a reference of different kinds, in either order."""
    name = f"clash{program.number()}"
    one, other = _two_kinds(record)
    first, second = units if record.byte() & 1 else (units[1], units[0])
    define(first.builder, one, name)
    refer(second.builder, other, name)
    program.note("disagree.kind-of-reference")
    program.refusal = ("symbol-type-mismatch", "a reference to another kind of symbol")


def kinds_in_group(program: Program, units: Pair, record: Record) -> None:
    """A comdat group that holds a function in one object and data of that name in another."""
    name = f"clash{program.number()}"
    one, other = units if record.byte() & 1 else (units[1], units[0])
    one.builder.define_function(name, TO_INT, _body(), WEAK, name)
    define(other.builder, SymbolKind.DATA, name, WEAK)
    other.builder.segments[-1].comdat = name
    program.note("disagree.comdat-kind")
    program.refusal = ("symbol-type-mismatch", "a group's function and its data of one name")


def import_types(program: Program, units: Pair, record: Record) -> None:
    """Two references to one import by different types; wasm-ld 22 takes the first."""
    if not program.has("known-bugs"):
        return
    name = f"clash{program.number()}"
    source = ("host", name)
    one, other = units[0].builder, units[1].builder
    which = record.below(3)
    if which == 0:
        one.undefined(SymbolKind.GLOBAL, name, FIXED, 0, source)
        mutable = bool(record.byte() & 1)
        type_ = GlobalType(I32, True) if mutable else GlobalType(ValueType.I64, False)
        other.undefined(SymbolKind.GLOBAL, name, type_, 0, source)
        program.uses_mutable_global = True
        program.refusal = ("global-type-mismatch", "two references of different types")
    elif which == 1:
        one.undefined(SymbolKind.TABLE, name, FUNCREFS, 0, source)
        other.undefined(SymbolKind.TABLE, name, EXTERNREFS, 0, source)
        program.refusal = ("table-type-mismatch", "two references of different types")
    else:
        refer(one, SymbolKind.TAG, name, 0, source)
        type_index = other.type_index(FunctionType((I32,), ()))
        other.undefined(SymbolKind.TAG, name, type_index, 0, source)
        program.refusal = ("signature-mismatch", "two references of different types")


def import_sources(program: Program, units: Pair, record: Record) -> None:
    """Two references of one kind to one symbol under different import modules or names."""
    kind = KINDS[record.below(len(KINDS))]
    if kind == SymbolKind.DATA or (kind != SymbolKind.FUNCTION and not program.has("known-bugs")):
        # wasm-ld 22 looks at functions only.
        kind = SymbolKind.FUNCTION
    name = f"clash{program.number()}"
    second = (("one", "other"), ("two", "name"), ("", "name"))[record.below(3)]
    refer(units[0].builder, kind, name, 0, ("one", "name"))
    refer(units[1].builder, kind, name, 0, second)
    program.note("disagree.import-source")
    program.refusal = ("import-mismatch", "one symbol imported from two places")


def call_types(program: Program, units: Pair, record: Record) -> None:
    """Two calls of an import by different signatures: no function has both."""
    name = f"clash{program.number()}"
    source = ("host", name)
    for unit, signature in ((units[0], TO_INT), (units[1], FunctionType((I32,), (I32,)))):
        probe = next_probe(program, unit, record)
        symbol = unit.builder.undefined_function(name, signature, 0, source)
        probe.code.raw(b"\x41\x00" if signature.parameters else b"")
        probe.code.raw(b"\x10")
        probe.code.site(R.FUNCTION_INDEX_LEB, symbol)
        probe.end(unknown_value)
    program.note("disagree.import-signature")
    program.refusal = ("signature-mismatch", "one import is called by two signatures")


Disagreement = Callable[[Program, Pair, Record], None]

REFUSED: tuple[Disagreement, ...] = (
    kinds,
    kinds_of_reference,
    kinds,
    kinds_of_reference,
    kinds_in_group,
    import_sources,
    import_sources,
    import_types,
    call_types,
)


# -- what may differ -------------------------------------------------------------------------


def sizes(program: Program, units: Pair, record: Record) -> None:
    """One group's data in two sizes and alignments: the first object's counts."""
    name = f"sized{program.number()}"
    for unit, size, value in ((units[0], 4, 1), (units[1], 4 + 4 * record.below(8), 2)):
        index = unit.builder.segment(f".data.{name}")
        segment = unit.builder.segments[index]
        segment.comdat = name
        offset = segment.reserve(2 + record.below(4), size)
        segment.content[offset : offset + 4] = value.to_bytes(4, "little")
        unit.builder.define_data(name, index, offset, size, HIDDEN)
    probe = next_probe(program, units[1], record)
    probe.code.raw(b"\x41\x00\x28\x00")
    probe.code.site(R.MEMORY_ADDR_LEB, units[1].builder.by_name[name])
    first = min(units, key=lambda unit: unit.position).position
    probe.end(lambda m: 1 if first == units[0].position else 2)
    program.note("disagree.size")


def limits(program: Program, units: Pair, record: Record) -> None:
    """A table and a reference to it with other limits: only the element type must agree."""
    if units[1].builder.style.mvp_table:
        return
    name = f"limited{program.number()}"
    units[0].builder.define_table(name, FUNCREFS, HIDDEN)
    other = TableType(ValueType.FUNCREF, Limits(LimitsFlag.HAS_MAX, 1 + record.below(5), 9))
    symbol = units[1].builder.undefined(SymbolKind.TABLE, name, other)
    probe = next_probe(program, units[1], record)
    probe.code.raw(b"\xfc\x10")
    probe.code.site(R.TABLE_NUMBER_LEB, symbol)
    probe.end(lambda m: 1)
    program.note("disagree.limits")


def thread_local(program: Program, units: Pair, record: Record) -> None:
    """One object takes plain data for thread-local, which only its flag says."""
    name = f"flagged{program.number()}"
    define(units[0].builder, SymbolKind.DATA, name)
    symbol = units[1].builder.undefined(SymbolKind.DATA, name, None, int(SymbolFlag.TLS))
    probe = next_probe(program, units[1], record)
    probe.code.raw(b"\x41\x00\x28\x00")
    probe.code.site(R.MEMORY_ADDR_LEB, symbol)
    probe.end(lambda m: 0)
    program.note("disagree.thread-local")


def same_import(program: Program, units: Pair, record: Record) -> None:
    """Two symbols that are one import of the host, or two where their types differ."""
    number = program.number()
    source = ("host", f"shared{number}")
    other = TO_INT if record.byte() & 1 else FunctionType((), (ValueType.I64,))
    for position, (unit, signature) in enumerate(((units[0], TO_INT), (units[1], other))):
        symbol = unit.builder.undefined_function(f"shared{number}_{position}", signature, 0, source)
        probe = next_probe(program, unit, record)
        probe.code.raw(b"\x10")
        probe.code.site(R.FUNCTION_INDEX_LEB, symbol)
        if signature != TO_INT:
            probe.code.raw(b"\xa7")
        probe.calls.append(".".join(source))
        probe.end(lambda m: 0)
    program.note("disagree.same-import")


ALLOWED: tuple[Disagreement, ...] = (sizes, limits, thread_local, same_import)


def differ(program: Program, record: Record) -> None:
    """Two objects that do not agree about a name, and may link all the same."""
    plain = [unit for unit in program.units if unit.package == "plain"]
    if len(plain) > 1:
        record.pick(ALLOWED)(program, (plain[0], plain[1]), record)

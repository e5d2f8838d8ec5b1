"""Statements for `--wrap NAME`: references to NAME mean `__wrap_NAME`, `__real_NAME` means NAME.

The convention is silent; lld/wasm/Driver.cpp (addWrappedSymbols, wrapSymbols) is the only rule.
"""

from __future__ import annotations

from linker.format.constants import RelocationType, SymbolFlag, SymbolKind
from strategies.choices import Record
from strategies.definitions.names import register
from strategies.meaning import REAL, WRAP
from strategies.objects.code import Code
from strategies.program import (
    SIGNATURES,
    Definition,
    Program,
    Slot,
    Unit,
    first_result,
    push_arguments,
)
from strategies.uses.addresses import call_through_table, function_table_pointer
from strategies.uses.references import function_value, next_probe

WEAK = int(SymbolFlag.BINDING_WEAK)
HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)
# Names that a case may know without having defined them.
KNOWN_FUNCTIONS = ("nowhere", "probe_0", "__wasm_call_ctors", "_start")


def _option(program: Program, record: Record, name: str) -> None:
    """The option in one of its spellings, now and then twice."""
    words = (("--wrap", name), (f"-wrap={name}",), (f"--wrap={name}",))[record.below(3)]
    program.arguments += words
    if record.chance(32):
        program.arguments.append(f"--wrap={name}")
        program.note("wrap.twice")
    program.wraps.append(name)


def _has_real(program: Program, slot: Slot) -> bool:
    """Whether `__real_NAME` may be used: wasm-ld 22 takes no archive member for it."""
    waits = any(program.units[d.unit].is_lazy for d in slot.definitions)
    return not waits or program.has("known-bugs")


def _define_wrapper(program: Program, unit: Unit, slot: Slot, record: Record) -> None:
    """`__wrap_NAME`, which returns a constant of its own and may call `__real_NAME` before."""
    flags = (0, HIDDEN, WEAK, 0)[record.below(4)]
    code = Code()
    # A call of what stays undefined would trap.
    if record.chance(96) and slot.policy != "weak" and _has_real(program, slot):
        push_arguments(code, slot.signature)
        real = unit.builder.undefined_function(REAL + slot.name, slot.signature)
        code.raw(b"\x10")
        code.site(RelocationType.FUNCTION_INDEX_LEB, real)
        code.raw(b"\x1a" * len(slot.signature.results))
        program.note("wrap.calls-real")
    wrapper = Slot(SymbolKind.FUNCTION, WRAP + slot.name, slot.signature)
    program.slots.append(wrapper)
    symbol = unit.builder.define_function(wrapper.name, slot.signature, code, flags)
    constant = 5000 + 7 * program.number()
    register(program, Definition(wrapper, unit.position, symbol, constant, code=code))
    program.note("wrap.member" if unit.is_lazy else "wrap.defined")


def _is_known(program: Program, slot: Slot) -> bool:
    """Whether the linker meets the name at all: what it does not know is not wrapped."""
    for unit in program.units:
        symbol = unit.builder.by_name.get(slot.name)
        if symbol is not None and (not unit.is_lazy or unit.builder.symbols[symbol].is_defined):
            return True
    return False


def _is_simple(program: Program, slot: Slot) -> bool:
    """Whether it is known what wrapping a name means for every reference to it."""
    return (
        slot.kind == SymbolKind.FUNCTION
        and not slot.local
        and not slot.mismatched
        and slot.policy in ("defined", "weak")
        and slot.comdat is None
        and _is_known(program, slot)
        and not slot.name.startswith((REAL, WRAP))
        and slot.name not in program.wraps
        and not any(
            prefix + slot.name in unit.builder.by_name
            for unit in program.units
            for prefix in (REAL, WRAP)
        )
    )


def wrap(program: Program, record: Record) -> None:
    """Wrap a function by another one, and ask for the real one beside."""
    slots = [slot for slot in program.slots if _is_simple(program, slot)]
    if not slots or record.chance(48):
        odd(program, record)
        return
    slot = record.pick(slots)
    unit = record.pick(program.units)
    _option(program, record, slot.name)
    _define_wrapper(program, unit, slot, record)
    if slot.policy == "weak":
        program.note("wrap.undefined-weak")
    if any(program.units[d.unit].is_lazy for d in slot.definitions):
        program.note("wrap.of-member")
    user = record.pick(program.units)
    if not _has_real(program, slot):
        return
    if record.chance(160) and REAL + slot.name not in user.builder.by_name:
        # The real function by its other name; its meaning follows from that of the name itself.
        _use_real(program, user, slot, record)


def _use_real(program: Program, unit: Unit, slot: Slot, record: Record) -> None:
    """Call the real function by its other name, directly or by its address."""
    probe = next_probe(program, unit, record)
    real = unit.builder.undefined_function(REAL + slot.name, slot.signature)
    code = probe.code
    push_arguments(code, slot.signature)
    if record.chance(96):
        function_table_pointer(program, unit, code, real, 0)
        call_through_table(unit, code, slot.signature)
    else:
        code.raw(b"\x10")
        code.site(RelocationType.FUNCTION_INDEX_LEB, real)
    first_result(code, slot.signature)
    probe.end(lambda m: function_value(program, unit.position, real, slot, m))
    program.note("wrap.real")


def odd(program: Program, record: Record) -> None:
    """Wrap what cannot be wrapped, or by what does not fit: nobody says what that means."""
    how = record.below(6)
    # wasm-ld 22 crashes where it writes symbols that only --wrap has made.
    if program.has("emit-relocs"):
        return
    if how < 2 and program.has("relocatable"):
        how = 5
    # What is no function cannot be wrapped: wasm-ld 22 crashes where it is referred to, or
    # writes what happens to be in its memory.
    names = [
        slot.name for slot in program.slots if not slot.local and slot.kind == SymbolKind.FUNCTION
    ]
    names = names or list(KNOWN_FUNCTIONS)
    name = record.pick(names)
    if how == 0:
        name = record.pick(KNOWN_FUNCTIONS)
        program.note("wrap.known-name")
    elif how == 1:
        name = (WRAP, REAL)[record.below(2)] + name
        program.note("wrap.nested")
    elif how == 2:
        _define_oddly(program, record, WRAP + name)
    elif how == 3:
        _define_oddly(program, record, REAL + name)
    else:
        program.note("wrap.without-wrapper")
    _option(program, record, name)
    program.is_vague = True


def _define_oddly(program: Program, record: Record, name: str) -> None:
    """Define a name that no object knows yet as a function of any type."""
    builder = record.pick(program.units).builder
    # An object that calls it by another type would be invalid itself.
    if any(name in unit.builder.by_name for unit in program.units):
        return
    signature = record.pick(SIGNATURES)
    code = Code()
    code.raw(b"\x00\x0b")
    builder.define_function(name, signature, code, (0, WEAK)[record.below(2)])
    program.note("wrap.by-another-type")

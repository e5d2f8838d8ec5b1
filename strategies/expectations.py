"""What must come of a case by construction: that it links or why not, and what probes return."""

from __future__ import annotations

from linker.format.constants import SymbolFlag
from strategies.case import (
    Expectation,
    HostCalls,
    MustLink,
    MustRefuse,
    ProbeReturns,
)
from strategies.command_line import options
from strategies.meaning import Meaning
from strategies.program import INITIALISERS, UNSPECIFIED, Program, UnknownValue

DUPLICATE = "duplicate-symbol"
LATE = "constructor-has-arguments"  # told of after names without definition
ALL_LOST = "all definitions are in groups that lost"

# Classes of refusals that come before names collide, by the ends of their names.
EARLY = ("type-mismatch", "import-mismatch", "option-conflict", "address-size", "several-memories")


def _is_early(program: Program) -> bool:
    """Whether the program is refused for something that comes before names collide."""
    return program.refusal is not None and program.refusal[0].endswith(EARLY)


def _is_other_refusal(program: Program) -> bool:
    """Whether the program is refused for something else than names that collide."""
    return program.refusal is not None and program.refusal[0] != DUPLICATE


def _refusal(program: Program, meaning: Meaning) -> MustRefuse | None:
    """Why a linker must refuse the case, the first of several reasons."""
    refusal = program.refusal
    # Options are checked before anything is read; names are resolved, and collide, before the
    # linker looks at its entry or its layout.
    if refusal is not None and _is_early(program):
        return MustRefuse(*refusal)
    if meaning.collisions and not options.allows_duplicates(program):
        return MustRefuse(DUPLICATE, "two strong definitions of one name")
    late = refusal is not None and refusal[0] in ("mutable-globals-needed", LATE)
    lost = None if program.has("relocatable") else _lost(program, meaning)
    if lost is not None and (refusal is None or late or refusal[0] == DUPLICATE):
        return lost
    if refusal is not None and refusal[0] != DUPLICATE:
        return MustRefuse(*refusal)
    for slot, unit in () if program.has("relocatable") else program.strong_missing:
        if unit in meaning.loaded and not options.allows(program, slot.kind):
            return MustRefuse("undefined-symbol", "a strong reference without a definition")
    return None


def _keeps_all(program: Program) -> bool:
    return "--no-gc-sections" in program.arguments


def _lost(program: Program, meaning: Meaning) -> MustRefuse | None:
    """The refusal of what only groups define that lost to others."""
    # Garbage collection keeps nothing for a custom section, and asks for nothing.
    of_custom = program.partial_custom_uses if _keeps_all(program) else []
    for slot, unit in program.partial_uses + of_custom:
        if unit in meaning.loaded and not options.allows(program, slot.kind):
            state = meaning.names[slot.name]
            if state.place is None and not state.weak:
                return MustRefuse("undefined-symbol", ALL_LOST)
    return None


def starting_calls(program: Program, meaning: Meaning) -> tuple[str, ...] | None:
    """Host calls of the constructors in their order, None where gc may have dropped some."""
    if program.traps_at_start:
        return None
    found: list[tuple[int, int, str]] = []
    probing = {probe.unit for probe in program.probes}
    for rank, position in enumerate(meaning.loaded):
        unit = program.units[position]
        if unit.constructors and unit.is_lazy and position not in probing:
            return None
        for priority, symbol in unit.constructors:
            place = meaning.find(position, symbol)
            if place is None:
                return None
            # A second copy of an object loses its groups to the first, and what is local there.
            is_local = unit.builder.symbols[symbol].flags & int(SymbolFlag.BINDING_LOCAL)
            again = bool(is_local) and position in meaning.loaded[:rank]
            if not meaning.is_lost(*place, again):
                found.append((priority, rank, program.starters[place]))
    found.sort(key=lambda item: (item[0], item[1]))
    return tuple(call for _, _, call in found)


def expect(
    program: Program, meaning: Meaning, unreadable: tuple[str, str] | None, in_steps: bool
) -> list[Expectation]:
    """What must come of the case; `unreadable` refuses an input before names are resolved, and
    `in_steps` cases link some of the inputs with -r first."""
    if program.is_vague or (program.names_lost and _keeps_all(program)):
        # Where nothing is left out, debug information asks for what a group lost.
        return []
    collide = meaning.collisions and not options.allows_duplicates(program)
    if collide and (unreadable is not None or _is_other_refusal(program)):
        # Either is a reason: names may collide before a file is looked at, or after a stage of
        # the link has ended with other errors.
        return []
    if collide and in_steps and any(meaning.is_repeated(unit) for unit in meaning.loaded):
        # In a step, a second copy may not be taken for what a lost group defines.
        return []
    refused = MustRefuse(*unreadable) if unreadable is not None else _refusal(program, meaning)
    if in_steps and refused is not None:
        if program.refusal is not None and meaning.collisions:
            # Names may collide in a step, before the last link can find what else is wrong.
            return []
        if refused.message_class == "string-not-terminated":
            # A step may put the string among data that is none.
            return []
        if refused.reason == ALL_LOST:
            # A step makes one symbol of a weak definition and of what strong references mean.
            return []
    if refused is not None:
        return [refused]
    if program.has("relocatable"):
        return [MustLink("no name is defined twice")]
    expectations: list[Expectation] = [MustLink("every reference has a definition")]
    constructors = starting_calls(program, meaning)
    destructors = ("trace.destructors",) if program.has_destructors else ()
    # A module that calls or exports its constructors itself runs them where it likes.
    unwrapped = program.is_reactor or "--export-all" in program.options
    for probe in program.probes:
        if probe.unit not in meaning.loaded or (program.traps_at_start and not unwrapped):
            continue
        try:
            value = probe.value(meaning)
        except UnknownValue:
            continue
        rule = UNSPECIFIED if meaning.extracted or meaning.wrapped else probe.rule
        expectations.append(ProbeReturns(probe.export, value, rule))
        if value is None or constructors is None:
            continue
        if unwrapped:
            if probe.calls:
                expectations.append(HostCalls(probe.export, tuple(probe.calls), rule))
        elif probe.calls or constructors or destructors:
            calls = constructors + tuple(probe.calls) + destructors
            expectations.append(HostCalls(probe.export, calls, UNSPECIFIED))
    if program.initialiser is not None and constructors is not None:
        expectations.append(HostCalls(program.initialiser, constructors, INITIALISERS))
    return expectations

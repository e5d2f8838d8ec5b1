"""Statements about stub libraries: what the host gives by them, and what it needs for that."""

from __future__ import annotations

from linker.format.constants import RelocationType, SymbolKind
from strategies.choices import Record
from strategies.definitions.initial_values import NUMBERS
from strategies.host import host_number
from strategies.meaning import REAL, WRAP
from strategies.objects.code import TO_I32
from strategies.packaging.stub_libraries import StubLine, can_be_written
from strategies.program import SIGNATURES, TO_INT, UNSPECIFIED, Program, Slot, Unit
from strategies.uses.addresses import reference
from strategies.uses.references import next_probe

R = RelocationType
# What wasm-ld makes before it asks stub libraries, and what only after.
LINKER_NAMES = ("__wasm_call_ctors", "__stack_pointer", "__heap_base", "__data_end", "nowhere")


def _name(program: Program, record: Record, prefix: str) -> str:
    number = program.number()
    if program.has("names") and record.chance(96):
        return record.pick(("_ZN4host{}given{}Ev", "host {} {}", "ünïcode.{}{}")).format(4, number)
    return f"{prefix}{number}"


def _give(program: Program, slot: Slot, record: Record) -> StubLine:
    """A line that gives a name, by itself or by the name of its import."""
    program.slots.append(slot)
    slot.policy = "import"
    if record.chance(64) and slot.kind != SymbolKind.DATA:
        slot.source = (("env", "host")[record.byte() & 1], f"import of {slot.name}")
        line = StubLine(0, slot.source[1], slot.name, style=record.byte())
        program.note("stub.import-name")
    else:
        slot.source = ("env", slot.name)
        slot.given = True
        line = StubLine(0, slot.name, slot.name, style=record.byte())
    program.stub_lines.append(line)
    program.note(f"stub.{slot.kind.name.lower()}")
    return line


def give_function(program: Program, unit: Unit, record: Record) -> None:
    """A function that the host gives, for others to refer to."""
    slot = Slot(SymbolKind.FUNCTION, _name(program, record, "given"))
    number = record.below(len(SIGNATURES))
    slot.signature = SIGNATURES[number] if program.has("signatures") else TO_INT
    _give(program, slot, record)


def give_global(program: Program, record: Record) -> None:
    """A global that the host gives, and its value."""
    unit = record.pick(program.units)
    slot = Slot(SymbolKind.GLOBAL, _name(program, record, "given_global"))
    slot.global_type = record.pick(NUMBERS)
    _give(program, slot, record)
    program.uses_mutable_global = True
    probe = next_probe(program, unit, record)
    symbol = reference(program, unit, slot)
    probe.code.raw(b"\x23")
    probe.code.site(R.GLOBAL_INDEX_LEB, symbol)
    probe.code.raw(TO_I32[slot.global_type.value_type])
    assert slot.source is not None
    value = host_number(*slot.source)
    probe.end(lambda m: value)


def give_data(program: Program, record: Record) -> None:
    """Data that the host is said to give: it cannot be imported, and is at address 0."""
    unit = record.pick(program.units)
    slot = Slot(SymbolKind.DATA, _name(program, record, "given_data"))
    _give(program, slot, record)
    # Others would take it for a definition.
    program.slots.remove(slot)
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x41")
    probe.code.site(R.MEMORY_ADDR_SLEB, reference(program, unit, slot))
    probe.rule = UNSPECIFIED
    probe.end(lambda m: 0)


def _definite(program: Program) -> list[Slot]:
    """The names that are defined in every link, and that a stub library can say."""
    return [
        slot
        for slot in program.slots
        if slot.policy == "defined"
        and slot.definitions
        and not (slot.local or slot.partial or slot.mismatched or slot.thread_local)
        and can_be_written(slot.name)
    ]


def _is_eager(program: Program, slot: Slot) -> bool:
    return not any(program.units[d.unit].is_lazy for d in slot.definitions)


def need(program: Program, record: Record) -> None:
    """The host needs something of the program for what it gives."""
    lines = [line for line in program.stub_lines if line.symbol is not None]
    slots = _definite(program)
    if not lines or not slots:
        return
    line, slot = record.pick(lines), record.pick(slots)
    is_eager = _is_eager(program, slot)
    if line.host != line.symbol and not is_eager and not program.has("known-bugs"):
        # wasm-ld 22 may crash where it takes a member for the name of an import.
        return
    line.needs.append(slot.name)
    if slot.kind in (SymbolKind.DATA, SymbolKind.GLOBAL):
        # Each is exported as a global.
        program.uses_mutable_global = True
    program.note(f"stub.needs-{slot.kind.name.lower()}")
    if not is_eager:
        program.note("stub.needs-member")


def idle_line(program: Program, record: Record) -> None:
    """A line that says nothing: on what is not wanted, or said again elsewhere."""
    how, style = record.below(5), record.byte()
    given = [line for line in program.stub_lines if line.symbol is not None]
    slots = _definite(program)
    missing = f"missing{program.number()}"
    if how == 0 and given:
        # The first library that gives a symbol counts.
        line = record.pick(given)
        # What only a member refers to may be known by the second library's turn.
        if line.host == line.symbol and not any(unit.is_lazy for unit in program.units):
            program.stub_lines.append(StubLine(1, line.host, None, [missing], style))
            program.note("stub.second-library")
    elif how == 1 and given:
        # The last line on a symbol counts.
        at = program.stub_lines.index(record.pick(given))
        line = StubLine(0, program.stub_lines[at].host, None, [missing], style)
        program.stub_lines.insert(at, line)
        program.note("stub.repeated-line")
    elif how == 2 and slots:
        slot = record.pick(slots)
        if slot.comdat is None:
            program.stub_lines.append(
                StubLine(record.byte() & 1, slot.name, None, [missing], style)
            )
            program.note("stub.of-defined")
    else:
        line = StubLine(record.byte() & 1, f"unknown{program.number()}", None, [missing], style)
        if slots:
            line.needs.append(record.pick(slots).name)
        program.stub_lines.append(line)
        program.note("stub.of-unknown")


def missing_need(program: Program, record: Record) -> None:
    """What the host needs is not there: the link must be refused."""
    if program.refusal is not None or program.strong_missing or not program.has("refusals"):
        return
    slot = Slot(SymbolKind.FUNCTION, f"given{program.number()}")
    line = _give(program, slot, record)
    line.needs.append(f"missing{program.number()}")
    unit = program.units[0]
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x10")
    probe.code.site(R.FUNCTION_INDEX_LEB, reference(program, unit, slot))
    probe.end(lambda m: 0)
    program.refusal = ("undefined-symbol", "the host needs what nothing defines")
    program.note("stub.missing-need")


def odd_line(program: Program, record: Record) -> None:
    """A line on names that are the linker's, or that --wrap makes: nobody says what that means."""
    names = [
        *LINKER_NAMES,
        *(prefix + name for name in program.wraps for prefix in (WRAP, REAL, "")),
        *(slot.name for slot in program.slots if can_be_written(slot.name)),
    ]
    needs = [record.pick(names) for _ in range(record.below(3))]
    line = StubLine(record.byte() & 1, record.pick(names[::-1]), None, needs, record.byte())
    if line.host != "nowhere" or "__wasm_call_ctors" in needs:
        program.is_vague = True
    program.stub_lines.append(line)
    program.note("stub.odd")

"""Link cases: from drawn bytes to objects, command line and expectations.

A case is drawn as one header and four lists of small records: what is defined, what refers
to it, what stands beside, and options. `make_case` is a pure function of those bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from random import Random

from hypothesis import strategies as st

from linker.format.constants import SymbolFlag
from linker.format.encode import encode
from linker.format.model import ObjectFile
from strategies import features
from strategies.case import LinkCase
from strategies.choices import Record
from strategies.command_line import asides, options, spellings
from strategies.command_line.memory_sizes import make_room
from strategies.command_line.spellings import respelled
from strategies.definitions.names import statements as definitions
from strategies.definitions.target_features import declare_features
from strategies.expectations import expect
from strategies.meaning import resolve
from strategies.objects.builder import ObjectBuilder
from strategies.objects.code import Code
from strategies.objects.parts import Style
from strategies.packaging.archives import plain_archive
from strategies.packaging.inputs import RECORD_BYTES as PACKAGING_BYTES
from strategies.packaging.inputs import package
from strategies.program import (
    GROUPS,
    NOT_RELOCATABLE,
    VOID,
    Program,
    Unit,
    finish_function,
)
from strategies.statements import statements
from strategies.uses.addresses import EXTEND
from strategies.uses.references import use

# With these, objects define tables, which those of WebAssembly 1.0 cannot.
TABLE_MAKERS = frozenset({"tables", "tags", "refusals", "disagreements", "newer-engines"})
MASK_BYTES = (len(GROUPS) + 7) // 8
HEADER_BYTES = 2 * MASK_BYTES + 16 + PACKAGING_BYTES + spellings.RECORD_BYTES
RECORD_BYTES = 11

_record = st.binary(min_size=RECORD_BYTES, max_size=RECORD_BYTES)
_header = st.binary(min_size=HEADER_BYTES, max_size=HEADER_BYTES)


def _groups(record: Record, also: Collection[str], avoid: Collection[str]) -> frozenset[str]:
    """Which groups of features the case has: a quarter of them, seldom few or most."""
    first = [record.byte() for _ in range(MASK_BYTES)]
    second = [record.byte() for _ in range(MASK_BYTES)]
    mode = record.byte()
    chosen = []
    for number, group in enumerate(GROUPS):
        byte, bit = number >> 3, 1 << (number & 7)
        a, b = first[byte] & bit, second[byte] & bit
        rotated = first[(byte + 1) % MASK_BYTES] & (bit << 3 if bit < 32 else bit >> 5)
        if mode < 200:
            on = a and b
        elif mode < 232:
            on = a and b and rotated
        else:
            on = a or b
        if on:
            chosen.append(group)
    for group in also:
        if record.byte() & 1:
            chosen.append(group)
    if {"archive-shapes", "library-search"}.intersection(chosen) and record.byte() & 1:
        chosen.append("archives")
    groups = frozenset(chosen).difference(avoid)
    if "steps" in groups and "known-bugs" not in groups:
        # wasm-ld 22 -r forgets what is to be retained, and writes tables that lost.
        groups -= {"start-stop"} | ({"tables"} if "weak" in groups else set())
    if "relocatable" in groups:
        groups -= NOT_RELOCATABLE
        if "known-bugs" not in groups:
            # wasm-ld 22 -r crashes on a weak reference to what waits in an archive.
            groups -= {"weak-references"}
    return groups


def _make_units(groups: frozenset[str], record: Record) -> list[Unit]:
    """The objects, the first of them always on the command line by itself."""
    count = (1, 2, 2, 3, 3, 4, 5, 2)[record.byte() >> 5]
    style_byte = record.byte()
    style = Style()
    # wasm-ld 22 -r keeps what a group lost, and breaks the name section if it has a name there.
    again = bool(groups & {"steps", "relocatable"}) and "known-bugs" not in groups
    if "style" in groups:
        style = Style(
            padded_sizes=not style_byte & 1,
            linear_memory_import=not style_byte & 2,
            element_section=not style_byte & 4,
            name_section=bool(style_byte & 8) and not (again and "comdats" in groups),
            garbage_in_sites=bool(style_byte & 16),
            reversed_symbols=bool(style_byte & 32),
            padded_bodies=bool(style_byte & 64),
            data_count=bool(style_byte & 128),
            mvp_table=not groups & TABLE_MAKERS and style_byte & 3 == 3,
        )
    units = []
    for position in range(count):
        unit = Unit(position, ObjectBuilder(f"object{position}.o", style))
        choice = record.byte()
        if "archives" in groups and position:
            unit.package = ("plain", "member", "member", "whole", "lazy", "member")[choice * 6 >> 8]
            unit.library = choice & 1
        units.append(unit)
    return units


def _finish_code(program: Program) -> None:
    """End every body that was left open for uses."""
    done: set[int] = set()
    for slot in program.slots:
        for definition in slot.definitions:
            code = definition.code
            if code is not None and id(code) not in done:
                done.add(id(code))
                cell = definition.cell
                finish_function(code, slot.signature, definition.constant, cell)
    for probe in program.probes:
        if not probe.terms:
            probe.code.raw(b"\x41\x00")
        if probe.wide:
            probe.code.raw(EXTEND)
        probe.code.raw(b"\x0b")


def _entry(program: Program, record: Record) -> list[str]:
    """The entry point: none, `_start`, or a probe."""
    choice = record.byte()
    if program.has("relocatable"):
        return ["--relocatable"]
    if "--entry" in program.options:
        return [f"--entry={program.options['--entry']}"]
    if program.has("export-options") and choice >= 128 and program.probes:
        if choice & 1:
            # An archive member that defines the entry is taken for its sake.
            unit = program.units[(choice >> 2) % len(program.units)]
            code = Code()
            code.raw(b"\x0b")
            hidden = int(SymbolFlag.VISIBILITY_HIDDEN)
            unit.builder.define_function("_start", VOID, code, hidden)
            program.wanted.append("_start")
            return []
        named = (p for p in program.probes if p.unit == 0 and p.export.isidentifier())
        probe = next(named, None)
        if probe is not None:
            program.wanted.append(probe.export)
            return ["--entry", probe.export] if choice & 2 else [f"--entry={probe.export}"]
    return ["--no-entry"]


def make_program(
    header: bytes,
    defined: Sequence[bytes],
    used: Sequence[bytes],
    beside: Sequence[bytes],
    switched: Sequence[bytes],
    also: Collection[str] = (),
    avoid: Collection[str] = (),
) -> tuple[Program, list[ObjectFile], Record]:
    """The program that the drawn bytes mean, and its objects."""
    record = Record(header)
    groups = _groups(record, also, avoid)
    program = Program(groups, _make_units(groups, record))
    tail = Record(header[-PACKAGING_BYTES:])
    kinds = definitions(program)
    for data in defined:
        choices = Record(data)
        statement = choices.pick(kinds)
        statement(program, program.units[choices.below(len(program.units))], choices)
    for data in used:
        use(program, Record(data))
    for others, records in (
        (options.statements(program) + asides.options(program), switched),
        (statements(program) + asides.statements(program), beside),
    ):
        if others:
            for data in records:
                choices = Record(data)
                choices.pick(others)(program, choices)
    program.arguments += _entry(program, tail)
    _finish_code(program)
    if program.has("shared-memory"):
        program.arguments.append("--shared-memory")
        if "--max-memory" not in program.options:
            program.arguments.append("--max-memory=16777216")
    if program.has("emit-relocs") and not program.has("relocatable"):
        program.arguments.append("--emit-relocs")
    declare_features(program)
    make_room(program)
    return program, [unit.builder.finish() for unit in program.units], tail


def make_case(
    header: bytes,
    defined: Sequence[bytes],
    used: Sequence[bytes],
    beside: Sequence[bytes],
    switched: Sequence[bytes],
    also: Collection[str] = (),
    avoid: Collection[str] = (),
) -> LinkCase:
    """The link case that the drawn bytes mean; `also` and `avoid` as in `link_cases`."""
    drawn = (header, defined, used, beside, switched)
    program, objects, tail = make_program(*drawn, also, avoid)
    packed = package(program, objects, tail)
    wanted = list(program.wanted)
    if program.has_destructors and not program.is_reactor:
        wanted.append("__wasm_call_dtors")
    builders = [unit.builder for unit in program.units]
    meaning = resolve(builders, packed.order, wanted, program.wraps, program.stub_lines)
    if program.stub_lines and not program.is_vague:
        # Linkers may go through the lines in any order.
        back = resolve(builders, packed.order, wanted, program.wraps, program.stub_lines[::-1])
        program.is_vague = back.loaded != meaning.loaded
    if packed.prelinks and not program.is_vague:
        # In a step, what an object lacks may be found before an archive is asked for it.
        eager_first = sorted(packed.order, key=lambda entry: entry[1])
        other = resolve(builders, eager_first, wanted, program.wraps, program.stub_lines)
        # And the group that is first in a step may lose in the last link.
        split = meaning.has_names_in_and_outside_groups()
        program.is_vague = split or other.loaded != meaning.loaded
    expectations = expect(program, meaning, packed.refusal, bool(packed.prelinks))
    inputs = packed.words
    for word in inputs:
        if word.startswith("-"):
            name = word[:2] if word[1] in "lL" else word.split("=")[0]
            program.note(f"option.{name}")
    drawn_words = header[:-PACKAGING_BYTES][-spellings.RECORD_BYTES :]
    arguments = respelled(program, (*program.arguments, *inputs), Record(drawn_words))
    counted = features.count(program, objects, expectations)
    groups = tuple(sorted(program.groups))
    return LinkCase(
        (*packed.input_files, *program.files),
        arguments,
        tuple(expectations),
        counted,
        groups,
        tuple(packed.prelinks),
    )


@st.composite
def link_cases(
    draw: st.DrawFn, *, also: Collection[str] = (), avoid: Collection[str] = ()
) -> LinkCase:
    """Link cases of the core: a few objects, options, and what must come of them.

    Shrinks towards one object with one function and one probe that calls it.

    Args:
        also: groups of `program.OPTIONAL_GROUPS` that half of the cases have as well.
        avoid: groups of `program.GROUPS` that no case has, to steer around a known finding.
    """
    header = draw(_header)
    defined = draw(st.lists(_record, min_size=1, max_size=16))
    used = draw(st.lists(_record, min_size=1, max_size=24))
    beside = draw(st.lists(_record, max_size=12))
    switched = draw(st.lists(_record, max_size=10))
    return make_case(header, defined, used, beside, switched, also, avoid)


def random_case(
    random: Random, *, also: Collection[str] = (), avoid: Collection[str] = ()
) -> LinkCase:
    """A case from a generator of random numbers: the same for one seed, wherever it runs.

    Cheaper than a draw of `link_cases`, and nothing can shrink it.
    """
    defined, used, beside, switched = (
        [random.randbytes(RECORD_BYTES) for _ in range(random.randint(least, most))]
        for least, most in ((1, 11), (1, 13), (0, 8), (0, 7))
    )
    header = random.randbytes(HEADER_BYTES)
    return make_case(header, defined, used, beside, switched, also, avoid)


@st.composite
def object_models(draw: st.DrawFn) -> ObjectFile:
    """One relocatable object file, as a model."""
    header = draw(_header)
    defined = draw(st.lists(_record, min_size=1, max_size=10))
    used = draw(st.lists(_record, max_size=12))
    beside = draw(st.lists(_record, max_size=4))
    _, objects, _ = make_program(header, defined, used, beside, ())
    return objects[0]


def object_files() -> st.SearchStrategy[bytes]:
    """Encoded relocatable object files."""
    return object_models().map(encode)


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """Archives of object files that belong together."""
    header = draw(_header)
    defined = draw(st.lists(_record, min_size=1, max_size=10))
    used = draw(st.lists(_record, max_size=12))
    program, objects, _ = make_program(header, defined, used, (), ())
    return plain_archive([unit.builder for unit in program.units], [encode(o) for o in objects])

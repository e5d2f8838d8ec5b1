"""Damaged link cases, drawn: which case, which file of it, which damage."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from random import Random

from hypothesis import strategies as st

from linker.format.archive import ARCHIVE_MAGIC, Member, parse_archive
from linker.format.constants import MAGIC
from linker.format.encode_archive import encode_archive
from linker.format.model import LinkingSection, ObjectFile
from linker.format.parse import parse
from strategies.case import Damaged, InputFile, LinkCase
from strategies.cases import link_cases, random_case
from strategies.choices import Record
from strategies.malformed import (
    archives,
    command_line,
    core,
    linking,
    relocations,
    sections,
    stub_libraries,
)
from strategies.malformed.damage import Damage
from strategies.malformed.mutations import RECORD_BYTES as CHANGE_BYTES
from strategies.malformed.mutations import changes, mutate

OBJECT_DAMAGES: tuple[Damage, ...] = (
    *linking.DAMAGES,
    *relocations.DAMAGES,
    *core.DAMAGES,
    *sections.DAMAGES,
)
BLIND = "bytes"
# One step is enough: what is damaged is read in the first.
WITHOUT = ("steps",)
ALL_DAMAGES: tuple[str, ...] = tuple(
    sorted(
        f"malformed.{name}"
        for name in (
            *(damage.name for damage in OBJECT_DAMAGES),
            *(damage.name for damage in archives.DAMAGES),
            *(damage.name for damage in command_line.DAMAGES),
            *(damage.name for damage in stub_libraries.DAMAGES),
            BLIND,
        )
    )
)
"""The names of all features of the lane."""

RECORD_BYTES = 10
_RECORD = st.binary(min_size=RECORD_BYTES, max_size=RECORD_BYTES)
_OBJECT = {damage.name: at for at, damage in enumerate(OBJECT_DAMAGES)}
_ARCHIVE = {damage.name: damage for damage in archives.DAMAGES}
_STUB = {damage.name: damage for damage in stub_libraries.DAMAGES}
_LINE = {damage.name: damage for damage in command_line.DAMAGES}
# A fifth of the cases are changed blindly.
_WAYS = (*_OBJECT, *_ARCHIVE, *_STUB, *_LINE, *(BLIND,) * (len(ALL_DAMAGES) // 4))
_WAY = st.integers(0, len(_WAYS) - 1)


def damage_object(file: ObjectFile, name: str, record: Record) -> tuple[Damage, bytes]:
    """The damage of that name, or the next one that the object has room for, and its bytes."""
    first = _OBJECT[name]
    choices = bytes(record.byte() for _ in range(6))
    for damage in (*OBJECT_DAMAGES[first:], *OBJECT_DAMAGES[:first]):
        data = damage.apply(file, Record(choices))
        if data is not None:
            return damage, data
    raise AssertionError("every object can lose its bytes")


def _case(
    case: LinkCase,
    files: Sequence[InputFile],
    arguments: Sequence[str],
    name: str,
    refused: bool,
    rule: str,
) -> LinkCase:
    expectation = Damaged(name, refused, rule)
    return dataclasses.replace(
        case,
        files=tuple(files),
        arguments=tuple(arguments),
        expectations=(expectation,),
        features=((f"malformed.{name}", 1),),
    )


def _replaced(case: LinkCase, at: int, content: bytes) -> list[InputFile]:
    files = list(case.files)
    files[at] = InputFile(files[at].name, content)
    return files


def _is_read(case: LinkCase, at: int) -> bool:
    """Whether the command line names the file, so that no search may find another one."""
    return case.files[at].name in case.arguments


def _objects_in(content: bytes) -> list[int]:
    """The members of an archive that are objects, by number; [0] for an object."""
    if content.startswith(MAGIC):
        return [0]
    if not content.startswith(ARCHIVE_MAGIC):
        return []
    members = parse_archive(content, "").members
    return [number for number, member in enumerate(members) if member.data.startswith(MAGIC)]


def _damaged_object(case: LinkCase, name: str, record: Record) -> LinkCase:
    """One object of the case, or a member of one of its archives, damaged."""
    candidates = [n for n, file in enumerate(case.files) if _objects_in(file.content)]
    at = candidates[record.below(len(candidates))]
    content = case.files[at].content
    if content.startswith(MAGIC):
        damage, data = damage_object(parse(content, ""), name, record)
    else:
        members = list(parse_archive(content, "").members)
        objects = _objects_in(content)
        which = objects[record.below(len(objects))]
        damage, damaged = damage_object(parse(members[which].data, ""), name, record)
        if not damaged.startswith(MAGIC):
            # A member that is no object is left out with a warning.
            damage = damage._replace(refused=False)
        members[which] = Member(members[which].name, damaged)
        data = encode_archive(members, symbol_table=False)
    files = _replaced(case, at, data)
    refused = damage.refused and _is_read(case, at)
    return _case(case, files, case.arguments, damage.name, refused, damage.rule)


def _damaged_archive(case: LinkCase, damage: archives.ArchiveDamage, record: Record) -> LinkCase:
    """An archive that is wrong, in place of the first object or archive that has members."""
    at = 0
    for number, file in enumerate(case.files):
        if file.content.startswith(ARCHIVE_MAGIC):
            members = list(parse_archive(file.content, "").members)
            if members:
                at = number
                break
    else:
        members = [Member("object.o", case.files[0].content)]
    files = _replaced(case, at, damage.apply(members, record))
    refused = damage.refused and _is_read(case, at)
    return _case(case, files, case.arguments, damage.name, refused, archives.AR)


def _damaged_line(case: LinkCase, damage: command_line.LineDamage, record: Record) -> LinkCase:
    words, files = damage.apply(record)
    given = case.arguments
    places = _places(given)
    at = places[record.below(len(places))]
    where = len(given) if record.byte() & 1 else at
    arguments = [*given[:where], *words, *given[where:]]
    # In the middle, what is wrong with a switch may be right, or an option may come again.
    refused = damage.refused and where == len(given)
    return _case(case, [*case.files, *files], arguments, damage.name, refused, command_line.WASM_LD)


def _places(given: Sequence[str]) -> list[int]:
    """Where words can be put in without becoming the value of an option, of which LLVM itself may
    speak: in front of an option, if it is none that `-mllvm` passes on, and at the end."""
    passed_on = {at + 1 for at, word in enumerate(given) if word in ("-mllvm", "--mllvm")}
    options = (at for at, word in enumerate(given) if word.startswith("-") and at not in passed_on)
    return [*options, len(given)]


def _damaged_stub_library(
    case: LinkCase, damage: stub_libraries.StubDamage, record: Record
) -> LinkCase:
    """A stub library on names of the program, in front of all else."""
    names = sorted(
        {
            symbol.name
            for file in case.files
            if file.content.startswith(MAGIC)
            for section in parse(file.content, "").sections
            if isinstance(section, LinkingSection)
            for symbol in section.symbols
            if symbol.name and not symbol.is_local
        }
    )
    content = damage.apply(names or ["nowhere"], record)
    files = [*case.files, InputFile(stub_libraries.FILE, content)]
    words = (stub_libraries.FILE, *case.arguments)
    return _case(case, files, words, damage.name, damage.refused, stub_libraries.RULE)


def damage_case(
    case: LinkCase, name: str, choices: bytes, changed: list[bytes] | None = None
) -> LinkCase:
    """A well-formed case with the damage of that name; `changed` are the blind changes."""
    record = Record(choices)
    if name in _OBJECT:
        return _damaged_object(case, name, record)
    if name in _ARCHIVE:
        return _damaged_archive(case, _ARCHIVE[name], record)
    if name in _STUB:
        return _damaged_stub_library(case, _STUB[name], record)
    if name in _LINE:
        return _damaged_line(case, _LINE[name], record)
    # What LLVM itself says of an option that `-mllvm` passes on is not the linker's.
    candidates = [n for n, file in enumerate(case.files) if b"-mllvm" not in file.content]
    at = candidates[record.below(len(candidates))]
    files = _replaced(case, at, mutate(case.files[at].content, changed or []))
    return _case(case, files, case.arguments, BLIND, False, "unspecified")


@st.composite
def malformed_cases(draw: st.DrawFn, *, avoid: Collection[str] = ()) -> LinkCase:
    """Link cases of which one thing is wrong or odd.

    Each damage of the catalogue is as likely as the others; in a fifth of the cases, a few bytes
    of a file are changed blindly. `avoid` as for `link_cases`.
    """
    # Drawn before the case: what hypothesis draws late is often the simplest there is. Two
    # numbers, since it likes to draw the one number again.
    name = _WAYS[(draw(_WAY) + draw(_WAY)) % len(_WAYS)]
    choices = draw(_RECORD)
    changed = draw(changes()) if name == BLIND else None
    return damage_case(draw(link_cases(avoid={*avoid, *WITHOUT})), name, choices, changed)


def random_malformed_case(random: Random) -> LinkCase:
    """A case from a generator of random numbers, as `strategies.random_case`."""
    name = random.choice(_WAYS)
    choices = random.randbytes(RECORD_BYTES)
    changed = [random.randbytes(CHANGE_BYTES) for _ in range(random.choice((1, 1, 2, 4)))]
    return damage_case(random_case(random, avoid=WITHOUT), name, choices, changed)

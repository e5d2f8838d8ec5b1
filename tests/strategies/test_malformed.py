"""The malformed lane: every damage is made, is wrong as it says, and is named by the reference."""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.linking import reader
from linker.driver import LinkOutput, run
from linker.format.archive import Member
from linker.format.encode import encode
from linker.format.model import ObjectFile
from linker.format.parse import parse
from strategies import LinkCase, link_cases
from strategies.cases import object_models, random_case
from strategies.choices import Record
from strategies.malformed import (
    ALL_DAMAGES,
    OBJECT_DAMAGES,
    Damage,
    malformed_cases,
    random_malformed_case,
)
from strategies.malformed.archives import DAMAGES as ARCHIVE_DAMAGES
from strategies.malformed.archives import ArchiveDamage
from strategies.malformed.cases import damage_case, damage_object
from strategies.malformed.command_line import DAMAGES as LINE_DAMAGES
from strategies.malformed.command_line import LineDamage
from strategies.malformed.mutations import mutate
from strategies.malformed.stub_libraries import DAMAGES as STUB_DAMAGES
from strategies.malformed.stub_libraries import FILE as STUB_FILE
from strategies.malformed.stub_libraries import StubDamage
from tests.strategies import running

CASES = 2000
PLACE = re.compile(r"object\.o: .* \((?:section (\S+), )?offset 0x([0-9a-f]+)\b.*\)$")
# All kinds of symbols, sections and relocations are in one of these.
MODELS = [
    parse(file.content, "object.o")
    for seed in range(60)
    for file in random_case(random.Random(seed)).files
    if file.content.startswith(b"\0asm")
]


def link(case: LinkCase, dialect: str = "standard") -> LinkOutput:
    return run((*case.arguments, "-o", "out.wasm"), reader(case), dialect)


def link_files(files: dict[str, bytes], *arguments: str) -> LinkOutput:
    def read(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[name]

    return run((*arguments, "--no-entry", "-o", "out.wasm"), read)


def damaged_by(damage: Damage) -> list[bytes]:
    """What the damage makes of objects, with several choices each."""
    source = random.Random(damage.name)
    made = []
    for model in MODELS:
        data = damage.apply(model, Record(source.randbytes(8)))
        if data is not None:
            made.append(data)
        if len(made) == 12:
            break
    return made


def test_2000_cases_have_every_damage() -> None:
    source = random.Random(1)
    found = Counter(
        name for _ in range(CASES) for name, _ in random_malformed_case(source).features
    )
    assert found.total() == CASES
    assert set(ALL_DAMAGES) == found.keys()


def test_all_names_are_in_the_catalogue_once() -> None:
    names = [damage.name for damage in OBJECT_DAMAGES]
    names += [damage.name for damage in ARCHIVE_DAMAGES]
    names += [damage.name for damage in LINE_DAMAGES]
    names += [damage.name for damage in STUB_DAMAGES]
    assert sorted(f"malformed.{name}" for name in (*names, "bytes")) == list(ALL_DAMAGES)


@pytest.mark.parametrize("damage", OBJECT_DAMAGES, ids=lambda damage: damage.name)
def test_a_damage_of_an_object_is_refused_at_its_place(damage: Damage) -> None:
    made = damaged_by(damage)
    assert made, "no object has room for it"
    for data in made:
        output = link_files({"object.o": data}, "object.o")
        if not damage.refused:
            # Odd: whatever comes of it, it is one of the two.
            assert (output.module is None) == bool(output.errors)
            continue
        assert output.module is None
        assert output.errors
        place = PLACE.match(output.errors[0])
        if damage.section is None and place is None:
            # No object at all any more.
            assert "object.o" in output.errors[0]
            continue
        assert place is not None, output.errors[0]
        assert 0 <= int(place[2], 16) <= len(data)
        if damage.section is not None:
            assert (place[1] or "") == damage.section, output.errors[0]


@pytest.mark.parametrize("damage", ARCHIVE_DAMAGES, ids=lambda damage: damage.name)
def test_a_damage_of_an_archive_is_refused(damage: ArchiveDamage) -> None:
    for seed in range(8):
        members = [Member(file.name, file.content) for file in random_case(random.Random(3)).files]
        data = damage.apply(members, Record(random.Random(seed).randbytes(8)))
        output = link_files({"lib.a": data}, "lib.a")
        if damage.refused:
            assert output.module is None
            assert any("lib.a" in error for error in output.errors)


@pytest.mark.parametrize("damage", STUB_DAMAGES, ids=lambda damage: damage.name)
def test_a_damage_of_a_stub_library_is_refused_only_if_it_is_none(
    damage: StubDamage, tmp_path: Path
) -> None:
    """wasm-ld 22 makes the same of it."""
    case = random_case(random.Random(4), avoid=("steps",))
    for seed in range(6):
        damaged = damage_case(case, damage.name, random.Random(seed).randbytes(10))
        folder = tmp_path / str(seed)
        folder.mkdir()
        module, said = running.link(damaged, folder)
        output = link(damaged, "lld-22")
        assert output.module == module, said
        if damage.refused:
            assert f"unknown file type: {STUB_FILE}" in output.errors


@pytest.mark.parametrize("damage", LINE_DAMAGES, ids=lambda damage: damage.name)
def test_a_damage_of_a_command_line_is_refused(damage: LineDamage) -> None:
    (file, *_) = random_case(random.Random(3)).files
    for seed in range(8):
        words, files = damage.apply(Record(random.Random(seed).randbytes(8)))
        read = {"a.o": file.content, **{entry.name: entry.content for entry in files}}
        output = link_files(read, "a.o", "--allow-undefined", *words)
        assert (output.module is None) == bool(output.errors)
        if damage.refused:
            assert output.errors, words


@given(damage=st.sampled_from(LINE_DAMAGES), choices=st.binary(min_size=8, max_size=8))
def test_a_damage_stands_between_options(damage: LineDamage, choices: bytes) -> None:
    """As the value of another option it would be something else, or LLVM's own affair."""
    given = ("-mllvm", "-inline-threshold=10", "--entry", "f", "a.o")
    damaged = damage_case(LinkCase((), given, (), ()), damage.name, choices).arguments
    assert {given[0:2], given[2:4]} <= set(pairwise(damaged))


def test_what_has_nothing_to_damage_is_left_alone() -> None:
    """An object without sections is as good as another to draw."""
    empty = ObjectFile("empty.o", [])
    for name in [damage.name for damage in OBJECT_DAMAGES]:
        for choice in (0, 255):
            _, content = damage_object(empty, name, Record(bytes((choice,)) * 8))
            assert content != encode(empty)


@settings(max_examples=40, deadline=None)
@given(model=object_models(), choices=st.binary(min_size=8, max_size=8))
def test_a_damage_changes_the_object(model: object, choices: bytes) -> None:
    assert isinstance(model, ObjectFile)
    whole = encode(model)
    for damage in OBJECT_DAMAGES:
        assert damage.apply(model, Record(choices)) != whole, damage.name


@settings(max_examples=60, deadline=None)
@given(case=malformed_cases(), dialect=st.sampled_from(("standard", "lld-22")))
def test_a_damaged_case_links_or_is_refused(case: LinkCase, dialect: str) -> None:
    """Any bytes in, never an exception out."""
    output = link(case, dialect)
    assert (output.module is None) == bool(output.errors)
    damaged = case.damaged
    assert damaged is not None
    if damaged.refused and dialect == "standard":
        assert output.errors, damaged


@settings(max_examples=20, deadline=None)
@given(case=link_cases(), changes=st.lists(st.binary(min_size=7, max_size=7), max_size=4))
def test_blind_changes_are_a_function_of_their_records(
    case: LinkCase, changes: list[bytes]
) -> None:
    content = case.files[0].content
    assert mutate(content, changes) == mutate(content, changes)
    assert mutate(content, []) == content

"""Link cases: deterministic, readable, and right by the real wasm-ld."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings

from linker.format.archive import parse_archive
from linker.format.constants import MAGIC
from linker.format.encode import encode
from linker.format.errors import MalformedFile
from linker.format.parse import parse
from strategies import (
    LinkCase,
    MustRefuse,
    ProbeReturns,
    archives,
    link_cases,
    make_case,
    mutated,
    mutated_cases,
    object_files,
    random_case,
    write_case,
)
from strategies.case import MESSAGE_CLASSES
from strategies.cases import HEADER_BYTES
from strategies.feature_names import ALL_FEATURES, OPTIONAL_FEATURES
from strategies.program import OPTIONAL_GROUPS
from tests.strategies.running import broken_expectations, make_engine

QUIET = settings(
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


def collect(count: int, number: int = 0) -> list[LinkCase]:
    """The first cases of the run with that seed."""
    cases: list[LinkCase] = []

    @seed(number)
    @settings(QUIET, max_examples=count)
    @given(link_cases())
    def gather(case: LinkCase) -> None:
        cases.append(case)

    gather()
    return cases


def test_the_simplest_case_is_one_object_and_one_call() -> None:
    """Zeros mean one object whose probe calls its one function."""
    case = make_case(bytes(HEADER_BYTES), [bytes(11)], [bytes(11)], [], [])
    assert [file.name for file in case.files] == ["object0.o"]
    assert case.arguments == ("--no-entry", "object0.o")
    probes = [e for e in case.expectations if isinstance(e, ProbeReturns)]
    assert [(p.export, p.rule) for p in probes] == [("probe_0", "Linking.md, Symbol Table")]


def test_the_same_bytes_give_the_same_case() -> None:
    """A case depends on nothing but what was drawn."""
    records = [bytes(range(n, n + 11)) for n in range(0, 200, 23)]
    header = bytes((n * 37) & 0xFF for n in range(HEADER_BYTES))
    first = make_case(header, records, records, records, records)
    assert make_case(header, records, records, records, records) == first


def test_shrinking_finds_a_small_case() -> None:
    """A case that shows one feature shrinks to little more than that feature."""

    def wanted(case: LinkCase) -> bool:
        return dict(case.features).get("symbol.global.strong", 0) > 0

    quick = settings(database=None, deadline=None, derandomize=True, max_examples=600)
    # Mistakes of "diagnostics" may be about globals, too.
    case = find(link_cases(avoid=("diagnostics",)), wanted, settings=quick)
    assert len(case.files) == 1
    assert sum(len(file.content) for file in case.files) < 420
    assert case.arguments == ("--no-entry", "object0.o")


@settings(QUIET, max_examples=150)
@given(link_cases())
def test_cases_are_well_formed(case: LinkCase) -> None:
    """Each input parses and encodes back; names are distinct; a refusal stands alone."""
    assert len({file.name for file in case.files}) == len(case.files)
    for file in case.files:
        if file.name.endswith(".a") and file.content.startswith((b"!<arch>", b"!<thin>")):
            archive = parse_archive(file.content, file.name)
            names = [posixpath.join(posixpath.dirname(file.name), m.name) for m in archive.members]
            there = {posixpath.normpath(name) for name in names} & {f.name for f in case.files}
            assert not archive.thin or len(there) in (len(set(names)), len(set(names)) - 1)
            objects = [member.data for member in archive.members]
        else:
            objects = [file.content]
        for content in objects:
            if content.startswith(MAGIC):
                assert encode(parse(content, file.name)) == content
    refusal = case.must_refuse
    if refusal is not None:
        assert case.expectations == (refusal,)
        assert refusal.message_class in MESSAGE_CLASSES
    assert list(case.features) == sorted(case.features)


@settings(QUIET, max_examples=60)
@given(object_files())
def test_object_files_read_back(data: bytes) -> None:
    assert encode(parse(data, "x.o")) == data


@settings(QUIET, max_examples=60)
@given(archives())
def test_archives_read_back(data: bytes) -> None:
    archive = parse_archive(data, "x.a")
    for member in archive.members:
        parse(member.data, member.name)
    assert all(index < len(archive.members) for _, index in archive.symbols)


@settings(QUIET, max_examples=200)
@given(mutated())
def test_mutated_objects_parse_or_are_malformed(data: bytes) -> None:
    """Nothing but the one error class comes of a malformed file."""
    with suppress(MalformedFile):
        parse(data, "x.o")


@settings(QUIET, max_examples=60)
@given(mutated_cases())
def test_mutated_cases_expect_nothing(case: LinkCase) -> None:
    assert case.expectations == ()


def test_write_case_writes_every_file(tmp_path: Path) -> None:
    case = make_case(bytes(HEADER_BYTES), [bytes(11)], [bytes(11)], [], [])
    write_case(case, tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        file.name: file.content for file in case.files
    }


def judge(count: int) -> None:
    """Fail if wasm-ld 22 breaks an expectation of one of the first cases."""
    engine = make_engine()
    cases = collect(count)
    for case in cases:
        with TemporaryDirectory() as folder:
            broken = broken_expectations(case, Path(folder), engine)
        assert broken == [], (case.arguments, broken)
    refused = sum(isinstance(e, MustRefuse) for case in cases for e in case.expectations)
    assert refused < count / 4


def test_wasm_ld_meets_the_expectations() -> None:
    """The generator knows what a case means: the real linker and engine agree with it."""
    judge(120)


@pytest.mark.slow
def test_wasm_ld_meets_the_expectations_of_many_cases() -> None:
    judge(2000)


def check_features(cases: Iterable[LinkCase]) -> None:
    """Fail if a promised feature is not made, or one that is made is not promised."""
    made = {name for case in cases for name, _ in case.features}
    assert set(ALL_FEATURES) - made == set()
    assert made - set(ALL_FEATURES) == set()


def test_two_thousand_cases_make_every_feature() -> None:
    """Each feature that the strategies promise is made, and no feature is unknown to the list."""
    random = Random(23)
    check_features(random_case(random) for _ in range(2000))


def test_two_thousand_cases_make_every_optional_feature() -> None:
    """With the groups that a case has only when they are asked for."""
    random = Random(22)
    known_bugs = (random_case(random, also=("known-bugs",)) for _ in range(700))
    all_groups = (random_case(random, also=OPTIONAL_GROUPS) for _ in range(1300))
    made = {
        name for cases in (known_bugs, all_groups) for case in cases for name, _ in case.features
    }
    assert set(OPTIONAL_FEATURES) - made == set()
    assert made - {*ALL_FEATURES, *OPTIONAL_FEATURES} == set()


@pytest.mark.slow
def test_hypothesis_makes_every_feature() -> None:
    """In runs as short as the chunks of a fuzz run: in a long one, cases are much alike."""
    check_features(case for number in range(60) for case in collect(200, number))


def test_steps_stand_in_order_and_name_what_is_there() -> None:
    """Each link with -r finds its inputs: files of the case, and outputs of steps before."""
    random = Random(7)
    cases = [random_case(random, avoid=("library-search", "diagnostics")) for _ in range(600)]
    stepped = [case for case in cases if case.prelinks]
    assert stepped
    for case in stepped:
        there = {file.name for file in case.files}
        for arguments, output in (
            *((step.arguments, step.output) for step in case.prelinks),
            (case.arguments, "out.wasm"),
        ):
            named = {word for word in arguments if word.endswith((".o", ".a"))}
            assert named <= there
            assert output not in there
            there.add(output)


# Groups that bring files of their own, or write names otherwise.
ASIDES = ("spellings", "no-effect-options", "diagnostics")


def test_the_files_of_a_case_stand_on_its_command_lines() -> None:
    random = Random(8)
    for _ in range(300):
        case = random_case(random, avoid=("archive-shapes", "library-search", *ASIDES))
        words = {*case.arguments, *(word for step in case.prelinks for word in step.arguments)}
        for file in case.files:
            stem = file.name.removeprefix("lib").partition(".")[0]
            assert {file.name, f"-l{stem}", f"-l:{file.name}"} & words


def test_a_group_that_is_avoided_is_not_made() -> None:
    """A user can steer around what is known, and ask for what is optional."""
    # Mistakes of "diagnostics" may be about tags, too.
    avoided = ("tags", "refusals", "diagnostics")
    random = Random(5)
    cases = [random_case(random, also=("thread-local",), avoid=avoided) for _ in range(300)]
    made = {name for case in cases for name, _ in case.features}
    assert "relocation.MEMORY_ADDR_TLS_SLEB" in made
    assert not [name for name in made if name.startswith(("symbol.tag", "refusal.global-type"))]

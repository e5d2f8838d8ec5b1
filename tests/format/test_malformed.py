"""Malformed files are refused with the place of the fault; odd ones are read."""

from __future__ import annotations

import tracemalloc

import pytest

from linker.format.encode import encode
from linker.format.errors import MalformedFile
from linker.format.parse import parse
from tests.format import malformed, malformed_linking, odd
from tests.format.malformed import HUGE, Malformed
from tests.format.malformed_words import WORDS
from tests.format.odd import Odd

MALFORMED = (*malformed.CASES, *malformed_linking.CASES)


@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: case.name)
def test_a_malformed_file_is_refused_at_its_fault(case: Malformed) -> None:
    with pytest.raises(MalformedFile) as caught:
        parse(case.data, "dir/lib.a(x.o)")
    error = caught.value
    assert (error.file, error.section, error.offset) == (
        "dir/lib.a(x.o)",
        case.section,
        case.offset,
    )
    where = f"section {case.section}, " if case.section else ""
    detail = f": {error.detail}" if error.detail else ""
    place = f"{where}offset 0x{case.offset:x}{detail}"
    assert str(error) == f"dir/lib.a(x.o): {error.problem} ({place})"
    assert case.problem in str(error)
    if case.name in WORDS:
        assert error.problem == WORDS[case.name]


@pytest.mark.parametrize(
    "case", [case for case in MALFORMED if HUGE in case.data], ids=lambda case: case.name
)
def test_a_huge_count_takes_no_memory(case: Malformed) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(MalformedFile):
            parse(case.data, "huge")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000


@pytest.mark.parametrize("case", odd.CASES, ids=lambda case: case.name)
def test_an_odd_file_is_read(case: Odd) -> None:
    object_file = parse(case.data, case.name)
    encoded = encode(object_file)
    assert (encoded == case.data) == case.same
    if not case.same:
        # What is lost is padding only: the shorter file says the same.
        assert len(encoded) < len(case.data)
        assert encode(parse(encoded, case.name)) == encoded

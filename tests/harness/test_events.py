"""The stream of events survives the disk, and one that is cut off is found out."""

from __future__ import annotations

import io

import msgspec
import pytest

from harness.divergence import Divergence, Severity
from harness.events import (
    Event,
    Found,
    IncompleteStream,
    LinkerInfo,
    Minimising,
    Progress,
    RunFinished,
    RunStarted,
    StreamWriter,
    Trouble,
    encode,
    read_stream,
)
from harness.totals import Totals

HEADER = RunStarted(
    versions={"python": "3"},
    linkers=(LinkerInfo("a", "1", "lld"),),
    lane="well-formed",
    seed=5,
    cases=2,
    seconds=None,
    workers=1,
    started="2026-01-01T00:00:00+00:00",
)
FOUND = Found(
    id="x-1",
    fingerprint="x.y: a",
    key="x.y",
    sides=(("a",), ()),
    blamed=("a",),
    severity="high",
    rule="unspecified",
    detail="two\nlines",
    case=1,
    size=3,
    original_size=9,
    path="findings/x-1",
)
MIDDLE: list[Event] = [
    Progress(0, cases=1, tallies={"ran": 1}, seconds={"link": 0.5}, met={"x.y: a": 1}),
    Minimising(0, "x.y: a", "high", 1),
    FOUND,
    Trouble("judge", "trace", None),
    Progress(1, cases=1, tallies={"ran": 1}, seconds={"link": 0.25}),
]
FOOTER = RunFinished(outcome="complete", cases=2, seconds=1.0, findings=1, troubles=1)
WHOLE = [HEADER, *MIDDLE, FOOTER]


def _lines(events: list[Event]) -> list[bytes]:
    file = io.BytesIO()
    writer = StreamWriter(file)
    for event in events:
        writer.handle(event)
    return file.getvalue().splitlines(keepends=True)


def test_what_is_read_is_what_was_written() -> None:
    lines = _lines(WHOLE)
    assert len(lines) == len(WHOLE)
    assert list(read_stream(lines)) == WHOLE


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (_lines([HEADER, *MIDDLE]), "without a footer"),
        ([], "without a footer"),
        (_lines([*MIDDLE, FOOTER]), "the header must be the first line"),
        (_lines([HEADER, HEADER, FOOTER]), "line 2: the header"),
        (_lines([HEADER, FOOTER, FOUND]), "after the footer"),
        ([encode(HEADER), b'{"event":"prog'], "line 2 is no event"),
        ([encode(HEADER), b'{"event":"other"}\n'], "line 2 is no event"),
    ],
)
def test_a_stream_that_is_not_whole_is_no_clean_run(lines: list[bytes], problem: str) -> None:
    with pytest.raises(IncompleteStream, match=problem):
        list(read_stream(lines))


def test_totals_add_up() -> None:
    totals = Totals()
    for event in WHOLE:
        totals.handle(event)
    assert totals.cases == 2
    assert totals.share("ran") == 1.0
    assert totals.seconds == {"link": 0.75}
    assert totals.met == {"x.y: a": 1}
    assert list(totals.findings) == ["x-1"]
    assert len(totals.troubles) == 1
    assert totals.header is HEADER
    assert totals.footer is FOOTER


def test_what_oracles_say_of_names_that_are_no_utf8_can_be_written() -> None:
    detail = Divergence("x", ((), ()), Severity.LOW, "name \udcff", "rule").detail
    event = msgspec.structs.replace(FOUND, detail=detail)
    assert b"name \xef\xbf\xbd" in encode(event)

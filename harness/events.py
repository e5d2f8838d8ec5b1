"""What a run tells of itself, as a stream that every report reads.

The first event is the header (`RunStarted`), the last one the footer (`RunFinished`); a stream
without footer is not taken for a clean run. On disk the stream is NDJSON: one event a line,
its kind in the field `event`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, TypeAlias

import msgspec

STREAM_VERSION = 1


class LinkerInfo(msgspec.Struct, frozen=True):
    """A linker that takes part."""

    name: str
    version: str
    kind: str


class RunStarted(msgspec.Struct, frozen=True, tag_field="event", tag="run-started"):
    """The header.

    Attributes:
        versions: of weldcheck, Python, hypothesis and the validators.
        lane: what its cases are like, one of `harness.lanes.LANES`.
        seed: the seed of the whole run.
        cases: how many cases are asked for, None for no such bound.
        seconds: for how long the run may last, None for no such bound.
        started: the time of the start, ISO 8601 in UTC.
    """

    versions: dict[str, str]
    linkers: tuple[LinkerInfo, ...]
    lane: str
    seed: int
    cases: int | None
    seconds: float | None
    workers: int
    started: str
    stream: int = STREAM_VERSION


class Progress(msgspec.Struct, tag_field="event", tag="progress"):
    """What one worker did since its last event of this kind; all numbers are to be added up.

    Attributes:
        cases: cases judged.
        tallies: "linked by all" (linkers that could be asked), "validated", "ran".
        outcomes: "LINKER OUTCOME" -> cases.
        inconclusives: reason -> how often.
        features: feature -> how many cases had it.
        occurrences: feature -> how often it occurred in all.
        pairs: features that this worker met in one case for the first time, two and two.
        met: fingerprint -> cases that showed it.
        seconds: stage ("generate", "link", "judge") or linker ("link LINKER") -> time.
    """

    worker: int
    cases: int = 0
    tallies: dict[str, int] = msgspec.field(default_factory=dict)
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    inconclusives: dict[str, int] = msgspec.field(default_factory=dict)
    features: dict[str, int] = msgspec.field(default_factory=dict)
    occurrences: dict[str, int] = msgspec.field(default_factory=dict)
    pairs: list[tuple[str, str]] = msgspec.field(default_factory=list)
    met: dict[str, int] = msgspec.field(default_factory=dict)
    seconds: dict[str, float] = msgspec.field(default_factory=dict)


class Minimising(msgspec.Struct, frozen=True, tag_field="event", tag="minimising"):
    """A divergence of a new kind was met; it is being made smaller."""

    worker: int
    fingerprint: str
    severity: str
    case: int


class Found(msgspec.Struct, frozen=True, tag_field="event", tag="found"):
    """A finding, confirmed and stored.

    Attributes:
        case: number of the case in the run in which it was met first.
        size: bytes of its inputs after minimising, and `original_size` before.
        path: folder in which it is stored.
    """

    id: str
    fingerprint: str
    key: str
    sides: tuple[tuple[str, ...], tuple[str, ...]]
    blamed: tuple[str, ...]
    severity: str
    rule: str
    detail: str
    case: int
    size: int
    original_size: int
    path: str


class Trouble(msgspec.Struct, frozen=True, tag_field="event", tag="trouble"):
    """Something went wrong in the harness itself: no verdict on any linker.

    Attributes:
        place: where ("generate", "judge", "minimise", "store", "worker").
        text: what, with the trace.
        case: number of the case, None if it is not known.
        path: where the case was kept, "" if nowhere.
    """

    place: str
    text: str
    case: int | None
    path: str = ""


class RunFinished(msgspec.Struct, frozen=True, tag_field="event", tag="run-finished"):
    """The footer.

    Attributes:
        outcome: "complete", "interrupted" or "failed".
        findings: how many different ones.
        troubles: how many events of that kind there were.
    """

    outcome: str
    cases: int
    seconds: float
    findings: int
    troubles: int


Event: TypeAlias = RunStarted | Progress | Minimising | Found | Trouble | RunFinished

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Event)


class IncompleteStream(Exception):
    """A stream of events without header or footer, or with a line that is none."""


def encode(event: Event) -> bytes:
    """One line of NDJSON, newline included."""
    return _ENCODER.encode(event) + b"\n"


def read_stream(lines: Iterable[bytes]) -> Iterator[Event]:
    """The events of a stored stream.

    Raises:
        IncompleteStream: at the place where the stream is not what it must be.
    """
    last: Event | None = None
    for number, line in enumerate(lines, 1):
        try:
            event: Event = _DECODER.decode(line)
        except msgspec.DecodeError as problem:
            raise IncompleteStream(f"line {number} is no event: {problem}") from problem
        if (number == 1) != isinstance(event, RunStarted):
            raise IncompleteStream(f"line {number}: the header must be the first line")
        if isinstance(last, RunFinished):
            raise IncompleteStream(f"line {number}: an event after the footer")
        last = event
        yield event
    if not isinstance(last, RunFinished):
        raise IncompleteStream("the stream ends without a footer: the run did not end by itself")


class StreamWriter:
    """Writes every event to a file as NDJSON, at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def handle(self, event: Event) -> None:
        self._file.write(encode(event))
        self._file.flush()

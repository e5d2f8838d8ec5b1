"""What engine and workers of a fuzz run say to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from harness.divergence import Divergence
from harness.fingerprints import Fingerprint
from harness.minimise import Minimised, Strategy
from harness.oracles.judge import Bench
from harness.results import LinkResult
from harness.running import Limits

if TYPE_CHECKING:
    from harness.adapters.base import Linker
    from strategies.case import LinkCase


@dataclass(frozen=True)
class WorkPlan:
    """What every worker of a run knows.

    Attributes:
        strategy: makes the strategy of cases without some groups of features; a function that
            can be imported by name.
        shrink_seconds: time for minimising one finding.
        grace: time after the end of the run in which what was found may still be minimised.
        known: fingerprints, as text, that are counted and not minimised.
    """

    linkers: tuple[Linker, ...]
    strategy: Callable[[frozenset[str]], Strategy]
    limits: Limits = field(default_factory=Limits)
    shrink_seconds: float = 30.0
    grace: float = 20.0
    known: frozenset[str] = frozenset()
    bench: Callable[[], Bench] = Bench


class Ready(NamedTuple):
    """The worker works in that folder, which holds the case at hand should the worker die."""

    folder: str


class WantChunk(NamedTuple):
    """Asks for a chunk; answered with a Chunk or None.

    Attributes:
        groups: how many cases of the chunk before had each group of features, "" for all.
        hidden: fingerprint of what hides all else in a case -> the same count of its cases.
        unsupported: name of a linker -> the same count of cases that it could not be given.
    """

    groups: Mapping[str, int]
    hidden: Mapping[str, Mapping[str, int]]
    unsupported: Mapping[str, Mapping[str, int]]


class WantFinding(NamedTuple):
    """Asks whether this worker is to minimise a fingerprint; answered with a bool."""

    mark: Fingerprint


class Chunk(NamedTuple):
    """A run of cases.

    Attributes:
        seed: of hypothesis.
        first: number of its first case in the run.
        cases: how many.
        until: end of the run by `time.monotonic`, None for no end.
        avoid: groups of features that its cases do not have.
    """

    seed: int
    first: int
    cases: int
    until: float | None = None
    avoid: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Candidate:
    """A divergence that was minimised and confirmed, ready to be stored as a finding.

    Attributes:
        mark: the fingerprint of the finding.
        divergence: as the minimised case shows it.
        case: the minimised case; `original` the one that showed it first.
        results: of the minimised case.
        chunk: where it was drawn, at `position` in the chunk (from 0).
    """

    mark: Fingerprint
    divergence: Divergence
    case: LinkCase
    original: LinkCase
    results: tuple[LinkResult, ...]
    chunk: Chunk
    position: int
    minimised: Minimised

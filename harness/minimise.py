"""Making a divergence smaller: hypothesis draws the case again and shrinks it.

The cases of a chunk follow from its seed. To minimise what case number n showed, the chunk is
drawn again without linking anything up to n; there the divergence is raised as an exception of
its fingerprint's class, and hypothesis shrinks that.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Flaky
from hypothesis.internal.conjecture import providers
from hypothesis.strategies import SearchStrategy

from harness.fingerprints import DivergenceFound, Fingerprint, failure_class, fingerprint
from harness.steps import command_lines

if TYPE_CHECKING:
    from harness.divergence import Divergence, Verdict
    from strategies.case import LinkCase

Strategy = SearchStrategy["LinkCase"]


class Stop(BaseException):
    """Ends a run of hypothesis from inside, with no failure.

    Not an Exception: hypothesis takes those for failures of the test.
    """


def chunk_settings(cases: int, *phases: Phase) -> settings:
    """hypothesis as the harness needs it, whatever profile is loaded (`ci` derandomises)."""
    return settings(
        max_examples=cases,
        phases=phases,
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )


@contextlib.contextmanager
def _no_constants_of_modules() -> Iterator[None]:
    """Keeps hypothesis from drawing constants that it finds in the modules that are loaded.

    They make the cases of a seed depend on where the package is installed and on which of its
    modules are loaded by then; and they are written to `.hypothesis` in the user's folder.
    There is no public way to say so; where hypothesis has no such function, nothing is done.
    """
    name = "_get_local_constants"
    kept, kind = getattr(providers, name, None), getattr(providers, "Constants", None)
    if kept is None or kind is None:
        yield
        return
    nothing = kind()
    setattr(providers, name, lambda: nothing)
    _forget_what_may_be_drawn()
    try:
        yield
    finally:
        setattr(providers, name, kept)
        _forget_what_may_be_drawn()


def _forget_what_may_be_drawn() -> None:
    """hypothesis remembers it for each kind of value."""
    remembered = getattr(providers, "CONSTANTS_CACHE", None)
    if remembered is not None:
        remembered.cache.clear()


def draw_chunk(
    strategy: Strategy, number: int, cases: int, body: Callable[[LinkCase], None], *phases: Phase
) -> None:
    """Calls `body` with the cases of the chunk whose seed is `number`, the same every time."""

    @seed(number)
    @chunk_settings(cases, *phases)
    @given(strategy)
    def case_of_chunk(case: LinkCase) -> None:
        body(case)

    with _no_constants_of_modules():
        case_of_chunk()


def cost(case: LinkCase) -> int:
    """What makes a case smaller for a reader: bytes of its inputs, and words to type."""
    words = [word for line in command_lines(case).values() for word in line]
    return sum(len(file.content) + 16 for file in case.files) + sum(len(w) + 4 for w in words)


def pick(verdict: Verdict, mark: Fingerprint) -> Divergence | None:
    """The divergence of that fingerprint, if the verdict has one."""
    for divergence in verdict.divergences:
        if fingerprint(divergence) == mark:
            return divergence
    return None


@dataclass
class Minimised:
    """The smallest case that was seen to show a divergence.

    Attributes:
        tries: how many cases were linked for it.
        complete: whether hypothesis came to its end; else the time was over.
    """

    case: LinkCase
    tries: int
    complete: bool


def minimise(
    strategy: Strategy,
    number: int,
    cases: int,
    position: int,
    first: LinkCase,
    mark: Fingerprint,
    verdict_of: Callable[[LinkCase], Verdict],
    seconds: float,
) -> Minimised:
    """Shrinks what the case at `position` (from 0) of a chunk showed.

    Args:
        number, cases: seed and length of the chunk.
        first: the case at that position, the answer where nothing smaller is found.
        verdict_of: links and judges a case; it may raise Stop.
        seconds: time for it, counted from when the chunk is drawn up to the case.
    """
    best = Minimised(first, 0, complete=False)
    if seconds <= 0:
        return best
    until = 0.0
    count = 0
    failure = failure_class(mark)
    seen: dict[LinkCase, Divergence | None] = {}

    def body(case: LinkCase) -> None:
        nonlocal count, until
        count += 1
        if count <= position:
            return
        if not until:
            until = time.monotonic() + seconds
        if time.monotonic() > until:
            raise Stop
        # Different choices of hypothesis often make the same case.
        if case not in seen:
            best.tries += 1
            seen[case] = pick(verdict_of(case), mark)
        divergence = seen[case]
        if divergence is not None:
            # Of two as costly ones the later is hypothesis's choice: it ends with the simplest.
            if cost(case) <= cost(best.case):
                best.case = case
            raise failure(divergence)

    try:
        draw_chunk(strategy, number, cases, body, Phase.generate, Phase.shrink)
    except DivergenceFound:
        best.complete = True
    except (Stop, Flaky):
        # The time is over, or a linker answered otherwise this time; confirming will tell.
        pass
    return best

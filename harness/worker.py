"""One worker of a fuzz run: draws chunks of cases, links, judges, minimises, reports.

A worker is a process. It asks the engine for each chunk and for leave to minimise each new
fingerprint, and sends what happened (`harness.work_messages`).
"""

from __future__ import annotations

import contextlib
import itertools
import signal
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import Phase

from harness.divergence import Divergence, Severity, Verdict
from harness.events import Minimising, Progress, Trouble
from harness.fingerprints import Fingerprint, fingerprint
from harness.linking import Workplace
from harness.minimise import Minimised, Stop, draw_chunk, minimise, pick
from harness.oracles.judge import Pending, start
from harness.results import LinkResult, Outcome
from harness.steering import hides
from harness.work_messages import Candidate, Chunk, Ready, WantChunk, WantFinding, WorkPlan

if TYPE_CHECKING:
    from strategies.case import LinkCase

CONFIRMATIONS = 3
_REPORT_EVERY = 0.5


class New(NamedTuple):
    """A fingerprint that was met for the first time by this worker."""

    position: int
    case: LinkCase
    divergence: Divergence


class Worker:
    """Draws, links and judges until the engine has no more chunks for it."""

    def __init__(self, plan: WorkPlan, number: int, engine: Connection) -> None:
        self._plan = plan
        self._number = number
        self._engine = engine
        self._known: set[str] = set(plan.known)
        self._progress = Progress(number)
        self._pairs: set[tuple[str, str]] = set()
        self._groups: Counter[str] = Counter()
        self._hidden: dict[str, Counter[str]] = {}
        self._unsupported: dict[str, Counter[str]] = {}
        self._reported = time.monotonic()
        self._clock = time.perf_counter()
        self._until: float | None = None

    def run(self) -> None:
        """Works until there is no more to do, or the engine wants it to stop."""
        with Workplace(self._plan.limits) as place, self._plan.bench() as bench:
            self._place, self._bench = place, bench
            self._engine.send(Ready(str(place.folder)))
            try:
                while True:
                    chunk = self._ask(self._want_chunk())
                    if not isinstance(chunk, Chunk):
                        return
                    self._chunk(chunk)
            except Stop:
                return
            finally:
                self._report()

    def _want_chunk(self) -> WantChunk:
        seen = WantChunk(self._groups, self._hidden, self._unsupported)
        self._groups, self._hidden, self._unsupported = Counter(), {}, {}
        return seen

    def _ask(self, question: WantChunk | WantFinding) -> Chunk | bool | None:
        self._report()
        self._engine.send(question)
        answer = self._engine.recv()
        if isinstance(answer, str):
            raise Stop
        assert answer is None or isinstance(answer, Chunk | bool)
        return answer

    def _check_time(self) -> None:
        """Raises Stop when the run is over or the engine says so (or is gone)."""
        if self._until is not None and time.monotonic() > self._until:
            raise Stop
        if self._engine.poll():
            raise Stop

    def _report(self) -> None:
        if self._progress.cases or self._progress.seconds:
            self._engine.send(self._progress)
        self._progress = Progress(self._number)
        self._reported = time.monotonic()

    def _chunk(self, chunk: Chunk) -> None:
        """All cases of one chunk, then what they showed for the first time, minimised."""
        new: dict[Fingerprint, New] = {}
        waiting: tuple[int, LinkCase, tuple[LinkResult, ...], Pending] | None = None
        position = -1
        self._clock = time.perf_counter()
        self._until = chunk.until

        def finish() -> None:
            nonlocal waiting
            if waiting is None:
                return
            number, case, results, pending = waiting
            waiting = None
            try:
                verdict = pending.finish()
                marks = [(fingerprint(x), x) for x in verdict.divergences]
            except Exception:
                self._trouble("judge", chunk.first + number)
                return
            self._spend("judge")
            self._count(case, results, verdict)
            for mark, divergence in dict(marks).items():
                self._add(self._progress.met, str(mark))
                if hides(divergence):
                    self._hidden.setdefault(str(mark), Counter()).update(("", *case.groups))
            for mark, divergence in marks:
                if str(mark) not in self._known and mark not in new:
                    new[mark] = New(number, case, divergence)

        def body(case: LinkCase) -> None:
            nonlocal waiting, position
            position += 1
            self._spend("generate")
            # The case before was being run by the executor while this one was drawn.
            finish()
            self._check_time()
            try:
                results = self._place.link(case, self._plan.linkers)
                self._spend("link")
                pending = start(case, results, self._plan.linkers, self._bench)
                waiting = (position, case, results, pending)
                self._spend("judge")
            except Exception:
                self._trouble("judge", chunk.first + position)
            if time.monotonic() - self._reported > _REPORT_EVERY:
                self._report()

        strategy = self._plan.strategy(chunk.avoid)
        stopped: Stop | None = None
        try:
            draw_chunk(strategy, chunk.seed, chunk.cases, body, Phase.generate)
        except Stop as stop:
            stopped = stop
        except Exception:
            # The strategies themselves, or hypothesis: `body` lets no Exception out. The case
            # before is judged first, since a trouble ends what runs it.
            finish()
            self._trouble("generate", chunk.first + position + 1)
        finish()
        worst_first = sorted(new.items(), key=lambda item: -item[1].divergence.severity)
        while worst_first:
            try:
                self._new(chunk, *worst_first.pop(0))
            except Stop:
                for mark, seen in worst_first:
                    self._engine.send(self._as_met(chunk, mark, seen))
                raise
        if stopped is not None:
            raise stopped

    def _spend(self, stage: str) -> None:
        """Books the time since the last call under a stage."""
        now = time.perf_counter()
        seconds = self._progress.seconds
        seconds[stage] = seconds.get(stage, 0.0) + now - self._clock
        self._clock = now

    @staticmethod
    def _add(counts: dict[str, int], name: str, number: int = 1) -> None:
        counts[name] = counts.get(name, 0) + number

    def _count(self, case: LinkCase, results: Sequence[LinkResult], verdict: Verdict) -> None:
        progress = self._progress
        progress.cases += 1
        for result in results:
            self._add(progress.outcomes, f"{result.linker} {result.outcome.value}")
            name = f"link {result.linker}"
            progress.seconds[name] = progress.seconds.get(name, 0.0) + result.seconds
            if result.outcome is Outcome.UNSUPPORTED:
                self._unsupported.setdefault(result.linker, Counter()).update(("", *case.groups))
        for name, number in verdict.tallies.items():
            if number:
                self._add(progress.tallies, name, number)
        for reason, number in verdict.inconclusives.items():
            self._add(progress.inconclusives, reason, number)
        for feature, number in case.features:
            self._add(progress.features, feature)
            self._add(progress.occurrences, feature, number)
        self._groups.update(("", *case.groups))
        names = [feature for feature, _ in case.features]
        pairs = set(itertools.combinations(names, 2)).difference(self._pairs)
        self._pairs |= pairs
        progress.pairs += sorted(pairs)

    def _trouble(self, place: str, case: int | None) -> None:
        self._engine.send(Trouble(place, traceback.format_exc(limit=-8), case))
        # Whatever it was busy with is of no use any more.
        self._bench.executor.close()

    def _new(self, chunk: Chunk, mark: Fingerprint, seen: New) -> None:
        """Minimises and confirms a fingerprint that is new here, if nobody else does.

        Raises Stop when the engine wants the worker to; what was found is sent before, as it
        was met.
        """
        self._known.add(str(mark))
        number = chunk.first + seen.position
        try:
            if self._engine.poll():
                raise Stop
            if not self._ask(WantFinding(mark)):
                return
            severity = seen.divergence.severity.label
            self._engine.send(Minimising(self._number, str(mark), severity, number))
            candidate = self._candidate(chunk, mark, seen)
        except Stop:
            self._engine.send(self._as_met(chunk, mark, seen))
            raise
        except Exception:
            self._trouble("minimise", number)
            candidate = self._as_met(chunk, mark, seen)
        self._engine.send(candidate)
        self._clock = time.perf_counter()

    def _shrink_seconds(self) -> float:
        """The time there is for minimising a finding now."""
        if self._until is None:
            return self._plan.shrink_seconds
        left = self._until + self._plan.grace - time.monotonic()
        return max(0.0, min(self._plan.shrink_seconds, left))

    def _verdict(self, case: LinkCase) -> tuple[tuple[LinkResult, ...], Verdict]:
        results = self._place.link(case, self._plan.linkers)
        return results, start(case, results, self._plan.linkers, self._bench).finish()

    def _verdict_unless_stopped(self, case: LinkCase) -> Verdict:
        if self._engine.poll():
            raise Stop
        try:
            return self._verdict(case)[1]
        except Exception:
            # Of no use for this finding, but worth a report of its own.
            self._trouble("judge", None)
            return Verdict()

    def _as_met(self, chunk: Chunk, mark: Fingerprint, seen: New) -> Candidate:
        results = self._place.link(seen.case, self._plan.linkers)
        as_met = Minimised(seen.case, 0, complete=False)
        return Candidate(
            mark, seen.divergence, seen.case, seen.case, results, chunk, seen.position, as_met
        )

    def _candidate(self, chunk: Chunk, mark: Fingerprint, seen: New) -> Candidate:
        made = minimise(
            self._plan.strategy(chunk.avoid),
            chunk.seed,
            chunk.cases,
            seen.position,
            seen.case,
            mark,
            self._verdict_unless_stopped,
            self._shrink_seconds(),
        )
        results, divergence, failures = self._confirm(made.case, mark)
        if failures:
            divergence = unstable(seen.divergence, failures)
            mark = fingerprint(divergence)
        return Candidate(
            mark,
            divergence or seen.divergence,
            made.case,
            seen.case,
            results,
            chunk,
            seen.position,
            made,
        )

    def _confirm(
        self, case: LinkCase, mark: Fingerprint
    ) -> tuple[tuple[LinkResult, ...], Divergence | None, int]:
        """Links the case in fresh folders: results, the divergence, and how often it was not
        there."""
        failures = 0
        shown: Divergence | None = None
        results: tuple[LinkResult, ...] = ()
        for _ in range(CONFIRMATIONS):
            self._place.renew()
            results, verdict = self._verdict(case)
            divergence = pick(verdict, mark)
            shown = divergence or shown
            failures += divergence is None
        return results, shown, failures


def unstable(divergence: Divergence, failures: int) -> Divergence:
    """The finding that a divergence makes which was not there again in a fresh folder."""
    return Divergence(
        key=f"nondeterminism.{divergence.key.partition('.')[0]}",
        sides=divergence.sides,
        severity=Severity.HIGH,
        detail=(
            f"the same case in a fresh folder did not show it in {failures} of"
            f" {CONFIRMATIONS} runs: {divergence.key}: {divergence.detail}"
        ),
        rule="the same command on the same inputs gives the same output",
        blamed=divergence.blamed,
    )


def work(plan: WorkPlan, number: int, engine: Connection) -> None:
    """The process of one worker."""
    # The terminal sends its interrupt to workers, too; they wait for the engine to say stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def end(number: int, frame: FrameType | None) -> None:
        raise Stop

    signal.signal(signal.SIGTERM, end)
    with contextlib.suppress(BrokenPipeError, EOFError, ConnectionResetError), engine:
        try:
            Worker(plan, number, engine).run()
            engine.send(None)
        except Stop:
            pass
        except Exception:
            engine.send(Trouble("worker", traceback.format_exc(), None))
            engine.send(None)


def case_folder(folder: str) -> Path:
    """Where a worker that works in `folder` saved the case at hand."""
    return Path(folder) / "case"

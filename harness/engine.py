"""A fuzz run: hands out chunks of cases to worker processes and turns what they say into events.

Cases are numbered from 0 and belong to chunks; a chunk's cases follow from the run's seed and
the chunk's number, whatever the number of workers, as long as nothing is found; then it depends
on what was found by then as well (`harness.steering`).
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import multiprocessing
import platform
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import hypothesis

from harness.adapters.base import Linker
from harness.events import (
    Event,
    Found,
    LinkerInfo,
    Minimising,
    Progress,
    RunFinished,
    RunStarted,
    Trouble,
)
from harness.execution import find_wasm_validate
from harness.findings import Finding, store
from harness.generation import plain
from harness.lanes import WELL_FORMED
from harness.linking import remove_stale
from harness.minimise import Strategy
from harness.oracles.judge import Bench
from harness.running import Limits
from harness.steering import Steering
from harness.work_messages import Candidate, Chunk, Ready, WantChunk, WantFinding, WorkPlan
from harness.worker import case_folder, work

if TYPE_CHECKING:
    from harness.fingerprints import Fingerprint

# Long enough that starting hypothesis anew costs nothing, short enough to replay in a second
# or two: minimising draws a chunk again up to the case in question.
CHUNK = 200
# How long a worker may take to stop before it is killed.
_STOP_SECONDS = 15.0
_MOST_LOST_WORKERS = 5


@dataclass(frozen=True)
class FuzzPlan:
    """What to fuzz and for how long.

    Attributes:
        linkers: at least one.
        seed: of the whole run; the same seed and linkers make the same cases.
        cases: how many, None for no bound.
        seconds: for how long, None for no bound.
        findings: folder for findings.
        lane: what its cases are like, one of `harness.lanes.LANES`, for the record.
        strategy: makes the strategy of cases without some groups of features; a function that
            can be imported by name.
        known: fingerprints, as text, that are no news: counted, not minimised.
        shrink_seconds: time for minimising one finding, None for a share of `seconds`.
    """

    linkers: tuple[Linker, ...]
    seed: int
    findings: Path
    cases: int | None = None
    seconds: float | None = None
    workers: int = 1
    lane: str = WELL_FORMED
    strategy: Callable[[frozenset[str]], Strategy] = plain
    bench: Callable[[], Bench] = Bench
    limits: Limits = field(default_factory=Limits)
    known: frozenset[str] = frozenset()
    shrink_seconds: float | None = None
    chunk: int = CHUNK


def chunk_seed(seed: int, number: int) -> int:
    """The seed of hypothesis for a chunk of the run with that seed."""
    digest = hashlib.sha256(f"weldcheck {seed} {number}".encode()).digest()
    return int.from_bytes(digest[:8], "little")


def versions() -> dict[str, str]:
    """The versions of what a result may depend on, linkers apart."""
    found = {"python": platform.python_version(), "hypothesis": hypothesis.__version__}
    for package in ("weldcheck", "wasmtime"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "uninstalled"
    wabt = find_wasm_validate()
    if wabt:
        found["wasm-validate"] = _printed_version(wabt)
    return found


def _printed_version(program: str) -> str:
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip()


def linker_infos(linkers: tuple[Linker, ...]) -> tuple[LinkerInfo, ...]:
    """What events say of linkers."""
    return tuple(LinkerInfo(linker.name, linker.version, linker.kind) for linker in linkers)


def fuzz(plan: FuzzPlan) -> Iterator[Event]:
    """Runs the plan and yields what happens, header first and footer last.

    Closing the generator stops the workers. So does an interrupt (in the main thread): what
    was found by then is stored, and the footer says so; a second one raises KeyboardInterrupt.
    """
    remove_stale()
    known = versions()
    yield RunStarted(
        versions=known,
        linkers=linker_infos(plan.linkers),
        lane=plan.lane,
        seed=plan.seed,
        cases=plan.cases,
        seconds=plan.seconds,
        workers=plan.workers,
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    yield from _Run(plan, known).events()


@dataclass
class _Hand:
    """A worker as the engine sees it."""

    number: int
    process: SpawnProcess
    connection: Connection
    folder: str = ""
    asked_to_stop: bool = False


class _Run:
    """The engine's side of one run."""

    def __init__(self, plan: FuzzPlan, versions: Mapping[str, str]) -> None:
        self._plan = plan
        self._versions = versions
        self._started = time.monotonic()
        shrink = plan.shrink_seconds
        if shrink is None:
            shrink = 30.0 if plan.seconds is None else min(30.0, max(2.0, plan.seconds / 10))
        self._work = WorkPlan(
            linkers=plan.linkers,
            strategy=plan.strategy,
            limits=plan.limits,
            shrink_seconds=shrink,
            grace=10.0 if plan.seconds is None else 5.0 + plan.seconds / 4,
            known=plan.known,
            bench=plan.bench,
        )
        self._hands: dict[Connection, _Hand] = {}
        self._until: float | None = None
        self._next_chunk = 0
        self._steering = Steering()
        self._cases = 0
        self._claimed: dict[Fingerprint, _Hand] = {}
        self._stored: set[Fingerprint] = set()
        self._troubles = 0
        self._lost = 0
        self._interrupted = False

    def events(self) -> Iterator[Event]:
        outcome = "complete"
        try:
            with self._interrupts_noted():
                for number in range(self._plan.workers):
                    self._start(number)
                while self._hands:
                    yield from self._step()
                    if self._interrupted and outcome == "complete":
                        outcome = "interrupted"
                        self._ask_to_stop()
        finally:
            self._end()
        if self._lost >= _MOST_LOST_WORKERS:
            outcome = "failed"
        yield RunFinished(
            outcome=outcome,
            cases=self._cases,
            seconds=time.monotonic() - self._started,
            findings=len(self._stored),
            troubles=self._troubles,
        )

    @contextlib.contextmanager
    def _interrupts_noted(self) -> Iterator[None]:
        """Takes note of the first interrupt, so that it loses no event; a second one raises."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(number: int, frame: FrameType | None) -> None:
            if self._interrupted:
                raise KeyboardInterrupt
            self._interrupted = True

        before = signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _start(self, number: int) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(self._work, number, theirs), daemon=True)
        process.start()
        theirs.close()
        self._hands[ours] = _Hand(number, process, ours)

    def _step(self) -> Iterator[Event]:
        """Handles what the workers have to say, waiting for it for a while."""
        for ready in wait(list(self._hands), timeout=0.5):
            assert isinstance(ready, Connection)
            hand = self._hands[ready]
            try:
                message = ready.recv()
            except (EOFError, OSError):
                yield from self._worker_lost(hand)
                continue
            yield from self._handle(hand, message)

    def _handle(self, hand: _Hand, message: Any) -> Iterator[Event]:  # noqa: ANN401 - unpickled
        match message:
            case None:
                self._dismiss(hand)
            case Ready():
                hand.folder = message.folder
            case WantChunk():
                self._steering.add(message.groups, message.hidden, message.unsupported)
                self._answer(hand, None if hand.asked_to_stop else self._chunk())
            case WantFinding():
                self._answer(hand, self._claimed.setdefault(message.mark, hand) is hand)
            case Candidate():
                if message.mark not in self._stored:
                    self._stored.add(message.mark)
                    yield self._kept(message)
            case Progress():
                self._cases += message.cases
                yield message
            case Trouble():
                self._troubles += 1
                yield message
            case Minimising():
                yield message
            case _:
                raise AssertionError(f"unknown message {message!r}")

    def _answer(self, hand: _Hand, answer: Chunk | bool | None) -> None:
        # A worker that died meanwhile is noticed when it is read from.
        with contextlib.suppress(OSError):
            hand.connection.send(answer)

    def _chunk(self) -> Chunk | None:
        """The next chunk, None when there is no more to do."""
        if self._plan.seconds is not None and self._until is None:
            # The time counts from the first case: workers take a second or two to start.
            self._until = time.monotonic() + self._plan.seconds
        if self._until is not None and time.monotonic() > self._until:
            return None
        number = self._next_chunk
        first = number * self._plan.chunk
        length = self._plan.chunk
        if self._plan.cases is not None:
            length = min(length, self._plan.cases - first)
        if length <= 0:
            return None
        self._next_chunk += 1
        avoid = self._steering.avoid(number)
        return Chunk(chunk_seed(self._plan.seed, number), first, length, self._until, avoid)

    def _kept(self, candidate: Candidate) -> Found | Trouble:
        """The finding, stored; or that it could not be, and what it was."""
        try:
            return self._store(candidate)
        except OSError as problem:
            self._troubles += 1
            detail = f"{candidate.mark}: {candidate.divergence.detail}"
            number = candidate.chunk.first + candidate.position
            return Trouble("store", f"the finding is not stored: {problem}\n{detail}", number)

    def _store(self, candidate: Candidate) -> Found:
        finding = Finding.of(
            candidate, self._plan.linkers, self._plan.lane, self._plan.seed, self._versions
        )
        path = store(finding, self._plan.findings)
        divergence, mark = candidate.divergence, candidate.mark
        return Found(
            id=mark.id,
            fingerprint=str(mark),
            key=mark.key,
            sides=divergence.sides,
            blamed=divergence.blamed,
            severity=divergence.severity.label,
            rule=divergence.rule,
            detail=divergence.detail,
            case=finding.case_number,
            size=sum(len(file.content) for file in candidate.case.files),
            original_size=sum(len(file.content) for file in candidate.original.files),
            path=str(path),
        )

    def _worker_lost(self, hand: _Hand) -> Iterator[Event]:
        """A worker died: keeps the case it was at, and starts another one."""
        hand.process.join(_STOP_SECONDS)
        status = hand.process.exitcode
        self._troubles += 1
        self._lost += 1
        kept = ""
        if hand.folder and case_folder(hand.folder).is_dir():
            target = self._plan.findings / "lost" / f"worker-{hand.process.pid}"
            shutil.copytree(case_folder(hand.folder), target, dirs_exist_ok=True)
            kept = str(target)
        self._dismiss(hand)
        # What it was minimising is anybody's again.
        self._claimed = {
            mark: holder
            for mark, holder in self._claimed.items()
            if holder is not hand or mark in self._stored
        }
        yield Trouble("worker", f"worker {hand.number} died, exit status {status}", None, kept)
        if self._lost < _MOST_LOST_WORKERS and not hand.asked_to_stop:
            self._start(hand.number)

    def _dismiss(self, hand: _Hand) -> None:
        del self._hands[hand.connection]
        hand.connection.close()
        hand.process.join(_STOP_SECONDS)
        if hand.process.is_alive():
            hand.process.kill()
            hand.process.join()
        if hand.folder:
            shutil.rmtree(hand.folder, ignore_errors=True)

    def _ask_to_stop(self) -> None:
        for hand in self._hands.values():
            hand.asked_to_stop = True
            with contextlib.suppress(OSError):
                hand.connection.send("stop")

    def _end(self) -> None:
        """Ends every worker that is left, with force if need be."""
        for hand in self._hands.values():
            hand.process.terminate()
        for hand in list(self._hands.values()):
            self._dismiss(hand)

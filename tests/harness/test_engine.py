"""The engine reports every wrong linker as what it is, and nothing of a right one."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis.strategies import SearchStrategy, binary

from harness.adapters.base import Linker
from harness.adapters.reference import Reference
from harness.engine import FuzzPlan, chunk_seed, fuzz
from harness.events import (
    Event,
    Found,
    Minimising,
    Progress,
    RunFinished,
    RunStarted,
    Trouble,
)
from harness.linking import scratch_root
from harness.oracles.judge import Bench
from harness.running import MEBIBYTE, Limits
from harness.totals import Totals
from strategies.case import LinkCase
from tests.harness.fakes import MARK, PICKY, case_with, drawn_cases, fake

SMALL = Limits(seconds=5.0, memory=512 * MEBIBYTE, file_size=MEBIBYTE)


def _plan(linkers: Sequence[Linker], findings: Path, **others: Any) -> FuzzPlan:  # noqa: ANN401
    plan: dict[str, Any] = {
        "seed": 1,
        "cases": 10,
        "strategy": drawn_cases,
        "limits": SMALL,
        "chunk": 10,
        "shrink_seconds": 2.0,
        **others,
    }
    return FuzzPlan(linkers=tuple(linkers), findings=findings, **plan)


def _run(plan: FuzzPlan) -> tuple[list[Event], Totals]:
    totals = Totals()
    events = []
    for event in fuzz(plan):
        totals.handle(event)
        events.append(event)
    return events, totals


def _keys(totals: Totals) -> set[str]:
    return {found.key for found in totals.findings.values()}


def test_right_linkers_give_a_clean_run(tmp_path: Path) -> None:
    """Header first, footer last, every case counted, nothing found, nothing left behind."""
    before = {path.name for path in scratch_root().glob("weldcheck-*")}
    events, totals = _run(_plan([Reference(), fake("good")], tmp_path, workers=2))
    assert isinstance(events[0], RunStarted)
    footer = events[-1]
    assert isinstance(footer, RunFinished)
    assert (footer.outcome, footer.cases, footer.findings, footer.troubles) == (
        "complete",
        10,
        0,
        0,
    )
    assert totals.cases == 10
    assert totals.outcomes == {"reference linked": 10, "fake-good linked": 10}
    assert totals.tallies["linked by all"] == totals.tallies["validated"] == 10
    assert totals.tallies["ran"] == 10
    assert totals.features["drawn"] == 10
    assert {"generate", "link", "judge", "link reference"} <= totals.seconds.keys()
    assert not list(tmp_path.iterdir())
    # Other runs beside this one may have folders of their own: look at those of the workers.
    after = {path.name for path in scratch_root().glob("weldcheck-*")}
    assert len(after - before) == 0 or os.environ.get("PYTEST_XDIST_WORKER")


@pytest.mark.parametrize(
    ("kind", "key", "severity"),
    [
        ("refuses", "refusal.", "medium"),
        ("crashes", "crash.sigsegv", "high"),
        ("exits-with-139", "crash", "high"),
        ("writes-nothing", "crash", "high"),
        ("truncated", "validity.", "high"),
        ("eats-memory", "crash", "high"),
        ("hangs", "hang", "high"),
        ("leaves-behind", "output.left-behind", "low"),
    ],
)
def test_a_wrong_linker_is_found_out(tmp_path: Path, kind: str, key: str, severity: str) -> None:
    """The right kind, against the right linker, stored where the event says."""
    plan = _plan(
        [Reference(), fake(kind)],
        tmp_path,
        cases=1,
        shrink_seconds=0.0,
        limits=Limits(seconds=1.0 if kind == "hangs" else 20.0, memory=256 * MEBIBYTE),
    )
    _, totals = _run(plan)
    assert not totals.troubles
    found = [x for x in totals.findings.values() if x.key.startswith(key)]
    assert len(found) == 1, _keys(totals)
    assert found[0].severity == severity
    assert f"fake-{kind}" in found[0].sides[0] + found[0].sides[1]
    assert (Path(found[0].path) / "README.md").is_file()


def test_findings_are_minimised_and_counted_once(tmp_path: Path) -> None:
    """However many cases show it: one finding, the smallest case, the others counted."""
    plan = _plan([Reference(), fake("picky")], tmp_path, cases=30, shrink_seconds=60.0, workers=2)
    _, totals = _run(plan)
    refusals = [x for x in totals.findings.values() if x.key.startswith("refusal")]
    assert len(refusals) == 1
    (found,) = refusals
    content = (Path(found.path) / "inputs" / "drawn.o").read_bytes()
    assert content.partition(MARK)[2] == bytes([PICKY])
    assert found.size <= found.original_size
    assert totals.met[found.fingerprint] > 1


def test_known_fingerprints_are_counted_only(tmp_path: Path) -> None:
    linkers: list[Linker] = [Reference(), fake("refuses")]
    _, first = _run(_plan(linkers, tmp_path / "a", cases=1))
    known = frozenset(found.fingerprint for found in first.findings.values())
    assert known
    _, second = _run(_plan(linkers, tmp_path / "b", cases=3, known=known))
    assert not second.findings
    assert set(second.met) == known


def test_what_does_not_repeat_is_nondeterminism(tmp_path: Path) -> None:
    linkers: list[Linker] = [Reference(), fake("unstable", FAKE_FLAG=str(tmp_path / "flag"))]
    _, totals = _run(_plan(linkers, tmp_path / "findings", cases=3))
    assert {key.partition(".")[0] for key in _keys(totals)} == {"nondeterminism"}
    assert {found.severity for found in totals.findings.values()} == {"high"}


def test_cases_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    counts = []
    for workers in (1, 3):
        plan = _plan([Reference()], tmp_path, cases=25, workers=workers)
        counts.append(_run(plan)[1].occurrences)
    assert counts[0] == counts[1]
    assert chunk_seed(1, 0) != chunk_seed(1, 1) != chunk_seed(2, 0)


def test_time_bounds_a_run(tmp_path: Path) -> None:
    started = time.monotonic()
    _, totals = _run(_plan([Reference()], tmp_path, cases=None, seconds=1.0))
    assert totals.footer is not None
    assert totals.footer.outcome == "complete"
    assert totals.cases > 0
    assert time.monotonic() - started < 15


def test_an_interrupt_keeps_what_was_found(tmp_path: Path) -> None:
    """The footer says that the run was interrupted; findings are stored all the same."""
    plan = _plan([Reference(), fake("refuses")], tmp_path, cases=100_000, chunk=20)
    events: list[Event] = []
    run = fuzz(plan)
    for event in run:
        events.append(event)
        if isinstance(event, Found):
            # As Ctrl-C does, while the engine waits for its workers.
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    footer = events[-1]
    assert isinstance(footer, RunFinished)
    assert footer.outcome == "interrupted"
    found = [event for event in events if isinstance(event, Found)]
    assert footer.findings == len(found) > 0
    assert all(Path(event.path).is_dir() for event in found)


def test_an_interrupt_keeps_what_was_met_and_not_minimised_yet(tmp_path: Path) -> None:
    linkers: list[Linker] = [Reference(), fake("refuses"), fake("crashes")]
    plan = _plan(linkers, tmp_path, chunk=4, shrink_seconds=60.0, workers=1)
    found = set()
    for event in fuzz(plan):
        if isinstance(event, Minimising):
            os.kill(os.getpid(), signal.SIGINT)
        if isinstance(event, Found):
            found.add(event.key.partition(".")[0])
    assert found == {"crash", "refusal"}


def test_a_finding_that_cannot_be_stored_is_told(tmp_path: Path) -> None:
    """The run goes on, and is no clean one."""
    file = tmp_path / "file"
    file.touch()
    plan = _plan([Reference(), fake("refuses")], file, cases=4, shrink_seconds=0.0)
    _, totals = _run(plan)
    places = {(trouble.place, trouble.text.partition(":")[0]) for trouble in totals.troubles}
    assert places == {("store", "the finding is not stored")}
    assert totals.cases == 4


def _cases_in_groups(avoid: frozenset[str]) -> SearchStrategy[LinkCase]:
    """Cases of two groups; those of the group "picky", a quarter, the fake linker refuses."""

    def case(content: bytes) -> LinkCase:
        picky = bool(content) and content[0] < 64
        made = case_with(bytes([PICKY]) if picky else bytes(byte % PICKY for byte in content))
        name = "picky" if picky else "usual"
        return replace(made, groups=(name,), features=((f"made.{name}", 1), ("some", 1)))

    cases = binary(max_size=12).map(case)
    return cases.filter(lambda case: avoid.isdisjoint(case.groups))


def test_a_group_that_hides_all_else_is_steered_around(tmp_path: Path) -> None:
    """Most of the later chunks go without it."""
    shares = []
    for others in ([], [fake("picky")]):
        plan = _plan(
            [Reference(), *others],
            tmp_path,
            cases=160,
            chunk=20,
            strategy=_cases_in_groups,
            shrink_seconds=0.0,
        )
        _, totals = _run(plan)
        shares.append(totals.features["made.picky"] / totals.cases)
    usual, steered = shares
    assert 0 < steered < usual / 2


def test_pairs_of_features_are_told(tmp_path: Path) -> None:
    _, totals = _run(_plan([Reference()], tmp_path, cases=60, strategy=_cases_in_groups))
    assert totals.pairs == {("made.picky", "some"), ("made.usual", "some")}


def _bad_cases(avoid: frozenset[str]) -> SearchStrategy[LinkCase]:
    """The first two of a chunk are made."""
    made: list[LinkCase] = []

    def fail(case: LinkCase) -> LinkCase:
        if len(made) == 2:
            raise ZeroDivisionError("in the strategy")
        made.append(case)
        return case

    return drawn_cases().map(fail)


def test_an_error_of_the_strategies_is_trouble(tmp_path: Path) -> None:
    """Never a finding, never a clean run; what was made before it is judged."""
    _, totals = _run(_plan([Reference()], tmp_path, strategy=_bad_cases))
    assert totals.footer is not None
    assert totals.footer.troubles == len(totals.troubles) > 0
    assert {trouble.place for trouble in totals.troubles} == {"generate"}
    assert totals.cases == 2 * len(totals.troubles)
    assert "ZeroDivisionError: in the strategy" in totals.troubles[0].text
    assert not totals.findings


class _BadBench(Bench):
    @property
    def compare_structure(self) -> bool:
        raise ZeroDivisionError("in an oracle")

    @compare_structure.setter
    def compare_structure(self, value: bool) -> None:
        pass


def test_an_error_of_an_oracle_is_trouble(tmp_path: Path) -> None:
    """It is reported for every case, and the run goes on."""
    _, totals = _run(_plan([Reference()], tmp_path, cases=3, bench=_BadBench))
    assert len(totals.troubles) == 3
    assert all(trouble.place == "judge" for trouble in totals.troubles)
    assert "ZeroDivisionError: in an oracle" in totals.troubles[0].text


def _deadly_cases(avoid: frozenset[str]) -> SearchStrategy[LinkCase]:
    def die(case: LinkCase) -> LinkCase:
        if any(byte >= PICKY for byte in case.files[-1].content.partition(MARK)[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return case

    return drawn_cases().map(die)


def test_a_worker_that_dies_is_reported_and_its_case_kept(tmp_path: Path) -> None:
    """A run whose workers die again and again is given up, and is no clean run."""
    events, totals = _run(_plan([Reference()], tmp_path, cases=1000, strategy=_deadly_cases))
    lost = [event for event in events if isinstance(event, Trouble)]
    assert len(lost) == 5
    assert {trouble.place for trouble in lost} == {"worker"}
    assert "exit status -9" in lost[0].text
    assert (Path(lost[0].path) / "response.txt").is_file()
    assert totals.footer is not None
    assert totals.footer.outcome == "failed"


def test_progress_adds_up(tmp_path: Path) -> None:
    events, totals = _run(_plan([Reference()], tmp_path, cases=30))
    parts = [event for event in events if isinstance(event, Progress)]
    assert sum(part.cases for part in parts) == totals.cases == 30
    assert totals.share("linked by all") == 1.0

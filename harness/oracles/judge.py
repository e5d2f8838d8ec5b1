"""Judges the results of one case by all oracles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING

from harness.divergence import Divergence, Verdict
from harness.execution import Executor, Request
from harness.oracles.behaviour import judge_behaviour, wants_final_state
from harness.oracles.context import Findings, Situation, makers
from harness.oracles.departures import (
    OUT_OF_BOUNDS,
    explained_departures,
    is_explained,
    is_same,
    is_same_and_says_so,
)
from harness.oracles.expectation import exports_to_call, judge_expectations, probes_of
from harness.oracles.listings import FAMILIES, judge_listings
from harness.oracles.malformed import judge_damaged
from harness.oracles.outcome import judge_outcomes
from harness.oracles.refusal import judge_refusals
from harness.oracles.structure import judge_bytes, judge_structure
from harness.oracles.validity import is_in_share, judge_validity
from harness.results import LinkResult, Outcome

if TYPE_CHECKING:
    from harness.adapters.base import Linker
    from strategies.case import LinkCase

DEFAULT_WABT_SHARE = 0.02


@dataclass
class Bench:
    """What judging needs and what it may cost. Close it, or use it as a context manager.

    Attributes:
        executor: runs modules in a process of its own.
        wabt_share: share (0 to 1) of distinct outputs that wasm-validate sees as well.
        identical_share: share (0 to 1) of the cases in which all linkers made the same bytes
            that are run at all; the others are only validated, and counted as inconclusive.
        compare_structure: whether outputs of linkers that promise no byte identity are
            compared name by name.
        usual_quirks: how often a quirk alone explained what a wasm-ld did.
    """

    executor: Executor = field(default_factory=Executor)
    wabt_share: float = DEFAULT_WABT_SHARE
    identical_share: float = 1.0
    compare_structure: bool = True
    usual_quirks: Counter[str] = field(default_factory=Counter)

    def close(self) -> None:
        self.executor.close()

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@dataclass
class Pending:
    """A case whose first output is being run; `finish` gives the verdict.

    `not_run` says why its outputs are validated only, "" where they are run.
    """

    situation: Situation
    bench: Bench
    requests: list[Request]
    not_run: str

    def finish(self) -> Verdict:
        """Waits for the runs and asks all oracles."""
        executor = self.bench.executor
        for position, (build, request) in enumerate(
            # Object files are not run: there are no requests for them.
            zip(self.situation.builds, self.requests, strict=False)
        ):
            # The first was started by `start`.
            build.response = executor.run(request) if position else executor.finish()
        return _verdict(self.situation, self.bench, self.not_run)


def start(
    case: LinkCase, results: Sequence[LinkResult], linkers: Iterable[Linker], bench: Bench
) -> Pending:
    """Begins to judge a case: its first output runs while the caller does other work.

    `finish` of what is returned must be called before the bench is used again.
    """
    situation = Situation(case, tuple(results), {linker.name: linker for linker in linkers})
    builds = situation.builds
    exports = exports_to_call(probes_of(situation))
    not_run = ""
    if case.damaged is not None:
        not_run = "a damaged program is not run"
    elif (
        len(builds) == 1
        and len(builds[0].linkers) > 1
        and not is_in_share(builds[0].module, bench.identical_share)
    ):
        not_run = "identical outputs, not in the share that is run"
    final_state = not not_run and wants_final_state(situation)
    requests = [
        Request(build.module, exports, run=not not_run, final_state=final_state)
        for build in builds
        if not situation.is_relocatable
    ]
    if requests:
        bench.executor.start(requests[0])
    return Pending(situation, bench, requests, not_run)


def judge(
    case: LinkCase, results: Sequence[LinkResult], linkers: Iterable[Linker], bench: Bench
) -> Verdict:
    """What all oracles say of the results of one case.

    Outputs that are the same bytes are validated and run once. A linker that is missing
    from `linkers` is taken for one that promises nothing.
    """
    return start(case, results, linkers, bench).finish()


def _verdict(situation: Situation, bench: Bench, not_run: str) -> Verdict:
    damaged = situation.case.damaged
    oracles: dict[str, Findings] = {
        "outcome": judge_outcomes(situation),
        "refusal": (
            judge_refusals(situation) if damaged is None else judge_damaged(situation, damaged)
        ),
        "validity": judge_validity(situation, bench.wabt_share),
        "bytes": judge_bytes(situation),
        "listings": judge_listings(situation),
        "behaviour": judge_behaviour(situation),
        "expectation": judge_expectations(situation),
    }
    if bench.compare_structure:
        oracles["structure"] = judge_structure(situation)
    divergences: dict[tuple[object, ...], Divergence] = {}
    inconclusives: Counter[str] = Counter()
    agreements = []
    for name, findings in oracles.items():
        for found in findings.divergences:
            # One of each kind and sides is enough: a case often shows one bug many times.
            divergences.setdefault((found.key, found.sides, found.blamed), found)
        inconclusives.update(findings.inconclusives)
        if findings.checked and not findings.divergences:
            agreements.append(name)
    shown = {key for found in divergences.values() if (key := found.key).startswith("behaviour.")}
    decided = {found.key for found in divergences.values() if found.blamed}
    # A mistake in the output that a probe has shown is told once, as that; and one that is
    # blamed on somebody is not told again as a mere difference.
    kept = [
        found
        for found in divergences.values()
        if f"behaviour.{found.key}" not in shown and (found.blamed or found.key not in decided)
    ]
    said = [found for found in kept if found.key.startswith(FAMILIES)]
    done = [found for found in kept if not found.key.startswith(FAMILIES)]
    usual = bench.usual_quirks
    explained = explained_departures(situation, is_same, usual) if done else {}
    done = [found for found in done if not is_explained(found, explained)]
    # What a linker says follows from what it did: told only where there is no other difference.
    if said and not done:
        explained_words = explained_departures(situation, is_same_and_says_so, usual)
        kept = [found for found in said if not is_explained(found, explained_words)]
        explained = explained_words | explained
    else:
        kept = done
    if any(OUT_OF_BOUNDS in names for names in explained.values()):
        inconclusives["undefined: wasm-ld reads or writes what is not there"] += 1
    if not_run and situation.builds:
        inconclusives[f"behaviour: {not_run}"] += 1
    return Verdict(
        divergences=tuple(sorted(kept, key=lambda d: (-d.severity, d.key))),
        agreements=tuple(agreements),
        inconclusives=dict(inconclusives),
        tallies=_tallies(situation) | _departures(explained),
    )


def _departures(explained: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Counts each quirk that explains a departure of this case."""
    return {f"quirk {name}": 1 for names in explained.values() for name in names}


def _tallies(situation: Situation) -> dict[str, int]:
    linked = situation.with_outcome(Outcome.LINKED)
    asked = [r for r in situation.results if r.outcome is not Outcome.UNSUPPORTED]
    responses = [build.response for build in situation.builds if build.response]
    valid = [r for r in responses if r.is_valid]
    ran = [r for r in responses if r.has_run]
    return {
        "linked by all": int(bool(linked) and len(linked) == len(asked)),
        "validated": int(bool(valid) and len(valid) == len(situation.builds)),
        "ran": int(bool(ran) and len(ran) == len(situation.builds)),
        "identical": int(
            len(situation.builds) == 1 and len(makers(situation.builds)) == len(linked) > 1
        ),
    }

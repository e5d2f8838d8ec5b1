"""One case, every linker: who agrees with whom, and on what they differ."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from harness.divergence import Verdict
from harness.linking import Workplace
from harness.oracles.judge import Bench, judge
from harness.results import LinkResult, Outcome
from harness.running import Limits
from harness.terminal import STYLES

if TYPE_CHECKING:
    from harness.adapters.base import Linker
    from strategies.case import LinkCase

_MESSAGE_LINES = 4
_DETAIL_LINES = 8


@dataclass(frozen=True)
class Checked:
    """What came of a check."""

    results: tuple[LinkResult, ...]
    verdict: Verdict


def check(case: LinkCase, linkers: Sequence[Linker], limits: Limits) -> Checked:
    """Links a case with every linker and judges the results."""
    with Workplace(limits) as place, Bench() as bench:
        results = place.link(case, linkers)
        return Checked(results, judge(case, results, linkers, bench))


def print_checked(console: Console, checked: Checked) -> None:
    """Says it in a few lines: outcomes, who made the same bytes, what differs."""
    for result in checked.results:
        console.print(_result_line(result), soft_wrap=True, highlight=False)
        if result.outcome is not Outcome.LINKED:
            for line in _first_lines(result.message, _MESSAGE_LINES):
                console.print(Text(f"    {line}"), soft_wrap=True)
    for names in _same_bytes(checked.results):
        console.print(f"the same bytes: {', '.join(names)}", style="green", highlight=False)
    verdict = checked.verdict
    for divergence in verdict.divergences:
        first, second = (", ".join(side) for side in divergence.sides)
        sides = f"{first} against {second}" if second else first
        console.print(
            Text.assemble(
                (divergence.severity.label, STYLES[divergence.severity.label]),
                f" {divergence.key}: {sides}",
            ),
            soft_wrap=True,
        )
        for line in _first_lines(divergence.detail, _DETAIL_LINES):
            console.print(Text(f"    {line}"), soft_wrap=True)
        console.print(Text(f"    rule: {divergence.rule}", "dim"), soft_wrap=True)
    if verdict.agreements:
        console.print(f"no difference in: {', '.join(verdict.agreements)}", highlight=False)
    for reason, number in verdict.inconclusives.items():
        console.print(Text(f"inconclusive: {number} x {reason}", "dim"), soft_wrap=True)


def _result_line(result: LinkResult) -> Text:
    text = Text.assemble((result.linker, "bold"), f": {result.outcome.value}")
    if result.module is not None:
        digest = hashlib.sha256(result.module).hexdigest()[:12]
        text.append(f", {len(result.module)} bytes, sha256 {digest}, {result.seconds:.3f} s")
    elif result.exit_status is not None:
        text.append(f", exit status {result.exit_status}")
    return text


def _first_lines(text: str, number: int) -> list[str]:
    lines = text.strip().splitlines()
    more = len(lines) - number
    return [*lines[:number], f"... {more} lines more"] if more > 0 else lines


def _same_bytes(results: Sequence[LinkResult]) -> list[list[str]]:
    """The groups of at least two linkers that made the same module."""
    groups: dict[bytes, list[str]] = {}
    for result in results:
        if result.module is not None:
            groups.setdefault(result.module, []).append(result.linker)
    return [names for names in groups.values() if len(names) > 1]


def as_json(checked: Checked) -> dict[str, object]:
    """The check for programs."""
    return {
        "results": [
            {
                "linker": result.linker,
                "outcome": result.outcome.value,
                "bytes": None if result.module is None else len(result.module),
                "exit_status": result.exit_status,
                "message": result.message,
                "seconds": result.seconds,
            }
            for result in checked.results
        ],
        "same_bytes": _same_bytes(checked.results),
        "divergences": [
            {
                "key": divergence.key,
                "severity": divergence.severity.label,
                "sides": divergence.sides,
                "blamed": divergence.blamed,
                "rule": divergence.rule,
                "detail": divergence.detail,
            }
            for divergence in checked.verdict.divergences
        ],
        "agreements": checked.verdict.agreements,
        "inconclusives": dict(checked.verdict.inconclusives),
    }

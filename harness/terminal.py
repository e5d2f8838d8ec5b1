"""What a person sees of a run: progress, a health line, findings as they come, a summary."""

from __future__ import annotations

import math
import time
from collections import Counter
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import (
    Progress as Bar,
)
from rich.table import Table
from rich.text import Text

from harness.events import Event, Found, Minimising, Progress, RunFinished, RunStarted, Trouble
from harness.totals import Totals

# Tallies of cases in which a quirk of the reference explains what a wasm-ld does.
QUIRK = "quirk "
STYLES = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "note": "dim",
}
HEALTH_SECONDS = 60.0
_DETAIL_LINES = 6
_MOST_TROUBLES = 5


class Terminal:
    """Shows events on a console; for use in a `with` block.

    Args:
        health_seconds: time between two health lines where there is no terminal to draw a bar.
    """

    def __init__(self, console: Console, health_seconds: float = HEALTH_SECONDS) -> None:
        self._console = console
        self._health_seconds = health_seconds
        self._totals = Totals()
        self._started = self._told = time.monotonic()
        self._task: TaskID | None = None
        self._troubles = 0
        self._bar = Bar(
            SpinnerColumn(),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Terminal:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def handle(self, event: Event) -> None:
        self._totals.handle(event)
        match event:
            case RunStarted():
                self._start(event)
            case Progress():
                self._progress()
            case Minimising():
                self._print(Text(f"  minimising {event.fingerprint} (case {event.case})", "dim"))
            case Found():
                self._found(event)
            case Trouble():
                self._trouble(event)
            case RunFinished():
                self._bar.stop()

    def _print(self, what: Text | str) -> None:
        self._console.print(what, soft_wrap=True, highlight=False)

    def _start(self, event: RunStarted) -> None:
        names = ", ".join(f"{linker.name} ({linker.version})" for linker in event.linkers)
        self._print(f"fuzzing {names}")
        self._print(f"{event.lane} cases, seed {event.seed}, {event.workers} workers")
        self._task = self._bar.add_task("", total=event.cases)

    def _progress(self) -> None:
        if self._console.is_terminal:
            assert self._task is not None
            self._bar.update(self._task, completed=self._totals.cases, description=self.health())
        elif time.monotonic() - self._told >= self._health_seconds:
            self._told = time.monotonic()
            self._print(f"{self._totals.cases} cases, {self.health()}")

    def health(self) -> str:
        """Cases a second, and how many cases all linked, validated and ran."""
        totals = self._totals
        rate = totals.cases / max(1e-9, time.monotonic() - self._started)
        unsure = sum(totals.inconclusives.values())
        return (
            f"{rate:.1f}/s, linked by all {totals.share('linked by all'):.0%},"
            f" validated {totals.share('validated'):.0%}, ran {totals.share('ran'):.0%},"
            f" inconclusive {unsure}, findings {len(totals.findings)}"
        )

    def _found(self, event: Found) -> None:
        line = Text.assemble(
            (event.severity, STYLES[event.severity]), " ", (event.fingerprint, "bold")
        )
        self._print(line)
        details = event.detail.splitlines()
        for detail in details[:_DETAIL_LINES]:
            self._print(Text(f"    {detail}"))
        if len(details) > _DETAIL_LINES:
            self._print(Text(f"    ... {len(details) - _DETAIL_LINES} lines more in its README.md"))
        self._print(Text(f"    {event.path}  ({event.original_size} -> {event.size} bytes)", "dim"))

    def _trouble(self, event: Trouble) -> None:
        self._troubles += 1
        if self._troubles > _MOST_TROUBLES:
            return
        where = "" if event.case is None else f" at case {event.case}"
        self._print(Text(f"trouble in the harness ({event.place}{where}):", "bold red"))
        self._print(Text(event.text.rstrip()))
        if event.path:
            self._print(Text(f"the case at hand is kept in {event.path}"))
        if self._troubles == _MOST_TROUBLES:
            self._print(Text("more of these are counted, not shown"))


def print_summary(console: Console, totals: Totals, expected: frozenset[str]) -> None:
    """The end of a run: linkers, numbers, features, findings.

    Args:
        expected: the features that a run should show; those that did not occur are in red.
    """
    footer = totals.footer
    assert footer is not None
    console.print()
    console.print(_outcome_table(totals))
    console.print(feature_table(totals, expected))
    missing = sorted(expected - totals.features.keys())
    if missing:
        console.print(Text(f"{len(missing)} features never occurred: {', '.join(missing)}", "red"))
    _print_pairs(console, totals, expected)
    _print_health(console, totals)
    if totals.findings:
        console.print(_findings_table(totals))
    rate = footer.cases / footer.seconds if footer.seconds else 0.0
    linkers = ", ".join(f"{x.name} ({x.version})" for x in totals.linkers)
    console.print(
        Text.assemble(
            (f"{footer.outcome}: ", "bold green" if footer.outcome == "complete" else "bold red"),
            f"{footer.cases} cases with {linkers} in {footer.seconds:.1f} s,"
            f" {rate:.1f} cases a second, ",
            (f"{footer.findings} findings", "bold" if footer.findings else ""),
            f", {footer.troubles} troubles in the harness" if footer.troubles else "",
        ),
        soft_wrap=True,
        highlight=False,
    )


def _outcome_table(totals: Totals) -> Table:
    table = Table("linker", "version", title="Linkers", title_justify="left")
    kinds = sorted({name.rpartition(" ")[2] for name in totals.outcomes})
    for kind in kinds:
        table.add_column(kind, justify="right")
    table.add_column("ms a case", justify="right")
    for linker in totals.linkers:
        counts = [totals.outcomes[f"{linker.name} {kind}"] for kind in kinds]
        unsupported = totals.outcomes[f"{linker.name} unsupported"]
        asked = max(1, sum(counts) - unsupported)
        took = totals.seconds.get(f"link {linker.name}", 0.0) / asked * 1000
        table.add_row(linker.name, linker.version, *map(str, counts), f"{took:.1f}")
    return table


def _print_pairs(console: Console, totals: Totals, expected: frozenset[str]) -> None:
    """How many pairs of the expected features some case had both of."""
    possible = math.comb(len(expected), 2)
    if possible:
        met = sum(1 for pair in totals.pairs if expected.issuperset(pair))
        share = f"{met} of {possible} ({met / possible:.0%})"
        console.print(f"pairs of features met in one case: {share}", highlight=False)


def _print_health(console: Console, totals: Totals) -> None:
    cases = max(1, totals.cases)
    shares = ", ".join(
        f"{name} {number / cases:.1%}"
        for name, number in sorted(totals.tallies.items())
        if not name.startswith(QUIRK)
    )
    console.print(f"shares of cases: {shares}", highlight=False, soft_wrap=True)
    stages = ", ".join(
        f"{stage} {seconds / cases * 1000:.1f}"
        for stage, seconds in totals.seconds.items()
        if " " not in stage
    )
    console.print(f"milliseconds a case: {stages}", highlight=False, soft_wrap=True)
    for name, number in totals.tallies.most_common():
        if name.startswith(QUIRK):
            console.print(Text(f"known departure: {number} x {name}"), soft_wrap=True)
    for reason, number in totals.inconclusives.most_common():
        console.print(Text(f"inconclusive: {number} x {reason}"), soft_wrap=True)


def feature_table(totals: Totals, expected: frozenset[str]) -> Table:
    """Which features occurred, in how many cases and how often, and beside how many
    others in one case; those that did not occur are red."""
    table = Table("feature", title="Features", title_justify="left")
    table.add_column("cases", justify="right")
    table.add_column("share", justify="right")
    table.add_column("occurrences", justify="right")
    table.add_column("beside", justify="right")
    beside = Counter(feature for pair in totals.pairs for feature in pair)
    group = ""
    for feature in sorted(expected | totals.features.keys()):
        if group and feature.partition(".")[0] != group:
            table.add_section()
        group = feature.partition(".")[0]
        cases = totals.features[feature]
        table.add_row(
            feature,
            str(cases),
            f"{cases / max(1, totals.cases):.1%}",
            str(totals.occurrences[feature]),
            str(beside[feature]),
            style="" if cases else "red",
        )
    return table


def _findings_table(totals: Totals) -> Table:
    table = Table("severity", "finding", "cases", "folder", title="Findings", title_justify="left")
    order = list(STYLES)
    found = sorted(totals.findings.values(), key=lambda x: (order.index(x.severity), x.key))
    for finding in found:
        table.add_row(
            Text(finding.severity, STYLES[finding.severity]),
            Text(finding.fingerprint, overflow="fold"),
            str(totals.met[finding.fingerprint]),
            Text(finding.path, overflow="fold"),
        )
    return table

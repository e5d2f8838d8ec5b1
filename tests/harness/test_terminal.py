"""What a person sees of a run."""

from __future__ import annotations

import dataclasses
import io
from typing import Literal

import msgspec
from rich.console import Console

from harness.events import Event, Progress, RunFinished, Trouble
from harness.terminal import Terminal, print_summary
from harness.totals import Totals
from tests.harness.test_events import FOOTER, FOUND, HEADER, MIDDLE, WHOLE


@dataclasses.dataclass
class Shown:
    """The text that some events made, and the same with the terminal's colours."""

    text: str
    summary: str
    coloured: str


def _show(events: list[Event], expected: frozenset[str] = frozenset()) -> Shown:
    totals = Totals()
    texts = []
    for colours in (False, True):
        file = io.StringIO()
        system: Literal["standard"] | None = "standard" if colours else None
        console = Console(file=file, width=160, force_terminal=colours, color_system=system)
        with Terminal(console) as terminal:
            for event in events:
                terminal.handle(event)
                if not colours:
                    totals.handle(event)
        middle = file.tell()
        if totals.footer is not None:
            print_summary(console, totals, expected)
        texts.append((file.getvalue()[:middle], file.getvalue()[middle:]))
    return Shown(texts[0][0], texts[0][1], texts[1][1])


def test_findings_are_shown_as_they_come() -> None:
    text = _show(WHOLE).text
    assert "fuzzing a (1)\nwell-formed cases, seed 5, 1 workers\n" in text
    assert "minimising x.y: a (case 1)" in text
    assert "high x.y: a\n    two\n    lines\n    findings/x-1  (9 -> 3 bytes)\n" in text
    assert "trouble in the harness (judge):\ntrace\n" in text


def test_long_details_and_many_troubles_are_cut() -> None:
    long = msgspec.structs.replace(FOUND, detail="\n".join("abcdefghij"))
    troubles: list[Event] = [Trouble("judge", f"trace {i}", i) for i in range(20)]
    text = _show([HEADER, long, *troubles, FOOTER]).text
    assert "    f\n    ... 4 lines more in its README.md" in text
    assert "trace 4\nmore of these are counted, not shown" in text
    assert "trace 5" not in text


def test_brackets_in_what_linkers_say_are_no_markup() -> None:
    odd = msgspec.structs.replace(FOUND, detail="[red]x[/blue] [0, 1]")
    assert "    [red]x[/blue] [0, 1]\n" in _show([HEADER, odd, FOOTER]).text


def test_a_log_gets_health_lines_instead_of_a_bar() -> None:
    file = io.StringIO()
    with Terminal(Console(file=file, width=160), health_seconds=0.0) as terminal:
        for event in (HEADER, Progress(0, cases=4), Progress(0, cases=3)):
            terminal.handle(event)
    lines = file.getvalue().splitlines()[2:]
    assert [line.partition(",")[0] for line in lines] == ["4 cases", "7 cases"]
    assert "linked by all 0%" in lines[1]


def test_the_health_line() -> None:
    """Rate, shares, what could not be judged."""
    terminal = Terminal(Console(file=io.StringIO()))
    progress = Progress(
        0,
        cases=4,
        tallies={"linked by all": 2, "validated": 4, "ran": 1},
        inconclusives={"reason": 3},
    )
    for event in (HEADER, progress):
        terminal.handle(event)
    line = terminal.health()
    expected = "linked by all 50%, validated 100%, ran 25%, inconclusive 3, findings 0"
    assert line.partition("/s, ")[2] == expected


def test_the_summary_names_all_that_counts() -> None:
    progress = Progress(
        0,
        cases=2,
        outcomes={"a linked": 1, "a refused": 1},
        inconclusives={"too large": 1},
        features={"flag.hidden": 1},
        occurrences={"flag.hidden": 3},
        pairs=[("alignment.1", "flag.hidden")],
        seconds={"link": 0.5, "link a": 0.25},
    )
    summary = _show([HEADER, progress, FOUND, FOOTER], frozenset(["flag.hidden"])).summary
    last = "complete: 2 cases with a (1) in 1.0 s, 2.0 cases a second, 1 findings, 1 troubles"
    assert summary.splitlines()[-1].startswith(last)
    assert "inconclusive: 1 x too large" in summary
    assert "milliseconds a case: link 250.0" in summary
    cells = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in summary.splitlines()
        if line.startswith("│")
    ]
    assert ["a", "1", "1", "1", "125.0"] in cells
    assert ["flag.hidden", "1", "50.0%", "3", "1"] in cells
    assert ["high", "x.y: a", "0", "findings/x-1"] in cells


def test_pairs_of_features_are_told_of_what_a_run_should_show() -> None:
    pairs = [("a.b", "c.d"), ("a.b", "no.feature"), ("c.d", "e.f")]
    expected = frozenset(["a.b", "c.d", "e.f"])
    summary = _show([HEADER, Progress(0, cases=1, pairs=pairs), FOOTER], expected).summary
    assert "pairs of features met in one case: 2 of 3 (67%)" in summary


def test_what_never_occurred_is_red() -> None:
    """A feature that no case had was not tested, whatever else the summary says."""
    shown = _show([HEADER, *MIDDLE, FOOTER], frozenset(["symbol.tag.weak"]))
    assert "1 features never occurred: symbol.tag.weak" in shown.summary
    line = next(line for line in shown.coloured.splitlines() if "symbol.tag.weak" in line)
    assert "\x1b[31m" in line


def test_a_run_that_is_not_complete_says_so_first() -> None:
    footer = RunFinished("interrupted", 2, 0.0, 0, 0)
    assert _show([HEADER, footer]).summary.splitlines()[-1].startswith("interrupted: 2 cases")

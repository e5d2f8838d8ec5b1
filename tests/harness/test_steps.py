"""Cases in steps: links with -r first, each linker with what it made itself."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.adapters.command import CommandLinker
from harness.adapters.discover import find
from harness.adapters.reference import Reference
from harness.adapters.smoke import EXPORT, tiny_case
from harness.divergence import Verdict
from harness.findings import write_inputs
from harness.gather import gather
from harness.linking import Workplace
from harness.minimise import cost
from harness.oracles.departures import link_with
from harness.oracles.judge import Bench, judge
from harness.reproducer import repro_script
from harness.results import LinkResult, Outcome
from linker.format.constants import MAGIC
from strategies import LinkCase, Prelink
from tests.harness.fakes import fake

if TYPE_CHECKING:
    from harness.adapters.base import Linker

FIRST = Prelink(("-r", "caller.o"), "first.o")
BOTH = Prelink(("-r", "first.o", "answer.o"), "both.o")
LAST = ("--no-entry", f"--export={EXPORT}", "both.o")
# The tiny case: the caller through -r, then with the other object through -r again.
CASE = dataclasses.replace(tiny_case(), arguments=LAST, prelinks=(FIRST, BOTH))


def link(*linkers: Linker, case: LinkCase = CASE) -> tuple[LinkResult, ...]:
    with Workplace() as place:
        return place.link(case, linkers)


def verdict(linkers: Sequence[Linker], results: Sequence[LinkResult]) -> Verdict:
    with Bench() as bench:
        return judge(CASE, results, linkers, bench)


def test_each_step_is_linked_and_the_expectations_hold() -> None:
    linkers = (Reference(), find("lld-22"))
    results = link(*linkers)
    for result in results:
        assert result.outcome is Outcome.LINKED, result.message
        assert [made[:4] for made in result.relocatables] == [MAGIC, MAGIC]
        assert (result.relocatables, result.module) == (results[0].relocatables, results[0].module)
    judged = verdict(linkers, results)
    assert judged.divergences == ()
    assert {"bytes", "expectation"} <= set(judged.agreements)


def test_the_outputs_of_the_steps_must_be_the_promised_bytes() -> None:
    """Even where the last link makes the same of them."""
    linkers = (Reference(), find("lld-22"))
    ours, theirs = link(*linkers)
    changed = (ours.relocatables[0], ours.relocatables[1] + b"\0\2\1x")
    judged = verdict(linkers, (dataclasses.replace(ours, relocatables=changed), theirs))
    assert [found.key for found in judged.divergences] == [
        "bytes.custom.x.section.custom.missing.other"
    ]


@pytest.mark.parametrize("kind", ["crashes", "hangs"])
def test_a_crash_is_said_to_be_of_its_step(kind: str) -> None:
    with Workplace() as place:
        place.limits = dataclasses.replace(place.limits, seconds=1.0)
        (result,) = place.link(CASE, [fake(kind)])
    assert result.outcome in (Outcome.CRASHED, Outcome.TIMED_OUT)
    assert result.message.endswith("in the link with -r that makes first.o")
    assert result.relocatables == ()


def test_a_refusal_in_a_step_is_the_refusal_of_the_case() -> None:
    twice = Prelink(("-r", "caller.o", "caller.o"), "both.o")
    case = dataclasses.replace(CASE, prelinks=(twice,))
    ours, theirs = link(Reference(), find("lld-22"), case=case)
    for result in (ours, theirs):
        assert result.outcome is Outcome.REFUSED
        assert "duplicate symbol: weldcheck_smoke" in result.message


def test_a_linker_without_one_of_the_options_is_not_asked() -> None:
    without = dataclasses.replace(fake("crashes"), refuses=frozenset(["relocatable"]))
    assert isinstance(without, CommandLinker)
    (result,) = link(without)
    assert result.outcome is Outcome.UNSUPPORTED


def test_the_quirks_of_a_dialect_hold_in_every_step() -> None:
    plain = link_with(CASE, ())
    other = link_with(CASE, ["addends-written-unsigned", "empty-subsections-written"])
    assert plain.outcome is other.outcome is Outcome.LINKED
    assert plain.relocatables[0] != other.relocatables[0]


def test_a_step_costs_a_reader_something() -> None:
    direct = dataclasses.replace(tiny_case(), arguments=(*LAST[:-1], "caller.o", "answer.o"))
    assert cost(direct) < cost(CASE)


def test_a_folder_of_a_case_in_steps_is_read_again(tmp_path: Path) -> None:
    write_inputs(CASE, tmp_path)
    again = gather([str(tmp_path)], tmp_path)
    assert (again.files, again.arguments, again.prelinks) == (
        CASE.files,
        CASE.arguments,
        CASE.prelinks,
    )


def test_the_reproducer_links_in_steps(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    write_inputs(CASE, inputs)
    script = tmp_path / "repro.sh"
    script.write_text(repro_script("some.key", CASE, [find("wasm-ld-22"), fake("good")]))
    command = ["sh", str(script)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.count("exit status 0") == 2
    outputs = Path(run.stdout.splitlines()[-1].removeprefix("outputs are in "))
    modules = {path.read_bytes() for path in outputs.glob("*/out.wasm")}
    assert modules == {link(Reference())[0].module}
    assert not (inputs / "both.o").exists()

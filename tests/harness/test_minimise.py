"""A divergence is minimised by drawing the same cases again and shrinking."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from harness.divergence import Divergence, Severity, Verdict
from harness.fingerprints import fingerprint
from harness.minimise import Minimised, Stop, chunk_settings, cost, draw_chunk, minimise
from strategies.case import LinkCase
from tests.harness.fakes import MARK, PICKY, drawn_cases

DIVERGENCE = Divergence(
    "refusal.other", (("a",), ("b",)), Severity.MEDIUM, "", "unspecified", blamed=("a",)
)
MARKED = fingerprint(DIVERGENCE)
SEED, CASES = 7, 60


def _drawn(case: LinkCase) -> bytes:
    return case.files[-1].content.partition(MARK)[2]


def _chunk(phases: tuple[Phase, ...] = (Phase.generate,)) -> list[LinkCase]:
    cases: list[LinkCase] = []
    draw_chunk(drawn_cases(), SEED, CASES, cases.append, *phases)
    return cases


def _verdict(case: LinkCase) -> Verdict:
    great = any(byte >= PICKY for byte in _drawn(case))
    return Verdict(divergences=(DIVERGENCE,) if great else ())


def _minimise(verdict: Callable[[LinkCase], Verdict], seconds: float = 60) -> Minimised:
    cases = _chunk()
    position = next(i for i, case in enumerate(cases) if sum(_drawn(case)) > 300)
    return minimise(drawn_cases(), SEED, CASES, position, cases[position], MARKED, verdict, seconds)


def test_a_chunk_is_the_same_every_time() -> None:
    """With and without the phase that shrinks, or nothing could be found again."""
    assert _chunk() == _chunk() == _chunk((Phase.generate, Phase.shrink))


def test_cases_do_not_depend_on_the_modules_that_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """hypothesis likes to draw the constants of modules that are not installed."""
    before = _chunk()
    lines = [f"C{number} = {bytes([number]) * 9!r}" for number in range(200)]
    (tmp_path / "weldcheck_constants.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("weldcheck_constants")
    assert _chunk() == before


def test_other_seeds_make_other_cases() -> None:
    other: list[LinkCase] = []
    draw_chunk(drawn_cases(), SEED + 1, CASES, other.append, Phase.generate)
    assert other != _chunk()


def test_the_profile_that_is_loaded_does_not_matter() -> None:
    """hypothesis loads `ci` by itself, which draws the same cases whatever the seed."""
    expected = _chunk()
    settings.register_profile("derandomised", derandomize=True, max_examples=3)
    before = settings.get_current_profile_name()
    settings.load_profile("derandomised")
    try:
        assert _chunk() == expected
        assert not chunk_settings(1).derandomize
    finally:
        settings.load_profile(before)


def test_the_minimal_case_is_found() -> None:
    """One byte is enough, and the smallest that is too great is the simplest."""
    made = _minimise(_verdict)
    assert made.complete
    assert _drawn(made.case) == bytes([PICKY])
    assert made.tries > 1


def test_cases_before_it_are_not_linked() -> None:
    """Drawing is cheap, linking is not."""
    linked: list[LinkCase] = []

    def verdict(case: LinkCase) -> Verdict:
        linked.append(case)
        return _verdict(case)

    made = _minimise(verdict)
    assert sum(_drawn(linked[0])) > 300
    assert len(linked) == made.tries


def test_no_case_is_linked_twice() -> None:
    """hypothesis tries many choices that come to the same case."""
    linked: list[bytes] = []

    def verdict(case: LinkCase) -> Verdict:
        linked.append(_drawn(case))
        return _verdict(case)

    _minimise(verdict)
    assert len(set(linked)) == len(linked)


def test_when_the_time_is_over_the_best_is_kept() -> None:
    def slow(case: LinkCase) -> Verdict:
        time.sleep(0.05)
        return _verdict(case)

    made = _minimise(slow, seconds=0.3)
    assert not made.complete
    assert any(byte >= PICKY for byte in _drawn(made.case))


def test_without_time_nothing_is_linked() -> None:
    def verdict(case: LinkCase) -> Verdict:
        raise AssertionError("linked")

    made = _minimise(verdict, seconds=0.0)
    assert (made.tries, made.complete) == (0, False)


def test_what_does_not_show_again_stays_as_it_is() -> None:
    made = _minimise(lambda case: Verdict())
    assert not made.complete
    assert sum(_drawn(made.case)) > 300


def test_another_divergence_is_not_taken_for_it() -> None:
    """Shrinking must not slip from one bug to another."""
    other = Divergence("refusal.something", (("a",), ("b",)), Severity.LOW, "", "unspecified")

    def verdict(case: LinkCase) -> Verdict:
        great = any(byte >= 200 for byte in _drawn(case))
        return Verdict(divergences=(DIVERGENCE,) if great else (other,))

    cases = _chunk()
    position = next(i for i, case in enumerate(cases) if max(_drawn(case), default=0) >= 200)
    first = cases[position]
    made = minimise(drawn_cases(), SEED, CASES, position, first, MARKED, verdict, 60)
    assert _drawn(made.case) == bytes([200])


def test_stop_comes_through_where_nothing_is_minimised() -> None:
    def body(case: LinkCase) -> None:
        raise Stop

    with pytest.raises(Stop):
        draw_chunk(drawn_cases(), SEED, CASES, body, Phase.generate)


def test_fewer_bytes_and_fewer_words_are_smaller() -> None:
    small, great = sorted(_chunk(), key=lambda case: len(_drawn(case)))[:: CASES - 1]
    assert cost(small) < cost(great)

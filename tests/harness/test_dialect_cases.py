"""Cases made at random: each release of wasm-ld, and the reference in its dialect."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from harness.adapters.reference import Reference
from harness.generation import strategy_for
from harness.linking import Workplace
from harness.oracles.departures import is_same
from harness.results import Outcome
from strategies.case import LinkCase
from tests.linker.releases import RELEASES, release

CASES = 120


@pytest.mark.parametrize("number", RELEASES)
def test_a_dialect_links_as_its_release_does(number: int) -> None:
    """The same bytes, or a refusal of the same class; a longer run is `weldcheck fuzz`."""
    linkers = (Reference(f"lld-{number}"), release(number))
    linked = 0
    with Workplace() as place:

        @seed(number)
        @settings(
            max_examples=CASES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy_for(linkers)(frozenset()))
        def compare(case: LinkCase) -> None:
            nonlocal linked
            ours, theirs = place.link(case, linkers)
            if Outcome.UNSUPPORTED not in (ours.outcome, theirs.outcome):
                assert is_same(ours, theirs), (case.arguments, ours, theirs)
                linked += theirs.outcome is Outcome.LINKED

        compare()
    # The oldest release has not got half of the options.
    assert linked > CASES // 10

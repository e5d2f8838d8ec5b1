"""What is drawn less after a finding that hides all else."""

from __future__ import annotations

import pytest

from harness.divergence import Divergence, Severity
from harness.steering import Steering, hides

OPEN, STEERED = 4, 5


def _divergence(key: str) -> Divergence:
    return Divergence(key, (("a",), ("b",)), Severity.HIGH, "", "unspecified")


@pytest.mark.parametrize("key", ["crash.f", "hang", "refusal.reason.x", "validity.type"])
def test_what_ends_a_case_early_hides_the_rest(key: str) -> None:
    assert hides(_divergence(key))


@pytest.mark.parametrize("key", ["data.address.unaligned", "export.target", "behaviour.start"])
def test_a_difference_in_the_output_hides_nothing(key: str) -> None:
    assert not hides(_divergence(key))


@pytest.mark.parametrize(
    ("groups", "hidden", "avoided"),
    [
        # It hides all cases of the group and few others.
        ({"": 200, "tags": 20, "weak": 80}, {"": 24, "tags": 20, "weak": 10}, {"tags"}),
        # Too few cases to tell.
        ({"": 200, "tags": 3, "weak": 80}, {"": 3, "tags": 3, "weak": 1}, set()),
        # It comes with every group alike: nothing to steer around.
        ({"": 200, "tags": 20, "weak": 80}, {"": 150, "tags": 15, "weak": 60}, set()),
        # A group that shows it now and then is still worth drawing.
        ({"": 200, "tags": 60, "weak": 80}, {"": 12, "tags": 12, "weak": 2}, set()),
    ],
)
def test_the_group_that_a_finding_comes_with_is_avoided(
    groups: dict[str, int], hidden: dict[str, int], avoided: set[str]
) -> None:
    steering = Steering()
    steering.add(groups, {"crash: a": hidden}, {})
    assert steering.avoid(STEERED) == avoided


def test_every_fourth_chunk_avoids_nothing() -> None:
    steering = Steering()
    steering.add({"": 100, "tags": 20}, {"crash: a": {"": 20, "tags": 20}}, {})
    assert [number for number in range(12) if not steering.avoid(number)] == [0, OPEN, 8]


def test_nothing_is_avoided_before_anything_is_found() -> None:
    assert not Steering().avoid(STEERED)


@pytest.mark.parametrize(
    ("groups", "unsupported", "avoided"),
    [
        # Without the one group nearly all cases can be given to the linker.
        (
            {"": 200, "listings": 60, "weak": 80},
            {"": 70, "listings": 50, "weak": 28},
            {"listings"},
        ),
        # Several keep it from cases, and the rest suffers from them alike.
        (
            {"": 200, "listings": 60, "steps": 50, "weak": 80},
            {"": 130, "listings": 52, "steps": 50, "weak": 52},
            {"listings", "steps"},
        ),
        # Too few cases to tell.
        ({"": 200, "listings": 10, "weak": 80}, {"": 10, "listings": 10}, set()),
        # It can be given everything.
        ({"": 200, "listings": 60, "weak": 80}, {}, set()),
    ],
)
def test_every_second_chunk_is_for_all_linkers(
    groups: dict[str, int], unsupported: dict[str, int], avoided: set[str]
) -> None:
    steering = Steering()
    steering.add(groups, {}, {"zig": unsupported})
    assert steering.avoid(STEERED) == avoided
    assert steering.avoid(STEERED + 1) == set()

"""Steering around what is found: a link that crashes or is refused hides every bug behind it.

A finding that ends a link early is met again and again where some group of features is drawn,
and nothing else can be seen in those cases. Most chunks of cases then go without the group;
every fourth has it still, so that what the group shows in other company is found as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from harness.divergence import Divergence

# The first words of the keys of what ends a case before its output can be looked at.
_HIDING = frozenset({"crash", "hang", "refusal", "validity"})
_OPEN_CHUNKS = 4
_LEAST_CASES = 8
_LEAST_SHARE = 0.5
_LEAST_LIFT = 2.0


def hides(divergence: Divergence) -> bool:
    """Whether a divergence keeps the oracles from what else there is in a case."""
    return divergence.key.partition(".")[0] in _HIDING


class Steering:
    """Tells from counts which groups of features to leave out of the next chunk."""

    def __init__(self) -> None:
        self._cases: Counter[str] = Counter()
        self._hidden: dict[str, Counter[str]] = {}

    def add(self, groups: Mapping[str, int], hidden: Mapping[str, Mapping[str, int]]) -> None:
        """Adds what a chunk showed.

        Args:
            groups: how many cases had each group; "" counts all cases.
            hidden: fingerprint -> group -> how many of the cases it hid had the group.
        """
        self._cases.update(groups)
        for mark, counts in hidden.items():
            self._hidden.setdefault(mark, Counter()).update(counts)

    def avoid(self, chunk: int) -> frozenset[str]:
        """The groups that a chunk of this number goes without."""
        if chunk % _OPEN_CHUNKS == 0:
            return frozenset()
        return frozenset(filter(None, map(self._culprit, self._hidden.values())))

    def _culprit(self, hidden: Counter[str]) -> str:
        """The group that a finding comes with: it hides most of the group's cases, and far
        more of them than of other cases. "" if there is none."""
        share = hidden[""] / self._cases[""]
        likely = {
            group: count / self._cases[group]
            for group, count in hidden.items()
            if group and count >= _LEAST_CASES
        }
        if not likely:
            return ""
        group = max(likely, key=lambda name: (likely[name], name))
        enough = max(_LEAST_SHARE, share * _LEAST_LIFT)
        return group if likely[group] >= enough else ""

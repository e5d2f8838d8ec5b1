"""Steering around what is found: a link that crashes or is refused hides every bug behind it.

A finding that ends a link early is met again and again where some group of features is drawn,
and nothing else can be seen in those cases. Most chunks of cases then go without the group;
every fourth has it still, so that what the group shows in other company is found as well.

A linker that has no word for some options cannot be given the cases with them. Every second chunk
goes without the groups that keep a linker of the run from its cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from harness.divergence import Divergence

# The first words of the keys of what ends a case before its output can be looked at.
_HIDING = frozenset({"crash", "hang", "refusal", "validity"})
_OPEN_CHUNKS = 4
_FULL_CHUNKS = 2
_LEAST_CASES = 8
_LEAST_SHARE = 0.5
_LEAST_LIFT = 2.0
_LEAST_COUNTED = 30
# A group keeps a linker from cases when so small a share as many of them are left.
_MOST_LEFT = 0.8


def hides(divergence: Divergence) -> bool:
    """Whether a divergence keeps the oracles from what else there is in a case."""
    return divergence.key.partition(".")[0] in _HIDING


class Steering:
    """Tells from counts which groups of features to leave out of the next chunk."""

    def __init__(self) -> None:
        self._cases: Counter[str] = Counter()
        self._hidden: dict[str, Counter[str]] = {}
        self._unsupported: dict[str, Counter[str]] = {}

    def add(
        self,
        groups: Mapping[str, int],
        hidden: Mapping[str, Mapping[str, int]],
        unsupported: Mapping[str, Mapping[str, int]],
    ) -> None:
        """Adds what a chunk showed.

        Args:
            groups: how many cases had each group; "" counts all cases.
            hidden: fingerprint -> group -> how many of the cases it hid had the group.
            unsupported: linker -> group -> how many cases with the group it could not be given.
        """
        self._cases.update(groups)
        for mark, counts in hidden.items():
            self._hidden.setdefault(mark, Counter()).update(counts)
        for linker, counts in unsupported.items():
            self._unsupported.setdefault(linker, Counter()).update(counts)

    def avoid(self, chunk: int) -> frozenset[str]:
        """The groups that a chunk of this number goes without."""
        found: set[str] = set()
        if chunk % _OPEN_CHUNKS:
            found |= set(filter(None, map(self._culprit, self._hidden.values())))
        if chunk % _FULL_CHUNKS:
            found = found.union(*map(self._keeping, self._unsupported.values()))
        return frozenset(found)

    def _keeping(self, unsupported: Counter[str]) -> set[str]:
        """The groups without which a linker can be given many more cases."""
        total = self._cases[""]
        found = set()
        for group, cases in self._cases.items():
            others = total - cases
            if not group or min(cases, others) < _LEAST_COUNTED:
                continue
            given = 1 - unsupported[group] / cases
            given_without = 1 - (unsupported[""] - unsupported[group]) / others
            if given < _MOST_LEFT * given_without:
                found.add(group)
        return found

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

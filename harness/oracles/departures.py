"""Known departures: where a wasm-ld is not right, and the reference has a quirk for it.

The reference without quirks says what is right. Where a wasm-ld differs from it and the reference
in that wasm-ld's dialect gives exactly what wasm-ld gives, the quirks of the dialect explain the
difference: it is counted by quirk and is no new finding.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.adapters.reference import Reference
from harness.divergence import Divergence
from harness.linking import link_here
from harness.oracles.context import Situation
from harness.oracles.listings import says_the_same
from harness.oracles.messages import classify
from harness.results import LinkResult, Outcome
from linker.quirks.dialects import DIALECTS

if TYPE_CHECKING:
    from strategies.case import LinkCase

# How the reference says that the linker whose dialect it speaks crashes.
CRASH_WORDS = "crashes here"
# And that nobody can tell what it does: it reads and writes what is not there.
UNDEFINED_WORDS = re.compile(r"is not defined here|or writes arbitrary numbers")
OUT_OF_BOUNDS = "out-of-bounds-reads"
SECONDS = 10.0
# So many of the usual quirks are asked for one by one; looking for a least set costs some 15 links.
_ASKED_FIRST = 4
Same = Callable[[LinkResult, LinkResult], bool]


def explained_departures(
    situation: Situation, same: Same, usual: Counter[str]
) -> dict[str, tuple[str, ...]]:
    """The quirks that make each wasm-ld of the case differ from the reference, by its name.

    Only wasm-lds that differ from a reference without quirks, and only where the quirks of
    their dialect explain all of it; the reference in that dialect departs with them. Without any
    reference in the run nothing is explained. `same` tells what is a difference. `usual` counts
    the quirks that alone explained one, and is added to.
    """
    references = {
        name: linker for name, linker in situation.linkers.items() if isinstance(linker, Reference)
    }
    if not references:
        return {}
    standard = next(
        (
            result
            for result in situation.results
            if result.linker in references and references[result.linker].dialect == "standard"
        ),
        None,
    )
    explained = {}
    for result in situation.results:
        reference = references.get(result.linker)
        dialect = situation.bytes_like(result.linker) if reference is None else reference.dialect
        quirks = DIALECTS.get(dialect, frozenset())
        if not quirks or situation.kind(result.linker) not in ("lld", "reference"):
            continue
        if result.outcome is Outcome.UNSUPPORTED:
            continue
        if standard is None:
            standard = link_with(situation.case, ())
        if not same(standard, result):
            names = needed_quirks(situation.case, result, quirks, same, usual)
            if names:
                explained[result.linker] = names
            if len(names) == 1:
                usual.update(names)
    return explained


def link_with(case: LinkCase, quirks: Iterable[str]) -> LinkResult:
    """The reference's result with some quirks."""
    switches = tuple(f"--quirk={name}" for name in sorted(quirks))
    changed = replace(
        case,
        arguments=(*switches, *case.arguments),
        prelinks=tuple(
            replace(step, arguments=(*switches, *step.arguments)) for step in case.prelinks
        ),
    )
    return link_here(Reference(), changed, SECONDS)


def needed_quirks(
    case: LinkCase, theirs: LinkResult, quirks: frozenset[str], same: Same, usual: Counter[str]
) -> tuple[str, ...]:
    """A least set of quirks with which the reference gives `theirs`; () if all do not give it.

    The most frequent of `usual` are asked for first.
    """
    for name, _ in usual.most_common(_ASKED_FIRST):
        if name in quirks and same(link_with(case, (name,)), theirs):
            return (name,)
    if not same(link_with(case, quirks), theirs):
        return ()
    return tuple(sorted(_least(case, theirs, same, (), sorted(quirks))))


def _least(
    case: LinkCase, theirs: LinkResult, same: Same, kept: Sequence[str], names: Sequence[str]
) -> list[str]:
    """Those of `names` that are needed beside `kept`.

    Halves at a time: few of many are needed, mostly one.
    """
    if same(link_with(case, kept), theirs):
        return []
    if len(names) == 1:
        return list(names)
    half = len(names) // 2
    first, second = names[:half], names[half:]
    needed = _least(case, theirs, same, [*kept, *first], second)
    return needed + _least(case, theirs, same, [*kept, *needed], first)


def is_same(ours: LinkResult, theirs: LinkResult) -> bool:
    """Whether a result of the reference is what a wasm-ld did: same bytes, or same refusal.

    Where a dialect says that nobody can tell what the wasm-ld does, all of it is the same.
    """
    if UNDEFINED_WORDS.search(ours.message):
        return True
    if ours.relocatables != theirs.relocatables:
        return False
    if theirs.outcome is Outcome.LINKED or ours.outcome is Outcome.LINKED:
        return ours.outcome is theirs.outcome and ours.module == theirs.module
    if theirs.outcome is Outcome.CRASHED:
        return ours.outcome is Outcome.REFUSED and CRASH_WORDS in ours.message
    if ours.outcome is not theirs.outcome:
        return False
    return classify(ours.message)[0].message_class == classify(theirs.message)[0].message_class


def is_same_and_says_so(ours: LinkResult, theirs: LinkResult) -> bool:
    """As `is_same`, with what is printed and written beside the module."""
    if not is_same(ours, theirs):
        return False
    if theirs.outcome is Outcome.CRASHED or UNDEFINED_WORDS.search(ours.message):
        return True
    return says_the_same(ours, theirs)


def is_explained(divergence: Divergence, explained: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether only linkers stand against the rest whose departure is known."""
    wrong = divergence.blamed or divergence.sides[0]
    if set(wrong) <= explained.keys():
        return True
    second = divergence.sides[1]
    return not divergence.blamed and bool(second) and set(second) <= explained.keys()

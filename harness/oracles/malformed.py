"""The refusal oracle of the malformed lane: cases that were damaged on purpose.

Nobody claims that a damaged file has a meaning; what is claimed is that linkers say so. Linkers
agree where all refuse it, about the same thing, and where all link it (the bytes oracle compares
what they made). A damage that breaks a rule must be refused. Where it is odd or unknown, the
reference without quirks tells who is right. What they say is compared by the listings oracle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.divergence import Divergence, Severity
from harness.execution import Response
from harness.oracles.context import Build, Findings, Situation, blame, names
from harness.oracles.messages import classify
from harness.results import LinkResult, Outcome
from linker.format.constants import SectionId
from linker.format.leb128 import LebError, decode_unsigned
from strategies.case import Damaged

# LLVM's own options, behind -mllvm, are not those of a linker.
_LLVM_OPTIONS = re.compile(r"\(LLVM option parsing\)")
_OFFSET = re.compile(r"\boffset (0x[0-9a-f]+|\d+)")
_HEADER = 8


def judge_damaged(situation: Situation, damaged: Damaged) -> Findings:
    """Compares who links and who refuses a damaged case, and what the refusals say."""
    findings = Findings()
    linked = situation.with_outcome(Outcome.LINKED)
    refused = situation.with_outcome(Outcome.REFUSED)
    if not linked and not refused:
        return findings
    if any(_LLVM_OPTIONS.search(result.message) for result in refused):
        findings.inconclusives["refusal: about options of LLVM, which one does not read"] += 1
        return findings
    findings.checked = bool(linked and refused) or len(linked) + len(refused) > 1
    if linked and (damaged.refused or refused):
        findings.checked = True
        found = _accepted(situation, damaged, linked, refused)
        if found is not None:
            findings.divergences.append(found)
    if len(refused) > 1:
        findings.divergences += _reasons(damaged, refused)
    return findings


def _words(results: Sequence[LinkResult]) -> str:
    return "\n".join(
        f"{result.linker} refuses: {classify(result.message)[0].line or '(no message)'}"
        for result in results
    )


def _is_standard(result: LinkResult) -> bool:
    return result.linker == "reference"


def _accepted(
    situation: Situation,
    damaged: Damaged,
    linked: tuple[LinkResult, ...],
    refused: tuple[LinkResult, ...],
) -> Divergence | None:
    sides = (names(linked), names(refused))
    wrong: tuple[str, ...] = ()
    how = "accepted"
    if damaged.refused or any(_is_standard(result) for result in refused):
        wrong = names(linked)
    elif any(_is_standard(result) for result in linked):
        wrong, how = names(refused), "refused"
    else:
        outvoted = blame(situation, sides)
        wrong = outvoted[0] if outvoted else ()
        how = "refused" if wrong == names(refused) else "accepted"
    return Divergence(
        key=f"malformed.{how}.{damaged.damage}",
        sides=sides if how == "accepted" else (sides[1], sides[0]),
        severity=Severity.MEDIUM,
        detail=f"{', '.join(names(linked))} links a case with the damage {damaged.damage}\n"
        f"{_words(refused)}".rstrip(),
        rule=damaged.rule,
        blamed=wrong,
    )


def _reasons(damaged: Damaged, refused: tuple[LinkResult, ...]) -> list[Divergence]:
    """Refusals for different reasons."""
    found = []
    first, *others = refused
    reason = classify(first.message)[0]
    for other in others:
        theirs = classify(other.message)[0]
        if theirs.message_class == reason.message_class:
            continue
        classes = ".".join(sorted((reason.message_class, theirs.message_class)))
        found.append(
            Divergence(
                key=f"malformed.reason.{classes}",
                sides=((first.linker,), (other.linker,)),
                severity=Severity.LOW,
                detail=f"{_words((first, other))}\nwith the damage {damaged.damage}",
                rule="unspecified",
            )
        )
    return found


def is_copied_code(build: Build, response: Response) -> bool:
    """Whether what makes a module invalid is in its code section.

    Linkers copy function bodies unread, so a damaged body makes an invalid module of theirs.
    """
    place = _OFFSET.search(response.message)
    if place is None:
        return False
    offset = int(place[1], 0)
    try:
        position = _HEADER
        while position < len(build.module):
            size, start = decode_unsigned(build.module, position + 1)
            if build.module[position] == SectionId.CODE:
                return start <= offset <= start + size
            position = start + size
    except LebError:
        return False
    return False

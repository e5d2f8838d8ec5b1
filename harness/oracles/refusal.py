"""The refusal oracle: one links and another refuses, or both refuse for other reasons."""

from __future__ import annotations

from collections.abc import Callable

from harness.divergence import Divergence, Severity
from harness.oracles.context import Findings, Situation, blame, names
from harness.oracles.messages import Reason, classify
from harness.results import LinkResult, Outcome
from strategies.case import MustLink, MustRefuse


def _quote(results: tuple[LinkResult, ...]) -> str:
    parts = []
    for result in results:
        reason = classify(result.message)[0]
        parts.append(f"{result.linker} refuses: {reason.line or '(no message)'}")
    return "\n".join(parts)


def _grouped(
    refused: tuple[LinkResult, ...], by: Callable[[Reason], str]
) -> dict[str, list[LinkResult]]:
    """The refusals, by what their first reasons have in common."""
    groups: dict[str, list[LinkResult]] = {}
    for result in refused:
        groups.setdefault(by(classify(result.message)[0]), []).append(result)
    return groups


def _refused_valid(situation: Situation, reason: str) -> list[Divergence]:
    linked = names(situation.with_outcome(Outcome.LINKED))
    groups = _grouped(situation.with_outcome(Outcome.REFUSED), lambda reason: reason.kind)
    return [
        Divergence(
            key=f"refusal.valid-input.{kind}",
            sides=(names(results), linked),
            severity=Severity.MEDIUM,
            detail=f"{_quote(tuple(results))}\nIt must link: {reason}",
            rule=reason,
            blamed=names(results),
        )
        for kind, results in groups.items()
    ]


# A linker that cannot read an input never comes to what the case is about.
_TOO_EARLY = ("malformed-object", "unsupported-feature", "feature-not-allowed", "other.")


def _judge_must_refuse(
    situation: Situation, expected: MustRefuse, findings: Findings
) -> list[Divergence]:
    linked = names(situation.with_outcome(Outcome.LINKED))
    refused = situation.with_outcome(Outcome.REFUSED)
    found = []
    if linked:
        found.append(
            Divergence(
                key=f"refusal.accepted.{expected.message_class}",
                sides=(linked, names(refused)),
                severity=Severity.MEDIUM,
                detail=f"{', '.join(linked)} links what must be refused: {expected.reason}",
                rule=expected.reason,
                blamed=linked,
            )
        )
    wrong: dict[str, list[LinkResult]] = {}
    right = []
    for result in refused:
        reasons = classify(result.message)
        if any(_fits(reason, expected.message_class) for reason in reasons):
            right.append(result)
        elif reasons[0].message_class.startswith(_TOO_EARLY):
            findings.inconclusives["refusal: refused for another reason first"] += 1
        else:
            wrong.setdefault(reasons[0].message_class, []).append(result)
    for message_class, results in wrong.items():
        found.append(
            Divergence(
                key=f"refusal.reason.{expected.message_class}.{message_class}",
                sides=(names(results), names(right)),
                severity=Severity.LOW,
                detail=f"{_quote(tuple(results))}\nexpected: {expected.reason}",
                rule=expected.reason,
                blamed=names(results),
            )
        )
    return found


def _fits(reason: Reason, expected: str) -> bool:
    return reason.message_class == expected


def _among_linkers(situation: Situation) -> list[Divergence]:
    linked = names(situation.with_outcome(Outcome.LINKED))
    groups = _grouped(situation.with_outcome(Outcome.REFUSED), lambda reason: reason.message_class)
    found = []
    if linked:
        for message_class, results in groups.items():
            sides = (names(results), linked)
            blamed = blame(situation, sides)
            found.append(
                Divergence(
                    key=f"refusal.{message_class}",
                    sides=sides,
                    severity=Severity.MEDIUM,
                    detail=f"{_quote(tuple(results))}\n{', '.join(linked)} links",
                    rule="unspecified",
                    blamed=blamed[0] if blamed else (),
                )
            )
    elif len(groups) > 1:
        (first, results), *others = groups.items()
        for message_class, different in others:
            classes = sorted((first, message_class))
            found.append(
                Divergence(
                    key="refusal.reason." + ".".join(classes),
                    sides=(names(results), names(different)),
                    severity=Severity.LOW,
                    detail=_quote((*results, *different)),
                    rule="unspecified",
                )
            )
    return found


def judge_refusals(situation: Situation) -> Findings:
    """Compares who links and who refuses, with the case's expectation or among the linkers."""
    findings = Findings()
    decided = [
        result
        for result in situation.results
        if result.outcome in (Outcome.LINKED, Outcome.REFUSED)
    ]
    must_refuse = situation.case.must_refuse
    must_link = next((e for e in situation.case.expectations if isinstance(e, MustLink)), None)
    if not decided:
        return findings
    if must_refuse is not None:
        findings.divergences = _judge_must_refuse(situation, must_refuse, findings)
    elif must_link is not None:
        findings.divergences = _refused_valid(situation, must_link.reason)
    elif len(decided) > 1:
        findings.divergences = _among_linkers(situation)
    else:
        return findings
    findings.checked = True
    return findings

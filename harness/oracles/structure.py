"""The structure oracle: byte identity where it is promised, else piece by piece, by name."""

from __future__ import annotations

from collections.abc import Iterator

from harness.compare import Comparison, compare_modules
from harness.compare.sections import differing_sections
from harness.divergence import Divergence, Severity
from harness.oracles.context import Build, Findings, Situation, blame
from harness.oracles.words import component
from harness.results import LinkResult

# Sections whose bytes have no effect on the program.
_HARMLESS = ("custom.",)


def _inputs(situation: Situation) -> tuple[tuple[str, bytes], ...]:
    return tuple((file.name, file.content) for file in situation.case.files)


def judge_bytes(situation: Situation) -> Findings:
    """Linkers that promise each other the same bytes must have made the same bytes, in the links
    with -r that come first, too."""
    findings = Findings()
    findings.divergences.extend(_relocatables_differ(situation))
    if findings.divergences:
        # What was made of different inputs says nothing more.
        findings.checked = True
        return findings
    promised: dict[str, list[Build]] = {}
    makers: dict[str, list[str]] = {}
    for build in situation.builds:
        for linker in build.linkers:
            promise = situation.bytes_like(linker)
            if promise:
                makers.setdefault(promise, []).append(linker)
                builds = promised.setdefault(promise, [])
                if build not in builds:
                    builds.append(build)
    for promise, builds in promised.items():
        if len(makers[promise]) < 2:
            continue
        findings.checked = True
        for other in builds[1:]:
            findings.divergences.append(_bytes_differ(situation, promise, builds[0], other))
    return findings


def _relocatables_differ(situation: Situation) -> Iterator[Divergence]:
    """The first difference in the outputs of each linker's links with -r."""
    seen: dict[str, LinkResult] = {}
    for result in situation.results:
        promise = situation.bytes_like(result.linker)
        if not promise or not result.relocatables:
            continue
        base = seen.setdefault(promise, result)
        for first, second in zip(base.relocatables, result.relocatables, strict=False):
            if first != second:
                builds = Build(first, (base.linker,)), Build(second, (result.linker,))
                yield _bytes_differ(situation, promise, *builds)
                break


def _bytes_differ(situation: Situation, promise: str, first: Build, second: Build) -> Divergence:
    labels = differing_sections(first.module, second.module)
    comparison = compare_modules(first.module, second.module, _inputs(situation))
    kind, _, name = labels[0].partition(".")
    key = f"bytes.{component(kind)}" + (f".{component(name)}" if name else "")
    worst = max(comparison.differences, key=lambda d: d.severity, default=None)
    if worst is not None:
        key += f".{worst.key}"
    harmless = all(label.startswith(_HARMLESS) for label in labels)
    explained = "\n".join(f"{d.key}: {d.detail}" for d in comparison.differences[:20])
    sides = tuple(
        tuple(linker for linker in build.linkers if situation.bytes_like(linker) == promise)
        for build in (first, second)
    )
    return Divergence(
        key=key,
        sides=(sides[0], sides[1]),
        severity=Severity.LOW if harmless else Severity.MEDIUM,
        detail=f"sections that differ: {', '.join(labels)}; {len(first.module)} and "
        f"{len(second.module)} bytes\n{explained}".rstrip(),
        rule=f"the promise of the same bytes as {promise}",
    )


def _base(situation: Situation) -> Build:
    """The output that others are compared with: LLD's, else the reference's, else the first."""
    for kind in ("lld", "reference"):
        for build in situation.builds:
            if any(situation.kind(linker) == kind for linker in build.linkers):
                return build
    return situation.builds[0]


def judge_structure(situation: Situation) -> Findings:
    """Compares outputs of linkers that promise nothing, by name."""
    findings = Findings()
    builds = situation.builds
    if len(builds) < 2:
        findings.checked = bool(builds) and len(builds[0].linkers) > 1
        return findings
    base = _base(situation)
    for build in builds:
        if build is base or _is_promised(situation, base, build):
            continue
        comparison = compare_modules(base.module, build.module, _inputs(situation))
        findings.checked = True
        if comparison.coverage < 1.0:
            share = "under half" if comparison.coverage < 0.5 else "not all"
            findings.inconclusives[f"structure: {share} of the output compared"] += 1
        findings.divergences.extend(_divergences(situation, base, build, comparison))
    return findings


def _is_promised(situation: Situation, first: Build, second: Build) -> bool:
    """Whether the bytes oracle compares these two already."""
    left = {situation.bytes_like(linker) for linker in first.linkers} - {""}
    right = {situation.bytes_like(linker) for linker in second.linkers} - {""}
    return bool(left & right)


def _with_names(detail: str, first: Build, second: Build) -> str:
    """The detail of a difference with the linkers' names for "first" and "second"."""
    for side, build in (("first", first), ("second", second)):
        names = ", ".join(build.linkers)
        if detail.startswith(f"{side}: "):
            detail = f"{names}: {detail.removeprefix(f'{side}: ')}"
        # "f is only in first", "f is only exported by first"
        for words in ("only in", "only exported by"):
            if detail.endswith(f" {words} {side}"):
                detail = f"{detail.removesuffix(side)}{names}"
    return detail


def _divergences(
    situation: Situation, base: Build, build: Build, comparison: Comparison
) -> list[Divergence]:
    sides = (base.linkers, build.linkers)
    outvoted = blame(situation, sides)
    wrong = {"first": base.linkers, "second": build.linkers}
    return [
        Divergence(
            key=difference.key,
            sides=sides,
            severity=difference.severity,
            detail=_with_names(difference.detail, base, build),
            rule=difference.rule,
            blamed=wrong.get(difference.wrong) or (outvoted[0] if outvoted else ()),
        )
        for difference in comparison.differences
    ]

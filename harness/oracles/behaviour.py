"""The behaviour oracle: what the outputs do when run, compared among the linkers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.compare.layout import same_memory
from harness.divergence import Divergence, Severity
from harness.execution import ProbeRun, Response
from harness.oracles.cause import probe_cause
from harness.oracles.context import Build, Findings, Situation, blame, makers
from harness.oracles.expectation import failure, probes_of

# Below this, a number is no address: wasm-ld's default global base.
LOWEST_ADDRESS = 1024
HIGHEST_ADDRESS = 64 << 20

Groups = list[list[Build]]


def may_be_address(value: int | str) -> bool:
    """Whether a number may be an address, which two right linkers may choose differently."""
    return isinstance(value, int) and LOWEST_ADDRESS <= value < HIGHEST_ADDRESS


def _differ_as_addresses(first: Sequence[int | str], second: Sequence[int | str]) -> bool:
    """Whether two lists of values differ only where both may be addresses."""
    return len(first) == len(second) and all(
        a == b or (may_be_address(a) and may_be_address(b))
        for a, b in zip(first, second, strict=True)
    )


def difference(first: ProbeRun, second: ProbeRun) -> str:
    """How two runs of one export differ, as a part of a key; "" if they do not.

    "address" means that they differ only in numbers that may be addresses.
    """
    if first.problem != second.problem:
        return "export"
    if first.trap != second.trap:
        return "trap." + ".".join(sorted(filter(None, (first.trap, second.trap))))
    if first.calls != second.calls:
        return "host-order" if sorted(first.calls) == sorted(second.calls) else "host-calls"
    one, two = first.results or (), second.results or ()
    if one != two and not _differ_as_addresses(one, two):
        return "value"
    pairs = list(zip(first.arguments, second.arguments, strict=True))
    if any(not _differ_as_addresses(a, b) for a, b in pairs):
        return "host-arguments"
    return "address" if one != two or any(a != b for a, b in pairs) else ""


def _response(build: Build) -> Response:
    assert build.response is not None
    return build.response


def _compare_starts(situation: Situation, findings: Findings) -> None:
    """Instantiation: some outputs trap, or call other host functions than others do."""
    groups: dict[tuple[str, tuple[str, ...]], list[Build]] = {}
    for build in situation.builds:
        response = build.response
        if response is not None and response.status in ("ran", "trapped"):
            groups.setdefault((response.trap, response.start_calls), []).append(build)
    if len(groups) < 2:
        return
    (first, builds), *others = groups.items()
    for signature, different in others:
        traps = sorted(filter(None, (first[0], signature[0])))
        # A program that must run and traps before it starts is wrong by itself.
        known = probes_of(situation) and bool(first[0]) != bool(signature[0])
        wrong = (builds if first[0] else different) if known else []
        key = "behaviour.start." + (f"trap.{traps[0]}" if traps else "host-calls")
        detail = f"instantiation: {first} and {signature}"
        findings.divergences.append(
            _divergence(situation, key, builds, different, detail, makers(wrong))
        )


def _divergence(
    situation: Situation,
    key: str,
    first: list[Build],
    second: list[Build],
    detail: str,
    wrong: tuple[str, ...] = (),
) -> Divergence:
    sides = (makers(first), makers(second))
    blamed = (wrong,) if wrong else blame(situation, sides)
    return Divergence(
        key=key,
        sides=sides,
        severity=Severity.CRITICAL,
        detail=f"{', '.join(sides[0])} against {', '.join(sides[1])}: {detail}",
        rule="unspecified",
        blamed=blamed[0] if blamed else (),
    )


def _judged_exports(situation: Situation) -> Counter[str]:
    """How many expectations of each export some build breaks: those are told already."""
    broken: Counter[str] = Counter()
    for probe in probes_of(situation):
        for build in situation.builds:
            if build.response is None:
                continue
            for run in build.response.probes:
                if run.export == probe.export and failure(probe, run):
                    broken[probe.export] += 1
    return broken


def _compare_probes(situation: Situation, builds: list[Build], findings: Findings) -> None:
    base = builds[0]
    told = _judged_exports(situation)
    runs = [{run.export: run for run in _response(build).probes} for build in builds]
    for export, run in runs[0].items():
        if told[export]:
            continue
        groups: dict[str, list[Build]] = {}
        for build, others in zip(builds[1:], runs[1:], strict=True):
            if export not in others:
                # A missing export is the structure oracle's business.
                findings.inconclusives["behaviour: export not in every output"] += 1
                continue
            how = difference(run, others[export])
            groups.setdefault(how, []).append(build)
        same = [base, *groups.pop("", [])]
        if groups.pop("address", []):
            findings.inconclusives["behaviour: value may be an address"] += 1
        for how, different in groups.items():
            other = {r.export: r for r in _response(different[0]).probes}[export]
            cause = probe_cause(situation, export, different[0], base)
            findings.divergences.append(
                _divergence(
                    situation,
                    cause.with_symptom(how),
                    same,
                    different,
                    f"{export}: {_words(run)} and {_words(other)}",
                    makers(different) if cause.decided else (),
                )
            )


def _words(run: ProbeRun) -> str:
    if run.problem:
        return run.problem
    outcome = run.trap or ", ".join(map(str, run.results or ())) or "nothing"
    calls = [
        f"{name}({', '.join(map(str, arguments))})"
        for name, arguments in zip(run.calls, run.arguments, strict=True)
    ]
    return f"{outcome} [{'; '.join(calls)}]" if calls else outcome


def _compare_states(situation: Situation, builds: list[Build], findings: Findings) -> None:
    """Memory, tables and globals after the run, among builds that are laid out alike."""
    base = builds[0]
    for build in builds[1:]:
        if not same_memory(base.module, build.module):
            findings.inconclusives["behaviour: final memory, layouts differ"] += 1
            continue
        one, two = _response(base), _response(build)
        for key, first, second in (
            ("memory", one.memories, two.memories),
            ("table", one.tables, two.tables),
            ("global", one.globals, two.globals),
        ):
            # What only one exports is the structure oracle's business.
            common = {state.name for state in first} & {state.name for state in second}
            if [s for s in first if s.name in common] != [s for s in second if s.name in common]:
                findings.divergences.append(
                    _divergence(
                        situation,
                        f"behaviour.final.{key}",
                        [base],
                        [build],
                        f"the exported {key} differs after all probes ran",
                    )
                )


def wants_final_state(situation: Situation) -> bool:
    """Whether the final state can be compared at all: more than one output, laid out alike."""
    builds = situation.builds
    return len(builds) > 1 and any(
        same_memory(builds[0].module, build.module) for build in builds[1:]
    )


def judge_behaviour(situation: Situation) -> Findings:
    """Compares start, probes and final state of the distinct outputs that ran.

    Identical outputs were run once and agree. What an expectation already decides for an
    export is left to the expectation oracle.
    """
    findings = Findings()
    for build in situation.builds:
        status = "not run" if build.response is None else build.response.status
        if status not in ("ran", "trapped", "invalid", "validated"):
            findings.inconclusives[f"behaviour: {status}"] += 1
    _compare_starts(situation, findings)
    ran = [build for build in situation.builds if build.response and build.response.has_run]
    if len(makers(ran)) < 2:
        return findings
    findings.checked = True
    if len(ran) > 1:
        _compare_probes(situation, ran, findings)
        _compare_states(situation, ran, findings)
    return findings

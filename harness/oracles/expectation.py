"""The expectation oracle: what the generator knows by construction, with no second linker."""

from __future__ import annotations

from harness.divergence import Divergence, Severity
from harness.execution import ProbeRun
from harness.oracles.cause import probe_cause
from harness.oracles.context import Build, Findings, Situation, makers
from strategies.case import HostCalls, ProbeReturns

Probe = ProbeReturns | HostCalls


def probes_of(situation: Situation) -> tuple[Probe, ...]:
    """The expectations that are about the run of an export."""
    found = []
    for expectation in situation.case.expectations:
        if isinstance(expectation, ProbeReturns | HostCalls):
            found.append(expectation)
    return tuple(found)


def exports_to_call(probes: tuple[Probe, ...]) -> tuple[str, ...] | None:
    """The exports that the expectations name, each once; None (all) where there are none."""
    if not probes:
        return None
    return tuple(dict.fromkeys(probe.export for probe in probes))


def failure(probe: Probe, run: ProbeRun) -> str:
    """How a run breaks an expectation, as a part of a key; "" if it holds."""
    if run.problem:
        return run.problem
    if isinstance(probe, HostCalls):
        if run.calls == probe.calls:
            return ""
        if run.trap:
            return f"trap.{run.trap}"
        return "host-order" if sorted(run.calls) == sorted(probe.calls) else "host-calls"
    if probe.value is None:
        return "" if run.trap else "no-trap"
    if run.trap:
        return f"trap.{run.trap}"
    return "" if run.results == (probe.value,) else "value"


def _words(run: ProbeRun) -> str:
    if run.problem:
        return f"the export is {run.problem}"
    if run.trap:
        return f"traps ({run.trap})"
    calls = f" after the host calls {', '.join(run.calls)}" if run.calls else ""
    return f"returns {', '.join(map(str, run.results or ())) or 'nothing'}{calls}"


def _expected(probe: Probe) -> str:
    if isinstance(probe, HostCalls):
        return f"host calls {', '.join(probe.calls) or 'none'}"
    return "a trap" if probe.value is None else f"the value {probe.value}"


def judge_expectations(situation: Situation) -> Findings:
    """Compares what every build's probes did with what they must do."""
    findings = Findings()
    probes = probes_of(situation)
    ran = [build for build in situation.builds if build.response and build.response.has_run]
    if not probes or not ran:
        return findings
    findings.checked = True
    runs = {id(build): _by_export(build) for build in ran}
    for probe in probes:
        failures: dict[str, list[Build]] = {}
        for build in ran:
            run = runs[id(build)].get(probe.export)
            if run is None:
                findings.inconclusives["expectation: not called"] += 1
                continue
            failures.setdefault(failure(probe, run), []).append(build)
        right = failures.pop("", [])
        for how, builds in failures.items():
            findings.divergences.append(
                _divergence(situation, probe, how, builds, right, runs[id(builds[0])])
            )
    return findings


def _by_export(build: Build) -> dict[str, ProbeRun]:
    assert build.response is not None
    return {run.export: run for run in build.response.probes}


def _divergence(
    situation: Situation,
    probe: Probe,
    how: str,
    builds: list[Build],
    right: list[Build],
    runs: dict[str, ProbeRun],
) -> Divergence:
    wrong = makers(builds)
    if how in ("missing", "not-a-function"):
        key, severity = f"export.{how}.function", Severity.HIGH
    else:
        cause = probe_cause(situation, probe.export, builds[0], right[0] if right else None)
        key = cause.with_symptom(how)
        severity = Severity.CRITICAL
    words = _words(runs[probe.export])
    if how == "value-type":
        words = "the export has parameters or results that cannot be given"
    return Divergence(
        key=key,
        sides=(wrong, makers(right)),
        severity=severity,
        detail=f"{probe.export}: expected {_expected(probe)}; {', '.join(wrong)}: {words}",
        rule=probe.rule,
        blamed=wrong,
    )

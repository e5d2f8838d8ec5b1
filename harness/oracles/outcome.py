"""Crashes and hangs: wrong by themselves, whatever the other linkers do."""

from __future__ import annotations

import re
import signal

from harness.divergence import Divergence, Severity
from harness.linking import OUT_OF_MEMORY
from harness.oracles.context import Findings, Situation, names
from harness.oracles.messages import error_lines, normalise
from harness.oracles.words import component
from harness.results import LinkResult, Outcome

_PANIC = re.compile(r"panic(?:ked)?:? ?(?:at )?(.*)")
_ZIG_FRAME = re.compile(r"(\w+)\.zig:\d+:\d+: 0x[0-9a-f]+ in (\w+)")
_PYTHON_FRAME = re.compile(r'File "[^"]*?(\w+)\.py", line \d+, in (\w+)')
_PYTHON_ERROR = re.compile(r"^(?:\w+\.)*(\w+(?:Error|Exception|Interrupt|Exit))\b", re.MULTILINE)
_ASSERTION = re.compile(r"Assertion [`'](.*)' failed|assertion failed:? ?(.*)", re.IGNORECASE)
_LLVM = re.compile(r"LLVM ERROR: (.*)|UNREACHABLE executed at (.*)")
# Places in Zig's own safety checks, which say nothing about where the bug is.
_ZIG_RUNTIME = {"panic", "panicImpl", "posixCallMainAndExit", "callMain", "assert", "_start"}


# What the harness itself adds to the words of a linker that crashed.
_ADDED = re.compile(
    r"ended (?:by signal|with exit status)|stopped after [\d.]+ s$|in the link with -r that makes "
)
_WARNING = re.compile(r"(?:[\w./-]+: )?warning\b", re.IGNORECASE)


def _last_line(message: str) -> str:
    """The linker's own last line, "" if it said nothing."""
    lines = [
        line
        for line in message.splitlines()
        if line.strip() and not _ADDED.match(line) and not _WARNING.match(line)
    ]
    return lines[-1] if lines else ""


def _signal_name(result: LinkResult) -> str:
    if result.exit_status is None or result.exit_status >= 0:
        return ""
    try:
        return signal.Signals(-result.exit_status).name.lower()
    except ValueError:
        return "signal"


def crash_place(result: LinkResult) -> str:
    """Where a linker crashed: the innermost frame of its trace, or its last words.

    Fit for a key: no numbers, addresses or names of the case.
    """
    message = result.message
    python = _PYTHON_FRAME.findall(message)
    if python:
        error = _PYTHON_ERROR.findall(message)
        raised = (error or ["unknown"])[-1].lower()
        return ".".join(("exception", raised, *map(component, python[-1])))
    zig = [frame for frame in _ZIG_FRAME.findall(message) if frame[1] not in _ZIG_RUNTIME]
    if zig:
        return ".".join(("panic", *map(component, zig[0])))
    for name, pattern in (("panic", _PANIC), ("assertion", _ASSERTION), ("llvm", _LLVM)):
        found = pattern.search(message)
        if found:
            words = next((group for group in found.groups() if group), "")
            return f"{name}.{normalise(words)}"
    errors = error_lines(message)
    last = errors[-1] if result.exit_status and result.exit_status > 0 and errors else ""
    words = normalise(last or _last_line(message))
    return ".".join(filter(None, (_signal_name(result), words)))


def ran_out(result: LinkResult) -> bool:
    """Whether a linker ended because it got no more memory."""
    return bool(OUT_OF_MEMORY.search(result.message))


def _left_behind(result: LinkResult, well: tuple[str, ...]) -> Divergence:
    others = tuple(name for name in well if name != result.linker)
    return Divergence(
        key=f"output.left-behind.{result.outcome.value}",
        sides=((result.linker,), others),
        severity=Severity.LOW,
        detail=f"{result.linker} failed and left an output file: {result.message[-500:]}",
        rule="a link that fails leaves no output",
        blamed=(result.linker,),
    )


def judge_outcomes(situation: Situation) -> Findings:
    """One divergence for each linker that crashed or did not end."""
    findings = Findings()
    well = names(
        result
        for result in situation.results
        if result.outcome in (Outcome.LINKED, Outcome.REFUSED)
    )
    for result in situation.results:
        if result.left_behind and result.outcome is Outcome.REFUSED:
            findings.divergences.append(_left_behind(result, well))
        if result.outcome is Outcome.UNSUPPORTED:
            findings.inconclusives[f"unsupported by {result.linker}: {result.message}"] += 1
            continue
        findings.checked = True
        if result.outcome is Outcome.CRASHED and situation.case.damaged and ran_out(result):
            # A count that it believed; with more memory it would have gone on.
            findings.inconclusives["outcome: out of memory, as the limit has it"] += 1
            continue
        if result.exit_status == -signal.SIGXFSZ:
            findings.inconclusives["outcome: the output is larger than the limit"] += 1
            continue
        if result.outcome is Outcome.CRASHED:
            key = f"crash.{crash_place(result)}"
            how = f"{result.linker} crashed (exit status {result.exit_status})"
        elif result.outcome is Outcome.TIMED_OUT:
            key = f"hang.{normalise(_last_line(result.message))}"
            how = f"{result.linker} did not end within {result.seconds:.1f} s"
        else:
            continue
        findings.divergences.append(
            Divergence(
                key=key,
                sides=((result.linker,), well),
                severity=Severity.HIGH,
                detail=f"{how}\n{result.message[-2000:]}".rstrip(),
                rule="a linker ends with an output or an error",
                blamed=(result.linker,),
            )
        )
    return findings

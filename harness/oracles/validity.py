"""The validity oracle: what was linked must be a valid module."""

from __future__ import annotations

import hashlib
import re

from harness.divergence import Divergence, Severity
from harness.execution import Validation, validate_with_wabt
from harness.oracles.context import Build, Findings, Situation, makers
from harness.oracles.malformed import is_copied_code
from harness.oracles.messages import normalise

_AT = re.compile(r"\(at offset 0x[0-9a-f]+\)|^Invalid input WebAssembly code at offset \d+:")
_WABT_PLACE = re.compile(r"^\S*?:?[0-9a-f]+: (?:error|warning): ")


def problem_class(validation: Validation) -> str:
    """The words of a validator's objection up to its first detail, without numbers or names."""
    line = validation.problem.splitlines()[0] if validation.problem else ""
    line = _WABT_PLACE.sub("", _AT.sub("", line)).strip()
    # "type mismatch: expected i32, found i64" varies with the program behind the colon.
    return normalise(line.split(":")[0], 6)


# What a validator says of instructions that it does not know; wasm-validate up to 1.0.39 has only
# the first proposal of exceptions, wasmtime only the second. Typed references are new to the first.
_UNKNOWN = re.compile(
    r"legacy_exceptions feature required"
    r"|unexpected opcode: 0x(?:1f|0a|14|15|d[456]|fb)\b"
    r"|expected valid (?:block signature|local) type$"
    r"|(?:ref\.null|table elem) type must be a reference type"
    r"|expected valid \w+ type \(got -0x17\)"
    r"|unable to read u32 leb128: (?:load|store) offset"
)


def is_ignorance(validation: Validation) -> bool:
    """Whether a validator objects to what it does not know, rather than to what is wrong."""
    return bool(_UNKNOWN.search(validation.problem))


def is_in_share(module: bytes, share: float) -> bool:
    """Whether a module falls into a share (0 to 1) of all; always the same for its bytes."""
    if share >= 1.0:
        return True
    if share <= 0.0:
        return False
    digest = hashlib.blake2b(module, digest_size=4).digest()
    return int.from_bytes(digest, "little") < share * (1 << 32)


def _invalid(build: Build, valid: tuple[str, ...], validation: Validation) -> Divergence:
    return Divergence(
        key=f"validity.{problem_class(validation)}",
        sides=(build.linkers, valid),
        severity=Severity.HIGH,
        detail=f"{validation.validator} refuses the output of {', '.join(build.linkers)}:\n"
        f"{validation.problem}",
        rule="WebAssembly core specification, Validation",
        blamed=build.linkers,
    )


def judge_validity(situation: Situation, wabt_share: float) -> Findings:
    """Judges each distinct output by wasmtime (already asked, with the run) and wabt.

    `wabt_share` is the share of outputs that wasm-validate sees too: a start costs 3 ms. An
    output that wasmtime refuses is always shown to it.
    """
    findings = Findings()
    if situation.is_relocatable:
        findings.inconclusives["validity: relocatable output is no module to run"] += 1
        return findings
    opinions: list[tuple[Build, Validation, Validation | None]] = []
    for build in situation.builds:
        response = build.response
        verdict = None if response is None else response.is_valid
        if response is None or verdict is None:
            reason = "not run" if response is None else response.status
            findings.inconclusives[f"validity: wasmtime {reason}"] += 1
            continue
        if not verdict and situation.case.damaged and is_copied_code(build, response):
            findings.inconclusives["validity: a damaged function was copied unread"] += 1
            continue
        first = Validation("wasmtime", "" if verdict else response.message)
        second = None
        if not verdict or is_in_share(build.module, wabt_share):
            second = validate_with_wabt(build.module)
            if second is None:
                findings.inconclusives["validity: wasm-validate is not installed"] += 1
        findings.checked = True
        opinions.append((build, first, second))
    fine = [build for build, first, second in opinions if first.is_valid]
    for build, first, second in opinions:
        given = [opinion for opinion in (first, second) if opinion is not None]
        known = [opinion for opinion in given if not is_ignorance(opinion)]
        for opinion in given:
            if opinion not in known:
                unable = f"validity: {opinion.validator} does not know an instruction"
                findings.inconclusives[unable] += 1
        objectors = [opinion for opinion in known if not opinion.is_valid]
        if objectors and len(objectors) < len(known):
            findings.divergences.append(_disagreement(build, objectors[0]))
        elif objectors:
            findings.divergences.append(_invalid(build, makers(fine), objectors[0]))
    return findings


def _disagreement(build: Build, objector: Validation) -> Divergence:
    return Divergence(
        key=f"validators.{objector.validator}.{problem_class(objector)}",
        sides=(build.linkers, ()),
        severity=Severity.NOTE,
        detail=f"only {objector.validator} refuses the output of {', '.join(build.linkers)}:\n"
        f"{objector.problem}",
        rule="WebAssembly core specification, Validation",
    )

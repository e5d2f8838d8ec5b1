"""A finding as a folder that needs nothing of ours.

ID/
  README.md         what is expected, what was got, the rule, how it was reached
  finding.toml      the same for programs
  repro.sh          links the inputs with the public tools and shows what they do
  inputs/           the minimised case: objects, archives, their YAML, response.txt
  version.txt       versions of the linkers
  outputs/          what each linker wrote and said
  original/         the case as it was drawn
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.divergence import Divergence
from harness.fingerprints import Fingerprint
from harness.reproducer import CALL_PROGRAM, CALL_SCRIPT, expected_calls, repro_script
from harness.results import LinkResult
from harness.steps import command_lines
from linker.format.archive import is_archive
from linker.format.errors import MalformedFile
from linker.format.parse import parse
from linker.format.stub_library import STUB_MAGIC

if TYPE_CHECKING:
    from harness.adapters.base import Linker
    from harness.work_messages import Candidate
    from strategies.case import LinkCase


@dataclass(frozen=True)
class Finding:
    """A divergence, minimised and confirmed, with all it takes to understand it.

    Attributes:
        mark: its fingerprint.
        case: the minimised case, `original` the one that showed it first.
        results: of the minimised case.
        lane: of the run, one of `harness.lanes.LANES`.
        run_seed: seed of the run; `case_number` counts the cases of the run from 0.
        steered_around: groups of features that the case could not have any more.
        chunk_seed: seed of hypothesis for the chunk, `position` the case's place in it.
        tries: cases linked for minimising; `complete` whether that came to its end.
    """

    mark: Fingerprint
    divergence: Divergence
    case: LinkCase
    original: LinkCase
    results: tuple[LinkResult, ...]
    linkers: tuple[Linker, ...]
    lane: str
    run_seed: int
    steered_around: tuple[str, ...]
    case_number: int
    chunk_seed: int
    position: int
    tries: int
    complete: bool
    versions: Mapping[str, str]

    @staticmethod
    def of(
        candidate: Candidate,
        linkers: tuple[Linker, ...],
        lane: str,
        run_seed: int,
        versions: Mapping[str, str],
    ) -> Finding:
        """The finding that a worker's candidate is."""
        return Finding(
            mark=candidate.mark,
            divergence=candidate.divergence,
            case=candidate.case,
            original=candidate.original,
            results=candidate.results,
            linkers=linkers,
            lane=lane,
            run_seed=run_seed,
            steered_around=tuple(sorted(candidate.chunk.avoid)),
            case_number=candidate.chunk.first + candidate.position,
            chunk_seed=candidate.chunk.seed,
            position=candidate.position,
            tries=candidate.minimised.tries,
            complete=candidate.minimised.complete,
            versions=versions,
        )


def store(finding: Finding, root: Path) -> Path:
    """Writes a finding below `root` and returns its folder.

    The folder is there as a whole or not at all; one of an earlier run is replaced.
    """
    root.mkdir(parents=True, exist_ok=True)
    target = root / finding.mark.id
    temporary = Path(tempfile.mkdtemp(prefix=".writing-", dir=root))
    try:
        temporary.chmod(0o755)
        _write(finding, temporary)
        if target.exists():
            shutil.rmtree(target)
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return target


def write_inputs(case: LinkCase, folder: Path) -> None:
    """Writes a case's files and its response files into `folder`."""
    for file in case.files:
        path = folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    for name, arguments in command_lines(case).items():
        (folder / name).write_bytes(response(arguments))


def response(arguments: Sequence[str]) -> bytes:
    """A response file: one quoted argument a line, as `--reproduce` of LLD writes it."""
    lines = "".join(f"{shlex.quote(argument)}\n" for argument in arguments)
    return os.fsencode(lines)


def _write(finding: Finding, folder: Path) -> None:
    inputs = folder / "inputs"
    write_inputs(finding.case, inputs)
    _write_yaml(finding.case, inputs)
    write_inputs(finding.original, folder / "original")
    _write_outputs(finding.results, folder / "outputs")
    versions = [f"{linker.name}: {linker.version}\n" for linker in finding.linkers]
    versions += [f"{name}: {version}\n" for name, version in finding.versions.items()]
    (folder / "version.txt").write_text("".join(versions), encoding="utf-8")
    (folder / "finding.toml").write_text(_toml(finding), encoding="utf-8")
    (folder / "README.md").write_text(readme(finding), encoding="utf-8", errors="replace")
    script = folder / "repro.sh"
    script.write_bytes(
        os.fsencode(repro_script(finding.divergence.key, finding.case, finding.linkers))
    )
    script.chmod(0o755)
    if expected_calls(finding.case):
        (folder / CALL_SCRIPT).write_text(CALL_PROGRAM, encoding="utf-8")


def _write_yaml(case: LinkCase, folder: Path) -> None:
    """LLVM's YAML of each object, for a reader; what has no YAML form stays without."""
    from linker.format.yaml import to_yaml

    for file in case.files:
        if is_archive(file.content) or file.content.startswith(STUB_MAGIC):
            continue
        try:
            text = to_yaml(parse(file.content, file.name))
        except (MalformedFile, ValueError) as problem:
            text = f"# no YAML form: {problem}\n"
        path = folder / f"{file.name}.yaml"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))


def _write_outputs(results: Sequence[LinkResult], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for result in results:
        name = result.linker.replace(":", "-")
        if result.module is not None:
            (folder / f"{name}.wasm").write_bytes(result.module)
        status = "none" if result.exit_status is None else str(result.exit_status)
        head = f"outcome: {result.outcome.value}\nexit status: {status}\n\n"
        texts = {f"{name}.txt": head + result.message}
        if result.stdout:
            texts[f"{name}.stdout.txt"] = result.stdout
        for file_name, text in texts.items():
            # Names of a malformed object may be no UTF-8.
            path = folder / file_name
            path.write_text(text, encoding="utf-8", errors="surrogateescape")
        for file in result.side_files:
            (folder / f"{name}.{file.option}.txt").write_bytes(file.content)


def _toml(finding: Finding) -> str:
    """finding.toml. A JSON string is a TOML string; keys are fixed."""
    divergence = finding.divergence
    rows: list[tuple[str, object]] = [
        ("id", finding.mark.id),
        ("key", divergence.key),
        ("severity", divergence.severity.label),
        ("sides", [list(side) for side in divergence.sides]),
        ("blamed", list(divergence.blamed)),
        ("rule", divergence.rule),
        ("detail", divergence.detail),
        ("arguments", list(finding.case.arguments)),
        ("prelinks", [list(words) for words in list(command_lines(finding.case).values())[:-1]]),
        ("lane", finding.lane),
        ("run_seed", finding.run_seed),
        ("steered_around", list(finding.steered_around)),
        ("case", finding.case_number),
        ("chunk_seed", str(finding.chunk_seed)),
        ("position", finding.position),
        ("minimising_tries", finding.tries),
        ("minimised", finding.complete),
    ]
    lines = [f"{key} = {_toml_value(value)}" for key, value in rows]
    for result in finding.results:
        lines += ["", "[[result]]"]
        lines.append(f"linker = {_toml_value(result.linker)}")
        lines.append(f"outcome = {_toml_value(result.outcome.value)}")
        if result.exit_status is not None:
            lines.append(f"exit_status = {result.exit_status}")
        lines.append(f"message = {_toml_value(result.message)}")
    return "\n".join(lines) + "\n"


def _toml_value(value: object) -> str:
    if isinstance(value, str):
        # TOML has no surrogates, and JSON does not escape DEL, which TOML wants escaped.
        clean = value.encode("utf-8", "replace").decode("utf-8")
        return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    return json.dumps(value)


def _command_lines(case: LinkCase) -> list[str]:
    *first, last = (shlex.join(words) for words in command_lines(case).values())
    if not first:
        return [f"It links `inputs/` with: `{last}`"]
    lines = ["It links `inputs/` in steps, each linker with its own outputs of those before:", ""]
    return [*lines, *(f"{number}. `{line}`" for number, line in enumerate([*first, last], 1))]


def readme(finding: Finding) -> str:
    """README.md of a finding."""
    divergence = finding.divergence
    first, second = divergence.sides
    lines = [
        f"# {divergence.key}",
        "",
        f"Severity: {divergence.severity.label}. Rule: {divergence.rule}.",
        "",
    ]
    if divergence.blamed:
        lines.append(f"Wrong: {', '.join(divergence.blamed)}.")
    lines += [
        f"Side one: {', '.join(first) or 'none'}. Side two: {', '.join(second) or 'none'}.",
        "",
        "## Expected and actual",
        "",
        *(f"    {line}" for line in divergence.detail.splitlines()),
        "",
        "## Reproduce with",
        "",
        "    sh repro.sh",
        "",
        *_command_lines(finding.case),
        "",
        "## What each linker did",
        "",
    ]
    for result in finding.results:
        lines.append(f"* {result.linker}: {result.outcome.value}")
        lines += [f"      {line}" for line in result.message.splitlines()[:12]]
    lines += [
        "",
        "## How it was reached",
        "",
        f"Case {finding.case_number} of the {finding.lane} run with seed {finding.run_seed}; "
        + (
            f"minimised in {finding.tries} tries"
            + ("." if finding.complete else ", which the time ended.")
            if finding.tries
            else "not minimised."
        ),
        "",
        "Versions: " + "; ".join(f"{x.name}: {x.version}" for x in finding.linkers) + ".",
        "",
    ]
    return "\n".join(lines)

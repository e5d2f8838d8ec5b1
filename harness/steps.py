"""A case of several steps: links with -r whose outputs the last link takes in.

Adapters know single links only. A step is a case of its own, whose files are those of the whole
case and what the linker itself has made in the steps before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.results import LinkResult, Outcome, SideFile
from strategies.case import InputFile, LinkCase

if TYPE_CHECKING:
    from harness.adapters.base import Linker

RESPONSE = "response.txt"


def command_lines(case: LinkCase) -> dict[str, tuple[str, ...]]:
    """The command lines of a case by the names of their response files: those of the links with
    -r (`prelink-1.txt`, ...), which name their outputs, and that of the last link."""
    lines = {
        f"prelink-{number}.txt": (*step.arguments, "-o", step.output)
        for number, step in enumerate(case.prelinks, 1)
    }
    return lines | {RESPONSE: case.arguments}


def step_of(case: LinkCase, made: Sequence[bytes]) -> tuple[LinkCase, str | None]:
    """The step after those that made `made`, and the name of its output; None for the last."""
    outputs = zip(case.prelinks, made, strict=False)
    files = (*case.files, *(InputFile(step.output, content) for step, content in outputs))
    if len(made) == len(case.prelinks):
        return replace(case, files=files, prelinks=()), None
    step = case.prelinks[len(made)]
    alone = replace(case, files=files, prelinks=(), arguments=step.arguments, expectations=())
    return alone, step.output


def steps_before_running(case: LinkCase) -> Iterator[tuple[LinkCase, str | None]]:
    """All steps, with empty files for what they will make."""
    for number in range(len(case.prelinks) + 1):
        yield step_of(case, [b""] * number)


def unsupported(linker: Linker, case: LinkCase) -> str | None:
    """Why a linker cannot be given one of the steps, or None if it can be given them all."""
    if not case.prelinks:
        return linker.unsupported(case)
    reasons = (linker.unsupported(step) for step, _ in steps_before_running(case))
    return next((reason for reason in reasons if reason is not None), None)


class Progress:
    """How far one linker is with the steps of a case."""

    def __init__(self, case: LinkCase) -> None:
        self.case = case
        self.made: list[bytes] = []
        self._messages: list[str] = []
        self._stdout = ""
        self._side_files: list[SideFile] = []
        self._seconds = 0.0

    def step(self) -> tuple[LinkCase, str | None]:
        """The link to be run now, and the name of its output; None for the last."""
        return step_of(self.case, self.made)

    def take(self, result: LinkResult) -> LinkResult | None:
        """The result of the step: the answer for the whole case, None where steps are left."""
        self._seconds += result.seconds
        if result.message:
            self._messages.append(result.message)
        self._stdout += result.stdout
        self._side_files += result.side_files
        number = len(self.made)
        if number < len(self.case.prelinks):
            if result.module is not None:
                self.made.append(result.module)
                return None
            if result.outcome is not Outcome.REFUSED:
                name = self.case.prelinks[number].output
                self._messages.append(f"in the link with -r that makes {name}")
        return replace(
            result,
            message="\n".join(self._messages),
            seconds=self._seconds,
            relocatables=tuple(self.made),
            stdout=self._stdout,
            side_files=tuple(self._side_files),
        )

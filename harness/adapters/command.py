"""Any linker that the user names in the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.arguments import expanded, take_apart

if TYPE_CHECKING:
    from strategies.case import LinkCase

ARGUMENTS = "{arguments}"
OUTPUT = "{output}"


@dataclass(frozen=True)
class CommandLinker:
    """A linker that takes wasm-ld's arguments.

    Attributes:
        command: its command line; the word `{arguments}` stands for wasm-ld's arguments, and
            `{output}`, anywhere in a word, for the path of the output. Where they are missing,
            the arguments and `-o OUTPUT` go at the end.
        refuses: options that it does not know, named as in `Argument.option`.
        bytes_like: the linker whose bytes it promises, "" for none.
    """

    name: str
    command: tuple[str, ...]
    version: str = "unknown"
    kind: str = "command"
    bytes_like: str = ""
    refuses: frozenset[str] = frozenset()
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)

    def unsupported(self, case: LinkCase) -> str | None:
        for argument in take_apart(expanded(case)):
            if argument.option in self.refuses:
                return f"the configuration says it has no --{argument.option}"
        return None

    def command_line(self, case: LinkCase, folder: Path, output: Path) -> Sequence[str]:
        words: list[str] = []
        for word in self.command:
            if word == ARGUMENTS:
                words.extend(case.arguments)
            else:
                words.append(word.replace(OUTPUT, str(output)))
        if ARGUMENTS not in self.command:
            words.extend(case.arguments)
        if not any(OUTPUT in word for word in self.command):
            words.extend(("-o", str(output)))
        return words

    def environment(self, folder: Path) -> dict[str, str]:
        return dict(self.variables)

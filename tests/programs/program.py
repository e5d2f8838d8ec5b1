"""What a real program is, and what it may lack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent / "sources"

FREESTANDING = "wasm32-freestanding"


@dataclass(frozen=True)
class Program:
    """A compiled program.

    `link_line` is wasm-ld's command line without `-o FILE`, all paths absolute.
    `stdout` is what it prints; `entry` the exported function that is called.
    `threads`: it is no command, its host starts threads (see `threads.py`).
    """

    name: str
    link_line: tuple[str, ...]
    stdout: str
    entry: str = "_start"
    threads: bool = False

    @property
    def inputs(self) -> list[str]:
        """The objects and archives of the link line."""
        return [word for word in self.link_line if word.endswith((".o", ".a"))]

    @property
    def options(self) -> list[str]:
        """What else is on the link line."""
        return [word for word in self.link_line if not word.endswith((".o", ".a"))]


class ProgramMissing(Exception):
    """A program cannot be built here: its sources or its compiler are missing."""

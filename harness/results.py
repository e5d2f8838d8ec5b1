"""What one linker made of one case."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple


class SideFile(NamedTuple):
    """A file that a linker wrote beside the module.

    Attributes:
        option: what asked for it: "map", "why-extract" or "reproduce".
        name: its path in the case's folder.
        content: its bytes; of a tar archive, its members as `harness.side_files` lists them.
    """

    option: str
    name: str
    content: bytes


class Outcome(enum.Enum):
    """How a run of a linker ended."""

    LINKED = "linked"
    REFUSED = "refused"
    CRASHED = "crashed"
    TIMED_OUT = "timed-out"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True)
class LinkResult:
    """What one linker made of one case.

    Attributes:
        linker: the name of the linker, as in `Linker.name`.
        outcome: how the run ended. UNSUPPORTED means that nothing was run: the adapter
            cannot express the case, and `message` says why.
        module: the bytes of the output; None unless the outcome is LINKED.
        message: what the linker wrote to its standard error, bounded, or to its standard output
            if it failed without a word there; for a crash, also how it ended; for UNSUPPORTED,
            the adapter's reason.
        seconds: wall-clock time of the run.
        exit_status: the exit status, negative for a signal, None if nothing ended by itself.
        left_behind: a refusal or crash left a file in the output's place.
        relocatables: what the links with -r made that the case asks for before.
        stdout: what the linker wrote to its standard output, bounded.
        side_files: what it wrote beside the module, in the order of their names.
    """

    linker: str
    outcome: Outcome
    module: bytes | None
    message: str
    seconds: float
    exit_status: int | None
    left_behind: bool = False
    relocatables: tuple[bytes, ...] = ()
    stdout: str = ""
    side_files: tuple[SideFile, ...] = ()

    @property
    def is_linked(self) -> bool:
        return self.outcome is Outcome.LINKED

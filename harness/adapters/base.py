"""What an adapter is: it computes a command line and says what it cannot do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from strategies.case import LinkCase


class Linker(Protocol):
    """A linker that can be run on a case.

    Attributes:
        name: as users write it: `reference`, `reference:lld-22`, `lld-22`, `zig-0.17.1`.
        version: what it says of itself, one line.
        kind: "reference", "lld", "zig" or "command".
        bytes_like: linkers with the same text here promise the same bytes for the same
            command line (`lld-22` and the reference in that dialect); "" promises nothing.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def bytes_like(self) -> str: ...

    def unsupported(self, case: LinkCase) -> str | None:
        """Why this linker cannot be given that case, or None if it can."""

    def command_line(self, case: LinkCase, folder: Path, output: Path) -> Sequence[str]:
        """The command that links the case, whose files lie in `folder`, into `output`.

        The command is run with `folder` as its working directory.
        """

    def environment(self, folder: Path) -> dict[str, str]:
        """Variables to set for the child on top of the environment of this process."""

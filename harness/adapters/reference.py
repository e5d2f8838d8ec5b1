"""The reference linker of this project, in one of its dialects."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from harness.arguments import expanded, read_otherwise
from linker.command_line.arguments import split_arguments
from linker.command_line.history import missing_options
from linker.quirks.dialects import DIALECTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strategies.case import LinkCase

# The wasm-ld that a dialect gives the bytes of. `standard` follows wasm-ld 22 wherever that one
# is not wrong; the two are one until a quirk tells them apart.
_BYTES_LIKE = {"standard": "lld-22"}


@functools.lru_cache(maxsize=1)
def _version() -> str:
    try:
        return metadata.version("weldcheck")
    except metadata.PackageNotFoundError:
        return "uninstalled"


@dataclass(frozen=True)
class Reference:
    """The reference linker.

    It is run inside this process, on the bytes of the case; `command_line` gives the child
    process that does the same, for reports and reproducers.

    Attributes:
        dialect: the set of quirks to link with.
    """

    dialect: str = "standard"
    kind: str = "reference"

    @property
    def name(self) -> str:
        return "reference" if self.dialect == "standard" else f"reference:{self.dialect}"

    @property
    def version(self) -> str:
        return f"weld-ld {_version()} ({self.dialect})"

    @property
    def bytes_like(self) -> str:
        return _BYTES_LIKE.get(self.dialect, self.dialect)

    def unsupported(self, case: LinkCase) -> str | None:
        quirks = DIALECTS.get(self.dialect, frozenset())
        if "version-ends-all" in quirks and split_arguments(case.arguments).has("v"):
            return f"-v of {self.dialect} links nothing"
        option = read_otherwise(expanded(case), missing_options(quirks))
        return None if option is None else f"{self.dialect} has no option {option}"

    def command_line(self, case: LinkCase, folder: Path, output: Path) -> Sequence[str]:
        command = [sys.executable, "-m", "linker.weld_ld"]
        if self.dialect != "standard":
            command.append(f"--dialect={self.dialect}")
        return [*command, *case.arguments, "-o", str(output)]

    def environment(self, folder: Path) -> dict[str, str]:
        return {}

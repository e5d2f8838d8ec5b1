"""wasm-ld, of LLVM's releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strategies.case import LinkCase


@dataclass(frozen=True)
class WasmLd:
    """wasm-ld as the program `command`.

    Attributes:
        name: `lld-22` where ziglang brings it, `wasm-ld-22` for the program of that name.
        command: the words before wasm-ld's own arguments, `zig wasm-ld` or `wasm-ld-22`.
        version: what `--version` printed.
        release: LLVM's major release.
        ziglang: the release of the PyPI package that brings it, "" where it is Debian's.
    """

    name: str
    command: tuple[str, ...]
    version: str
    release: int
    ziglang: str = ""
    kind: str = "lld"
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def bytes_like(self) -> str:
        return f"lld-{self.release}"

    def unsupported(self, case: LinkCase) -> str | None:
        return None

    def command_line(self, case: LinkCase, folder: Path, output: Path) -> Sequence[str]:
        return [*self.command, *case.arguments, "-o", str(output)]

    def environment(self, folder: Path) -> dict[str, str]:
        return dict(self.variables)

"""Examples of what a linker departs in: what tests of quirks link, and what is right there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from linker.driver import LinkOutput
from tests.linker.conftest import file_names, link_here
from tests.linker.linked import Linked


@dataclass(frozen=True)
class Example:
    """A link in which a quirk shows, and what is there without it.

    `crashes`: wasm-ld does not survive it, and the quirk is a refusal that says so.
    `refused_as_malformed`: releases whose words for that are not the reference's.
    `garbage`: releases whose module is no object file, another one each time. `library`: the
    content of `libx.so`, which stands on the command line too.
    """

    files: tuple[bytes, ...]
    options: str
    is_right: Callable[[LinkOutput], bool]
    crashes: bool = False
    refused_as_malformed: range = range(0)
    garbage: range = range(0)
    library: bytes | None = None

    @property
    def inputs(self) -> dict[str, bytes]:
        """The files by their names."""
        return file_names(self.files, {} if self.library is None else {"libx.so": self.library})

    def link(self, dialect: str = "standard", *quirks: str) -> LinkOutput:
        files = self.inputs
        switches = [f"--quirk={name}" for name in quirks]
        return link_here(files, [*self.options.split(), *switches, *files], dialect)


def linked(output: LinkOutput) -> Linked:
    assert output.module is not None, output.errors
    return Linked(output.module)


def links(output: LinkOutput) -> bool:
    return output.module is not None

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
    `garbage`: releases whose module is no object file, another one each time.
    """

    files: tuple[bytes, ...]
    options: str
    is_right: Callable[[LinkOutput], bool]
    crashes: bool = False
    refused_as_malformed: range = range(0)
    garbage: range = range(0)

    def link(self, dialect: str = "standard", *quirks: str) -> LinkOutput:
        files = file_names(self.files, {})
        switches = [f"--quirk={name}" for name in quirks]
        return link_here(files, [*self.options.split(), *switches, *files], dialect)


def linked(output: LinkOutput) -> Linked:
    assert output.module is not None, output.errors
    return Linked(output.module)


def links(output: LinkOutput) -> bool:
    return output.module is not None

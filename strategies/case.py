"""What the strategies make: a link case, with the expectations that hold by construction.

Plain frozen dataclasses: reading a case needs no hypothesis.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

MESSAGE_CLASSES = (
    "duplicate-symbol",
    "undefined-symbol",
    "symbol-type-mismatch",
    "global-type-mismatch",
    "table-type-mismatch",
    "signature-mismatch",
    "address-size",
    "several-memories",
    "import-mismatch",
    "entry-not-defined",
    "export-not-defined",
    "feature-not-allowed",
    "feature-disallowed",
    "mutable-globals-needed",
    "memory-too-small",
    "memory-not-aligned",
    "stack-not-aligned",
    "global-base-too-small",
    "string-not-terminated",
    "option-conflict",
    "constructor-has-arguments",
    "destructors-unfit",
    "relocation-not-allowed",
    "table-symbols",
    "malformed-object",
    "file-missing",
    "misplaced-switch",
)


@dataclass(frozen=True, slots=True)
class InputFile:
    """An input of a link: an object or an archive; `name` is relative to the case's folder."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class MustLink:
    """Every linker that follows the convention links this case."""

    reason: str


@dataclass(frozen=True, slots=True)
class MustRefuse:
    """Every linker that follows the convention refuses this case.

    `message_class` is one of `MESSAGE_CLASSES`: what the diagnostic is about.
    """

    message_class: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProbeReturns:
    """Calling `export` without arguments returns `value`, or traps where it is None.

    The value is signed (as wasmtime gives i32 and i64). `rule` names the section of
    Linking.md that says so ("Linking.md, Symbol Table"), or is "unspecified".
    """

    export: str
    value: int | None
    rule: str


@dataclass(frozen=True, slots=True)
class HostCalls:
    """Calling `export` in a fresh instance calls these host functions ("module.name") in order.

    The list is complete: no other host function is called. Calls made by the instantiation
    itself do not count.
    """

    export: str
    calls: tuple[str, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class Damaged:
    """The case was damaged on purpose, in one way.

    Attributes:
        damage: what is wrong: `relocation.offset`, `archive.size`.
        refused: whether it breaks `rule`, so that it must be refused; False: it is odd, or
            nobody knows.
    """

    damage: str
    refused: bool
    rule: str


Expectation: TypeAlias = MustLink | MustRefuse | ProbeReturns | HostCalls | Damaged


@dataclass(frozen=True, slots=True)
class Prelink:
    """A relocatable link that comes before the link of the case, with the same linker.

    Attributes:
        arguments: wasm-ld's command line, `-r` among it, without the program and `-o`.
        output: the file that it makes in the case's folder; later steps may name it.
    """

    arguments: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True)
class LinkCase:
    """Inputs, command line and expectations of one link.

    Attributes:
        files: the input files.
        arguments: wasm-ld's command line without the program and `-o OUT`.
        expectations: what holds by construction.
        features: what the case contains, counted and sorted by name.
        groups: the groups of features that were drawn for it, sorted.
        prelinks: links with `-r` that come first, in order.
    """

    files: tuple[InputFile, ...]
    arguments: tuple[str, ...]
    expectations: tuple[Expectation, ...]
    features: tuple[tuple[str, int], ...]
    groups: tuple[str, ...] = ()
    prelinks: tuple[Prelink, ...] = ()

    @property
    def must_refuse(self) -> MustRefuse | None:
        """The refusal that is expected, if any."""
        for expectation in self.expectations:
            if isinstance(expectation, MustRefuse):
                return expectation
        return None

    @property
    def damaged(self) -> Damaged | None:
        """What was done to it on purpose, if anything."""
        for expectation in self.expectations:
            if isinstance(expectation, Damaged):
                return expectation
        return None


def write_case(case: LinkCase, folder: Path) -> None:
    """Write the input files of a case into `folder`, which must exist."""
    for file in case.files:
        path = folder / file.name
        if path.parent != folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)

"""How a linker with some quirks reads objects: each quirk of a reader is decided here."""

from __future__ import annotations

from linker.format.errors import Fault, MalformedFile
from linker.format.model import ObjectFile
from linker.format.parse import parse
from linker.format.reading import STRICT, Reading

_QUIRKS = {
    "required-features": "required_features",
    "padded-numbers-read": "padded_numbers",
    "unused-parts-unchecked": "unused_parts",
    "unmodelled-types-read": "unmodelled_types",
    "repeated-subsections-read": "repeated_subsections",
}
ABORTS, OUT_OF_BOUNDS = "cut-off-reads-abort", "out-of-bounds-reads"


def reading_of(quirks: frozenset[str]) -> Reading:
    """What is read besides well-formed files."""
    fields = [field for quirk, field in _QUIRKS.items() if quirk in quirks]
    return STRICT._replace(**dict.fromkeys(fields, True)) if fields else STRICT


def read_file(data: bytes, name: str, quirks: frozenset[str]) -> ObjectFile:
    """What a file says to a linker with these quirks. Raises MalformedFile."""
    return parse(data, name, reading_of(quirks))


def refusal(error: MalformedFile, quirks: frozenset[str], known_as: str = "") -> str:
    """What a linker with these quirks says of a malformed file.

    `known_as` is what LLD calls the file there: of an archive's member it knows the name only.
    """
    if error.fault is Fault.CUT_OFF and ABORTS in quirks:
        return crashes_here(str(error), quirks, ABORTS)
    if error.fault is Fault.BEYOND:
        return undefined_here(str(error), quirks)
    if "malformed-places-untold" in quirks:
        return f"{known_as or error.file}: {error.problem}"
    return str(error)


def breaks(error: MalformedFile, quirks: frozenset[str]) -> bool:
    """Whether a linker with these quirks crashes on a malformed file, or may do anything."""
    aborts = error.fault is Fault.CUT_OFF and ABORTS in quirks
    return aborts or (error.fault is Fault.BEYOND and OUT_OF_BOUNDS in quirks)


def crashes_here(problem: str, quirks: frozenset[str], quirk: str) -> str:
    """A problem, with the warning that the linker with these quirks does not survive it."""
    return f"{problem} (wasm-ld 22 crashes here: quirk {quirk})" if quirk in quirks else problem


def undefined_here(problem: str, quirks: frozenset[str], quirk: str = OUT_OF_BOUNDS) -> str:
    """A problem, with the warning that nobody knows what the linker with these quirks does."""
    if quirk not in quirks:
        return problem
    return f"{problem} (what wasm-ld does is not defined here: quirk {quirk})"

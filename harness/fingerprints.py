"""What makes two divergences the same finding.

A fingerprint is the dotted key of a divergence and the linkers on its sides; addresses, names
and numbers that the generator drew have no part in it. Each fingerprint has an exception class
of its own, so that hypothesis, which tells failures apart by their class, finds and shrinks
each separately.
"""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass

from harness.divergence import Divergence

# A word may end in the width of a type or an encoding (i32, leb64) and holds no other digit:
# whatever else has digits in it is an address, an index or a drawn name.
_WORD = r"[a-z]+(?:8|16|32|64|128)?"
_COMPONENT = rf"{_WORD}(?:-{_WORD})*"
_KEY = re.compile(rf"{_COMPONENT}(?:\.{_COMPONENT})+")
# The key of a crash holds the place in the linker's own source: file and function names.
_PLACE_KEY = re.compile(r"(?:crash|hang)(?:\.[A-Za-z_][\w-]*)*")


@dataclass(frozen=True, order=True)
class Fingerprint:
    """What makes two divergences the same finding.

    Attributes:
        key: the dotted key of the divergence.
        sides: the linkers on each side, sorted. Where the oracle knows who is wrong, the first
            side holds those linkers and the second is empty: which other linkers could take
            part differs from case to case, and makes no other bug.
    """

    key: str
    sides: tuple[tuple[str, ...], tuple[str, ...]]

    def __str__(self) -> str:
        first, second = (", ".join(side) for side in self.sides)
        return f"{self.key}: {first} | {second}" if second else f"{self.key}: {first}"

    @property
    def id(self) -> str:
        """A name for a folder, the same in every run: the key and a short hash of the whole."""
        digest = hashlib.sha256(str(self).encode()).hexdigest()[:8]
        return f"{re.sub(r'[^a-z0-9]+', '-', self.key.lower()).strip('-')}-{digest}"


def fingerprint(divergence: Divergence) -> Fingerprint:
    """The fingerprint of a divergence.

    Raises:
        ValueError: the key is not dotted, or holds something that a generator drew.
    """
    if not (_KEY.fullmatch(divergence.key) or _PLACE_KEY.fullmatch(divergence.key)):
        raise ValueError(f"not the key of a kind of divergence: {divergence.key!r}")
    if divergence.blamed:
        return Fingerprint(divergence.key, (tuple(sorted(divergence.blamed)), ()))
    first, second = divergence.sides
    return Fingerprint(divergence.key, (tuple(sorted(first)), tuple(sorted(second))))


class DivergenceFound(Exception):
    """A divergence with the fingerprint that belongs to the class.

    Attributes:
        fingerprint: what the class stands for.
        divergence: the one that was found.
    """

    fingerprint: Fingerprint

    def __init__(self, divergence: Divergence) -> None:
        super().__init__(f"{divergence.key}: {divergence.detail}")
        self.divergence = divergence


@functools.cache
def failure_class(mark: Fingerprint) -> type[DivergenceFound]:
    """The exception class of a fingerprint: one class each, the same one every time."""
    words = re.split(r"[.-]", mark.id)
    name = "".join(word.capitalize() for word in words[:-1]) + "_" + words[-1]
    return type(name, (DivergenceFound,), {"fingerprint": mark, "__doc__": str(mark)})

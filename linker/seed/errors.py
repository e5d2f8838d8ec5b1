"""How the seed ends a link: with an error that has a name, or by stopping at an assertion."""

from __future__ import annotations

import re

from linker.errors import FatalError

# Refusals of the stages that the seed knows too: the words, and the seed's name for it.
_ERRORS = (
    (r"cannot open ", "FileNotFound"),
    (r"duplicate symbol: ", "SymbolCollision"),
    (r"entry symbol not defined ", "MissingSymbol"),
    (r"(initial|maximum) memory must be aligned ", "MissAlignment"),
    (r"(initial|maximum) memory too small, ", "MemoryTooSmall"),
    (r"(initial|maximum) memory too large, ", "MemoryTooBig"),
    (r".*: unexpected table definition\(s\) ", "UnexpectedTable"),
    (r".*: (multiple table imports, |table import .* is missing )", "MissingTableSymbols"),
)
# Refusals of the stages where the seed has no check and stops later, with the place.
_STOPS = (
    (r".*: symbol .* is not undefined, but ", "mergeSections", "unchecked-reading"),
    (r"memory too large, ", "setupMemory", "seed-errors"),
    (r".*: alignment of 2\^\d+ is too large", "getAlignment", "seed-errors"),
)


class SeedError(FatalError):
    """An error of the seed, by its name."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"seed error {name}: {detail}")


class SeedStop(FatalError):
    """A failed assertion of the seed: `place` is its function, `quirk` what lets it happen."""

    def __init__(self, place: str, quirk: str, detail: str) -> None:
        super().__init__(f"seed stops in {place} (quirk {quirk}): {detail}")

    @classmethod
    def repeated(cls, message: str) -> SeedStop:
        """The stop that a message tells of."""
        place, _, rest = message.removeprefix("seed stops in ").partition(" (quirk ")
        quirk, _, detail = rest.partition("): ")
        return cls(place, quirk, detail)


def seed_words(message: str) -> str:
    """A refusal in the seed's terms; unchanged where the seed has none for it."""
    for pattern, name in _ERRORS:
        if re.match(pattern, message):
            return f"seed error {name}: {message}"
    for pattern, place, quirk in _STOPS:
        if re.match(pattern, message):
            return f"seed stops in {place} (quirk {quirk}): {message}"
    return message

"""What a quirk is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quirk:
    """One named departure.

    Attributes:
        name: as in `--quirk NAME`.
        description: what a linker with this quirk does, in one sentence.
        origin: where it comes from: a release, a place in a source.
        breaks: the rule it breaks: a section of Linking.md, or "unspecified".
    """

    name: str
    description: str
    origin: str
    breaks: str

"""What the oracles answer: divergences, agreements, and what could not be judged."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.text import readable


class Severity(enum.IntEnum):
    """How bad a kind of divergence is; a greater number is worse."""

    NOTE = 0
    """The convention is silent."""
    LOW = 1
    """A difference without effect; a missing or wrong message."""
    MEDIUM = 2
    """Accept or refuse where the convention decides; a metamorphic rule is broken."""
    HIGH = 3
    """A crash, a hang, invalid output, non-determinism."""
    CRITICAL = 4
    """All accept, all outputs validate, and the program is silently wrong."""

    @property
    def label(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Divergence:
    """One difference that an oracle found.

    Attributes:
        key: the kind, dotted, most general part first (`data.address.unaligned`). It never
            holds an address, a name or a number that the generator drew.
        sides: names of the linkers on each side. Where one linker is wrong by itself (a
            crash, an expectation), it stands on the first side and the second names those that
            did right, and may be empty.
        severity: how bad this kind is.
        detail: what differed in this case, for a reader: expected and actual, symbols, values.
        rule: the section of a specification that decides, or "unspecified".
        blamed: the linkers known to be wrong, empty where nothing decides.
    """

    key: str
    sides: tuple[tuple[str, ...], tuple[str, ...]]
    severity: Severity
    detail: str
    rule: str
    blamed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", readable(self.detail))


@dataclass(frozen=True)
class Verdict:
    """All that the oracles say of one case.

    Attributes:
        divergences: what differs.
        agreements: names of the checks that were made and held ("structure", "bytes", ...).
        inconclusives: reason -> how often a check could not be made for it in this case.
        tallies: other counts of the case for the health line: "linked by all" (that
            could be asked), "validated", "ran"; each 1 or 0.
    """

    divergences: tuple[Divergence, ...] = ()
    agreements: tuple[str, ...] = ()
    inconclusives: Mapping[str, int] = field(default_factory=dict)
    tallies: Mapping[str, int] = field(default_factory=dict)

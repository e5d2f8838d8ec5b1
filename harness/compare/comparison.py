"""What comparing two modules gives: differences by kind, what was ignored, and coverage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from harness.divergence import Severity


class Difference(NamedTuple):
    """One difference.

    Attributes:
        key: its kind, dotted, most general part first.
        detail: names and values, for a reader.
        severity: how bad this kind is.
        rule: the section of a specification that decides, or "unspecified".
        wrong: "first" or "second" where one module is wrong by itself, else "".
        subject: the function or data symbol it is about, "" for none.
    """

    key: str
    detail: str
    severity: Severity
    rule: str = "unspecified"
    wrong: str = ""
    subject: str = ""


# Differences that two right linkers may have: the convention leaves the choice to the linker.
IGNORED: dict[str, str] = {
    "import.order": "Linking.md orders no imports; they are matched by module and name",
    "export.order": "exports are found by name",
    "type.order": "type indices are private to a module",
    "function.order": "function indices are private to a module",
    "table.order": "the index of a function in the table is the linker's choice",
    "global.order": "global indices are private to a module",
    "data.order": "the order and the addresses of data segments are the linker's choice",
    "section.custom.order": "custom sections may stand in any order",
    "section.custom.producers": "it says which tools made the module, the linker included",
    "function.body.padding": "a linker may keep or compress padded numbers",
}

_SEVERITIES: tuple[tuple[str, Severity], ...] = (
    ("module.", Severity.HIGH),
    ("data.address.split", Severity.CRITICAL),
    ("data.address.several", Severity.CRITICAL),
    ("data.address.", Severity.MEDIUM),
    ("data.overlap", Severity.CRITICAL),
    ("data.content", Severity.CRITICAL),
    ("table.entry", Severity.CRITICAL),
    ("symbol.definition", Severity.CRITICAL),
    ("function.call.wrong", Severity.CRITICAL),
    ("function.content", Severity.HIGH),
    ("function.body.", Severity.MEDIUM),
    ("function.type", Severity.MEDIUM),
    ("export.missing.", Severity.MEDIUM),
    ("export.target", Severity.MEDIUM),
    ("export.kind", Severity.MEDIUM),
    ("export.type", Severity.MEDIUM),
    ("import.missing.", Severity.MEDIUM),
    ("import.type", Severity.MEDIUM),
    ("start.", Severity.MEDIUM),
    ("memory.shared", Severity.MEDIUM),
    ("section.custom.size.debug", Severity.NOTE),
    ("section.custom", Severity.LOW),
    ("function.missing", Severity.LOW),
    ("memory.", Severity.LOW),
    ("table.", Severity.LOW),
    ("global.", Severity.LOW),
    ("name.", Severity.LOW),
)


def severity_of(key: str) -> Severity:
    """How bad a kind of difference is; the first prefix that fits decides, NOTE for none."""
    for prefix, severity in _SEVERITIES:
        if key.startswith(prefix):
            return severity
    return Severity.NOTE


@dataclass
class Coverage:
    """Bytes of one module, and how many of them the comparison looked at."""

    total: int = 0
    compared: int = 0

    def add(self, size: int, compared: bool = True) -> None:
        self.total += size
        if compared:
            self.compared += size

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.compared / self.total if self.total else 1.0


@dataclass
class Comparison:
    """The answer of `compare_modules`.

    Attributes:
        differences: what differs and matters, worst first.
        ignored: what differs as two right linkers may, with the reason.
        first, second: how much of each module was compared.
    """

    differences: list[Difference] = field(default_factory=list)
    ignored: list[tuple[Difference, str]] = field(default_factory=list)
    first: Coverage = field(default_factory=Coverage)
    second: Coverage = field(default_factory=Coverage)

    @property
    def coverage(self) -> float:
        """The smaller of the two shares of bytes that were compared, from 0 to 1."""
        return min(self.first.share, self.second.share)

    @property
    def is_same(self) -> bool:
        """Whether nothing differs that matters."""
        return not self.differences

    def add(
        self,
        key: str,
        detail: str,
        rule: str = "unspecified",
        wrong: str = "",
        subject: str = "",
    ) -> None:
        """Takes note of a difference; the list of ignored kinds decides where it goes."""
        difference = Difference(key, detail, severity_of(key), rule, wrong, subject)
        reason = IGNORED.get(key)
        if reason is not None:
            self.ignored.append((difference, reason))
        else:
            self.differences.append(difference)

    def sort(self) -> None:
        """Worst first, else in the order in which they were found."""
        self.differences.sort(key=lambda d: -d.severity)


def render(comparison: Comparison, limit: int = 50) -> str:
    """A comparison as text: a line for each difference, then what was ignored and why."""
    lines = []
    for difference in comparison.differences[:limit]:
        mark = f" ({difference.wrong} is wrong)" if difference.wrong else ""
        lines.append(f"{difference.severity.label:8} {difference.key}: {difference.detail}{mark}")
    more = len(comparison.differences) - limit
    if more > 0:
        lines.append(f"... and {more} more")
    if not comparison.differences:
        lines.append("no difference that matters")
    reasons = {d.key: reason for d, reason in comparison.ignored}
    for key, reason in reasons.items():
        lines.append(f"ignored  {key}: {reason}")
    shares = " and ".join(f"{side.share:.0%}" for side in (comparison.first, comparison.second))
    lines.append(f"compared {shares} of the bytes")
    return "\n".join(lines)

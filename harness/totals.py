"""The numbers of a run, added up from its events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from harness.events import Event, Found, LinkerInfo, Progress, RunFinished, RunStarted, Trouble


@dataclass
class Totals:
    """What the events of a run add up to. Feed it with `handle`, in order.

    Attributes are those of `Progress`, summed; `findings` by id.
    """

    linkers: tuple[LinkerInfo, ...] = ()
    header: RunStarted | None = None
    footer: RunFinished | None = None
    cases: int = 0
    tallies: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    inconclusives: Counter[str] = field(default_factory=Counter)
    features: Counter[str] = field(default_factory=Counter)
    occurrences: Counter[str] = field(default_factory=Counter)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    met: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    findings: dict[str, Found] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)

    def handle(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.header = event
                self.linkers = event.linkers
            case Progress():
                self._add(event)
            case Found():
                self.findings[event.id] = event
            case Trouble():
                self.troubles.append(event)
            case RunFinished():
                self.footer = event
            case _:
                pass

    def _add(self, event: Progress) -> None:
        self.cases += event.cases
        self.tallies.update(event.tallies)
        self.outcomes.update(event.outcomes)
        self.inconclusives.update(event.inconclusives)
        self.features.update(event.features)
        self.occurrences.update(event.occurrences)
        self.pairs.update(event.pairs)
        self.met.update(event.met)
        for stage, seconds in event.seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    def share(self, tally: str) -> float:
        """The share of cases that a tally counts, from 0 to 1."""
        return self.tallies[tally] / self.cases if self.cases else 0.0

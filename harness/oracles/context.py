"""What the oracles look at: the results of one case, the distinct outputs, who made which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from harness.arguments import expanded, take_apart
from harness.divergence import Divergence
from harness.execution import Response
from harness.results import LinkResult, Outcome

if TYPE_CHECKING:
    from harness.adapters.base import Linker
    from strategies.case import LinkCase


@dataclass
class Build:
    """One distinct output and the linkers that made it, byte for byte.

    Attributes:
        response: what running it showed; None while it was not run.
    """

    module: bytes
    linkers: tuple[str, ...]
    response: Response | None = None


@dataclass(frozen=True)
class Situation:
    """The results of one case, arranged for the oracles."""

    case: LinkCase
    results: tuple[LinkResult, ...]
    linkers: dict[str, Linker]

    @cached_property
    def builds(self) -> tuple[Build, ...]:
        """The distinct outputs; the one of the first linker first."""
        makers: dict[bytes, list[str]] = {}
        for result in self.results:
            if result.outcome is Outcome.LINKED and result.module is not None:
                makers.setdefault(result.module, []).append(result.linker)
        return tuple(Build(module, tuple(names)) for module, names in makers.items())

    @cached_property
    def is_relocatable(self) -> bool:
        """Whether the outputs are object files, which nothing runs."""
        return any(x.option == "relocatable" for x in take_apart(expanded(self.case)))

    def with_outcome(self, outcome: Outcome) -> tuple[LinkResult, ...]:
        """The results that ended in this way."""
        return tuple(result for result in self.results if result.outcome is outcome)

    def kind(self, linker: str) -> str:
        """The adapter's kind of a linker, "command" for one that is not known."""
        adapter = self.linkers.get(linker)
        return adapter.kind if adapter is not None else "command"

    def bytes_like(self, linker: str) -> str:
        """With whom a linker promises byte identity, "" for nobody."""
        adapter = self.linkers.get(linker)
        return adapter.bytes_like if adapter is not None else ""


@dataclass
class Findings:
    """What one oracle has to say of one case.

    Attributes:
        checked: whether the oracle could check anything at all; with no divergence this
            makes it an agreement.
        inconclusives: reasons for which something was not checked, counted.
    """

    divergences: list[Divergence] = field(default_factory=list)
    inconclusives: Counter[str] = field(default_factory=Counter)
    checked: bool = False


def names(results: Iterable[LinkResult]) -> tuple[str, ...]:
    """The linkers of some results, in order."""
    return tuple(result.linker for result in results)


def makers(builds: Iterable[Build]) -> tuple[str, ...]:
    """The linkers of some builds, in order."""
    return tuple(linker for build in builds for linker in build.linkers)


def blame(situation: Situation, groups: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Which of the groups of linkers are wrong, where a majority of independent ones decides.

    Linkers of one kind (two releases of LLD) count once: they share their code. A group that
    holds at least two kinds outvotes the groups that hold one; otherwise nothing is decided
    and the answer is empty.
    """
    kinds = [{situation.kind(linker) for linker in group} for group in groups]
    strong = [index for index, found in enumerate(kinds) if len(found) > 1]
    if len(strong) != 1:
        return ()
    return tuple(group for index, group in enumerate(groups) if index != strong[0])

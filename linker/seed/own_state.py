"""What the stages of a link are told of an object in memory beside its object file."""

from __future__ import annotations

from dataclasses import dataclass, field

from linker.errors import FatalError
from linker.format.model import FunctionType
from linker.seed.hash_order import HashTable


@dataclass(slots=True)
class OwnState:
    """What an object in memory that was edited has beside its object file.

    Attributes:
        slots: the number of the seed's symbol, for each symbol of the object file.
        names: what each name means, as the number of a symbol; None: names mean what the
            symbols of that name do.
        unlisted: symbols that are not in the seed's list of resolved symbols.
        literals: symbols of nothing, with the number that stands for them; True where they
            count as definitions.
        untagged: imports whose kind is not set.
        sizes: of functions that are written with another size than they have.
        types: the types that come first.
        imports: the map of imports so far.
        table: the map of the function table so far; `entries` has its symbols by slot.
        stops: what ends the link at a place of the seed's flush.
    """

    slots: list[int]
    names: dict[str, int] | None = None
    unlisted: frozenset[int] = frozenset()
    literals: dict[int, tuple[int, bool]] = field(default_factory=dict)
    untagged: frozenset[int] = frozenset()
    sizes: dict[int, int] = field(default_factory=dict)
    types: list[FunctionType] = field(default_factory=list)
    imports: HashTable | None = None
    table: HashTable | None = None
    entries: dict[int, int] = field(default_factory=dict)
    stops: dict[str, FatalError] = field(default_factory=dict)
    has_started: bool = False
    is_written: bool = False

    def reach(self, place: str) -> None:
        """Ends the link if the seed ends it there.

        Raises:
            FatalError
        """
        self.has_started = self.has_started or place == "setupStart"
        self.is_written = self.is_written or place == "emitImport"
        if place in self.stops:
            raise self.stops[place]

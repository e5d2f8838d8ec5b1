"""Which definition each name means: a small model of symbol resolution.

It works on the symbols of the objects that were built, in the order of the command line, and
knows nothing of addresses. Rules: a strong definition wins over a weak one, the first of
several weak ones wins, an archive member is taken in when a strong undefined reference asks
for it, and of several groups with the same comdat name the first is kept (Linking.md,
"Symbol Table" and "COMDATs"; order of archive members as in lld/wasm/SymbolTable.cpp).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from linker.format.constants import SymbolFlag, SymbolKind
from strategies.objects.builder import ObjectBuilder
from strategies.packaging.stub_libraries import StubLine

WEAK = int(SymbolFlag.BINDING_WEAK)
LOCAL = int(SymbolFlag.BINDING_LOCAL)
WEAK_REFERENCES = (SymbolKind.FUNCTION, SymbolKind.DATA)
WRAP, REAL = "__wrap_", "__real_"


class Place(NamedTuple):
    """A symbol of an object: position of the object, index of the symbol."""

    unit: int
    symbol: int


@dataclass(slots=True)
class _State:
    """What a name is: defined at `place`, waiting in an archive at `lazy`, or undefined."""

    place: Place | None = None
    weak: bool = False
    lazy: int | None = None


@dataclass(slots=True)
class Meaning:
    """The outcome of resolution.

    Attributes:
        loaded: positions of the objects that take part, in the order in which they finished.
        collisions: names with two strong definitions.
        undefined: names that stay undefined though a strong reference exists.
        wrapped: names that mean something else (`--wrap`).
    """

    builders: Sequence[ObjectBuilder]
    lazy: set[int] = field(default_factory=set)
    loaded: list[int] = field(default_factory=list)
    collisions: list[str] = field(default_factory=list)
    names: dict[str, _State] = field(default_factory=dict)
    comdats: dict[str, int] = field(default_factory=dict)
    extracted: bool = False
    wrapped: dict[str, str] = field(default_factory=dict)

    def find(self, unit: int, symbol: int) -> Place | None:
        """The definition that a symbol of an object means, None if it stays undefined."""
        entry = self.builders[unit].symbols[symbol]
        if entry.flags & LOCAL:
            return Place(unit, symbol) if entry.is_defined else None
        state = self.names.get(self.wrapped.get(entry.name, entry.name))
        return state.place if state is not None else None

    def is_lost(self, unit: int, symbol: int, again: bool = False) -> bool:
        """True if a definition belongs to a group that another object won.

        `again`: the object is the second copy of one that takes part.
        """
        comdat = self._comdat_of(unit, symbol)
        return comdat is not None and (again or self.comdats[comdat] != unit)

    def _comdat_of(self, unit: int, symbol: int) -> str | None:
        """The group of a definition."""
        builder = self.builders[unit]
        entry = builder.symbols[symbol]
        if entry.kind == SymbolKind.FUNCTION:
            return builder.functions[entry.place][2]
        if entry.kind == SymbolKind.DATA and not entry.flags & SymbolFlag.ABSOLUTE:
            return builder.segments[entry.place].comdat
        return None

    def has_names_in_and_outside_groups(self) -> bool:
        """Whether a name is defined both in a group and in none."""
        places: dict[bool, set[str]] = {False: set(), True: set()}
        for unit in set(self.loaded):
            for symbol, entry in enumerate(self.builders[unit].symbols):
                if entry.is_defined and not entry.flags & LOCAL:
                    places[self._comdat_of(unit, symbol) is not None].add(entry.name)
        return not places[False].isdisjoint(places[True])

    def is_repeated(self, unit: int) -> bool:
        """Whether an object takes part twice."""
        return self.loaded.count(unit) > 1

    def _process(self, unit: int) -> None:
        builder = self.builders[unit]
        again = unit in self.loaded
        for comdat in builder.comdat_names():
            self.comdats.setdefault(comdat, unit)
        for index in builder.symbol_order():
            entry = builder.symbols[index]
            flags = entry.flags
            if flags & LOCAL:
                continue
            weak = bool(flags & WEAK)
            if entry.is_defined and not self.is_lost(unit, index, again):
                self._define(entry.name, Place(unit, index), weak)
            else:
                self.refer(entry.name, weak and entry.kind in WEAK_REFERENCES)
        self.loaded.append(unit)

    def _define(self, name: str, place: Place, weak: bool) -> None:
        state = self.names.setdefault(name, _State())
        if state.place is None or (state.weak and not weak):
            state.place, state.weak, state.lazy = place, weak, None
        elif not weak:
            self.collisions.append(name)

    def refer(self, name: str, weak: bool) -> None:
        """An undefined reference to a name."""
        state = self.names.get(name)
        if state is None:
            self.names[name] = _State(weak=weak)
        elif state.lazy is not None:
            if weak:
                state.weak = True
            else:
                self._extract(state.lazy)
                if state.place is None:
                    # The member's definition is in a group that was lost.
                    state.weak, state.lazy = False, None
        elif state.place is None and not weak:
            state.weak = False

    def _extract(self, unit: int) -> None:
        if unit in self.lazy:
            self.lazy.remove(unit)
            self.extracted = True
            self._process(unit)

    def add(self, unit: int, lazy: bool) -> None:
        """The next object of the command line; a lazy one is a member of an archive."""
        if not lazy:
            self._process(unit)
            return
        self.lazy.add(unit)
        builder = self.builders[unit]
        for index in builder.symbol_order():
            entry = builder.symbols[index]
            if not entry.is_defined or entry.flags & LOCAL:
                continue
            state = self.names.get(entry.name)
            if state is None:
                self.names[entry.name] = _State(lazy=unit)
            elif state.place is None and state.lazy is None:
                if state.weak:
                    state.lazy = unit
                else:
                    self._extract(unit)
                    return

    def wrap(self, names: Iterable[str]) -> None:
        """Let the references to names mean what `--wrap` says; this takes members in, too."""
        known = [name for name in dict.fromkeys(names) if name in self.names]
        for name in known:
            self.refer(REAL + name, weak=False)
            self.refer(WRAP + name, weak=False)
        for name in known:
            wants_real = any(REAL + name in self.builders[unit].by_name for unit in self.loaded)
            if wants_real and self.names[name].lazy is not None:
                self.refer(name, weak=False)
        for name in known:
            self.wrapped |= {name: WRAP + name, REAL + name: name}

    def give(self, lines: Iterable[StubLine]) -> None:
        """Take in what the host needs for what stub libraries say that it gives."""
        waiting = [line for line in lines if line.symbol is not None]
        count = -1
        while len(self.loaded) != count:
            count = len(self.loaded)
            for line in waiting:
                state = self.names.get(line.symbol or "")
                if state is None or state.place is not None or state.lazy is not None:
                    continue
                for name in line.needs:
                    needed = self.names.get(name)
                    if needed is not None and needed.lazy is not None:
                        self._extract(needed.lazy)

    def is_undefined(self, name: str) -> bool:
        """True if the name is known and no loaded object defines it."""
        state = self.names.get(name)
        return state is not None and state.place is None


def resolve(
    builders: Sequence[ObjectBuilder],
    order: Iterable[tuple[int, bool]],
    wanted: Iterable[str] = (),
    wraps: Iterable[str] = (),
    stubs: Iterable[StubLine] = (),
) -> Meaning:
    """Resolve the objects in `order`, pairs of position and laziness.

    `wanted` are names that the command line asks for; they take members in, too. `wraps` are
    those of `--wrap`, `stubs` the lines of stub libraries.
    """
    meaning = Meaning(builders)
    for unit, lazy in order:
        meaning.add(unit, lazy)
    for name in wanted:
        state = meaning.names.get(name)
        if state is not None and state.lazy is not None:
            meaning.refer(name, weak=False)
    meaning.wrap(wraps)
    meaning.give(stubs)
    return meaning

"""What a declaration of an object in memory holds, as a test knows it, and what it is worth.

A `Spec` says all that counts at a flush. `build` makes a module anew from specs; `Meaning` predicts
what its functions return beside the fixed object `FIXED`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from linker.in_memory.declaration import Declaration, Export, Extern, LinkerSymbol, Target
from linker.module import Module
from tests.linker.assemble import assemble
from tests.linker.module_contents import (
    LOAD,
    Content,
    body,
    calls_through,
    filled,
    loads,
    number,
)
from tests.linker.objects import (
    ADD,
    EXPORTED,
    TO_I32,
    WEAK,
    Part,
    R,
    Site,
    call,
    const,
    data,
    function,
    load,
    returning,
    undefined_data,
    undefined_function,
    word,
)

FUNCTION_NAMES = ("f0", "f1", "f2", "f3")
DATA_NAMES = ("d0", "d1", "d3")
STACK_SIZE = 65536
HOST_VALUE = 50
# f0 and d0 may be missing, f2 is weak, f3 and d3 are strong.
FIXED = assemble(
    returning("f2", 200, WEAK | EXPORTED),
    returning("f3", 300, EXPORTED),
    data("d3", word(77) + word(78), alignment=2, flags=EXPORTED),
    undefined_function("f0", type=TO_I32, flags=WEAK),
    undefined_data("d0", flags=WEAK),
    function("calls_f0", call("f0"), type=TO_I32, flags=EXPORTED),
    function("loads_d0", load("d0"), type=TO_I32, flags=EXPORTED),
)
FIXED_FUNCTIONS = {"f2": 200, "f3": 300}
FIXED_DATA = {"d3": (77, 78)}
FIXED_STRONG = ("f3", "d3")


class Returns(NamedTuple):
    value: int


class CallsPlus(NamedTuple):
    callee: Spec
    plus: int


class LoadsWord(NamedTuple):
    data: Spec
    number: int


class LoadsThrough(NamedTuple):
    """Loads the address that is the first word of some data, and what stands there."""

    pointer: Spec


class CallsThrough(NamedTuple):
    """Calls the function whose place in the table is the first word of some data."""

    pointer: Spec


class ErrorSize(NamedTuple):
    table: Spec
    number: int


class ErrorByte(NamedTuple):
    """The first byte of the name of an error."""

    table: Spec
    number: int


class StackPointer(NamedTuple):
    pass


class Pointer(NamedTuple):
    """The address of a word of data, or a function's place in the table (`number` is 0)."""

    target: Spec
    number: int


class Words(NamedTuple):
    """Two words of data; `alignment` in bytes."""

    alignment: int
    words: tuple[int | Pointer, int | Pointer]


Recipe: TypeAlias = (
    Returns
    | CallsPlus
    | LoadsWord
    | LoadsThrough
    | CallsThrough
    | ErrorSize
    | ErrorByte
    | StackPointer
    | Words
)


@dataclass(eq=False)
class Spec:
    """A declaration, or an unnamed constant, as it should be."""

    name: str
    is_function: bool
    recipe: Recipe | None = None
    extern: Extern | None = None
    exports: dict[str, Export] = field(default_factory=dict)
    constants: list[Spec] = field(default_factory=list)
    is_error_table: bool = False
    freed: bool = False

    @property
    def is_defined(self) -> bool:
        return not self.freed and (
            self.recipe is not None or self.extern is not None or self.is_error_table
        )

    def targets(self) -> list[Spec]:
        """What its content refers to."""
        parts = self.recipe.words if isinstance(self.recipe, Words) else self.recipe or ()
        flat = [part.target if isinstance(part, Pointer) else part for part in parts]
        return [part for part in flat if isinstance(part, Spec)]


def content_of(recipe: Recipe, handles: Mapping[Spec, Declaration]) -> Content:
    match recipe:
        case Returns(value):
            return number(value), []
        case CallsPlus(callee, plus):
            return body(call("f"), const(plus), ADD, f=handles[callee])
        case LoadsWord(spec, index):
            return loads(handles[spec], 4 * index)
        case LoadsThrough(spec):
            return body(b"\x41", Site(R.MEMORY_ADDR_SLEB, "x"), LOAD, LOAD, x=handles[spec])
        case CallsThrough(spec):
            return calls_through(handles[spec])
        case ErrorSize(table, index):
            return loads(handles[table], 8 * index + 4)
        case ErrorByte(table, index):
            entry = Site(R.MEMORY_ADDR_SLEB, "x", 8 * index)
            return body(b"\x41", entry, LOAD, b"\x2d\0\0", x=handles[table])
        case StackPointer():
            symbol = Site(R.GLOBAL_INDEX_LEB, "sp")
            return body(b"\x23", symbol, sp=LinkerSymbol.STACK_POINTER)
        case Words(_, words):
            parts: list[Part] = []
            targets: dict[str, Target] = {}
            for place, item in enumerate(words):
                if isinstance(item, int):
                    parts.append(word(item))
                    continue
                targets[str(place)] = handles[item.target]
                kind = R.TABLE_INDEX_I32 if item.target.is_function else R.MEMORY_ADDR_I32
                parts.append(Site(kind, str(place), 4 * item.number))
            return filled(*parts, **targets)


def build(specs: Sequence[Spec], error_names: Sequence[str]) -> Module:
    """A module made anew, with nothing but what the specs say, in their order."""
    module = Module("memory", list(error_names))
    handles: dict[Spec, Declaration] = {}
    for spec in specs:
        if spec.is_error_table:
            handles[spec] = module.error_table()
        else:
            handles[spec] = module.allocate(spec.name, TO_I32 if spec.is_function else None)
    for spec in specs:
        for constant in spec.constants:
            handles[constant] = module.add_constant(handles[spec], 1, b"")
    everything = [each for spec in specs for each in (spec, *spec.constants)]
    for spec in everything:
        for target in spec.targets():
            if target not in handles:
                # It was freed.
                handles[target] = Declaration(target.name, TO_I32 if target.is_function else None)
    for spec in everything:
        if spec.recipe is not None:
            content, references = content_of(spec.recipe, handles)
            alignment = spec.recipe.alignment if isinstance(spec.recipe, Words) else 1
            module.update(handles[spec], content, references, alignment=alignment)
    for spec in specs:
        if spec.extern is not None:
            handles[spec].extern = spec.extern
        for name, export in spec.exports.items():
            module.export(handles[spec], name, export.weak, export.hidden)
    return module


class Unknown(Exception):
    """The value depends on the layout, or the program never ends."""


class Trap(Exception):
    """The program must stop here."""


Place: TypeAlias = Spec | str
"""A definition: one of the module, or the name of one of the fixed object."""


class Meaning:
    """What the functions of a module return, when it is linked with the fixed object."""

    def __init__(self, specs: Sequence[Spec], error_names: Sequence[str]) -> None:
        self.error_names = error_names
        self.everything = [each for spec in specs for each in (spec, *spec.constants)]
        self.duplicates: list[str] = []
        self.contested: list[str] = []
        self.winners: dict[str, Spec] = {}
        for spec in self.everything:
            if spec.recipe is None:
                continue
            for name, export in spec.exports.items():
                first = self.winners.setdefault(name, spec)
                if first is spec or export.weak:
                    continue
                if first.exports[name].weak:
                    self.winners[name] = spec
                else:
                    self.contested.append(name)
                    self.duplicates.append(
                        f"duplicate symbol: {name}\n>>> defined in memory:({first.name})"
                        f"\n>>> defined in memory:({spec.name})"
                    )
        self.dangling = [
            f"memory:({spec.name}): refers to {target.name}, which has no definition"
            for spec in self.everything
            for target in spec.targets()
            if not target.is_defined
        ]
        self.collisions = [
            f"duplicate symbol: {name}\n>>> defined in memory\n>>> defined in fixed.o"
            for name in FIXED_STRONG
            if name in self.winners and not self.winners[name].exports[name].weak
        ]

    @property
    def undefined(self) -> set[str]:
        """Messages about what must be defined and is not, if anything kept refers to it."""
        return {
            f"{file}: undefined symbol: {spec.name}"
            for file in ("memory", "fixed.o")
            for spec in self.everything
            if spec.extern == Extern() and self.named(spec.name) is None
        }

    def named(self, name: str) -> Place | None:
        """The definition that a name means in the whole link."""
        winner = self.winners.get(name)
        if winner is not None and not (winner.exports[name].weak and name in FIXED_STRONG):
            return winner
        return name if name in FIXED_FUNCTIONS or name in FIXED_DATA else None

    def meant(self, spec: Spec) -> Place | None:
        """The definition that a reference to a declaration means."""
        if spec.extern is not None:
            return self.named(spec.name)
        won = [name for name in spec.exports if self.winners.get(name) is spec]
        return self.named(won[0]) if won else spec

    def exported(self) -> set[str]:
        names = {name for name, spec in self.winners.items() if not spec.exports[name].hidden}
        mine = {name for name in names if isinstance(self.named(name), Spec)}
        fixed = {name for name in (*FIXED_FUNCTIONS, *FIXED_DATA) if self.named(name) == name}
        return mine | fixed | {"calls_f0", "loads_d0"}

    def called(self, name: str) -> int:
        """What an exported function returns. Raises Trap or Unknown."""
        if name == "calls_f0":
            return self._call_place(self.named("f0"), ())
        if name == "loads_d0":
            return self._load(self.named("d0"), 0)
        return self._call_place(self.named(name), ())

    def _call(self, spec: Spec, active: tuple[Spec, ...]) -> int:
        if spec.extern is not None and spec.extern.library is not None:
            return HOST_VALUE
        return self._call_place(self.meant(spec), active)

    def _call_place(self, place: Place | None, active: tuple[Spec, ...]) -> int:
        if place is None:
            raise Trap
        if isinstance(place, str):
            return FIXED_FUNCTIONS[place]
        if place in active:
            raise Unknown
        active = (*active, place)
        match place.recipe:
            case Returns(value):
                return value
            case CallsPlus(callee, plus):
                return self._call(callee, active) + plus
            case LoadsWord(spec, index):
                return self._load(self.meant(spec), index)
            case LoadsThrough(spec):
                pointer = self._word(self.meant(spec), 0)
                if not isinstance(pointer, Pointer) or pointer.target.is_function:
                    raise Unknown
                return self._load(self.meant(pointer.target), pointer.number)
            case CallsThrough(spec):
                pointer = self._word(self.meant(spec), 0)
                if not isinstance(pointer, Pointer) or not pointer.target.is_function:
                    raise Unknown
                return self._call(pointer.target, active)
            case ErrorSize(_, index) if index < len(self.error_names):
                return len(self.error_names[index].encode())
            case ErrorByte(_, index) if index < len(self.error_names):
                return (self.error_names[index].encode() + b"\0")[0]
            case StackPointer():
                return STACK_SIZE
            case _:
                raise Unknown

    def _load(self, place: Place | None, index: int) -> int:
        found = self._word(place, index)
        if isinstance(found, Pointer):
            raise Unknown
        return found

    def _word(self, place: Place | None, index: int) -> int | Pointer:
        if isinstance(place, str):
            return FIXED_DATA[place][index]
        if place is None or not isinstance(place.recipe, Words):
            raise Unknown
        return place.recipe.words[index]

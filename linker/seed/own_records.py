"""What the seed keeps of an object in memory: symbols in slots, and the pieces behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from linker.format.constants import RelocationType
from linker.format.model import FunctionType, Symbol
from linker.in_memory.declaration import Declaration, Export, Extern, LinkerSymbol
from linker.inputs.files import Input

# What memory that was never written reads as where the seed is built with its checks.
UNSET = 0xAAAAAAAA


class Place(NamedTuple):
    """A reference: to the slot that its target had, or to a symbol of the linker."""

    type: RelocationType
    offset: int
    target: Declaration | LinkerSymbol
    slot: int
    addend: int


@dataclass(slots=True, eq=False)
class Atom:
    """What a declaration or an unnamed constant holds (the seed's `Atom` and its `Decl`).

    Attributes:
        number: of the declaration; None for what is none: constants and the error table.
        size: as it was last given; `content` may hold less.
        content: None without a definition.
    """

    declaration: Declaration
    name: str
    signature: FunctionType | None
    number: int | None = None
    size: int = 0
    content: bytes | None = None
    references: list[Place] = field(default_factory=list)
    alignment: int = 1
    extern: Extern | None = None
    constants: list[Atom] = field(default_factory=list)
    owner: Atom | None = None


@dataclass(slots=True, eq=False)
class Slot:
    """A symbol of an object in memory (the seed's `Symbol`), with its exports.

    Attributes:
        atom: what it names; None once that is freed.
        name: its full name; None before the first definition.
        index: its number in the last flush.
        is_import: it was made an import and is marked as undefined.
        exports: the names given by the user, as far as they count.
        accepted: the names that an export was made under.
        last: the last export.
        was_global, was_weak, was_hidden: whether it ever was.
        has_kind: it was part of a flush as a function.
    """

    number: int
    atom: Atom | None
    name: str | None = None
    index: int = UNSET
    is_import: bool = False
    exports: dict[str, Export] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    last: Export = field(default_factory=Export)
    was_global: bool = False
    was_weak: bool = False
    was_hidden: bool = False
    has_kind: bool = False


class OwnImport(NamedTuple):
    """An entry of the seed's map of imports."""

    library: str | None
    name: str
    signature: FunctionType


@dataclass(slots=True, eq=False)
class SeedFile:
    """An object file that a flush has read, and whether its symbols were resolved."""

    source: Input
    symbols: list[Symbol]
    resolved: bool = False


class FileName(NamedTuple):
    """A name that symbol `number` of a file has given a meaning."""

    file: SeedFile
    number: int
    is_weak: bool
    is_undefined: bool

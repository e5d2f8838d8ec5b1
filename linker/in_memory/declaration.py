"""What an object in memory is made of (`linker.module`): declarations and what they refer to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, TypeAlias

from linker.format.constants import RelocationType, SymbolKind
from linker.format.model import FunctionType
from linker.format.relocation_shapes import SHAPES


class LinkerSymbol(Enum):
    """What the linker defines for the code that a compiler writes."""

    STACK_POINTER = "__stack_pointer"
    FUNCTION_TABLE = "__indirect_function_table"


class Export(NamedTuple):
    """A name that others know a declaration by. What is hidden is for other objects only."""

    weak: bool = False
    hidden: bool = False


class Extern(NamedTuple):
    """Marks what is defined elsewhere: in another object, or by the host.

    Attributes:
        library: the module to import a function from, if no object defines it; None: an object
            must, or the link must allow undefined symbols.
        weak: it may be missing.
    """

    library: str | None = None
    weak: bool = False


@dataclass(slots=True, eq=False)
class Declaration:
    """A function or data.

    Attributes:
        name: the full name; that of an extern declaration is the symbol's.
        signature: of a function; None for data.
        content: the bytes; of a function its body (locals and code) without the size; None as
            long as it has no definition.
        alignment: in bytes, a power of two; 1 for functions.
        references: the places in `content` that the linker fills in.
        exports: in order. References to the declaration go by the first, so that another object
            can replace what is weak; without any it is local.
        extern: how it is found elsewhere; None if it is defined here.
        constants: the unnamed constants that it owns.
        owner: of an unnamed constant; else None.
        slot: the number of its symbol in the module; None once it is freed.
    """

    name: str
    signature: FunctionType | None = None
    content: bytes | None = None
    alignment: int = 1
    references: tuple[Reference, ...] = ()
    exports: dict[str, Export] = field(default_factory=dict)
    extern: Extern | None = None
    constants: list[Declaration] = field(default_factory=list)
    owner: Declaration | None = None
    slot: int | None = None

    @property
    def kind(self) -> SymbolKind:
        return SymbolKind.DATA if self.signature is None else SymbolKind.FUNCTION


Target: TypeAlias = Declaration | FunctionType | LinkerSymbol


class Reference(NamedTuple):
    """A place that the linker fills in: `offset` bytes into the content.

    `target` is what is meant: a signature for TYPE_INDEX_LEB, else a declaration or one of the
    linker's own symbols. The addend counts for addresses of data.
    """

    type: RelocationType
    offset: int
    target: Target
    addend: int = 0


_LINKER_KINDS = {
    LinkerSymbol.STACK_POINTER: SymbolKind.GLOBAL,
    LinkerSymbol.FUNCTION_TABLE: SymbolKind.TABLE,
}


def check_references(name: str, content: bytes, references: Sequence[Reference]) -> None:
    """Raises ValueError for a place outside the content, or a target of the wrong kind."""
    for reference in references:
        shape = SHAPES[reference.type]
        where = f"{name}: {reference.type.name} at {reference.offset}"
        if not 0 <= reference.offset <= len(content) - shape.width:
            raise ValueError(f"{where}: outside the content")
        if reference.addend and not shape.addend_bits:
            raise ValueError(f"{where}: takes no addend")
        match reference.target:
            case Declaration() as target:
                fits = target.kind in shape.symbols
            case LinkerSymbol() as symbol:
                fits = _LINKER_KINDS[symbol] in shape.symbols
            case _:
                fits = not shape.symbols
        if not fits:
            raise ValueError(f"{where}: the target is of another kind")


def check_alignment(name: str, alignment: int) -> None:
    """Raises ValueError for an alignment that is no power of two."""
    if alignment < 1 or alignment & alignment - 1:
        raise ValueError(f"{name}: alignment {alignment} is no power of two")

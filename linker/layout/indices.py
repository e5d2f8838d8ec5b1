"""The index spaces of the output."""

from __future__ import annotations

from dataclasses import dataclass, field

from linker.format.constants import ExternalKind
from linker.format.model import FunctionType
from linker.objects import (
    Function,
    GlobalElement,
    InputObject,
    TableElement,
    TagElement,
)
from linker.resolution.symbols import LinkSymbol


@dataclass(slots=True)
class Indices:
    """The index spaces of the output, each as the list of what stands in it.

    `got` holds the symbols whose address a global of the output stands for, and
    `addresses` those whose address is exported: both come after `globals`.
    `table_entries` start at the table base of the options. `types` maps each function
    type to its index. `bodies` are the functions in the order of the code section. `references`
    are the functions that code refers to by `ref.func`. `slots` has the table position of a
    symbol of an object where that is its own, `types_of_symbols` holds where relocations for
    types name symbols, `crashes` says what a linker does not survive (departures).
    """

    imports: list[LinkSymbol] = field(default_factory=list)
    import_counts: dict[ExternalKind, int] = field(
        default_factory=lambda: dict.fromkeys(ExternalKind, 0),
    )
    functions: list[Function] = field(default_factory=list)
    globals: list[GlobalElement] = field(default_factory=list)
    got: list[LinkSymbol] = field(default_factory=list)
    addresses: list[LinkSymbol] = field(default_factory=list)
    tags: list[TagElement] = field(default_factory=list)
    tables: list[TableElement] = field(default_factory=list)
    table_entries: list[LinkSymbol] = field(default_factory=list)
    types: dict[FunctionType, int] = field(default_factory=dict)
    bodies: list[Function] = field(default_factory=list)
    references: list[LinkSymbol] = field(default_factory=list)
    taken: set[tuple[InputObject, int]] = field(default_factory=set)
    slots: dict[tuple[InputObject, int], int] = field(default_factory=dict)
    types_of_symbols: bool = False
    crashes: list[str] = field(default_factory=list)

    def type_index(self, signature: FunctionType) -> int:
        """The index of a function type, entered if it is new."""
        return self.types.setdefault(signature, len(self.types))

    def add_function(self, function: Function) -> None:
        if function.live:
            function.function_index = self.import_counts[ExternalKind.FUNCTION] + len(
                self.functions
            )
            self.functions.append(function)
            self.bodies.append(function)

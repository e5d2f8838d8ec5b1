"""What is done to an object in memory, one record an operation of `linker.module.Module`.

A linker that keeps something from one flush to the next (the seed's) is told of them in order.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from linker.format.model import FunctionType
from linker.in_memory.declaration import Declaration, Export, Extern, Reference


class Allocate(NamedTuple):
    """A declaration gets a slot (the seed's `allocateDeclIndexes`)."""

    declaration: Declaration


class Define(NamedTuple):
    """It gets a definition (`updateFunc`, `updateDecl`)."""

    declaration: Declaration
    content: bytes
    references: tuple[Reference, ...]
    alignment: int
    signature: FunctionType | None


class AddConstant(NamedTuple):
    """It gets an unnamed constant (`lowerUnnamedConst`)."""

    owner: Declaration
    constant: Declaration
    content: bytes
    references: tuple[Reference, ...]
    alignment: int


class Clear(NamedTuple):
    """Its definition is taken away, as by an update that fails."""

    declaration: Declaration


class MakeExtern(NamedTuple):
    """It is defined elsewhere (`addOrUpdateImport`)."""

    declaration: Declaration
    extern: Extern


class Address(NamedTuple):
    """An address is put into its data (`getDeclVAddr`)."""

    declaration: Declaration
    reference: Reference


class ExportAs(NamedTuple):
    """It gets a name for others (`updateDeclExports`)."""

    declaration: Declaration
    name: str
    export: Export


class DeleteExport(NamedTuple):
    """It loses a name (`deleteExport`)."""

    declaration: Declaration
    name: str


class Free(NamedTuple):
    """It goes, and its slot is free (`freeDecl`)."""

    declaration: Declaration


class MakeErrorTable(NamedTuple):
    """The table of error names is asked for the first time (`getErrorTableSymbol`)."""

    declaration: Declaration


Edit: TypeAlias = (
    Allocate
    | Define
    | AddConstant
    | Clear
    | MakeExtern
    | Address
    | ExportAs
    | DeleteExport
    | Free
    | MakeErrorTable
)

"""An object built in memory, piece by piece, as a compiler would, and linked again and again.

A `Module` holds declarations; `flush` makes an object file of them as they are now, links it in
front of the files and forgets all about it: a link leaves no trace in the module, so that a
flush after any edits gives what a module made anew with the same declarations gives.

The order of the declarations is that of their symbol slots, each followed by its unnamed
constants. A new declaration, constant or error table takes the slot that was freed last, or else
a new one; freeing a declaration frees its slot and then those of its constants (the seed's
`allocateDeclIndexes`, `lowerUnnamedConst` and `freeDecl`).

With the quirks of the seed that keep something of edits and flushes, the linker is told of every
operation, in order, at the first flush with a command line and from then on: see
`linker.seed.edited`. Each operation is then the function of the seed with the same purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linker.format.constants import RelocationType
from linker.format.model import FunctionType, ObjectFile
from linker.in_memory.declaration import (
    Declaration,
    Export,
    Extern,
    Reference,
    check_alignment,
    check_references,
)
from linker.in_memory.edits import (
    AddConstant,
    Address,
    Allocate,
    Clear,
    Define,
    DeleteExport,
    Edit,
    ExportAs,
    Free,
    MakeErrorTable,
    MakeExtern,
)
from linker.in_memory.module_object import make_object

if TYPE_CHECKING:
    from linker.driver import LinkOutput
    from linker.seed.own_link import OwnLinkers

_ERROR_TABLE = "__zig_err_name_table"


@dataclass(slots=True, eq=False)
class Module:
    """The declarations of an object in memory, for wasm32. `name` is what messages call it.

    Every operation raises ValueError for a declaration that was freed. `error_names` fill the
    table of error names, if there is one; they may be changed at any time.
    """

    name: str
    error_names: list[str] = field(default_factory=list)
    _slots: list[Declaration | None] = field(default_factory=list)
    _free_slots: list[int] = field(default_factory=list)
    _error_table: Declaration | None = None
    _log: list[Edit] = field(default_factory=list)
    _linkers: OwnLinkers = field(default_factory=dict)

    @property
    def declarations(self) -> list[Declaration]:
        """In the order of their slots; without unnamed constants, which their owners have."""
        return [entry for entry in self._slots if entry is not None and entry.owner is None]

    # Declarations.

    def allocate(self, name: str, signature: FunctionType | None = None) -> Declaration:
        """A function, or data without `signature`, that is still to be defined."""
        declaration = self._place(Declaration(name, signature))
        self._log.append(Allocate(declaration))
        return declaration

    def add_function(
        self,
        name: str,
        signature: FunctionType,
        body: bytes,
        references: Sequence[Reference] = (),
    ) -> Declaration:
        """A function with its definition. Raises ValueError as `update` does."""
        check_references(name, body, references)
        return self._add(Declaration(name, signature, body, references=tuple(references)))

    def add_data(
        self, name: str, alignment: int, content: bytes, references: Sequence[Reference] = ()
    ) -> Declaration:
        """Data with its definition. Raises ValueError as `update` does."""
        check_alignment(name, alignment)
        check_references(name, content, references)
        return self._add(Declaration(name, None, content, alignment, tuple(references)))

    def add_extern(
        self,
        name: str,
        signature: FunctionType | None = None,
        library: str | None = None,
        weak: bool = False,
    ) -> Declaration:
        """Something defined elsewhere. Raises ValueError as `make_extern` does."""
        declaration = Declaration(name, signature)
        declaration.extern = _extern(declaration, library, weak)
        self._place(declaration)
        self._log += [Allocate(declaration), MakeExtern(declaration, declaration.extern)]
        return declaration

    def update(
        self,
        declaration: Declaration,
        content: bytes,
        references: Sequence[Reference] = (),
        *,
        alignment: int | None = None,
        signature: FunctionType | None = None,
    ) -> None:
        """Gives a declaration a new definition; alignment and signature stay if not given.

        Its unnamed constants stay as well: `clear` it first where the new content has its own.

        Raises:
            ValueError: the alignment is no power of two; a reference has its place outside the
                content, or a target of the wrong kind; a signature for data.
        """
        _check_alive(declaration)
        check_references(declaration.name, content, references)
        if alignment is not None:
            check_alignment(declaration.name, alignment)
        if signature is not None and declaration.signature is None:
            raise ValueError(f"{declaration.name}: data has no signature")
        declaration.content = content
        declaration.references = tuple(references)
        declaration.extern = None
        declaration.alignment = declaration.alignment if alignment is None else alignment
        declaration.signature = signature or declaration.signature
        self._log_definition(declaration)

    def clear(self, declaration: Declaration) -> None:
        """Takes the definition away, and frees the unnamed constants."""
        _check_alive(declaration)
        self._clear(declaration)
        self._log.append(Clear(declaration))

    def make_extern(
        self, declaration: Declaration, library: str | None = None, weak: bool = False
    ) -> None:
        """Leaves the definition to another object, or the host, until it is updated.

        What it had is taken away as by `clear`.

        Raises:
            ValueError: data from a library; only functions are imported.
        """
        _check_alive(declaration)
        extern = _extern(declaration, library, weak)
        self._clear(declaration)
        declaration.extern = extern
        self._log.append(MakeExtern(declaration, extern))

    def free(self, declaration: Declaration) -> None:
        """Removes a declaration with its unnamed constants.

        References to it are errors of the next flush, until they are updated.

        Raises:
            ValueError: it is an unnamed constant, which goes with its owner.
        """
        _check_alive(declaration)
        if declaration.owner is not None:
            raise ValueError(f"{declaration.name}: belongs to {declaration.owner.name}")
        self._release(declaration)
        self._free_constants(declaration)
        if declaration is self._error_table:
            self._error_table = None
        self._log.append(Free(declaration))

    # What declarations have.

    def add_constant(
        self,
        owner: Declaration,
        alignment: int,
        content: bytes,
        references: Sequence[Reference] = (),
    ) -> Declaration:
        """An unnamed constant of a declaration: local data.

        Raises:
            ValueError: as `update` does, or the owner is an unnamed constant itself.
        """
        _check_alive(owner)
        if owner.owner is not None:
            raise ValueError(f"{owner.name}: a constant owns none")
        name = f"__unnamed_{owner.name}_{len(owner.constants)}"
        check_alignment(name, alignment)
        check_references(name, content, references)
        constant = Declaration(name, None, content, alignment, tuple(references), owner=owner)
        self._place(constant)
        owner.constants.append(constant)
        self._log.append(AddConstant(owner, constant, content, constant.references, alignment))
        return constant

    def address(
        self, declaration: Declaration, offset: int, target: Declaration, addend: int = 0
    ) -> None:
        """Puts the address of `target` plus `addend` at `offset` in the content of data.

        The address of a function is its place in the function table.

        Raises:
            ValueError: `declaration` is a function or has no definition; there are no four bytes
                at `offset`; an addend for a function.
        """
        _check_alive(declaration)
        if declaration.signature is not None or declaration.content is None:
            raise ValueError(f"{declaration.name}: no data that could hold an address")
        is_data = target.signature is None
        kind = RelocationType.MEMORY_ADDR_I32 if is_data else RelocationType.TABLE_INDEX_I32
        reference = Reference(kind, offset, target, addend)
        check_references(declaration.name, declaration.content, [reference])
        declaration.references = (*declaration.references, reference)
        self._log.append(Address(declaration, reference))

    def export(
        self, declaration: Declaration, name: str, weak: bool = False, hidden: bool = False
    ) -> None:
        """Makes a declaration known under a name, or changes how it is known under that name.

        Others see it in the next flush, if it is defined then. Two strong exports of one name are
        an error of the flush; of a strong and weak ones the strong counts, else the first.
        """
        _check_alive(declaration)
        declaration.exports[name] = Export(weak, hidden)
        self._log.append(ExportAs(declaration, name, Export(weak, hidden)))

    def delete_export(self, declaration: Declaration, name: str) -> None:
        """Takes a name away from a declaration. Raises KeyError if it does not have it."""
        _check_alive(declaration)
        del declaration.exports[name]
        self._log.append(DeleteExport(declaration, name))

    def error_table(self) -> Declaration:
        """The table of error names, made when it is first asked for.

        Its definition comes with each flush: for each name its address and its size in bytes, as
        32 bits each; the names end with a zero that is not counted.
        """
        if self._error_table is None:
            self._error_table = self._place(Declaration(_ERROR_TABLE))
            self._error_table.exports[_ERROR_TABLE] = Export(hidden=True)
            self._log.append(MakeErrorTable(self._error_table))
        return self._error_table

    # Linking.

    def object_file(self) -> ObjectFile:
        """The object as it is now; what is done to the module later does not change it.

        Raises:
            LinkError: two strong exports have the same name, or a reference goes to what has no
                definition.
        """
        return make_object(self.name, self.declarations, self._error_table, self.error_names)

    def flush(
        self,
        arguments: Sequence[str],
        read: Callable[[str], bytes] | None = None,
        dialect: str = "standard",
    ) -> LinkOutput:
        """Links the object, in front of the files on the command line (`linker.driver.run`).

        `read` gives the content of the files, from the disk if it is None.
        """
        # Imported here because the driver takes modules.
        from linker.driver import read_from_disk, run

        return run(arguments, read or read_from_disk, dialect, self)

    def edits(self) -> tuple[Sequence[Edit], OwnLinkers]:
        """Every operation so far, in order, and the linkers that were told of some of them."""
        return self._log, self._linkers

    # Slots.

    def _add(self, declaration: Declaration) -> Declaration:
        self._place(declaration)
        self._log.append(Allocate(declaration))
        self._log_definition(declaration)
        return declaration

    def _log_definition(self, declaration: Declaration) -> None:
        assert declaration.content is not None
        self._log.append(
            Define(
                declaration,
                declaration.content,
                declaration.references,
                declaration.alignment,
                declaration.signature,
            )
        )

    def _clear(self, declaration: Declaration) -> None:
        declaration.content = None
        declaration.references = ()
        declaration.extern = None
        self._free_constants(declaration)

    def _place(self, declaration: Declaration) -> Declaration:
        if self._free_slots:
            declaration.slot = self._free_slots.pop()
            self._slots[declaration.slot] = declaration
        else:
            declaration.slot = len(self._slots)
            self._slots.append(declaration)
        return declaration

    def _free_constants(self, declaration: Declaration) -> None:
        for constant in declaration.constants:
            self._release(constant)
        declaration.constants.clear()

    def _release(self, declaration: Declaration) -> None:
        assert declaration.slot is not None
        self._slots[declaration.slot] = None
        self._free_slots.append(declaration.slot)
        declaration.slot = None


def _extern(declaration: Declaration, library: str | None, weak: bool) -> Extern:
    if declaration.signature is None and library is not None:
        raise ValueError(f"{declaration.name}: data cannot be imported")
    return Extern(library, weak)


def _check_alive(declaration: Declaration) -> None:
    if declaration.slot is None:
        raise ValueError(f"{declaration.name}: was freed")

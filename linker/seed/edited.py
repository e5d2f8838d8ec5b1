"""An object in memory as the seed's linker keeps it: what each edit does to its state.

Each method is the document's function of the same purpose, with its quirks as the only departures
from what the default dialect does; with none of them, the state says what the declarations say.
The default has no state: it makes an object file of the declarations as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from linker.format.constants import RelocationType
from linker.format.leb128 import encode_unsigned
from linker.format.model import FunctionType
from linker.in_memory.declaration import Declaration, Export, Extern, LinkerSymbol, Reference
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
from linker.seed.errors import SeedStop
from linker.seed.hash_order import HashTable
from linker.seed.own_records import Atom, FileName, OwnImport, Place, SeedFile, Slot
from linker.seed.resolution import OWN_FIRST, STACK_POINTER_NAME
from linker.seed.values import ADDRESSES, TABLE_SLOTS

DEFAULT_LIBRARY = "env"
_TYPE_WIDTH = 5


class EditedState:
    """The state of one linker: opened once, told of every edit (`openPath`)."""

    def __init__(self, quirks: frozenset[str], relocatable: bool, output: str) -> None:
        self.quirks = quirks
        self.output = output
        self.settled = "names-settled-at-once" in quirks
        self.imports_stay = "imports-stay" in quirks
        self.one_name = "one-export-name" in quirks
        self.stop: SeedStop | None = None
        self.refused: dict[tuple[Declaration, str], str] = {}
        self.slots: list[Slot] = [Slot(0, None, STACK_POINTER_NAME)]
        self.free_slots: list[int] = []
        self.resolved: list[int] = [0]
        self.slot_of: dict[Declaration, int] = {}
        self.atoms: dict[Declaration, Atom] = {}
        self.numbers: list[Atom | None] = []
        self.free_numbers: list[int] = []
        self.declared = HashTable()
        self.names: dict[str, int | FileName] = {STACK_POINTER_NAME: 0}
        self.export_names: dict[int, str] = {}
        self.strings: set[str] = {STACK_POINTER_NAME}
        self.imports: dict[int, OwnImport] = {}
        self.import_map = HashTable()
        self.function_table = HashTable()
        self.placed = HashTable()
        self.types: list[FunctionType] = []
        self.error_table: Atom | None = None
        self.files: list[SeedFile] = []
        self.is_unfinished = False
        if relocatable:
            self.import_map.add(OWN_FIRST)
            self.strings.add(DEFAULT_LIBRARY)
        self._position = 0

    def catch_up(self, log: Sequence[Edit]) -> None:
        """Does the edits that are new, up to one that stops the linker."""
        while self._position < len(log) and self.stop is None:
            edit = log[self._position]
            self._position += 1
            try:
                self._apply(edit)
            except SeedStop as stop:
                self.stop = stop

    def _apply(self, edit: Edit) -> None:
        match edit:
            case Allocate(declaration):
                self._allocate(declaration)
            case Define(declaration):
                self._define(edit)
            case AddConstant():
                self._add_constant(edit)
            case Clear(declaration):
                self._clear(self.atoms[declaration])
            case MakeExtern(declaration, extern):
                self._make_extern(self.atoms[declaration], extern)
            case Address(declaration, reference):
                atom = self.atoms[declaration]
                self._refer(atom, [reference])
            case ExportAs(declaration, name, export):
                self._export(self.atoms[declaration], name, export)
            case DeleteExport(declaration, name):
                self._delete_export(self.slot(self.atoms[declaration]), name)
            case Free(declaration):
                self._free(self.atoms[declaration])
            case MakeErrorTable(declaration):
                self._make_error_table(declaration)

    def slot(self, atom: Atom) -> Slot:
        return self.slots[self.slot_of[atom.declaration]]

    # Declarations.

    def take_slot(self, atom: Atom) -> Slot:
        """The slot that was freed last, or a new one."""
        if self.free_slots:
            number = self.free_slots.pop()
            slot = self.slots[number] = Slot(number, atom)
        else:
            slot = Slot(len(self.slots), atom)
            self.slots.append(slot)
        self.slot_of[atom.declaration] = slot.number
        self.atoms[atom.declaration] = atom
        return slot

    def _allocate(self, declaration: Declaration) -> None:
        atom = Atom(declaration, declaration.name, declaration.signature)
        if self.free_numbers:
            atom.number = self.free_numbers.pop()
            self.numbers[atom.number] = atom
        else:
            atom.number = len(self.numbers)
            self.numbers.append(atom)
        self.declared.add((None, atom.number))
        slot = self.take_slot(atom)
        self.placed.add((None, slot.number))

    def _define(self, edit: Define) -> None:
        atom = self.atoms[edit.declaration]
        slot = self.slot(atom)
        atom.references.clear()
        if atom.extern is not None:
            atom.extern = None
            if not self.imports_stay:
                slot.is_import = False
                self._remove_import(slot.number)
        atom.alignment, atom.signature = edit.alignment, edit.signature
        if atom.signature is not None:
            self.type_number(atom.signature)
        atom.content = self._refer(atom, edit.references, edit.content)
        if not edit.content and "empty-updates-ignored" in self.quirks:
            atom.content = None
            return
        atom.size = len(edit.content)
        slot.name = atom.name
        self.strings.add(atom.name)
        if slot.number not in self.resolved:
            self.resolved.append(slot.number)

    def _clear(self, atom: Atom) -> None:
        atom.content = None
        atom.references.clear()
        atom.extern = None
        if "constants-stay" not in self.quirks:
            for constant in atom.constants:
                self._release(constant)
            atom.constants.clear()

    def _add_constant(self, edit: AddConstant) -> None:
        owner = self.atoms[edit.owner]
        name = f"__unnamed_{owner.name}_{len(owner.constants)}"
        self.strings.add(name)
        atom = Atom(edit.constant, name, None, alignment=edit.alignment, owner=owner)
        owner.constants.append(atom)
        slot = self.take_slot(atom)
        slot.name = name
        self.resolved.append(slot.number)
        self.placed.add((None, slot.number))
        atom.content = self._refer(atom, edit.references, edit.content)
        atom.size = len(edit.content)

    def _free(self, atom: Atom) -> None:
        slot = self.slot(atom)
        self.free_slots.append(slot.number)
        if atom.number is not None:
            self.declared.remove((None, atom.number))
            self.numbers[atom.number] = None
            self.free_numbers.append(atom.number)
        self._die(slot)
        for constant in atom.constants:
            self._release(constant)
        if atom.extern is not None:
            self._remove_import(slot.number)
        self._unlist(slot.number)
        self._forget_place(slot.number)
        self.refused = {
            key: text for key, text in self.refused.items() if key[0] is not atom.declaration
        }
        if atom is self.error_table:
            self.error_table = None

    def _release(self, atom: Atom) -> None:
        """Frees an unnamed constant."""
        slot = self.slot(atom)
        self._die(slot)
        self.free_slots.append(slot.number)
        self._unlist(slot.number)
        if (None, slot.number) not in self.placed:
            self.forgotten("freeDecl", f"constant {slot.name}")
        self._forget_place(slot.number)

    def _die(self, slot: Slot) -> None:
        if slot.atom is not None:
            del self.atoms[slot.atom.declaration]
        slot.atom = None
        if "freed-names-stay" not in self.quirks:
            self.export_names.pop(slot.number, None)
            self.names = {name: at for name, at in self.names.items() if at != slot.number}

    def _unlist(self, number: int) -> None:
        """Takes a symbol from the list; the last one takes its place (`swapRemove`)."""
        if number in self.resolved:
            place = self.resolved.index(number)
            last = self.resolved.pop()
            if last != number:
                self.resolved[place] = last

    def _forget_place(self, number: int) -> None:
        if (None, number) in self.placed:
            self.placed.remove((None, number))

    def _remove_import(self, number: int) -> None:
        if self.imports.pop(number, None) is not None:
            self.import_map.remove((None, number))

    def forgotten(self, place: str, detail: str) -> None:
        """What was known before the last flush is looked for."""
        if "atoms-forgotten" in self.quirks:
            raise SeedStop(place, "atoms-forgotten", detail)

    # References.

    def type_number(self, signature: FunctionType) -> int:
        """The number of a type (`putOrGetFuncType`)."""
        if signature not in self.types:
            self.types.append(signature)
        return self.types.index(signature)

    def _refer(self, atom: Atom, references: Sequence[Reference], content: bytes = b"") -> bytes:
        """Notes references, in the order of their places; answers the content.

        The compiler writes the numbers of types into the code itself.
        """
        filled = bytearray(content)
        for reference in sorted(references, key=lambda entry: entry.offset):
            target = reference.target
            if isinstance(target, FunctionType):
                number = encode_unsigned(self.type_number(target), _TYPE_WIDTH)
                filled[reference.offset : reference.offset + _TYPE_WIDTH] = number
                continue
            if isinstance(target, LinkerSymbol):
                slot = 0 if target is LinkerSymbol.STACK_POINTER else -1
            else:
                slot = self.slot_of.get(target, -1)
                self._check_parent(atom, reference)
                if reference.type in TABLE_SLOTS:
                    self.function_table.add((None, slot))
            atom.references.append(
                Place(reference.type, reference.offset, target, slot, reference.addend)
            )
        return bytes(filled)

    def _check_parent(self, atom: Atom, reference: Reference) -> None:
        """An address in data is looked for by the data's place (`getDeclVAddr`)."""
        kinds: tuple[RelocationType, ...] = (*ADDRESSES, *TABLE_SLOTS)
        number = self.slot_of[atom.declaration]
        if atom.signature is not None or reference.type not in kinds:
            return
        if (None, number) not in self.placed:
            self.forgotten("getDeclVAddr", f"data {atom.name}")

    def _make_extern(self, atom: Atom, extern: Extern) -> None:
        self._clear(atom)
        if atom.signature is None:
            if "extern-data-stops" in self.quirks:
                raise SeedStop("addOrUpdateImport", "extern-data-stops", f"data {atom.name}")
            atom.extern = extern
            return
        if extern.weak and "weak-externs-strong" in self.quirks:
            extern = extern._replace(weak=False)
        atom.extern = extern
        slot = self.slot(atom)
        slot.is_import = True
        library = extern.library or DEFAULT_LIBRARY
        self.strings |= {atom.name, library}
        if atom.name not in self.names:
            self.names[atom.name] = slot.number
            if slot.number not in self.resolved:
                self.resolved.append(slot.number)
        self.import_map.add((None, slot.number))
        self.type_number(atom.signature)
        self.imports.setdefault(slot.number, OwnImport(extern.library, atom.name, atom.signature))

    # Exports.

    def _export(self, atom: Atom, name: str, export: Export) -> None:
        slot = self.slot(atom)
        if export.hidden and "hidden-exports-weak" in self.quirks:
            export = Export(weak=True, hidden=True)
        self.strings.add(name)
        self.refused.pop((atom.declaration, name), None)
        existing = self.names.get(name)
        if existing is not None:
            at = existing.number if isinstance(existing, FileName) else existing
            if at == slot.number and "known-exports-passed-over" in self.quirks:
                return
            if existing != slot.number and not self._settle(slot, name, export, existing):
                return
        if slot.name is None and "exports-need-definition" in self.quirks:
            detail = f"{name}: {atom.name} has no name yet"
            raise SeedStop("StringTable.get", "exports-need-definition", detail)
        slot.was_global = True
        slot.was_weak |= export.weak
        slot.was_hidden |= export.hidden
        slot.exports[name] = slot.last = export
        slot.accepted.add(name)
        if name != slot.name:
            self.export_names[slot.number] = name
        self.names[name] = slot.number
        self._remove_import(slot.number)

    def _settle(self, slot: Slot, name: str, export: Export, existing: int | FileName) -> bool:
        """Whether an export counts though its name has a meaning."""
        if not self.settled:
            return True
        if isinstance(existing, FileName):
            is_weak = existing.is_weak
        else:
            old = self.slots[existing]
            is_weak = self.flags(old, old.last).weak
        if export.weak:
            return False
        if not is_weak:
            assert slot.atom is not None
            self.refused[slot.atom.declaration, name] = (
                f"symbol '{name}' defined multiple times\n  first definition in '{self.output}'"
                f"\n  next definition in '{self.output}'"
            )
            return False
        # The export that is replaced keeps its flags, and its name.
        return True

    def flags(self, slot: Slot, export: Export) -> Export:
        """How a symbol is exported: as the export says, or as all that it ever had."""
        if "export-flags-stay" in self.quirks:
            return Export(slot.was_weak, slot.was_hidden)
        return export

    def _delete_export(self, slot: Slot, name: str) -> None:
        assert slot.atom is not None
        self.refused.pop((slot.atom.declaration, name), None)
        if name not in slot.accepted:
            return
        slot.accepted.discard(name)
        slot.exports.pop(name, None)
        known = name
        if self.one_name:
            known = self.export_names.get(slot.number, slot.name or "")
            if known not in self.names:
                detail = f"{known} is no name any more"
                raise SeedStop("deleteExport", "one-export-name", detail)
        if self.export_names.get(slot.number) == known:
            del self.export_names[slot.number]
        self.names.pop(known, None)

    def _make_error_table(self, declaration: Declaration) -> None:
        atom = Atom(declaration, declaration.name, None, alignment=4)
        slot = self.take_slot(atom)
        slot.name = atom.name
        slot.was_global = slot.was_hidden = True
        slot.last = slot.exports[atom.name] = Export(hidden=True)
        self.strings.add(atom.name)
        self.resolved.append(slot.number)
        self.placed.add((None, slot.number))
        self.error_table = atom

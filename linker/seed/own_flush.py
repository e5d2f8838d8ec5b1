"""One flush of an object in memory as the seed keeps it (`linker.seed.edited`).

What the state says becomes an object file, which the stages link as any other, and what such a
file cannot say (`OwnState`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linker.command_line.options import Options
from linker.errors import FatalError, LinkError, Message, Severity
from linker.format.model import FunctionType, ObjectFile
from linker.in_memory.declaration import Declaration, Export, Extern, LinkerSymbol, Reference
from linker.in_memory.module_object import (
    ERROR_NAMES,
    LOCAL,
    Built,
    Exports,
    Piece,
    build_object,
    error_pieces,
    export_flags,
    settle_exports,
)
from linker.seed.edited import EditedState
from linker.seed.errors import SeedStop
from linker.seed.own_records import Atom, Place, Slot
from linker.seed.own_state import OwnState
from linker.seed.resolution import FUNCTION_TABLE_NAME, OWN_FIRST

_NO_SIGNATURE = FunctionType((), ())


def flush(
    state: EditedState, name: str, options: Options, error_names: Sequence[str]
) -> tuple[ObjectFile, OwnState]:
    """The object as the state has it.

    Raises:
        LinkError: an export was refused, or references and names break the default's rules.
        SeedStop: the linker has stopped before, or does so before it looks at any file.
    """
    if state.stop is not None:
        raise state.stop
    if state.refused:
        raise LinkError(
            Message(Severity.ERROR, f"seed error LinkError: {text}")
            for text in state.refused.values()
        )
    return _Flush(state, name, options).build(error_names)


class _Flush:
    """The parts of the object file in the making.

    Each symbol has a *shadow*, a declaration that says what the symbol is now; `shadows` has
    them by slot, `beside` those of imports whose slot has a definition too.
    """

    def __init__(self, state: EditedState, name: str, options: Options) -> None:
        self.state, self.name, self.options = state, name, options
        self.quirks = state.quirks
        self.stops: dict[str, FatalError] = {}
        self.pieces: list[tuple[Declaration, bytes, list[Place], int]] = []
        self.extra: list[Piece] = []
        self.shadows: dict[int, Declaration] = {}
        self.beside: dict[int, Declaration] = {}
        self.sizes: dict[Declaration, int] = {}
        self.literals: dict[Declaration, tuple[int, bool]] = {}

    def build(self, error_names: Sequence[str]) -> tuple[ObjectFile, OwnState]:
        self._populate_error_names(error_names)
        for atom in self._placing_order():
            self._place(atom)
        self._add_imports()
        pieces = self._finished_pieces()
        table = self._table_entries()
        names = None
        if self.state.settled:
            names = {
                name: self._shadow(at)
                for name, at in self.state.names.items()
                if isinstance(at, int) and at
            }
        exports, errors = self._exports(pieces)
        entries = self._symbol_order()
        built = build_object(self.name, entries, pieces, exports, errors)
        return built.file, self._own_state(built, names, table, pieces)

    # Contents.

    def _populate_error_names(self, error_names: Sequence[str]) -> None:
        """Fills the table of error names (`populateErrorNameTable`)."""
        state, table = self.state, self.state.error_table
        if table is None:
            return
        number = state.slot_of[table.declaration]
        if (None, number) not in state.placed:
            state.forgotten("populateErrorNameTable", "the table of error names")
        shadow = self._new_shadow(table)
        filled, texts = error_pieces(shadow, error_names)
        if "error-names-slot-stays" in self.quirks:
            slot = state.take_slot(Atom(texts.declaration, ERROR_NAMES, None))
            self._let_go(slot)
        else:
            slot = Slot(len(state.slots), None)
        state.strings.add(ERROR_NAMES)
        if slot.number not in state.resolved:
            state.resolved.append(slot.number)
        state.placed.add((None, slot.number))
        self.shadows[slot.number] = texts.declaration
        self.extra = [filled, texts]
        if state.is_unfinished and "failed-flushes-stay" in self.quirks:
            self.stops["allocateAtoms"] = SeedStop(
                "getFirst", "failed-flushes-stay", "the pieces of .rodata go round in a circle"
            )
        state.is_unfinished = True

    def _let_go(self, slot: Slot) -> None:
        """Nothing but this flush knows the error names."""
        assert slot.atom is not None
        del self.state.atoms[slot.atom.declaration]
        slot.atom, slot.name = None, ERROR_NAMES

    def _placing_order(self) -> Iterator[Atom]:
        """Declarations in the order in which they are placed (flushModule)."""
        state = self.state
        if "own-declarations-in-hash-order" in self.quirks:
            for _, number in state.declared.in_order():
                atom = state.numbers[number]
                assert atom is not None
                yield atom
            if state.error_table is not None:
                yield state.error_table
        else:
            atoms = [atom for atom in state.atoms.values() if atom.owner is None]
            yield from sorted(atoms, key=lambda atom: state.slot_of[atom.declaration])

    def _place(self, atom: Atom) -> None:
        """Makes pieces of a declaration and its constants (parseAtom)."""
        slot = self.state.slot(atom)
        if atom is self.state.error_table:
            shadow = self.shadows[slot.number]
            self.pieces.append((shadow, b"", [], 0))
            return
        if atom.extern is not None:
            return
        if atom.content is not None:
            shadow = self._new_shadow(atom)
            self.pieces.append((shadow, atom.content, atom.references, atom.alignment))
        elif "undefined-declarations-written" in self.quirks:
            self._place_undefined(atom, slot)
        for constant in atom.constants:
            assert constant.content is not None
            shadow = self._new_shadow(constant)
            self.pieces.append((shadow, constant.content, constant.references, constant.alignment))

    def _place_undefined(self, atom: Atom, slot: Slot) -> None:
        quirk = "undefined-declarations-written"
        if atom.signature is None and slot.name is None:
            self._stop("parseAtom", SeedStop("StringTable.get", quirk, f"data {atom.name}"))
            return
        if atom.signature is None and atom.size:
            detail = f"data {atom.name} has {atom.size} bytes and none"
            self._stop("flushModule", SeedStop("flushModule", quirk, detail))
        elif atom.size:
            self.sizes[self._new_shadow(atom)] = atom.size
        self.pieces.append((self._new_shadow(atom), b"", [], atom.alignment))

    def _stop(self, place: str, stop: SeedStop) -> None:
        self.stops.setdefault(place, stop)

    def _new_shadow(self, atom: Atom) -> Declaration:
        slot = self.state.slot(atom)
        if slot.number not in self.shadows:
            shadow = Declaration(atom.name, atom.signature, slot=slot.number)
            shadow.exports = self._exports_of(slot)
            self.shadows[slot.number] = shadow
        return self.shadows[slot.number]

    # Symbols.

    def _exports_of(self, slot: Slot) -> dict[str, Export]:
        """The names that a symbol is exported under."""
        state, own = self.state, slot.name or ""
        wanted = dict(slot.exports)
        if not wanted and slot.was_global and "deleted-exports-stay" in self.quirks:
            wanted = {own: slot.last}
        shown = state.export_names.get(slot.number, own)
        if wanted and state.one_name:
            wanted = {shown: slot.last}
        elif own in wanted and shown not in wanted:
            # The slot has a name from its last owner.
            wanted = {shown if name == own else name: entry for name, entry in wanted.items()}
        return {name: state.flags(slot, export) for name, export in wanted.items()}

    def _add_imports(self) -> None:
        """What is defined elsewhere (setupImports)."""
        state = self.state
        stays = state.imports_stay
        for atom in state.atoms.values():
            if atom.extern is not None and not (stays and atom.signature is not None):
                number = state.slot_of[atom.declaration]
                self.shadows[number] = Declaration(atom.name, atom.signature, extern=atom.extern)
        if not stays:
            return
        for _, number in state.import_map.in_order():
            if number not in state.imports:
                # The stack pointer of relocatable output.
                continue
            entry, slot = state.imports[number], state.slots[number]
            is_weak = slot.atom is not None and slot.atom.extern == Extern(weak=True)
            extern = Extern(entry.library, is_weak)
            shadow = Declaration(entry.name, entry.signature, extern=extern)
            if not slot.is_import:
                detail = f"{entry.name} is imported and defined"
                self._stop("emitImport", SeedStop("flushModule", "imports-stay", detail))
            if number in self.shadows:
                self.beside[number] = shadow
                self.shadows[number].name = entry.name
            elif slot.atom is None or slot.atom.extern is None:
                self.beside[number] = shadow
            else:
                self.shadows[number] = shadow
        for slot in state.slots:
            if slot.is_import:
                self._finish_import(slot)

    def _finish_import(self, slot: Slot) -> None:
        """What is marked as undefined is not exported, and has the name of its import."""
        shadow = self.shadows.get(slot.number)
        if shadow is not None:
            shadow.exports = {}
        if slot.number in self.state.imports or slot.number not in self.state.resolved:
            return
        if not (self.options.relocatable or self.options.strip_all):
            detail = f"{slot.name} has no import to take the name of"
            self._stop("emitNameSection", SeedStop("emitNameSection", "imports-stay", detail))

    def _shadow(self, number: int) -> Declaration:
        """What stands in a slot; if nothing does, the number that was there last."""
        if number not in self.shadows and number in self.beside:
            return self.beside[number]
        if number not in self.shadows:
            slot = self.state.slots[number]
            shadow = Declaration(slot.name or "", _NO_SIGNATURE, extern=Extern())
            self.shadows[number] = shadow
            self.literals[shadow] = (slot.index, not slot.is_import)
        return self.shadows[number]

    def _symbol_order(self) -> list[Declaration]:
        state = self.state
        if "own-symbols-by-definition" in self.quirks:
            order = [number for number in state.resolved if number in self.shadows]
        else:
            order = []
            atoms = [atom for atom in state.atoms.values() if atom.owner is None]
            for atom in sorted(atoms, key=lambda atom: state.slot_of[atom.declaration]):
                order.append(state.slot_of[atom.declaration])
                order += [state.slot_of[entry.declaration] for entry in atom.constants]
            order = [number for number in order if number in self.shadows]
        known = set(order)
        order += [number for number in sorted(self.shadows) if number not in known]
        return [self.shadows[number] for number in order] + list(self.beside.values())

    def _exports(self, pieces: Sequence[Piece]) -> tuple[Exports, Sequence[str]]:
        if not self.state.settled:
            return settle_exports(self.name, pieces)
        found = {}
        numbers = {shadow: number for number, shadow in self.shadows.items()}
        for shadow in (piece.declaration for piece in pieces):
            shown = [(name, export_flags(entry)) for name, entry in shadow.exports.items()]
            name = self.state.export_names.get(numbers[shadow], shadow.name)
            found[shadow] = shown or [(name, LOCAL)]
        return found, ()

    # References.

    def _finished_pieces(self) -> list[Piece]:
        by_slot = "references-by-slot" in self.quirks
        pieces = []
        for shadow, content, places, alignment in self.pieces:
            if self.extra and shadow is self.extra[0].declaration:
                pieces.append(self.extra[0])
                continue
            references = [
                Reference(place.type, place.offset, self._target(place, by_slot), place.addend)
                for place in places
            ]
            pieces.append(Piece(shadow, content, references, alignment))
        if not self.extra:
            return pieces
        if "error-names-first" in self.quirks:
            pieces.remove(self.extra[0])
            return [*self.extra, *pieces]
        return [*pieces, self.extra[1]]

    def _target(self, place: Place, by_slot: bool) -> Declaration | LinkerSymbol:
        if isinstance(place.target, LinkerSymbol):
            return place.target
        if by_slot and place.slot >= 0:
            return self._shadow(place.slot)
        if place.target in self.state.atoms:
            number = self.state.slot_of[place.target]
            if number in self.shadows:
                return self.shadows[number]
        return Declaration(place.target.name)

    def _table_entries(self) -> dict[int, Declaration]:
        """The functions that the table has had so far, by slot (addTableFunction)."""
        if "table-entries-stay" not in self.quirks:
            return {}
        return {number: self._shadow(number) for _, number in self.state.function_table.in_order()}

    # What the object file cannot say.

    def _own_state(
        self,
        built: Built,
        names: dict[str, Declaration] | None,
        table: dict[int, Declaration],
        pieces: Sequence[Piece],
    ) -> OwnState:
        state = self.state
        slots = {shadow: number for number, shadow in (*self.shadows.items(), *self.beside.items())}
        numbers = {owner: number for number, owner in reversed(list(enumerate(built.owners)))}
        own = OwnState(
            [0 if isinstance(each, LinkerSymbol) else slots[each] for each in built.owners],
            stops=self.stops,
        )
        if names is not None:
            own.names = {name: numbers[shadow] for name, shadow in names.items()}
        listed = {self.shadows[number] for number in state.resolved if number in self.shadows}
        own.unlisted = frozenset(
            number
            for number, owner in enumerate(built.owners)
            if isinstance(owner, Declaration) and owner not in listed
        )
        own.literals = {numbers[shadow]: value for shadow, value in self.literals.items()}
        functions = [each.declaration for each in pieces if each.declaration.signature is not None]
        own.sizes = {functions.index(shadow): size for shadow, size in self.sizes.items()}
        if "own-types-stay" in self.quirks:
            own.types = list(state.types)
        own.imports = state.import_map.copy()
        if table:
            own.table = state.function_table.copy()
            own.entries = {number: numbers[shadow] for number, shadow in table.items()}
        self._look_ahead(own, numbers)
        return own

    def _look_ahead(self, own: OwnState, numbers: dict[Declaration | LinkerSymbol, int]) -> None:
        """Finds what stops the linker behind the object file."""
        state, options = self.state, self.options
        imported = [number for number in state.imports if number in self.shadows]
        if imported and "import-kinds-unset" in self.quirks:
            own.untagged = frozenset(
                numbers[self.shadows[number]]
                for number in imported
                if not state.slots[number].has_kind and self.shadows[number].extern is not None
            )
            if options.relocatable and own.untagged:
                detail = f"the kind of import {state.imports[imported[0]].name}"
                stop = SeedStop("emitSymbolTable", "import-kinds-unset", detail)
                self._stop("emitSymbolTable", stop)
        if "atom-map-bounded" in self.quirks:
            self._check_room()
        if "strings-remembered" in self.quirks:
            self._check_strings()

    def _check_room(self) -> None:
        """Places are noted again without a look at the room (allocateAtoms)."""
        state = self.state
        missing = [
            number
            for number, shadow in self.shadows.items()
            if shadow.extern is None and (None, number) not in state.placed
        ]
        if len(missing) > state.placed.room:
            detail = f"room for {state.placed.room} pieces of {len(missing)}"
            self._stop("allocateAtoms", SeedStop("allocateAtoms", "atom-map-bounded", detail))

    def _check_strings(self) -> None:
        state = self.state
        entry = self.options.entry or "_start"
        for place, name in (("setupStart", entry), ("mergeSections", FUNCTION_TABLE_NAME)):
            if name in state.strings and name not in state.names:
                stop = SeedStop(place, "strings-remembered", f"{name} is no symbol's name")
                self._stop(place, stop)


def finish(state: EditedState, own: OwnState, options: Options) -> None:
    """What a flush leaves in the state, however far it came (resetState)."""
    if not own.has_started:
        return
    state.is_unfinished = False
    imported = [number for key, number in state.import_map.in_order() if (key, number) != OWN_FIRST]
    for index, number in enumerate(imported):
        state.slots[number].index = index
    index = len(imported)
    for _, declared in state.declared.in_order():
        atom = state.numbers[declared]
        if atom is None or atom.extern is not None:
            continue
        slot = state.slot(atom)
        slot.index = 0
        if atom.signature is not None:
            slot.index, slot.has_kind = index, True
            index += 1
        for constant in atom.constants:
            state.slot(constant).index = 0
    if own.is_written and (options.import_table or options.relocatable):
        state.strings.add(FUNCTION_TABLE_NAME)
    state.placed.clear()

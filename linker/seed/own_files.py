"""The files that the seed's linker has read, flush after flush: it never lets go of one."""

from __future__ import annotations

from collections.abc import Sequence

from linker.command_line.options import Options
from linker.errors import FatalError
from linker.format.constants import SymbolFlag
from linker.format.errors import MalformedFile
from linker.format.model import LinkingSection, Symbol
from linker.inputs.files import Input, ObjectInput
from linker.seed.edited import EditedState
from linker.seed.errors import SeedError, SeedStop
from linker.seed.own_records import FileName, SeedFile
from linker.seed.own_state import OwnState
from linker.seed.reader import NotAnObject, read_object
from linker.seed.resolution import FUNCTION_TABLE_NAME

_QUIRK = "files-linked-again"
_PLACE = "resolveSymbolsInObject"


def read_files(state: EditedState, inputs: Sequence[Input], options: Options) -> list[Input]:
    """Adds the files of a flush to those of the flushes before it (parseInputFiles).

    Answers what is linked behind the object in memory.
    """
    earlier = [file.source for file in state.files]
    for entry in inputs:
        if not isinstance(entry, ObjectInput):
            continue
        try:
            file = read_object(entry.data, entry.name, options.quirks)
        except NotAnObject:
            continue
        except (FatalError, MalformedFile):
            # The link will end there.
            break
        linking = file.find(LinkingSection)
        symbols = list(linking.symbols) if linking is not None else []
        state.files.append(SeedFile(entry, symbols))
    if "files-linked-again" in options.quirks:
        return [*earlier, *inputs]
    state.files.clear()
    return list(inputs)


def resolve_files(state: EditedState, own: OwnState) -> None:
    """Notes what the files' names mean, and what ends the link at a file that is not new."""
    try:
        for file in state.files:
            for index, symbol in enumerate(file.symbols):
                if symbol.name != FUNCTION_TABLE_NAME:
                    _resolve(state, file, index, symbol)
            file.resolved = True
    except FatalError as end:
        own.stops[_PLACE] = end


def _resolve(state: EditedState, file: SeedFile, index: int, symbol: Symbol) -> None:
    name = symbol.name
    state.strings.add(name)
    if symbol.flags & SymbolFlag.BINDING_LOCAL:
        if file.resolved:
            raise SeedStop(_PLACE, _QUIRK, f"local symbol {name} of {file.source.name} is listed")
        return
    new = FileName(file, index, bool(symbol.flags & SymbolFlag.BINDING_WEAK), symbol.is_undefined)
    existing = state.names.get(name)
    if existing is None:
        if file.resolved:
            raise SeedStop(_PLACE, _QUIRK, f"symbol {name} of {file.source.name} is listed")
        state.names[name] = new
        return
    if isinstance(existing, FileName):
        was_undefined, was_weak = existing.is_undefined, existing.is_weak
    else:
        slot = state.slots[existing]
        was_undefined, was_weak = slot.is_import, slot.was_weak
    if not was_undefined:
        if file.resolved and not symbol.is_undefined:
            raise SeedError("SymbolCollision", _collision(state, name, existing, file))
        return
    if was_weak and symbol.is_weak:
        return
    if file.resolved:
        raise SeedStop("getSymbol", _QUIRK, f"{name} of {file.source.name} stands for itself")
    if isinstance(existing, int) and existing not in state.resolved:
        detail = f"{name} stands for what was freed"
        raise SeedStop(_PLACE, "freed-names-stay", detail)
    state.names[name] = new


def _collision(state: EditedState, name: str, existing: int | FileName, file: SeedFile) -> str:
    first = existing.file.source.name if isinstance(existing, FileName) else state.output
    return f"duplicate symbol: {name}\n>>> defined in {first}\n>>> defined in {file.source.name}"

"""Where a dialect cannot follow wasm-ld: a symbol is taken for one of another kind."""

from __future__ import annotations

from collections.abc import Iterable

from linker.atoms import is_left_out
from linker.command_line.options import Options
from linker.errors import FatalError
from linker.format.constants import RelocationType as R
from linker.format.constants import SymbolKind
from linker.format.relocation_families import (
    FUNCTION_INDEX,
    FUNCTION_OFFSET,
    GLOBAL_INDEX,
    MEMORY_ADDRESS,
    TABLE_INDEX,
    TYPE_INDEX,
)
from linker.objects import Chunk, InputObject, Section
from linker.resolution.symbols import LinkSymbol

_OF_FUNCTIONS = FUNCTION_INDEX | FUNCTION_OFFSET | TABLE_INDEX


def refuse_arbitrary_numbers(
    objects: Iterable[InputObject], mixed: set[LinkSymbol], options: Options
) -> None:
    """Says where wasm-ld reads the wrong fields of a symbol, and writes what it finds there.

    `mixed` are the symbols that some object takes for one of another kind.

    Raises:
        FatalError: a relocation that is written names a symbol of another kind than it needs.
    """
    if not mixed:
        return
    for obj in objects:
        for chunk in (*obj.functions, *obj.segments):
            if chunk.live:
                _refuse_other_kinds(chunk, obj, mixed)
        for section in obj.sections:
            if not is_left_out(section, options):
                _refuse_other_kinds(section, obj, mixed)


def _refuse_other_kinds(chunk: Chunk, obj: InputObject, mixed: set[LinkSymbol]) -> None:
    for relocation_type, _, index, _ in chunk.relocations:
        symbol = obj.symbols[index] if relocation_type != TYPE_INDEX else None
        if symbol is None or symbol not in mixed or not symbol.is_live:
            continue
        if relocation_type in GLOBAL_INDEX:
            # One that is no global becomes an address.
            continue
        if relocation_type in MEMORY_ADDRESS and symbol.is_undefined_weak:
            continue
        if symbol.kind is not _kind_asked_for(relocation_type):
            raise FatalError(
                f"wasm-ld 22 crashes here, or writes arbitrary numbers: {symbol.name} is not of"
                " the kind that it is taken for (quirks reference-kinds-unchecked,"
                " extracted-definition-unchecked, linker-names-unchecked)",
            )


def _kind_asked_for(relocation_type: int) -> SymbolKind:
    if relocation_type in MEMORY_ADDRESS:
        return SymbolKind.DATA
    if relocation_type in _OF_FUNCTIONS:
        return SymbolKind.FUNCTION
    return SymbolKind.TAG if relocation_type == R.TAG_INDEX_LEB else SymbolKind.TABLE


def refuse_lost_section(section: Section, quirks: frozenset[str]) -> None:
    """Says where wasm-ld cannot cope with the symbol of a custom section whose group was lost."""
    if "lost-section-symbol-crashes" in quirks:
        raise FatalError(
            f"wasm-ld 22 crashes here: {section} has a symbol, and is in a group that was lost"
            " (quirk lost-section-symbol-crashes)",
        )

"""The values that the seed gives relocations (the companion Atom of the document)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from linker.format.constants import RelocationType as R
from linker.format.constants import SymbolKind
from linker.format.model import Relocation
from linker.objects import Chunk, InputObject, OutputSegment, Segment
from linker.seed.errors import SeedStop
from linker.seed.pieces import content_start
from linker.seed.resolution import number_of

if TYPE_CHECKING:
    from linker.layout.indices import Indices

Rule: TypeAlias = Callable[[Relocation, Chunk, InputObject], int]

NUMBERS = (
    *(R.FUNCTION_INDEX_LEB, R.GLOBAL_INDEX_LEB, R.GLOBAL_INDEX_I32),
    *(R.TAG_INDEX_LEB, R.TABLE_NUMBER_LEB),
)
TABLE_SLOTS = (R.TABLE_INDEX_SLEB, R.TABLE_INDEX_I32, R.TABLE_INDEX_SLEB64, R.TABLE_INDEX_I64)
OFFSETS = (R.FUNCTION_OFFSET_I32, R.SECTION_OFFSET_I32)
ADDRESSES = (
    *(R.MEMORY_ADDR_LEB, R.MEMORY_ADDR_SLEB, R.MEMORY_ADDR_I32),
    *(R.MEMORY_ADDR_LEB64, R.MEMORY_ADDR_SLEB64, R.MEMORY_ADDR_I64),
)
PLACE = "relocationValue"


class RelocationRules(NamedTuple):
    """Departures in relocating: rules by kind, and what holds for all kinds."""

    values: dict[int, Rule]
    unsigned: bool
    bounded: bool


NO_DEPARTURES = RelocationRules({}, False, False)


def relocation_rules(
    quirks: frozenset[str], indices: Indices, own: list[OutputSegment]
) -> RelocationRules:
    """The departures that are on. `own` are the output segments in the linker's own list."""
    if not quirks:
        return NO_DEPARTURES
    values: dict[int, Rule] = {}
    if "relocation-kinds-uncompared" in quirks:
        values |= dict.fromkeys(map(int, NUMBERS), plain_number)
    if indices.slots:
        slot = slot_rule(indices)
        values |= dict.fromkeys(map(int, TABLE_SLOTS), slot)
    if indices.types_of_symbols:
        values[int(R.TYPE_INDEX_LEB)] = type_rule(indices)
    if "offsets-of-relocations" in quirks:
        values |= dict.fromkeys(map(int, OFFSETS), own_offset)
    if "addresses-by-own-segments" in quirks:
        address = address_rule(own)
        values |= dict.fromkeys(map(int, ADDRESSES), address)
    return RelocationRules(
        values,
        unsigned="signed-as-unsigned" in quirks,
        bounded="bounds-checked" in quirks,
    )


def plain_number(relocation: Relocation, _: Chunk, obj: InputObject) -> int:
    return number_of(obj.symbols[relocation.index])


def own_offset(relocation: Relocation, chunk: Chunk, _: InputObject) -> int:
    return relocation.offset - content_start(chunk)


def slot_rule(indices: Indices) -> Rule:
    def slot(relocation: Relocation, _: Chunk, obj: InputObject) -> int:
        return indices.slots.get((obj, relocation.index), 0)

    return slot


def type_rule(indices: Indices) -> Rule:
    def type_of_symbol(relocation: Relocation, _: Chunk, obj: InputObject) -> int:
        quirk = "type-relocations-as-symbols"
        if relocation.index >= len(obj.symbols):
            raise SeedStop("getSymbol", quirk, f"{obj.name}: symbol {relocation.index}")
        symbol = obj.symbols[relocation.index]
        if symbol.apart or symbol.signature is None or symbol.kind is not SymbolKind.FUNCTION:
            return type_of_number(number_of(symbol), symbol.is_undefined, obj)
        return indices.types[symbol.signature]

    def type_of_number(number: int, is_undefined: bool, obj: InputObject) -> int:
        imported = sum(entry.kind is SymbolKind.FUNCTION for entry in indices.imports)
        if is_undefined or not 0 <= number - imported < len(indices.functions):
            detail = f"{obj.name}: type of function {number}"
            raise SeedStop(PLACE, "type-relocations-as-symbols", detail)
        return indices.types[indices.functions[number - imported].signature]

    return type_of_symbol


def address_rule(own: list[OutputSegment]) -> Rule:
    def address(relocation: Relocation, _: Chunk, obj: InputObject) -> int:
        symbol = obj.symbols[relocation.index]
        if symbol.is_undefined_weak:
            return 0
        number = number_of(symbol)
        if symbol.is_undefined or not 0 <= number < len(own):
            raise stop(obj, f"segment {number} of {len(own)}")
        # The symbol is looked up where the relocation names it, not where it was resolved.
        if symbol.file is not obj or not isinstance(symbol.chunk, Segment):
            raise stop(obj, f"{symbol.name} has no data")
        return symbol.chunk.segment_offset + own[number].address + relocation.addend

    def stop(obj: InputObject, detail: str) -> SeedStop:
        return SeedStop(PLACE, "addresses-by-own-segments", f"{obj.name}: {detail}")

    return address


def check_bounds(chunk: Chunk, offset: int, width: int) -> None:
    """A number that does not fit into its piece is an index out of bounds in the seed."""
    end = chunk.input_offset + len(chunk.content)
    if offset + width > end:
        detail = f"relocation at {offset}, {width} bytes of a piece that ends at {end}"
        raise SeedStop("resolveRelocs", "bounds-checked", detail)

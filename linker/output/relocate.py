"""The value of each relocation, written in its own encoding.

LLD's ObjFile::calcNewValue and InputChunk::relocate; Linking.md, "Relocation Sections".
"""

from __future__ import annotations

from linker.errors import FatalError
from linker.format.constants import RelocationType as R
from linker.format.constants import SymbolKind
from linker.format.leb128 import encode_signed, encode_unsigned
from linker.format.model import Relocation
from linker.format.relocation_families import (
    FUNCTION_INDEX,
    FUNCTION_OFFSET,
    GLOBAL_INDEX,
    LOCATION_RELATIVE,
    MEMORY_ADDRESS,
    TABLE_INDEX,
    TABLE_INDEX_RELATIVE,
    TYPE_INDEX,
)
from linker.layout.table_numbers import MOST_ENTRIES, NO_SLOT
from linker.objects import Chunk, Function, InputObject, Section, Segment
from linker.resolution.symbols import LinkSymbol, State
from linker.seed.values import RelocationRules, check_bounds

# What wasm-ld writes for something that an option lets be undefined: all ones, in 32 bits.
NO_INDEX = 0xFFFFFFFF

# block, loop, if, try, try_table, ref.null, and the value types `ref null` and `ref`: the index of
# a type that follows is signed. So it is in ref.test and ref.cast (null or not), and br_on_cast.
SIGNED_TYPE_OPCODES = frozenset((0x02, 0x03, 0x04, 0x06, 0x1F, 0xD0, 0x63, 0x64))
GC_PREFIX = 0xFB
CAST_OPCODES = frozenset((0x14, 0x15, 0x16, 0x17))
BRANCH_ON_CAST = frozenset((0x18, 0x19))

LEB, LEB64, SLEB, SLEB64, I32, I64 = range(6)
ENCODINGS = {
    **dict.fromkeys((R.FUNCTION_INDEX_LEB, R.TYPE_INDEX_LEB, R.GLOBAL_INDEX_LEB), LEB),
    **dict.fromkeys((R.TAG_INDEX_LEB, R.MEMORY_ADDR_LEB, R.TABLE_NUMBER_LEB), LEB),
    R.MEMORY_ADDR_LEB64: LEB64,
    **dict.fromkeys((R.TABLE_INDEX_SLEB, R.TABLE_INDEX_REL_SLEB, R.MEMORY_ADDR_SLEB), SLEB),
    **dict.fromkeys((R.MEMORY_ADDR_REL_SLEB, R.MEMORY_ADDR_TLS_SLEB), SLEB),
    **dict.fromkeys((R.TABLE_INDEX_SLEB64, R.TABLE_INDEX_REL_SLEB64, R.MEMORY_ADDR_SLEB64), SLEB64),
    **dict.fromkeys((R.MEMORY_ADDR_REL_SLEB64, R.MEMORY_ADDR_TLS_SLEB64), SLEB64),
    **dict.fromkeys((R.TABLE_INDEX_I32, R.MEMORY_ADDR_I32, R.FUNCTION_OFFSET_I32), I32),
    **dict.fromkeys((R.FUNCTION_INDEX_I32, R.SECTION_OFFSET_I32, R.GLOBAL_INDEX_I32), I32),
    R.MEMORY_ADDR_LOCREL_I32: I32,
    **dict.fromkeys((R.TABLE_INDEX_I64, R.MEMORY_ADDR_I64, R.FUNCTION_OFFSET_I64), I64),
}
UNSIGNED_OF = {SLEB: LEB, SLEB64: LEB64}
ENCODING_OF = [ENCODINGS[entry] for entry in sorted(R)]


def address_of(symbol: LinkSymbol, absolute: bool = False) -> int:
    """The address of a defined data symbol; of a thread-local one, in its segment (LLD's getVA)."""
    chunk = symbol.chunk
    if chunk is None:
        return symbol.value
    assert isinstance(chunk, Segment)
    segment = chunk.output_segment
    counts_from_zero = absolute or (segment is not None and segment.counts_from_zero)
    if symbol.is_tls and not counts_from_zero:
        offset = chunk.offset_in_output_segment(symbol.value)
        doubled = segment is not None and segment.doubles_offsets
        return offset + symbol.value if doubled else offset
    return chunk.address(symbol.value)


def value_of(relocation: Relocation, chunk: Chunk, obj: InputObject, table_base: int) -> int:
    """What a relocation puts at its place, before it is cut to its width.

    `table_base` is the first used entry of the indirect function table.
    """
    relocation_type, _, index, addend = relocation
    if relocation_type == TYPE_INDEX:
        return obj.type_map.get(index, 0)
    symbol = obj.symbols[index]
    if symbol.kind is SymbolKind.SECTION:
        section = symbol.chunk
        return section.offset_in_output(addend) if isinstance(section, Section) else addend
    if not symbol.is_live:
        return in_place_of_nothing(chunk, addend)
    if relocation_type in FUNCTION_INDEX:
        if isinstance(chunk, Section) and not symbol.has_function_index:
            return in_place_of_nothing(chunk, addend)
        return symbol.function_index
    if relocation_type in MEMORY_ADDRESS:
        if symbol.is_undefined or symbol.is_undefined_weak:
            return 0
        value = address_of(symbol) + addend
        if relocation_type == LOCATION_RELATIVE:
            if not isinstance(chunk, Segment):
                # Only data has an address to count from; wasm-ld 22 crashes here.
                raise FatalError(f"{chunk}: relocation R_WASM_MEMORY_ADDR_LOCREL_I32 outside data")
            value -= chunk.address(relocation.offset - chunk.input_offset)
        return value
    if relocation_type in TABLE_INDEX:
        slot = symbol.slot
        if slot == NO_SLOT:
            return 0
        # A difference of positions has 32 bits, too.
        is_relative = relocation_type in TABLE_INDEX_RELATIVE
        return slot - table_base & MOST_ENTRIES if is_relative else slot
    if relocation_type in GLOBAL_INDEX:
        if symbol.kind is SymbolKind.GLOBAL:
            return symbol.element_index & NO_INDEX
        return symbol.got_index & NO_INDEX
    if relocation_type in FUNCTION_OFFSET:
        return function_offset(symbol, chunk, addend)
    return symbol.element_index & NO_INDEX


def in_place_of_nothing(chunk: Chunk, addend: int) -> int:
    """What stands for something that is not in the output: debug information may speak of it."""
    tombstone = chunk.tombstone if isinstance(chunk, Section) else 0
    return tombstone or addend


def function_offset(symbol: LinkSymbol, chunk: Chunk, addend: int) -> int:
    """A place in a function, counted from the start of the code section's content."""
    if symbol.state is State.UNDEFINED:
        return in_place_of_nothing(chunk, addend)
    if symbol.is_lazy:
        raise FatalError(
            f"wasm-ld 22 crashes here: {chunk} names a place in {symbol.name}, whose group the"
            " member lost (quirk lost-member-symbol-zero)",
        )
    function = symbol.function
    return function.output_offset + function.code_offset + addend


def signed(value: int, bits: int) -> int:
    """The signed number of so many bits that a number is when the rest is cut off."""
    value &= (1 << bits) - 1
    return value - (value >> bits - 1 << bits)


def encode(relocation_type: int, value: int, unsigned: bool = False) -> bytes:
    """A value in the width of a relocation: padded LEB128, or little-endian bytes."""
    encoding = ENCODING_OF[relocation_type]
    if unsigned and encoding in UNSIGNED_OF:
        encoding = UNSIGNED_OF[encoding]
    if encoding == LEB:
        return bytes(
            (
                value & 0x7F | 0x80,
                value >> 7 & 0x7F | 0x80,
                value >> 14 & 0x7F | 0x80,
                value >> 21 & 0x7F | 0x80,
                value >> 28 & 0x0F,
            ),
        )
    if encoding == SLEB:
        value = signed(value, 32)
        return bytes(
            (
                value & 0x7F | 0x80,
                value >> 7 & 0x7F | 0x80,
                value >> 14 & 0x7F | 0x80,
                value >> 21 & 0x7F | 0x80,
                value >> 28 & 0x7F,
            ),
        )
    if encoding == I32:
        return (value & 0xFFFFFFFF).to_bytes(4, "little")
    value &= 0xFFFFFFFFFFFFFFFF
    if encoding == I64:
        return value.to_bytes(8, "little")
    if encoding == LEB64:
        return encode_unsigned(value, 10)
    return encode_signed(signed(value, 64), 10)


def apply(
    output: bytearray, start: int, chunk: Chunk, table_base: int, rules: RelocationRules
) -> None:
    """Relocates a chunk whose content was copied to `start` in the output section's content."""
    obj = chunk.file
    if obj is None:
        return
    base = start - chunk.input_offset
    values, unsigned, bounded = rules
    for relocation in chunk.relocations:
        if values and relocation[0] in values:
            value = values[relocation[0]](relocation, chunk, obj)
        else:
            value = value_of(relocation, chunk, obj, table_base)
        encoded = encode(relocation[0], value, unsigned)
        if bounded:
            check_bounds(chunk, relocation[1], len(encoded))
        place = base + relocation[1]
        output[place : place + len(encoded)] = encoded


def _is_signed_type(code: bytes, at: int) -> bool:
    """Whether the type index at `at` is a signed number, where 64 would be an abbreviation.

    That holds for the type of a block and for heap types: of `ref.null`, behind `ref` and
    `ref null`, of the tests and casts of references.
    """
    before = code[at - 1]
    if before in SIGNED_TYPE_OPCODES:
        return True
    if code[at - 2] == GC_PREFIX:
        return before in CAST_OPCODES
    # The second type of br_on_cast, behind flags, a label and a first type of a byte each.
    return at >= 5 and code[at - 5] == GC_PREFIX and code[at - 4] in BRANCH_ON_CAST


def compress(function: Function, table_base: int, quirks: frozenset[str]) -> bytes:
    """The function with its relocated numbers in their least width (LLD's writeCompressed).

    Raises:
        FatalError: two relocations overlap.
    """
    signs_block_types = "block-types-unsigned" not in quirks
    widens = "compressed-numbers-wide" in quirks
    obj = function.file
    if obj is None:
        return function.content
    code = bytearray()
    end = function.code_offset
    last = number = -1
    for relocation in function.relocations:
        start = relocation.offset - function.input_offset
        if start < end:
            if "overlapping-relocations-crash" in quirks:
                raise FatalError(
                    f"wasm-ld 22 crashes here: {function}: two relocations of one place"
                    " (quirk overlapping-relocations-crash)",
                )
            if start != last:
                raise FatalError(f"{function}: relocations overlap, which cannot be compressed")
            # As where nothing is compressed, the later one counts.
            del code[number:]
        code += function.content[end:start]
        last, number = start, len(code)
        value = value_of(relocation, function, obj, table_base)
        width = len(encode(relocation.type, value))
        is_signed = ENCODING_OF[relocation.type] in (SLEB, SLEB64)
        if relocation.type == TYPE_INDEX and signs_block_types:
            is_signed = _is_signed_type(function.content, start)
        bits = 32 if ENCODING_OF[relocation.type] in (LEB, SLEB) and not widens else 64
        if is_signed:
            code += encode_signed(signed(value, bits))
        else:
            code += encode_unsigned(value & (1 << bits) - 1)
        end = start + width
    code += function.content[end:]
    return encode_unsigned(len(code)) + bytes(code)

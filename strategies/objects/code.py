"""Instructions: the few encodings that the bodies need, with relocation sites."""

from __future__ import annotations

import struct
from typing import NamedTuple

from linker.format.constants import RelocationType as R
from linker.format.constants import ValueType

I32, I64, F32, F64 = ValueType.I32, ValueType.I64, ValueType.F32, ValueType.F64
V128 = ValueType.V128

# Width in bytes of the field that a relocation fills, and how it is written.
LEB_WIDTH = {
    R.FUNCTION_INDEX_LEB: 5,
    R.MEMORY_ADDR_LEB: 5,
    R.TYPE_INDEX_LEB: 5,
    R.GLOBAL_INDEX_LEB: 5,
    R.TAG_INDEX_LEB: 5,
    R.TABLE_NUMBER_LEB: 5,
    R.MEMORY_ADDR_LEB64: 10,
}
SLEB_WIDTH = {
    R.TABLE_INDEX_SLEB: 5,
    R.MEMORY_ADDR_SLEB: 5,
    R.MEMORY_ADDR_REL_SLEB: 5,
    R.TABLE_INDEX_REL_SLEB: 5,
    R.MEMORY_ADDR_TLS_SLEB: 5,
    R.MEMORY_ADDR_SLEB64: 10,
    R.MEMORY_ADDR_REL_SLEB64: 10,
    R.TABLE_INDEX_SLEB64: 10,
    R.TABLE_INDEX_REL_SLEB64: 10,
    R.MEMORY_ADDR_TLS_SLEB64: 10,
}
INTEGER_WIDTH = {
    R.TABLE_INDEX_I32: 4,
    R.MEMORY_ADDR_I32: 4,
    R.FUNCTION_OFFSET_I32: 4,
    R.SECTION_OFFSET_I32: 4,
    R.GLOBAL_INDEX_I32: 4,
    R.MEMORY_ADDR_LOCREL_I32: 4,
    R.FUNCTION_INDEX_I32: 4,
    R.MEMORY_ADDR_I64: 8,
    R.TABLE_INDEX_I64: 8,
    R.FUNCTION_OFFSET_I64: 8,
}
FIELD_WIDTH: dict[R, int] = {**LEB_WIDTH, **SLEB_WIDTH, **INTEGER_WIDTH}


def uleb(value: int) -> bytes:
    """The shortest unsigned LEB128 of a value."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def sleb(value: int) -> bytes:
    """The shortest signed LEB128 of a value."""
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


def padded_leb(value: int, width: int) -> bytes:
    """A LEB128 padded to `width` bytes; the same bits serve signed and unsigned fields."""
    out = bytearray()
    for _ in range(width - 1):
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


class Site(NamedTuple):
    """A place that a relocation fills: `symbol` is a symbol index, or a type index."""

    type: R
    offset: int
    symbol: int
    addend: int


def field_bytes(kind: R, value: int) -> bytes:
    """The bytes of a field that holds `value` (cut to the field's width)."""
    width = INTEGER_WIDTH.get(kind)
    if width is not None:
        return (value & (1 << 8 * width) - 1).to_bytes(width, "little")
    width = LEB_WIDTH.get(kind)
    if width is not None:
        # An unsigned field of 5 bytes holds 32 bits, one of 10 bytes 64.
        return padded_leb(value & (0xFFFFFFFF if width == 5 else 0xFFFFFFFFFFFFFFFF), width)
    return padded_leb(value, SLEB_WIDTH[kind])


class Code:
    """A function body being written: locals, code, relocation sites."""

    __slots__ = ("data", "sites")

    def __init__(self, locals_: bytes = b"\0") -> None:
        self.data = bytearray(locals_)
        self.sites: list[Site] = []

    def raw(self, data: bytes) -> None:
        """Append instructions that need no relocation."""
        self.data += data

    def site(self, kind: R, symbol: int, addend: int = 0) -> None:
        """Append the field of a relocation; its value is written when the object is finished."""
        self.sites.append(Site(kind, len(self.data), symbol, addend))
        self.data += bytes(FIELD_WIDTH[kind])

    def const(self, value: int) -> None:
        """Append an i32.const of a signed or unsigned 32-bit value."""
        self.data.append(0x41)
        value &= 0xFFFFFFFF
        self.data += sleb(value - (1 << 32) if value >> 31 else value)

    def constant(self, kind: ValueType, value: int) -> None:
        """Append a constant of the given number type with a small integral value."""
        if kind == I32:
            self.const(value)
        elif kind == I64:
            self.data.append(0x42)
            self.data += sleb(value)
        elif kind == F32:
            self.data += b"\x43" + struct.pack("<f", value)
        else:
            self.data += b"\x44" + struct.pack("<d", value)


# Conversions of a number to i32 (floats hold small integers, the truncation is exact).
TO_I32 = {I32: b"", I64: b"\xa7", F32: b"\xa8", F64: b"\xaa"}

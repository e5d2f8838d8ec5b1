"""A walk over the instructions of a function body that knows what every operand means.

The opcodes are those of the core specification 3.0 without garbage collection, with threads,
relaxed vectors, wide arithmetic and the older form of exceptions.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import NamedTuple

from linker.format.leb128 import LebError, decode_signed, decode_unsigned


class OperandKind(enum.Enum):
    """What an operand counts or holds."""

    FUNCTION = "function"
    TYPE = "type"
    TABLE = "table"
    MEMORY = "memory"
    GLOBAL = "global"
    TAG = "tag"
    ELEMENT = "element"
    DATA = "data"
    LOCAL = "local"
    LABEL = "label"
    ALIGNMENT = "alignment"
    OFFSET = "offset"
    CONSTANT = "constant"
    BITS = "bits"
    """A float, a vector, a lane: compared as it is."""


class Operand(NamedTuple):
    """An operand and where it stands: `offset` in bytes from the start of the body."""

    kind: OperandKind
    value: int
    offset: int


class Instruction(NamedTuple):
    """An instruction. `opcode` holds a prefix (0xfc, 0xfd, 0xfe) in its upper 16 bits."""

    offset: int
    opcode: int
    operands: tuple[Operand, ...]


class BodyError(Exception):
    """A body that cannot be walked: `offset` in bytes from its start, and why."""

    def __init__(self, offset: int, problem: str) -> None:
        super().__init__(offset, problem)
        self.offset = offset
        self.problem = problem


# One letter an operand:
#   f function  y type  t table  m memory  g global  x tag  e element segment  d data segment
#   v local  l label  a memory argument  i i32 constant  I i64 constant  4, 8, S 4, 8, 16 bytes
#   1 one byte  b block type  h heap type  T list of types  B list of labels and one  C catches
_PLAIN: dict[int, str] = {
    **dict.fromkeys((0x02, 0x03, 0x04, 0x06), "b"),
    **dict.fromkeys((0x07, 0x08), "x"),
    **dict.fromkeys((0x09, 0x0C, 0x0D, 0x18, 0xD5, 0xD6), "l"),
    **dict.fromkeys((0x00, 0x01, 0x05, 0x0A, 0x0B, 0x0F, 0x19, 0x1A, 0x1B), ""),
    **dict.fromkeys((0x10, 0x12, 0xD2), "f"),
    **dict.fromkeys((0x11, 0x13), "yt"),
    **dict.fromkeys((0x14, 0x15), "y"),
    **dict.fromkeys((0x20, 0x21, 0x22), "v"),
    **dict.fromkeys((0x23, 0x24), "g"),
    **dict.fromkeys((0x25, 0x26), "t"),
    **dict.fromkeys(range(0x28, 0x3F), "a"),
    **dict.fromkeys((0x3F, 0x40), "m"),
    **dict.fromkeys(range(0x45, 0xC5), ""),
    **dict.fromkeys((0xD1, 0xD3, 0xD4), ""),
    0x0E: "B",
    0x1C: "T",
    0x1F: "bC",
    0x41: "i",
    0x42: "I",
    0x43: "4",
    0x44: "8",
    0xD0: "h",
}
_BULK: dict[int, str] = {
    **dict.fromkeys(range(8), ""),
    8: "dm",
    9: "d",
    10: "mm",
    11: "m",
    12: "et",
    13: "e",
    14: "tt",
    15: "t",
    16: "t",
    17: "t",
    **dict.fromkeys(range(19, 23), ""),
}
_VECTOR: dict[int, str] = {
    **dict.fromkeys(range(0x114), ""),
    **dict.fromkeys(range(12), "a"),
    12: "S",
    13: "S",
    **dict.fromkeys(range(21, 35), "1"),
    **dict.fromkeys(range(84, 92), "a1"),
    92: "a",
    93: "a",
}
_ATOMIC: dict[int, str] = {
    **dict.fromkeys(range(3), "a"),
    3: "1",
    **dict.fromkeys(range(0x10, 0x4F), "a"),
}
_PREFIXED = {0xFC: _BULK, 0xFD: _VECTOR, 0xFE: _ATOMIC}
# In an object file a relocated operand holds anything, numbers that are too large included:
# every operand may be as long as ten bytes.
_BITS = 70
_MEMORY_INDEX_FOLLOWS = 0x40

_INDICES = {
    "f": OperandKind.FUNCTION,
    "y": OperandKind.TYPE,
    "t": OperandKind.TABLE,
    "m": OperandKind.MEMORY,
    "g": OperandKind.GLOBAL,
    "x": OperandKind.TAG,
    "e": OperandKind.ELEMENT,
    "d": OperandKind.DATA,
    "v": OperandKind.LOCAL,
    "l": OperandKind.LABEL,
}
_FIXED = {"1": 1, "4": 4, "8": 8, "S": 16}


def skip_locals(body: bytes) -> int:
    """The position of the first instruction, after the declarations of locals."""
    try:
        count, position = decode_unsigned(body, 0)
        for _ in range(count):
            _, position = decode_unsigned(body, position, _BITS)
            _, position = decode_signed(body, position, 33)
    except LebError as error:
        raise BodyError(error.position, error.problem) from None
    return position


def walk(body: bytes, position: int | None = None) -> Iterator[Instruction]:
    """The instructions of a body (locals and code), or of code that starts at `position`.

    Raises BodyError at an instruction that is unknown or cut off.
    """
    if position is None:
        position = skip_locals(body)
    while position < len(body):
        start = position
        opcode = body[position]
        position += 1
        try:
            shape = _PLAIN.get(opcode)
            if shape is None:
                table = _PREFIXED.get(opcode)
                if table is None:
                    raise BodyError(start, f"unknown opcode 0x{opcode:02x}")
                sub, position = decode_unsigned(body, position, _BITS)
                shape = table.get(sub)
                if shape is None:
                    raise BodyError(start, f"unknown opcode 0x{opcode:02x} {sub}")
                opcode = opcode << 16 | sub
            if shape:
                operands, position = _operands(body, position, shape)
            else:
                operands = ()
        except LebError as error:
            raise BodyError(error.position, error.problem) from None
        yield Instruction(start, opcode, operands)


def _operands(body: bytes, position: int, shape: str) -> tuple[tuple[Operand, ...], int]:
    found: list[Operand] = []
    for letter in shape:
        start = position
        kind = _INDICES.get(letter)
        if kind is not None:
            value, position = decode_unsigned(body, position, _BITS)
            found.append(Operand(kind, value, start))
        elif letter == "i" or letter == "I":
            value, position = decode_signed(body, position, _BITS)
            found.append(Operand(OperandKind.CONSTANT, value, start))
        elif letter in _FIXED:
            position += _FIXED[letter]
            if position > len(body):
                raise BodyError(start, "operand is cut off by the end")
            bits = int.from_bytes(body[start:position], "little")
            found.append(Operand(OperandKind.BITS, bits, start))
        elif letter in "bh":
            value, position = decode_signed(body, position, 33)
            # A negative number is a value type or the empty type, others are type indices.
            kind = OperandKind.TYPE if value >= 0 else OperandKind.BITS
            found.append(Operand(kind, value, start))
        elif letter == "a":
            position = _memory_argument(body, position, found)
        elif letter == "T":
            count, position = decode_unsigned(body, position, _BITS)
            for _ in range(count):
                value, after = decode_signed(body, position, 33)
                found.append(Operand(OperandKind.BITS, value, position))
                position = after
        elif letter == "B":
            count, position = decode_unsigned(body, position, _BITS)
            for _ in range(count + 1):
                value, after = decode_unsigned(body, position, _BITS)
                found.append(Operand(OperandKind.LABEL, value, position))
                position = after
        else:
            position = _catches(body, position, found)
    return tuple(found), position


def _memory_argument(body: bytes, position: int, found: list[Operand]) -> int:
    start = position
    alignment, position = decode_unsigned(body, position, _BITS)
    found.append(Operand(OperandKind.ALIGNMENT, alignment, start))
    if alignment & _MEMORY_INDEX_FOLLOWS:
        start = position
        memory, position = decode_unsigned(body, position, _BITS)
        found.append(Operand(OperandKind.MEMORY, memory, start))
    start = position
    offset, position = decode_unsigned(body, position, _BITS)
    found.append(Operand(OperandKind.OFFSET, offset, start))
    return position


def _catches(body: bytes, position: int, found: list[Operand]) -> int:
    count, position = decode_unsigned(body, position, _BITS)
    for _ in range(count):
        kind, after = decode_unsigned(body, position, _BITS)
        found.append(Operand(OperandKind.BITS, kind, position))
        position = after
        # catch and catch_ref name a tag, catch_all and catch_all_ref do not.
        if kind < 2:
            value, after = decode_unsigned(body, position, _BITS)
            found.append(Operand(OperandKind.TAG, value, position))
            position = after
        value, after = decode_unsigned(body, position, _BITS)
        found.append(Operand(OperandKind.LABEL, value, position))
        position = after
    return position

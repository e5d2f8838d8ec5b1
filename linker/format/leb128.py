"""LEB128, as the core specification limits it ("Values", "Integers").

A number of N bits may be padded, but never to more than ceil(N / 7) bytes, and the unused bits
of its last byte must repeat the sign (signed) or be zero (unsigned).
"""

from __future__ import annotations

_ENDS_TOO_EARLY = "LEB128 number is cut off by the end"


class LebError(Exception):
    """A malformed LEB128: `position` is where it starts in the bytes that were given.

    Readers turn it into `MalformedFile`; it never leaves `linker.format`.
    """

    def __init__(self, position: int, problem: str, detail: str = "") -> None:
        super().__init__(position, problem, detail)
        self.detail = detail
        self.position = position
        self.problem = problem


def encode_unsigned(n: int, width: int = 0) -> bytes:
    """`n` as unsigned LEB128, padded to at least `width` bytes (0: as short as possible).

    Raises ValueError for a negative number.
    """
    if n < 0:
        raise ValueError(f"unsigned LEB128 of {n}")
    if n < 0x80 and width < 2:
        return bytes((n,))
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    while len(out) < width - 1:
        out.append(n | 0x80)
        n = 0
    out.append(n)
    return bytes(out)


def encode_signed(n: int, width: int = 0) -> bytes:
    """`n` as signed LEB128, padded to at least `width` bytes (0: as short as possible)."""
    if -0x40 <= n < 0x40 and width < 2:
        return bytes((n & 0x7F,))
    out = bytearray()
    while not -0x40 <= n < 0x40:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    while len(out) < width - 1:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n & 0x7F)
    return bytes(out)


def size_unsigned(n: int) -> int:
    """The number of bytes of the shortest unsigned LEB128 of `n`."""
    return (n.bit_length() + 6) // 7 or 1


def decode_unsigned(data: bytes, pos: int, bits: int = 32, padded: bool = False) -> tuple[int, int]:
    """The unsigned number of at most `bits` bits at `pos`, and the position after it.

    `padded`: any number of zeros may follow in it.

    Raises LebError if it is cut off, too long or too large.
    """
    start = pos
    value = 0
    shift = 0
    end = len(data)
    while True:
        if pos >= end:
            raise LebError(start, _ENDS_TOO_EARLY)
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift >= bits and not padded:
            raise LebError(start, f"LEB128 number is longer than {bits} bits allow")
    if value >> bits:
        raise LebError(start, f"number {value} is larger than {bits} bits hold")
    return value, pos


def decode_signed(data: bytes, pos: int, bits: int = 32, padded: bool = False) -> tuple[int, int]:
    """The signed number of at most `bits` bits at `pos`, and the position after it.

    `padded`: its sign may be repeated any number of times.

    Raises LebError if it is cut off, too long or too large.
    """
    start = pos
    value = 0
    shift = 0
    end = len(data)
    while True:
        if pos >= end:
            raise LebError(start, _ENDS_TOO_EARLY)
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
        if shift >= bits and not padded:
            raise LebError(start, f"LEB128 number is longer than {bits} bits allow")
    if byte & 0x40:
        value -= 1 << shift
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise LebError(start, f"number {value} does not fit in {bits} bits")
    return value, pos

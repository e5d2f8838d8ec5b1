"""The instructions of the functions that the linker writes (core specification, "Instructions")."""

from __future__ import annotations

from linker.format.expression import address_const
from linker.format.leb128 import encode_signed, encode_unsigned

CALL = b"\x10"
DROP = b"\x1a"
LOCAL_GET = b"\x20"
GLOBAL_GET = b"\x23"
GLOBAL_SET = b"\x24"
I32_STORE = b"\x36"
I64_STORE = b"\x37"
I32_ADD = b"\x6a"
I64_ADD = b"\x7c"
BLOCK = b"\x02\x40"
BR = b"\x0c"
BR_TABLE = b"\x0e"
END = b"\x0b"
NO_LOCALS = b"\x00"
MEMORY_INIT = b"\xfc\x08"
DATA_DROP = b"\xfc\x09"
MEMORY_FILL = b"\xfc\x0b"
ATOMIC_NOTIFY = b"\xfe\x00"
ATOMIC_WAIT = b"\xfe\x01"
ATOMIC_STORE = b"\xfe\x17"
ATOMIC_CMPXCHG = b"\xfe\x48"
# Alignment 2^2, offset 0.
WORD_AT_0 = b"\x02\x00"


def const(value: int) -> bytes:
    """`i32.const` of a 32-bit number, taken as signed or as an address."""
    return address_const(value).body[:-1]


def const64(value: int) -> bytes:
    """`i64.const` of a signed 64-bit number."""
    return b"\x42" + encode_signed(value)


def call(index: int) -> bytes:
    return CALL + encode_unsigned(index)

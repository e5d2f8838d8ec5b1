"""XXH3, 64 bits, with seed 0 and the default secret.

wasm-ld hashes names with it (the iteration order of LLVM's string maps shows in the output) and
whole modules (`--build-id=fast`). Written from the specification of the xxHash family,
https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md.
"""

from __future__ import annotations

import struct
from operator import mul

_MASK64 = 0xFFFFFFFFFFFFFFFF

_PRIME32_1 = 0x9E3779B1
_PRIME32_2 = 0x85EBCA77
_PRIME32_3 = 0xC2B2AE3D
_PRIME64_1 = 0x9E3779B185EBCA87
_PRIME64_2 = 0xC2B2AE3D27D4EB4F
_PRIME64_3 = 0x165667B19E3779F9
_PRIME64_4 = 0x85EBCA77C2B2AE63
_PRIME64_5 = 0x27D4EB2F165667C5
_PRIME_MX1 = 0x165667919E3779F9
_PRIME_MX2 = 0x9FB21C651E98DF25

# The default secret of the specification.
_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)

_STRIPE = 64
_LANES = 8
_STRIPES_PER_BLOCK = (len(_SECRET) - _STRIPE) // 8
_BLOCK = _STRIPE * _STRIPES_PER_BLOCK
# The secret that each stripe of a block is mixed with, one after the other: stripe n starts 8n
# bytes into the secret.
_BLOCK_SECRET = b"".join(_SECRET[8 * n : 8 * n + _STRIPE] for n in range(_STRIPES_PER_BLOCK))
_SCRAMBLE_KEYS = struct.unpack("<8Q", _SECRET[-_STRIPE:])
_LAST_STRIPE_SECRET = _SECRET[-_STRIPE - 7 : -7]
_MERGE_KEYS = struct.unpack("<8Q", _SECRET[11 : 11 + _STRIPE])


def xxh3_64(data: bytes) -> int:
    """The 64-bit XXH3 hash of `data`: an unsigned number below 2**64."""
    length = len(data)
    if length <= 16:
        return _hash_short(data, length)
    if length <= 128:
        return _hash_to_128(data, length)
    if length <= 240:
        return _hash_to_240(data, length)
    return _hash_long(data, length)


def _word32(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "little")


def _word64(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 8], "little")


def _byte_swapped(value: int) -> int:
    return int.from_bytes(value.to_bytes(8, "little"), "big")


def _rotated(value: int, count: int) -> int:
    return (value << count | value >> (64 - count)) & _MASK64


def _folded_product(left: int, right: int) -> int:
    product = left * right
    return (product & _MASK64) ^ (product >> 64)


def _avalanche(value: int) -> int:
    value &= _MASK64
    value ^= value >> 37
    value = value * _PRIME_MX1 & _MASK64
    return value ^ value >> 32


def _xxh64_avalanche(value: int) -> int:
    value ^= value >> 33
    value = value * _PRIME64_2 & _MASK64
    value ^= value >> 29
    value = value * _PRIME64_3 & _MASK64
    return value ^ value >> 32


def _hash_short(data: bytes, length: int) -> int:
    """0 to 16 bytes."""
    if length > 8:
        low = _word64(_SECRET, 24) ^ _word64(_SECRET, 32) ^ _word64(data, 0)
        high = _word64(_SECRET, 40) ^ _word64(_SECRET, 48) ^ _word64(data, length - 8)
        return _avalanche(length + _byte_swapped(low) + high + _folded_product(low, high))
    if length >= 4:
        value = _word64(_SECRET, 8) ^ _word64(_SECRET, 16)
        value ^= _word32(data, length - 4) | _word32(data, 0) << 32
        value ^= _rotated(value, 49) ^ _rotated(value, 24)
        value = value * _PRIME_MX2 & _MASK64
        value ^= (value >> 35) + length
        value = value * _PRIME_MX2 & _MASK64
        return value ^ value >> 28
    if length:
        combined = data[0] << 16 | data[length >> 1] << 24 | data[-1] | length << 8
        return _xxh64_avalanche(combined ^ _word32(_SECRET, 0) ^ _word32(_SECRET, 4))
    return _xxh64_avalanche(_word64(_SECRET, 56) ^ _word64(_SECRET, 64))


def _mixed(data: bytes, offset: int, secret_offset: int) -> int:
    """16 bytes of the input with 16 of the secret."""
    return _folded_product(
        _word64(data, offset) ^ _word64(_SECRET, secret_offset),
        _word64(data, offset + 8) ^ _word64(_SECRET, secret_offset + 8),
    )


def _hash_to_128(data: bytes, length: int) -> int:
    """17 to 128 bytes: pairs of 16 bytes from both ends inwards."""
    value = length * _PRIME64_1
    for pair in range((length - 1) // 32 + 1):
        value += _mixed(data, 16 * pair, 32 * pair)
        value += _mixed(data, length - 16 * (pair + 1), 32 * pair + 16)
    return _avalanche(value)


def _hash_to_240(data: bytes, length: int) -> int:
    """129 to 240 bytes."""
    value = length * _PRIME64_1
    for piece in range(8):
        value += _mixed(data, 16 * piece, 16 * piece)
    value = _avalanche(value)
    for piece in range(8, length // 16):
        value += _mixed(data, 16 * piece, 16 * (piece - 8) + 3)
    value += _mixed(data, length - 16, 136 - 17)
    return _avalanche(value)


def _accumulate(lanes: list[int], stripes: bytes, secret: bytes) -> None:
    """Adds whole stripes (up to a block of them) to the lanes, without reducing to 64 bits.

    A block is one number to Python, and one sum a lane: five times as fast as lane by lane.
    """
    count = len(stripes) // 8
    keyed = int.from_bytes(stripes, "little") ^ int.from_bytes(secret[: len(stripes)], "little")
    halves = struct.unpack(f"<{2 * count}I", keyed.to_bytes(len(stripes), "little"))
    products = list(map(mul, halves[0::2], halves[1::2]))
    words = struct.unpack(f"<{count}Q", stripes)
    for lane in range(_LANES):
        lanes[lane] += sum(products[lane::_LANES]) + sum(words[lane ^ 1 :: _LANES])


def _hash_long(data: bytes, length: int) -> int:
    """241 bytes and more: eight lanes, in stripes of 64 bytes, scrambled after each block."""
    lanes = [
        _PRIME32_3,
        _PRIME64_1,
        _PRIME64_2,
        _PRIME64_3,
        _PRIME64_4,
        _PRIME32_2,
        _PRIME64_5,
        _PRIME32_1,
    ]
    whole_blocks_end = (length - 1) // _BLOCK * _BLOCK
    for start in range(0, whole_blocks_end, _BLOCK):
        _accumulate(lanes, data[start : start + _BLOCK], _BLOCK_SECRET)
        for lane, key in enumerate(_SCRAMBLE_KEYS):
            value = lanes[lane] & _MASK64
            lanes[lane] = (value ^ value >> 47 ^ key) * _PRIME32_1 & _MASK64
    whole_stripes_end = (length - 1) // _STRIPE * _STRIPE
    _accumulate(lanes, data[whole_blocks_end:whole_stripes_end], _BLOCK_SECRET)
    _accumulate(lanes, data[-_STRIPE:], _LAST_STRIPE_SECRET)
    value = length * _PRIME64_1
    for lane in range(0, _LANES, 2):
        value += _folded_product(
            lanes[lane] & _MASK64 ^ _MERGE_KEYS[lane],
            lanes[lane + 1] & _MASK64 ^ _MERGE_KEYS[lane + 1],
        )
    return _avalanche(value)

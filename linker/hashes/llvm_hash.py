"""LLVM's `hash_value` of a string, by which a `DenseMap` with string keys places its entries.

The function is LLVM's own relative of CityHash (llvm/include/llvm/ADT/Hashing.h of LLVM 22), with
the constant seed of a release build: a build with LLVM_ENABLE_ABI_BREAKING_CHECKS takes an address
for the seed, and then the order of its tables differs between runs.
"""

from __future__ import annotations

import struct

_MASK = 0xFFFFFFFFFFFFFFFF
_SEED = 0xFF51AFD7ED558CCD

_K0 = 0xC3A5C85C97CB3127
_K1 = 0xB492B66FBE98F273
_K2 = 0x9AE16A3B2F90404F
_K3 = 0xC949D7C7509E6557
_MULTIPLIER = 0x9DDFEA08EB382D69


def llvm_string_hash(data: bytes) -> int:
    """LLVM's 64-bit hash of a string of any length; `DenseMap` uses the low 32 bits."""
    length = len(data)
    if length > 64:
        return _hash_long(data)
    if length > 32:
        return _hash_33_to_64(data)
    if length > 16:
        return _hash_17_to_32(data)
    if length > 8:
        first, last = _word64(data, 0), _word64(data, length - 8)
        return _mixed(_SEED ^ first, _right(last + length & _MASK, length)) ^ last
    if length >= 4:
        return _mixed(length + (_word32(data, 0) << 3), _SEED ^ _word32(data, length - 4))
    if length:
        start = data[0] + (data[length >> 1] << 8)
        end = length + (data[-1] << 2)
        return _shift_mixed((start * _K2 ^ end * _K3 ^ _SEED) & _MASK) * _K2 & _MASK
    return _K2 ^ _SEED


def _word32(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "little")


def _word64(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 8], "little")


def _right(value: int, count: int) -> int:
    """The low 64 bits of `value`, rotated right."""
    value &= _MASK
    return (value >> count | value << (64 - count)) & _MASK


def _shift_mixed(value: int) -> int:
    return value ^ value >> 47


def _mixed(low: int, high: int) -> int:
    first = _shift_mixed((low ^ high) * _MULTIPLIER & _MASK)
    second = _shift_mixed((high ^ first) * _MULTIPLIER & _MASK)
    return second * _MULTIPLIER & _MASK


def _hash_17_to_32(data: bytes) -> int:
    length = len(data)
    a = _word64(data, 0) * _K1
    b = _word64(data, 8)
    c = _word64(data, length - 8) * _K2 & _MASK
    d = _word64(data, length - 16) * _K0
    low = _right(a - b, 43) + _right(c ^ _SEED, 30) + d
    high = a + _right(b ^ _K3, 20) - c + length + _SEED
    return _mixed(low & _MASK, high & _MASK)


def _half_33_to_64(data: bytes, a: int, z: int, second: int, third: int) -> tuple[int, int]:
    """One of the two halves of the hash of 33 to 64 bytes, as two sums."""
    b = _right(a + z, 52)
    c = _right(a, 37)
    a += _word64(data, second)
    c += _right(a, 7)
    a += _word64(data, third)
    return a + z, b + _right(a, 31) + c


def _hash_33_to_64(data: bytes) -> int:
    length = len(data)
    a = _word64(data, 0) + (length + _word64(data, length - 16)) * _K0
    first_sum, first_mix = _half_33_to_64(data, a, _word64(data, 24), 8, 16)
    a = _word64(data, 16) + _word64(data, length - 32)
    last_sum, last_mix = _half_33_to_64(
        data, a, _word64(data, length - 8), length - 24, length - 16
    )
    r = _shift_mixed(((first_sum + last_mix) * _K2 + (last_sum + first_mix) * _K0) & _MASK)
    return _shift_mixed(((_SEED ^ r * _K0) + first_mix) & _MASK) * _K2 & _MASK


class _State:
    """The seven words that chunks of 64 bytes are mixed into."""

    def __init__(self) -> None:
        h4 = _SEED * _K1 & _MASK
        h5 = _shift_mixed(_SEED)
        self.words = (
            0,
            _SEED,
            _mixed(_SEED, _K1),
            _right(_SEED ^ _K1, 49),
            h4,
            h5,
            _mixed(h4, h5),
        )

    def mix(self, chunk: bytes) -> None:
        data: tuple[int, ...] = struct.unpack("<8Q", chunk)
        h0, h1, h2, h3, h4, h5, h6 = self.words
        h0 = _right(h0 + h1 + h3 + data[1], 37) * _K1 & _MASK
        h1 = _right(h1 + h4 + data[6], 42) * _K1 & _MASK
        h0 ^= h6
        h1 = h1 + h3 + data[5] & _MASK
        h2 = _right(h2 + h5, 33) * _K1 & _MASK
        h3, h4 = _mix_32_bytes(data[:4], h4 * _K1, h0 + h5)
        h5, h6 = _mix_32_bytes(data[4:], h2 + h6, h1 + data[2])
        self.words = (h2, h1, h0, h3, h4, h5, h6)

    def finish(self, length: int) -> int:
        h0, h1, h2, h3, h4, h5, h6 = self.words
        low = _mixed(h3, h5) + _shift_mixed(h1) * _K1 + h2
        high = _mixed(h4, h6) + _shift_mixed(length) * _K1 + h0
        return _mixed(low & _MASK, high & _MASK)


def _mix_32_bytes(data: tuple[int, ...], a: int, b: int) -> tuple[int, int]:
    a += data[0]
    b = _right(b + a + data[3], 21)
    before = a
    a += data[1] + data[2]
    b += _right(a, 44) + before
    return a + data[3] & _MASK, b & _MASK


def _hash_long(data: bytes) -> int:
    """65 bytes and more; a partial chunk at the end is the last 64 bytes once more."""
    state = _State()
    whole = len(data) & ~63
    for start in range(0, whole, 64):
        state.mix(data[start : start + 64])
    if len(data) & 63:
        state.mix(data[-64:])
    return state.finish(len(data))

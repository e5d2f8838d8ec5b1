"""The iteration order of Zig's `AutoHashMap` with Wyhash, which shows in the seed's output.

The table is open addressed, its capacity a power of two from 8 on, filled to at most 80 per cent;
a key's slot is its hash modulo the capacity, or the next free one. The keys are symbols: the
symbol's index in its object as 4 bytes, followed by the object's number as 2; symbols of the
linker's own have no object and only the 4 bytes.
"""

from __future__ import annotations

from typing import TypeAlias

Location: TypeAlias = tuple[int | None, int]
"""Number of the object, or None for the linker's own, and index in its symbol table."""

_P0 = 0xA0761D6478BD642F
_P1 = 0xE7037ED1A0B428DB
_P4 = 0x1D8E4E27C47D124F
_MASK = (1 << 64) - 1
_FIRST_CAPACITY = 8
_FILL_PERCENT = 80


def _mum(a: int, b: int) -> int:
    product = (a & _MASK) * (b & _MASK)
    return product >> 64 ^ product & _MASK


def location_hash(location: Location) -> int:
    """Wyhash, with seed 0, of a symbol's location."""
    number, index = location
    x, length = (index, 4) if number is None else (index << 16 | number, 6)
    return _mum(_mum(x ^ _P0, _P4 ^ _P1) ^ length, _P4)


class HashTable:
    """The keys of such a map."""

    def __init__(self) -> None:
        self._slots: list[Location | None] = []
        self._count = 0

    def __contains__(self, key: Location) -> bool:
        return key in self._slots

    def copy(self) -> HashTable:
        """Another table with the same keys at the same places."""
        other = HashTable()
        other._slots, other._count = list(self._slots), self._count
        return other

    @property
    def room(self) -> int:
        """How many keys can still be entered before the table grows."""
        return len(self._slots) * _FILL_PERCENT // 100 - self._count

    def add(self, key: Location) -> None:
        """Enters a key; one that is there already stays, but a full table grows before the look."""
        if not self.room:
            self._grow()
        if key in self._slots:
            return
        self._place(key)
        self._count += 1

    def clear(self) -> None:
        """Takes all keys out; the room stays."""
        self._slots = [None] * len(self._slots)
        self._count = 0

    def remove(self, key: Location) -> None:
        """Takes a key out; its slot is free again. Raises ValueError if it is not there."""
        self._slots[self._slots.index(key)] = None
        self._count -= 1

    def in_order(self) -> list[Location]:
        """The keys in the order in which the map gives them."""
        return [key for key in self._slots if key is not None]

    def _grow(self) -> None:
        wanted = (self._count + 1) * 100 // _FILL_PERCENT + 1
        keys = self.in_order()
        self._slots = [None] * max(_FIRST_CAPACITY, 1 << (wanted - 1).bit_length())
        for key in keys:
            self._place(key)

    def _place(self, key: Location) -> None:
        mask = len(self._slots) - 1
        slot = location_hash(key) & mask
        while self._slots[slot] is not None:
            slot = slot + 1 & mask
        self._slots[slot] = key

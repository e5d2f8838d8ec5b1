"""Small choices decoded from a record of bytes.

A draw of hypothesis costs about 0.1 ms, so a record of a few bytes is drawn at once and each
choice takes one byte of it. Hypothesis lowers the bytes of a record one by one when it
shrinks; a byte of 0 is always the simplest choice here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Record:
    """A cursor over the bytes of one record; past its end, every byte is 0."""

    __slots__ = ("_bytes", "_next")

    def __init__(self, data: bytes) -> None:
        self._bytes = data
        self._next = 0

    def byte(self) -> int:
        """The next byte."""
        position = self._next
        self._next = position + 1
        return self._bytes[position] if position < len(self._bytes) else 0

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1; it falls as the byte falls."""
        return self.byte() * limit >> 8

    def pick(self, items: Sequence[T]) -> T:
        """One of the items; the first is the simplest."""
        return items[self.byte() * len(items) >> 8]

    def chance(self, parts: int) -> bool:
        """True with a chance of `parts` in 256; False is the simpler answer."""
        return self.byte() >= 256 - parts

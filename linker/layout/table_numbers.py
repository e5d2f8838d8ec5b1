"""Positions in the function table: numbers of 32 bits (core specification, "Table Types")."""

from __future__ import annotations

MOST_ENTRIES = (1 << 32) - 1
NO_SLOT = -1


def table_number(number: int, quirks: frozenset[str]) -> int:
    """A position in the table, or its size; what has more than 32 bits is refused at the end."""
    return number & MOST_ENTRIES if _go_round(quirks) else number


def slot_of_reference(number: int, quirks: frozenset[str]) -> int:
    """The position of a function that is not defined; wasm-ld takes the last number for none."""
    return NO_SLOT if _go_round(quirks) and number == MOST_ENTRIES else number


def _go_round(quirks: frozenset[str]) -> bool:
    return "table-size-unchecked" in quirks

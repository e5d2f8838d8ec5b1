"""Text for people and for files."""

from __future__ import annotations


def readable(text: str) -> str:
    """The text without what is no UTF-8: names of odd objects may hold any bytes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

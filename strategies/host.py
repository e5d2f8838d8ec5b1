"""What the host of a case gives: numbers that a module can be told apart by."""

from __future__ import annotations

from zlib import crc32


def host_number(module: str, name: str) -> int:
    """The value of an imported global of a number type, from 1 to 1000."""
    return crc32(f"{module}.{name}".encode("utf-8", "surrogateescape")) % 1000 + 1

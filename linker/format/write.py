"""What every encoder needs."""

from __future__ import annotations

from linker.format.leb128 import encode_unsigned


def encode_name(name: str) -> bytes:
    """A length and the bytes of `name` (bytes that are no UTF-8 are kept as surrogates)."""
    raw = name.encode("utf-8", "surrogateescape")
    return encode_unsigned(len(raw)) + raw

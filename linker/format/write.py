"""What every encoder needs: names, counted lists, and what stands around a section."""

from __future__ import annotations

from collections.abc import Iterable

from linker.format.constants import MAGIC, VERSION, SectionId
from linker.format.leb128 import encode_unsigned

HEADER = MAGIC + VERSION.to_bytes(4, "little")


def encode_name(name: str) -> bytes:
    """A length and the bytes of `name` (bytes that are no UTF-8 are kept as surrogates)."""
    raw = name.encode("utf-8", "surrogateescape")
    return encode_unsigned(len(raw)) + raw


def vector(items: Iterable[bytes], width: int = 0) -> bytes:
    """A count, padded to `width` bytes, and the items."""
    entries = list(items)
    return encode_unsigned(len(entries), width) + b"".join(entries)


def make_section(section_id: SectionId, content: bytes | bytearray, width: int = 0) -> bytes:
    """A section, its size padded to `width` bytes."""
    return bytes((section_id,)) + encode_unsigned(len(content), width) + content


def make_custom_section(name: str, content: bytes | bytearray, width: int = 0) -> bytes:
    return make_section(SectionId.CUSTOM, encode_name(name) + content, width)


def subsection(kind: int, content: bytes) -> bytes:
    """A part of a custom section that has a kind and a size of its own."""
    return bytes((kind,)) + encode_unsigned(len(content)) + content

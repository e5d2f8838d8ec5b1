"""The section `dylink.0` of a shared library (DynamicLinking.md), which YAML shows by field.

Elsewhere it is a custom section kept as bytes: this reads them and writes them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from linker.format.leb128 import encode_unsigned
from linker.format.reader import Reader, ReadError
from linker.format.write import encode_name


class Subsection(IntEnum):
    MEMORY_INFO = 1
    NEEDED = 2
    EXPORT_INFO = 3
    IMPORT_INFO = 4


@dataclass
class Dylink:
    """Sizes in bytes and elements, alignments as log2, symbol flags per export and import."""

    memory_size: int = 0
    memory_alignment: int = 0
    table_size: int = 0
    table_alignment: int = 0
    needed: list[str] = field(default_factory=list)
    exports: list[tuple[str, int]] = field(default_factory=list)
    imports: list[tuple[str, str, int]] = field(default_factory=list)


def decode(content: bytes) -> Dylink:
    """The known subsections. Raises ValueError for malformed content."""
    dylink = Dylink()
    reader = Reader(content, 0)
    try:
        while reader.pos < reader.end:
            kind = reader.byte()
            inner = Reader(reader.take(reader.u32(), "subsection"), 0)
            if kind == Subsection.MEMORY_INFO:
                dylink.memory_size, dylink.memory_alignment = inner.u32(), inner.u32()
                dylink.table_size, dylink.table_alignment = inner.u32(), inner.u32()
            elif kind == Subsection.NEEDED:
                dylink.needed = [inner.name() for _ in range(inner.u32())]
            elif kind == Subsection.EXPORT_INFO:
                dylink.exports = [(inner.name(), inner.u32()) for _ in range(inner.u32())]
            elif kind == Subsection.IMPORT_INFO:
                dylink.imports = [
                    (inner.name(), inner.name(), inner.u32()) for _ in range(inner.u32())
                ]
    except ReadError as error:
        raise ValueError(f"the section dylink.0: {error.problem}") from None
    return dylink


def encode(dylink: Dylink) -> bytes:
    """The content, subsections in LLD's order; those without entries are left out."""
    sizes = (
        dylink.memory_size,
        dylink.memory_alignment,
        dylink.table_size,
        dylink.table_alignment,
    )
    out = _subsection(Subsection.MEMORY_INFO, b"".join(map(encode_unsigned, sizes)))
    out += _list(Subsection.NEEDED, [encode_name(name) for name in dylink.needed])
    exports = [encode_name(name) + encode_unsigned(flags) for name, flags in dylink.exports]
    out += _list(Subsection.EXPORT_INFO, exports)
    imports = [
        encode_name(module) + encode_name(name) + encode_unsigned(flags)
        for module, name, flags in dylink.imports
    ]
    return out + _list(Subsection.IMPORT_INFO, imports)


def _list(kind: Subsection, items: Sequence[bytes]) -> bytes:
    return _subsection(kind, encode_unsigned(len(items)) + b"".join(items)) if items else b""


def _subsection(kind: Subsection, content: bytes) -> bytes:
    return bytes((kind,)) + encode_unsigned(len(content)) + content

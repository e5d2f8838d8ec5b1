"""What later sections of a file need to know of earlier ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from linker.format.model import Section
from linker.format.reading import STRICT, Reading


@dataclass(slots=True)
class FileState:
    """The index spaces of a file while it is parsed, as far as they are known.

    The lists `imported` and `totals` are indexed by `ExternalKind`; `totals` counts imports and
    definitions. `content_sizes` are the sizes of the sections' contents in bytes, which
    relocation offsets are checked against. `symbol_kinds` holds a `SymbolKind` per symbol.
    """

    sections: list[Section] = field(default_factory=list)
    content_sizes: list[int] = field(default_factory=list)
    types: int = 0
    imported: list[list[str]] = field(default_factory=lambda: [[], [], [], [], []])
    totals: list[int] = field(default_factory=lambda: [0, 0, 0, 0, 0])
    functions: int = 0
    has_code: bool = False
    data_count: int | None = None
    segment_sizes: list[int] = field(default_factory=list)
    symbol_kinds: bytearray = field(default_factory=bytearray)
    reading: Reading = STRICT

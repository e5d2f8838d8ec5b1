"""What an object under construction is made of: symbols, segments, custom sections, a style."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from linker.format.constants import DataSegmentFlag, RelocationType, SymbolFlag, SymbolKind
from linker.format.model import DataSegment, InitExpr
from strategies.objects.code import FIELD_WIDTH, Site, sleb

R = RelocationType
# Plain numbers: operators of IntFlag are slow.
UNDEFINED = int(SymbolFlag.UNDEFINED)


@dataclass(slots=True)
class Entry:
    """A symbol of the object. `place` is an ordinal among imports or definitions of its kind.

    For data symbols `place` is the segment and `offset`, `size` say where in it.
    """

    kind: SymbolKind
    flags: int
    name: str
    place: int = 0
    offset: int = 0
    size: int = 0

    @property
    def is_defined(self) -> bool:
        return not self.flags & UNDEFINED


class SegmentMode(Enum):
    """What an object says of a segment's place, which a linker decides anew."""

    ACTIVE = "active"
    PASSIVE = "passive"
    EXPLICIT_MEMORY = "explicit-memory"
    WIDE_OFFSET = "wide-offset"


@dataclass(slots=True)
class Segment:
    """A data segment being filled; its sites are relative to its content."""

    name: str
    alignment: int
    flags: int
    content: bytearray = field(default_factory=bytearray)
    sites: list[Site] = field(default_factory=list)
    comdat: str | None = None
    zero: bool = False
    mode: SegmentMode = SegmentMode.ACTIVE

    def reserve(self, alignment: int, size: int) -> int:
        """Room for `size` bytes at the next multiple of 2**alignment; its offset."""
        if alignment > self.alignment:
            self.alignment = alignment
        offset = -(-len(self.content) >> alignment) << alignment
        self.content += bytes(offset + size - len(self.content))
        return offset

    def site(self, kind: R, offset: int, symbol: int, addend: int = 0) -> None:
        self.sites.append(Site(kind, offset, symbol, addend))


@dataclass(slots=True)
class Custom:
    """A custom section being filled; a section symbol may stand for it."""

    name: str
    content: bytearray = field(default_factory=bytearray)
    sites: list[Site] = field(default_factory=list)
    symbol: int | None = None
    comdat: str | None = None

    def site(self, kind: R, symbol: int, addend: int = 0) -> None:
        self.sites.append(Site(kind, len(self.content), symbol, addend))
        self.content += bytes(FIELD_WIDTH[kind])


@dataclass(slots=True)
class Style:
    """How the object is written, without meaning: padding, spare sections."""

    padded_sizes: bool = True
    linear_memory_import: bool = True
    element_section: bool = True
    name_section: bool = False
    garbage_in_sites: bool = False
    reversed_symbols: bool = False
    padded_bodies: bool = False
    data_count: bool = False
    mvp_table: bool = False


def placed(segment: Segment, start: int) -> DataSegment:
    """The segment of the file, in the mode that it is to have."""
    opcode = b"\x42" if segment.mode is SegmentMode.WIDE_OFFSET else b"\x41"
    init: InitExpr | None = InitExpr(opcode + sleb(start) + b"\x0b")
    flags = 0
    if segment.mode is SegmentMode.PASSIVE:
        flags, init = int(DataSegmentFlag.PASSIVE), None
    elif segment.mode is SegmentMode.EXPLICIT_MEMORY:
        flags = int(DataSegmentFlag.EXPLICIT_MEMORY)
    return DataSegment(flags, 0, init, bytes(segment.content))

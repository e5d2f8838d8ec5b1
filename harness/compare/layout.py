"""Whether two modules place everything alike, so that their final memories can be compared."""

from __future__ import annotations

from harness.compare.reading import read_module
from linker.format.model import (
    DataSection,
    GlobalSection,
    MemorySection,
    ObjectFile,
    TableSection,
)


def _placement(module: ObjectFile) -> tuple[object, ...]:
    data = module.find(DataSection)
    memories = module.find(MemorySection)
    tables = module.find(TableSection)
    globals_ = module.find(GlobalSection)
    return (
        [(s.flags, s.memory, s.init, len(s.content)) for s in data.segments] if data else [],
        memories.memories if memories else [],
        tables.tables if tables else [],
        globals_.globals if globals_ else [],
    )


def same_layout(first: bytes, second: bytes) -> bool:
    """Whether data segments, memories, tables and globals have the same places and sizes."""
    one, two = read_module(first), read_module(second)
    if not isinstance(one, ObjectFile) or not isinstance(two, ObjectFile):
        return False
    return same_layout_of(one, two)


def same_memory(first: bytes, second: bytes) -> bool:
    """Whether the modules start with the same memory as well: their data is the same bytes.

    Only then do two right programs leave the same memory behind.
    """
    one, two = read_module(first), read_module(second)
    if not isinstance(one, ObjectFile) or not isinstance(two, ObjectFile):
        return False
    left, right = one.find(DataSection), two.find(DataSection)
    contents = [[s.content for s in d.segments] if d else [] for d in (left, right)]
    return contents[0] == contents[1] and same_layout_of(one, two)


def same_layout_of(first: ObjectFile, second: ObjectFile) -> bool:
    """`same_layout` of modules that are parsed already."""
    return _placement(first) == _placement(second)

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


def same_memory(first: bytes, second: bytes) -> bool:
    """Whether the modules start with the same memory as well: their data is the same bytes.

    Only then do two right programs leave the same memory behind.
    """
    one, two = read_module(first), read_module(second)
    if not isinstance(one, ObjectFile) or not isinstance(two, ObjectFile):
        return False
    left, right = one.find(DataSection), two.find(DataSection)
    contents = [[s.content for s in d.segments] if d else [] for d in (left, right)]
    return contents[0] == contents[1] and same_layout(one, two)


def same_layout(first: ObjectFile, second: ObjectFile) -> bool:
    """Whether data segments, memories, tables and globals have the same places and sizes."""
    return _placement(first) == _placement(second)

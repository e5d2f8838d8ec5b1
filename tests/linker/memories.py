"""Objects that import memories of any kind."""

from __future__ import annotations

from linker.format.constants import ExternalKind, LimitsFlag
from linker.format.encode import encode
from linker.format.model import Import, ImportSection, Limits
from linker.format.parse import parse

NO_LIMITS = LimitsFlag(0)


def with_memories(data: bytes, *kinds: LimitsFlag) -> bytes:
    """The object, which imports something, with these memories before its other imports."""
    file = parse(data, "x.o")
    section = file.find(ImportSection)
    assert section is not None
    section.imports[:0] = [
        Import("env", f"memory{number}", ExternalKind.MEMORY, Limits(kind, 1, 2))
        for number, kind in enumerate(kinds)
    ]
    return encode(file)

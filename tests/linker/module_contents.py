"""Contents with references, for the declarations of objects in memory."""

from __future__ import annotations

from typing import TypeAlias

from linker.in_memory.declaration import Declaration, LinkerSymbol, Reference, Target
from tests.linker.objects import END, TO_I32, Part, R, Site, call, const, parts_of

Content: TypeAlias = tuple[bytes, list[Reference]]
LOAD = b"\x28\x02\0"


def filled(*parts: Part, **targets: Target) -> Content:
    """A content and its references; sites name what `targets` has."""
    content = b""
    references = []
    for part in parts_of(parts):
        if isinstance(part, Site):
            references.append(Reference(part.kind, len(content), targets[part.name], part.addend))
            part = part.blank
        content += part
    return content, references


def body(*parts: Part, **targets: Target) -> Content:
    """A function without locals."""
    return filled(b"\0", *parts, END, **targets)


def loads(target: Declaration, addend: int = 0) -> Content:
    return body(b"\x41", Site(R.MEMORY_ADDR_SLEB, "x", addend), LOAD, x=target)


def calls(target: Declaration) -> Content:
    return body(call("f"), f=target)


def calls_through(pointer: Declaration) -> Content:
    """Calls the function whose place in the table is in some data."""
    return body(
        b"\x41", Site(R.MEMORY_ADDR_SLEB, "x"), LOAD,
        b"\x11", Site(R.TYPE_INDEX_LEB, "type"), Site(R.TABLE_NUMBER_LEB, "table"),
        x=pointer, type=TO_I32, table=LinkerSymbol.FUNCTION_TABLE,
    )  # fmt: skip


def number(value: int) -> bytes:
    return b"\0" + const(value) + END

"""Object files made by hand for tests of what comes before and after linking."""

from __future__ import annotations

from linker.format.archive import Member
from linker.format.constants import ExternalKind, LimitsFlag, SymbolFlag, SymbolKind
from linker.format.encode import encode
from linker.format.encode_archive import encode_archive
from linker.format.model import (
    CodeSection,
    CustomSection,
    FunctionBody,
    FunctionSection,
    FunctionType,
    Import,
    ImportSection,
    Limits,
    LinkingSection,
    ObjectFile,
    Section,
    Symbol,
    TypeSection,
)

BITCODE = b"BC\xc0\xde" + bytes(28)
_NO_LOCALS_AND_END = b"\x00\x0b"


def object_with(*functions: str, wide: bool = False) -> bytes:
    """An object that defines functions of these names, which do nothing.

    `wide`: it imports a memory with 64-bit addresses.
    """
    memory = Import("env", "__linear_memory", ExternalKind.MEMORY, Limits(LimitsFlag.IS_64, 0))
    sections: list[Section] = [
        TypeSection([FunctionType((), ())]),
        *((ImportSection([memory]),) if wide else ()),
        FunctionSection([0] * len(functions)),
        CodeSection([FunctionBody(_NO_LOCALS_AND_END) for _ in functions]),
        LinkingSection(
            symbols=[
                Symbol(SymbolKind.FUNCTION, SymbolFlag(0), name, index)
                for index, name in enumerate(functions)
            ]
        ),
    ]
    return encode(ObjectFile("", sections))


def shared_library() -> bytes:
    """A module with an empty dylink section, which makes it a shared library."""
    return encode(ObjectFile("", [CustomSection("dylink.0", b"")]))


def archive_of(**members: bytes) -> bytes:
    """An archive; the names get `.o`."""
    return encode_archive([Member(f"{name}.o", data) for name, data in members.items()])

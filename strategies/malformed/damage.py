"""What a damage is, and small tools to do one.

A damage takes a well-formed object, which linkers read, and makes exactly one thing of it
wrong. It works on a model of the object where the model can say the wrong thing, since
`encode` checks nothing, and on bytes where it cannot.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from linker.format.constants import ComdatKind, SymbolKind
from linker.format.encode import encode_section
from linker.format.leb128 import decode_unsigned, encode_unsigned
from linker.format.model import LinkingSection, ObjectFile, RelocationSection, Section
from strategies.choices import Record

CORE = "core specification, Binary Format"
LINKING = "Linking.md"
HEADER = b"\0asm\1\0\0\0"
HUGE = 0xFFFFFFFF
# Indices of what is not there, even where an object has thousands of everything.
FAR = (50_000, 0x10000, HUGE)

S = TypeVar("S")
T = TypeVar("T")

Apply = Callable[[ObjectFile, Record], "bytes | None"]


class Damage(NamedTuple):
    """One way in which an object can be wrong.

    Attributes:
        name: of the feature, without `malformed.`.
        apply: the damaged object's bytes, or None where it has nothing to damage like that.
        section: the section that the error must name, "" for none, None where it depends.
        refused: whether the object breaks a rule; False: it is odd, and may be linked.
        rule: what it breaks.
    """

    name: str
    apply: Apply
    section: str | None
    refused: bool = True
    rule: str = CORE


def sections_of(file: ObjectFile, kind: type[S]) -> list[tuple[int, S]]:
    """The sections of one class with their positions."""
    return [(at, section) for at, section in enumerate(file.sections) if isinstance(section, kind)]


def encoded(file: ObjectFile) -> list[bytes]:
    """The sections as bytes, ids and sizes included."""
    return [encode_section(section) for section in file.sections]


def assemble(parts: Sequence[bytes]) -> bytes:
    return HEADER + b"".join(parts)


def with_section(file: ObjectFile, at: int, section: Section) -> bytes:
    """The file with the section at that position replaced."""
    parts = encoded(file)
    parts[at] = encode_section(section)
    return assemble(parts)


def with_bytes(file: ObjectFile, at: int, part: bytes) -> bytes:
    """The file with the bytes of the section at that position replaced."""
    parts = encoded(file)
    parts[at] = part
    return assemble(parts)


def split(part: bytes) -> tuple[int, bytes]:
    """The id and the content of an encoded section."""
    size, start = decode_unsigned(part, 1)
    return part[0], part[start : start + size]


def sized(kind: int, content: bytes) -> bytes:
    """A section, its size padded as LLVM does."""
    return bytes((kind,)) + encode_unsigned(len(content), 5) + content


def replace_at(items: Sequence[T], at: int, item: T) -> list[T]:
    return [*items[:at], item, *items[at + 1 :]]


def choose(items: Sequence[T], record: Record) -> int | None:
    """A position in a sequence, None in an empty one."""
    return record.below(len(items)) if items else None


def shifted(section: Section, at: int) -> Section:
    """A section as it is when another one is inserted at that position before it."""
    if isinstance(section, RelocationSection) and section.target >= at:
        return dataclasses.replace(section, target=section.target + 1)
    if not isinstance(section, LinkingSection):
        return section
    symbols = [
        dataclasses.replace(symbol, index=symbol.index + 1)
        if symbol.kind == SymbolKind.SECTION and symbol.index is not None and symbol.index >= at
        else symbol
        for symbol in section.symbols
    ]
    comdats = [
        comdat._replace(
            entries=tuple(
                entry._replace(index=entry.index + 1)
                if entry.kind == ComdatKind.SECTION and entry.index >= at
                else entry
                for entry in comdat.entries
            )
        )
        for comdat in section.comdats
    ]
    return dataclasses.replace(section, symbols=symbols, comdats=comdats)


def linking_of(file: ObjectFile) -> tuple[int, LinkingSection] | None:
    found = sections_of(file, LinkingSection)
    return found[0] if found else None


def relinked(file: ObjectFile, **changes: object) -> bytes | None:
    """The file with fields of its linking section replaced."""
    found = linking_of(file)
    if found is None:
        return None
    return with_section(file, found[0], dataclasses.replace(found[1], **changes))  # type: ignore[arg-type]

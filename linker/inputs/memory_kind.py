"""What an object's memories say of it: how many there are, and how wide addresses are.

The width is told before an object is read as a whole, or, as wasm-ld up to 17 does, after it.
"""

from __future__ import annotations

from linker.format.constants import ExternalKind, LimitsFlag, SectionId
from linker.format.leb128 import LebError, decode_unsigned
from linker.format.model import ImportSection, Limits, MemorySection, ObjectFile

IS_64 = int(LimitsFlag.IS_64)
_HEADER = 8


def refusal_of_width(data: bytes, is_64: bool | None) -> str | None:
    """Why an object cannot be linked with addresses of 32 bits (LLD's ObjFile::checkArch).

    `is_64` is what the command line says, if it does. None: no objection, or the file is
    malformed, which its reader will report.
    """
    try:
        if not _has_64_bit_memory(data):
            return None
    except (LebError, IndexError):
        return None
    return _refusal(is_64)


def late_refusal_of_width(file: ObjectFile, is_64: bool | None) -> str | None:
    """The same of an object that was read."""
    limits = memories(file)
    return _refusal(is_64) if limits and limits[0].flags & IS_64 else None


def memories(file: ObjectFile) -> list[Limits]:
    """The memories that an object imports or defines; no relocation names one."""
    imports, own = file.find(ImportSection), file.find(MemorySection)
    imported = _imported_limits(imports) if imports else []
    return imported + (list(own.memories) if own else [])


def _imported_limits(section: ImportSection) -> list[Limits]:
    return [e.description for e in section.imports if isinstance(e.description, Limits)]


def _refusal(is_64: bool | None) -> str:
    if is_64 is None:
        return "must specify -mwasm64 to process wasm64 object files"
    return "wasm32 object file can't be linked in wasm64 mode"


def _number(data: bytes, position: int, bits: int = 32) -> tuple[int, int]:
    """An unsigned number, whatever its padding: its reader judges that."""
    return decode_unsigned(data, position, bits, padded=True)


def _has_64_bit_memory(data: bytes) -> bool:
    position = _HEADER
    while position < len(data):
        kind = data[position]
        size, position = _number(data, position + 1)
        if kind == SectionId.IMPORT:
            flags = _imported_memory(data, position)
            if flags is not None:
                return bool(flags & IS_64)
        elif kind == SectionId.MEMORY:
            count, first = _number(data, position)
            return count > 0 and bool(data[first] & IS_64)
        elif kind == SectionId.CODE:
            return False
        position += size
    return False


def _imported_memory(data: bytes, position: int) -> int | None:
    """The flags of the first memory of an import section, None if it has none."""
    count, position = _number(data, position)
    for _ in range(count):
        for _ in range(2):
            length, position = _number(data, position)
            position += length
        kind = data[position]
        position += 1
        if kind == ExternalKind.MEMORY:
            return data[position]
        if kind == ExternalKind.TABLE:
            flags = data[position + 1]
            _, position = _number(data, position + 2, 64)
            if flags & LimitsFlag.HAS_MAX:
                _, position = _number(data, position, 64)
        elif kind == ExternalKind.GLOBAL:
            position += 2
        else:
            if kind == ExternalKind.TAG:
                position += 1
            _, position = _number(data, position)
    return None

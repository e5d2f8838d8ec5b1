"""Whether an object has addresses of 64 bits, told by its memory before it is read as a whole."""

from __future__ import annotations

from linker.format.constants import ExternalKind, LimitsFlag, SectionId
from linker.format.leb128 import LebError, decode_unsigned

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
    if is_64 is None:
        return "must specify -mwasm64 to process wasm64 object files"
    return "wasm32 object file can't be linked in wasm64 mode"


def _has_64_bit_memory(data: bytes) -> bool:
    position = _HEADER
    while position < len(data):
        kind = data[position]
        size, position = decode_unsigned(data, position + 1)
        if kind == SectionId.IMPORT:
            flags = _imported_memory(data, position)
            if flags is not None:
                return bool(flags & IS_64)
        elif kind == SectionId.MEMORY:
            count, first = decode_unsigned(data, position)
            return count > 0 and bool(data[first] & IS_64)
        elif kind == SectionId.CODE:
            return False
        position += size
    return False


def _imported_memory(data: bytes, position: int) -> int | None:
    """The flags of the first memory of an import section, None if it has none."""
    count, position = decode_unsigned(data, position)
    for _ in range(count):
        for _ in range(2):
            length, position = decode_unsigned(data, position)
            position += length
        kind = data[position]
        position += 1
        if kind == ExternalKind.MEMORY:
            return data[position]
        if kind == ExternalKind.TABLE:
            flags = data[position + 1]
            _, position = decode_unsigned(data, position + 2, 64)
            if flags & LimitsFlag.HAS_MAX:
                _, position = decode_unsigned(data, position, 64)
        elif kind == ExternalKind.GLOBAL:
            position += 2
        else:
            if kind == ExternalKind.TAG:
                position += 1
            _, position = decode_unsigned(data, position)
    return None

"""Files put together byte by byte, with a mark at the place that a test asks about."""

from __future__ import annotations

from typing import NamedTuple

from linker.format.leb128 import encode_signed, encode_unsigned


class Piece(NamedTuple):
    """Some bytes; `mark` is the position in them that was marked, if one was."""

    data: bytes
    mark: int | None = None


Part = Piece | bytes | int | str

# What stands after it is where the error is expected.
HERE = Piece(b"", 0)


def join(*parts: Part) -> Piece:
    """The parts in a row: an int is an unsigned LEB128, a text is a name with its length."""
    out = bytearray()
    mark = None
    for part in parts:
        if isinstance(part, Piece):
            if part.mark is not None:
                assert mark is None, "two marks"
                mark = len(out) + part.mark
            out += part.data
        elif isinstance(part, int):
            out += encode_unsigned(part)
        elif isinstance(part, str):
            raw = part.encode()
            out += encode_unsigned(len(raw)) + raw
        else:
            out += part
    return Piece(bytes(out), mark)


def sized(*parts: Part) -> Piece:
    """The parts behind their size in bytes."""
    content = join(*parts)
    return join(len(content.data), content)


def vector(*items: Part) -> Piece:
    """The items behind their number."""
    return join(len(items), *items)


def section(kind: int, *parts: Part) -> Piece:
    return join(bytes((kind,)), sized(*parts))


def custom(name: str, *parts: Part) -> Piece:
    return section(0, name, *parts)


def file(*sections: Part) -> Piece:
    return join(b"\0asm\1\0\0\0", *sections)


def i32_const(n: int) -> bytes:
    return b"\x41" + encode_signed(n) + b"\x0b"


# Section ids.
TYPE, IMPORT, FUNCTION, TABLE, MEMORY, GLOBAL, EXPORT = 1, 2, 3, 4, 5, 6, 7
START, ELEMENT, CODE, DATA, DATA_COUNT, TAG = 8, 9, 10, 11, 12, 13

I32 = b"\x7f"
VOID = join(b"\x60", 0, 0)
EMPTY_BODY = sized(0, b"\x0b")
MEMORY_IMPORT = join("env", "__linear_memory", b"\2\0\1")
FUNCTION_IMPORT = join("env", "imported", b"\0", 0)
GLOBAL_IMPORT = join("env", "imported_global", b"\3", I32, b"\1")
TABLE_IMPORT = join("env", "imported_table", b"\1", b"\x70", b"\0\1")
TAG_IMPORT = join("env", "imported_tag", b"\4", b"\0", 0)

TYPES = section(TYPE, vector(VOID))
IMPORTS = section(
    IMPORT,
    vector(MEMORY_IMPORT, FUNCTION_IMPORT, GLOBAL_IMPORT, TABLE_IMPORT, TAG_IMPORT),
)
FUNCTIONS = section(FUNCTION, vector(0))
CODES = section(CODE, vector(EMPTY_BODY))
DATAS = section(DATA, vector(join(0, i32_const(0), "datadata")))

# Sections 0 to 4 of an object with one imported function, global, table and tag (index 0), one
# defined function (index 1) and one data segment of eight bytes.
BASE = join(TYPES, IMPORTS, FUNCTIONS, CODES, DATAS)


def in_elements(*parts: Part) -> Piece:
    """A file whose one element segment is that."""
    return file(TYPES, IMPORTS, FUNCTIONS, section(ELEMENT, vector(join(*parts))), CODES)


def subsection(kind: int, *parts: Part) -> Piece:
    return join(bytes((kind,)), sized(*parts))


def linking(*subsections: Part) -> Piece:
    return custom("linking", 2, *subsections)


def symbols(*entries: Part) -> Piece:
    return subsection(8, vector(*entries))


def symbol(kind: int, flags: int, *rest: Part) -> Piece:
    return join(bytes((kind,)), flags, *rest)


# Symbols 0 to 5, one of each kind.
SYMBOLS = symbols(
    symbol(0, 0, 1, "defined"),
    symbol(1, 0, "data", 0, 0, 8),
    symbol(2, 0x10, 0),
    symbol(3, 2, 5),
    symbol(4, 0x10, 0),
    symbol(5, 0x10, 0),
)
DEBUG = custom(".debug_info", b"\0" * 32)
# Section 5 is `.debug_info` with 32 bytes.
LINKED = join(BASE, DEBUG, linking(SYMBOLS))

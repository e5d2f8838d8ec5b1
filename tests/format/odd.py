"""Files that are odd but right: they must be read.

`llvm_refuses` says why LLVM 22 refuses one all the same; "" means that it reads it too.
`same` tells whether encoding gives the same bytes: padding that the model has no field for is lost.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.format.assemble import (
    BASE,
    CODE,
    CODES,
    DATA,
    DATA_COUNT,
    DEBUG,
    ELEMENT,
    EXPORT,
    FUNCTION_IMPORT,
    FUNCTIONS,
    GLOBAL,
    I32,
    IMPORT,
    IMPORTS,
    LINKED,
    MEMORY,
    START,
    SYMBOLS,
    TABLE,
    TAG,
    TYPE,
    TYPES,
    VOID,
    Part,
    Piece,
    custom,
    file,
    i32_const,
    in_elements,
    join,
    linking,
    section,
    sized,
    subsection,
    symbol,
    symbols,
    vector,
)

OLD_FORM = "LLVM does not know this form of the core specification"


class Odd(NamedTuple):
    name: str
    data: bytes
    llvm_refuses: str = ""
    same: bool = True


def case(name: str, data: Piece, llvm_refuses: str = "", *, same: bool = True) -> Odd:
    return Odd(name, data.data, llvm_refuses, same)


def in_globals(value_type: bytes, expression: bytes) -> Piece:
    entry = join(value_type, b"\0", expression)
    return file(TYPES, IMPORTS, FUNCTIONS, section(GLOBAL, vector(entry)), CODES)


def in_data(*parts: Part) -> Piece:
    return file(section(MEMORY, vector(b"\0\1")), section(DATA, vector(join(*parts))))


REF_NULL = b"\xd0\x70\x0b"

SECTIONS = (
    case("nothing but a header", file()),
    case("sections with nothing in them", file(section(TYPE, 0), section(IMPORT, 0))),
    case("custom sections everywhere", file(DEBUG, TYPES, DEBUG, FUNCTIONS, CODES, DEBUG, DEBUG)),
    case("custom section with an empty name", file(custom("", b"abc"))),
    case("dylink.0 first", file(custom("dylink.0"), TYPES)),
    case("relocations after name", file(LINKED, custom("name"), custom("reloc.X", 5, 0))),
    case(
        "two relocation sections for one",
        file(LINKED, custom("reloc.X", 5, 1, 0, 9, 0), custom("reloc.Y", 5, 1, 0, 3, 0)),
    ),
    case(
        "name, producers, features",
        file(custom("name"), custom("producers", 0), custom("target_features", 0)),
    ),
    case("padded sizes and counts", file(b"\1\x86\x80\0", b"\x81\x80\0", VOID)),
    case("number with all of its padding", file(section(TYPE, b"\x80\x80\x80\x80\0"))),
)

CORE = (
    case(
        "all value types",
        file(
            section(
                TYPE,
                1,
                b"\x60",
                vector(
                    *(bytes((code,)) for code in (0x7F, 0x7E, 0x7D, 0x7C, 0x7B, 0x70, 0x6F, 0x69))
                ),
                vector(I32, I32),
            )
        ),
    ),
    case("memory with maximum", file(section(MEMORY, 1, b"\1\1\2"))),
    case("shared memory", file(section(MEMORY, 1, b"\3\1\2"))),
    case("64-bit memory", file(section(MEMORY, 1, b"\5\1", b"\x80\x80\x80\x80\x80\x40"))),
    case("memory with a page size", file(section(MEMORY, 1, b"\x08\1\0"))),
    case("memory with everything", file(section(MEMORY, 1, b"\x0f\1\2\4"))),
    case("two memories", file(section(MEMORY, 2, b"\0\1\0\1"))),
    case("64-bit table", file(section(TABLE, 1, b"\x6f\4\0"))),
    case(
        "table with a first value", file(section(TABLE, 1, b"\x40\0\x70\0\1", REF_NULL)), OLD_FORM
    ),
    case("tag", file(TYPES, section(TAG, 1, b"\0\0"))),
    case("start", file(TYPES, FUNCTIONS, section(START, 0), CODES)),
    case(
        "export of an import",
        file(
            TYPES,
            section(IMPORT, vector(FUNCTION_IMPORT)),
            section(EXPORT, vector(join("f", 0, 0))),
        ),
    ),
    case(
        "exports of all kinds",
        file(
            TYPES,
            IMPORTS,
            FUNCTIONS,
            section(
                EXPORT,
                vector(
                    join("f", 0, 1),
                    join("t", 1, 0),
                    join("m", 2, 0),
                    join("g", 3, 0),
                    join("e", 4, 0),
                ),
            ),
            CODES,
        ),
    ),
    case(
        "one name exported twice",
        file(TYPES, FUNCTIONS, section(EXPORT, vector(join("f", 0, 0), join("f", 0, 0))), CODES),
    ),
    case(
        "locals",
        file(TYPES, FUNCTIONS, section(CODE, vector(sized(2, 1, I32, 3, b"\x7e", b"\x0b")))),
    ),
    case(
        "many locals",
        file(
            TYPES, FUNCTIONS, section(CODE, vector(sized(1, b"\xff\xff\xff\xff\x0f", I32, b"\x0b")))
        ),
    ),
    case(
        "padded body size",
        file(TYPES, FUNCTIONS, section(CODE, 1, b"\x82\x80\x80\x80\0", b"\0\x0b")),
    ),
    case("no end of the body", file(TYPES, FUNCTIONS, section(CODE, vector(sized(0))))),
)

EXPRESSIONS = (
    case("i32.const with padding", in_globals(I32, b"\x41\xff\xff\xff\xff\x7f\x0b")),
    case("i32.const at its ends", in_globals(I32, b"\x41\x80\x80\x80\x80\x78\x0b")),
    case(
        "i64.const at its ends",
        in_globals(b"\x7e", b"\x42\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f\x0b"),
    ),
    case("f32.const", in_globals(b"\x7d", b"\x43\x0b\x0b\x0b\x0b\x0b")),
    case("f64.const", in_globals(b"\x7c", b"\x44\1\2\3\4\5\6\7\x08\x0b")),
    case("v128.const", in_globals(b"\x7b", b"\xfd\x0c" + bytes(range(16)) + b"\x0b"), OLD_FORM),
    case("global.get", in_globals(I32, b"\x23\0\x0b")),
    case("ref.null", in_globals(b"\x70", REF_NULL)),
    case("ref.func", in_globals(b"\x70", b"\xd2\1\x0b")),
    case("extended arithmetic", in_globals(I32, b"\x23\0\x41\4\x6a\x41\1\x6b\x41\2\x6c\x0b")),
    case(
        "extended 64-bit arithmetic",
        in_globals(b"\x7e", b"\x42\1\x42\2\x7c\x42\3\x7d\x42\4\x7e\x0b"),
    ),
    case("empty expression", in_globals(I32, b"\x0b")),
    case("0x0b in the number", in_globals(I32, b"\x41\x0b\x0b")),
)

SEGMENTS = (
    case("element form 0", in_elements(0, i32_const(0), vector(0, 1))),
    case("element form 1", in_elements(1, b"\0", vector(0, 1))),
    case("element form 2", in_elements(2, 0, i32_const(0), b"\0", vector(0, 1))),
    case("element form 3", in_elements(3, b"\0", vector(0, 1))),
    case("element form 4", in_elements(4, i32_const(0), vector(b"\xd2\1\x0b", REF_NULL))),
    case("element form 5", in_elements(5, b"\x70", vector(b"\xd2\1\x0b", REF_NULL))),
    case(
        "element form 6", in_elements(6, 0, i32_const(0), b"\x70", vector(b"\xd2\1\x0b", REF_NULL))
    ),
    case("element form 7", in_elements(7, b"\x70", vector(b"\xd2\1\x0b", REF_NULL))),
    case(
        "passive elements without a table",
        file(section(ELEMENT, 1, 1, b"\0", 0)),
        "LLVM wants a table for every element segment",
    ),
    case("active data", in_data(0, i32_const(5), "data")),
    case("passive data", in_data(1, "data")),
    case("data with a memory", in_data(2, 0, i32_const(5), "data")),
    case("data at a far address", in_data(0, i32_const(-5), "data")),
    case("empty data", in_data(0, i32_const(0), "")),
    case("data count", file(section(DATA_COUNT, 1), section(DATA, vector(join(1, "data"))))),
    case("data count of nothing", file(section(DATA_COUNT, 0))),
)

LINKING = (
    case("no subsections", file(linking())),
    case("unknown subsections", file(linking(subsection(1, b"abc"), subsection(200)))),
    case(
        "subsections in another order",
        file(
            BASE,
            DEBUG,
            linking(subsection(7, 0), subsection(5, 0), SYMBOLS, subsection(6, vector(join(7, 0)))),
        ),
    ),
    case("fewer names than segments", file(BASE, linking(subsection(5, 0)))),
    case("segment flags", file(BASE, linking(subsection(5, vector(join(".data", 3, 0x87)))))),
    case("padded subsection size", file(linking(b"\x08\x81\x80\x80\x80\0\0"))),
    case(
        "explicit names",
        file(
            BASE,
            linking(
                symbols(
                    symbol(0, 0x50, 0, "a"),
                    symbol(2, 0x50, 0, "b"),
                    symbol(4, 0x50, 0, "c"),
                    symbol(5, 0x50, 0, "d"),
                )
            ),
        ),
    ),
    case(
        "flags of two bytes",
        file(BASE, linking(symbols(symbol(0, 0xA0, 1, "a"), symbol(1, 0x100, "b", 0, 0, 8)))),
    ),
    case("unknown flags", file(BASE, linking(symbols(symbol(0, 0xF00, 1, "a"))))),
    case(
        "absolute symbol", file(BASE, linking(symbols(symbol(1, 0x200, "a", 7, 1 << 40, 1 << 40))))
    ),
    case(
        "symbol longer than its segment", file(BASE, linking(symbols(symbol(1, 0, "a", 0, 8, 9))))
    ),
    case(
        "undefined data", file(BASE, linking(symbols(symbol(1, 0x10, "a"), symbol(1, 0x11, "b"))))
    ),
    case("weak undefined function", file(BASE, linking(symbols(symbol(0, 0x11, 0))))),
    case(
        "local symbols of one name",
        file(
            BASE,
            linking(
                symbols(
                    symbol(0, 2, 1, "a"), symbol(1, 2, "a", 0, 0, 1), symbol(1, 0, "a", 0, 0, 1)
                )
            ),
        ),
    ),
    case("symbol without a name", file(BASE, linking(symbols(symbol(0, 0, 1, ""))))),
    case("name that is no text", file(BASE, linking(symbols(symbol(0, 0, 1, b"\3\xff\0\x80"))))),
    case("symbol of a core section", file(BASE, linking(symbols(symbol(3, 2, 3))))),
    case(
        "comdat of every kind",
        file(BASE, DEBUG, linking(subsection(7, 1, "a", 0, 3, 0, 0, 1, 1, 5, 5))),
    ),
    case("comdat of nothing", file(linking(subsection(7, 1, "a", 0, 0)))),
    case(
        "section in two comdats",
        file(BASE, DEBUG, linking(subsection(7, 2, "a", 0, 1, 5, 5, "b", 0, 1, 5, 5))),
    ),
    case(
        "padded relocation kind", file(LINKED, custom("reloc.X", 5, 1, b"\x80\0", 3, 0)), same=False
    ),
    case("relocations at one place", file(LINKED, custom("reloc.X", 5, 2, 2, 0, 0, 2, 0, 0))),
    case(
        "long offset and addend",
        file(LINKED, custom("reloc.X", 5, 1, 3, b"\x80\0", 1, b"\x80\x80\x80\x80\x78")),
        same=False,
    ),
    case("type relocation", file(LINKED, custom("reloc.X", 5, 1, 6, 0, 0))),
    case(
        "entry of the global offset table",
        file(LINKED, custom("reloc.X", 5, 3, 7, 0, 0, 7, 5, 1, 7, 10, 2)),
    ),
    case("padded relocation count", file(LINKED, custom("reloc.X", 5, b"\x80\x80\x80\x80\0"))),
)

NAMES = (
    case(
        "all name subsections",
        file(
            BASE,
            custom(
                "name",
                b"\0",
                sized("m"),
                b"\1",
                sized(1, 1, "f"),
                b"\2",
                sized(b"abc"),
                b"\7",
                sized(1, 0, "g"),
                b"\x09",
                sized(1, 0, "d"),
                b"\x63",
                sized(),
            ),
        ),
    ),
    case("empty name of a segment", file(BASE, custom("name", b"\x09", sized(1, 0, "")))),
    case("names in no order", file(BASE, custom("name", b"\1", sized(2, 1, "a", 0, "a")))),
    case(
        "producers",
        file(custom("producers", 2, "language", 2, "C", "11", "Zig", "", "processed-by", 0)),
    ),
    case("features", file(custom("target_features", 2, b"+", "atomics", b"-", "shared-mem"))),
)

CASES: tuple[Odd, ...] = (*SECTIONS, *CORE, *EXPRESSIONS, *SEGMENTS, *LINKING, *NAMES)

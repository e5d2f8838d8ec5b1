"""Malformed core sections, each with the section and the offset that its error must name.

`llvm_accepts` says why LLVM 22 takes a file all the same; "" means that it refuses it too.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.format.assemble import (
    BASE,
    CODE,
    CODES,
    DATA,
    DATA_COUNT,
    DATAS,
    DEBUG,
    EMPTY_BODY,
    EXPORT,
    FUNCTION,
    FUNCTIONS,
    GLOBAL,
    HERE,
    I32,
    IMPORT,
    IMPORTS,
    LINKED,
    MEMORY,
    START,
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
    vector,
)

HUGE = b"\xff\xff\xff\xff\x0f"  # 2 ** 32 - 1
NOT_CHECKED = "LLVM's reader does not check it"
SPECIFICATION = "the core specification calls it malformed, LLVM's reader does not look"
LONG_LEB = "LLVM takes a LEB128 with more padding than its type allows"


class Malformed(NamedTuple):
    name: str
    data: bytes
    section: str
    offset: int
    problem: str
    llvm_accepts: str = ""


def case(
    name: str, data: Piece, section_name: str, problem: str, llvm_accepts: str = ""
) -> Malformed:
    assert data.mark is not None, name
    return Malformed(name, data.data, section_name, data.mark, problem, llvm_accepts)


def in_types(*parts: Part) -> Piece:
    return file(section(TYPE, *parts))


def in_imports(*parts: Part) -> Piece:
    return file(TYPES, section(IMPORT, *parts))


def in_globals(*parts: Part) -> Piece:
    return file(TYPES, IMPORTS, FUNCTIONS, section(GLOBAL, vector(join(*parts))), CODES)


def in_code(*parts: Part) -> Piece:
    return file(TYPES, FUNCTIONS, section(CODE, *parts))


def in_data(*parts: Part) -> Piece:
    return file(TYPES, IMPORTS, section(DATA, *parts))


HEADERS = (
    Malformed("empty file", b"", "", 0, "magic"),
    Malformed("wrong magic", b"\0asn\1\0\0\0", "", 0, "magic"),
    Malformed("no version", b"\0asm\1\0", "", 4, "version"),
    Malformed("wrong version", b"\0asm\2\0\0\0", "", 4, "version"),
    case("unknown section id", file(HERE, section(14, 0)), "", "section type: 14"),
    case("empty section", file(HERE, b"\1\0"), "TYPE", "zero length"),
    case("section longer than the file", file(b"\1\7", HERE, b"\0\0"), "TYPE", "longer"),
    case("huge section size", file(b"\1", HUGE, HERE, b"\0"), "TYPE", "longer"),
    case("section without size", file(b"\1", HERE), "", "end"),
    case("size of six bytes", file(b"\1", HERE, b"\x81\x80\x80\x80\x80\0\0"), "", "32", LONG_LEB),
    case("size over 32 bits", file(b"\1", HERE, b"\x80\x80\x80\x80\x10"), "", "32"),
    case("custom section without name", file(b"\0\1", HERE, b"\5"), "CUSTOM", "name"),
)

ORDER = (
    case("type section twice", file(TYPES, HERE, TYPES), "TYPE", "order"),
    case("type after import", file(TYPES, IMPORTS, HERE, TYPES), "TYPE", "order"),
    case("function before import", file(TYPES, FUNCTIONS, HERE, IMPORTS), "IMPORT", "order"),
    case(
        "tag before memory",
        file(TYPES, section(TAG, vector()), HERE, section(MEMORY, vector())),
        "MEMORY",
        "order",
    ),
    case(
        "data count after code",
        file(TYPES, FUNCTIONS, CODES, HERE, section(DATA_COUNT, 0)),
        "DATA_COUNT",
        "order",
    ),
    case("data after linking", file(LINKED, HERE, DATAS), "DATA", "order"),
    case("linking twice", file(LINKED, HERE, linking()), "linking", "order"),
    case("name before linking", file(custom("name"), HERE, linking()), "linking", "order"),
    case(
        "relocations before linking",
        file(BASE, custom("reloc.CODE", 3, 0), HERE, linking()),
        "linking",
        "order",
    ),
    case(
        "relocations before data", file(DEBUG, custom("reloc.X", 0, 0), HERE, TYPES), "TYPE", "or"
    ),
    case("name twice", file(custom("name"), HERE, custom("name")), "name", "order"),
    case(
        "name after producers",
        file(custom("producers", 0), HERE, custom("name")),
        "name",
        "order",
    ),
    case(
        "producers after target features",
        file(custom("target_features", 0), HERE, custom("producers", 0)),
        "producers",
        "order",
    ),
    case("dylink after type", file(TYPES, HERE, custom("dylink.0")), "dylink.0", "order"),
)

TYPE_CASES = (
    case("huge type count", in_types(HUGE, HERE), "TYPE", "end"),
    case("type form", in_types(1, HERE, b"\x61", 0, 0), "TYPE", "form 0x61"),
    case("huge parameter count", in_types(1, b"\x60", HUGE, HERE, I32), "TYPE", "longer"),
    case(
        "unknown value type",
        in_types(1, b"\x60", vector(I32, join(HERE, b"\x13")), 0),
        "TYPE",
        "0x13",
        "LLVM takes unknown value types for references that it does not model",
    ),
    case("bytes after the last type", in_types(vector(VOID), HERE, b"\0"), "TYPE", "1 bytes"),
)

IMPORT_CASES = (
    case("huge import count", in_imports(HUGE, HERE), "IMPORT", "end"),
    case("import name too long", in_imports(1, HERE, 9, b"a"), "IMPORT", "name of 9 bytes"),
    case("import kind", in_imports(1, "a", "b", HERE, b"\5"), "IMPORT", "kind 5"),
    case("import of unknown type", in_imports(1, "a", "b", b"\0", HERE, 1), "IMPORT", "type"),
    case("tag import of unknown type", in_imports(1, "a", "b", b"\4\0", HERE, 1), "IMPORT", "type"),
    case("tag attribute", in_imports(1, "a", "b", b"\4", HERE, b"\1", 0), "IMPORT", "attribute"),
    case("mutability", in_imports(1, "a", "b", b"\3", I32, HERE, b"\2"), "IMPORT", "mutability"),
    case("table of numbers", in_imports(1, "a", "b", b"\1", HERE, I32, 0, 0), "IMPORT", "I32"),
    case(
        "limits flags",
        in_imports(1, "a", "b", b"\2", HERE, 0x10, 0),
        "IMPORT",
        "limits flags",
        NOT_CHECKED,
    ),
    case("limits without maximum", in_imports(1, "a", "b", b"\2\1\1", HERE), "IMPORT", "cut off"),
    case("page size", in_imports(1, "a", "b", b"\2", 8, 0, HERE, 32), "IMPORT", "2 to the 32"),
)

CORE_CASES = (
    case(
        "function of unknown type",
        file(TYPES, section(FUNCTION, 1, HERE, 1)),
        "FUNCTION",
        "type index 1",
    ),
    case("huge function count", file(TYPES, section(FUNCTION, HUGE, HERE)), "FUNCTION", "end"),
    case(
        "table with initial value",
        file(section(TABLE, 1, b"\x40", HERE, b"\1\x70\0\0\xd0\x70\x0b")),
        "TABLE",
        "zero",
    ),
    case("huge memory count", file(section(MEMORY, HUGE, HERE)), "MEMORY", "end"),
    case("tag of unknown type", file(section(TAG, 1, b"\0", HERE, 0)), "TAG", "type index 0"),
    case("export kind", file(section(EXPORT, 1, "a", HERE, b"\5", 0)), "EXPORT", "kind 5"),
    case(
        "export of no function", file(section(EXPORT, 1, "a", 0, HERE, 0)), "EXPORT", "function 0"
    ),
    case(
        "export of no memory",
        file(section(EXPORT, 1, "a", 2, HERE, 0)),
        "EXPORT",
        "memory 0",
        NOT_CHECKED,
    ),
    case("export of no global", file(section(EXPORT, 1, "a", 3, HERE, 0)), "EXPORT", "global 0"),
    case("start of no function", file(section(START, HERE, 0)), "START", "function 0"),
    case(
        "bytes after start",
        file(TYPES, FUNCTIONS, section(START, 0, HERE, 0), CODES),
        "START",
        "1 bytes",
        NOT_CHECKED,
    ),
    case(
        "functions without code",
        join(file(TYPES, FUNCTIONS), HERE),
        "",
        "no code",
        SPECIFICATION,
    ),
    case(
        "counted data missing",
        join(file(section(DATA_COUNT, 1)), HERE),
        "",
        "no data",
        SPECIFICATION,
    ),
)

EXPRESSION_CASES = (
    case("no expression", in_globals(I32, b"\0", HERE), "GLOBAL", "cut off"),
    case("expression without end", in_globals(I32, b"\0\x41\0", HERE), "GLOBAL", "cut off"),
    case(
        "i32.const over 32 bits",
        in_globals(I32, b"\0\x41", HERE, b"\x80\x80\x80\x80\x08\x0b"),
        "GLOBAL",
        "32",
    ),
    case("unknown opcode", in_globals(I32, b"\0", HERE, b"\x20\0\x0b"), "GLOBAL", "opcode 0x20"),
    case("f32.const cut off", in_globals(b"\x7d\0", HERE, b"\x43\0\0\x0b"), "GLOBAL", "cut off"),
    case("vector instruction", in_globals(b"\x7b\0", HERE, b"\xfd\x0d\0\x0b"), "GLOBAL", "vector"),
    case(
        "ref.null of a number",
        in_globals(b"\x70\0\xd0", HERE, b"\x7f\x0b"),
        "GLOBAL",
        "heap type",
        NOT_CHECKED,
    ),
    case(
        "global.get of no global",
        in_globals(I32, b"\0", HERE, b"\x23\1\x0b"),
        "GLOBAL",
        "global index 1",
        NOT_CHECKED,
    ),
    case(
        "ref.func of no function",
        in_globals(b"\x70\0", HERE, b"\xd2\2\x0b"),
        "GLOBAL",
        "function index 2",
        NOT_CHECKED,
    ),
)

ELEMENT_CASES = (
    case("element flags", in_elements(HERE, 8, i32_const(0), 0), "ELEMENT", "flags"),
    case("element table", in_elements(2, HERE, 1, i32_const(0), 0, 0), "ELEMENT", "table 1 of 1"),
    case("element kind", in_elements(1, HERE, b"\1", 0), "ELEMENT", "element kind"),
    case(
        "element type",
        in_elements(5, HERE, I32, 0),
        "ELEMENT",
        "reference type",
        NOT_CHECKED,
    ),
    case("huge element count", in_elements(0, i32_const(0), HUGE, HERE), "ELEMENT", "end"),
    case(
        "element of no function",
        in_elements(0, i32_const(0), vector(0, join(HERE, 2))),
        "ELEMENT",
        "function 2 of 2",
        NOT_CHECKED,
    ),
    case(
        "huge element expression count", in_elements(5, b"\x70", HUGE, HERE), "ELEMENT", "cut off"
    ),
)

CODE_CASES = (
    case("too few bodies", in_code(HERE, 0), "CODE", "0 function bodies for 1"),
    case("too many bodies", in_code(HERE, vector(EMPTY_BODY, EMPTY_BODY)), "CODE", "2 function"),
    case("huge body count", in_code(HERE, HUGE, EMPTY_BODY), "CODE", "function bodies"),
    case("body missing", in_code(1, HERE), "CODE", "end"),
    case("body too long", in_code(1, HERE, 3, b"\0\x0b"), "CODE", "longer"),
    case("empty body", in_code(1, HERE, 0), "CODE", "empty"),
    case("locals cut off", in_code(1, sized(2, 1, I32, HERE)), "CODE", "end"),
    case(
        "locals longer than the body",
        in_code(1, HERE, 1, 1, 2, I32, b"\x0b"),
        "CODE",
        "local declarations",
    ),
    case("huge locals count", in_code(1, sized(HUGE, HERE)), "CODE", "end"),
    case("bytes after the last body", in_code(1, EMPTY_BODY, HERE, b"\0"), "CODE", "1 bytes"),
)

DATA_CASES = (
    case("huge segment count", in_data(HUGE, HERE), "DATA", "end"),
    case("data flags", in_data(1, HERE, 3, 0, "x"), "DATA", "flags", NOT_CHECKED),
    case("data memory", in_data(1, 2, HERE, 1, i32_const(0), "x"), "DATA", "memory 1", NOT_CHECKED),
    case("segment too long", in_data(1, 1, 4, HERE, b"abc"), "DATA", "longer"),
    case("huge segment", in_data(1, 1, HUGE, HERE, b"abc"), "DATA", "longer"),
    case("bytes after the last segment", in_data(0, HERE, b"abc"), "DATA", "3 bytes"),
    case(
        "wrong data count",
        file(section(DATA_COUNT, 2), section(DATA, HERE, 1, 1, "x")),
        "DATA",
        "count",
    ),
)

CASES: tuple[Malformed, ...] = (
    *HEADERS,
    *ORDER,
    *TYPE_CASES,
    *IMPORT_CASES,
    *CORE_CASES,
    *EXPRESSION_CASES,
    *ELEMENT_CASES,
    *CODE_CASES,
    *DATA_CASES,
)

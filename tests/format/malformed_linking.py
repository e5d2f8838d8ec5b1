"""Malformed sections `linking`, `reloc.*`, `name` and others; see `malformed.py`."""

from __future__ import annotations

from tests.format.assemble import (
    BASE,
    DEBUG,
    FUNCTIONS,
    HERE,
    LINKED,
    SYMBOLS,
    TYPES,
    Part,
    Piece,
    custom,
    file,
    join,
    linking,
    sized,
    subsection,
    symbol,
    symbols,
    vector,
)
from tests.format.malformed import HUGE, NOT_CHECKED, Malformed, case


def in_linking(*parts: Part) -> Piece:
    return file(BASE, DEBUG, linking(*parts))


def in_symbols(*entries: Part) -> Piece:
    return in_linking(symbols(*entries))


def in_relocations(target: int, *relocations: Part) -> Piece:
    return file(LINKED, custom("reloc.X", target, vector(*relocations)))


def relocation(kind: int, offset: int, index: int, *addend: Part) -> Piece:
    return join(kind, offset, index, *addend)


LINKING_CASES = (
    case("linking version", file(BASE, custom("linking", HERE, 1)), "linking", "version: 1"),
    case("no linking version", file(BASE, custom("linking", HERE)), "linking", "end"),
    case("subsection too long", in_linking(8, 2, HERE, 0), "linking", "longer"),
    case("subsection without size", in_linking(8, HERE), "linking", "end"),
    case("bytes after the symbols", in_linking(subsection(8, 0, HERE, 0)), "linking", "1 bytes"),
    case(
        "symbol table twice",
        in_linking(symbols(), HERE, symbols()),
        "linking",
        "twice",
        "LLVM reads a repeated subsection again",
    ),
    case(
        "too many segment names",
        in_linking(subsection(5, HERE, vector(join("a", 0, 0), join("b", 0, 0)))),
        "linking",
        "2 segment names for 1",
    ),
    case(
        "segment name cut off", in_linking(subsection(5, 1, HERE, 4, b"a")), "linking", "name of 4"
    ),
    case(
        "init function of no symbol",
        in_linking(SYMBOLS, subsection(6, 1, 0, HERE, 6)),
        "linking",
        "no function",
    ),
    case(
        "init function of a data symbol",
        in_linking(SYMBOLS, subsection(6, 1, 0, HERE, 1)),
        "linking",
        "no function",
    ),
    case(
        "init functions before the symbols",
        in_linking(subsection(6, 1, 0, HERE, 0), SYMBOLS),
        "linking",
        "no function",
    ),
    case("huge init count", in_linking(subsection(6, HUGE, HERE)), "linking", "end"),
)

SYMBOL_CASES = (
    case("huge symbol count", in_linking(subsection(8, HUGE, HERE)), "linking", "end"),
    case("symbol kind", in_symbols(join(HERE, symbol(6, 0, 0))), "linking", "symbol type: 6"),
    case("no such function", in_symbols(join(HERE, symbol(0, 0, 2, "a"))), "linking", "index 2"),
    case(
        "defined but imported", in_symbols(join(HERE, symbol(0, 0, 0, "a"))), "linking", "defined"
    ),
    case(
        "undefined but defined", in_symbols(join(HERE, symbol(0, 0x10, 1))), "linking", "undefined"
    ),
    case("no such global", in_symbols(join(HERE, symbol(2, 0, 1, "a"))), "linking", "index 1"),
    case("no such table", in_symbols(join(HERE, symbol(5, 0, 1, "a"))), "linking", "index 1"),
    case("no such tag", in_symbols(join(HERE, symbol(4, 0, 1, "a"))), "linking", "index 1"),
    case("weak undefined global", in_symbols(join(HERE, symbol(2, 0x11, 0))), "linking", "weak"),
    case("weak undefined table", in_symbols(join(HERE, symbol(5, 0x11, 0))), "linking", "weak"),
    case("weak undefined tag", in_symbols(join(HERE, symbol(4, 0x11, 0))), "linking", "weak"),
    case(
        "global section symbol", in_symbols(join(HERE, symbol(3, 0, 5))), "linking", "local binding"
    ),
    case(
        "no such segment",
        in_symbols(join(HERE, symbol(1, 0, "d", 1, 0, 0))),
        "linking",
        "segment index: 1",
    ),
    case(
        "symbol behind its segment",
        in_symbols(join(HERE, symbol(1, 0, "d", 0, 9, 0))),
        "linking",
        "offset: 9",
    ),
    case(
        "name too long", in_symbols(join(HERE, symbol(1, 0x10, 200, b"a"))), "linking", "200 bytes"
    ),
    case(
        "names twice",
        in_symbols(symbol(0, 0, 1, "a"), join(HERE, symbol(1, 0, "a", 0, 0, 0))),
        "linking",
        "duplicate symbol name a",
    ),
    case(
        "name of an import twice",
        in_symbols(symbol(0, 0x10, 0), join(HERE, symbol(1, 0, "imported", 0, 0, 0))),
        "linking",
        "duplicate symbol name imported",
    ),
    case("symbol cut off", in_linking(subsection(8, 1, b"\0", HERE)), "linking", "end"),
)

COMDAT_CASES = (
    case(
        "comdat without name",
        in_linking(subsection(7, 1, HERE, "", 0, 0)),
        "linking",
        "empty",
    ),
    case(
        "comdat name twice",
        in_linking(subsection(7, 2, "a", 0, 0, HERE, "a", 0, 0)),
        "linking",
        "COMDAT name a",
    ),
    case("comdat flags", in_linking(subsection(7, 1, "a", HERE, 1, 0)), "linking", "COMDAT flags"),
    case(
        "comdat entry kind",
        in_linking(subsection(7, 1, "a", 0, 1, HERE, 2, 0)),
        "linking",
        "kind 2",
    ),
    case(
        "comdat segment",
        in_linking(subsection(7, 1, "a", 0, 1, HERE, 0, 1)),
        "linking",
        "segment 1",
    ),
    case(
        "comdat of an import",
        in_linking(subsection(7, 1, "a", 0, 1, HERE, 1, 0)),
        "linking",
        "function 0",
    ),
    case(
        "comdat of no section",
        in_linking(subsection(7, 1, "a", 0, 1, HERE, 5, 6)),
        "linking",
        "section 6",
    ),
    case(
        "comdat of the code",
        in_linking(subsection(7, 1, "a", 0, 1, HERE, 5, 3)),
        "linking",
        "custom",
    ),
    case(
        "function in two comdats",
        in_linking(subsection(7, 2, "a", 0, 1, 1, 1, "b", 0, 1, HERE, 1, 1)),
        "linking",
        "two COMDATs",
    ),
    case(
        "segment in two comdats",
        in_linking(subsection(7, 2, "a", 0, 1, 0, 0, "b", 0, 1, HERE, 0, 0)),
        "linking",
        "two COMDATs",
    ),
    case(
        "comdat before the code",
        file(TYPES, FUNCTIONS, linking(subsection(7, 1, "a", 0, 1, HERE, 1, 0))),
        "linking",
        "no code yet",
    ),
    case("huge comdat count", in_linking(subsection(7, HUGE, HERE)), "linking", "end"),
)

RELOCATION_CASES = (
    case("target section", file(LINKED, custom("reloc.X", HERE, 7, 0)), "reloc.X", "section 7"),
    case(
        "target of no bytes to patch",
        file(LINKED, custom("reloc.X", HERE, 0, 0)),
        "reloc.X",
        "no code",
        NOT_CHECKED,
    ),
    case("huge relocation count", file(LINKED, custom("reloc.X", 5, HUGE, HERE)), "reloc.X", "end"),
    case(
        "relocation kind",
        in_relocations(5, join(HERE, relocation(27, 0, 0))),
        "reloc.X",
        "type: 27",
    ),
    case(
        "not in order",
        in_relocations(5, relocation(0, 1, 0), join(HERE, relocation(0, 0, 0))),
        "reloc.X",
        "after",
    ),
    case(
        "behind the section",
        in_relocations(5, join(HERE, relocation(2, 29, 0))),
        "reloc.X",
        "offset 29",
    ),
    case(
        "LEB behind the section",
        in_relocations(5, join(HERE, relocation(0, 28, 0))),
        "reloc.X",
        "offset 28",
    ),
    case(
        "wide behind the section",
        in_relocations(5, join(HERE, relocation(16, 25, 1, 0))),
        "reloc.X",
        "offset 25",
    ),
    case(
        "wide LEB behind the section",
        in_relocations(5, join(HERE, relocation(14, 23, 1, 0))),
        "reloc.X",
        "offset 23",
    ),
    case(
        "wide table index behind the section",
        in_relocations(5, join(HERE, relocation(18, 23, 0))),
        "reloc.X",
        "offset 23",
        "LLVM takes the padded 64-bit table index for five bytes",
    ),
    case("type index", in_relocations(5, join(HERE, relocation(6, 0, 1))), "reloc.X", "type 1"),
    case(
        "function index to data",
        in_relocations(5, join(HERE, relocation(0, 0, 1))),
        "reloc.X",
        "data symbol 1",
    ),
    case(
        "memory address of a function",
        in_relocations(5, join(HERE, relocation(3, 0, 0, 0))),
        "reloc.X",
        "function symbol 0",
    ),
    case(
        "global index to a section",
        in_relocations(5, join(HERE, relocation(7, 0, 3))),
        "reloc.X",
        "section symbol 3",
    ),
    case(
        "plain global index to data",
        in_relocations(5, join(HERE, relocation(13, 0, 1))),
        "reloc.X",
        "data symbol 1",
    ),
    case(
        "section offset of data",
        in_relocations(5, join(HERE, relocation(9, 0, 1, 0))),
        "reloc.X",
        "data symbol 1",
    ),
    case(
        "tag index to a table",
        in_relocations(5, join(HERE, relocation(10, 0, 5))),
        "reloc.X",
        "table symbol 5",
    ),
    case(
        "table number of a tag",
        in_relocations(5, join(HERE, relocation(20, 0, 4))),
        "reloc.X",
        "tag symbol 4",
    ),
    case(
        "function offset of data",
        in_relocations(5, join(HERE, relocation(8, 0, 1, 0))),
        "reloc.X",
        "data symbol 1",
    ),
    case(
        "addend over 32 bits",
        in_relocations(5, relocation(3, 0, 1, HERE, b"\x80\x80\x80\x80\x08")),
        "reloc.X",
        "32",
    ),
    case(
        "addend over 64 bits",
        in_relocations(5, relocation(16, 0, 1, HERE, b"\x80" * 9 + b"\x02")),
        "reloc.X",
        "64",
    ),
    case(
        "no addend",
        file(LINKED, custom("reloc.X", 5, 1, relocation(3, 0, 1), HERE)),
        "reloc.X",
        "end",
    ),
    case(
        "bytes after the last relocation",
        file(LINKED, custom("reloc.X", 5, 0, HERE, 0)),
        "reloc.X",
        "1 bytes",
    ),
)

CUSTOM_CASES = (
    case(
        "feature prefix",
        file(custom("target_features", 1, HERE, b"*", "atomics")),
        "target_features",
        "prefix",
    ),
    case(
        "required feature",
        file(custom("target_features", 1, HERE, b"=", "atomics")),
        "target_features",
        "prefix",
    ),
    case(
        "feature twice",
        file(custom("target_features", 2, b"+", "a", b"-", HERE, "a")),
        "target_features",
        "repeated feature",
    ),
    case(
        "huge feature count", file(custom("target_features", HUGE, HERE)), "target_features", "end"
    ),
    case(
        "bytes after the features",
        file(custom("target_features", 0, HERE, 0)),
        "target_features",
        "1 bytes",
    ),
    case("producer field", file(custom("producers", 1, HERE, "author", 0)), "producers", "author"),
    case(
        "producer field twice",
        file(custom("producers", 2, "sdk", 0, HERE, "sdk", 0)),
        "producers",
        "twice",
    ),
    case(
        "producer twice",
        file(custom("producers", 1, "sdk", 2, "a", "1", HERE, "a", "2")),
        "producers",
        "twice",
    ),
    case("name subsection too long", file(custom("name", 1, 4, HERE, 0)), "name", "longer"),
    case(
        "function named twice",
        file(BASE, custom("name", 1, sized(2, 0, "a", HERE, 0, "b"))),
        "name",
        "twice",
    ),
    case(
        "function named twice, once emptily",
        file(BASE, custom("name", 1, sized(2, 0, "a", HERE, 0, ""))),
        "name",
        "twice",
    ),
    case(
        "name of no function",
        file(BASE, custom("name", 1, sized(1, HERE, 2, "a"))),
        "name",
        "function 2",
    ),
    case(
        "empty function name", file(BASE, custom("name", 1, sized(1, HERE, 0, ""))), "name", "empty"
    ),
    case(
        "name of no global",
        file(BASE, custom("name", 7, sized(1, HERE, 1, "a"))),
        "name",
        "global 1",
    ),
    case(
        "name of no segment",
        file(BASE, custom("name", 9, sized(1, HERE, 2, "a"))),
        "name",
        "segment 2",
    ),
    case("huge name count", file(BASE, custom("name", 1, sized(HUGE, HERE))), "name", "end"),
    case(
        "bytes after the names", file(BASE, custom("name", 1, sized(0, HERE, 0))), "name", "1 bytes"
    ),
)

CASES: tuple[Malformed, ...] = (
    *LINKING_CASES,
    *SYMBOL_CASES,
    *COMDAT_CASES,
    *RELOCATION_CASES,
    *CUSTOM_CASES,
)

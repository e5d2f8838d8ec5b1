"""Errors and warnings, each that a static link can give: the real wasm-ld says it, and so do we.

The rows are in the order of LLD's files. What lld/wasm says besides cannot happen in a static link
of wasm32 objects; docs/linking.md ("Errors") has the list with the reasons.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from linker.format import model
from linker.format.archive import Member
from linker.format.constants import ExternalKind, SymbolKind
from linker.format.encode import encode
from linker.format.encode_archive import encode_archive
from linker.format.expression import Opcode, make
from linker.format.parse import parse
from tests.linker.assemble import assemble
from tests.linker.objects import (
    DROP,
    EXPORTED,
    EXTERNREF,
    FROM_I32,
    FUNCTION_TABLE,
    NO_STRIP,
    STRINGS,
    TLS,
    TLS_SEGMENT,
    TO_I32,
    Declaration,
    Part,
    R,
    Site,
    address,
    alias,
    call,
    const,
    data,
    features,
    function,
    global_get,
    global_variable,
    init,
    returning,
    table,
    table_size,
    table_type,
    tag,
    undefined_data,
    undefined_function,
    undefined_global,
    undefined_table,
    undefined_tag,
)
from tests.linker.wasm_ld import run_wasm_ld, run_weld_ld

USER = assemble(function("_start", flags=EXPORTED))
THREADS = features("+atomics", "+bulk-memory")


class Row(NamedTuple):
    """A message, a command line that leads to it, and the inputs by name.

    `departs`: wasm-ld 22 says it and goes on where the standard does otherwise.
    """

    message: str
    line: str
    files: dict[str, bytes]
    departs: bool = False


def row(message: str, line: str, *, departs: bool = False, **files: bytes) -> Row:
    """`a` and `b` are objects, `lib` an archive; without any, `a.o` is a plain program."""
    suffixes = {"lib": "lib.a"}
    named = {suffixes.get(name, f"{name}.o"): content for name, content in files.items()}
    return Row(message, line, named or {"a.o": USER}, departs)


def of(*declarations: Declaration) -> bytes:
    return assemble(*declarations)


def changed(content: bytes, **sections: object) -> bytes:
    """The object with the fields of some sections replaced: `linking` or `imports`."""
    file = parse(content, "a.o")
    for section in file.sections:
        if isinstance(section, model.LinkingSection) and "symbols" in sections:
            section.symbols[:] = sections["symbols"]  # type: ignore[call-overload]
        if isinstance(section, model.ImportSection) and "imports" in sections:
            section.imports[:] = sections["imports"]  # type: ignore[call-overload]
    return encode(file)


def tables(*names: str, element: model.TableType | None = None) -> bytes:
    """An object that imports tables and has no symbols for them, as of WebAssembly 1.0."""
    content = of(*(undefined_table(name) for name in names), function("_start"))
    entries = [
        model.Import("env", name, ExternalKind.TABLE, element or table_type()) for name in names
    ]
    file = parse(content, "a.o")
    linking = file.find(model.LinkingSection)
    assert linking is not None
    plain = [symbol for symbol in linking.symbols if symbol.kind is not SymbolKind.TABLE]
    return changed(content, symbols=plain, imports=entries)


def without_table_symbols() -> bytes:
    content = of(table("t"), function("_start"))
    linking = parse(content, "a.o").find(model.LinkingSection)
    assert linking is not None
    return changed(content, symbols=[s for s in linking.symbols if s.kind is not SymbolKind.TABLE])


def with_elements(offset: bytes) -> bytes:
    """An object whose element segment starts at a given expression."""
    file = parse(of(undefined_table(), undefined_global("g"), function("_start")), "a.o")
    segment = model.ElementSegment(0, 0, model.InitExpr(offset), None, (0,))
    position = next(
        n for n, section in enumerate(file.sections) if isinstance(section, model.CodeSection)
    )
    file.sections.insert(position, model.ElementSection([segment]))
    return encode(file)


def calls(
    name: str, *, type: model.FunctionType = TO_I32, user: str = "user", **more: str
) -> bytes:
    """An object with a function `user` that calls an undefined one."""
    arguments = const(1) * len(type.parameters)
    reference = undefined_function(name, type=type, **more)  # type: ignore[arg-type]
    drops = DROP * len(type.results)
    return of(reference, function(user, arguments, *call(name), drops, flags=EXPORTED))


def uses(name: str) -> bytes:
    return of(undefined_data(name), function("user", *address(name), DROP, flags=EXPORTED))


def thread_local(name: str) -> list[Part]:
    return [b"\x41", Site(R.MEMORY_ADDR_TLS_SLEB, name)]


def relative(name: str) -> list[Part]:
    return [b"\x41", Site(R.MEMORY_ADDR_REL_SLEB, name)]


SUM = make([(Opcode.I32_CONST, 1), (Opcode.I32_CONST, 2), (Opcode.I32_ADD, None)]).body
F = of(returning("x", 1))
D = of(data("x", b"1234"))
ENTRY = "--no-entry"

DRIVER = [
    row("unknown file type: junk.o", "junk.o", junk=b"junk"),
    row("nested --start-lib", "--start-lib a.o --start-lib --end-lib --end-lib"),
    row("stray --end-lib", "a.o --end-lib"),
    row("no input files", ""),
    row("unable to find library -lnone", "a.o -lnone"),
    row("cannot open none.o: No such file or directory", "a.o none.o"),
    row("unknown argument: --none-such", "a.o --none-such"),
    row("unknown --unresolved-symbols value: x", "a.o --unresolved-symbols=x"),
    row("unknown --build-id style: x", "a.o --build-id=x"),
    row(
        "--max-memory is incompatible with --no-growable-memory",
        "a.o --max-memory=131072 --no-growable-memory",
    ),
    row("invalid target architecture: x", "a.o -m x"),
    row("--threads: expected a positive integer, but got '0'", "a.o --threads=0"),
    row("unknown -z value: x", "a.o -z x"),
    row("unknown -z value: x", "a.o -z x --fatal-warnings"),
    row("--relocatable is incompatible with --export-table", "a.o -r --export-table"),
    row("--relocatable is incompatible with --growable-table", "a.o -r --growable-table"),
    row("--compress-relocations is incompatible with", "a.o --compress-relocations"),
    row("--import-table and --export-table may not", "a.o --import-table --export-table"),
    row("entry point specified for relocatable output file", "a.o -r -e f"),
    row("-r and --gc-sections may not be used together", "a.o -r --gc-sections"),
    row("-r -and --compress-relocations may not", "a.o -r --compress-relocations -s"),
    row("-r -and --undefined may not be used together", "a.o -r -u f"),
    row("-r and --shared-memory may not be used together", "a.o -r --shared-memory"),
    row("-r and --global-base may not by used together", "a.o -r --global-base=1024"),
    row("-Bsymbolic is only meaningful when combined with -shared", "a.o -Bsymbolic"),
    row("cannot open none.txt: No such file", "a.o --allow-undefined-file=none.txt"),
    row("cannot open map file none/m: No such file", "a.o --Map=none/m"),
    row("cannot open --why-extract= file none/w", "a.o --why-extract=none/w"),
    row("--reproduce: ", "a.o --reproduce=none/r.tar"),
    row("entry symbol not defined (pass --no-entry to suppress): f", "a.o -e f"),
    row("entry symbol not defined", "a.o --entry=f", a=calls("f")),
    row(
        "__wasm_call_dtors must have no argument or return values",
        f"a.o {ENTRY}",
        a=of(returning("__wasm_call_dtors", 1)),
    ),
    row("__wasm_call_dtors must be a function", f"a.o {ENTRY}", a=of(data("__wasm_call_dtors"))),
    row("symbol exported via --export not found: f", "a.o --export=f"),
    row("too many errors emitted, stopping now", "a.o n1 n2 n3 --error-limit=2"),
    row("number expected, but got 'x'", "a.o --table-base=x"),
    row("--page_size=N must be either 1 or 65536", "a.o --page-size=2"),
]

INPUT_FILES = [
    row(
        "expected one symbol table entry for each of the 1 table(s) present, but got 2",
        f"a.o {ENTRY}",
        a=of(table("t"), alias("u", "t")),
    ),
    row(
        "unexpected table definition(s) without corresponding symbol-table entries",
        f"a.o {ENTRY}",
        a=without_table_symbols(),
    ),
    row("multiple table imports, but no corresponding", f"a.o {ENTRY}", a=tables("t", "u")),
    row("table import t is missing a symbol table entry", f"a.o {ENTRY}", a=tables("t")),
    row("not a relocatable wasm file", f"a.o {ENTRY}", a=b"\0asm\1\0\0\0"),
    row("extended init exprs not supported", f"a.o {ENTRY}", a=with_elements(SUM)),
    row("invalid table elements", f"a.o {ENTRY}", a=with_elements(b"\x23\0\x0b")),
    row(
        "archive member 'text' is neither Wasm object file nor LLVM bitcode",
        "a.o lib.a",
        a=USER,
        lib=encode_archive([Member("text", b"text")]),
    ),
]

SYMBOL_TABLE = [
    row("symbol type mismatch: x", f"a.o b.o {ENTRY}", a=F, b=D),
    row("symbol type mismatch: x", f"a.o b.o {ENTRY}", a=D, b=F),
    row("symbol type mismatch: x", f"a.o b.o {ENTRY}", a=F, b=uses("x")),
    row("symbol type mismatch: x", f"a.o b.o {ENTRY}", a=uses("x"), b=F),
    row("symbol type mismatch: x", f"a.o b.o {ENTRY}", a=D, b=calls("x")),
    row("symbol type mismatch: x", f"a.o b.o {ENTRY}", a=D, b=of(undefined_global("x"))),
    row("symbol type mismatch: x", f"a.o b.o {ENTRY}", a=D, b=of(undefined_table("x"))),
    row("symbol type mismatch: x", f"a.o b.o {ENTRY}", a=D, b=of(undefined_tag("x"))),
    row("symbol type mismatch: __stack_pointer", f"a.o {ENTRY}", a=uses("__stack_pointer")),
    row("duplicate symbol: x", f"a.o b.o {ENTRY}", a=F, b=F),
    row("duplicate symbol: x", f"a.o b.o {ENTRY} --noinhibit-exec", a=F, b=F),
    row("duplicate symbol: __wasm_call_ctors", f"a.o {ENTRY}", a=of(function("__wasm_call_ctors"))),
    row("function signature mismatch: x", f"a.o b.o {ENTRY}", a=F, b=calls("x", type=FROM_I32)),
    row("function signature mismatch: x", f"a.o b.o {ENTRY}", a=calls("x", type=FROM_I32), b=F),
    row(
        "function signature mismatch: x",
        f"a.o b.o {ENTRY}",
        a=calls("x", import_name="x"),
        b=calls("x", type=FROM_I32, import_name="x", user="other"),
    ),
    row(
        "Global type mismatch: x",
        f"a.o b.o {ENTRY}",
        a=of(global_variable("x")),
        b=of(undefined_global("x", mutable=True)),
    ),
    row(
        "Table type mismatch: x",
        f"a.o b.o {ENTRY}",
        a=of(table("x")),
        b=of(undefined_table("x", element=EXTERNREF)),
    ),
    row(
        "Tag signature mismatch: x",
        f"a.o b.o {ENTRY}",
        a=of(tag("x")),
        b=of(undefined_tag("x", type=TO_I32)),
        departs=True,
    ),
    row(
        "import name mismatch for symbol: x",
        f"a.o b.o {ENTRY}",
        a=calls("x", import_name="one"),
        b=calls("x", import_name="two"),
    ),
    row(
        "import module mismatch for symbol: x",
        f"a.o b.o {ENTRY}",
        a=calls("x", module="one", import_name="x"),
        b=calls("x", module="two", import_name="x"),
    ),
    row(
        "reserved symbol must be of type table: `__indirect_function_table`",
        f"a.o {ENTRY}",
        a=of(data(FUNCTION_TABLE)),
    ),
    row(
        "reserved symbol must not be defined in input files: `__indirect_function_table`",
        f"a.o {ENTRY}",
        a=of(table(FUNCTION_TABLE)),
    ),
]

CHUNKS_AND_RELOCATIONS = [
    row(
        "string is not null terminated",
        f"a.o {ENTRY}",
        a=of(data("x", b"open", segment=".rodata.str", segment_flags=STRINGS, flags=NO_STRIP)),
    ),
    row(
        "offset is outside the section",
        f"a.o {ENTRY}",
        a=of(
            data("x", b"a\0", segment=".rodata.str", segment_flags=STRINGS),
            alias("end", "x", offset=2, flags=NO_STRIP),
        ),
    ),
    row("a.o: undefined symbol: x", f"a.o {ENTRY}", a=calls("x")),
    row("a.o: undefined symbol: x", f"a.o {ENTRY}", a=uses("x")),
    row("undefined symbol: x", f"a.o {ENTRY} --warn-unresolved-symbols", a=calls("x")),
    row(
        "a.o: undefined symbol: x",
        f"a.o {ENTRY}",
        a=of(undefined_global("x"), function("f", global_get("x"), DROP, flags=EXPORTED)),
    ),
    row(
        "a.o: undefined symbol: x",
        f"a.o {ENTRY}",
        a=of(undefined_table("x"), function("f", table_size("x"), DROP, flags=EXPORTED)),
    ),
    row(
        "relocation R_WASM_MEMORY_ADDR_REL_SLEB is not supported against an undefined symbol",
        f"a.o {ENTRY} --unresolved-symbols=ignore-all",
        a=of(undefined_data("x"), function("f", relative("x"), DROP, flags=EXPORTED)),
    ),
    row(
        "cannot be used against an undefined symbol `x`",
        f"a.o {ENTRY}",
        a=of(undefined_data("x"), function("f", *thread_local("x"), DROP, flags=EXPORTED), THREADS),
    ),
    row(
        "cannot be used against non-TLS symbol `x`",
        f"a.o {ENTRY} --shared-memory --max-memory=131072",
        a=of(data("x", b"1"), function("f", *thread_local("x"), DROP, flags=EXPORTED), THREADS),
    ),
    row(
        "cannot be used against `x` in non-TLS section: .data",
        f"a.o {ENTRY} --shared-memory --max-memory=131072",
        a=of(
            data("x", b"1", flags=TLS),
            function("f", *thread_local("x"), DROP, flags=EXPORTED),
            THREADS,
        ),
    ),
]

BIG = of(data("x", bytes(70000), flags=NO_STRIP))
WRITER = [
    row("stack size must be 16-byte aligned", "a.o -z stack-size=8"),
    row("initial heap must be aligned to the page size", "a.o --initial-heap=5"),
    row("initial heap too large, cannot be greater than", "a.o --initial-heap=4294967296"),
    row("initial memory must be aligned to the page size", "a.o --initial-memory=5"),
    row("initial memory too small", "a.o -z stack-size=131072 --initial-memory=65536"),
    row("initial memory too large, cannot be greater", "a.o --initial-memory=8589934592"),
    row("maximum memory must be aligned to the page size", "a.o --max-memory=5"),
    row("maximum memory too small", "a.o -z stack-size=131072 --max-memory=65536"),
    row("maximum memory too large, cannot be greater", "a.o --max-memory=8589934592"),
    row("--global-base cannot be less than stack size", "a.o --stack-first --global-base=64"),
    row(
        "--shared-memory is disallowed by a.o because it was not compiled",
        "a.o --shared-memory --max-memory=131072",
        a=of(function("_start"), features("-shared-mem", "+atomics", "+bulk-memory")),
    ),
    row(
        "'atomics' feature must be used in order to use shared memory",
        "a.o --shared-memory --max-memory=131072",
        a=of(function("_start"), features("+bulk-memory")),
    ),
    row(
        "'bulk-memory' feature must be used in order to use thread-local storage",
        f"a.o {ENTRY}",
        a=of(
            data("x", b"1", segment=".tdata.x", segment_flags=TLS_SEGMENT, flags=TLS | NO_STRIP),
            features("+atomics"),
        ),
    ),
    row(
        "Target feature 'one' used by a.o is not allowed.",
        "a.o --features=two",
        a=of(function("_start"), features("+one")),
    ),
    row(
        "Target feature 'one' used in a.o is disallowed by b.o.",
        "a.o b.o",
        a=of(function("_start"), features("+one")),
        b=of(features("-one")),
    ),
    row(
        "mutable global exported but 'mutable-globals' feature not present in inputs: `x`",
        "a.o --export=x",
        a=of(function("_start"), global_variable("x", mutable=True), features("+one")),
    ),
    row(
        "mutable global imported but 'mutable-globals' feature not present in inputs: `x`",
        f"a.o {ENTRY}",
        a=of(
            undefined_global("x", mutable=True, import_name="x"),
            function("f", global_get("x"), DROP, flags=EXPORTED),
            features("+one"),
        ),
    ),
    row(
        "constructor functions cannot take arguments: f",
        f"a.o {ENTRY}",
        a=of(function("f", type=FROM_I32), init("f")),
    ),
    row(
        "object file not built with 'reference-types' or 'call-indirect-overlong' feature conflicts"
        " with import of table t by file b.o",
        f"a.o b.o {ENTRY}",
        a=tables(FUNCTION_TABLE),
        b=of(
            undefined_table("t", import_name="t"),
            function("f", table_size("t"), DROP, flags=EXPORTED),
        ),
    ),
    row("removing unused section", f"a.o {ENTRY} --print-gc-sections", a=F),
]

ROWS = {
    "Driver.cpp": DRIVER,
    "InputFiles.cpp": INPUT_FILES,
    "SymbolTable.cpp": SYMBOL_TABLE,
    "InputChunks.cpp, Relocations.cpp": CHUNKS_AND_RELOCATIONS,
    "Writer.cpp": WRITER,
}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(entry, id=f"{place}-{number}")
        for place, rows in ROWS.items()
        for number, entry in enumerate(rows)
    ],
)
def test_the_words_are_those_of_wasm_ld(
    entry: Row, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for name, content in entry.files.items():
        (tmp_path / name).write_bytes(content)
    argv = [*entry.line.split(), "-o", "out.wasm"]
    real = run_wasm_ld(argv, tmp_path)
    assert entry.message in real.stderr + real.stdout
    dialect = ["--dialect=lld-22"] if entry.departs else []
    assert run_weld_ld([*argv, *dialect], tmp_path, capfdbinary) == real

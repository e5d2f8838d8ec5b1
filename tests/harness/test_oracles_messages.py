"""Message classes: what wasm-ld, the reference and Zig's linker say, and words fit for keys."""

from __future__ import annotations

import pytest

from harness.divergence import Divergence, Severity
from harness.fingerprints import fingerprint
from harness.oracles.messages import classify, error_lines, normalise
from harness.oracles.words import component
from strategies.case import MESSAGE_CLASSES

LLD = [
    ("a.o: duplicate symbol name", "malformed-object"),
    ("a.o: says no (section linking, offset 0x40: symbol 6)", "malformed-object"),
    ("a.o: says no (offset 0x40)", "malformed-object"),
    ("a.o: Function extends beyond buffer", "malformed-object"),
    ("a.o: type section ended prematurely", "malformed-object"),
    ("a.o: must specify -mwasm64 to process wasm64 object files", "address-size"),
    ("a.o: objects with more than one memory cannot be linked", "several-memories"),
    ("stray --end-lib", "misplaced-switch"),
    ("a.o: undefined symbol: f", "undefined-symbol"),
    ("duplicate symbol: f\n>>> defined in a.o\n>>> defined in b.o", "duplicate-symbol"),
    (
        "symbol type mismatch: f\n>>> defined as WASM_SYMBOL_TYPE_FUNCTION in a.o",
        "symbol-type-mismatch",
    ),
    ("Global type mismatch: g\n>>> defined as Mutable I32 in a.o", "global-type-mismatch"),
    ("Table type mismatch: t", "table-type-mismatch"),
    ("import module mismatch for symbol: f", "import-mismatch"),
    ("import name mismatch for symbol: f", "import-mismatch"),
    (
        "entry symbol not defined (pass --no-entry to suppress): _start",
        "entry-not-defined",
    ),
    ("symbol exported via --export not found: f", "export-not-defined"),
    ("Target feature 'atomics' used by a.o is not allowed.", "feature-not-allowed"),
    ("Target feature 'simd128' is not allowed in a.o", "feature-not-allowed"),
    (
        "Target feature 'atomics' used in a.o is disallowed by b.o. Use --no-check-features",
        "feature-disallowed",
    ),
    (
        "mutable global exported but 'mutable-globals' feature not present in inputs: `g`.",
        "mutable-globals-needed",
    ),
    ("initial memory too small, 70000 bytes needed", "memory-too-small"),
    ("initial memory must be aligned to the page size (65536 bytes)", "memory-not-aligned"),
    ("maximum memory too small, 70000 bytes needed", "memory-too-small"),
    ("stack size must be 16-byte aligned", "stack-not-aligned"),
    (
        "--global-base cannot be less than stack size when --stack-first is used",
        "global-base-too-small",
    ),
    ("initial heap too small", "memory-too-small"),
    ("a.o: string is not null terminated", "string-not-terminated"),
    ("-r and --gc-sections may not be used together", "option-conflict"),
    ("--import-table and --export-table may not be used together", "option-conflict"),
    ("unknown argument: --nonsense", "unknown-option"),
    ("cannot open x.o: No such file or directory", "file-missing"),
    ("unable to find library -lx", "file-missing"),
    ("no input files", "no-input"),
    ("unknown file type: a.o", "malformed-object"),
    (
        "a.o: relocation R_WASM_MEMORY_ADDR_SLEB cannot be used against symbol `d`;"
        " recompile with -fPIC",
        "relocation-not-allowed",
    ),
    ("__wasm_call_dtors must be a function", "destructors-unfit"),
    (
        "a.o: relocation R_WASM_MEMORY_ADDR_TLS_SLEB cannot be used against an undefined symbol"
        " `x`",
        "relocation-not-allowed",
    ),
    (
        "a.o: expected one symbol table entry for each of the 1 table(s) present, but got 2"
        " symbol(s) instead.",
        "table-symbols",
    ),
]
ZIG = [
    (
        "error: could not resolve undefined symbol 'f'\n    note: defined in 'a.o'",
        "undefined-symbol",
    ),
    ("error: undefined symbol: f\n    note: referenced in 'a.o'", "undefined-symbol"),
    (
        "error: symbol 'f' defined multiple times\n    note: first definition in 'a.o'",
        "duplicate-symbol",
    ),
    ("error: symbol 'g' mismatching global types\n    note: x", "global-type-mismatch"),
    ("error: symbol 'f' mismatching types 'function' and 'data'", "symbol-type-mismatch"),
    ("error: symbol 'f' mismatching function signatures.", "signature-mismatch"),
    ("error: Entry symbol '_start' missing, use '-fno-entry' to suppress", "entry-not-defined"),
    ("error: could not export 'f', symbol not found", "export-not-defined"),
    (
        "error: Object file contains unknown feature: bulk-memory-opt\n"
        "error: Failed parsing object file: UnknownFeature",
        "feature-not-allowed",
    ),
    ("error: Failed parsing object file: UnexpectedTable", "malformed-object"),
]


@pytest.mark.parametrize(("words", "expected"), LLD)
def test_words_of_wasm_ld_have_their_class(words: str, expected: str) -> None:
    for program in ("wasm-ld", "/usr/bin/wasm-ld-22", "weld-ld"):
        assert classify(f"{program}: error: {words}\n")[0].message_class == expected


@pytest.mark.parametrize(("words", "expected"), ZIG)
def test_words_of_zig_have_their_class(words: str, expected: str) -> None:
    assert classify(words)[0].message_class == expected


def test_all_classes_of_the_strategies_are_known() -> None:
    """Every class that a case may expect is one that some message gives."""
    given = {name for _, name in LLD + ZIG}
    # Two that need a whole option to provoke, in the words of LLD's driver and writer.
    more = {
        classify("wasm-ld: error: --global-base cannot be less than stack size")[0],
        classify("wasm-ld: error: global base cannot be less than stack size when")[0],
        classify("wasm-ld: error: constructor function has parameters: f")[0],
        classify("wasm-ld: error: constructor functions cannot take arguments: f")[0],
    }
    given |= {reason.message_class for reason in more}
    assert set(MESSAGE_CLASSES) - given == set()


def test_warnings_and_continuations_are_no_reasons() -> None:
    message = (
        "wasm-ld: warning: function signature mismatch: f\n"
        ">>> defined as () -> i32 in a.o\n"
        "wasm-ld: error: a.o: undefined symbol: g\n"
    )
    assert [reason.message_class for reason in classify(message)] == ["undefined-symbol"]
    assert error_lines(message) == ["a.o: undefined symbol: g"]


def test_several_reasons_are_kept_in_order() -> None:
    message = "wasm-ld: error: duplicate symbol: f\nwasm-ld: error: a.o: undefined symbol: g\n"
    classes = [reason.message_class for reason in classify(message)]
    assert classes == ["duplicate-symbol", "undefined-symbol"]


def test_unknown_words_make_a_class_without_names() -> None:
    one = classify("wasm-ld: error: frobnication of 'f12' at 0x12ab failed in a.o\n")[0]
    two = classify("wasm-ld: error: frobnication of 'g' at 0x9 failed in dir/other.o\n")[0]
    assert one.message_class == two.message_class == "other.frobnication-of-at-failed-in"


def test_silence_is_a_class() -> None:
    assert classify("")[0].message_class == "no-message"


def test_what_a_reader_does_not_understand_is_told_apart() -> None:
    kinds = {
        classify(f"error: Failed parsing object file: {name}")[0].kind
        for name in ("MalformedSection", "UnexpectedTable")
    }
    assert kinds == {"malformed-object.malformed-section", "malformed-object.unexpected-table"}


def test_symbols_that_the_linker_must_define_are_told_apart() -> None:
    kind = classify("error: could not resolve undefined symbol '__heap_base'")[0].kind
    assert kind == "undefined-symbol.linker-defined"
    assert classify("error: undefined symbol: __mine")[0].kind == "undefined-symbol"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("index out of bounds: index 5, len 3", "index-out-of-bounds-index-len"),
        ("MissingTableSymbols", "missing-table-symbols"),
        ("/tmp/x/y.o: bad 'name' at 0xfe", "bad-at"),
        ("12 34", "silent"),
    ],
)
def test_words_of_a_key_hold_no_numbers_and_names(text: str, words: str) -> None:
    assert normalise(text) == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".debug_info", "debug-info"),
        ("write_site", "write-site"),
        ("parseSymbol", "parse-symbol"),
        ("f32", "f32"),
        ("type 17", "type"),
        ("", "none"),
    ],
)
def test_components_are_fit_for_fingerprints(text: str, expected: str) -> None:
    assert component(text) == expected
    made = Divergence(f"key.{expected}", (("a",), ("b",)), Severity.LOW, "", "")
    assert fingerprint(made).key == f"key.{expected}"

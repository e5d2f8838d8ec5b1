"""What wasm-ld 15 to 21 do otherwise than wasm-ld 22: each quirk alone, and in its releases.

The releases themselves are asked where they are installed (`weldcheck linkers add ziglang==...`).
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from linker.driver import LinkOutput
from linker.errors import printed
from linker.format.archive import Member
from linker.format.constants import NameSubsection, RelocationType, ValueType
from linker.format.encode import encode
from linker.format.encode_archive import encode_archive
from linker.format.errors import MalformedFile
from linker.format.expression import ref_func, ref_null
from linker.format.model import ObjectFile
from linker.format.parse import parse
from linker.quirks.dialects import DIALECTS
from linker.quirks.lld_past import PAST_QUIRKS, absent_from_lld, quirks_of_lld
from tests.linker.assemble import archive, assemble
from tests.linker.conftest import OUTPUT
from tests.linker.examples import Example, linked, links
from tests.linker.objects import (
    EXPORTED,
    FUNCREF,
    LOCAL,
    NO_STRIP,
    RETAIN,
    TLS,
    TLS_SEGMENT,
    TO_I32,
    UNREACHABLE,
    WEAK,
    Site,
    absolute,
    address,
    alias,
    call,
    custom,
    data,
    features,
    function,
    function_word,
    global_starting_with,
    global_variable,
    pointer,
    returning,
    signature,
    table,
    undefined_data,
    undefined_function,
    undefined_table,
    word,
)
from tests.linker.quirks.stub_examples import STUB_EXAMPLES
from tests.linker.releases import RELEASES, release
from tests.linker.small_objects import object_with

NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")


def user_of(name: str, flags: int = 0) -> bytes:
    """An object that takes the address of data it does not define."""
    read = function(f"read_{name}", address(name), type=TO_I32, flags=EXPORTED)
    return assemble(undefined_data(name, flags=flags), read)


def stack_pointer_is_exported(output: LinkOutput) -> bool:
    return "__stack_pointer" in linked(output).exports


def simple(options: str, is_right: Callable[[LinkOutput], bool] = links) -> Example:
    unit = assemble(data("x", word(1), flags=NO_STRIP), function("f", flags=EXPORTED))
    return Example((unit,), f"--no-entry {options}", is_right)


def shown_as(name: str, text: str) -> Example:
    """A function with a mangled name and how the name section shows it."""
    unit = assemble(function(name, flags=EXPORTED))
    return Example((unit,), "--no-entry", lambda output: text in linked(output).functions)


def library(**members: bytes) -> bytes:
    """An archive without a symbol table."""
    entries = [Member(f"{name}.o", content) for name, content in members.items()]
    return encode_archive(entries, symbol_table=False)


EXAMPLES = {
    "options-before-16": simple("--Bstatic"),
    "options-before-17": simple("--build-id=sha1"),
    "options-before-18": simple("--table-base=7"),
    "options-before-19": simple("--no-growable-memory"),
    "options-before-20": simple("--allow-multiple-definition"),
    "options-before-21": simple("--rpath=here"),
    "options-before-22": simple("--no-stack-first"),
    **{
        f"names-before-{number}": shown_as(name, text)
        for number, (name, text) in {
            17: ("_ZN1AB3tagC1Ev", "A[abi:tag]::A()"),
            18: ("_Z1fITnDaLi3EEvv", "void f<3>()"),
            19: ("_Z1fILf40490FDBEEvv", "_Z1fILf40490FDBEEvv"),
            20: ("_Z1fDF16b", "f(std::bfloat16_t)"),
            21: ("_Z1fDB7_S_", "f(_BitInt(7), _BitInt(7))"),
            22: ("_Z1fIiEDTgtT_Li2EEv", "decltype((int > 2)) f<int>()"),
        }.items()
    },
    "stack-after-data": simple(
        "--export=__data_end", lambda output: linked(output).address("__data_end") == 65540
    ),
    "wrappers-untyped": Example(
        (assemble(undefined_function("x"), function("f", call("x"), flags=EXPORTED)),),
        "--no-entry --wrap=x --allow-undefined",
        lambda output: linked(output).imports == ["env.__wrap_x"],
        crashes=True,
    ),
    "stack-pointer-hidden": simple(
        "--export-dynamic --features=mutable-globals", stack_pointer_is_exported
    ),
    "linker-globals-inside": simple(
        "--export-all --features=mutable-globals", stack_pointer_is_exported
    ),
    "constant-exports-need-feature": Example(
        (assemble(global_variable("x", 7, flags=EXPORTED)),),
        "--no-entry",
        lambda output: "x" in linked(output).exports,
    ),
    "taken-files-kept": Example(
        (assemble(function("f"), data("kept", b"1", segment_flags=RETAIN)),),
        "--no-entry --undefined=f --start-lib",
        lambda output: linked(output).segments == [],
    ),
    "no-first-page-end": Example((user_of("__wasm_first_page_end"),), "--no-entry", links),
    "old-alignment-message": simple(
        "--initial-memory=131073",
        lambda output: (
            output.errors == ("initial memory must be aligned to the page size (65536 bytes)",)
        ),
    ),
    "dead-relocations-written": Example(
        (assemble(function("f", flags=EXPORTED), data("x", b"1"), custom("note", pointer("x"))),),
        "--no-entry --emit-relocs",
        lambda output: "reloc.note" not in linked(output).section_names,
    ),
    "version-ends-all": simple("-v"),
    "muldefs-unknown": Example(
        (assemble(returning("f", 1, EXPORTED)), assemble(returning("f", 2, EXPORTED))),
        "--no-entry -z muldefs",
        lambda output: linked(output).run("f") == 1,
    ),
    "empty-custom-sections-kept": Example(
        (assemble(function("f", flags=EXPORTED), custom("note")),),
        "--no-entry",
        lambda output: "note" not in linked(output).section_names,
    ),
    "coverage-unaligned": Example(
        (
            assemble(function("f", flags=EXPORTED), custom("__llvm_covmap", b"12345")),
            assemble(custom("__llvm_covmap", b"6"), function("g")),
        ),
        "--no-entry",
        lambda output: linked(output).custom("__llvm_covmap") == b"12345\0\0\x006",
    ),
    "required-features": Example(
        (
            assemble(features("=atomics"), function("f", flags=EXPORTED)),
            assemble(features("+simd128"), function("g")),
        ),
        "--no-entry",
        lambda output: "unknown feature policy prefix" in output.errors[0],
        refused_as_malformed=range(20, 23),
    ),
    "relative-references-unchecked": Example(
        (
            assemble(
                undefined_data("x"),
                function(
                    "f",
                    b"\x41",
                    Site(RelocationType.MEMORY_ADDR_REL_SLEB, "x"),
                    type=TO_I32,
                    flags=EXPORTED,
                ),
            ),
        ),
        "--no-entry",
        lambda output: "MEMORY_ADDR_REL_SLEB" in output.errors[0],
    ),
    "local-symbols-offered": Example(
        (
            assemble(undefined_data("x"), function("f", address("x"), type=TO_I32, flags=EXPORTED)),
            archive(assemble(data("x", b"1", flags=LOCAL), function("member", flags=EXPORTED))),
            assemble(data("x", b"2")),
        ),
        "--no-entry",
        lambda output: linked(output).exports == ["memory", "f"],
    ),
    "tls-addresses-absolute": Example(
        (
            assemble(
                data("x", word(1), segment=".tdata.x", segment_flags=TLS_SEGMENT, flags=TLS),
                function(
                    "f",
                    b"\x41",
                    Site(RelocationType.MEMORY_ADDR_TLS_SLEB, "x"),
                    type=TO_I32,
                    flags=EXPORTED,
                ),
                features("+atomics", "+bulk-memory"),
            ),
        ),
        "--no-entry",
        lambda output: linked(output).run("f") == 0,
    ),
    "first-reference-blamed": Example(
        (assemble(undefined_data("x"), function("f", flags=EXPORTED)), user_of("x")),
        "--no-entry",
        lambda output: output.errors == ("b.o: undefined symbol: x",),
    ),
    "waiting-modules-refused": Example(
        (assemble(function("f", flags=EXPORTED)), archive(encode(ObjectFile("", [])))),
        "--no-entry",
        links,
    ),
    "retained-segments-dropped": Example(
        (assemble(data("x", b"1", segment_flags=RETAIN), function("f", flags=EXPORTED)),),
        "--no-entry",
        lambda output: [entry.content for entry in linked(output).segments] == [b"1"],
    ),
    "null-functions-refused": Example(
        (
            assemble(
                global_starting_with("x", ref_null(FUNCREF), FUNCREF, flags=NO_STRIP),
                function("f", flags=EXPORTED),
            ),
        ),
        "--no-entry",
        links,
    ),
    "function-references-refused": Example(
        (assemble(global_starting_with("x", ref_func(0), FUNCREF), function("f", flags=EXPORTED)),),
        "--no-entry",
        links,
    ),
    "exnref-tables-refused": Example(
        (
            assemble(function("f", flags=EXPORTED)),
            assemble(undefined_table("x", element=ValueType.EXNREF), function("g")),
            assemble(table("x", element=ValueType.EXNREF)),
        ),
        "--no-entry",
        links,
    ),
    "exnref-crashes": Example(
        (
            assemble(
                function("f", UNREACHABLE, type=signature((ValueType.EXNREF,)), flags=EXPORTED),
            ),
        ),
        "--no-entry",
        links,
        crashes=True,
    ),
    "table-import-unnamed": Example(
        (
            assemble(
                undefined_table(flags=NO_STRIP),
                function("f"),
                data("p", function_word("f"), flags=NO_STRIP),
            ),
        ),
        "--no-entry --import-table",
        lambda output: linked(output).imports == ["env.__indirect_function_table"],
    ),
    "archive-index-used": Example(
        (
            assemble(undefined_data("x"), function("f", address("x"), type=TO_I32, flags=EXPORTED)),
            library(member=assemble(data("x", b"1"))),
        ),
        "--no-entry",
        links,
    ),
    "width-checked-late": Example(
        (object_with("f", wide=True),),
        "--no-entry no-such-file.o",
        lambda output: len(output.errors) == 2,
    ),
    "warned-functions-crash": Example(
        (assemble(undefined_function("x"), function("f", call("x"), flags=EXPORTED)),),
        "--no-entry --warn-unresolved-symbols",
        lambda output: linked(output).functions[0] == "undefined_stub",
        crashes=True,
    ),
    "zeros-never-written": Example(
        (assemble(data("x", bytes(4), segment=".bss.x", flags=NO_STRIP)),),
        "--no-entry --emit-relocs",
        lambda output: [entry.content for entry in linked(output).segments] == [bytes(4)],
    ),
    "linker-data-crashes-linking": Example(
        (user_of("__heap_base"),),
        "--no-entry --emit-relocs",
        lambda output: linked(output).symbol("__heap_base").name == "__heap_base",
        crashes=True,
    ),
    "no-module-name": simple("", lambda output: OUTPUT.encode() in linked(output).module),
    "absolute-symbols-refused": Example(
        (
            assemble(
                data("first", word(1), flags=NO_STRIP),
                absolute("x", 4096),
                function("f", address("x"), type=TO_I32, flags=EXPORTED),
            ),
        ),
        "--no-entry",
        lambda output: linked(output).run("f") == 4096,
    ),
    "function-index-i32-unknown": Example(
        (
            assemble(
                function("f", flags=EXPORTED),
                custom("note", Site(RelocationType.FUNCTION_INDEX_I32, "f")),
            ),
        ),
        "--no-entry",
        lambda output: linked(output).custom("note") == word(0),
    ),
    "attributes-of-dropped-functions": Example(
        (
            assemble(
                function("f", flags=EXPORTED),
                function("dropped"),
                custom("llvm.func_attr.x", Site(RelocationType.FUNCTION_OFFSET_I32, "dropped", 3)),
            ),
        ),
        "--no-entry",
        lambda output: linked(output).custom("llvm.func_attr.x") == b"\xff" * 4,
    ),
    "first-weak-reference-counts": Example(
        (user_of("x", WEAK), assemble(undefined_data("x"), function("f"))),
        "--no-entry",
        lambda output: output.errors == ("a.o: undefined symbol: x",),
    ),
    "custom-sections-unordered": Example(
        (assemble(*(custom(name, b"1") for name in NAMES), function("f", flags=EXPORTED)),),
        "--no-entry",
        lambda output: [n for n in linked(output).section_names if n in NAMES] == list(NAMES),
    ),
    "string-tables-by-djb-hash": Example(
        (archive(**{name: assemble(function(name)) for name in NAMES}), assemble(function("f"))),
        " ".join(("--no-entry", *(f"--export={name}" for name in NAMES))),
        lambda output: (
            [name for name in linked(output).functions if name in NAMES]
            == ["delta", "beta", "gamma", "epsilon", "alpha", "zeta"]
        ),
    ),
    "tls-offsets-doubled": Example(
        (
            assemble(
                data("x", word(1) * 2, segment=".tdata.x", segment_flags=TLS_SEGMENT, flags=TLS),
                alias("y", "x", flags=TLS, offset=4),
                function(
                    "f",
                    b"\x41",
                    Site(RelocationType.MEMORY_ADDR_TLS_SLEB, "y"),
                    type=TO_I32,
                    flags=EXPORTED,
                ),
                features("+atomics", "+bulk-memory"),
            ),
        ),
        "--no-entry --shared-memory --max-memory=16777216",
        lambda output: b"\x41\x84\x80\x80\x80\x00" in linked(output).body("f"),
    ),
    "no-tls-relocations": Example(
        (
            assemble(
                data("y", word(1)),
                data("x", pointer("y"), segment=".tdata.x", segment_flags=TLS_SEGMENT, flags=TLS),
                function(
                    "f",
                    b"\x41",
                    Site(RelocationType.MEMORY_ADDR_TLS_SLEB, "x"),
                    type=TO_I32,
                    flags=EXPORTED,
                ),
                features("+atomics", "+bulk-memory"),
            ),
        ),
        "--no-entry --shared-memory --max-memory=16777216",
        lambda output: "__wasm_apply_tls_relocs" in linked(output).functions,
    ),
    "library-files-unknown": Example(
        (
            assemble(undefined_function("x"), function("f", call("x"), flags=EXPORTED)),
            archive(assemble(function("x"))),
        ),
        "--no-entry -L. -l:b.a",
        links,
    ),
    "no-stack-bounds": Example((user_of("__stack_low"),), "--no-entry", links),
    "global-base-ignored": simple(
        "--stack-first --global-base=131072 --export=__data_end",
        lambda output: linked(output).address("__data_end") == 131076,
    ),
    "lazy-functions-garbage": Example(
        (
            assemble(undefined_function("x", flags=WEAK), function("f", call("x"), flags=EXPORTED)),
            archive(member=assemble(function("x"))),
        ),
        "-r",
        lambda output: linked(output).symbol("x").is_undefined,
        crashes=True,
        garbage=range(15, 16),
    ),
    "names-end-at-nul": Example(
        (assemble(function("a\0b", flags=EXPORTED)),),
        "-r",
        lambda output: linked(output).names(NameSubsection.FUNCTION) == {0: "a\0b"},
    ),
    "relocatable-table-late": Example(
        (assemble(function("f", flags=EXPORTED)),),
        "-r --export-table missing.o",
        lambda output: output.errors[0].startswith("--relocatable is incompatible"),
    ),
    "empty-import-module": Example(
        (
            assemble(
                undefined_function("x", module="", import_name="x"),
                function("f", call("x"), flags=EXPORTED),
            ),
        ),
        "--no-entry",
        lambda output: linked(output).imports == [".x"],
    ),
    **STUB_EXAMPLES,
}


def ask(number: int, example: Example, folder: Path) -> tuple[int, str, bytes | None]:
    """What the real wasm-ld of that release does: status, messages, module."""
    wasm_ld = release(number)
    files = example.inputs
    for name, content in files.items():
        (folder / name).write_bytes(content)
    done = subprocess.run(
        [*wasm_ld.command, *example.options.split(), *files, "-o", OUTPUT],
        cwd=folder,
        env={**dict(wasm_ld.environment(folder)), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    output = folder / OUTPUT
    module = output.read_bytes() if output.exists() else None
    return done.returncode, done.stderr.replace("wasm-ld:", "ld:"), module


def holds(example: Example, output: LinkOutput) -> bool:
    """Whether the module is right; one that cannot be read is not."""
    try:
        return example.is_right(output)
    except MalformedFile:
        return False


def test_every_quirk_is_here() -> None:
    assert list(EXAMPLES) == [quirk.name for quirk in PAST_QUIRKS]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_quirk_alone(name: str) -> None:
    example = EXAMPLES[name]
    without, alone = example.link(), example.link("standard", name)
    assert example.is_right(without)
    assert not links(alone) or not holds(example, alone)
    assert without != alone
    if example.crashes:
        assert "crashes here" in alone.errors[0]


@pytest.mark.parametrize("number", RELEASES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_dialect_does_what_its_release_does(name: str, number: int, tmp_path: Path) -> None:
    example = EXAMPLES[name]
    status, messages, module = ask(number, example, tmp_path)
    here = example.link(f"lld-{number}")
    if number in example.garbage:
        assert module is not None
        with pytest.raises(MalformedFile):
            parse(module, OUTPUT)
        assert "crashes here" in here.errors[0]
        return
    assert here.module == module
    if number in example.refused_as_malformed:
        assert messages
        assert here.errors
    elif status < 0 or status >= 128:
        assert "crashes here" in here.errors[0]
    else:
        assert printed(here.log, "ld") == messages


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_last_release_with_a_quirk_shows_it(name: str) -> None:
    example = EXAMPLES[name]
    having = [number for number in RELEASES if name in DIALECTS[f"lld-{number}"]]
    last = max(having)
    assert example.link(f"lld-{last}") != example.link(f"lld-{last + 1}")


def test_dialects_grow_with_their_age() -> None:
    assert DIALECTS["lld-22"].isdisjoint(EXAMPLES)
    for number in RELEASES[:-1]:
        older, newer = DIALECTS[f"lld-{number}"], DIALECTS[f"lld-{number + 1}"]
        not_in_all = {"local-symbols-offered", "exnref-crashes", "waiting-modules-refused"}
        not_in_all |= {"taken-files-kept", *STUB_EXAMPLES}
        assert newer - older <= absent_from_lld(number) | not_in_all
        assert quirks_of_lld(number) <= older


@pytest.mark.parametrize("number", RELEASES)
def test_a_section_of_strings_without_content(number: int, tmp_path: Path) -> None:
    unit = assemble(custom(".debug_str"), function("f", flags=EXPORTED))
    example = Example((unit,), "--no-entry", links)
    _, _, module = ask(number, example, tmp_path)
    assert module is not None
    assert example.link(f"lld-{number}").module == module


@pytest.mark.parametrize("number", RELEASES)
def test_a_wrapper_that_nobody_defines(number: int, tmp_path: Path) -> None:
    unit = assemble(undefined_function("x"), function("f", call("x"), flags=EXPORTED))
    example = Example((unit,), "--no-entry --wrap=x", links)
    status, _, module = ask(number, example, tmp_path)
    assert module is None
    errors = example.link(f"lld-{number}").errors
    assert errors[0].endswith("undefined symbol: __wrap_x")
    assert ("crashes here" in errors[-1]) == (status < 0)

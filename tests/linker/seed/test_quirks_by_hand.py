"""Departures of the seed, each by itself, on small objects: what is right, and what it does."""

from __future__ import annotations

import pytest

from linker.driver import run
from linker.format.constants import ExternalKind, NameSubsection
from linker.format.leb128 import encode_signed, encode_unsigned
from linker.module import Module
from linker.quirks.dialects import DIALECTS
from linker.seed.catalogue_edits import EDIT_QUIRKS
from tests.linker.assemble import assemble
from tests.linker.conftest import file_names, link_here
from tests.linker.examples import linked
from tests.linker.objects import (
    DROP,
    EXPORTED,
    FUNCTION_TABLE,
    HIDDEN,
    LOCAL,
    NO_STRIP,
    TLS,
    TLS_SEGMENT,
    TO_I32,
    VOID,
    WEAK,
    R,
    Site,
    absolute,
    address,
    call,
    call_indirect,
    const,
    custom,
    data,
    features,
    function,
    function_word,
    global_get,
    global_variable,
    init,
    pointer,
    returning,
    strings,
    table,
    table_size,
    tag,
    throw,
    undefined_function,
    undefined_global,
    undefined_table,
    word,
)
from tests.linker.seed.examples import (
    STACK,
    Example,
    address_operand,
    body_count,
    body_widths,
    changed,
    contents,
    exports,
    fails,
    functions,
    imports,
    in_module,
    initial_values,
    initialise_from_import,
    name_element_table,
    name_segment_memory,
    name_subsections,
    not_in_module,
    number_of_segment,
    pad_bodies,
    runs,
    segment_info,
    shifted,
    shows,
    size_width,
)
from tests.linker.seed.test_quirks_on_cases import CASES, sections

MAIN = returning("f", 7, EXPORTED)
KEPT = "--no-entry --no-gc-sections"
GOT = function("f", b"\x23", Site(R.GLOBAL_INDEX_LEB, "h"), type=TO_I32, flags=EXPORTED)
GOT_FILES = (assemble(GOT, returning("g", 1, NO_STRIP), returning("h", 2)),)
POINTER = (assemble(data("x", word(1), alignment=2), data("p", pointer("x", -4), alignment=2)),)

EXAMPLES = {
    "foreign-files-skipped": Example(
        (b"no object", assemble(MAIN)),
        "--no-entry",
        fails("unknown file type: a.o"),
        lambda output: (
            linked(output).run("f") == 7
            and output.warnings[-1] == "Unexpected file format at path: 'a.o'"
        ),
    ),
    "no-inputs-accepted": Example((), "--no-entry", fails("no input files"), exports("memory")),
    "addends-unsigned": Example(
        POINTER,
        "-r",
        shows(lambda found: found.relocations("DATA")[0].addend, -4),
        shows(lambda found: found.relocations("DATA")[0].addend, 124),
    ),
    "data-symbol-offset-ignored": Example(
        (
            assemble(
                data("x", word(1), word(2), offset=4, size=4),
                function("f", address("x"), type=TO_I32, flags=EXPORTED),
            ),
        ),
        "--no-entry",
        runs("f", STACK + 4),
        runs("f", STACK),
    ),
    "segment-flags-ignored": Example(
        (changed(assemble(data("x", word(1), flags=NO_STRIP)), name_segment_memory),),
        "--no-entry",
        shows(contents, [word(1)]),
        fails("seed stops in readInit"),
    ),
    "element-flags-as-table": Example(
        (
            changed(
                assemble(function("f", const(1), call_indirect(VOID), flags=EXPORTED)),
                name_element_table,
            ),
        ),
        "--no-entry",
        exports("memory", "f"),
        fails("seed stops in readInit"),
    ),
    "tags-unread": Example(
        (assemble(tag("t"), function("f", const(1), throw("t"), flags=EXPORTED)),),
        "--no-entry",
        shows(lambda found: len(found.tags), 1),
        fails("seed stops in externalType"),
    ),
    "names-cut-at-nul": Example(
        (assemble(returning("f\0g", 1, EXPORTED)),),
        "--no-entry",
        exports("memory", "f\0g"),
        exports("memory", "f"),
    ),
    "body-sizes-minimal": Example(
        (changed(assemble(MAIN), pad_bodies),),
        "--no-entry",
        shows(body_widths, [5]),
        shows(body_widths, [0]),
    ),
    "comdats-ignored": Example(
        tuple(assemble(returning("f", value, WEAK, comdat="group")) for value in (1, 2)),
        "-r",
        shows(body_count, 1),
        shows(body_count, 2),
    ),
    "init-functions-ignored": Example(
        (assemble(function("g"), init("g"), MAIN),),
        "--no-entry",
        functions("__wasm_call_ctors", "g", "f", "f.command_export"),
        functions("f"),
    ),
    "custom-sections-dropped": Example(
        (assemble(MAIN, custom("note", b"x")),),
        "--no-entry",
        shows(lambda found: found.custom("note"), b"x"),
        shows(lambda found: found.custom("note"), None),
    ),
    "table-symbols-uncounted": Example(
        (
            assemble(
                undefined_table("t", import_name="t"),
                function("f", table_size("t"), type=TO_I32, flags=EXPORTED),
            ),
        ),
        "--no-entry",
        imports("env.t"),
        fails("table import t is missing a symbol table entry"),
    ),
    "thread-local-ordinary": Example(
        (assemble(data("x", word(1), segment=".tdata.x", segment_flags=TLS_SEGMENT, flags=TLS)),),
        "-r --no-check-features",
        shows(segment_info, [(".tdata", int(TLS_SEGMENT))]),
        shows(segment_info, [(".tdata.x", 0)]),
    ),
    "weak-definitions-collide": Example(
        (assemble(MAIN), assemble(returning("f", 2, WEAK))),
        "--no-entry",
        runs("f", 7),
        fails("duplicate symbol: f"),
    ),
    "weak-undefined-kept": Example(
        (
            assemble(
                undefined_function("g", type=TO_I32, flags=WEAK),
                function("f", call("g"), type=TO_I32, flags=EXPORTED),
            ),
            assemble(returning("g", 7, WEAK)),
        ),
        "--no-entry",
        functions("f", "g"),
        functions("undefined_weak:g", "f"),
    ),
    "references-not-redirected": Example(
        (
            assemble(returning("first", 5, EXPORTED), returning("g", 7)),
            assemble(
                undefined_function("g", type=TO_I32),
                function("f", call("g"), type=TO_I32, flags=EXPORTED),
            ),
        ),
        KEPT,
        runs("f", 7),
        # The number 0 that it has in its object is that of __wasm_call_ctors here.
        shows(lambda found: found.body("f")[1:7], b"\x10\x80\x80\x80\x80\x00"),
    ),
    "undefined-imported": Example(
        (assemble(function("f", call("g"), flags=EXPORTED)),),
        "--no-entry",
        fails("undefined symbol: g"),
        imports("env.g"),
    ),
    "weak-unimported": Example(
        (assemble(undefined_function("g", flags=WEAK), function("f", call("g"))),),
        "-r",
        imports("env.g"),
        not_in_module(b"env"),
    ),
    "table-symbols-passed-over": Example(
        (assemble(function("f", const(1), call_indirect(VOID), flags=EXPORTED)),),
        "--no-entry",
        shows(lambda found: len(found.tables), 1),
        shows(lambda found: len(found.tables), 0),
    ),
    "absolute-flag-unknown": Example(
        (
            assemble(
                absolute("x", 4096),
                function("f", address("x"), type=TO_I32, flags=EXPORTED),
                data("first", word(1), flags=NO_STRIP),
            ),
        ),
        "--no-entry",
        runs("f", 4096),
        runs("f", STACK + 4096),
    ),
    "constructors-unknown": Example(
        (assemble(MAIN),),
        "--no-entry --export-all",
        shows(lambda found: "__wasm_call_ctors" in found.exports, True),
        shows(lambda found: "__wasm_call_ctors" in found.exports, False),
    ),
    "linker-data-unknown": Example(
        (assemble(function("f", address("__data_end"), type=TO_I32, flags=EXPORTED)),),
        "--no-entry",
        runs("f", STACK),
        fails("undefined symbol: __data_end"),
    ),
    "unused-kept": Example(
        (assemble(MAIN, returning("g", 1, HIDDEN)),),
        "--no-entry",
        functions("f"),
        functions("__wasm_call_ctors", "f", "g"),
    ),
    "relocations-at-both-ends": Example(
        (
            shifted(
                assemble(
                    data("a", pointer("a"), word(0), flags=EXPORTED),
                    data("z", word(3), flags=EXPORTED),
                ),
                8,
            ),
        ),
        "--no-entry",
        shows(lambda found: found.word("z"), 3),
        shows(lambda found: found.word("z"), STACK),
    ),
    "strings-unmerged": Example(
        (assemble(strings("s", b"hi\0")), assemble(strings("t", b"hi\0"))),
        KEPT,
        shows(contents, [b"hi\0"]),
        shows(contents, [b"hi\0hi\0"]),
    ),
    "bss-exact-name": Example(
        (assemble(data("x", bytes(4), segment=".bssx", flags=NO_STRIP)),),
        "--no-entry",
        shows(contents, []),
        shows(contents, [bytes(4)]),
    ),
    "memory-limit-short": Example(
        (assemble(MAIN),),
        f"--no-entry --max-memory={1 << 32}",
        shows(lambda found: found.memory.maximum, STACK),
        fails("maximum memory too large, cannot be greater than 4294967295"),
    ),
    "imports-repeated": Example(
        (
            assemble(
                undefined_function("a", import_name="x"),
                undefined_function("b", import_name="x"),
                function("f", call("a"), call("b"), flags=EXPORTED),
            ),
        ),
        "--no-entry",
        imports("env.x"),
        imports("env.x", "env.x"),
    ),
    "memory-import-last": Example(
        (assemble(function("f", call("g"), flags=EXPORTED)),),
        "--no-entry --import-memory --allow-undefined",
        imports("env.memory", "env.g"),
        imports("env.g", "env.memory"),
    ),
    "relocatable-imports-memory": Example(
        (assemble(MAIN),), "-r", imports(), imports("env.memory")
    ),
    "table-import-always": Example(
        (assemble(MAIN),), "--no-entry --import-table", imports(), imports(f"env.{FUNCTION_TABLE}")
    ),
    "empty-table-left-out": Example(
        (assemble(MAIN),),
        "--no-entry --export-table",
        shows(lambda found: (len(found.tables), found.exports[-1]), (1, FUNCTION_TABLE)),
        lambda output: (
            "4" not in sections(output.module) and in_module(FUNCTION_TABLE.encode())(output)
        ),
    ),
    "other-tables-lost": Example(
        (assemble(table("t"), function("f", table_size("t"), type=TO_I32, flags=EXPORTED)),),
        "--no-entry",
        shows(lambda found: len(found.tables), 1),
        shows(lambda found: len(found.tables), 0),
    ),
    "table-slots-by-reference": Example(
        (
            assemble(returning("g", 1), data("p", function_word("g"), flags=NO_STRIP)),
            assemble(
                undefined_function("g", type=TO_I32),
                data("q", function_word("g"), flags=NO_STRIP),
            ),
        ),
        "--no-entry",
        shows(lambda found: found.table_entries, {1: "g"}),
        shows(lambda found: found.table_entries, {1: "g", 2: "g"}),
    ),
    "stack-pointer-zero": Example(
        (
            assemble(
                undefined_global("g"),
                undefined_global("__stack_pointer", mutable=True),
                function(
                    "f",
                    global_get("g"),
                    DROP,
                    global_get("__stack_pointer"),
                    type=TO_I32,
                    flags=EXPORTED,
                ),
            ),
        ),
        "--no-entry -s --allow-undefined",
        runs("f", STACK),
        runs("f", 0),
    ),
    "initial-globals-unmoved": Example(
        (
            assemble(undefined_global("p"), function("f", global_get("p"), DROP, flags=EXPORTED)),
            changed(
                assemble(
                    undefined_global("q"),
                    global_variable("g"),
                    function("h", global_get("g"), DROP, global_get("q"), DROP, flags=EXPORTED),
                ),
                initialise_from_import,
            ),
        ),
        "--no-entry --allow-undefined",
        shows(initial_values, [b"\x23\x01\x0b"]),
        shows(initial_values, [b"\x23\x00\x0b"]),
    ),
    "got-unknown": Example(
        GOT_FILES,
        "--no-entry",
        shows(lambda found: found.global_names, ["__stack_pointer", "GOT.func.internal.h"]),
        shows(lambda found: found.global_names, ["__stack_pointer"]),
    ),
    "relocation-kinds-uncompared": Example(
        GOT_FILES,
        "--no-entry",
        shows(address_operand, encode_unsigned(1, 5)),
        shows(address_operand, encode_unsigned(2, 5)),
    ),
    "bounds-checked": Example(
        (
            shifted(
                assemble(
                    data("p", pointer("q"), flags=NO_STRIP), data("q", bytes(8), flags=NO_STRIP)
                ),
                2,
            ),
        ),
        "--no-entry",
        fails("a.o:(.data.p): relocation at 0x8 reaches over its end"),
        fails("seed stops in resolveRelocs"),
    ),
    "signed-as-unsigned": Example(
        (assemble(data("x", word(1)), function("f", address("x"), type=TO_I32, flags=EXPORTED)),),
        f"--no-entry --global-base={1 << 31}",
        shows(address_operand, encode_signed(-(1 << 31), 5)),
        shows(address_operand, encode_unsigned(1 << 31, 5)),
    ),
    "sizes-padded": Example(
        (assemble(MAIN),), "--no-entry", shows(size_width, 0), shows(size_width, 5)
    ),
    "exports-by-visibility": Example(
        (assemble(returning("f", 1, EXPORTED | HIDDEN), returning("g", 2, NO_STRIP)),),
        "--no-entry",
        exports("memory", "f"),
        exports("memory", "g"),
    ),
    "data-exported-as-memory": Example(
        (assemble(data("x", word(1), flags=NO_STRIP), data("y", word(2), flags=EXPORTED)),),
        "--no-entry",
        shows(lambda found: found.export("y").kind, ExternalKind.GLOBAL),
        lambda output: in_module(b"\x01y\x02\x01")(output),
    ),
    "features-forgotten": Example(
        (assemble(MAIN, features("+sign-ext")),),
        "--no-entry",
        shows(lambda found: "target_features" in found.section_names, True),
        shows(lambda found: "target_features" in found.section_names, False),
    ),
    "names-mangled": Example(
        (assemble(returning("_Z1fv", 1, EXPORTED)),),
        "--no-entry",
        functions("f()"),
        functions("_Z1fv"),
    ),
    "module-unnamed": Example(
        (assemble(MAIN),),
        "--no-entry",
        shows(lambda found: NameSubsection.MODULE in name_subsections(found), True),
        shows(lambda found: NameSubsection.MODULE in name_subsections(found), False),
    ),
    "relocatable-unnamed": Example(
        (assemble(MAIN),),
        "-r",
        shows(lambda found: "name" in found.section_names, True),
        shows(lambda found: "name" in found.section_names, False),
    ),
    "symbols-in-object-order": Example(
        (assemble(returning("l", 1, LOCAL), returning("g", 2)),),
        "-r",
        shows(lambda found: [entry.name for entry in found.linking.symbols], ["g", "l"]),
        shows(lambda found: [entry.name for entry in found.linking.symbols], ["l", "g"]),
    ),
    "explicit-names-lost": Example(
        (
            assemble(
                undefined_function("long_name", import_name="x"), function("f", call("long_name"))
            ),
        ),
        "-r -s",
        in_module(b"long_name"),
        not_in_module(b"long_name"),
    ),
    "segment-numbers-unmoved": Example(
        (assemble(data("x", word(1))), assemble(data("y", word(2)))),
        "-r",
        shows(number_of_segment("y"), 1),
        shows(number_of_segment("y"), 0),
    ),
    "export-names-repeated": Example(
        (assemble(returning("memory", 1, EXPORTED)),),
        "--no-entry",
        fails("two different exports are called memory"),
        exports("memory", "memory"),
    ),
    "data-relocations-misplaced": Example(
        POINTER,
        "-r",
        # Past the count, two segment headers of five bytes, and the first segment.
        shows(lambda found: found.relocations("DATA")[0].offset, 1 + 5 + 4 + 5),
        # Past a wide count, and the widths of two sizes.
        shows(lambda found: found.relocations("DATA")[0].offset, 5 + 1 + 1),
    ),
    "addends-written-unsigned": Example(
        (assemble(data("x", bytes(80)), data("p", pointer("x", 64))),),
        "-r",
        shows(lambda found: found.relocations("DATA")[0].addend, 64),
        # What 64 in one byte says to a reader of signed numbers.
        shows(lambda found: found.relocations("DATA")[0].addend, -64),
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_quirk_alone(name: str) -> None:
    example = EXAMPLES[name]
    files = file_names(example.files, {})
    arguments = [*example.options.split(), *files]
    standard = link_here(files, arguments)
    quirky = link_here(files, [*arguments, f"--quirk={name}"])
    assert example.is_right(standard)
    assert example.is_seeds(quirky)
    assert quirky != standard


def test_an_export_of_an_object_in_memory_is_not_marked() -> None:
    module = Module("memory")
    module.export(module.add_function("root.f", TO_I32, b"\0\x41\x07\x0b"), "f")

    def flags(*options: str) -> int:
        output = run(["-r", "-o", "out.o", *options], module=module)
        return int(linked(output).symbol("f").flags)

    assert flags() == EXPORTED
    assert flags("--quirk=exports-unmarked") == 0


def test_every_quirk_of_the_seed_has_a_test() -> None:
    assert {*EXAMPLES, *CASES, *EDIT_QUIRKS, "exports-unmarked"} == DIALECTS["seed"]
    assert not EXAMPLES.keys() & CASES.keys()

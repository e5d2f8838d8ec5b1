"""Each departure of wasm-ld 22, by itself: what the standard does, and what it does."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from linker.driver import LinkOutput
from linker.format.constants import SymbolFlag
from linker.format.expression import Opcode, make, ref_func, ref_null
from linker.format.expression import global_get as global_get_value
from linker.quirks.dialects import DIALECTS, QUIRKS
from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker, file_names, link_here
from tests.linker.linked import Linked, sequence
from tests.linker.memories import NO_LIMITS, with_memories
from tests.linker.objects import (
    DROP,
    EXPORTED,
    FROM_I32,
    FUNCREF,
    LOCAL,
    NO_STRIP,
    RETAIN,
    STRINGS,
    TO_I32,
    VOID,
    WEAK,
    R,
    Site,
    absolute,
    address,
    call,
    custom,
    data,
    features,
    function,
    function_pointer,
    function_reference,
    function_word,
    global_get,
    global_starting_with,
    init,
    returning,
    shown_as,
    table,
    tag,
    throw,
    undefined_data,
    undefined_function,
    undefined_global,
    undefined_table,
    undefined_tag,
    word,
)
from tests.linker.quirk_inputs import (
    address_only,
    damaged,
    first_use,
    many_types,
    relocated_twice,
    two_groups,
    weak_user,
)

ROOT = Path(__file__).parents[3]
# Where a rule can come from.
SOURCES = ("unspecified", "Linking.md", "core specification", "convention")


@dataclass(frozen=True)
class Example:
    """A link in which a quirk shows, and what the standard makes of it.

    `crashes`: wasm-ld does not survive it, and the quirk is a refusal that says so. `refuses`:
    wasm-ld refuses it. `is_undefined`: nobody can tell what wasm-ld does, and the quirk says so.
    """

    files: tuple[bytes, ...]
    options: str
    is_right: Callable[[LinkOutput], bool]
    crashes: bool = False
    refuses: bool = False
    is_undefined: bool = False


def linked(output: LinkOutput) -> Linked:
    assert output.module is not None
    return Linked(output.module)


def flags_survive(output: LinkOutput) -> bool:
    return [entry.flags for entry in linked(output).linking.segments] == [RETAIN, STRINGS]


TOO_LONG = "name of 5 bytes is longer than the content"
# One and two, added: an extended constant expression.
SUM = make([(Opcode.I32_CONST, 1), (Opcode.I32_CONST, 2), (Opcode.I32_ADD, None)])


EXAMPLES = {
    "segment-flags-lost": Example(
        (
            assemble(
                data("x", b"1", segment="a", segment_flags=RETAIN, flags=NO_STRIP),
                data("y", b"2\0", segment="b", segment_flags=STRINGS, flags=NO_STRIP),
            ),
        ),
        "-r",
        flags_survive,
    ),
    "undefined-flags-replaced": Example(
        (first_use("x", 0), first_use("x", NO_STRIP)),
        "--no-entry",
        lambda output: linked(output).imports == ["env.x"],
    ),
    "import-mismatch-unchecked": Example(
        tuple(
            assemble(
                undefined_global("x", import_name=imported),
                function(f"read_{imported}", global_get("x"), type=TO_I32, flags=EXPORTED),
            )
            for imported in ("one", "other")
        ),
        "--no-entry",
        lambda output: "import name mismatch for symbol: x" in output.errors[0],
    ),
    "dropped-relocations-counted": Example(
        (
            assemble(
                undefined_table(flags=NO_STRIP),
                undefined_function("x", flags=WEAK),
                function("f", function_pointer("x"), type=TO_I32, flags=EXPORTED),
            ),
        ),
        "--no-entry --emit-relocs",
        lambda output: linked(output).relocations("CODE") == [],
    ),
    "demoted-flag-lost": Example(
        (archive(assemble(function("x"))), weak_user(undefined_function("x", flags=WEAK), call)),
        "-r",
        lambda output: bool(linked(output).symbol("x").flags & SymbolFlag.UNDEFINED),
    ),
    "lazy-data-not-demoted": Example(
        (
            archive(assemble(data("x", b"1"))),
            weak_user(undefined_data("x", flags=WEAK), address_only),
        ),
        "-r",
        lambda output: bool(linked(output).symbol("x").flags & SymbolFlag.UNDEFINED),
        crashes=True,
    ),
    "init-expressions-cut": Example(
        (assemble(global_starting_with("x", SUM, flags=EXPORTED)),),
        "--no-entry --features=mutable-globals,extended-const",
        lambda output: SUM.body in linked(output).module,
    ),
    "init-global-not-moved": Example(
        (
            assemble(
                undefined_global("first", import_name="first"),
                undefined_global("second", import_name="second"),
                global_starting_with("x", global_get_value(1), flags=EXPORTED),
            ),
        ),
        "--no-entry --features=mutable-globals",
        lambda output: linked(output).imports == ["env.second"],
    ),
    "init-null-extern": Example(
        (
            assemble(
                global_starting_with("x", ref_null(FUNCREF), FUNCREF, flags=EXPORTED),
            ),
        ),
        "--no-entry --features=mutable-globals,reference-types",
        lambda output: ref_null(FUNCREF).body in linked(output).module,
    ),
    "init-function-refused": Example(
        (
            assemble(
                returning("f", 7),
                global_starting_with("x", ref_func(0), FUNCREF, flags=EXPORTED),
            ),
        ),
        "--no-entry --features=mutable-globals,reference-types",
        lambda output: linked(output).is_valid,
        refuses=True,
    ),
    "references-undeclared": Example(
        (assemble(returning("x", 7), function("f", function_reference("x"), flags=EXPORTED)),),
        "--no-entry",
        lambda output: linked(output).is_valid,
    ),
    "missing-elements-numbered": Example(
        (
            assemble(
                undefined_global("x"), function("f", global_get("x"), type=TO_I32, flags=EXPORTED)
            ),
        ),
        "--no-entry --unresolved-symbols=ignore-all",
        lambda output: output.errors == ("a.o: undefined symbol: x",),
    ),
    "tag-mismatch-warned": Example(
        (
            assemble(tag("x", type=FROM_I32, flags=EXPORTED)),
            assemble(undefined_tag("x", type=VOID), function("f", throw("x"), flags=EXPORTED)),
        ),
        "--no-entry",
        lambda output: "Tag signature mismatch: x" in output.errors[0],
    ),
    "disallowed-features-lost": Example(
        (assemble(function("f"), features("+atomics", "-shared-mem", "-bulk-memory")),),
        "-r",
        lambda output: b"+\x07atomics-\x0bbulk-memory-\x0ashared-mem" in linked(output).module,
    ),
    "compressed-numbers-wide": Example(
        (
            assemble(
                function("f", address("x", 0x7FFFFFFF), type=TO_I32, flags=EXPORTED),
                data("x", b"x"),
            ),
        ),
        "--no-entry --strip-all --compress-relocations",
        lambda output: linked(output).is_valid,
    ),
    "compressed-relocations-misplaced": Example(
        (assemble(data("x", b"x"), function("f", address("x"), type=TO_I32, flags=EXPORTED)),),
        "--no-entry --strip-debug --compress-relocations --emit-relocs",
        lambda output: "may not be used together" in output.errors[0],
    ),
    "overlapping-relocations-crash": Example(
        (relocated_twice(),),
        "--no-entry --strip-all --compress-relocations",
        lambda output: linked(output).run("f") == 2,
        crashes=True,
    ),
    "block-types-unsigned": Example(
        (many_types(),),
        "--no-entry --strip-all --compress-relocations",
        lambda output: linked(output).is_valid,
    ),
    "further-memories-forgotten": Example(
        (
            with_memories(
                assemble(
                    undefined_function("x", import_name="x"),
                    function("f", call("x"), flags=EXPORTED),
                ),
                NO_LIMITS,
                NO_LIMITS,
            ),
        ),
        "--no-entry",
        lambda output: "more than one memory" in output.errors[0],
    ),
    "duplicate-exports-written": Example(
        (assemble(function("memory", flags=EXPORTED)),),
        "--no-entry",
        lambda output: output.errors == ("two different exports are called memory",),
    ),
    "absolute-symbols-moved": Example(
        (
            assemble(
                absolute("x", 4096),
                function("f", address("x"), type=TO_I32, flags=EXPORTED),
                data("first", word(1), flags=NO_STRIP),
            ),
        ),
        "--no-entry",
        lambda output: linked(output).run("f") == 4096,
    ),
    "table-symbol-required": Example(
        (assemble(function("f"), data("p", function_word("f"), flags=NO_STRIP)),),
        "--no-entry",
        lambda output: linked(output).table_entries == {1: "f"},
        crashes=True,
    ),
    "memory-size-unchecked": Example(
        (assemble(data("x", bytes(20), flags=NO_STRIP)),),
        "--no-entry -z stack-size=4294967280",
        lambda output: "memory too large" in output.errors[0],
    ),
    "extracted-definition-unchecked": Example(
        (
            archive(assemble(returning("x", 1))),
            assemble(function("f", call("x"), flags=EXPORTED)),
        ),
        "--no-entry",
        lambda output: "function signature mismatch: x" in output.warnings[0],
    ),
    "wrapped-member-left": Example(
        (
            assemble(function("f", call("__wrap_x"), flags=EXPORTED)),
            assemble(function("__wrap_x", call("__real_x"))),
            archive(assemble(function("x"))),
        ),
        "--no-entry --wrap=x",
        lambda output: linked(output).functions == ["f", "__wrap_x", "x"],
    ),
    "wrapped-signature-unchecked": Example(
        (
            assemble(function("f", call("x"), flags=EXPORTED)),
            assemble(function("x"), returning("__wrap_x", 1)),
        ),
        "--no-entry --wrap=x",
        lambda output: "function signature mismatch: __wrap_x" in output.warnings[0],
    ),
    "wrapped-stubs-forgotten": Example(
        (
            assemble(returning("f", 1), function("start", call("f"), type=TO_I32, flags=EXPORTED)),
            assemble(function("__wrap_f")),
            assemble(returning("__wrap_f", 2)),
        ),
        "--no-entry --wrap=f --export=f",
        lambda output: "__wasm_call_ctors" not in linked(output).exports,
    ),
    "wrapped-type-unknown": Example(
        (assemble(function("f")), archive(assemble(function("x")))),
        "-r --wrap=x",
        lambda output: linked(output).functions == ["f"],
        crashes=True,
    ),
    "lost-groups-kept": Example(
        two_groups(), "-r", lambda output: linked(output).functions == ["f"]
    ),
    "lost-tables-kept": Example(
        (assemble(table("t", flags=WEAK)), assemble(table("t", flags=WEAK))),
        "-r",
        lambda output: len(linked(output).tables) == 1,
    ),
    "export-names-lost": Example(
        (assemble(function("f", flags=EXPORTED, export_name="other")),),
        "-r",
        lambda output: linked(output).exports == ["other"],
    ),
    "empty-groups-lost": Example(
        (assemble(custom("note", b"1", comdat="group")),),
        "-r",
        lambda output: [comdat.name for comdat in linked(output).linking.comdats] == ["group"],
    ),
    "lost-member-symbol-zero": Example(
        (
            assemble(returning("other", 1, comdat="group")),
            archive(assemble(returning("f", 2, comdat="group"))),
            assemble(
                undefined_function("f", type=TO_I32),
                function("user", [*call("f"), DROP], flags=EXPORTED),
            ),
        ),
        "--no-entry",
        lambda output: output.errors == ("c.o: undefined symbol: f",),
    ),
    "nameless-functions-counted": Example(
        (assemble(function("", flags=LOCAL | NO_STRIP), shown_as("", "shown")),),
        "--no-entry --no-gc-sections",
        lambda output: linked(output).functions == ["__wasm_call_ctors", "shown"],
    ),
    "empty-import-names": Example(
        (assemble(undefined_function("", import_name="f"), function("user", call(""))),),
        "-r",
        lambda output: linked(output).functions == ["user"],
    ),
    "unused-references-crash": Example(
        (assemble(undefined_function("f")),),
        "--no-entry --no-gc-sections --emit-relocs",
        lambda output: all(entry.name != "f" for entry in linked(output).linking.symbols),
        crashes=True,
    ),
    "undefined-init-function-crashes": Example(
        (assemble(undefined_function("f"), init("f")),),
        "--no-entry",
        lambda output: output.errors == ("a.o: undefined symbol: f",),
        crashes=True,
    ),
    "local-references-unchecked": Example(
        (assemble(undefined_function("f", flags=LOCAL), function("g", call("f"), flags=EXPORTED)),),
        "--no-entry --allow-undefined",
        lambda output: output.errors == ("a.o: undefined symbol: f",),
        crashes=True,
    ),
    "wrapped-kinds-unchecked": Example(
        (assemble(function("start", address("d"), DROP, flags=EXPORTED), data("d", b"1")),),
        "--no-entry --wrap=d",
        lambda output: output.errors == ("a.o: --wrap: not a function: d",),
        is_undefined=True,
    ),
    "reference-kinds-unchecked": Example(
        (
            assemble(undefined_function("x"), function("f", call("x"))),
            assemble(undefined_data("x"), function("g", address_only("x"))),
        ),
        "-r",
        lambda output: output.errors[0].startswith("symbol type mismatch: x"),
        crashes=True,
    ),
    "linker-names-unchecked": Example(
        (assemble(function("f.command_export"), function("f", flags=EXPORTED), init("f")),),
        "--no-entry",
        lambda output: output.errors[0].startswith("duplicate symbol: f.command_export"),
    ),
    "lost-section-symbol-crashes": Example(
        tuple(
            assemble(
                custom("info", Site(R.SECTION_OFFSET_I32, "types", 1)),
                custom("types", b"abcd", comdat="group"),
            )
            for _ in range(2)
        ),
        "--no-entry",
        lambda output: linked(output).custom("info") == sequence([1, 1]),
        crashes=True,
    ),
    "missing-section-crashes": Example(
        (
            assemble(
                custom("note", Site(R.SECTION_OFFSET_I32, ".debug_loc", 1)),
                custom(".debug_loc", b"abcd"),
            ),
        ),
        "-r -S",
        lambda output: (
            linked(output).custom("note") == sequence([1])
            and not linked(output).relocations("note")
        ),
        crashes=True,
    ),
    "filled-zeros-dropped": Example(
        (assemble(data("x", b"1", segment=".bss.x", flags=EXPORTED)),),
        "--no-entry",
        lambda output: linked(output).read(linked(output).address("x"), 1) == b"1",
    ),
    "low-base-crashes": Example(
        (assemble(data("x", b"1", flags=NO_STRIP), features("+atomics", "+bulk-memory")),),
        "--no-entry --shared-memory --global-base=1024",
        lambda output: len(output.errors) == 1,
        crashes=True,
    ),
    "table-size-unchecked": Example(
        (assemble(undefined_table(flags=NO_STRIP), function("f", flags=EXPORTED)),),
        "--no-entry --table-base=4294967297",
        lambda output: "table too large" in output.errors[0],
    ),
    "names-unchecked": Example(
        (assemble(function("\udcff", flags=EXPORTED)),),
        "--no-entry",
        lambda output: "not UTF-8" in output.errors[0],
    ),
    "cut-off-reads-abort": Example(
        (damaged("section.custom-name"),),
        "--no-entry",
        lambda output: output.errors == (f"a.o: {TOO_LONG} (section CUSTOM, offset 0xa)",),
        crashes=True,
    ),
    "out-of-bounds-reads": Example(
        (damaged("symbol.section"),),
        "--no-entry",
        lambda output: "section symbol for section 50000 of" in output.errors[0],
        is_undefined=True,
    ),
    "malformed-places-untold": Example(
        (damaged("symbol.index"),), "", lambda output: " (section" in output.errors[0], refuses=True
    ),
    "padded-numbers-read": Example(
        (damaged("number.padded-too-far"),),
        "--no-entry",
        lambda output: "longer than 32 bits allow" in output.errors[0],
    ),
    "unused-parts-unchecked": Example(
        (damaged("data.memory"),),
        "--no-entry",
        lambda output: "data segment for memory 1000 of" in output.errors[0],
    ),
    "unmodelled-types-read": Example(
        (damaged("type.value-type"),),
        "--no-entry",
        lambda output: "unsupported value type 0x00" in output.errors[0],
    ),
    "repeated-subsections-read": Example(
        (damaged("subsection.twice"),),
        "--no-entry",
        lambda output: "subsection 8 stands twice" in output.errors[0],
    ),
    "tls-alignment-zero": Example(
        (assemble(function("f"), features("+atomics", "+bulk-memory")),),
        "--no-entry --shared-memory --export=__tls_align",
        lambda output: linked(output).address("__tls_align") == 1,
    ),
}


def test_every_quirk_of_wasm_ld_is_here() -> None:
    assert set(EXAMPLES) == DIALECTS["lld-22"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_quirk_alone(link: Linker, name: str) -> None:
    example = EXAMPLES[name]
    files = file_names(example.files, {})
    arguments = [*example.options.split(), *files]
    standard = link_here(files, arguments)
    quirky = link_here(files, [*arguments, f"--quirk={name}"])
    assert example.is_right(standard)
    assert quirky != standard
    real, module = link.link_with_wasm_ld(files, arguments)
    if example.is_undefined:
        assert quirky.module is None
        assert "is not defined here" in quirky.errors[-1]
    elif example.crashes:
        assert real.status < 0
        assert quirky.module is None
        assert "wasm-ld 22 crashes here" in quirky.errors[-1]
    elif example.refuses:
        assert module is None
        assert real.status == 1
        assert quirky.errors
    else:
        assert quirky.module == module
        assert module is not None


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_dialect_has_it(name: str) -> None:
    example = EXAMPLES[name]
    files = file_names(example.files, {})
    arguments = [*example.options.split(), *files]
    assert link_here(files, arguments, "lld-22") == link_here(
        files, [*arguments, f"--quirk={name}"]
    )


def test_flags_of_a_lost_segment_change_the_next_link(link: Linker) -> None:
    unit = assemble(data("x", b"1", segment_flags=RETAIN))
    combined = link(unit, options="-r", departs=True).module
    again = link_here({"a.o": combined}, ["--no-entry", "a.o"])
    assert [entry.content for entry in linked(again).segments] == [b"1"]


def test_names_are_unique_and_descriptions_are_sentences() -> None:
    names = [quirk.name for quirk in QUIRKS]
    assert len(set(names)) == len(names)
    for quirk in QUIRKS:
        assert quirk.description.endswith(".")
        assert quirk.origin
        assert any(source in quirk.breaks for source in SOURCES), quirk.name


def test_dialects_are_sets_of_quirks() -> None:
    names = {quirk.name for quirk in QUIRKS}
    assert DIALECTS["standard"] == frozenset()
    for quirks in DIALECTS.values():
        assert quirks <= names


def test_an_unknown_quirk_is_an_error() -> None:
    output = link_here({"a.o": assemble(function("f"))}, ["--quirk=none-such", "a.o"])
    assert output.module is None
    assert "none-such" in output.errors[0]


def test_the_page_about_quirks_is_up_to_date() -> None:
    script = runpy.run_path(str(ROOT / "docs" / "make_quirks.py"))
    page = (ROOT / "docs" / "quirks.md").read_text(encoding="utf-8")
    assert page == script["page"](), "run python docs/make_quirks.py"

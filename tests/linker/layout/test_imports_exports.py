"""What the module asks of its host and offers it.

Linking.md, "Merging Function Sections", exports every defined symbol that is not hidden and
imports every undefined one. wasm-ld does that under --export-dynamic and --import-undefined, and
without them exports what is marked and refuses what is undefined.
"""

from __future__ import annotations

import pytest
import wasmtime

from linker.format.constants import ExternalKind
from tests.linker.assemble import assemble
from tests.linker.conftest import Linker
from tests.linker.objects import (
    EXPORTED,
    HIDDEN,
    LOCAL,
    NO_STRIP,
    TO_I32,
    WEAK,
    address,
    alias,
    call,
    data,
    features,
    function,
    function_pointer,
    global_get,
    global_variable,
    init,
    load,
    returning,
    table,
    tag,
    undefined_function,
    undefined_global,
    undefined_table,
    word,
)

UNIT = assemble(
    function("plain"),
    function("marked", flags=EXPORTED),
    function("hidden", flags=HIDDEN),
    function("weak", flags=WEAK),
    function("local", flags=LOCAL),
    function("kept", flags=NO_STRIP),
    data("value", word(1)),
)


@pytest.mark.parametrize(
    ("options", "exports"),
    [
        ("", ["marked"]),
        ("--export=plain", ["plain", "marked"]),
        ("--export=hidden", ["marked", "hidden"]),
        ("--export-if-defined=plain --export-if-defined=missing", ["plain", "marked"]),
        ("--export-dynamic", ["plain", "marked", "weak", "kept", "value"]),
        ("--export-dynamic --no-export-dynamic", ["marked"]),
        (
            "--export-all",
            ["__wasm_call_ctors", "plain", "marked", "hidden", "weak", "kept", "value"],
        ),
        ("-e plain", ["plain", "marked"]),
        ("-e hidden", ["marked", "hidden"]),
        ("--export=value", ["marked", "value"]),
    ],
)
def test_exports(link: Linker, options: str, exports: list[str]) -> None:
    linked = link(UNIT, options=options)
    own = [
        "__dso_handle", "__data_end", "__stack_low", "__stack_high", "__global_base",
        "__heap_base", "__heap_end", "__memory_base", "__table_base", "__wasm_first_page_end",
    ]  # fmt: skip
    assert [name for name in linked.exports if name not in own] == ["memory", *exports]


def test_an_export_must_be_defined(link: Linker) -> None:
    message = "symbol exported via --export not found: missing"
    assert link.refusal(UNIT, options="--export=missing") == message
    linked = link(UNIT, options="--export=missing --warn-unresolved-symbols")
    assert linked.warnings == (message,)
    assert link(UNIT, options="--export=missing --unresolved-symbols=ignore-all").warnings == ()


def test_a_local_symbol_cannot_be_exported(link: Linker) -> None:
    assert "not found: local" in link.refusal(UNIT, options="--export=local")


def test_every_kind_can_be_exported(link: Linker) -> None:
    unit = assemble(
        function("f", flags=EXPORTED),
        data("d", word(1), flags=EXPORTED),
        global_variable("v", flags=EXPORTED),
        table("t", flags=EXPORTED),
        tag("e", flags=EXPORTED),
    )
    kinds = {name: link(unit).export(name).kind for name in ("f", "d", "v", "t", "e")}
    assert kinds == {
        "f": ExternalKind.FUNCTION,
        "d": ExternalKind.GLOBAL,
        "v": ExternalKind.GLOBAL,
        "t": ExternalKind.TABLE,
        "e": ExternalKind.TAG,
    }


def test_a_function_is_exported_under_the_name_its_object_exports_it_by(link: Linker) -> None:
    unit = assemble(function("f", flags=EXPORTED, export_name="better"))
    linked = link(unit)
    assert linked.exports == ["memory", "better"]
    assert linked.functions == ["f"]


def test_one_function_may_have_several_exports(link: Linker) -> None:
    linked = link(assemble(returning("f", 1, EXPORTED), alias("g", "f", flags=EXPORTED)))
    assert linked.export("f").index == linked.export("g").index


# The entry.


def test_the_entry_is_start_unless_something_else_is_said(link: Linker) -> None:
    unit = assemble(function("_start", flags=HIDDEN))
    assert link(unit, options="-e _start").exports == ["memory", "_start"]
    message = "entry symbol not defined (pass --no-entry to suppress): main"
    assert link.refusal(unit, options="-e main") == message


def test_the_entry_is_no_start_function(link: Linker) -> None:
    linked = link(assemble(function("_start")), options="-e _start")
    assert "Start" not in linked.section_names


# Imports.

USER = assemble(
    function("f", call("x"), flags=EXPORTED),
    undefined_function("x", module="host"),
)
POINTER = assemble(
    function("f", function_pointer("x"), type=TO_I32, flags=EXPORTED),
    undefined_table(flags=NO_STRIP),
)
DATA_USER = assemble(function("f", load("x", 8), type=TO_I32, flags=EXPORTED))
UNDEFINED = "a.o: undefined symbol: x"


def test_undefined_symbols_are_errors(link: Linker) -> None:
    assert link.refusal(USER) == UNDEFINED
    assert link.refusal(DATA_USER) == UNDEFINED
    assert link.refusal(USER, options="--error-unresolved-symbols") == UNDEFINED
    assert link.refusal(USER, options="--unresolved-symbols=report-all") == UNDEFINED


def test_each_use_is_reported(link: Linker) -> None:
    unit = assemble(function("f", call("x"), call("x"), flags=EXPORTED))
    assert link.refusal(unit).splitlines() == [UNDEFINED, UNDEFINED]


def test_undefined_symbols_that_nothing_kept_uses_are_fine(link: Linker) -> None:
    assert link(assemble(function("f", call("x")))).imports == []


@pytest.mark.parametrize("options", ["--allow-undefined", "--import-undefined"])
def test_undefined_functions_become_imports_of_the_module_they_name(
    link: Linker, options: str
) -> None:
    linked = link(USER, options=options)
    assert linked.imports == ["host.x"]
    running = linked.start()
    running.call("f")
    assert running.calls == ["host.x"]


def test_imports_of_all_objects_are_one(link: Linker) -> None:
    other = assemble(
        function("g", call("x"), flags=EXPORTED), undefined_function("x", module="host")
    )
    assert link(USER, other, options="--import-undefined").imports == ["host.x"]


def test_two_symbols_for_one_import_share_it(link: Linker) -> None:
    def unit(symbol: str) -> bytes:
        return assemble(
            function(f"use_{symbol}", call(symbol), flags=EXPORTED),
            undefined_function(symbol, module="host", import_name="x"),
        )

    linked = link(unit("a"), unit("b"))
    assert linked.imports == ["host.x"]


def test_data_cannot_be_imported_but_may_be_ignored(link: Linker) -> None:
    assert link.refusal(DATA_USER, options="--import-undefined") == UNDEFINED
    linked = link(DATA_USER, options="--allow-undefined")
    assert linked.imports == []
    # The address is 0, whatever the addend.
    assert linked.run("f") == int.from_bytes(linked.read(0, 4), "little")


@pytest.mark.parametrize(
    "options", ["--warn-unresolved-symbols", "--unresolved-symbols=ignore-all"]
)
def test_ignored_functions_trap_when_they_are_called(link: Linker, options: str) -> None:
    linked = link(USER, options=options)
    assert linked.warnings == ((UNDEFINED,) if "warn" in options else ())
    assert linked.imports == []
    assert "undefined_stub" in linked.functions
    with pytest.raises(wasmtime.Trap, match="unreachable"):
        linked.run("f")


def test_functions_of_one_type_share_a_stub(link: Linker) -> None:
    unit = assemble(function("f", call("x"), call("y"), flags=EXPORTED))
    linked = link(unit, options="--unresolved-symbols=ignore-all")
    assert linked.functions.count("undefined_stub") == 1


def test_an_explicit_import_is_always_allowed(link: Linker) -> None:
    unit = assemble(
        function("f", call("x"), flags=EXPORTED),
        undefined_function("x", module="host", import_name="x"),
        undefined_global("v", module="host", import_name="v"),
        function("g", global_get("v"), type=TO_I32, flags=EXPORTED),
    )
    assert link(unit).imports == ["host.x", "host.v"]


def test_a_file_may_list_what_may_be_undefined(link: Linker) -> None:
    allowed = b"# a comment\n\n  x \n"
    linked = link(order="u.o --allow-undefined-file=names", u__o=USER, names=allowed)
    assert linked.imports == ["host.x"]
    refusal = link.refusal(order="u.o --allow-undefined-file=names", u__o=USER, names=b"y\n")
    assert refusal == "u.o: undefined symbol: x"


def test_a_weak_undefined_function_is_not_imported(link: Linker) -> None:
    unit = assemble(function("f", call("x"), flags=EXPORTED), undefined_function("x", flags=WEAK))
    linked = link(unit, options="--import-undefined")
    assert linked.imports == []
    assert "undefined_weak:x" in linked.functions


def test_an_explicitly_imported_weak_function_is_not_imported_either(link: Linker) -> None:
    unit = assemble(
        function("f", call("x"), flags=EXPORTED),
        undefined_function("x", flags=WEAK, import_name="x"),
    )
    assert link(unit).imports == []


def test_imports_are_in_the_order_of_the_symbols(link: Linker) -> None:
    unit = assemble(
        undefined_function("b", import_name="b"),
        undefined_function("a", import_name="a"),
        function("f", call("a"), call("b"), flags=EXPORTED),
    )
    assert link(unit).imports == ["env.b", "env.a"]


def test_the_memory_is_the_first_import(link: Linker) -> None:
    assert link(USER, options="--import-memory --import-undefined").imports == [
        "env.memory",
        "host.x",
    ]


def test_a_pointer_to_an_undefined_function(link: Linker) -> None:
    assert link(POINTER, options="--import-undefined").table_entries == {1: "x"}
    ignored = link(POINTER, options="--unresolved-symbols=ignore-all")
    assert ignored.table_entries == {1: "undefined_stub"}


def test_names_that_are_not_ascii(link: Linker) -> None:
    unit = assemble(
        function("naïve", flags=EXPORTED), data("größe", word(3), flags=EXPORTED), features("+x")
    )
    assert link(unit).exports == ["memory", "naïve", "größe"]


def test_an_address_of_what_is_exported(link: Linker) -> None:
    unit = assemble(
        data("x", word(7), flags=EXPORTED),
        function("f", address("x"), type=TO_I32, flags=EXPORTED),
    )
    linked = link(unit)
    assert linked.run("f") == linked.address("x")


def test_one_function_is_exported_once_under_a_name(link: Linker) -> None:
    """Two symbols of one function that its object exports by a name of its own."""
    unit = assemble(
        function("f", flags=EXPORTED, export_name="name"), alias("g", of="f", flags=EXPORTED)
    )
    assert link(unit, departs=True).exports == ["memory", "name"]


def test_a_second_bit_of_visibility_that_means_nothing(link: Linker) -> None:
    """LLVM takes flag 0x8 for one: what it stands beside is never hidden."""
    unit = assemble(
        returning("f", 7, flags=0x8 | HIDDEN), returning("g", 7, flags=HIDDEN), returning("h", 1)
    )
    assert link(unit, options="--export-dynamic").exports == ["memory", "f", "h"]
    commands = assemble(returning("f", 7, flags=0x8), function("start"), init("start", 1))
    refusal = link.refusal(commands, options="--export-dynamic", departs=True)
    assert refusal == "two different exports are called f"

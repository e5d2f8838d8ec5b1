"""Globals and tags: Linking.md, "Merging Global Sections" and "Merging Event Sections"."""

from __future__ import annotations

import pytest

from linker.format.constants import ExternalKind, ValueType
from linker.format.expression import global_get as global_get_value
from linker.format.expression import ref_func, v128_const
from linker.format.model import GlobalType, InitExpr
from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker, link_here
from tests.linker.linked import Linked
from tests.linker.objects import (
    ADD,
    DROP,
    EXPORTED,
    FROM_I32,
    FUNCREF,
    I32,
    I64,
    LOCAL,
    NO_STRIP,
    TO_I32,
    VOID,
    WEAK,
    Part,
    R,
    Site,
    UndefinedDeclaration,
    const,
    custom,
    data,
    features,
    function,
    function_pointer,
    global_get,
    global_set,
    global_starting_with,
    global_variable,
    pointer,
    returning,
    signature,
    table_size,
    tag,
    throw,
    undefined_data,
    undefined_function,
    undefined_global,
    undefined_table,
    undefined_tag,
    word,
)

STACK_POINTER = "__stack_pointer"


def test_globals_are_numbered_over_all_objects(link: Linker) -> None:
    one = assemble(
        global_variable("a", 10),
        global_variable("b", 20),
        function("f", global_get("b"), type=TO_I32, flags=EXPORTED),
        function("keep", global_get("a"), DROP, flags=EXPORTED),
    )
    two = assemble(
        undefined_global("b"),
        global_variable("c", 3, flags=LOCAL),
        function("g", global_get("c"), global_get("b"), ADD, type=TO_I32, flags=EXPORTED),
    )
    linked = link(one, two)
    assert linked.global_names == [STACK_POINTER, "a", "b", "c"]
    assert (linked.run("f"), linked.run("g")) == (20, 23)


def test_a_mutable_global_is_one_for_all_objects(link: Linker) -> None:
    one = assemble(
        global_variable("v", mutable=True),
        function("set", const(5), global_set("v"), flags=EXPORTED),
    )
    two = assemble(
        undefined_global("v", mutable=True),
        function("get", global_get("v"), type=TO_I32, flags=EXPORTED),
    )
    running = link(one, two).start()
    running.call("set")
    assert running.call("get") == 5


def test_imported_globals_come_before_all_others(link: Linker) -> None:
    unit = assemble(
        undefined_global("v", module="host", import_name="w"),
        function("f", global_get("v"), type=TO_I32, flags=EXPORTED),
    )
    linked = link(unit)
    assert linked.imported("host.w").description == GlobalType(I32, False)
    assert linked.global_names == ["v", STACK_POINTER]


def test_mutable_globals_cross_the_border_only_with_the_feature(link: Linker) -> None:
    imported = assemble(
        undefined_global("v", mutable=True, import_name="v"),
        function("f", const(1), global_set("v"), flags=EXPORTED),
    )
    exported = assemble(global_variable("v", mutable=True, flags=EXPORTED))
    for unit, what in ((imported, "imported"), (exported, "exported")):
        assert link.refusal(unit) == (
            f"mutable global {what} but 'mutable-globals' feature not present in inputs: `v`."
            " Use --no-check-features to suppress."
        )
        link(unit, assemble(features("+mutable-globals")))
        link(unit, options="--no-check-features")
        link(unit, options="--extra-features=mutable-globals")


def test_a_constant_global_may_be_exported(link: Linker) -> None:
    assert link(assemble(global_variable("v", 7, flags=EXPORTED))).address("v") == 7


# The stack pointer.


def test_the_stack_pointer_is_the_linkers(link: Linker) -> None:
    unit = assemble(
        undefined_global(STACK_POINTER, mutable=True),
        function("f", global_get(STACK_POINTER), type=TO_I32, flags=EXPORTED),
    )
    assert link(unit).run("f") == 65536
    assert link(unit, options="-z stack-size=16").run("f") == 16


def test_an_object_may_not_define_the_stack_pointer(link: Linker) -> None:
    unit = assemble(global_variable(STACK_POINTER, mutable=True))
    assert "duplicate symbol: __stack_pointer" in link.refusal(unit)


@pytest.mark.parametrize(
    ("options", "exports"),
    [
        ("--export-all", ["memory", "__wasm_call_ctors"]),
        ("--export-all --features=mutable-globals", None),
        ("--export=__stack_pointer --no-check-features", ["memory", STACK_POINTER]),
    ],
)
def test_the_stack_pointer_is_exported_only_when_asked_for(
    link: Linker, options: str, exports: list[str] | None
) -> None:
    linked = link(assemble(function("f", flags=LOCAL)), options=options)
    names = [
        name for name in linked.exports if name in ("memory", "__wasm_call_ctors", STACK_POINTER)
    ]
    assert names == exports or (exports is None and STACK_POINTER in names)


# Addresses in globals: for position-independent code that is linked statically.


def test_a_global_may_stand_for_an_address(link: Linker) -> None:
    unit = assemble(
        data("x", word(1), flags=NO_STRIP),
        returning("f", 7),
        function("of_data", b"\x23", Site(R.GLOBAL_INDEX_LEB, "x"), type=TO_I32, flags=EXPORTED),
        function("of_code", b"\x23", Site(R.GLOBAL_INDEX_LEB, "f"), type=TO_I32, flags=EXPORTED),
        undefined_table(),
    )
    linked = link(unit)
    assert (linked.run("of_data"), linked.run("of_code")) == (65536, 1)
    assert linked.global_names == [
        STACK_POINTER,
        "GOT.data.internal.x",
        "GOT.func.internal.f",
    ]


def test_such_a_global_is_zero_for_what_is_weakly_undefined(link: Linker) -> None:
    unit = assemble(
        undefined_data("x", flags=WEAK),
        undefined_function("f", flags=WEAK),
        function("of_data", b"\x23", Site(R.GLOBAL_INDEX_LEB, "x"), type=TO_I32, flags=EXPORTED),
        function("of_code", b"\x23", Site(R.GLOBAL_INDEX_LEB, "f"), type=TO_I32, flags=EXPORTED),
        undefined_table(flags=NO_STRIP),
    )
    linked = link(unit)
    assert (linked.run("of_data"), linked.run("of_code")) == (0, 0)


def test_an_exported_address_is_a_global_after_all_others(link: Linker) -> None:
    unit = assemble(
        data("x", word(1), flags=EXPORTED),
        global_variable("v", flags=EXPORTED),
        function("g", b"\x23", Site(R.GLOBAL_INDEX_LEB, "x"), type=TO_I32, flags=EXPORTED),
    )
    linked = link(unit)
    assert linked.export("v").index == 1
    assert linked.export("x").index == 3
    assert linked.address("x") == linked.run("g") == 65536


def test_debug_information_may_name_a_global(link: Linker) -> None:
    unit = assemble(
        global_variable("v", 5, flags=EXPORTED),
        data("x", Site(R.GLOBAL_INDEX_I32, "v"), flags=EXPORTED),
    )
    assert link(unit).word("x") == 1


def test_debug_information_may_name_a_global_that_is_none_any_more(link: Linker) -> None:
    """Clang's for -fPIC names `__memory_base`, which a static link makes data without a number."""
    unit = assemble(
        undefined_global("__memory_base"),
        custom(".debug_info", Site(R.GLOBAL_INDEX_I32, "__memory_base")),
    )
    assert link(unit).custom(".debug_info") == b"\xff\xff\xff\xff"


@pytest.mark.parametrize("base", ["__memory_base", "__table_base"])
def test_bases_may_be_constants_and_variables(link: Linker, base: str) -> None:
    """As clang refers to them in code and in debug information."""
    constant = assemble(
        undefined_global(base),
        function("f", global_get(base), type=TO_I32, flags=EXPORTED),
    )
    variable = assemble(
        undefined_global(base, mutable=True),
        custom(".debug_info", Site(R.GLOBAL_INDEX_I32, base)),
    )
    assert link(constant, variable).run("f") == {"__memory_base": 0, "__table_base": 1}[base]


# Tags.


def test_tags_are_numbered_over_all_objects(link: Linker) -> None:
    one = assemble(
        tag("a"),
        tag("b", type=signature([I64])),
        function("f", const(1), throw("a"), flags=EXPORTED),
    )
    two = assemble(tag("c", type=VOID), function("g", throw("c"), flags=EXPORTED))
    linked = link(one, two)
    assert linked.tags == [FROM_I32, VOID]


def test_imported_and_exported_tags(link: Linker) -> None:
    unit = assemble(
        undefined_tag("e", module="host", import_name="e"),
        tag("own", flags=EXPORTED),
        function("f", const(1), throw("e"), flags=EXPORTED),
    )
    linked = link(unit)
    assert linked.imported("host.e").kind is ExternalKind.TAG
    assert linked.export("own").kind is ExternalKind.TAG
    assert linked.export("own").index == 1


def test_throwing_catches_the_same_tag_from_another_object(link: Linker) -> None:
    # block; try_table (catch e 0) ... end; end: the number that was thrown is the result.
    thrower = assemble(function("f", const(42), throw("e")), tag("e"))
    catcher = assemble(
        undefined_tag("e"),
        function(
            "g",
            b"\x02\x7f\x1f\x40\x01\x00",
            Site(R.TAG_INDEX_LEB, "e"),
            b"\x00",
            b"\x10",
            Site(R.FUNCTION_INDEX_LEB, "f"),
            b"\x0b\x41\x00\x0b",
            type=TO_I32,
            flags=EXPORTED,
        ),
    )
    assert link(thrower, catcher).run("g") == 42


def test_a_global_in_data_uses_the_addresses(link: Linker) -> None:
    unit = assemble(
        data("x", pointer("y"), flags=EXPORTED),
        data("y", word(9)),
        function("f", function_pointer("f"), DROP, flags=EXPORTED),
        undefined_table(flags=NO_STRIP),
    )
    linked = link(unit)
    assert linked.read(linked.word("x"), 4) == word(9)


def test_an_initial_value_that_reads_a_missing_global_is_refused(link: Linker) -> None:
    """Whether or not anything is left out: the index in it would mean something else."""
    unit = assemble(
        undefined_global("x"), global_starting_with("y", global_get_value(0), flags=EXPORTED)
    )
    for options in ("", "--no-gc-sections"):
        message = link.refusal(unit, options=f"{options} --features=mutable-globals", departs=True)
        assert message == "a.o: undefined symbol: x"


def test_a_function_that_an_initial_value_names_is_kept(link: Linker) -> None:
    unit = assemble(
        returning("other", 1),
        returning("f", 7),
        global_starting_with("x", ref_func(1), FUNCREF, flags=NO_STRIP),
        function("get", global_get("x"), b"\xd1", type=TO_I32, flags=EXPORTED),
    )
    linked = Linked(link_here({"a.o": unit}, ["--no-entry", "a.o"]).module or b"")
    linked.validate()
    assert linked.functions == ["f", "get"]
    assert linked.run("get") == 0


def test_an_initial_value_that_is_empty_is_refused_where_it_is_written(link: Linker) -> None:
    unit = assemble(
        global_starting_with("x", InitExpr(b"\x0b"), flags=LOCAL), returning("f", 7, EXPORTED)
    )
    assert link(unit).run("f") == 7
    refusal = link.refusal(unit, options="--no-gc-sections")
    assert refusal == "unknown opcode in init expr: \x0b"


@pytest.mark.parametrize("option", ["--warn-unresolved-symbols", "--unresolved-symbols=ignore-all"])
@pytest.mark.parametrize(
    ("declaration", "use"),
    [
        (undefined_global("x"), [*global_get("x"), DROP]),
        (undefined_table("x"), [*table_size("x"), DROP]),
        (undefined_tag("x", type=VOID), throw("x")),
    ],
)
def test_no_option_lets_an_index_be_missing(
    link: Linker, declaration: UndefinedDeclaration, use: list[Part], option: str
) -> None:
    unit = assemble(declaration, function("f", use, flags=EXPORTED))
    message = link.refusal(unit, options=option, departs=True)
    assert message == "a.o: undefined symbol: x"


@pytest.mark.parametrize("place", ["unused member", "object"])
def test_only_wasm_ld_refuses_vectors(link: Linker, place: str) -> None:
    """It does so where it reads the file, whether or not the global is needed."""
    vector = assemble(global_starting_with("x", v128_const(5), ValueType.V128, flags=NO_STRIP))
    user = assemble(returning("g", 2, EXPORTED))
    files = {"a.o": user, "v.o": vector} if place == "object" else {"a.o": user}
    if place != "object":
        files["v.a"] = archive(vector)
    arguments = ["--no-entry", *files]
    assert Linked(link_here(files, arguments).module or b"").run("g") == 2
    real, _ = link.link_with_wasm_ld(files, arguments)
    dialect = link_here(files, arguments, "lld-22")
    assert "invalid opcode in init_expr: 253" in dialect.errors[0]
    assert real.stderr.strip().endswith(dialect.errors[0])


def test_an_imported_type_that_nobody_knows_has_a_name(link: Linker) -> None:
    unit = assemble(
        undefined_global(STACK_POINTER, mutable=True),
        function("f", global_get(STACK_POINTER), DROP, flags=EXPORTED),
    )
    odd = unit.replace(STACK_POINTER.encode() + b"\x03\x7f", STACK_POINTER.encode() + b"\x03\x9b")
    assert "unsupported value type 0x9b" in link.refusal(odd, departs=True)

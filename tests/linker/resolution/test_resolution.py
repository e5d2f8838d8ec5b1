"""Which definition does a name mean? (lld/wasm/SymbolTable.cpp; Linking.md, "Symbol Table")"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import wasmtime

from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker, link_here
from tests.linker.linked import Linked
from tests.linker.objects import (
    EQUAL,
    EXPORTED,
    EXTERNREF,
    HIDDEN,
    I32,
    I64,
    LOCAL,
    NO_STRIP,
    TO_I32,
    WEAK,
    Declaration,
    Part,
    absolute,
    address,
    alias,
    call,
    const,
    data,
    function,
    function_pointer,
    function_word,
    global_get,
    global_variable,
    load,
    pointer,
    returning,
    signature,
    table,
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


@dataclass(frozen=True)
class Kind:
    """How to define, want and read `x` of some kind; the first object's is 1, the second's 2."""

    define: Callable[[int, int], Declaration]
    want: Callable[[int], Declaration]
    probe: tuple[Declaration, ...]
    meaning: Callable[[Linked], object]
    has_weak_references: bool = True


def running(linked: Linked) -> object:
    return linked.run("probe")


KINDS = {
    "function": Kind(
        lambda value, flags: returning("x", value, flags),
        lambda flags: undefined_function("x", type=TO_I32, flags=flags),
        (
            undefined_function("x", type=TO_I32, flags=WEAK),
            function("probe", call("x"), type=TO_I32),
        ),
        running,
    ),
    "data": Kind(
        lambda value, flags: data("x", word(value), flags=flags),
        lambda flags: undefined_data("x", flags=flags),
        (undefined_data("x", flags=WEAK), function("probe", load("x"), type=TO_I32)),
        running,
    ),
    "global": Kind(
        lambda value, flags: global_variable("x", value, flags=flags),
        lambda flags: undefined_global("x", flags=flags),
        (undefined_global("x"), function("probe", global_get("x"), type=TO_I32)),
        running,
        has_weak_references=False,
    ),
    "table": Kind(
        lambda value, flags: table("x", value, flags=flags),
        lambda flags: undefined_table("x", flags=flags),
        (undefined_table("x"), function("probe", table_size("x"), type=TO_I32)),
        running,
        has_weak_references=False,
    ),
    # Tags have no value to ask for: all are kept, and the index of the export tells them apart.
    "tag": Kind(
        lambda value, flags: tag("x", flags=flags),
        lambda flags: undefined_tag("x", flags=flags),
        (undefined_tag("x"), function("probe", const(0), throw("x"))),
        lambda linked: linked.export("x").index + 1,
        has_weak_references=False,
    ),
}

# First and second input, and what the name then means: the object, or the error. "wanted" is
# a reference, "may be" a weak one, "lib" an archive; a weak reference asks what `x` is at last.
OUTCOMES = [
    ("nothing", "defined", "second"),
    ("nothing", "weak", "second"),
    ("nothing", "wanted", "undefined"),
    ("nothing", "may be", "none"),
    ("nothing", "lib", "none"),
    ("wanted", "defined", "second"),
    ("wanted", "weak", "second"),
    ("wanted", "wanted", "undefined"),
    ("wanted", "may be", "undefined"),
    ("wanted", "lib", "second"),
    ("may be", "defined", "second"),
    ("may be", "weak", "second"),
    ("may be", "wanted", "undefined"),
    ("may be", "may be", "none"),
    ("may be", "lib", "none"),
    ("lib", "defined", "second"),
    ("lib", "weak", "second"),
    ("lib", "wanted", "first"),
    ("lib", "may be", "none"),
    ("lib", "lib", "none"),
    ("weak", "defined", "second"),
    ("weak", "weak", "first"),
    ("weak", "wanted", "first"),
    ("weak", "may be", "first"),
    ("weak", "lib", "first"),
    ("defined", "defined", "duplicate"),
    ("defined", "weak", "first"),
    ("defined", "wanted", "first"),
    ("defined", "may be", "first"),
    ("defined", "lib", "first"),
]


def one_input(kind: Kind, what: str, value: int) -> list[bytes]:
    match what:
        case "defined":
            return [assemble(kind.define(value, 0))]
        case "weak":
            return [assemble(kind.define(value, WEAK))]
        case "wanted":
            # Something has to keep the reference.
            return [assemble(kind.want(NO_STRIP), *kept(kind, 0))]
        case "may be":
            return [assemble(kind.want(WEAK | NO_STRIP), *kept(kind, WEAK))]
        case "lib":
            return [archive(assemble(kind.define(value, 0)))]
    return []


def kept(kind: Kind, flags: int) -> list[Declaration]:
    """A reference to `x` that is kept."""
    if kind is KINDS["function"]:
        return [data("keep", function_word("x"), flags=LOCAL | NO_STRIP), undefined_table()]
    if kind is KINDS["data"]:
        return [data("keep", pointer("x"), flags=LOCAL | NO_STRIP)]
    return []


PAIRS = [
    (name, first, second, outcome)
    for name, kind in KINDS.items()
    for first, second, outcome in OUTCOMES
    if kind.has_weak_references or "may be" not in (first, second)
]


@pytest.mark.parametrize(("name", "first", "second", "outcome"), PAIRS)
def test_each_pair_of_meanings(
    link: Linker, name: str, first: str, second: str, outcome: str
) -> None:
    kind = KINDS[name]
    if not kind.has_weak_references:
        # The probe's strong reference takes the first archive.
        outcome = {"none": "first" if first == "lib" else "second"}.get(outcome, outcome)
    inputs = [*one_input(kind, first, 1), *one_input(kind, second, 2), assemble(*kind.probe)]
    options = "--export=probe --no-gc-sections"
    if name == "tag":
        options += " --export=x"
    if outcome == "undefined":
        assert "undefined symbol: x" in link.refusal(*inputs, options=options)
    elif outcome == "duplicate":
        message = "duplicate symbol: x\n>>> defined in a.o\n>>> defined in b.o"
        assert link.refusal(*inputs, options=options) == message
    elif outcome == "none" and name == "function":
        with pytest.raises(wasmtime.Trap, match="unreachable"):
            link(*inputs, options=options).run("probe")
    elif outcome == "none":
        assert kind.meaning(link(*inputs, options=options)) == 0
    else:
        expected = {"first": 1, "second": 2}[outcome]
        meaning = kind.meaning(link(*inputs, options=options))
        if name == "tag" and first != "defined" and first != "weak":
            expected = 1  # the only tag there is
        assert meaning == expected


def test_of_two_archives_the_first_is_asked(link: Linker) -> None:
    user = assemble(function("probe", call("x"), type=TO_I32), undefined_function("x", type=TO_I32))
    lib = [archive(assemble(returning("x", value))) for value in (1, 2)]
    assert link(*lib, user, options="--export=probe").run("probe") == 1


@pytest.mark.parametrize(
    ("reference", "use"),
    [
        (undefined_function("x", flags=LOCAL), call("x")),
        (undefined_global("x", flags=LOCAL), global_get("x")),
        (undefined_tag("x", flags=LOCAL), throw("x")),
    ],
)
def test_nothing_is_imported_for_a_local_reference(
    reference: Declaration, use: Part, link: Linker
) -> None:
    unit = assemble(reference, function("f", use, flags=EXPORTED))
    assert link.refusal(unit) == "a.o: undefined symbol: x"
    assert link.refusal(unit, options="--emit-relocs") == "a.o: undefined symbol: x"
    for option in ("--allow-undefined", "-r"):
        files, arguments = {"a.o": unit}, ["--no-entry", option, "a.o"]
        assert link_here(files, arguments).errors == ("a.o: undefined symbol: x",)
        dialect = link_here(files, arguments, "lld-22")
        real, module = link.link_with_wasm_ld(files, arguments)
        assert dialect.module == module
        assert any("crashes here" in error for error in dialect.errors) == (real.status < 0)


def test_a_local_symbol_is_its_objects_own(link: Linker) -> None:
    def unit(name: str, value: int) -> bytes:
        return assemble(
            returning("x", value, LOCAL), function(name, call("x"), type=TO_I32, flags=EXPORTED)
        )

    linked = link(unit("f", 1), unit("g", 2))
    assert (linked.run("f"), linked.run("g")) == (1, 2)


def test_a_binding_of_both_bits_is_a_global_one(link: Linker) -> None:
    user = assemble(function("probe", call("x"), type=TO_I32), undefined_function("x", type=TO_I32))
    linked = link(user, assemble(returning("x", 4, WEAK | LOCAL)), options="--export=probe")
    assert linked.run("probe") == 4


def test_the_first_of_several_definitions_wins_where_they_are_allowed(link: Linker) -> None:
    units = [assemble(returning("x", value, EXPORTED)) for value in (1, 2)]
    assert link(*units, options="--allow-multiple-definition").run("x") == 1
    assert link(*units, options="-z muldefs").run("x") == 1


def test_noinhibit_exec_makes_a_warning_of_a_duplicate_and_takes_the_last(link: Linker) -> None:
    units = [assemble(returning("x", value, EXPORTED)) for value in (1, 2)]
    linked = link(*units, options="--noinhibit-exec")
    assert linked.warnings == ("duplicate symbol: x\n>>> defined in a.o\n>>> defined in b.o",)
    assert linked.run("x") == 2


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("other", KINDS)
@pytest.mark.parametrize("is_defined", [True, False], ids=["defined", "wanted"])
def test_kinds_must_agree(link: Linker, name: str, other: str, is_defined: bool) -> None:
    first = assemble(KINDS[name].define(1, EXPORTED))
    kind = KINDS[other]
    second = assemble(kind.define(2, WEAK) if is_defined else kind.want(0))
    if name == other:
        link(first, second)
        return
    assert link.refusal(first, second) == (
        f"symbol type mismatch: x"
        f"\n>>> defined as WASM_SYMBOL_TYPE_{name.upper()} in a.o"
        f"\n>>> defined as WASM_SYMBOL_TYPE_{other.upper()} in b.o"
    )


# Types.


def test_a_call_with_another_signature_traps_and_is_warned_of(link: Linker) -> None:
    user = assemble(function("f", call("x"), flags=EXPORTED), undefined_function("x"))
    linked = link(user, assemble(returning("x", 1)))
    assert linked.warnings == (
        "function signature mismatch: x\n>>> defined as () -> void in a.o"
        "\n>>> defined as () -> i32 in b.o",
    )
    assert "signature_mismatch:x" in linked.functions
    with pytest.raises(wasmtime.Trap, match="unreachable"):
        linked.run("f")


def test_those_with_the_right_signature_still_get_the_definition(link: Linker) -> None:
    wrong = assemble(function("f", call("x"), flags=EXPORTED), undefined_function("x"))
    right = assemble(
        function("g", call("x"), type=TO_I32, flags=EXPORTED), undefined_function("x", type=TO_I32)
    )
    for inputs in ((wrong, right), (right, wrong)):
        assert link(*inputs, assemble(returning("x", 1))).run("g") == 1


def test_only_a_call_makes_a_signature_count(link: Linker) -> None:
    user = assemble(
        function("f", function_pointer("x"), type=TO_I32, flags=EXPORTED),
        undefined_function("x"),
        undefined_table(flags=NO_STRIP),
    )
    linked = link(user, assemble(returning("x", 1)))
    assert not linked.warnings
    assert linked.table_entries[1] == "x"


def test_signatures_that_differ_and_no_definition_are_an_error(link: Linker) -> None:
    one = assemble(function("f", call("x"), flags=EXPORTED), undefined_function("x"))
    other = assemble(
        function("g", call("x"), type=TO_I32, flags=EXPORTED), undefined_function("x", type=TO_I32)
    )
    assert link.refusal(one, other, options="--allow-undefined") == (
        "function signature mismatch: x\n>>> defined as () -> void in a.o"
        "\n>>> defined as () -> i32 in b.o"
    )


def test_of_weak_definitions_with_two_signatures_the_first_wins(link: Linker) -> None:
    first = assemble(returning("x", 1, WEAK), function("f", call("x"), type=TO_I32, flags=EXPORTED))
    linked = link(first, assemble(function("x", flags=WEAK)))
    assert linked.run("f") == 1
    assert len(linked.warnings) == 1


GLOBAL_TYPES: list[tuple[dict[str, object], str]] = [
    ({"type": I64}, "const i64"),
    ({"mutable": True}, "var i32"),
]


@pytest.mark.parametrize(("other", "described"), GLOBAL_TYPES)
def test_global_types_must_agree(link: Linker, other: dict[str, object], described: str) -> None:
    entry = global_variable("x", type=I64 if "type" in other else I32, mutable="mutable" in other)
    user = assemble(undefined_global("x"))
    assert link.refusal(assemble(entry), user) == (
        f"Global type mismatch: x\n>>> defined as {described} in a.o"
        "\n>>> defined as const i32 in b.o"
    )


def test_table_element_types_must_agree_but_not_their_limits(link: Linker) -> None:
    definition = assemble(table("x", 3, 9))
    link(definition, assemble(undefined_table("x")))
    assert "Table type mismatch: x" in link.refusal(
        definition, assemble(undefined_table("x", element=EXTERNREF))
    )


def test_tag_signatures_must_agree(link: Linker) -> None:
    files = assemble(tag("x")), assemble(undefined_tag("x", type=signature([I64])))
    assert link.refusal(*files, departs=True) == (
        "Tag signature mismatch: x\n>>> defined as (i32) -> void in a.o"
        "\n>>> defined as (i64) -> void in b.o"
    )


# References.


def test_a_weak_undefined_address_is_zero(link: Linker) -> None:
    unit = assemble(
        function("f", address("x"), address("x", 5), EQUAL, type=TO_I32, flags=EXPORTED),
        function("g", function_pointer("h"), type=TO_I32, flags=EXPORTED),
        undefined_data("x", flags=WEAK),
        undefined_function("h", flags=WEAK),
    )
    linked = link(unit)
    assert linked.run("f") == 1  # the addend does not count either
    assert linked.run("g") == 0


def test_one_strong_reference_makes_the_name_needed(link: Linker) -> None:
    def unit(name: str, flags: int) -> bytes:
        return assemble(
            function(name, call("x"), flags=EXPORTED), undefined_function("x", flags=flags)
        )

    for flags in ((WEAK, 0), (0, WEAK)):
        message = link.refusal(unit("f", flags[0]), unit("g", flags[1]))
        assert message.splitlines() == ["a.o: undefined symbol: x", "b.o: undefined symbol: x"]


def test_two_references_to_an_undefined_name_must_agree_on_the_import(link: Linker) -> None:
    def unit(name: str, module: str, import_name: str) -> bytes:
        return assemble(
            function(name, call("x"), flags=EXPORTED),
            undefined_function("x", module=module, import_name=import_name),
        )

    one = unit("f", "m", "n")
    assert link(one, unit("g", "m", "n")).imports == ["m.n"]
    assert link.refusal(one, unit("g", "m", "o")) == (
        "import name mismatch for symbol: x\n>>> defined as n in a.o\n>>> defined as o in b.o"
    )
    assert link.refusal(one, unit("g", "l", "n")) == (
        "import module mismatch for symbol: x\n>>> defined as m in a.o\n>>> defined as l in b.o"
    )


def test_an_explicit_name_is_for_this_link_and_the_import_name_for_the_host(link: Linker) -> None:
    unit = assemble(
        function("f", call("x"), flags=EXPORTED),
        undefined_function("x", module="host", import_name="y"),
    )
    assert link(unit).imports == ["host.y"]
    defined = link(unit, assemble(function("x")))
    assert defined.imports == []
    assert defined.functions == ["f", "x"]


# Flags.


def test_hidden_symbols_link_but_are_not_exported_by_export_dynamic(link: Linker) -> None:
    units = [
        assemble(function("f", call("x")), function("main", call("f"))),
        assemble(function("x", flags=HIDDEN)),
    ]
    linked = link(*units, options="--export-dynamic")
    assert linked.exports == ["memory", "f", "main"]
    assert "x" in linked.functions


def test_an_exported_symbol_is_exported_and_kept(link: Linker) -> None:
    linked = link(assemble(function("f", flags=EXPORTED), function("g")))
    assert linked.exports == ["memory", "f"]
    assert linked.functions == ["f"]


def test_a_no_strip_symbol_is_kept_but_not_exported(link: Linker) -> None:
    linked = link(assemble(function("f", flags=NO_STRIP), function("g")))
    assert linked.exports == ["memory"]
    assert linked.functions == ["f"]


def test_flags_are_those_of_the_definition_that_wins(link: Linker) -> None:
    first = assemble(returning("x", 1, WEAK | HIDDEN))
    linked = link(first, assemble(returning("x", 2)), options="--export-dynamic")
    assert linked.exports == ["memory", "x"]


def test_an_absolute_symbol_is_an_address(link: Linker) -> None:
    unit = assemble(
        absolute("x", 4096),
        function("f", address("x", 4), type=TO_I32, flags=EXPORTED),
        data("other", b"1234", flags=NO_STRIP),
    )
    # wasm-ld takes it for an offset in the first segment: see test_quirks.
    assert link(unit, departs=True).run("f") == 4100


def test_two_names_for_one_function_or_place(link: Linker) -> None:
    unit = assemble(
        returning("f", 7),
        alias("g", "f", flags=EXPORTED),
        data("x", word(1), word(2)),
        alias("y", "x", offset=4),
        function("h", load("y"), type=TO_I32, flags=EXPORTED),
    )
    linked = link(unit)
    assert linked.run("g") == 7
    assert linked.run("h") == 2
    assert linked.functions == ["f", "h"]  # named once, after the first symbol


def test_a_strong_alias_replaces_one_name_only(link: Linker) -> None:
    weak = assemble(returning("f", 1, WEAK | EXPORTED), alias("g", "f", flags=WEAK | EXPORTED))
    linked = link(weak, assemble(returning("g", 2, EXPORTED)))
    assert (linked.run("f"), linked.run("g")) == (1, 2)

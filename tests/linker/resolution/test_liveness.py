"""What is kept? (lld/wasm/MarkLive.cpp; Linking.md asks only that no-strip symbols are.)"""

from __future__ import annotations

import pytest

from tests.linker.assemble import assemble
from tests.linker.conftest import Linker
from tests.linker.objects import (
    DROP,
    EXPORTED,
    LOCAL,
    NO_STRIP,
    RETAIN,
    TO_I32,
    VOID,
    Declaration,
    R,
    Site,
    address,
    alias,
    call,
    call_indirect,
    custom,
    data,
    function,
    function_pointer,
    function_word,
    global_get,
    global_variable,
    init,
    load,
    pointer,
    table,
    table_size,
    tag,
    throw,
    undefined_table,
    word,
)


def test_what_nothing_needs_is_left_out(link: Linker) -> None:
    unit = assemble(
        function("main", flags=EXPORTED),
        function("f", call("g")),
        function("g"),
        data("x", word(1)),
        global_variable("v"),
        table("t"),
        tag("e"),
    )
    linked = link(unit)
    assert linked.functions == ["main"]
    assert (linked.segments, linked.tables, linked.tags) == ([], [], [])
    assert linked.global_names == ["__stack_pointer"]


def test_without_gc_everything_is_kept(link: Linker) -> None:
    unit = assemble(function("f"), data("x", word(1)), global_variable("v"), table("t"), tag("e"))
    linked = link(unit, options="--no-gc-sections")
    assert linked.functions == ["__wasm_call_ctors", "f"]
    assert len(linked.segments) == 1
    assert linked.global_names == ["__stack_pointer", "v"]
    assert (len(linked.tables), len(linked.tags)) == (1, 1)


ROOTS = ["-e root", "--export=root", "--export-if-defined=root", "--export-all", "-E"]


@pytest.mark.parametrize("options", ROOTS)
def test_the_command_line_names_roots(link: Linker, options: str) -> None:
    unit = assemble(function("root", call("f")), function("f", flags=LOCAL))
    assert [name for name in link(unit, options=options).functions if name[0] != "_"] == [
        "root",
        "f",
    ]


def test_looking_for_a_symbol_does_not_keep_it(link: Linker) -> None:
    assert link(assemble(function("f")), options="-u f").functions == []


@pytest.mark.parametrize("flags", [EXPORTED, NO_STRIP])
def test_flags_make_roots(link: Linker, flags: int) -> None:
    assert link(assemble(function("f", flags=flags))).functions == ["f"]


REFERENCES: list[tuple[list[Declaration], str]] = [
    ([function("root", call("x"), flags=EXPORTED), function("x")], "function"),
    (
        [
            function("root", function_pointer("x"), DROP, flags=EXPORTED),
            function("x"),
            undefined_table(flags=NO_STRIP),
        ],
        "function",
    ),
    ([data("root", pointer("x"), flags=EXPORTED), data("x", b"1", segment="x")], "data"),
    (
        [function("root", address("x"), DROP, flags=EXPORTED), data("x", b"1", segment="x")],
        "data",
    ),
    (
        [
            data("root", function_word("x"), flags=EXPORTED),
            function("x"),
            undefined_table(flags=NO_STRIP),
        ],
        "function",
    ),
    (
        [function("root", global_get("x"), DROP, flags=EXPORTED), global_variable("x")],
        "global",
    ),
    ([function("root", table_size("x"), DROP, flags=EXPORTED), table("x")], "table"),
    ([function("root", b"\x41\0", throw("x"), flags=EXPORTED), tag("x")], "tag"),
]


@pytest.mark.parametrize(("declarations", "kind"), REFERENCES)
def test_what_a_relocation_names_is_kept(
    link: Linker, declarations: list[Declaration], kind: str
) -> None:
    linked = link(assemble(*declarations))
    kept = {
        "function": "x" in linked.functions,
        "data": "x" in [segment.name for segment in linked.segments],
        "global": "x" in linked.global_names,
        "table": any(entry.limits.minimum == 1 for entry in linked.tables),
        "tag": len(linked.tags) == 1,
    }
    assert kept[kind]


def test_cycles_that_nothing_enters_are_left_out(link: Linker) -> None:
    unit = assemble(
        function("main", flags=EXPORTED), function("f", call("g")), function("g", call("f"))
    )
    assert link(unit).functions == ["main"]


def test_a_segment_is_kept_as_a_whole(link: Linker) -> None:
    unit = assemble(
        data("x", word(1), word(2), pointer("other")),
        alias("y", "x", offset=4),
        data("other", b"o", segment="other"),
        function("main", load("y"), type=TO_I32, flags=EXPORTED),
    )
    assert [segment.name for segment in link(unit).segments] == [".data", "other"]


def test_debug_information_keeps_nothing(link: Linker) -> None:
    unit = assemble(
        function("f"),
        data("x", word(1)),
        custom(".debug_info", Site(R.FUNCTION_OFFSET_I32, "f"), pointer("x")),
    )
    linked = link(unit)
    assert (linked.functions, linked.segments) == ([], [])


def test_retained_segments_are_kept(link: Linker) -> None:
    unit = assemble(data("x", b"1", segment_flags=RETAIN), data("y", b"2"))
    assert [segment.content for segment in link(unit).segments] == [b"1"]


def test_an_init_function_is_a_root(link: Linker) -> None:
    unit = assemble(function("ctor", call("f")), function("f"), init("ctor"))
    assert link(unit).functions == ["__wasm_call_ctors", "ctor", "f"]


def test_call_ctors_alone_is_not_kept(link: Linker) -> None:
    assert link(assemble(function("main", flags=EXPORTED))).functions == ["main"]


def test_types_of_what_is_left_out_are_left_out(link: Linker) -> None:
    unit = assemble(function("f", b"\x41\0", type=TO_I32), function("main", flags=EXPORTED))
    assert link(unit).types == [VOID]


def test_types_of_indirect_calls_are_kept(link: Linker) -> None:
    unit = assemble(
        function("main", b"\x41\0", call_indirect(TO_I32), DROP, flags=EXPORTED),
    )
    assert link(unit).types == [TO_I32, VOID]


def test_the_list_of_what_is_left_out(link: Linker) -> None:
    unit = assemble(
        function("f"), data("x", b"1", segment="x"), global_variable("v"), table("t"), tag("e")
    )
    kinds = ["f", "x", "v", "e", "t"]
    lines = [f"removing unused section a.o:({name})" for name in kinds]
    lines.append("removing unused section <internal>:(__wasm_call_ctors)")
    assert link(unit, options="--print-gc-sections").stdout.splitlines() == lines

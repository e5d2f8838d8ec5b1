"""Archives: which members take part? (lld/wasm/SymbolTable.cpp, addLazy; Linking.md is silent)"""

from __future__ import annotations

import pytest

from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker, link_here
from tests.linker.objects import (
    EXPORTED,
    HIDDEN,
    LOCAL,
    NO_STRIP,
    TO_I32,
    WEAK,
    Declaration,
    call,
    data,
    function,
    global_get,
    global_variable,
    init,
    load,
    returning,
    table,
    table_size,
    tag,
    throw,
    undefined_data,
    undefined_function,
    undefined_global,
    undefined_table,
    word,
)

MAIN = assemble(function("main", call("f"), flags=EXPORTED))
PLAIN = "--export=main"


def test_a_member_is_taken_when_it_is_wanted(link: Linker) -> None:
    lib = archive(assemble(function("f")), assemble(function("g", flags=EXPORTED)))
    assert link(MAIN, lib).functions == ["main", "f"]


@pytest.mark.parametrize("order", ["a.o b.a", "b.a a.o"])
def test_the_place_of_the_archive_does_not_matter(link: Linker, order: str) -> None:
    lib = archive(assemble(function("f")))
    linked = link(MAIN, lib, order=order)
    assert sorted(linked.functions) == ["f", "main"]


def test_members_bring_members_and_come_before_those_that_asked(link: Linker) -> None:
    lib = archive(
        assemble(function("h", flags=NO_STRIP)),
        assemble(function("g", call("h"))),
        assemble(function("f", call("g"))),
    )
    # An object is entered when all of its own symbols are known.
    assert link(lib, MAIN).functions == ["h", "g", "f", "main"]


def test_objects_that_the_command_line_names_come_first(link: Linker) -> None:
    lib = archive(assemble(function("f")))
    assert link(MAIN, lib).functions == ["main", "f"]


def test_two_archives_may_need_each_other(link: Linker) -> None:
    one = archive(assemble(function("f", call("g"))), assemble(function("h")))
    other = archive(assemble(function("g", call("h"))))
    assert sorted(link(MAIN, one, other).functions) == ["f", "g", "h", "main"]


def test_a_weak_reference_takes_nothing(link: Linker) -> None:
    user = assemble(
        function("main", call("f"), flags=EXPORTED), undefined_function("f", flags=WEAK)
    )
    linked = link(user, archive(assemble(function("f"))))
    assert linked.functions == ["undefined_weak:f", "main"]


def test_a_weak_reference_uses_what_something_else_took(link: Linker) -> None:
    user = assemble(
        function("main", call("f"), type=TO_I32, flags=EXPORTED),
        function("other", call("g"), flags=EXPORTED),
        undefined_function("f", type=TO_I32, flags=WEAK),
    )
    lib = archive(assemble(returning("f", 5), function("g")))
    assert link(user, lib).run("main") == 5


def test_a_weak_definition_in_a_member_is_found_too(link: Linker) -> None:
    assert link(MAIN, archive(assemble(function("f", flags=WEAK)))).functions == ["main", "f"]


def test_a_weak_definition_is_enough_to_leave_a_strong_one_in_the_archive(link: Linker) -> None:
    weak = assemble(returning("f", 1, WEAK | EXPORTED))
    assert link(weak, archive(assemble(returning("f", 2)))).run("f") == 1


def test_what_a_member_defines_locally_is_not_offered(link: Linker) -> None:
    lib = archive(assemble(function("f", flags=LOCAL), function("g")))
    assert link.refusal(MAIN, lib) == "a.o: undefined symbol: f"


def test_hidden_definitions_are_offered(link: Linker) -> None:
    assert link(MAIN, archive(assemble(function("f", flags=HIDDEN)))).functions == ["main", "f"]


def test_a_member_that_is_taken_may_clash_with_an_object(link: Linker) -> None:
    clash = archive(assemble(function("f"), function("g")))
    assert "duplicate symbol: g" in link.refusal(MAIN, assemble(function("g")), clash)


def test_every_kind_of_symbol_takes_members(link: Linker) -> None:
    user = assemble(
        function("data", load("d"), type=TO_I32, flags=EXPORTED),
        function("global", global_get("v"), type=TO_I32, flags=EXPORTED),
        function("table", table_size("t"), type=TO_I32, flags=EXPORTED),
        function("tag", b"\x41\x00", throw("e"), flags=EXPORTED),
        undefined_data("d"),
        undefined_global("v"),
        undefined_table("t"),
    )
    members: list[Declaration] = [
        data("d", word(7)),
        global_variable("v", 8),
        table("t", 9),
        tag("e"),
    ]
    linked = link(user, archive(*(assemble(entry) for entry in members)))
    assert [linked.run(name) for name in ("data", "global", "table")] == [7, 8, 9]
    assert len(linked.tags) == 1


def test_init_functions_run_only_if_their_member_is_taken(link: Linker) -> None:
    def member(name: str) -> bytes:
        return assemble(
            function(name),
            function(f"init_{name}", call(f"host_{name}"), flags=LOCAL),
            undefined_function(f"host_{name}", import_name=f"host_{name}"),
            init(f"init_{name}"),
        )

    running = link(MAIN, archive(member("f"), member("g"))).start()
    running.call("main")
    assert running.calls == ["env.host_f"]


# Names on the command line.


@pytest.mark.parametrize(
    ("options", "functions"),
    [
        ("-u f", []),
        ("-u g", ["g"]),
        ("--undefined=g --no-gc-sections", ["__wasm_call_ctors", "g"]),
        ("--export=f", ["f"]),
        ("--export-if-defined=f", ["f"]),
        ("--entry=f", ["f"]),
        ("--export-all", ["__wasm_call_ctors"]),
        ("--export-dynamic", []),
    ],
)
def test_names_of_the_command_line_take_members(
    link: Linker, options: str, functions: list[str]
) -> None:
    lib = archive(assemble(function("f")), assemble(function("g", flags=NO_STRIP)))
    assert link(lib, options=options).functions == functions


def test_call_dtors_is_taken_from_an_archive(link: Linker) -> None:
    lib = archive(assemble(function("__wasm_call_dtors")))
    main = assemble(function("main", flags=EXPORTED))
    assert link(main, lib).functions == ["main", "__wasm_call_dtors", "main.command_export"]


# --whole-archive and --start-lib.


def test_whole_archive_takes_every_member_as_if_it_were_named(link: Linker) -> None:
    lib = archive(assemble(returning("f", 1, EXPORTED)), assemble(returning("g", 2, EXPORTED)))
    assert link(lib).exports == ["memory"]
    assert link(lib, options="--whole-archive").exports == ["memory", "f", "g"]
    assert link(lib, options="--whole-archive --no-whole-archive").exports == ["memory"]


def test_whole_archive_finds_duplicates(link: Linker) -> None:
    lib = archive(assemble(function("f")), assemble(function("f")))
    assert link.refusal(lib, options="--whole-archive") == (
        "duplicate symbol: f\n>>> defined in a.a(0.o)\n>>> defined in a.a(1.o)"
    )


def test_objects_of_a_lib_are_lazy(link: Linker) -> None:
    f = assemble(function("f"))
    g = assemble(function("g", flags=EXPORTED))
    linked = link(MAIN, f, g, order="a.o --start-lib b.o c.o --end-lib")
    assert linked.functions == ["main", "f"]
    linked = link(MAIN, f, g, order="a.o --start-lib b.o --end-lib c.o")
    assert linked.functions == ["main", "f", "g"] or linked.functions == ["main", "g", "f"]


def test_an_archive_named_twice_is_asked_once(link: Linker) -> None:
    lib = archive(assemble(function("f")))
    assert link(MAIN, lib, order="a.o b.a b.a").functions == ["main", "f"]


def test_an_empty_archive_is_no_input(link: Linker) -> None:
    assert link.refusal(archive()) == "no input files"
    assert link(MAIN, assemble(function("f")), archive()).functions == ["main", "f"]


def test_libraries_are_searched_for(link: Linker) -> None:
    lib = archive(assemble(function("f")))
    assert link(MAIN, libm__a=lib, order="a.o -L . -lm").functions == ["main", "f"]
    assert "unable to find library -ln" in link.refusal(MAIN, order="a.o -L . -ln")


def test_a_long_chain_of_members_needs_no_deep_stack() -> None:
    count = 2000
    members = [
        assemble(function(f"f{number}", call(f"f{number + 1}"))) for number in range(count - 1)
    ]
    lib = archive(*members, assemble(function(f"f{count - 1}")))
    output = link_here({"lib.a": lib}, ["--no-entry", "--export=f0", "lib.a"])
    assert output.errors == ()
    assert output.module is not None

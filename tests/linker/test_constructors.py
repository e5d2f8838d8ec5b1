"""Init functions, and what runs around exported functions.

Linking.md, "Start Section": constructors run from `__wasm_call_ctors`, in priority order; the
wrappers of a command's exports are wasm-ld's (createCommandExportWrappers).
"""

from __future__ import annotations

import pytest

from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker
from tests.linker.linked import Linked
from tests.linker.objects import (
    DROP,
    EXPORTED,
    FROM_I32,
    HIDDEN,
    I32,
    LOCAL,
    TO_I32,
    WEAK,
    Declaration,
    call,
    const,
    data,
    function,
    init,
    signature,
    undefined_function,
    word,
)

CTORS = "__wasm_call_ctors"
DTORS = "__wasm_call_dtors"


def host(name: str) -> Declaration:
    return undefined_function(name, import_name=name)


def says(name: str, flags: int = 0) -> list[Declaration]:
    """A function `name` that calls `host_NAME`."""
    return [function(name, call(f"host_{name}"), flags=flags), host(f"host_{name}")]


def calls_of(linked: Linked, name: str) -> list[str]:
    running = linked.start()
    running.call(name)
    return [call.removeprefix("env.host_") for call in running.calls]


MAIN = assemble(*says("main", EXPORTED))


def unit_with(*priorities: tuple[str, int]) -> bytes:
    """An object with init functions of these names and priorities."""
    return assemble(
        *(entry for name, _ in priorities for entry in says(name, LOCAL)),
        *(init(name, priority) for name, priority in priorities),
    )


def test_init_functions_run_in_the_order_of_their_priorities(link: Linker) -> None:
    linked = link(MAIN, unit_with(("c", 300), ("a", 100), ("b", 200)))
    assert calls_of(linked, "main") == ["a", "b", "c", "main"]


def test_equal_priorities_keep_the_order_of_the_objects(link: Linker) -> None:
    linked = link(MAIN, unit_with(("b", 1), ("a", 2)), unit_with(("c", 1), ("d", 2)))
    assert calls_of(linked, "main") == ["b", "c", "a", "d", "main"]


def test_the_largest_priority_comes_last(link: Linker) -> None:
    linked = link(MAIN, unit_with(("last", 2**32 - 1), ("middle", 65535), ("first", 0)))
    assert calls_of(linked, "main") == ["first", "middle", "last", "main"]


def test_results_are_dropped(link: Linker) -> None:
    unit = assemble(
        function("ctor", const(1), const(2), type=signature([], [I32, I32]), flags=LOCAL),
        init("ctor"),
    )
    link(MAIN, unit).run("main")


def test_parameters_are_refused(link: Linker) -> None:
    unit = assemble(function("ctor", type=FROM_I32, flags=LOCAL), init("ctor"))
    assert link.refusal(MAIN, unit) == "constructor functions cannot take arguments: ctor"


def test_the_same_function_may_be_listed_twice(link: Linker) -> None:
    unit = assemble(*says("ctor"), init("ctor", 1), init("ctor", 2))
    assert calls_of(link(MAIN, unit), "main") == ["ctor", "ctor", "main"]


def test_a_weak_init_function_that_lost_runs_as_the_winner(link: Linker) -> None:
    weak = assemble(function("ctor", flags=WEAK), init("ctor"))
    strong = assemble(*says("ctor"))
    assert calls_of(link(MAIN, weak, strong), "main") == ["ctor", "main"]


# Who calls __wasm_call_ctors?


def test_without_init_functions_exports_are_as_they_are(link: Linker) -> None:
    linked = link(MAIN)
    assert linked.functions == ["host_main", "main"]


def test_every_exported_function_gets_a_wrapper(link: Linker) -> None:
    other = assemble(
        function("add", b"\x20\x00\x20\x01\x6a", type=signature([I32, I32], [I32]), flags=EXPORTED)
    )
    linked = link(MAIN, other, unit_with(("ctor", 1)))
    assert [name for name in linked.functions if name.endswith(".command_export")] == [
        "main.command_export",
        "add.command_export",
    ]
    assert linked.exports == ["memory", "main", "add"]
    running = linked.start()
    assert running.call("add", 2, 3) == 5
    assert running.calls == ["env.host_ctor"]


def test_destructors_run_after(link: Linker) -> None:
    dtors = assemble(*says(DTORS))
    linked = link(MAIN, dtors, unit_with(("ctor", 1)))
    assert calls_of(linked, "main") == ["ctor", "main", DTORS]
    assert calls_of(link(MAIN, dtors), "main") == ["main", DTORS]


def test_destructors_come_from_an_archive(link: Linker) -> None:
    linked = link(MAIN, archive(assemble(*says(DTORS))))
    assert calls_of(linked, "main") == ["main", DTORS]


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        (data(DTORS, word(1)), "__wasm_call_dtors must be a function"),
        (
            function(DTORS, const(1), type=TO_I32),
            "__wasm_call_dtors must have no argument or return values",
        ),
    ],
)
def test_destructors_are_a_function_of_nothing(
    link: Linker, declaration: Declaration, message: str
) -> None:
    assert link.refusal(MAIN, assemble(declaration)) == message


def test_an_object_that_calls_them_itself_gets_no_wrappers(link: Linker) -> None:
    start = assemble(
        function("start", call(CTORS), call("host_start"), flags=EXPORTED),
        host("host_start"),
        undefined_function(CTORS, flags=HIDDEN),
    )
    linked = link(start, unit_with(("ctor", 1)), assemble(*says(DTORS)))
    assert calls_of(linked, "start") == ["ctor", "start"]
    assert "start.command_export" not in linked.functions


@pytest.mark.parametrize("options", [f"--export={CTORS}", "--export-all", f"-e {CTORS}"])
def test_a_host_that_calls_them_gets_no_wrappers(link: Linker, options: str) -> None:
    linked = link(MAIN, unit_with(("ctor", 1)), options=options)
    assert calls_of(linked, "main") == ["main"]
    assert calls_of(linked, CTORS) == ["ctor"]


def test_call_ctors_may_be_asked_for_where_there_are_none(link: Linker) -> None:
    start = assemble(function("start", call(CTORS), flags=EXPORTED))
    linked = link(start)
    assert linked.functions == [CTORS, "start"]
    linked.run("start")


def test_wrappers_keep_the_export_name(link: Linker) -> None:
    unit = assemble(function("f", flags=EXPORTED, export_name="shown"))
    linked = link(unit, unit_with(("ctor", 1)))
    assert linked.exports == ["memory", "shown"]
    assert calls_of(linked, "shown") == ["ctor"]


def test_data_and_globals_get_no_wrapper(link: Linker) -> None:
    unit = assemble(data("x", word(1), flags=EXPORTED))
    assert link(unit, unit_with(("ctor", 1))).exports == ["memory", "x"]


def test_an_init_function_of_an_object_with_nothing_else_used(link: Linker) -> None:
    linked = link(MAIN, unit_with(("ctor", 1)), options="--export-dynamic")
    assert calls_of(linked, "main") == ["ctor", "main"]


def test_the_function_that_calls_them_takes_their_order(link: Linker) -> None:
    linked = link(unit_with(("b", 2), ("a", 1)), options=f"--export={CTORS}")
    assert linked.body(CTORS) == bytes((0, 0x10, 4, 0x10, 3, 0x0B))


def test_dropping_what_an_export_returns_is_not_the_wrappers_business(link: Linker) -> None:
    unit = assemble(function("f", const(3), const(4), DROP, type=TO_I32, flags=EXPORTED))
    assert link(unit, assemble(*says(DTORS))).run("f") == 3


def test_destructors_that_something_calls_are_defined(link: Linker) -> None:
    """A weak reference does not help: a command calls them itself."""
    for flags in (0, WEAK):
        user = function("f", call(DTORS), flags=EXPORTED)
        unit = assemble(user, undefined_function(DTORS, flags=flags))
        assert link.refusal(unit) == "__wasm_call_dtors must be a function"

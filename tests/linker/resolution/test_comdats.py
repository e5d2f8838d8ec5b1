"""Comdats: which group of a name is kept, and what becomes of the others.

Linking.md, "COMDATs"; with `-r` in test_relocatable, of compiled C++ in tests/programs.
"""

from __future__ import annotations

from tests.linker.assemble import assemble
from tests.linker.conftest import Linker
from tests.linker.objects import (
    EXPORTED,
    LOCAL,
    TO_I32,
    WEAK,
    Declaration,
    call,
    custom,
    data,
    function,
    init,
    load,
    returning,
    undefined_function,
    word,
)


def group(value: int, *more: Declaration) -> bytes:
    return assemble(
        returning("f", value, WEAK, comdat="group"),
        data("x", word(value), flags=WEAK, comdat="group"),
        *more,
    )


USER = assemble(
    function("call_f", call("f"), type=TO_I32, flags=EXPORTED),
    function("load_x", load("x"), type=TO_I32, flags=EXPORTED),
    undefined_function("f", type=TO_I32),
)


def test_a_group_is_taken_whole_from_the_first_object_that_has_it(link: Linker) -> None:
    linked = link(group(1), group(2), USER)
    assert (linked.run("call_f"), linked.run("load_x")) == (1, 1)
    assert linked.read(linked.segments[0].address or 0, 4) == word(1)
    assert len(linked.segments[0].content) == 4


def test_groups_of_other_names_are_other_groups(link: Linker) -> None:
    other = assemble(returning("g", 2, WEAK | EXPORTED, comdat="another"))
    assert link(group(1), other, USER).run("g") == 2


def test_an_object_that_lost_its_group_uses_the_winners(link: Linker) -> None:
    loser = group(2, function("own", call("f"), type=TO_I32, flags=EXPORTED))
    assert link(group(1), loser).run("own") == 1


def test_strong_definitions_in_a_group_are_no_duplicates(link: Linker) -> None:
    units = [assemble(returning("f", value, EXPORTED, comdat="g")) for value in (1, 2)]
    assert link(*units).run("f") == 1


def test_what_the_winning_group_lacks_stays_undefined(link: Linker) -> None:
    empty = assemble(returning("g", 1, WEAK, comdat="group"))
    assert "undefined symbol: f" in link.refusal(empty, group(2), USER)


def test_custom_sections_belong_to_groups_too(link: Linker) -> None:
    units = [
        assemble(returning("f", 1, EXPORTED, comdat="g"), custom("note", text, comdat="g"))
        for text in (b"one", b"two")
    ]
    assert link(*units).custom("note") == b"one"


def test_init_functions_of_a_lost_group_do_not_run(link: Linker) -> None:
    units = [
        assemble(
            function("ctor", call("host"), flags=LOCAL, comdat="g"),
            init("ctor"),
            function(name, flags=EXPORTED),
            undefined_function("host", import_name="host"),
        )
        for name in ("f", "g")
    ]
    running = link(*units).start()
    running.call("f")
    assert running.calls == ["env.host"]


def test_groups_that_overlap_in_part_are_kept_and_lost_as_a_whole(link: Linker) -> None:
    first = assemble(
        returning("f", 1, WEAK, comdat="g"), returning("only_first", 10, EXPORTED, comdat="g")
    )
    second = assemble(
        returning("f", 2, WEAK, comdat="g"), returning("only_second", 20, EXPORTED, comdat="g")
    )
    linked = link(first, second, USER, word__o=assemble(data("x", word(0))))
    assert linked.run("call_f") == 1
    assert "only_first" in linked.exports
    assert "only_second" not in linked.exports


def test_an_object_may_win_one_group_and_lose_another(link: Linker) -> None:
    both = assemble(
        returning("f", 2, EXPORTED, comdat="f"), returning("g", 2, EXPORTED, comdat="g")
    )
    linked = link(assemble(returning("f", 1, EXPORTED, comdat="f")), both)
    assert (linked.run("f"), linked.run("g")) == (1, 2)


def test_a_definition_outside_of_a_group_is_not_replaced_by_one_inside(link: Linker) -> None:
    outside = assemble(returning("f", 1, EXPORTED))
    assert link(outside, assemble(returning("f", 2, WEAK, comdat="g"))).run("f") == 1
    inside = assemble(returning("f", 2, EXPORTED, comdat="g"))
    assert "duplicate symbol: f" in link.refusal(outside, inside)

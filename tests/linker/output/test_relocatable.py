"""Relocatable output (`-r`) and kept relocations (`--emit-relocs`)."""

from __future__ import annotations

import pytest

from linker.format import model
from linker.format.constants import ComdatKind, SymbolFlag, SymbolKind
from linker.format.parse import parse
from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker, link_here
from tests.linker.linked import Linked
from tests.linker.objects import (
    ADD,
    EXPORTED,
    HIDDEN,
    LOCAL,
    NO_STRIP,
    RETAIN,
    TO_I32,
    WEAK,
    R,
    Site,
    call,
    call_indirect,
    custom,
    data,
    features,
    function,
    function_pointer,
    global_get,
    global_variable,
    init,
    load,
    pointer,
    producers,
    returning,
    shown_as,
    strings,
    table,
    tag,
    undefined_data,
    undefined_function,
    undefined_global,
    undefined_table,
    word,
)

# `f` of the first adds what it gets from the second in every way there is.
ONE = assemble(
    function(
        "f",
        *(call("direct"), load("x"), ADD, global_get("v"), ADD),
        *(function_pointer("indirect"), call_indirect(TO_I32), ADD, load("p"), ADD),
        type=TO_I32,
        flags=EXPORTED,
    ),
    undefined_function("direct", type=TO_I32),
    undefined_global("v"),
    undefined_function("indirect", type=TO_I32),
)
TWO = assemble(
    returning("direct", 1),
    data("before", b"1"),
    data("x", word(10), alignment=2),
    data("p", word(20), pointer("x"), alignment=2),
    global_variable("v", 100),
    returning("indirect", 1000),
)


def test_linking_in_two_steps_means_the_same(link: Linker) -> None:
    whole = link(ONE, TWO)
    combined = link(ONE, TWO, options="-r")
    assert whole.run("f") == 1131
    assert link(combined.module).run("f") == 1131


def test_a_group_without_functions_and_data_stays_the_first_of_its_name(link: Linker) -> None:
    first = assemble(custom("note", b"first", comdat="group"))
    second = assemble(
        function("f", flags=EXPORTED, comdat="group"), custom("note", b"second", comdat="group")
    )
    assert link(first, second).functions == []
    combined = link(first, options="-r", departs=True)
    assert link(combined.module, second).functions == []


def test_what_imports_by_an_empty_name_links_again(link: Linker) -> None:
    user = assemble(
        undefined_function("", type=TO_I32, import_name="f"),
        function("user", call(""), type=TO_I32, flags=EXPORTED),
    )
    combined = link(user, options="-r", departs=True)
    assert link(combined.module, assemble(returning("", 3))).run("user") == 3


def test_part_of_a_program_may_be_combined(link: Linker) -> None:
    part = link(ONE, options="-r")
    assert link(part.module, TWO).run("f") == 1131
    assert link(TWO, part.module).run("f") == 1131


def test_combining_twice_gives_an_object_still(link: Linker) -> None:
    first = link(ONE, TWO, options="-r")
    second = link(first.module, options="-r")
    assert link(second.module).run("f") == 1131


def test_undefined_symbols_stay_so(link: Linker) -> None:
    linked = link(ONE, options="-r")
    assert linked.symbol("direct").flags & SymbolFlag.UNDEFINED
    assert linked.symbol("x").flags & SymbolFlag.UNDEFINED
    assert linked.imports == [
        "env.__indirect_function_table", "env.direct", "env.v", "env.indirect",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "flags", [0, WEAK, LOCAL, HIDDEN, EXPORTED, NO_STRIP, WEAK | HIDDEN, EXPORTED | NO_STRIP]
)
def test_flags_of_symbols_are_kept(link: Linker, flags: int) -> None:
    unit = assemble(
        function("f", flags=flags),
        data("d", word(1), flags=flags),
        global_variable("v", flags=flags),
        table("t", flags=flags),
        tag("e", flags=flags),
    )
    linked = link(unit, options="-r")
    assert {linked.symbol(name).flags for name in "fdv"} == {flags}
    kinds = {entry.kind for entry in linked.linking.symbols if entry.flags == flags}
    assert kinds >= {SymbolKind.TABLE, SymbolKind.TAG}


def test_everything_is_kept(link: Linker) -> None:
    linked = link(assemble(function("f"), data("x", word(1))), options="-r")
    assert linked.functions == ["f"]
    assert len(linked.segments) == 1
    assert linked.exports == []


def test_there_are_no_symbols_of_the_linker(link: Linker) -> None:
    linked = link(assemble(function("f")), options="-r")
    assert [entry.name for entry in linked.linking.symbols] == ["f"]


def test_segments_keep_their_names_alignments_and_places(link: Linker) -> None:
    one = assemble(data("x", b"1", segment=".data.x", alignment=4))
    two = assemble(data("y", b"2", segment=".data.x"), data("z", b"3", segment=".rodata.z"))
    linked = link(one, two, options="-r")
    assert linked.linking.segments == [
        model.SegmentInfo(".rodata.z", 0, 0), model.SegmentInfo(".data.x", 4, 0),
    ]  # fmt: skip
    assert linked.symbol("y").data == model.DataReference(1, 1, 1)


def test_they_may_be_merged(link: Linker) -> None:
    unit = assemble(data("x", b"1"), data("y", b"2"))
    linked = link(unit, options="-r --merge-data-segments")
    assert [entry.name for entry in linked.linking.segments] == [".data"]


def test_bss_is_written_as_zeros(link: Linker) -> None:
    unit = assemble(data("x", bytes(4), segment=".bss.x"))
    assert [entry.content for entry in link(unit, options="-r").segments] == [bytes(4)]


def test_init_functions_keep_their_priorities(link: Linker) -> None:
    one = assemble(function("a"), init("a", 7))
    two = assemble(function("b"), init("b", 3))
    linked = link(one, two, options="-r")
    found = [
        (entry.priority, linked.linking.symbols[entry.symbol].name)
        for entry in linked.linking.init_functions
    ]
    assert found == [(3, "b"), (7, "a")]


@pytest.mark.parametrize("options", ["-r", "--no-gc-sections", "--gc-sections"])
def test_what_an_object_keeps_for_itself_of_a_lost_group_is_there(
    link: Linker, options: str
) -> None:
    """A local function of the group has no other definition; its object still calls it."""
    first = assemble(returning("f", 1, WEAK, comdat="g"))
    second = assemble(
        returning("f", 2, WEAK, comdat="g"),
        returning("again", 40, LOCAL, comdat="g"),
        function("helper", call("again"), flags=LOCAL, type=TO_I32, comdat="g"),
        function("main", call("helper"), flags=EXPORTED, type=TO_I32),
    )
    combined = link(first, second, options=options, departs=options != "--gc-sections")
    if options == "-r":
        combined = link(combined.module)
    assert combined.run("main") == 40


def test_comdat_groups_stay_groups(link: Linker) -> None:
    def unit(value: int) -> bytes:
        return assemble(
            returning("f", value, WEAK, comdat="g"),
            data("x", word(value), flags=WEAK, comdat="g"),
        )

    combined = link(unit(1), unit(2), options="-r", departs=True)  # lost-groups-kept
    assert combined.linking.comdats == [
        model.Comdat(
            "g",
            0,
            (
                model.ComdatEntry(ComdatKind.FUNCTION, 0),
                model.ComdatEntry(ComdatKind.DATA, 0),
            ),
        )
    ]
    user = assemble(
        function("main", call("f"), load("x"), ADD, type=TO_I32, flags=EXPORTED),
        undefined_function("f", type=TO_I32),
    )
    assert link(unit(5), combined.module, user).run("main") == 10


def test_members_of_archives_that_are_wanted_take_part(link: Linker) -> None:
    user = assemble(function("main", call("f")))
    linked = link(user, archive(assemble(function("f")), assemble(function("g"))), options="-r")
    assert linked.functions == ["main", "f"]


def test_duplicates_are_found(link: Linker) -> None:
    unit = assemble(function("f"))
    assert "duplicate symbol: f" in link.refusal(unit, unit, options="-r")


def test_relocations_are_moved_and_renumbered(link: Linker) -> None:
    linked = link(TWO, ONE, options="-r")
    kinds = {entry.type for entry in linked.relocations("CODE")}
    assert kinds == {
        R.FUNCTION_INDEX_LEB,
        R.MEMORY_ADDR_LEB,
        R.GLOBAL_INDEX_LEB,
        R.TABLE_INDEX_SLEB,
        R.TYPE_INDEX_LEB,
        R.TABLE_NUMBER_LEB,
    }
    code = linked.file.find(model.CodeSection)
    assert code is not None
    f = code.functions[-1]
    assert all(entry.offset > f.offset for entry in linked.relocations("CODE"))
    symbols = linked.linking.symbols
    names = [symbols[r.index].name for r in linked.relocations("CODE") if r.type == 0]
    assert names == ["direct"]


def test_addends_are_kept(link: Linker) -> None:
    unit = assemble(data("x", pointer("y", -3)), data("y", b"1"))
    linked = link(unit, options="-r")
    assert [entry.addend for entry in linked.relocations("DATA")] == [-3]


def test_custom_sections_keep_their_relocations(link: Linker) -> None:
    def unit(name: str) -> bytes:
        return assemble(
            function(name, flags=EXPORTED),
            custom("text", b"abcd"),
            custom(
                "refs", Site(R.SECTION_OFFSET_I32, "text", 1), Site(R.FUNCTION_OFFSET_I32, name)
            ),
        )

    combined = link(unit("f"), unit("g"), options="-r")
    assert [entry.addend for entry in combined.relocations("refs")] == [1, 0, 5, 0]
    whole = link(unit("f"), unit("g"))
    assert link(combined.module).custom("refs") == whole.custom("refs")


def test_features_and_producers_pass_through(link: Linker) -> None:
    one = assemble(producers(language={"C": "11"}), features("+simd128"))
    linked = link(one, assemble(features("+atomics")), options="-r")
    assert linked.section_names[-2:] == ["producers", "target_features"]


def test_names_of_functions_pass_through(link: Linker) -> None:
    combined = link(assemble(function("f"), shown_as("f", "the function f")), options="-r")
    assert combined.functions == ["the function f"]


def test_mismatched_signatures_become_stubs_in_the_object(link: Linker) -> None:
    user = assemble(function("main", call("f"), flags=EXPORTED))
    linked = link(user, assemble(returning("f", 1)), options="-r")
    assert len(linked.warnings) == 1
    assert "signature_mismatch:f" in linked.functions


def test_weak_undefined_symbols_stay_weak(link: Linker) -> None:
    user = assemble(
        function("main", call("f"), type=TO_I32, flags=EXPORTED),
        undefined_function("f", type=TO_I32, flags=WEAK),
        data("p", pointer("x"), flags=NO_STRIP),
        undefined_data("x", flags=WEAK),
    )
    combined = link(user, options="-r")
    assert combined.symbol("f").flags & WEAK
    assert link(combined.module, assemble(returning("f", 3))).run("main") == 3


def test_explicit_imports_stay_explicit(link: Linker) -> None:
    user = assemble(
        function("main", call("f"), flags=EXPORTED),
        undefined_function("f", module="host", import_name="g"),
    )
    combined = link(user, options="-r")
    assert combined.imports == ["host.g"]
    assert link(combined.module).imports == ["host.g"]


def test_strings_are_merged_in_objects_too(link: Linker) -> None:
    units = [assemble(strings(name, b"hello\0")) for name in "ab"]
    linked = link(*units, options="-r", departs=True)
    assert [entry.content for entry in linked.segments] == [b"hello\0"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--gc-sections", "-r and --gc-sections may not be used together"),
        ("-u f", "-r -and --undefined may not be used together"),
        ("-e f", "entry point specified for relocatable output file"),
    ],
)
def test_what_does_not_go_with_it(link: Linker, options: str, message: str) -> None:
    assert message in link.refusal(assemble(function("f")), options=f"-r {options}")


# --emit-relocs.


def test_relocations_may_be_kept_in_a_module(link: Linker) -> None:
    linked = link(ONE, TWO, options="--emit-relocs")
    assert linked.run("f") == 1131
    assert len(linked.relocations("CODE")) == 7
    assert linked.symbol("f").index == linked.export("f").index
    assert "linking" in linked.section_names


def test_only_live_symbols_are_in_the_table(link: Linker) -> None:
    unit = assemble(function("f", flags=EXPORTED), function("g"))
    linked = link(unit, options="--emit-relocs")
    assert [entry.name for entry in linked.linking.symbols] == ["f"]


def test_what_is_written_can_be_read() -> None:
    unit = assemble(data("x", b"s\0", segment_flags=RETAIN), undefined_table(flags=NO_STRIP))
    output = link_here({"a.o": unit}, ["-r", "a.o"])
    assert output.module is not None
    again = parse(output.module, "again")
    assert Linked(output.module).linking.segments[0].flags == RETAIN
    assert again.find(model.LinkingSection) is not None


def test_what_code_outside_of_a_lost_group_refers_to_is_kept(link: Linker) -> None:
    """Its local symbols mean what they mean in the object, as in a link in one step."""
    first, second = (
        assemble(
            returning("helper", value, LOCAL, comdat="group"),
            returning("f", value, WEAK, comdat="group"),
            data("local", word(value), flags=LOCAL, comdat="group"),
            function(f"call{value}", call("helper"), type=TO_I32, flags=EXPORTED),
            function(f"load{value}", load("local"), type=TO_I32, flags=EXPORTED),
        )
        for value in (1, 2)
    )
    combined = link(first, second, options="-r", departs=True)
    assert combined.functions.count("f") == 1
    for linked in (link(first, second), link(combined.module)):
        assert [linked.run(name) for name in ("call1", "load1", "call2", "load2")] == [1, 1, 2, 2]

"""Where data goes: output segments, their order, addresses and strings.

Linking.md, "Merging Data Sections", says only that segments with a common prefix are merged; the
rest is what wasm-ld does (lld/wasm/Writer.cpp: createOutputSegments, layoutMemory).
"""

from __future__ import annotations

import pytest

from tests.linker.assemble import assemble
from tests.linker.conftest import Linker, link_here
from tests.linker.linked import Linked
from tests.linker.objects import (
    EXPORTED,
    NO_STRIP,
    STRINGS,
    TO_I32,
    address,
    alias,
    custom,
    data,
    features,
    function,
    load,
    pointer,
    strings,
    word,
)

KEEP = "--no-gc-sections"


def names(linked: Linked) -> list[str]:
    return [segment.name for segment in linked.segments]


# Names.


@pytest.mark.parametrize(
    ("segment", "output"),
    [
        (".data", ".data"),
        (".data.x", ".data"),
        (".data.rel.ro.x", ".data"),
        (".rodata.x", ".rodata"),
        (".rodata", ".rodata"),
        (".bss.x", ".bss"),
        (".text.x", ".text"),
        (".datax", ".datax"),
        ("data.x", "data.x"),
        (".tdata", ".tdata"),
        ("custom", "custom"),
        ("", ""),
    ],
)
def test_segments_are_merged_by_the_first_part_of_their_names(
    link: Linker, segment: str, output: str
) -> None:
    unit = assemble(data("x", word(1), segment=segment))
    linked = link(unit, options=f"{KEEP} --no-check-features --import-memory --export=x")
    assert names(linked) == [output]


def test_segments_of_one_name_are_put_together_in_the_order_of_the_objects(link: Linker) -> None:
    one = assemble(data("x", b"x", segment=".data.x"), data("r", b"r", segment=".rodata.r"))
    two = assemble(data("y", b"y", segment=".data.y"))
    linked = link(one, two, options=KEEP)
    assert [(s.name, s.content) for s in linked.segments] == [(".rodata", b"r"), (".data", b"xy")]


def test_without_merging_each_name_is_a_segment(link: Linker) -> None:
    unit = assemble(data("x", b"x"), data("y", b"y"), data("z", b"z", segment=".data.x"))
    linked = link(unit, options=f"{KEEP} --no-merge-data-segments")
    assert [(s.name, s.content) for s in linked.segments] == [(".data.x", b"xz"), (".data.y", b"y")]


def test_order_of_segments(link: Linker) -> None:
    order = [".tdata", ".rodata", ".data", "b", "a", ".bss"]
    unit = assemble(*(data(f"x{name}", word(0), segment=name) for name in reversed(order)))
    linked = link(unit, options=f"{KEEP} --no-check-features --import-memory")
    # Those without a special name stay in the order in which they were seen.
    assert names(linked) == [".tdata", ".rodata", ".data", "a", "b", ".bss"]


# Addresses.


@pytest.mark.parametrize("alignment", [0, 1, 2, 3, 4, 6, 16])
def test_each_symbol_is_aligned_as_it_asks(link: Linker, alignment: int) -> None:
    unit = assemble(
        data("odd", b"123", flags=EXPORTED), data("x", b"x", alignment=alignment, flags=EXPORTED)
    )
    linked = link(unit)
    assert linked.address("x") % (1 << alignment) == 0
    assert linked.address("x") == 65536 + -(-3 // (1 << alignment)) * (1 << alignment)


def test_an_output_segment_is_aligned_as_its_strictest_part(link: Linker) -> None:
    unit = assemble(
        data("r", b"1", segment=".rodata", flags=EXPORTED),
        data("x", b"1", flags=EXPORTED),
        data("y", b"1", alignment=5, flags=EXPORTED),
    )
    linked = link(unit)
    assert [linked.address(name) - 65536 for name in "rxy"] == [0, 32, 64]


def test_gaps_are_zeros(link: Linker) -> None:
    unit = assemble(data("x", b"x"), data("y", b"y", alignment=2))
    assert link(unit, options=KEEP).segments[0].content == b"x\0\0\0y"


def test_empty_data_has_an_address_too(link: Linker) -> None:
    unit = assemble(data("x", flags=EXPORTED), data("y", b"y", flags=EXPORTED))
    linked = link(unit)
    assert linked.address("x") == linked.address("y")


def test_a_symbol_may_stand_inside_or_at_the_end_of_its_segment(link: Linker) -> None:
    unit = assemble(
        data("x", word(1), word(2), flags=EXPORTED),
        alias("y", "x", offset=4, flags=EXPORTED),
        alias("end", "x", offset=8, flags=EXPORTED),
    )
    linked = link(unit)
    assert linked.address("y") == linked.address("x") + 4
    assert linked.address("end") == linked.address("x") + 8


def test_bss_is_not_in_the_file_but_has_its_place(link: Linker) -> None:
    unit = assemble(
        data("x", b"x", flags=EXPORTED),
        data("zero", bytes(100), segment=".bss.zero", alignment=4, flags=EXPORTED),
    )
    linked = link(unit, options="--export=__data_end")
    assert names(linked) == [".data"]
    assert linked.address("zero") == 65536 + 16
    assert linked.address("__data_end") == 65536 + 116


def test_segments_of_zeros_stand_behind_a_bss_that_holds_something() -> None:
    """The one is written, the others are not, and indices count what is written."""
    unit = assemble(
        data("zero", bytes(4), segment=".bss.zero", flags=NO_STRIP),
        data("one", word(1), segment=".bssy", flags=EXPORTED),
        features("+atomics", "+bulk-memory"),
    )
    files = {"a.o": unit}
    output = link_here(files, ["--no-entry", "--shared-memory", "--max-memory=262144", "a.o"])
    assert output.module is not None
    linked = Linked(output.module)
    linked.validate()
    assert names(linked) == [".bssy"]


def test_a_bss_that_is_written_after_all(link: Linker) -> None:
    unit = assemble(data("zero", bytes(4), segment=".bss.zero", flags=NO_STRIP))
    assert names(link(unit)) == []
    assert names(link(unit, options="--import-memory")) == [".bss"]
    assert names(link(unit, options="--emit-relocs")) == [".bss"]
    assert names(link(unit, options="--import-memory --features=bulk-memory")) == []


# The linker's own addresses: data of 20 bytes at a stack of 64 KiB.

OWN = [
    "__stack_low",
    "__stack_high",
    "__global_base",
    "__dso_handle",
    "__data_end",
    "__heap_base",
    "__heap_end",
    "__memory_base",
    "__table_base",
    "__wasm_first_page_end",
]
UNIT = assemble(data("x", bytes(20), alignment=2, flags=EXPORTED))


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ("", [0, 65536, 65536, 65536, 65556, 65568, 131072, 0, 1, 65536]),
        ("--stack-first", [0, 65536, 65536, 65536, 65556, 65568, 131072, 0, 1, 65536]),
        ("--no-stack-first", [1056, 66592, 1024, 1024, 1044, 66592, 131072, 0, 1, 65536]),
        ("--global-base=70000", [0, 65536, 70000, 70000, 70020, 70032, 131072, 0, 1, 65536]),
        ("--no-stack-first --global-base=16", [48, 65584, 16, 16, 36, 65584, 131072, 0, 1, 65536]),
        # A base of 0 is none.
        (
            "--no-stack-first --global-base=0",
            [1056, 66592, 1024, 1024, 1044, 66592, 131072, 0, 1, 65536],
        ),
        ("-z stack-size=32", [0, 32, 32, 32, 52, 64, 65536, 0, 1, 65536]),
        ("--table-base=7", [0, 65536, 65536, 65536, 65556, 65568, 131072, 0, 7, 65536]),
        ("--initial-memory=196608", [0, 65536, 65536, 65536, 65556, 65568, 196608, 0, 1, 65536]),
        ("--initial-heap=131072", [0, 65536, 65536, 65536, 65556, 65568, 262144, 0, 1, 65536]),
        (
            "--page-size=1 -z stack-size=16",
            [0, 16, 16, 16, 36, 48, 48, 0, 1, 1],
        ),
    ],
)
def test_the_linkers_own_addresses(link: Linker, options: str, values: list[int]) -> None:
    exports = " ".join(f"--export={name}" for name in OWN)
    linked = link(UNIT, options=f"{options} {exports}")
    assert [linked.address(name) for name in OWN] == values
    stack_high = values[1]
    assert linked.global_called("__stack_pointer") == stack_high


@pytest.mark.parametrize("name", OWN)
def test_they_exist_only_where_they_are_asked_for(link: Linker, name: str) -> None:
    user = assemble(function("f", address(name), type=TO_I32, flags=EXPORTED))
    linked = link(user)
    assert linked.exports == ["memory", "f"]
    assert linked.run("f") == link(user, options=f"--export={name}").address(name)


def test_a_definition_of_the_program_goes_before_the_linkers(link: Linker) -> None:
    unit = assemble(data("__heap_base", word(5), flags=EXPORTED))
    assert link(unit).word("__heap_base") == 5


# __start_NAME and __stop_NAME.


def test_start_and_stop_of_a_segment_with_a_c_name(link: Linker) -> None:
    unit = assemble(
        data("x", b"1", segment="sets", flags=NO_STRIP),
        data("y", b"2345", segment="sets", alignment=2, flags=NO_STRIP),
        function("start", address("__start_sets"), type=TO_I32, flags=EXPORTED),
        function("stop", address("__stop_sets"), type=TO_I32, flags=EXPORTED),
    )
    linked = link(unit)
    assert linked.run("stop") == 65536 + 8
    assert linked.run("start") == 65536


@pytest.mark.parametrize("name", ["with.dot", "1digit", ".data"])
def test_other_names_have_no_start(link: Linker, name: str) -> None:
    unit = assemble(
        data("x", b"1", segment=name, flags=NO_STRIP),
        function("f", address(f"__start_{name}"), type=TO_I32, flags=EXPORTED),
    )
    assert "undefined symbol: __start_" in link.refusal(unit)


def test_asking_for_the_start_of_a_segment_does_not_keep_it(link: Linker) -> None:
    unit = assemble(
        data("x", b"1", segment="sets"),
        function("f", address("__start_sets"), type=TO_I32, flags=EXPORTED),
    )
    assert "undefined symbol: __start_sets" in link.refusal(unit)


# Strings.


def text(linked: Linked) -> bytes:
    return b"".join(segment.content for segment in linked.segments)


def test_equal_strings_are_kept_once(link: Linker) -> None:
    one = assemble(strings("s", b"hello\0"), data("p", pointer("s"), alignment=2, flags=EXPORTED))
    two = assemble(strings("t", b"hello\0"), data("q", pointer("t"), alignment=2, flags=EXPORTED))
    linked = link(one, two)
    assert linked.word("p") == linked.word("q")
    assert linked.segments[0].content == b"hello\0"


def test_a_string_may_be_the_tail_of_another(link: Linker) -> None:
    unit = assemble(
        strings("s", b"hello\0"),
        strings("t", b"lo\0"),
        data("p", pointer("s"), pointer("t"), alignment=2, flags=EXPORTED),
    )
    linked = link(unit)
    assert linked.word("p", 4) == linked.word("p") + 3
    assert linked.segments[0].content == b"hello\0"


def test_pointers_into_strings_follow_them(link: Linker) -> None:
    unit = assemble(
        strings("s", b"one\0two\0"),
        alias("two", "s", offset=5),
        data("p", pointer("two"), pointer("s", 2), alignment=2, flags=EXPORTED),
    )
    linked = link(unit)
    assert linked.read(linked.word("p"), 3) == b"wo\0"
    assert linked.read(linked.word("p", 4), 2)[:1] in (b"e", b"\0", b"t", b"o")


@pytest.mark.parametrize(
    ("first", "second", "options"),
    [
        (STRINGS, STRINGS, "-O0"),
        (STRINGS, 0, ""),
        (0, 0, ""),
    ],
)
def test_strings_that_stay_apart(link: Linker, first: int, second: int, options: str) -> None:
    unit = assemble(
        data("s", b"hello\0", segment=".rodata.s", segment_flags=first),
        data("t", b"hello\0", segment=".rodata.t", segment_flags=second),
    )
    assert text(link(unit, options=f"{KEEP} {options}")) == b"hello\0hello\0"


def test_aligned_strings_are_not_merged(link: Linker) -> None:
    unit = assemble(
        data("s", b"abc\0", segment=".rodata.s", segment_flags=STRINGS, alignment=2),
        data("t", b"abc\0", segment=".rodata.t", segment_flags=STRINGS, alignment=2),
    )
    assert text(link(unit, options=KEEP)) == b"abc\0abc\0"


def test_a_string_without_an_end_is_refused(link: Linker) -> None:
    unit = assemble(strings("s", b"abc"), data("p", pointer("s"), flags=EXPORTED))
    assert link.refusal(unit) == "a.o:(.rodata.str): string is not null terminated"


def test_debug_strings_are_merged(link: Linker) -> None:
    unit = assemble(custom(".debug_str", b"x\0y\0x\0"))
    content = link(unit).custom(".debug_str")
    assert content is not None
    assert sorted(content.split(b"\0")) == [b"", b"x", b"y"]


# What the addresses are good for.


def test_loads_see_the_data(link: Linker) -> None:
    one = assemble(function("f", load("x", 4), type=TO_I32, flags=EXPORTED))
    two = assemble(data("padding", b"123"), data("x", word(1), word(2), alignment=2))
    assert link(one, two).run("f") == 2


def test_a_symbol_may_stand_behind_the_last_byte(link: Linker) -> None:
    """And reach beyond the end: its size is for debuggers."""
    unit = assemble(
        data("start", b"1234", flags=EXPORTED, size=100),
        alias("end", of="start", offset=4, flags=EXPORTED),
    )
    linked = link(unit, assemble(data("next", b"5", flags=EXPORTED)))
    assert linked.address("end") - linked.address("start") == 4


def test_a_symbol_behind_the_end_is_malformed(link: Linker) -> None:
    unit = assemble(data("x", b"1234", offset=5, size=0, flags=EXPORTED))
    assert "`x` (offset: 5 segment size: 4)" in link.malformed(unit)


@pytest.mark.parametrize("alignment", [8, 12, 16])
def test_a_strict_alignment_is_kept(link: Linker, alignment: int) -> None:
    unit = assemble(
        data("first", b"1", flags=EXPORTED), data("x", b"2", alignment=alignment, flags=EXPORTED)
    )
    assert link(unit).address("x") % (1 << alignment) == 0


def test_a_segment_may_be_empty(link: Linker) -> None:
    """Its symbol has an address all the same; where it alone makes an output segment, too."""
    for segment in (".data.x", "own"):
        unit = assemble(
            data("first", b"123", flags=EXPORTED),
            data("x", alignment=4, segment=segment, flags=EXPORTED),
        )
        linked = link(unit)
        assert linked.address("x") % 16 == 0
        assert linked.address("x") >= linked.address("first")

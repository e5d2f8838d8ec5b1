"""Custom sections: merged by name (Linking.md, "Merging Custom Sections"), or the linker's own."""

from __future__ import annotations

import hashlib

import pytest

from linker.format import model
from tests.linker.assemble import assemble
from tests.linker.conftest import Linker, link_here
from tests.linker.linked import Linked
from tests.linker.objects import (
    EXPORTED,
    NO_STRIP,
    WEAK,
    Declaration,
    R,
    Site,
    custom,
    data,
    features,
    function,
    pointer,
    producers,
    undefined_function,
    word,
)


@pytest.mark.parametrize("options", ["-S", "-r -S"])
@pytest.mark.parametrize("name", [".debug_str", ".debug_loc"])
def test_an_offset_in_a_section_that_is_stripped_stays(
    link: Linker, name: str, options: str
) -> None:
    unit = assemble(custom(name, b"abc\0"), custom("note", Site(R.SECTION_OFFSET_I32, name, 2)))
    output = link_here({"0.o": unit}, ["--no-entry", *options.split(), "0.o"])
    assert output.module is not None
    combined = Linked(output.module)
    assert combined.custom("note") == b"\2\0\0\0"
    assert combined.relocations("note") == []
    if "-r" in options:
        assert link(output.module).custom("note") == b"\2\0\0\0"


def test_sections_of_one_name_are_put_together(link: Linker) -> None:
    linked = link(
        assemble(custom("note", b"one"), custom("other", b"!")), assemble(custom("note", b"two"))
    )
    assert linked.custom("note") == b"onetwo"
    assert linked.custom("other") == b"!"


def test_two_in_one_object_too(link: Linker) -> None:
    assert (
        link(assemble(custom("note", b"one"), custom("note", b"two"))).custom("note") == b"onetwo"
    )


def test_they_come_in_the_order_in_which_they_are_first_seen(link: Linker) -> None:
    linked = link(
        assemble(custom("z", b"1"), custom("a", b"1")),
        assemble(custom("m", b"1"), custom("a", b"2")),
    )
    assert [name for name in linked.section_names if len(name) == 1] == ["z", "a", "m"]


def test_empty_ones_are_left_out(link: Linker) -> None:
    assert link(assemble(custom("note"))).custom("note") is None


@pytest.mark.parametrize("name", [".llvmbc", ".llvmcmd"])
def test_some_are_for_other_tools(link: Linker, name: str) -> None:
    assert link(assemble(custom(name, b"x"))).custom(name) is None


@pytest.mark.parametrize("name", ["__llvm_covfun", "__llvm_covmap"])
def test_records_of_coverage_stay_aligned(link: Linker, name: str) -> None:
    units = [assemble(custom(name, b"12345")), assemble(custom(name, b"6"))]
    assert link(*units).custom(name) == b"12345\0\0\0" + b"6"


# Relocations in them.


def test_offsets_in_sections_follow_what_moved(link: Linker) -> None:
    def unit(text: bytes) -> bytes:
        return assemble(custom("text", text), custom("refs", Site(R.SECTION_OFFSET_I32, "text", 1)))

    assert link(unit(b"abc"), unit(b"de")).custom("refs") == word(1) + word(4)


def test_offsets_of_functions_follow_them(link: Linker) -> None:
    unit = assemble(
        function("f", flags=EXPORTED),
        function("g", flags=EXPORTED),
        custom(
            ".debug_line", Site(R.FUNCTION_OFFSET_I32, "f"), Site(R.FUNCTION_OFFSET_I32, "g", 1)
        ),
    )
    # A count, then each body of two bytes behind its size.
    assert link(unit).custom(".debug_line") == word(2) + word(2 + 3 + 1)


def test_addresses(link: Linker) -> None:
    unit = assemble(data("x", word(1), flags=NO_STRIP), custom(".debug_info", pointer("x", 2)))
    assert link(unit).custom(".debug_info") == word(65538)


def test_a_function_that_lost_to_another_points_at_the_winner(link: Linker) -> None:
    def unit(size: int) -> bytes:
        return assemble(
            function("f", b"\x01" * size, flags=WEAK),
            function("keep", flags=0),
            custom(".debug_info", Site(R.FUNCTION_OFFSET_I32, "f")),
        )

    linked = link(unit(1), unit(2), options="--export=f --allow-multiple-definition")
    assert linked.custom(".debug_info") == word(2) + word(2)


@pytest.mark.parametrize("kept", [0, NO_STRIP])
def test_what_only_a_lost_group_defined_is_nothing_there(link: Linker, kept: int) -> None:
    winner = assemble(
        function("f", flags=WEAK, comdat="g"),
        undefined_function("only_second"),
        custom("note", Site(R.FUNCTION_INDEX_I32, "only_second")),
    )
    loser = assemble(
        function("f", flags=WEAK, comdat="g"), function("only_second", flags=kept, comdat="g")
    )
    assert link(winner, loser).custom("note") == word(0)


def test_merged_strings_are_found_at_their_new_place(link: Linker) -> None:
    def unit(text: bytes) -> bytes:
        return assemble(
            custom(".debug_str", text),
            custom(".debug_info", Site(R.SECTION_OFFSET_I32, ".debug_str", len(text) - 2)),
        )

    linked = link(unit(b"a\0b\0"), unit(b"c\0b\0"))
    texts, places = linked.custom(".debug_str"), linked.custom(".debug_info")
    assert texts is not None
    assert places is not None
    assert places[:4] == places[4:]
    assert texts[places[0] :][:2] == b"b\0"


# What is stripped.

CORE = ["Type", "Function", "Memory", "Global", "Export", "Code"]
EVERYTHING: list[Declaration] = [
    function("f", flags=EXPORTED),
    custom(".debug_info", b"x"),
    custom("note", b"x"),
    producers(language={"C": "11"}),
    features("+simd128"),
]


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ("", [".debug_info", "note", "name", "producers", "target_features"]),
        ("--strip-debug", ["note", "name", "producers", "target_features"]),
        ("-S", ["note", "name", "producers", "target_features"]),
        ("--strip-all", ["note"]),
        ("-s", ["note"]),
        ("-s --keep-section=name", ["note", "name"]),
        (
            "-s --keep-section=producers --keep-section=target_features",
            ["note", "producers", "target_features"],
        ),
        ("-s --keep-section=.debug_info", ["note"]),
        (
            "--build-id=0x12",
            [".debug_info", "note", "name", "producers", "target_features", "build_id"],
        ),
        ("-s --build-id=0x12", ["note", "build_id"]),
    ],
)
def test_what_is_stripped(link: Linker, options: str, left: list[str]) -> None:
    linked = link(assemble(*EVERYTHING), options=options)
    assert linked.section_names[-len(left) :] == left
    assert len(linked.section_names) == len(CORE) + len(left)


# Producers.


def produced(linked: Linked) -> list[tuple[str, list[tuple[str, str]]]]:
    section = linked.file.find(model.ProducersSection)
    return section.fields if section else []


def test_each_producer_is_named_once(link: Linker) -> None:
    one = assemble(producers(language={"C": "11", "C++": "17"}, processed_by={"clang": "1"}))
    two = assemble(producers(processed_by={"clang": "2", "rustc": "3"}, language={"C": "99"}))
    assert produced(link(one, two)) == [
        ("language", [("C", "11"), ("C++", "17")]),
        ("processed-by", [("clang", "1"), ("rustc", "3")]),
    ]


def test_no_producers_no_section(link: Linker) -> None:
    assert "producers" not in link(assemble(function("f"))).section_names


# Build ids.


@pytest.mark.parametrize(("option", "size"), [("fast", 16), ("sha1", 20), ("tree", 20)])
def test_a_build_id_is_a_hash_of_the_module(link: Linker, option: str, size: int) -> None:
    one = link(assemble(function("f", flags=EXPORTED)), options=f"--build-id={option}")
    other = link(assemble(function("g", flags=EXPORTED)), options=f"--build-id={option}")
    content = one.custom("build_id")
    assert content is not None
    assert content[0] == size == len(content) - 1
    assert content != other.custom("build_id")


def test_sha1_is_that_of_the_chunks_of_the_module(link: Linker) -> None:
    linked = link(assemble(function("f")), options="--build-id=sha1")
    blank = linked.module[:-20] + b" " * 20
    assert linked.module[-20:] == hashlib.sha1(hashlib.sha1(blank).digest()).digest()


def test_a_given_build_id(link: Linker) -> None:
    linked = link(assemble(function("f")), options="--build-id=0xABCD01")
    assert linked.custom("build_id") == b"\x03\xab\xcd\x01"


def test_no_build_id_unless_asked_for(link: Linker) -> None:
    assert (
        link(assemble(function("f")), options="--build-id --build-id=none").custom("build_id")
        is None
    )

"""The value of each relocation in its own encoding: Linking.md, "Relocation Sections"."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from linker.format.constants import RelocationType
from linker.format.leb128 import decode_signed, decode_unsigned, encode_signed, encode_unsigned
from linker.format.relocation_shapes import SHAPES
from tests.linker.assemble import assemble
from tests.linker.conftest import Linker, link_here
from tests.linker.objects import (
    ADD,
    DROP,
    EXPORTED,
    NO_STRIP,
    TLS,
    TO_I32,
    WEAK,
    Declaration,
    Part,
    R,
    Site,
    address,
    alias,
    call,
    call_indirect,
    custom,
    data,
    features,
    function,
    function_pointer,
    function_word,
    global_get,
    global_variable,
    load,
    pointer,
    returning,
    table,
    table_size,
    tag,
    throw,
    undefined_data,
    undefined_function,
    undefined_table,
    word,
)
from tests.linker.seed.examples import shifted

# One of everything, so that no index and no address is 0.
FIRST = assemble(
    function("before", flags=NO_STRIP),
    function("pointed", flags=NO_STRIP),
    data("zeros", bytes(8), function_word("pointed"), flags=NO_STRIP),
    data("tls_before", word(1), segment=".tdata.a", flags=NO_STRIP | TLS),
    table("table_before", 1, flags=NO_STRIP),
    tag("tag_before", flags=NO_STRIP),
    undefined_table(flags=NO_STRIP),
    custom("note", b"0123"),
    features("+atomics", "+bulk-memory"),
)
TARGETS: list[Declaration] = [
    returning("f", 7),
    data("d", word(1), word(2), alignment=3),
    data("t", word(1), segment=".tdata.t", flags=TLS),
    global_variable("g", 9, flags=NO_STRIP),
    tag("e"),
    table("u", 2),
    custom("note", b"ABCD"),
]


@dataclass(frozen=True)
class Case:
    """A relocation kind, what it names, its addend, and what it must give.

    Addresses: thread-local data is first, from 65536, then `zeros` with 12 bytes from 65544;
    `d` is at 65560.
    """

    kind: RelocationType
    name: str
    value: int
    addend: int = 0


ZEROS = 65544
D = 65560
SITE = D + 12  # where `test_in_data` has the relocation
CASES = [
    Case(R.FUNCTION_INDEX_LEB, "f", 2),
    Case(R.TABLE_INDEX_SLEB, "f", 2),
    Case(R.TABLE_INDEX_I32, "f", 2),
    Case(R.MEMORY_ADDR_LEB, "d", D),
    Case(R.MEMORY_ADDR_LEB, "d", D + 4, 4),
    Case(R.MEMORY_ADDR_SLEB, "d", D),
    Case(R.MEMORY_ADDR_SLEB, "d", -1, -D - 1),
    Case(R.MEMORY_ADDR_I32, "d", D),
    Case(R.MEMORY_ADDR_I32, "d", D - 16, -16),
    Case(R.GLOBAL_INDEX_LEB, "g", 1),
    Case(R.GLOBAL_INDEX_LEB, "d", 2),
    Case(R.GLOBAL_INDEX_LEB, "f", 2),
    Case(R.FUNCTION_OFFSET_I32, "f", 8),
    Case(R.FUNCTION_OFFSET_I32, "f", 11, 3),
    Case(R.SECTION_OFFSET_I32, "note", 4),
    Case(R.SECTION_OFFSET_I32, "note", 6, 2),
    Case(R.TAG_INDEX_LEB, "e", 1),
    Case(R.MEMORY_ADDR_REL_SLEB, "d", D),
    Case(R.TABLE_INDEX_REL_SLEB, "f", 1),
    Case(R.GLOBAL_INDEX_I32, "g", 1),
    Case(R.MEMORY_ADDR_LEB64, "d", D),
    Case(R.MEMORY_ADDR_SLEB64, "d", -1, -D - 1),
    Case(R.MEMORY_ADDR_I64, "d", D + 8, 8),
    Case(R.MEMORY_ADDR_REL_SLEB64, "d", D),
    Case(R.TABLE_INDEX_SLEB64, "f", 2),
    Case(R.TABLE_INDEX_I64, "f", 2),
    Case(R.TABLE_NUMBER_LEB, "u", 1),
    Case(R.MEMORY_ADDR_TLS_SLEB, "t", 4),
    Case(R.MEMORY_ADDR_TLS_SLEB, "t", 6, 2),
    Case(R.FUNCTION_OFFSET_I64, "f", 8),
    Case(R.MEMORY_ADDR_LOCREL_I32, "d", -12),
    Case(R.MEMORY_ADDR_LOCREL_I32, "d", -8, 4),
    Case(R.TABLE_INDEX_REL_SLEB64, "f", 1),
    Case(R.MEMORY_ADDR_TLS_SLEB64, "t", 4),
    Case(R.FUNCTION_INDEX_I32, "f", 2),
]


def identity(case: Case) -> str:
    return f"{case.kind.name}-{case.name}{case.addend or ''}"


def decoded(kind: RelocationType, content: bytes) -> int:
    """The number in a relocated field, as its encoding says."""
    if kind.name.endswith(("_I32", "_I64")):
        signed = kind is R.MEMORY_ADDR_LOCREL_I32
        return int.from_bytes(content, "little", signed=signed)
    width = 64 if len(content) == 10 else 32
    read = decode_signed if "SLEB" in kind.name else decode_unsigned
    value, end = read(content, 0, width)
    assert end == len(content), "the number fills its field"
    return value


def test_every_kind_is_here() -> None:
    assert {case.kind for case in CASES} | {R.TYPE_INDEX_LEB} == set(RelocationType)


@pytest.mark.parametrize("case", CASES, ids=identity)
def test_in_data(link: Linker, case: Case) -> None:
    # Behind the symbol `d`, which is there also where it is not what is asked for.
    site = data("site", Site(case.kind, case.name, case.addend), flags=NO_STRIP)
    linked = link(FIRST, assemble(*TARGETS, data("keep", pointer("d"), flags=NO_STRIP), site))
    content = next(segment.content for segment in linked.segments if segment.name == ".data")
    field = content[SITE - ZEROS :][: SHAPES[case.kind].width]
    assert decoded(case.kind, field) == case.value


# A custom section has no address to count from, and makes no globals for addresses.
IN_CUSTOM_SECTIONS = [
    case
    for case in CASES
    if case.kind is not R.MEMORY_ADDR_LOCREL_I32
    and not (case.kind is R.GLOBAL_INDEX_LEB and case.name in "df")
]


@pytest.mark.parametrize("case", IN_CUSTOM_SECTIONS, ids=identity)
def test_in_a_custom_section(link: Linker, case: Case) -> None:
    uses: list[Part] = [
        *(function_pointer("f"), DROP, load("d"), DROP, global_get("g"), DROP),
        *(table_size("u"), DROP, b"\x41\0", throw("e")),
    ]
    unit = assemble(
        *TARGETS,
        function("keep", *uses, flags=NO_STRIP),
        data("keep_t", Site(R.MEMORY_ADDR_TLS_SLEB, "t"), segment="z", flags=NO_STRIP),
        custom("site", b"??", Site(case.kind, case.name, case.addend)),
    )
    content = link(FIRST, unit).custom("site")
    assert content is not None
    assert content[:2] == b"??"
    assert decoded(case.kind, content[2:]) == case.value


def test_a_type_index(link: Linker) -> None:
    one = assemble(returning("f", 7, EXPORTED), function("g", flags=EXPORTED))
    two = assemble(
        function("h", b"\x41\1", call_indirect(TO_I32), type=TO_I32, flags=EXPORTED),
        data("p", function_word("f"), flags=NO_STRIP),
        undefined_function("f", type=TO_I32),
    )
    linked = link(one, two)
    assert linked.types.count(TO_I32) == 1
    assert linked.run("h") == 7


# Where there is nothing to point at.


def test_addresses_of_undefined_data_are_zero_whatever_the_addend(link: Linker) -> None:
    kinds = [kind for kind in R if kind.name.startswith("MEMORY_ADDR") and kind not in RELATIVE]
    unit = assemble(
        *(
            data(kind.name, Site(kind, "x", 5), segment=f"s{kind.value}", flags=NO_STRIP)
            for kind in kinds
        ),
        undefined_data("x", flags=WEAK),
    )
    for kind, segment in zip(kinds, link(unit).segments, strict=True):
        assert decoded(kind, segment.content) == 0


def test_places_of_undefined_functions_are_zero(link: Linker) -> None:
    kinds = [kind for kind in R if kind.name.startswith("TABLE_INDEX")]
    unit = assemble(
        *(
            data(kind.name, Site(kind, "f"), segment=f"s{kind.value}", flags=NO_STRIP)
            for kind in kinds
        ),
        undefined_function("f", flags=WEAK),
        undefined_table(flags=NO_STRIP),
    )
    for kind, segment in zip(kinds, link(unit).segments, strict=True):
        assert decoded(kind, segment.content) == 0


@pytest.mark.parametrize(
    "declaration",
    [
        data("x", b"\0\0", Site(R.MEMORY_ADDR_I32, "d"), flags=NO_STRIP),
        function("x", b"\x41", Site(R.MEMORY_ADDR_SLEB, "d"), DROP, flags=NO_STRIP),
    ],
)
def test_a_relocation_does_not_reach_over_the_end_of_what_it_is_in(
    declaration: Declaration,
) -> None:
    unit = shifted(assemble(declaration, data("d", word(1)), function("last")), 3)
    (error,) = link_here({"a.o": unit}, ["--no-entry", "a.o"]).errors
    assert "reaches over its end" in error
    (dialect,) = link_here({"a.o": unit}, ["--no-entry", "a.o"], "lld-22").errors
    assert dialect.startswith(f"{error} (what wasm-ld does is not defined here")


RELATIVE = [kind for kind in R if "_REL_" in kind.name or "_TLS_" in kind.name]


@pytest.mark.parametrize("kind", RELATIVE)
def test_relative_ones_must_be_defined(link: Linker, kind: RelocationType) -> None:
    unit = assemble(
        data("s", Site(kind, "x"), flags=NO_STRIP),
        undefined_function("x") if kind.name.startswith("TABLE") else undefined_data("x"),
        undefined_table(flags=NO_STRIP),
    )
    threaded = assemble(features("+atomics", "+bulk-memory"))
    first, second = link.refusal(unit, threaded).splitlines()
    assert first.startswith(f"a.o: relocation R_WASM_{kind.name} ")
    assert first.endswith(" against an undefined symbol `x`")
    assert second == "a.o: undefined symbol: x"


@pytest.mark.parametrize(
    "declaration",
    [
        custom("s", Site(R.MEMORY_ADDR_LOCREL_I32, "d")),
        function("s", b"\x41", Site(R.MEMORY_ADDR_LOCREL_I32, "d"), flags=NO_STRIP),
    ],
)
def test_only_data_can_count_from_its_place(declaration: Declaration) -> None:
    # wasm-ld 22 crashes here.
    unit = assemble(data("d", word(1), flags=NO_STRIP), declaration)
    output = link_here({"a.o": unit}, ["--no-entry", "a.o"])
    message = "a.o:(s): relocation R_WASM_MEMORY_ADDR_LOCREL_I32 outside data"
    assert output.errors == (message,)


@pytest.mark.parametrize(
    ("section", "tombstone"),
    [
        (".debug_info", 2**32 - 1),
        (".debug_line", 2**32 - 1),
        (".debug_ranges", 2**32 - 2),
        (".debug_loc", 2**32 - 2),
        ("llvm.func_attr.annotate.x", 2**32 - 1),
        ("other", 3),
    ],
)
@pytest.mark.parametrize("kind", [R.FUNCTION_OFFSET_I32, R.MEMORY_ADDR_I32])
def test_what_was_left_out_has_a_tombstone_in_debug_information(
    link: Linker, section: str, tombstone: int, kind: RelocationType
) -> None:
    name = "f" if kind is R.FUNCTION_OFFSET_I32 else "d"
    unit = assemble(*TARGETS, custom(section, Site(kind, name, 3)))
    assert link(unit).custom(section) == word(tombstone)


def test_thread_local_addresses_are_for_thread_local_data(link: Linker) -> None:
    unit = assemble(
        data("d", word(1)), data("s", Site(R.MEMORY_ADDR_TLS_SLEB, "d"), flags=NO_STRIP)
    )
    threaded = assemble(features("+atomics", "+bulk-memory"))
    link(unit, threaded)
    start = "a.o: relocation R_WASM_MEMORY_ADDR_TLS_SLEB cannot be used against"
    assert link.refusal(unit, threaded, options="--shared-memory").splitlines() == [
        f"{start} non-TLS symbol `d`",
        f"{start} `d` in non-TLS section: .data",
    ]


# Numbers and their room.


def test_addresses_above_2_gib(link: Linker) -> None:
    unit = assemble(
        data("d", word(1)),
        function("f", address("d"), type=TO_I32, flags=EXPORTED),
        function("g", load("d"), type=TO_I32, flags=EXPORTED),
    )
    linked = link(unit, options="--global-base=3000000000")
    assert linked.body("f")[2:7] == encode_signed(3000000000 - 2**32, 5)
    assert linked.body("g")[5:10] == encode_unsigned(3000000000, 5)


def test_an_addend_may_leave_the_symbol(link: Linker) -> None:
    unit = assemble(
        data("d", word(1), word(2)),
        alias("e", "d", offset=4),
        function("f", load("e", -4), type=TO_I32, flags=EXPORTED),
    )
    assert link(unit).run("f") == 1


# --compress-relocations.


def test_numbers_in_code_are_as_short_as_they_can_be(link: Linker) -> None:
    unit = assemble(
        returning("f", 1),
        data("d", word(5)),
        function("g", call("f"), load("d"), ADD, type=TO_I32, flags=EXPORTED),
        function("h", call("g"), type=TO_I32, flags=EXPORTED),
    )
    linked = link(unit, options="--compress-relocations -S")
    assert linked.body("g") == bytes.fromhex("00 10 00 41 00 28 02 80 80 04 6a 0b")
    assert linked.run("h") == 6
    assert len(linked.module) < len(link(unit, options="-S").module)


def test_only_code_is_compressed(link: Linker) -> None:
    unit = assemble(*TARGETS, data("p", Site(R.MEMORY_ADDR_SLEB, "d"), flags=NO_STRIP))
    linked = link(unit, options="--compress-relocations -s")
    assert [len(segment.content) for segment in linked.segments] == [8 + 5]


def test_compression_does_not_go_with_debug_information(link: Linker) -> None:
    message = link.refusal(FIRST, options="--compress-relocations")
    assert message.startswith("--compress-relocations is incompatible with output debug")

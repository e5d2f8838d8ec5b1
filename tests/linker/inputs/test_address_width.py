"""Objects with 64-bit addresses: *unspecified*, ObjFile::checkArch."""

from __future__ import annotations

import pytest

from linker.format.constants import LimitsFlag
from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker
from tests.linker.memories import NO_LIMITS, with_memories
from tests.linker.objects import (
    EXPORTED,
    call,
    function,
    table,
    undefined_function,
    undefined_global,
    undefined_table,
    undefined_tag,
)

PLAIN = assemble(
    undefined_table("t", import_name="t"),
    undefined_global("g", import_name="g"),
    undefined_tag("e", import_name="e"),
    undefined_function("x", import_name="x"),
    function("f", call("x"), flags=EXPORTED),
)
WIDE = with_memories(PLAIN, LimitsFlag.IS_64)
OTHER = assemble(function("other", flags=EXPORTED), table("own"))
MESSAGE = "must specify -mwasm64 to process wasm64 object files"


def test_an_object_with_a_64_bit_memory_is_refused(link: Linker) -> None:
    assert link.refusal(OTHER, WIDE) == f"b.o: {MESSAGE}"


def test_so_is_a_member_that_nothing_needs(link: Linker) -> None:
    assert link.refusal(OTHER, lib__a=archive(WIDE)) == f"lib.a(0.o): {MESSAGE}"


def test_it_is_refused_before_later_files_are_looked_for(link: Linker) -> None:
    assert link.refusal(WIDE, order="a.o missing.o") == f"a.o: {MESSAGE}"


def test_the_words_are_others_where_the_width_is_given(link: Linker) -> None:
    message = link.refusal(WIDE, options="-m wasm32")
    assert message == "a.o: wasm32 object file can't be linked in wasm64 mode"


@pytest.mark.parametrize("kind", [NO_LIMITS, LimitsFlag.HAS_MAX, LimitsFlag.IS_SHARED])
def test_other_memories_are_not_looked_at(link: Linker, kind: LimitsFlag) -> None:
    shared = LimitsFlag.HAS_MAX if kind is LimitsFlag.IS_SHARED else NO_LIMITS
    assert link(with_memories(PLAIN, kind | shared)).exports == ["memory", "f"]


def test_the_padding_of_numbers_hides_no_memory(link: Linker) -> None:
    """The size of the first section has six bytes: wasm-ld reads it, and asks for the width."""
    padded = WIDE[:9] + bytes((WIDE[9] | 0x80, *WIDE[10:13], 0x80, 0x00)) + WIDE[14:]
    assert link.refusal(OTHER, padded, departs=True).startswith("b.o: LEB128 number is longer")

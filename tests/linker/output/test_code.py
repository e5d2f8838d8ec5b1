"""Code: instructions of every kind with relocated operands. The linker moves the operand only.

Linking.md, "Relocation Sections"; what stands around an operand is not looked at, so each kind of
instruction is linked behind other functions, data, tables and tags, and run.
"""

from __future__ import annotations

import pytest

from linker.format.constants import ValueType
from linker.format.model import FunctionType
from tests.linker.assemble import assemble
from tests.linker.conftest import Linker
from tests.linker.objects import (
    ADD,
    DROP,
    EXPORTED,
    FUNCTION_TABLE,
    I32,
    I64,
    LOCAL,
    TO_I32,
    VOID,
    Part,
    R,
    Site,
    const,
    data,
    function,
    function_pointer,
    returning,
    signature,
    table,
    tag,
    undefined_data,
    undefined_function,
    undefined_table,
    undefined_tag,
    word,
)

PAIR = signature((), [I32, I64])
TO_TWO = signature([I32], [I32, I32])
FROM_I32 = signature([I32])
END = b"\x0b"

# Takes the low numbers of every index space, so that all numbers change.
FIRST = assemble(
    function("other", type=signature([I64, I64]), flags=EXPORTED),
    returning("seven", 7, EXPORTED),
    data("before", bytes(100), flags=EXPORTED),
    data("x", word(0x01020304), b"\xff\x80", alignment=2),
    table("elsewhere", 3, flags=EXPORTED),
    table("t", 5, 9),
    tag("unused", type=signature([I64]), flags=EXPORTED),
    tag("e", type=FROM_I32),
    function("thrower", const(33), b"\x08", Site(R.TAG_INDEX_LEB, "e")),
)


def memory(opcode: bytes, alignment: int, addend: int = 0) -> list[Part]:
    return [opcode + bytes((alignment,)), Site(R.MEMORY_ADDR_LEB, "x", addend)]


def block(opcode: int, kind: FunctionType) -> list[Part]:
    return [bytes((opcode,)), Site(R.TYPE_INDEX_LEB, signature=kind)]


BODIES: dict[str, tuple[list[Part], int]] = {
    "a block of a type": ([*block(2, PAIR), const(5), b"\x42\x06", END, DROP], 5),
    "a loop of a type": ([const(3), *block(3, TO_TWO), const(4), END, ADD], 7),
    "an if of a type": (
        [const(9), const(1), *block(4, TO_TWO), const(4), b"\x05", const(1), END, ADD],
        13,
    ),
    "a load": ([const(0), *memory(b"\x28", 2)], 0x01020304),
    "an unaligned load": ([const(0), *memory(b"\x28", 0, 1)], 0xFF010203 - (1 << 32)),
    "a signed load": ([const(0), *memory(b"\x2e", 1, 4)], 0x80FF - (1 << 16)),
    "a store": (
        [const(0), const(1), *memory(b"\x36", 2), const(0), *memory(b"\x28", 2)],
        1,
    ),
    "a vector load": ([const(0), *memory(b"\xfd\x00", 4), b"\xfd\x1b\x00"], 0x01020304),
    "a load into all lanes": ([const(0), *memory(b"\xfd\x09", 2), b"\xfd\x1b\x03"], 0x01020304),
    "an atomic addition": ([const(0), const(1), *memory(b"\xfe\x1e", 2)], 0x01020304),
    "memory.copy": (
        [
            b"\x41", Site(R.MEMORY_ADDR_SLEB, "x"), b"\x41", Site(R.MEMORY_ADDR_SLEB, "x", 1),
            const(1), b"\xfc\x0a\0\0", const(0), *memory(b"\x2d", 0),
        ],
        3,
    ),
    "memory.fill": (
        [
            b"\x41", Site(R.MEMORY_ADDR_SLEB, "x"), const(6), const(1), b"\xfc\x0b\0",
            const(0), *memory(b"\x2d", 0),
        ],
        6,
    ),
    "return_call": ([b"\x12", Site(R.FUNCTION_INDEX_LEB, "seven")], 7),
    "return_call_indirect": (
        [
            *function_pointer("seven"), b"\x13", Site(R.TYPE_INDEX_LEB, signature=TO_I32),
            Site(R.TABLE_NUMBER_LEB, FUNCTION_TABLE),
        ],
        7,
    ),
    "table.size": ([b"\xfc\x10", Site(R.TABLE_NUMBER_LEB, "t")], 5),
    "table.grow": ([b"\xd0\x70", const(2), b"\xfc\x0f", Site(R.TABLE_NUMBER_LEB, "t")], 5),
    "table.get": ([const(1), b"\x25", Site(R.TABLE_NUMBER_LEB, "t"), b"\xd1"], 1),
    "table.copy": (
        [
            const(0), const(1), const(2), b"\xfc\x0e", Site(R.TABLE_NUMBER_LEB, "t"),
            Site(R.TABLE_NUMBER_LEB, "t"), const(1),
        ],
        1,
    ),
    "ref.func put into a table and called there": (
        [
            const(4), b"\xd2", Site(R.FUNCTION_INDEX_LEB, "seven"), b"\x26",
            Site(R.TABLE_NUMBER_LEB, "t"), const(4), b"\x11",
            Site(R.TYPE_INDEX_LEB, signature=TO_I32), Site(R.TABLE_NUMBER_LEB, "t"),
        ],
        7,
    ),
    "catch": (
        [
            b"\x02\x7f\x1f\x40\x01\x00", Site(R.TAG_INDEX_LEB, "e"), b"\x00\x10",
            Site(R.FUNCTION_INDEX_LEB, "thrower"), END, const(1), END,
        ],
        33,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BODIES)
def test_an_operand_is_moved(link: Linker, what: str) -> None:
    body, value = BODIES[what]
    unit = assemble(
        undefined_function("seven", type=TO_I32),
        undefined_function("thrower", type=VOID),
        undefined_data("x"),
        undefined_table(),
        undefined_table("t"),
        undefined_tag("e", type=FROM_I32),
        function("f", *body, type=TO_I32, flags=EXPORTED),
    )
    assert link(FIRST, unit).run("f") == value


def test_a_type_that_no_function_has_is_entered(link: Linker) -> None:
    """A call_indirect by it traps, whatever the place holds."""
    kind = signature([ValueType.F64, I32], [I64])
    unit = assemble(
        undefined_table(),
        returning("g", 1, LOCAL),
        function(
            "f",
            b"\x44" + bytes(8),
            const(1),
            *function_pointer("g"),
            b"\x11",
            Site(R.TYPE_INDEX_LEB, signature=kind),
            Site(R.TABLE_NUMBER_LEB, FUNCTION_TABLE),
            DROP,
            flags=EXPORTED,
        ),
    )
    linked = link(unit)
    assert kind in linked.types
    with pytest.raises(Exception, match="indirect call type mismatch"):
        linked.run("f")


def test_a_vector_is_passed_and_returned(link: Linker) -> None:
    kind = signature([ValueType.V128], [ValueType.V128])
    unit = assemble(
        function("same", b"\x20\x00", type=kind, flags=LOCAL),
        function(
            "f",
            b"\xfd\x0c" + bytes(range(16)) + b"\x10",
            Site(R.FUNCTION_INDEX_LEB, "same"),
            b"\xfd\x1b\x01",
            type=TO_I32,
            flags=EXPORTED,
        ),
    )
    assert link(FIRST, unit).run("f") == 0x07060504


def _typed(*prefix: bytes) -> list[Part]:
    """An instruction, in its parts, with the type of `seven` behind each but the last."""
    site = Site(R.TYPE_INDEX_LEB, signature=SEVEN)
    parts: list[Part] = []
    for part in prefix:
        parts += [part, site]
    return parts


# A type of its own, behind the types of FIRST and 70 others.
SEVEN = signature([], [I32, I32, I32])
REFERENCE: list[Part] = [
    *function_pointer("seven"), DROP, b"\xd2", Site(R.FUNCTION_INDEX_LEB, "seven"),
]  # fmt: skip
SUM: list[Part] = [ADD, ADD]
TYPED: dict[str, list[Part]] = {
    "call_ref": [*REFERENCE, *_typed(b"\x14"), *SUM],
    "ref.test": [*REFERENCE, *_typed(b"\xfb\x14"), const(6), ADD],
    "ref.test of null": [*REFERENCE, *_typed(b"\xfb\x15"), const(6), ADD],
    "ref.cast": [*REFERENCE, *_typed(b"\xfb\x16", b"\x14"), *SUM],
    "ref.cast to null": [*REFERENCE, *_typed(b"\xfb\x17", b"\x14"), *SUM],
    "br_on_cast": [
        *_typed(b"\x02\x64"), *REFERENCE, *_typed(b"\xfb\x18\0\0\x70"), b"\0" + END,
        *_typed(b"\x14"), *SUM,
    ],
    "ref.null": [*_typed(b"\xd0"), b"\xd1", const(6), ADD],
}  # fmt: skip


@pytest.mark.parametrize("options", ["", "-s --compress-relocations"])
@pytest.mark.parametrize("what", TYPED)
def test_a_heap_type_is_a_signed_number(link: Linker, what: str, options: str) -> None:
    """From index 64 on, a number of one byte would be an abbreviation of another type."""
    calls: list[Part] = []
    for count in range(1, 71):
        kind = signature([I32] * count)
        site = Site(R.TYPE_INDEX_LEB, signature=kind)
        table_site = Site(R.TABLE_NUMBER_LEB, FUNCTION_TABLE)
        calls += [const(0)] * (count + 1) + [b"\x11", site, table_site]
    unit = assemble(
        undefined_table(),
        function("others", *calls, type=VOID, flags=EXPORTED),
        function("seven", const(1), const(2), const(4), type=SEVEN, flags=LOCAL),
        function("f", *TYPED[what], type=TO_I32, flags=EXPORTED),
    )
    linked = link(unit, options=options, departs=bool(options) and what != "call_ref")
    assert linked.types.index(SEVEN) >= 64
    assert linked.run("f") == 7

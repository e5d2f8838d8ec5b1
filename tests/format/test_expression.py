"""Constant expressions: made, read, refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.format import expression
from linker.format.constants import ValueType
from linker.format.expression import Instruction, Opcode, decode, make
from linker.format.model import InitExpr
from tests.format.odd import EXPRESSIONS


def instruction() -> st.SearchStrategy[Instruction]:
    def of(opcode: Opcode, low: int, high: int) -> st.SearchStrategy[Instruction]:
        return st.tuples(st.just(int(opcode)), st.integers(low, high))

    return st.one_of(
        of(Opcode.I32_CONST, -(1 << 31), (1 << 31) - 1),
        of(Opcode.I64_CONST, -(1 << 63), (1 << 63) - 1),
        of(Opcode.F32_CONST, 0, (1 << 32) - 1),
        of(Opcode.F64_CONST, 0, (1 << 64) - 1),
        of(Opcode.V128_CONST, 0, (1 << 128) - 1),
        of(Opcode.GLOBAL_GET, 0, (1 << 32) - 1),
        of(Opcode.REF_FUNC, 0, (1 << 32) - 1),
        st.tuples(
            st.just(int(Opcode.REF_NULL)),
            st.sampled_from([int(ValueType.FUNCREF), int(ValueType.EXTERNREF)]),
        ),
        st.sampled_from([(int(opcode), None) for opcode in sorted(expression.ARITHMETIC)]),
    )


@given(st.lists(instruction(), max_size=5), st.integers(0, 5))
def test_what_was_made_is_read_again(instructions: list[Instruction], width: int) -> None:
    assert decode(make(instructions, width)) == tuple(instructions)


@pytest.mark.parametrize(
    ("made", "body", "instructions"),
    [
        (expression.i32_const(-1), b"\x41\x7f\x0b", ((0x41, -1),)),
        (expression.i32_const(0xFFFFFFFF), b"\x41\x7f\x0b", ((0x41, -1),)),
        (expression.i32_const(3, 5), b"\x41\x83\x80\x80\x80\0\x0b", ((0x41, 3),)),
        (expression.i64_const(1 << 63), b"\x42" + b"\x80" * 9 + b"\x7f\x0b", ((0x42, -1 << 63),)),
        (expression.f32_const(0x7FC00001), b"\x43\1\0\xc0\x7f\x0b", ((0x43, 0x7FC00001),)),
        (expression.f64_const(1), b"\x44\1\0\0\0\0\0\0\0\x0b", ((0x44, 1),)),
        (expression.v128_const(258), b"\xfd\x0c\2\1" + b"\0" * 14 + b"\x0b", ((0xFD, 258),)),
        (expression.global_get(2), b"\x23\2\x0b", ((0x23, 2),)),
        (expression.global_get(2, 5), b"\x23\x82\x80\x80\x80\0\x0b", ((0x23, 2),)),
        (expression.ref_null(ValueType.FUNCREF), b"\xd0\x70\x0b", ((0xD0, 0x70),)),
        (expression.ref_func(300), b"\xd2\xac\x02\x0b", ((0xD2, 300),)),
        (
            make([(Opcode.GLOBAL_GET, 0), (Opcode.I32_CONST, 4), (Opcode.I32_ADD, None)]),
            b"\x23\0\x41\4\x6a\x0b",
            ((0x23, 0), (0x41, 4), (0x6A, None)),
        ),
        (InitExpr(b"\x0b"), b"\x0b", ()),
    ],
)
def test_expressions(made: InitExpr, body: bytes, instructions: tuple[Instruction, ...]) -> None:
    assert made.body == body
    assert decode(made) == instructions


@pytest.mark.parametrize("n", [1 << 32, -(1 << 31) - 1])
def test_numbers_over_32_bits_are_no_i32(n: int) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        expression.i32_const(n)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "cut off"),
        (b"\x41", "cut off"),
        (b"\x41\0", "cut off"),
        (b"\x41\0\x0b\0", "1 bytes after"),
        (b"\x10\0\x0b", "invalid opcode in init_expr: 16"),
        (b"\xd0\x40\x0b", "heap type 0x40"),
        (b"\x44\0\0\x0b", "cut off"),
    ],
)
def test_bytes_that_are_no_expression(body: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        decode(InitExpr(body))


def test_the_table_of_odd_files_has_every_opcode() -> None:
    """So that `parse` has met each of them."""
    together = b"".join(case.data for case in EXPRESSIONS)
    assert all(opcode in together for opcode in Opcode)

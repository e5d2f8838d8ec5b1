"""Constant expressions: initial values of globals, addresses of segments, items of tables.

Core specification, "Constant Expressions", with the extended arithmetic (i32 and i64 `add`,
`sub`, `mul`).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TypeAlias

from linker.format.constants import ValueType
from linker.format.leb128 import (
    LebError,
    decode_signed,
    decode_unsigned,
    encode_signed,
    encode_unsigned,
)
from linker.format.model import InitExpr


class Opcode(IntEnum):
    """The instructions of constant expressions; V128_CONST is the prefix 0xfd with 12."""

    END = 0x0B
    GLOBAL_GET = 0x23
    I32_CONST = 0x41
    I64_CONST = 0x42
    F32_CONST = 0x43
    F64_CONST = 0x44
    I32_ADD = 0x6A
    I32_SUB = 0x6B
    I32_MUL = 0x6C
    I64_ADD = 0x7C
    I64_SUB = 0x7D
    I64_MUL = 0x7E
    REF_NULL = 0xD0
    REF_FUNC = 0xD2
    V128_CONST = 0xFD


Instruction: TypeAlias = tuple[int, int | None]

ARITHMETIC = frozenset(
    (
        Opcode.I32_ADD,
        Opcode.I32_SUB,
        Opcode.I32_MUL,
        Opcode.I64_ADD,
        Opcode.I64_SUB,
        Opcode.I64_MUL,
    )
)

_VECTOR_CONST = 12
_INVALID = "invalid opcode in init_expr"
_HEAP_TYPES = frozenset((ValueType.FUNCREF, ValueType.EXTERNREF, ValueType.EXNREF))
# Bytes of the operands that are no LEB128.
_FIXED = {0x43: 4, 0x44: 8, 0xFD: 16}


def read(data: bytes, pos: int) -> tuple[tuple[Instruction, ...], int]:
    """The instructions at `pos` without the closing `end`, and the position after that.

    Raises LebError if an instruction is cut off or is not one of `Opcode`.
    """
    instructions: list[Instruction] = []
    size = len(data)
    while True:
        start = pos
        if pos >= size:
            raise LebError(start, "constant expression is cut off by the end")
        opcode = data[pos]
        pos += 1
        operand: int | None
        if opcode == 0x0B:
            return tuple(instructions), pos
        if opcode == 0x41:
            operand, pos = decode_signed(data, pos, 32)
        elif opcode == 0x42:
            operand, pos = decode_signed(data, pos, 64)
        elif opcode in (0x23, 0xD2):
            operand, pos = decode_unsigned(data, pos, 32)
        elif opcode in ARITHMETIC:
            operand = None
        elif opcode in _FIXED:
            if opcode == 0xFD:
                vector, pos = decode_unsigned(data, pos, 32)
                if vector != _VECTOR_CONST:
                    detail = f"vector instruction {vector} in a constant expression"
                    raise LebError(start, f"{_INVALID}: {opcode}", detail)
            after = pos + _FIXED[opcode]
            if after > size:
                raise LebError(start, "constant is cut off by the end")
            operand = int.from_bytes(data[pos:after], "little")
            pos = after
        elif opcode == 0xD0:
            if pos >= size:
                raise LebError(start, "ref.null is cut off by the end")
            operand = data[pos]
            if operand not in _HEAP_TYPES:
                raise LebError(pos, f"unsupported heap type 0x{operand:02x} of ref.null")
            pos += 1
        else:
            raise LebError(start, f"{_INVALID}: {opcode}", f"opcode 0x{opcode:02x}")
        instructions.append((opcode, operand))


def decode(expression: InitExpr) -> tuple[Instruction, ...]:
    """The instructions (opcode, operand), without the closing `end`.

    Operands: the signed number of i32.const and i64.const; the bits of a floating-point or
    vector constant as an unsigned number; an index of global.get and ref.func; the type byte of
    ref.null; None for arithmetic. Raises ValueError for bytes that `parse` would refuse.
    """
    try:
        instructions, end = read(expression.body, 0)
    except LebError as error:
        raise ValueError(f"byte {error.position}: {error.problem}") from None
    if end != len(expression.body):
        raise ValueError(f"{len(expression.body) - end} bytes after the end of the expression")
    return instructions


def make(instructions: Iterable[Instruction], width: int = 0) -> InitExpr:
    """The expression of these instructions; LEB128 operands are padded to `width` bytes."""
    out = bytearray()
    for opcode, operand in instructions:
        out.append(opcode)
        if operand is None:
            continue
        if opcode in (Opcode.I32_CONST, Opcode.I64_CONST):
            out += encode_signed(operand, width)
        elif opcode in _FIXED:
            if opcode == Opcode.V128_CONST:
                out.append(_VECTOR_CONST)
            out += operand.to_bytes(_FIXED[opcode], "little")
        elif opcode == Opcode.REF_NULL:
            out.append(operand)
        else:
            out += encode_unsigned(operand, width)
    out.append(Opcode.END)
    return InitExpr(bytes(out))


def i32_const(n: int, width: int = 0) -> InitExpr:
    """`i32.const n`; `n` may be given signed or unsigned."""
    return make([(Opcode.I32_CONST, _as_signed(n, 32))], width)


def address_const(address: int) -> InitExpr:
    """`i32.const` of an address, which wraps around at 2^32."""
    return i32_const(address & 0xFFFFFFFF)


def i64_const(n: int, width: int = 0) -> InitExpr:
    """`i64.const n`; `n` may be given signed or unsigned."""
    return make([(Opcode.I64_CONST, _as_signed(n, 64))], width)


def f32_const(bits: int) -> InitExpr:
    """`f32.const` of the number with these 32 bits."""
    return make([(Opcode.F32_CONST, bits)])


def f64_const(bits: int) -> InitExpr:
    """`f64.const` of the number with these 64 bits."""
    return make([(Opcode.F64_CONST, bits)])


def v128_const(bits: int) -> InitExpr:
    """`v128.const` of the vector with these 128 bits."""
    return make([(Opcode.V128_CONST, bits)])


def global_get(index: int, width: int = 0) -> InitExpr:
    return make([(Opcode.GLOBAL_GET, index)], width)


def ref_null(value_type: ValueType) -> InitExpr:
    return make([(Opcode.REF_NULL, value_type)])


def ref_func(index: int, width: int = 0) -> InitExpr:
    return make([(Opcode.REF_FUNC, index)], width)


def _as_signed(n: int, bits: int) -> int:
    if not -(1 << bits - 1) <= n < 1 << bits:
        raise ValueError(f"{n} does not fit in {bits} bits")
    return n - (1 << bits) if n >= 1 << bits - 1 else n

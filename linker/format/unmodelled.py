"""What LLVM's reader passes over because it has no model of it.

Value types that it does not know become one type, definitions of structs and arrays become
empty signatures, and the constant instructions on them are skipped (`parseValType`,
`parseTypeSection` and `readInitExpr` of llvm/lib/Object/WasmObjectFile.cpp, release 22).
"""

from __future__ import annotations

from linker.format.constants import ValueType, unmodelled_type
from linker.format.model import InitExpr
from linker.format.reader import Reader

OTHERREF = unmodelled_type(0xFF)
_KNOWN = {int(value_type): value_type for value_type in ValueType}
# References with a heap type behind them.
_NULLABLE, _NON_NULLABLE = 0x63, 0x64
_REC, _SUB, _SUB_FINAL, _STRUCT, _ARRAY = 0x4E, 0x50, 0x4F, 0x5F, 0x5E
_PLAIN = {0x6A, 0x6B, 0x6C, 0x7C, 0x7D, 0x7E, 0xFB, 0x1C}
_ONE_NUMBER = {0x41, 0x42, 0x23, 0xD0, 0xD2, 0x00, 0x01, 0x06, 0x07}
_TWO_NUMBERS = {0x08}
_FLOATS = {0x43: 4, 0x44: 8}
_END, _VECTOR = 0x0B, 0xFD


def value_type(reader: Reader, code: int) -> ValueType:
    """The value type of a code; of an unknown one with the heap type that may follow it."""
    known = _KNOWN.get(code)
    if known is not None:
        return known
    if code in (_NULLABLE, _NON_NULLABLE):
        reader.s64()
    return OTHERREF


def imported_type(code: int) -> ValueType:
    """The type of an imported global, which keeps its byte whatever it is."""
    return _KNOWN.get(code) or unmodelled_type(code)


def skip_type(reader: Reader, form: int) -> bool:
    """Reads over the definition of a type that is no function; False for an unknown form."""
    if form in (_SUB, _SUB_FINAL):
        start = reader.pos
        supers = reader.u32()
        if supers > 1:
            raise reader.wrong(start, "Invalid number of supertypes", f"{supers} supertypes")
        if supers:
            reader.u32()
        form = reader.u32()
    if form == _STRUCT:
        for _ in range(reader.u32()):
            _skip_field(reader)
    elif form == _ARRAY:
        _skip_field(reader)
    else:
        return False
    return True


def _skip_field(reader: Reader) -> None:
    value_type(reader, reader.u32())
    reader.u32()


def constant(reader: Reader) -> InitExpr:
    """A constant expression, its numbers checked only where it is a single instruction."""
    start = reader.pos
    if not _single(reader):
        reader.pos = start
        while True:
            at = reader.pos
            opcode = reader.byte()
            if opcode == _END:
                break
            if opcode in _ONE_NUMBER:
                reader.u64()
            elif opcode in _TWO_NUMBERS:
                reader.u64()
                reader.u64()
            elif opcode in _FLOATS:
                reader.take(_FLOATS[opcode], "constant")
            elif opcode == _VECTOR and reader.content[reader.pos : reader.pos + 1] == b"\x0c":
                # v128.const, which `linker.inputs.older_reader` refuses in wasm-ld's words.
                reader.take(17, "constant")
            elif opcode not in _PLAIN:
                raise reader.wrong(at, f"invalid opcode in init_expr: {opcode}")
    return InitExpr(reader.content[start : reader.pos])


def _single(reader: Reader) -> bool:
    """Whether there is one instruction with its end."""
    opcode = reader.byte()
    if opcode == 0x41:
        reader.s32()
    elif opcode == 0x42:
        reader.s64()
    elif opcode in _FLOATS:
        reader.take(_FLOATS[opcode], "constant")
    elif opcode == 0x23:
        reader.u64()
    elif opcode == 0xD0:
        value_type(reader, reader.u32())
    else:
        return False
    return reader.byte() == _END

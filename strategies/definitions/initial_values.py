"""Initial values of globals: constants of every type, and what reads other symbols.

wasm-ld 22 cuts longer expressions, does not move indices in them, and knows only null references
of externref and no vectors: all of these are for cases with known bugs.
"""

from __future__ import annotations

from linker.format.constants import SymbolKind, ValueType
from linker.format.model import GlobalType
from strategies.choices import Record
from strategies.host import host_number
from strategies.objects.code import I32, I64, V128, Code
from strategies.program import TO_INT, Program, Unit

END = b"\x0b"
REFERENCES = (ValueType.FUNCREF, ValueType.EXTERNREF)
NUMBERS = (
    GlobalType(I32, False),
    GlobalType(I32, True),
    GlobalType(I64, False),
    GlobalType(I64, True),
    GlobalType(ValueType.F32, False),
    GlobalType(ValueType.F64, True),
    GlobalType(ValueType.F32, True),
    GlobalType(ValueType.F64, False),
)
GLOBAL_TYPES = (
    *NUMBERS,
    GlobalType(ValueType.EXTERNREF, True),
    GlobalType(ValueType.EXTERNREF, False),
)
BUGGY_GLOBAL_TYPES = (
    *GLOBAL_TYPES,
    GlobalType(ValueType.FUNCREF, True),
    GlobalType(ValueType.FUNCREF, False),
    GlobalType(V128, True),
)
ADD = {I32: b"\x6a", I64: b"\x7c"}


def constant_expression(kind: ValueType, value: int) -> bytes:
    """A constant of the type, `end` included."""
    if kind in REFERENCES:
        return bytes((0xD0, kind)) + END
    if kind == V128:
        return b"\xfd\x0c" + value.to_bytes(4, "little") * 4 + END
    code = Code(b"")
    code.constant(kind, value)
    return bytes(code.data) + END


def define(
    program: Program, unit: Unit, record: Record, name: str, type_: GlobalType, flags: int
) -> tuple[int, int]:
    """A global with one of the initial values that its type can have: (symbol, its value)."""
    builder, kind = unit.builder, type_.value_type
    constant = 50 + program.number()
    way = record.byte() if program.has("known-bugs") else 0
    if kind in ADD and way >= 208:
        program.note("global.extended")
        sums = constant_expression(kind, constant)[:-1] + constant_expression(kind, 6)[:-1]
        return builder.define_global(name, type_, sums + ADD[kind] + END, flags), constant + 6
    if kind in ADD and way >= 160:
        program.note("global.reads-import")
        source = (("env", "host")[way & 1], f"start{constant}")
        imported = GlobalType(kind, False)
        symbol = builder.undefined(SymbolKind.GLOBAL, f"start{constant}", imported, 0, source)
        return builder.define_global_from(name, type_, 0x23, symbol, flags), host_number(*source)
    if kind == ValueType.FUNCREF and way >= 192:
        program.note("global.function")
        code = Code()
        code.raw(b"\x41\x05\x0b")
        symbol = builder.define_function(f"start{constant}", TO_INT, code, 0)
        return builder.define_global_from(name, type_, 0xD2, symbol, flags), 0
    program.note(f"global.{kind.name.lower()}")
    value = 1 if kind in REFERENCES else constant
    return builder.define_global(name, type_, constant_expression(kind, constant), flags), value

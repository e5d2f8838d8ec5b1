"""References and addresses: the sites by which an object refers to a name."""

from __future__ import annotations

from zlib import crc32

from linker.format.constants import RelocationType, SymbolFlag, SymbolKind
from linker.format.model import FunctionType, GlobalType
from strategies.choices import Record
from strategies.objects.code import I32, Code
from strategies.program import TO_INT, Program, Slot, Unit

R = RelocationType
WEAK = int(SymbolFlag.BINDING_WEAK)
LOCAL = int(SymbolFlag.BINDING_LOCAL)
HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)
I32_MUTABLE = GlobalType(I32, True)
I32_FIXED = GlobalType(I32, False)
EXTEND = b"\xad"
WRAP = b"\xa7"
NOT_ZERO = b"\x41\x00\x47"


def reference(program: Program, unit: Unit, slot: Slot, weak: bool = False) -> int:
    """The symbol index by which an object refers to a name; undefined if it must be."""
    builder = unit.builder
    if slot.local:
        return slot.definitions[0].symbol
    known = builder.by_name.get(slot.name)
    if known is not None:
        return known
    flags = HIDDEN if program.has("visibility") and unit.position == 1 else 0
    if program.has("bindings"):
        flags, weak = _own_binding(program, unit, slot, weak)
    if slot.thread_local:
        weak = False
        flags |= int(SymbolFlag.TLS)
    if slot.policy == "weak" or (
        weak and slot.kind in (SymbolKind.FUNCTION, SymbolKind.DATA) and slot.policy == "defined"
    ):
        flags |= WEAK
    if slot.kind == SymbolKind.DATA:
        return builder.undefined(slot.kind, slot.name, None, flags)
    source = None if slot.given else slot.source
    if slot.kind in (SymbolKind.FUNCTION, SymbolKind.TAG):
        type_index = builder.type_index(slot.signature)
        return builder.undefined(slot.kind, slot.name, type_index, flags, source)
    if slot.kind == SymbolKind.GLOBAL:
        return builder.undefined(slot.kind, slot.name, slot.global_type, flags, source)
    return builder.undefined(slot.kind, slot.name, slot.table_type, flags, source)


def _own_binding(program: Program, unit: Unit, slot: Slot, weak: bool) -> tuple[int, bool]:
    """Flags of a reference that are its object's own, and whether it is weak."""
    bits = crc32(f"{slot.name} {unit.position} {len(program.slots)}".encode())
    flags = HIDDEN if bits & 3 == 3 else 0
    if bits & 0x1C == 0x1C:
        # Only definitions are exported.
        flags |= int(SymbolFlag.EXPORTED)
    if bits & 0xE0 == 0xE0 and program.has("known-bugs"):
        # wasm-ld 22 forgets it where another reference follows.
        flags |= int(SymbolFlag.NO_STRIP)
    if program.has("weak-references"):
        weak = bool(bits & 0x100)
    if flags or weak:
        program.note("symbol.own-binding")
    return flags, weak


def call_through_table(unit: Unit, code: Code, signature: FunctionType) -> None:
    """A call_indirect by the i32 on the stack."""
    code.raw(b"\x11")
    code.site(R.TYPE_INDEX_LEB, unit.builder.type_index(signature))
    table = unit.builder.function_table()
    if table < 0:
        code.raw(b"\x00")
    else:
        code.site(R.TABLE_NUMBER_LEB, table)


def function_table_pointer(program: Program, unit: Unit, code: Code, symbol: int, how: int) -> None:
    """Leave a function's address as i32 on the stack, taken in one of several ways."""
    builder = unit.builder
    if how == 0:
        code.raw(b"\x41")
        code.site(R.TABLE_INDEX_SLEB, symbol)
    elif how in (1, 2):
        segment, offset, name = pointer_cell(program, unit, 8 if how == 2 else 4)
        kind = R.TABLE_INDEX_I64 if how == 2 else R.TABLE_INDEX_I32
        builder.segments[segment].site(kind, offset, symbol)
        code.raw(b"\x41")
        code.site(R.MEMORY_ADDR_SLEB, name)
        code.raw(b"\x29\x00\x00" + WRAP if how == 2 else b"\x28\x00\x00")
    elif how == 3:
        code.raw(b"\x42")
        code.site(R.TABLE_INDEX_SLEB64, symbol)
        code.raw(WRAP)
    elif how == 4:
        builder.got_entry(symbol)
        code.raw(b"\x23")
        code.site(R.GLOBAL_INDEX_LEB, symbol)
    elif how == 5:
        base = builder.undefined(SymbolKind.GLOBAL, "__table_base", I32_FIXED)
        code.raw(b"\x23")
        code.site(R.GLOBAL_INDEX_LEB, base)
        code.raw(b"\x41")
        code.site(R.TABLE_INDEX_REL_SLEB, symbol)
        code.raw(b"\x6a")
    else:
        base = builder.undefined(SymbolKind.GLOBAL, "__table_base", I32_FIXED)
        code.raw(b"\x23")
        code.site(R.GLOBAL_INDEX_LEB, base)
        code.raw(b"\x42")
        code.site(R.TABLE_INDEX_REL_SLEB64, symbol)
        code.raw(WRAP + b"\x6a")


def pointer_cell(
    program: Program, unit: Unit, size: int, local: bool = True
) -> tuple[int, int, int]:
    """Room for a pointer in the object's data: (segment, offset, symbol)."""
    builder = unit.builder
    name = f"cell{program.number()}"
    index = next((i for i, s in enumerate(builder.segments) if s.name.startswith(".data.cell")), -1)
    if index < 0 or program.has("segments"):
        index = builder.segment(f".data.{name}")
    offset = builder.segments[index].reserve(2, size)
    symbol = builder.define_data(name, index, offset, size, LOCAL if local else HIDDEN)
    return index, offset, symbol


def other_units(program: Program, unit: Unit, slot: Slot) -> list[Unit]:
    """The objects that may hold an accessor of a name for another object."""
    if slot.local:
        return []
    # Where the name may be missing, an accessor could be refused without its user being there.
    certain = slot.policy not in ("strong", "allowed") and not slot.partial
    if not certain and unit.is_lazy:
        return []
    return [u for u in program.units if u is not unit and (certain or not u.is_lazy)]


def other_view(program: Program, unit: Unit, slot: Slot, record: Record, way: int) -> int | None:
    """An accessor, defined in another object, that returns the address of a name.

    The result is the symbol by which `unit` calls it, None where there is no other object.
    """
    others = other_units(program, unit, slot)
    if not others:
        return None
    other = others[record.below(len(others))]
    name = f"address_of_{slot.name}_in_{other.position}"
    builder = other.builder
    if name not in builder.by_name:
        symbol = reference(program, other, slot)
        if (other.position, symbol) in program.other_signatures:
            return None
        code = Code()
        if slot.kind == SymbolKind.FUNCTION:
            function_table_pointer(program, other, code, symbol, 0)
        elif slot.thread_local:
            thread_local_address(other, code, symbol)
        else:
            code.raw(b"\x41")
            code.site(R.MEMORY_ADDR_SLEB, symbol)
        code.raw(b"\x0b")
        builder.define_function(name, TO_INT, code, HIDDEN)
    return unit.builder.undefined_function(name, TO_INT)


def data_address(
    program: Program, unit: Unit, code: Code, symbol: int, addend: int, how: int
) -> None:
    """Leave a data symbol's address plus `addend` as i32 on the stack."""
    builder = unit.builder
    if how == 0:
        code.raw(b"\x41")
        code.site(R.MEMORY_ADDR_SLEB, symbol, addend)
    elif how in (1, 2):
        segment, offset, cell = pointer_cell(program, unit, 8 if how == 2 else 4)
        kind = R.MEMORY_ADDR_I64 if how == 2 else R.MEMORY_ADDR_I32
        builder.segments[segment].site(kind, offset, symbol, addend)
        code.raw(b"\x41\x00")
        code.raw(b"\x29\x00" if how == 2 else b"\x28\x00")
        code.site(R.MEMORY_ADDR_LEB, cell)
        if how == 2:
            code.raw(WRAP)
    elif how == 3 or (how == 4 and "--compress-relocations" in program.options):
        code.raw(b"\x42")
        code.site(R.MEMORY_ADDR_SLEB64, symbol, addend)
        code.raw(WRAP)
    elif how == 4:
        program.unsigned_constants = True
        code.raw(b"\x42")
        code.site(R.MEMORY_ADDR_LEB64, symbol, addend)
        code.raw(WRAP)
    elif how == 5:
        builder.got_entry(symbol)
        code.raw(b"\x23")
        code.site(R.GLOBAL_INDEX_LEB, symbol)
        code.const(addend)
        code.raw(b"\x6a")
    elif how in (6, 7):
        base = builder.undefined(SymbolKind.GLOBAL, "__memory_base", I32_FIXED)
        code.raw(b"\x23")
        code.site(R.GLOBAL_INDEX_LEB, base)
        code.raw(b"\x42" if how == 7 else b"\x41")
        code.site(R.MEMORY_ADDR_REL_SLEB64 if how == 7 else R.MEMORY_ADDR_REL_SLEB, symbol, addend)
        code.raw(WRAP + b"\x6a" if how == 7 else b"\x6a")
    elif how == 9:
        thread_local_address(unit, code, symbol, addend)
    else:
        # The cell holds the distance from itself.
        segment, offset, cell = pointer_cell(program, unit, 4)
        builder.segments[segment].site(R.MEMORY_ADDR_LOCREL_I32, offset, symbol, addend)
        code.raw(b"\x41")
        code.site(R.MEMORY_ADDR_SLEB, cell)
        code.raw(b"\x28\x00\x00\x41")
        code.site(R.MEMORY_ADDR_SLEB, cell)
        code.raw(b"\x6a")


def thread_local_address(unit: Unit, code: Code, symbol: int, addend: int = 0) -> None:
    """Leave a thread-local symbol's address as i32 on the stack."""
    base = unit.builder.undefined(SymbolKind.GLOBAL, "__tls_base", I32_MUTABLE)
    code.raw(b"\x23")
    code.site(R.GLOBAL_INDEX_LEB, base)
    code.raw(b"\x41")
    code.site(R.MEMORY_ADDR_TLS_SLEB, symbol, addend)
    code.raw(b"\x6a")

"""The sections of the core specification ("Binary Format", "Modules").

A function per section: it reads the content to its end and tells `FileState` what later
sections need. Indices are checked as LLVM's `WasmObjectFile.cpp` does; where that accepts
what the core specification calls malformed, the specification is followed.
"""

from __future__ import annotations

from collections.abc import Callable

from linker.format import expression, unmodelled
from linker.format.constants import (
    KINDS_OF_EXPORTS,
    DataSegmentFlag,
    ExternalKind,
    LimitsFlag,
    SectionId,
    ValueType,
)
from linker.format.errors import Fault
from linker.format.leb128 import LebError, decode_unsigned
from linker.format.model import (
    CodeSection,
    DataCountSection,
    DataSection,
    DataSegment,
    ElementSection,
    ElementSegment,
    Export,
    ExportSection,
    FunctionBody,
    FunctionSection,
    FunctionType,
    Global,
    GlobalSection,
    GlobalType,
    Import,
    ImportSection,
    InitExpr,
    Limits,
    MemorySection,
    Section,
    StartSection,
    Table,
    TableSection,
    TableType,
    TagSection,
    TypeSection,
)
from linker.format.parse_state import FileState
from linker.format.reader import Reader, ReadError

_FUNCTION, _TABLE, _MEMORY, _GLOBAL, _TAG = range(5)
_KINDS = tuple(ExternalKind)
_VALUE_TYPES = {int(value_type): value_type for value_type in ValueType}
_REFERENCE_TYPES = frozenset((ValueType.FUNCREF, ValueType.EXTERNREF, ValueType.EXNREF))
_LIMITS_FLAGS = tuple(LimitsFlag(flags) for flags in range(16))
_FUNCTION_TYPE_FORM = 0x60
_TABLE_WITH_INIT = 0x40
_I32_CONST, _END = int(expression.Opcode.I32_CONST), int(expression.Opcode.END)
# Plain integers: tests of enum flags are slow.
_HAS_MAX, _HAS_PAGE_SIZE = int(LimitsFlag.HAS_MAX), int(LimitsFlag.HAS_PAGE_SIZE)
_PASSIVE, _EXPLICIT_MEMORY = int(DataSegmentFlag.PASSIVE), int(DataSegmentFlag.EXPLICIT_MEMORY)
_KIND_NAMES = ("function", "table", "memory", "global", "tag")

_new = tuple.__new__


def _value_types(reader: Reader, state: FileState) -> tuple[ValueType, ...]:
    count = reader.u32()
    if state.reading.unmodelled_types:
        return tuple([unmodelled.value_type(reader, reader.byte()) for _ in range(count)])
    start = reader.pos
    raw = reader.take(count, "list of value types")
    try:
        return tuple([_VALUE_TYPES[byte] for byte in raw])
    except KeyError as error:
        byte = error.args[0]
        at = start + raw.index(byte)
        raise reader.wrong(at, f"unsupported value type 0x{byte:02x}") from None


def _value_type(reader: Reader, state: FileState) -> ValueType:
    if state.reading.unmodelled_types:
        return unmodelled.value_type(reader, reader.u32())
    start = reader.pos
    byte = reader.byte()
    value_type = _VALUE_TYPES.get(byte)
    if value_type is None:
        raise reader.wrong(start, f"unsupported value type 0x{byte:02x}")
    return value_type


def _type_index(reader: Reader, state: FileState, of: str = "function") -> int:
    start = reader.pos
    index = reader.u32()
    if index >= state.types:
        detail = f"type index {index} of {state.types} types"
        raise reader.wrong(start, f"invalid {of} type", detail)
    return index


def _tag_type(reader: Reader, state: FileState) -> int:
    start = reader.pos
    attribute = reader.byte()
    if attribute:
        raise reader.wrong(start, "invalid attribute", f"tag attribute {attribute}")
    return _type_index(reader, state, "tag")


def _limits(reader: Reader, state: FileState) -> Limits:
    start = reader.pos
    flags = reader.u32()
    if flags >= 16:
        if not state.reading.unused_parts:
            raise reader.wrong(start, f"unknown limits flags 0x{flags:x}")
        flags &= 0xFF  # LLVM keeps a byte
    minimum = reader.u64()
    maximum = reader.u64() if flags & _HAS_MAX else None
    page_size = None
    if flags & _HAS_PAGE_SIZE:
        start = reader.pos
        page_size = reader.u32()
        if page_size >= 32:
            problem = f"page size of 2 to the {page_size} is too large"
            raise reader.wrong(start, problem, fault=Fault.CUT_OFF)
    known = _LIMITS_FLAGS[flags] if flags < 16 else LimitsFlag(flags)
    return Limits(known, minimum, maximum, page_size)


def _table_type(reader: Reader, state: FileState) -> TableType:
    start = reader.pos
    element = _value_type(reader, state)
    limits = _limits(reader, state)
    if element not in _REFERENCE_TYPES and element != unmodelled.OTHERREF:
        detail = f"{element.name} is no type of table elements"
        raise reader.wrong(start, "invalid table element type", detail)
    return TableType(element, limits)


def _mutability(reader: Reader) -> bool:
    start = reader.pos
    # LLVM reads a number with a sign, and ends where it is neither 0 nor 1.
    mutable = reader.s64() if reader.padded else reader.byte()
    if not 0 <= mutable <= 1:
        raise reader.wrong(start, f"invalid mutability {mutable}", fault=Fault.CUT_OFF)
    return mutable == 1


def _global_type(reader: Reader, state: FileState) -> GlobalType:
    return GlobalType(_value_type(reader, state), _mutability(reader))


def _imported_global_type(reader: Reader, state: FileState) -> GlobalType:
    if state.reading.unmodelled_types:
        return GlobalType(unmodelled.imported_type(reader.byte()), _mutability(reader))
    return _global_type(reader, state)


def _init_expr(reader: Reader, state: FileState) -> InitExpr:
    start: int = reader.pos
    content = reader.content
    # Nearly every expression is one i32.const of at most four bytes: no number is too large.
    after = start + 7
    if after <= reader.end and content[start] == _I32_CONST:
        pos = start + 1
        while content[pos] >= 0x80 and pos < start + 4:
            pos += 1
        if content[pos] < 0x80 and content[pos + 1] == _END:
            reader.pos = pos = pos + 2
            return InitExpr(content[start:pos])
    if state.reading.unmodelled_types:
        return unmodelled.constant(reader)
    try:
        instructions, reader.pos = expression.read(content, start)
    except LebError as error:
        raise reader.bad_number(error) from None
    for opcode, operand in instructions:
        if opcode == expression.Opcode.GLOBAL_GET:
            kind = _GLOBAL
        elif opcode == expression.Opcode.REF_FUNC:
            kind = _FUNCTION
        else:
            continue
        if operand is None or state.reading.unused_parts:
            continue
        if operand >= state.totals[kind]:
            what = f"{_KIND_NAMES[kind]} index {operand} of {state.totals[kind]}"
            raise reader.wrong(start, f"{what} in a constant expression")
    return InitExpr(content[start : reader.pos])


def parse_types(reader: Reader, state: FileState, size_width: int) -> Section:
    count, count_width = reader.padded_u32()
    types: list[FunctionType] = []
    for _ in range(count):
        start = reader.pos
        form = reader.byte()
        if form != _FUNCTION_TYPE_FORM:
            if state.reading.unmodelled_types and unmodelled.skip_type(reader, form):
                types.append(FunctionType((), ()))
                continue
            raise reader.wrong(start, "bad form", f"unsupported type form 0x{form:02x}")
        types.append(FunctionType(_value_types(reader, state), _value_types(reader, state)))
    state.types = len(types)
    return TypeSection(types, size_width, count_width)


def parse_imports(reader: Reader, state: FileState, size_width: int) -> Section:
    count, count_width = reader.padded_u32()
    imports: list[Import] = []
    imported = state.imported
    for _ in range(count):
        module = reader.name()
        name = reader.name()
        start = reader.pos
        kind = reader.byte()
        description: int | TableType | Limits | GlobalType
        if kind == _FUNCTION:
            description = _type_index(reader, state)
        elif kind == _GLOBAL:
            description = _imported_global_type(reader, state)
        elif kind == _TABLE:
            description = _table_type(reader, state)
        elif kind == _MEMORY:
            description = _limits(reader, state)
        elif kind == _TAG:
            description = _tag_type(reader, state)
        else:
            raise reader.wrong(start, "unexpected import kind", f"kind {kind}")
        imports.append(Import(module, name, _KINDS[kind], description))
        imported[kind].append(name)
    state.totals = [len(names) for names in imported]
    return ImportSection(imports, size_width, count_width)


def parse_functions(reader: Reader, state: FileState, size_width: int) -> Section:
    count, count_width = reader.padded_u32()
    indices = [_type_index(reader, state) for _ in range(count)]
    state.functions = len(indices)
    state.totals[_FUNCTION] += len(indices)
    return FunctionSection(indices, size_width, count_width)


def parse_tables(reader: Reader, state: FileState, size_width: int) -> Section:
    count, count_width = reader.padded_u32()
    tables: list[Table] = []
    for _ in range(count):
        # LLVM takes the byte that stands before an initial value for an unknown type.
        has_init = reader.content[reader.pos : reader.pos + 1] == bytes((_TABLE_WITH_INIT,))
        if state.reading.unmodelled_types or not has_init:
            tables.append(Table(_table_type(reader, state)))
            continue
        reader.pos += 1
        start = reader.pos
        if reader.byte():
            raise reader.wrong(start, "a table with an initial value needs a zero byte here")
        tables.append(Table(_table_type(reader, state), _init_expr(reader, state)))
    state.totals[_TABLE] += len(tables)
    return TableSection(tables, size_width, count_width)


def parse_memories(reader: Reader, state: FileState, size_width: int) -> Section:
    count, count_width = reader.padded_u32()
    memories = [_limits(reader, state) for _ in range(count)]
    state.totals[_MEMORY] += len(memories)
    return MemorySection(memories, size_width, count_width)


def parse_tags(reader: Reader, state: FileState, size_width: int) -> Section:
    count, count_width = reader.padded_u32()
    indices = [_tag_type(reader, state) for _ in range(count)]
    state.totals[_TAG] += len(indices)
    return TagSection(indices, size_width, count_width)


def parse_globals(reader: Reader, state: FileState, size_width: int) -> Section:
    count, count_width = reader.padded_u32()
    global_list: list[Global] = []
    for _ in range(count):
        global_type = _global_type(reader, state)
        global_list.append(Global(global_type, _init_expr(reader, state)))
        # An initial value may only name the globals before its own.
        state.totals[_GLOBAL] += 1
    return GlobalSection(global_list, size_width, count_width)


def parse_exports(reader: Reader, state: FileState, size_width: int) -> Section:
    count, count_width = reader.padded_u32()
    exports: list[Export] = []
    for _ in range(count):
        name = reader.name()
        start = reader.pos
        kind = reader.byte()
        kind_at, start = start, reader.pos
        index = reader.u32()
        if kind >= len(_KINDS):
            raise reader.wrong(kind_at, "unexpected export kind", f"kind {kind}")
        if index >= state.totals[kind] and not (
            state.reading.unused_parts and kind in (_TABLE, _MEMORY)
        ):
            what = _KIND_NAMES[kind]
            detail = f"{what} {index} of {state.totals[kind]}"
            raise reader.wrong(start, f"invalid {what} export", detail)
        exports.append(Export(name, _KINDS[kind], index))
        if kind != _MEMORY:
            state.symbol_kinds.append(KINDS_OF_EXPORTS[_KINDS[kind]])
    return ExportSection(exports, size_width, count_width)


def parse_start(reader: Reader, state: FileState, size_width: int) -> Section:
    index = reader.u32()
    if index >= state.totals[_FUNCTION]:
        detail = f"function {index} of {state.totals[_FUNCTION]}"
        raise reader.wrong(0, "invalid start function", detail)
    return StartSection(index, size_width)


def _element_segment(reader: Reader, state: FileState) -> ElementSegment:
    start = reader.pos
    flags = reader.u32()
    if flags > 7:
        problem = "Unsupported flags for element segment"
        raise reader.wrong(start, problem, f"flags 0x{flags:x}")
    is_active = not flags & 1
    table = 0
    offset = None
    if is_active:
        start = reader.pos
        if flags & 2:
            table = reader.u32()
        if table >= state.totals[_TABLE]:
            known = state.totals[_TABLE]
            raise reader.wrong(start, "invalid TableNumber", f"table {table} of {known}")
        offset = _init_expr(reader, state)
    element_kind = None
    if flags & 3:
        start = reader.pos
        element_kind = reader.byte()
        if flags & 4:
            if element_kind not in _REFERENCE_TYPES and not state.reading.unmodelled_types:
                raise reader.wrong(start, f"invalid reference type 0x{element_kind:02x}")
        elif element_kind:
            raise reader.wrong(start, "invalid elem type", f"element kind 0x{element_kind:02x}")
    count = reader.u32()
    if flags & 4:
        items = tuple([_init_expr(reader, state) for _ in range(count)])
        return ElementSegment(flags, table, offset, element_kind, (), items)
    known = state.totals[_FUNCTION]
    functions: list[int] = []
    for _ in range(count):
        start = reader.pos
        index = reader.u32()
        if index >= known:
            # wasm-ld has an array of the functions' places, and writes beyond its end.
            problem = f"element segment with function {index} of {known}"
            raise reader.wrong(start, problem, fault=Fault.BEYOND)
        functions.append(index)
    return ElementSegment(flags, table, offset, element_kind, tuple(functions))


def parse_elements(reader: Reader, state: FileState, size_width: int) -> Section:
    count, count_width = reader.padded_u32()
    segments = [_element_segment(reader, state) for _ in range(count)]
    return ElementSection(segments, size_width, count_width)


def parse_data_count(reader: Reader, state: FileState, size_width: int) -> Section:
    count, count_width = reader.padded_u32()
    state.data_count = count
    return DataCountSection(count, size_width, count_width)


def parse_code(reader: Reader, state: FileState, size_width: int) -> Section:
    start = reader.pos
    count, count_width = reader.padded_u32()
    if count != state.functions:
        detail = f"{count} function bodies for {state.functions} functions"
        raise reader.wrong(start, "invalid function count", detail)
    padded = reader.padded
    functions: list[FunctionBody] = []
    append = functions.append
    content = reader.content
    end = reader.end
    pos = reader.pos
    for _ in range(count):
        start = pos
        if pos >= end:
            raise reader.cut_off()
        size = content[pos]
        pos += 1
        width = 0
        if size >= 0x80:
            try:
                size, pos = decode_unsigned(content, start, 32, padded)
            except LebError as error:
                raise reader.bad_number(error) from None
            if not content[pos - 1]:
                width = pos - start
        after = pos + size
        body = content[pos:after]
        if after > end or not size or (body[0] and not _has_locals(body, reader, pos)):
            raise _bad_body(reader, start, pos, size)
        append(_new(FunctionBody, (body, start, width)))
        pos = after
    reader.pos = pos
    state.has_code = True
    return CodeSection(functions, size_width, count_width)


def _bad_body(reader: Reader, start: int, pos: int, size: int) -> ReadError:
    """What is wrong with the body of `size` bytes at `pos`, whose entry is at `start`."""
    rest = Reader(reader.content[pos:], reader.base + pos, reader.padded)
    # LLVM reads the locals before it looks at the size, as far as the section goes.
    if reader.padded:
        _read_locals(rest)
    if size > rest.end:
        detail = f"function body of {size} bytes is longer than the content"
    elif not size:
        detail = "empty function body"
    else:
        if not reader.padded:
            _read_locals(rest)
        detail = "local declarations longer than the function body"
    return reader.wrong(start, "Function extends beyond buffer", detail)


def _has_locals(body: bytes, reader: Reader, pos: int) -> bool:
    """Whether the local declarations at the start of a body are all there."""
    # One group with a small number and a type of one byte needs no reader.
    size = len(body)
    if body[0] == 1 and size > 3 and body[1] < 0x80 and body[2] >= 0x69:
        return True
    try:
        _read_locals(Reader(body, reader.base + pos, reader.padded))
    except ReadError:
        return False
    return True


def _read_locals(reader: Reader) -> None:
    """Reads over local declarations. Raises ReadError where they are cut off."""
    for _ in range(reader.u32()):
        reader.u32()
        if reader.byte() in (0x63, 0x64):
            # A reference to a type: its heap type follows.
            reader.s64()


def parse_data(reader: Reader, state: FileState, size_width: int) -> Section:
    start = reader.pos
    count, count_width = reader.padded_u32()
    if state.data_count is not None and count != state.data_count:
        problem = "number of data segments does not match DataCount section"
        detail = f"{count} data segments, but the data count says {state.data_count}"
        raise reader.wrong(start, problem, detail)
    segments: list[DataSegment] = []
    for _ in range(count):
        start = reader.pos
        flags = reader.u32()
        if flags > _EXPLICIT_MEMORY and not state.reading.unused_parts:
            raise reader.wrong(start, f"unknown flags 0x{flags:x} of a data segment")
        memory = 0
        init = None
        if flags & _EXPLICIT_MEMORY:
            start = reader.pos
            memory = reader.u32()
            if memory and memory >= state.totals[_MEMORY] and not state.reading.unused_parts:
                known = state.totals[_MEMORY]
                raise reader.wrong(start, f"data segment for memory {memory} of {known}")
        if not flags & _PASSIVE:
            init = _init_expr(reader, state)
        size = reader.u32()
        offset = reader.pos
        content = reader.take(size, "data segment", "invalid segment size")
        segments.append(_new(DataSegment, (flags, memory, init, content, offset)))
        state.segment_sizes.append(size)
    return DataSection(segments, size_width, count_width)


def check_end(state: FileState, end: int) -> None:
    """Checks what holds only at the end of a file, at offset `end` in bytes.

    A function needs a body and a counted data segment its content (core specification,
    "Modules"); LLVM checks neither.
    """
    if state.reading.unused_parts:
        return
    kinds = {section.id for section in state.sections}
    if state.functions and SectionId.CODE not in kinds:
        raise ReadError(end, f"{state.functions} functions, but no code section")
    if state.data_count and SectionId.DATA not in kinds:
        raise ReadError(end, f"{state.data_count} data segments counted, but no data section")


PARSERS: dict[int, Callable[[Reader, FileState, int], Section]] = {
    SectionId.TYPE: parse_types,
    SectionId.IMPORT: parse_imports,
    SectionId.FUNCTION: parse_functions,
    SectionId.TABLE: parse_tables,
    SectionId.MEMORY: parse_memories,
    SectionId.GLOBAL: parse_globals,
    SectionId.EXPORT: parse_exports,
    SectionId.START: parse_start,
    SectionId.ELEMENT: parse_elements,
    SectionId.CODE: parse_code,
    SectionId.DATA: parse_data,
    SectionId.DATA_COUNT: parse_data_count,
    SectionId.TAG: parse_tags,
}

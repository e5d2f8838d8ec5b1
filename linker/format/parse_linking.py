"""The sections `linking` and `reloc.*` (Linking.md).

Checks are those of LLVM's `WasmObjectFile.cpp`. Stricter than it: a subsection stands at most
once, and relocations patch only code, data and custom sections (Linking.md, "Relocation
Sections"), with all of their bytes inside of the section.
"""

from __future__ import annotations

from linker.format.constants import (
    LINKING_VERSION,
    ComdatKind,
    ExternalKind,
    LinkingSubsection,
    RelocationType,
    SectionId,
    SymbolFlag,
    SymbolKind,
)
from linker.format.errors import Fault
from linker.format.leb128 import LebError, decode_signed, decode_unsigned
from linker.format.model import (
    Comdat,
    ComdatEntry,
    DataReference,
    InitFunction,
    LinkingSection,
    Relocation,
    RelocationSection,
    Section,
    SegmentInfo,
    Symbol,
)
from linker.format.parse_state import FileState
from linker.format.reader import Reader, ReadError
from linker.format.relocation_shapes import SHAPES

_new = tuple.__new__

_SYMBOL_KINDS = tuple(SymbolKind)
_DATA = int(SymbolKind.DATA)
_SECTION = int(SymbolKind.SECTION)
_FUNCTION = int(SymbolKind.FUNCTION)
_SYMBOL_NAMES = ("function", "data", "global", "section", "tag", "table")
# The index space of each symbol kind; data and section symbols have none.
_SPACES = (
    ExternalKind.FUNCTION,
    -1,
    ExternalKind.GLOBAL,
    -1,
    ExternalKind.TAG,
    ExternalKind.TABLE,
)
_COMDAT_KINDS = {
    int(ComdatKind.DATA): ComdatKind.DATA,
    int(ComdatKind.FUNCTION): ComdatKind.FUNCTION,
    int(ComdatKind.SECTION): ComdatKind.SECTION,
}

_WEAK = int(SymbolFlag.BINDING_WEAK)
_LOCAL = int(SymbolFlag.BINDING_LOCAL)
_BINDING = _WEAK | _LOCAL
_UNDEFINED = int(SymbolFlag.UNDEFINED)
_EXPLICIT_NAME = int(SymbolFlag.EXPLICIT_NAME)
_ABSOLUTE = int(SymbolFlag.ABSOLUTE)


def parse_linking(reader: Reader, state: FileState, size_width: int) -> Section:
    start = reader.pos
    version = reader.u32()
    if version != LINKING_VERSION:
        problem = f"unexpected metadata version: {version} (Expected: {LINKING_VERSION})"
        raise reader.wrong(start, problem)
    linking = LinkingSection(version, size_width=size_width)
    order: list[tuple[int, int]] = []
    seen: set[int] = set()
    comdat_members: set[tuple[int, int]] = set()
    while reader.pos < reader.end:
        start = reader.pos
        kind = reader.byte()
        if kind in seen and not state.reading.repeated_subsections:
            raise reader.wrong(start, f"subsection {kind} stands twice")
        seen.add(kind)
        size, width = reader.padded_u32()
        base = reader.base + reader.pos
        # LLVM goes on behind the section's end, where there may be nothing.
        content = reader.take(size, "linking subsection", fault=Fault.BEYOND)
        order.append((kind, width))
        inner = Reader(content, base, reader.padded)
        if kind == LinkingSubsection.SYMBOL_TABLE:
            linking.symbols = _symbols(inner, state)
        elif kind == LinkingSubsection.SEGMENT_INFO:
            segments = _segments(inner, state)
            linking.segments = segments + linking.segments[len(segments) :]
        elif kind == LinkingSubsection.INIT_FUNCS:
            linking.init_functions += _init_functions(inner, state)
        elif kind == LinkingSubsection.COMDAT_INFO:
            linking.comdats += _comdats(inner, state, comdat_members)
        else:
            linking.unknown[kind] = content
            continue
        inner.finish("linking sub-section")
    linking.order = order
    return linking


def _segments(reader: Reader, state: FileState) -> list[SegmentInfo]:
    start = reader.pos
    count = reader.u32()
    if count > len(state.segment_sizes):
        detail = f"{count} segment names for {len(state.segment_sizes)} data segments"
        raise reader.wrong(start, "too many segment names", detail)
    return [SegmentInfo(reader.name(), reader.u32(), reader.u32()) for _ in range(count)]


def _init_functions(reader: Reader, state: FileState) -> list[InitFunction]:
    functions: list[InitFunction] = []
    kinds = state.symbol_kinds
    for _ in range(reader.u32()):
        priority = reader.u32()
        start = reader.pos
        symbol = reader.u32()
        if symbol >= len(kinds) or kinds[symbol] != _FUNCTION:
            problem = f"invalid function symbol: {symbol}"
            raise reader.wrong(start, problem, "it is no function")
        functions.append(InitFunction(priority, symbol))
    return functions


def _comdats(reader: Reader, state: FileState, members: set[tuple[int, int]]) -> list[Comdat]:
    """The groups; `members` are what is in one already."""
    comdats: list[Comdat] = []
    names: set[str] = set()
    for _ in range(reader.u32()):
        start = reader.pos
        name = reader.name()
        if not name or name in names:
            problem = f"bad/duplicate COMDAT name {name}"
            raise reader.wrong(start, problem, "repeated" if name else "empty")
        names.add(name)
        start = reader.pos
        flags = reader.u32()
        if flags:
            raise reader.wrong(start, "unsupported COMDAT flags", f"flags 0x{flags:x}")
        entries: list[ComdatEntry] = []
        for _ in range(reader.u32()):
            start = reader.pos
            kind = reader.u32()
            index = reader.u32()
            if kind not in _COMDAT_KINDS:
                raise reader.wrong(start, "invalid COMDAT entry type", f"kind {kind}")
            problem, detail = _comdat_entry_problem(state, kind, index)
            # LLVM lets a section stand in several comdats; the last one counts.
            if not problem and kind != ComdatKind.SECTION and (kind, index) in members:
                what = "data segment" if kind == ComdatKind.DATA else "function"
                problem, detail = f"{what} in two COMDATs", f"{what} {index}"
            if problem:
                raise reader.wrong(start, problem, detail)
            if kind == ComdatKind.FUNCTION and not state.has_code:
                # LLVM asks for the group of a body that it has not read.
                problem = f"function {index} of a comdat has no code yet"
                raise reader.wrong(start, problem, fault=Fault.BEYOND)
            members.add((kind, index))
            entries.append(ComdatEntry(_COMDAT_KINDS[kind], index))
        comdats.append(Comdat(name, flags, tuple(entries)))
    return comdats


def _comdat_entry_problem(state: FileState, kind: int, index: int) -> tuple[str, str]:
    """What is wrong with the index of a comdat entry, with the detail; "" for nothing."""
    if kind == ComdatKind.DATA:
        if index >= len(state.segment_sizes):
            detail = f"data segment {index} of {len(state.segment_sizes)}"
            return "COMDAT data index out of range", detail
    elif kind == ComdatKind.FUNCTION:
        imported = len(state.imported[ExternalKind.FUNCTION])
        if not imported <= index < state.totals[ExternalKind.FUNCTION]:
            detail = f"function {index} is not defined"
            return "COMDAT function index out of range", detail
    elif index >= len(state.sections):
        detail = f"section {index} of {len(state.sections)}"
        return "COMDAT section index out of range", detail
    elif state.sections[index].id != SectionId.CUSTOM:
        return "non-custom section in a COMDAT", f"section {index}"
    return "", ""


def _symbols(reader: Reader, state: FileState) -> list[Symbol]:
    """Linking.md, "Symbol Table Subsection"."""
    symbols: list[Symbol] = []
    append = symbols.append
    names: set[str] = set()
    kinds = bytearray()
    content = reader.content
    end = reader.end
    imported = state.imported
    totals = state.totals
    segment_sizes = state.segment_sizes
    padded = reader.padded
    count = reader.u32()
    pos = reader.pos
    try:
        for _ in range(count):
            start = pos
            kind = content[pos]
            flags = content[pos + 1]
            pos += 2
            if flags >= 0x80:
                flags, pos = decode_unsigned(content, pos - 1, 32, padded)
            if kind > 5:
                raise reader.wrong(start, f"invalid symbol type: {kind}")

            index = 0
            data: DataReference | None = None
            has_name = True
            name = ""
            if kind != _DATA:
                if kind == _SECTION and flags & _BINDING != _LOCAL:
                    raise reader.wrong(start, "section symbols must have local binding")
                index = content[pos]
                pos += 1
                if index >= 0x80:
                    index, pos = decode_unsigned(content, pos - 1, 32, padded)
                if kind == _SECTION:
                    if index >= len(state.sections):
                        problem = f"section symbol for section {index} of {len(state.sections)}"
                        raise reader.wrong(start, problem, fault=Fault.BEYOND)
                    has_name = False
                else:
                    space = _SPACES[kind]
                    imports = imported[space]
                    is_undefined = flags & _UNDEFINED != 0
                    if index >= totals[space] or is_undefined != (index < len(imports)):
                        what = "undefined" if is_undefined else "defined"
                        problem = f"invalid {_SYMBOL_NAMES[kind]} symbol index"
                        raise reader.wrong(start, problem, f"index {index} is not {what}")
                    if is_undefined:
                        if kind != _FUNCTION and flags & _BINDING == _WEAK:
                            # LLVM calls a tag a global here.
                            what = "table" if kind == SymbolKind.TABLE else "global"
                            problem = f"undefined weak {what} symbol"
                            raise reader.wrong(start, problem, _SYMBOL_NAMES[kind])
                        if not flags & _EXPLICIT_NAME:
                            has_name = False
                            name = imports[index]
            if has_name:
                length = content[pos]
                pos += 1
                if length >= 0x80:
                    length, pos = decode_unsigned(content, pos - 1, 32, padded)
                after = pos + length
                if after > end:
                    raise reader.too_long(start, "symbol name", length)
                name = str(content[pos:after], "utf-8", "surrogateescape")
                pos = after
                if kind == _DATA and not flags & _UNDEFINED:
                    segment = content[pos]
                    offset = content[pos + 1]
                    size = content[pos + 2]
                    if segment < 0x80 and offset < 0x80 and size < 0x80:
                        pos += 3
                    else:
                        segment, pos = decode_unsigned(content, pos, 32, padded)
                        offset, pos = decode_unsigned(content, pos, 64, padded)
                        size, pos = decode_unsigned(content, pos, 64, padded)
                    if not flags & _ABSOLUTE:
                        if segment >= len(segment_sizes):
                            problem = f"invalid data segment index: {segment}"
                            detail = f"symbol {name!r}, {len(segment_sizes)} segments"
                            raise reader.wrong(start, problem, detail)
                        if offset > segment_sizes[segment]:
                            sizes = f"offset: {offset} segment size: {segment_sizes[segment]}"
                            problem = f"invalid data symbol offset: `{name}` ({sizes})"
                            raise reader.wrong(start, problem)
                    data = DataReference(segment, offset, size)

            if flags & _BINDING != _LOCAL:
                if name in names:
                    raise reader.wrong(start, f"duplicate symbol name {name}")
                names.add(name)
            kinds.append(kind)
            append(Symbol(_SYMBOL_KINDS[kind], flags, name, None if kind == _DATA else index, data))
    except IndexError:
        raise reader.cut_off() from None
    except LebError as error:
        raise reader.bad_number(error) from None
    reader.pos = pos
    state.symbol_kinds = kinds
    return symbols


def _bad_relocation(
    reader: Reader, pos: int, state: FileState, what: str, index: int, detail: str
) -> ReadError:
    """The error for a relocation to what it must not name; LLVM's names the symbol."""
    linking = next((part for part in state.sections if isinstance(part, LinkingSection)), None)
    if linking is None or index >= len(linking.symbols):
        return reader.wrong(pos, f"invalid {what}", detail, Fault.BEYOND)
    symbol = linking.symbols[index]
    name = symbol.name
    if symbol.kind is SymbolKind.SECTION and symbol.index is not None:
        name = getattr(state.sections[symbol.index], "name", "")
    return reader.wrong(pos, f"invalid {what}: {name}", detail)


# Tables by relocation kind: patched bytes, bits of the addend, allowed symbol kinds as bits.
_ORDERED_SHAPES = [SHAPES[kind] for kind in sorted(RelocationType)]
_WIDTHS = bytes(shape.width for shape in _ORDERED_SHAPES)
_ADDEND_BITS = bytes(shape.addend_bits for shape in _ORDERED_SHAPES)
# What LLVM calls a relocation to a wrong symbol.
_RELOCATED = [
    "global relocation"
    if SymbolKind.GLOBAL in shape.symbols
    else "".join(f"{kind.name.lower()} relocation" for kind in shape.symbols)
    for shape in _ORDERED_SHAPES
]
_ALLOWED_KINDS = bytes(sum(1 << kind for kind in shape.symbols) for shape in _ORDERED_SHAPES)
# A table for `bytes.translate`: a symbol kind to its bit.
_BIT_OF_KIND = bytes(1 << kind if kind < 6 else 0 for kind in range(256))
_TYPE_INDEX = int(RelocationType.TYPE_INDEX_LEB)
_SHORT_TO_LLVM = (
    RelocationType.TABLE_INDEX_SLEB64,
    RelocationType.TABLE_INDEX_REL_SLEB64,
    RelocationType.MEMORY_ADDR_TLS_SLEB64,
)
_PATCHED_SECTIONS = (SectionId.CODE, SectionId.DATA, SectionId.CUSTOM)


def parse_relocations(reader: Reader, state: FileState, size_width: int, name: str) -> Section:
    """Linking.md, "Relocation Sections": sorted by offset, `name` is the section's name."""
    start = reader.pos
    target = reader.u32()
    if target >= len(state.sections):
        detail = f"relocations for section {target} of {len(state.sections)}"
        raise reader.wrong(start, "invalid section index", detail)
    if state.sections[target].id not in _PATCHED_SECTIONS and not state.reading.unused_parts:
        problem = f"section {target} is no code, data or custom section"
        raise reader.wrong(start, problem)
    count, count_width = reader.padded_u32()
    relocations = _relocations(reader, state, count, state.content_sizes[target])
    return RelocationSection(name, target, relocations, size_width, count_width)


def _relocations(reader: Reader, state: FileState, count: int, limit: int) -> list[Relocation]:
    """The entries, for a section of `limit` bytes. Numbers are read in place, one, two and three
    bytes apart: an object has more relocations than anything else, and calls would cost most."""
    relocations: list[Relocation] = []
    append = relocations.append
    new = _new
    relocation_type = Relocation
    content = reader.content
    kinds = state.symbol_kinds
    symbol_count = len(kinds)
    widths = _WIDTHS
    addend_bits = _ADDEND_BITS
    # One bit a symbol kind, so that a relocation needs a single test.
    bits = kinds.translate(_BIT_OF_KIND)
    allowed = _ALLOWED_KINDS
    previous = 0
    padded = reader.padded
    pos = reader.pos
    try:
        for _ in range(count):
            start = pos
            kind = content[pos]
            byte = content[pos + 1]
            if kind > 26:
                kind, pos = decode_unsigned(content, pos, 32, padded)
                byte = content[pos]
                pos -= 1

            if byte < 0x80:
                offset = byte
                pos += 2
            else:
                second = content[pos + 2]
                if second < 0x80:
                    offset = byte & 0x7F | second << 7
                    pos += 3
                else:
                    third = content[pos + 3]
                    if third < 0x80:
                        offset = byte & 0x7F | (second & 0x7F) << 7 | third << 14
                        pos += 4
                    else:
                        offset, pos = decode_unsigned(content, pos + 1, 32, padded)
            if offset < previous:
                detail = f"relocation at offset {offset} after one at {previous}"
                raise reader.wrong(start, "relocations not in offset order", detail)
            previous = offset

            index = content[pos]
            if index < 0x80:
                pos += 1
            else:
                second = content[pos + 1]
                if second < 0x80:
                    index = index & 0x7F | second << 7
                    pos += 2
                else:
                    index, pos = decode_unsigned(content, pos, 32, padded)

            if kind > 26:
                raise reader.wrong(start, f"invalid relocation type: {kind}")
            if kind == _TYPE_INDEX:
                if index >= state.types:
                    detail = f"type {index} of {state.types}"
                    raise _bad_relocation(
                        reader, start, state, "relocation type index", index, detail
                    )
            elif index >= symbol_count:
                what = _RELOCATED[kind]
                detail = f"symbol {index} of {symbol_count}"
                raise _bad_relocation(reader, start, state, what, index, detail)
            elif not bits[index] & allowed[kind]:
                kind_name, what = RelocationType(kind).name, _RELOCATED[kind]
                detail = f"{kind_name} to {_SYMBOL_NAMES[kinds[index]]} symbol {index}"
                raise _bad_relocation(reader, start, state, what, index, detail)

            addend = 0
            if addend_bits[kind]:
                addend = content[pos]
                if addend < 0x40:
                    pos += 1
                elif addend < 0x80:
                    addend -= 0x80
                    pos += 1
                else:
                    second = content[pos + 1]
                    third = content[pos + 2] if second >= 0x80 else 0
                    if second < 0x40:
                        addend = addend & 0x7F | second << 7
                        pos += 2
                    elif second >= 0x80 and third < 0x40:
                        addend = addend & 0x7F | (second & 0x7F) << 7 | third << 14
                        pos += 3
                    else:
                        addend, pos = decode_signed(content, pos, addend_bits[kind], padded)
            if offset + widths[kind] > limit:
                what = f"relocation of {widths[kind]} bytes at offset {offset} of a section of"
                # LLVM takes some of ten bytes for shorter ones, and patches what follows.
                fault = Fault.RULE
                if kind in _SHORT_TO_LLVM and offset + 5 <= limit:
                    fault = Fault.BEYOND
                detail = f"{what} {limit} bytes"
                raise reader.wrong(start, "invalid relocation offset", detail, fault)
            append(new(relocation_type, (kind, offset, index, addend)))
    except IndexError:
        raise reader.cut_off() from None
    except LebError as error:
        raise reader.bad_number(error) from None
    reader.pos = pos
    return relocations

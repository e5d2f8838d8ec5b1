"""Bytes to `ObjectFile`: object files and linked modules alike."""

from __future__ import annotations

from linker.format import parse_core, parse_custom, parse_linking
from linker.format.constants import MAGIC, SECTION_ORDER, VERSION, SectionId
from linker.format.errors import MalformedFile
from linker.format.model import CustomSection, ObjectFile, Section
from linker.format.parse_state import FileState
from linker.format.reader import Reader, ReadError
from linker.format.reading import STRICT, Reading

_SECTION_NAMES = {int(kind): kind.name for kind in SectionId}
# As LLVM's messages call them.
_WORDS_FOR_SECTIONS = {
    kind: f"{'elem' if kind == SectionId.ELEMENT else name.lower().replace('_', ' ')} section"
    for kind, name in _SECTION_NAMES.items()
}
_PARSERS = parse_core.PARSERS
# What follows the number in these is not looked at by LLVM.
_SECTIONS_OF_ONE_NUMBER = (SectionId.START, SectionId.DATA_COUNT)
_CUSTOM_PARSERS = {
    "name": parse_custom.parse_names,
    "linking": parse_linking.parse_linking,
    "producers": parse_custom.parse_producers,
    "target_features": parse_custom.parse_target_features,
}

# Positions in the order of sections, as bits, and what must not have come before each. The
# order is LLVM's (`WasmSectionOrderChecker`): the core order with `dylink.0` in front and
# `linking`, `name`, `producers`, `target_features` behind; `reloc.*` may be repeated.
_BIT_OF_ID = {int(kind): 2 << position for position, kind in enumerate(SECTION_ORDER)}
_DYLINK, _LINKING, _RELOC, _NAME, _PRODUCERS, _FEATURES = (1 << n for n in (0, 14, 15, 16, 17, 18))
_BIT_OF_NAME = {
    "dylink": _DYLINK,
    "dylink.0": _DYLINK,
    "linking": _LINKING,
    "name": _NAME,
    "producers": _PRODUCERS,
    "target_features": _FEATURES,
}


def _forbidden_before(bit: int) -> int:
    if bit == _RELOC:
        return 0
    late = (1 << 19) - bit
    # `name` and what follows it may stand before or after relocations.
    return late & ~_RELOC if bit > _RELOC else late


_FORBIDDEN = {
    bit: _forbidden_before(bit) for bit in (*_BIT_OF_ID.values(), *_BIT_OF_NAME.values(), _RELOC)
}


def parse(data: bytes, name: str, reading: Reading = STRICT) -> ObjectFile:
    """What the file `data` says; `name` is what errors call it.

    `reading` says what else is read than well-formed files.

    Raises MalformedFile, and nothing else, where it breaks the binary format of the core
    specification, Linking.md, or a rule of LLVM's reader.
    """
    data = bytes(data)
    if data[:4] != MAGIC:
        raise MalformedFile(name, "", 0, "invalid magic number", "no WebAssembly file")
    if len(data) < 8:
        raise MalformedFile(name, "", 4, "missing version number")
    version = int.from_bytes(data[4:8], "little")
    if version != VERSION:
        problem = f"invalid version number: {version}"
        raise MalformedFile(name, "", 4, problem, f"only {VERSION} is known")

    state = FileState(reading=reading)
    reader = Reader(data, 0, reading.padded_numbers)
    reader.pos = 8
    seen = 0
    while reader.pos < reader.end:
        seen |= _section(reader, state, name, seen)
    try:
        parse_core.check_end(state, len(data))
    except ReadError as error:
        raise error.in_file(name, "") from None
    return ObjectFile(name, state.sections)


def _out_of_order(file: Reader, pos: int, kind: int, name: str) -> ReadError:
    detail = f"section {name} stands twice or out of order"
    return file.wrong(pos, f"out of order section type: {kind}", detail)


def _section(file: Reader, state: FileState, file_name: str, seen: int) -> int:
    """Adds the section at the reader to `state`; returns its bit in the order of sections."""
    where = ""
    start = file.pos
    try:
        kind = file.byte()
        size, size_width = file.padded_u32()
        where = _SECTION_NAMES.get(kind, "")
        if not size:
            raise file.wrong(start, "zero length section")
        base = file.pos
        reader = Reader(file.take(size, "section", "section too large"), base, file.padded)
        section: Section
        if kind:
            parser = _PARSERS.get(kind)
            if parser is None:
                raise file.wrong(start, f"invalid section type: {kind}")
            bit = _BIT_OF_ID[kind]
            if seen & _FORBIDDEN[bit]:
                raise _out_of_order(file, start, kind, where)
            section = parser(reader, state, size_width)
            if kind not in _SECTIONS_OF_ONE_NUMBER or not state.reading.unused_parts:
                reader.finish(_WORDS_FOR_SECTIONS[kind])
            state.content_sizes.append(size)
        else:
            name = reader.name()
            where = name
            name_size = reader.pos
            reader = Reader(reader.content[name_size:], base + name_size, file.padded)
            is_relocation = name.startswith("reloc.")
            bit = _RELOC if is_relocation else _BIT_OF_NAME.get(name, 0)
            if bit and seen & _FORBIDDEN[bit]:
                raise _out_of_order(file, start, kind, where)
            if is_relocation:
                section = parse_linking.parse_relocations(reader, state, size_width, name)
                reader.finish("reloc section")
            elif name in _CUSTOM_PARSERS:
                section = _CUSTOM_PARSERS[name](reader, state, size_width)
                reader.finish(f"{name.replace('_', ' ')} section")
            else:
                section = CustomSection(name, reader.content, size_width)
            state.content_sizes.append(reader.end)
        state.sections.append(section)
    except ReadError as error:
        raise error.in_file(file_name, where) from None
    return bit

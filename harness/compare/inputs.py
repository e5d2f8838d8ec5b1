"""The input's definitions and relocation sites, which drive the comparison of outputs."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from harness.compare.instructions import BodyError, Operand, walk
from harness.compare.view import canonical
from linker.format.archive import is_archive, parse_archive
from linker.format.constants import ExternalKind, RelocationType, SegmentFlag, SymbolKind
from linker.format.errors import MalformedFile
from linker.format.leb128 import size_unsigned
from linker.format.model import (
    CodeSection,
    DataSection,
    ImportSection,
    LinkingSection,
    ObjectFile,
    Relocation,
    RelocationSection,
    Symbol,
)
from linker.format.parse import parse
from linker.format.stub_library import STUB_MAGIC

File = tuple[str, bytes]
SymbolKey = tuple[int, str]
"""An object's number and a name for a local symbol; -1 and a name for any other."""

R = RelocationType
SITE_BYTES = {
    R.TABLE_INDEX_I32: 4,
    R.MEMORY_ADDR_I32: 4,
    R.FUNCTION_OFFSET_I32: 4,
    R.SECTION_OFFSET_I32: 4,
    R.GLOBAL_INDEX_I32: 4,
    R.MEMORY_ADDR_LOCREL_I32: 4,
    R.FUNCTION_INDEX_I32: 4,
    R.MEMORY_ADDR_I64: 8,
    R.TABLE_INDEX_I64: 8,
    R.FUNCTION_OFFSET_I64: 8,
}
# No segment is aligned to more than what there is to address.
_ADDRESS_BITS = 64


class Site(NamedTuple):
    """A relocation inside a definition: `position` is its flat operand number in a function,
    its offset in bytes in a data symbol."""

    position: int
    type: RelocationType
    symbol: SymbolKey
    kind: SymbolKind
    addend: int
    may_be_null: bool


class FunctionDefinition:
    """A function defined in an object: its opcodes, flat operands and relocated ones.

    The body is walked when it is first asked for: of a library, few functions are.

    Attributes:
        place: number of the object.
    """

    def __init__(self, entry: _Object, body: bytes, start: int, offsets: list[int]) -> None:
        self.place = entry.place
        self._entry = entry
        self._body = body
        self._start = start
        self._offsets = offsets

    @cached_property
    def _parts(self) -> tuple[tuple[int, ...], tuple[Operand, ...]]:
        try:
            return flatten(self._body)
        except BodyError:
            # No output's code is equal to that of a body that cannot be read.
            return (), ()

    @property
    def opcodes(self) -> tuple[int, ...]:
        return self._parts[0]

    @property
    def operands(self) -> tuple[Operand, ...]:
        return self._parts[1]

    @cached_property
    def sites(self) -> dict[int, Site]:
        """Relocation sites by flat operand number."""
        at = {operand.offset: number for number, operand in enumerate(self.operands)}
        end = self._start + len(self._body)
        low, high = bisect_left(self._offsets, self._start), bisect_left(self._offsets, end)
        found: dict[int, Site] = {}
        for relocation in self._entry.code_relocations[low:high]:
            number = at.get(relocation.offset - self._start)
            site = None if number is None else _site(self._entry, relocation, number)
            if site is not None:
                found[site.position] = site
        return found


@dataclass(frozen=True)
class DataDefinition:
    """A data symbol defined in an object.

    Attributes:
        place: number of the object.
        segment: number of the data segment in it.
        offset: bytes from the start of the segment.
        alignment: of the segment, in bytes.
    """

    place: int
    key: SymbolKey
    segment: int
    offset: int
    alignment: int
    content: bytes
    sites: tuple[Site, ...]
    merged: bool
    thread_local: bool


@dataclass
class _Object:
    place: int
    file: ObjectFile
    symbols: list[Symbol]

    @cached_property
    def code_relocations(self) -> list[Relocation]:
        """The relocations of the code section, by offset."""
        return _relocations(self, CodeSection)

    def key(self, symbol: Symbol) -> SymbolKey:
        return (self.place if symbol.is_local else -1, symbol.name)


@dataclass
class Inputs:
    """All definitions of the inputs by name.

    Attributes:
        unreadable: names of inputs that could not be parsed.
    """

    objects: list[_Object] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    @cached_property
    def functions(self) -> dict[str, list[FunctionDefinition]]:
        """Function definitions by each of their symbols' canonical names."""
        found: dict[str, list[FunctionDefinition]] = defaultdict(list)
        for entry in self.objects:
            for name, definition in _function_definitions(entry):
                found[canonical(name)].append(definition)
        return dict(found)

    @cached_property
    def data(self) -> dict[SymbolKey, list[DataDefinition]]:
        """Data definitions by symbol."""
        found: dict[SymbolKey, list[DataDefinition]] = defaultdict(list)
        for entry in self.objects:
            for definition in _data_definitions(entry):
                found[definition.key].append(definition)
        return dict(found)

    @cached_property
    def data_by_name(self) -> dict[str, list[DataDefinition]]:
        """Data definitions by canonical name, local ones of all objects included."""
        found: dict[str, list[DataDefinition]] = defaultdict(list)
        for key, definitions in self.data.items():
            found[canonical(key[1])].extend(definitions)
        return dict(found)

    @cached_property
    def aliases(self) -> dict[str, frozenset[str]]:
        """Names of one function in some object, by each of them, where it has several."""
        found: dict[str, frozenset[str]] = {}
        for entry in self.objects:
            by_index: dict[int, set[str]] = defaultdict(set)
            for symbol in entry.symbols:
                if symbol.kind is SymbolKind.FUNCTION and symbol.index is not None:
                    by_index[symbol.index].add(canonical(symbol.name))
            for names in by_index.values():
                if len(names) > 1:
                    for name in names:
                        found[name] = found.get(name, frozenset()) | frozenset(names)
        return found


def _objects(files: Iterable[File], unreadable: list[str]) -> Iterable[ObjectFile]:
    for name, content in files:
        if content.startswith(STUB_MAGIC):
            continue
        try:
            if is_archive(content):
                for member in parse_archive(content, name).members:
                    yield parse(member.data, f"{name}({member.name})")
            else:
                yield parse(content, name)
        except MalformedFile:
            unreadable.append(name)


@lru_cache(maxsize=4)
def read_inputs(files: tuple[File, ...]) -> Inputs:
    """The definitions in object files and archives; other files are left out."""
    inputs = Inputs()
    for file in _objects(files, inputs.unreadable):
        linking = file.find(LinkingSection)
        if linking is not None:
            inputs.objects.append(_Object(len(inputs.objects), file, linking.symbols))
    return inputs


def _relocations(entry: _Object, kind: type[CodeSection] | type[DataSection]) -> list[Relocation]:
    sections = entry.file.sections
    found: list[Relocation] = []
    for section in sections:
        if not isinstance(section, RelocationSection) or section.target >= len(sections):
            continue
        if isinstance(sections[section.target], kind):
            found.extend(section.relocations)
    return sorted(found, key=lambda r: r.offset)


def _site(entry: _Object, relocation: Relocation, position: int) -> Site | None:
    """The relocation as a site; None where it refers to a type."""
    kind = RelocationType(relocation.type)
    if kind is R.TYPE_INDEX_LEB or relocation.index >= len(entry.symbols):
        return None
    symbol = entry.symbols[relocation.index]
    return Site(
        position,
        kind,
        entry.key(symbol),
        symbol.kind,
        relocation.addend,
        symbol.is_undefined and symbol.is_weak,
    )


def flatten(body: bytes) -> tuple[tuple[int, ...], tuple[Operand, ...]]:
    """The opcodes of a body and all its operands in one list. Raises BodyError."""
    opcodes: list[int] = []
    operands: list[Operand] = []
    for instruction in walk(body):
        opcodes.append(instruction.opcode)
        operands.extend(instruction.operands)
    return tuple(opcodes), tuple(operands)


def _imported_functions(file: ObjectFile) -> int:
    section = file.find(ImportSection)
    if section is None:
        return 0
    return sum(entry.kind is ExternalKind.FUNCTION for entry in section.imports)


def _function_definitions(entry: _Object) -> Iterable[tuple[str, FunctionDefinition]]:
    code = entry.file.find(CodeSection)
    if code is None:
        return
    imported = _imported_functions(entry.file)
    names: dict[int, list[str]] = defaultdict(list)
    for symbol in entry.symbols:
        if symbol.kind is not SymbolKind.FUNCTION or symbol.index is None:
            continue
        if not symbol.is_undefined:
            names[symbol.index - imported].append(symbol.name)
    offsets = [relocation.offset for relocation in entry.code_relocations]
    for index, body in enumerate(code.functions):
        if index in names:
            start = body.offset + (body.size_width or size_unsigned(len(body.content)))
            definition = FunctionDefinition(entry, body.content, start, offsets)
            for name in names[index]:
                yield name, definition


def _data_definitions(entry: _Object) -> Iterable[DataDefinition]:
    section = entry.file.find(DataSection)
    linking = entry.file.find(LinkingSection)
    if section is None or linking is None:
        return
    relocations = _relocations(entry, DataSection)
    offsets = [relocation.offset for relocation in relocations]
    for symbol in entry.symbols:
        place = symbol.data
        if symbol.kind is not SymbolKind.DATA or place is None or symbol.is_undefined:
            continue
        if place.segment >= len(section.segments) or place.segment >= len(linking.segments):
            continue
        segment, info = section.segments[place.segment], linking.segments[place.segment]
        if info.alignment >= _ADDRESS_BITS:
            continue
        start = segment.offset + place.offset
        sites = []
        low, high = bisect_left(offsets, start), bisect_left(offsets, start + place.size)
        for relocation in relocations[low:high]:
            inside = relocation.offset - start
            site = _site(entry, relocation, inside)
            if site is not None and inside + SITE_BYTES.get(site.type, 4) <= place.size:
                sites.append(site)
        yield DataDefinition(
            place=entry.place,
            key=entry.key(symbol),
            segment=place.segment,
            offset=place.offset,
            alignment=1 << info.alignment,
            content=segment.content[place.offset : place.offset + place.size],
            sites=tuple(sites),
            merged=bool(info.flags & SegmentFlag.STRINGS),
            thread_local=bool(info.flags & SegmentFlag.TLS) or info.name.startswith(".tdata"),
        )


def as_files(files: Sequence[File]) -> tuple[File, ...]:
    """The inputs in the form that `read_inputs` remembers."""
    return tuple((name, bytes(content)) for name, content in files)

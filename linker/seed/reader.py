"""Objects as the seed's parser reads them (the companion Object of the document).

It stands in for `linker.format.parse` where a reading quirk is on. What no quirk concerns is read
as the convention says; unless `unchecked-reading` is on, the file passes the strict parser first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from linker.format import expression, model
from linker.format.constants import (
    MAGIC,
    ComdatKind,
    ExternalKind,
    LimitsFlag,
    RelocationType,
    SectionId,
    SymbolFlag,
    SymbolKind,
    ValueType,
)
from linker.format.leb128 import LebError, encode_signed, size_unsigned
from linker.format.model import InitExpr, Limits, ObjectFile, Section, TableType
from linker.format.parse import parse
from linker.format.relocation_shapes import WITH_ADDEND
from linker.inputs.reading import read_file
from linker.seed.errors import SeedError, SeedStop

T = TypeVar("T")

READING_QUIRKS = frozenset(
    {
        "unchecked-reading",
        "foreign-files-skipped",
        "addends-unsigned",
        "data-symbol-offset-ignored",
        "segment-flags-ignored",
        "element-flags-as-table",
        "initialisers-limited",
        "one-bit-limits",
        "features-limited",
        "relocation-kinds-limited",
        "subsections-limited",
        "value-types-limited",
        "names-cut-at-nul",
        "body-sizes-minimal",
        "comdats-ignored",
        "init-functions-ignored",
        "custom-sections-dropped",
        "tags-unread",
    }
)
KNOWN_FEATURES = frozenset(
    {
        "atomics",
        "bulk-memory",
        "exception-handling",
        "multivalue",
        "mutable-globals",
        "nontrapping-fptoint",
        "sign-ext",
        "simd128",
        "tail-call",
    }
)
KNOWN_RELOCATIONS = frozenset({*range(11), 13, 14, 15, 16, 18, 19, 20})
KNOWN_VALUE_TYPES = frozenset(
    {int(ValueType.I32), int(ValueType.I64), int(ValueType.F32), int(ValueType.F64)}
)
_IMPORT_KIND_OF = {
    SymbolKind.FUNCTION: ExternalKind.FUNCTION,
    SymbolKind.GLOBAL: ExternalKind.GLOBAL,
    SymbolKind.TABLE: ExternalKind.TABLE,
    SymbolKind.TAG: ExternalKind.TAG,
}
_FREED_KIND = 6
_NAMES_END = "\0"


class NotAnObject(Exception):
    """A file that the seed leaves out with a warning; the argument is its word for why."""


def takes_foreign_files(quirks: frozenset[str]) -> bool:
    """Whether files that are no objects are left out instead of refused."""
    return "foreign-files-skipped" in quirks


def read_object(data: bytes, name: str, quirks: frozenset[str]) -> ObjectFile:
    """What an object says, with the reading quirks that are on.

    Raises:
        MalformedFile: the strict parser refuses the file.
        SeedError, SeedStop: the seed's parser does.
        NotAnObject: the file is left out.
    """
    if not READING_QUIRKS & quirks:
        return read_file(data, name, quirks)
    if takes_foreign_files(quirks):
        if len(data) < len(MAGIC):
            raise SeedError("EndOfStream", f"{name} ends in its header")
        if data[: len(MAGIC)] != MAGIC:
            raise NotAnObject("InvalidMagicByte")
    checked = None if "unchecked-reading" in quirks else parse(data, name)
    return _ObjectReader(data, name, quirks, checked).read()


class _ObjectReader:
    def __init__(
        self, data: bytes, name: str, quirks: frozenset[str], checked: ObjectFile | None
    ) -> None:
        self.data = data
        self.name = name
        self.quirks = quirks
        self.checked = checked
        self.reads_tags = "tags-unread" not in quirks
        self.keeps_custom = "custom-sections-dropped" not in quirks
        self.position = 0
        self.end = len(data)
        self.sections: list[Section] = []
        self.types: list[model.FunctionType] = []
        self.imports: list[model.Import] = []
        self.linking: model.LinkingSection | None = None
        self.segments: list[model.DataSegment] = []

    # Numbers and bytes.

    def error(self, name: str) -> SeedError:
        return SeedError(name, f"{self.name}, offset 0x{self.position:x}")

    def stop(self, place: str, quirk: str, detail: str) -> SeedStop:
        return SeedStop(place, quirk, f"{self.name}: {detail}")

    def take(self, length: int) -> bytes:
        if self.position + length > self.end:
            raise self.error("EndOfStream")
        self.position += length
        return self.data[self.position - length : self.position]

    def byte(self) -> int:
        return self.take(1)[0]

    def u32(self, bits: int = 32) -> int:
        """An unsigned LEB128; too long or too large is Overflow."""
        value = shift = 0
        width = max(bits, 8)
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift >= width:
                raise self.error("Overflow")
        if value >> bits:
            raise self.error("Overflow")
        return value

    def s32(self, bits: int = 32) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift >= bits:
                raise self.error("Overflow")
        if byte & 0x40:
            value -= 1 << shift
        if not -(1 << bits - 1) <= value < 1 << bits - 1:
            raise self.error("Overflow")
        return value

    def text(self) -> str:
        return str(self.take(self.u32()), "utf-8", "surrogateescape")

    def symbol_name(self) -> str:
        """A name as the string table gives it back."""
        name = self.text()
        return name.split(_NAMES_END, 1)[0] if "names-cut-at-nul" in self.quirks else name

    def list_of(self, read: Callable[[], T]) -> list[T]:
        return [read() for _ in range(self.u32())]

    # The file.

    def read(self) -> ObjectFile:
        self.take(8)
        while self.position < len(self.data):
            self.end = len(self.data)
            section_id = self.byte()
            size = self.u32()
            self.read_section(section_id, size)
        if self.linking is None and takes_foreign_files(self.quirks):
            raise NotAnObject("NotObjectFile")
        self.finish()
        return ObjectFile(self.name, self.sections)

    def read_section(self, section_id: int, size: int) -> None:
        file_end = len(self.data)
        section_end = self.position + size
        self.end = min(file_end, section_end)
        readers: dict[int, Callable[[], Section]] = {
            SectionId.TYPE: self.type_section,
            SectionId.IMPORT: self.import_section,
            SectionId.FUNCTION: lambda: model.FunctionSection(self.list_of(self.u32)),
            SectionId.TABLE: lambda: model.TableSection(self.list_of(self.table)),
            SectionId.MEMORY: lambda: model.MemorySection(self.list_of(self.limits)),
            SectionId.GLOBAL: lambda: model.GlobalSection(self.list_of(self.global_)),
            SectionId.EXPORT: self.export_section,
            SectionId.START: self.start_section,
            SectionId.ELEMENT: self.element_section,
        }
        if section_id == SectionId.CUSTOM:
            self.sections.append(self.custom_section())
        elif section_id == SectionId.CODE:
            self.sections.append(self.code_section(self.position))
        elif section_id == SectionId.DATA:
            self.sections.append(self.data_section(self.position))
        elif section_id in readers:
            section = readers[section_id]()
            if self.position != section_end:
                raise self.error("MalformedSection")
            self.sections.append(section)
        else:
            self.take(size)
            self.sections.append(self.unread())

    def unread(self) -> Section:
        """A section that the seed passes over, as the strict parser reads it if it did."""
        number = len(self.sections)
        if self.checked is None:
            return model.CustomSection("", b"")
        section = self.checked.sections[number]
        if isinstance(section, model.TagSection) and not self.reads_tags:
            return model.CustomSection("", b"")
        return section

    # Sections of the core specification.

    def enumerated(self, known: frozenset[int], what: str) -> int:
        value = self.u32(8)
        if value not in known:
            raise self.stop("readEnum", "value-types-limited", f"unknown {what} 0x{value:02x}")
        return value

    def value_type(self) -> ValueType:
        known = KNOWN_VALUE_TYPES
        if "value-types-limited" not in self.quirks:
            known = frozenset(map(int, ValueType))
        return ValueType(self.enumerated(known, "value type"))

    def type_section(self) -> Section:
        def function_type() -> model.FunctionType:
            if self.byte() != 0x60:
                raise self.error("ExpectedFuncType")
            parameters = tuple(self.list_of(self.value_type))
            return model.FunctionType(parameters, tuple(self.list_of(self.value_type)))

        self.types = self.list_of(function_type)
        return model.TypeSection(self.types)

    def limits(self) -> Limits:
        flags = self.u32(1) if "one-bit-limits" in self.quirks else self.u32(8)
        minimum = self.u32()
        maximum = self.u32() if flags & LimitsFlag.HAS_MAX else None
        page_size = self.u32() if flags & LimitsFlag.HAS_PAGE_SIZE else None
        return Limits(LimitsFlag(flags), minimum, maximum, page_size)

    def table_type(self) -> TableType:
        element = self.enumerated(
            frozenset({int(ValueType.FUNCREF), int(ValueType.EXTERNREF)}), "reference type"
        )
        return TableType(ValueType(element), self.limits())

    def table(self) -> model.Table:
        return model.Table(self.table_type())

    def global_type(self) -> model.GlobalType:
        value_type = self.value_type()
        return model.GlobalType(value_type, self.byte() == 1)

    def global_(self) -> model.Global:
        global_type = self.global_type()
        return model.Global(global_type, self.initialiser())

    def import_section(self) -> Section:
        def entry() -> model.Import:
            module, name = self.symbol_name(), self.symbol_name()
            last_kind = ExternalKind.TAG if self.reads_tags else ExternalKind.GLOBAL
            kind = ExternalKind(self.enumerated(frozenset(range(last_kind + 1)), "kind"))
            description: int | TableType | Limits | model.GlobalType
            if kind is ExternalKind.FUNCTION:
                description = self.u32()
            elif kind is ExternalKind.TABLE:
                description = self.table_type()
            elif kind is ExternalKind.MEMORY:
                description = self.limits()
            elif kind is ExternalKind.GLOBAL:
                description = self.global_type()
            else:
                self.byte()
                description = self.u32()
            return model.Import(module, name, kind, description)

        self.imports = self.list_of(entry)
        return model.ImportSection(self.imports)

    def initialiser(self) -> InitExpr:
        """A constant expression: one number or one global, and `end`."""
        if "initialisers-limited" not in self.quirks:
            start = self.position
            try:
                _, self.position = expression.read(self.data[: self.end], start)
            except LebError as error:
                raise self.stop("readInit", "unchecked-reading", error.problem) from None
            return InitExpr(self.data[start : self.position])
        opcode = self.byte()
        if opcode == expression.Opcode.I32_CONST:
            body = bytes((opcode,)) + encode_signed(self.s32())
        elif opcode == expression.Opcode.GLOBAL_GET:
            body = expression.global_get(self.u32()).body[:-1]
        else:
            raise self.stop("readInit", "initialisers-limited", f"opcode 0x{opcode:02x}")
        if self.u32(8) != expression.Opcode.END:
            raise self.error("MissingEndForExpression")
        return InitExpr(body + b"\x0b")

    def export_section(self) -> Section:
        def entry() -> None:
            self.text()
            self.enumerated(frozenset(range(5)), "kind")
            self.u32()

        self.list_of(entry)
        return self.unread()

    def start_section(self) -> Section:
        self.u32()
        return self.unread()

    def element_section(self) -> Section:
        """Read only to get past it."""
        if self.checked is not None and "element-flags-as-table" not in self.quirks:
            self.position = self.end
            return self.unread()

        def entry() -> None:
            self.u32()
            self.initialiser()
            self.list_of(self.u32)

        self.list_of(entry)
        return self.unread()

    def code_section(self, start: int) -> Section:
        def body() -> model.FunctionBody:
            at = self.position
            size = self.u32()
            width = self.position - at
            content_at = self.position - start
            content = self.take(size)
            if width == size_unsigned(size) or "body-sizes-minimal" in self.quirks:
                return model.FunctionBody(content, content_at - size_unsigned(size))
            return model.FunctionBody(content, at - start, width)

        return model.CodeSection(self.list_of(body))

    def data_section(self, start: int) -> Section:
        def segment() -> model.DataSegment:
            flags = self.u32()
            if "segment-flags-ignored" in self.quirks:
                flags = 0
            memory = self.u32() if flags & 2 else 0
            init = None if flags & 1 else self.initialiser()
            size = self.u32()
            at = self.position - start
            return model.DataSegment(flags, memory, init, self.take(size), at)

        self.segments = self.list_of(segment)
        return model.DataSection(self.segments)

    # Custom sections.

    def custom_section(self) -> Section:
        name = self.text()
        if name == "linking":
            return self.linking_section()
        if name.startswith("reloc"):
            return self.relocation_section(name)
        if name == "target_features":
            return self.features_section()
        content = self.take(self.end - self.position)
        if not self.keeps_custom:
            return model.CustomSection(name, b"")
        return self.unread() if self.checked is not None else model.CustomSection(name, content)

    def features_section(self) -> Section:
        def feature() -> model.TargetFeature:
            prefix = self.u32(8)
            name = self.text()
            if "features-limited" in self.quirks and name not in KNOWN_FEATURES:
                raise SeedError("UnknownFeature", f"{self.name}: {name}")
            return model.TargetFeature(chr(prefix), name)

        return model.TargetFeaturesSection(self.list_of(feature))

    def relocation_section(self, name: str) -> Section:
        target = self.u32()

        def relocation() -> model.Relocation:
            kind = self.u32(8)
            known = kind in KNOWN_RELOCATIONS
            if "relocation-kinds-limited" not in self.quirks:
                known = kind <= max(RelocationType)
            if not known:
                detail = f"relocation kind {kind}"
                raise self.stop("parseRelocations", "relocation-kinds-limited", detail)
            offset, index, addend = self.u32(), self.u32(), 0
            if kind in WITH_ADDEND:
                addend = self.u32() if "addends-unsigned" in self.quirks else self.s32(64)
            return model.Relocation(kind, offset, index, addend)

        relocations = self.list_of(relocation)
        taken = (
            section.target
            for section in self.sections
            if isinstance(section, model.RelocationSection)
        )
        if self.checked is None and target in taken:
            raise self.stop("parseRelocations", "unchecked-reading", f"section {target} twice")
        return model.RelocationSection(name, target, relocations)

    # The section `linking`.

    def linking_section(self) -> Section:
        if self.u32() != 2:
            raise self.error("UnsupportedVersion")
        linking = self.linking or model.LinkingSection()
        while self.position < self.end:
            self.subsection(linking)
        first = self.linking is None
        self.linking = linking
        return linking if first else model.CustomSection("", b"")

    def subsection(self, linking: model.LinkingSection) -> None:
        kind = self.u32(8)
        size = self.u32()
        if not size:
            return
        if kind == 8:
            linking.symbols = self.list_of(self.symbol)
        elif kind == 5:
            linking.segments = self.list_of(
                lambda: model.SegmentInfo(self.text(), self.u32(), self.u32())
            )
        elif kind == 6:
            functions = self.list_of(lambda: model.InitFunction(self.u32(), self.u32()))
            if "init-functions-ignored" not in self.quirks:
                linking.init_functions = functions
        elif kind == 7:
            comdats = self.list_of(self.comdat)
            if "comdats-ignored" not in self.quirks:
                linking.comdats = comdats
        elif "subsections-limited" in self.quirks:
            raise self.stop("parseSubsection", "subsections-limited", f"subsection {kind}")
        else:
            self.take(size)

    def comdat(self) -> model.Comdat:
        def entry() -> model.ComdatEntry:
            kind = self.u32(8)
            if kind > max(ComdatKind):
                raise self.stop("parseSubsection", "unchecked-reading", f"comdat kind {kind}")
            return model.ComdatEntry(ComdatKind(kind), self.u32())

        name = self.text()
        flags = self.u32()
        if flags:
            raise self.error("UnexpectedValue")
        return model.Comdat(name, flags, tuple(self.list_of(entry)))

    def symbol(self) -> model.Symbol:
        number = self.u32(8)
        flags = self.u32()
        if number > _FREED_KIND:
            raise self.stop("parseSymbol", "unchecked-reading", f"symbol kind {number}")
        if number == _FREED_KIND or (number == SymbolKind.TAG and not self.reads_tags):
            raise self.stop("externalType", "tags-unread", f"symbol kind {number}")
        kind = SymbolKind(number)
        is_undefined = bool(flags & SymbolFlag.UNDEFINED)
        if kind is SymbolKind.DATA:
            name = self.symbol_name()
            if is_undefined:
                return model.Symbol(kind, flags, name)
            segment, offset, size = self.u32(), self.u32(64), self.u32(64)
            return model.Symbol(kind, flags, name, None, self.reference(segment, offset, size))
        index = self.u32()
        if kind is SymbolKind.SECTION:
            if is_undefined:
                raise self.stop("externalType", "unchecked-reading", "undefined section symbol")
            return model.Symbol(kind, flags, "", index)
        imported = self.imported(kind, index) if is_undefined else None
        if imported is None or flags & SymbolFlag.EXPLICIT_NAME:
            return model.Symbol(kind, flags, self.symbol_name(), index)
        return model.Symbol(kind, flags, imported.name, index)

    def reference(self, segment: int, offset: int, size: int) -> model.DataReference:
        """Where a data symbol stands; `finish` gives it the segment's size if that counts."""
        if "data-symbol-offset-ignored" in self.quirks:
            return model.DataReference(segment, 0, self.segment_size(segment))
        return model.DataReference(segment, offset, size)

    def segment_size(self, segment: int) -> int:
        return len(self.segments[segment].content) if segment < len(self.segments) else 0

    def imported(self, kind: SymbolKind, index: int) -> model.Import:
        external = _IMPORT_KIND_OF[kind]
        imports = [entry for entry in self.imports if entry.kind is external]
        if index >= len(imports):
            raise self.stop("findImport", "unchecked-reading", f"{kind.name} import {index}")
        return imports[index]

    # The whole.

    def finish(self) -> None:
        """Checks what the stages take for granted, where the strict parser did not."""
        if self.checked is None:
            self.check_types()
            self.match_bodies()
        if not self.keeps_custom:
            for section in self.sections:
                if isinstance(section, model.RelocationSection):
                    target = section.target
                    if target >= len(self.sections) or not isinstance(
                        self.sections[target], model.CodeSection | model.DataSection
                    ):
                        section.relocations = []

    def match_bodies(self) -> None:
        """Leaves out bodies without a function, and functions without a body."""
        functions = next((e for e in self.sections if isinstance(e, model.FunctionSection)), None)
        found = [e for e in self.sections if isinstance(e, model.CodeSection)]
        for code in found[1:]:
            code.functions = []
        for code in found[:1]:
            count = len(functions.type_indices) if functions is not None else 0
            code.functions = code.functions[:count]
            if functions is not None:
                functions.type_indices = functions.type_indices[: len(code.functions)]

    def check_types(self) -> None:
        for section in self.sections:
            indices: Sequence[int] = ()
            if isinstance(section, model.FunctionSection):
                indices = section.type_indices
            elif isinstance(section, model.ImportSection):
                indices = [
                    entry.description
                    for entry in section.imports
                    if isinstance(entry.description, int)
                ]
            for index in indices:
                if index >= len(self.types):
                    raise self.stop("mergeTypes", "unchecked-reading", f"type {index}")

"""Declarations to bytes: `assemble(function("f", call("g")), data("x", b"1"))` is an object.

It has a function, some data and the symbols for both, in that order. A name that is used but not
declared becomes an undefined symbol of the kind that its use needs, behind the declared ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from linker.format import model
from linker.format.archive import Member
from linker.format.constants import ComdatKind, ExternalKind, SymbolKind, ValueType
from linker.format.encode import encode
from linker.format.encode_archive import encode_archive
from linker.format.leb128 import encode_unsigned
from linker.format.relocation_shapes import SHAPES
from tests.linker.objects import (
    ABSOLUTE,
    END,
    EXPLICIT_NAME,
    LOCAL,
    UNDEFINED,
    VOID,
    AbsoluteDeclaration,
    AliasDeclaration,
    CustomDeclaration,
    DataDeclaration,
    Declaration,
    FunctionDeclaration,
    FunctionNameDeclaration,
    GlobalDeclaration,
    InitDeclaration,
    Part,
    SectionDeclaration,
    Site,
    TableDeclaration,
    TagDeclaration,
    UndefinedDeclaration,
    parts_of,
    table_type,
)

_EXTERNAL = {
    SymbolKind.FUNCTION: ExternalKind.FUNCTION,
    SymbolKind.GLOBAL: ExternalKind.GLOBAL,
    SymbolKind.TABLE: ExternalKind.TABLE,
    SymbolKind.TAG: ExternalKind.TAG,
}
_DEFINED = {
    FunctionDeclaration: SymbolKind.FUNCTION,
    GlobalDeclaration: SymbolKind.GLOBAL,
    TableDeclaration: SymbolKind.TABLE,
    TagDeclaration: SymbolKind.TAG,
}


@dataclass
class _Assembler:
    declarations: list[Declaration]
    types: list[model.FunctionType] = field(default_factory=list)
    imports: list[model.Import] = field(default_factory=list)
    counts: dict[SymbolKind, int] = field(default_factory=lambda: dict.fromkeys(SymbolKind, 0))
    symbols: list[model.Symbol] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    indices: dict[str, int] = field(default_factory=dict)
    places: dict[str, model.DataReference] = field(default_factory=dict)
    sections: list[model.Section] = field(default_factory=list)
    relocations: list[tuple[str, int, list[model.Relocation]]] = field(default_factory=list)
    comdats: dict[str, list[model.ComdatEntry]] = field(default_factory=dict)

    def type_index(self, wanted: model.FunctionType) -> int:
        if wanted not in self.types:
            self.types.append(wanted)
        return self.types.index(wanted)

    # Symbols.

    def declare_missing(self) -> None:
        """Adds declarations of the symbols that are used and not declared."""
        known = {name_of(entry) for entry in self.declarations}
        sections = {d.name for d in self.declarations if isinstance(d, CustomDeclaration)}
        for site in sites_of(self.declarations):
            wanted = SHAPES[site.kind].symbols
            if not wanted or site.name in known:
                continue
            if SymbolKind.SECTION in wanted:
                assert site.name in sections, f"no section {site.name}"
                continue
            known.add(site.name)
            self.declarations.append(undefined(site.name, max(wanted)))

    def number_everything(self) -> None:
        """Indices of imports first, then of definitions, then the symbols in order."""
        for entry in self.declarations:
            if isinstance(entry, UndefinedDeclaration) and entry.kind is not SymbolKind.DATA:
                self.indices[entry.name] = self.take(entry.kind)
                self.add_import(entry)
        segment = 0
        for entry in self.declarations:
            kind = _DEFINED.get(type(entry))
            if kind is not None:
                self.indices[name_of(entry)] = self.take(kind)
            elif isinstance(entry, DataDeclaration):
                size = (
                    sum(
                        len(part.blank if isinstance(part, Site) else part)
                        for part in parts_of(entry.content)
                    )
                    - entry.offset
                )
                size = size if entry.size is None else entry.size
                self.places[entry.name] = model.DataReference(segment, entry.offset, size)
                segment += 1
        for entry in self.declarations:
            symbol = self.symbol_of(entry)
            if symbol is not None:
                self.numbers[symbol.name] = len(self.symbols)
                self.symbols.append(symbol)

    def take(self, kind: SymbolKind) -> int:
        self.counts[kind] += 1
        return self.counts[kind] - 1

    def add_import(self, entry: UndefinedDeclaration) -> None:
        described: int | model.GlobalType | model.TableType
        if isinstance(entry.type, model.FunctionType):
            described = self.type_index(entry.type)
        else:
            assert entry.type is not None
            described = entry.type
        name = entry.name if entry.import_name is None else entry.import_name
        self.imports.append(model.Import(entry.module, name, _EXTERNAL[entry.kind], described))

    def symbol_of(self, entry: Declaration) -> model.Symbol | None:
        match entry:
            case UndefinedDeclaration():
                flags = entry.flags | UNDEFINED
                flags |= EXPLICIT_NAME if entry.import_name is not None else 0
                return model.Symbol(entry.kind, flags, entry.name, self.indices.get(entry.name))
            case DataDeclaration():
                place = self.places[entry.name]
                return model.Symbol(SymbolKind.DATA, entry.flags, entry.name, None, place)
            case AbsoluteDeclaration():
                place = model.DataReference(0, entry.address, 0)
                flags = entry.flags | ABSOLUTE
                return model.Symbol(SymbolKind.DATA, flags, entry.name, None, place)
            case AliasDeclaration():
                return self.alias_of(entry)
            case FunctionDeclaration() | GlobalDeclaration() | TableDeclaration():
                kind = _DEFINED[type(entry)]
                return model.Symbol(kind, entry.flags, entry.name, self.indices[entry.name])
            case TagDeclaration():
                index = self.indices[entry.name]
                return model.Symbol(SymbolKind.TAG, entry.flags, entry.name, index)
            case _:
                return None

    def alias_of(self, entry: AliasDeclaration) -> model.Symbol:
        if entry.of in self.places:
            segment, offset, size = self.places[entry.of]
            place = model.DataReference(segment, offset + entry.offset, size - entry.offset)
            return model.Symbol(SymbolKind.DATA, entry.flags, entry.name, None, place)
        of = next(d for d in self.declarations if name_of(d) == entry.of)
        return model.Symbol(_DEFINED[type(of)], entry.flags, entry.name, self.indices[entry.of])

    # Contents.

    def filled(self, content: Iterable[Part], base: int) -> tuple[bytes, list[model.Relocation]]:
        """The bytes of a content, and its relocations if it starts at `base`."""
        out = bytearray()
        relocations = []
        for part in parts_of(content):
            if isinstance(part, bytes):
                out += part
                continue
            if part.signature is not None:
                index = self.type_index(part.signature)
            elif SymbolKind.SECTION in SHAPES[part.kind].symbols:
                index = self.section_symbol(part.name)
            else:
                index = self.numbers[part.name]
            relocations.append(model.Relocation(part.kind, base + len(out), index, part.addend))
            out += part.blank
        return bytes(out), relocations

    def section_symbol(self, name: str) -> int:
        """The symbol of a custom section; its section index is set when that is known."""
        key = f"section:{name}"
        if key not in self.numbers:
            self.numbers[key] = len(self.symbols)
            self.symbols.append(model.Symbol(SymbolKind.SECTION, LOCAL, ""))
        return self.numbers[key]

    def group(self, name: str, kind: ComdatKind, index: int) -> None:
        if name:
            self.comdats.setdefault(name, []).append(model.ComdatEntry(kind, index))

    def build(self) -> model.ObjectFile:
        self.declare_missing()
        self.number_everything()
        functions = [d for d in self.declarations if isinstance(d, FunctionDeclaration)]
        type_indices = [self.type_index(entry.type) for entry in functions]
        code, code_relocations = self.code(functions)
        data, data_relocations = self.data()
        customs = [d for d in self.declarations if isinstance(d, CustomDeclaration)]
        filled = [self.filled(entry.content, 0) for entry in customs]
        tables = [d for d in self.declarations if isinstance(d, TableDeclaration)]
        tags = [d for d in self.declarations if isinstance(d, TagDeclaration)]
        tag_indices = [self.type_index(entry.type) for entry in tags]
        variables = [d for d in self.declarations if isinstance(d, GlobalDeclaration)]
        exports = [
            model.Export(entry.export_name, ExternalKind.FUNCTION, self.indices[entry.name])
            for entry in functions
            if entry.export_name is not None
        ]
        self.add(model.TypeSection(self.types), self.types)
        self.add(model.ImportSection(self.imports), self.imports)
        self.add(model.FunctionSection(type_indices), functions)
        self.add(model.TableSection([model.Table(entry.type) for entry in tables]), tables)
        self.add(model.TagSection(tag_indices), tags)
        self.add(
            model.GlobalSection([model.Global(entry.type, entry.init) for entry in variables]),
            variables,
        )
        self.add(model.ExportSection(exports), exports)
        self.add(model.CodeSection(code), code)
        self.relocate("reloc.CODE", code_relocations)
        self.add(model.DataSection(data), data)
        self.relocate("reloc.DATA", data_relocations)
        for entry, (content, relocations) in zip(customs, filled, strict=True):
            self.add_custom(entry, content, relocations)
        self.sections.append(self.linking())
        self.sections += [
            model.RelocationSection(name, target, relocations)
            for name, target, relocations in self.relocations
        ]
        names = sorted(
            (self.indices[entry.name], entry.shown)
            for entry in self.declarations
            if isinstance(entry, FunctionNameDeclaration)
        )
        if names:
            self.sections.append(model.NameSection([(1, 0, names)]))
        self.sections += [d.section for d in self.declarations if isinstance(d, SectionDeclaration)]
        return model.ObjectFile("", self.sections)

    def add(self, section: model.Section, content: Sequence[object]) -> None:
        if content:
            self.sections.append(section)

    def relocate(self, name: str, relocations: list[model.Relocation]) -> None:
        """Keeps relocations of the section that was added last."""
        if relocations:
            self.relocations.append((name, len(self.sections) - 1, relocations))

    def add_custom(
        self, entry: CustomDeclaration, content: bytes, relocations: list[model.Relocation]
    ) -> None:
        index = len(self.sections)
        self.sections.append(model.CustomSection(entry.name, content))
        self.relocate(f"reloc.{entry.name}", relocations)
        self.group(entry.comdat, ComdatKind.SECTION, index)
        number = self.numbers.get(f"section:{entry.name}")
        if number is not None:
            self.symbols[number] = model.Symbol(SymbolKind.SECTION, LOCAL, "", index)

    def code(
        self, functions: list[FunctionDeclaration]
    ) -> tuple[list[model.FunctionBody], list[model.Relocation]]:
        bodies, relocations = [], []
        position = len(encode_unsigned(len(functions)))
        for entry in functions:
            no_locals = b"\0"
            content, _ = self.filled([no_locals, entry.code, END], 0)
            start = position + len(encode_unsigned(len(content)))
            relocations += self.filled([no_locals, entry.code], start)[1]
            bodies.append(model.FunctionBody(content))
            position = start + len(content)
            self.group(entry.comdat, ComdatKind.FUNCTION, self.indices[entry.name])
        return bodies, relocations

    def data(self) -> tuple[list[model.DataSegment], list[model.Relocation]]:
        declared = [d for d in self.declarations if isinstance(d, DataDeclaration)]
        segments, relocations = [], []
        position = len(encode_unsigned(len(declared)))
        address = model.InitExpr(b"\x41\0" + END)
        for number, entry in enumerate(declared):
            content, _ = self.filled(entry.content, 0)
            start = position + len(b"\0" + address.body + encode_unsigned(len(content)))
            relocations += self.filled(entry.content, start)[1]
            segments.append(model.DataSegment(0, 0, address, content))
            position = start + len(content)
            self.group(entry.comdat, ComdatKind.DATA, number)
        return segments, relocations

    def linking(self) -> model.LinkingSection:
        infos = [
            model.SegmentInfo(entry.segment, entry.alignment, entry.segment_flags)
            for entry in self.declarations
            if isinstance(entry, DataDeclaration)
        ]
        starters = [
            model.InitFunction(entry.priority, self.numbers[entry.name])
            for entry in self.declarations
            if isinstance(entry, InitDeclaration)
        ]
        groups = [model.Comdat(name, 0, tuple(group)) for name, group in self.comdats.items()]
        return model.LinkingSection(
            symbols=self.symbols, segments=infos, init_functions=starters, comdats=groups
        )


def name_of(entry: Declaration) -> str:
    """The symbol that a declaration introduces; "" for none."""
    if isinstance(
        entry, (SectionDeclaration, CustomDeclaration, InitDeclaration, FunctionNameDeclaration)
    ):
        return ""
    return entry.name


def sites_of(declarations: Iterable[Declaration]) -> Iterable[Site]:
    for entry in declarations:
        content: tuple[Part, ...] = ()
        if isinstance(entry, FunctionDeclaration):
            content = entry.code
        elif isinstance(entry, (DataDeclaration, CustomDeclaration)):
            content = entry.content
        yield from (part for part in parts_of(content) if isinstance(part, Site))


def undefined(name: str, kind: SymbolKind) -> UndefinedDeclaration:
    """An undefined symbol with the plainest type of its kind."""
    plain: dict[SymbolKind, model.FunctionType | model.GlobalType | model.TableType | None] = {
        SymbolKind.FUNCTION: VOID,
        SymbolKind.GLOBAL: model.GlobalType(ValueType.I32, True),
        SymbolKind.TABLE: table_type(),
        SymbolKind.TAG: model.FunctionType((ValueType.I32,), ()),
        SymbolKind.DATA: None,
    }
    return UndefinedDeclaration(name, kind, plain[kind], 0, "env", None)


def assemble(*declarations: Declaration) -> bytes:
    """The object file that these declarations describe."""
    return encode(_Assembler(list(declarations)).build())


def archive(*members: bytes, **named: bytes) -> bytes:
    """An archive: positional members are called `0.o`, `1.o`..., the others get `.o`."""
    numbered = [Member(f"{number}.o", content) for number, content in enumerate(members)]
    return encode_archive([*numbered, *(Member(f"{n}.o", c) for n, c in named.items())])

"""The object file that the declarations of a `linker.module.Module` make at a flush."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from linker.errors import LinkError, Message, Severity
from linker.format import model
from linker.format.constants import (
    ExternalKind,
    LimitsFlag,
    RelocationType,
    SymbolFlag,
    SymbolKind,
    ValueType,
)
from linker.format.expression import i32_const
from linker.format.leb128 import encode_unsigned
from linker.format.model import FunctionType, ObjectFile
from linker.in_memory.declaration import Declaration, Export, LinkerSymbol, Reference

# Data is placed with the read-only data, each in a segment of its own.
DATA_PREFIX = ".rodata."
ERROR_NAMES = "__zig_err_names"
POINTER_ALIGNMENT = 4
_FUNCTION_NAMES = 1
LOCAL = int(SymbolFlag.BINDING_LOCAL)
_SEGMENT_HEADER = b"\0" + i32_const(0).body


class Piece(NamedTuple):
    """Something defined: what it holds may come from the flush (the error names)."""

    declaration: Declaration
    content: bytes
    references: Sequence[Reference]
    alignment: int


Exports: TypeAlias = Mapping[Declaration, Sequence[tuple[str, int]]]
"""Names and flags of the symbols of all that is defined."""


class Built(NamedTuple):
    """An object file, and what each symbol of its table stands for."""

    file: ObjectFile
    owners: list[Declaration | LinkerSymbol]


def make_object(
    name: str,
    declarations: Sequence[Declaration],
    error_table: Declaration | None,
    error_names: Sequence[str],
) -> ObjectFile:
    """The object file of the declarations, in order, each followed by its unnamed constants.

    Raises:
        LinkError: two strong exports have the same name, or a reference goes to what has no
            definition.
    """
    entries = [each for entry in declarations for each in (entry, *entry.constants)]
    pieces = []
    last: list[Piece] = []
    for entry in entries:
        if entry is error_table:
            table, *last = error_pieces(entry, error_names)
            pieces.append(table)
        elif entry.content is not None:
            pieces.append(Piece(entry, entry.content, entry.references, entry.alignment))
    entries += [piece.declaration for piece in last]
    pieces += last
    exports, errors = settle_exports(name, pieces)
    return build_object(name, entries, pieces, exports, errors).file


def error_pieces(table: Declaration, names: Sequence[str]) -> tuple[Piece, Piece]:
    """The table of addresses and sizes, and the names (the seed's `populateErrorNameTable`)."""
    texts = Declaration(ERROR_NAMES, exports={ERROR_NAMES: Export(hidden=True)})
    words, content = bytearray(), bytearray()
    references = []
    for name in names:
        text = name.encode("utf-8", "surrogateescape")
        references.append(
            Reference(RelocationType.MEMORY_ADDR_I32, len(words), texts, len(content))
        )
        words += bytes(4) + len(text).to_bytes(4, "little")
        content += text + b"\0"
    return (
        Piece(table, bytes(words), references, POINTER_ALIGNMENT),
        Piece(texts, bytes(content), (), 1),
    )


def settle_exports(name: str, pieces: Sequence[Piece]) -> tuple[Exports, list[str]]:
    """Which exports count: of one name the strong one, else the first; and what is wrong.

    What has no export is local.
    """
    errors = []
    winners: dict[str, Declaration] = {}
    for piece in pieces:
        for export_name, export in piece.declaration.exports.items():
            first = winners.setdefault(export_name, piece.declaration)
            if first is piece.declaration or export.weak:
                continue
            if first.exports[export_name].weak:
                winners[export_name] = piece.declaration
            else:
                errors.append(
                    f"duplicate symbol: {export_name}"
                    f"\n>>> defined in {name}:({first.name})"
                    f"\n>>> defined in {name}:({piece.declaration.name})"
                )
    exports = {}
    for declaration in (piece.declaration for piece in pieces):
        shown = [
            (export_name, export_flags(export))
            for export_name, export in declaration.exports.items()
            if winners[export_name] is declaration
        ]
        exports[declaration] = shown or [(declaration.name, LOCAL)]
    return exports, errors


def build_object(
    name: str,
    entries: Sequence[Declaration],
    pieces: Sequence[Piece],
    exports: Exports,
    errors: Sequence[str],
) -> Built:
    """The object file: symbols in the order of the entries, contents in that of the pieces.

    Raises:
        LinkError: with `errors`, and for each reference to what has no definition.
    """
    builder = _Builder(name, entries, pieces, exports, errors)
    return Built(builder.build(), builder.owners)


class _Builder:
    """Numbers everything, then writes it down."""

    def __init__(
        self,
        name: str,
        entries: Sequence[Declaration],
        pieces: Sequence[Piece],
        exports: Exports,
        errors: Sequence[str],
    ) -> None:
        self.name = name
        self.functions = [piece for piece in pieces if piece.declaration.signature is not None]
        self.data = [piece for piece in pieces if piece.declaration.signature is None]
        self.pieces = pieces
        self.exports = exports
        self.types: list[FunctionType] = []
        self.imports: list[model.Import] = []
        self.symbols: list[model.Symbol] = []
        self.owners: list[Declaration | LinkerSymbol] = []
        self.numbers: dict[Declaration | LinkerSymbol, int] = {}
        self.errors = list(errors)
        self.type_indices = [self._type(piece.declaration.signature) for piece in self.functions]
        self._number(entries)

    # Symbols.

    def _type(self, signature: FunctionType | None) -> int:
        assert signature is not None
        if signature not in self.types:
            self.types.append(signature)
        return self.types.index(signature)

    def _number(self, entries: Sequence[Declaration]) -> None:
        externs = [entry for entry in entries if entry.extern is not None]
        imported = [entry for entry in externs if entry.signature is not None]
        for entry in imported:
            library = entry.extern.library if entry.extern is not None else None
            described = self._type(entry.signature)
            self.imports.append(
                model.Import(library or "env", entry.name, ExternalKind.FUNCTION, described)
            )
        indices = {entry: number for number, entry in enumerate(imported)}
        places = {piece.declaration: number for number, piece in enumerate(self.functions)}
        segments = {piece.declaration: number for number, piece in enumerate(self.data)}
        for entry in entries:
            if entry.extern is not None:
                self._add(entry, _undefined(entry, indices.get(entry)))
            elif entry in places:
                index = len(imported) + places[entry]
                for name, flags in self.exports[entry]:
                    self._add(entry, model.Symbol(entry.kind, flags, name, index))
            elif entry in segments:
                number = segments[entry]
                reference = model.DataReference(number, 0, len(self.data[number].content))
                for name, flags in self.exports[entry]:
                    self._add(entry, model.Symbol(entry.kind, flags, name, None, reference))
        self._add_linker_symbols()

    def _add(self, target: Declaration | LinkerSymbol, symbol: model.Symbol) -> None:
        self.numbers.setdefault(target, len(self.symbols))
        self.symbols.append(symbol)
        self.owners.append(target)

    def _add_linker_symbols(self) -> None:
        """Those of the linker's own symbols that something refers to."""
        used = {entry.target for piece in self.pieces for entry in piece.references}
        if LinkerSymbol.STACK_POINTER in used:
            pointer = model.GlobalType(ValueType.I32, True)
            self._add_linker_symbol(
                LinkerSymbol.STACK_POINTER, SymbolKind.GLOBAL, ExternalKind.GLOBAL, pointer
            )
        if LinkerSymbol.FUNCTION_TABLE in used:
            table = model.TableType(ValueType.FUNCREF, model.Limits(LimitsFlag(0), 0))
            self._add_linker_symbol(
                LinkerSymbol.FUNCTION_TABLE, SymbolKind.TABLE, ExternalKind.TABLE, table
            )

    def _add_linker_symbol(
        self,
        symbol: LinkerSymbol,
        kind: SymbolKind,
        external: ExternalKind,
        description: model.GlobalType | model.TableType,
    ) -> None:
        # Neither kind has anything else in the object, so that its index is 0.
        self.imports.append(model.Import("env", symbol.value, external, description))
        self._add(symbol, model.Symbol(kind, int(SymbolFlag.UNDEFINED), symbol.value, 0))

    # Contents.

    def _relocations(self, piece: Piece, start: int) -> Iterable[model.Relocation]:
        for reference in sorted(piece.references, key=lambda entry: entry.offset):
            target = reference.target
            if isinstance(target, FunctionType):
                number = self._type(target)
            elif target in self.numbers:
                number = self.numbers[target]
            else:
                assert isinstance(target, Declaration)
                self.errors.append(
                    f"{self.name}:({piece.declaration.name}): refers to {target.name},"
                    " which has no definition"
                )
                continue
            yield model.Relocation(
                reference.type, start + reference.offset, number, reference.addend
            )

    def _code(self) -> tuple[model.CodeSection, list[model.Relocation]]:
        bodies = []
        relocations: list[model.Relocation] = []
        offset = len(encode_unsigned(len(self.functions)))
        for piece in self.functions:
            bodies.append(model.FunctionBody(piece.content, offset))
            start = offset + len(encode_unsigned(len(piece.content)))
            relocations += self._relocations(piece, start)
            offset = start + len(piece.content)
        return model.CodeSection(bodies), relocations

    def _data(self) -> tuple[model.DataSection, list[model.Relocation]]:
        segments = []
        relocations: list[model.Relocation] = []
        offset = len(encode_unsigned(len(self.data)))
        for piece in self.data:
            offset += len(_SEGMENT_HEADER) + len(encode_unsigned(len(piece.content)))
            segments.append(model.DataSegment(0, 0, i32_const(0), piece.content, offset))
            relocations += self._relocations(piece, offset)
            offset += len(piece.content)
        return model.DataSection(segments), relocations

    def build(self) -> ObjectFile:
        code, code_relocations = self._code()
        data, data_relocations = self._data()
        if self.errors:
            raise LinkError(Message(Severity.ERROR, text) for text in self.errors)
        imported = sum(entry.kind is ExternalKind.FUNCTION for entry in self.imports)
        names = [
            (index, piece.declaration.name) for index, piece in enumerate(self.functions, imported)
        ]
        infos = [
            model.SegmentInfo(
                DATA_PREFIX + piece.declaration.name, piece.alignment.bit_length() - 1, 0
            )
            for piece in self.data
        ]
        sections: list[model.Section] = [
            model.TypeSection(self.types),
            model.ImportSection(self.imports),
            model.FunctionSection(self.type_indices),
            code,
            data,
            model.LinkingSection(symbols=self.symbols, segments=infos),
        ]
        for name, section, relocations in (
            ("reloc.CODE", code, code_relocations),
            ("reloc.DATA", data, data_relocations),
        ):
            if relocations:
                target = sections.index(section)
                sections.append(model.RelocationSection(name, target, relocations))
        sections.append(model.NameSection([(_FUNCTION_NAMES, 0, names)]))
        return ObjectFile(self.name, sections)


def _undefined(entry: Declaration, index: int | None) -> model.Symbol:
    """An import of a library is explicit: nobody asks for a definition (Linking.md, "Symbol
    Table", WASM_SYM_EXPLICIT_NAME)."""
    assert entry.extern is not None
    flags = SymbolFlag.UNDEFINED
    if entry.extern.weak:
        flags |= SymbolFlag.BINDING_WEAK
    if entry.extern.library is not None:
        flags |= SymbolFlag.EXPLICIT_NAME
    return model.Symbol(entry.kind, int(flags), entry.name, index)


def export_flags(export: Export) -> int:
    """The flags of the symbol of an export."""
    flags = SymbolFlag.VISIBILITY_HIDDEN if export.hidden else SymbolFlag.EXPORTED
    return int(flags | SymbolFlag.BINDING_WEAK) if export.weak else int(flags)

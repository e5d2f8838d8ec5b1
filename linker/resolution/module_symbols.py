"""The symbols of a file without a symbol table, as LLVM's WasmObjectFile makes them up.

Linking.md is silent. An object whose section `linking` has no symbol table defines what it
exports. A module without a section `linking` cannot be linked; but as an archive member that
nothing takes it may stay, and these names decide whether something takes it.
"""

from __future__ import annotations

from collections.abc import Iterator

from linker.format.constants import (
    KINDS_OF_EXPORTS,
    ExternalKind,
    NameSubsection,
    SymbolFlag,
    SymbolKind,
)
from linker.format.expression import Opcode, decode
from linker.format.model import (
    DataReference,
    Export,
    ExportSection,
    GlobalSection,
    ImportSection,
    InitExpr,
    NameSection,
    ObjectFile,
    Symbol,
)


def symbols_of_module(file: ObjectFile) -> list[Symbol]:
    """What the module defines: by its section `name` where it has one, else what it exports."""
    names = file.find(NameSection)
    if names is not None:
        return list(_named(file, names))
    return symbols_of_exports(file)


def symbols_of_exports(file: ObjectFile) -> list[Symbol]:
    """A strong definition for each export but those of memories."""
    section = file.find(ExportSection)
    return [
        _exported_data(file, entry)
        if entry.kind is ExternalKind.GLOBAL
        else Symbol(KINDS_OF_EXPORTS[entry.kind], 0, entry.name, entry.index)
        for entry in (section.exports if section else ())
        if entry.kind is not ExternalKind.MEMORY
    ]


def _exported_data(file: ObjectFile, export: Export) -> Symbol:
    """What stands in the first segment, where the global's value says."""
    section = file.find(GlobalSection)
    number = export.index - _imported_globals(file)
    offset = 0
    if section is not None and number >= 0:
        offset = _constant(section.globals[number].init)
    return Symbol(SymbolKind.DATA, 0, export.name, None, DataReference(0, offset, 0))


def _constant(init: InitExpr) -> int:
    """The value of a single i32.const or i64.const, 0 of all else."""
    try:
        instructions = decode(init)
    except ValueError:
        return 0
    if len(instructions) != 1 or instructions[0][0] not in (Opcode.I32_CONST, Opcode.I64_CONST):
        return 0
    return instructions[0][1] or 0


def _named(file: ObjectFile, names: NameSection) -> Iterator[Symbol]:
    """Named globals, and named functions that are exported under whatever name."""
    exports = file.find(ExportSection)
    exported = {
        entry.index
        for entry in (exports.exports if exports else ())
        if entry.kind is ExternalKind.FUNCTION
    }
    for kind, _, entries in names.subsections:
        if isinstance(entries, bytes):
            continue
        for index, name in entries:
            if kind == NameSubsection.FUNCTION and index in exported:
                yield Symbol(SymbolKind.FUNCTION, 0, name, index)
            elif kind == NameSubsection.GLOBAL:
                is_import = index < _imported_globals(file)
                flags = int(SymbolFlag.UNDEFINED) if is_import else 0
                yield Symbol(SymbolKind.GLOBAL, flags, name, index)


def _imported_globals(file: ObjectFile) -> int:
    section = file.find(ImportSection)
    return sum(entry.kind is ExternalKind.GLOBAL for entry in (section.imports if section else ()))

"""The symbols of a module that has no section `linking`, as LLVM's WasmObjectFile makes them up.

No such file can be linked; but as an archive member that nothing takes it may stay, and these
names decide whether something takes it.
"""

from __future__ import annotations

from collections.abc import Iterator

from linker.format.constants import ExternalKind, NameSubsection, SymbolFlag, SymbolKind
from linker.format.model import (
    ExportSection,
    ImportSection,
    NameSection,
    ObjectFile,
    Symbol,
)

_KINDS = {
    ExternalKind.FUNCTION: SymbolKind.FUNCTION,
    # LLVM takes an exported global for the address of a data symbol.
    ExternalKind.GLOBAL: SymbolKind.DATA,
    ExternalKind.TABLE: SymbolKind.TABLE,
    ExternalKind.TAG: SymbolKind.TAG,
}


def symbols_of_module(file: ObjectFile) -> list[Symbol]:
    """What the module defines: by its section `name` where it has one, else what it exports."""
    names = file.find(NameSection)
    if names is not None:
        return list(_named(file, names))
    exports = file.find(ExportSection)
    return [
        Symbol(_KINDS[entry.kind], 0, entry.name, entry.index)
        for entry in (exports.exports if exports else ())
        if entry.kind in _KINDS
    ]


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

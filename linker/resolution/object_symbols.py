"""The symbols that an object lists, added to the table.

LLD's ObjFile::createDefined and ObjFile::createUndefined.
"""

from __future__ import annotations

from linker.command_line.options import Options
from linker.errors import FatalError
from linker.format import model
from linker.format.constants import (
    SymbolFlag,
    SymbolKind,
)
from linker.format.model import FunctionType, GlobalType
from linker.inputs.reading import undefined_here
from linker.objects import (
    InputObject,
)
from linker.resolution.kinds import refuse_lost_section
from linker.resolution.symbol_table import (
    SymbolTable,
    defined_function,
    defined_global,
    defined_table,
    defined_tag,
    undefined_symbol,
)
from linker.resolution.symbols import ABSOLUTE, EXTERNAL_KINDS, TLS, LinkSymbol, State
from linker.seed.errors import SeedError
from linker.seed.resolution import (
    set_apart,
)

EXPLICIT_NAME = int(SymbolFlag.EXPLICIT_NAME)


def add_definition(
    obj: InputObject, entry: model.Symbol, options: Options, table: SymbolTable
) -> LinkSymbol | None:
    """The symbol of a definition; None if its comdat group is another object's."""
    name, flags, kind = entry.name, int(entry.flags), entry.kind
    if kind is SymbolKind.FUNCTION:
        assert entry.index is not None
        function = obj.functions[defined_index(obj, entry, options.quirks)]
        new = defined_function(name, flags, obj, function)
        if table.stands_apart(new):
            return set_apart(new, entry.index)
        if entry.is_local:
            return local(new, options)
        return None if function.discarded else table.add_defined_function(new)
    if kind is SymbolKind.DATA:
        return add_data(obj, entry, options, table)
    assert entry.index is not None
    if kind is SymbolKind.SECTION:
        section = obj.sections_by_index.get(entry.index)
        if section is None and "section-symbols-unchecked" not in options.quirks:
            raise FatalError(f"{obj.name}: section symbol of section {entry.index}, not custom")
        if section is not None and section.discarded:
            refuse_lost_section(section, options.quirks)
        return local(LinkSymbol("", kind, State.DEFINED, flags, obj, chunk=section), options)
    if kind is SymbolKind.GLOBAL:
        element = obj.globals[defined_index(obj, entry, options.quirks)]
        new = defined_global(name, flags, obj, element)
    elif kind is SymbolKind.TAG:
        tag = obj.tags[defined_index(obj, entry, options.quirks)]
        new = defined_tag(name, flags, obj, tag)
    else:
        table_element = obj.tables[defined_index(obj, entry, options.quirks)]
        new = defined_table(name, flags, obj, table_element)
    if table.stands_apart(new):
        return set_apart(new, entry.index)
    return local(new, options) if entry.is_local else table.add_defined(new)


def add_data(
    obj: InputObject, entry: model.Symbol, options: Options, table: SymbolTable
) -> LinkSymbol | None:
    """The symbol of data; None if its comdat group is another object's."""
    assert entry.data is not None
    name, flags = entry.name, int(entry.flags)
    if flags & ABSOLUTE and "absolute-flag-unknown" not in options.quirks:
        if "absolute-symbols-moved" not in options.quirks:
            return add_absolute(obj, entry, options, table)
        if entry.data.segment >= len(obj.segments):
            raise FatalError(
                f"{obj.name}: wasm-ld 22 crashes here: absolute symbol {name}, no data segment"
                " (quirk absolute-symbols-moved)",
            )
    elif entry.data.segment >= len(obj.segments):
        if not obj.linking.has_symbol_table:
            problem = f"{obj.name}: there is no data that the exported global {name} is a place of"
            raise FatalError(undefined_here(problem, options.quirks))
        # Only where the reader did not check: a symbol without bytes.
        absolute = add_absolute(obj, entry, options, table)
        absolute.index = entry.data.segment
        return absolute
    segment = obj.segments[entry.data.segment]
    if segment.is_tls:
        flags |= TLS
    new = LinkSymbol(
        name,
        SymbolKind.DATA,
        State.DEFINED,
        flags,
        obj,
        chunk=segment,
        value=entry.data.offset,
        size=entry.data.size,
    )
    if table.stands_apart(new):
        return set_apart(new, entry.data.segment)
    if entry.is_local:
        return local(new, options)
    return None if segment.discarded else table.add_defined(new)


def defined_index(obj: InputObject, entry: model.Symbol, quirks: frozenset[str]) -> int:
    """The place of a defined element in the object's list of its kind.

    Raises:
        FatalError: the symbol is marked as defined but is an import.
    """
    assert entry.index is not None
    index = entry.index - len(obj.imports[EXTERNAL_KINDS[entry.kind]])
    if index >= count_of(obj, entry.kind):
        # Only where the reader did not check.
        problem = f"{obj.name}: symbol {entry.name} is not undefined, but of no element"
        raise FatalError(undefined_here(problem, quirks))
    if index < 0:
        raise FatalError(f"{obj.name}: symbol {entry.name} is not undefined, but an import")
    return index


def count_of(obj: InputObject, kind: SymbolKind) -> int:
    """The number of functions, globals, tags or tables that an object defines."""
    if kind is SymbolKind.FUNCTION:
        return len(obj.functions)
    if kind is SymbolKind.GLOBAL:
        return len(obj.globals)
    return len(obj.tags if kind is SymbolKind.TAG else obj.tables)


def add_absolute(
    obj: InputObject, entry: model.Symbol, options: Options, table: SymbolTable
) -> LinkSymbol:
    """A data symbol at a fixed address (Linking.md, WASM_SYMBOL_ABSOLUTE)."""
    assert entry.data is not None
    new = LinkSymbol(
        entry.name,
        entry.kind,
        State.DEFINED,
        int(entry.flags),
        obj,
        value=entry.data.offset,
        size=entry.data.size,
    )
    return local(new, options) if entry.is_local else table.add_defined(new)


def local(symbol: LinkSymbol, options: Options) -> LinkSymbol:
    symbol.referenced = not options.gc_sections
    return symbol


def add_reference(
    obj: InputObject,
    entry: model.Symbol,
    is_called_directly: bool,
    options: Options,
    table: SymbolTable,
) -> LinkSymbol:
    """The symbol of a reference, or of a definition that lost its comdat group."""
    new = undefined_symbol(entry.name, entry.kind, int(entry.flags), obj)
    if entry.kind is not SymbolKind.DATA:
        assert entry.index is not None
        imports = obj.imports[EXTERNAL_KINDS[entry.kind]]
        if entry.is_undefined:
            imported = imports[entry.index]
            new.import_module = imported.module
            if not imported.module and "empty-import-module" in options.quirks:
                new.import_module = None
            if entry.flags & EXPLICIT_NAME:
                new.import_name = imported.name
            described = imported.description
        else:
            # Only functions and data can lose their group.
            described = obj.functions[entry.index - len(imports)].signature
        if isinstance(described, FunctionType):
            new.signature = described
        elif isinstance(described, GlobalType):
            new.global_type = described
        else:
            new.table_type = described
    new.is_called_directly = is_called_directly
    if table.stands_apart(new):
        return set_apart(new, entry.index or 0)
    if entry.is_local:
        if "undefined-local-refused" in options.quirks:
            raise SeedError("undefinedLocal", f"symbol '{entry.name}' defined in '{obj.name}'")
        return local(new, options)
    if entry.kind is SymbolKind.FUNCTION:
        return table.add_undefined_function(new)
    return table.add_undefined(new)

"""What stub libraries say is imported, and what they need is exported.

LLD's processStubLibrariesPreLTO, processStubLibraries and addStubSymbolDeps; the convention is
silent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from linker.hashes.hash_order import dense_map_order
from linker.inputs.files import StubInput
from linker.listings.why_extract import Record
from linker.objects import InputObject, file_name
from linker.resolution.symbol_table import SymbolTable
from linker.resolution.symbols import LinkSymbol
from linker.resolution.wrap import WrappedSymbol, complete_wrapped


def import_from_host(
    libraries: Sequence[StubInput],
    wrapped: list[WrappedSymbol],
    table: SymbolTable,
    objects: Sequence[InputObject],
    link_extracted: Callable[[], None],
) -> list[WrappedSymbol]:
    """Imports what the libraries give and nothing defines; exports what that needs.

    `link_extracted` links what has been taken from archives, and adds it to `objects`; where that
    refers to wrapped functions, they are completed, and the libraries are asked again.
    """
    while libraries and process_stub_libraries(libraries, table, link_extracted):
        count = len(objects)
        wrapped = complete_wrapped(wrapped, table, objects, link_extracted)
        if len(objects) == count:
            break
    return wrapped


def process_stub_libraries(
    libraries: Sequence[StubInput], table: SymbolTable, link_extracted: Callable[[], None]
) -> bool:
    """Goes through the libraries until nothing more is taken; returns whether anything was.

    A symbol belongs to the first library that names it, by its own name or by that of its import.
    What the host needs is taken from archives, and may want more of the host in turn.
    """
    if "stub-needs-unmarked" not in table.options.quirks:
        mark_needed(libraries, table)
    orders = [dense_map_order(library.needs) for library in libraries]
    takes_any = False
    while True:
        takes = False
        for library, order in zip(libraries, orders, strict=True):
            takes |= process_library(library, order, table, link_extracted)
        takes_any |= takes
        if not takes or "stubs-asked-once" in table.options.quirks:
            return takes_any


def mark_needed(libraries: Sequence[StubInput], table: SymbolTable) -> None:
    """Counts as used what the host would need for what nothing defines, used or not."""
    for library in libraries:
        for name, needed_names in library.needs.items():
            symbol = table.find(name)
            if symbol is not None and not symbol.is_undefined:
                continue
            for needed_name in needed_names:
                needed = table.find(needed_name)
                if needed is not None:
                    needed.used_in_object = True


def process_library(
    library: StubInput,
    order: Sequence[str],
    table: SymbolTable,
    link_extracted: Callable[[], None],
) -> bool:
    """Imports what one library gives; returns whether it took members from archives."""
    takes = False
    quirks = table.options.quirks
    takes_unused = "stubs-give-unused" in quirks
    for name in order:
        symbol = table.find(name)
        if symbol is not None and symbol.is_undefined and (symbol.used_in_object or takes_unused):
            takes |= import_symbol(library, symbol, name, table, link_extracted)
        elif symbol is None or "unneeded-stubs-untold" in quirks:
            continue
        elif table.trace.follows(symbol):
            table.diagnostics.print(f"{library.name}: stub symbol not needed: {name}")
    if "stub-import-names-unknown" in quirks:
        return takes
    # What is taken on the way is looked at in the next round.
    for symbol in list(table.symbols):
        asked = symbol.import_name if symbol.is_undefined else None
        if asked is not None and asked in library.needs:
            takes |= import_symbol(library, symbol, asked, table, link_extracted)
    return takes


def import_symbol(
    library: StubInput,
    symbol: LinkSymbol,
    name: str,
    table: SymbolTable,
    link_extracted: Callable[[], None],
) -> bool:
    """Imports a symbol that the library calls `name`; returns whether that took members."""
    if symbol.force_import:
        return False
    symbol.force_import = True
    if table.trace.follows(symbol):
        table.diagnostics.print(f"{library.name}: importing {symbol.name}")
    takes = False
    for needed_name in library.needs[name]:
        needed = table.find(needed_name)
        if needed is None or needed.is_undefined:
            report_missing(library, symbol, needed, needed_name, table)
            continue
        if table.trace.follows(needed) and "stub-exports-untold" not in table.options.quirks:
            table.diagnostics.print(
                f"{library.name}: exported {table.display(needed)} due to import of {symbol.name}"
            )
        needed.force_export = True
        if needed.is_lazy:
            takes = True
            table.extract_symbol(needed)
            link_extracted()
            # LLD tells of the symbol that the host gives, and of the file that wants it.
            table.extraction_records.append(Record(library.name, file_name(symbol.file), symbol))
            # Where a weak reference expects another signature, the definition is a variant.
            taken = table.find(needed_name) or needed
            taken.force_export = True
            if not taken.is_defined and "lost-member-symbol-zero" not in table.options.quirks:
                # The member defines it in a comdat group that is another object's.
                report_missing(library, symbol, taken, needed_name, table)
    return takes


def report_missing(
    library: StubInput,
    symbol: LinkSymbol,
    needed: LinkSymbol | None,
    name: str,
    table: SymbolTable,
) -> None:
    shown = name if needed is None else table.display(needed)
    table.diagnostics.error(
        f"{library.name}: undefined symbol: {shown}. Required by {table.display(symbol)}"
    )

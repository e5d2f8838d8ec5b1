"""Which definition does each name mean, and which archive members take part?

LLD's LinkerDriver::linkerMain up to markLive, with ObjFile::parse's symbol loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linker.command_line.options import Options
from linker.errors import Diagnostics, FatalError
from linker.format.constants import (
    SymbolKind,
)
from linker.inputs.files import Input, StubInput
from linker.inputs.load_object import load
from linker.inputs.memory_kind import late_refusal_of_width, memories
from linker.inputs.older_reader import newer_than_reader
from linker.inputs.opening import ArchiveIndex, open_inputs
from linker.listings.why_extract import Extraction, report
from linker.objects import (
    NO_SIGNATURE,
    InputObject,
)
from linker.resolution.lazy_symbols import demote_lazy_symbols
from linker.resolution.legacy_table import add_legacy_table_symbol
from linker.resolution.linker_symbols import (
    define_optional_symbols,
    define_required_symbols,
)
from linker.resolution.lost_groups import leave_out_lost_groups
from linker.resolution.object_symbols import add_definition, add_reference
from linker.resolution.resolution import Resolution
from linker.resolution.stub_libraries import import_from_host
from linker.resolution.symbol_table import (
    SymbolTable,
)
from linker.resolution.symbols import LinkSymbol
from linker.resolution.wrap import apply_wrapping, declare_wrapped
from linker.seed import own_resolution as in_memory
from linker.seed.pieces import forget_thread_local
from linker.seed.resolution import (
    check_entry,
    refuse_weak_functions,
)


def resolve(options: Options, inputs: Sequence[Input], diagnostics: Diagnostics) -> Resolution:
    """Resolves every name of the inputs.

    Raises:
        LinkError: duplicate or missing symbols, or types that differ.
        MalformedFile: an input that cannot be read.
    """
    table = SymbolTable(options, diagnostics)
    resolution = Resolution(table)
    objects = open_inputs(inputs, options, diagnostics)
    define_required_symbols(options, resolution)
    in_memory.reach(objects, "resolveSymbolsInObject")
    for obj in objects:
        if isinstance(obj, ArchiveIndex):
            for name, member in obj.symbols:
                table.add_lazy(name, member)
                link_extracted(resolution)
        elif obj.lazy:
            offer_lazily(obj, table)
            link_extracted(resolution)
        else:
            link_object(obj, resolution)
    diagnostics.check()
    in_memory.reach(objects, "setupStart")
    entry = extract_wanted(options, resolution)
    diagnostics.check()

    def link_taken() -> None:
        link_extracted(resolution)

    wrapped = declare_wrapped(table, resolution.objects, link_taken)
    diagnostics.check()
    libraries = [entry for entry in inputs if isinstance(entry, StubInput)]
    reports_early = "stub-extraction-untold" in options.quirks
    if reports_early:
        report_extractions(options, table)
    wrapped = import_from_host(libraries, wrapped, table, resolution.objects, link_taken)
    if not reports_early:
        report_extractions(options, table)
    define_optional_symbols(options, resolution)
    table.unify_variants()
    diagnostics.check()
    apply_wrapping(wrapped, table, resolution.objects)
    for name in options.exported_symbols:
        symbol = table.find(name)
        if symbol is not None and symbol.is_defined:
            symbol.force_export = True
    if "weak-functions-stop" in options.quirks:
        refuse_weak_functions(table.symbols)
    elif not options.relocatable:
        table.stub_weak_undefined()
    if entry is not None:
        entry.set_hidden(False)
    diagnostics.check()
    demote_lazy_symbols(table)
    return resolution


def report_extractions(options: Options, table: SymbolTable) -> None:
    """Writes the file of `--why-extract`, if there is to be one."""
    if options.why_extract:
        content = report(table.extraction_records, options)
        table.diagnostics.write(options.why_extract, content, "cannot open --why-extract= file")


def offer_lazily(obj: InputObject, table: SymbolTable) -> None:
    """Makes known what an archive member defines (LLD's ObjFile::parseLazy)."""
    offers_local = "local-symbols-offered" in table.options.quirks
    for symbol in obj.linking.symbols:
        if symbol.is_undefined or (symbol.is_local and not offers_local):
            continue
        table.add_lazy(symbol.name, obj)
        if not obj.lazy:
            break


def link_object(obj: InputObject, resolution: Resolution) -> None:
    """Adds an object with its symbols; objects that it extracts come before it."""
    # A stack of our own: archives can hold chains of any length.
    waiting = [linking(obj, resolution)]
    extractions: list[Extraction] = []
    while waiting:
        extraction = next(waiting[-1], None)
        if extraction is not None:
            extractions.append(extraction)
            waiting.append(linking(extraction.obj, resolution))
            continue
        waiting.pop()
        if extractions:
            resolution.table.finish_extraction(extractions.pop())


def link_extracted(resolution: Resolution) -> None:
    """Adds what has been taken from archives."""
    extracted = resolution.table.extracted
    while extracted:
        extraction = extracted.pop()
        link_object(extraction.obj, resolution)
        resolution.table.finish_extraction(extraction)


def linking(obj: InputObject, resolution: Resolution) -> Iterator[Extraction]:
    """Adds an object; yields what it extracts, to be linked before it goes on."""
    table = resolution.table
    options, extracted = table.options, table.extracted
    problem = newer_than_reader(obj.file, options.quirks)
    if problem is not None:
        raise FatalError(f"{obj.base_name}: {problem}")
    if len(memories(obj.file)) > 1 and "further-memories-forgotten" not in options.quirks:
        raise FatalError(f"{obj.name}: objects with more than one memory cannot be linked")
    if options.trace:
        table.diagnostics.print(obj.name)
    if "width-checked-late" in options.quirks:
        problem = late_refusal_of_width(obj.file, options.is64)
        if problem is not None:
            raise table.diagnostics.fatal(f"{obj.name}: {problem}")
    if not obj.is_relocatable:
        raise FatalError(f"{obj.name}: not a relocatable wasm file")
    new_comdats = [table.add_comdat(comdat.name) for comdat in obj.linking.comdats]
    load(obj, new_comdats, options.optimize, not options.gc_sections, options.quirks)
    in_memory.resize_bodies(obj)
    if "thread-local-ordinary" in options.quirks:
        forget_thread_local(obj)
    if not all(new_comdats) and "lost-groups-kept" not in options.quirks:
        leave_out_lost_groups(obj)
    table_symbols = 0
    for number, listed in enumerate(obj.linking.symbols):
        entry = listed if obj.own is None else in_memory.renamed(obj.own, number, listed)
        if entry.kind is SymbolKind.TABLE:
            table_symbols += 1
        symbol = None if obj.own is None else in_memory.literal(obj, obj.own, number, entry)
        is_called = number in obj.called_directly
        if symbol is None and not entry.is_undefined:
            symbol = add_definition(obj, entry, options, table)
        if symbol is None:
            if not entry.is_local:
                table.trace_reference(entry.name, obj)
            symbol = add_reference(obj, entry, is_called, options, table)
        obj.symbols.append(symbol)
        if extracted:
            yield extracted.pop()
            if "extracted-definition-unchecked" not in options.quirks:
                # Once more, now that there is a definition to compare the reference with.
                obj.symbols[-1] = add_reference(obj, entry, is_called, options, table)
            elif symbol.is_defined and symbol.kind is not entry.kind:
                table.mixed.add(symbol)
    in_memory.bind_names(obj, table)
    add_legacy_table_symbol(obj, table_symbols, resolution)
    if extracted:
        yield extracted.pop()
    resolution.objects.append(obj)


def want(name: str, resolution: Resolution, asked_by: str = "<internal>") -> LinkSymbol | None:
    """Keeps what the command line names, from an archive if need be (LLD's handleUndefined)."""
    symbol = resolution.table.find(name)
    if symbol is None:
        return None
    symbol.used_in_object = True
    if symbol.is_lazy:
        resolution.table.extract_symbol(symbol, asked_by)
        link_extracted(resolution)
    return symbol


def extract_wanted(options: Options, resolution: Resolution) -> LinkSymbol | None:
    """Looks for the names of the command line; answers the entry symbol."""
    diagnostics, own = resolution.table.diagnostics, resolution.own
    for name in options.undefined:
        want(name, resolution)
    for name in options.export_lookup_order:
        want(name, resolution, "--export")
    entry = None
    if "entry-by-name" in options.quirks:
        check_entry(options, resolution)
    elif options.entry and not options.relocatable:
        entry = want(options.entry, resolution, "--entry")
        if entry is not None and entry.is_defined:
            entry.force_export = True
        else:
            diagnostics.error(
                f"entry symbol not defined (pass --no-entry to suppress): {options.entry}",
            )
    ctors = own.call_ctors
    if (
        ctors is not None
        and not options.shared
        and not ctors.used_in_object
        and ctors.name != options.entry
        and ctors.name not in options.exported_symbols
    ):
        find_call_dtors(resolution)
    return entry


def find_call_dtors(resolution: Resolution) -> None:
    """`__wasm_call_dtors` of the C library runs after each exported function."""
    diagnostics = resolution.table.diagnostics
    symbol = want("__wasm_call_dtors", resolution)
    if symbol is None:
        return
    if not (symbol.is_function and symbol.is_defined):
        diagnostics.error("__wasm_call_dtors must be a function")
        return
    if symbol.signature is not None and symbol.signature != NO_SIGNATURE:
        diagnostics.error("__wasm_call_dtors must have no argument or return values")
    resolution.own.call_dtors = symbol

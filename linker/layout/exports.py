"""The exports of the output (LLD's calculateExports)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from linker.command_line.options import Options, UnresolvedPolicy
from linker.errors import Diagnostics
from linker.format.constants import ExternalKind, SymbolKind
from linker.layout.features import Features
from linker.layout.imports import import_module_of, import_name_of
from linker.layout.indices import Indices
from linker.live import is_exported
from linker.resolution.resolution import Resolution
from linker.resolution.symbols import EXTERNAL_KINDS, LinkSymbol
from linker.seed.reader import READING_QUIRKS
from linker.seed.resolution import number_of

# A data symbol is exported as a global that holds its address.
KINDS = {**EXTERNAL_KINDS, SymbolKind.DATA: ExternalKind.GLOBAL}


@dataclass(frozen=True, slots=True)
class Export:
    name: str
    kind: ExternalKind
    index: int


def apply_export_options(
    options: Options, resolution: Resolution, diagnostics: Diagnostics
) -> None:
    """Marks what the command line exports; a name of `--export` must be defined."""
    table = resolution.table
    for name in options.exported_symbols:
        symbol = table.find(name)
        if symbol is not None and symbol.is_defined:
            symbol.force_export = True
    for name in options.required_exports:
        symbol = table.find(name)
        if symbol is None or not symbol.is_defined:
            message = f"symbol exported via --export not found: {name}"
            if options.unresolved_symbols is UnresolvedPolicy.REPORT_ERROR:
                diagnostics.error(message)
            elif options.unresolved_symbols is UnresolvedPolicy.WARN:
                diagnostics.warn(message)


def collect_exports(
    options: Options, resolution: Resolution, indices: Indices, features: Features
) -> list[Export]:
    """The exports in order; exported data symbols get a global that holds their address."""
    if options.relocatable:
        if "export-names-lost" in options.quirks:
            return []
        return list(names_for_later(resolution))
    exports = []
    if options.memory_export is not None:
        exports.append(Export(options.memory_export, ExternalKind.MEMORY, 0))
    next_global = (
        indices.import_counts[ExternalKind.GLOBAL] + len(indices.globals) + len(indices.got)
    )
    for symbol in resolution.table.symbols:
        if not is_exported(symbol, options) or not symbol.is_live:
            continue
        name = symbol.name
        if symbol.kind is SymbolKind.FUNCTION:
            if symbol.function.export_name is not None:
                name = symbol.function.export_name
            index = symbol.function.function_index
        elif symbol.kind is SymbolKind.DATA and "data-exported-as-memory" in options.quirks:
            exports.append(Export(name, ExternalKind.MEMORY, number_of(symbol)))
            continue
        elif symbol.kind is SymbolKind.DATA:
            indices.addresses.append(symbol)
            index = next_global
            next_global += 1
        else:
            if is_kept_inside(symbol, features, options):
                continue
            index = symbol.element_index
        exports.append(Export(name, KINDS[symbol.kind], index))
    if options.memory_export is not None and "memory-export-last" in options.quirks:
        return exports[1:] + exports[:1]
    return exports


def names_for_later(resolution: Resolution) -> Iterator[Export]:
    """The functions of an object that are to be exported under names of their own."""
    for symbol in resolution.table.symbols:
        if symbol.kind is SymbolKind.FUNCTION and symbol.is_defined and symbol.is_live:
            function = symbol.function
            if function.export_name is not None:
                yield Export(function.export_name, ExternalKind.FUNCTION, function.function_index)


def distinct_exports(
    exports: list[Export], options: Options, diagnostics: Diagnostics
) -> list[Export]:
    """The exports, each name once; two things of one name are refused.

    Core specification, "Modules": the names of exports differ.
    """
    if "duplicate-exports-written" in options.quirks or "export-names-repeated" in options.quirks:
        return exports
    named: dict[str, Export] = {}
    for entry in exports:
        first = named.setdefault(entry.name, entry)
        if first != entry:
            diagnostics.error(f"two different exports are called {entry.name}")
    return list(named.values())


def check_names(
    options: Options,
    indices: Indices,
    exports: list[Export],
    sections: Iterable[str],
    diagnostics: Diagnostics,
) -> None:
    """Imports, exports and custom sections have names in UTF-8 (core specification, "Names")."""
    if "names-unchecked" in options.quirks or READING_QUIRKS & options.quirks:
        return
    names = [entry.name for entry in exports]
    for symbol in indices.imports:
        names += [import_module_of(symbol), import_name_of(symbol)]
    for name in dict.fromkeys((*names, *(options.memory_import or ()))):
        if not name.isascii() and not is_text(name):
            diagnostics.error(f"the name of an import or export is not UTF-8: {name}")
    for name in sections:
        if not name.isascii() and not is_text(name):
            diagnostics.error(f"the name of a custom section is not UTF-8: {name}")


def is_text(name: str) -> bool:
    """Whether a name came from UTF-8: bytes that are none are lone surrogates in it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_kept_inside(symbol: LinkSymbol, features: Features, options: Options) -> bool:
    """`__stack_pointer` and `__tls_base`, unless they may be exported or have to be."""
    may_be_exported = (
        "mutable-globals" in features.allowed and "linker-globals-inside" not in options.quirks
    )
    return (
        symbol.kind is SymbolKind.GLOBAL
        and symbol.file is None
        and symbol.global_type is not None
        and symbol.global_type.mutable
        and not symbol.force_export
        and not may_be_exported
    )


def check_mutable_globals(
    options: Options,
    resolution: Resolution,
    indices: Indices,
    features: Features,
    diagnostics: Diagnostics,
) -> None:
    """Mutable globals cross the module's border only with the feature for it."""
    if options.relocatable or not options.check_features or "mutable-globals" in features.allowed:
        return

    def report(what: str, symbol: LinkSymbol) -> None:
        diagnostics.error(
            f"mutable global {what} but 'mutable-globals' feature not present in inputs:"
            f" `{resolution.table.display(symbol)}`. Use --no-check-features to suppress.",
        )

    for symbol in indices.imports:
        if symbol.global_type is not None and symbol.global_type.mutable:
            report("imported", symbol)
    any_needs_it = "constant-exports-need-feature" in options.quirks
    for symbol in resolution.table.symbols:
        if (
            symbol.global_type is not None
            and (symbol.global_type.mutable or any_needs_it)
            and is_exported(symbol, options)
            and symbol.is_live
            and not is_kept_inside(symbol, features, options)
        ):
            report("exported", symbol)

"""References that nothing defines: reported, imported, or stubs stand for them.

LLD's reportUndefined.
"""

from __future__ import annotations

from linker.command_line.options import Options, UnresolvedPolicy
from linker.errors import Diagnostics, FatalError
from linker.format.constants import SymbolKind
from linker.inputs.reading import crashes_here
from linker.layout.imports import should_import
from linker.layout.indices import Indices
from linker.objects import (
    InputObject,
    file_name,
)
from linker.resolution.resolution import Resolution
from linker.resolution.symbols import LinkSymbol, signature_of

INDEXED_KINDS = frozenset((SymbolKind.GLOBAL, SymbolKind.TABLE, SymbolKind.TAG))


def may_be_imported(symbol: LinkSymbol, options: Options) -> bool:
    """Whether an undefined symbol may stay so for the host's sake."""
    return (
        symbol.is_imported
        or (symbol.kind is SymbolKind.FUNCTION and options.import_undefined)
        or symbol.name in options.allow_undefined_symbols
    )


def report_local(
    symbol: LinkSymbol,
    obj: InputObject,
    options: Options,
    resolution: Resolution,
    indices: Indices,
    diagnostics: Diagnostics,
) -> None:
    """Reports a reference that is local: only what all objects can see becomes an import."""
    stays = options.relocatable or may_be_imported(symbol, options)
    message = f"{obj.name}: undefined symbol: {resolution.table.display(symbol)}"
    if not stays:
        report_undefined(symbol, obj, options, resolution, diagnostics)
    elif "local-references-unchecked" not in options.quirks:
        diagnostics.error(message)
    elif symbol.kind is SymbolKind.FUNCTION:
        # When it comes to the number, after all other errors.
        indices.crashes.append(crashes_here(message, options.quirks, "local-references-unchecked"))


def report_undefined(
    symbol: LinkSymbol,
    obj: InputObject,
    options: Options,
    resolution: Resolution,
    diagnostics: Diagnostics,
) -> None:
    """Reports a missing definition, or lets a stub stand for it (LLD's reportUndefined)."""
    is_function = symbol.kind is SymbolKind.FUNCTION
    if may_be_imported(symbol, options):
        return
    policy = options.unresolved_symbols
    if (
        symbol.kind in INDEXED_KINDS
        and not should_import(symbol, options)
        and "missing-elements-numbered" not in options.quirks
    ):
        # No stub can stand for a global, a table or a tag: there would be no number to write.
        policy = UnresolvedPolicy.REPORT_ERROR
    blamed = symbol.file if "first-reference-blamed" in options.quirks else obj
    message = f"{file_name(blamed)}: undefined symbol: {resolution.table.display(symbol)}"
    if policy is UnresolvedPolicy.REPORT_ERROR:
        diagnostics.error(message)
    elif policy is UnresolvedPolicy.WARN:
        diagnostics.warn(message)
    # Releases that make stubs for what is an error, too, do not survive one without a type.
    has_type = symbol.signature is not None or (
        "wrappers-untyped" in options.quirks and "warned-functions-crash" not in options.quirks
    )
    if (
        is_function
        and symbol.stub is None
        and (policy is not UnresolvedPolicy.REPORT_ERROR or has_type)
        and policy is not UnresolvedPolicy.IMPORT_DYNAMIC
        and not options.import_undefined
        and not (policy is UnresolvedPolicy.WARN and "warned-functions-crash" in options.quirks)
    ):
        symbol.stub = resolution.table.undefined_stub(signature_of(symbol))
        symbol.stub.mark_live()
        symbol.is_stub = True


def refuse_warned_functions(options: Options, resolution: Resolution) -> None:
    """Says where a linker crashes that warns of missing functions and makes no stubs for them."""
    if "warned-functions-crash" not in options.quirks:
        return
    if options.unresolved_symbols is not UnresolvedPolicy.WARN or options.relocatable:
        return
    for symbol in resolution.table.symbols:
        if (
            symbol.is_function
            and symbol.is_undefined
            and symbol.is_live
            and symbol.stub is None
            and symbol.index == -1
            and not symbol.is_weak
        ):
            raise FatalError(
                f"wasm-ld up to 17 crashes here: undefined function {symbol.name} has no index"
                " (quirk warned-functions-crash)",
            )

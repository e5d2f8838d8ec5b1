"""Named departures from the rules, and the dialects that are made of them.

A quirk is one behaviour of some linker that is not the rule, with one decision point in the
code that asks `name in options.quirks`. A dialect is a set of quirks and nothing else.
"""

from __future__ import annotations

from linker.lld_quirks import LLD_QUIRKS, OLDEST_LLD, absent_from_lld, quirks_of_lld
from linker.quirk import Quirk


_LLD_22_QUIRKS: tuple[Quirk, ...] = (
    Quirk(
        "segment-flags-lost",
        "Relocatable output forgets the flags of data segments: retained, strings, thread-local.",
        "wasm-ld up to 22: LinkingSection writes OutputSegment::linkingFlags, which nothing sets",
        'Linking.md, "Segment Info"',
    ),
    Quirk(
        "no-strip-forgotten",
        "Of two references to an undefined symbol, only the first one's no-strip flag counts.",
        "wasm-ld up to 22: updateExistingUndefined",
        'Linking.md, "Symbol Table" (WASM_SYMBOL_NO_STRIP)',
    ),
    Quirk(
        "absolute-symbols-moved",
        "An absolute data symbol of an object is taken for an offset in the first data segment.",
        "wasm-ld up to 22: ObjFile::createDefined looks at the segment only",
        'Linking.md, "Symbol Table" (WASM_SYMBOL_ABSOLUTE)',
    ),
    Quirk(
        "table-symbol-required",
        "Taking a function's address crashes the linker when no symbol keeps the function table.",
        "wasm-ld up to 22: ElemSection::writeBody takes the table for granted",
        "unspecified",
    ),
    Quirk(
        "memory-size-unchecked",
        "Data and stack beyond 4 GiB are laid out, and the module's memory is larger than allowed.",
        "wasm-ld up to 22: layoutMemory compares only the sizes that options give",
        'core specification, "Memory Types"',
    ),
    Quirk(
        "extracted-definition-unchecked",
        "What a reference pulls out of an archive is not compared with that reference: a call"
        " of another signature makes the module invalid.",
        "wasm-ld up to 22: SymbolTable's addUndefined* return after LazySymbol::extract",
        'core specification, "Validation" of calls',
    ),
    Quirk(
        "dead-relocations-counted",
        "--emit-relocs leaves out relocations against symbols that are dropped, but counts those"
        " of the code and data sections.",
        "wasm-ld 21 and 22: only CustomSection counts the live ones (getNumLiveRelocations)",
        'Linking.md, "Relocation Sections"',
    ),
    Quirk(
        "lazy-data-crashes-linking",
        "-r and --emit-relocs crash when a weak reference to data is left unresolved though an"
        " archive has a definition.",
        "wasm-ld up to 22: demoteLazySymbols demotes functions only",
        'Linking.md, "Symbol Table"',
    ),
)

QUIRKS: tuple[Quirk, ...] = (*_LLD_22_QUIRKS, *LLD_QUIRKS)

_LLD_22 = frozenset(quirk.name for quirk in _LLD_22_QUIRKS)

DIALECTS: dict[str, frozenset[str]] = {
    "standard": frozenset(),
    "lld-22": _LLD_22,
    **{
        f"lld-{release}": (_LLD_22 - absent_from_lld(release)) | quirks_of_lld(release)
        for release in range(OLDEST_LLD, 22)
    },
}

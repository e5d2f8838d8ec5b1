"""What earlier releases of wasm-ld do otherwise than wasm-ld 22.

Each quirk was found by comparing the programs themselves: wasm-ld 15 to 21 as the packages
ziglang 0.10.1 to 0.16.0 carry them.
"""

from __future__ import annotations

from typing import NamedTuple

from linker.command_line.history import BROUGHT_BY, quirk_of
from linker.demangle import history as names
from linker.quirks.quirk import Quirk

OLDEST_LLD = 15


class _Past(NamedTuple):
    """A quirk of the past with the releases that have it, but for some in between."""

    quirk: Quirk
    last: int
    first: int = OLDEST_LLD
    without: tuple[int, ...] = ()

    def is_in(self, release: int) -> bool:
        return self.first <= release <= self.last and release not in self.without


def _options_before(release: int) -> _Past:
    spellings = ", ".join(sorted(word for word in BROUGHT_BY[release] if word.startswith("--")))
    return _Past(
        Quirk(
            quirk_of(release),
            f"The options that release {release} brought are unknown: {spellings}.",
            f"wasm-ld up to {release - 1}: Options.td",
            "unspecified",
        ),
        release - 1,
    )


def _names_before(release: int) -> _Past:
    features = "; ".join(names.BROUGHT_BY[release])
    return _Past(
        Quirk(
            names.quirk_of(release),
            f"Names are demangled without what LLVM {release} brought: {features}.",
            f"wasm-ld up to {release - 1}: llvm/lib/Demangle",
            "unspecified",
        ),
        release - 1,
    )


def _past(
    name: str,
    description: str,
    origin: str,
    breaks: str = "unspecified",
    *,
    last: int,
    first: int = OLDEST_LLD,
    without: tuple[int, ...] = (),
) -> _Past:
    releases = f"up to {last}" if first == OLDEST_LLD else f"{first} to {last}"
    quirk = Quirk(name, description, f"wasm-ld {releases}: {origin}", breaks)
    return _Past(quirk, last, first, without)


_PAST: tuple[_Past, ...] = (
    *(_options_before(release) for release in sorted(BROUGHT_BY)),
    *(_names_before(release) for release in sorted(names.BROUGHT_BY)),
    _past(
        "stack-after-data",
        "The stack lies above the data unless --stack-first is given.",
        "--stack-first is the default from 22 on (readConfigs)",
        last=21,
    ),
    _past(
        "wrappers-untyped",
        "With --wrap, __wrap_NAME and __real_NAME do not get the signature of NAME: to import one"
        " that no object declares crashes the linker.",
        "addUndefined of addWrappedSymbols passed no signature",
        last=21,
    ),
    _past(
        "stack-pointer-hidden",
        "`__stack_pointer` is hidden: --export-dynamic does not export it.",
        "createSyntheticSymbols makes it WASM_SYMBOL_VISIBILITY_HIDDEN",
        last=21,
    ),
    _past(
        "linker-globals-inside",
        "The linker's own mutable globals are exported only by name, whatever the features.",
        "Writer::calculateExports does not look for mutable-globals",
        last=21,
    ),
    _past(
        "constant-exports-need-feature",
        "Exporting any global needs the feature mutable-globals, also one that cannot change.",
        "checkImportExportTargetFeatures does not look at the type of an exported global",
        'convention (target feature "mutable-globals")',
        last=21,
    ),
    _past(
        "taken-files-kept",
        "Of an object behind --start-lib that is taken, init functions and retained segments are"
        " kept, though nothing else of it is.",
        "ObjFile marked as live what stands in no archive",
        last=20,
        first=18,
    ),
    _past(
        "no-first-page-end",
        "There is no linker-defined symbol `__wasm_first_page_end`.",
        "it came with --page-size (createOptionalSymbols)",
        last=20,
    ),
    _past(
        "old-alignment-message",
        'Sizes that are no whole pages are refused as not "65536-byte aligned".',
        "the words of Writer::layoutMemory changed with --page-size",
        last=20,
    ),
    _past(
        "dead-relocations-written",
        "--emit-relocs writes relocations against symbols that are dropped, with index 4294967295.",
        "InputChunk::writeRelocations skips dead symbols since 21",
        'Linking.md, "Relocation Sections"',
        last=20,
    ),
    _past(
        "version-ends-all",
        "-v prints the version and links nothing, as --version does.",
        "LinkerDriver::linkerMain took OPT_v for OPT_version",
        last=19,
    ),
    _past(
        "muldefs-unknown",
        "-z muldefs is no known setting and has no effect.",
        "it came with --allow-multiple-definition (readConfigs)",
        last=19,
    ),
    _past(
        "empty-custom-sections-kept",
        "Custom sections without content are written.",
        "Writer::calculateCustomSections leaves them out since 20",
        last=19,
    ),
    _past(
        "coverage-unaligned",
        "The parts of __llvm_covfun and __llvm_covmap are put together without alignment, so that"
        " llvm-cov cannot read them.",
        "InputSection has alignments since 20",
        last=19,
    ),
    _past(
        "required-features",
        "A target feature with the prefix `=` is required of every object.",
        "the convention had WASM_FEATURE_PREFIX_REQUIRED; it was dropped in 20",
        'Linking.md, "Target Features Section"',
        last=19,
    ),
    _past(
        "relative-references-unchecked",
        "A relocation for position-independent code against what is undefined has no error of its"
        " own.",
        "scanRelocations looks at relative types since 20",
        last=19,
    ),
    _past(
        "local-symbols-offered",
        "A local symbol of an archive member is taken for a definition that a reference needs.",
        "ObjFile::parseLazy did not skip local symbols",
        'Linking.md, "Symbol Table" (WASM_SYMBOL_BINDING_LOCAL)',
        first=18,
        last=19,
    ),
    _past(
        "tls-addresses-absolute",
        "Without --shared-memory, a thread-local address is one in memory, and the base that the"
        " code adds counts twice.",
        "DefinedData::getVA took thread-local symbols for others in a memory that is not shared",
        'Linking.md, "Relocation Sections" (R_WASM_MEMORY_ADDR_TLS_SLEB)',
        last=19,
    ),
    _past(
        "first-reference-blamed",
        "Undefined symbols are reported for the object that mentioned them first, whichever uses"
        " them.",
        "reportUndefined did not get the file of the relocation",
        last=18,
    ),
    _past(
        "waiting-modules-refused",
        "A module without a section `linking` is refused even where nothing takes it from its"
        " archive.",
        "the ObjFile of 18, made for each member, is for objects only",
        last=18,
        first=18,
    ),
    _past(
        "retained-segments-dropped",
        "Data segments marked as retained are dropped when nothing refers to them.",
        "MarkLive learnt of WASM_SEG_FLAG_RETAIN in 19 (enqueueRetainedSegments)",
        'Linking.md, "Segment Info" (WASM_SEG_FLAG_RETAIN)',
        last=18,
    ),
    _past(
        "null-functions-refused",
        "An object with a global that starts as a null reference is refused as malformed, unless"
        " it is of type externref.",
        "WasmObjectFile's readInitExpr knew no other type",
        'core specification, "Constant Expressions"',
        last=18,
    ),
    _past(
        "function-references-refused",
        "An object with a global that starts as a reference to a function is refused as malformed.",
        "WasmObjectFile's readInitExpr did not know ref.func",
        'core specification, "Constant Expressions"',
        last=18,
    ),
    _past(
        "exnref-tables-refused",
        "An object with a table of exnref, its own or not, is refused as malformed.",
        "WasmObjectFile's tables were of funcref or externref",
        'core specification, "Reference Types"',
        last=18,
    ),
    _past(
        "exnref-crashes",
        "Writing the type exnref, in a signature or as the type of a global, crashes the linker.",
        "toString(ValType), which writeValueType calls for its debug output, has no name for it;"
        " wasm-ld 17, as the package carries it, gets away with that",
        'core specification, "Reference Types"',
        last=18,
        without=(17,),
    ),
    _past(
        "table-import-unnamed",
        "With --import-table, an object's reference to the function table is no import by itself,"
        " and the module's elements name table 4294967295.",
        "resolveIndirectFunctionTable returns the undefined symbol as it is",
        'core specification, "Validation" of element segments',
        last=18,
    ),
    _past(
        "archive-index-used",
        "Archives are searched by their own symbol tables: one without is refused, and a member"
        " that is not listed is never taken.",
        "ArchiveFile::parse, until members were read like objects after --start-lib",
        last=17,
    ),
    _past(
        "width-checked-late",
        "An object with addresses of 64 bits is refused only when all files are open, and not at"
        " all if one of them could not be.",
        "ObjFile::parse called checkArch, not the constructor",
        last=17,
    ),
    _past(
        "warned-functions-crash",
        "With --warn-unresolved-symbols, using an undefined function crashes the linker.",
        "reportUndefined made a stub only where undefined symbols are ignored",
        last=17,
    ),
    _past(
        "zeros-never-written",
        "--emit-relocs leaves out segments of zeros, which its symbols then name.",
        "populateTargetFeatures looked at imported memories only",
        'Linking.md, "Symbol Table" (data symbols)',
        last=17,
    ),
    _past(
        "linker-data-crashes-linking",
        "--emit-relocs crashes when an object uses data that the linker defines.",
        "LinkingSection::writeBody took every data symbol to be in a segment",
        last=17,
    ),
    _past(
        "no-module-name",
        "The name section has no name of the module, and is not there for names of segments alone.",
        "NameSection::writeBody writes WASM_NAMES_MODULE since 18",
        last=17,
    ),
    _past(
        "absolute-symbols-refused",
        "An absolute data symbol is refused as malformed where it does not fit in a data segment.",
        "WasmObjectFile::parseLinkingSectionSymtab did not look at the flag",
        'Linking.md, "Symbol Table" (WASM_SYMBOL_ABSOLUTE)',
        last=17,
    ),
    _past(
        "function-index-i32-unknown",
        "An object with a relocation R_WASM_FUNCTION_INDEX_I32 is refused as malformed.",
        "the type came to LLVM's WasmRelocs.def in 17",
        'Linking.md, "Relocation Sections"',
        last=16,
    ),
    _past(
        "attributes-of-dropped-functions",
        "Relocations in sections llvm.func_attr.* against dropped functions become their addends.",
        "getTombstoneForSection treats these sections like debug information since 17",
        last=16,
    ),
    _past(
        "first-weak-reference-counts",
        "A strong reference to data after a weak one is taken for weak, and of several references"
        " the first says whether the symbol is hidden or may be stripped.",
        "addUndefinedData and addUndefinedFunction kept the flags of an undefined symbol",
        last=16,
    ),
    _past(
        "custom-sections-unordered",
        "Custom sections are written in the order of a hash table of their names.",
        "Writer's customSectionMapping was a StringMap",
        last=16,
    ),
    _past(
        "string-tables-by-djb-hash",
        "What is done in the order of a hash table of names follows Bernstein's hash, not XXH3.",
        "llvm::StringMap changed its hash in 17",
        last=16,
    ),
    _past(
        "tls-offsets-doubled",
        "The place of a thread-local symbol in its object's segment counts twice.",
        "DefinedData::getVA added it to getOutputSegmentOffset, which has it",
        'Linking.md, "Relocation Sections" (R_WASM_MEMORY_ADDR_TLS_SLEB)',
        last=16,
    ),
    _past(
        "no-tls-relocations",
        "With --shared-memory, thread-local data lacks the addresses that only globals hold.",
        "__wasm_apply_tls_relocs came in 17 (createSyntheticInitFunctions)",
        last=16,
    ),
    _past(
        "library-files-unknown",
        "-l:FILE looks for a library of that odd name, not for the file.",
        "searchLibrary came in 16",
        last=15,
    ),
    _past(
        "no-stack-bounds",
        "There are no linker-defined symbols `__stack_low` and `__stack_high`.",
        "they came in 16 (createOptionalSymbols)",
        last=15,
    ),
    _past(
        "global-base-ignored",
        "With --stack-first, --global-base has no effect.",
        "Writer::layoutMemory placed the data right behind the stack",
        last=15,
    ),
    _past(
        "lazy-functions-garbage",
        "With -r, a weak reference to a function that stayed in an archive is written as what"
        " happens to be in memory.",
        "demoteLazySymbols came in 16, and LinkingSection takes a LazySymbol for a section",
        'Linking.md, "Symbol Table" (WASM_SYMBOL_UNDEFINED)',
        last=15,
    ),
    _past(
        "names-end-at-nul",
        "Names that are shown demangled end at their first NUL, mangled or not.",
        "maybeDemangleSymbol took the text of llvm::demangle as a string of C",
        last=15,
    ),
    _past(
        "relocatable-table-late",
        "That -r does not go with --export-table is told of after the files are open, and then also"
        " that --import-table does not.",
        "setConfigs, which has -r import the table, ran behind createFiles",
        last=15,
    ),
    _past(
        "empty-import-module",
        'A module name "" of an import is replaced by "env".',
        "ImportSection::writeBody took an empty name for none",
        last=15,
    ),
    _past(
        "stubs-give-unused",
        "Stub libraries give symbols that no object uses: with --wrap, what they need for"
        " `__real_NAME` is exported, or missing.",
        "processStubLibraries does not ask for isUsedInRegularObj",
        last=21,
        first=17,
    ),
    _past(
        "blank-stub-lines-read",
        "A line without text, such as behind the last line break of a stub library, gives the"
        " symbol with the empty name.",
        "StubFile::parse did not skip it",
        last=19,
        first=16,
    ),
    _past(
        "relocatable-dynamic",
        "-Bdynamic counts with -r, too: shared and stub libraries are looked for.",
        "createFiles took no heed of -r",
        last=21,
        first=19,
    ),
    _past(
        "shared-libraries-unsearched",
        "-Bdynamic is without effect: -l looks for archives only.",
        "createFiles looked for shared libraries in position-independent links only",
        last=18,
    ),
    _past(
        "stub-import-names-unknown",
        "Stub libraries give symbols by their own names only, not by those of their imports.",
        "processStubLibraries did not look at importName",
        last=18,
        first=16,
    ),
    _past(
        "stubs-asked-once",
        "What an archive member wants that a stub library has taken is not asked of the libraries:"
        " the symbol stays undefined.",
        "the loop of processStubLibraries came in 18",
        last=17,
        first=16,
    ),
    _past(
        "unneeded-stubs-untold",
        "--trace-symbol does not tell of symbols that a stub library gives and nothing needs.",
        "processStubLibraries did not print it",
        last=17,
        first=16,
    ),
    _past(
        "stub-needs-unmarked",
        "What a stub library needs for a symbol that is not in the link does not count as used:"
        " `__wasm_call_ctors` is still called around exports.",
        "processStubLibrariesPreLTO came in 17",
        last=16,
        first=16,
    ),
    _past(
        "stub-exports-untold",
        "--trace-symbol does not tell of what is exported for a stub library.",
        "processStubLibraries did not print it",
        last=16,
        first=16,
    ),
    _past(
        "stub-extraction-untold",
        "--why-extract does not tell of what a stub library takes from archives.",
        "linkerMain called writeWhyExtract before processStubLibraries",
        last=16,
        first=16,
    ),
    _past(
        "stub-libraries-unknown",
        "Stub libraries are files of an unknown type.",
        "they came in 16 (StubFile)",
        last=15,
    ),
)

PAST_QUIRKS: tuple[Quirk, ...] = tuple(entry.quirk for entry in _PAST)

# Of the quirks of wasm-ld 22: those that came after a release, by the last release without them.
_CAME_AFTER: dict[str, int] = {
    "dropped-relocations-counted": 20,
    "repeated-subsections-read": 17,
    "low-base-crashes": 15,
    "undefined-flags-replaced": 16,
}


def quirks_of_lld(release: int) -> frozenset[str]:
    """The names of what `release` does otherwise than wasm-ld 22."""
    return frozenset(entry.quirk.name for entry in _PAST if entry.is_in(release))


def absent_from_lld(release: int) -> frozenset[str]:
    """The names of the quirks of wasm-ld 22 that `release` has not."""
    return frozenset(name for name, last in _CAME_AFTER.items() if release <= last)

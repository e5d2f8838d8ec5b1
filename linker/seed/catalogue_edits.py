"""What the seed keeps of edits and flushes of an object in memory, each trace one quirk."""

from __future__ import annotations

_ORDER = "unspecified"
_RIGHT = "unspecified; an edited object ought to link as one made anew"

_DECLARATIONS: tuple[tuple[str, str, str, str], ...] = (
    (
        "own-declarations-in-hash-order",
        "The functions and data of an object in memory are placed in the order of a hash table"
        " of its declarations.",
        "flushModule",
        _ORDER,
    ),
    (
        "own-symbols-by-definition",
        "The symbols of an object in memory stand in the order in which they were first defined;"
        " the last one takes the place of one that is freed.",
        "finishUpdateDecl, freeDecl",
        _ORDER,
    ),
    (
        "own-types-stay",
        "The types of an object in memory are numbered when they are first used, before all"
        " others, and are never forgotten.",
        "putOrGetFuncType",
        _RIGHT,
    ),
    (
        "constants-stay",
        "Unnamed constants stay until their owner is freed, whatever it becomes.",
        "updateDecl, lowerUnnamedConst",
        _RIGHT,
    ),
    (
        "empty-updates-ignored",
        "An update with no bytes leaves a declaration the name and the size that it had.",
        "finishUpdateDecl",
        _RIGHT,
    ),
    (
        "undefined-declarations-written",
        "A function without definition is written with the size it last had and no bytes; data"
        " without definition stops the linker.",
        "flushModule, parseAtom",
        'core specification, "Code Section"',
    ),
    (
        "references-by-slot",
        "A reference goes to whatever is in the slot of its target, or to the number that was"
        " there last.",
        "getDeclVAddr",
        _RIGHT,
    ),
    (
        "freed-names-stay",
        "The names of a freed declaration stay taken, and its slot is exported under them.",
        "freeDecl",
        _RIGHT,
    ),
    (
        "table-entries-stay",
        "A function whose address was once taken keeps its entry in the table; without the"
        " function, the entry is what its slot holds.",
        "addTableFunction",
        _RIGHT,
    ),
)

_EXPORTS: tuple[tuple[str, str, str, str], ...] = (
    (
        "names-settled-at-once",
        "Names are settled when they are given, whatever becomes of their declarations: a strong"
        " one is refused where the name has a meaning that is not weak, a reference or not; a weak"
        " one is ignored; a weak one that a strong one replaces is exported as well.",
        "updateDeclExports",
        _RIGHT,
    ),
    (
        "known-exports-passed-over",
        "An export of a name that the declaration's slot already stands for changes nothing.",
        "updateDeclExports",
        _RIGHT,
    ),
    (
        "hidden-exports-weak",
        "A hidden export is a weak one.",
        "updateDeclExports",
        _RIGHT,
    ),
    (
        "export-flags-stay",
        "What was once exported weak or hidden stays so.",
        "updateDeclExports",
        _RIGHT,
    ),
    (
        "exports-need-definition",
        "Exporting what has had no definition yet stops the linker.",
        "StringTable.get",
        _RIGHT,
    ),
    (
        "one-export-name",
        "A declaration is exported under the last of its names only; deleting any of them takes"
        " that one away, and deleting another stops the linker.",
        "updateDeclExports, deleteExport",
        _RIGHT,
    ),
    (
        "deleted-exports-stay",
        "What has lost its exports is exported under its full name.",
        "deleteExport",
        _RIGHT,
    ),
)

_IMPORTS: tuple[tuple[str, str, str, str], ...] = (
    (
        "imports-stay",
        "An import stays as it was first made: with its library, and beside a definition, which"
        " is then not exported.",
        "addOrUpdateImport",
        _RIGHT,
    ),
    (
        "import-kinds-unset",
        "An import of an object in memory has no name in the name section, and stops relocatable"
        " output: its kind is never set.",
        "addOrUpdateImport",
        'core specification, "Name Section"',
    ),
    (
        "extern-data-stops",
        "Data that another object defines stops the linker.",
        "addOrUpdateImport",
        'Linking.md, "Symbol Table"',
    ),
    (
        "weak-externs-strong",
        "An object in memory has no weak references; they are imports.",
        "addOrUpdateImport",
        'Linking.md, "Symbol Table" (WASM_SYM_BINDING_WEAK)',
    ),
)

_FLUSHES: tuple[tuple[str, str, str, str], ...] = (
    (
        "files-linked-again",
        "A flush resolves the files of all flushes before it once more: what they define collides"
        " with itself, what is local or undefined in them stops the linker.",
        "flushModule, resolveSymbolsInObject",
        _RIGHT,
    ),
    (
        "atoms-forgotten",
        "A flush forgets where the pieces of an object in memory are: after it the table of error"
        " names, an address in data from before and freeing such a constant stop the linker.",
        "resetState",
        _RIGHT,
    ),
    (
        "atom-map-bounded",
        "A later flush stops where there are more pieces than the map of the first has room for.",
        "allocateAtoms",
        _RIGHT,
    ),
    (
        "failed-flushes-stay",
        "After a flush that ended before the entry symbol was looked for, the table of error names"
        " is placed twice and the linker never ends.",
        "populateErrorNameTable, Atom.getFirst",
        _RIGHT,
    ),
    (
        "strings-remembered",
        "A name that was ever seen is taken for a symbol's: an entry name that is none stops the"
        " linker, and so does the second flush with an imported function table.",
        "setupStart, mergeSections",
        _RIGHT,
    ),
    (
        "error-names-first",
        "The table of error names and the names are placed before all else.",
        "populateErrorNameTable",
        _ORDER,
    ),
    (
        "error-names-slot-stays",
        "Each flush takes a new slot for the error names.",
        "populateErrorNameTable",
        _ORDER,
    ),
)

EDITS = (*_DECLARATIONS, *_EXPORTS, *_IMPORTS, *_FLUSHES)
EDIT_QUIRKS = frozenset(name for name, _, _, _ in EDITS)

"""The seed's departures from layout to writing; `linker.seed.catalogue` has the others."""

from __future__ import annotations

CORE = "core specification, "
LINKING = "Linking.md, "
SILENT = "unspecified"

_LAYOUT: tuple[tuple[str, str, str, str], ...] = (
    (
        "aliases-stop",
        "Two symbols for one function or one data segment stop the linker.",
        "Object.parseIntoAtoms",
        LINKING + '"Symbol Table"',
    ),
    (
        "unnamed-pieces-dropped",
        "A function or data segment that no symbol defines is lost.",
        "Object.parseIntoAtoms",
        LINKING + '"Merging Data Sections"',
    ),
    (
        "relocations-at-both-ends",
        "A relocation right behind a piece belongs to it too.",
        "Object.parseIntoAtoms",
        LINKING + '"Relocation Sections"',
    ),
    (
        "atoms-last-object-first",
        "Code and data are placed last object first, though functions are numbered first to last.",
        "flushModule",
        CORE + '"Code Section"',
    ),
    (
        "segments-unsorted",
        "Output segments stand in the order in which they are first used.",
        "getMatchingSegment",
        SILENT,
    ),
    (
        "segment-sizes-rounded",
        "The size of an output segment is rounded up to its alignment.",
        "allocateAtoms",
        SILENT,
    ),
    (
        "segment-starts-unaligned",
        "An output segment starts where the one before ends, aligned or not.",
        "setupMemory",
        LINKING + '"Merging Data Sections"',
    ),
    (
        "strings-unmerged",
        "Equal strings are not merged.",
        "parseAtom",
        SILENT,
    ),
    (
        "bss-exact-name",
        "Only the segment named exactly .bss is left out of the file.",
        "flushModule",
        SILENT,
    ),
    (
        "stack-behind-global-base",
        "A global base puts the stack behind the data.",
        "setupMemory",
        SILENT,
    ),
    (
        "relocatable-global-base",
        "A global base moves the segments of relocatable output.",
        "setupMemory",
        SILENT,
    ),
    (
        "stack-size-unchecked",
        "The stack may have any size, aligned or not.",
        "setupMemory",
        'tool convention BasicCABI.md, "The linear stack"',
    ),
    (
        "addresses-cut",
        "A stack or global base beyond 32 bits stops the linker.",
        "setupMemory",
        SILENT,
    ),
    (
        "memory-limit-short",
        "A memory of exactly 4 GiB is too large.",
        "setupMemory",
        CORE + '"Memory Types"',
    ),
)

_NUMBERS: tuple[tuple[str, str, str, str], ...] = (
    (
        "imports-repeated",
        "Equal imports are not merged.",
        "setupImports",
        SILENT,
    ),
    (
        "imports-in-hash-order",
        "Imports stand in the order of a hash table.",
        "setupImports",
        SILENT,
    ),
    (
        "memory-import-last",
        "The imported memory comes after all other imports.",
        "flushModule",
        SILENT,
    ),
    (
        "linear-memory-name",
        "An imported memory is called __linear_memory.",
        "flushModule",
        SILENT,
    ),
    (
        "relocatable-imports-memory",
        "Relocatable output imports its memory.",
        "flushModule",
        SILENT,
    ),
    (
        "table-import-always",
        "The function table is imported even if nothing uses it.",
        "flushModule",
        SILENT,
    ),
    (
        "imported-table-short",
        "An imported function table is one entry too small.",
        "flushModule",
        CORE + '"Instantiation"',
    ),
    (
        "table-without-maximum",
        "The function table has no maximum size.",
        "flushModule",
        SILENT,
    ),
    (
        "empty-table-left-out",
        "Without an entry there is no function table, even if it is exported.",
        "flushModule",
        CORE + '"Exports"',
    ),
    (
        "other-tables-lost",
        "No table but the function table is written; the others are numbered as if it were not"
        " there.",
        "mergeSections",
        LINKING + '"Symbol Table"',
    ),
    (
        "table-slots-by-reference",
        "A function has a slot in the table for each object that takes its address.",
        "Object.parseIntoAtoms",
        "unspecified; in C, pointers to one function are equal",
    ),
    (
        "address-taken-twice-stops",
        "Taking the address of one symbol twice in an object stops the linker.",
        "Object.parseIntoAtoms",
        LINKING + '"Relocation Sections"',
    ),
    (
        "table-in-hash-order",
        "The entries of the function table stand in the order of a hash table.",
        "mapFunctionTable",
        SILENT,
    ),
    (
        "element-table-named",
        "The element segment names table 0 in the form that has a table number.",
        "flushModule",
        SILENT,
    ),
    (
        "numbered-by-symbol",
        "Functions and globals are numbered in the order of the symbols, not of their sections.",
        "mergeSections",
        CORE + '"Code Section"',
    ),
    (
        "stack-pointer-zero",
        "__stack_pointer is taken for global 0 even if globals are imported.",
        "openPath",
        CORE + '"Indices"',
    ),
    (
        "initial-globals-unmoved",
        "The number of a global in an initial value is that of its object.",
        "mergeSections",
        CORE + '"Constant Expressions"',
    ),
    (
        "got-unknown",
        "A symbol that is no global gets no global that holds its address.",
        "Atom.relocationValue",
        'tool convention DynamicLinking.md, "Imports"',
    ),
    (
        "types-by-symbol",
        "Types are entered in the order of the function symbols.",
        "mergeTypes",
        SILENT,
    ),
)

_VALUES: tuple[tuple[str, str, str, str], ...] = (
    (
        "type-relocations-as-symbols",
        "The index of a relocation for a type is taken for that of a symbol.",
        "Atom.relocationValue",
        LINKING + '"Relocation Sections"',
    ),
    (
        "relocation-kinds-uncompared",
        "A relocation for a number gives that of its symbol, whatever the symbol's kind.",
        "Atom.relocationValue",
        LINKING + '"Relocation Sections"',
    ),
    (
        "offsets-of-relocations",
        "Function and section offsets become the place of the relocation itself.",
        "Atom.relocationValue",
        LINKING + '"Relocation Sections"',
    ),
    (
        "addresses-by-own-segments",
        "Addresses are looked up in the linker's own list of segments, empty unless an object was"
        " made in memory.",
        "Atom.relocationValue",
        LINKING + '"Relocation Sections"',
    ),
    (
        "bounds-checked",
        "A relocation whose number does not fit into its piece stops the linker.",
        "Atom.resolveRelocs",
        SILENT,
    ),
    (
        "signed-as-unsigned",
        "Signed LEB128 numbers are written unsigned.",
        "Atom.resolveRelocs",
        LINKING + '"Relocation Sections"',
    ),
)

_WRITING: tuple[tuple[str, str, str, str], ...] = (
    (
        "sizes-padded",
        "Sizes and counts of sections are five bytes wide.",
        "writeVecSectionHeader",
        SILENT,
    ),
    (
        "exports-by-visibility",
        "Every defined symbol that is neither local nor hidden is exported, and no other.",
        "setupExports",
        LINKING + '"Symbol Table" (WASM_SYM_EXPORTED)',
    ),
    (
        "export-names-repeated",
        "Two exports of one name are both written.",
        "setupExports",
        CORE + '"Modules" (the names of exports differ)',
    ),
    (
        "data-exported-as-memory",
        "A data symbol is exported as the memory with the number of its segment.",
        "setupExports",
        CORE + '"Exports"',
    ),
    (
        "memory-export-last",
        "The memory is exported after all symbols.",
        "flushModule",
        SILENT,
    ),
    (
        "empty-data-written",
        "The data section is written even if every segment is left out.",
        "flushModule",
        SILENT,
    ),
    (
        "features-forgotten",
        "The output says nothing of target features, and uses none.",
        "flushModule",
        LINKING + '"Target Features Section"',
    ),
    (
        "names-by-symbol",
        "The name section lists symbols by number, imports by their imported name; an undefined"
        " symbol without import stops the linker.",
        "emitNameSection",
        CORE + '"Name Section"',
    ),
    (
        "names-mangled",
        "Names are written as they are, mangled.",
        "emitNameSection",
        SILENT,
    ),
    (
        "module-unnamed",
        "The name section has no name of the module.",
        "emitNameSection",
        SILENT,
    ),
    (
        "empty-names-written",
        "Empty lists of names are written.",
        "emitNameSubsection",
        SILENT,
    ),
    (
        "segment-names-shifted",
        "The names of segments count .bss even if it is left out.",
        "emitNameSection",
        CORE + '"Name Section"',
    ),
    (
        "relocatable-unnamed",
        "Relocatable output has no name section.",
        "flushModule",
        SILENT,
    ),
    (
        "relocatable-unrelocated",
        "Relocatable output keeps the numbers that its inputs had in the places of relocations.",
        "flushModule",
        SILENT,
    ),
    (
        "exports-unmarked",
        "What an object made in memory exports is not marked so in relocatable output.",
        "updateDeclExports",
        LINKING + '"Symbol Table" (WASM_SYM_EXPORTED)',
    ),
    (
        "symbols-in-object-order",
        "The symbol table of relocatable output lists local symbols and those of sections where"
        " their objects have them.",
        "emitSymbolTable",
        SILENT,
    ),
    (
        "explicit-names-lost",
        "A reference with a name of its own loses it in relocatable output.",
        "emitSymbolTable",
        LINKING + '"Symbol Table" (WASM_SYM_EXPLICIT_NAME)',
    ),
    (
        "segment-numbers-unmoved",
        "Data symbols of relocatable output keep the segment number of their object.",
        "emitSymbolTable",
        LINKING + '"Symbol Table"',
    ),
    (
        "empty-subsections-written",
        "Relocatable output has a symbol table and segment info even if they are empty.",
        "emitLinkSection",
        SILENT,
    ),
    (
        "segment-info-of-own",
        "Relocatable output describes only segments of an object made in memory.",
        "emitSegmentInfo",
        LINKING + '"Segment Info"',
    ),
    (
        "relocations-by-location",
        "A relocation of relocatable output against a symbol that another object defines, or that"
        " takes no part, stops the linker.",
        "emitCodeRelocations, emitDataRelocations",
        LINKING + '"Relocation Sections"',
    ),
    (
        "data-relocations-misplaced",
        "The places of data relocations count the sizes of pieces as in code, and no headers.",
        "emitDataRelocations",
        LINKING + '"Relocation Sections"',
    ),
    (
        "addends-written-unsigned",
        "Addends of relocatable output are written unsigned.",
        "emitCodeRelocations, emitDataRelocations",
        LINKING + '"Relocation Sections"',
    ),
)

OUTPUT = (*_LAYOUT, *_NUMBERS, *_VALUES, *_WRITING)

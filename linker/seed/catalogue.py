"""The departures of the seed linker, each one quirk: name, what it does, where, what it breaks.

The place is a function of the document `000_049b3a99a1df71d7.txt`, or of one of the companion
files that it imports (Object, Atom, Symbol).
"""

from __future__ import annotations

_CORE = "core specification, "
_LINKING = "Linking.md, "
_SILENT = "unspecified"

_READING: tuple[tuple[str, str, str, str], ...] = (
    (
        "foreign-files-skipped",
        "Files that are no objects, archives among them, are left out with a warning.",
        "parseObjectFile, parseInputFiles",
        _SILENT,
    ),
    (
        "no-inputs-accepted",
        "A link without input files makes an empty module.",
        "flushModule",
        _SILENT,
    ),
    (
        "unchecked-reading",
        "Objects are read without checks of indices, versions and order; what does not fit is an"
        " error by the seed's name or stops it.",
        "Object.create",
        _CORE + '"Modules"',
    ),
    (
        "addends-unsigned",
        "Addends of relocations are read as unsigned numbers, so that -4 is 124.",
        "Object.parseRelocations",
        _LINKING + '"Relocation Sections"',
    ),
    (
        "data-symbol-offset-ignored",
        "A data symbol stands for its whole segment, wherever in it it is.",
        "Object.parseSymbol",
        _LINKING + '"Symbol Table"',
    ),
    (
        "segment-flags-ignored",
        "Data segments are read as active ones in memory 0, whatever their flags say.",
        "Object.parseObject",
        _CORE + '"Data Section"',
    ),
    (
        "element-flags-as-table",
        "The flags of an element segment are taken for the number of a table.",
        "Object.parseObject",
        _CORE + '"Element Section"',
    ),
    (
        "initialisers-limited",
        "Initial values other than i32.const and global.get stop the linker.",
        "Object.readInit",
        _CORE + '"Constant Expressions"',
    ),
    (
        "one-bit-limits",
        "Limits have one bit of flags: shared and 64-bit memories are errors.",
        "Object.readLimits",
        _CORE + '"Limits"',
    ),
    (
        "value-types-limited",
        "Value types other than i32, i64, f32 and f64 stop the linker.",
        "Object.readEnum",
        _CORE + '"Value Types"',
    ),
    (
        "features-limited",
        "A target feature that the seed does not know is an error.",
        "Object.parseFeatures",
        _LINKING + '"Target Features Section"',
    ),
    (
        "relocation-kinds-limited",
        "Relocation kinds 11, 12, 17 and from 21 on stop the linker.",
        "Object.parseRelocations",
        _LINKING + '"Relocation Sections"',
    ),
    (
        "subsections-limited",
        "A subsection of `linking` that the seed does not know stops the linker.",
        "Object.parseSubsection",
        _LINKING + '"Linking Metadata Section"',
    ),
    (
        "tags-unread",
        "Tag sections are passed over, and a symbol for a tag stops the linker.",
        "Symbol.externalType",
        _LINKING + '"Symbol Table"',
    ),
    (
        "names-cut-at-nul",
        "Names of symbols and imports end at the first NUL.",
        "StringTable.get",
        _CORE + '"Names"',
    ),
    (
        "body-sizes-minimal",
        "The size of a function body is written in its least width, padded or not in the object.",
        "flushModule",
        _SILENT,
    ),
    (
        "comdats-ignored",
        "COMDAT groups are not looked at.",
        "Object.parseSubsection",
        _LINKING + '"COMDATs"',
    ),
    (
        "init-functions-ignored",
        "Init functions are not called.",
        "Object.parseSubsection",
        _LINKING + '"Init functions"',
    ),
    (
        "custom-sections-dropped",
        "Custom sections of objects, debug information among them, do not reach the output.",
        "Object.parseObject",
        _SILENT,
    ),
    (
        "table-symbols-uncounted",
        "Every table import is taken for that of an object without table symbols.",
        "Object.checkLegacyIndirectFunctionTable",
        _LINKING + '"Symbol Table"',
    ),
    (
        "thread-local-ordinary",
        "Thread-local data is ordinary data.",
        "Object.parseSubsection",
        _LINKING + '"Segment Info"',
    ),
)

_RESOLUTION: tuple[tuple[str, str, str, str], ...] = (
    (
        "seed-errors",
        "The first error ends the link, and is reported by the name that the seed has for it.",
        "flushModule",
        _SILENT,
    ),
    (
        "weak-definitions-collide",
        "Two definitions of one name are an error, weak or not.",
        "resolveSymbolsInObject",
        _LINKING + '"Symbol Table" (WASM_SYM_BINDING_WEAK)',
    ),
    (
        "weak-undefined-kept",
        "A weak definition does not take the place of a weak reference.",
        "resolveSymbolsInObject",
        _LINKING + '"Symbol Table" (WASM_SYM_BINDING_WEAK)',
    ),
    (
        "later-reference-wins",
        "Of two references to a name without definition, the later one says what is imported.",
        "resolveSymbolsInObject",
        _SILENT,
    ),
    (
        "references-not-redirected",
        "A reference that comes after the definition keeps the number it has in its object.",
        "resolveSymbolsInObject",
        _LINKING + '"Symbol Table"',
    ),
    (
        "kinds-uncompared",
        "Kinds and signatures of symbols of one name are not compared.",
        "resolveSymbolsInObject",
        _LINKING + '"Symbol Table"',
    ),
    (
        "undefined-local-refused",
        "A local symbol without definition is an error, needed or not.",
        "resolveSymbolsInObject",
        _SILENT,
    ),
    (
        "undefined-imported",
        "Undefined symbols are never reported: functions and globals become imports.",
        "setupImports",
        _SILENT,
    ),
    (
        "weak-functions-stop",
        "A weak reference to a function that nothing defines stops the linker.",
        "mergeTypes",
        _LINKING + '"Symbol Table" (WASM_SYM_BINDING_WEAK)',
    ),
    (
        "weak-unimported",
        "Weak references become no imports in relocatable output either.",
        "setupImports",
        _LINKING + '"Symbol Table" (WASM_SYM_BINDING_WEAK)',
    ),
    (
        "table-symbols-passed-over",
        "Symbols named __indirect_function_table take no part in the link.",
        "resolveSymbolsInObject",
        _LINKING + '"Symbol Table"',
    ),
    (
        "segment-numbers-unchecked",
        "A data symbol in a segment that does not exist is linked without bytes.",
        "setupExports",
        _LINKING + '"Symbol Table"',
    ),
    (
        "section-symbols-unchecked",
        "A section symbol can name any section, or none.",
        "Object.parseSymbol",
        _LINKING + '"Symbol Table"',
    ),
    (
        "entry-by-name",
        "The entry symbol may be an import or hidden, but not local, and is looked for in every"
        " kind of output.",
        "setupStart",
        _SILENT,
    ),
    (
        "constructors-unknown",
        "There is no __wasm_call_ctors.",
        "flushModule",
        _LINKING + '"Init functions"',
    ),
    (
        "linker-data-unknown",
        "There is no __data_end, no __heap_base, nor any other data symbol of the linker's.",
        "flushModule",
        _SILENT,
    ),
    (
        "stack-pointer-imported",
        "Relocatable output always imports __stack_pointer, as its first symbol.",
        "openPath",
        _SILENT,
    ),
    (
        "unused-kept",
        "Nothing is left out because nothing needs it.",
        "flushModule",
        _SILENT,
    ),
    (
        "features-unchecked",
        "Target features of the objects are not compared.",
        "flushModule",
        _LINKING + '"Target Features Section"',
    ),
)

_LAYOUT: tuple[tuple[str, str, str, str], ...] = (
    (
        "aliases-stop",
        "Two symbols for one function or one data segment stop the linker.",
        "Object.parseIntoAtoms",
        _LINKING + '"Symbol Table"',
    ),
    (
        "unnamed-pieces-dropped",
        "A function or data segment that no symbol defines is lost.",
        "Object.parseIntoAtoms",
        _LINKING + '"Merging Data Sections"',
    ),
    (
        "relocations-at-both-ends",
        "A relocation right behind a piece belongs to it too; what does not fit into its piece"
        " stops the linker.",
        "Object.parseIntoAtoms",
        _LINKING + '"Relocation Sections"',
    ),
    (
        "atoms-last-object-first",
        "Code and data are placed last object first, though functions are numbered first to last.",
        "flushModule",
        _CORE + '"Code Section"',
    ),
    (
        "segments-unsorted",
        "Output segments stand in the order in which they are first used.",
        "getMatchingSegment",
        _SILENT,
    ),
    (
        "segment-sizes-rounded",
        "The size of an output segment is rounded up to its alignment.",
        "allocateAtoms",
        _SILENT,
    ),
    (
        "segment-starts-unaligned",
        "An output segment starts where the one before ends, aligned or not.",
        "setupMemory",
        _LINKING + '"Merging Data Sections"',
    ),
    (
        "strings-unmerged",
        "Equal strings are not merged.",
        "parseAtom",
        _SILENT,
    ),
    (
        "bss-exact-name",
        "Only the segment named exactly .bss is left out of the file.",
        "flushModule",
        _SILENT,
    ),
    (
        "stack-behind-global-base",
        "A global base puts the stack behind the data.",
        "setupMemory",
        _SILENT,
    ),
    (
        "relocatable-global-base",
        "A global base moves the segments of relocatable output.",
        "setupMemory",
        _SILENT,
    ),
    (
        "stack-size-unchecked",
        "The stack may have any size, aligned or not.",
        "setupMemory",
        'C ABI, "The linear stack"',
    ),
    (
        "addresses-cut",
        "A stack or global base beyond 32 bits stops the linker.",
        "setupMemory",
        _SILENT,
    ),
    (
        "memory-limit-short",
        "A memory of exactly 4 GiB is too large.",
        "setupMemory",
        _CORE + '"Memory Types"',
    ),
)

_NUMBERS: tuple[tuple[str, str, str, str], ...] = (
    (
        "imports-repeated",
        "Equal imports are not merged.",
        "setupImports",
        _SILENT,
    ),
    (
        "imports-in-hash-order",
        "Imports stand in the order of a hash table.",
        "setupImports",
        _SILENT,
    ),
    (
        "memory-import-last",
        "The imported memory comes after all other imports.",
        "flushModule",
        _SILENT,
    ),
    (
        "linear-memory-name",
        "An imported memory is called __linear_memory.",
        "flushModule",
        "wasm-ld's --import-memory: env.memory",
    ),
    (
        "relocatable-imports-memory",
        "Relocatable output imports its memory.",
        "flushModule",
        _SILENT,
    ),
    (
        "table-import-always",
        "The function table is imported even if nothing uses it.",
        "flushModule",
        _SILENT,
    ),
    (
        "imported-table-short",
        "An imported function table is one entry too small.",
        "flushModule",
        _CORE + '"Instantiation"',
    ),
    (
        "table-without-maximum",
        "The function table has no maximum size.",
        "flushModule",
        _SILENT,
    ),
    (
        "empty-table-left-out",
        "Without an entry there is no function table, even if it is exported.",
        "flushModule",
        _CORE + '"Exports"',
    ),
    (
        "other-tables-lost",
        "No table but the function table is written; the others are numbered as if it were not"
        " there.",
        "mergeSections",
        _LINKING + '"Symbol Table"',
    ),
    (
        "table-slots-by-reference",
        "A function has a slot in the table for each object that takes its address.",
        "Object.parseIntoAtoms",
        "C: pointers to one function are equal",
    ),
    (
        "address-taken-twice-stops",
        "Taking the address of one symbol twice in an object stops the linker.",
        "Object.parseIntoAtoms",
        _LINKING + '"Relocation Sections"',
    ),
    (
        "table-in-hash-order",
        "The entries of the function table stand in the order of a hash table.",
        "mapFunctionTable",
        _SILENT,
    ),
    (
        "element-table-named",
        "The element segment names table 0 in the form that has a table number.",
        "flushModule",
        _SILENT,
    ),
    (
        "numbered-by-symbol",
        "Functions and globals are numbered in the order of the symbols, not of their sections.",
        "mergeSections",
        _CORE + '"Code Section"',
    ),
    (
        "stack-pointer-zero",
        "__stack_pointer is taken for global 0 even if globals are imported.",
        "openPath",
        _CORE + '"Indices"',
    ),
    (
        "got-unknown",
        "A symbol that is no global gets no global that holds its address.",
        "Atom.relocationValue",
        'DynamicLinking.md, "Imports"',
    ),
    (
        "types-by-symbol",
        "Types are entered in the order of the function symbols.",
        "mergeTypes",
        _SILENT,
    ),
)

_VALUES: tuple[tuple[str, str, str, str], ...] = (
    (
        "type-relocations-as-symbols",
        "The index of a relocation for a type is taken for that of a symbol.",
        "Atom.relocationValue",
        _LINKING + '"Relocation Sections"',
    ),
    (
        "relocation-kinds-uncompared",
        "A relocation for a number gives that of its symbol, whatever the symbol's kind.",
        "Atom.relocationValue",
        _LINKING + '"Relocation Sections"',
    ),
    (
        "offsets-of-relocations",
        "Function and section offsets become the place of the relocation itself.",
        "Atom.relocationValue",
        _LINKING + '"Relocation Sections"',
    ),
    (
        "addresses-by-own-segments",
        "Addresses are looked up in the linker's own list of segments, empty unless an object was"
        " made in memory.",
        "Atom.relocationValue",
        _LINKING + '"Relocation Sections"',
    ),
    (
        "signed-as-unsigned",
        "Signed LEB128 numbers are written unsigned.",
        "Atom.resolveRelocs",
        _LINKING + '"Relocation Sections"',
    ),
)

_WRITING: tuple[tuple[str, str, str, str], ...] = (
    (
        "sizes-padded",
        "Sizes and counts of sections are five bytes wide.",
        "writeVecSectionHeader",
        _SILENT,
    ),
    (
        "exports-by-visibility",
        "Every defined symbol that is neither local nor hidden is exported, and no other.",
        "setupExports",
        _LINKING + '"Symbol Table" (WASM_SYM_EXPORTED)',
    ),
    (
        "data-exported-as-memory",
        "A data symbol is exported as the memory with the number of its segment.",
        "setupExports",
        _CORE + '"Exports"',
    ),
    (
        "memory-export-last",
        "The memory is exported after all symbols.",
        "flushModule",
        _SILENT,
    ),
    (
        "empty-data-written",
        "The data section is written even if every segment is left out.",
        "flushModule",
        _SILENT,
    ),
    (
        "features-forgotten",
        "The output says nothing of target features, and uses none.",
        "flushModule",
        _LINKING + '"Target Features Section"',
    ),
    (
        "names-by-symbol",
        "The name section lists symbols by number, imports by their imported name; an undefined"
        " symbol without import stops the linker.",
        "emitNameSection",
        _CORE + '"Name Section"',
    ),
    (
        "names-mangled",
        "Names are written as they are, mangled.",
        "emitNameSection",
        _SILENT,
    ),
    (
        "module-unnamed",
        "The name section has no name of the module.",
        "emitNameSection",
        _SILENT,
    ),
    (
        "empty-names-written",
        "Empty lists of names are written.",
        "emitNameSubsection",
        _SILENT,
    ),
    (
        "segment-names-shifted",
        "The names of segments count .bss even if it is left out.",
        "emitNameSection",
        _CORE + '"Name Section"',
    ),
    (
        "relocatable-unnamed",
        "Relocatable output has no name section.",
        "flushModule",
        _SILENT,
    ),
    (
        "relocatable-unrelocated",
        "Relocatable output keeps the numbers that its inputs had in the places of relocations.",
        "flushModule",
        _SILENT,
    ),
    (
        "symbols-in-object-order",
        "The symbol table of relocatable output lists local symbols and those of sections where"
        " their objects have them.",
        "emitSymbolTable",
        _SILENT,
    ),
    (
        "explicit-names-lost",
        "A reference with a name of its own loses it in relocatable output.",
        "emitSymbolTable",
        _LINKING + '"Symbol Table" (WASM_SYM_EXPLICIT_NAME)',
    ),
    (
        "segment-numbers-unmoved",
        "Data symbols of relocatable output keep the segment number of their object.",
        "emitSymbolTable",
        _LINKING + '"Symbol Table"',
    ),
    (
        "empty-subsections-written",
        "Relocatable output has a symbol table and segment info even if they are empty.",
        "emitLinkSection",
        _SILENT,
    ),
    (
        "segment-info-of-own",
        "Relocatable output describes only segments of an object made in memory.",
        "emitSegmentInfo",
        _LINKING + '"Segment Info"',
    ),
    (
        "relocations-by-location",
        "A relocation of relocatable output against a symbol that another object defines, or that"
        " takes no part, stops the linker.",
        "emitCodeRelocations, emitDataRelocations",
        _LINKING + '"Relocation Sections"',
    ),
    (
        "data-relocations-misplaced",
        "The places of data relocations count the sizes of pieces as in code, and no headers.",
        "emitDataRelocations",
        _LINKING + '"Relocation Sections"',
    ),
    (
        "addends-written-unsigned",
        "Addends of relocatable output are written unsigned.",
        "emitCodeRelocations, emitDataRelocations",
        _LINKING + '"Relocation Sections"',
    ),
)

SEED = (*_READING, *_RESOLUTION, *_LAYOUT, *_NUMBERS, *_VALUES, *_WRITING)

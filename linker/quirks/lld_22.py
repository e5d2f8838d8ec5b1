"""The departures of wasm-ld 22: where it is wrong by the convention, or loses something."""

from __future__ import annotations

from linker.quirks.quirk import Quirk

LLD_QUIRKS: tuple[Quirk, ...] = (
    Quirk(
        "segment-flags-lost",
        "Relocatable output forgets the flags of data segments: retained, strings, thread-local.",
        "wasm-ld up to 22: LinkingSection writes OutputSegment::linkingFlags, which nothing sets",
        'Linking.md, "Segment Info"',
    ),
    Quirk(
        "undefined-flags-replaced",
        "Of several references to an undefined symbol, a weak one gives way with all its flags"
        " to the next, and a no-strip flag that comes later is lost.",
        "wasm-ld up to 22: SymbolTable's addUndefined*",
        'Linking.md, "Symbol Table" (WASM_SYMBOL_NO_STRIP)',
    ),
    Quirk(
        "import-mismatch-unchecked",
        "Two references to an undefined global, table or tag may ask for different imports, or"
        " be of different types; the first one's is taken.",
        "wasm-ld up to 22: SymbolTable::addUndefinedGlobal, addUndefinedTable, addUndefinedTag",
        "unspecified",
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
        "dropped-relocations-counted",
        "The relocation sections of code and data count relocations that are not written, because"
        " what they name is not in the output.",
        "wasm-ld up to 22: InputChunk::getNumRelocations",
        'Linking.md, "Relocation Sections"',
    ),
    Quirk(
        "demoted-flag-lost",
        "In output with a symbol table, a weak reference to a function that stayed in an archive"
        " lacks the flag that it is undefined.",
        "wasm-ld up to 22: demoteLazySymbols",
        'Linking.md, "Symbol Table" (WASM_SYMBOL_UNDEFINED)',
    ),
    Quirk(
        "lazy-data-not-demoted",
        "A weak reference to data that stayed in an archive crashes the linker where it writes a"
        " symbol table.",
        "wasm-ld up to 22: demoteLazySymbols leaves symbols without signature lazy",
        'Linking.md, "Symbol Table"',
    ),
    Quirk(
        "init-expressions-cut",
        "Of the initial value of a global only the first instruction is written; v128.const is"
        " refused.",
        "wasm-ld up to 22: writeInitExpr writes WasmInitExpr::Inst also of extended expressions",
        'core specification, "Constant Expressions"',
    ),
    Quirk(
        "init-global-not-moved",
        "A global whose initial value is another global's keeps that one's number in its object,"
        " and does not keep it from being left out.",
        "wasm-ld up to 22: GlobalSection::writeBody copies the index",
        'core specification, "Constant Expressions"',
    ),
    Quirk(
        "init-null-extern",
        "The null reference that a global starts with becomes one of type externref.",
        "wasm-ld up to 22: writeInitExprMVP",
        'core specification, "Constant Expressions"',
    ),
    Quirk(
        "init-function-refused",
        "A global that starts as a reference to a function is refused.",
        "wasm-ld up to 22: writeInitExprMVP knows no ref.func",
        'core specification, "Constant Expressions"',
    ),
    Quirk(
        "references-undeclared",
        "A function that only `ref.func` names is in no element segment and not exported, which"
        " makes the module invalid.",
        "wasm-ld up to 22: ElemSection has one segment, for the function table",
        'core specification, "Validation" of ref.func',
    ),
    Quirk(
        "missing-elements-numbered",
        "Where undefined symbols are allowed, an undefined global, table or tag has the index"
        " 4294967295, which makes the module invalid.",
        "wasm-ld up to 22: reportUndefined makes a stub for functions only",
        'core specification, "Validation" of indices',
    ),
    Quirk(
        "tag-mismatch-warned",
        "A tag and a reference of another signature are linked with a warning, though a throw by"
        " the other one makes the module invalid.",
        "wasm-ld up to 22: SymbolTable's checkTagType warns",
        'core specification, "Validation" of throw',
    ),
    Quirk(
        "duplicate-exports-written",
        "Two functions of one export name, or the like, are both exported, which makes the module"
        " invalid.",
        "wasm-ld up to 22: calculateExports does not compare names",
        'core specification, "Validation" of exports',
    ),
    Quirk(
        "disallowed-features-lost",
        "Relocatable output forgets which features its objects forbid, so that the next link"
        " accepts them.",
        "wasm-ld up to 22: TargetFeaturesSection writes only features that are used",
        'Linking.md, "Target Features Section"',
    ),
    Quirk(
        "compressed-numbers-wide",
        "With --compress-relocations, a number of 32 bits that wraps around is written as one of 64"
        " bits: the module is invalid.",
        "wasm-ld up to 22: writeCompressedReloc of InputChunks.cpp",
        'core specification, "Values" in the binary format',
    ),
    Quirk(
        "compressed-relocations-misplaced",
        "With --compress-relocations and --emit-relocs, the relocations name places in the code as"
        " it was before it became shorter.",
        "wasm-ld up to 22: RelocSection::writeBody moves them with their functions only",
        'Linking.md, "Relocation Sections"',
    ),
    Quirk(
        "overlapping-relocations-crash",
        "With --compress-relocations, two relocations of one place in code crash the linker.",
        "wasm-ld up to 22: InputFunction::writeCompressed copies what is between relocations",
        'Linking.md, "Relocation Sections"',
    ),
    Quirk(
        "block-types-unsigned",
        "With --compress-relocations, the type of a block, and that which a reference is tested for"
        " or cast to, is written as an unsigned number: from index 64 on it means another type, or"
        " none.",
        "wasm-ld up to 22: InputFunction's writeCompressedReloc",
        'core specification, "Control Instructions" (block types)',
    ),
    Quirk(
        "further-memories-forgotten",
        "Objects with several memories are linked as if they had one, so that their code names"
        " memories that the module lacks.",
        "wasm-ld up to 22: ObjFile::parse does not look at memories",
        'core specification, "Validation" of memory instructions',
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
        "wrapped-member-left",
        "With --wrap, a reference to __real_NAME does not take the archive member that defines"
        " NAME; it becomes one to function 0.",
        "wasm-ld up to 22: addWrappedSymbols leaves a LazySymbol, which is taken for a function",
        "unspecified",
    ),
    Quirk(
        "wrapped-signature-unchecked",
        "With --wrap, the signatures of __wrap_NAME and __real_NAME are not compared with NAME's:"
        " a call of another one makes the module invalid.",
        "wasm-ld up to 22: addWrappedSymbols adds references that are no direct calls",
        'core specification, "Validation" of calls',
    ),
    Quirk(
        "wrapped-stubs-forgotten",
        "With --wrap of a name whose wrapper is defined with several signatures, so that a stub"
        " stands for it, the name itself means the first symbol of the link.",
        "wasm-ld up to 22: SymbolTable::wrap asks for the symbols by the names that stubs have",
        "unspecified",
    ),
    Quirk(
        "wrapped-type-unknown",
        "With --wrap of a name whose type no object of the link tells, -r and --import-undefined"
        " make an import of __wrap_NAME that has no type: wasm-ld crashes.",
        "wasm-ld up to 22: addWrappedSymbols marks the symbol as used; calculateTypes",
        "unspecified",
    ),
    Quirk(
        "lost-groups-kept",
        "Where nothing is left out (-r, --no-gc-sections), the functions and data of comdat groups"
        " that lost to another object's are written too, without names.",
        "wasm-ld up to 22: InputChunk::live does not look at `discarded`",
        'Linking.md, "COMDATs"',
    ),
    Quirk(
        "empty-groups-lost",
        "With -r, a comdat group that holds nothing, or custom sections only, is lost: the next"
        " link keeps another object's group of that name.",
        "wasm-ld up to 22: LinkingSection::writeBody finds groups by their functions and data",
        'Linking.md, "COMDATs"',
    ),
    Quirk(
        "lost-member-symbol-zero",
        "A member is taken from an archive for a symbol that it defines in a comdat group; where"
        " the group is another object's, the symbol is function or address 0 without an error.",
        "wasm-ld up to 22: SymbolTable's addUndefined* return where the LazySymbol is extracted",
        'Linking.md, "COMDATs"',
    ),
    Quirk(
        "lost-tables-kept",
        "With -r, a weak definition of a table that lost to another is written, too, without a"
        " symbol: the next link refuses the object.",
        "wasm-ld up to 22: Writer::assignIndexes adds every table of every object",
        'Linking.md, "Symbol Table"',
    ),
    Quirk(
        "export-names-lost",
        "With -r, the names under which functions are to be exported are lost: the next link uses"
        " those of their symbols.",
        "wasm-ld up to 22: Writer::calculateExports returns early",
        "unspecified",
    ),
    Quirk(
        "nameless-functions-counted",
        "A function that no symbol names, but its object's name section does, has no name in the"
        " output, and is counted among those that have.",
        "wasm-ld up to 22: NameSection::numNamedFunctions and writeBody ask for different names",
        'core specification, "Name Section"',
    ),
    Quirk(
        "empty-import-names",
        "With -r, an import whose symbol has an empty name gets an entry in the name section, for"
        " which the next link refuses the object.",
        "wasm-ld up to 22: NameSection::writeBody; parseNameSection of LLVM's WasmObjectFile.cpp",
        "unspecified",
    ),
    Quirk(
        "unused-references-crash",
        "With --emit-relocs and without garbage collection, a reference to an undefined function"
        " that nothing uses crashes the linker.",
        "wasm-ld up to 22: LinkingSection::writeBody asks every symbol for its function index",
        'Linking.md, "Symbol Table Subsection"',
    ),
    Quirk(
        "undefined-init-function-crashes",
        "An init function that is not defined crashes the linker.",
        "wasm-ld up to 22: createCallCtorsFunction, as scanRelocations sees relocations only",
        'Linking.md, "Init Functions Subsection"',
    ),
    Quirk(
        "local-references-unchecked",
        "A reference to a local symbol that is not defined becomes one to nothing where undefined"
        " symbols are imported and with -r, though nothing can be imported for it; one to a"
        " function crashes the linker.",
        "wasm-ld up to 22: Writer::calculateImports goes through the symbols that all objects see",
        'Linking.md, "Symbol Table Subsection"',
    ),
    Quirk(
        "wrapped-kinds-unchecked",
        "With --wrap of what is no function, the linker takes the index of a function where there"
        " is none: it crashes, or writes what happens to be in memory.",
        "wasm-ld up to 22: addWrappedSymbols, wrapSymbols",
        "unspecified",
    ),
    Quirk(
        "reference-kinds-unchecked",
        "References to one undefined name as symbols of several kinds are not compared; where one"
        " is taken for what it is not, the linker crashes or writes arbitrary numbers.",
        "wasm-ld up to 22: SymbolTable's addUndefined* look at the kind of definitions only",
        "unspecified",
    ),
    Quirk(
        "linker-names-unchecked",
        "What an object says of a name that the linker defines late is not looked at: its function"
        " __wasm_init_memory or NAME.command_export gives way to the linker's, references of"
        " another kind or type get arbitrary numbers.",
        "wasm-ld up to 22: SymbolTable's addSynthetic* and addOptional* replace what is there",
        "unspecified",
    ),
    Quirk(
        "lost-section-symbol-crashes",
        "A section symbol of a custom section whose comdat group was lost crashes the linker.",
        "wasm-ld up to 22: ObjFile::createUndefined has no case for section symbols",
        'Linking.md, "COMDATs"',
    ),
    Quirk(
        "missing-section-crashes",
        "A relocation against a custom section that is left out (with -S, or as it is empty or its"
        " group was lost) crashes the linker with -r, and always where strings are merged.",
        "wasm-ld up to 22: InputChunk::writeRelocations asks for outputSec, MergeInputChunk's"
        " getParentOffset for its parent",
        "unspecified",
    ),
    Quirk(
        "filled-zeros-dropped",
        "What a data segment holds whose name starts with .bss is taken for zeros and left out.",
        "wasm-ld up to 22: OutputSegment::isBss looks at the name only",
        'Linking.md, "Merging Data Sections"',
    ),
    Quirk(
        "low-base-crashes",
        "A --global-base inside the stack crashes the linker after the error when the memory is"
        " shared and has data.",
        "wasm-ld 16 to 22: layoutMemory returns before __wasm_init_memory_flag is there",
        "unspecified",
    ),
    Quirk(
        "tls-alignment-zero",
        "Without thread-local data, __tls_align is 0, which is no alignment.",
        "wasm-ld up to 22: layoutMemory sets it only where it finds a thread-local segment",
        'Linking.md, "Thread Local Storage"',
    ),
    Quirk(
        "table-size-unchecked",
        "A --table-base that leaves no room for the table in 32 bits is cut, and the table's size"
        " with it.",
        "wasm-ld up to 22: Configuration::tableBase has 32 bits",
        'core specification, "Table Types"',
    ),
    Quirk(
        "names-unchecked",
        "Imports, exports and custom sections may have names that are no UTF-8, which makes the"
        " module invalid.",
        "wasm-ld up to 22: writeStr",
        'core specification, "Names"',
    ),
    Quirk(
        "cut-off-reads-abort",
        "In a malformed object, a number, name or list that is cut off, or a number too large for"
        " its place, ends the linker with an abort and no error.",
        "wasm-ld up to 22: report_fatal_error in the readers of LLVM's WasmObjectFile.cpp",
        "unspecified",
    ),
    Quirk(
        "out-of-bounds-reads",
        "In a malformed object, relocations against symbols that are not there, symbols of sections"
        " and elements of functions that are not there, linking subsections longer than their"
        " section, relocations that reach over the end of a function or segment, alignments of 2^32"
        " bytes and more, and, where there is no symbol table, exports"
        " of tables that are not there and of globals beside no data lead out of what is there:"
        " what the linker then does is not defined.",
        "wasm-ld up to 22: parseRelocSection and parseLinkingSection of LLVM's WasmObjectFile.cpp;"
        " ObjFile::parse; OutputSegment::addInputSegment",
        "unspecified",
    ),
    Quirk(
        "malformed-places-untold",
        "What is wrong with a malformed file is said without the section, the offset and the"
        " numbers that were found, and without the archive that holds the file.",
        "wasm-ld up to 22: make_error<GenericBinaryError> in LLVM's WasmObjectFile.cpp and"
        " Archive.cpp; createObjectFile of lld/wasm/InputFiles.cpp",
        "unspecified",
    ),
    Quirk(
        "padded-numbers-read",
        "Numbers of an object may have more padding than LEB128 allows for their type.",
        "wasm-ld up to 22: LLVM's decodeULEB128",
        'core specification, "Integers"',
    ),
    Quirk(
        "unused-parts-unchecked",
        "What linking has no use for may be wrong in an object: limits flags, indices in exports of"
        " memories and tables and in initial values, flags and memories of segments,"
        " bytes behind the index of the start function, relocations for sections without code or"
        " data.",
        "wasm-ld up to 22: LLVM's WasmObjectFile.cpp does not look",
        "core specification, Binary Format and Validation",
    ),
    Quirk(
        "unmodelled-types-read",
        "Value types that are not known are read, and written as 0xff; so are definitions of"
        " structs and arrays, which become empty signatures.",
        "wasm-ld up to 22: parseValType of LLVM's WasmObjectFile.cpp",
        'core specification, "Types"',
    ),
    Quirk(
        "repeated-subsections-read",
        "Subsections of the linking section may stand twice: init functions and groups are added,"
        " the last symbol table counts.",
        "wasm-ld up to 22: parseLinkingSection of LLVM's WasmObjectFile.cpp",
        'Linking.md, "Linking Metadata Section"',
    ),
)

"""The departures of the seed linker, each one quirk: name, what it does, where, what it breaks.

The place is a function of the document `000_049b3a99a1df71d7.txt`, or of one of the companion
files that it imports (Object, Atom, Symbol).
"""

from __future__ import annotations

from linker.seed.catalogue_edits import EDITS
from linker.seed.catalogue_output import CORE, LINKING, OUTPUT, SILENT

_READING: tuple[tuple[str, str, str, str], ...] = (
    (
        "foreign-files-skipped",
        "Files that are no objects, archives among them, are left out with a warning.",
        "parseObjectFile, parseInputFiles",
        SILENT,
    ),
    (
        "no-inputs-accepted",
        "A link without input files makes an empty module.",
        "flushModule",
        SILENT,
    ),
    (
        "unchecked-reading",
        "Objects are read without checks of indices, versions and order; what does not fit is an"
        " error by the seed's name or stops it.",
        "Object.create",
        CORE + '"Modules"',
    ),
    (
        "addends-unsigned",
        "Addends of relocations are read as unsigned numbers, so that -4 is 124.",
        "Object.parseRelocations",
        LINKING + '"Relocation Sections"',
    ),
    (
        "data-symbol-offset-ignored",
        "A data symbol stands for its whole segment, wherever in it it is.",
        "Object.parseSymbol",
        LINKING + '"Symbol Table"',
    ),
    (
        "segment-flags-ignored",
        "Data segments are read as active ones in memory 0, whatever their flags say.",
        "Object.parseObject",
        CORE + '"Data Section"',
    ),
    (
        "element-flags-as-table",
        "The flags of an element segment are taken for the number of a table.",
        "Object.parseObject",
        CORE + '"Element Section"',
    ),
    (
        "initialisers-limited",
        "Initial values other than i32.const and global.get stop the linker.",
        "Object.readInit",
        CORE + '"Constant Expressions"',
    ),
    (
        "one-bit-limits",
        "Limits have one bit of flags: shared and 64-bit memories are errors.",
        "Object.readLimits",
        CORE + '"Limits"',
    ),
    (
        "value-types-limited",
        "Value types other than i32, i64, f32 and f64 stop the linker.",
        "Object.readEnum",
        CORE + '"Value Types"',
    ),
    (
        "features-limited",
        "A target feature that the seed does not know is an error.",
        "Object.parseFeatures",
        LINKING + '"Target Features Section"',
    ),
    (
        "relocation-kinds-limited",
        "Relocation kinds 11, 12, 17 and from 21 on stop the linker.",
        "Object.parseRelocations",
        LINKING + '"Relocation Sections"',
    ),
    (
        "subsections-limited",
        "A subsection of `linking` that the seed does not know stops the linker.",
        "Object.parseSubsection",
        LINKING + '"Linking Metadata Section"',
    ),
    (
        "tags-unread",
        "Tag sections are passed over, and a symbol for a tag stops the linker.",
        "Symbol.externalType",
        LINKING + '"Symbol Table"',
    ),
    (
        "names-cut-at-nul",
        "Names of symbols and imports end at the first NUL.",
        "StringTable.get",
        CORE + '"Names"',
    ),
    (
        "body-sizes-minimal",
        "The size of a function body is written in its least width, padded or not in the object.",
        "flushModule",
        SILENT,
    ),
    (
        "comdats-ignored",
        "COMDAT groups are not looked at.",
        "Object.parseSubsection",
        LINKING + '"COMDATs"',
    ),
    (
        "init-functions-ignored",
        "Init functions are not called.",
        "Object.parseSubsection",
        LINKING + '"Init functions"',
    ),
    (
        "custom-sections-dropped",
        "Custom sections of objects, debug information among them, do not reach the output.",
        "Object.parseObject",
        SILENT,
    ),
    (
        "table-symbols-uncounted",
        "Every table import is taken for that of an object without table symbols.",
        "Object.checkLegacyIndirectFunctionTable",
        LINKING + '"Symbol Table"',
    ),
    (
        "thread-local-ordinary",
        "Thread-local data is ordinary data.",
        "Object.parseSubsection",
        LINKING + '"Segment Info"',
    ),
)

_RESOLUTION: tuple[tuple[str, str, str, str], ...] = (
    (
        "seed-errors",
        "The first error ends the link, and is reported by the name that the seed has for it.",
        "flushModule",
        SILENT,
    ),
    (
        "weak-definitions-collide",
        "Two definitions of one name are an error, weak or not.",
        "resolveSymbolsInObject",
        LINKING + '"Symbol Table" (WASM_SYM_BINDING_WEAK)',
    ),
    (
        "weak-undefined-kept",
        "A weak definition does not take the place of a weak reference.",
        "resolveSymbolsInObject",
        LINKING + '"Symbol Table" (WASM_SYM_BINDING_WEAK)',
    ),
    (
        "later-reference-wins",
        "Of two references to a name without definition, the later one says what is imported.",
        "resolveSymbolsInObject",
        SILENT,
    ),
    (
        "references-not-redirected",
        "A reference that comes after the definition keeps the number it has in its object.",
        "resolveSymbolsInObject",
        LINKING + '"Symbol Table"',
    ),
    (
        "kinds-uncompared",
        "Kinds and signatures of symbols of one name are not compared.",
        "resolveSymbolsInObject",
        LINKING + '"Symbol Table"',
    ),
    (
        "undefined-local-refused",
        "A local symbol without definition is an error, needed or not.",
        "resolveSymbolsInObject",
        SILENT,
    ),
    (
        "undefined-imported",
        "Undefined symbols are never reported: functions and globals become imports.",
        "setupImports",
        SILENT,
    ),
    (
        "weak-functions-stop",
        "A weak reference to a function that nothing defines stops the linker.",
        "mergeTypes",
        LINKING + '"Symbol Table" (WASM_SYM_BINDING_WEAK)',
    ),
    (
        "weak-unimported",
        "Weak references become no imports in relocatable output either.",
        "setupImports",
        LINKING + '"Symbol Table" (WASM_SYM_BINDING_WEAK)',
    ),
    (
        "table-symbols-passed-over",
        "Symbols named __indirect_function_table take no part in the link.",
        "resolveSymbolsInObject",
        LINKING + '"Symbol Table"',
    ),
    (
        "absolute-flag-unknown",
        "A data symbol at a fixed address is taken for one in a segment.",
        "Symbol.Flag",
        LINKING + '"Symbol Table" (WASM_SYM_ABSOLUTE)',
    ),
    (
        "section-symbols-unchecked",
        "A section symbol can name any section, or none.",
        "Object.parseSymbol",
        LINKING + '"Symbol Table"',
    ),
    (
        "entry-by-name",
        "The entry symbol may be an import or hidden, but not local, and is looked for in every"
        " kind of output.",
        "setupStart",
        SILENT,
    ),
    (
        "constructors-unknown",
        "There is no __wasm_call_ctors.",
        "flushModule",
        LINKING + '"Init functions"',
    ),
    (
        "linker-data-unknown",
        "There is no __data_end, no __heap_base, nor any other data symbol of the linker's.",
        "flushModule",
        SILENT,
    ),
    (
        "stack-pointer-imported",
        "Relocatable output always imports __stack_pointer, as its first symbol.",
        "openPath",
        SILENT,
    ),
    (
        "unused-kept",
        "Nothing is left out because nothing needs it.",
        "flushModule",
        SILENT,
    ),
    (
        "features-unchecked",
        "Target features of the objects are not compared.",
        "flushModule",
        LINKING + '"Target Features Section"',
    ),
)

SEED = (*_READING, *_RESOLUTION, *OUTPUT, *EDITS)

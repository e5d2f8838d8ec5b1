"""The numbers of the WebAssembly specification and of the tool convention Linking.md."""

from enum import IntEnum, IntFlag

MAGIC = b"\0asm"
VERSION = 1
LINKING_VERSION = 2
PAGE_SIZE = 65536


class SectionId(IntEnum):
    """Section ids, in no particular order; `SECTION_ORDER` gives the order in a file."""

    CUSTOM = 0
    TYPE = 1
    IMPORT = 2
    FUNCTION = 3
    TABLE = 4
    MEMORY = 5
    GLOBAL = 6
    EXPORT = 7
    START = 8
    ELEMENT = 9
    CODE = 10
    DATA = 11
    DATA_COUNT = 12
    TAG = 13


SECTION_ORDER = (
    SectionId.TYPE,
    SectionId.IMPORT,
    SectionId.FUNCTION,
    SectionId.TABLE,
    SectionId.MEMORY,
    SectionId.TAG,
    SectionId.GLOBAL,
    SectionId.EXPORT,
    SectionId.START,
    SectionId.ELEMENT,
    SectionId.DATA_COUNT,
    SectionId.CODE,
    SectionId.DATA,
)


class ValueType(IntEnum):
    """Value types with their one-byte encodings."""

    I32 = 0x7F
    I64 = 0x7E
    F32 = 0x7D
    F64 = 0x7C
    V128 = 0x7B
    FUNCREF = 0x70
    EXTERNREF = 0x6F
    EXNREF = 0x69


def unmodelled_type(code: int, name: str = "OTHERREF") -> ValueType:
    """A value type that is not known, and so in no list of them, with the byte it is written as."""
    made = int.__new__(ValueType, code)
    made._name_, made._value_ = name, code
    return made


class ExternalKind(IntEnum):
    """Kinds of imports and exports."""

    FUNCTION = 0
    TABLE = 1
    MEMORY = 2
    GLOBAL = 3
    TAG = 4


class LimitsFlag(IntFlag):
    HAS_MAX = 1
    IS_SHARED = 2
    IS_64 = 4
    HAS_PAGE_SIZE = 8


class DataSegmentFlag(IntFlag):
    PASSIVE = 1
    EXPLICIT_MEMORY = 2


class ElementSegmentFlag(IntFlag):
    """Bit 1 means an explicit table in an active segment, declarative in a passive one."""

    PASSIVE = 1
    EXPLICIT_TABLE = 2
    EXPRESSIONS = 4


class SymbolKind(IntEnum):
    """Kinds in the symbol table (Linking.md, "Symbol Table")."""

    FUNCTION = 0
    DATA = 1
    GLOBAL = 2
    SECTION = 3
    TAG = 4
    TABLE = 5


# What an export is a symbol of in an object without a symbol table: the value of a global is
# taken for the offset of data (LLVM, WasmObjectFile::parseExportSection).
KINDS_OF_EXPORTS = {
    ExternalKind.FUNCTION: SymbolKind.FUNCTION,
    ExternalKind.TABLE: SymbolKind.TABLE,
    ExternalKind.GLOBAL: SymbolKind.DATA,
    ExternalKind.TAG: SymbolKind.TAG,
}


class SymbolFlag(IntFlag):
    """Symbol flags (Linking.md, "Symbol Table")."""

    BINDING_WEAK = 0x1
    BINDING_LOCAL = 0x2
    VISIBILITY_HIDDEN = 0x4
    UNDEFINED = 0x10
    EXPORTED = 0x20
    EXPLICIT_NAME = 0x40
    NO_STRIP = 0x80
    TLS = 0x100
    ABSOLUTE = 0x200


class SegmentFlag(IntFlag):
    """Flags of the segment-info subsection (Linking.md, "WASM_SEGMENT_INFO")."""

    STRINGS = 0x1
    TLS = 0x2
    RETAIN = 0x4


class ComdatKind(IntEnum):
    DATA = 0
    FUNCTION = 1
    GLOBAL = 2
    TAG = 3
    TABLE = 4
    SECTION = 5


class LinkingSubsection(IntEnum):
    SEGMENT_INFO = 5
    INIT_FUNCS = 6
    COMDAT_INFO = 7
    SYMBOL_TABLE = 8


class NameSubsection(IntEnum):
    """Subsections of the name section that linkers know; others are kept as bytes."""

    MODULE = 0
    FUNCTION = 1
    LOCAL = 2
    GLOBAL = 7
    DATA_SEGMENT = 9


class RelocationType(IntEnum):
    """Relocation kinds (Linking.md, "Relocation Sections")."""

    FUNCTION_INDEX_LEB = 0
    TABLE_INDEX_SLEB = 1
    TABLE_INDEX_I32 = 2
    MEMORY_ADDR_LEB = 3
    MEMORY_ADDR_SLEB = 4
    MEMORY_ADDR_I32 = 5
    TYPE_INDEX_LEB = 6
    GLOBAL_INDEX_LEB = 7
    FUNCTION_OFFSET_I32 = 8
    SECTION_OFFSET_I32 = 9
    TAG_INDEX_LEB = 10
    MEMORY_ADDR_REL_SLEB = 11
    TABLE_INDEX_REL_SLEB = 12
    GLOBAL_INDEX_I32 = 13
    MEMORY_ADDR_LEB64 = 14
    MEMORY_ADDR_SLEB64 = 15
    MEMORY_ADDR_I64 = 16
    MEMORY_ADDR_REL_SLEB64 = 17
    TABLE_INDEX_SLEB64 = 18
    TABLE_INDEX_I64 = 19
    TABLE_NUMBER_LEB = 20
    MEMORY_ADDR_TLS_SLEB = 21
    FUNCTION_OFFSET_I64 = 22
    MEMORY_ADDR_LOCREL_I32 = 23
    TABLE_INDEX_REL_SLEB64 = 24
    MEMORY_ADDR_TLS_SLEB64 = 25
    FUNCTION_INDEX_I32 = 26

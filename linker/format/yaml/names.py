"""The words of the YAML form, with their numbers (LLVM's `WasmYAML.cpp`)."""

from __future__ import annotations

from linker.format.constants import (
    ComdatKind,
    ExternalKind,
    LimitsFlag,
    RelocationType,
    SectionId,
    SegmentFlag,
    SymbolFlag,
    SymbolKind,
    ValueType,
)

SECTION_TYPES = {kind.name: kind for kind in SectionId} | {
    "ELEM": SectionId.ELEMENT,
    "DATACOUNT": SectionId.DATA_COUNT,
}
del SECTION_TYPES["ELEMENT"], SECTION_TYPES["DATA_COUNT"]

VALUE_TYPES = {kind.name: kind for kind in ValueType}
EXTERNAL_KINDS = {kind.name: kind for kind in ExternalKind}
SYMBOL_KINDS = {kind.name: kind for kind in SymbolKind}
# yaml2obj knows FUNCTION, DATA and SECTION of these.
COMDAT_KINDS = {kind.name: kind for kind in ComdatKind}
RELOCATION_TYPES = {f"R_WASM_{kind.name}": int(kind) for kind in RelocationType}
RELOCATION_NAMES = {number: name for name, number in RELOCATION_TYPES.items()}

LIMITS_FLAGS = {str(flag.name): int(flag) for flag in LimitsFlag}
SEGMENT_FLAGS = {str(flag.name): int(flag) for flag in SegmentFlag}
SYMBOL_FLAGS = {str(flag.name): int(flag) for flag in SymbolFlag}

# The prefix "=" is no longer in Linking.md, and yaml2obj does not know its name.
FEATURE_PREFIXES = {"USED": "+", "DISALLOWED": "-", "REQUIRED": "="}
PRODUCER_FIELDS = {"Languages": "language", "Tools": "processed-by", "SDKs": "sdk"}

# The key of the index in a symbol of each kind that has one.
SYMBOL_INDEX_KEYS = {
    SymbolKind.FUNCTION: "Function",
    SymbolKind.GLOBAL: "Global",
    SymbolKind.TABLE: "Table",
    SymbolKind.TAG: "Tag",
    SymbolKind.SECTION: "Section",
}

OPCODES = {
    "END": 0x0B,
    "I32_CONST": 0x41,
    "I64_CONST": 0x42,
    "F32_CONST": 0x43,
    "F64_CONST": 0x44,
    "GLOBAL_GET": 0x23,
    "REF_NULL": 0xD0,
}

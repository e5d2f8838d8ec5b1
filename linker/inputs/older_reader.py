"""What wasm-ld's readers refuse in objects: what came after a release, or never came."""

from __future__ import annotations

from linker.format.constants import RelocationType, ValueType
from linker.format.expression import Opcode, decode
from linker.format.model import (
    DataSection,
    GlobalSection,
    ImportSection,
    InitExpr,
    LinkingSection,
    ObjectFile,
    RelocationSection,
    TableSection,
    TableType,
)

REF_NULL = b"\xd0"
NO_VECTORS = "init-expressions-cut"
NEWER = frozenset(
    {
        "absolute-symbols-refused",
        "exnref-tables-refused",
        "function-index-i32-unknown",
        "function-references-refused",
        "null-functions-refused",
    },
)
OLDER_ELEMENTS = (ValueType.FUNCREF, ValueType.EXTERNREF)
# Instructions of initial values, by the quirk of a reader that does not know them.
UNREADABLE: dict[int, str] = {
    Opcode.V128_CONST: NO_VECTORS,
    Opcode.REF_FUNC: "function-references-refused",
}


def newer_than_reader(file: ObjectFile, quirks: frozenset[str]) -> str | None:
    """What a release with these quirks says of something in an object that is newer than it."""
    if NO_VECTORS not in quirks and not quirks & NEWER:
        return None
    for section in file.sections:
        problem = None
        if isinstance(section, ImportSection | TableSection):
            problem = newer_table(section, quirks)
        elif isinstance(section, GlobalSection):
            problem = newer_global(section, quirks)
        elif isinstance(section, LinkingSection) and "absolute-symbols-refused" in quirks:
            problem = newer_symbol(section, file)
        elif isinstance(section, RelocationSection) and "function-index-i32-unknown" in quirks:
            problem = newer_relocation(section)
        if problem is not None:
            return problem
    return None


def newer_table(section: ImportSection | TableSection, quirks: frozenset[str]) -> str | None:
    if "exnref-tables-refused" not in quirks:
        return None
    tables = (
        [entry.type for entry in section.tables]
        if isinstance(section, TableSection)
        else [entry.description for entry in section.imports]
    )
    newer = any(
        isinstance(table, TableType) and table.element not in OLDER_ELEMENTS for table in tables
    )
    return "invalid table element type" if newer else None


def opcodes_of(value: InitExpr) -> list[int]:
    """The instructions of an initial value; none of one with unknown ones, which a lax reader
    lets pass."""
    try:
        return [opcode for opcode, _ in decode(value)]
    except ValueError:
        return []


def newer_global(section: GlobalSection, quirks: frozenset[str]) -> str | None:
    for entry in section.globals:
        for opcode in opcodes_of(entry.init):
            if opcode in UNREADABLE and UNREADABLE[opcode] in quirks:
                return f"invalid opcode in init_expr: {int(opcode)}"
        if "null-functions-refused" not in quirks:
            continue
        if entry.init.body[:1] == REF_NULL and entry.init.body[1] != ValueType.EXTERNREF:
            return "invalid type for ref.null"
    return None


def newer_symbol(section: LinkingSection, file: ObjectFile) -> str | None:
    data = file.find(DataSection)
    sizes = [len(segment.content) for segment in data.segments] if data else []
    for symbol in section.symbols:
        if symbol.data is None:
            continue
        number, offset = symbol.data.segment, symbol.data.offset
        if number >= len(sizes):
            return "invalid data symbol index"
        if offset > sizes[number]:
            return (
                f"invalid data symbol offset: `{symbol.name}`"
                f" (offset: {offset} segment size: {sizes[number]})"
            )
    return None


def newer_relocation(section: RelocationSection) -> str | None:
    newer = int(RelocationType.FUNCTION_INDEX_I32)
    for relocation in section.relocations:
        if relocation.type == newer:
            return f"invalid relocation type: {newer}"
    return None

"""An object file as linking needs it: taken apart into functions, segments, sections, elements.

LLD's ObjFile::parse, down to its symbols.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from linker.errors import FatalError
from linker.format import model
from linker.format.constants import (
    ComdatKind,
    ExternalKind,
    RelocationType,
    SymbolKind,
)
from linker.format.leb128 import encode_unsigned
from linker.format.model import FunctionType, GlobalType, Limits, Relocation, TableType
from linker.format.relocation_shapes import SHAPES
from linker.inputs.reading import undefined_here
from linker.objects import (
    NO_COMDAT,
    STRING_SEGMENT,
    TLS_SEGMENT,
    Chunk,
    Function,
    GlobalElement,
    ImportedEntity,
    InputObject,
    MergeSection,
    MergeSegment,
    Section,
    Segment,
    TableElement,
    TagElement,
)
from linker.resolution.module_symbols import symbols_of_exports, symbols_of_module
from linker.seed.reader import READING_QUIRKS

# Linkers that do not look at the ends, or look when they write.
UNCHECKED = READING_QUIRKS | {"bounds-checked"}
WIDEST = max(shape.width for shape in SHAPES.values())
CUSTOM_SECTIONS = (
    model.CustomSection,
    model.LinkingSection,
    model.RelocationSection,
    model.NameSection,
    model.ProducersSection,
    model.TargetFeaturesSection,
)


def open_object(
    file: model.ObjectFile, name: str, base_name: str, lazy: bool, live: bool
) -> InputObject:
    """The object with its imports and types, before anything of it takes part in the link."""
    linking = file.find(model.LinkingSection)
    types_section = file.find(model.TypeSection)
    types = types_section.types if types_section else []
    imports: dict[ExternalKind, list[ImportedEntity]] = {kind: [] for kind in ExternalKind}
    import_section = file.find(model.ImportSection)
    for entry in import_section.imports if import_section else ():
        described: FunctionType | TableType | GlobalType
        if isinstance(entry.description, Limits):
            continue
        if isinstance(entry.description, int):
            described = types[entry.description]
        else:
            described = entry.description
        imports[entry.kind].append(ImportedEntity(entry.module, entry.name, described))
    is_relocatable = linking is not None
    if linking is None:
        linking = model.LinkingSection(symbols=symbols_of_module(file))
    elif not linking.has_symbol_table:
        linking = replace(linking, symbols=symbols_of_exports(file))
    return InputObject(
        name,
        file,
        lazy,
        live,
        linking,
        types,
        imports,
        base_name=base_name,
        is_relocatable=is_relocatable,
    )


def load(
    obj: InputObject,
    new_comdat: list[bool],
    optimize: int,
    all_live: bool,
    quirks: frozenset[str] = frozenset(),
) -> None:
    """Takes the object apart (LLD's ObjFile::parse, down to its symbols).

    `new_comdat` tells for each comdat whether the link sees its name for the first time.
    """
    obj.kept_comdats = new_comdat
    obj.keeps_retained = "retained-segments-dropped" not in quirks
    check_element_section(obj)
    relocations = relocations_by_section(obj)
    comdat_of = {
        (entry.kind, entry.index): number
        for number, comdat in enumerate(obj.linking.comdats)
        for entry in comdat.entries
    }
    names = element_names(obj)
    load_custom_sections(obj, relocations, comdat_of, optimize, all_live, quirks)
    for index, section in enumerate(obj.file.sections):
        if isinstance(section, model.DataSection):
            load_segments(obj, section, relocations.get(index, []), comdat_of, optimize, all_live)
        elif isinstance(section, model.CodeSection):
            load_functions(obj, section, relocations.get(index, []), comdat_of, names, all_live)
        else:
            load_elements(obj, section, names, all_live)
    if not UNCHECKED & quirks:
        refuse_overreaching(obj, quirks)
    for found in relocations.values():
        obj.called_directly.update(entry[2] for entry in found if entry[0] == 0)


def load_elements(
    obj: InputObject,
    section: model.Section,
    names: dict[tuple[SymbolKind, int], str],
    all_live: bool,
) -> None:
    """The globals, tags or tables of a section; any other section has none."""
    if isinstance(section, model.GlobalSection):
        first = len(obj.imports[ExternalKind.GLOBAL])
        for number, entry in enumerate(section.globals, first):
            name = names.get((SymbolKind.GLOBAL, number), "")
            obj.globals.append(GlobalElement(obj, name, all_live, type=entry.type, init=entry.init))
    elif isinstance(section, model.TagSection):
        first = len(obj.imports[ExternalKind.TAG])
        for number, type_index in enumerate(section.type_indices, first):
            name = names.get((SymbolKind.TAG, number), "")
            obj.tags.append(TagElement(obj, name, all_live, signature=obj.types[type_index]))
    elif isinstance(section, model.TableSection):
        first = len(obj.imports[ExternalKind.TABLE])
        for number, table in enumerate(section.tables, first):
            name = names.get((SymbolKind.TABLE, number), "")
            obj.tables.append(TableElement(obj, name, all_live, type=table.type))


def refuse_overreaching(obj: InputObject, quirks: frozenset[str]) -> None:
    """A relocation patches one function, or one segment, and nothing behind it.

    Raises:
        FatalError: a field reaches over the end of what it starts in.
    """
    for chunk in (*obj.functions, *obj.segments):
        end = chunk.input_offset + len(chunk.content)
        for entry in reversed(chunk.relocations):
            if entry.offset + WIDEST <= end:
                break
            if entry.offset + SHAPES[RelocationType(entry.type)].width > end:
                problem = f"{chunk}: relocation at 0x{entry.offset:x} reaches over its end"
                raise FatalError(undefined_here(problem, quirks))


def check_element_section(obj: InputObject) -> None:
    """Active element segments of an object start at a plain constant."""
    section = obj.file.find(model.ElementSection)
    for segment in section.segments if section else ():
        if segment.offset is None:
            continue
        body = segment.offset.body
        if body[:1] not in (b"\x41", b"\x42"):
            raise FatalError(f"{obj.name}: invalid table elements")
        position = 1
        while body[position] & 0x80:
            position += 1
        if body[position + 1 :] != b"\x0b":
            raise FatalError(f"{obj.name}: extended init exprs not supported")


def relocations_by_section(obj: InputObject) -> dict[int, list[Relocation]]:
    found: dict[int, list[Relocation]] = {}
    for section in obj.file.sections:
        if isinstance(section, model.RelocationSection):
            found.setdefault(section.target, []).extend(section.relocations)
    return found


def element_names(obj: InputObject) -> dict[tuple[SymbolKind, int], str]:
    """The name of each defined element: that of the first of the symbol table that defines it."""
    names: dict[tuple[SymbolKind, int], str] = {}
    for symbol in obj.linking.symbols if obj.linking.has_symbol_table else ():
        if symbol.index is not None and not symbol.is_undefined:
            key = (symbol.kind, symbol.index)
            if not names.get(key):
                names[key] = symbol.name
    return names


def is_excluded(obj: InputObject, comdat: int) -> bool:
    return comdat != NO_COMDAT and not obj.kept_comdats[comdat]


def load_functions(
    obj: InputObject,
    section: model.CodeSection,
    relocations: list[Relocation],
    comdat_of: dict[tuple[ComdatKind, int], int],
    names: dict[tuple[SymbolKind, int], str],
    all_live: bool,
) -> None:
    function_section = obj.file.find(model.FunctionSection)
    type_indices = function_section.type_indices if function_section else []
    first = len(obj.imports[ExternalKind.FUNCTION])
    debug_names = names_of_functions(obj)
    export_names = exported_functions(obj)
    for number, (body, type_index) in enumerate(
        zip(section.functions, type_indices, strict=True), first
    ):
        size = encode_unsigned(len(body.content), body.size_width)
        comdat = comdat_of.get((ComdatKind.FUNCTION, number), NO_COMDAT)
        obj.functions.append(
            Function(
                obj,
                names.get((SymbolKind.FUNCTION, number), ""),
                size + body.content,
                body.offset,
                (),
                comdat,
                is_excluded(obj, comdat),
                all_live,
                0,
                obj.types[type_index],
                debug_names.get(number, ""),
                export_names.get(number),
                len(size),
            ),
        )
    assign_relocations(obj.functions, relocations)


def names_of_functions(obj: InputObject) -> dict[int, str]:
    section = obj.file.find(model.NameSection)
    names: dict[int, str] = {}
    for kind, _, entries in section.subsections if section else ():
        if kind == 1 and isinstance(entries, list):
            names.update(entries)
    return names


def exported_functions(obj: InputObject) -> dict[int, str]:
    section = obj.file.find(model.ExportSection)
    return {
        export.index: export.name
        for export in (section.exports if section else ())
        if export.kind is ExternalKind.FUNCTION
    }


def load_segments(
    obj: InputObject,
    section: model.DataSection,
    relocations: list[Relocation],
    comdat_of: dict[tuple[ComdatKind, int], int],
    optimize: int,
    all_live: bool,
) -> None:
    infos = obj.linking.segments
    for number, segment in enumerate(section.segments):
        info = infos[number] if number < len(infos) else model.SegmentInfo("", 0, 0)
        comdat = comdat_of.get((ComdatKind.DATA, number), NO_COMDAT)
        flags = info.flags
        # Objects from before the TLS flag tell thread-local segments by their names.
        if info.name.startswith((".tdata", ".tbss")):
            flags |= TLS_SEGMENT
        merges = (
            optimize > 0
            and bool(info.flags & STRING_SEGMENT)
            and info.alignment == 0
            and len(segment.content) > 0
        )
        obj.segments.append(
            (MergeSegment if merges else Segment)(
                obj,
                info.name,
                segment.content,
                segment.offset,
                (),
                comdat,
                is_excluded(obj, comdat),
                all_live,
                0,
                info.alignment,
                flags,
            ),
        )
    assign_relocations(obj.segments, relocations)


def assign_relocations(chunks: Sequence[Chunk], relocations: list[Relocation]) -> None:
    """Gives each chunk the relocations that start in it (LLD's setRelocs)."""
    if not relocations:
        return
    offsets = [entry.offset for entry in relocations]
    end = 0
    for chunk in chunks:
        start = bisect_left(offsets, chunk.input_offset, end)
        end = bisect_left(offsets, chunk.input_offset + len(chunk.content), start)
        if end != start:
            chunk.relocations = relocations[start:end]


def load_custom_sections(
    obj: InputObject,
    relocations: dict[int, list[Relocation]],
    comdat_of: dict[tuple[ComdatKind, int], int],
    optimize: int,
    all_live: bool,
    quirks: frozenset[str],
) -> None:
    for index, section in enumerate(obj.file.sections):
        if not isinstance(section, CUSTOM_SECTIONS):
            continue
        comdat = comdat_of.get((ComdatKind.SECTION, index), NO_COMDAT)
        content = section.content if isinstance(section, model.CustomSection) else b""
        merges = optimize > 0 and section.name in (
            ".debug_str",
            ".debug_str.dwo",
            ".debug_line_str",
        )
        chunk = (MergeSection if merges else Section)(
            obj,
            section.name,
            content,
            0,
            relocations.get(index, ()),
            comdat,
            is_excluded(obj, comdat),
            all_live,
            0,
            section_alignment(section.name, quirks),
            tombstone_for(section.name, quirks),
        )
        obj.sections_by_index[index] = chunk
        if isinstance(section, model.CustomSection):
            obj.sections.append(chunk)


def section_alignment(name: str, quirks: frozenset[str]) -> int:
    """The alignment of a part of a custom section in bytes."""
    if name in ("__llvm_covfun", "__llvm_covmap") and "coverage-unaligned" not in quirks:
        # llvm-cov reads these as tables of aligned records.
        return 8
    return 1


def tombstone_for(name: str, quirks: frozenset[str]) -> int:
    """What relocations against dropped pieces become there (LLD's getTombstoneForSection)."""
    if name in (".debug_ranges", ".debug_loc"):
        return 2**64 - 2
    if name.startswith("llvm.func_attr.") and "attributes-of-dropped-functions" not in quirks:
        return 2**64 - 1
    if name.startswith(".debug_"):
        return 2**64 - 1
    return 0

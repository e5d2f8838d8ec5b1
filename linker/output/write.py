"""The output module put together from its sections (LLD's addSections and writeSections)."""

from __future__ import annotations

from linker.atoms import place_sections
from linker.format.constants import SectionId
from linker.format.write import HEADER, make_custom_section, make_section
from linker.objects import Section
from linker.output import emit, metadata
from linker.output.emit import Output
from linker.output.relocatable import linking_section, number_symbols, relocation_section
from linker.seed.output import own_segments
from linker.seed.own_resolution import reach, reach_symbol_table
from linker.seed.values import relocation_rules


def write_module(output: Output) -> bytes:
    """The bytes of the output file."""
    options = output.options
    for place in ("emitImport", "flushModule"):
        reach(output.resolution.objects, place)
    keeps_relocations = options.relocatable or options.emit_relocs
    if "exnref-crashes" in options.quirks:
        emit.refuse_unnamed_types(output)
    sections = [
        emit.type_section(output),
        emit.import_section(output),
        emit.function_section(output),
        emit.table_section(output),
        emit.memory_section(output),
        emit.tag_section(output),
        emit.global_section(output),
        emit.export_section(output),
        emit.start_section(output),
        emit.element_section(output),
        emit.data_count_section(output),
    ]
    # Where a symbol crashes a linker, it does so after all that the sections say.
    symbols = number_symbols(output.resolution) if keeps_relocations else []
    sections = [section for section in sections if section]
    code_index = len(sections)
    code, data, placed = relocated_contents(output)
    if output.indices.bodies:
        sections.append(make_section(SectionId.CODE, code, output.width))
    data_index = len(sections)
    writes_empty = "empty-data-written" in options.quirks
    if any(writes_empty or output.is_written(segment) for segment in output.segments):
        sections.append(make_section(SectionId.DATA, data, output.width))
    custom_indices = {}
    for name, (_, content) in placed.items():
        custom_indices[name] = len(sections)
        sections.append(make_custom_section(name, content))
    reach(output.resolution.objects, "emitNameSection")
    if keeps_relocations:
        reach_symbol_table(output.resolution.objects)
        section_symbols = {name: len(symbols) + n for n, name in enumerate(custom_indices)}
        sections.append(linking_section(output, symbols, custom_indices.values()))
        functions = output.indices.bodies
        chunks = [chunk for segment in output.segments for chunk in segment.chunks]
        sections.append(relocation_section(output, "CODE", code_index, functions, section_symbols))
        sections.append(relocation_section(output, "DATA", data_index, chunks, section_symbols))
        sections += [
            relocation_section(output, name, custom_indices[name], parts, section_symbols)
            for name, (parts, _) in placed.items()
        ]
    sections += [
        metadata.name_section(output),
        metadata.producers_section(options, output.resolution.objects),
        metadata.target_features_section(output),
        metadata.build_id_section(options),
    ]
    return metadata.with_build_id(HEADER + b"".join(sections), options)


def relocated_contents(
    output: Output,
) -> tuple[bytearray, bytearray, dict[str, tuple[list[Section], bytearray]]]:
    """The contents of code, data and custom sections; everything is placed before relocations."""
    options = output.options
    base = options.table_base
    compresses = options.compress_relocations
    code = emit.place_compressed_code(output) if compresses else emit.place_code(output)
    data = emit.place_data(output)
    placed = {}
    for name, parts in output.custom.items():
        written, size = place_sections(name, parts)
        content = bytearray(size)
        for part in written:
            content[part.output_offset : part.output_offset + len(part.content)] = part.content
        placed[name] = (written, content)
    if options.relocatable and "relocatable-unrelocated" in options.quirks:
        return code, data, placed
    own = own_segments(output.segments)
    rules = relocation_rules(options.quirks, output.indices, own)
    if not compresses:
        emit.relocate_all(code, output.indices.bodies, base, rules)
    for segment in output.segments:
        if output.is_written(segment):
            emit.relocate_all(data, segment.chunks, base, rules)
    for written, content in placed.values():
        emit.relocate_all(content, written, base, rules)
    return code, data, placed

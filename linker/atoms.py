"""Which pieces of data and custom sections are placed, in which output piece, in which order?

Functions need no stage: they are written in the order of the objects.
"""

from __future__ import annotations

from linker.command_line.options import Options
from linker.errors import FatalError
from linker.hashes.hash_order import string_map_order
from linker.inputs.reading import undefined_here
from linker.layout.strings import merge
from linker.objects import (
    STRING_SEGMENT,
    InputObject,
    MergedStrings,
    MergeSection,
    MergeSegment,
    OutputSegment,
    Section,
    Segment,
)
from linker.seed.pieces import atom_order

# Sections that the linker writes itself, or that are for other tools.
KNOWN_SECTIONS = frozenset(
    {"linking", "name", "producers", "target_features", ".llvmbc", ".llvmcmd"},
)
# A file of a few bytes can ask for any padding.
MAX_SEGMENT_SIZE = 1 << 28
MAX_ALIGNMENT = 31
# Quirks by which the name of a segment says that it holds zeros.
ZEROS_BY_NAME = frozenset({"filled-zeros-dropped", "bss-exact-name"})
MERGED_PREFIXES = (".text", ".data", ".bss", ".rodata")


def output_segment_name(segment: Segment, options: Options) -> str:
    """The output segment that a segment goes to (LLD's getOutputDataSegmentName)."""
    if segment.is_tls:
        return ".tdata"
    if options.merge_data_segments:
        for prefix in MERGED_PREFIXES:
            if segment.name.startswith(prefix + "."):
                return prefix
    return segment.name


def segment_order(segment: OutputSegment) -> int:
    for order, prefix in ((0, ".tdata"), (1, ".rodata"), (2, ".data"), (4, ".bss")):
        if segment.name.startswith(prefix):
            return order
    return 3


def place_segments(options: Options, objects: list[InputObject]) -> list[OutputSegment]:
    """The output segments in order, their input segments placed (LLD's createOutputSegments)."""
    by_name: dict[str, OutputSegment] = {}
    segments: list[OutputSegment] = []
    for obj in atom_order(objects, options.quirks):
        for segment in obj.segments:
            if not segment.live:
                continue
            name = output_segment_name(segment, options)
            # The final link must be able to drop each comdat group by itself.
            if options.relocatable and segment.comdat_name:
                output = new_segment(name, options)
                segments.append(output)
            elif name in by_name:
                output = by_name[name]
            else:
                output = by_name[name] = new_segment(name, options)
                segments.append(output)
            if segment.alignment > MAX_ALIGNMENT:
                problem = f"{segment}: alignment of 2^{segment.alignment} is too large"
                raise FatalError(undefined_here(problem, options.quirks))
            output.alignment = max(output.alignment, segment.alignment)
            output.chunks.append(segment)
            segment.output_segment = output
    if "segments-unsorted" not in options.quirks:
        segments.sort(key=segment_order)
    if not options.quirks & ZEROS_BY_NAME:
        for output in segments:
            output.is_bss = output.is_bss and not any(map(has_content, output.chunks))
        # What is not written stands behind what is, so that indices are those of the module.
        segments.sort(key=lambda output: output.is_bss)
    for index, output in enumerate(segments):
        output.index = index
        output.flags = common_flags(output.chunks)
        merge_strings(output)
        place_chunks(output)
        if "segment-sizes-rounded" in options.quirks:
            output.size = align(output.size, 1 << output.alignment)
    return segments


def has_content(segment: Segment) -> bool:
    """Whether anything but zeros is, or will be, in a segment."""
    return bool(segment.relocations) or bool(segment.content.strip(b"\0"))


def new_segment(name: str, options: Options) -> OutputSegment:
    is_bss = name == ".bss" if "bss-exact-name" in options.quirks else name.startswith(".bss")
    is_bss = is_bss and not options.relocatable
    counts_from_zero = "tls-addresses-absolute" in options.quirks and not options.shared_memory
    return OutputSegment(
        name,
        is_bss=is_bss,
        passive=options.shared_memory,
        counts_from_zero=counts_from_zero,
        doubles_offsets="tls-offsets-doubled" in options.quirks,
    )


def align(value: int, alignment: int) -> int:
    """The next multiple of `alignment` (any positive number)."""
    return -(-value // alignment) * alignment


def common_flags(chunks: list[Segment]) -> int:
    """The flags of an output segment: strings only if all are, the others if any is."""
    flags = 0
    are_strings = bool(chunks)
    for chunk in chunks:
        flags |= chunk.flags
        are_strings = are_strings and chunk.flags & STRING_SEGMENT != 0
    return flags if are_strings else flags & ~STRING_SEGMENT


def merge_strings(output: OutputSegment) -> None:
    """Puts merged strings where the first of each kind stood (LLD's finalizeInputSegments)."""
    merged: dict[tuple[int, int], MergedStrings] = {}
    chunks: list[Segment] = []
    for segment in output.chunks:
        if not isinstance(segment, MergeSegment):
            chunks.append(segment)
            continue
        key = (segment.flags, segment.alignment)
        strings = merged.get(key)
        if strings is None:
            strings = MergedStrings(None, output.name, b"", live=True)
            strings.alignment, strings.flags = segment.alignment, segment.flags
            strings.output_segment = output
            merged[key] = strings
            chunks.append(strings)
        strings.comdat = segment.comdat
        strings.parts.append(segment)
        segment.parent = strings
    for strings in merged.values():
        strings.content = merge(
            [(part, part.pieces) for part in strings.parts if part.pieces is not None],
        )
    output.chunks = chunks


def place_chunks(output: OutputSegment) -> None:
    """Places the chunks of a segment one behind the other.

    Raises:
        FatalError: the segment gets larger than this linker writes (`MAX_SEGMENT_SIZE`).
    """
    size = 0
    for chunk in output.chunks:
        size = align(size, 1 << chunk.alignment)
        chunk.segment_offset = size
        size += len(chunk.content)
        if size > MAX_SEGMENT_SIZE:
            raise FatalError(f"data segment {output.name} is larger than {MAX_SEGMENT_SIZE} bytes")
    output.size = size


def is_left_out(section: Section, options: Options) -> bool:
    """Whether a custom section of an object has no place in the output's."""
    name = section.name
    if section.discarded or name in KNOWN_SECTIONS or name.startswith("reloc."):
        return True
    if not section.content and "empty-custom-sections-kept" not in options.quirks:
        return True
    return (options.strip_debug or options.strip_all) and name.startswith(".debug_")


def collect_custom_sections(
    options: Options, objects: list[InputObject]
) -> dict[str, list[Section]]:
    """The output's custom sections by name, with their parts (LLD's calculateCustomSections)."""
    found: dict[str, list[Section]] = {}
    for obj in objects:
        for section in obj.sections:
            if not is_left_out(section, options):
                found.setdefault(section.name, []).append(section)
    if "missing-section-crashes" in options.quirks:
        for obj in objects:
            for section in obj.sections_by_index.values():
                section.crashes_missing = section.name not in found
    if "custom-sections-unordered" in options.quirks:
        return {name: found[name] for name in string_map_order(found, options.quirks)}
    return found


def place_sections(name: str, parts: list[Section]) -> tuple[list[Section], int]:
    """Places the parts of one output section; answers what is written, and the size in bytes."""
    written: list[Section] = []
    merged: Section | None = None
    strings: list[MergeSection] = []
    for part in parts:
        if not isinstance(part, MergeSection):
            written.append(part)
            continue
        if merged is None:
            merged = Section(None, name, b"", live=True)
            written.append(merged)
        part.parent = merged
        strings.append(part)
    if merged is not None:
        merged.content = merge(
            [(part, part.pieces) for part in strings if part.pieces is not None],
        )
    size = 0
    for section in written:
        size = align(size, section.alignment)
        section.output_offset = size
        size += len(section.content)
    return written, size

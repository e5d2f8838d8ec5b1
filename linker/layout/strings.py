"""Merging of null-terminated strings: equal ones once, tails inside longer ones.

LLD's MergeInputChunk and SyntheticMergedChunk over LLVM's StringTableBuilder (RAW).
"""

from __future__ import annotations

from collections.abc import Iterable

from linker.errors import FatalError
from linker.objects import Chunk, InputObject, MergeSection, MergeSegment, StringPieces


def split_strings(objects: Iterable[InputObject]) -> None:
    """Finds the strings of every chunk that is merged (LLD's splitSections).

    Raises:
        FatalError: the last string of a chunk has no end.
    """
    for obj in objects:
        for segment in obj.segments:
            if isinstance(segment, MergeSegment):
                segment.pieces = split(segment)
        for section in obj.sections:
            if isinstance(section, MergeSection):
                section.pieces = split(section)


def split(chunk: Chunk) -> StringPieces:
    content = chunk.content
    starts = []
    start = 0
    while start < len(content):
        starts.append(start)
        end = content.find(b"\0", start)
        if end == -1:
            raise FatalError(f"{chunk}: string is not null terminated")
        start = end + 1
    return StringPieces(starts, [0] * len(starts))


def strings_of(chunk: Chunk, pieces: StringPieces) -> list[bytes]:
    # No strings at all in a section without content.
    ends = [*pieces.starts, len(chunk.content)][1:]
    return [chunk.content[start:end] for start, end in zip(pieces.starts, ends, strict=True)]


def merge(parts: list[tuple[Chunk, StringPieces]]) -> bytes:
    """The merged content of the chunks; sets where each of their strings went."""
    strings = [strings_of(chunk, pieces) for chunk, pieces in parts]
    content, offsets = build_table({string for group in strings for string in group})
    for (_, pieces), group in zip(parts, strings, strict=True):
        pieces.output_offsets = [offsets[string] for string in group]
    return content


def build_table(strings: set[bytes]) -> tuple[bytes, dict[bytes, int]]:
    """All strings with tails shared, longest first by their reversed text."""
    offsets = {}
    content = bytearray()
    previous = b""
    for string in sorted(strings, key=lambda text: text[::-1], reverse=True):
        if previous.endswith(string):
            offsets[string] = len(content) - len(string)
            continue
        offsets[string] = len(content)
        content += string
        previous = string
    return bytes(content), offsets

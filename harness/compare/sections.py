"""A module cut into its sections, without looking into them; broken modules included."""

from __future__ import annotations

from typing import NamedTuple

from linker.format.constants import MAGIC, SectionId
from linker.format.leb128 import LebError, decode_unsigned


class RawSection(NamedTuple):
    """One section: `label` is "code", "type", ... or "custom.NAME"; `content` without the
    name of a custom section."""

    label: str
    content: bytes


def split_sections(module: bytes) -> tuple[RawSection, ...]:
    """The sections of a module in file order.

    What cannot be read any more comes last, as a section "unreadable".
    """
    if not module.startswith(MAGIC):
        return (RawSection("unreadable", module),)
    sections = []
    position = 8
    while position < len(module):
        start = position
        try:
            kind = SectionId(module[position])
            size, position = decode_unsigned(module, position + 1)
            end = position + size
            if end > len(module):
                raise ValueError("cut off")
            label = kind.name.lower().replace("_", "-")
            if kind is SectionId.CUSTOM:
                length, position = decode_unsigned(module, position)
                name = module[position : position + length]
                position += length
                label = "custom." + name.decode(errors="surrogateescape")
        except (LebError, ValueError):
            sections.append(RawSection("unreadable", module[start:]))
            break
        sections.append(RawSection(label, module[position:end]))
        position = end
    return tuple(sections)


def differing_sections(first: bytes, second: bytes) -> tuple[str, ...]:
    """Labels of the sections that differ, in the first module's order, then "order" if only
    the order does; "header" if the sections are the same bytes."""
    one, two = split_sections(first), split_sections(second)
    left, right = _by_label(one), _by_label(two)
    labels = [
        label for label in dict.fromkeys((*left, *right)) if left.get(label) != right.get(label)
    ]
    if not labels and [s.label for s in one] != [s.label for s in two]:
        labels.append("order")
    return tuple(labels or ["header"])


def _by_label(sections: tuple[RawSection, ...]) -> dict[str, list[bytes]]:
    contents: dict[str, list[bytes]] = {}
    for section in sections:
        contents.setdefault(section.label, []).append(section.content)
    return contents

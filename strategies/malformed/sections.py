"""Damage to a file as a row of sections: header, ids, sizes, order, counts, numbers."""

from __future__ import annotations

import dataclasses

from linker.format.constants import LinkingSubsection, SectionId
from linker.format.leb128 import decode_unsigned, encode_unsigned
from linker.format.model import LinkingSection, ObjectFile, RelocationSection, Section
from strategies.choices import Record
from strategies.malformed.damage import (
    HEADER,
    HUGE,
    LINKING,
    Damage,
    assemble,
    encoded,
    linking_of,
    sections_of,
    sized,
    split,
    with_bytes,
)

# Sections whose content starts with a number of entries.
COUNTED = (
    SectionId.TYPE,
    SectionId.IMPORT,
    SectionId.FUNCTION,
    SectionId.TABLE,
    SectionId.MEMORY,
    SectionId.TAG,
    SectionId.GLOBAL,
    SectionId.EXPORT,
    SectionId.ELEMENT,
    SectionId.CODE,
    SectionId.DATA,
)


def empty_file(file: ObjectFile, record: Record) -> bytes | None:
    return b""


def wrong_magic(file: ObjectFile, record: Record) -> bytes | None:
    data = bytearray(assemble(encoded(file)))
    data[record.below(4)] ^= 1 << record.below(8)
    return bytes(data)


def wrong_version(file: ObjectFile, record: Record) -> bytes | None:
    return HEADER[:4] + bytes((record.pick((0, 2, 13, 255)), 0, 0, 0)) + b"".join(encoded(file))


def header_cut(file: ObjectFile, record: Record) -> bytes | None:
    return HEADER[: 4 + record.below(4)]


def _core(file: ObjectFile) -> list[int]:
    return [at for at, section in enumerate(file.sections) if section.id]


def out_of_order(file: ObjectFile, record: Record) -> bytes | None:
    """Two sections of the core specification, exchanged."""
    core = _core(file)
    if len(core) < 2:
        return None
    first = record.below(len(core) - 1)
    parts = encoded(file)
    one, other = core[first], core[first + 1]
    parts[one], parts[other] = parts[other], parts[one]
    return assemble(parts)


def late_section(file: ObjectFile, record: Record) -> bytes | None:
    """A section of the core specification behind the linking section."""
    core, linking = _core(file), linking_of(file)
    if not core or linking is None:
        return None
    parts = encoded(file)
    moved = parts.pop(core[-1])
    parts.insert(linking[0], moved)
    return assemble(parts)


def duplicate(file: ObjectFile, record: Record) -> bytes | None:
    """A section twice; relocation sections may be repeated."""
    candidates = _core(file)
    linking = linking_of(file)
    if linking is not None:
        candidates.append(linking[0])
    if not candidates:
        return None
    at = candidates[record.below(len(candidates))]
    parts = encoded(file)
    parts.insert(at, parts[at])
    return assemble(parts)


def unknown_id(file: ObjectFile, record: Record) -> bytes | None:
    parts = encoded(file)
    kind = record.pick((14, 15, 0x40, 0x7F, 0x80, 0xFF))
    parts.insert(record.below(len(parts) + 1), sized(kind, b"\0"))
    return assemble(parts)


def _resized(file: ObjectFile, at: int, change: int) -> bytes:
    part = encoded(file)[at]
    kind, content = split(part)
    return with_bytes(
        file, at, bytes((kind,)) + encode_unsigned(len(content) + change, 5) + content
    )


def longer_than_file(file: ObjectFile, record: Record) -> bytes | None:
    """The last section says that it has more bytes than there are."""
    return _resized(file, len(file.sections) - 1, 1 + record.below(40)) if file.sections else None


def huge_size(file: ObjectFile, record: Record) -> bytes | None:
    if not file.sections:
        return None
    at = record.below(len(file.sections))
    parts = encoded(file)
    kind, content = split(parts[at])
    parts[at] = bytes((kind,)) + encode_unsigned(HUGE - record.below(16)) + content
    return assemble(parts)


def longer(file: ObjectFile, record: Record) -> bytes | None:
    """A section of the core specification takes the first byte of what follows it."""
    candidates = [at for at in _core(file) if at + 1 < len(file.sections)]
    if not candidates:
        return None
    return _resized(file, candidates[record.below(len(candidates))], 1)


def shorter(file: ObjectFile, record: Record) -> bytes | None:
    """A section of the core specification leaves its last byte to what follows it."""
    candidates = [at for at in _core(file) if file.sections[at].id != SectionId.START]
    if not candidates:
        return None
    return _resized(file, candidates[record.below(len(candidates))], -1)


def no_bytes(file: ObjectFile, record: Record) -> bytes | None:
    """A section without content."""
    candidates = _core(file)
    if not candidates:
        return None
    at = candidates[record.below(len(candidates))]
    return with_bytes(file, at, bytes((file.sections[at].id, 0)))


def custom_name(file: ObjectFile, record: Record) -> bytes | None:
    """A custom section whose name is longer than it."""
    parts = encoded(file)
    parts.insert(record.below(len(parts) + 1), b"\0\3\x05ab")
    return assemble(parts)


def truncated(file: ObjectFile, record: Record) -> bytes | None:
    """The file ends inside a section."""
    if not file.sections:
        return None
    parts = encoded(file)
    at = record.below(len(parts))
    keep = record.below(len(parts[at]) - 1) + 1
    return assemble([*parts[:at], parts[at][:keep]])


def ends_between(file: ObjectFile, record: Record) -> bytes | None:
    """The file ends behind a section, before the linking section."""
    linking = linking_of(file)
    if linking is None:
        return None
    return assemble(encoded(file)[: record.below(linking[0] + 1)])


def _counted(file: ObjectFile, record: Record) -> tuple[int, int, int, bytes] | None:
    """A section that starts with a count: position, id, count, and what follows it."""
    found = [at for at, section in enumerate(file.sections) if section.id in COUNTED]
    if not found:
        return None
    at = found[record.below(len(found))]
    kind, content = split(encoded(file)[at])
    count, start = decode_unsigned(content, 0)
    return at, kind, count, content[start:]


def count_wrong(file: ObjectFile, record: Record) -> bytes | None:
    """One entry more or less than the section says."""
    found = _counted(file, record)
    if found is None:
        return None
    at, kind, count, rest = found
    other = count - 1 if record.byte() & 1 and count else count + 1
    return with_bytes(file, at, sized(kind, encode_unsigned(other) + rest))


def count_huge(file: ObjectFile, record: Record) -> bytes | None:
    """A count that would take all of the memory, were it believed."""
    found = _counted(file, record)
    if found is None:
        return None
    at, kind, _, rest = found
    huge = record.pick((0x10000, 0x1000000, 0x10000000, HUGE))
    return with_bytes(file, at, sized(kind, encode_unsigned(huge) + rest))


def _renumbered(file: ObjectFile, record: Record, write: bytes) -> bytes | None:
    """A count replaced by other bytes."""
    found = _counted(file, record)
    if found is None:
        return None
    at, kind, _, rest = found
    return with_bytes(file, at, sized(kind, write + rest))


def padded_too_far(file: ObjectFile, record: Record) -> bytes | None:
    """A count of 32 bits in six to ten bytes."""
    found = _counted(file, record)
    if found is None:
        return None
    at, kind, count, rest = found
    number = encode_unsigned(count, 6 + record.below(5))
    before = len(split(encoded(file)[at])[1]) - len(rest)
    moved = [_relocated(section, at, len(number) - before) for section in file.sections]
    return with_bytes(ObjectFile(file.name, moved), at, sized(kind, number + rest))


def _relocated(section: Section, at: int, by: int) -> Section:
    """The relocations of the section at that position, moved by so many bytes."""
    if not isinstance(section, RelocationSection) or section.target != at:
        return section
    moved = [entry._replace(offset=entry.offset + by) for entry in section.relocations]
    return dataclasses.replace(section, relocations=moved)


def endless_number(file: ObjectFile, record: Record) -> bytes | None:
    """A number without an end in any 64 bits."""
    return _renumbered(file, record, b"\x81" + b"\x80" * (9 + record.below(4)) + b"\x02")


def unused_bits(file: ObjectFile, record: Record) -> bytes | None:
    """A number of five bytes with bits that no 32-bit number has."""
    return _renumbered(file, record, b"\x80\x80\x80\x80" + bytes((record.pick((0x10, 0x70)),)))


def size_padded_too_far(file: ObjectFile, record: Record) -> bytes | None:
    """The size of a section in six to ten bytes."""
    if not file.sections:
        return None
    parts = encoded(file)
    at = record.below(len(parts))
    kind, content = split(parts[at])
    number = encode_unsigned(len(content), 6 + record.below(5))
    return with_bytes(file, at, bytes((kind,)) + number + content)


def linking_missing(file: ObjectFile, record: Record) -> bytes | None:
    """No linking section and no relocations: no object file."""
    parts = [
        part
        for part, section in zip(encoded(file), file.sections, strict=True)
        if not isinstance(section, LinkingSection | RelocationSection)
    ]
    return assemble(parts) if len(parts) < len(file.sections) else None


def relocations_without_symbols(file: ObjectFile, record: Record) -> bytes | None:
    """No linking section, so relocations name symbols that are not there."""
    linking = linking_of(file)
    if linking is None or not any(
        section.relocations for _, section in sections_of(file, RelocationSection)
    ):
        return None
    parts = encoded(file)
    del parts[linking[0]]
    return assemble(parts)


def linking_version(file: ObjectFile, record: Record) -> bytes | None:
    linking = linking_of(file)
    if linking is None:
        return None
    _, content = split(encoded(file)[linking[0]])
    name = content[:8]
    version = record.pick((0, 1, 3, 127, 128))
    return with_bytes(file, linking[0], sized(0, name + encode_unsigned(version) + content[9:]))


def _subsections(content: bytes) -> list[tuple[int, bytes]]:
    """The subsections of a linking section, name and version included in `content`."""
    at, found = 9, []
    while at < len(content):
        kind = content[at]
        size, start = decode_unsigned(content, at + 1)
        found.append((kind, content[start : start + size]))
        at = start + size
    return found


def _with_subsections(
    file: ObjectFile, at: int, content: bytes, subsections: list[tuple[int, bytes, int]]
) -> bytes:
    """The linking section with these subsections: kind, content, and how wrong its size is."""
    out = bytearray(content[:9])
    for kind, inner, change in subsections:
        out += bytes((kind,)) + encode_unsigned(len(inner) + change, 5) + inner
    return with_bytes(file, at, sized(0, bytes(out)))


def _linking_subsections(file: ObjectFile) -> tuple[int, bytes, list[tuple[int, bytes, int]]]:
    linking = linking_of(file)
    if linking is None:
        return 0, b"", []
    _, content = split(encoded(file)[linking[0]])
    return linking[0], content, [(kind, inner, 0) for kind, inner in _subsections(content)]


def unknown_subsection(file: ObjectFile, record: Record) -> bytes | None:
    at, content, found = _linking_subsections(file)
    if not content:
        return None
    kind = record.pick((1, 4, 9, 0x7F, 0xFF))
    found.insert(record.below(len(found) + 1), (kind, b"what?"[: record.below(6)], 0))
    return _with_subsections(file, at, content, found)


def repeated_subsection(file: ObjectFile, record: Record) -> bytes | None:
    at, content, found = _linking_subsections(file)
    if not found:
        return None
    which = record.below(len(found))
    found.insert(which, found[which])
    return _with_subsections(file, at, content, found)


def subsection_longer(file: ObjectFile, record: Record) -> bytes | None:
    """The last subsection says that it has more bytes than its section."""
    at, content, found = _linking_subsections(file)
    if not found:
        return None
    kind, inner, _ = found[-1]
    found[-1] = (kind, inner, 1 + record.below(60))
    return _with_subsections(file, at, content, found)


def subsection_shorter(file: ObjectFile, record: Record) -> bytes | None:
    """A subsection has more bytes than its entries."""
    at, content, found = _linking_subsections(file)
    known = [n for n, (kind, _, _) in enumerate(found) if kind in set(LinkingSubsection)]
    if not known:
        return None
    which = known[record.below(len(known))]
    kind, inner, _ = found[which]
    found[which] = (kind, inner + b"\0" * (1 + record.below(4)), 0)
    return _with_subsections(file, at, content, found)


def subsection_count(file: ObjectFile, record: Record) -> bytes | None:
    """A subsection that counts more entries than it has."""
    at, content, found = _linking_subsections(file)
    known = [
        n
        for n, (kind, _, _) in enumerate(found)
        if kind in set(LinkingSubsection) and kind != LinkingSubsection.SEGMENT_INFO
    ]
    if not known:
        return None
    which = known[record.below(len(known))]
    kind, inner, _ = found[which]
    count, start = decode_unsigned(inner, 0)
    more = record.pick((count + 1, 0x10000, HUGE))
    found[which] = (kind, encode_unsigned(more) + inner[start:], 0)
    return _with_subsections(file, at, content, found)


DAMAGES: tuple[Damage, ...] = (
    Damage("file.empty", empty_file, None),
    Damage("file.magic", wrong_magic, None),
    Damage("file.version", wrong_version, ""),
    Damage("file.header-cut", header_cut, ""),
    Damage("file.truncated", truncated, None),
    Damage("section.order", out_of_order, None),
    Damage("section.late", late_section, None),
    Damage("section.duplicate", duplicate, None),
    Damage("section.unknown", unknown_id, ""),
    Damage("section.longer-than-file", longer_than_file, None),
    Damage("section.size-huge", huge_size, None),
    Damage("section.longer", longer, None),
    Damage("section.shorter", shorter, None),
    Damage("section.no-bytes", no_bytes, None),
    Damage("section.custom-name", custom_name, "CUSTOM"),
    Damage("count.wrong", count_wrong, None),
    Damage("count.huge", count_huge, None),
    Damage("number.padded-too-far", padded_too_far, None),
    Damage("number.endless", endless_number, None),
    Damage("number.unused-bits", unused_bits, None),
    Damage("number.size-padded-too-far", size_padded_too_far, None),
    # An archive member that nobody asks for may be anything.
    Damage("linking.missing", linking_missing, None, refused=False),
    Damage("linking.cut-off", ends_between, None, refused=False),
    Damage("linking.relocations-only", relocations_without_symbols, None, rule=LINKING),
    Damage("linking.version", linking_version, "linking", rule=LINKING),
    Damage("subsection.unknown", unknown_subsection, None, refused=False),
    Damage("subsection.twice", repeated_subsection, "linking", rule=LINKING),
    Damage("subsection.longer", subsection_longer, "linking", rule=LINKING),
    Damage("subsection.shorter", subsection_shorter, "linking", rule=LINKING),
    Damage("subsection.count", subsection_count, "linking", rule=LINKING),
)

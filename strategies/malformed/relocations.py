"""Damage to relocations: kinds, offsets, order, symbols, targets, addends."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from linker.format.constants import RelocationType, SectionId
from linker.format.encode import encode_section
from linker.format.leb128 import encode_unsigned
from linker.format.model import LinkingSection, ObjectFile, Relocation, RelocationSection
from linker.format.relocation_shapes import SHAPES
from strategies.choices import Record
from strategies.malformed.damage import (
    FAR,
    HUGE,
    LINKING,
    Damage,
    assemble,
    encoded,
    linking_of,
    replace_at,
    sections_of,
    sized,
    split,
    with_bytes,
    with_section,
)


def _relocations(file: ObjectFile) -> list[tuple[int, RelocationSection]]:
    return [
        (at, section) for at, section in sections_of(file, RelocationSection) if section.relocations
    ]


def _with_relocations(
    file: ObjectFile,
    record: Record,
    change: Callable[[list[Relocation], int, Record], list[Relocation] | None],
    wanted: Callable[[Relocation], bool] = lambda _: True,
) -> bytes | None:
    """The file with the relocations of one section changed, at one that is wanted."""
    candidates = [
        (at, section) for at, section in _relocations(file) if any(map(wanted, section.relocations))
    ]
    if not candidates:
        return None
    at, section = candidates[record.below(len(candidates))]
    which = [n for n, entry in enumerate(section.relocations) if wanted(entry)]
    changed = change(section.relocations, which[record.below(len(which))], record)
    if changed is None:
        return None
    return with_section(file, at, dataclasses.replace(section, relocations=changed))


def _target_size(file: ObjectFile, section: RelocationSection) -> int:
    """The size of the content that a relocation section patches."""
    target = file.sections[section.target]
    _, content = split(encode_section(target))
    if target.id:
        return len(content)
    return len(content) - 1 - len(getattr(target, "name", "").encode())


def relocation_offset(file: ObjectFile, record: Record) -> bytes | None:
    """A site that ends behind its section."""
    found = _relocations(file)
    if not found:
        return None
    at, section = found[record.below(len(found))]
    last = section.relocations[-1]
    width = SHAPES[RelocationType(last.type)].width
    offset = _target_size(file, section) - record.pick((0, width - 1, 1))
    entry = last._replace(offset=max(offset, last.offset))
    changed = dataclasses.replace(section, relocations=[*section.relocations, entry])
    return with_section(file, at, changed)


def relocation_far(file: ObjectFile, record: Record) -> bytes | None:
    return _with_relocations(
        file,
        record,
        lambda entries, _, record: [
            *entries,
            entries[-1]._replace(offset=record.pick((0x100000, 0xFFFFFFFB, HUGE))),
        ],
    )


def relocation_index(file: ObjectFile, record: Record) -> bytes | None:
    return _with_relocations(
        file,
        record,
        lambda entries, at, record: replace_at(
            entries, at, entries[at]._replace(index=record.pick(FAR))
        ),
    )


def _by_symbol(entry: Relocation) -> bool:
    return entry.type != RelocationType.TYPE_INDEX_LEB


def relocation_symbol_kind(file: ObjectFile, record: Record) -> bytes | None:
    """A relocation against a symbol of a kind that it cannot name."""
    found = linking_of(file)
    if found is None:
        return None
    symbols = found[1].symbols

    def change(entries: list[Relocation], at: int, record: Record) -> list[Relocation] | None:
        allowed = SHAPES[RelocationType(entries[at].type)].symbols
        others = [n for n, symbol in enumerate(symbols) if symbol.kind not in allowed]
        if not others:
            return None
        wrong = others[record.below(len(others))]
        return replace_at(entries, at, entries[at]._replace(index=wrong))

    return _with_relocations(file, record, change, _by_symbol)


def relocation_kind(file: ObjectFile, record: Record) -> bytes | None:
    return _with_relocations(
        file,
        record,
        lambda entries, at, record: replace_at(
            entries, at, entries[at]._replace(type=record.pick((27, 28, 0x7F)))
        ),
    )


def relocation_order(file: ObjectFile, record: Record) -> bytes | None:
    """The last relocation in front of one with a smaller offset."""
    return _with_relocations(
        file,
        record,
        lambda entries, _, record: (
            [entries[-1], *entries[:-1]] if entries[-1].offset > entries[0].offset else None
        ),
    )


def relocation_overlap(file: ObjectFile, record: Record) -> bytes | None:
    """Two relocations of the same bytes: odd, the later one counts."""
    return _with_relocations(
        file,
        record,
        lambda entries, at, _: [*entries[: at + 1], entries[at], *entries[at + 1 :]],
    )


def relocation_target(file: ObjectFile, record: Record) -> bytes | None:
    found = _relocations(file)
    if not found:
        return None
    at, section = found[record.below(len(found))]
    target = record.pick((at, len(file.sections), 50_000, HUGE))
    return with_section(file, at, dataclasses.replace(section, target=target))


def relocation_of_nothing(file: ObjectFile, record: Record) -> bytes | None:
    """Relocations for a section that holds nothing to patch."""
    found = _relocations(file)
    patched = (SectionId.CUSTOM, SectionId.CODE, SectionId.DATA)
    others = [at for at, other in enumerate(file.sections) if other.id not in patched]
    if not found or not others:
        return None
    at, section = found[record.below(len(found))]
    return with_section(file, at, dataclasses.replace(section, target=others[0], relocations=[]))


def relocation_count(file: ObjectFile, record: Record) -> bytes | None:
    found = _relocations(file)
    if not found:
        return None
    at, section = found[record.below(len(found))]
    name = section.name.encode()
    part = encode_section(section)
    _, content = split(part)
    head = bytes((len(name),)) + name + encode_unsigned(section.target)
    count = len(section.relocations)
    rest = content[len(head) + len(encode_unsigned(count, section.count_width)) :]
    other = record.pick((count + 1, count - 1, 0x10000, HUGE))
    return with_bytes(file, at, sized(0, head + encode_unsigned(other) + rest))


def relocation_addend(file: ObjectFile, record: Record) -> bytes | None:
    """An addend of more than 32 bits where there are 32."""
    return _with_relocations(
        file,
        record,
        lambda entries, at, record: replace_at(
            entries, at, entries[at]._replace(addend=record.pick((1 << 31, 1 << 40, -(1 << 33))))
        ),
        lambda entry: SHAPES[RelocationType(entry.type)].addend_bits == 32,
    )


def late_linking(file: ObjectFile, record: Record) -> bytes | None:
    """The linking section behind the relocations that refer to it."""
    found = _relocations(file)
    linking = sections_of(file, LinkingSection)
    if not found or not linking:
        return None
    parts = encoded(file)
    moved = parts.pop(linking[0][0])
    return assemble([*parts[: found[-1][0]], moved, *parts[found[-1][0] :]])


DAMAGES: tuple[Damage, ...] = (
    Damage("linking.late", late_linking, None, rule=LINKING),
    Damage("relocation.offset", relocation_offset, None, rule=LINKING),
    Damage("relocation.far", relocation_far, None, rule=LINKING),
    Damage("relocation.index", relocation_index, None, rule=LINKING),
    Damage("relocation.symbol-kind", relocation_symbol_kind, None, rule=LINKING),
    Damage("relocation.kind", relocation_kind, None, rule=LINKING),
    Damage("relocation.order", relocation_order, None, rule=LINKING),
    Damage("relocation.overlap", relocation_overlap, None, refused=False),
    Damage("relocation.target", relocation_target, None, rule=LINKING),
    Damage("relocation.target-kind", relocation_of_nothing, None, rule=LINKING),
    Damage("relocation.count", relocation_count, None, rule=LINKING),
    Damage("relocation.addend", relocation_addend, None, rule=LINKING),
)

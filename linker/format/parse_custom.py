"""The custom sections `name`, `producers` and `target_features`."""

from __future__ import annotations

from linker.format.constants import ExternalKind, NameSubsection
from linker.format.leb128 import LebError, decode_unsigned
from linker.format.model import (
    NameSection,
    ProducersSection,
    Section,
    TargetFeature,
    TargetFeaturesSection,
)
from linker.format.parse_state import FileState
from linker.format.reader import Reader

_PRODUCER_FIELDS = ("language", "processed-by", "sdk")
_UNKNOWN_FIELD = "producers section field is not named one of language, processed-by, or sdk"
_FEATURE_PREFIXES = (0x2B, 0x2D)
_REQUIRED_FEATURE = 0x3D
_NAMES_END = "name sub-section ended prematurely"
_INDEXED = {
    int(NameSubsection.FUNCTION): "function",
    int(NameSubsection.GLOBAL): "global",
    int(NameSubsection.DATA_SEGMENT): "data segment",
}


def parse_producers(reader: Reader, state: FileState, size_width: int) -> Section:
    """ProducersSection.md: fields and the names in a field are unique."""
    fields: list[tuple[str, list[tuple[str, str]]]] = []
    seen_fields: set[str] = set()
    for _ in range(reader.u32()):
        start = reader.pos
        field_name = reader.name()
        if field_name in seen_fields:
            detail = f"field {field_name!r} stands twice"
            raise reader.wrong(start, "producers section does not have unique fields", detail)
        if field_name not in _PRODUCER_FIELDS:
            raise reader.wrong(start, _UNKNOWN_FIELD, f"field {field_name!r}")
        seen_fields.add(field_name)
        values: list[tuple[str, str]] = []
        seen: set[str] = set()
        for _ in range(reader.u32()):
            start = reader.pos
            producer = reader.name()
            version = reader.name()
            if producer in seen:
                detail = f"producer {producer!r} stands twice"
                raise reader.wrong(start, "producers section contains repeated producer", detail)
            seen.add(producer)
            values.append((producer, version))
        fields.append((field_name, values))
    return ProducersSection(fields, size_width)


def parse_target_features(reader: Reader, state: FileState, size_width: int) -> Section:
    """Linking.md, "Target Features Section"."""
    features: list[TargetFeature] = []
    seen: set[str] = set()
    for _ in range(reader.u32()):
        start = reader.pos
        prefix = reader.byte()
        is_known = prefix in _FEATURE_PREFIXES
        if not is_known and not (state.reading.required_features and prefix == _REQUIRED_FEATURE):
            raise reader.wrong(start, "unknown feature policy prefix", f"prefix 0x{prefix:02x}")
        start = reader.pos
        name = reader.name()
        if name in seen:
            problem = f'target features section contains repeated feature "{name}"'
            raise reader.wrong(start, problem)
        seen.add(name)
        features.append(TargetFeature(chr(prefix), name))
    return TargetFeaturesSection(features, size_width)


def parse_names(reader: Reader, state: FileState, size_width: int) -> Section:
    """Core specification, "Name Section"; checks as in LLVM's `parseNameSection`."""
    subsections: list[tuple[int, int, list[tuple[int, str]] | bytes]] = []
    seen: dict[int, set[int]] = {kind: set() for kind in _INDEXED}
    limits = {
        int(NameSubsection.FUNCTION): state.totals[ExternalKind.FUNCTION],
        int(NameSubsection.GLOBAL): state.totals[ExternalKind.GLOBAL],
        # LLVM takes the number behind the last segment, too.
        int(NameSubsection.DATA_SEGMENT): (
            len(state.segment_sizes) + (1 if state.reading.unused_parts else 0)
        ),
    }
    while reader.pos < reader.end:
        kind = reader.byte()
        size, width = reader.padded_u32()
        if kind in _INDEXED:
            start = reader.pos
            end = start + size
            entries = _name_map(reader, kind, limits[kind], seen[kind])
            if end > reader.end:
                detail = f"name subsection of {size} bytes is longer than the content"
                raise reader.wrong(start, _NAMES_END, detail)
            if reader.pos != end:
                what = "too few" if end > reader.pos else "too many"
                detail = f"{abs(end - reader.pos)} bytes {what} in a name subsection"
                raise reader.wrong(min(reader.pos, end), _NAMES_END, detail)
            subsections.append((kind, width, entries))
        else:
            content = reader.take(size, "name subsection", "name section ended prematurely")
            subsections.append((kind, width, content))
    return NameSection(subsections, size_width)


def _name_map(reader: Reader, kind: int, limit: int, seen: set[int]) -> list[tuple[int, str]]:
    entries: list[tuple[int, str]] = []
    append = entries.append
    content = reader.content
    what = _INDEXED[kind]
    needs_name = kind != NameSubsection.DATA_SEGMENT
    count = reader.u32()
    pos = reader.pos
    end = reader.end
    padded = reader.padded
    try:
        for _ in range(count):
            start = pos
            index = content[pos]
            pos += 1
            if index >= 0x80:
                index, pos = decode_unsigned(content, start, 32, padded)
            length = content[pos]
            pos += 1
            if length >= 0x80:
                length, pos = decode_unsigned(content, pos - 1, 32, padded)
            after = pos + length
            if after > end:
                raise reader.too_long(start, "name", length)
            if index in seen:
                short = what.removeprefix("data ")
                detail = f"{what} {index} is named twice"
                raise reader.wrong(start, f"{short} named more than once", detail)
            if index >= limit:
                detail = f"name of {what} {index} of {limit}"
                raise reader.wrong(start, f"invalid {what} name entry", detail)
            if needs_name and not length:
                detail = f"empty name of {what} {index}"
                raise reader.wrong(start, f"invalid {what} name entry", detail)
            seen.add(index)
            append((index, str(content[pos:after], "utf-8", "surrogateescape")))
            pos = after
    except IndexError:
        raise reader.cut_off() from None
    except LebError as error:
        raise reader.bad_number(error) from None
    reader.pos = pos
    return entries

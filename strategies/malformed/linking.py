"""Damage to symbols, init functions, comdats, features and names."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import cast

from linker.format.constants import (
    ComdatKind,
    ExternalKind,
    SymbolFlag,
    SymbolKind,
)
from linker.format.encode import encode_section
from linker.format.model import (
    CodeSection,
    Comdat,
    ComdatEntry,
    DataReference,
    DataSection,
    ImportSection,
    InitFunction,
    NameSection,
    ObjectFile,
    ProducersSection,
    SegmentInfo,
    Symbol,
    TargetFeature,
    TargetFeaturesSection,
)
from strategies.choices import Record
from strategies.malformed.damage import (
    FAR,
    HUGE,
    LINKING,
    Damage,
    assemble,
    choose,
    encoded,
    linking_of,
    relinked,
    replace_at,
    sections_of,
    with_section,
)

_LOCAL = int(SymbolFlag.BINDING_LOCAL)
_WEAK = int(SymbolFlag.BINDING_WEAK)
_UNDEFINED = int(SymbolFlag.UNDEFINED)
_HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)


# -- symbols ---------------------------------------------------------------------------------


def _with_symbol(
    file: ObjectFile,
    record: Record,
    wanted: Callable[[Symbol], bool],
    change: Callable[[Symbol, Record], Symbol],
) -> bytes | None:
    """The file with one of the symbols that are wanted replaced."""
    found = linking_of(file)
    if found is None:
        return None
    symbols = found[1].symbols
    which = [number for number, symbol in enumerate(symbols) if wanted(symbol)]
    if not which:
        return None
    at = which[record.below(len(which))]
    return relinked(file, symbols=replace_at(symbols, at, change(symbols[at], record)))


def _more_symbols(file: ObjectFile, *symbols: Symbol) -> bytes | None:
    found = linking_of(file)
    return None if found is None else relinked(file, symbols=[*found[1].symbols, *symbols])


def _is_indexed(symbol: Symbol) -> bool:
    return symbol.kind not in (SymbolKind.DATA, SymbolKind.SECTION)


def symbol_index(file: ObjectFile, record: Record) -> bytes | None:
    return _with_symbol(
        file,
        record,
        _is_indexed,
        lambda symbol, record: dataclasses.replace(symbol, index=record.pick(FAR)),
    )


def symbol_kind(file: ObjectFile, record: Record) -> bytes | None:
    return _more_symbols(
        file, Symbol(cast("SymbolKind", record.pick((6, 7, 0xFF))), _LOCAL, "odd", 0)
    )


def symbol_undefined(file: ObjectFile, record: Record) -> bytes | None:
    """A definition that says it is none, or the other way round."""
    return _with_symbol(
        file,
        record,
        _is_indexed,
        lambda symbol, _: dataclasses.replace(symbol, flags=symbol.flags ^ _UNDEFINED),
    )


def symbol_twice(file: ObjectFile, record: Record) -> bytes | None:
    """Two symbols of one name that are not local."""
    found = linking_of(file)
    if found is None:
        return None
    named = [s for s in found[1].symbols if s.name and not s.flags & _LOCAL]
    if not named:
        return None
    return _more_symbols(file, named[record.below(len(named))])


def _defined_data(symbol: Symbol) -> bool:
    return symbol.data is not None and not symbol.flags & int(SymbolFlag.ABSOLUTE)


def _moved(segment: bool) -> Callable[[Symbol, Record], Symbol]:
    def change(symbol: Symbol, record: Record) -> Symbol:
        assert symbol.data is not None
        number = record.pick((50_000, 0x10000, 0xFFFFFFF0))
        data = symbol.data
        changed = (
            DataReference(number, data.offset, data.size)
            if segment
            else DataReference(data.segment, 0x10000 + number, data.size)
        )
        return dataclasses.replace(symbol, data=changed)

    return change


def symbol_segment(file: ObjectFile, record: Record) -> bytes | None:
    return _with_symbol(file, record, _defined_data, _moved(segment=True))


def symbol_offset(file: ObjectFile, record: Record) -> bytes | None:
    return _with_symbol(file, record, _defined_data, _moved(segment=False))


def symbol_size(file: ObjectFile, record: Record) -> bytes | None:
    """A symbol that is longer than its segment: odd, and all linkers take it."""

    def change(symbol: Symbol, record: Record) -> Symbol:
        assert symbol.data is not None
        return dataclasses.replace(symbol, data=symbol.data._replace(size=record.pick(FAR)))

    return _with_symbol(file, record, _defined_data, change)


def symbol_section(file: ObjectFile, record: Record) -> bytes | None:
    return _more_symbols(file, Symbol(SymbolKind.SECTION, _LOCAL, "", record.pick(FAR)))


def symbol_section_global(file: ObjectFile, record: Record) -> bytes | None:
    return _more_symbols(file, Symbol(SymbolKind.SECTION, record.pick((0, _WEAK)), "", 0))


def symbol_weak(file: ObjectFile, record: Record) -> bytes | None:
    """A weak reference to what cannot be null."""
    return _with_symbol(
        file,
        record,
        lambda symbol: (
            symbol.kind in (SymbolKind.GLOBAL, SymbolKind.TABLE, SymbolKind.TAG)
            and bool(symbol.flags & _UNDEFINED)
        ),
        lambda symbol, _: dataclasses.replace(symbol, flags=symbol.flags & ~_LOCAL | _WEAK),
    )


def symbol_name(file: ObjectFile, record: Record) -> bytes | None:
    """A defined symbol whose name is no UTF-8."""
    name = record.pick((b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"a\0b", b"\xf8\x88\x80\x80\x80"))
    return _with_symbol(
        file,
        record,
        lambda symbol: (
            symbol.kind in (SymbolKind.FUNCTION, SymbolKind.DATA)
            and not symbol.flags & _UNDEFINED
            and bool(symbol.flags & _LOCAL)
        ),
        lambda symbol, _: dataclasses.replace(symbol, name=name.decode("utf-8", "surrogateescape")),
    )


def symbol_flags(file: ObjectFile, record: Record) -> bytes | None:
    """A flag that no edition of the convention knows: odd, and ignored."""
    bit = record.pick((0x8, 0x400, 0x1000, 0x80000000))
    return _with_symbol(
        file,
        record,
        lambda symbol: symbol.kind == SymbolKind.FUNCTION,
        lambda symbol, _: dataclasses.replace(symbol, flags=symbol.flags | bit),
    )


def symbol_binding(file: ObjectFile, record: Record) -> bytes | None:
    """A binding of both bits, which is none."""
    return _with_symbol(
        file,
        record,
        lambda symbol: symbol.kind in (SymbolKind.FUNCTION, SymbolKind.DATA),
        lambda symbol, _: dataclasses.replace(symbol, flags=symbol.flags | _WEAK | _LOCAL),
    )


def symbol_local(file: ObjectFile, record: Record) -> bytes | None:
    """A reference that is local: to nothing."""
    return _with_symbol(
        file,
        record,
        lambda symbol: symbol.kind != SymbolKind.SECTION and bool(symbol.flags & _UNDEFINED),
        lambda symbol, _: dataclasses.replace(symbol, flags=symbol.flags & ~_WEAK | _LOCAL),
    )


# -- the other subsections -------------------------------------------------------------------


def segment_info(file: ObjectFile, record: Record) -> bytes | None:
    """More segment names than segments."""
    found = linking_of(file)
    if found is None:
        return None
    data = sections_of(file, DataSection)
    count = len(data[0][1].segments) if data else 0
    missing = count - len(found[1].segments) + 1 + record.below(3)
    more = [SegmentInfo(f".data.more{n}", 0, 0) for n in range(missing)]
    return relinked(file, segments=[*found[1].segments, *more])


def segment_alignment(file: ObjectFile, record: Record) -> bytes | None:
    """An alignment that no address can have."""
    found = linking_of(file)
    which = choose(found[1].segments, record) if found else None
    if found is None or which is None:
        return None
    segment = found[1].segments[which]._replace(alignment=record.pick((32, 33, 63, 64, HUGE)))
    return relinked(file, segments=replace_at(found[1].segments, which, segment))


def _initialised(file: ObjectFile, symbol: int) -> bytes | None:
    found = linking_of(file)
    if found is None:
        return None
    return relinked(file, init_functions=[*found[1].init_functions, InitFunction(1, symbol)])


def init_symbol(file: ObjectFile, record: Record) -> bytes | None:
    return _initialised(file, record.pick(FAR))


def init_kind(file: ObjectFile, record: Record) -> bytes | None:
    """An init function that is no function."""
    found = linking_of(file)
    if found is None:
        return None
    others = [n for n, s in enumerate(found[1].symbols) if s.kind != SymbolKind.FUNCTION]
    return _initialised(file, others[record.below(len(others))]) if others else None


def init_undefined(file: ObjectFile, record: Record) -> bytes | None:
    """An init function that the object does not define: odd, the convention allows it."""
    found = linking_of(file)
    if found is None:
        return None
    undefined = [
        n
        for n, s in enumerate(found[1].symbols)
        if s.kind == SymbolKind.FUNCTION and s.flags & _UNDEFINED
    ]
    return _initialised(file, undefined[record.below(len(undefined))]) if undefined else None


def _grouped(file: ObjectFile, *comdats: Comdat) -> bytes | None:
    found = linking_of(file)
    return None if found is None else relinked(file, comdats=[*found[1].comdats, *comdats])


def _group(*entries: ComdatEntry, name: str = "odd group", flags: int = 0) -> Comdat:
    return Comdat(name, flags, tuple(entries))


def comdat_flags(file: ObjectFile, record: Record) -> bytes | None:
    return _grouped(file, _group(flags=record.pick((1, 2, HUGE))))


def comdat_name(file: ObjectFile, record: Record) -> bytes | None:
    """A group without a name, or two of one name."""
    return _grouped(file, *record.pick(((_group(name=""),), (_group(), _group()))))


def comdat_kind(file: ObjectFile, record: Record) -> bytes | None:
    return _grouped(
        file, _group(ComdatEntry(cast("ComdatKind", record.pick((2, 3, 4, 6, HUGE))), 0))
    )


def comdat_index(file: ObjectFile, record: Record) -> bytes | None:
    kind = record.pick((ComdatKind.FUNCTION, ComdatKind.DATA, ComdatKind.SECTION))
    return _grouped(file, _group(ComdatEntry(kind, record.pick(FAR))))


def comdat_section(file: ObjectFile, record: Record) -> bytes | None:
    """A section of the core specification in a group."""
    core = [at for at, section in enumerate(file.sections) if section.id]
    if not core:
        return None
    return _grouped(file, _group(ComdatEntry(ComdatKind.SECTION, core[record.below(len(core))])))


def comdat_twice(file: ObjectFile, record: Record) -> bytes | None:
    """A function in two groups."""
    code = sections_of(file, CodeSection)
    if not code or not code[0][1].functions:
        return None
    imports = sections_of(file, ImportSection)
    imported = sum(
        entry.kind == ExternalKind.FUNCTION for entry in (imports[0][1].imports if imports else ())
    )
    number = imported + record.below(len(code[0][1].functions))
    entry = ComdatEntry(ComdatKind.FUNCTION, number)
    return _grouped(file, _group(entry), _group(entry, name="another"))


# -- features, producers, names --------------------------------------------------------------


def _with_features(file: ObjectFile, *features: TargetFeature) -> bytes | None:
    found = sections_of(file, TargetFeaturesSection)
    if not found:
        return assemble([*encoded(file), encode_section(TargetFeaturesSection([*features]))])
    at, section = found[0]
    changed = dataclasses.replace(section, features=[*section.features, *features])
    return with_section(file, at, changed)


def feature_prefix(file: ObjectFile, record: Record) -> bytes | None:
    return _with_features(file, TargetFeature(record.pick(("=", "*", "\0")), "odd-feature"))


def feature_twice(file: ObjectFile, record: Record) -> bytes | None:
    prefix = record.pick(("+", "-"))
    return _with_features(
        file, TargetFeature("+", "odd-feature"), TargetFeature(prefix, "odd-feature")
    )


def feature_unknown(file: ObjectFile, record: Record) -> bytes | None:
    """A feature that nobody has heard of: odd, and passed on."""
    return _with_features(file, TargetFeature("+", "odd-feature"))


def _with_producers(file: ObjectFile, *fields: tuple[str, list[tuple[str, str]]]) -> bytes | None:
    later = (ProducersSection, TargetFeaturesSection)
    if any(isinstance(section, later) for section in file.sections):
        return None
    return assemble([*encoded(file), encode_section(ProducersSection([*fields]))])


def producer_field(file: ObjectFile, record: Record) -> bytes | None:
    return _with_producers(file, (record.pick(("author", "")), []))


def producer_twice(file: ObjectFile, record: Record) -> bytes | None:
    one, two = ("tool", "1"), ("tool", "2")
    return _with_producers(
        file, *record.pick(((("sdk", []), ("sdk", [])), (("language", [one, two]),)))
    )


def _with_names(file: ObjectFile, kind: int, *entries: tuple[int, str]) -> bytes | None:
    later = (NameSection, ProducersSection, TargetFeaturesSection)
    if any(isinstance(section, later) for section in file.sections):
        return None
    return assemble([*encoded(file), encode_section(NameSection([(kind, 0, [*entries])]))])


def name_index(file: ObjectFile, record: Record) -> bytes | None:
    return _with_names(file, record.pick((1, 7, 9)), (record.pick((60000, HUGE)), "odd"))


def name_twice(file: ObjectFile, record: Record) -> bytes | None:
    code = sections_of(file, CodeSection)
    if not code or not code[0][1].functions:
        return None
    return _with_names(file, 1, (0, "odd"), (0, "even"))


DAMAGES: tuple[Damage, ...] = (
    Damage("symbol.index", symbol_index, "linking", rule=LINKING),
    Damage("symbol.kind", symbol_kind, "linking", rule=LINKING),
    Damage("symbol.undefined", symbol_undefined, "linking", rule=LINKING),
    Damage("symbol.twice", symbol_twice, "linking", rule=LINKING),
    Damage("symbol.segment", symbol_segment, "linking", rule=LINKING),
    Damage("symbol.offset", symbol_offset, "linking", rule=LINKING),
    Damage("symbol.size", symbol_size, None, refused=False),
    Damage("symbol.section", symbol_section, "linking", rule=LINKING),
    Damage("symbol.section-not-local", symbol_section_global, "linking", rule=LINKING),
    Damage("symbol.weak", symbol_weak, "linking", rule=LINKING),
    Damage("symbol.name", symbol_name, None, refused=False),
    Damage("symbol.flags", symbol_flags, None, refused=False),
    Damage("symbol.binding", symbol_binding, None, refused=False),
    Damage("symbol.local", symbol_local, None, refused=False),
    Damage("segment-info.count", segment_info, "linking", rule=LINKING),
    Damage("segment-info.alignment", segment_alignment, None, refused=False),
    Damage("init-function.symbol", init_symbol, "linking", rule=LINKING),
    Damage("init-function.kind", init_kind, "linking", rule=LINKING),
    Damage("init-function.undefined", init_undefined, None, refused=False),
    Damage("comdat.flags", comdat_flags, "linking", rule=LINKING),
    Damage("comdat.name", comdat_name, "linking", rule=LINKING),
    Damage("comdat.kind", comdat_kind, "linking", rule=LINKING),
    Damage("comdat.index", comdat_index, "linking", rule=LINKING),
    Damage("comdat.section", comdat_section, "linking", rule=LINKING),
    Damage("comdat.twice", comdat_twice, "linking", rule=LINKING),
    Damage("feature.prefix", feature_prefix, "target_features", rule=LINKING),
    Damage("feature.twice", feature_twice, "target_features", rule=LINKING),
    Damage("feature.unknown", feature_unknown, None, refused=False),
    Damage("producer.field", producer_field, "producers", rule="ProducersSection.md"),
    Damage("producer.twice", producer_twice, "producers", rule="ProducersSection.md"),
    Damage("name.index", name_index, "name"),
    Damage("name.twice", name_twice, "name"),
)

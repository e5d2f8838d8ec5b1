"""What a case contains, counted, and the list of all that the strategies promise to make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields

from linker.format.constants import (
    RelocationType,
    SegmentFlag,
    SymbolFlag,
    SymbolKind,
)
from linker.format.model import (
    CustomSection,
    ImportSection,
    LinkingSection,
    ObjectFile,
    ProducersSection,
    RelocationSection,
    TargetFeaturesSection,
)
from strategies.case import Expectation, HostCalls, MustRefuse, ProbeReturns
from strategies.feature_names import ALL_FEATURES
from strategies.program import Program

_KIND = {kind.value: kind.name.lower() for kind in SymbolKind}
_RELOCATION = {kind.value: f"relocation.{kind.name}" for kind in RelocationType}
# Plain numbers: operators of IntFlag are slow, and this runs for every symbol of every case.
_UNDEFINED = int(SymbolFlag.UNDEFINED)
_WEAK = int(SymbolFlag.BINDING_WEAK)
_LOCAL = int(SymbolFlag.BINDING_LOCAL)
_STRINGS = int(SegmentFlag.STRINGS)
_RETAIN = int(SegmentFlag.RETAIN)
_FLAGS = (
    (int(SymbolFlag.VISIBILITY_HIDDEN), "flag.hidden"),
    (int(SymbolFlag.EXPORTED), "flag.exported"),
    (int(SymbolFlag.NO_STRIP), "flag.no-strip"),
    (int(SymbolFlag.EXPLICIT_NAME), "flag.explicit-name"),
    (int(SymbolFlag.ABSOLUTE), "flag.absolute"),
)


def _symbol_feature(kind: int, flags: int) -> str:
    if flags & _UNDEFINED:
        how = "weak-undefined" if flags & _WEAK else "undefined"
    elif flags & _LOCAL:
        how = "local"
    elif flags & _WEAK:
        how = "weak"
    else:
        how = "strong"
    return f"symbol.{_KIND[kind]}.{how}"


def count(
    program: Program, objects: Sequence[ObjectFile], expectations: Sequence[Expectation]
) -> tuple[tuple[str, int], ...]:
    """The features of a case with their counts, sorted by name."""
    found = dict(program.notes)

    def note(name: str) -> None:
        found[name] = found.get(name, 0) + 1

    for unit in program.units:
        note(f"input.{unit.package}")
    style = program.units[0].builder.style
    for field in fields(style):
        if getattr(style, field.name) != field.default:
            note(f"style.{field.name.replace('_', '-')}")
    for object_file in objects:
        for section in object_file.sections:
            if isinstance(section, RelocationSection):
                where = section.name[6:]
                place = {"CODE": "code", "DATA": "data"}.get(where, "custom")
                for relocation in section.relocations:
                    note(f"{_RELOCATION[relocation.type]}")
                    if relocation.addend < 0:
                        note("addend.negative")
                    elif relocation.addend > 0:
                        note("addend.positive")
                note(f"section.reloc.{place}")
            elif isinstance(section, ImportSection):
                for item in section.imports:
                    if item.module.startswith("GOT."):
                        note("import.got")
                    else:
                        note(f"import.{item.kind.name.lower()}")
            elif isinstance(section, LinkingSection):
                _count_linking(section, note)
            elif isinstance(section, CustomSection):
                note("section.debug" if section.name.startswith(".debug") else "section.custom")
            elif isinstance(section, TargetFeaturesSection):
                note("section.target-features")
            elif isinstance(section, ProducersSection):
                note("section.producers")
    for argument in program.arguments:
        if argument.startswith("-") and argument not in program.uncounted:
            note(f"option.{'-y' if argument.startswith('-y') else argument.split('=')[0]}")
    for expectation in expectations:
        if isinstance(expectation, MustRefuse):
            note(f"refusal.{expectation.message_class}")
        elif isinstance(expectation, ProbeReturns):
            note("probe.traps" if expectation.value is None else "probe.returns")
        elif isinstance(expectation, HostCalls):
            note("probe.host-calls")
    return tuple(sorted(found.items()))


def _count_linking(section: LinkingSection, note: Callable[[str], None]) -> None:
    if not section.has_symbol_table:
        note("odd.no-symbol-table")
    places: set[tuple[int, int | None, object]] = set()
    for symbol in section.symbols:
        flags = symbol.flags
        note(_symbol_feature(int(symbol.kind), flags))
        for flag, name in _FLAGS:
            if flags & flag:
                note(name)
        if not flags & _UNDEFINED and symbol.kind != SymbolKind.SECTION:
            where = symbol.data[:2] if symbol.data is not None else None
            place = (int(symbol.kind), symbol.index, where)
            if place in places:
                note("symbol.alias")
            places.add(place)
            if symbol.data is not None and symbol.data.size == 0:
                note("symbol.empty")
    for segment in section.segments:
        base = segment.name.split(".")
        note(f"segment.{base[1] if len(base) > 1 and base[0] == '' and base[1] else 'named'}")
        note(f"alignment.{min(segment.alignment, 7)}")
        if segment.flags & _STRINGS:
            note("segment-flag.strings")
        if segment.flags & _RETAIN:
            note("segment-flag.retain")
    for comdat in section.comdats:
        for entry in comdat.entries:
            note(f"comdat.{entry.kind.name.lower()}")
    for _ in section.init_functions:
        note("symbol.function.initialiser")


__all__ = ["ALL_FEATURES", "count"]

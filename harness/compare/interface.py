"""Imports, exports, start, memories, tables, globals and custom sections, by name."""

from __future__ import annotations

from harness.compare.comparison import Comparison
from harness.compare.view import View, render_type
from linker.format.constants import ExternalKind
from linker.format.model import (
    CustomSection,
    Export,
    GlobalType,
    Import,
    Limits,
    NameSection,
    ProducersSection,
    Section,
    TableType,
    TargetFeaturesSection,
)

SIDES = ("first", "second")


def _kind(kind: ExternalKind) -> str:
    return kind.name.lower()


def _import_text(view: View, entry: Import) -> str:
    """What is imported, with types written out."""
    if isinstance(entry.description, int):
        return view.type_text(entry.description)
    return _description(entry.description)


def _description(description: TableType | Limits | GlobalType) -> str:
    if isinstance(description, GlobalType):
        mutable = "mutable " if description.mutable else ""
        return f"{mutable}{description.value_type.name.lower()}"
    if isinstance(description, TableType):
        # How large a table is follows from what the linker put into it.
        return f"table of {description.element.name.lower()}"
    return f"memory with flags {int(description.flags)}"


def compare_imports(first: View, second: View, comparison: Comparison) -> None:
    """Imports by module, name and kind."""
    sides = [
        {(e.module, e.name, e.kind): _import_text(view, e) for e in view.imports}
        for view in (first, second)
    ]
    for here, there in ((0, 1), (1, 0)):
        for key in sides[here]:
            if key not in sides[there]:
                module, name, kind = key
                comparison.add(
                    f"import.missing.{_kind(kind)}", f"{module}.{name} is only in {SIDES[here]}"
                )
    for key, text in sides[0].items():
        if key in sides[1] and sides[1][key] != text:
            comparison.add("import.type", f"{key[0]}.{key[1]}: {text} and {sides[1][key]}")
    common = [[k for k in side if k in sides[0] and k in sides[1]] for side in sides]
    if common[0] != common[1]:
        comparison.add("import.order", "the same imports stand in another order")


def export_target(view: View, export: Export) -> str:
    """The name of what is exported, "" where the module names it by this export only."""
    if export.kind is ExternalKind.FUNCTION:
        return view.function_name(export.index)
    return ""


def _export_type(view: View, export: Export) -> str:
    if export.kind is ExternalKind.FUNCTION and export.index < len(view.function_types):
        return render_type(view.function_types[export.index])
    if export.kind is ExternalKind.GLOBAL and export.index < len(view.global_types):
        return _description(view.global_types[export.index])
    return ""


def compare_exports(
    first: View, second: View, aliases: dict[str, frozenset[str]], comparison: Comparison
) -> None:
    """Exports by name: kind, type, and the function that is meant."""
    sides = [{export.name: export for export in view.exports} for view in (first, second)]
    for here, there in ((0, 1), (1, 0)):
        for name, export in sides[here].items():
            if name not in sides[there]:
                comparison.add(
                    f"export.missing.{_kind(export.kind)}",
                    f"{name} is only exported by {SIDES[here]}",
                )
    named = first.has_function_names and second.has_function_names
    for name, one in sides[0].items():
        two = sides[1].get(name)
        if two is None:
            continue
        if one.kind is not two.kind:
            comparison.add("export.kind", f"{name}: {_kind(one.kind)} and {_kind(two.kind)}")
            continue
        types = _export_type(first, one), _export_type(second, two)
        if types[0] != types[1]:
            comparison.add("export.type", f"{name}: {types[0]} and {types[1]}")
        targets = export_target(first, one), export_target(second, two)
        if named and not same_function(*targets, aliases):
            key = "export.target"
            if any(target.endswith(".command_export") for target in targets):
                key = "export.target.wrapper"
            comparison.add(key, f"{name}: {targets[0]} and {targets[1]}", subject=name)
    common = [[n for n in side if n in sides[0] and n in sides[1]] for side in sides]
    if common[0] != common[1]:
        comparison.add("export.order", "the same exports stand in another order")


def same_function(first: str, second: str, aliases: dict[str, frozenset[str]]) -> bool:
    """Whether two names mean one function."""
    if first == second:
        return True
    one, two = first.partition("#")[0], second.partition("#")[0]
    return one == two or two in aliases.get(one, frozenset())


def compare_memories(first: View, second: View, comparison: Comparison) -> None:
    """Limits and flags of the memories."""
    if len(first.memories) != len(second.memories):
        comparison.add("memory.count", f"{len(first.memories)} and {len(second.memories)}")
    for one, two in zip(first.memories, second.memories, strict=False):
        if one.flags != two.flags:
            comparison.add("memory.flags", f"flags {int(one.flags)} and {int(two.flags)}")
        if one.minimum != two.minimum:
            comparison.add("memory.minimum", f"{one.minimum} and {two.minimum} pages")
        if one.maximum != two.maximum:
            comparison.add("memory.maximum", f"{one.maximum} and {two.maximum} pages")


def compare_tables(first: View, second: View, comparison: Comparison) -> None:
    """Types of the tables; their contents are `functions.compare_slots`' business."""
    if len(first.tables) != len(second.tables):
        comparison.add("table.count", f"{len(first.tables)} and {len(second.tables)}")
    for one, two in zip(first.tables, second.tables, strict=False):
        if one.element is not two.element:
            comparison.add("table.type", f"{one.element.name} and {two.element.name}")
        if one.limits.flags != two.limits.flags:
            flags = int(one.limits.flags), int(two.limits.flags)
            comparison.add("table.flags", f"flags {flags[0]} and {flags[1]}")
        if one.limits.minimum != two.limits.minimum:
            minima = one.limits.minimum, two.limits.minimum
            comparison.add("table.minimum", f"{minima[0]} and {minima[1]} elements")


def compare_globals(first: View, second: View, comparison: Comparison) -> None:
    """Types of the globals that both modules name alike."""
    sides = [
        {view.global_name(i): kind for i, kind in enumerate(view.global_types)}
        for view in (first, second)
    ]
    for name, kind in sides[0].items():
        other = sides[1].get(name)
        if other is not None and other != kind:
            comparison.add("global.type", f"{name}: {_description(kind)}, {_description(other)}")
    for here, there in ((0, 1), (1, 0)):
        for name in sides[here]:
            # A module that does not name all of its globals may hold it all the same.
            unnamed = any(other.startswith("(") for other in sides[there])
            if name not in sides[there] and not name.startswith("(") and not unnamed:
                comparison.add("global.missing", f"{name} is only in {SIDES[here]}")


def compare_start(
    first: View, second: View, aliases: dict[str, frozenset[str]], comparison: Comparison
) -> None:
    """The start function."""
    if bool(first.start) != bool(second.start):
        comparison.add("start.missing", f"{first.start or 'none'} and {second.start or 'none'}")
    elif not same_function(first.start, second.start, aliases):
        comparison.add("start.function", f"{first.start} and {second.start}")


def _label(section: Section) -> str | None:
    if isinstance(section, CustomSection | NameSection | ProducersSection | TargetFeaturesSection):
        return section.name
    return None


def _key_part(name: str) -> str:
    """A section's name as a part of a key; a name that compilers do not give is "other"."""
    plain = name.strip(".").replace("_", "-").replace(".", "-")
    known = plain.startswith("debug-") or plain in ("name", "producers", "target-features")
    return plain if known else "other"


def compare_custom_sections(first: View, second: View, comparison: Comparison) -> None:
    """Which custom sections there are, and what those say that are parsed."""
    sides = [
        {label: s for s in view.module.sections if (label := _label(s)) is not None}
        for view in (first, second)
    ]
    for here, there in ((0, 1), (1, 0)):
        for name in sides[here]:
            if name not in sides[there]:
                key = f"section.custom.missing.{_key_part(name)}"
                comparison.add(key, f"{name} is only in {SIDES[here]}")
    for name, one in sides[0].items():
        two = sides[1].get(name)
        if isinstance(one, TargetFeaturesSection) and isinstance(two, TargetFeaturesSection):
            texts = [
                sorted(f"{f.prefix}{f.name}" for f in section.features) for section in (one, two)
            ]
            if texts[0] != texts[1]:
                comparison.add("section.custom.target-features", f"{texts[0]} and {texts[1]}")
        elif isinstance(one, ProducersSection) and isinstance(two, ProducersSection):
            fields = [
                sorted((name, sorted(values)) for name, values in section.fields)
                for section in (one, two)
            ]
            if fields[0] != fields[1]:
                comparison.add("section.custom.producers", f"{fields[0]} and {fields[1]}")
        elif isinstance(one, CustomSection) and isinstance(two, CustomSection):
            if len(one.content) != len(two.content):
                sizes = f"{name}: {len(one.content)} and {len(two.content)} bytes"
                debug = "debug." if name.startswith(".debug_") else ""
                comparison.add(f"section.custom.size.{debug}{_key_part(name)}", sizes)
            elif one.content != two.content and not name.startswith(".debug_"):
                # Debug information holds addresses, which differ with the layout.
                comparison.add(f"section.custom.content.{_key_part(name)}", name)
    common = [[n for n in side if n in sides[0] and n in sides[1]] for side in sides]
    if common[0] != common[1]:
        comparison.add("section.custom.order", "the same sections stand in another order")

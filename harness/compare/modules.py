"""Compares two linked modules piece by piece, matched by name."""

from __future__ import annotations

from collections.abc import Sequence

from harness.compare.comparison import Comparison
from harness.compare.data import compare_data
from harness.compare.functions import (
    SYMBOLS,
    check_calls,
    compare_bodies,
    compare_function_sets,
    compare_slots,
)
from harness.compare.inputs import File, Inputs, as_files, read_inputs
from harness.compare.interface import (
    SIDES,
    compare_custom_sections,
    compare_exports,
    compare_globals,
    compare_imports,
    compare_memories,
    compare_start,
    compare_tables,
)
from harness.compare.reading import read_module
from harness.compare.resolve import Resolution, resolve
from harness.compare.sections import split_sections
from harness.compare.view import View
from linker.format.errors import MalformedFile

# Sections of which every byte is compared, by meaning if not as it is.
_WHOLE = frozenset(
    (
        "type",
        "import",
        "function",
        "table",
        "memory",
        "global",
        "export",
        "start",
        "element",
        "data-count",
        "tag",
    )
)
_BY_PART = frozenset(("code", "data"))


def compare_modules(first: bytes, second: bytes, inputs: Sequence[File] = ()) -> Comparison:
    """The differences of two modules, by name.

    `inputs` are the names and contents of the object files and archives that both were linked
    from. With them, every symbol's address and table index is read back from the sites of its
    relocations, and each module is checked by itself as well; without them, numbers in code
    are compared up to a consistent renaming.
    """
    comparison = Comparison()
    modules = [read_module(bytes(module)) for module in (first, second)]
    for side, module in zip(SIDES, modules, strict=True):
        if isinstance(module, MalformedFile):
            comparison.add("module.malformed", f"{side}: {module}", "core specification", side)
    one, two = modules
    if isinstance(one, MalformedFile) or isinstance(two, MalformedFile):
        return comparison
    read = read_inputs(as_files(inputs)) if inputs else Inputs()
    left, right = resolve(View(one), read), resolve(View(two), read)
    _compare(left, right, read, comparison)
    for content, coverage in ((first, comparison.first), (second, comparison.second)):
        for section in split_sections(content):
            if section.label not in _BY_PART:
                known = section.label in _WHOLE or _is_compared(section.label)
                coverage.add(len(section.content), compared=known)
    comparison.sort()
    return comparison


def _is_compared(label: str) -> bool:
    """Custom sections: the contents of debug sections are not compared, names are."""
    return label.startswith("custom.") and not label.startswith("custom..debug")


def _compare(left: Resolution, right: Resolution, inputs: Inputs, comparison: Comparison) -> None:
    one, two = left.view, right.view
    compare_imports(one, two, comparison)
    compare_exports(one, two, inputs.aliases, comparison)
    compare_start(one, two, inputs.aliases, comparison)
    compare_memories(one, two, comparison)
    compare_tables(one, two, comparison)
    compare_globals(one, two, comparison)
    compare_function_sets(one, two, inputs.aliases, comparison)
    check_calls(SIDES[0], left, inputs, comparison)
    check_calls(SIDES[1], right, inputs, comparison)
    compare_bodies(left, right, inputs, comparison)
    compare_slots(left, right, inputs, comparison)
    compare_data(left, right, inputs, comparison)
    compare_custom_sections(one, two, comparison)
    for side, resolution in zip(SIDES, (left, right), strict=True):
        for kind, name in resolution.unlike:
            if kind.startswith("function"):
                detail = f"{side}: the code of {name} is that of no definition"
                comparison.add("function.content", detail, SYMBOLS, side, name)

"""Departures that are other settings of a rule the linker has anyway."""

from __future__ import annotations

import dataclasses

from linker.command_line.arguments import ArgumentList
from linker.command_line.options import Options, UnresolvedPolicy

LINEAR_MEMORY = "__linear_memory"


def seed_settings(options: Options, arguments: ArgumentList) -> Options:
    """The options with the quirks that are on."""
    quirks, change = options.quirks, dataclasses.replace
    if "unused-kept" in quirks:
        options = change(options, gc_sections=False)
    if "features-unchecked" in quirks:
        options = change(options, check_features=False)
    if "names-mangled" in quirks:
        options = change(options, demangle=False)
    if "strings-unmerged" in quirks:
        options = change(options, optimize=0)
    if "table-without-maximum" in quirks:
        options = change(options, growable_table=True)
    if "undefined-imported" in quirks:
        policy = UnresolvedPolicy.IGNORE
        options = change(options, import_undefined=True, unresolved_symbols=policy)
    if "stack-behind-global-base" in quirks and arguments.has("global-base="):
        base = int(arguments.last_value("global-base="))
        options = change(options, stack_first=False, global_base=base)
    if "relocatable-imports-memory" in quirks and options.relocatable:
        options = change(options, memory_import=("env", "memory"), memory_export=None)
    if "linear-memory-name" in quirks and options.memory_import == ("env", "memory"):
        options = change(options, memory_import=("env", LINEAR_MEMORY))
    return options

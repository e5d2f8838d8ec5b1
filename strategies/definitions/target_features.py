"""The features that objects must declare for what they hold (Linking.md, "Target Features")."""

from __future__ import annotations

from collections.abc import Collection

from linker.format.model import TargetFeature
from strategies.command_line import options
from strategies.program import Program

THREADS = ("atomics", "bulk-memory")
GLOBALS = ("mutable-globals",)


def declare_features(program: Program) -> None:
    """Declares what the finished program uses, in its first object, or nowhere if it `lacks` it."""
    uses_threads = program.has("shared-memory") or any(s.thread_local for s in program.slots)
    if program.lacks_threads:
        _take_away(program, THREADS)
    elif uses_threads:
        _declare(program, THREADS)
    if program.has("declared-features") and "--features" not in program.options:
        for unit in program.units:
            if not unit.builder.features:
                unit.builder.features.append(TargetFeature("+", "sign-ext"))
    if program.lacks_mutable_globals:
        _take_away(program, GLOBALS)
    elif program.uses_mutable_global or options.exports_globals(program):
        _declare(program, GLOBALS)


def _take_away(program: Program, names: Collection[str]) -> None:
    for unit in program.units:
        kept = [feature for feature in unit.builder.features if feature.name not in names]
        unit.builder.features[:] = kept


def _declare(program: Program, names: Collection[str]) -> None:
    declared = program.units[0].builder.features
    known = {feature.name for feature in declared}
    declared += [TargetFeature("+", name) for name in names if name not in known]

"""Which cases a run makes, by the linkers that take part in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from harness.adapters.reference import Reference
from harness.lanes import COMPILED, MALFORMED, WELL_FORMED
from strategies import link_cases
from strategies.compiled.cases import COMPILED_FEATURES, CompilerMissing, compiled_cases, compiler
from strategies.features import ALL_FEATURES
from strategies.malformed import ALL_DAMAGES, malformed_cases

if TYPE_CHECKING:
    from harness.adapters.base import Linker
    from harness.minimise import Strategy

# Groups in which wasm-ld departs from the rules, or whose output cannot be run: for runs in which
# the reference tells what is a known departure, and compares bytes.
COMPARED_GROUPS = (
    "known-bugs",
    "thread-local",
    "shared-memory",
    "emit-relocs",
    "relocatable",
    "legacy-exceptions",
    "wrong-index",
    "newer-engines",
)
# What Zig's linker has no options for, and archives that others write; and tags, on which every
# release of it ends at once.
BEYOND_ZIG = (
    "export-options",
    "layout-options",
    "memory-options",
    "output-options",
    "table-options",
    "undefined-options",
    "tags",
    "archive-shapes",
    "steps",
    "stubs",
)


class LaneMissing(Exception):
    """A lane cannot make its cases here; the text says what to install."""


def promised_features(lane: str) -> frozenset[str]:
    """The features that a long run of a lane has."""
    if lane == COMPILED:
        return COMPILED_FEATURES
    return frozenset(ALL_DAMAGES if lane == MALFORMED else ALL_FEATURES)


def plain(avoid: frozenset[str]) -> Strategy:
    """`strategies.link_cases` without some groups of features."""
    return link_cases(avoid=avoid)


def with_compared_groups(avoid: frozenset[str]) -> Strategy:
    """A quarter of the cases may have what only the reference can judge."""
    usual = plain(avoid)
    return st.one_of(usual, usual, usual, link_cases(also=COMPARED_GROUPS, avoid=avoid))


def for_zig(avoid: frozenset[str]) -> Strategy:
    """Three quarters of the cases are such that Zig's linker may get to the end of them."""
    declared = ("declared-features",)
    within = link_cases(also=declared, avoid=avoid.union(BEYOND_ZIG))
    beyond = link_cases(also=declared, avoid=avoid)
    return st.one_of(within, within, within, beyond)


def compiled(avoid: frozenset[str]) -> Strategy:
    """`strategies.compiled.compiled_cases`, which has none of the groups of features."""
    return compiled_cases()


def damaged(avoid: frozenset[str]) -> Strategy:
    """`strategies.malformed.malformed_cases` without some groups of features."""
    return malformed_cases(avoid=avoid)


def strategy_for(
    linkers: Iterable[Linker], lane: str = WELL_FORMED
) -> Callable[[frozenset[str]], Strategy]:
    """The function that makes the strategy for a run of these linkers in a lane of `LANES`.

    What it takes are groups of `strategies.program.GROUPS` that no case is to have.

    Raises:
        LaneMissing: what the lane needs is not installed.
    """
    if lane == COMPILED:
        try:
            compiler()
        except CompilerMissing as problem:
            raise LaneMissing(str(problem)) from problem
        return compiled
    if lane == MALFORMED:
        return damaged
    kinds = set()
    promises = set()
    judges = False
    for linker in linkers:
        kinds.add(linker.kind)
        promises.add(linker.bytes_like)
        judges = judges or (isinstance(linker, Reference) and linker.dialect == "standard")
    if "zig" in kinds:
        return for_zig
    # A linker beside its own dialect: what is right does not matter, only the bytes.
    same_bytes = kinds == {"reference", "lld"} and len(promises) == 1
    if same_bytes or (judges and kinds <= {"reference", "lld"}):
        return with_compared_groups
    return plain

"""Which cases a run makes, by the linkers that take part in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from harness.adapters.reference import Reference
from strategies import link_cases

if TYPE_CHECKING:
    from harness.adapters.base import Linker
    from harness.minimise import Strategy

# Groups in which wasm-ld departs from the rules, or whose output cannot be run: for runs in which
# the reference tells what is a known departure, and compares bytes.
COMPARED_GROUPS = ("known-bugs", "thread-local", "shared-memory", "emit-relocs", "relocatable")
# What Zig's linker has no options for; and tags, on which every release of it ends at once.
BEYOND_ZIG = (
    "export-options",
    "layout-options",
    "memory-options",
    "output-options",
    "table-options",
    "undefined-options",
    "tags",
)


def plain() -> Strategy:
    """`strategies.link_cases()`."""
    return link_cases()


def with_compared_groups() -> Strategy:
    """A quarter of the cases may have what only the reference can judge."""
    return st.one_of(plain(), plain(), plain(), link_cases(also=COMPARED_GROUPS))


def for_zig() -> Strategy:
    """Three quarters of the cases are such that Zig's linker may get to the end of them."""
    declared = ("declared-features",)
    within = link_cases(also=declared, avoid=BEYOND_ZIG)
    return st.one_of(within, within, within, link_cases(also=declared))


def strategy_for(linkers: Iterable[Linker]) -> Callable[[], Strategy]:
    """The function that makes the strategy for a run of these linkers."""
    kinds = set()
    judges = False
    for linker in linkers:
        kinds.add(linker.kind)
        judges = judges or (isinstance(linker, Reference) and linker.dialect == "standard")
    if "zig" in kinds:
        return for_zig
    return with_compared_groups if judges and kinds <= {"reference", "lld"} else plain

"""Statements of what a link says and of options beside the point, by their groups."""

from __future__ import annotations

from strategies.command_line import listings
from strategies.command_line.options import Statement
from strategies.command_line.wrapping import wrap
from strategies.program import Program
from strategies.refusals import diagnostics

_OPTIONS: tuple[tuple[str, Statement, int], ...] = (
    ("listings", listings.listing, 6),
    ("no-effect-options", listings.no_effect, 5),
    ("diagnostics", diagnostics.reporting, 2),
    ("diagnostics", diagnostics.odd_value, 2),
)
_STATEMENTS: tuple[tuple[str, Statement, int], ...] = (
    ("wrapping", wrap, 6),
    ("diagnostics", diagnostics.several, 3),
)


def _chosen(program: Program, kinds: tuple[tuple[str, Statement, int], ...]) -> list[Statement]:
    # A case with one reason to be refused is not given others.
    left_out = "diagnostics" if program.has("refusals") else ""
    return program.likely(kind for kind in kinds if kind[0] != left_out)


def options(program: Program) -> list[Statement]:
    """The kinds of statements of this case that add options only."""
    return _chosen(program, _OPTIONS)


def statements(program: Program) -> list[Statement]:
    """The kinds of statements of this case that add to its objects, too."""
    return _chosen(program, _STATEMENTS)

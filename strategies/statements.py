"""The statements beside definitions and plain references, by their groups."""

from __future__ import annotations

from collections.abc import Callable

from strategies.choices import Record
from strategies.definitions.constructors import constructor, destructors, reactor
from strategies.definitions.custom_sections import custom_section, producers, target_features
from strategies.definitions.data_edges import edge
from strategies.definitions.multitudes import multitude
from strategies.definitions.oddities import odd
from strategies.definitions.producers import other_producer
from strategies.program import Program
from strategies.refusals.disagreements import differ
from strategies.refusals.refused import refuse
from strategies.uses.crowds import crowd
from strategies.uses.imports import idle_reference, imported_global, imported_table
from strategies.uses.instructions import instruction
from strategies.uses.linker_symbols import linker_defined, start_stop
from strategies.uses.newer import newer
from strategies.uses.operands import operand
from strategies.uses.stub_libraries import (
    give_data,
    give_global,
    idle_line,
    missing_need,
    need,
    odd_line,
)
from strategies.uses.tables import use_tables
from strategies.uses.threads import block, start_thread, wait_and_notify, wide_thread_local
from strategies.uses.throws import imported_tag, rethrow, throw_and_catch, typed_try_table
from strategies.uses.views import compare_views, set_and_get

Statement = Callable[[Program, Record], None]

KINDS: tuple[tuple[str, Statement, int], ...] = (
    ("constructors", constructor, 6),
    ("constructors", destructors, 2),
    ("constructors", reactor, 1),
    ("custom", custom_section, 4),
    ("debug", custom_section, 4),
    ("features", target_features, 3),
    ("producers", producers, 3),
    ("other-producers", other_producer, 5),
    ("linker-defined", linker_defined, 6),
    ("start-stop", start_stop, 3),
    ("sizes", crowd, 2),
    ("many", multitude, 3),
    ("archives", idle_reference, 2),
    ("dead", idle_reference, 2),
    ("imports", imported_global, 2),
    ("refusals", refuse, 13),
    ("disagreements", differ, 4),
    ("odd", odd, 8),
    ("tables", imported_table, 1),
    ("instructions", instruction, 10),
    ("instructions", operand, 7),
    ("tags", throw_and_catch, 5),
    ("tags", rethrow, 2),
    ("tags", typed_try_table, 2),
    ("tags", imported_tag, 1),
    ("tables", use_tables, 6),
    ("globals", set_and_get, 3),
    ("views", compare_views, 8),
    ("edges", edge, 8),
    ("newer-engines", newer, 6),
    ("stubs", need, 8),
    ("stubs", give_global, 2),
    ("stubs", give_data, 1),
    ("stubs", idle_line, 3),
    ("stubs", missing_need, 1),
    ("stubs", odd_line, 1),
    ("shared-memory", block, 3),
    ("shared-memory", start_thread, 6),
    ("shared-memory", wait_and_notify, 2),
    ("thread-local", wide_thread_local, 2),
)


def statements(program: Program) -> list[Statement]:
    """The kinds of statements that this case may have."""
    return program.likely(KINDS)

"""What must come of links in steps, and the memory that options ask for."""

from __future__ import annotations

import pytest

from linker.format.constants import SymbolFlag, SymbolKind
from strategies import MustRefuse
from strategies.choices import Record
from strategies.command_line.memory_sizes import make_room
from strategies.command_line.options import PAGE, output
from strategies.definitions.custom_sections import custom_section
from strategies.expectations import expect, starting_calls
from strategies.meaning import resolve
from strategies.objects.builder import ObjectBuilder
from strategies.objects.code import Code
from strategies.program import TO_INT, VOID, Program, Slot, Unit, UnknownValue, between_bounds
from strategies.uses.addresses import data_address

LOCAL = int(SymbolFlag.BINDING_LOCAL)
WEAK = int(SymbolFlag.BINDING_WEAK)


def program_of(*builders: ObjectBuilder) -> Program:
    return Program(frozenset(), [Unit(at, builder) for at, builder in enumerate(builders)])


@pytest.mark.parametrize("in_steps", [False, True])
def test_names_that_collide_hide_what_else_is_wrong(in_steps: bool) -> None:
    """And are hidden by it: names of a member that is taken late collide late."""
    first, second = ObjectBuilder("first"), ObjectBuilder("second")
    for builder in (first, second):
        builder.define_function("f", TO_INT, Code())
    program = program_of(first, second)
    program.refusal = ("undefined-symbol", "a strong reference without a definition")
    meaning = resolve((first, second), [(0, False), (1, False)])
    assert expect(program, meaning, None, in_steps) == []
    program.refusal = None
    (refused,) = expect(program, meaning, None, in_steps)
    assert isinstance(refused, MustRefuse)
    assert refused.message_class == "duplicate-symbol"


def test_a_second_copy_may_not_be_taken_in_a_step() -> None:
    builder = ObjectBuilder("a")
    builder.define_function("f", TO_INT, Code())
    meaning = resolve((builder,), [(0, False), (0, False)])
    assert expect(program_of(builder), meaning, None, in_steps=True) == []
    assert expect(program_of(builder), meaning, None, in_steps=False) != []


def test_what_a_lost_group_defines_is_missing_where_duplicates_are_allowed() -> None:
    user = ObjectBuilder("user")
    user.undefined_function("f", TO_INT)
    program = program_of(user)
    program.partial_uses.append((Slot(SymbolKind.FUNCTION, "f", partial=True), 0))
    program.refusal = ("duplicate-symbol", "two strong definitions of one name")
    program.options["--muldefs"] = "--allow-multiple-definition"
    (refused,) = expect(program, resolve((user,), [(0, False)]), None, in_steps=False)
    assert isinstance(refused, MustRefuse)
    assert refused.message_class == "undefined-symbol"


def test_the_bounds_of_a_section_hold_both_copies_of_an_object() -> None:
    builder = ObjectBuilder("a")
    assert between_bounds(resolve((builder,), [(0, False)]), 0, 7) == 7
    with pytest.raises(UnknownValue):
        between_bounds(resolve((builder,), [(0, False), (0, False)]), 0, 7)


def test_a_name_in_a_group_and_outside_of_it() -> None:
    """The group that is first in a step may lose in the last link, and the name with it."""
    inside, outside = ObjectBuilder("inside"), ObjectBuilder("outside")
    inside.define_function("f", TO_INT, Code(), 0, "g")
    order = [(0, False), (1, False)]
    assert not resolve((inside, outside), order).has_names_in_and_outside_groups()
    outside.define_function("f", TO_INT, Code(), WEAK)
    assert resolve((inside, outside), order).has_names_in_and_outside_groups()


def test_a_second_archive_gives_what_the_first_ones_member_lost() -> None:
    member, user, other = (ObjectBuilder(name) for name in ("member", "user", "other"))
    member.define_function("f", TO_INT, Code(), 0, "g")
    user.define_function("h", TO_INT, Code(), 0, "g")
    user.undefined_function("f", TO_INT)
    other.define_function("f", TO_INT, Code())
    builders = (member, user, other)
    meaning = resolve(builders, [(0, True), (1, False), (2, True)])
    assert meaning.find(1, user.by_name["f"]) == (2, other.by_name["f"])


@pytest.mark.parametrize(
    ("flags", "group", "calls"), [(LOCAL, "g", 1), (LOCAL, None, 2), (0, "g", 2)]
)
def test_a_local_constructor_of_a_group_runs_for_the_first_of_two_copies(
    flags: int, group: str | None, calls: int
) -> None:
    builder = ObjectBuilder("a")
    symbol = builder.define_function("start", VOID, Code(), flags, group)
    program = program_of(builder)
    program.options["--muldefs"] = "--allow-multiple-definition"
    program.units[0].constructors.append((1, symbol))
    program.starters[0, symbol] = "trace.start"
    meaning = resolve((builder,), [(0, False), (0, False)])
    assert starting_calls(program, meaning) == ("trace.start",) * calls


def test_a_step_may_make_data_of_a_string_without_its_end() -> None:
    program = program_of(ObjectBuilder("a"))
    program.refusal = ("string-not-terminated", "a mergeable string without its zero")
    meaning = resolve([unit.builder for unit in program.units], [(0, False)])
    assert expect(program, meaning, None, in_steps=True) == []
    assert expect(program, meaning, None, in_steps=False) == [MustRefuse(*program.refusal)]


def test_names_may_collide_before_a_file_is_found_to_be_no_object() -> None:
    first, second = ObjectBuilder("first"), ObjectBuilder("second")
    first.define_function("f", TO_INT, Code())
    program = program_of(first, second)
    unreadable = ("malformed-object", "a file that is no object is linked")
    meaning = resolve((first, second), [(0, False), (1, False)])
    assert expect(program, meaning, unreadable, in_steps=False) == [MustRefuse(*unreadable)]
    second.define_function("f", TO_INT, Code())
    meaning = resolve((first, second), [(0, False), (1, False)])
    assert expect(program, meaning, unreadable, in_steps=False) == []


def test_an_unsigned_number_where_a_signed_one_stands_is_not_compressed() -> None:
    """Without its padding 64 would read as -64."""
    builder = ObjectBuilder("a")
    symbol = builder.define_data("d", builder.segment(".data.d"), 0, 0, 0)
    program = program_of(builder)
    data_address(program, program.units[0], Code(), symbol, 0, 4)
    program.options["--strip"] = "--strip-all"
    output(program, Record(b"\xff\xff"))
    assert "--compress-relocations" not in program.options
    program.unsigned_constants = False
    output(program, Record(b"\xff\xff"))
    assert "--compress-relocations" in program.options
    data_address(program, program.units[0], Code(), symbol, 0, 4)
    assert not program.unsigned_constants


def test_a_step_may_forget_that_a_reference_was_strong() -> None:
    """What a lost group alone defined is said to be missing in one link only."""
    user = ObjectBuilder("user")
    user.undefined_function("f", TO_INT)
    program = program_of(user)
    program.partial_uses.append((Slot(SymbolKind.FUNCTION, "f", partial=True), 0))
    meaning = resolve((user,), [(0, False)])
    assert expect(program, meaning, None, in_steps=True) == []
    (refused,) = expect(program, meaning, None, in_steps=False)
    assert isinstance(refused, MustRefuse)
    assert refused.message_class == "undefined-symbol"


def test_memory_is_large_enough_for_the_data_and_where_it_begins() -> None:
    """Sizes of options grow until data, stack and heap fit."""
    builder = ObjectBuilder("a")
    builder.segments[builder.segment(".bss.large")].content += bytes(20 * PAGE)
    program = program_of(builder)
    program.options = {"--global-base": f"--global-base={8 * PAGE}"}
    program.arguments = [f"--initial-memory={20 * PAGE}", f"--max-memory={90 * PAGE}"]
    make_room(program)
    initial, largest = (int(word.partition("=")[2]) for word in program.arguments)
    assert initial >= (8 + 20 + 1) * PAGE
    assert initial % PAGE == 0
    assert largest == 90 * PAGE


def test_sizes_that_are_no_numbers_stay() -> None:
    program = program_of(ObjectBuilder("a"))
    program.arguments = ["--initial-memory=1e6"]
    make_room(program)
    assert program.arguments == ["--initial-memory=1e6"]


def test_memory_that_is_too_small_on_purpose_stays() -> None:
    program = program_of(ObjectBuilder("a"))
    program.refusal = ("memory-too-small", "the stack alone is larger")
    program.options = {"stack-size": f"stack-size={2 * PAGE}"}
    program.arguments = [f"--initial-memory={PAGE}"]
    make_room(program)
    assert program.arguments == [f"--initial-memory={PAGE}"]


@pytest.mark.parametrize("checks", [False, True])
def test_features_are_listed_only_where_nothing_is_checked(checks: bool) -> None:
    """--features lists what objects have by then; --check-features may stand there already."""
    for choices in range(256):
        program = program_of(ObjectBuilder("a"))
        if checks:
            program.options["--no-check-features"] = "--check-features"
        # The fifth of six kinds of options.
        output(program, Record(bytes((190, choices))))
        if "--features" in program.options:
            assert "--no-check-features" in program.arguments


def test_a_custom_section_needs_what_it_refers_to() -> None:
    """Even debug information, where nothing is left out: a name that only a lost group defined is
    missing."""
    winner, loser = ObjectBuilder("winner"), ObjectBuilder("loser")
    program = program_of(winner, loser)
    slot = Slot(SymbolKind.FUNCTION, "f", partial=True)
    slot.signature = TO_INT
    program.slots.append(slot)
    custom_section(program, Record(b"\0" * 3 + b"\xff" * 8))
    assert [custom.sites for custom in winner.customs] != [[]]
    assert program.partial_custom_uses == [(slot, 0)]
    user = ObjectBuilder("user")
    user.undefined_function("f", TO_INT)
    meaning = resolve((user,), [(0, False)])
    assert not any(isinstance(entry, MustRefuse) for entry in expect(program, meaning, None, False))
    program.arguments.append("--no-gc-sections")
    (refused,) = expect(program, meaning, None, False)
    assert isinstance(refused, MustRefuse)
    assert refused.message_class == "undefined-symbol"

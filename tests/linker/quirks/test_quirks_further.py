"""Departures of wasm-ld 22 in links that need more than one example."""

from __future__ import annotations

import pytest

from linker.format.model import InitExpr
from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker, link_here
from tests.linker.objects import (
    DROP,
    EXPORTED,
    TO_I32,
    WEAK,
    Declaration,
    Part,
    R,
    Site,
    absolute,
    address,
    call,
    custom,
    data,
    function,
    global_starting_with,
    global_variable,
    pointer,
    returning,
    undefined_data,
    undefined_function,
    undefined_global,
)
from tests.linker.quirk_inputs import address_only
from tests.linker.quirks.test_quirks import linked


@pytest.mark.parametrize(
    ("reference", "use", "definition"),
    [
        (undefined_function("x"), call("x"), data("x", b"1")),
        (undefined_data("x"), address_only("x"), function("x")),
    ],
    ids=["data called", "address of a function"],
)
def test_a_definition_of_another_kind_that_was_not_compared(
    reference: Declaration, use: Part | list[Part], definition: Declaration
) -> None:
    """Taken out of an archive, it is used as what it is not: nobody knows what comes of it."""
    body = use if isinstance(use, list) else [use]
    unit = assemble(reference, function("f", body, flags=EXPORTED))
    files = {"lib.a": archive(assemble(definition)), "a.o": unit}
    arguments = ["--no-entry", "lib.a", "a.o"]
    assert "symbol type mismatch: x" in link_here(files, arguments).errors[0]
    (error,) = link_here(files, arguments, "lld-22").errors
    assert "arbitrary numbers" in error


def test_kinds_of_references_matter_where_they_are_used(link: Linker) -> None:
    """wasm-ld does not compare them; it stumbles where it writes a number for one."""
    asks = assemble(undefined_function("x"), function("f", call("x"), flags=EXPORTED))
    names = assemble(undefined_data("x"), custom(".debug_info", pointer("x")), function("g"))
    files = {"a.o": asks, "b.o": names}
    for options in ("-r", "--no-entry --allow-undefined"):
        arguments = [*options.split(), "a.o", "b.o"]
        assert "symbol type mismatch: x" in link_here(files, arguments).errors[0]
        (error,) = link_here(files, arguments, "lld-22").errors
        assert "arbitrary numbers" in error
        assert "mismatch" in link.refusal(
            asks, names, options=f"{options} --strip-debug", departs=True
        )


@pytest.mark.parametrize("second", [undefined_global("x"), undefined_function("x")])
def test_a_strong_reference_of_another_kind_counts(link: Linker, second: Declaration) -> None:
    """With what the weak one asked for: a module imports it, `-r` keeps it undefined."""
    first = assemble(undefined_data("x", flags=WEAK), function("f", flags=EXPORTED))
    for options in ("-r", "--allow-undefined"):
        message = link.refusal(first, assemble(second), options=options, departs=True)
        assert "symbol type mismatch: x" in message


@pytest.mark.parametrize("comes", [function("x"), global_variable("x"), undefined_function("x")])
def test_weak_references_wait_for_a_kind(link: Linker, comes: Declaration) -> None:
    """An archive offers `x`; what comes is something else than the data that was asked for."""
    first = assemble(undefined_data("x", flags=WEAK), function("f"))
    second = assemble(comes)
    message = link.refusal(
        first, second, lib__a=archive(assemble(function("x"))), order="lib.a a.o b.o", departs=True
    )
    assert "symbol type mismatch: x" in message


def test_an_initial_value_of_unknown_instructions_keeps_the_first(link: Linker) -> None:
    """`i32.const 7` and an instruction on references that wasm-ld passes over."""
    value = InitExpr(b"\x41\x07\xfb\x1c\x0b")
    unit = assemble(global_starting_with("x", value, flags=EXPORTED))
    options = "--features=mutable-globals"
    refusal = link.refusal(unit, options=options, departs=True)
    assert "invalid opcode in init_expr: 251" in refusal
    _, module = link.link_with_wasm_ld({"a.o": unit}, ["--no-entry", options, "a.o"])
    assert b"\x41\x07\x0b" in (module or b"")


def test_an_initial_value_that_begins_with_an_unknown_instruction(link: Linker) -> None:
    unit = assemble(global_starting_with("x", InitExpr(b"\xfb\x1c\x0b"), flags=EXPORTED))
    refusal = link.refusal(unit, options="--features=mutable-globals", departs=True)
    assert "invalid opcode in init_expr: 251" in refusal


def test_a_place_in_a_function_whose_group_a_member_lost() -> None:
    """Debug information of what lost-member-symbol-zero leaves without a definition."""
    files = {
        "a.o": assemble(returning("other", 1, comdat="group")),
        "b.a": archive(assemble(returning("f", 2, comdat="group"))),
        "c.o": assemble(
            undefined_function("f", type=TO_I32),
            function("user", [*call("f"), DROP], flags=EXPORTED),
            custom(".debug_info", Site(R.FUNCTION_OFFSET_I32, "f")),
        ),
    }
    arguments = ["--no-entry", *files]
    assert link_here(files, arguments).errors[0] == "c.o: undefined symbol: f"
    (error,) = link_here(files, arguments, "lld-22").errors
    assert "crashes here" in error


def test_an_absolute_symbol_without_data_to_move_it_to() -> None:
    unit = assemble(absolute("x", 4096), function("f", address("x"), type=TO_I32, flags=EXPORTED))
    assert linked(link_here({"a.o": unit}, ["--no-entry", "a.o"])).run("f") == 4096
    refused = link_here({"a.o": unit}, ["--no-entry", "a.o"], "lld-22")
    assert "wasm-ld 22 crashes here" in refused.errors[0]

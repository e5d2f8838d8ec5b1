"""Departures of wasm-ld 22 in links that need more than one example."""

from __future__ import annotations

import pytest

from linker.format.model import InitExpr
from tests.linker.assemble import archive, assemble
from tests.linker.conftest import link_here
from tests.linker.objects import (
    DROP,
    EXPORTED,
    TO_I32,
    Declaration,
    Part,
    R,
    Site,
    call,
    custom,
    data,
    function,
    global_starting_with,
    returning,
    undefined_data,
    undefined_function,
)
from tests.linker.test_quirks import address_only, linked


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


def test_an_initial_value_of_unknown_instructions_keeps_the_first() -> None:
    """`i32.const 7` and an instruction on references that wasm-ld passes over."""
    value = InitExpr(b"\x41\x07\xfb\x1c\x0b")
    files = {"a.o": assemble(global_starting_with("x", value, flags=EXPORTED))}
    arguments = ["--no-entry", "--features=mutable-globals", "a.o"]
    assert "invalid opcode 0xfb" in link_here(files, arguments).errors[0]
    module = linked(link_here(files, arguments, "lld-22")).module
    assert b"\x41\x07\x0b" in module
    unknown = InitExpr(b"\xfb\x1c\x0b")
    files = {"a.o": assemble(global_starting_with("x", unknown, flags=EXPORTED))}
    (error,) = link_here(files, arguments, "lld-22").errors
    assert error == "unknown opcode in init expr: 251"


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

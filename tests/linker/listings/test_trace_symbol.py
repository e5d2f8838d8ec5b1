"""`--trace-symbol`: each line is compared with wasm-ld's by the fixture `link`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker
from tests.linker.objects import (
    EXPORTED,
    NO_STRIP,
    TO_I32,
    UNREACHABLE,
    WEAK,
    address,
    call,
    const,
    data,
    function,
    function_pointer,
    global_get,
    global_variable,
    returning,
    table,
    tag,
    throw,
    undefined_data,
    undefined_function,
    undefined_global,
    undefined_table,
)
from tests.linker.wasm_ld import run_wasm_ld, run_weld_ld
from tests.programs.build import BUILDERS

CALLER = assemble(function("start", call("f"), flags=EXPORTED))


def test_a_reference_and_a_definition(link: Linker) -> None:
    linked = link(CALLER, assemble(function("f")), options="-y f")
    assert linked.stdout == "a.o: reference to f\nb.o: definition of f\n"


def test_only_the_names_that_are_given(link: Linker) -> None:
    assert link(CALLER, assemble(function("f")), options="-y g --trace-symbol=h").stdout == ""


def test_every_definition_that_counts_is_printed(link: Linker) -> None:
    files = [assemble(function("f", flags=WEAK)), assemble(function("f", flags=WEAK))]
    linked = link(CALLER, *files, assemble(function("f")), options="--trace-symbol=f")
    assert linked.stdout == ("a.o: reference to f\nb.o: definition of f\nd.o: definition of f\n")


def test_members_of_archives(link: Linker) -> None:
    member = assemble(function("f", call("g")), function("g"))
    library = archive(member, assemble(function("h")))
    linked = link(CALLER, library, options="-y f -y g -y h --trace")
    assert linked.stdout == (
        "a.o\n"
        "a.o: reference to f\n"
        "b.a(0.o)\n"
        "b.a(0.o): definition of f\n"
        "b.a(0.o): definition of g\n"
        "b.a(1.o): lazy definition of h\n"
    )


def test_a_lazy_definition_that_is_taken_later(link: Linker) -> None:
    library = archive(assemble(function("f")))
    linked = link(a__a=library, b__o=CALLER, options="-y f")
    assert linked.stdout == (
        "a.a(0.o): lazy definition of f\nb.o: reference to f\na.a(0.o): definition of f\n"
    )


def test_a_reference_that_takes_a_member_is_printed_once(link: Linker) -> None:
    library = archive(assemble(function("f")))
    linked = link(CALLER, library, options="-y f")
    assert linked.stdout.count("reference") == 1


def test_weak_references_to_what_is_in_an_archive(link: Linker) -> None:
    user = assemble(
        function("start", call("f"), flags=EXPORTED), undefined_function("f", flags=WEAK)
    )
    library = archive(assemble(function("f")))
    linked = link(user, library, options="-y f -y undefined_weak:f")
    assert linked.stdout == (
        "a.o: reference to f\n"
        "b.a(0.o): lazy definition of f\n"
        "<internal>: definition of undefined_weak:f\n"
    )


def test_every_kind_of_symbol(link: Linker) -> None:
    user = assemble(
        function("start", address("d"), b"\x1a", global_get("g"), b"\x1a", flags=EXPORTED),
        function("thrower", const(1), throw("t"), flags=EXPORTED),
        undefined_data("d"),
        undefined_global("g"),
        undefined_table("tab"),
    )
    others = assemble(data("d", b"1"), global_variable("g", 1), tag("t"), table("tab"))
    linked = link(user, others, options="-y d -y g -y t -y tab -y thrower")
    lines = linked.stdout.splitlines()
    assert len(lines) == 9
    assert lines.count("b.o: definition of g") == 1


def test_what_the_linker_defines(link: Linker) -> None:
    user = assemble(
        function("start", address("__heap_base"), b"\x1a", flags=EXPORTED),
        undefined_data("__heap_base"),
    )
    options = "-y __heap_base -y __stack_pointer -y __wasm_call_ctors -y __data_end"
    assert link(user, options=options).stdout == (
        "<internal>: definition of __wasm_call_ctors\n"
        "<internal>: definition of __stack_pointer\n"
        "a.o: reference to __heap_base\n"
        "<internal>: definition of __heap_base\n"
    )


def test_the_function_table(link: Linker) -> None:
    start = function("start", function_pointer("start"), b"\x1a", flags=EXPORTED)
    user = assemble(start, undefined_table(flags=NO_STRIP))
    traced = "-y __indirect_function_table"
    reference = "a.o: reference to __indirect_function_table\n"
    assert link(user, options=f"--import-table {traced}").stdout == reference
    definition = "<internal>: definition of __indirect_function_table\n"
    assert link(user, options=traced).stdout == reference + definition


def test_signatures_that_differ(link: Linker) -> None:
    user = assemble(
        function("start", call("f"), b"\x1a", flags=EXPORTED), undefined_function("f", type=TO_I32)
    )
    linked = link(user, assemble(function("f")), CALLER.replace(b"start", b"begin"), options="-y f")
    assert "signature_mismatch:f" in linked.stdout


def test_a_comdat_group_that_lost_is_a_reference(link: Linker) -> None:
    files = [
        assemble(returning(f"f{n}", n, flags=EXPORTED), returning("g", n, flags=WEAK, comdat="g"))
        for n in (1, 2)
    ]
    assert link(*files, options="-y g").stdout == "a.o: definition of g\nb.o: reference to g\n"


def test_the_lines_before_an_error_are_kept(link: Linker) -> None:
    # The fixture compares what is printed before the refusal with wasm-ld's.
    assert "undefined symbol: f" in link.refusal(CALLER, options="-y f")
    twice = assemble(function("f", UNREACHABLE))
    assert "duplicate symbol: f" in link.refusal(CALLER, twice, twice, options="-y f")


def test_relocatable_output(link: Linker) -> None:
    user = assemble(function("start", const(1), b"\x1a", call("f")))
    linked = link(user, options="-r -y f -y __stack_pointer")
    assert linked.stdout == "a.o: reference to f\n"


def test_a_program(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    program = BUILDERS["libc-small"](tmp_path)
    names = ("malloc", "_start", "__heap_base", "__wasm_call_ctors", "main", "printf", "memcpy")
    argv = [*program.link_line, "-o", "x", *(f"--trace-symbol={name}" for name in names)]
    real = run_wasm_ld(argv, tmp_path)
    assert run_weld_ld(argv, tmp_path, capfdbinary) == real
    assert real.stdout.count("\n") > 10

"""The name section (core specification, "Name Section")."""

from __future__ import annotations

import pytest

from linker.format import model
from linker.format.constants import NameSubsection
from tests.linker.assemble import assemble
from tests.linker.conftest import Linker
from tests.linker.objects import (
    DROP,
    EXPORTED,
    LOCAL,
    NO_STRIP,
    TO_I32,
    WEAK,
    call,
    data,
    function,
    global_get,
    global_variable,
    shown_as,
    undefined_function,
    undefined_global,
    word,
)


def test_functions_globals_and_segments_have_names(link: Linker) -> None:
    unit = assemble(
        undefined_function("imported", import_name="i"),
        function("f", call("imported"), flags=EXPORTED),
        global_variable("v", flags=NO_STRIP),
        data("x", word(1), segment=".rodata.x", flags=NO_STRIP),
        data("y", word(1), segment="own", flags=NO_STRIP),
    )
    linked = link(unit)
    assert linked.names(NameSubsection.FUNCTION) == {0: "imported", 1: "f"}
    assert linked.names(NameSubsection.GLOBAL) == {0: "__stack_pointer", 1: "v"}
    assert linked.names(NameSubsection.DATA_SEGMENT) == {0: ".rodata", 1: "own"}


def test_imported_globals_too(link: Linker) -> None:
    unit = assemble(
        undefined_global("v", import_name="w"),
        function("f", global_get("v"), DROP, flags=EXPORTED),
    )
    assert link(unit).global_names == ["v", "__stack_pointer"]


def test_the_module_is_named_after_the_output(link: Linker) -> None:
    section = link(assemble(function("f"))).file.find(model.NameSection)
    assert section is not None
    assert section.subsections[0][2] == b"\x08out.wasm"
    section = link(assemble(function("f")), options="--soname=lib").file.find(model.NameSection)
    assert section is not None
    assert section.subsections[0][2] == b"\x03lib"


@pytest.mark.parametrize(
    ("name", "options", "shown"),
    [
        ("_Z1fi", "", "f(int)"),
        ("_Z1fi", "--no-demangle", "_Z1fi"),
        ("_RNvC1a1b", "", "a::b"),
        ("__main_argc_argv", "", "main"),
        ("__main_argc_argv", "--no-demangle", "main"),
        ("plain", "", "plain"),
        ("_Z!", "", "_Z!"),
        ("ünï", "", "ünï"),
    ],
)
def test_names_are_for_people(link: Linker, name: str, options: str, shown: str) -> None:
    linked = link(assemble(function(name, flags=EXPORTED)), options=options)
    assert linked.functions == [shown]
    assert linked.exports == ["memory", name]


def test_local_symbols_have_names_too(link: Linker) -> None:
    unit = assemble(function("f", call("g"), flags=EXPORTED), function("g", flags=LOCAL))
    assert link(unit, unit_named("g")).functions == ["f", "g"]


def unit_named(name: str) -> bytes:
    return assemble(function(name))


def test_a_name_of_the_objects_name_section_goes_first(link: Linker) -> None:
    unit = assemble(function("f", flags=EXPORTED), shown_as("f", "the function f"))
    assert link(unit).functions == ["the function f"]


def test_a_function_without_a_symbol_has_no_name(link: Linker) -> None:
    unit = assemble(function("", flags=LOCAL | NO_STRIP), function("f", flags=EXPORTED))
    assert link(unit, options="--no-gc-sections").functions == ["__wasm_call_ctors", "f"]


def test_stubs_say_what_they_stand_for(link: Linker) -> None:
    unit = assemble(
        function("f", call("_Z1gv"), call("h"), flags=EXPORTED),
        undefined_function("_Z1gv", flags=WEAK),
    )
    other = assemble(function("h", b"\x41\0", type=TO_I32))
    linked = link(unit, other)
    assert linked.functions == ["signature_mismatch:h", "undefined_weak:g()", "f"]


def test_without_names_when_stripped(link: Linker) -> None:
    assert link(assemble(function("f", flags=EXPORTED)), options="-s").functions == []


def test_messages_use_the_names_for_people(link: Linker) -> None:
    unit = assemble(function("f", call("_Z1gi"), flags=EXPORTED))
    assert link.refusal(unit) == "a.o: undefined symbol: g(int)"
    assert link.refusal(unit, options="--no-demangle") == "a.o: undefined symbol: _Z1gi"

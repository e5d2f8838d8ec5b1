"""Objects made in memory, linked by themselves and with object files."""

from __future__ import annotations

import pytest

from linker.driver import LinkOutput, run
from linker.module import Module
from tests.linker.assemble import assemble
from tests.linker.linked import Linked
from tests.linker.objects import (
    EXPORTED,
    I32,
    TO_I32,
    call,
    function,
    returning,
    signature,
    undefined_function,
)

RETURNS_7 = b"\0\x41\x07\x0b"
RETURNS_8 = b"\0\x41\x08\x0b"


def link(module: Module, *options: str, **files: bytes) -> LinkOutput:
    named = {f"{name}.o": content for name, content in files.items()}
    arguments = ["--no-entry", *options, "-o", "out.wasm", *named]
    return run(arguments, named.__getitem__, module=module)


def linked(module: Module, *options: str, **files: bytes) -> Linked:
    output = link(module, *options, **files)
    assert output.module is not None, output.errors
    found = Linked(output.module)
    found.validate()
    return found


def test_a_module_needs_no_files() -> None:
    module = Module("memory")
    module.export(module.add_function("root.seven", TO_I32, RETURNS_7), "seven")
    found = linked(module)
    assert found.run("seven") == 7
    assert found.functions == ["root.seven"]


def test_objects_call_a_module() -> None:
    module = Module("memory")
    module.add_function("root.other", TO_I32, RETURNS_8)
    module.export(module.add_function("root.seven", TO_I32, RETURNS_7), "seven")
    caller = assemble(
        undefined_function("seven", type=TO_I32),
        function("f", call("seven"), type=TO_I32, flags=EXPORTED),
    )
    assert linked(module, a=caller).run("f") == 7


def test_what_is_not_exported_is_local() -> None:
    module = Module("memory")
    module.add_function("f", TO_I32, RETURNS_7)
    module.export(module.add_function("root.g", TO_I32, RETURNS_8), "g")
    found = linked(module, "--no-gc-sections", a=assemble(returning("f", 1, EXPORTED)))
    assert found.run("f") == 1
    assert found.run("g") == 8


def test_a_name_of_a_module_and_of_an_object_collide() -> None:
    module = Module("memory")
    module.export(module.add_function("root.f", TO_I32, RETURNS_7), "f")
    output = link(module, a=assemble(returning("f", 1)))
    assert output.errors == ("duplicate symbol: f\n>>> defined in memory\n>>> defined in a.o",)


def test_constants_are_aligned_read_only_data() -> None:
    module = Module("memory")
    module.export(module.add_data("root.a", 1, b"1"), "a")
    module.export(module.add_data("root.b", 8, b"12345678"), "b")
    found = linked(module)
    assert [segment.name for segment in found.segments] == [".rodata"]
    assert found.address("b") % 8 == 0
    assert found.read(found.address("b"), 8) == b"12345678"
    assert found.read(found.address("a"), 1) == b"1"


@pytest.mark.parametrize("alignment", [0, 3, -1])
def test_an_alignment_is_a_power_of_two(alignment: int) -> None:
    with pytest.raises(ValueError, match="no power of two"):
        Module("memory").add_data("x", alignment, b"")


def test_equal_types_are_one() -> None:
    module = Module("memory")
    takes = signature((I32,), (I32,))
    module.export(module.add_function("a", TO_I32, RETURNS_7), "a")
    module.export(module.add_function("b", takes, RETURNS_8), "b")
    module.export(module.add_function("c", TO_I32, RETURNS_8), "c")
    found = linked(module)
    assert found.types == [TO_I32, takes]
    assert found.run("b", 1) == 8


def test_an_object_does_not_change_with_its_module() -> None:
    module = Module("memory")
    declaration = module.add_function("root.f", TO_I32, RETURNS_7)
    module.export(declaration, "f")
    before = module.object_file()
    declaration.content = RETURNS_8
    module.add_data("x", 1, b"1")
    assert before != module.object_file()
    assert linked(module).run("f") == 8

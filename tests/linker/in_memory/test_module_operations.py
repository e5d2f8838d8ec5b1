"""Each operation on an object in memory, alone."""

from __future__ import annotations

import pytest

from linker.driver import LinkOutput
from linker.format.encode import encode
from linker.format.parse import parse
from linker.in_memory.declaration import Declaration, LinkerSymbol, Reference
from linker.module import Module
from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker
from tests.linker.linked import Linked
from tests.linker.module_contents import Content, body, calls, calls_through, loads, number
from tests.linker.objects import (
    END,
    EXPORTED,
    TO_I32,
    VOID,
    WEAK,
    R,
    Site,
    call,
    data,
    function,
    returning,
    undefined_function,
    word,
)


def module_with(name: str, content: Content, module: Module) -> Declaration:
    """An exported function."""
    declaration = module.add_function(f"root.{name}", TO_I32, *content)
    module.export(declaration, name)
    return declaration


def flush(module: Module, *options: str, **files: bytes) -> LinkOutput:
    named = {name.replace("__", "."): content for name, content in files.items()}

    def read(path: str) -> bytes:
        if path not in named:
            raise FileNotFoundError(2, "No such file or directory")
        return named[path]

    return module.flush(["--no-entry", *options, "-o", "out.wasm", *named], read)


def linked(module: Module, *options: str, **files: bytes) -> Linked:
    output = flush(module, *options, **files)
    assert output.module is not None, output.errors
    found = Linked(output.module)
    found.validate()
    return found


def errors(module: Module, *options: str, **files: bytes) -> tuple[str, ...]:
    output = flush(module, *options, **files)
    assert output.module is None
    return output.errors


@pytest.fixture
def module() -> Module:
    return Module("memory")


# Declarations and their updates.


def test_a_function_is_updated(module: Module) -> None:
    seven = module_with("f", (number(7), []), module)
    assert linked(module).run("f") == 7
    module.update(seven, number(8))
    assert linked(module).run("f") == 8
    module.update(seven, b"\0" + END, signature=VOID)
    assert linked(module).types == [VOID]


def test_data_is_updated(module: Module) -> None:
    x = module.add_data("root.x", 1, b"\1")
    module_with("f", loads(x), module)
    module.update(x, word(9), alignment=16)
    found = linked(module)
    assert found.run("f") == 9
    assert found.segments[0].address is not None
    assert found.segments[0].address % 16 == 0


def test_what_is_allocated_is_left_out_until_it_is_defined(module: Module) -> None:
    f = module.allocate("root.f", TO_I32)
    module.export(f, "f")
    assert linked(module).exports == ["memory"]
    module.update(f, number(5))
    assert linked(module).run("f") == 5
    module.clear(f)
    assert linked(module).exports == ["memory"]


def test_references_need_a_definition(module: Module) -> None:
    f = module.allocate("root.f", TO_I32)
    g = module_with("g", calls(f), module)
    message = "memory:(root.g): refers to root.f, which has no definition"
    assert errors(module) == (message,)
    module.update(f, number(3))
    assert linked(module).run("g") == 3
    module.free(f)
    assert errors(module) == (message,)
    module.update(g, number(4))
    assert linked(module).run("g") == 4


def test_calls_inside_a_module(module: Module) -> None:
    f = module.allocate("root.f", TO_I32)
    module_with("g", calls(f), module)
    module.update(f, number(1000))
    assert linked(module).run("g") == 1000


def test_the_stack_pointer(module: Module) -> None:
    get = body(b"\x23", Site(R.GLOBAL_INDEX_LEB, "sp"), sp=LinkerSymbol.STACK_POINTER)
    module_with("f", get, module)
    assert linked(module, "-z", "stack-size=4096").run("f") == 4096


# Addresses.


def test_addresses_of_data(module: Module) -> None:
    x = module.add_data("root.x", 4, word(1) + word(2))
    p = module.add_data("root.p", 4, word(0))
    module.address(p, 0, x, addend=4)
    module.export(x, "x")
    module.export(p, "p")
    found = linked(module)
    assert found.word("p") == found.address("x") + 4


def test_addresses_of_functions_go_through_the_table(module: Module) -> None:
    f = module.add_function("root.f", TO_I32, number(6))
    p = module.add_data("root.p", 4, word(0))
    module.address(p, 0, f)
    module_with("g", calls_through(p), module)
    found = linked(module)
    assert found.table_entries == {1: "root.f"}
    assert found.run("g") == 6


def test_an_update_replaces_addresses(module: Module) -> None:
    x = module.add_data("root.x", 4, word(1))
    p = module.add_data("root.p", 4, word(0))
    module.address(p, 0, x)
    module.update(p, word(3))
    module.free(x)
    module.export(p, "p")
    assert linked(module).word("p") == 3


@pytest.mark.parametrize(
    ("offset", "addend", "message"),
    [
        (1, 0, "root.p: TABLE_INDEX_I32 at 1: outside the content"),
        (-1, 0, "root.p: TABLE_INDEX_I32 at -1: outside the content"),
        (0, 4, "root.p: TABLE_INDEX_I32 at 0: takes no addend"),
    ],
)
def test_an_address_has_a_place(module: Module, offset: int, addend: int, message: str) -> None:
    f = module.allocate("root.f", TO_I32)
    p = module.add_data("root.p", 4, word(0))
    with pytest.raises(ValueError, match=message):
        module.address(p, offset, f, addend)
    assert not p.references


def test_addresses_stand_in_data(module: Module) -> None:
    f = module.add_function("root.f", TO_I32, number(1))
    for declaration in (f, module.allocate("root.x")):
        with pytest.raises(ValueError, match="no data that could hold an address"):
            module.address(declaration, 0, f)


def test_references_have_targets_of_the_right_kind(module: Module) -> None:
    x = module.add_data("root.x", 4, word(0))
    content, _ = calls(module.allocate("root.f", TO_I32))
    for target in (x, TO_I32, LinkerSymbol.STACK_POINTER):
        wrong = [Reference(R.FUNCTION_INDEX_LEB, 2, target)]
        with pytest.raises(ValueError, match="the target is of another kind"):
            module.add_function("root.g", TO_I32, content, wrong)
    with pytest.raises(ValueError, match="data has no signature"):
        module.update(x, b"", signature=TO_I32)
    with pytest.raises(ValueError, match="alignment 3 is no power of two"):
        module.update(x, b"", alignment=3)
    assert x.content == word(0)


# Unnamed constants.


def test_unnamed_constants(module: Module) -> None:
    f = module.allocate("root.f", TO_I32)
    module.add_constant(f, 4, word(1))
    second = module.add_constant(f, 4, word(2))
    module.update(f, *loads(second))
    module.export(f, "f")
    assert second.name == "__unnamed_root.f_1"
    assert linked(module).run("f") == 2
    module.clear(f)
    third = module.add_constant(f, 4, word(3))
    assert third.name == "__unnamed_root.f_0"
    module.update(f, *loads(third))
    found = linked(module, "--no-gc-sections")
    assert found.run("f") == 3
    assert [segment.content for segment in found.segments] == [word(3)]


def test_constants_go_with_their_owner(module: Module) -> None:
    f = module.add_function("root.f", TO_I32, number(1))
    constant = module.add_constant(f, 4, word(1))
    with pytest.raises(ValueError, match="belongs to"):
        module.free(constant)
    with pytest.raises(ValueError, match="a constant owns none"):
        module.add_constant(constant, 4, word(1))
    module.free(f)
    with pytest.raises(ValueError, match="was freed"):
        module.update(constant, word(2))
    assert linked(module, "--no-gc-sections").segments == []


# Extern declarations.


def test_an_extern_function_is_imported_from_its_library(module: Module) -> None:
    host = module.add_extern("give", TO_I32, library="host")
    module_with("f", calls(host), module)
    found = linked(module)
    assert found.imports == ["host.give"]
    assert found.run("f", host={"host.give": lambda: 11}) == 11


def test_an_extern_function_is_found_in_objects_and_archives(module: Module) -> None:
    give = module.add_extern("give", TO_I32)
    module_with("f", calls(give), module)
    assert errors(module) == ("memory: undefined symbol: give",)
    assert linked(module, "--allow-undefined").imports == ["env.give"]
    assert linked(module, a__o=assemble(returning("give", 12))).run("f") == 12
    assert linked(module, a__a=archive(assemble(returning("give", 13)))).run("f") == 13


def test_extern_data(module: Module) -> None:
    module_with("f", loads(module.add_extern("x")), module)
    assert linked(module, a__o=assemble(data("x", word(21)))).run("f") == 21
    with pytest.raises(ValueError, match="data cannot be imported"):
        module.add_extern("y", library="host")


def test_weak_extern_data_may_be_missing(module: Module) -> None:
    x = module.add_extern("x", weak=True)
    module_with("f", body(b"\x41", Site(R.MEMORY_ADDR_SLEB, "x"), x=x), module)
    assert linked(module).run("f") == 0


def test_what_was_extern_is_defined_and_extern_again(module: Module) -> None:
    give = module.add_extern("give", TO_I32, library="host")
    module_with("f", calls(give), module)
    module.update(give, number(14))
    found = linked(module)
    assert (found.imports, found.run("f")) == ([], 14)
    module.make_extern(give, library="other")
    assert linked(module).imports == ["other.give"]
    module.free(give)
    assert errors(module) == ("memory:(root.f): refers to give, which has no definition",)


# Exports.


def test_exports_are_added_changed_and_deleted(module: Module) -> None:
    f = module_with("f", (number(1), []), module)
    module.export(f, "again")
    assert linked(module).exports == ["memory", "f", "again"]
    module.export(f, "f", hidden=True)
    assert linked(module).exports == ["memory", "again"]
    module.delete_export(f, "again")
    assert linked(module).exports == ["memory"]
    with pytest.raises(KeyError):
        module.delete_export(f, "again")
    module.export(f, "f")
    assert linked(module).exports == ["memory", "f"]


def test_hidden_exports_are_for_other_objects(module: Module) -> None:
    f = module.add_function("root.f", TO_I32, number(2))
    module.export(f, "f", hidden=True)
    caller = function("g", call("f"), type=TO_I32, flags=EXPORTED)
    other = assemble(undefined_function("f", type=TO_I32), caller)
    found = linked(module, a__o=other)
    assert found.exports == ["memory", "g"]
    assert found.run("g") == 2


def test_both_names_are_one_function(module: Module) -> None:
    f = module_with("f", (number(1), []), module)
    module.export(f, "g")
    found = linked(module)
    assert found.export("f").index == found.export("g").index


def test_a_weak_export_gives_way_to_an_object(module: Module) -> None:
    f = module.add_function("root.f", TO_I32, number(1))
    module.export(f, "f", weak=True)
    module_with("g", calls(f), module)
    assert linked(module).run("g") == 1
    assert linked(module, a__o=assemble(returning("f", 2))).run("g") == 2
    assert linked(module, a__o=assemble(returning("f", 2, WEAK))).run("g") == 1


@pytest.mark.parametrize(
    ("first", "second", "winner"), [(True, False, 2), (False, True, 1), (True, True, 1)]
)
def test_weak_and_strong_exports_of_one_module(
    module: Module, first: bool, second: bool, winner: int
) -> None:
    """The one that loses keeps its own references."""
    a = module.add_function("root.a", TO_I32, number(1))
    b = module.add_function("root.b", TO_I32, number(2))
    module.export(a, "f", weak=first)
    module.export(b, "f", weak=second)
    module_with("a", calls(a), module)
    module_with("b", calls(b), module)
    found = linked(module)
    assert [found.run(name) for name in "fab"] == [winner, 1, 2]


def test_two_strong_exports_of_one_module_collide(module: Module) -> None:
    module_with("f", (number(1), []), module)
    other = module.add_function("root.g", TO_I32, number(2))
    module.export(other, "f")
    assert errors(module) == (
        "duplicate symbol: f\n>>> defined in memory:(root.f)\n>>> defined in memory:(root.g)",
    )
    module.delete_export(other, "f")
    assert linked(module).run("f") == 1


def test_exports_collide_with_objects_and_archives(module: Module) -> None:
    f = module_with("f", (number(1), []), module)
    assert errors(module, a__o=assemble(returning("f", 1))) == (
        "duplicate symbol: f\n>>> defined in memory\n>>> defined in a.o",
    )
    member = archive(assemble(returning("f", 1)))
    assert errors(module, "--whole-archive", a__a=member) == (
        "duplicate symbol: f\n>>> defined in memory\n>>> defined in a.a(0.o)",
    )
    module.export(f, "f", weak=True)
    assert linked(module, a__o=assemble(returning("f", 2, EXPORTED))).run("f") == 2


# Freeing, and slots.


def test_slots_are_used_again_last_freed_first(module: Module) -> None:
    a, b, c = (module.add_function(name, TO_I32, number(1)) for name in "abc")
    module.free(a)
    module.free(b)
    d, e, f = (module.add_function(name, TO_I32, number(1)) for name in "def")
    assert [entry.slot for entry in (a, b, c, d, e, f)] == [None, None, 2, 1, 0, 3]
    assert module.declarations == [e, d, c, f]
    assert linked(module, "--no-gc-sections").functions == ["__wasm_call_ctors", *"edcf"]


def test_constants_take_slots_too(module: Module) -> None:
    a = module.add_data("a", 1, b"a")
    module.add_constant(a, 1, b"0")
    module.add_constant(a, 1, b"1")
    b = module.add_data("b", 1, b"b")
    module.free(a)
    c = module.add_data("c", 1, b"c")
    constant = module.add_constant(c, 1, b"2")
    assert (b.slot, c.slot, constant.slot) == (3, 2, 1)
    assert linked(module, "--no-gc-sections").segments[0].content == b"c2b"


def test_what_is_freed_cannot_be_edited(module: Module) -> None:
    f = module_with("f", (number(1), []), module)
    module.free(f)
    for edit in (
        lambda: module.update(f, number(2)),
        lambda: module.clear(f),
        lambda: module.free(f),
        lambda: module.make_extern(f),
        lambda: module.add_constant(f, 1, b""),
        lambda: module.export(f, "g"),
        lambda: module.delete_export(f, "f"),
        lambda: module.address(f, 0, f),
    ):
        with pytest.raises(ValueError, match="was freed"):
            edit()
    assert linked(module).exports == ["memory"]


# Error names.


def test_error_names_are_filled_in_at_each_flush(module: Module) -> None:
    table = module.error_table()
    module.error_names += ["(no error)", "OutOfMemory"]
    module_with("size", loads(table, 12), module)
    module.export(table, "table")
    found = linked(module)
    assert module.error_table() is table
    assert found.run("size") == 11
    start = found.word("table", 8)
    assert found.read(start, 12) == b"OutOfMemory\0"
    module.error_names[1] = "é"
    module.error_names.append("Last")
    found = linked(module)
    assert found.run("size") == 2
    assert found.read(found.word("table", 8), 8) == "é\0Last\0".encode()
    assert found.word("table", 20) == 4


def test_without_a_table_there_are_no_error_names(module: Module) -> None:
    module.error_names.append("Unused")
    assert linked(module, "--no-gc-sections").segments == []
    table = module.error_table()
    assert b"Unused\0" in linked(module, "--no-gc-sections").segments[0].content
    module.free(table)
    assert linked(module, "--no-gc-sections").segments == []
    assert module.error_table() is not table


def test_error_tables_collide(module: Module) -> None:
    module.error_table()
    (message,) = errors(module, a__o=assemble(data("__zig_err_name_table", word(0))))
    assert message == (
        "duplicate symbol: __zig_err_name_table\n>>> defined in memory\n>>> defined in a.o"
    )


# Together.


@pytest.fixture
def full(module: Module) -> Module:
    """A module with something of everything."""
    x = module.add_data("root.x", 8, word(1) + word(2))
    gone = module.add_data("root.gone", 1, b"123")
    f = module.add_function("root.f", TO_I32, number(300))
    pointers = module.add_data("root.p", 4, word(0) * 2)
    module.address(pointers, 4, x, 4)
    module.address(pointers, 0, f)
    module.free(gone)
    g = module_with("g", calls_through(pointers), module)
    constant = module.add_constant(g, 2, b"ab")
    module.address(module.add_constant(g, 4, word(0)), 0, constant)
    module.export(g, "g2", weak=True)
    host = module.add_extern("give", TO_I32, library="host")
    module_with("h", calls(host), module)
    module_with("e", loads(module.error_table(), 4), module)
    module_with("i", loads(module.add_extern("outside")), module)
    get = body(b"\x23", Site(R.GLOBAL_INDEX_LEB, "sp"), sp=LinkerSymbol.STACK_POINTER)
    module_with("sp", get, module)
    module.error_names.append("Oh")
    return module


def test_written_down_it_is_the_same_object(full: Module) -> None:
    made = full.object_file()
    written = parse(encode(made), "memory")
    for section in written.sections:
        # What parsing says besides: how wide numbers were written.
        if hasattr(section, "size_width"):
            section.size_width = 5
        if hasattr(section, "count_width"):
            section.count_width = 0
    assert len(written.sections) == len(made.sections)
    assert encode(written) == encode(made)


@pytest.mark.parametrize("options", ["", "--no-gc-sections", "-r", "--export-all --emit-relocs"])
def test_wasm_ld_makes_the_same_of_it(full: Module, link: Linker, options: str) -> None:
    """The module is linked as the object file that it would be."""
    files = {"a.o": encode(full.object_file()), "b.o": assemble(data("outside", word(5)))}
    assert link(*files.values(), options=options).module == flush_as("a.o", full, files, options)


def flush_as(name: str, module: Module, files: dict[str, bytes], options: str) -> bytes | None:
    module.name = name
    arguments = ["--no-entry", *options.split(), "-o", "out.wasm", "b.o"]
    return module.flush(arguments, files.__getitem__).module


def test_a_link_leaves_the_module_as_it_was(full: Module) -> None:
    before = [snapshot(entry) for entry in full.declarations]
    other = assemble(data("outside", word(5)))
    first = flush(full, "--no-gc-sections", a__o=other)
    assert first.module is not None
    assert flush(full, "--no-gc-sections", a__o=other) == first
    assert [snapshot(entry) for entry in full.declarations] == before


def snapshot(entry: Declaration) -> tuple[object, ...]:
    """All that a declaration holds, as it is now."""
    constants = [snapshot(constant) for constant in entry.constants]
    exports = list(entry.exports.items())
    return entry.content, entry.references, entry.slot, entry.extern, exports, constants

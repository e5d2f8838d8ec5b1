"""Edits of an object in memory, traced by hand through the document (its lines in the comments).

Each story is told to the dialect and to the linker of `document`; the bytes must be equal, and
what the story says of them must be true.
"""

from __future__ import annotations

import pytest

from linker.format import model
from linker.module import Module
from tests.linker.assemble import assemble
from tests.linker.linked import Linked
from tests.linker.module_contents import number
from tests.linker.objects import (
    EXPORTED,
    LOCAL,
    TO_I32,
    VOID,
    WEAK,
    data,
    returning,
    undefined_data,
    undefined_function,
)
from tests.linker.seed.both import Both

CALL = b"\0\x10\x80\x80\x80\x80\0\x0b"


def linked(flushed: bytes | str) -> Linked:
    assert isinstance(flushed, bytes), flushed
    return Linked(flushed)


def stopped(flushed: bytes | str, place: str) -> None:
    assert flushed == f"seed stops in {place} (quirk "


def names(found: Linked) -> dict[int, str]:
    section = found.file.find(model.NameSection)
    assert section is not None
    entries = next(entries for kind, _, entries in section.subsections if kind == 1)
    assert isinstance(entries, list)
    return dict(entries)


def test_the_slot_of_what_was_freed_answers_to_its_references() -> None:
    both = Both()
    first = both.add("root.a", number(1), signature=TO_I32)
    caller = both.add("root.f", CALL, (("call", 2, first, 0),), TO_I32)
    both.export(caller, "f")
    both.free(first)  # 839: slot 1 is free; the relocation keeps its index 1.
    both.add("root.b", number(2), signature=TO_I32)  # 501: slot 1 again.
    assert linked(both.flush()).run("f") == 2


def test_a_reference_to_a_dead_slot_calls_the_number_that_was_there() -> None:
    both = Both()
    callee = both.add("root.a", number(1), signature=TO_I32)
    caller = both.add("root.f", CALL, (("call", 2, callee, 0),), TO_I32)
    both.export(caller, "f")
    assert linked(both.flush()).run("f") == 1
    # Declaration 0 goes, so that the caller is function 0; the dead symbol still says 0 (841
    # changes the tag only): the caller calls itself.
    both.free(callee)
    found = linked(both.flush())
    assert found.functions == ["root.f"]
    assert found.body("root.f") == CALL


def test_a_dead_symbol_without_a_flush_has_a_number_that_was_never_written() -> None:
    both = Both()
    callee = both.add("root.a", number(1), signature=TO_I32)
    both.export(both.add("root.f", CALL, (("call", 2, callee, 0),), TO_I32), "f")
    both.free(callee)
    flushed = both.flush()
    assert isinstance(flushed, bytes)
    assert b"\x10\xaa\xd5\xaa\xd5\x0a\x0b" in flushed


def test_the_address_of_what_was_freed_stops() -> None:
    both = Both()
    target = both.add("root.x", b"1234")
    both.add("root.p", bytes(4), (("address32", 0, target, 0),))
    both.free(target)
    stopped(both.flush(), "relocationValue")


def test_a_strong_export_is_refused_until_it_is_deleted() -> None:
    both = Both()
    first = both.add("root.a", number(1), signature=TO_I32)
    second = both.add("root.b", number(2), signature=TO_I32)
    both.export(first, "x")
    both.export(second, "x")  # 771: both strong.
    assert both.flush() == "seed error LinkError: "
    both.delete_export(first, "x")
    assert both.flush() == "seed error LinkError: "
    both.delete_export(second, "x")  # 724: it never had a symbol.
    # 729 took the name of the first away, 819 is not undone: exported under its full name.
    assert linked(both.flush()).exports == ["root.a", "memory"]


def test_a_weak_export_that_is_replaced_is_exported_beside_the_strong_one() -> None:
    both = Both()
    first = both.add("root.a", number(1), signature=TO_I32)
    second = both.add("root.b", number(2), signature=TO_I32)
    both.export(first, "x", weak=True)
    both.export(second, "x")  # 785
    assert linked(both.flush()).exports == ["x", "x", "memory"]


def test_a_weak_export_that_comes_second_is_never_made() -> None:
    both = Both()
    first = both.add("root.a", number(1), signature=TO_I32)
    second = both.add("root.b", number(2), signature=TO_I32)
    both.export(first, "x")
    both.export(second, "x", weak=True)  # 783
    both.delete_export(first, "x")
    assert linked(both.flush()).exports == ["root.a", "memory"]


def test_the_last_name_is_the_one_name() -> None:
    both = Both()
    function = both.add("root.a", number(1), signature=TO_I32)
    both.export(function, "x")
    both.export(function, "y")
    assert linked(both.flush()).exports == ["y", "memory"]
    both.delete_export(function, "x")  # 729: the name that goes is y.
    assert linked(both.flush()).exports == ["root.a", "memory"]
    both.delete_export(function, "y")  # 732: root.a is no name.
    stopped(both.flush(), "deleteExport")
    stopped(both.flush(), "deleteExport")


def test_what_was_hidden_stays_hidden() -> None:
    both = Both()
    function = both.add("root.a", number(1), signature=TO_I32)
    both.export(function, "x", hidden=True)  # 797: hidden and weak.
    both.delete_export(function, "x")
    both.export(function, "x")
    assert linked(both.flush()).exports == ["memory"]


def test_a_newcomer_cannot_take_the_name_of_its_slot() -> None:
    both = Both()
    first = both.add("root.a", number(1), signature=TO_I32)
    both.export(first, "x")
    both.free(first)
    second = both.add("root.b", number(2), signature=TO_I32)
    both.export(second, "x")  # 764: the name already means slot 1.
    found = linked(both.flush())
    assert found.exports == ["memory"]
    assert names(found) == {0: "root.b"}


def test_the_name_of_what_was_freed_is_refused_to_others() -> None:
    both = Both()
    first = both.add("root.a", number(1), signature=TO_I32)
    second = both.add("root.b", number(2), signature=TO_I32)
    both.export(first, "x")
    both.free(first)
    both.export(second, "x")  # 771: the dead symbol is strong.
    assert both.flush() == "seed error LinkError: "


def test_a_newcomer_is_exported_under_the_name_of_its_slot() -> None:
    both = Both()
    first = both.add("root.a", number(1), signature=TO_I32)
    both.export(first, "x")
    both.free(first)
    second = both.add("root.b", number(2), signature=TO_I32)
    both.export(second, "root.b")  # 815: its own name is not noted, so 1190 finds x.
    assert linked(both.flush()).exports == ["x", "memory"]


def test_an_import_stays_beside_its_definition() -> None:
    both = Both()
    function = both.allocate("give", TO_I32)
    both.make_extern(function, "host")
    caller = both.add("root.f", CALL, (("call", 2, function, 0),), TO_I32)
    both.export(caller, "f")
    assert linked(both.flush()).imports == ["host.give"]
    both.update(function, number(5))
    found = linked(both.flush())
    assert found.imports == ["host.give"]
    # The definition has the import's name, because it is still marked as undefined (1945).
    assert sorted(names(found).values()) == ["give", "root.f"]
    both.make_extern(function, "other")  # 891: it is in the map.
    assert linked(both.flush()).imports == ["host.give"]
    both.free(function)  # 851
    assert linked(both.flush()).imports == []


def test_an_import_whose_definition_is_exported_has_no_name_left() -> None:
    both = Both()
    function = both.allocate("give", TO_I32)
    both.make_extern(function)
    both.update(function, number(5))
    both.export(function, "x")  # 827 removes the import; nothing removes the flag.
    stopped(both.flush(), "emitNameSection")


def test_without_names_it_is_just_not_exported() -> None:
    both = Both(strip=True)
    function = both.allocate("give", TO_I32)
    both.make_extern(function)
    both.update(function, number(5))
    both.export(function, "x")
    assert linked(both.flush()).exports == ["memory"]


def test_a_new_declaration_in_the_slot_of_a_defined_import_stops() -> None:
    both = Both()
    function = both.allocate("give", TO_I32)
    both.make_extern(function)
    both.update(function, number(5))
    both.free(function)  # 850: it is not extern any more, so the import stays.
    both.add("root.b", number(6), signature=TO_I32)
    stopped(both.flush(), "flushModule")  # 1657


def test_the_table_keeps_what_was_once_taken() -> None:
    both = Both()
    function = both.add("root.a", number(1), signature=TO_I32)
    pointer = both.add("root.p", bytes(4), (("table32", 0, function, 0),))
    both.update(pointer, b"none")
    both.free(function)
    flushed = both.flush()
    assert isinstance(flushed, bytes)
    # One entry: the number that the dead symbol never got.
    assert b"\x01\xaa\xd5\xaa\xd5\x0a" in flushed


def test_types_are_never_forgotten() -> None:
    both = Both()
    both.free(both.add("root.a", b"\0\x0b", signature=VOID))
    both.add("root.b", number(1), signature=TO_I32)
    assert linked(both.flush()).types == [VOID, TO_I32]


def test_constants_outlive_the_content_that_they_were_made_for() -> None:
    both = Both()
    owner = both.add("root.d", b"d")
    both.add_constant(owner, b"one")
    both.clear(owner)
    both.update(owner, b"D")
    both.add_constant(owner, b"two")
    assert linked(both.flush()).segments[0].content == b"Donetwo"


def test_freeing_an_older_constant_stops() -> None:
    both = Both()
    owner = both.add("root.d", b"d")
    both.add_constant(owner, b"one")
    both.flush()
    both.free(owner)
    stopped(both.flush(), "freeDecl")  # 847


def test_freeing_a_constant_before_a_flush_moves_the_last_symbol() -> None:
    both = Both()
    owner = both.add("root.d", b"d")
    both.add_constant(owner, b"one")
    for name in ("a", "b", "c"):
        both.export(both.add(f"root.{name}", number(1), signature=TO_I32), name)
    both.free(owner)
    # 846: [sp, d, one, a, b, c] -> [sp, d, c, a, b]; 853: -> [sp, b, c, a].
    assert linked(both.flush()).exports == ["b", "c", "a", "memory"]


def test_an_address_in_older_data_stops() -> None:
    both = Both()
    target = both.add("root.x", b"1234")
    pointer = both.add("root.p", bytes(4), (("address32", 0, target, 0),))
    both.flush()
    both.update(pointer, bytes(4), (("address32", 0, target, 0),))
    stopped(both.flush(), "getDeclVAddr")  # 694


def test_an_address_in_newer_data_is_right() -> None:
    both = Both()
    target = both.add("root.x", b"1234")
    both.flush()
    both.add("root.p", bytes(4), (("address32", 0, target, 0),))
    found = linked(both.flush())
    assert found.segments[0].content == b"1234" + (65536).to_bytes(4, "little")


@pytest.mark.parametrize(("before", "fits"), [(5, True), (6, False)])
def test_the_map_of_pieces_has_room_for_those_of_the_first_flush(before: int, fits: bool) -> None:
    both = Both()
    for index in range(before):
        both.add(f"root.{index}", b"1")
    both.flush()
    both.add("root.x", b"x")
    # A map of eight takes six: the new one is in it, the others come back unasked (1010).
    if fits:
        linked(both.flush())
    else:
        stopped(both.flush(), "allocateAtoms")


def test_the_error_names_come_first_and_only_once() -> None:
    both = Both()
    both.module.error_names[:] = ["Oops"]
    both.add("root.d", b"data")
    both.error_table()
    found = linked(both.flush())
    address = (65536 + 8).to_bytes(4, "little")
    # The table is aligned to four bytes, and so is the size of the segment.
    assert found.segments[0].content == address + b"\4\0\0\0" + b"Oops\0data" + bytes(3)
    stopped(both.flush(), "populateErrorNameTable")  # 1407


def test_an_imported_table_is_good_for_one_flush() -> None:
    both = Both(import_table=True)
    both.add("root.a", number(1), signature=TO_I32)
    assert linked(both.flush()).imports == ["env.__indirect_function_table"]
    stopped(both.flush(), "mergeSections")  # 1641 puts the name, 1100 finds it.


def test_an_entry_that_lost_its_name_stops() -> None:
    both = Both()
    function = both.add("root.a", number(1), signature=TO_I32)
    both.export(function, "_start")
    assert linked(both.flush()).exports == ["_start", "memory"]
    both.delete_export(function, "_start")
    stopped(both.flush(), "setupStart")  # 1223


def test_a_cleared_function_keeps_its_size() -> None:
    both = Both()
    both.clear(both.add("root.a", number(1), signature=TO_I32))
    flushed = both.flush()
    assert isinstance(flushed, bytes)
    # Five bytes of count, the size, and nothing.
    assert b"\x0a\x86\x80\x80\x80\0\x81\x80\x80\x80\0\x04\0" in flushed


def test_cleared_data_stops() -> None:
    both = Both()
    both.clear(both.add("root.d", b"d"))
    stopped(both.flush(), "flushModule")  # 1880


def test_data_that_never_had_a_content_stops() -> None:
    both = Both()
    both.allocate("root.d")
    stopped(both.flush(), "StringTable.get")  # 937


def test_declarations_stand_in_hash_order_with_holes() -> None:
    both = Both()
    functions = [both.add(f"root.{n}", number(n), signature=TO_I32) for n in range(6)]
    # Of eight places 0, 1, 6, 3, then 1 is taken: 2, and for the next 4.
    assert list(names(linked(both.flush())).values()) == [f"root.{n}" for n in (0, 1, 4, 3, 5, 2)]
    both.free(functions[1])
    both.free(functions[4])
    # The number that was freed last is the first to be given again (4, then 1).
    both.add("root.6", number(6), signature=TO_I32)
    both.add("root.7", number(7), signature=TO_I32)
    assert list(names(linked(both.flush())).values()) == [f"root.{n}" for n in (0, 6, 7, 3, 5, 2)]


# Relocatable output.


def test_relocations_are_placed_as_if_a_cleared_body_were_there() -> None:
    both = Both(relocatable=True)
    callee = both.add("root.a", number(1), signature=TO_I32)
    both.clear(callee)
    both.add("root.f", CALL, (("call", 2, callee, 0),), TO_I32)
    flushed = both.flush()
    assert isinstance(flushed, bytes)
    # Section 3, one relocation: a call at 13 (five for the count, one for each size (2662), four
    # for a body that is not there, and two) against symbol 1, behind the stack pointer.
    assert b"reloc.CODE\x03\x81\x80\x80\x80\0\0\x0d\x01" in flushed


def test_relocations_are_placed_as_if_an_empty_body_had_no_size_field() -> None:
    both = Both(relocatable=True)
    both.allocate("root.a", TO_I32)
    callee = both.add("root.b", number(1), signature=TO_I32)
    both.add("root.f", CALL, (("call", 2, callee, 0),), TO_I32)
    flushed = both.flush()
    assert isinstance(flushed, bytes)
    # Declaration 2 is placed last: 5, nothing (2632), 1 and 4 for root.b, 1, and 2.
    assert b"reloc.CODE\x03\x81\x80\x80\x80\0\0\x0d\x01" in flushed


def test_a_call_to_a_freed_function_stops() -> None:
    both = Both(relocatable=True)
    callee = both.add("root.a", number(1), signature=TO_I32)
    both.add("root.f", CALL, (("call", 2, callee, 0),), TO_I32)
    both.free(callee)
    stopped(both.flush(), "emitCodeRelocations")  # 2666


def test_a_local_symbol_has_the_name_that_its_slot_was_exported_under() -> None:
    both = Both(relocatable=True)
    first = both.add("root.a", b"1")
    both.export(first, "x")
    both.free(first)
    both.add("root.b", b"2")
    flushed = both.flush()
    assert isinstance(flushed, bytes)
    # 2561 asks for the export's name whatever the flags say.
    assert b"\x01\x02\x01x" in flushed
    assert b"\x06root.b" not in flushed


# With object files: no bytes here, as each file can be linked once.


def flush_twice(content: bytes, *options: str) -> tuple[bytes | None, tuple[str, ...]]:
    module = Module("memory")
    module.export(module.add_function("root.own", TO_I32, number(1)), "own")
    arguments = ["--no-entry", "-o", "out.wasm", *options, "a.o"]
    first = module.flush(arguments, lambda _: content, "seed")
    assert first.errors == ()
    second = module.flush(arguments, lambda _: content, "seed")
    if second.module is not None:
        assert second.module == first.module
    return second.module, second.errors


@pytest.mark.parametrize(
    ("content", "error"),
    [
        # 398: the definition is found under its own name.
        (
            assemble(returning("f", 5, EXPORTED)),
            "seed error SymbolCollision: duplicate symbol: f\n>>> defined in a.o",
        ),
        # 377: it is in the list of resolved symbols.
        (
            assemble(returning("f", 5, LOCAL), returning("g", 5)),
            "seed stops in resolveSymbolsInObject (quirk files-linked-again): local symbol f",
        ),
        # 418: it is replaced by itself; 160 never ends.
        (
            assemble(undefined_function("f", type=TO_I32)),
            "seed stops in getSymbol (quirk files-linked-again): f of a.o stands for itself",
        ),
    ],
)
def test_a_file_is_linked_once(content: bytes, error: str) -> None:
    module, errors = flush_twice(content)
    assert module is None
    assert errors[0].startswith(error)


def test_a_file_without_symbols_is_linked_again_and_again() -> None:
    assert flush_twice(assemble())[1] == ()


def test_a_weak_reference_to_data_is_resolved_again_and_again() -> None:
    # 410: weak and weak. Without -s the first flush ends at the name section.
    assert flush_twice(assemble(undefined_data("x", flags=WEAK)), "-s")[1] == ()


def test_relocatable_output_is_good_for_one_flush() -> None:
    _, errors = flush_twice(assemble(), "-r")
    assert errors[0].startswith("seed stops in mergeSections (quirk strings-remembered)")


def test_an_export_takes_a_symbol_of_a_file_for_itself() -> None:
    # Symbol 1 of the file is x, and slot 1 is the declaration: 764 compares numbers only.
    content = assemble(undefined_data("w", flags=WEAK), undefined_data("x", flags=WEAK))
    module = Module("memory")
    function = module.add_function("root.f", TO_I32, number(1))
    arguments = ["--no-entry", "-s", "-o", "out.wasm", "a.o"]
    assert module.flush(arguments, lambda _: content, "seed").errors == ()
    module.export(function, "x")
    module.export(module.add_function("root.g", TO_I32, number(1)), "w")
    output = module.flush(arguments, lambda _: content, "seed")
    assert output.module is not None
    assert Linked(output.module).exports == ["w", "memory"]


def test_another_command_line_is_another_linker() -> None:
    module = Module("memory")
    function = module.add_function("root.f", TO_I32, number(1))
    module.export(function, "f")
    for name in ("a.wasm", "b.wasm"):
        module.error_table()
        output = module.flush(["--no-entry", "-o", name], dialect="seed")
        assert output.errors == ()
    assert module.flush(["--no-entry", "-o", "a.wasm"], dialect="seed").errors
    assert module.flush(["--no-entry", "-o", "a.wasm"]).errors == ()


def test_a_named_data_symbol_is_exported_as_a_memory() -> None:
    both = Both()
    both.export(both.add("root.d", b"data"), "d")
    assert linked(both.flush()).exports == ["d", "memory"]


def test_a_file_collides_with_the_name_of_what_was_freed() -> None:
    module = Module("memory")
    function = module.add_function("root.f", TO_I32, number(1))
    module.export(function, "x")
    module.free(function)
    content = assemble(data("x", b"1"))
    output = module.flush(["--no-entry", "-o", "out.wasm", "a.o"], lambda _: content, "seed")
    assert output.errors[0].startswith("seed error SymbolCollision: duplicate symbol: x")


def test_the_files_before_a_missing_one_are_linked_twice() -> None:
    files = {"a.o": assemble(returning("f", 5, EXPORTED))}

    def read(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[path]

    module = Module("memory")
    arguments = ["--no-entry", "-o", "out.wasm", "a.o", "b.o"]
    output = module.flush(arguments, read, "seed")
    assert output.errors[0].startswith("seed error FileNotFound: ")
    files["b.o"] = assemble()
    # 351: a.o stayed in the list; its second copy collides with the first.
    output = module.flush(arguments, read, "seed")
    assert output.errors[0].startswith("seed error SymbolCollision: duplicate symbol: f")


def test_an_import_that_a_file_defines_does_not_stop_relocatable_output() -> None:
    module = Module("memory")
    extern = module.add_extern("give", TO_I32)
    module.add_function("root.f", TO_I32, number(1))
    content = assemble(returning("give", 5, EXPORTED))
    arguments = ["-r", "-o", "out.o"]
    defined = module.flush([*arguments, "a.o"], lambda _: content, "seed")
    assert defined.errors == ()
    assert extern.extern is not None
    missing = module.flush(arguments, dialect="seed")
    assert missing.errors[0].startswith("seed stops in emitSymbolTable")

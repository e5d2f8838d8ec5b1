"""The indirect function table, and tables of the program.

Linking.md, "Processing Relocations": the entries begin at a place that is not zero. The rest is
wasm-ld's (resolveIndirectFunctionTable, finalizeIndirectFunctionTable).
"""

from __future__ import annotations

import pytest
import wasmtime

from linker.format.constants import LimitsFlag, ValueType
from linker.format.encode import encode
from linker.format.model import (
    CodeSection,
    ElementSection,
    ElementSegment,
    InitExpr,
    Limits,
    TableType,
)
from linker.format.parse import parse
from tests.linker.assemble import assemble
from tests.linker.conftest import Linker
from tests.linker.objects import (
    EQUAL,
    EXPORTED,
    EXTERNREF,
    FUNCTION_TABLE,
    LOCAL,
    NO_STRIP,
    TO_I32,
    VOID,
    WEAK,
    address,
    call_indirect,
    const,
    data,
    function,
    function_pointer,
    function_reference,
    function_word,
    load,
    returning,
    table,
    table_size,
    undefined_function,
    undefined_table,
    word,
)

USER = assemble(
    function("call", function_pointer("f"), call_indirect(TO_I32), type=TO_I32, flags=EXPORTED),
    function("place", function_pointer("f"), type=TO_I32, flags=EXPORTED),
    undefined_function("f", type=TO_I32),
    undefined_table(),
)
F = assemble(returning("f", 7))


def limits(minimum: int, maximum: int | None = None) -> Limits:
    flags = LimitsFlag(0) if maximum is None else LimitsFlag.HAS_MAX
    return Limits(flags, minimum, maximum)


@pytest.mark.parametrize(
    ("options", "expected", "place", "is_imported", "is_exported"),
    [
        ("", limits(2, 2), 1, False, False),
        ("--table-base=5", limits(6, 6), 5, False, False),
        ("--table-base=0", limits(2, 2), 1, False, False),
        ("--growable-table", limits(2), 1, False, False),
        ("--export-table", limits(2, 2), 1, False, True),
        ("--export-table --growable-table", limits(2), 1, False, True),
        ("--import-table", limits(2), 1, True, False),
        ("--import-table --table-base=9", limits(10), 9, True, False),
    ],
)
def test_the_function_table(
    link: Linker,
    options: str,
    expected: Limits,
    place: int,
    is_imported: bool,
    is_exported: bool,
) -> None:
    linked = link(USER, F, options=options)
    assert linked.tables == [TableType(ValueType.FUNCREF, expected)]
    assert linked.table_entries == {place: "f"}
    assert (f"env.{FUNCTION_TABLE}" in linked.imports) == is_imported
    assert (FUNCTION_TABLE in linked.exports) == is_exported
    running = linked.start()
    assert (running.call("call"), running.call("place")) == (7, place)


def test_calling_the_null_pointer_traps(link: Linker) -> None:
    unit = assemble(
        function("f", const(0), call_indirect(VOID), flags=EXPORTED),
    )
    with pytest.raises(wasmtime.Trap, match=r"uninitialized|undefined element"):
        link(unit).run("f")


def test_a_function_has_one_place_for_all_objects(link: Linker) -> None:
    one = assemble(
        function("same", function_pointer("f"), load("p"), EQUAL, type=TO_I32, flags=EXPORTED),
        undefined_function("f", type=TO_I32),
        undefined_table(flags=NO_STRIP),
    )
    two = assemble(data("p", function_word("f"), alignment=2), undefined_function("f", type=TO_I32))
    linked = link(one, two, F)
    assert linked.run("same") == 1
    assert list(linked.table_entries) == [1]


def test_entries_are_in_the_order_of_their_first_use(link: Linker) -> None:
    names = ["c", "a", "b"]
    unit = assemble(
        *(function(name) for name in sorted(names)),
        data("p", *(function_word(name) for name in names), flags=EXPORTED),
        undefined_table(flags=NO_STRIP),
    )
    assert list(link(unit).table_entries.values()) == names


def test_an_imported_function_has_a_place_too(link: Linker) -> None:
    unit = assemble(
        data("p", function_word("f"), flags=EXPORTED),
        undefined_function("f", import_name="f"),
        undefined_table(flags=NO_STRIP),
    )
    linked = link(unit)
    assert linked.imports == ["env.f"]
    assert linked.table_entries == {1: "f"}


def test_a_weak_undefined_function_has_none(link: Linker) -> None:
    unit = assemble(
        data("p", function_word("f"), flags=EXPORTED),
        undefined_function("f", flags=WEAK),
        undefined_table(flags=NO_STRIP),
    )
    linked = link(unit)
    assert linked.word("p") == 0
    assert linked.table_entries == {}


def test_no_use_no_table(link: Linker) -> None:
    assert link(assemble(function("f", flags=EXPORTED))).tables == []


def test_export_table_asks_for_a_table(link: Linker) -> None:
    linked = link(assemble(function("f")), options="--export-table")
    assert linked.tables == [TableType(ValueType.FUNCREF, limits(1, 1))]


def test_a_call_alone_needs_the_table(link: Linker) -> None:
    unit = assemble(function("f", const(0), call_indirect(VOID), flags=EXPORTED))
    assert link(unit).tables == [TableType(ValueType.FUNCREF, limits(1, 1))]


def test_an_address_without_a_symbol_for_the_table(link: Linker) -> None:
    unit = assemble(returning("f", 7), data("p", function_word("f"), flags=EXPORTED))
    with_symbol = assemble(undefined_table(flags=NO_STRIP))
    assert link(unit, with_symbol).table_entries == {1: "f"}


def test_tables_of_the_program(link: Linker) -> None:
    one = assemble(
        table("t", 3, 5),
        table("e", 2, element=EXTERNREF, flags=EXPORTED),
        function("size", table_size("t"), type=TO_I32, flags=EXPORTED),
    )
    linked = link(one, USER, F)
    assert [entry.limits.minimum for entry in linked.tables] == [3, 2, 2]
    assert linked.run("size") == 3
    assert "e" in linked.exports
    assert linked.run("call") == 7


def test_the_function_table_comes_after_those_of_the_program(link: Linker) -> None:
    own = assemble(table("t", 3, flags=EXPORTED))
    linked = link(own, USER, F, options="--export-table")
    assert linked.export("t").index == 0
    assert linked.export(FUNCTION_TABLE).index == 1


def test_an_imported_table_comes_first(link: Linker) -> None:
    unit = assemble(
        undefined_table("t", import_name="t"),
        function("size", table_size("t"), type=TO_I32, flags=EXPORTED),
    )
    linked = link(unit, USER, F)
    assert linked.imports == ["env.t"]
    assert [entry.limits.minimum for entry in linked.tables] == [0, 2]


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        (
            table(FUNCTION_TABLE),
            f"reserved symbol must not be defined in input files: `{FUNCTION_TABLE}`",
        ),
        (
            data(FUNCTION_TABLE, word(1)),
            f"reserved symbol must be of type table: `{FUNCTION_TABLE}`",
        ),
    ],
)
def test_the_name_of_the_function_table_is_reserved(
    link: Linker, declaration: object, message: str
) -> None:
    assert link.refusal(assemble(declaration)) == message  # type: ignore[arg-type]


def test_a_function_that_is_only_called_has_no_place(link: Linker) -> None:
    unit = assemble(
        returning("f", 1, EXPORTED),
        data("x", word(1)),
        function("g", address("x"), type=TO_I32, flags=EXPORTED),
    )
    assert link(unit).table_entries == {}


def test_an_imported_table_that_only_its_entries_need(link: Linker) -> None:
    unit = assemble(returning("f", 7), data("p", function_word("f"), flags=NO_STRIP))
    wanted = assemble(undefined_table())
    # wasm-ld does not import it and writes an element segment for table -1.
    linked = link(unit, wanted, options="--import-table", departs=True)
    assert linked.imports == [f"env.{FUNCTION_TABLE}"]
    assert linked.table_entries == {1: "f"}


def test_a_function_that_code_refers_to_is_declared_once(link: Linker) -> None:
    """Exports and the function table declare functions, too."""
    use = [*function_reference("x"), *function_reference("x"), *function_reference("exported")]
    unit = assemble(
        returning("x", 7, LOCAL),
        returning("exported", 8, EXPORTED),
        function("f", *use, flags=EXPORTED),
    )
    linked = link(unit, departs=True)
    elements = linked.file.find(ElementSection)
    assert elements is not None
    assert [entry.functions for entry in elements.segments] == [(0,)]


@pytest.mark.parametrize("flags", [1, 3, 5, 7], ids=["passive", "declarative", "p", "d"])
def test_segments_that_are_no_part_of_a_table_are_not_linked(link: Linker, flags: int) -> None:
    """As of other producers: LLVM makes none. They have no offset, and their numbers no use."""
    file = parse(assemble(undefined_table(), returning("f", 1, EXPORTED)), "a.o")
    items = (InitExpr(b"\xd2\0\x0b"),) if flags & 4 else ()
    kind = int(ValueType.FUNCREF) if flags & 4 else 0
    segment = ElementSegment(flags, 0, None, kind, () if items else (0,), items)
    position = next(n for n, part in enumerate(file.sections) if isinstance(part, CodeSection))
    file.sections.insert(position, ElementSection([segment]))
    linked = link(encode(file))
    assert linked.run("f") == 1
    assert linked.file.find(ElementSection) is None

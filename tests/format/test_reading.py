"""Files read as LLVM reads them: what it does not check is read, and nothing else."""

from __future__ import annotations

import pytest

from linker.format.constants import SymbolKind, ValueType
from linker.format.errors import Fault, MalformedFile
from linker.format.model import GlobalSection, LinkingSection, TypeSection
from linker.format.parse import parse
from linker.format.reading import STRICT, Reading
from tests.format import malformed, malformed_linking
from tests.format.assemble import (
    BASE,
    FUNCTIONS,
    GLOBAL,
    I32,
    LINKED,
    TYPE,
    TYPES,
    Piece,
    custom,
    file,
    linking,
    section,
    symbol,
    symbols,
    vector,
)
from tests.format.malformed import Malformed

AS_LLVM = Reading(False, True, True, True, True)
MALFORMED = (*malformed.CASES, *malformed_linking.CASES)
# LLVM writes beyond its own memory here, and says nothing.
UNDEFINED = ("element of no function", "wide table index behind the section")


@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: case.name)
def test_a_lax_reader_takes_what_llvm_takes(case: Malformed) -> None:
    if case.llvm_accepts and case.name not in UNDEFINED:
        parse(case.data, "a.o", AS_LLVM)
    else:
        with pytest.raises(MalformedFile):
            parse(case.data, "a.o", AS_LLVM)


@pytest.mark.parametrize("name", UNDEFINED)
def test_what_llvm_does_not_notice_leads_out_of_what_is_there(name: str) -> None:
    case = next(case for case in MALFORMED if case.name == name)
    with pytest.raises(MalformedFile) as caught:
        parse(case.data, "a.o")
    assert caught.value.fault is Fault.BEYOND


def fault_of(data: Piece) -> Fault:
    with pytest.raises(MalformedFile) as caught:
        parse(data.data, "a.o")
    return caught.value.fault


def test_a_number_that_does_not_fit_is_cut_off() -> None:
    assert fault_of(file(section(TYPE, b"\x80\x80\x80\x80\x10"))) is Fault.CUT_OFF
    assert fault_of(file(section(TYPE, b"\x80"))) is Fault.CUT_OFF


def test_a_wrong_form_breaks_a_rule() -> None:
    assert fault_of(file(section(TYPE, 1, b"\x61", 0, 0))) is Fault.RULE


def test_symbols_of_missing_sections_lead_out_of_the_file() -> None:
    assert fault_of(file(BASE, linking(symbols(symbol(3, 2, 99))))) is Fault.BEYOND


def test_relocations_of_missing_types_lead_out_of_the_file_where_no_symbol_has_the_number() -> None:
    assert fault_of(file(LINKED, custom("reloc.X", 5, 1, 6, 0, 99))) is Fault.BEYOND
    assert fault_of(file(LINKED, custom("reloc.X", 5, 1, 6, 0, 2))) is Fault.RULE


def test_relocations_of_missing_symbols_lead_out_of_the_file() -> None:
    assert fault_of(file(LINKED, custom("reloc.X", 5, 1, 0, 0, 99))) is Fault.BEYOND


def types_of(*parts: Piece | bytes | int) -> TypeSection:
    found = parse(file(section(TYPE, *parts)).data, "a.o", AS_LLVM).find(TypeSection)
    assert found is not None
    return found


def test_an_unknown_value_type_becomes_one_that_no_list_holds() -> None:
    (entry,) = types_of(1, b"\x60", vector(b"\x13", I32), 0).types
    assert [int(kind) for kind in entry.parameters] == [0xFF, 0x7F]
    assert entry.parameters[0] not in list(ValueType)
    assert entry.parameters[0].name == "OTHERREF"


def test_a_reference_to_a_type_takes_its_heap_type_with_it() -> None:
    (entry,) = types_of(1, b"\x60", 1, b"\x63\x05", vector(I32)).types
    assert [int(kind) for kind in entry.results] == [0x7F]


@pytest.mark.parametrize(
    "definition",
    [b"\x5f\x01\x7f\x01", b"\x5e\x7f\x00", b"\x50\x01\x00\x5f\x00", b"\x4f\x00\x5e\x7f\x00"],
    ids=["struct", "array", "sub", "final"],
)
def test_definitions_of_other_types_are_empty_signatures(definition: bytes) -> None:
    (entry,) = types_of(1, definition).types
    assert entry == ((), ())


def test_constant_instructions_of_other_types_are_passed_over() -> None:
    value = b"\xfb\x00\x00\x0b"
    entry = section(GLOBAL, vector(Piece(I32 + b"\0" + value)))
    found = parse(file(TYPES, entry).data, "a.o", AS_LLVM).find(GlobalSection)
    assert found is not None
    assert found.globals[0].init.body == value


def test_of_two_symbol_tables_the_last_counts() -> None:
    tables = (symbols(symbol(0, 0, 1, "a")), symbols(symbol(0, 0, 1, "b")))
    found = parse(file(BASE, linking(*tables)).data, "a.o", AS_LLVM).find(LinkingSection)
    assert found is not None
    assert [(entry.kind, entry.name) for entry in found.symbols] == [(SymbolKind.FUNCTION, "b")]


def test_the_strict_reader_is_the_usual_one() -> None:
    assert Reading() == STRICT
    with pytest.raises(MalformedFile):
        parse(file(TYPES, FUNCTIONS).data, "a.o", STRICT)
    parse(file(TYPES, FUNCTIONS).data, "a.o", AS_LLVM)

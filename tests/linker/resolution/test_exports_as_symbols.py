"""Objects without a symbol table: what they export are their symbols (Linking.md is silent)."""

from __future__ import annotations

import pytest

from linker.format.constants import ExternalKind, LimitsFlag, ValueType
from linker.format.encode import encode
from linker.format.expression import i32_const
from linker.format.model import (
    CodeSection,
    DataSection,
    DataSegment,
    Export,
    ExportSection,
    FunctionBody,
    FunctionSection,
    FunctionType,
    Global,
    GlobalSection,
    GlobalType,
    Limits,
    LinkingSection,
    MemorySection,
    ObjectFile,
    Section,
    Table,
    TableSection,
    TableType,
    TagSection,
    TypeSection,
)
from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker, link_here
from tests.linker.objects import (
    EXPORTED,
    TO_I32,
    address,
    call,
    function,
    undefined_data,
    undefined_function,
)

DATA = b"\1\0\0\0\2\0\0\0"
CALLER = assemble(
    function("start", call("f"), type=TO_I32, flags=EXPORTED),
    undefined_function("f", type=TO_I32),
)


def exporting(*exports: Export, data: bytes = DATA) -> bytes:
    """An object that defines one thing of each kind, and has no symbol table."""
    sections: list[Section] = [
        TypeSection([FunctionType((), (ValueType.I32,)), FunctionType((ValueType.I32,), ())]),
        FunctionSection([0]),
        MemorySection([Limits(LimitsFlag(0), 1)]),
        TagSection([1]),
        GlobalSection([Global(GlobalType(ValueType.I32, False), i32_const(4))]),
        ExportSection(list(exports)),
        CodeSection([FunctionBody(b"\0\x41\x07\x0b")]),
    ]
    if data:
        sections.append(DataSection([DataSegment(0, 0, i32_const(0), data)]))
    sections.append(LinkingSection())
    return encode(ObjectFile("a.o", sections))


def test_an_exported_function_is_defined(link: Linker) -> None:
    unit = exporting(
        Export("f", ExternalKind.FUNCTION, 0), Export("memory", ExternalKind.MEMORY, 0)
    )
    assert link(CALLER, unit).run("start") == 7
    assert link(CALLER, archive(unit)).run("start") == 7


def test_two_exports_of_one_name_collide(link: Linker) -> None:
    unit = exporting(Export("f", ExternalKind.FUNCTION, 0))
    assert "duplicate symbol: f" in link.refusal(CALLER, unit, unit)


def test_the_value_of_an_exported_global_is_an_offset_in_the_data(link: Linker) -> None:
    unit = exporting(Export("d", ExternalKind.GLOBAL, 0))
    user = assemble(
        function("start", address("d"), b"\x28\x02\x00", type=TO_I32, flags=EXPORTED),
        undefined_data("d"),
    )
    assert link(user, unit).run("start") == 2


def test_an_exported_global_beside_no_data_is_refused() -> None:
    unit = exporting(Export("d", ExternalKind.GLOBAL, 0), data=b"")
    problem = "a.o: there is no data that the exported global d is a place of"
    assert link_here({"a.o": unit}, ["--no-entry", "a.o"]).errors == (problem,)
    (dialect,) = link_here({"a.o": unit}, ["--no-entry", "a.o"], "lld-22").errors
    assert dialect.startswith(f"{problem} (what wasm-ld does is not defined here")


@pytest.mark.parametrize("options", ["", "--export-all", "--no-gc-sections"])
def test_an_exported_tag(options: str, link: Linker) -> None:
    link(exporting(Export("e", ExternalKind.TAG, 0)), options=options)


@pytest.mark.parametrize("options", ["", "--export-all", "--no-gc-sections"])
def test_an_exported_table(options: str, link: Linker) -> None:
    sections: list[Section] = [
        TableSection([Table(TableType(ValueType.EXTERNREF, Limits(LimitsFlag(0), 2)))]),
        ExportSection([Export("t", ExternalKind.TABLE, 0)]),
        LinkingSection(),
    ]
    link(encode(ObjectFile("a.o", sections)), options=options)


@pytest.mark.parametrize("options", ["", "--no-gc-sections", "--emit-relocs --no-gc-sections"])
def test_the_functions_have_no_names_in_the_output(options: str, link: Linker) -> None:
    unit = exporting(Export("f", ExternalKind.FUNCTION, 0))
    assert "f" not in link(CALLER, unit, options=options).functions

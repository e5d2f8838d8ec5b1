"""Models made or edited by hand, and what is written for them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from linker.format.constants import (
    RELOCATIONS_WITH_ADDEND,
    ComdatKind,
    DataSegmentFlag,
    ElementSegmentFlag,
    ExternalKind,
    LimitsFlag,
    LinkingSubsection,
    RelocationType,
    SymbolFlag,
    SymbolKind,
    ValueType,
)
from linker.format.encode import encode, encode_content, encode_section
from linker.format.expression import f32_const, i32_const, ref_func
from linker.format.leb128 import encode_unsigned
from linker.format.model import (
    CodeSection,
    Comdat,
    ComdatEntry,
    CustomSection,
    DataCountSection,
    DataReference,
    DataSection,
    DataSegment,
    ElementSection,
    ElementSegment,
    Export,
    ExportSection,
    FunctionBody,
    FunctionSection,
    FunctionType,
    Global,
    GlobalSection,
    GlobalType,
    Import,
    ImportSection,
    InitFunction,
    Limits,
    LinkingSection,
    MemorySection,
    NameSection,
    ObjectFile,
    ProducersSection,
    Relocation,
    RelocationSection,
    SegmentInfo,
    StartSection,
    Symbol,
    Table,
    TableSection,
    TableType,
    TagSection,
    TargetFeature,
    TargetFeaturesSection,
    TypeSection,
)
from linker.format.parse import parse
from linker.format.relocation_shapes import SHAPES
from tests.tools import require

EVERY_FLAG = LimitsFlag.HAS_MAX | LimitsFlag.IS_SHARED | LimitsFlag.IS_64
UNDEFINED = int(SymbolFlag.UNDEFINED)


def everything() -> ObjectFile:
    """A file with every section, made by hand: widths and positions are the defaults."""
    symbols = [
        Symbol(SymbolKind.FUNCTION, UNDEFINED, "imported", 0),
        Symbol(SymbolKind.FUNCTION, 0, "defined", 1),
        Symbol(SymbolKind.DATA, 0, "data", None, DataReference(0, 1, 2)),
        Symbol(SymbolKind.DATA, UNDEFINED, "undefined data"),
        Symbol(SymbolKind.DATA, SymbolFlag.ABSOLUTE, "far", None, DataReference(0, 1 << 33, 0)),
        Symbol(SymbolKind.GLOBAL, UNDEFINED | SymbolFlag.EXPLICIT_NAME, "explicit", 0),
        Symbol(SymbolKind.GLOBAL, SymbolFlag.BINDING_WEAK, "weak", 1),
        Symbol(SymbolKind.SECTION, SymbolFlag.BINDING_LOCAL, "", 13),
        Symbol(SymbolKind.TAG, 0, "tag", 0),
        Symbol(SymbolKind.TABLE, SymbolFlag.NO_STRIP, "table", 0),
    ]
    of_kind = {symbol.kind: index for index, symbol in enumerate(symbols)}
    relocations = [
        Relocation(
            kind,
            20 * kind,
            of_kind[max(shape.symbols)] if shape.symbols else 0,
            -(1 << shape.addend_bits - 1) if shape.addend_bits else 0,
        )
        for kind, shape in SHAPES.items()
    ]
    return ObjectFile(
        "everything.o",
        [
            TypeSection([FunctionType((ValueType.I32, ValueType.V128), ()), FunctionType((), ())]),
            ImportSection(
                [
                    Import("env", "imported", ExternalKind.FUNCTION, 1),
                    Import("env", "global", ExternalKind.GLOBAL, GlobalType(ValueType.F32, True)),
                    Import("env", "memory", ExternalKind.MEMORY, Limits(EVERY_FLAG, 1, 1 << 40)),
                ]
            ),
            FunctionSection([1]),
            TableSection([Table(TableType(ValueType.FUNCREF, Limits(LimitsFlag(0), 2)))]),
            MemorySection([Limits(LimitsFlag.HAS_PAGE_SIZE, 1, None, 0)]),
            TagSection([1]),
            GlobalSection([Global(GlobalType(ValueType.F32, False), f32_const(0))]),
            ExportSection([Export("f", ExternalKind.FUNCTION, 1)]),
            StartSection(1),
            ElementSection(
                [
                    ElementSegment(0, 0, i32_const(0), None, (1, 0)),
                    ElementSegment(
                        ElementSegmentFlag.PASSIVE | ElementSegmentFlag.EXPRESSIONS,
                        0,
                        None,
                        ValueType.FUNCREF,
                        (),
                        (ref_func(1),),
                    ),
                ]
            ),
            DataCountSection(2),
            CodeSection([FunctionBody(b"\0\x0b")]),
            DataSection(
                [
                    DataSegment(0, 0, i32_const(-8), b"abc"),
                    DataSegment(DataSegmentFlag.PASSIVE, 0, None, b""),
                ]
            ),
            CustomSection(".debug", bytes(600)),
            LinkingSection(
                symbols=symbols,
                segments=[SegmentInfo(".data", 2, 0), SegmentInfo(".rodata", 0, 5)],
                init_functions=[InitFunction(65535, 1)],
                comdats=[
                    Comdat(
                        "group",
                        0,
                        (
                            ComdatEntry(ComdatKind.DATA, 1),
                            ComdatEntry(ComdatKind.FUNCTION, 1),
                            ComdatEntry(ComdatKind.SECTION, 13),
                        ),
                    )
                ],
                unknown={99: b"?"},
            ),
            RelocationSection("reloc..debug", 13, relocations),
            NameSection([(1, 0, [(0, "imported"), (1, "a \udcff name")]), (2, 0, b"locals")]),
            ProducersSection([("language", [("C", "23")])]),
            TargetFeaturesSection([TargetFeature("+", "atomics"), TargetFeature("-", "simd128")]),
        ],
    )


def test_a_file_made_by_hand_comes_back() -> None:
    made = everything()
    read = parse(encode(made), made.name)
    # Parsing fills in what the maker left to the defaults: positions and the order.
    code, data, linking = (read.find(kind) for kind in (CodeSection, DataSection, LinkingSection))
    assert isinstance(code, CodeSection)
    assert isinstance(data, DataSection)
    assert isinstance(linking, LinkingSection)
    assert linking.order == [(8, 5), (5, 5), (6, 5), (7, 5), (99, 5)]
    linking.order = None
    code.functions = [body._replace(offset=0) for body in code.functions]
    data.segments = [segment._replace(offset=0) for segment in data.segments]
    assert read == made


def test_llvm_reads_a_file_made_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "everything.o"
    path.write_bytes(encode(everything()))
    done = subprocess.run(
        [require("obj2yaml-22"), str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for kind in RelocationType:
        assert f"R_WASM_{kind.name}\n" in done.stdout
    for symbol in everything().sections[14].symbols:  # type: ignore[union-attr]
        assert symbol.name in done.stdout


def test_every_relocation_kind_has_a_shape() -> None:
    assert set(SHAPES) == set(RelocationType) == set(range(27))
    assert {kind for kind, shape in SHAPES.items() if shape.addend_bits} == RELOCATIONS_WITH_ADDEND


def test_widths_are_kept() -> None:
    section = FunctionSection([0], size_width=3, count_width=2)
    assert encode_section(section) == b"\3\x83\x80\0\x81\0\0"
    section = FunctionSection([0] * 200, size_width=0)
    assert encode_section(section)[:5] == b"\3\xca\x01\xc8\x01"


def test_a_size_that_outgrows_its_width_gets_the_bytes_it_needs() -> None:
    section = CustomSection("x", bytes(300), size_width=1)
    assert encode_section(section)[:3] == b"\0" + encode_unsigned(302)


def test_content_is_what_relocation_offsets_count_from() -> None:
    assert encode_content(CustomSection("name of it", b"abc")) == b"abc"
    assert encode_content(CodeSection([FunctionBody(b"\0\x0b")])) == b"\1\2\0\x0b"


@pytest.mark.parametrize("name", ["c-other", "cpp-fast"])
def test_an_edited_object_is_written_with_what_was_added(
    name: str, real_file: Callable[[str], bytes]
) -> None:
    object_file = parse(real_file(name), name)
    linking = object_file.find(LinkingSection)
    assert linking is not None
    function = next(
        index
        for index, symbol in enumerate(linking.symbols)
        if symbol.kind == SymbolKind.FUNCTION and not symbol.is_undefined
    )
    linking.init_functions = [*linking.init_functions, InitFunction(7, function)]
    linking.symbols.append(Symbol(SymbolKind.DATA, UNDEFINED, "added"))
    again = parse(encode(object_file), name).find(LinkingSection)
    assert again is not None
    assert again.init_functions == linking.init_functions
    assert again.symbols == linking.symbols
    assert again.order is not None
    kinds = [kind for kind, _ in again.order]
    assert kinds.count(LinkingSubsection.INIT_FUNCS) == 1

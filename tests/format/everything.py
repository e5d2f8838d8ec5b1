"""An object file with every section, every kind of symbol and of relocation."""

from __future__ import annotations

from linker.format.constants import (
    ComdatKind,
    DataSegmentFlag,
    ElementSegmentFlag,
    ExternalKind,
    LimitsFlag,
    SymbolFlag,
    SymbolKind,
    ValueType,
)
from linker.format.expression import f32_const, i32_const, ref_func
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
from linker.format.relocation_shapes import SHAPES

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

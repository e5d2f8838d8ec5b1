"""Departures of wasm-ld that the reference has quirks for are counted, not reported."""

from __future__ import annotations

import pytest

from harness import linking
from harness.adapters.discover import find
from harness.adapters.reference import Reference
from harness.divergence import Divergence, Severity
from harness.linking import Workplace
from harness.oracles import departures
from harness.oracles.departures import is_explained
from harness.oracles.judge import Bench, judge
from harness.results import LinkResult
from linker.format.constants import RelocationType, SymbolFlag, SymbolKind
from linker.format.encode import encode
from linker.format.model import (
    CodeSection,
    DataReference,
    DataSection,
    DataSegment,
    FunctionBody,
    FunctionSection,
    FunctionType,
    InitExpr,
    LinkingSection,
    ObjectFile,
    Relocation,
    RelocationSection,
    SegmentInfo,
    Symbol,
    TypeSection,
)
from strategies.case import InputFile, LinkCase, ProbeReturns

ADDRESS = 1000


def case_with_absolute_symbol() -> LinkCase:
    """`probe` returns the address of an absolute symbol."""
    body = b"\0\x41\x80\x80\x80\x80\x00\x0b"
    symbols = [
        Symbol(SymbolKind.FUNCTION, SymbolFlag.EXPORTED, "probe", 0),
        Symbol(SymbolKind.DATA, SymbolFlag.ABSOLUTE, "fixed", data=DataReference(0, ADDRESS, 4)),
    ]
    content = encode(
        ObjectFile(
            "a.o",
            [
                TypeSection([FunctionType((), (0x7F,))]),  # type: ignore[arg-type]
                FunctionSection([0]),
                CodeSection([FunctionBody(body, 1)]),
                DataSection([DataSegment(0, 0, InitExpr(b"\x41\0\x0b"), b"data")]),
                LinkingSection(symbols=symbols, segments=[SegmentInfo(".data.x", 0, 0)]),
                RelocationSection(
                    "reloc.CODE", 2, [Relocation(RelocationType.MEMORY_ADDR_SLEB, 4, 1)]
                ),
            ],
        ),
    )
    expected = ProbeReturns("probe", ADDRESS, "Linking.md, Symbol Table")
    return LinkCase((InputFile("a.o", content),), ("--no-entry", "a.o"), (expected,), ())


def test_a_departure_with_a_quirk_is_counted_by_the_quirk() -> None:
    linkers = [find("reference"), find("lld-22")]
    case = case_with_absolute_symbol()
    with Workplace() as place, Bench() as bench:
        verdict = judge(case, place.link(case, linkers), linkers, bench)
    assert verdict.divergences == ()
    assert verdict.tallies["quirk absolute-symbols-moved"] == 1


def test_what_explained_a_departure_before_is_asked_for_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    linkers = [find("reference"), find("lld-22")]
    case = case_with_absolute_symbol()
    asked: list[tuple[str, ...]] = []

    def link_here(linker: Reference, case: LinkCase, seconds: float) -> LinkResult:
        asked.append(case.arguments)
        return linking.link_here(linker, case, seconds)

    with Workplace() as place, Bench() as bench:
        results = place.link(case, linkers)
        judge(case, results, linkers, bench)
        assert bench.usual_quirks == {"absolute-symbols-moved": 1}
        monkeypatch.setattr(departures, "link_here", link_here)
        judge(case, results, linkers, bench)
    assert asked == [("--quirk=absolute-symbols-moved", *case.arguments)]


def test_without_the_reference_the_same_departure_is_a_finding() -> None:
    linkers = [find("lld-22")]
    case = case_with_absolute_symbol()
    with Workplace() as place, Bench() as bench:
        verdict = judge(case, place.link(case, linkers), linkers, bench)
    assert [found.blamed for found in verdict.divergences] == [("lld-22",)]


def test_other_linkers_on_the_same_side_are_not_excused() -> None:
    explained = {"lld-22": ("a",)}
    sides = (("lld-22", "zig-0.13.0"), ("reference",))
    found = Divergence("data.content", sides, Severity.CRITICAL, "", "", blamed=sides[0])
    assert not is_explained(found, explained)
    assert is_explained(
        Divergence("data.content", (("reference",), ("lld-22",)), Severity.LOW, "", ""), explained
    )


def test_a_dialect_departs_with_its_wasm_ld() -> None:
    linkers = [find("reference:lld-22"), find("lld-22")]
    case = case_with_absolute_symbol()
    with Workplace() as place, Bench() as bench:
        verdict = judge(case, place.link(case, linkers), linkers, bench)
    assert verdict.divergences == ()
    assert verdict.tallies["quirk absolute-symbols-moved"] >= 1

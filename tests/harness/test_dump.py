"""`dump` says what a file says, in readable text."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from rich.console import Console

from harness.adapters.reference import Reference
from harness.adapters.smoke import tiny_case
from harness.dump import print_file
from harness.linking import Workplace
from linker.format.archive import Member
from linker.format.encode import encode
from linker.format.encode_archive import encode_archive
from linker.format.errors import MalformedFile
from linker.format.expression import i32_const
from linker.format.model import (
    DataSection,
    DataSegment,
    LinkingSection,
    ObjectFile,
    Section,
    SegmentInfo,
)
from linker.format.parse import parse
from strategies import link_cases
from strategies.case import LinkCase


def _dump(data: bytes, name: str) -> str:
    file = io.StringIO()
    print_file(Console(file=file, width=200), data, name)
    return file.getvalue()


def _has(text: str, *words: str) -> bool:
    """Whether a line holds these words, in order."""
    return any(line.split() == " ".join(words).split() for line in text.splitlines())


def test_a_stub_library() -> None:
    text = _dump(b"#STUB\ng\nf: a b, c", "lib.so")
    assert text == ("lib.so: stub library, 2 symbols\n  <g> needs nothing\n  <f> needs <a b> <c>\n")


def test_an_alignment_that_no_address_has() -> None:
    sections: list[Section] = [
        DataSection([DataSegment(0, 0, i32_const(0), b"x")]),
        LinkingSection(segments=[SegmentInfo(".data", 20000, 0)]),
    ]
    assert "align 2^20000" in _dump(encode(ObjectFile("a.o", sections)), "a.o")


def test_an_object() -> None:
    """Names stand for indices: of symbols in relocations, of types, of functions."""
    text = _dump(tiny_case().files[0].content, "caller.o")
    assert text.startswith("caller.o: object, 7 sections\n")
    assert _has(text, "function 0 env.answer type 0 () -> (i32)")
    assert _has(text, "1 <weldcheck_smoke> type 0 () -> (i32)")
    assert _has(text, "symbol 1 <answer> function 0 undefined")
    assert _has(text, "0x4 R_WASM_FUNCTION_INDEX_LEB 1 <answer>")
    assert _has(text, "+mutable-globals")


def test_a_module() -> None:
    with Workplace() as place:
        (result,) = place.link(tiny_case(), [Reference()])
    assert result.module is not None
    text = _dump(result.module, "out.wasm")
    assert text.startswith("out.wasm: module, ")
    assert _has(text, "weldcheck_smoke function 0 <weldcheck_smoke>")
    assert _has(text, "function 1 answer")


@pytest.mark.parametrize("thin", [False, True])
def test_an_archive(thin: bool) -> None:
    members = [Member(file.name, file.content) for file in tiny_case().files]
    text = _dump(encode_archive([*members, Member("notes.txt", b"hello")], thin=thin), "lib.a")
    assert f"lib.a: {'thin ' if thin else ''}archive (gnu), 3 members" in text
    assert "  caller.o: " in text
    assert "index: weldcheck_smoke" in text
    assert ("lib.a(caller.o): object" in text) is not thin
    assert ("lib.a(notes.txt): not a wasm file" in text) is not thin


def test_any_case_can_be_dumped() -> None:
    """Every object the strategies make, each symbol and section of it."""

    @settings(max_examples=25, deadline=None)
    @given(link_cases())
    def check(case: LinkCase) -> None:
        for file in case.files:
            if not file.content.startswith((b"\0asm", b"!<")):
                continue
            text = _dump(file.content, file.name)
            if not file.content.startswith(b"\0asm"):
                continue
            for position in range(len(parse(file.content, file.name).sections)):
                assert f"section {position}: " in text

    check()


@pytest.mark.parametrize("cut", [lambda data: data[:-3], lambda data: b"text"])
def test_a_malformed_file_is_an_error(cut: Callable[[bytes], bytes]) -> None:
    with pytest.raises(MalformedFile):
        _dump(cut(tiny_case().files[0].content), "x.o")

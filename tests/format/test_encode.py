"""Models made or edited by hand, and what is written for them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from linker.format.constants import (
    LinkingSubsection,
    RelocationType,
    SymbolFlag,
    SymbolKind,
)
from linker.format.encode import encode, encode_content, encode_section
from linker.format.leb128 import encode_unsigned
from linker.format.model import (
    CodeSection,
    CustomSection,
    DataSection,
    FunctionBody,
    FunctionSection,
    InitFunction,
    LinkingSection,
    Symbol,
)
from linker.format.parse import parse
from linker.format.relocation_shapes import SHAPES, WITH_ADDEND
from tests.format.everything import everything
from tests.tools import require

UNDEFINED = int(SymbolFlag.UNDEFINED)


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


def test_places_have_addends() -> None:
    places = ("MEMORY_ADDR", "FUNCTION_OFFSET", "SECTION_OFFSET")
    assert {kind for kind in RelocationType if kind.name.startswith(places)} == WITH_ADDEND


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

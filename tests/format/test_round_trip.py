"""Encoding what was parsed gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import pytest

from linker.format.constants import NameSubsection, RelocationType
from linker.format.encode import encode, encode_content
from linker.format.leb128 import encode_unsigned
from linker.format.model import (
    CodeSection,
    DataSection,
    FunctionBody,
    LinkingSection,
    NameSection,
    ObjectFile,
    RelocationSection,
    Section,
)
from linker.format.parse import parse
from tests.format.conftest import ALL, CLANG, ZIG


@pytest.mark.parametrize("name", ALL)
def test_parsing_and_encoding_gives_the_same_bytes(
    name: str, real_file: Callable[[str], bytes]
) -> None:
    data = real_file(name)
    assert encode(parse(data, name)) == data


def forget_widths(section: Section) -> None:
    """Sets every width to its default, as in a model made by hand."""
    defaults = {field.name: field.default for field in fields(section)}
    for name in ("size_width", "count_width", "order"):
        if name in defaults:
            setattr(section, name, defaults[name])
    if isinstance(section, CodeSection):
        section.functions = [FunctionBody(body.content) for body in section.functions]


@pytest.mark.parametrize("name", CLANG)
def test_a_model_made_by_hand_is_encoded_as_llvm_does(
    name: str, real_file: Callable[[str], bytes]
) -> None:
    data = real_file(name)
    object_file = parse(data, name)
    for section in object_file.sections:
        forget_widths(section)
    assert encode(object_file) == data


def relocation_kinds(object_file: ObjectFile) -> set[int]:
    return {
        relocation.type
        for section in object_file.sections
        if isinstance(section, RelocationSection)
        for relocation in section.relocations
    }


def test_the_real_objects_hold_every_relocation_kind(real_file: Callable[[str], bytes]) -> None:
    """So that the round trips above say something about each of them."""
    seen: set[int] = set()
    for name in (*CLANG, *ZIG):
        seen |= relocation_kinds(parse(real_file(name), name))
    assert seen == set(RelocationType)


@pytest.mark.parametrize("name", ["c-debug", "cpp-fast", "zig-debug", "zig-self-hosted"])
def test_positions_count_from_the_start_of_the_content(
    name: str, real_file: Callable[[str], bytes]
) -> None:
    """Offsets of bodies (at their sizes) and of segments (at their bytes)."""
    object_file = parse(real_file(name), name)
    code = object_file.find(CodeSection)
    data = object_file.find(DataSection)
    assert code is not None
    assert data is not None
    content = encode_content(code)
    for body in code.functions:
        expected = encode_unsigned(len(body.content), body.size_width) + body.content
        assert content[body.offset : body.offset + len(expected)] == expected
    content = encode_content(data)
    for segment in data.segments:
        end = segment.offset + len(segment.content)
        assert content[segment.offset : end] == segment.content
    assert end == len(content)


def test_names_of_undefined_symbols_come_from_the_imports(
    real_file: Callable[[str], bytes],
) -> None:
    linking = parse(real_file("c-fast"), "c-fast").find(LinkingSection)
    assert linking is not None
    names = {symbol.name: symbol for symbol in linking.symbols}
    assert names["malloc"].is_undefined
    # The import is called "function": the symbol has an explicit name.
    assert names["host_function"].is_undefined
    assert names["other_data"].data is None


def test_modules_of_linkers_have_no_linking_section(real_file: Callable[[str], bytes]) -> None:
    module = parse(real_file("linked-module"), "linked-module")
    assert module.find(LinkingSection) is None
    names = module.find(NameSection)
    assert names is not None
    functions = next(
        entries for kind, _, entries in names.subsections if kind == NameSubsection.FUNCTION
    )
    assert not isinstance(functions, bytes)
    assert "hidden" in dict(functions).values()

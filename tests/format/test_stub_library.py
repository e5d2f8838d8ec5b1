"""Stub libraries, read and written. What wasm-ld makes of each text: tests/linker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.format.stub_library import STUB_MAGIC, encode_stub_library, parse_stub_library

NAME = st.text(st.characters(exclude_characters=":,\n#", exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("", {}),
        ("\n", {}),
        ("\nf", {"f": ()}),
        ("\nf\ng\n", {"f": (), "g": ()}),
        ("\nf:", {"f": ()}),
        ("\nf:a", {"f": ("a",)}),
        ("\nf: a, b ,c", {"f": ("a", "b", "c")}),
        ("\n  f : a ", {"f": ("a",)}),
        ("\r\nf: a\r\ng\r\n", {"f": ("a",), "g": ()}),
        ("\n\tf:\ta", {"f": ("\ta",)}),
        ("\nf: a,", {"f": ("a",)}),
        ("\nf: ,a", {"f": ("", "a")}),
        ("\nf: a,,b", {"f": ("a", "", "b")}),
        ("\nf: a:b", {"f": ("a:b",)}),
        ("\nf g", {"f g": ()}),
        ("\nf, g", {"f, g": ()}),
        ("\n:", {"": ()}),
        ("\n: a", {"": ("a",)}),
        ("\n# f\n  # g\nh # i", {"h # i": ()}),
        (" with: more, words\nf", {"f": ()}),
        ("BORN\nf", {"f": ()}),
    ],
)
def test_each_line_says_what_a_symbol_needs(text: str, needs: dict[str, tuple[str, ...]]) -> None:
    assert parse_stub_library(STUB_MAGIC + text.encode()) == needs


def test_of_two_lines_on_a_symbol_the_last_counts() -> None:
    needs = parse_stub_library(b"#STUB\nf: a, b\ng\nf: c")
    assert list(needs.items()) == [("f", ("c",)), ("g", ())]


def test_lines_without_text_can_be_read_as_a_name() -> None:
    assert parse_stub_library(b"#STUB\nf\n", reads_blank_lines=True) == {"f": (), "": ()}
    assert parse_stub_library(b"#STUB", reads_blank_lines=True) == {}


def test_names_need_not_be_text() -> None:
    needs = parse_stub_library(b"#STUB\n\xff: a\xfe")
    assert needs == {"\udcff": ("a\udcfe",)}
    assert encode_stub_library(needs) == b"#STUB\n\xff: a\xfe"


@given(
    st.dictionaries(
        NAME.filter(lambda name: name == name.strip()),
        st.lists(NAME.filter(lambda name: name == name.strip())).map(tuple),
    )
)
def test_what_is_written_reads_back(needs: dict[str, tuple[str, ...]]) -> None:
    assert parse_stub_library(encode_stub_library(needs)) == needs


@given(st.binary(), st.booleans())
def test_any_bytes_can_be_read(tail: bytes, reads_blank_lines: bool) -> None:
    assert isinstance(parse_stub_library(STUB_MAGIC + tail, reads_blank_lines), dict)

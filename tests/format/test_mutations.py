"""Whatever happens to a file, `parse` reads it or raises MalformedFile."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from linker.format.encode import encode
from linker.format.errors import MalformedFile
from linker.format.model import ObjectFile
from linker.format.parse import parse
from tests.format import malformed, malformed_linking, odd
from tests.format.assemble import LINKED, custom, file
from tests.format.everything import everything

SEEDS = ["c-fast", "c-sections", "c-threads", "cpp-exceptions", "assembly", "zig-small"]
# Bytes at which readers go wrong: ends of LEB128, signs, huge numbers.
BAD_BYTES = (0x00, 0x01, 0x02, 0x3F, 0x40, 0x7F, 0x80, 0x81, 0xC0, 0xFE, 0xFF)
BAD_RUNS = (b"\xff\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x00", b"\xff" * 12, b"\x80" * 12, b"\0" * 9)


@st.composite
def changes(draw: DrawFn) -> list[tuple[str, float, bytes]]:
    """How to change a file: what to do, where (as a share of its size), and with which bytes."""
    one = st.tuples(
        st.sampled_from(("replace", "insert", "remove", "cut")),
        st.floats(0, 1, exclude_max=True),
        st.one_of(
            st.sampled_from([bytes((byte,)) for byte in BAD_BYTES]),
            st.sampled_from(BAD_RUNS),
            st.binary(min_size=1, max_size=4),
        ),
    )
    return draw(st.lists(one, min_size=1, max_size=4))


def apply(data: bytes, edits: list[tuple[str, float, bytes]]) -> bytes:
    for action, share, raw in edits:
        at = int(share * len(data))
        if action == "replace":
            data = data[:at] + raw + data[at + len(raw) :]
        elif action == "insert":
            data = data[:at] + raw + data[at:]
        elif action == "remove":
            data = data[:at] + data[at + len(raw) :]
        else:
            data = data[:at]
    return data


def outcome_of(data: bytes) -> ObjectFile | MalformedFile:
    try:
        return parse(data, "changed.o")
    except MalformedFile as error:
        return error


def check(data: bytes) -> bool:
    """Whether `parse` reads the file; a fault lies in it, and what is read can be written."""
    outcome = outcome_of(data)
    if isinstance(outcome, MalformedFile):
        assert 0 <= outcome.offset <= len(data)
        assert outcome.problem
        return False
    # Padding may be lost, but nothing else: from then on the bytes stay the same.
    encoded = encode(outcome)
    assert len(encoded) <= len(data)
    assert encode(parse(encoded, "encoded.o")) == encoded
    return True


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=80, deadline=None)
@given(edits=changes())
def test_a_changed_real_file_is_read_or_malformed(
    name: str, edits: list[tuple[str, float, bytes]], real_file: Callable[[str], bytes]
) -> None:
    check(apply(real_file(name), edits))


@settings(max_examples=200, deadline=None)
@given(edits=changes())
def test_a_changed_file_with_everything_is_read_or_malformed(
    edits: list[tuple[str, float, bytes]],
) -> None:
    check(apply(encode(everything()), edits))


@settings(max_examples=300, deadline=None)
@given(
    case=st.sampled_from((*malformed.CASES, *malformed_linking.CASES, *odd.CASES)), edits=changes()
)
def test_a_changed_small_file_is_read_or_malformed(
    case: malformed.Malformed | odd.Odd, edits: list[tuple[str, float, bytes]]
) -> None:
    check(apply(case.data, edits))


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=60))
def test_random_bytes_are_read_or_malformed(data: bytes) -> None:
    check(data)
    check(b"\0asm\1\0\0\0" + data)


@pytest.mark.parametrize("name", ["c-other", "c-threads"])
def test_every_beginning_of_a_file_is_read_or_malformed(
    name: str, real_file: Callable[[str], bytes]
) -> None:
    data = real_file(name)
    read = sum(check(data[:size]) for size in range(len(data)))
    # Only a file that is cut between two sections can be right.
    assert read <= len(parse(data, name).sections)


def test_every_byte_of_a_file_can_be_changed(real_file: Callable[[str], bytes]) -> None:
    data = real_file("c-other")
    read = 0
    for position in range(len(data)):
        for byte in (data[position] ^ 0x80, data[position] ^ 0x01, 0xFF):
            changed = bytearray(data)
            changed[position] = byte
            read += check(bytes(changed))
    # Names and code may hold anything, counts and sizes may not.
    assert len(data) // 4 < read < 3 * len(data)


def test_a_long_malformed_file_is_refused_quickly() -> None:
    """No count makes the reader do more work than the file has bytes."""
    many = b"\xff\xff\xff\xff\x0f" + b"\0" * 100_000
    started = time.perf_counter()
    for data in (
        file(LINKED, custom("reloc.X", 5, many)).data,
        file(LINKED, custom("name", 1, many)).data,
        file(LINKED, custom("producers", many)).data,
    ):
        assert not check(data)
    # A hundred times what it takes.
    assert time.perf_counter() - started < 10

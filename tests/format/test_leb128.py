"""LEB128: round trips, padding, width limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.format.leb128 import (
    LebError,
    decode_signed,
    decode_unsigned,
    encode_signed,
    encode_unsigned,
    size_unsigned,
)

BITS = st.sampled_from((7, 32, 33, 64))


def longest(bits: int) -> int:
    """The most bytes that a number of so many bits may take."""
    return (bits + 6) // 7


@given(st.data(), BITS, st.binary(max_size=3), st.binary(max_size=3))
def test_unsigned_numbers_come_back(
    data: st.DataObject, bits: int, before: bytes, after: bytes
) -> None:
    n = data.draw(st.integers(0, (1 << bits) - 1))
    encoded = encode_unsigned(n)
    assert len(encoded) == size_unsigned(n) <= longest(bits)
    assert encoded[-1] or n == 0
    assert decode_unsigned(before + encoded + after, len(before), bits) == (
        n,
        len(before) + len(encoded),
    )


@given(st.data(), BITS, st.binary(max_size=3), st.binary(max_size=3))
def test_signed_numbers_come_back(
    data: st.DataObject, bits: int, before: bytes, after: bytes
) -> None:
    n = data.draw(st.integers(-(1 << bits - 1), (1 << bits - 1) - 1))
    encoded = encode_signed(n)
    assert len(encoded) <= longest(bits)
    assert decode_signed(before + encoded + after, len(before), bits) == (
        n,
        len(before) + len(encoded),
    )


@given(st.data(), BITS)
def test_padded_numbers_have_their_width_and_come_back(data: st.DataObject, bits: int) -> None:
    width = data.draw(st.integers(1, longest(bits)))
    n = data.draw(st.integers(0, (1 << min(bits, 7 * width)) - 1))
    encoded = encode_unsigned(n, width)
    assert len(encoded) == width
    assert decode_unsigned(encoded, 0, bits) == (n, width)
    half = 1 << min(bits, 7 * width) - 1
    signed = data.draw(st.integers(-half, half - 1))
    encoded = encode_signed(signed, width)
    assert len(encoded) == width
    assert decode_signed(encoded, 0, bits) == (signed, width)


@given(st.data(), BITS)
def test_longer_padding_is_refused(data: st.DataObject, bits: int) -> None:
    width = longest(bits) + data.draw(st.integers(1, 4))
    n = data.draw(st.integers(-(1 << bits - 1), (1 << bits - 1) - 1))
    with pytest.raises(LebError, match="longer"):
        decode_unsigned(encode_unsigned(abs(n), width), 0, bits)
    with pytest.raises(LebError, match="longer"):
        decode_signed(encode_signed(n, width), 0, bits)


@given(st.data(), BITS)
def test_larger_numbers_are_refused(data: st.DataObject, bits: int) -> None:
    n = data.draw(st.integers(1 << bits, 1 << bits + 20))
    with pytest.raises(LebError):
        decode_unsigned(encode_unsigned(n), 0, bits)
    for signed in (n >> 1, -(n >> 1) - 1):
        with pytest.raises(LebError):
            decode_signed(encode_signed(signed), 0, bits)


@given(st.integers(0, (1 << 64) - 1), st.integers(1, 10), st.binary(max_size=3))
def test_a_number_that_is_cut_off_is_refused_where_it_starts(
    n: int, width: int, before: bytes
) -> None:
    for encoded in (encode_unsigned(n, width), encode_signed(n >> 1, width)):
        for decode in (decode_unsigned, decode_signed):
            with pytest.raises(LebError) as caught:
                decode(before + encoded[:-1], len(before), 64)
            assert caught.value.position == len(before)


@pytest.mark.parametrize(
    ("encoded", "unsigned", "signed"),
    [
        (b"\x00", 0, 0),
        (b"\x3f", 63, 63),
        (b"\x40", 64, -64),
        (b"\x7f", 127, -1),
        (b"\x80\x01", 128, 128),
        (b"\xe5\x8e\x26", 624485, 624485),
        (b"\xc0\xbb\x78", 1973696, -123456),
        (b"\xff\xff\xff\xff\x07", 0x7FFFFFFF, 0x7FFFFFFF),
        (b"\x83\x80\x80\x80\x00", 3, 3),
    ],
)
def test_known_numbers(encoded: bytes, unsigned: int, signed: int) -> None:
    assert decode_unsigned(encoded, 0) == (unsigned, len(encoded))
    assert decode_signed(encoded, 0) == (signed, len(encoded))
    assert encode_unsigned(unsigned, len(encoded)) == encoded
    assert encode_signed(signed, len(encoded)) == encoded


@pytest.mark.parametrize(
    "encoded",
    [b"\xff\xff\xff\xff\x1f", b"\x80\x80\x80\x80\x10", b"\x80\x80\x80\x80\x80\x00"],
)
def test_unused_bits_must_be_zero(encoded: bytes) -> None:
    with pytest.raises(LebError):
        decode_unsigned(encoded, 0)


@pytest.mark.parametrize("encoded", [b"\xff\xff\xff\xff\x4f", b"\x80\x80\x80\x80\x08"])
def test_unused_bits_must_repeat_the_sign(encoded: bytes) -> None:
    with pytest.raises(LebError):
        decode_signed(encoded, 0)


def test_a_width_that_is_too_small_is_no_error() -> None:
    assert encode_unsigned(300, 1) == b"\xac\x02"
    assert encode_signed(-300, 1) == b"\xd4\x7d"


def test_negative_numbers_have_no_unsigned_form() -> None:
    with pytest.raises(ValueError, match="-1"):
        encode_unsigned(-1)

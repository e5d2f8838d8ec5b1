"""XXH3 against the reference implementation, the package xxhash."""

from __future__ import annotations

import random
import time

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from linker.hashes.xxh3 import xxh3_64


def test_every_length_of_every_branch() -> None:
    data = random.Random(1).randbytes(2200)
    for length in range(2200):
        piece = data[:length]
        assert xxh3_64(piece) == xxhash.xxh3_64_intdigest(piece), length


@pytest.mark.parametrize("length", [1 << 16, (1 << 16) + 1, 100_003])
@pytest.mark.parametrize("byte", [b"\x00", b"\xff"])
def test_extreme_bytes(length: int, byte: bytes) -> None:
    data = byte * length
    assert xxh3_64(data) == xxhash.xxh3_64_intdigest(data)


@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    assert xxh3_64(data) == xxhash.xxh3_64_intdigest(data)


def test_a_megabyte_takes_less_than_a_second() -> None:
    data = random.Random(2).randbytes(1 << 20)
    start = time.process_time()
    digest = xxh3_64(data)
    assert time.process_time() - start < 1
    assert digest == xxhash.xxh3_64_intdigest(data)

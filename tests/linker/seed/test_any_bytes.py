"""Damaged objects end the dialect's link with an error, never with an exception."""

from __future__ import annotations

import random

import pytest

from linker.driver import run
from tests.linker.seed.goldens import goldens

TRIES = 400


@pytest.mark.parametrize("seed", range(5))
def test_damaged_objects(seed: int) -> None:
    chance = random.Random(seed)
    cases = [case for case in goldens().values() if case.files and not case.declarations]
    for _ in range(TRIES):
        case = chance.choice(cases)
        files = {name: bytearray(content) for name, content in case.files.items()}
        damaged = files[chance.choice(list(files))]
        for _ in range(chance.randint(1, 3)):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.choice((0, 1, 2, 127, 128, 255))

        def read(name: str, files: dict[str, bytearray] = files) -> bytes:
            if name not in files:
                raise FileNotFoundError(2, "No such file or directory")
            return bytes(files[name])

        output = run(case.arguments, read, "seed")
        assert (output.module is None) == bool(output.errors)

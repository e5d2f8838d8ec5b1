"""Hostile and odd inputs: any bytes give a link or an error, and take not much memory."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest


def outcomes(count: int, seed: int) -> dict[str, int]:
    command = [sys.executable, "-m", "tests.linker.inputs.mutation_run", str(count), str(seed)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = (line.partition(" ") for line in printed.splitlines())
    return {name: int(number) for number, _, name in lines}


@pytest.mark.parametrize(
    "count",
    [pytest.param(1_500, id="some"), pytest.param(100_000, id="many", marks=pytest.mark.slow)],
)
def test_mutated_objects_link_or_are_refused(count: int) -> None:
    seed = random.randrange(1 << 32)
    found = outcomes(count, seed)
    assert found.keys() <= {"linked", "refused"}, f"seed {seed}: {found}"
    assert sum(found.values()) == count
    assert min(found["linked"], found["refused"]) > count // 100, found

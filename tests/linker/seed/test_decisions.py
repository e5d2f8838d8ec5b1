"""A quirk has one place where the code asks for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import linker
from linker.quirks.dialects import DIALECTS, SEED_QUIRKS
from linker.quirks.lld_22 import LLD_QUIRKS

SOURCES = [path.read_text(encoding="utf-8") for path in Path(linker.__path__[0]).rglob("*.py")]


@pytest.mark.parametrize("quirk", SEED_QUIRKS, ids=lambda quirk: quirk.name)
def test_a_quirk_is_asked_for_once(quirk: object) -> None:
    name = getattr(quirk, "name", "")
    asked = re.compile(rf'"{re.escape(name)}"\s+(not )?in\b')
    assert sum(len(asked.findall(text)) for text in SOURCES) == 1


def test_the_dialects_share_no_quirk() -> None:
    assert DIALECTS["seed"] == {quirk.name for quirk in SEED_QUIRKS}
    assert DIALECTS["lld-22"] == {quirk.name for quirk in LLD_QUIRKS}
    assert not DIALECTS["seed"] & DIALECTS["lld-22"]

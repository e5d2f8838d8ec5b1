"""The program of docs/in-memory-module.md does what the page says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "docs" / "in_memory_module.py"


def test_the_program_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(SCRIPT), run_name="__main__")
    assert capsys.readouterr().out == "first flush: 33\nsecond flush: 42\n"

"""The configuration is found, read, and refused with the place and the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.config import Config, ConfigError, find_config

OWN = """
linkers = ["reference", "mine"]
minutes = 5
timeout = 3.5

[linker.mine]
command = ["my-ld", "{arguments}", "-o", "{output}"]
bytes-like = "lld-22"
refuses = ["shared", "--library", "global-base="]
environment = {LC_ALL = "C"}
"""


def test_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "weldcheck.toml").write_text(OWN)
    config = find_config(tmp_path)
    assert (config.linkers, config.minutes, config.timeout) == (["reference", "mine"], 5, 3.5)
    mine = config.own_linkers()["mine"]
    assert mine.command == ("my-ld", "{arguments}", "-o", "{output}")
    assert mine.bytes_like == "lld-22"
    assert mine.refuses == {"shared", "l", "global-base"}
    assert mine.variables == {"LC_ALL": "C"}


def test_the_nearest_folder_above_decides(tmp_path: Path) -> None:
    """A pyproject.toml without our table is passed by; both forms are the same."""
    (tmp_path / "pyproject.toml").write_text("[tool.weldcheck]\ncases = 7\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\n")
    assert find_config(below).cases == 7
    (below / "weldcheck.toml").write_text("cases = 8\n")
    assert find_config(below).cases == 8


def test_without_any_the_defaults_hold(tmp_path: Path) -> None:
    assert find_config(tmp_path) == Config()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("minuts = 3", "unknown key 'minuts'; the nearest one is 'minutes'"),
        (
            "[linker.x]\ncommand = ['a']\nbytes_like = ''",
            "linker.x: unknown key 'bytes_like'; the nearest one is 'bytes-like'",
        ),
        ("cases = 'many'", r"Expected `int \| null`, got `str` - at `\$.cases`"),
        (
            "[linker.x]\ncommand = ['a']\nrefuses = ['odd']",
            "linker.x: wasm-ld has no option odd",
        ),
        ("cases = 0", r"Expected `int` >= 1 - at `\$.cases`"),
        ("timeout = -3.0", r"Expected `float` > 0.0 - at `\$.timeout`"),
        ("memory = 99999999999999", r"at `\$.memory`"),
        ("workers = -1", r"at `\$.workers`"),
        ("[linker.'my/linker']\ncommand = ['a']", r"matching regex .* in `\$.linker`"),
        ("[linker.x]\ncommand = []", r"length >= 1 - at `\$.linker\[...\].command`"),
        ("[linker.x]", "missing required field `command`"),
        ("cases = ", "weldcheck.toml"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "weldcheck.toml").write_text(text)
    with pytest.raises(ConfigError, match=problem):
        find_config(tmp_path)

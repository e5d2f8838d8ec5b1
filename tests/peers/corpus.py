"""LLD's own tests of wasm-ld, run with both linkers."""

from __future__ import annotations

import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.peers.both import FOLDER, LOG
from tests.peers.lit import script

_ROOT = Path(__file__).parents[2]
_SECONDS = 300.0
_SUFFIXES = frozenset({".ll", ".s", ".test", ".yaml"})  # as in the folder's lit.local.cfg


class Link(NamedTuple):
    """What both linkers did on one command line: see `both.main` for the parts."""

    test: str
    arguments: list[str]
    linked: bool
    differences: list[str]
    quirks: list[str]
    ours: str
    theirs: str


def find_tests(folder: Path) -> list[Path]:
    """The tests of a folder and the folders in it; those that have no commands included."""
    found = (path for path in folder.rglob("*") if path.suffix in _SUFFIXES)
    return sorted(path for path in found if path.is_file() and "Inputs" not in path.parts)


def run_test(test: Path, place: Path, tools: Path) -> list[Link]:
    """Runs the commands of a test in a new folder `place`; returns its links, in order."""
    folder, log = place / "files", place / "log"
    folder.mkdir(parents=True)
    variables = {
        FOLDER: str(folder),
        LOG: str(log),
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(_ROOT),
    }
    # Some commands fail, of tests for features that LLVM 22 has no more: their links fail alike.
    subprocess.run(
        ["bash", "-c", script(test, folder)],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    lines = log.read_text().splitlines() if log.exists() else []
    return [Link(test=test.name, **json.loads(line)) for line in lines]


def run_all(source: Path, place: Path, tools: Path) -> list[Link]:
    """The links of all tests in a folder, tests running beside one another."""

    def run_one(test: Path) -> list[Link]:
        return run_test(test, place / "_".join(test.relative_to(source).parts), tools)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [link for links in pool.map(run_one, find_tests(source)) for link in links]


# What the reference does not do, as it says itself.
_UNSUPPORTED = re.compile(r"error: (.*: )?(.+?) (?:is|are) not supported yet$", re.MULTILINE)
_WASM64 = re.compile(r"wasm32 object file can't be linked in wasm64 mode$", re.MULTILINE)


def out_of_scope(link: Link) -> str | None:
    """Why a link that differs is not counted as compared; None for one that is.

    Its own message tells, or it asks for something that no two programs print alike.
    """
    if (match := _UNSUPPORTED.search(link.ours)) is not None:
        return match[2]
    if _WASM64.search(link.ours):
        return "-m wasm64"
    if {"--version", "-v"} & set(link.arguments):
        return "--version"
    if "--build-id=uuid" in link.arguments:
        return "--build-id=uuid"
    if link.test == "corrupted.wasm.test":
        return "a malformed file, told of with its offset"
    return None

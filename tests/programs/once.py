"""Builds a program once for all processes of a test run."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.programs.build import BUILDERS
from tests.programs.program import Program


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this test run, the same in every worker of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    own = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = own / "programs"
    folder.mkdir(exist_ok=True)
    return folder


def build_once(name: str, folder: Path) -> Program:
    """A program, built in `folder` unless another process has done so.

    Raises:
        ProgramMissing: it cannot be built here.
    """
    place = folder / name
    place.mkdir(exist_ok=True)
    done = place / "program.json"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            done.write_text(json.dumps(asdict(BUILDERS[name](place))))
    saved = json.loads(done.read_text())
    return Program(**{**saved, "link_line": tuple(saved["link_line"])})

"""The real wasm-ld, and weld-ld run the way a shell would."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import ziglang

from linker import weld_ld

_ZIG = str(Path(ziglang.__file__).parent / "zig")
_TIME_LIMIT = 60  # seconds
_COLOUR = re.compile("\033\\[[0-9;]*m")


class Outcome(NamedTuple):
    """What a linker did: exit status, and what it printed, under the name `ld`."""

    status: int
    stderr: str
    stdout: str

    @property
    def colourless(self) -> Outcome:
        return self._replace(stderr=_COLOUR.sub("", self.stderr))


def run_wasm_ld(arguments: Sequence[str], folder: Path) -> Outcome:
    done = subprocess.run(
        [_ZIG, "wasm-ld", *arguments],
        cwd=folder,
        capture_output=True,
        timeout=_TIME_LIMIT,
        check=False,
    )
    stderr = done.stderr.decode("utf-8", "surrogateescape")
    stdout = done.stdout.decode("utf-8", "surrogateescape")
    return Outcome(done.returncode, stderr.replace("wasm-ld:", "ld:"), stdout)


def run_weld_ld(
    arguments: Sequence[str], folder: Path, capture: pytest.CaptureFixture[bytes]
) -> Outcome:
    """Runs weld-ld in this process; `capture` is pytest's fixture `capfdbinary`."""
    capture.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        status = weld_ld.main(arguments)
    stdout, stderr = (text.decode("utf-8", "surrogateescape") for text in capture.readouterr())
    return Outcome(status, stderr.replace("weld-ld:", "ld:"), stdout)

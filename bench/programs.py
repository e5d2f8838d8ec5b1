"""The reference linker over wasm-ld on real programs: time and peak memory, both as commands."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.programs.build import (
    Program,
    build_freestanding,
    build_libc_debug,
    build_libc_small,
)
from tests.programs.zig import zig

REPEATS = 3
PROGRAMS = (build_freestanding, build_libc_small, build_libc_debug)


@dataclass(frozen=True)
class CommandCost:
    """The least wall time of several runs in milliseconds, and the peak memory in KiB."""

    milliseconds: float
    peak: int


# Linux counts the peak of the process that starts a command as the command's own, so a small
# interpreter of a few MiB starts it.
SPAWN = """
import os, sys, time
before = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(status, time.perf_counter() - before, usage.ru_maxrss)
"""


def cost_of(command: Sequence[str]) -> CommandCost:
    """Runs a command several times.

    Raises:
        RuntimeError: it failed.
    """
    times, peaks = [], []
    for _ in range(REPEATS):
        printed = subprocess.check_output([sys.executable, "-ISc", SPAWN, *command], text=True)
        status, seconds, peak = printed.split()[-3:]
        if status != "0":
            raise RuntimeError(f"status {status} of {command[:3]}")
        times.append(1000 * float(seconds))
        peaks.append(int(peak))
    return CommandCost(min(times), max(peaks))


def compare(program: Program, folder: Path) -> None:
    output = ["-o", str(folder / "out.wasm")]
    theirs = cost_of([zig(), "wasm-ld", *program.link_line, *output])
    ours = cost_of([sys.executable, "-m", "linker.weld_ld", *program.link_line, *output])
    print(
        f"  {program.name:14} {ours.milliseconds:8.0f} ms / {theirs.milliseconds:6.0f} ms ="
        f" {ours.milliseconds / theirs.milliseconds:5.1f}"
        f"   {ours.peak / 1024:6.0f} MiB / {theirs.peak / 1024:5.0f} MiB ="
        f" {ours.peak / theirs.peak:4.1f}",
    )


def report() -> None:
    """Prints a line for each program: the reference, wasm-ld 22, and their ratio."""
    print("real programs, reference / wasm-ld 22: time, peak memory")
    with tempfile.TemporaryDirectory() as folder:
        for build in PROGRAMS:
            place = Path(folder, build.__name__)
            place.mkdir()
            compare(build(place), place)

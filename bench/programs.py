"""The reference linker over wasm-ld on real programs: time and peak memory, both as commands.

The limit is on processor time, which does not count what else the machine does; the time on the
clock is printed beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.programs.build import BUILDERS
from tests.programs.program import Program, ProgramMissing
from tests.programs.zig import zig

# What the reference may cost at most, over wasm-ld.
MOST_TIME, MOST_MEMORY = 15.0, 6.0
# Of the clock, for one link: what takes longer hangs.
MOST_SECONDS = 600.0
REPEATS = 5
# One of each kind; the largest of those that tests link.
PROGRAMS = (
    "freestanding", "libc-small", "libc-debug", "zlib-O2", "zlib-g", "zig", "cxx20", "rust",
    "rust-debug", "zig-object-Debug", "threads", "zstd",
)  # fmt: skip


@dataclass(frozen=True)
class CommandCost:
    """The least processor and wall times of several runs in milliseconds, the peak in KiB."""

    processor: float
    wall: float
    peak: int


@dataclass(frozen=True)
class ProgramCost:
    """What linking a program costs wasm-ld and the reference."""

    name: str
    theirs: CommandCost
    ours: CommandCost

    @property
    def time(self) -> float:
        return self.ours.processor / self.theirs.processor

    @property
    def memory(self) -> float:
        return self.ours.peak / self.theirs.peak

    @property
    def over(self) -> list[str]:
        """The limits that are not kept, in words."""
        found = []
        if self.time > MOST_TIME:
            found.append(f"time {self.time:.1f} > {MOST_TIME:g}")
        if self.memory > MOST_MEMORY:
            found.append(f"memory {self.memory:.1f} > {MOST_MEMORY:g}")
        return found


# Linux counts the peak of the process that starts a command as the command's own, so a small
# interpreter of a few MiB starts it.
SPAWN = """
import os, sys, time
before = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
processor = usage.ru_utime + usage.ru_stime
print(status, 1000 * processor, 1000 * (time.perf_counter() - before), usage.ru_maxrss)
"""


def run_once(command: Sequence[str], folder: Path) -> CommandCost:
    """What a command costs once.

    Python's compiled files are kept in `folder`, as those of an installed package are.

    Raises:
        RuntimeError: it failed.
    """
    variables = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder)}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    printed = subprocess.check_output(
        [sys.executable, "-ISc", SPAWN, *command], text=True, env=variables, timeout=MOST_SECONDS
    )
    status, processor, wall, peak = printed.split()[-4:]
    if status != "0":
        raise RuntimeError(f"status {status} of {command[:3]}")
    return CommandCost(float(processor), float(wall), int(peak))


def compare(program: Program, folder: Path) -> ProgramCost:
    """Both linkers on a program, in turn, so that both see the same machine."""
    arguments = [*program.link_line, "-o", str(folder / "out.wasm")]
    commands = (
        [zig(), "wasm-ld", *arguments],
        [sys.executable, "-m", "linker.weld_ld", *arguments],
    )
    bytecode = folder.parent / "bytecode"
    runs = [[run_once(command, bytecode) for command in commands] for _ in range(REPEATS)]
    theirs, ours = (
        CommandCost(
            min(cost.processor for cost in of_one),
            min(cost.wall for cost in of_one),
            max(cost.peak for cost in of_one),
        )
        for of_one in zip(*runs, strict=True)
    )
    return ProgramCost(program.name, theirs, ours)


def line(cost: ProgramCost) -> str:
    ours, theirs = cost.ours, cost.theirs
    return (
        f"  {cost.name:16} {ours.processor:6.0f} ms / {theirs.processor:4.0f} ms ={cost.time:5.1f}"
        f"  clock{ours.wall / theirs.wall:5.1f}"
        f"  {ours.peak / 1024:4.0f} MiB / {theirs.peak / 1024:3.0f} MiB ={cost.memory:4.1f}"
        f"  {', '.join(cost.over)}"
    ).rstrip()


def report(names: Sequence[str] = PROGRAMS) -> bool:
    """Prints a line for each program; answers whether the limits hold on all that are here."""
    print("real programs, reference / wasm-ld 22: processor time, time on the clock, peak memory")
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            place = Path(folder, name)
            place.mkdir()
            try:
                program = BUILDERS[name](place)
            except ProgramMissing as error:
                print(f"  {name:16} not measured: {error}")
                continue
            costs.append(compare(program, place))
            print(line(costs[-1]), flush=True)
    holds = bool(costs) and not any(cost.over for cost in costs)
    print(
        f"  at most {MOST_TIME:g} times the time and {MOST_MEMORY:g} times the memory:"
        f" {'yes' if holds else 'NO'}"
    )
    return holds

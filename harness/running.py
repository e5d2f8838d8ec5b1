"""Starting a linker, holding it to its limits, and cleaning up after it.

A child is started in its own process group and is killed with its whole group. Starting must
be cheap, since it is most of what a fuzz case costs: no function of ours runs between fork and
exec (so that Python uses vfork), limits are set from outside once the child runs, output goes
to a file, and the end is waited for on a process descriptor, without polling.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one run may use.

    Attributes:
        seconds: wall-clock time; each processor may work for the same and two seconds more.
        memory: address space, in bytes.
        file_size: size of any file it writes, in bytes.
        output: how much of what it prints is kept, in bytes.
    """

    seconds: float = 10.0
    memory: int = 4096 * MEBIBYTE
    file_size: int = 256 * MEBIBYTE
    output: int = 64 * 1024


@dataclass(frozen=True)
class Ending:
    """How a child ended.

    Attributes:
        exit_status: its exit status, negative for the signal that ended it; None if it was
            killed for taking too long.
        output: what it printed to standard output and error, cut at the limit; where the two
            were kept apart, to standard error.
        seconds: wall-clock time from its start to its end.
        stdout: what it printed to standard output where the two were kept apart, else "".
    """

    exit_status: int | None
    output: str
    seconds: float
    stdout: str = ""


def cut_mark(count: int) -> str:
    """What stands at the end of an output of which `count` bytes are cut off."""
    return f"\n[{count} bytes more]"


def limit_process(pid: int, limits: Limits) -> None:
    """Holds a process, and what it starts, to the limits that the system keeps."""
    # The processor time of all threads counts; the wall-clock time ends a run before that.
    seconds = (int(limits.seconds) + 2) * (os.cpu_count() or 1)
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        # One that has ended already is still a zombie here, and prlimit fails: no matter.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            hard = resource.prlimit(pid, kind)[1]
            held = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(pid, kind, (held, held))


class Child:
    """A running child, to be waited for with `wait` or killed by leaving the `with` block.

    `apart`: its standard output and error are kept apart.

    Raises OSError where the program cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        variables: Mapping[str, str],
        limits: Limits,
        apart: bool = False,
    ) -> None:
        self._limits = limits
        self._ending: Ending | None = None
        self._output = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - lives on
        self._stdout = self._output
        if apart:
            self._stdout = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._started = time.perf_counter()
        try:
            # Our own files are not inheritable (PEP 446), so there is nothing to close in the
            # child, and closing costs a system call for each.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._stdout,
                stderr=self._output,
                cwd=folder,
                env={**os.environ, **variables} if variables else None,
                close_fds=False,
                process_group=0,
            )
        except BaseException:
            self._close()
            raise
        self.pid = self._process.pid
        limit_process(self.pid, self._limits)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        if self._ending is None:
            self._kill_group()
            self._process.wait()
            self._close()

    def wait(self) -> Ending:
        """Waits for the end, or kills the child and its group when its time is over."""
        if self._ending is not None:
            return self._ending
        left = self._started + self._limits.seconds - time.perf_counter()
        ended = _wait_for(self.pid, max(0.0, left))
        seconds = time.perf_counter() - self._started
        # It is not reaped yet, so the group still is its own and nobody else's.
        self._kill_group()
        status = self._process.wait()
        apart = self._stdout is not self._output
        stdout = self._printed(self._stdout) if apart else ""
        printed = self._printed(self._output)
        self._ending = Ending(status if ended else None, printed, seconds, stdout)
        self._close()
        return self._ending

    def _close(self) -> None:
        self._output.close()
        self._stdout.close()

    def _printed(self, file: IO[bytes]) -> str:
        descriptor = file.fileno()
        size = os.fstat(descriptor).st_size
        if not size:
            return ""
        text = os.pread(descriptor, self._limits.output, 0).decode("utf-8", "replace")
        cut = size - self._limits.output
        return f"{text}{cut_mark(cut)}" if cut > 0 else text

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _wait_for(pid: int, seconds: float) -> bool:
    """Whether the child ends within that time. It is left for the caller to reap."""
    descriptor = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)


def run(
    command: Sequence[str],
    folder: Path,
    variables: Mapping[str, str] | None = None,
    limits: Limits = Limits(),
) -> Ending:
    """Runs a command to its end. Raises OSError where it cannot be started."""
    with Child(command, folder, variables or {}, limits) as child:
        return child.wait()

"""Children are held to their limits and nothing of them is left."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.running import MEBIBYTE, Child, Limits, limit_process, run

PYTHON = [sys.executable, "-S", "-E", "-c"]


def _alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def _gone(pid: int) -> bool:
    until = time.monotonic() + 5
    while _alive(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def test_status_output_and_time(tmp_path: Path) -> None:
    """Both streams are kept, in order; variables are added to the environment."""
    code = "import os, sys; print(os.environ['V']); sys.stdout.flush(); sys.exit(os.environ['V'])"
    ending = run([*PYTHON, code], tmp_path, {"V": "word"})
    assert ending.exit_status == 1
    assert ending.output == "word\nword\n"
    assert 0 < ending.seconds < 10


def test_a_signal_is_a_negative_status(tmp_path: Path) -> None:
    assert run([*PYTHON, "import os; os.abort()"], tmp_path).exit_status == -6


def test_it_runs_in_the_folder_and_reads_nothing(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd(), repr(sys.stdin.read()))"
    assert run([*PYTHON, code], tmp_path).output == f"{tmp_path} ''\n"


def test_a_hanging_child_is_killed_with_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    started = time.monotonic()
    ending = run([*PYTHON, code], tmp_path, limits=Limits(seconds=1.0))
    assert ending.exit_status is None
    assert time.monotonic() - started < 10
    assert _gone(int(ending.output))


def test_what_a_child_leaves_running_is_killed(tmp_path: Path) -> None:
    """It ends by itself, but a grandchild goes on: that is killed, too."""
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
    )
    ending = run([*PYTHON, code], tmp_path)
    assert ending.exit_status == 0
    assert _gone(int(ending.output))


def test_leaving_the_block_kills(tmp_path: Path) -> None:
    """An error, or an interrupt, between start and wait leaves no process."""
    sleeper = Child([*PYTHON, "import time; time.sleep(60)"], tmp_path, {}, Limits())
    with pytest.raises(KeyboardInterrupt), sleeper as child:
        raise KeyboardInterrupt
    assert not _alive(child.pid)


def test_memory_is_limited(tmp_path: Path) -> None:
    code = "import time; time.sleep(0.2); x = bytearray(512 << 20)"
    ending = run([*PYTHON, code], tmp_path, limits=Limits(memory=256 * MEBIBYTE))
    assert ending.exit_status == 1
    assert "MemoryError" in ending.output


def test_the_size_of_files_is_limited(tmp_path: Path) -> None:
    code = (
        "import time; time.sleep(0.2)\n"
        "with open('big', 'wb') as file:\n"
        "    while True: file.write(b'x' * 65536)\n"
    )
    ending = run([*PYTHON, code], tmp_path, limits=Limits(file_size=MEBIBYTE))
    assert ending.exit_status not in (None, 0)
    assert (tmp_path / "big").stat().st_size <= MEBIBYTE


def test_a_limit_that_is_lower_already_stays() -> None:
    with subprocess.Popen([*PYTHON, "input()"], stdin=subprocess.PIPE) as child:
        resource.prlimit(child.pid, resource.RLIMIT_AS, (1 << 30, 1 << 30))
        limit_process(child.pid, Limits(memory=4 << 30, file_size=MEBIBYTE))
        memory = resource.prlimit(child.pid, resource.RLIMIT_AS)
        file_size = resource.prlimit(child.pid, resource.RLIMIT_FSIZE)
        child.communicate(b"\n")
    assert memory == (1 << 30, 1 << 30)
    assert file_size == (MEBIBYTE, MEBIBYTE)


def test_output_is_bounded(tmp_path: Path) -> None:
    ending = run([*PYTHON, "print('x' * 100000)"], tmp_path, limits=Limits(output=1000))
    assert ending.output == "x" * 1000 + "\n[99001 bytes more]"


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counts, names do not matter

    run([*PYTHON, ""], tmp_path)
    before = count()
    for _ in range(3):
        run([*PYTHON, ""], tmp_path)
        with pytest.raises(FileNotFoundError):
            run(["/no/such/program"], tmp_path)
    assert count() == before


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        run(["/no/such/program"], tmp_path)

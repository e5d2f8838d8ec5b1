"""One case through every linker: the case saved, the children started, results collected.

The children are started first and the reference is run in this process while they work, so
that a case costs little more than its slowest linker.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import re
import shlex
import shutil
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from harness.adapters.reference import Reference
from harness.results import LinkResult, Outcome, SideFile
from harness.running import Child, Ending, Limits
from harness.side_files import collect, side_file, side_file_names
from harness.steps import Progress, command_lines, unsupported
from harness.text import readable

if TYPE_CHECKING:
    from harness.adapters.base import Linker
    from linker import driver
    from strategies.case import LinkCase

OUTPUT = "out.wasm"
# What a linker says of itself when it has crashed without a signal: LLD's crash handler and
# fatal errors of LLVM exit with a status, Zig's panics abort.
_CRASH_WORDS = re.compile(
    r"PLEASE submit a bug report|^LLVM ERROR:|Assertion .* failed|UNREACHABLE executed"
    r"|^thread \d+ panic:|^Traceback \(most recent call last\)",
    re.MULTILINE,
)
OUT_OF_MEMORY = re.compile(
    r"out of memory|bad_alloc|length_error|Cannot allocate memory|OutOfMemory"
)
# A shell and LLVM's crash recovery give 128 and the signal.
_FIRST_CRASH_STATUS = 128


def scratch_root() -> Path:
    """Where case folders go: memory where the system has some, else the temporary folder."""
    memory = Path("/dev/shm")
    if memory.is_dir():
        with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=memory):
            return memory
    return Path(tempfile.gettempdir())


_PREFIX = "weldcheck-"


def remove_stale() -> None:
    """Removes the folders of processes that were killed before they could do it."""
    for folder in scratch_root().glob(f"{_PREFIX}*-*"):
        pid = folder.name.split("-")[1]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Workplace:
    """A folder in which cases are linked one after the other; emptied between cases.

    Use it in a `with` block, which removes it. Several processes need one each.

    Attributes:
        folder: holds `case/`, the case being linked, and the linkers' caches.
    """

    limits: Limits = field(default_factory=Limits)
    folder: Path = field(init=False)
    _saved: dict[Path, dict[str, bytes]] = field(init=False, default_factory=dict)
    _made: set[str] = field(init=False, default_factory=set)

    def __enter__(self) -> Workplace:
        prefix = f"{_PREFIX}{os.getpid()}-"
        self.folder = Path(tempfile.mkdtemp(prefix=prefix, dir=scratch_root()))
        self.case_folder.mkdir()
        self._outputs.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def case_folder(self) -> Path:
        return self.folder / "case"

    @property
    def _outputs(self) -> Path:
        return self.folder / "outputs"

    def _output(self, linker: Linker) -> Path:
        """Where a linker is to write. The name is the same for all: wasm-ld puts it into the
        name section."""
        folder = self._outputs / linker.name
        if linker.name not in self._made:
            folder.mkdir(exist_ok=True)
            self._made.add(linker.name)
        return folder / OUTPUT

    def renew(self) -> None:
        """Makes the folders anew, caches included, as if nothing had been linked here."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.case_folder.mkdir(parents=True)
        self._outputs.mkdir()
        self._saved = {}
        self._made = set()

    def save(self, case: LinkCase, folder: Path | None = None) -> None:
        """Writes the case's files and its command line, and removes what the last one left.

        The folder is `case_folder` where none is given.
        """
        folder = folder or self.case_folder
        files = {file.name: file.content for file in case.files}
        files |= {name: _quoted(words) for name, words in command_lines(case).items()}
        saved = self._saved.get(folder, {})
        for name in saved.keys() - files.keys():
            with contextlib.suppress(OSError):
                (folder / name).unlink()
        for name, content in files.items():
            path = folder / name
            try:
                path.write_bytes(content)
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        self._saved[folder] = files

    def link(self, case: LinkCase, linkers: Sequence[Linker]) -> tuple[LinkResult, ...]:
        """Saves the case and gives it to every linker; results are in the linkers' order.

        What comes of links with -r differs from linker to linker: a case with such steps is
        linked in a folder for each linker. Linkers that would write the same side files take
        turns.
        """
        self.save(case)
        results: dict[str, LinkResult] = {}
        progress: dict[str, Progress] = {}
        for linker in linkers:
            reason = unsupported(linker, case)
            if reason is not None:
                results[linker.name] = _unsupported(linker, reason)
            elif not isinstance(linker, Reference):
                progress[linker.name] = Progress(case)
        left = [linker for linker in linkers if linker.name in progress]
        here = [linker for linker in linkers if isinstance(linker, Reference)]
        takes_turns = not case.prelinks and bool(side_file_names(case))
        while left or here:
            with contextlib.ExitStack() as children:
                running: list[_Running] = []
                for linker in left[:1] if takes_turns else left:
                    begun = self._begin(linker, progress[linker.name])
                    if isinstance(begun, LinkResult):
                        results[linker.name] = begun
                        continue
                    children.enter_context(begun.child)
                    running.append(begun)
                for reference in here:
                    if reference.name not in results:
                        result = link_here(reference, case, self.limits.seconds)
                        results[reference.name] = result
                here = []
                for begun in running:
                    name = begun.linker.name
                    done = progress[name].take(begun.result())
                    if done is not None:
                        results[name] = done
            left = [linker for linker in left if linker.name not in results]
        return tuple(results[linker.name] for linker in linkers)

    def _begin(self, linker: Linker, progress: Progress) -> _Running | LinkResult:
        """Starts a step."""
        step, name = progress.step()
        folder = self.case_folder
        if progress.case.prelinks:
            folder = self._outputs / linker.name / "case"
            folder.mkdir(parents=True, exist_ok=True)
            self.save(step, folder)
        output = self._output(linker) if name is None else folder / name
        command = linker.command_line(step, folder, output)
        variables = linker.environment(folder)
        try:
            child = Child(command, folder, variables, self.limits, apart=True)
        except OSError as problem:
            text = f"could not be started: {problem}"
            return LinkResult(linker.name, Outcome.CRASHED, None, text, 0.0, None)
        return _Running(linker, folder, output, child, side_file_names(step))


class _Running(NamedTuple):
    """A step that a linker is busy with: its folder, its output, its side files."""

    linker: Linker
    folder: Path
    output: Path
    child: Child
    side_names: Mapping[str, str]

    def result(self) -> LinkResult:
        """Waits for the end of the child."""
        ending = self.child.wait()
        side_files = collect(self.side_names, self.folder)
        return _result(self.linker, ending, self.output, side_files)


def _quoted(arguments: Sequence[str]) -> bytes:
    return (shlex.join(arguments) + "\n").encode("utf-8", "surrogateescape")


def _unsupported(linker: Linker, reason: str) -> LinkResult:
    return LinkResult(linker.name, Outcome.UNSUPPORTED, None, reason, 0.0, None)


def _result(
    linker: Linker, ending: Ending, output: Path, side_files: tuple[SideFile, ...]
) -> LinkResult:
    """What the end of a child and the files that it left behind mean."""
    try:
        module = output.read_bytes()
        output.unlink()
    except OSError:
        module = None
    outcome, message = classify(ending, module is not None)
    left_behind = module is not None and outcome is not Outcome.LINKED
    return LinkResult(
        linker.name,
        outcome,
        module if outcome is Outcome.LINKED else None,
        message,
        ending.seconds,
        ending.exit_status,
        left_behind,
        stdout=ending.stdout,
        side_files=side_files,
    )


def classify(ending: Ending, has_output: bool) -> tuple[Outcome, str]:
    """The outcome of a child, and its message with, for a crash, how it ended."""
    status, text = ending.exit_status, ending.output
    if status != 0 and not text.strip():
        text = ending.stdout
    if status is None:
        return Outcome.TIMED_OUT, f"{text}\nstopped after {ending.seconds:.1f} s".lstrip()
    if status < 0:
        return Outcome.CRASHED, f"{text}\nended by signal {_signal_name(-status)}".lstrip()
    if status == 0 and not has_output:
        return Outcome.CRASHED, f"{text}\nexit status 0, but no output was written".lstrip()
    if status == 0:
        return Outcome.LINKED, text
    if status >= _FIRST_CRASH_STATUS or _CRASH_WORDS.search(text) or OUT_OF_MEMORY.search(text):
        return Outcome.CRASHED, f"{text}\nended with exit status {status}".lstrip()
    return Outcome.REFUSED, text


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


class _Overdue(BaseException):
    """Raised by the alarm; not an Exception, so that no handler of the linker takes it."""


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raises _Overdue in the block after that time (in the main thread, where alarms work)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise _Overdue

    before = signal.signal(signal.SIGALRM, ring)
    # It rings again: what is raised in a callback of the garbage collector is dropped.
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def reader(case: LinkCase) -> Callable[[str], bytes]:
    """Reads the case's files from memory, as the reference asks for them."""
    files = {file.name: file.content for file in case.files}
    # The case's own folder, those of its files, and the one of all.
    folders = {".", "/", *(posixpath.dirname(name) for name in files)}

    def read(name: str) -> bytes:
        try:
            return files[posixpath.normpath(name)]
        except KeyError:
            if name and posixpath.normpath(name) in folders:
                raise IsADirectoryError(21, "Is a directory", name) from None
            raise FileNotFoundError(2, "No such file or directory", name) from None

    return read


def link_here(linker: Reference, case: LinkCase, seconds: float) -> LinkResult:
    """Runs the reference in this process. An exception of any class is a crash.

    `seconds`: the limit of each step.
    """
    progress = Progress(case)
    while True:
        step, name = progress.step()
        done = progress.take(_link_here_once(linker, step, name or OUTPUT, seconds))
        if done is not None:
            return done


def _link_here_once(linker: Reference, case: LinkCase, name: str, seconds: float) -> LinkResult:
    # Imported here: a run without the reference does not load it.
    from linker import driver
    from linker.errors import printed
    from linker.listings.reproduce import current_folder

    started = time.perf_counter()
    try:
        with _alarm(seconds):
            arguments = (*case.arguments, "-o", name)
            run = driver.run_command_line(
                arguments, reader(case), linker.dialect, _path_checks(case)
            )
    except _Overdue:
        took = time.perf_counter() - started
        text = f"stopped after {took:.1f} s"
        return LinkResult(linker.name, Outcome.TIMED_OUT, None, text, took, None)
    except (Exception, SystemExit):
        took = time.perf_counter() - started
        trace = traceback.format_exc(limit=-12)
        return LinkResult(linker.name, Outcome.CRASHED, None, trace, took, None)
    took = time.perf_counter() - started
    output = run.output
    side_files = tuple(
        side_file(option, name, content, current_folder())
        for name, option in side_file_names(case).items()
        for path, content in output.side_files
        if posixpath.normpath(path) == name
    )
    return LinkResult(
        linker.name,
        Outcome.REFUSED if output.module is None else Outcome.LINKED,
        output.module,
        readable(printed(output.log, "wasm-ld", run.colour is True, run.early)),
        took,
        int(output.module is None),
        stdout=readable(output.stdout),
        side_files=side_files,
    )


def _path_checks(case: LinkCase) -> driver.PathChecks:
    """A file can be written where there is a folder for it, as in the folder of the case."""
    from linker import driver

    folders = {posixpath.dirname(posixpath.normpath(file.name)) for file in case.files}

    def check(path: str) -> str | None:
        folder = posixpath.dirname(posixpath.normpath(path))
        is_there = not folder or folder in folders or path.startswith("/")
        return None if is_there else "No such file or directory"

    return driver.PathChecks(check, check)

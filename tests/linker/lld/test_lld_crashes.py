"""The digest cache when a process is killed anywhere in a link, and with several at once."""

from __future__ import annotations

import multiprocessing
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from linker.lld import Action, LinkObject, LldOptions, ReportedFailure, link_with_lld
from linker.lld import link as link_module
from linker.lld.cache import locked
from tests.linker.lld.lld_runs import WASM_LD, counted, script, small_link, starts_of, write_object

# Killed for real, at one step of the link in a process of its own.

KILLED_LINK = """
import os, pathlib, signal, sys
from linker.lld import LinkObject, LldOptions, link_with_lld
from linker.lld import cache, link

def die(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

def after(function):
    def called(*arguments, **named):
        function(*arguments, **named)
        die()
    return called

step, folder, *wasm_ld = sys.argv[1:]
match step:
    case "before the id is removed":
        cache.OutputId.remove = die
    case "after the id is removed":
        link.run_child = die
    case "after the output is written":
        link.run_child = after(link.run_child)
    case "before the id is made":
        cache.OutputId.write = die
    case "before the id is in place":
        pathlib.Path.replace = die
    case "after the id is in place":
        cache.OutputId.write = after(cache.OutputId.write)
link_with_lld(
    LldOptions(
        output_name="out.wasm",
        output_directory=folder,
        objects=(LinkObject(folder + "/a.o"),),
        rdynamic=True,
        skip_linker_dependencies=True,
    ),
    wasm_ld,
)
"""

STEPS = {
    # Step: whether the id still vouches for the output of before, and for that of after.
    "before the id is removed": (True, False),
    "after the id is removed": (False, False),
    "after the output is written": (False, False),
    "before the id is made": (False, False),
    "before the id is in place": (False, False),
    "after the id is in place": (False, True),
}


def killed_link(step: str, folder: Path, wasm_ld: tuple[str, ...]) -> int:
    command = [sys.executable, "-c", KILLED_LINK, step, str(folder), *wasm_ld]
    return subprocess.run(command, timeout=60, check=False).returncode


@pytest.mark.parametrize("back", [False, True], ids=["inputs of after", "inputs of before"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at(tmp_path: Path, step: str, back: bool) -> None:
    options = replace(small_link(tmp_path), rdynamic=True)
    wasm_ld = counted(tmp_path)
    outputs = {}
    for functions in (("_start", "new"), ("_start", "old")):
        write_object(tmp_path, "a.o", *functions)
        link_with_lld(options, wasm_ld)
        outputs[functions] = (tmp_path / "out.wasm").read_bytes()
    write_object(tmp_path, "a.o", "_start", "new")
    assert killed_link(step, tmp_path, wasm_ld) == -signal.SIGKILL
    functions = ("_start", "old") if back else ("_start", "new")
    write_object(tmp_path, "a.o", *functions)
    before = starts_of(tmp_path)
    link_with_lld(options, wasm_ld)
    assert (tmp_path / "out.wasm").read_bytes() == outputs[functions]
    is_believed = STEPS[step][0 if back else 1]
    assert starts_of(tmp_path) - before == (0 if is_believed else 1)
    assert not os.path.lexists(tmp_path / "lld.id.new")


def test_a_child_that_outlives_its_parent_keeps_the_lock(tmp_path: Path) -> None:
    # wasm-ld goes on when the linking process is killed, and writes its output much later: the
    # next link must not vouch for an output that the orphan then replaces.
    write_object(tmp_path, "a.o", "_start", "old")
    running, done = tmp_path / "running", tmp_path / "done"
    orphan = script(
        tmp_path,
        "orphan",
        f"echo > {shlex.quote(str(running))}; kill -9 $PPID; sleep 1;"
        ' echo stale > "$output.new"; mv "$output.new" "$output"; '
        f"echo > {shlex.quote(str(done))}",
    )
    assert killed_link("never", tmp_path, orphan) == -signal.SIGKILL
    assert running.exists()
    options = replace(small_link(tmp_path), rdynamic=True)
    assert link_with_lld(options, WASM_LD).action is Action.LINKED
    assert done.exists()
    assert (tmp_path / "out.wasm").read_bytes().startswith(b"\0asm")
    assert link_with_lld(options, WASM_LD).action is Action.UNCHANGED


def test_a_writer_that_knows_no_lock(tmp_path: Path) -> None:
    options = small_link(tmp_path)
    link_with_lld(options, WASM_LD)
    content = (tmp_path / "out.wasm").read_bytes()
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"written by another build")
    foreign.replace(tmp_path / "out.wasm")
    assert link_with_lld(options, WASM_LD).action is Action.LINKED
    assert (tmp_path / "out.wasm").read_bytes() == content


# Several processes at once.


def _rounds(options: LldOptions, command: tuple[str, ...], rounds: int, start: float) -> None:
    time.sleep(max(0.0, start - time.time()))
    for _ in range(rounds):
        link_with_lld(options, command)


def run_at_once(all_options: list[LldOptions], command: tuple[str, ...], rounds: int) -> None:
    context = multiprocessing.get_context("spawn")
    start = time.time() + 1.5
    processes = [
        context.Process(target=_rounds, args=(options, command, rounds, start))
        for options in all_options
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * len(processes)


def test_the_same_link_by_three_processes_starts_one_wasm_ld(tmp_path: Path) -> None:
    options, wasm_ld = small_link(tmp_path), counted(tmp_path)
    run_at_once([options] * 3, wasm_ld, rounds=3)
    assert starts_of(tmp_path) == 1


def test_different_links_to_one_output_by_two_processes(tmp_path: Path) -> None:
    write_object(tmp_path, "a.o", "_start", "f")
    one = small_link(tmp_path)
    write_object(tmp_path, "a.o", "_start", "f")
    two = replace(one, rdynamic=True)
    outputs = []
    for options in (one, two):
        link_with_lld(options, WASM_LD)
        outputs.append((tmp_path / "out.wasm").read_bytes())
    assert outputs[0] != outputs[1]
    for _ in range(2):
        run_at_once([one, two], WASM_LD, rounds=20)
        last = (tmp_path / "out.wasm").read_bytes()
        assert last in outputs
        # What the id says is true of the output that is there.
        options = (one, two)[outputs.index(last)]
        assert link_with_lld(options, WASM_LD).action is Action.UNCHANGED


def test_a_link_waits_for_the_lock(tmp_path: Path) -> None:
    options, wasm_ld = small_link(tmp_path), counted(tmp_path)
    with locked(tmp_path):
        thread = threading.Thread(target=link_with_lld, args=(options, wasm_ld))
        thread.start()
        time.sleep(0.3)
        assert starts_of(tmp_path) == 0
        assert not (tmp_path / "out.wasm").exists()
    thread.join()
    assert starts_of(tmp_path) == 1


def test_a_lock_file_that_was_deleted_while_waited_for(tmp_path: Path) -> None:
    order: list[str] = []

    def wait() -> None:
        with locked(tmp_path):
            order.append("second")

    with locked(tmp_path):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.5)
        (tmp_path / "lld.id.lock").unlink()
        # A third one makes a new lock file; the second must not believe in the deleted one.
        third = locked(tmp_path)
        third.__enter__()
    time.sleep(0.2)
    order.append("third")
    third.__exit__(None, None, None)
    waiting.join()
    assert order == ["third", "second"]


# Anything in any order, with a fake wasm-ld inside this process.


class SimulatedCrash(BaseException):
    """The process ends here: nothing that would clean up may be relied on."""


def crash(*_: object) -> NoReturn:
    raise SimulatedCrash


class FakeWasmLd:
    """Writes the arguments and the content of the inputs as its output."""

    def __init__(self) -> None:
        self.starts = 0
        self.behaviour = "works"

    def __call__(
        self, command: tuple[str, ...], inherit_stdio: bool = False, keep_open: object = ()
    ) -> str:
        self.starts += 1
        if self.behaviour == "crash before":
            crash()
        output = Path(command[command.index("-o") + 1])
        content = self.output_of(command)
        if self.behaviour == "crash in the middle":
            output.write_bytes(content[: len(content) // 2])
            crash()
        new = output.with_suffix(".new")
        new.write_bytes(content)
        new.replace(output)
        if self.behaviour == "crash after":
            crash()
        if self.behaviour == "fail":
            raise ReportedFailure(1, "")
        return ""

    @staticmethod
    def output_of(command: tuple[str, ...]) -> bytes:
        files = [Path(name).read_bytes() for name in command if name.endswith((".o", ".a"))]
        return b"\0".join([*(argument.encode() for argument in command), *files])


@contextmanager
def replaced(owner: object, name: str, by: Callable[..., object]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, by)
        yield


class Links(RuleBasedStateMachine):
    """Edits, damages, crashes and links in any order: a link that went well left the output of
    its own options and inputs, and one that follows it at once starts nothing."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lld-"))
        for name in ("a.o", "b.o"):
            (self.folder / name).write_bytes(b"0")
        self.options = replace(
            small_link(self.folder),
            objects=tuple(LinkObject(str(self.folder / name)) for name in ("a.o", "b.o")),
        )
        self.linker = FakeWasmLd()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(link_module, "run_child", self.linker)
        self.is_fresh = False

    def teardown(self) -> None:
        if hasattr(self, "patch"):
            self.patch.undo()
            shutil.rmtree(self.folder)

    @property
    def output(self) -> Path:
        return self.folder / "out.wasm"

    @property
    def id(self) -> Path:
        return self.folder / "lld.id"

    @rule(name=st.sampled_from(["a.o", "b.o"]), content=st.sampled_from([b"0", b"1"]))
    def edit_an_input(self, name: str, content: bytes) -> None:
        if (self.folder / name).read_bytes() != content:
            self.is_fresh = False
        (self.folder / name).write_bytes(content)

    @rule(strip=st.booleans(), order=st.sampled_from([1, -1]))
    def change_an_option(self, strip: bool, order: int) -> None:
        objects = tuple(sorted(self.options.objects)[::order])
        options = replace(self.options, strip=strip, objects=objects)
        self.is_fresh = self.is_fresh and options == self.options
        self.options = options

    @rule(content=st.sampled_from([None, b"", b"foreign"]))
    def damage_the_output(self, content: bytes | None) -> None:
        self.output.unlink(missing_ok=True)
        if content is not None:
            self.output.write_bytes(content)
        self.is_fresh = False

    @rule(kind=st.sampled_from(["gone", "cut off", "garbage", "file"]))
    def damage_the_id(self, kind: str) -> None:
        text = os.readlink(self.id) if self.id.is_symlink() else "x" * 129  # noqa: PTH115
        self.id.unlink(missing_ok=True)
        match kind:
            case "cut off":
                self.id.symlink_to(text[:-1])
            case "garbage":
                self.id.symlink_to("garbage")
            case "file":
                self.id.write_text(text)
        self.is_fresh = False

    @rule()
    def put_an_old_output_and_id_back_later(self) -> None:
        """What a backup does: both are of one link, so both may be believed together only."""
        if self.id.is_symlink() and self.output.exists():
            self.saved = (os.readlink(self.id), self.output.read_bytes())  # noqa: PTH115

    @precondition(lambda self: hasattr(self, "saved"))
    @rule(with_id=st.booleans(), with_output=st.booleans())
    def restore(self, with_id: bool, with_output: bool) -> None:
        text, content = self.saved
        if with_output:
            self.output.write_bytes(content)
        if with_id:
            self.id.unlink(missing_ok=True)
            self.id.symlink_to(text)
        self.is_fresh = False

    @rule(behaviour=st.sampled_from(["crash before", "crash in the middle", "crash after", "fail"]))
    def link_that_ends_badly(self, behaviour: str) -> None:
        self.linker.behaviour = behaviour
        before = self.linker.starts
        with suppress(SimulatedCrash, ReportedFailure):
            link_with_lld(self.options, ("wasm-ld",))
        self.linker.behaviour = "works"
        if self.linker.starts > before:
            self.is_fresh = False

    @rule(where=st.sampled_from(["symlink_to", "replace"]))
    def crash_while_the_id_is_written(self, where: str) -> None:
        original = getattr(Path, where)

        def crash_for_the_id(path: Path, *arguments: object) -> object:
            if path.name == "lld.id.new":
                crash()
            return original(path, *arguments)

        before = self.linker.starts
        with replaced(Path, where, crash_for_the_id), suppress(SimulatedCrash):
            link_with_lld(self.options, ("wasm-ld",))
        if self.linker.starts > before:
            self.is_fresh = False

    @rule()
    def link(self) -> None:
        before = self.linker.starts
        result = link_with_lld(self.options, ("wasm-ld",))
        started = self.linker.starts - before
        assert started == (result.action is Action.LINKED)
        if self.is_fresh:
            assert started == 0
        assert result.not_cached is None
        assert self.output.read_bytes() == FakeWasmLd.output_of(result.command)
        self.is_fresh = True

    @invariant()
    def nothing_else_lies_about(self) -> None:
        if hasattr(self, "folder"):
            names = {path.name for path in self.folder.iterdir()}
            expected = {"a.o", "b.o", "out.wasm", "lld.id", "lld.id.lock", "lld.id.new"}
            assert names <= expected


TestLinks = Links.TestCase
TestLinks.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)

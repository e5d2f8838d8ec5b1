"""One case through every linker: what each outcome looks like, and that nothing is left."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from harness.adapters.command import CommandLinker
from harness.adapters.reference import Reference
from harness.adapters.smoke import smoke, tiny_case
from harness.linking import Workplace, reader, remove_stale, scratch_root
from harness.results import LinkResult, Outcome
from harness.running import MEBIBYTE, Limits
from linker import driver
from strategies.case import InputFile
from tests.harness.fakes import case_with, fake


def _link(kind: str, **limits: Any) -> LinkResult:  # noqa: ANN401 - handed on
    with Workplace(Limits(**limits)) as place:
        (result,) = place.link(case_with(b"\1"), [fake(kind)])
    return result


def test_the_reference_and_a_child_link_the_same() -> None:
    with Workplace() as place:
        here, child = place.link(tiny_case(), [Reference(), fake("good")])
    assert here.outcome is child.outcome is Outcome.LINKED
    assert here.module == child.module
    assert (here.linker, child.linker) == ("reference", "fake-good")
    assert (here.exit_status, child.exit_status) == (0, 0)
    assert here.seconds > 0
    assert child.seconds > 0


@pytest.mark.parametrize(
    ("kind", "outcome", "status", "words"),
    [
        ("refuses", Outcome.REFUSED, 1, "fake: error: I do not like it\n"),
        ("crashes", Outcome.CRASHED, -11, "ended by signal SIGSEGV"),
        ("exits-with-139", Outcome.CRASHED, 139, "ended with exit status 139"),
        ("writes-nothing", Outcome.CRASHED, 0, "exit status 0, but no output was written"),
    ],
)
def test_outcomes(kind: str, outcome: Outcome, status: int, words: str) -> None:
    result = _link(kind)
    assert (result.outcome, result.exit_status, result.message) == (outcome, status, words)
    assert result.module is None
    assert not result.left_behind


def test_a_hang_is_stopped() -> None:
    started = time.monotonic()
    result = _link("hangs", seconds=1.0)
    assert result.outcome is Outcome.TIMED_OUT
    assert result.exit_status is None
    assert "stopped after 1." in result.message
    assert time.monotonic() - started < 10


def test_eating_memory_is_a_crash() -> None:
    result = _link("eats-memory", memory=256 * MEBIBYTE)
    assert result.outcome is Outcome.CRASHED
    assert "MemoryError" in result.message


def test_filling_the_disk_is_stopped() -> None:
    result = _link("fills-the-disk", file_size=4 * MEBIBYTE)
    assert result.outcome in (Outcome.CRASHED, Outcome.REFUSED)
    assert result.left_behind


def test_much_talk_is_cut() -> None:
    result = _link("talks", output=5000)
    assert result.outcome is Outcome.REFUSED
    assert len(result.message) < 5100


def test_an_output_left_behind_is_noted() -> None:
    result = _link("leaves-behind")
    assert result.outcome is Outcome.REFUSED
    assert result.left_behind
    assert result.module is None


def test_a_program_that_is_not_there_is_a_crash() -> None:
    missing = CommandLinker("missing", ("/no/such/linker",))
    with Workplace() as place:
        (result,) = place.link(tiny_case(), [missing])
    assert result.outcome is Outcome.CRASHED
    assert "could not be started" in result.message


def test_an_unsupported_case_is_not_run() -> None:
    linker = dataclasses.replace(fake("crashes"), refuses=frozenset(["no-entry"]))
    with Workplace() as place:
        (result,) = place.link(tiny_case(), [linker])
    assert result.outcome is Outcome.UNSUPPORTED
    assert result.message == "the configuration says it has no --no-entry"


def _break(monkeypatch: pytest.MonkeyPatch, how: Callable[[], None]) -> LinkResult:
    def run(*_: object) -> None:
        how()

    monkeypatch.setattr(driver, "run_command_line", run)
    with Workplace(Limits(seconds=0.5)) as place:
        (result,) = place.link(tiny_case(), [Reference()])
    return result


def test_an_exception_of_the_reference_is_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise KeyError("index")

    result = _break(monkeypatch, fail)
    assert result.outcome is Outcome.CRASHED
    assert "KeyError: 'index'" in result.message
    assert result.module is None


def test_a_hang_of_the_reference_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even one that swallows every exception on its way."""

    def spin() -> None:
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                continue

    result = _break(monkeypatch, spin)
    assert result.outcome is Outcome.TIMED_OUT


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_hang_that_drops_the_first_alarm_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is raised in a finaliser, or in a callback of the garbage collector, is dropped."""

    class Slow:
        def __del__(self) -> None:
            while True:
                time.sleep(0.01)

    def spin() -> None:
        Slow()
        while True:
            time.sleep(0.01)

    result = _break(monkeypatch, spin)
    assert result.outcome is Outcome.TIMED_OUT


def test_a_refusal_of_the_reference_has_the_words_of_wasm_ld() -> None:
    case = dataclasses.replace(tiny_case(), arguments=("--no-entry", "missing.o"))
    with Workplace() as place:
        (result,) = place.link(case, [Reference()])
    assert result.outcome is Outcome.REFUSED
    assert result.exit_status == 1
    assert result.message.startswith("wasm-ld: error: cannot open missing.o")


def test_the_case_is_saved_before_it_is_run_and_the_last_one_removed() -> None:
    """A case that takes the whole worker down is still there to be looked at."""
    deep = InputFile("sub/folder/c.o", b"deep")
    first = dataclasses.replace(tiny_case(), files=(*tiny_case().files, deep))
    with Workplace() as place:
        place.save(first)
        saved = {str(p.relative_to(place.case_folder)) for p in place.case_folder.rglob("*.*")}
        assert saved == {"caller.o", "answer.o", "sub/folder/c.o", "response.txt"}
        assert (place.case_folder / "sub/folder/c.o").read_bytes() == b"deep"
        place.save(tiny_case())
        assert not (place.case_folder / "sub/folder/c.o").exists()
        words = (place.case_folder / "response.txt").read_text()
        assert words == "--no-entry --export=weldcheck_smoke caller.o answer.o\n"
        folder = place.folder
    assert not folder.exists()


def test_a_stale_output_is_not_taken_for_a_new_one() -> None:
    """A linker that writes nothing must not get the module of the case before."""
    with Workplace() as place:
        linker = fake("good")
        (first,) = place.link(tiny_case(), [linker])
        silent = dataclasses.replace(fake("writes-nothing"), name=linker.name)
        (second,) = place.link(tiny_case(), [silent])
    assert first.outcome is Outcome.LINKED
    assert second.outcome is Outcome.CRASHED


def test_folders_of_dead_processes_are_removed() -> None:
    """And those of living ones are not."""
    ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
    ended.wait()
    stale = scratch_root() / f"weldcheck-{ended.pid}-test"
    stale.mkdir()
    with Workplace() as place:
        remove_stale()
        assert not stale.exists()
        assert place.folder.exists()


def test_the_reader_has_the_files_of_the_case_only() -> None:
    read = reader(tiny_case())
    assert read("./caller.o") == read("caller.o") == tiny_case().files[0].content
    with pytest.raises(FileNotFoundError):
        read("/etc/passwd")


def test_smoke_believes_right_linkers_only() -> None:
    """A linker that makes modules which do nothing, or are no modules, is found out."""
    problems = smoke([fake("good"), fake("truncated"), fake("refuses"), Reference()])
    assert problems["fake-good"] == problems["reference"] == ""
    assert problems["fake-truncated"].startswith("wrong output: invalid")
    assert problems["fake-refuses"] == "refused: fake: error: I do not like it"


@pytest.mark.parametrize("name", [".", "./", "/"])
def test_the_reader_knows_folders_from_missing_files(name: str) -> None:
    with pytest.raises(IsADirectoryError):
        reader(tiny_case())(name)

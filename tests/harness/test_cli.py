"""The command line: what it prints, and its exit statuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.adapters.discover import find
from harness.adapters.smoke import tiny_case
from harness.cli import exit_status, main
from harness.events import RunFinished, RunStarted, read_stream
from harness.totals import Totals
from strategies.case import write_case
from tests.harness.fakes import case_with, command_of

ROOT = Path(__file__).resolve().parents[2]
FILES = ["caller.o", "answer.o"]
FLAGS = ["--no-entry", "--export=weldcheck_smoke"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test runs in a folder with the tiny case and a configuration of fake linkers."""
    monkeypatch.chdir(tmp_path)
    write_case(tiny_case(), tmp_path)
    lines = ["findings = 'found'\n"]
    for kind in ("good", "picky", "refuses"):
        lines.append(f"[linker.{kind}]\ncommand = {list(command_of(kind))!r}\n")
    (tmp_path / "weldcheck.toml").write_text("".join(lines))
    return tmp_path


def _call(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_check_says_who_agrees(folder: Path) -> None:
    done = _call("check", "--linker", "reference", "--linker", "lld-22", *FILES, "--", *FLAGS)
    assert done.exit_code == 0, done.output
    assert "reference: linked, " in done.output
    assert "the same bytes: reference, lld-22" in done.output
    assert "no difference in: " in done.output


def test_check_says_who_differs(folder: Path) -> None:
    write_case(case_with(b"\x09"), folder)
    names = ["--linker", "good", "--linker", "picky"]
    done = _call("check", *names, *FILES, "drawn.o", "--", *FLAGS)
    assert done.exit_code == 1, done.output
    assert "picky: refused, exit status 1\n    fake: error: a byte that is too great" in done.output
    assert "picky against good" in done.output


def test_check_takes_a_whole_link_line(folder: Path) -> None:
    done = _call("check", "--linker", "reference", "--json", "wasm-ld", *FLAGS, "-o", "x", *FILES)
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert [result["outcome"] for result in said["results"]] == ["linked"]
    assert not (folder / "x").exists()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["check", "none.o"], "cannot read none.o"),
        (["check", "--linker", "zig-0.1.2", "caller.o"], "weldcheck linkers add ziglang==0.1.2"),
        (["fuzz", "--linker", "refuses"], "do not link a tiny case, and are not believed"),
        (["fuzz", "--cases", "0"], "--cases"),
        (["linkers", "add", "other"], "expected ziglang==VERSION"),
        (["dump", "weldcheck.toml"], "weldcheck.toml: invalid magic number (offset 0x0: "),
        (["nothing"], "No such command"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_2(words: list[str], problem: str) -> None:
    done = _call(*words)
    assert done.exit_code == 2
    assert problem in done.output


def test_a_bug_of_our_own_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def print_file(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr("harness.dump.print_file", print_file)
    done = _call("dump", "caller.o")
    assert done.exit_code == 2
    assert "this is a bug of weldcheck: ValueError: odd" in done.output
    assert "Traceback" not in done.output


def test_an_unknown_key_of_the_configuration(folder: Path) -> None:
    (folder / "weldcheck.toml").write_text("caces = 1\n")
    done = _call("fuzz")
    assert done.exit_code == 2
    assert "unknown key 'caces'; the nearest one is 'cases'" in done.output


def test_diff_of_two_modules(folder: Path) -> None:
    for name, flags in (("a", FLAGS), ("b", FLAGS), ("c", [*FLAGS, "--export=answer"])):
        lld = find("lld-22")
        case = tiny_case()
        command = lld.command_line(case, folder, folder / name / "out.wasm")
        (folder / name).mkdir()
        subprocess.run(
            [*command, *flags], check=True, env={**os.environ, **lld.environment(folder)}
        )
    assert _call("diff", "a/out.wasm", "b/out.wasm").exit_code == 0
    done = _call("diff", "a/out.wasm", "c/out.wasm")
    assert done.exit_code == 1
    assert "export.missing" in done.output


def test_dump(folder: Path) -> None:
    done = _call("dump", "caller.o")
    assert done.exit_code == 0
    assert "R_WASM_FUNCTION_INDEX_LEB" in done.output


def test_linkers_shows_what_is_here_and_what_works() -> None:
    done = CliRunner().invoke(main, ["linkers"], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    lines = {line.split()[1]: line for line in done.output.splitlines() if line.startswith("│")}
    assert "yes" in lines["reference"]
    assert "LLD 22." in lines["lld-22"]
    assert "I do not like it" in lines["refuses"]


def _fuzz(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", "fuzz", *words],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "160"},
        timeout=120,
    )


def test_fuzz_ends_with_a_summary() -> None:
    """Linkers, versions, cases, cases a second, findings, and what never occurred."""
    words = ["--linker", "reference", "--linker", "lld-22", "--cases", "5", "--seed", "1"]
    done = _fuzz(*words, "--workers", "1")
    text = done.stdout.decode()
    assert done.returncode == 0, text + done.stderr.decode()
    last = text.splitlines()[-1]
    assert last.startswith("complete: 5 cases with reference (weld-ld ")
    assert "lld-22 (LLD 22." in last
    assert last.endswith("cases a second, 0 findings")
    assert "features never occurred: " in text
    assert "milliseconds a case: " in text


def test_fuzz_has_a_lane_of_damaged_cases() -> None:
    assert "--lane [well-formed|compiled|malformed]" in _call("fuzz", "--help").output
    words = ("--linker", "reference", "--lane", "malformed", "--cases", "30", "--seed", "5")
    done = _fuzz(*words, "--workers", "1", "--json")
    assert done.returncode == 0, done.stderr
    names = {
        name for line in done.stdout.splitlines() for name in json.loads(line).get("features", ())
    }
    assert names
    assert all(name.startswith("malformed.") for name in names)


def test_fuzz_gives_its_events_as_json() -> None:
    done = _fuzz("--linker", "reference", "--cases", "3", "--workers", "1", "--json", "--seed", "2")
    events = list(read_stream(done.stdout.splitlines()))
    assert isinstance(events[0], RunStarted)
    assert events[0].seed == 2
    assert isinstance(events[-1], RunFinished)
    assert (events[-1].cases, done.returncode) == (3, 0)


def test_an_interrupt_ends_with_130_and_a_footer() -> None:
    command = [sys.executable, "-m", "harness.cli", "fuzz", "--linker", "reference"]
    process = subprocess.Popen(
        [*command, "--minutes", "5", "--workers", "1", "--json"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    lines = [process.stdout.readline(), process.stdout.readline()]
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    lines += process.stdout.readlines()
    process.stdout.close()
    assert process.wait() == 130
    assert time.monotonic() - started < 30
    footer = list(read_stream(lines))[-1]
    assert isinstance(footer, RunFinished)
    assert footer.outcome == "interrupted"


@pytest.mark.parametrize(
    ("footer", "status"),
    [
        (RunFinished("complete", 5, 1.0, 0, 0), 0),
        (RunFinished("complete", 5, 1.0, 2, 0), 1),
        (RunFinished("complete", 5, 1.0, 2, 1), 1),
        (RunFinished("complete", 5, 1.0, 0, 1), 2),
        (RunFinished("complete", 0, 1.0, 0, 0), 2),
        (RunFinished("failed", 5, 1.0, 0, 5), 2),
        (RunFinished("interrupted", 5, 1.0, 1, 0), 130),
        (None, 2),
    ],
)
def test_exit_statuses(footer: RunFinished | None, status: int) -> None:
    """No footer, no cases, or trouble in the harness is never a clean run."""
    assert exit_status(Totals(footer=footer)) == status

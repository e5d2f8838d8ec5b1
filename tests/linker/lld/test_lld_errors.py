"""The classes of failure, with fake wasm-lds, and what each leaves behind."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from linker.lld import (
    Action,
    CacheUnavailable,
    CannotStart,
    Crashed,
    InputUnavailable,
    LinkObject,
    LldError,
    Module,
    NoObjectsToLink,
    OutputMode,
    OutputNotWritten,
    OutputUnavailable,
    ReportedFailure,
    StderrTooLong,
    link_with_lld,
)
from linker.lld.child import run_child
from tests.linker.lld.lld_runs import WASM_LD, python_script, script, small_link, write_object


def is_believed(folder: Path) -> bool:
    return os.path.lexists(folder / "lld.id")


@pytest.mark.parametrize("cache", [True, False])
def test_an_exit_status(tmp_path: Path, cache: bool) -> None:
    wasm_ld = script(tmp_path, "fails", 'echo "wasm-ld: error: no" >&2; exit 3')
    with pytest.raises(ReportedFailure) as caught:
        link_with_lld(small_link(tmp_path), wasm_ld, cache=cache)
    assert caught.value.exit_status == 3
    assert caught.value.stderr == "wasm-ld: error: no\n"
    assert caught.value.messages == ("no",)
    assert caught.value.seed_name == "LLDReportedFailure"
    assert not is_believed(tmp_path)


def test_an_exit_status_without_a_word(tmp_path: Path) -> None:
    with pytest.raises(ReportedFailure, match="exit status 1") as caught:
        link_with_lld(small_link(tmp_path), ("false",))
    assert caught.value.messages == ()


def test_a_failure_after_the_output_was_written(tmp_path: Path) -> None:
    wasm_ld = script(tmp_path, "late", 'echo half > "$output"; exit 1')
    with pytest.raises(ReportedFailure):
        link_with_lld(small_link(tmp_path), wasm_ld)
    assert (tmp_path / "out.wasm").exists()
    assert not is_believed(tmp_path)


def test_errors_of_the_real_one_each_by_itself(tmp_path: Path) -> None:
    again = write_object(tmp_path, "b.o", "_start", "f")
    third = write_object(tmp_path, "c.o", "f")
    options = small_link(tmp_path)
    objects = (*options.objects, LinkObject(again), LinkObject(third))
    with pytest.raises(ReportedFailure) as caught:
        link_with_lld(replace(options, objects=objects), WASM_LD)
    a = options.objects[0].path
    assert caught.value.messages == (
        f"duplicate symbol: _start\n>>> defined in {a}\n>>> defined in {again}",
        f"duplicate symbol: f\n>>> defined in {again}\n>>> defined in {third}",
    )


def test_more_errors_than_a_default_would_show(tmp_path: Path) -> None:
    names = [f"f{number}" for number in range(25)]
    objects = [LinkObject(write_object(tmp_path, f"{n}.o", "_start", *names)) for n in "bc"]
    options = replace(small_link(tmp_path), objects=tuple(objects))
    with pytest.raises(ReportedFailure) as caught:
        link_with_lld(options, WASM_LD)
    assert len(caught.value.messages) == 26


def test_the_seeds_spelling_with_a_wasm_ld_of_today(tmp_path: Path) -> None:
    # `-error-limit=0` is taken for `-e rror-limit=0`.
    with pytest.raises(ReportedFailure) as caught:
        link_with_lld(small_link(tmp_path), WASM_LD, as_seed=True)
    assert caught.value.messages == (
        "entry symbol not defined (pass --no-entry to suppress): rror-limit=0",
    )


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    body = f'echo "stack dump" >&2; ulimit -c 0; kill -{number.value} $$; sleep 60'
    wasm_ld = script(tmp_path, "crashes", body)
    with pytest.raises(Crashed, match=number.name) as caught:
        link_with_lld(small_link(tmp_path), wasm_ld)
    assert caught.value.signal == number
    assert caught.value.stderr == "stack dump\n"
    assert caught.value.seed_name == "LLDCrashed"
    assert not is_believed(tmp_path)


def test_a_signal_without_a_name() -> None:
    assert "signal 63" in str(Crashed("wasm-ld", 63, ""))


@pytest.mark.parametrize("program", ["./nowhere/wasm-ld", "wasm-ld-that-is-nowhere", ""])
def test_a_program_that_is_not_there(tmp_path: Path, program: str) -> None:
    with pytest.raises(CannotStart) as caught:
        link_with_lld(small_link(tmp_path), (program, "wasm-ld"))
    assert caught.value.program == program
    assert caught.value.seed_name == "UnableToSpawnSelf"
    assert not is_believed(tmp_path)


def test_a_program_that_is_no_program(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"\0\0\0\0")
    path.chmod(0o755)
    with pytest.raises(CannotStart, match="Exec format error"):
        link_with_lld(small_link(tmp_path), (str(path),))


def test_no_program_at_all() -> None:
    with pytest.raises(CannotStart):
        run_child(())


def test_an_argument_that_cannot_be_passed(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="null byte"):
        link_with_lld(replace(small_link(tmp_path), entry="a\0b"), WASM_LD)


def test_a_command_line_that_is_too_long(tmp_path: Path) -> None:
    options = replace(small_link(tmp_path), entry="x" * 3_000_000)
    with pytest.raises(CannotStart, match="too long"):
        link_with_lld(options, WASM_LD)


def test_words_without_an_error_are_a_warning(tmp_path: Path) -> None:
    wasm_ld = script(tmp_path, "warns", 'echo "wasm-ld: warning: hm" >&2; echo x > "$output"')
    result = link_with_lld(small_link(tmp_path), wasm_ld)
    assert result.warnings == ("unexpected LLD stderr:\nwasm-ld: warning: hm\n",)
    assert is_believed(tmp_path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    wasm_ld = script(tmp_path, "bytes", r"printf '\377\n' >&2; exit 1")
    with pytest.raises(ReportedFailure) as caught:
        link_with_lld(small_link(tmp_path), wasm_ld)
    assert caught.value.stderr == "\udcff\n"


def test_errors_without_end(tmp_path: Path) -> None:
    with pytest.raises(StderrTooLong, match="more than 1000 bytes"):
        run_child(script(tmp_path, "endless", "yes error >&2"), stderr_limit=1000)


def test_errors_up_to_the_limit(tmp_path: Path) -> None:
    wasm_ld = script(tmp_path, "long", "printf %01000d 0 >&2")
    assert run_child(wasm_ld, stderr_limit=1000) == "0" * 1000


def test_standard_input_and_output_are_nobodys(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    body = 'test -z "$(cat)" || exit 9; echo "to standard output"; echo x > "$output"'
    options = small_link(tmp_path)
    result = link_with_lld(options, script(tmp_path, "talks", body))
    assert result.warnings == ()
    assert capfd.readouterr() == ("", "")


def test_inherited_outputs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    wasm_ld = script(tmp_path, "talks", 'echo out; echo err >&2; echo x > "$output"')
    result = link_with_lld(small_link(tmp_path), wasm_ld, inherit_stdio=True)
    assert result.warnings == ()
    assert capfd.readouterr() == ("out\n", "err\n")
    with pytest.raises(ReportedFailure) as caught:
        run_child(script(tmp_path, "fails", "exit 7"), inherit_stdio=True)
    assert caught.value.exit_status == 7


@pytest.mark.parametrize("before", [None, b"old output"])
def test_a_wasm_ld_that_writes_nothing(tmp_path: Path, before: bytes | None) -> None:
    if before is not None:
        (tmp_path / "out.wasm").write_bytes(before)
    with pytest.raises(OutputNotWritten):
        link_with_lld(small_link(tmp_path), ("true",))
    assert not is_believed(tmp_path)


def test_an_input_that_is_missing(tmp_path: Path) -> None:
    options = small_link(tmp_path)
    link_with_lld(options, WASM_LD)
    missing = str(tmp_path / "missing.o")
    more = replace(options, objects=(*options.objects, LinkObject(missing)))
    with pytest.raises(InputUnavailable, match="No such file") as caught:
        link_with_lld(more, WASM_LD)
    assert caught.value.path == missing
    # The output is still the first link's, and still known to be: nothing was touched.
    assert link_with_lld(options, WASM_LD).action is Action.UNCHANGED
    # Without the cache it is for wasm-ld to say.
    with pytest.raises(ReportedFailure, match="cannot open"):
        link_with_lld(more, WASM_LD, cache=False)


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    options = replace(small_link(tmp_path), output_directory=str(tmp_path / "none"))
    with pytest.raises(CacheUnavailable, match="No such file"):
        link_with_lld(options, WASM_LD)


@pytest.mark.parametrize("name", ["lld.id", "lld.id.lock", "lld.id.new"])
def test_a_folder_under_a_name_of_the_cache(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(CacheUnavailable):
        link_with_lld(small_link(tmp_path), WASM_LD)
    assert not (tmp_path / "out.wasm").exists()


def test_a_link_under_the_name_of_the_lock(tmp_path: Path) -> None:
    (tmp_path / "lld.id.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CacheUnavailable):
        link_with_lld(small_link(tmp_path), WASM_LD)
    assert not (tmp_path / "elsewhere").exists()


def test_an_interrupt_ends_the_child(tmp_path: Path) -> None:
    wasm_ld = python_script(
        tmp_path,
        "slow.py",
        "import os, pathlib, time\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()) + ' ')\n"
        "time.sleep(60)\n",
    )
    program = (
        "import signal, sys\nfrom linker.lld.child import run_child\n"
        "def interrupt(number, frame): raise KeyboardInterrupt\n"
        "signal.signal(signal.SIGALRM, interrupt)\n"
        "import threading, time, os, pathlib\n"
        f"pid = pathlib.Path({str(tmp_path / 'pid')!r})\n"
        "def wait():\n"
        "    while not pid.exists() or not pid.read_text().endswith(' '): time.sleep(0.01)\n"
        "    os.kill(os.getpid(), signal.SIGALRM)\n"
        "threading.Thread(target=wait).start()\n"
        f"try: run_child({wasm_ld!r})\n"
        "except KeyboardInterrupt: print('interrupted')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout == "interrupted\n", done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


# The object file: a copy of the first input (2180 to 2202).


def test_an_object_is_copied(tmp_path: Path) -> None:
    first = write_object(tmp_path, "first.o", "f")
    second = write_object(tmp_path, "second.o", "g")
    os.chmod(first, 0o640)  # noqa: PTH101
    options = replace(
        small_link(tmp_path),
        output_name="out.o",
        output_mode=OutputMode.OBJ,
        objects=(LinkObject(first), LinkObject(second)),
    )
    result = link_with_lld(options, ("never-started",))
    copy = tmp_path / "out.o"
    assert result.action is Action.COPIED
    assert result.command == ()
    assert copy.read_bytes() == Path(first).read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o640
    assert link_with_lld(options, ("never-started",)).action is Action.UNCHANGED
    # The seed's digest has all objects, though only the first is in the output.
    write_object(tmp_path, "second.o", "h")
    assert link_with_lld(options, ("never-started",)).action is Action.COPIED
    write_object(tmp_path, "first.o", "k")
    assert link_with_lld(options, ("never-started",)).action is Action.COPIED
    assert copy.read_bytes() == Path(first).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.o", "first.o", "lld.id", "lld.id.lock", "out.o", "second.o",
    ]  # fmt: skip


def test_an_object_that_is_its_own_output(tmp_path: Path) -> None:
    write_object(tmp_path, "out.o", "f")
    content = (tmp_path / "out.o").read_bytes()
    options = replace(
        small_link(tmp_path),
        output_name="out.o",
        output_mode=OutputMode.OBJ,
        objects=(),
        module=Module("out.o"),
    )
    link_with_lld(options, ())
    assert (tmp_path / "out.o").read_bytes() == content
    assert link_with_lld(options, ()).action is Action.UNCHANGED


def test_a_copy_over_a_link_replaces_the_link(tmp_path: Path) -> None:
    other = write_object(tmp_path, "other.o", "g")
    kept = Path(other).read_bytes()
    (tmp_path / "out.wasm").symlink_to(other)
    options = replace(small_link(tmp_path), output_mode=OutputMode.OBJ)
    link_with_lld(options, ())
    assert not (tmp_path / "out.wasm").is_symlink()
    assert Path(other).read_bytes() == kept


@pytest.mark.parametrize("cache", [True, False])
def test_an_object_of_nothing(tmp_path: Path, cache: bool) -> None:
    options = replace(small_link(tmp_path), output_mode=OutputMode.OBJ, objects=())
    with pytest.raises(NoObjectsToLink):
        link_with_lld(options, (), cache=cache)


@pytest.mark.parametrize("cache", [True, False])
def test_an_object_that_is_missing(tmp_path: Path, cache: bool) -> None:
    options = replace(
        small_link(tmp_path), output_mode=OutputMode.OBJ, objects=(LinkObject("none.o"),)
    )
    with pytest.raises(InputUnavailable):
        link_with_lld(options, (), cache=cache)


def test_a_copy_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out.wasm").mkdir()
    options = replace(small_link(tmp_path), output_mode=OutputMode.OBJ)
    with pytest.raises(OutputUnavailable):
        link_with_lld(options, ())
    nowhere = replace(options, output_name="none/out.o")
    with pytest.raises(OutputUnavailable):
        link_with_lld(nowhere, (), cache=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.o", "lld.id.lock", "out.wasm"]


def test_every_class_is_an_lld_error() -> None:
    for kind in (
        CacheUnavailable, CannotStart, Crashed, InputUnavailable, NoObjectsToLink,
        OutputNotWritten, OutputUnavailable, ReportedFailure, StderrTooLong,
    ):  # fmt: skip
        assert issubclass(kind, LldError)


def test_the_command_is_shown_before_it_runs(tmp_path: Path) -> None:
    shown: list[str] = []
    options = small_link(tmp_path)
    with pytest.raises(ReportedFailure):
        link_with_lld(options, ("false", "wasm-ld"), show_command=shown.append)
    assert shown == [
        "wasm-ld --error-limit=0 --stack-first -z stack-size=1048576 --allow-undefined"
        f" -o {shlex.quote(str(tmp_path / 'out.wasm'))} {options.objects[0].path}"
    ]

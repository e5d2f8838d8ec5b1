"""The driver and the console script: outputs, exit status, and what is left on disk."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linker import weld_ld
from linker.command_line.options import Options
from linker.command_line.response_files import Read
from linker.command_line.table import LLD_OPTIONS, Kind, Option
from linker.command_line.unsupported import UNSUPPORTED
from linker.driver import LinkOutput, run
from linker.errors import TOO_MANY_ERRORS, Diagnostics, LinkError, Message, Severity
from linker.format.errors import MalformedFile
from tests.linker.small_objects import archive_of, object_with
from tests.linker.wasm_ld import run_wasm_ld, run_weld_ld

ROOT = Path(__file__).parents[2]
START = object_with("_start")
Capture = pytest.CaptureFixture[bytes]


def reader(**files: bytes) -> Read:
    def read(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[path]

    return read


def test_a_link_in_memory() -> None:
    output = run(["start", "-o", "out/x.wasm"], reader(start=START))
    assert output.module is not None
    assert output.module.startswith(b"\0asm\1\0\0\0")
    assert output == LinkOutput(output.module, (), (), "", "out/x.wasm")


def test_a_refused_link_has_no_module() -> None:
    output = run(["start", "other", "-o", "x", "-z", "y"], reader(start=START))
    assert output == LinkOutput(
        None,
        ("cannot open other: No such file or directory",),
        ("unknown -z value: y",),
        "",
        "x",
        log=(
            Message(Severity.WARNING, "unknown -z value: y"),
            Message(Severity.ERROR, "cannot open other: No such file or directory"),
        ),
    )


def test_a_text_alone_is_no_link() -> None:
    output = run(["--version", "missing"], reader())
    assert output.module is None
    assert not output.errors
    assert output.output_path is None
    assert output.stdout.startswith("weld-ld ")


def test_the_dialect_of_the_command_line_goes_before_the_callers() -> None:
    unknown = run(["start", "-o", "x"], reader(start=START), dialect="none-such")
    known = run(["start", "-o", "x", "--dialect=lld-22"], reader(start=START), dialect="none-such")
    assert unknown.errors[0].startswith("unknown dialect: none-such ")
    assert known.module is not None


def test_the_same_bytes_every_time_and_no_state_between_links() -> None:
    files = reader(start=START, lib=archive_of(a=object_with("a"), b=object_with("b")))
    arguments = ["start", "lib", "--export=b", "-o", "x"]
    first = run(arguments, files)
    run(["start", "start", "-o", "x"], files)
    assert first.module is not None
    assert run(arguments, files) == first


def test_malformed_inputs_are_errors_that_name_the_file() -> None:
    output = run(["bad", "-o", "x"], reader(bad=START[:-3]))
    assert output.module is None
    assert len(output.errors) == 1
    assert output.errors[0].startswith("bad: ")


def test_malformed_file_from_a_stage_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_stages(*_: object) -> None:
        raise MalformedFile("a.o", "CODE", 16, "expected less")

    monkeypatch.setattr("linker.pipeline.run_stages", run_stages)
    output = run(["a.o", "-o", "x"], reader(**{"a.o": START}))
    assert output.errors == ("a.o: expected less (section CODE, offset 0x10)",)


def test_the_allowed_undefined_symbols_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[frozenset[str]] = []

    def link(options: Options, *_: object) -> None:
        seen.append(options.allow_undefined_symbols)
        log = (Message(Severity.ERROR, "stop"), Message(Severity.WARNING, "before"))
        raise LinkError(log, "printed\n")

    monkeypatch.setattr("linker.pipeline.link", link)
    files = reader(start=START, names=b"a\nb\n", lib=archive_of(), **{"lib.imports": b"c"})
    output = run(["start", "lib", "-o", "x", "--allow-undefined-file=names"], files)
    assert seen == [frozenset("abc")]
    assert output.errors == ("stop",)
    assert output.warnings == ("before",)
    assert output.stdout == "printed\n"


REFUSED_OPTIONS = [
    ("--shared", "--shared"),
    ("-pie", "--pie"),
    ("-mwasm64", "-m wasm64"),
    ("--unresolved-symbols=import-dynamic", "--unresolved-symbols=import-dynamic"),
    ("--lto-obj-path=x", "--lto-obj-path"),
    ("--thinlto-index-only", "--thinlto-index-only"),
]


@pytest.mark.parametrize(("argument", "name"), REFUSED_OPTIONS)
def test_options_that_are_not_there_yet_are_errors(argument: str, name: str) -> None:
    if name not in [entry.option for entry in UNSUPPORTED]:
        pytest.fail(f"{name} is supported now: take it out of this list too")
    output = run(["start", "-o", "x", argument, "--experimental-pic"], reader(start=START))
    assert output.errors == (f"{name} is not supported yet",)


def test_every_unsupported_option_has_a_test() -> None:
    assert {entry.option for entry in UNSUPPORTED} == {name for _, name in REFUSED_OPTIONS}


# The collection of messages.


def test_errors_stop_at_the_limit() -> None:
    diagnostics = Diagnostics(error_limit=2)
    diagnostics.error("one")
    diagnostics.error("two")
    with pytest.raises(LinkError) as caught:
        diagnostics.error("three")
    assert caught.value.messages == ("one", "two", TOO_MANY_ERRORS)


def test_no_limit() -> None:
    diagnostics = Diagnostics(error_limit=0)
    for _ in range(100):
        diagnostics.error("again")
    with pytest.raises(LinkError) as caught:
        diagnostics.check()
    assert caught.value.messages == ("again",) * 100


def test_a_fatal_error_comes_with_the_errors_and_warnings_before_it() -> None:
    diagnostics = Diagnostics()
    diagnostics.warn("careful")
    diagnostics.print("a.o")
    diagnostics.error("wrong")
    refusal = diagnostics.fatal("broken")
    assert refusal.messages == ("wrong", "broken")
    assert refusal.warnings == ("careful",)
    assert refusal.stdout == "a.o\n"


def test_fatal_warnings_are_errors() -> None:
    diagnostics = Diagnostics(fatal_warnings=True)
    diagnostics.warn("careful")
    assert diagnostics.errors == ["careful"]
    assert diagnostics.warnings == []
    with pytest.raises(LinkError):
        diagnostics.check()


def test_nothing_is_logged_unless_it_is_asked_for() -> None:
    quiet, loud = Diagnostics(), Diagnostics(verbose=True)
    for diagnostics in (quiet, loud):
        diagnostics.log("here")
        diagnostics.check()
    assert not quiet.messages
    assert [text for _, text in loud.messages] == ["here"]


# The console script.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.o").write_bytes(START)
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000, 0o027])
def test_the_output_is_executable_as_the_umask_allows(
    umask: int, folder: Path, capfdbinary: Capture
) -> None:
    before = os.umask(umask)
    try:
        run_wasm_ld(["a.o", "-o", "real"], folder)
        ours = run_weld_ld(["a.o", "-o", "ours"], folder, capfdbinary)
    finally:
        os.umask(before)
    assert ours == (0, "", "")
    assert mode(folder / "ours") == mode(folder / "real")


def test_the_output_has_the_bytes_of_wasm_ld(folder: Path, capfdbinary: Capture) -> None:
    run_wasm_ld(["a.o", "-o", "x"], folder)
    real = (folder / "x").read_bytes()
    (folder / "x").unlink()
    run_weld_ld(["a.o", "-o", "x"], folder, capfdbinary)
    assert (folder / "x").read_bytes() == real


def test_an_old_output_is_replaced_with_its_mode(folder: Path, capfdbinary: Capture) -> None:
    for name in ("real", "ours"):
        (folder / name).write_bytes(b"old")
        (folder / name).chmod(0o600)
    run_wasm_ld(["a.o", "-o", "real"], folder)
    run_weld_ld(["a.o", "-o", "ours"], folder, capfdbinary)
    assert (folder / "ours").read_bytes().startswith(b"\0asm")
    assert mode(folder / "ours") == mode(folder / "real")


@pytest.mark.parametrize("wrong", ["missing.o", "--export=none", "-z foo --fatal-warnings"])
def test_an_old_output_stays_after_an_error(wrong: str, folder: Path, capfdbinary: Capture) -> None:
    argv = ["a.o", "-o", "x", *wrong.split()]
    for status in (
        run_wasm_ld,
        lambda argv, folder: run_weld_ld(argv, folder, capfdbinary),
    ):
        (folder / "x").write_bytes(b"old")
        assert status(argv, folder).status == 1
        assert (folder / "x").read_bytes() == b"old"
    assert {path.name for path in folder.iterdir()} == {"a.o", "x"}


def test_a_link_to_a_file_is_replaced_and_not_followed(folder: Path, capfdbinary: Capture) -> None:
    (folder / "target").write_bytes(b"old")
    for name in ("real", "ours"):
        (folder / name).symlink_to("target")
    run_wasm_ld(["a.o", "-o", "real"], folder)
    run_weld_ld(["a.o", "-o", "ours"], folder, capfdbinary)
    assert [(folder / name).is_symlink() for name in ("real", "ours")] == [False, False]
    assert (folder / "target").read_bytes() == b"old"


def test_a_device_is_written_to(folder: Path, capfdbinary: Capture) -> None:
    assert run_weld_ld(["a.o", "-o", "/dev/null"], folder, capfdbinary) == (0, "", "")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_dash_is_standard_output(folder: Path, capfdbinary: Capture) -> None:
    real = run_wasm_ld(["a.o", "-o", "-"], folder)
    ours = run_weld_ld(["a.o", "-o", "-"], folder, capfdbinary)
    assert ours == real
    assert not (folder / "-").exists()


@pytest.mark.parametrize("path", ["nodir/x", ".", "a.o/x", "sub"])
def test_a_path_that_cannot_be_written_is_found_before_linking(
    path: str, folder: Path, capfdbinary: Capture
) -> None:
    (folder / "sub").mkdir()
    # The missing export would be reported by the linking itself.
    argv = ["a.o", "-o", path, "--export=none", "--allow-undefined-file=missing"]
    real = run_wasm_ld(argv, folder)
    ours = run_weld_ld(argv, folder, capfdbinary)
    assert ours == real


def test_warnings_do_not_change_the_exit_status(folder: Path, capfdbinary: Capture) -> None:
    ours = run_weld_ld(["a.o", "-o", "x", "-z", "foo"], folder, capfdbinary)
    assert ours == (0, "ld: warning: unknown -z value: foo\n", "")
    assert (folder / "x").exists()


def test_v_prints_the_version_and_links(folder: Path, capfdbinary: Capture) -> None:
    ours = run_weld_ld(["-v", "a.o", "-o", "x"], folder, capfdbinary)
    assert ours.status == 0
    assert ours.stdout.startswith("weld-ld ")
    assert (folder / "x").exists()


def test_names_that_are_not_utf8_come_back_as_they_were(folder: Path, capfdbinary: Capture) -> None:
    name = os.fsdecode(b"caf\xe9.o")
    real = run_wasm_ld([name, "-o", "x"], folder)
    ours = run_weld_ld([name, "-o", "x"], folder, capfdbinary)
    assert ours == real
    assert name in ours.stderr


def test_a_bug_is_an_error_message_and_no_traceback(
    folder: Path, capfdbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("linker.pipeline.link", link)
    ours = run_weld_ld(["a.o", "-o", "x"], folder, capfdbinary)
    assert ours.status == 1
    assert ours.stderr.startswith("ld: error: internal error: ZeroDivisionError: oops ")
    assert "Traceback" not in ours.stderr
    monkeypatch.setenv("WELD_LD_TRACEBACK", "1")
    assert "Traceback" in run_weld_ld(["a.o", "-o", "x"], folder, capfdbinary).stderr


def test_an_interruption_is_no_error(
    folder: Path, capfdbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("linker.pipeline.link", link)
    assert run_weld_ld(["a.o", "-o", "x"], folder, capfdbinary).status == 130


def test_a_failed_write_leaves_nothing_behind(
    folder: Path, capfdbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (folder / "x").write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", replace)
    ours = run_weld_ld(["a.o", "-o", "x"], folder, capfdbinary)
    assert ours == (1, "ld: error: failed to write output 'x': Permission denied\n", "")
    assert {path.name for path in folder.iterdir()} == {"a.o", "x"}
    assert (folder / "x").read_bytes() == b"old"


def test_the_script_as_a_process(folder: Path) -> None:
    command = [sys.executable, "-m", "linker.weld_ld"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for arguments, status in ((["a.o", "-o", "x"], 0), (["missing.o", "-o", "x"], 1)):
        done = subprocess.run([*command, *arguments], cwd=folder, env=environment, check=False)
        assert done.returncode == status
    # A reader that goes away must not make Python complain at its exit.
    help_process = subprocess.Popen(
        [*command, "--help"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert help_process.stdout is not None
    help_process.stdout.close()
    _, stderr = help_process.communicate(timeout=60)
    assert stderr == b""


def test_main_reads_the_arguments_of_the_process(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: Capture
) -> None:
    monkeypatch.setattr(sys, "argv", ["weld-ld", "--list-quirks"])
    assert weld_ld.main() == 0
    assert b"lld-22" in capfdbinary.readouterr().out


# What zig passes, in the order it does: `zig build-exe` of 0.17.1 for C with libc, and the
# function linkWithLLD of Zig 0.10's linker with every option it knows.
ZIG_LINES = [
    "--error-limit=0 --export-memory --stack-first --entry _start -z stack-size=16777216"
    " --build-id=none -o x a.o",
    "--error-limit=0 --export-memory -s --stack-first --entry _start -z stack-size=16777216"
    " --build-id=none -o x a.o",
    "-O2 --import-memory --import-table -s --initial-memory=2097152 --max-memory=4194304"
    " --stack-first --export=_start --entry _start -z stack-size=1048576 --allow-undefined -o x"
    " a.o",
    "-O3 --export-table --no-stack-first --global-base=2048 --export-dynamic -z stack-size=65536"
    " --no-entry --allow-undefined -o x a.o -whole-archive lib.a -no-whole-archive",
]


@pytest.mark.parametrize("line", ZIG_LINES)
def test_the_command_lines_of_zig(line: str, folder: Path, capfdbinary: Capture) -> None:
    (folder / "lib.a").write_bytes(archive_of(a=object_with("a"), b=object_with("b")))
    real = run_wasm_ld(line.split(), folder)
    assert real.status == 0
    module = (folder / "x").read_bytes()
    (folder / "x").unlink()
    assert run_weld_ld(line.split(), folder, capfdbinary) == real
    assert (folder / "x").read_bytes() == module


@settings(max_examples=200, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=60),
        st.binary(max_size=60).map(START[:8].__add__),
        st.binary(max_size=60).map(b"!<arch>\n".__add__),
        st.builds(
            lambda at, byte: START[:at] + bytes([byte]) + START[at + 1 :],
            st.integers(0, len(START) - 1),
            st.integers(0, 255),
        ),
    ),
    whole=st.booleans(),
)
def test_any_bytes_link_or_give_an_error(data: bytes, whole: bool) -> None:
    switches = ["--whole-archive"] if whole else []
    output = run([*switches, "any", "start", "-o", "x"], reader(any=data, start=START))
    assert (output.module is None) == bool(output.errors)


# Options that nothing here can link with, or that would write over the inputs.
_NOT_HERE = {
    "shared", "pie", "m", "wrap", "trace-symbol", "Map", "print-map", "why-extract=",
    "unresolved-symbols", "reproduce", "lto-obj-path=", "thinlto-index-only",
    "thinlto-index-only=", "thinlto-cache-policy", "mllvm", "o", "v", "version", "help",
    "verbose", "color-diagnostics", "color-diagnostics=", "build-id=",
}  # fmt: skip
_VALUES = [
    "0", "1", "2", "16", "65536", "131072", "262144", "_start", "a", "b", "c", "none", "env,mem",
    "memory", "ignore-all", "wasm32", "name", "stack-size=16", "stack-size=1024", "muldefs",
    "lib.a", "missing.o",
]  # fmt: skip


def _with_value(option: Option, prefix: str, value: str) -> list[str]:
    if option.kind is Kind.FLAG:
        return [prefix + option.spelling]
    if option.kind in (Kind.JOINED, Kind.COMMA_JOINED):
        return [prefix + option.spelling + value]
    return [prefix + option.spelling, value]


_SETTINGS = st.builds(
    lambda option, prefix, value: _with_value(
        option, option.prefixes[prefix % len(option.prefixes)], value
    ),
    st.sampled_from([option for option in LLD_OPTIONS if option.key not in _NOT_HERE]),
    st.integers(0, 1),
    st.sampled_from(_VALUES),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    inputs=st.sampled_from(["a.o", "a.o lib.a", "lib.a a.o", "a.o --whole-archive lib.a"]),
    chosen=st.lists(_SETTINGS, max_size=4),
)
def test_random_options_give_what_wasm_ld_gives(
    inputs: str, chosen: list[list[str]], folder: Path, capfdbinary: Capture
) -> None:
    (folder / "lib.a").write_bytes(archive_of(b=object_with("b"), c=object_with("c", "c2")))
    argv = ["-o", "x", *inputs.split(), *(argument for part in chosen for argument in part)]
    output = folder / "x"
    output.unlink(missing_ok=True)
    real = run_wasm_ld(argv, folder)
    expected = output.read_bytes() if output.exists() else None
    output.unlink(missing_ok=True)
    ours = run_weld_ld(["--dialect=lld-22", *argv], folder, capfdbinary)
    assert (ours.status, ours.stderr) == (real.status, real.stderr)
    if real.status == 0:
        assert ours.stdout == real.stdout
    assert (output.read_bytes() if output.exists() else None) == expected


# The order of what is said.


def test_warnings_and_errors_keep_their_order(folder: Path, capfdbinary: Capture) -> None:
    """Between errors a warning stands where wasm-ld says it."""
    arguments = ["--threads=0", "-z", "odd", "--build-id=md5", "a.o", "-o", "x"]
    ours = run_weld_ld(arguments, folder, capfdbinary)
    assert ours == run_wasm_ld(arguments, folder)
    assert [line.split()[1] for line in ours.stderr.splitlines()] == [
        "warning:",
        "error:",
        "error:",
    ]


def test_an_error_before_the_option_for_colours_has_none(
    folder: Path, capfdbinary: Capture
) -> None:
    arguments = ["--color-diagnostics", "--rsp-quoting=unix", "-m", "arm", "a.o", "-o", "x"]
    ours = run_weld_ld(arguments, folder, capfdbinary)
    assert ours == run_wasm_ld(arguments, folder)
    first, second = ours.stderr.splitlines()
    assert "\033" not in first
    assert "\033[0;31merror: \033[0m" in second


def test_the_limit_of_errors_leaves_colours_and_the_reproducer(
    folder: Path, capfdbinary: Capture
) -> None:
    """What was asked for before the last error is there."""
    arguments = [
        "--color-diagnostics",
        "--error-limit=1",
        "--reproduce=r.tar",
        "-O=x",
        "--threads=0",
    ]
    theirs = run_wasm_ld([*arguments, "-o", "x"], folder)
    (folder / "r.tar").unlink()
    ours = run_weld_ld([*arguments, "-o", "x"], folder, capfdbinary)
    assert ours == theirs
    assert "too many errors" in ours.stderr
    assert (folder / "r.tar").exists()


def test_a_malformed_input_does_not_swallow_what_was_said_before() -> None:
    files = reader(start=START, bad=START[:-3])
    output = run(["start", "bad", "-o", "x", "-z", "odd"], files)
    assert [severity for severity, _ in output.log] == [Severity.WARNING, Severity.ERROR]


def test_a_limit_that_is_passed_before_it_is_known_silences(
    folder: Path, capfdbinary: Capture
) -> None:
    arguments = ["--no-such", "--nor-such", "--error-limit=1", "--threads=0", "a.o", "-o", "x"]
    ours = run_weld_ld(arguments, folder, capfdbinary)
    assert ours == run_wasm_ld(arguments, folder)
    assert len(ours.stderr.splitlines()) == 2

"""Real programs, compiled here: the reference writes wasm-ld's bytes, and they run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs.build import BUILDERS, Program, ZlibMissing
from tests.programs.compare import assert_same_bytes
from tests.programs.running import run_module
from tests.programs.zig import link_with_wasm_ld
from tests.tools import missing

# What is added to a program's link line. The last of two contrary options counts.
OPTION_SETS: dict[str, tuple[str, ...]] = {
    "as-it-is": (),
    "gc-sections": ("--gc-sections",),
    "no-gc-sections": ("--no-gc-sections",),
    "export-all": ("--export-all",),
    "export-dynamic": ("--export-dynamic",),
    "strip-all": ("--strip-all",),
    "strip-debug": ("--strip-debug",),
    "stack-first": ("--stack-first",),
    "no-stack-first": ("--no-stack-first",),
    "no-merge-data-segments": ("--no-merge-data-segments",),
    "import-memory": ("--import-memory", "--export-memory"),
    "import-table": ("--import-table",),
    "export-table": ("--export-table",),
    "growable-table": ("--export-table", "--growable-table"),
    "build-id": ("--build-id",),
    "build-id-sha1": ("--build-id=sha1",),
    "build-id-hex": ("--build-id=0xdecafbad",),
    "global-base": ("--no-stack-first", "--global-base=4096", "-z", "stack-size=32768"),
    "memory-sizes": ("--initial-memory=33554432", "--max-memory=67108864"),
    "table-base": ("--table-base=10",),
    "optimise-strings": ("-O2",),
    "keep-strings": ("-O0",),
    "export-some": ("--export-if-defined=malloc", "--export-if-defined=multiply"),
    "compress-relocations": ("--compress-relocations", "--strip-debug"),
    "extra-features": ("--extra-features=simd128,tail-call",),
    "emit-relocs": ("--emit-relocs",),
    "relocatable": ("-r",),
    "shared-memory": ("--shared-memory", "--max-memory=67108864", "--no-check-features"),
    "everything-kept": (
        "--no-gc-sections", "--export-all", "--no-merge-data-segments", "--build-id", "-O0",
    ),
}  # fmt: skip

# wasm-ld refuses an entry together with -r.
NOT_WITH_RELOCATABLE = ("--entry", "_start")

# No programs: an object file, and a module for a host with threads.
NOT_RUN = ("relocatable", "shared-memory")

# The large ones, with the options that change the most.
FEW_OPTION_SETS = ("as-it-is", "no-gc-sections", "strip-debug", "strip-all", "everything-kept")
LARGE = ("libc-debug", "zlib-g", "zig")
SLOW = ("libcxx",)

CASES = [
    pytest.param(name, options, marks=[pytest.mark.slow] if name in SLOW else [])
    for name in BUILDERS
    for options in (FEW_OPTION_SETS if name in LARGE + SLOW else OPTION_SETS)
]


@pytest.fixture(scope="session")
def built() -> dict[str, Program]:
    """The programs built so far, by name."""
    return {}


def get_program(
    name: str, built: dict[str, Program], tmp_path_factory: pytest.TempPathFactory
) -> Program:
    """Builds a program on its first use in this run."""
    if name not in built:
        try:
            built[name] = BUILDERS[name](tmp_path_factory.mktemp(name))
        except ZlibMissing as error:
            missing(str(error))
    return built[name]


@pytest.mark.parametrize("name", [n for n in BUILDERS if n not in SLOW])
def test_wasm_ld_links_the_program_and_it_prints_what_it_should(
    name: str,
    built: dict[str, Program],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The other half of the comparison: the programs themselves are right."""
    program = get_program(name, built, tmp_path_factory)
    module, messages = link_with_wasm_ld(program.link_line, tmp_path)
    assert module is not None, messages
    assert run_module(module, program.entry, tmp_path) == program.stdout


@pytest.mark.parametrize(("name", "options"), CASES)
def test_same_bytes_as_wasm_ld(
    name: str,
    options: str,
    built: dict[str, Program],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    program = get_program(name, built, tmp_path_factory)
    line = [*program.link_line, *OPTION_SETS[options]]
    if options == "relocatable":
        line = [argument for argument in line if argument not in NOT_WITH_RELOCATABLE]
    module = assert_same_bytes(line, tmp_path)
    if options not in NOT_RUN:
        assert run_module(module, program.entry, tmp_path) == program.stdout


def test_weld_ld_as_a_command_writes_the_same_file(
    built: dict[str, Program], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    program = get_program("libc-small", built, tmp_path_factory)
    expected, messages = link_with_wasm_ld(program.link_line, tmp_path)
    assert expected is not None, messages
    output = tmp_path / "out.wasm"
    command = [sys.executable, "-m", "linker.weld_ld", *program.link_line, "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert output.read_bytes() == expected


def test_refused_link_has_the_same_message_and_no_file(
    built: dict[str, Program], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Without its archive, the program's symbols are undefined."""
    program = get_program("archive", built, tmp_path_factory)
    line = [argument for argument in program.link_line if not argument.endswith(".a")]
    module, messages = link_with_wasm_ld(line, tmp_path)
    assert module is None
    output = tmp_path / "out.wasm"
    command = [sys.executable, "-m", "linker.weld_ld", *line, "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert not output.exists()
    wanted = [text.partition("error: ")[2] for text in messages.splitlines() if "error: " in text]
    found = [text.partition("error: ")[2] for text in done.stderr.splitlines() if "error: " in text]
    assert wanted
    assert found == wanted

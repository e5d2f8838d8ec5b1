"""Real programs, compiled here: the reference writes wasm-ld's bytes, and they run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.programs.build import BUILDERS
from tests.programs.compare import assert_both_refuse, assert_same_bytes, linked
from tests.programs.languages import LANGUAGE_BUILDERS
from tests.programs.program import Program
from tests.programs.running import run_program
from tests.programs.zig import link_with_wasm_ld

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
FEW_OPTION_SETS = ("as-it-is", "no-gc-sections", "strip-debug", "everything-kept")
MORE_OPTION_SETS = (
    *FEW_OPTION_SETS, "strip-all", "export-all", "optimise-strings", "compress-relocations",
    "emit-relocs",
)  # fmt: skip
# What a memory that threads share allows, and `--no-entry`.
THREAD_OPTION_SETS = (
    *MORE_OPTION_SETS, "stack-first", "no-stack-first", "no-merge-data-segments", "export-table",
    "build-id", "global-base", "table-base", "keep-strings",
)  # fmt: skip
# Half a second or more for each link, so that most of their option sets are slow tests.
LARGE = ("libc-debug", "zlib-g", "zig", "zstd", "rust", "rust-debug", "cxx20", "libcxx")
# The first build of libc++ with streams takes a minute.
SLOW = ("libcxx",)


def option_sets_of(name: str) -> Iterable[str]:
    if name.startswith("threads"):
        return THREAD_OPTION_SETS
    if name in LANGUAGE_BUILDERS or name in LARGE:
        return MORE_OPTION_SETS
    return OPTION_SETS


def case(name: str, what: str, quick: Iterable[str]) -> ParameterSet:
    """The parameters of a test, slow if the program is large and the link not one of `quick`."""
    slow = name in SLOW or (name in LARGE and what not in quick)
    return pytest.param(name, what, marks=[pytest.mark.slow] if slow else [])


CASES = [
    case(name, options, FEW_OPTION_SETS) for name in BUILDERS for options in option_sets_of(name)
]

# A relocatable link of all inputs, and what is added to the program's own options after it.
RELOCATABLE_STEPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "plain": ((), ()),
    "stripped": (("--strip-debug",), ("--no-gc-sections",)),
    "unmerged": (("--no-merge-data-segments",), ("-O2", "--emit-relocs")),
}
# wasm-ld refuses what its own relocatable link made of these: a weak reference to a member that
# stays in its archive is no longer undefined (quirk demoted-flag-lost), or a section that its
# ends' symbols keep is not retained (quirk segment-flags-lost).
LOST_MEMBERS = ("archive", "libc-debug", "zlib-O2", "zlib-g")
LOST_RETAINED = ("freestanding", "freestanding-debug", "freestanding-library")
RELOCATABLE_CASES = [
    case(name, steps, ("plain",)) for name in BUILDERS for steps in RELOCATABLE_STEPS
]


@pytest.mark.parametrize("name", [n for n in BUILDERS if n not in SLOW])
def test_wasm_ld_links_the_program_and_it_prints_what_it_should(
    name: str, get_program: Callable[[str], Program], tmp_path: Path
) -> None:
    """The other half of the comparison: the programs themselves are right."""
    program = get_program(name)
    module, messages = link_with_wasm_ld(program.link_line, tmp_path)
    assert module is not None, messages
    assert run_program(program, module, tmp_path) == program.stdout


@pytest.mark.parametrize(("name", "options"), CASES)
def test_same_bytes_as_wasm_ld(
    name: str, options: str, get_program: Callable[[str], Program], tmp_path: Path
) -> None:
    program = get_program(name)
    line = [*program.link_line, *OPTION_SETS[options]]
    if options == "relocatable":
        line = [argument for argument in line if argument not in NOT_WITH_RELOCATABLE]
    module = assert_same_bytes(line, tmp_path)
    if options not in NOT_RUN:
        assert run_program(program, module, tmp_path) == program.stdout


@pytest.mark.parametrize(("name", "steps"), RELOCATABLE_CASES)
def test_a_relocatable_link_first_gives_the_same_bytes_and_behaviour(
    name: str, steps: str, get_program: Callable[[str], Program], tmp_path: Path
) -> None:
    program = get_program(name)
    first, second = RELOCATABLE_STEPS[steps]
    whole = tmp_path / "whole.o"
    whole.write_bytes(assert_same_bytes(["-r", *first, *program.inputs], tmp_path))
    final = [*program.options, *second, str(whole)]
    if name in LOST_MEMBERS:
        # The object is malformed; each reader says so in its own words.
        assert_both_refuse(final, tmp_path)
    elif name in LOST_RETAINED and "--no-gc-sections" not in second:
        wanted, found = assert_both_refuse(final, tmp_path)
        assert wanted
        assert found == wanted
    else:
        module = assert_same_bytes(final, tmp_path)
        assert run_program(program, module, tmp_path) == program.stdout
    # What wasm-ld loses on the way is not lost by the rules.
    whole.write_bytes(linked(["-r", *first, *program.inputs], "standard"))
    module = linked(final, "standard")
    assert run_program(program, module, tmp_path) == program.stdout


def test_weld_ld_as_a_command_writes_the_same_file(
    get_program: Callable[[str], Program], tmp_path: Path
) -> None:
    program = get_program("libc-small")
    expected, messages = link_with_wasm_ld(program.link_line, tmp_path)
    assert expected is not None, messages
    output = tmp_path / "out.wasm"
    command = [sys.executable, "-m", "linker.weld_ld", *program.link_line, "-o", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert output.read_bytes() == expected


def test_refused_link_has_the_same_message_and_no_file(
    get_program: Callable[[str], Program], tmp_path: Path
) -> None:
    """Without its archive, the program's symbols are undefined."""
    program = get_program("archive")
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

"""Real programs, linked by each release of wasm-ld and by the reference in its dialect."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from linker.driver import run
from tests.linker.releases import NEWEST_LLD, RELEASES, release
from tests.programs.build import BUILDERS
from tests.programs.compare import first_difference
from tests.programs.program import Program
from tests.programs.test_programs import LARGE, NOT_WITH_RELOCATABLE, OPTION_SETS, SLOW

# Those that every release has, and that change what is written.
OPTIONS = (
    "as-it-is", "no-gc-sections", "relocatable", "emit-relocs", "compress-relocations",
    "strip-debug", "export-all", "optimise-strings", "no-merge-data-segments", "shared-memory",
)  # fmt: skip
# With R_WASM_MEMORY_ADDR_TLS_SLEB or, in Zig's libc++, R_WASM_MEMORY_ADDR_REL_SLEB in their code.
# wasm-ld up to 21 cannot compress those (getRelocWidthPadded), and crashes, or writes garbage, or
# happens to do what is right.
INCOMPRESSIBLE = ("threads", "libcxx", "cxx20")
# What is compared in every run, where a link takes a fifth of a second or more.
QUICK: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("libc-small", "zlib-O2"), ("no-gc-sections", "relocatable", "shared-memory")),
    # With all that is in the libraries.
    **dict.fromkeys(LARGE, ("no-gc-sections",)),
    # Their debug information is of the same kinds as that of zstd and of Rust's own library.
    **dict.fromkeys(("zlib-g", "rust-debug", *SLOW), ()),
}


def cases() -> Iterator[ParameterSet]:
    """Each program with the options of every run, and with all where these are not all."""
    for name in BUILDERS:
        quick = QUICK.get(name, OPTIONS)
        if quick:
            yield pytest.param(name, quick, id=name)
        if quick != OPTIONS:
            yield pytest.param(name, OPTIONS, id=f"{name}-all", marks=pytest.mark.slow)


@pytest.mark.parametrize("number", [number for number in RELEASES if number != NEWEST_LLD])
@pytest.mark.parametrize(("name", "options"), list(cases()))
def test_same_bytes_as_that_release(
    name: str,
    options: tuple[str, ...],
    number: int,
    get_program: Callable[[str], Program],
    tmp_path: Path,
) -> None:
    program = get_program(name)
    for what in options:
        line = [*program.link_line, *OPTION_SETS[what]]
        if what == "compress-relocations" and name.startswith(INCOMPRESSIBLE):
            continue
        if what == "relocatable":
            line = [argument for argument in line if argument not in NOT_WITH_RELOCATABLE]
        compare(number, line, tmp_path)


def compare(number: int, line: list[str], folder: Path) -> None:
    """The same module, or the same refusal; where the release crashes, an error that says so."""
    wasm_ld = release(number)
    output = folder / "out.wasm"
    output.unlink(missing_ok=True)
    done = subprocess.run(
        [*wasm_ld.command, *line, "-o", str(output)],
        env={**dict(wasm_ld.environment(folder)), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    ours = run([*line, "-o", str(output)], dialect=f"lld-{number}")
    if done.returncode == 0:
        assert ours.module is not None, (line, ours.errors)
        expected = output.read_bytes()
        assert ours.module == expected, first_difference(expected, ours.module)
    elif done.returncode < 0:
        assert "crashes here" in ours.errors[0]
    else:
        assert [f"wasm-ld: error: {text}" for text in ours.errors] == done.stderr.splitlines()

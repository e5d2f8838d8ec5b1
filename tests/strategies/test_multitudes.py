"""Cases of hundreds and thousands: small when shrunk, and past the steps of LEB128 as wasm-ld."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import ziglang
from hypothesis import Phase, find, settings

from linker.driver import run
from linker.format.encode import encode
from strategies import LinkCase, link_cases
from strategies.choices import Record
from strategies.definitions import multitudes
from strategies.objects.builder import ObjectBuilder
from strategies.program import Program, Unit

STATEMENTS = (
    multitudes.functions,
    multitudes.segments,
    multitudes.aliases,
    multitudes.globals_,
    multitudes.imports,
)
COMMAND_LINES = (
    ("--no-entry",),
    ("--no-entry", "--strip-debug", "--compress-relocations"),
    ("--relocatable",),
    ("--no-entry", "--no-merge-data-segments", "--no-gc-sections", "--emit-relocs"),
)


def test_a_multitude_shrinks_to_a_few() -> None:
    def wanted(case: LinkCase) -> bool:
        return "many.globals" in dict(case.features)

    quick = settings(
        database=None,
        deadline=None,
        derandomize=True,
        max_examples=4000,
        phases=[Phase.generate, Phase.shrink],
    )
    case = find(link_cases(), wanted, settings=quick)
    assert sum(len(file.content) for file in case.files) < 700


@pytest.mark.slow
@pytest.mark.parametrize("arguments", COMMAND_LINES, ids=lambda words: " ".join(words))
@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.__name__)
def test_numbers_of_three_bytes_are_written_as_wasm_ld_does(
    statement: Callable[[Program, Unit, Record], None],
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More than 16384 of a kind, all in use and all in the symbol table."""
    monkeypatch.setattr(multitudes, "_count", lambda program, record: 16400)
    monkeypatch.chdir(tmp_path)
    program = Program(frozenset({"many"}), [Unit(0, ObjectBuilder("large.o"))])
    # The second last name is asked for, and all others through the function that names them.
    statement(program, program.units[0], Record(bytes((0, 0, 0, 0, 1, 1, 1, 1))))
    for probe in program.probes:
        probe.code.raw(b"\x0b")
    Path("large.o").write_bytes(encode(program.units[0].builder.finish()))
    command = [*arguments, "large.o", "-o", "out.wasm"]
    zig = Path(ziglang.__file__).parent / "zig"
    subprocess.run([str(zig), "wasm-ld", *command], check=True, timeout=60)
    assert run(command, dialect="lld-22").module == Path("out.wasm").read_bytes()

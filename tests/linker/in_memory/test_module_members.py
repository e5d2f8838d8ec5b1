"""Modules without a section `linking` among the members of archives: left alone until needed.

The names by which they are found are what LLVM's WasmObjectFile makes up for them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from linker.driver import run
from linker.format.archive import Member
from linker.format.encode_archive import encode_archive
from tests.linker.assemble import assemble
from tests.linker.objects import EXPORTED, function, global_get, global_variable
from tests.linker.wasm_ld import run_wasm_ld, run_weld_ld

PLAIN = [
    "--no-entry",
    "--no-gc-sections",
    "--no-check-features",
    "--extra-features=mutable-globals",
]
KINDS = {
    "named.a": [*PLAIN],
    "named-and-exporting.a": [*PLAIN, "--export=f", "--export=v"],
    "exporting.a": [*PLAIN, "--export=f", "--export=v", "--strip-all"],
    "silent.a": [*PLAIN, "--strip-all"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = assemble(function("f", global_get("v")), function("g"), global_variable("v"))
    (tmp_path / "inside.o").write_bytes(inside)
    (tmp_path / "main.o").write_bytes(assemble(function("main", flags=EXPORTED)))
    for name, arguments in KINDS.items():
        made = run([*arguments, str(tmp_path / "inside.o"), "-o", "module.wasm"])
        assert made.module is not None, made.errors
        archive = encode_archive([Member("module.wasm", made.module)], symbol_table=False)
        (tmp_path / name).write_bytes(archive)
        (tmp_path / name).with_suffix(".wasm").write_bytes(made.module)
    return tmp_path


@pytest.mark.parametrize("name", ["", "f", "g", "v", "memory"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_refused_only_if_something_takes_it(
    kind: str, name: str, folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    wanted = [f"--undefined={name}"] if name else []
    argv = ["--no-entry", "main.o", kind, *wanted, "-o", "out.wasm"]
    real = run_wasm_ld(argv, folder)
    output = folder / "out.wasm"
    expected = output.read_bytes() if output.exists() else None
    output.unlink(missing_ok=True)
    ours = run_weld_ld(argv, folder, capfdbinary)
    assert (ours.status, ours.stderr) == (real.status, real.stderr)
    assert (output.read_bytes() if output.exists() else None) == expected


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        # A function is known by its name if it is exported, a global in any case.
        ("named.a", ["v"]),
        ("named-and-exporting.a", ["f", "v"]),
        ("exporting.a", ["f", "v"]),
        ("silent.a", []),
    ],
)
def test_which_names_take_it(kind: str, taken: list[str], folder: Path) -> None:
    def is_taken(name: str) -> bool:
        argv = ["--no-entry", f"--undefined={name}", "main.o", kind, "-o", "out.wasm"]
        errors = run(argv, lambda path: (folder / path).read_bytes()).errors
        assert not errors or errors == (f"{kind}(module.wasm): not a relocatable wasm file",)
        return bool(errors)

    assert [name for name in ("f", "g", "v", "memory") if is_taken(name)] == taken


def test_it_is_told_apart_on_the_command_line_too(folder: Path) -> None:
    """On its own it is refused; between --start-lib and --end-lib it waits."""
    module = str(folder / "named.wasm")
    main = str(folder / "main.o")
    alone = run(["--no-entry", main, module, "-o", "out.wasm"])
    assert alone.errors == (f"{module}: not a relocatable wasm file",)
    waits = run(["--no-entry", main, "--start-lib", module, "--end-lib", "-o", "out.wasm"])
    assert waits.errors == ()

"""What the tests of the wasm-ld driver share: the real wasm-ld, and obedient fakes."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from linker.lld import LinkObject, LldOptions
from tests.linker.small_objects import object_with
from tests.programs.zig import zig

WASM_LD = (zig(), "wasm-ld")


def write_object(folder: Path, name: str, *functions: str) -> str:
    """Writes an object with these functions; returns its path."""
    path = folder / name
    path.write_bytes(object_with(*functions))
    return str(path)


def small_link(folder: Path) -> LldOptions:
    """An executable `out.wasm` of one object `a.o`, both in this folder."""
    return LldOptions(
        output_name="out.wasm",
        output_directory=str(folder),
        objects=(LinkObject(write_object(folder, "a.o", "_start")),),
        skip_linker_dependencies=True,
    )


def counted(folder: Path) -> tuple[str, ...]:
    """The real wasm-ld, which also notes each start in `starts` (see `starts_of`)."""
    return script(
        folder,
        "counted",
        f'echo >> {shlex.quote(str(folder / "starts"))}; exec {shlex.quote(zig())} wasm-ld "$@"',
    )


def starts_of(folder: Path) -> int:
    """How often the command of `counted` was started."""
    path = folder / "starts"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def script(folder: Path, name: str, body: str) -> tuple[str, ...]:
    """A command that runs a few lines of shell; `$output` is the path after `-o`."""
    path = folder / name
    lines = [
        "#!/bin/sh",
        'previous=; output=; for argument in "$@"; do',
        'test "$previous" = -o && output="$argument"; previous="$argument"; done',
        body,
    ]
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o755)
    return (str(path),)


def python_script(folder: Path, name: str, body: str) -> tuple[str, ...]:
    """A command that runs a few lines of Python."""
    path = folder / name
    path.write_text(body)
    return (sys.executable, str(path))

"""Zig's C compiler and its wasm-ld, from the PyPI package `ziglang`."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import ziglang

_TIME_LIMIT = 900  # seconds; the first build of a libc on a slow machine takes minutes


class WasmLdResult(NamedTuple):
    """What wasm-ld did: the module it wrote (None: none) and its messages."""

    module: bytes | None
    messages: str


def zig() -> str:
    """The zig binary itself: `python -m ziglang` would only start it."""
    return str(Path(ziglang.__file__).parent / "zig")


def environment() -> dict[str, str]:
    """The environment for zig: its caches are the user's, so that a libc is built once."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "weldcheck" / "zig"
    variables = dict(os.environ)
    variables.setdefault("ZIG_GLOBAL_CACHE_DIR", str(cache))
    variables.setdefault("ZIG_LOCAL_CACHE_DIR", str(cache))
    return variables


def run_zig(*arguments: str, folder: Path) -> str:
    """Runs zig in a folder; returns what it wrote to standard error."""
    done = subprocess.run(
        [zig(), *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=_TIME_LIMIT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"zig {shlex.join(arguments)} failed:\n{done.stderr}")
    return done.stderr


def compile_c(source: Path, output: Path, *flags: str, target: str = "wasm32-wasi") -> Path:
    """Compiles one C or C++ file to an object."""
    compiler = "c++" if source.suffix == ".cpp" else "cc"
    # The same object on every machine: no paths in the debug information.
    same = f"-ffile-prefix-map={source.parent}=."
    run_zig(
        compiler, "-target", target, "-c", str(source), "-o", str(output), same, *flags,
        folder=output.parent,
    )  # fmt: skip
    return output


def compile_all(
    sources: Iterable[Path], folder: Path, *flags: str, target: str = "wasm32-wasi"
) -> list[str]:
    """Compiles files to objects in `folder`, as many at once as there are processors."""

    def compile_one(source: Path) -> str:
        return str(compile_c(source, folder / f"{source.stem}.o", *flags, target=target))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(compile_one, sources))


def link_line_of_build_exe(source: Path, folder: Path, *flags: str) -> list[str]:
    """The arguments that `zig build-exe` gives wasm-ld for a program, without `-o FILE`.

    The objects and archives they name are in zig's cache and stay there.
    """
    printed = run_zig(
        "build-exe", "-target", "wasm32-wasi", "--verbose-link",
        f"-femit-bin={folder / 'linked-by-zig.wasm'}", *flags, str(source),
        folder=folder,
    )  # fmt: skip
    lines = [line for line in printed.splitlines() if line.startswith("wasm-ld ")]
    if len(lines) != 1:
        raise RuntimeError(f"zig printed {len(lines)} link lines, expected one:\n{printed}")
    arguments = lines[0].split()[1:]
    output = arguments.index("-o")
    return arguments[:output] + arguments[output + 2 :]


def link_with_wasm_ld(arguments: Sequence[str], folder: Path) -> WasmLdResult:
    """Links with ziglang's wasm-ld in `folder`, which must be writable."""
    output = folder / "wasm-ld-output.wasm"
    output.unlink(missing_ok=True)
    response = folder / "wasm-ld-arguments.txt"
    response.write_text("\n".join(shlex.quote(argument) for argument in arguments))
    done = subprocess.run(
        [zig(), "wasm-ld", f"@{response}", "-o", str(output)],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=_TIME_LIMIT,
        check=False,
    )
    module = output.read_bytes() if output.exists() else None
    if (done.returncode == 0) != (module is not None):
        raise RuntimeError(f"wasm-ld: exit status {done.returncode}\n{done.stderr}")
    return WasmLdResult(module, done.stderr)

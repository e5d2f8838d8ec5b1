"""Real files to read: objects of clang and Zig, and what linkers made of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.programs.zig import run_zig

SOURCES = Path(__file__).parent / "sources"

# name -> source and compiler flags.
CLANG: dict[str, tuple[str, ...]] = {
    "c-debug": ("program.c", "-O0", "-g"),
    "c-fast": ("program.c", "-O2"),
    "c-sections": ("program.c", "-Oz", "-ffunction-sections", "-fdata-sections"),
    "c-other": ("other.c", "-O1"),
    "c-pic": ("program.c", "-O1", "-fPIC"),
    "c-threads": ("program.c", "-O2", "-mcpu=generic+atomics+bulk_memory"),
    "c-freestanding": ("other.c", "-target", "wasm32-freestanding", "-g"),
    "c-wasm64": ("other.c", "-target", "wasm64-freestanding", "-g"),
    "cpp-debug": ("classes.cpp", "-O0", "-g"),
    "cpp-fast": ("classes.cpp", "-O2"),
    "cpp-wasm64": ("classes.cpp", "-target", "wasm64-freestanding", "-O1", "-g"),
    "cpp-exceptions": (
        "classes.cpp",
        "-O1",
        "-DEXCEPTIONS",
        "-fwasm-exceptions",
        "-mcpu=generic+exception_handling",
    ),
    "assembly": (
        "relocations.s",
        "-mcpu=generic+reference_types+exception_handling+atomics+bulk_memory",
    ),
    "assembly64": (
        "relocations64.s",
        "-target",
        "wasm64-freestanding",
        "-mcpu=generic+atomics+bulk_memory",
    ),
}

ZIG: dict[str, tuple[str, ...]] = {
    "zig-debug": ("-O", "Debug", "-fllvm"),
    "zig-small": ("-O", "ReleaseSmall", "-fllvm"),
    "zig-fast": ("-O", "ReleaseFast", "-fllvm"),
    "zig-self-hosted": ("-fno-llvm",),
}

MODULE = ("--no-entry", "--export-all", "--allow-undefined")

# name -> wasm-ld's options and inputs.
LINKED: dict[str, tuple[str, ...]] = {
    "linked-relocatable": ("-r", "c-debug.o", "c-other.o", "cpp-debug.o"),
    "linked-relocatable-zig": ("-r", "zig-fast.o", "c-fast.o"),
    "linked-module": (*MODULE, "c-debug.o", "c-other.o", "zig-fast.o"),
    "linked-shared-memory": (
        *MODULE,
        "--shared-memory",
        "--max-memory=1048576",
        "--no-check-features",
        "c-threads.o",
    ),
    "linked-with-relocations": (*MODULE, "--emit-relocs", "cpp-debug.o"),
    "linked-pic": ("--experimental-pic", "--shared", "c-pic.o"),
    "linked-wasm64": ("-mwasm64", *MODULE, "cpp-wasm64.o"),
}

ALL = (*CLANG, *ZIG, *LINKED, "zig-linked")


def _make(name: str, folder: Path, output: Path) -> None:
    if name in CLANG:
        source, *flags = CLANG[name]
        target = () if "-target" in flags else ("-target", "wasm32-wasi")
        compiler = "c++" if source.endswith(".cpp") else "cc"
        run_zig(
            compiler, *target, *flags, "-c", str(SOURCES / source), "-o", str(output), folder=folder
        )
    elif name in ZIG:
        run_zig(
            "build-obj",
            "-target",
            "wasm32-wasi",
            *ZIG[name],
            str(SOURCES / "library.zig"),
            f"-femit-bin={output}",
            folder=folder,
        )
    elif name in LINKED:
        flags = [flag for flag in LINKED[name] if not flag.endswith(".o")]
        inputs = [_made(flag[:-2], folder) for flag in LINKED[name] if flag.endswith(".o")]
        run_zig(
            "wasm-ld",
            *flags,
            *(
                []
                if "-r" in flags or "--emit-relocs" in flags
                else ["--unresolved-symbols=ignore-all"]
            ),
            *map(str, inputs),
            "-o",
            str(output),
            folder=folder,
        )
    else:
        run_zig(
            "build-exe",
            *("-target", "wasm32-wasi", "-fno-llvm", "-fno-lld", "-fno-entry", "-rdynamic"),
            "--import-symbols",
            str(SOURCES / "library.zig"),
            f"-femit-bin={output}",
            folder=folder,
        )


def _made(name: str, folder: Path) -> Path:
    """The file of that name, made unless this or another worker has made it."""
    path = folder / f"{name}.o"
    if not path.exists():
        private = folder / f"{os.getpid()}-{name}.o"
        _make(name, folder, private)
        # Workers share the folder: whoever is last replaces the same bytes.
        private.replace(path)
    return path


@pytest.fixture(scope="session")
def real_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    """A function from a name in `ALL` to the bytes of that file."""
    base = tmp_path_factory.getbasetemp()
    # Under xdist each worker has a folder of its own in one that they share.
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "real-files"
    folder.mkdir(exist_ok=True)
    return lambda name: _made(name, folder).read_bytes()

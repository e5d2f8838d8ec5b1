"""Real programs in C++20, Rust and Zig, and one with threads."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.programs.program import FREESTANDING, SOURCES, Program, ProgramMissing
from tests.programs.zig import compile_all, compile_c, link_line_of_build_exe, run_zig

CXX20_STDOUT = """\
one=1
three=3
two=2
46 42 41 40\x20
40 42 10
1 1
int 42
string text
version 3.4
scaled square 9
shape 12
scaled square 40
13 shared 104 116
20 4
destroyed local, 4 notes
destroyed global logger with a long name, 4 notes
"""

RUST_STDOUT = """\
"short" 5
"weiß" 4
"words" 5
"line" 4
"one" 3
"the" 3
"of" 2
lines 7
square 2.25
shape 12.00
square 9.00
sum 23.25 1267650600228229401496703205376 0x8000000000000000
table 4321
"""

ZIG_OBJECT_STDOUT = """\
operation 7
operation 12
operation 81
same 1
small 7
prime 19 bee
run 42
large 123
prime 37 ada
run 45
TooLarge
prime 23 cee
run 49
counters 4049
aligned 1
"""

THREADS_STDOUT = """\
main thread: number -1, tls base aligned 1, constructed 7
thread 0: 0
thread 1: 0
thread 2: 0
thread 3: 0
totals 2000 2000 2000 2000, together 8000
"""


def build_cxx20(folder: Path) -> Program:
    """C++20 with libc++: inline variables, static constructors, templates, ranges; no streams."""
    main, other = SOURCES / "cxx20_main.cpp", SOURCES / "cxx20_other.cpp"
    flags = ("-std=c++20", "-fno-exceptions")
    line = link_line_of_build_exe(
        main, folder, "-lc++", "-lc", "-O", "ReleaseSmall", "-cflags", *flags, "--", str(other)
    )
    # Without `-s`, the names are compared, too.
    kept = [word for word in line if word != "-s" and not Path(word).name.startswith("cxx20_")]
    objects = compile_all([main, other], folder, *flags, "-O1", "-g")
    return Program("cxx20", (*kept, *objects), CXX20_STDOUT)


def _rustc() -> str:
    """Debian's rustc: another one may stand before it on the PATH, without this target."""
    rustc = shutil.which("rustc", path="/usr/bin")
    if rustc is None:
        raise ProgramMissing("no /usr/bin/rustc (Debian's packages rustc, libstd-rust-dev-wasm32)")
    target = Path("/usr/lib/rustlib/wasm32-unknown-unknown")
    if not target.exists():
        raise ProgramMissing(f"no {target} (Debian's package libstd-rust-dev-wasm32)")
    return rustc


def build_rust(name: str, flags: tuple[str, ...], folder: Path) -> Program:
    """A static library in Rust without its std, and a C object that calls it."""
    library = folder / "libwords.a"
    command = [
        _rustc(), "--edition=2021", "--target=wasm32-unknown-unknown", "--crate-type=staticlib",
        f"--remap-path-prefix={SOURCES}=.", *flags,
        str(SOURCES / "mixed" / "words.rs"), "-o", str(library),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        raise RuntimeError(f"rustc failed:\n{done.stderr}")
    main = compile_c(
        SOURCES / "mixed" / "rust_main.c", folder / "rust_main.o", "-O1", target=FREESTANDING
    )
    return Program(name, ("--export-memory", str(main), str(library)), RUST_STDOUT)


def build_zig_object(mode: str, folder: Path) -> Program:
    """An object in Zig and one in C that call each other."""
    parts = folder / "parts.o"
    run_zig(
        "build-obj", str(SOURCES / "mixed" / "parts.zig"), "-target", FREESTANDING, "-O", mode,
        f"-femit-bin={parts}", "-fllvm", folder=folder,
    )  # fmt: skip
    main = compile_c(
        SOURCES / "mixed" / "zig_main.c", folder / "zig_main.o", "-O1", target=FREESTANDING
    )
    line = ("--export-memory", str(main), str(parts))
    return Program(f"zig-object-{mode}", line, ZIG_OBJECT_STDOUT)


def build_threads(name: str, flags: tuple[str, ...], folder: Path) -> Program:
    """A program with thread-local storage, in a memory that its threads share."""
    sources = sorted((SOURCES / "threads").glob("*.c"))
    objects = compile_all(
        sources, folder, "-matomics", "-mbulk-memory", "-pthread", "-fno-sanitize=undefined",
        *flags, target=FREESTANDING,
    )  # fmt: skip
    exported = (
        "new_block", "tls_size", "tls_align", "tls_base", "thread_main", "main_thread_number",
        "total_of", "grand", "constructed_by", "__wasm_call_ctors", "__wasm_init_tls",
        "__stack_pointer",
    )  # fmt: skip
    line = (
        "--no-entry", "--shared-memory", "--import-memory", "--export-memory",
        "--max-memory=1048576", *(f"--export={name}" for name in exported), *objects,
    )  # fmt: skip
    return Program(name, line, THREADS_STDOUT, threads=True)


LANGUAGE_BUILDERS: dict[str, Callable[[Path], Program]] = {
    "cxx20": build_cxx20,
    "rust": partial(build_rust, "rust", ("-O",)),
    "rust-debug": partial(build_rust, "rust-debug", ("-g",)),
    **{
        f"zig-object-{mode}": partial(build_zig_object, mode)
        for mode in ("Debug", "ReleaseSafe", "ReleaseSmall", "ReleaseFast")
    },
    "threads": partial(build_threads, "threads", ("-O2",)),
    "threads-debug": partial(build_threads, "threads-debug", ("-O0", "-g")),
}

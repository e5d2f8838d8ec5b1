"""The real programs: how each is compiled, its link line, what it prints."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

from linker.format.archive import Member
from linker.format.encode_archive import encode_archive
from tests.programs.debian import debian_source
from tests.programs.languages import LANGUAGE_BUILDERS
from tests.programs.program import FREESTANDING, SOURCES, Program
from tests.programs.zig import compile_all, compile_c, link_line_of_build_exe, run_zig

LIBC_STDOUT = """\
entry-01:0 entry-00:1 entry-11:2 entry-10:3 entry-09:4 entry-08:5 \
entry-07:6 entry-06:7 entry-05:8 entry-04:9 entry-03:10 entry-02:11
entry-00:1 entry-01:0 entry-02:11 entry-03:10 entry-04:9 entry-05:8 \
entry-06:7 entry-07:6 entry-08:5 entry-09:4 entry-10:3 entry-11:2
0.667 named    42 0xbeef
"""

FREESTANDING_STDOUT = """\
add 23
subtract 17
multiply 60
divide 6
mutable 12
mutable 35
mutable 35
mutable 1
same pointer 1
middle 55
distance 8
overridden 2
overridden data 20
only weak 3
hidden 42
counter a 3
counter b 99
never defined -1
never defined data 0
aligned 1
checksum 2959
constructor 101
constructor 150
constructor 200
constructor 65535
registry 123
bounds 1
"""


def _libc(name: str, folder: Path, *flags: str) -> Program:
    line = link_line_of_build_exe(SOURCES / "libc_main.c", folder, "-lc", *flags)
    return Program(name, tuple(line), LIBC_STDOUT)


def build_libc_small(folder: Path) -> Program:
    """A C program with libc, as `zig build-exe -O ReleaseSmall` links it (`-s`)."""
    return _libc("libc-small", folder, "-O", "ReleaseSmall")


def build_libc_debug(folder: Path) -> Program:
    """The same with `-O Debug`: debug information, Zig's undefined-behaviour run-time."""
    return _libc("libc-debug", folder, "-O", "Debug")


def _freestanding_objects(folder: Path, *flags: str) -> list[str]:
    names = ("main", "tables", "symbols_a", "symbols_b", "storage")
    return [
        str(compile_c(SOURCES / "freestanding" / f"{name}.c", folder / f"{name}.o", *flags,
                      target=FREESTANDING))
        for name in names
    ]  # fmt: skip


def build_freestanding(folder: Path) -> Program:
    """Several objects without libc, optimised, linked as a command."""
    objects = _freestanding_objects(folder, "-O2")
    return Program("freestanding", ("--export-memory", *objects), FREESTANDING_STDOUT)


def build_freestanding_debug(folder: Path) -> Program:
    """The same with debug information and without optimisation."""
    objects = _freestanding_objects(folder, "-O0", "-g", "-fno-sanitize=undefined")
    return Program("freestanding-debug", ("--export-memory", *objects), FREESTANDING_STDOUT)


def build_freestanding_library(folder: Path) -> Program:
    """The same objects without an entry: an export that wasm-ld wraps in constructor calls."""
    objects = _freestanding_objects(folder, "-O2")[1:]
    main = compile_c(
        SOURCES / "freestanding" / "main.c", folder / "library_main.o", "-O2", "-DLIBRARY",
        target=FREESTANDING,
    )  # fmt: skip
    line = ("--export-memory", "--no-entry", str(main), *objects)
    return Program("freestanding-library", line, FREESTANDING_STDOUT, entry="run")


def build_freestanding_cxx(folder: Path) -> Program:
    """C++ without its library: comdat groups, virtual tables, constructors."""
    objects = [
        str(compile_c(SOURCES / "freestanding" / "classes.cpp", folder / f"classes_{part}.o",
                      "-O1", "-g", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics",
                      "-fno-sanitize=undefined", f"-DPART={part}", target=FREESTANDING))
        for part in (1, 2)
    ]  # fmt: skip
    stdout = "two 26\nthree 37\nlogged 6\ncounter 4\n"
    return Program("freestanding-cxx", ("--export-memory", *objects), stdout)


ZSTD_PARTS = ("common", "compress", "decompress")

ZSTD_STDOUT = (
    "".join(f"level {level}: small, equal\n" for level in (-3, 1, 5, 9, 13, 19))
    + "error: Unknown frame descriptor\n"
)


def archive_member_source(number: int) -> str:
    """One of the 20 members: a function, data, a string, a constructor in every fifth."""
    uses = {3: (4, 12), 7: (8,), 9: (10, 11), 15: (16,)}.get(number, ())
    lines = [f"extern int member_{other}(int);" for other in uses]
    lines += [
        f"int data_of_{number}[{number}] = {{{number}}};",
        f'static int calls; const char *const name_of_{number} = "member {number}";',
        f"int member_{number}(int value) {{",
        f"    return value + data_of_{number}[0] + name_of_{number}[0] * calls++",
        *(f"        + member_{other}(value)" for other in uses),
        "    ;",
        "}",
    ]
    if number % 5 == 0:
        lines += [
            f"static void construct(void) {{ data_of_{number}[0] += 1000; }}",
            f"__attribute__((constructor({1000 - number}))) static void c(void) {{ construct(); }}",
        ]
    return "\n".join(lines) + "\n"


def build_archive(folder: Path) -> Program:
    """An archive library of 20 members, of which the program uses some."""
    members = []
    for number in range(1, 21):
        source = folder / f"member_{number}.c"
        source.write_text(archive_member_source(number))
        data = compile_c(source, folder / f"member_{number}.o", "-O1", target=FREESTANDING)
        members.append(Member(f"member_{number}.o", data.read_bytes()))
    library = folder / "libmembers.a"
    library.write_bytes(encode_archive(members))
    main = compile_c(
        SOURCES / "library_main.c", folder / "library_main.o", "-O1", target=FREESTANDING
    )
    # member_3: 1 + 3 + (1 + 4) + (1 + 12); member_9: 2 + 9 + (2 + 10 + 1000) + (2 + 11).
    stdout = "three 22\nnine 1036\nfifteen -1\n"
    return Program("archive", ("--export-memory", str(main), str(library)), stdout)


def _zlib_stdout() -> str:
    """The checksums are those of Python's own zlib, over the text that zlib_main.c makes."""
    text = bytes(b"weldcheck "[i % 10] + i // 500 % 3 for i in range(20000))
    lines = [f"level {level}: small, equal" for level in (1, 5, 9)]
    lines += [
        f"zlib linked adler32 {zlib.adler32(text):08x} crc32 {zlib.crc32(text):08x}",
        "error text: data error",
        "gzopen: no file",
    ]
    return "\n".join(lines) + "\n"


def _zlib(name: str, folder: Path, mode: str, *flags: str) -> Program:
    source = debian_source("zlib", folder)
    objects = compile_all(sorted(source.glob("*.c")), folder, "-DHAVE_UNISTD_H", "-w", *flags)
    main = compile_c(SOURCES / "zlib_main.c", folder / "zlib_main.o", f"-I{source}", *flags)
    return Program(name, (*libc_line(folder, mode), str(main), *objects), _zlib_stdout())


def build_zlib_optimised(folder: Path) -> Program:
    """Debian's zlib at -O2."""
    return _zlib("zlib-O2", folder, "ReleaseSmall", "-O2")


def build_zlib_debug(folder: Path) -> Program:
    """Debian's zlib with -g."""
    return _zlib("zlib-g", folder, "Debug", "-g")


def libc_line(folder: Path, mode: str) -> list[str]:
    """The options, libraries and start-up object of a program with libc, without its object."""
    line = link_line_of_build_exe(SOURCES / "libc_main.c", folder, "-lc", "-O", mode)
    return [argument for argument in line if Path(argument).name != "libc_main.o"]


def build_zstd(folder: Path) -> Program:
    """Debian's zstd as ReleaseFast compiles it (-O3), with debug information."""
    source = debian_source("libzstd", folder) / "lib"
    files = [path for part in ZSTD_PARTS for path in sorted((source / part).glob("*.c"))]
    flags = ("-O3", "-g", "-fno-sanitize=undefined", "-DZSTD_DISABLE_ASM", f"-I{source}")
    objects = compile_all([*files, SOURCES / "zstd_main.c"], folder, *flags)
    # Its lines keep the names: a libc for ReleaseSmall is there already, and `-s` goes.
    line = [argument for argument in libc_line(folder, "ReleaseSmall") if argument != "-s"]
    return Program("zstd", (*line, *objects), ZSTD_STDOUT)


def build_zig(folder: Path) -> Program:
    """A Zig program with its standard library, debug information included."""
    source = SOURCES / "zig_main.zig"
    flags = ("-O", "Debug", "-fllvm", "-flld")
    main = folder / "zig_main.o"
    run_zig(
        "build-obj", str(source), "-target", "wasm32-wasi", f"-femit-bin={main}", *flags,
        folder=folder,
    )  # fmt: skip
    # Zig deletes the program's object of this link line; the libraries stay.
    line = link_line_of_build_exe(source, folder, *flags)
    kept = [argument for argument in line if Path(argument).name != "zig_main_zcu.o"]
    stdout = "1000 332833501\none=1\ntwo=2\nthree=3\n2.25\n12.00\n"
    return Program("zig", (*kept, str(main)), stdout)


def build_libcxx(folder: Path) -> Program:
    """A C++ program with libc++ (slow: the library is compiled on the first use)."""
    line = link_line_of_build_exe(
        SOURCES / "cxx_main.cpp", folder, "-lc++", "-lc", "-O", "ReleaseSmall",
        # This libc++ has no run-time for exceptions.
        "-cflags", "-fno-exceptions", "--",
    )  # fmt: skip
    return Program("libcxx", tuple(line), "9\n12\none=1\nthree=3\ntwo=2\n")


BUILDERS: dict[str, Callable[[Path], Program]] = {
    "libc-small": build_libc_small,
    "libc-debug": build_libc_debug,
    "freestanding": build_freestanding,
    "freestanding-debug": build_freestanding_debug,
    "freestanding-library": build_freestanding_library,
    "freestanding-cxx": build_freestanding_cxx,
    "archive": build_archive,
    "zlib-O2": build_zlib_optimised,
    "zlib-g": build_zlib_debug,
    "zig": build_zig,
    "libcxx": build_libcxx,
    "zstd": build_zstd,
    **LANGUAGE_BUILDERS,
}

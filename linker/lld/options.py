"""The options of a link by wasm-ld: what linkWithLLD (lines 2057 to 2488) reads, and no more.

Names are the seed's. What it takes from the compilation around it (paths of run-time libraries,
the exports of the module that was compiled) is given here by the caller. System libraries,
library search paths and garbage collection are no fields: linkWithLLD does not read them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from linker.lld.errors import InvalidOptions


class OutputMode(Enum):
    """What is made."""

    EXE = "exe"
    LIB = "lib"
    OBJ = "obj"


class LinkMode(Enum):
    """Whether a library is static or dynamic; it decides if one gets the C library."""

    STATIC = "static"
    DYNAMIC = "dynamic"


class OptimizeMode(Enum):
    """How the program was optimised; with `lto` it decides wasm-ld's `-O`."""

    DEBUG = "Debug"
    RELEASE_SAFE = "ReleaseSafe"
    RELEASE_FAST = "ReleaseFast"
    RELEASE_SMALL = "ReleaseSmall"


class WasiExecModel(Enum):
    """A WASI command runs once from `_start`; a reactor is called again and again."""

    COMMAND = "command"
    REACTOR = "reactor"

    @property
    def crt_file(self) -> str:
        """The start file's name in wasi-libc (execModelCrtFileFullName)."""
        return f"crt1-{self.value}.o"


class EmulatedLibrary(Enum):
    """Parts of POSIX that wasi-libc emulates; the value is the archive's name."""

    PROCESS_CLOCKS = "libwasi-emulated-process-clocks.a"
    GETPID = "libwasi-emulated-getpid.a"
    MMAN = "libwasi-emulated-mman.a"
    SIGNAL = "libwasi-emulated-signal.a"


LIBC = "libc.a"


class LinkObject(NamedTuple):
    """An object file or archive of the command line; all of an archive is linked if `must_link`."""

    path: str
    must_link: bool = False


class DeclExport(NamedTuple):
    """An export of a declaration; the seed exports it under the declaration's own name."""

    decl_name: str
    is_function: bool = True


class CrtFile(NamedTuple):
    """Where a file of the C library is: `libc.a`, `crt1-command.o`..."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Module:
    """The object that the compiler itself made, and what it exports."""

    object_name: str
    """File name of the object (`intermediary_basename`)."""
    object_directory: str | None = None
    """Its folder; None: the output's."""
    use_stage1: bool = False
    """The names to export are `stage1_exports`; else those of `decl_exports`."""
    stage1_exports: tuple[str, ...] = ()
    decl_exports: tuple[DeclExport, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LldOptions:
    """One link. Sizes and addresses are in bytes.

    Raises InvalidOptions for a negative number.
    """

    # What is written.
    output_name: str
    """The output's path inside `output_directory` (`emit.sub_path`)."""
    output_directory: str | None = None
    """Its folder, which also holds `lld.id`; None: the current one."""
    output_mode: OutputMode = OutputMode.EXE
    link_mode: LinkMode = LinkMode.STATIC
    wasi: bool = False
    """The target's operating system is WASI."""
    wasi_exec_model: WasiExecModel = WasiExecModel.COMMAND
    lto: bool = False
    optimize_mode: OptimizeMode = OptimizeMode.DEBUG
    strip: bool = False

    # Memory and table.
    import_memory: bool = False
    import_table: bool = False
    export_table: bool = False
    initial_memory: int | None = None
    max_memory: int | None = None
    shared_memory: bool = False
    global_base: int | None = None
    """Address of the first data; None: the stack comes first."""
    stack_size_override: int | None = None
    """None: 1 MiB for an executable, wasm-ld's own default for a library."""

    # Symbols.
    entry: str | None = None
    export_symbol_names: tuple[str, ...] = ()
    rdynamic: bool = False

    # Inputs.
    objects: tuple[LinkObject, ...] = ()
    c_objects: tuple[str, ...] = ()
    """Objects that the compilation made of C sources."""
    module: Module | None = None

    # Run-time libraries.
    link_libc: bool = False
    link_libcpp: bool = False
    wasi_emulated_libs: tuple[EmulatedLibrary, ...] = ()
    skip_linker_dependencies: bool = False
    """Do without the small C library that stands in where `link_libc` is False."""
    include_compiler_rt: bool = False
    crt_files: tuple[CrtFile, ...] = ()
    """Where the C library's files are; see `crt_files_in`."""
    libc_static_lib: str | None = None
    """The small C library for programs that do not link libc."""
    libcxx_static_lib: str | None = None
    libcxxabi_static_lib: str | None = None
    compiler_rt_static_lib: str | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int) and value < 0:
                raise InvalidOptions(f"{field.name} is negative: {value}")

    @property
    def full_out_path(self) -> str:
        """The output's path, as it stands on the command line (line 2066)."""
        return join(self.output_directory or "", self.output_name)

    @property
    def module_object_path(self) -> str | None:
        """The path of the module's object, None without a module (lines 2070 to 2096)."""
        if self.module is None:
            return None
        directory = self.module.object_directory
        if directory is None:
            directory = directory_of(self.full_out_path) or ""
        return join(directory, self.module.object_name)


def crt_files_in(directory: str | Path) -> tuple[CrtFile, ...]:
    """All files that a link may take from a wasi-libc in this folder."""
    names = (
        *(model.crt_file for model in WasiExecModel),
        LIBC,
        *(library.value for library in EmulatedLibrary),
    )
    return tuple(CrtFile(name, join(str(directory), name)) for name in names)


# Paths go to wasm-ld as they were given. pathlib would drop "./" and double slashes, and with
# them the command line would not be the document's.


def join(directory: str, name: str) -> str:
    """Two parts of a path with one slash between them (std.fs.path.join)."""
    if not directory or not name:
        return directory or name
    if directory.endswith("/"):
        return directory + name.removeprefix("/")
    return directory + ("" if name.startswith("/") else "/") + name


def directory_of(path: str) -> str | None:
    """The path without its last part, None if there is no other (std.fs.path.dirname)."""
    folder, slash, _ = path.rstrip("/").rpartition("/")
    if not slash:
        return None
    return folder.rstrip("/") or "/"

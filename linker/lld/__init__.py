"""wasm-ld driven as the seed's linkWithLLD drives it: command line, child process, digest cache.

`link_with_lld(LldOptions(...), ("zig", "wasm-ld"))` is the whole of it; `docs/lld-driver.md` tells
the story.
"""

from linker.lld.command_line import CommandLine, command_line
from linker.lld.errors import (
    CacheUnavailable,
    CannotStart,
    Crashed,
    InputUnavailable,
    InvalidOptions,
    LldError,
    MissingRuntimeLibrary,
    NoObjectsToLink,
    OutputNotWritten,
    OutputUnavailable,
    ReportedFailure,
    StderrTooLong,
)
from linker.lld.link import Action, LldResult, link_with_lld
from linker.lld.options import (
    CrtFile,
    DeclExport,
    EmulatedLibrary,
    LinkMode,
    LinkObject,
    LldOptions,
    Module,
    OptimizeMode,
    OutputMode,
    WasiExecModel,
    crt_files_in,
)

__all__ = [
    "link_with_lld",
    "LldResult",
    "Action",
    "LldOptions",
    "OutputMode",
    "LinkMode",
    "OptimizeMode",
    "WasiExecModel",
    "EmulatedLibrary",
    "LinkObject",
    "DeclExport",
    "Module",
    "CrtFile",
    "crt_files_in",
    "command_line",
    "CommandLine",
    "LldError",
    "InvalidOptions",
    "MissingRuntimeLibrary",
    "NoObjectsToLink",
    "InputUnavailable",
    "OutputUnavailable",
    "CacheUnavailable",
    "CannotStart",
    "ReportedFailure",
    "Crashed",
    "StderrTooLong",
    "OutputNotWritten",
]

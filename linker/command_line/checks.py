"""Options that do not go together.

LLD's `checkOptions`, which runs when the inputs are open: a missing file is reported before a
contradiction between options is.
"""

from __future__ import annotations

from linker.command_line.history import compares_tables_late
from linker.command_line.options import Options, UnresolvedPolicy
from linker.command_line.parse import CommandLine
from linker.errors import Diagnostics

_UINT32 = (1 << 32) - 1


def check_options(command_line: CommandLine, diagnostics: Diagnostics) -> None:
    """Report options that do not go together (LLD's `checkOptions`); the inputs are open.

    Raises:
        LinkError: the limit of errors is reached.
    """
    options = command_line.options
    arguments = command_line.arguments
    error = diagnostics.error
    if options.compress_relocations and not options.strip_debug and not options.strip_all:
        error(
            "--compress-relocations is incompatible with output debug information."
            " Please pass --strip-debug or --strip-all"
        )
    elif (
        options.compress_relocations
        and options.emit_relocs
        and "compressed-relocations-misplaced" not in options.quirks
    ):
        # What is compressed has no room for another number.
        error("--compress-relocations and --emit-relocs may not be used together")
    if options.lto_partitions == 0:
        error("--lto-partitions: number of threads must be > 0")
    jobs = arguments.last_value("thinlto-jobs=", arguments.last_value("threads"))
    if jobs not in ("", "all") and (not jobs.isdecimal() or int(jobs) > _UINT32):
        error(f"--thinlto-jobs: invalid job count: {jobs}")
    if options.pie and options.shared:
        error("-shared and -pie may not be used together")
    index_only = arguments.has("thinlto-index-only", "thinlto-index-only=")
    if not options.output_file and not index_only:
        error("no output file specified")
    # Told of already where -r has the table imported before the files are opened.
    told_late = options.relocatable and compares_tables_late(options.quirks)
    if told_late and options.export_table:
        error("--relocatable is incompatible with --export-table")
    if options.import_table and options.export_table:
        error("--import-table and --export-table may not be used together")
    if options.relocatable:
        _check_relocatable(options, diagnostics)
    if not options.experimental_pic:
        if options.shared:
            diagnostics.warn("creating shared libraries, with -shared, is not yet stable")
        if options.pie:
            diagnostics.warn("creating PIEs, with -pie, is not yet stable")
        if options.unresolved_symbols is UnresolvedPolicy.IMPORT_DYNAMIC:
            diagnostics.warn(
                "dynamic imports are not yet stable (--unresolved-symbols=import-dynamic)"
            )
    if options.bsymbolic and not options.shared:
        diagnostics.warn("-Bsymbolic is only meaningful when combined with -shared")
    if options.is_pic:
        if options.global_base:
            error("--global-base may not be used with -shared/-pie")
        if options.table_base:
            error("--table-base may not be used with -shared/-pie")


def _check_relocatable(options: Options, diagnostics: Diagnostics) -> None:
    """What does not go with `-r`; the words are wasm-ld's, letter by letter."""
    for is_wrong, message in (
        (options.entry, "entry point specified for relocatable output file"),
        (options.gc_sections, "-r and --gc-sections may not be used together"),
        (
            options.compress_relocations,
            "-r -and --compress-relocations may not be used together",
        ),
        (options.undefined, "-r -and --undefined may not be used together"),
        (options.pie, "-r and -pie may not be used together"),
        (options.shared_memory, "-r and --shared-memory may not be used together"),
        (
            options.global_base and "relocatable-global-base" not in options.quirks,
            "-r and --global-base may not by used together",
        ),
    ):
        if is_wrong:
            diagnostics.error(message)

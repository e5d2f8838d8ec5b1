"""A link, as data flows through it: one call a stage (LLD's linkerMain and Writer::run)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from linker.atoms import collect_custom_sections, place_segments
from linker.command_line.options import Options
from linker.errors import CheckPath, Diagnostics, FatalError, Message, Severity, SideFile, texts
from linker.format.errors import MalformedFile
from linker.inputs.files import Input
from linker.inputs.reading import refusal
from linker.layout.exports import (
    apply_export_options,
    check_mutable_globals,
    check_names,
    collect_exports,
    distinct_exports,
)
from linker.layout.features import check_features
from linker.layout.imports import collect_imports
from linker.layout.indices import Indices
from linker.layout.memory import lay_out_memory
from linker.layout.numbering import assign_indices, collect_types, finish_function_table
from linker.layout.scan import scan_relocations
from linker.layout.strings import split_strings
from linker.layout.undefined import refuse_warned_functions
from linker.listings.map_file import map_file
from linker.live import mark_live, removed
from linker.objects import OutputSegment
from linker.output.emit import Output
from linker.output.write import write_module
from linker.resolution.kinds import refuse_arbitrary_numbers
from linker.resolution.linker_symbols import resolve_function_table
from linker.resolution.resolution import Resolution
from linker.resolution.resolve import resolve
from linker.seed.pieces import form_pieces
from linker.synthetic.functions import (
    declare_init_functions,
    ordered_init_functions,
    write_functions,
)

C_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)


class PipelineResult(NamedTuple):
    """A finished link. `log` is what was said, in order; `stdout` what was asked for in print."""

    module: bytes
    log: tuple[Message, ...]
    stdout: str
    side_files: tuple[SideFile, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was warned of, in order."""
        return texts(self.log, Severity.WARNING)


def link(
    options: Options, inputs: Sequence[Input], check_side_file: CheckPath = lambda _: None
) -> PipelineResult:
    """Links the inputs. `check_side_file` says why a file beside the module cannot be written.

    Raises:
        LinkError: the link is refused; its messages are wasm-ld's.
    """
    diagnostics = Diagnostics(
        options.error_limit, options.fatal_warnings, options.verbose, check_side_file
    )
    diagnostics.quirks = options.quirks
    try:
        return run_stages(options, inputs, diagnostics)
    except FatalError as error:
        raise diagnostics.fatal(str(error)) from None
    except MalformedFile as error:
        raise diagnostics.fatal(refusal(error, options.quirks)) from error


def run_stages(
    options: Options, inputs: Sequence[Input], diagnostics: Diagnostics
) -> PipelineResult:
    resolution = resolve(options, inputs, diagnostics)
    split_strings(resolution.objects)
    if options.quirks:
        form_pieces(options, resolution.objects)
    mark_live(options, resolution)
    if options.gc_sections and options.print_gc_sections:
        for line in removed(resolution):
            diagnostics.print(line)
    resolve_function_table(options, resolution, required=False)
    diagnostics.check()

    segments = place_segments(options, resolution.objects)
    memory = lay_out_memory(options, resolution, segments, diagnostics)
    define_start_stop(options, resolution, segments)
    apply_export_options(options, resolution, diagnostics)
    features = check_features(options, resolution.objects, diagnostics)

    indices = Indices()
    collect_imports(options, resolution, indices)
    scan_relocations(options, resolution, indices, diagnostics)
    finish_function_table(options, resolution, indices)
    declare_init_functions(options, resolution, segments, features.emit_bss, indices)
    assign_indices(options, resolution, indices, diagnostics)
    init_functions = ordered_init_functions(options, resolution, diagnostics)
    write_functions(options, resolution, segments, features.emit_bss, init_functions, indices)
    diagnostics.check()
    refuse_warned_functions(options, resolution)
    if indices.crashes:
        raise FatalError(indices.crashes[0])
    refuse_arbitrary_numbers(resolution.objects, resolution.table.mixed, options)

    collect_types(options, resolution, indices)
    exports = collect_exports(options, resolution, indices, features)
    exports = distinct_exports(exports, options, diagnostics)
    custom = collect_custom_sections(options, resolution.objects)
    check_names(options, indices, exports, custom, diagnostics)
    check_mutable_globals(options, resolution, indices, features, diagnostics)
    output = Output(
        options, resolution, segments, memory, features, indices, exports, init_functions, custom
    )
    module = write_module(output)
    if options.map_file:
        diagnostics.write(options.map_file, map_file(output, module), "cannot open")
    diagnostics.check()
    return PipelineResult(
        module, tuple(diagnostics.messages), diagnostics.stdout, tuple(diagnostics.side_files)
    )


def define_start_stop(
    options: Options, resolution: Resolution, segments: list[OutputSegment]
) -> None:
    """`__start_NAME` and `__stop_NAME` of segments whose names C can say."""
    if options.relocatable:
        return
    for segment in segments:
        if C_IDENTIFIER.match(segment.name):
            end = segment.address + segment.size
            resolution.table.add_optional_data(f"__start_{segment.name}", segment.address)
            resolution.table.add_optional_data(f"__stop_{segment.name}", end)

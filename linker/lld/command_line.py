"""The command line that linkWithLLD gives wasm-ld, argument by argument and in its order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from linker.lld.errors import InvalidOptions, MissingRuntimeLibrary, NoObjectsToLink
from linker.lld.options import (
    LIBC,
    LinkMode,
    LldOptions,
    OptimizeMode,
    OutputMode,
    WasiExecModel,
)

DEFAULT_STACK_SIZE = 1048576
"""Bytes of an executable's stack (line 2315); wasm-ld's own default is one page."""


class CommandLine(NamedTuple):
    """wasm-ld's arguments after its own name, and the files among them, in order."""

    arguments: tuple[str, ...]
    files: tuple[str, ...]


def command_line(options: LldOptions, as_seed: bool = False) -> CommandLine:
    """The command line of an executable or library (lines 2205 to 2397).

    `as_seed` gives the document's arguments to the letter. They fit the wasm-ld of its time: LLD
    13 knows `-error-limit=0`, LLD 15 and later read it as `-e rror-limit=0`, the name of an
    entry symbol. Without `as_seed` this one argument is `--error-limit=0`, which all of them know.

    Raises InvalidOptions where the seed's assertions fail, MissingRuntimeLibrary where it would
    take the path of a library that was not built.
    """
    if options.output_mode is OutputMode.OBJ:
        raise InvalidOptions("an object file is copied: wasm-ld is not run")
    inputs = list(_inputs(options))
    libraries_before = list(_wasi_libraries(options))
    libraries_after = list(_last_libraries(options))
    return CommandLine(
        (
            "-error-limit=0" if as_seed else "--error-limit=0",
            *_settings(options),
            *_exports(options),
            *_entry_and_stack(options),
            "--allow-undefined",
            "-o",
            options.full_out_path,
            *libraries_before,
            *_positionals(options),
            *libraries_after,
        ),
        (*libraries_before, *inputs, *libraries_after),
    )


def object_inputs(options: LldOptions) -> tuple[str, ...]:
    """The candidates for the one object of which a copy is made; the first is taken.

    The others have no part in the output (lines 2184 to 2196). Raises NoObjectsToLink.
    """
    inputs = tuple(_inputs(options))
    if not inputs:
        raise NoObjectsToLink(f"{options.full_out_path}: no object to make it of")
    return inputs


def _inputs(options: LldOptions) -> Iterator[str]:
    yield from (linked.path for linked in options.objects)
    yield from options.c_objects
    module_object = options.module_object_path
    if module_object is not None:
        yield module_object


def _settings(options: LldOptions) -> Iterator[str]:
    """Lines 2213 to 2262."""
    if options.lto:
        match options.optimize_mode:
            case OptimizeMode.DEBUG:
                pass
            case OptimizeMode.RELEASE_SMALL:
                yield "-O2"
            case OptimizeMode.RELEASE_FAST | OptimizeMode.RELEASE_SAFE:
                yield "-O3"
    if options.import_memory:
        yield "--import-memory"
    if options.import_table and options.export_table:
        raise InvalidOptions("a table is imported or exported, not both (lines 2226 and 2231)")
    if options.import_table:
        yield "--import-table"
    if options.export_table:
        yield "--export-table"
    if options.strip:
        yield "-s"
    if options.initial_memory is not None:
        yield f"--initial-memory={options.initial_memory}"
    if options.max_memory is not None:
        yield f"--max-memory={options.max_memory}"
    if options.shared_memory:
        yield "--shared-memory"
    if options.global_base is not None:
        yield f"--global-base={options.global_base}"
    else:
        yield "--stack-first"


def _exports(options: LldOptions) -> Iterator[str]:
    """Lines 2264 to 2304: the module's own exports count only if the user named none."""
    for name in options.export_symbol_names:
        yield f"--export={name}"
    if options.rdynamic:
        yield "--export-dynamic"
    if options.export_symbol_names or options.rdynamic or options.module is None:
        return
    if options.module.use_stage1:
        for name in options.module.stage1_exports:
            yield f"--export={name}"
        return
    functions_only = options.wasi and options.wasi_exec_model is WasiExecModel.COMMAND
    for export in options.module.decl_exports:
        if export.is_function or not functions_only:
            yield f"--export={export.decl_name}"


def _entry_and_stack(options: LldOptions) -> Iterator[str]:
    """Lines 2306 to 2330."""
    if options.entry is not None:
        yield from ("--entry", options.entry)
    stack_size = options.stack_size_override
    is_executable = options.output_mode is OutputMode.EXE
    if stack_size is None and is_executable:
        stack_size = DEFAULT_STACK_SIZE
    if stack_size is not None:
        yield from ("-z", f"stack-size={stack_size}")
    if not is_executable or options.wasi_exec_model is WasiExecModel.REACTOR:
        yield "--no-entry"


def _wasi_libraries(options: LldOptions) -> Iterator[str]:
    """Lines 2337 to 2362."""
    is_dynamic_library = (
        options.output_mode is OutputMode.LIB and options.link_mode is LinkMode.DYNAMIC
    )
    if not options.wasi or not (options.output_mode is OutputMode.EXE or is_dynamic_library):
        return
    for library in options.wasi_emulated_libs:
        yield _crt_file(options, library.value)
    if options.link_libc:
        yield _crt_file(options, options.wasi_exec_model.crt_file)
        yield _crt_file(options, LIBC)
    if options.link_libcpp:
        yield _given(options.libcxx_static_lib, "libcxx_static_lib")
        yield _given(options.libcxxabi_static_lib, "libcxxabi_static_lib")


def _positionals(options: LldOptions) -> Iterator[str]:
    """Lines 2365 to 2386: neighbours that must be linked whole share one group."""
    whole_archive = False
    for linked in options.objects:
        if linked.must_link != whole_archive:
            yield "-whole-archive" if linked.must_link else "-no-whole-archive"
            whole_archive = linked.must_link
        yield linked.path
    if whole_archive:
        yield "-no-whole-archive"
    yield from options.c_objects
    module_object = options.module_object_path
    if module_object is not None:
        yield module_object


def _last_libraries(options: LldOptions) -> Iterator[str]:
    """Lines 2388 to 2397."""
    if not options.skip_linker_dependencies and not options.link_libc:
        yield _given(options.libc_static_lib, "libc_static_lib")
    if options.include_compiler_rt:
        yield _given(options.compiler_rt_static_lib, "compiler_rt_static_lib")


def _crt_file(options: LldOptions, name: str) -> str:
    for crt_file in options.crt_files:
        if crt_file.name == name:
            return crt_file.path
    raise MissingRuntimeLibrary(f"crt_files does not say where {name} is")


def _given(path: str | None, field: str) -> str:
    if path is None:
        raise MissingRuntimeLibrary(f"{field} is not given")
    return path

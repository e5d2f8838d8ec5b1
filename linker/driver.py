"""One link from a command line to the bytes of a module, or to its errors.

Nothing is written to disk here and nothing is printed; `linker.weld_ld` does that.
"""

from __future__ import annotations

import dataclasses
import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from linker.command_line.checks import check_options
from linker.command_line.help_text import help_text, quirks_text, version_text
from linker.command_line.options import Options
from linker.command_line.parse import CommandLine, MisplacedSwitch, parse_command_line
from linker.command_line.response_files import Read
from linker.command_line.unsupported import unsupported_options
from linker.errors import CheckPath, Diagnostics, LinkError, Message, Severity, SideFile, texts
from linker.inputs.files import (
    ObjectInput,
    OpenedInputs,
    not_told,
    open_inputs,
    read_names,
)

if TYPE_CHECKING:
    from linker.module import Module


class LinkOutput(NamedTuple):
    """What came of a link.

    Attributes:
        module: the output's bytes; None if the link was refused, or if only a text was asked for.
        errors: in order, in wasm-ld's words without "wasm-ld: error: "; empty if all went well.
        warnings: in order, likewise.
        stdout: what goes to standard output: --help, --version, --print-gc-sections...
        output_path: where the module belongs; None if there is none.
        side_files: what else is to be written, also if the link was refused: `--why-extract`...
        log: errors, warnings and what `--verbose` asks for, in the order they were reported.
    """

    module: bytes | None
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    stdout: str
    output_path: str | None
    side_files: tuple[SideFile, ...] = ()
    log: tuple[Message, ...] = ()


class Run(NamedTuple):
    """A link's output, and whether its messages are in colour: None where a terminal decides.

    The first `early` messages came before the option for it was known, and have none.
    """

    output: LinkOutput
    colour: bool | None
    early: int = 0


class PathChecks(NamedTuple):
    """Ask why a path cannot be written: `replace` for what takes the place of an old file (the
    module), `open` for what is written into it (all other files)."""

    replace: CheckPath = lambda _: None
    open: CheckPath = lambda _: None


NO_CHECKS = PathChecks()


def read_from_disk(path: str) -> bytes:
    """The content of a file. Raises OSError; ValueError for a path that cannot exist."""
    return Path(path).read_bytes() if path else _no_file()


def _no_file() -> bytes:
    # Path("") is the current folder, but no file has an empty name.
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def run(
    arguments: Sequence[str],
    read: Read = read_from_disk,
    dialect: str = "standard",
    module: Module | None = None,
) -> LinkOutput:
    """Link as a command line says, without the program's name.

    `read` gives the content of the files named there, or raises OSError. `dialect` holds
    unless the command line has `--dialect`. `module` is an object in memory that is linked in
    front of the files. Never raises for bad input: see `LinkOutput.errors`.
    """
    return run_command_line(arguments, read, dialect, module=module).output


def run_command_line(
    arguments: Sequence[str],
    read: Read = read_from_disk,
    dialect: str = "standard",
    checks: PathChecks = NO_CHECKS,
    module: Module | None = None,
) -> Run:
    """As `run`, with checks of the paths that will be written."""
    diagnostics = Diagnostics(check_side_file=checks.open)
    command_line: CommandLine | None = None
    stdout = ""
    linked: bytes | None = None
    refused: tuple[Message, ...] = ()
    written: tuple[SideFile, ...] = ()
    try:
        command_line = parse_command_line(arguments, read, diagnostics, dialect)
        stdout = _texts(command_line)
        if command_line.links:
            options, inputs = _prepare(command_line, read, diagnostics, checks.replace, module)
            linked, refused, printed, written = _link(options, inputs, module, checks.open)
            stdout += printed
    except LinkError:
        # Everything is in `diagnostics`: only its own refusals get here.
        linked = None
    messages = (*diagnostics.messages, *refused)
    errors = texts(messages, Severity.ERROR)
    output = LinkOutput(
        module=None if errors else linked,
        errors=errors,
        warnings=texts(messages, Severity.WARNING),
        stdout=stdout,
        output_path=command_line.options.output_file or None if command_line else None,
        side_files=(*diagnostics.side_files, *written, *(make() for make in diagnostics.at_end)),
        log=messages,
    )
    return Run(output, diagnostics.colour, diagnostics.early)


def _texts(command_line: CommandLine) -> str:
    """What is printed before, or instead of, linking."""
    if command_line.show_help:
        return help_text()
    if command_line.list_quirks:
        return quirks_text()
    if command_line.show_version or command_line.show_version_first:
        return version_text()
    return ""


def _prepare(
    command_line: CommandLine,
    read: Read,
    diagnostics: Diagnostics,
    why_not_writable: CheckPath,
    module: Module | None,
) -> tuple[Options, OpenedInputs]:
    """All that comes before the linking itself. Raises LinkError."""
    options = command_line.options
    reproducer = command_line.reproducer
    loaded = reproducer.add_input if reproducer is not None else not_told
    files: list[ObjectInput] = []

    def found(path: str, content: bytes) -> None:
        files.append(ObjectInput(path, content))
        loaded(path, content)

    try:
        inputs = open_inputs(
            command_line.inputs,
            options.search_paths,
            read,
            diagnostics,
            found,
            module is None,
            options.is64,
        )
        diagnostics.check()
    except LinkError:
        if module is not None:
            _interrupt(module, command_line, files)
        raise
    check_options(command_line, diagnostics)
    diagnostics.check()
    for message in unsupported_options(options, command_line.arguments):
        diagnostics.error(message)
    diagnostics.check()
    allowed = set(inputs.allowed_undefined)
    if options.allow_undefined_file is not None:
        allowed.update(read_names(options.allow_undefined_file, read, diagnostics, loaded))
    for what, path in (("output", options.output_file), ("map", options.map_file)):
        problem = why_not_writable(path) if path else None
        if problem is not None:
            diagnostics.error(f"cannot open {what} file {path}: {problem}")
    diagnostics.check()
    return dataclasses.replace(options, allow_undefined_symbols=frozenset(allowed)), inputs


def _interrupt(module: Module, command_line: CommandLine, files: Sequence[ObjectInput]) -> None:
    """A file could not be opened, after those before it had been."""
    from linker.seed.own_link import interrupt

    names = [
        request.name for request in command_line.inputs if not isinstance(request, MisplacedSwitch)
    ]
    interrupt(module, command_line.options, files, names)


def _link(
    options: Options, inputs: OpenedInputs, module: Module | None, check_side_file: CheckPath
) -> tuple[bytes | None, tuple[Message, ...], str, tuple[SideFile, ...]]:
    """The module, or None, with what the linking stages say, print and write besides."""
    # Imported here so that --help and errors in the command line do not load the linker.
    from linker.pipeline import link
    from linker.seed.own_link import Handed, hand_over, take_back

    handed = Handed(list(inputs.inputs), None)
    try:
        if module is not None:
            handed = hand_over(module, options, inputs.inputs)
        result = link(options, handed.inputs, check_side_file)
        take_back(handed, options, ())
    except LinkError as error:
        take_back(handed, options, error.messages)
        return None, error.log, error.stdout, error.side_files
    return result.module, result.log, result.stdout, result.side_files

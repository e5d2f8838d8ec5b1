"""A link by wasm-ld, done only if its output is not already there (linkWithLLD)."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from linker.lld.cache import OutputId, locked
from linker.lld.child import run_child
from linker.lld.command_line import CommandLine, command_line, object_inputs
from linker.lld.digest import LinkDigest, NotCacheable, link_digest
from linker.lld.errors import InputUnavailable, OutputNotWritten, OutputUnavailable
from linker.lld.options import LldOptions, OutputMode


class Action(Enum):
    """What was done to have the output."""

    LINKED = auto()
    COPIED = auto()
    UNCHANGED = auto()


class LldResult(NamedTuple):
    """A link that went well.

    Attributes:
        output: the path of the output.
        action: what was done.
        command: wasm-ld's whole command line; empty for an object file, which is copied.
        warnings: what wasm-ld wrote to standard error, and what is wrong with the cache.
        not_cached: why no `lld.id` was written, None if one was or none was asked for.
    """

    output: str
    action: Action
    command: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    not_cached: str | None = None


class _Plan(NamedTuple):
    """The work of a link, all known before anything is done."""

    options: LldOptions
    wasm_ld: tuple[str, ...]
    arguments: tuple[str, ...]
    files: tuple[str, ...]
    linker_version: str
    inherit_stdio: bool
    show_command: Callable[[str], None] | None

    @property
    def is_copy(self) -> bool:
        return self.options.output_mode is OutputMode.OBJ

    @property
    def command(self) -> tuple[str, ...]:
        return () if self.is_copy else (*self.wasm_ld, *self.arguments)

    def digest(self) -> LinkDigest:
        return link_digest(
            self.options, self.arguments, self.files, self.wasm_ld, self.linker_version
        )


def link_with_lld(
    options: LldOptions,
    wasm_ld: Sequence[str],
    *,
    cache: bool = True,
    as_seed: bool = False,
    linker_version: str = "",
    inherit_stdio: bool = False,
    show_command: Callable[[str], None] | None = None,
) -> LldResult:
    """Makes the output of these options: by wasm-ld, or for an object file by a copy.

    Args:
        options: what to link.
        wasm_ld: the command that starts wasm-ld, without its arguments: `("wasm-ld-22",)` or
            `("zig", "wasm-ld")`.
        cache: do nothing if `lld.id` says that the output is the one of these options and inputs
            (the seed's `disable_lld_caching` is the opposite).
        as_seed: the document's arguments to the letter; see `command_line`.
        linker_version: part of the digest. A new wasm-ld is noticed by the files that `wasm_ld`
            names; give the version where those only start another program.
        inherit_stdio: wasm-ld writes to our own outputs (the seed's `clang_passthrough_mode`).
        show_command: called with wasm-ld's command line before it is started (`verbose_link`).

    Raises LldError: see `linker.lld.errors`.
    """
    if options.output_mode is OutputMode.OBJ:
        arguments, files = CommandLine((), object_inputs(options))
    else:
        arguments, files = command_line(options, as_seed)
    plan = _Plan(
        options, tuple(wasm_ld), arguments, files, linker_version, inherit_stdio, show_command
    )
    if not cache:
        return _do(plan)
    directory = Path(options.output_directory or ".")
    output_id = OutputId(directory, Path(options.full_out_path))
    with locked(directory) as lock:
        return _do_unless_done(plan, output_id, lock)


def _do_unless_done(plan: _Plan, output_id: OutputId, lock: int) -> LldResult:
    """Lines 2125 to 2178 and 2473 to 2487, with the lock held."""
    try:
        before = plan.digest()
    except NotCacheable as reason:
        output_id.remove()
        return _do(plan, lock)._replace(not_cached=str(reason))
    if output_id.vouches_for(before.hexadecimal):
        return LldResult(plan.options.full_out_path, Action.UNCHANGED, plan.command)
    # The output is about to become another: from here to the end nothing vouches for it.
    output_id.remove()
    result = _do(plan, lock)
    if not _is_still(plan, before):
        return result._replace(not_cached="an input changed during the link")
    problem = output_id.write(before.hexadecimal)
    if problem is not None:
        warning = f"failed to save linking hash digest symlink: {problem}"
        return result._replace(warnings=(*result.warnings, warning), not_cached=problem)
    return result


def _is_still(plan: _Plan, before: LinkDigest) -> bool:
    """Whether the inputs are what they were: else the output may be of neither state."""
    try:
        return plan.digest() == before
    except (InputUnavailable, NotCacheable):
        return False


def _do(plan: _Plan, lock: int | None = None) -> LldResult:
    output = plan.options.full_out_path
    if plan.is_copy:
        _copy(plan.files[0], output)
        return LldResult(output, Action.COPIED)
    if plan.show_command is not None:
        # The seed leaves out its own name: the line starts with "wasm-ld".
        plan.show_command(" ".join((plan.wasm_ld[-1], *plan.arguments)))
    before = _output_state(output)
    stderr = run_child(plan.command, plan.inherit_stdio, () if lock is None else (lock,))
    if _output_state(output) == before and not _is_special(output):
        raise OutputNotWritten(f"{plan.wasm_ld[0]} did not write {output}")
    warnings = (f"unexpected LLD stderr:\n{stderr}",) if stderr else ()
    return LldResult(output, Action.LINKED, plan.command, warnings)


def _output_state(output: str) -> tuple[int, ...] | None:
    """What changes when a file is written, None without a file."""
    try:
        status = os.stat(output)  # noqa: PTH116 - the path as wasm-ld gets it
    except (OSError, ValueError):
        return None
    return (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _is_special(output: str) -> bool:
    """Whether the output is a device or a pipe, which does not show that it was written."""
    try:
        return not stat.S_ISREG(os.stat(output).st_mode)  # noqa: PTH116
    except OSError:
        return False


def _copy(source: str, output: str) -> None:
    """Copies an object, with its mode (lines 2181 to 2202); the output is replaced at once."""
    if source == output:
        return
    try:
        handle = open(source, "rb")  # noqa: PTH123, SIM115 - apart from what writing may raise
    except (OSError, ValueError) as error:
        raise InputUnavailable(source, getattr(error, "strerror", None) or str(error)) from None
    temporary: Path | None = None
    with handle:
        try:
            folder = Path(output).parent
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".lld-", delete=False) as copy:
                temporary = Path(copy.name)
                shutil.copyfileobj(handle, copy)
                os.fchmod(copy.fileno(), stat.S_IMODE(os.fstat(handle.fileno()).st_mode))
            temporary.replace(output)
        except BaseException as error:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)
            if isinstance(error, (OSError, ValueError)):
                reason = getattr(error, "strerror", None) or str(error)
                raise OutputUnavailable(output, reason) from None
            raise

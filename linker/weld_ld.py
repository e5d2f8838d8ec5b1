"""The console script `weld-ld`: the reference linker with wasm-ld's command line."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import stat
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from linker.command_line.response_files import reason
from linker.driver import PathChecks, read_from_disk, run_command_line
from linker.errors import Message, Severity, printed

PROGRAM = "weld-ld"
_TRACEBACK_VARIABLE = "WELD_LD_TRACEBACK"
# LLD's name: build systems set it for whatever linker they run.
_REPRODUCE_VARIABLE = "LLD_REPRODUCE"


def main(argv: Sequence[str] | None = None) -> int:
    """Run `weld-ld`; the exit status is 1 if there was an error, 130 if it was interrupted."""
    if argv is not None:
        return _guarded(argv)
    # A third of a large link went into looking for garbage, of which there is little; frozen, it
    # is not looked for when the process ends either.
    gc.disable()
    try:
        return _guarded(sys.argv[1:])
    finally:
        gc.freeze()


def _guarded(arguments: Sequence[str]) -> int:
    try:
        return _main(arguments)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; keep Python from complaining when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        # A bug of ours. A build log is no place for a traceback, unless it is asked for.
        if os.environ.get(_TRACEBACK_VARIABLE):
            traceback.print_exc()
        text = f"internal error: {type(error).__name__}: {error}"
        hint = f"(a traceback: {_TRACEBACK_VARIABLE}=1)"
        _print_messages([Message(Severity.ERROR, f"{text} {hint}")], colour=False)
        return 1


def _main(arguments: Sequence[str]) -> int:
    wanted = os.environ.get(_REPRODUCE_VARIABLE)
    if wanted is not None:
        # In front, so that the command line's own --reproduce counts.
        arguments = [f"--reproduce={wanted}", *arguments]
    checks = PathChecks(why_not_writable, why_not_openable)
    output, colour, early = run_command_line(arguments, read_from_disk, checks=checks)
    if colour is None:
        colour = sys.stderr.isatty()
    _print_messages(output.log, colour, early)
    if output.stdout:
        sys.stdout.buffer.write(output.stdout.encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
    path = ""
    try:
        for path, content in output.side_files:
            Path(path).write_bytes(content)
        if output.errors:
            return 1
        if output.module is not None and output.output_path is not None:
            path = output.output_path
            write_output(path, output.module)
    except OSError as error:
        text = f"failed to write output '{path}': {reason(error)}"
        _print_messages([Message(Severity.ERROR, text)], colour)
        return 1
    return 0


def _print_messages(messages: Sequence[Message], colour: bool, early: int = 0) -> None:
    text = printed(messages, PROGRAM, colour, early)
    sys.stderr.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stderr.buffer.flush()


def why_not_writable(path: str) -> str | None:
    """Why a file cannot be written, in the system's words; None if it can.

    Tries what `write_output` will do, as LLD does before it links.
    """
    if path == "-":
        return None
    kind = _kind(path)
    if kind is not None and stat.S_ISDIR(kind):
        return os.strerror(errno.EISDIR)
    if kind is not None and not stat.S_ISREG(kind):
        return None
    try:
        descriptor, temporary = _create_beside(path)
    except OSError as error:
        return reason(error)
    os.close(descriptor)
    temporary.unlink()
    return None


def why_not_openable(path: str) -> str | None:
    """Why a file cannot be opened for writing, in the system's words; None if it can.

    For files beside the module, which LLD writes into what is there (`raw_fd_ostream`).
    """
    if _kind(path) is None:
        return why_not_writable(path)
    try:
        os.close(os.open(path, os.O_WRONLY))
    except OSError as error:
        return reason(error)
    return None


def write_output(path: str, content: bytes) -> None:
    """Write an executable file, all of it or nothing; "-" is standard output.

    As LLD's `FileOutputBuffer`: a new file takes the place of an old one or of a link, and a
    device is written to. The mode is 0o777 less the umask.

    Raises:
        OSError: it cannot be written. What was there before is still there.
    """
    if path == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    kind = _kind(path)
    if kind is not None and not stat.S_ISREG(kind):
        Path(path).write_bytes(content)
        return
    descriptor, temporary = _create_beside(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _kind(path: str) -> int | None:
    """The mode of what is at a path, links followed; None if there is nothing."""
    try:
        return Path(path).stat().st_mode
    except OSError:
        return None


def _create_beside(path: str) -> tuple[int, Path]:
    """A new executable file in the folder of `path`: its descriptor and its path."""
    temporary = Path(path).parent / f".weld-ld-{os.urandom(8).hex()}"
    return os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777), temporary


if __name__ == "__main__":
    sys.exit(main())

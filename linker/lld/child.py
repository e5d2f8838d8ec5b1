"""wasm-ld as a child process, and the classes of its failures (linkWithLLD, lines 2404 to 2460)."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from linker.lld.errors import CannotStart, Crashed, ReportedFailure, StderrTooLong

STDERR_LIMIT = 10 * 1024 * 1024
"""Bytes that are read from standard error (line 2435)."""


def run_child(
    command: Sequence[str],
    inherit_stdio: bool = False,
    keep_open: Sequence[int] = (),
    stderr_limit: int = STDERR_LIMIT,
) -> str:
    """Runs a command to its end; returns what it wrote to standard error.

    Its input and its standard output are ignored. With `inherit_stdio` it has this process's
    input and outputs, and nothing is returned (the seed's `clang_passthrough_mode`). It keeps
    the file descriptors `keep_open`.

    Raises CannotStart, ReportedFailure (exit status), Crashed (signal), StderrTooLong.
    """
    elsewhere = None if inherit_stdio else subprocess.DEVNULL
    try:
        child = subprocess.Popen(
            command,
            stdin=elsewhere,
            stdout=elsewhere,
            stderr=None if inherit_stdio else subprocess.PIPE,
            pass_fds=keep_open,
        )
    except (OSError, ValueError, IndexError) as error:
        # ValueError: a NUL or an unencodable character in an argument; IndexError: no command.
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotStart(next(iter(command), "nothing"), reason) from None
    with child:
        try:
            stderr = b"" if child.stderr is None else child.stderr.read(stderr_limit + 1)
            if len(stderr) > stderr_limit:
                raise StderrTooLong(f"{command[0]} wrote more than {stderr_limit} bytes of errors")
            status = child.wait()
        except BaseException:
            # Whatever ends us here, an interrupt included, a child left behind would still write.
            child.kill()
            raise
    text = stderr.decode("utf-8", "surrogateescape")
    if status < 0:
        raise Crashed(command[0], -status, text)
    if status > 0:
        raise ReportedFailure(status, text)
    return text

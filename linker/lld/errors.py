"""What can go wrong in a link by wasm-ld: one exception class for each way.

Where the seed has an error name of its own for it, `seed_name` gives it; where the seed would
stop on an assertion or on a missing value, `seed_name` is empty.
"""

from __future__ import annotations

import re
from pathlib import Path
from signal import Signals
from typing import ClassVar

_NEW_MESSAGE = re.compile(r"^[^:\n]+: error: ", re.MULTILINE)


class LldError(Exception):
    """A link that wasm-ld did not complete; no `lld.id` vouches for the output after it."""

    seed_name: ClassVar[str] = ""


class InvalidOptions(LldError, ValueError):
    """Options that contradict each other or have no meaning."""


class MissingRuntimeLibrary(LldError, ValueError):
    """The options ask for a run-time library and do not say where it is."""


class NoObjectsToLink(LldError):
    """An object file is to be made of nothing (linkWithLLD, line 2196)."""

    seed_name = "NoObjectsToLink"


class FileError(LldError):
    """A file could not be used.

    Attributes:
        path: the file as the options name it.
        reason: the words of the operating system.
    """

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = str(path)
        self.reason = reason


class InputUnavailable(FileError):
    """An input cannot be read."""

    seed_name = "FileNotFound"


class OutputUnavailable(FileError):
    """The output cannot be written."""


class CacheUnavailable(FileError):
    """`lld.id` or its lock, beside the output, cannot be used."""


class CannotStart(LldError):
    """wasm-ld could not be started (linkWithLLD, lines 2417 and 2438)."""

    seed_name = "UnableToSpawnSelf"

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(f"unable to spawn {program}: {reason}")
        self.program = program
        self.reason = reason


class ReportedFailure(LldError):
    """wasm-ld ended with an exit status that is not 0 (linkWithLLD, line 2448).

    Attributes:
        exit_status: 1 to 255.
        stderr: all that it wrote there.
    """

    seed_name = "LLDReportedFailure"

    def __init__(self, exit_status: int, stderr: str) -> None:
        super().__init__(stderr.rstrip("\n") or f"wasm-ld ended with exit status {exit_status}")
        self.exit_status = exit_status
        self.stderr = stderr

    @property
    def messages(self) -> tuple[str, ...]:
        """The errors that wasm-ld printed, without "wasm-ld: error: ", each with the lines
        that continue it."""
        pieces = _NEW_MESSAGE.split(self.stderr)[1:]
        return tuple(piece.rstrip("\n") for piece in pieces)


class Crashed(LldError):
    """A signal ended wasm-ld (linkWithLLD, line 2453).

    Attributes:
        signal: its number.
        stderr: what it wrote there before.
    """

    seed_name = "LLDCrashed"

    def __init__(self, program: str, signal: int, stderr: str) -> None:
        super().__init__(f"{program} terminated by {_signal_name(signal)} with stderr:\n{stderr}")
        self.signal = signal
        self.stderr = stderr


def _signal_name(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"


class StderrTooLong(LldError):
    """wasm-ld wrote more than 10 MiB to standard error, and was ended (linkWithLLD, line 2435)."""

    seed_name = "StreamTooLong"


class OutputNotWritten(LldError):
    """wasm-ld ended well and did not write its output; the seed does not look."""

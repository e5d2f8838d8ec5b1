"""Errors and warnings of a link: the exception that ends one, and their collection.

Messages are wasm-ld's words without the prefix "wasm-ld: error: ".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple

TOO_MANY_ERRORS = "too many errors emitted, stopping now (use -error-limit=0 to see all errors)"
DEFAULT_ERROR_LIMIT = 20


CheckPath = Callable[[str], "str | None"]
"""Given the path of a file to write: why that cannot be done, or None."""


class SideFile(NamedTuple):
    """A file that a link writes beside the module: `--Map`, `--why-extract`, `--reproduce`."""

    path: str
    content: bytes


class Severity(Enum):
    """How bad it is, with what stands before the message."""

    ERROR = "error: "
    WARNING = "warning: "
    LOG = ""
    PLAIN = "nothing, not even the program's name"


class Message(NamedTuple):
    severity: Severity
    text: str


def texts(log: Iterable[Message], severity: Severity) -> tuple[str, ...]:
    """The messages of one severity, in order."""
    return tuple(text for found, text in log if found is severity)


_COLOURS = {Severity.ERROR: "\033[0;31m", Severity.WARNING: "\033[0;35m"}
_NO_COLOUR = "\033[0m"


def printed(log: Iterable[Message], program: str, colour: bool = False, early: int = 0) -> str:
    """What a linker called `program` writes to its standard error (LLD's `reportDiagnostic`).

    The first `early` messages are without colours.
    """
    lines = []
    separator = ""
    for position, (severity, text) in enumerate(log):
        if severity is Severity.PLAIN:
            lines.append(f"{text}\n")
            continue
        word = severity.value
        if colour and position >= early and severity in _COLOURS:
            word = f"{_COLOURS[severity]}{word}{_NO_COLOUR}"
        lines.append(f"{separator}{program}: {word}{text}\n")
        if severity is not Severity.LOG:
            # LLD sets off an error or a warning of several lines from what follows.
            separator = "\n" if "\n" in text else ""
    return "".join(lines)


class LinkError(Exception):
    """A link that was refused.

    Attributes:
        log: all that was said, in order; at least one error is among it.
        stdout: what was printed before (`--trace`...).
        side_files: what was written before beside the module.
    """

    def __init__(
        self,
        log: Iterable[Message],
        stdout: str = "",
        side_files: tuple[SideFile, ...] = (),
    ) -> None:
        self.log = tuple(log)
        self.stdout = stdout
        self.side_files = side_files
        super().__init__(*self.messages)

    @property
    def messages(self) -> tuple[str, ...]:
        """What was wrong, in the order it was found; never empty."""
        return texts(self.log, Severity.ERROR)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was warned of before, in order."""
        return texts(self.log, Severity.WARNING)


class Diagnostics:
    """Collects errors and warnings in the order they are reported (LLD's `ErrorHandler`).

    Errors do not stop the link at once: a stage reports what it finds and calls `check()` at
    its end, as LLD asks for `errorCount()`.

    Args:
        error_limit: after that many errors the link stops; 0 means never.
        fatal_warnings: warnings are reported as errors.
        verbose: what is logged is kept.
        check_side_file: says why a side file cannot be written.
    """

    def __init__(
        self,
        error_limit: int = DEFAULT_ERROR_LIMIT,
        fatal_warnings: bool = False,
        verbose: bool = False,
        check_side_file: CheckPath = lambda _: None,
    ) -> None:
        self.error_limit = error_limit
        self.fatal_warnings = fatal_warnings
        self.verbose = verbose
        self.quirks: frozenset[str] = frozenset()
        self.check_side_file = check_side_file
        self.colour: bool | None = None
        """Whether messages are in colour; None where a terminal decides."""
        self.early = 0
        """How many messages came before the option for colours was known."""
        self.side_files: list[SideFile] = []
        self.at_end: list[Callable[[], SideFile]] = []
        """What makes the side files that are complete only at the end of the link."""
        self.messages: list[Message] = []
        self.error_count = 0
        self.stdout = ""

    @property
    def errors(self) -> list[str]:
        return [text for severity, text in self.messages if severity is Severity.ERROR]

    @property
    def warnings(self) -> list[str]:
        return [text for severity, text in self.messages if severity is Severity.WARNING]

    def error(self, message: str) -> None:
        """Report an error.

        Raises:
            LinkError: there were as many errors as the limit before.
        """
        if "seed-errors" in self.quirks:
            raise self._first_error(message)
        if self.error_limit and self.error_count > self.error_limit:
            # There were more before the limit was known: LLD says nothing then, and goes on.
            self.error_count += 1
            return
        if self.error_limit and self.error_count == self.error_limit:
            message = TOO_MANY_ERRORS
        self.messages.append(Message(Severity.ERROR, message))
        self.error_count += 1
        if message is TOO_MANY_ERRORS:
            raise self._refusal()

    def _first_error(self, message: str) -> LinkError:
        """The end of the link at its first error, in the seed's terms."""
        from linker.seed.errors import seed_words

        self.messages.append(Message(Severity.ERROR, seed_words(message)))
        self.error_count += 1
        return self._refusal()

    def warn(self, message: str) -> None:
        """Report a warning, or an error under `fatal_warnings`."""
        if self.fatal_warnings:
            self.error(message)
        else:
            self.messages.append(Message(Severity.WARNING, message))

    def say(self, line: str) -> None:
        """Say something that stands without the program's name; it changes nothing."""
        self.messages.append(Message(Severity.PLAIN, line))

    def log(self, message: str) -> None:
        """Say what is being done, under `--verbose`."""
        if self.verbose:
            self.messages.append(Message(Severity.LOG, message))

    def print(self, line: str) -> None:
        """Print a line to standard output (LLD's `message`); it is kept in `stdout`."""
        self.stdout += f"{line}\n"

    def write(self, path: str, content: bytes, complaint: str) -> None:
        """Write a side file, or report `complaint`, the path and why; "-" is standard output."""
        if path == "-":
            self.stdout += content.decode("utf-8", "surrogateescape")
            return
        problem = self.check_side_file(path)
        if problem is not None:
            self.error(f"{complaint} {path}: {problem}")
        else:
            self.side_files.append(SideFile(path, content))

    def fatal(self, message: str) -> LinkError:
        """Report an error that nothing can follow; the caller raises what this returns."""
        try:
            self.error(message)
        except LinkError as error:
            return error
        return self._refusal()

    def check(self) -> None:
        """Stop here if there were errors.

        Raises:
            LinkError: with all errors and warnings so far.
        """
        if self.error_count:
            raise self._refusal()

    def _refusal(self) -> LinkError:
        return LinkError(self.messages, self.stdout, tuple(self.side_files))


class FatalError(Exception):
    """An error that nothing can follow, raised where no `Diagnostics` is at hand.

    `linker.pipeline` turns it into a `LinkError` after the errors reported before it.
    """

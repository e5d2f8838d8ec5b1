"""Errors and warnings of a link: the exception that ends one, and their collection.

Messages are wasm-ld's words without the prefix "wasm-ld: error: ".
"""

from __future__ import annotations

TOO_MANY_ERRORS = "too many errors emitted, stopping now (use -error-limit=0 to see all errors)"
DEFAULT_ERROR_LIMIT = 20


class LinkError(Exception):
    """A link that was refused.

    Attributes:
        messages: what was wrong, in the order it was found; never empty.
    """

    def __init__(self, messages: tuple[str, ...]) -> None:
        super().__init__(*messages)
        self.messages = messages


class Diagnostics:
    """Collects errors and warnings in the order they are reported (LLD's `ErrorHandler`).

    Errors do not stop the link at once: a stage reports what it finds and calls `check()` at
    its end, as LLD asks for `errorCount()`.

    Args:
        error_limit: after that many errors the link stops; 0 means never.
        fatal_warnings: warnings are reported as errors.
    """

    def __init__(
        self, error_limit: int = DEFAULT_ERROR_LIMIT, fatal_warnings: bool = False
    ) -> None:
        self.error_limit = error_limit
        self.fatal_warnings = fatal_warnings
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def error(self, message: str) -> None:
        """Report an error.

        Raises:
            LinkError: this error reaches the limit.
        """
        if self.error_limit and len(self.errors) >= self.error_limit:
            self.errors.append(TOO_MANY_ERRORS)
            raise LinkError(tuple(self.errors))
        self.errors.append(message)

    def warn(self, message: str) -> None:
        """Report a warning, or an error under `fatal_warnings`."""
        if self.fatal_warnings:
            self.error(message)
        else:
            self.warnings.append(message)

    def fatal(self, message: str) -> LinkError:
        """Report an error that nothing can follow; the caller raises what this returns."""
        self.error(message)
        return LinkError(tuple(self.errors))

    def check(self) -> None:
        """Stop here if there were errors.

        Raises:
            LinkError: with all errors so far.
        """
        if self.errors:
            raise LinkError(tuple(self.errors))

"""Response files: `@file` on a command line stands for the arguments in that file.

A file that does not exist leaves the argument as it is. What a file contains may name further
files; a file inside itself is an error. As in LLVM's `llvm/lib/Support/CommandLine.cpp`.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from pathlib import Path

Read = Callable[[str], bytes]


class Quoting(Enum):
    """How a response file quotes (`--rsp-quoting`)."""

    POSIX = "posix"
    WINDOWS = "windows"


class ResponseFileError(Exception):
    """A response file that cannot be expanded.

    Attributes:
        arguments: the command line as far as it was expanded, which is what LLVM goes on with.
    """

    def __init__(self, message: str, arguments: list[str]) -> None:
        super().__init__(message)
        self.arguments = arguments


def expand_response_files(argv: Sequence[str], read: Read, quoting: Quoting) -> list[str]:
    """The command line with every `@file` replaced by what the file holds.

    `read` gives a file's content or raises OSError.

    Raises:
        ResponseFileError: a file cannot be read though it exists, or contains itself.
    """
    expanded: list[str] = []
    # Arguments still to come, innermost file last, each with the path it is from.
    pending: list[tuple[str, list[str]]] = [("", list(reversed(argv)))]
    while pending:
        arguments = pending[-1][1]
        if not arguments:
            pending.pop()
            continue
        argument = arguments.pop()
        if not argument.startswith("@"):
            expanded.append(argument)
            continue
        name = argument[1:]
        # As it is written: a message names it so.
        path = name if name.startswith("/") else f"{Path.cwd()}/{name}"
        try:
            data = read(name)
            for outer, _ in pending[1:]:
                if Path(outer).resolve() == Path(path).resolve():
                    raise ResponseFileError(f"recursive expansion of: '{outer}'", [])
            # Arguments are C strings to LLVM: a zero byte ends one.
            inner = [word.partition("\0")[0] for word in _split(data, quoting)]
        except FileNotFoundError:
            expanded.append(argument)
        except OSError as error:
            message = f"cannot not open file '{path}': {reason(error)}"
            raise ResponseFileError(message, [*expanded, argument, *_rest(pending)]) from None
        except UnicodeDecodeError:
            message = "Could not convert UTF16 to UTF8"
            raise ResponseFileError(message, [*expanded, argument, *_rest(pending)]) from None
        except ResponseFileError as error:
            error.arguments = [*expanded, argument, *_rest(pending)]
            raise
        else:
            pending.append((path, list(reversed(inner))))
    return expanded


def reason(error: OSError) -> str:
    """The system's words for why a file cannot be read."""
    return error.strerror or (os.strerror(error.errno) if error.errno else str(error))


def _rest(pending: Sequence[tuple[str, list[str]]]) -> Iterator[str]:
    for _, arguments in reversed(pending):
        yield from reversed(arguments)


def _split(data: bytes, quoting: Quoting) -> Iterator[str]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16")
    else:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    return split_posix(text) if quoting is Quoting.POSIX else split_windows(text)


_SPACE = " \t\r\n"


def split_posix(text: str) -> Iterator[str]:
    """Split as a shell does, with quotes of both kinds and backslashes; a backslash escapes
    in quotes too, and an empty argument is left out."""
    token = ""
    quote = ""
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\\" and position < len(text):
            token += text[position]
            position += 1
        elif quote:
            if character == quote:
                quote = ""
            else:
                token += character
        elif character in "\"'":
            quote = character
        elif character in _SPACE:
            if token:
                yield token
            token = ""
        else:
            token += character
    if token:
        yield token


def split_windows(text: str) -> Iterator[str]:
    """Split as Windows programs do: backslashes count only before a double quote."""
    token = ""
    started = quoted = False
    position = 0
    while position < len(text):
        character = text[position]
        position += 1
        if character == "\\":
            started = True
            end = position
            while end < len(text) and text[end] == "\\":
                end += 1
            count = end - position + 1
            position = end
            if text[end : end + 1] == '"':
                token += "\\" * (count // 2)
                if count % 2:
                    token += '"'
                    position += 1
            else:
                token += "\\" * count
        elif character == '"':
            started = True
            if quoted and text[position : position + 1] == '"':
                token += '"'
                position += 1
            else:
                quoted = not quoted
        elif not quoted and (character in _SPACE or character == "\0"):
            if started:
                yield token
            token = ""
            started = False
        else:
            started = True
            token += character
    if started:
        yield token

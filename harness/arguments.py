"""A case's command line, taken apart: which words are options, values and input files."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from linker.command_line.arguments import INPUT, UNKNOWN, split_arguments
from linker.command_line.response_files import (
    Quoting,
    Read,
    ResponseFileError,
    expand_response_files,
)
from linker.command_line.table import BY_SPELLING

if TYPE_CHECKING:
    from strategies.case import LinkCase

_QUOTING = "rsp-quoting="


class Argument(NamedTuple):
    """One option with its value, or one input file.

    Attributes:
        option: the spelling without dashes, aliases and "=" that `linker.command_line.table` has
            for it, such as "entry" or "l"; what stands there for an unknown one; None for an
            input file.
        value: the option's value, the input file's name, or None.
        words: the words of the command line it was made of.
    """

    option: str | None
    value: str | None
    words: tuple[str, ...]


def option_named(name: str) -> str | None:
    """What `Argument.option` is for an option of that name, dashes or not; None for no option."""
    bare = name.lstrip("-").removesuffix("=")
    for spelling in (f"{dashes}{bare}{equals}" for dashes in ("--", "-") for equals in ("", "=")):
        if spelling in BY_SPELLING:
            return BY_SPELLING[spelling].key.removesuffix("=")
    return None


def expand(words: Sequence[str], read: Read) -> Sequence[str]:
    """A command line with the words of its response files, which `read` gives, in their places.

    Raises:
        ResponseFileError: a response file cannot be read, or names itself.
    """
    if not any(word.startswith("@") for word in words):
        return words
    quoting = [w.rpartition("=")[2] for w in words if w.lstrip("-").startswith(_QUOTING)]
    windows = quoting[-1:] == [Quoting.WINDOWS.value]
    return expand_response_files(words, read, Quoting.WINDOWS if windows else Quoting.POSIX)


def expanded(case: LinkCase) -> Sequence[str]:
    """The words of a case's command line; as wasm-ld goes on where a file cannot be read."""
    files = {file.name: file.content for file in case.files}

    def read(name: str) -> bytes:
        path = posixpath.normpath(name)
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory", name)
        return files[path]

    try:
        return expand(case.arguments, read)
    except ResponseFileError as error:
        return error.arguments


def read_otherwise(words: Sequence[str], missing: frozenset[str]) -> str | None:
    """The first option that a wasm-ld without the spellings `missing` takes for something else.

    It is unknown to it, or an abbreviation of other options: `-library` is `-l ibrary` there.
    """
    if not missing:
        return None
    theirs = split_arguments(words, missing).arguments
    for position, argument in enumerate(split_arguments(words).arguments):
        if position >= len(theirs) or argument != theirs[position]:
            spelling = f"--{argument.key}"
            return spelling if argument.text.startswith(spelling) else argument.text
    return None


def take_apart(arguments: Sequence[str]) -> Iterator[Argument]:
    """The options and input files of a command line, in order.

    A value that is missing at the end of the line gives the option without one.
    """
    split = split_arguments(arguments)
    for argument in split.arguments:
        if argument.key == INPUT:
            yield Argument(None, argument.value, argument.words)
        elif argument.key == UNKNOWN:
            name, equals, value = argument.text.lstrip("-").partition("=")
            yield Argument(name, value if equals else None, argument.words)
        else:
            given = ",".join(argument.values) if argument.values else None
            yield Argument(argument.key.removesuffix("="), given, argument.words)
    if split.missing is not None:
        yield Argument(split.missing.lstrip("-"), None, (split.missing,))

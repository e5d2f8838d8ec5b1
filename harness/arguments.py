"""wasm-ld's command line, taken apart: which words are options, values and input files.

This knows nothing of what an option means; the table follows `lld/wasm/Options.td` of LLD 22.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from linker.command_line.arguments import split_arguments
from linker.command_line.response_files import Quoting, ResponseFileError, expand_response_files

if TYPE_CHECKING:
    from strategies.case import LinkCase

_QUOTING = "rsp-quoting="

# Options whose value may be the next word, with one dash or two in front.
_SEPARATE = frozenset(
    [
        "entry",
        "export",
        "export-if-defined",
        "error-limit",
        "keep-section",
        "library",
        "library-path",
        "Map",
        "mllvm",
        "reproduce",
        "rsp-quoting",
        "soname",
        "thinlto-cache-policy",
        "threads",
        "trace-symbol",
        "undefined",
        "unresolved-symbols",
        "wrap",
        "allow-undefined-file",
        "rpath",
    ]
)
# One letter whose value is joined to it or is the next word, and the long name of each.
_LETTERS = {
    "e": "entry",
    "l": "library",
    "L": "library-path",
    "m": "m",
    "o": "o",
    "O": "O",
    "u": "undefined",
    "y": "trace-symbol",
    "z": "z",
}
_LETTER_FLAGS = {
    "E": "export-dynamic",
    "M": "print-map",
    "r": "relocatable",
    "s": "strip-all",
    "S": "strip-debug",
    "t": "trace",
    "v": "v",
}
# Long options that begin with one of the letters above and may stand after a single dash.
_LONG = frozenset(
    [
        "emit-relocs",
        "error-unresolved-symbols",
        "end-lib",
        "merge-data-segments",
        "no-merge-data-segments",
        "warn-unresolved-symbols",
        "experimental-pic",
        "extra-features",
        "export-dynamic",
    ]
)


class Argument(NamedTuple):
    """One option with its value, or one input file.

    Attributes:
        option: the long name without dashes, or None for an input file.
        value: the option's value, the input file's name, or None.
        words: the words of the command line it was made of.
    """

    option: str | None
    value: str | None
    words: tuple[str, ...]


def expanded(case: LinkCase) -> Sequence[str]:
    """The words of a case's command line, with those of its response files in their places."""
    if not any(word.startswith("@") for word in case.arguments):
        return case.arguments
    files = {file.name: file.content for file in case.files}

    def read(name: str) -> bytes:
        path = posixpath.normpath(name)
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory", name)
        return files[path]

    quoting = [w.rpartition("=")[2] for w in case.arguments if w.lstrip("-").startswith(_QUOTING)]
    windows = quoting[-1:] == [Quoting.WINDOWS.value]
    try:
        return expand_response_files(
            case.arguments, read, Quoting.WINDOWS if windows else Quoting.POSIX
        )
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
    position = 0
    while position < len(arguments):
        argument = _one(arguments, position)
        position += len(argument.words)
        yield argument


def _one(arguments: Sequence[str], position: int) -> Argument:
    word = arguments[position]
    if not word.startswith("-") or word == "-":
        return Argument(None, word, (word,))
    following = tuple(arguments[position + 1 : position + 2])
    bare = word.lstrip("-")
    name, equals, value = bare.partition("=")
    if word.startswith("--") or name in _SEPARATE or name in _LONG:
        if equals:
            return Argument(name, value, (word,))
        if name in _SEPARATE:
            return Argument(name, following[0] if following else None, (word, *following))
        return Argument(name, None, (word,))
    if bare in _LETTER_FLAGS:
        return Argument(_LETTER_FLAGS[bare], None, (word,))
    letter, rest = bare[:1], bare[1:]
    # `-import-memory` and the like are long options after one dash; `-lm` and `-eX` are not.
    if letter in _LETTERS and not _is_long(name):
        if rest:
            return Argument(_LETTERS[letter], rest, (word,))
        return Argument(_LETTERS[letter], following[0] if following else None, (word, *following))
    return Argument(name, value if equals else None, (word,))


def _is_long(name: str) -> bool:
    return name in _SEPARATE or name in _LONG


def input_files(arguments: Sequence[str]) -> list[str]:
    """The input files named on a command line, in order; libraries of `-l` are not among them."""
    return [a.value for a in take_apart(arguments) if a.option is None and a.value is not None]

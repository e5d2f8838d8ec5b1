"""Splits a command line into options with their values, and inputs.

The rules are those of LLVM's option library (`llvm/lib/Option`): the longest spelling that fits
wins, and an argument that no option fits is reported, or is an input if it has no dash.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from linker.command_line.table import BY_KEY, BY_SPELLING, LONGEST_SPELLING, Kind, Option

INPUT = "<input>"
UNKNOWN = "<unknown>"


class Argument(NamedTuple):
    """One option or input of a command line.

    Attributes:
        key: spelling of the option without dashes and aliases; INPUT or UNKNOWN.
        values: what was given for it; () for a flag, one item for most, several for a list.
        words: the items of the command line that it was made of, one or two.
        spelling: the option with its dashes, without aliases.
    """

    key: str
    values: tuple[str, ...]
    words: tuple[str, ...]
    spelling: str

    @property
    def value(self) -> str:
        return self.values[0]

    @property
    def text(self) -> str:
        """The argument as it stood there, without the value if that was separate."""
        return self.words[0]


class ArgumentList:
    """The arguments of a command line, in order."""

    def __init__(self, arguments: Sequence[Argument], missing: str | None) -> None:
        self.arguments = tuple(arguments)
        self.missing = missing
        """The option at the end whose value is missing, or None."""
        self._positions: dict[str, list[int]] = {}
        for position, argument in enumerate(self.arguments):
            self._positions.setdefault(argument.key, []).append(position)

    def all(self, key: str) -> list[Argument]:
        return [self.arguments[position] for position in self._positions.get(key, ())]

    def last(self, *keys: str) -> Argument | None:
        """The last of these options; None without any."""
        positions = [self._positions[key][-1] for key in keys if key in self._positions]
        return self.arguments[max(positions)] if positions else None

    def has(self, *keys: str) -> bool:
        return any(key in self._positions for key in keys)

    def switch(self, on: str, off: str, default: bool) -> bool:
        """True if the last of these two options is `on`."""
        argument = self.last(on, off)
        return default if argument is None else argument.key == on

    def last_value(self, key: str, default: str = "") -> str:
        argument = self.last(key)
        return default if argument is None else argument.value

    def values(self, key: str) -> tuple[str, ...]:
        return tuple(argument.value for argument in self.all(key))


def split_arguments(argv: Sequence[str], missing: frozenset[str] = frozenset()) -> ArgumentList:
    """Split a command line without the program's name. Nothing is reported: see `missing` and
    the arguments with the key UNKNOWN. Spellings in `missing` are not known."""
    found: list[Argument] = []
    position = 0
    while position < len(argv):
        text = argv[position]
        if not text:
            position += 1
            continue
        match = _match(argv, position, missing)
        if match is None:
            return ArgumentList(found, text)
        found.append(match)
        position += len(match.words)
    return ArgumentList(found, None)


def _match(argv: Sequence[str], position: int, missing: frozenset[str]) -> Argument | None:
    """The argument at `position`; None if its value is missing."""
    text = argv[position]
    if text == "-" or not text.startswith("-"):
        return Argument(INPUT, (text,), (text,), "")
    found = _option_of(text, missing)
    if found is None:
        return Argument(UNKNOWN, (text,), (text,), text)
    option, spelling = found
    rest = text[len(spelling) :]
    if option.kind is Kind.SEPARATE or (option.kind is Kind.JOINED_OR_SEPARATE and not rest):
        if position + 1 >= len(argv):
            return None
        value = argv[position + 1]
        return _argument(option, (value,), (text, value), spelling)
    return _argument(option, _values(option, rest), (text,), spelling)


@lru_cache(maxsize=1024)
def _option_of(text: str, missing: frozenset[str]) -> tuple[Option, str] | None:
    """The option with the longest spelling that an argument can be, and that spelling."""
    for length in range(min(len(text), LONGEST_SPELLING), 1, -1):
        option = BY_SPELLING.get(text[:length])
        if option is None or text[:length] in missing:
            continue
        if option.kind in (Kind.FLAG, Kind.SEPARATE) and length < len(text):
            continue
        return option, text[:length]
    return None


def _values(option: Option, rest: str) -> tuple[str, ...]:
    if option.kind is Kind.FLAG:
        # A flag that stands for an option with a value (-i) gives it an empty one.
        aliased = BY_KEY[option.key]
        return () if aliased.kind is Kind.FLAG else ("",)
    if option.kind is Kind.COMMA_JOINED:
        return tuple(item for item in rest.split(",") if item)
    return (rest,)


def _argument(
    option: Option, values: tuple[str, ...], words: tuple[str, ...], spelling: str
) -> Argument:
    if option.alias:
        aliased = BY_KEY[option.alias]
        spelling = aliased.prefixes[0] + aliased.spelling
    return Argument(option.key, values, words, spelling)

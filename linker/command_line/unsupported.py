"""What wasm-ld can do and this linker cannot yet, each with its place on the command line.

The one list of it: an entry is deleted when its feature is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from linker.command_line.arguments import ArgumentList
from linker.command_line.options import Options, UnresolvedPolicy


class Unsupported(NamedTuple):
    """A setting that is refused. `is_wanted` tells whether this link asks for it."""

    option: str
    is_wanted: Callable[[Options, ArgumentList], bool]


UNSUPPORTED: tuple[Unsupported, ...] = (
    Unsupported("--shared", lambda options, _: options.shared),
    Unsupported("--pie", lambda options, _: options.pie),
    Unsupported(
        "--unresolved-symbols=import-dynamic",
        lambda options, _: options.unresolved_symbols is UnresolvedPolicy.IMPORT_DYNAMIC,
    ),
    Unsupported("-m wasm64", lambda options, _: options.is64 is True),
    Unsupported("--lto-obj-path", lambda _, arguments: arguments.has("lto-obj-path=")),
    Unsupported(
        "--thinlto-index-only",
        lambda _, arguments: arguments.has("thinlto-index-only", "thinlto-index-only="),
    ),
)


def unsupported_options(options: Options, arguments: ArgumentList) -> Iterator[str]:
    """A message for each setting that is not there yet."""
    for entry in UNSUPPORTED:
        if entry.is_wanted(options, arguments):
            yield f"{entry.option} is not supported yet"

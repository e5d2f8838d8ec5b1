"""What earlier releases of wasm-ld do otherwise than wasm-ld 22.

Each quirk was found by comparing the programs themselves: wasm-ld 15 to 21 as the packages
ziglang 0.10.1 to 0.16.0 carry them.
"""

from __future__ import annotations

from typing import NamedTuple

from linker.option_history import BROUGHT_BY, quirk_of
from linker.quirk import Quirk

OLDEST_LLD = 15


class _Past(NamedTuple):
    """A quirk of the past with the releases that have it, the first and the last."""

    quirk: Quirk
    last: int
    first: int = OLDEST_LLD


def _options_before(release: int) -> _Past:
    spellings = ", ".join(sorted(word for word in BROUGHT_BY[release] if word.startswith("--")))
    return _Past(
        Quirk(
            quirk_of(release),
            f"The options that release {release} brought are unknown: {spellings}.",
            f"wasm-ld up to {release - 1}: Options.td",
            "unspecified",
        ),
        release - 1,
    )


def _past(
    name: str,
    description: str,
    origin: str,
    breaks: str = "unspecified",
    *,
    last: int,
    first: int = OLDEST_LLD,
) -> _Past:
    return _Past(Quirk(name, description, f"wasm-ld up to {last}: {origin}", breaks), last, first)


_PAST: tuple[_Past, ...] = (
    *(_options_before(release) for release in sorted(BROUGHT_BY)),
    _past(
        "stack-after-data",
        "The stack lies above the data unless --stack-first is given.",
        "--stack-first is the default from 22 on (readConfigs)",
        last=21,
    ),
    _past(
        "stack-pointer-hidden",
        "`__stack_pointer` is hidden: --export-dynamic does not export it.",
        "createSyntheticSymbols makes it WASM_SYMBOL_VISIBILITY_HIDDEN",
        last=21,
    ),
    _past(
        "linker-globals-inside",
        "The linker's own mutable globals are exported only by name, whatever the features.",
        "Writer::calculateExports does not look for mutable-globals",
        last=21,
    ),
)

LLD_QUIRKS: tuple[Quirk, ...] = tuple(entry.quirk for entry in _PAST)

# Of the quirks of wasm-ld 22: those that came after a release, by the last release without them.
_CAME_AFTER: dict[str, int] = {}


def quirks_of_lld(release: int) -> frozenset[str]:
    """The names of what `release` does otherwise than wasm-ld 22."""
    return frozenset(
        entry.quirk.name for entry in _PAST if entry.first <= release <= entry.last
    )


def absent_from_lld(release: int) -> frozenset[str]:
    """The names of the quirks of wasm-ld 22 that `release` has not."""
    return frozenset(name for name, last in _CAME_AFTER.items() if release <= last)

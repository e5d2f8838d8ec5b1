"""Which release of wasm-ld brought which options.

Releases from 15 to 22, as the programs themselves answer; what is not listed here is older. An
option is listed with its dashes, because some spellings came later than others.
"""

from __future__ import annotations

from collections.abc import Collection


def _both(*spellings: str) -> tuple[str, ...]:
    return tuple(dashes + spelling for spelling in spellings for dashes in ("--", "-"))


BROUGHT_BY: dict[int, frozenset[str]] = {
    16: frozenset(
        (
            "--extra-features=",
            "-extra-features=",
            "--import-memory=",
            "--export-memory",
            "--export-memory=",
            "--why-extract=",
            *_both("Bdynamic", "Bstatic", "call_shared", "dn", "dy", "non_shared", "static"),
            *_both("library", "library=", "library-path", "library-path="),
        ),
    ),
    17: frozenset(("--lto-CGO", *_both("build-id", "build-id="))),
    18: frozenset(
        (
            "--initial-heap=",
            "--table-base=",
            *_both("start-lib", "end-lib", "soname", "soname=", "keep-section", "keep-section="),
        ),
    ),
    19: frozenset(("--no-growable-memory", "--no-shlib-sigcheck")),
    20: frozenset(
        (
            "-V",
            "--lto-obj-path=",
            "--thinlto-emit-imports-files",
            "--thinlto-emit-index-files",
            "--thinlto-index-only",
            "--thinlto-index-only=",
            "--thinlto-object-suffix-replace=",
            "--thinlto-prefix-replace=",
            *_both("allow-multiple-definition", "no-allow-multiple-definition", "noinhibit-exec"),
        ),
    ),
    21: frozenset(("--page-size=", *_both("rpath", "rpath="))),
    22: frozenset(("-stack-first", *_both("no-stack-first"))),
}
"""Spellings by the release that has them first."""


def quirk_of(release: int) -> str:
    """The name of the quirk of a linker that lacks what `release` brought."""
    return f"options-before-{release}"


def missing_options(quirks: Collection[str]) -> frozenset[str]:
    """The spellings that a linker with these quirks does not know."""
    return frozenset[str]().union(
        *(spellings for release, spellings in BROUGHT_BY.items() if quirk_of(release) in quirks),
    )


def compares_tables_late(quirks: Collection[str]) -> bool:
    """Whether that -r does not go with --export-table is told of when the files are open."""
    return "relocatable-table-late" in quirks

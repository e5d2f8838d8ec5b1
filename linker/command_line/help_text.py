"""The texts of `--help`, `--version` and `--list-quirks`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from linker.command_line.table import LLD_OPTIONS, OWN_OPTIONS, Kind, Option
from linker.quirks.dialects import DIALECTS, QUIRKS

VERSION = "0.1.0"
LLD_VERSION = "22.1.8"
_COLUMN = 26
_WIDTH = 100


def version_text() -> str:
    # Build systems look for "LLD" and a number here to learn which options there are.
    return f"weld-ld {VERSION} (compatible with LLD {LLD_VERSION})\n"


def help_text() -> str:
    """All options with a line or two each."""
    lines = [
        "weld-ld: links WebAssembly object files into a module, as wasm-ld does",
        "",
        "Usage: weld-ld [options] file...",
        "",
        "Options (wasm-ld's):",
        *_options(LLD_OPTIONS),
        "",
        "Options (weld-ld's own):",
        *_options(OWN_OPTIONS),
        "",
        "An argument @file stands for the arguments in that file.",
    ]
    return "\n".join(lines) + "\n"


def quirks_text() -> str:
    """The dialects with their quirks, and what each quirk does."""
    lines = ["Dialects:"]
    for dialect, names in DIALECTS.items():
        lines.append(f"  {dialect}: {', '.join(sorted(names)) or 'no quirks'}")
    lines.append("Quirks:" if QUIRKS else "Quirks: none")
    for quirk in QUIRKS:
        lines.append(f"  {quirk.name}")
        lines.extend(_wrapped("    ", f"{quirk.description} ({quirk.origin}; {quirk.breaks})"))
    return "\n".join(lines) + "\n"


def _options(options: tuple[Option, ...]) -> Iterator[str]:
    shown = [option for option in options if option.help]
    for option in sorted(shown, key=lambda option: option.spelling.lower()):
        left = f"  {_usage(option)}"
        indent = " " * _COLUMN
        lines = _wrapped(indent, option.help)
        if len(left) < _COLUMN:
            lines[0] = left.ljust(_COLUMN) + lines[0][_COLUMN:]
        else:
            yield left
        yield from lines


def _usage(option: Option) -> str:
    usage = option.prefixes[0] + option.spelling
    if option.kind is Kind.FLAG:
        return usage
    if option.kind in (Kind.SEPARATE, Kind.JOINED_OR_SEPARATE):
        return f"{usage} {option.value}"
    return usage + option.value


def _wrapped(indent: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)

"""Stub libraries: text files that say what the host of a module gives, and what that needs.

Emscripten writes one for what its JavaScript libraries implement. Each line names a symbol of the
host and, behind a colon, the symbols of the module that the host uses for it:

    #STUB
    # Lines like this one are comments.
    emscripten_get_now
    invoke: malloc, free

No convention describes the format; it is what `StubFile::parse` of `lld/wasm/InputFiles.cpp` reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

STUB_MAGIC = b"#STUB"
# What LLVM's StringRef::trim takes off; around a single name it is spaces only.
_BLANKS = " \t\n\v\f\r"

Needs: TypeAlias = Mapping[str, tuple[str, ...]]
"""The symbols that the host gives, in order of their first lines, each with what it needs."""


def parse_stub_library(data: bytes, reads_blank_lines: bool = False) -> dict[str, tuple[str, ...]]:
    """What a stub library says; `data` starts with `STUB_MAGIC`.

    No text is wrong: a line without a colon needs nothing, and of two lines on one symbol the last
    counts. Names are text decoded from UTF-8 with `surrogateescape`. `reads_blank_lines`: a line
    without text, such as the one behind the last line break, is on the symbol with the empty name.
    """
    needs: dict[str, tuple[str, ...]] = {}
    for line in data.decode("utf-8", "surrogateescape").split("\n"):
        stripped = line.strip(_BLANKS)
        if stripped.startswith("#") or not (stripped or reads_blank_lines):
            continue
        name, _, rest = stripped.partition(":")
        needs[name.strip(" ")] = tuple(_listed(rest.strip(" ")))
    return needs


def _listed(rest: str) -> Iterable[str]:
    """The names between commas; behind a comma at the end there is none."""
    while rest:
        name, _, rest = rest.partition(",")
        yield name.strip(" ")


def encode_stub_library(needs: Needs) -> bytes:
    """A stub library that says this, one line a symbol."""
    lines = [f"{name}: {', '.join(needed)}" if needed else name for name, needed in needs.items()]
    return STUB_MAGIC + "".join(f"\n{line}" for line in lines).encode("utf-8", "surrogateescape")

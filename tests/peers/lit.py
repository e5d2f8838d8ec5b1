"""Tests in the form of LLVM's lit: shell commands in comments that start with `RUN:`."""

from __future__ import annotations

import re
from pathlib import Path

_RUN = re.compile(r"RUN:\s*(.*)")
# Says where in the file a command stands: nothing to do.
_MARK = re.compile(r"%dbg\(.*?\)")


def commands(text: str) -> list[str]:
    """The commands of a test, lines that end with a backslash joined with the next."""
    found: list[str] = []
    begun = ""
    for match in _RUN.finditer(text):
        begun += match[1].rstrip()
        if begun.endswith("\\"):
            begun = begun[:-1] + " "
        else:
            found.append(begun)
            begun = ""
    return found


def substituted(command: str, test: Path, folder: Path) -> str:
    """A command with lit's words for the test (%s), its folder (%S, %p) and the names that it may
    write (%t, in `folder`) replaced."""
    place, temporary = str(test.parent), str(folder / f"{test.name}.tmp")
    words = {
        "%%": "%", "%s": str(test), "%/s": str(test), "%S": place, "%/S": place, "%p": place,
        "%/p": place, "%t": temporary, "%/t": temporary, "%T": str(folder), "%python": "python3",
    }  # fmt: skip
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.sub(pattern, lambda match: words[match[0]], _MARK.sub("", command))


def script(test: Path, folder: Path) -> str:
    """All commands of a test for one shell, so that `cd` lasts; "" for a file without any."""
    text = test.read_text("utf-8", "surrogateescape")
    return "\n".join(substituted(command, test, folder) for command in commands(text))

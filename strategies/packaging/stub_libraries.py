"""Stub libraries of a case: their lines, their text, and how they reach the linker.

The convention does not know them; `StubFile::parse` and `processStubLibraries` of lld/wasm are the
only rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from linker.format.stub_library import STUB_MAGIC
from strategies.choices import Record

# What a line may be written like: around the names, and what stands beside.
_BEFORE = ("", "", "  ", "\t", "# A comment.\n", "\n", " # Another: one, two.\n\n")
_COLON = (": ", ":", " : ", ":  ")
_COMMA = (", ", ",", " ,", "  ,  ")
_AFTER = ("", "", " ", "\r", "\t ", "\n")
_HEADS = ("", "", "\r", " of a host", "BORN")


@dataclass(slots=True, eq=False)
class StubLine:
    """A line: `host` is the symbol's name, or that of its import, in `library` 0 or 1.

    `symbol` is the name of the symbol that the host gives by it; None if the line gives nothing.
    """

    library: int
    host: str
    symbol: str | None
    needs: list[str] = field(default_factory=list)
    style: int = 0

    @property
    def text(self) -> str:
        """The line, with what stands before it."""
        style = Record(bytes((self.style, self.style * 7 & 255, self.style * 31 & 255)))
        before, after = style.pick(_BEFORE), style.pick(_AFTER)
        colon = _COLON[self.style & 3] if self.needs or self.style & 4 else ""
        comma = _COMMA[self.style >> 3 & 3]
        end = "," if self.needs and self.style & 32 else ""
        return f"{before}{self.host}{colon}{comma.join(self.needs)}{end}{after}"


def can_be_written(name: str) -> bool:
    """Whether a stub library can say a name."""
    stripped = name.strip(" \t\n\v\f\r")
    return name == stripped != "" and name[0] != "#" and not set(name) & set(":,\n")


def stub_text(lines: list[StubLine], record: Record) -> bytes:
    """The text of a library."""
    head = record.pick(_HEADS)
    end = "\n" if record.chance(128) else ""
    text = head + "".join(f"\n{line.text}" for line in lines) + end
    return STUB_MAGIC + text.encode("utf-8", "surrogateescape")


def stub_words(number: int, record: Record, relocatable: bool) -> tuple[list[str], str]:
    """How the command line names the library `libstubN.so`, and what that is called.

    With -r shared libraries are not looked for.
    """
    name = f"libstub{number}.so"
    how = record.below(8)
    if how == 6 and relocatable:
        how = 7
    if how == 4:
        return ["--start-lib", name, "--end-lib"], "between-lib"
    if how == 5:
        return ["--whole-archive", name, "--no-whole-archive"], "whole"
    if how == 6:
        return ["-L.", "-Bdynamic", f"-lstub{number}", "-Bstatic"], "searched"
    if how == 7:
        return ["-L.", f"-l:{name}"], "searched"
    return [name], "plain"

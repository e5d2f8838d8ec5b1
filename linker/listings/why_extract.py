"""`--why-extract`: which reference took which archive member (LLD's writeWhyExtract).

Only functions and the names of the command line are told of; what data, globals, tables and tags
take is not, as in wasm-ld.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from linker.command_line.options import Options
from linker.names import display_name
from linker.objects import InputObject, file_name
from linker.resolution.symbols import LinkSymbol

HEADER = "reference\textracted\tsymbol\n"


class Extraction(NamedTuple):
    """An archive member that is wanted. `reference` says what for; None: that is not told."""

    obj: InputObject
    symbol: LinkSymbol
    reference: str | None


class Record(NamedTuple):
    """A line of the report. The symbol's name is the one that it has at the end."""

    reference: str
    extracted: str
    symbol: LinkSymbol


def record_of(extraction: Extraction) -> Record | None:
    """The line on a member whose symbols are all known: the file is that of the definition."""
    if extraction.reference is None:
        return None
    symbol = extraction.symbol
    return Record(extraction.reference, file_name(symbol.file), symbol)


def report(records: Iterable[Record], options: Options) -> bytes:
    """The content of the report."""
    lines = [
        f"{entry.reference}\t{entry.extracted}\t{display_name(entry.symbol.name, options)}\n"
        for entry in records
    ]
    return (HEADER + "".join(lines)).encode("utf-8", "surrogateescape")

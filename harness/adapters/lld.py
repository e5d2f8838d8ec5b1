"""wasm-ld, of LLVM's releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness.arguments import expanded, read_otherwise
from linker.command_line.arguments import split_arguments
from linker.command_line.history import missing_options
from linker.command_line.table import BY_SPELLING
from linker.format.archive import is_archive, parse_archive
from linker.format.constants import RelocationType, SymbolKind
from linker.format.errors import MalformedFile
from linker.format.model import LinkingSection, RelocationSection, Symbol
from linker.format.parse import parse
from linker.quirks.dialects import DIALECTS

if TYPE_CHECKING:
    from strategies.case import InputFile, LinkCase

# A crash of Debian's wasm-ld takes a second to name the functions on its stack.
_QUICK_CRASHES = {"LLVM_DISABLE_SYMBOLIZATION": "1"}
_COMPRESS = "compress-relocations"
# What wasm-ld can compress (getRelocWidthPadded of InputChunks.cpp). With any other type of
# relocation its behaviour is undefined, and some builds crash or write garbage.
_COMPRESSIBLE = frozenset(
    {
        RelocationType.TYPE_INDEX_LEB,
        RelocationType.FUNCTION_INDEX_LEB,
        RelocationType.GLOBAL_INDEX_LEB,
        RelocationType.TAG_INDEX_LEB,
        RelocationType.MEMORY_ADDR_LEB,
        RelocationType.MEMORY_ADDR_LEB64,
        RelocationType.TABLE_NUMBER_LEB,
        RelocationType.TABLE_INDEX_SLEB,
        RelocationType.TABLE_INDEX_SLEB64,
        RelocationType.MEMORY_ADDR_SLEB,
        RelocationType.MEMORY_ADDR_SLEB64,
    }
)
# The build of wasm-ld 22 that ziglang 0.17.1 carries does the right thing nevertheless.
_FIRST_RELIABLE = 22
# Earlier ones print the version and end.
_FIRST_VERBOSE = 20
# Earlier ones write uninitialised memory for what stays in an archive (demoteLazySymbols).
_FIRST_DEMOTING = 16


@dataclass(frozen=True)
class WasmLd:
    """wasm-ld as the program `command`.

    Attributes:
        name: `lld-22` where ziglang brings it, `wasm-ld-22` for the program of that name.
        command: the words before wasm-ld's own arguments, `zig wasm-ld` or `wasm-ld-22`.
        version: what `--version` printed.
        release: LLVM's major release.
        ziglang: the release of the PyPI package that brings it, "" where it is Debian's.
        options: the spellings, with dashes, that `--help` lists, for a release of which no dialect
            tells; empty: not asked.
    """

    name: str
    command: tuple[str, ...]
    version: str
    release: int
    ziglang: str = ""
    kind: str = "lld"
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)
    options: frozenset[str] = frozenset()

    @property
    def bytes_like(self) -> str:
        return f"lld-{self.release}"

    def unsupported(self, case: LinkCase) -> str | None:
        words = expanded(case)
        arguments = split_arguments(words)
        option = read_otherwise(words, self.missing)
        if option is not None:
            return f"wasm-ld {self.release} has no option {option}"
        if self.release < _FIRST_VERBOSE and arguments.has("v"):
            return f"-v of wasm-ld {self.release} links nothing"
        if (
            self.release < _FIRST_RELIABLE
            and arguments.has(_COMPRESS)
            and any(_is_incompressible(unit) for file in case.files for unit in _objects(file))
        ):
            return f"--{_COMPRESS} has undefined behaviour with a relocation of this case"
        if (
            self.release < _FIRST_DEMOTING
            and arguments.has("relocatable")
            and _may_leave_functions(case)
        ):
            return "-r has undefined behaviour with a function that stays in an archive"
        return None

    @cached_property
    def missing(self) -> frozenset[str]:
        """The spellings, with dashes, of options that this release does not have."""
        if self.bytes_like in DIALECTS:
            return missing_options(DIALECTS[self.bytes_like])
        if not self.options:
            return frozenset()
        # Options that no release shows in its help are taken for old.
        shown = {
            option.key
            for spelling, option in BY_SPELLING.items()
            if spelling == f"--{option.key}" and option.help
        }
        unknown = {key for key in shown if f"--{key}" not in self.options}
        return frozenset(name for name, option in BY_SPELLING.items() if option.key in unknown)

    def command_line(self, case: LinkCase, folder: Path, output: Path) -> Sequence[str]:
        return [*self.command, *case.arguments, "-o", str(output)]

    def environment(self, folder: Path) -> dict[str, str]:
        return {**_QUICK_CRASHES, **self.variables}


def listed_options(help_text: str) -> frozenset[str]:
    """The spellings in what `wasm-ld --help` prints: `--entry`, and `--export=` with its sign."""
    spellings = set()
    for line in help_text.splitlines():
        word = line.strip().partition(" ")[0]
        if line.startswith("  -"):
            name, sign, _ = word.partition("=")
            spellings |= {name, name + sign}
    return frozenset(spellings)


def _may_leave_functions(case: LinkCase) -> bool:
    """Whether a function that an object refers to weakly is defined in an archive."""
    wanted: set[str] = set()
    offered: set[str] = set()
    for file in case.files:
        in_archive = is_archive(file.content)
        for content in _objects(file):
            for symbol in _function_symbols(content):
                if symbol.is_undefined and symbol.is_weak:
                    wanted.add(symbol.name)
                elif in_archive and not symbol.is_undefined:
                    offered.add(symbol.name)
    return not wanted.isdisjoint(offered)


def _function_symbols(content: bytes) -> list[Symbol]:
    try:
        linking = parse(content, "").find(LinkingSection)
    except MalformedFile:
        return []
    symbols = linking.symbols if linking is not None else ()
    return [symbol for symbol in symbols if symbol.kind is SymbolKind.FUNCTION]


def _objects(file: InputFile) -> list[bytes]:
    """The object files in a file of a case: itself, or the members of the archive."""
    if not is_archive(file.content):
        return [file.content]
    try:
        return [member.data for member in parse_archive(file.content, file.name).members]
    except MalformedFile:
        return []


def _is_incompressible(content: bytes) -> bool:
    try:
        sections = parse(content, "").sections
    except MalformedFile:
        return False
    return any(
        relocation.type not in _COMPRESSIBLE
        for section in sections
        if isinstance(section, RelocationSection) and section.name == "reloc.CODE"
        for relocation in section.relocations
    )

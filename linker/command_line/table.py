"""The options of the command line: those of wasm-ld 22, and weld-ld's own.

A table and nothing else: what an option does is in `linker.command_line.parse`. Each entry has one
spelling without its dashes; an entry with `alias` is another spelling of that entry. The
spellings, dashes and kinds are those of LLD's `lld/wasm/Options.td`.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """How an option takes its value."""

    FLAG = "flag"
    JOINED = "joined"  # -xVALUE, with any "=" a part of the spelling
    COMMA_JOINED = "comma-joined"  # as JOINED, a list
    SEPARATE = "separate"  # -x VALUE
    JOINED_OR_SEPARATE = "joined-or-separate"


class Option(NamedTuple):
    """One spelling of an option.

    `alias` is the spelling of the entry that this one stands for, itself without an alias; ""
    where it stands for itself. `value` names the value in the help text. An empty `help` leaves
    the spelling out of the help text.
    """

    spelling: str
    prefixes: tuple[str, ...]
    kind: Kind
    help: str = ""
    alias: str = ""
    value: str = "<value>"

    @property
    def key(self) -> str:
        """The spelling of the entry that this one stands for."""
        return self.alias or self.spelling


_ANY = ("--", "-")
_LONG = ("--",)
_SHORT = ("-",)


def _flag(spelling: str, help_text: str, alias: str = "") -> Iterator[Option]:
    yield Option(spelling, _ANY, Kind.FLAG, help_text, alias)


def _long_flag(spelling: str, help_text: str) -> Iterator[Option]:
    yield Option(spelling, _LONG, Kind.FLAG, help_text)


def _short_flag(letter: str, alias: str, help_text: str = "") -> Iterator[Option]:
    yield Option(letter, _SHORT, Kind.FLAG, help_text, alias)


def _switch(spelling: str, help_on: str, help_off: str) -> Iterator[Option]:
    yield Option(spelling, _ANY, Kind.FLAG, help_on)
    yield Option(f"no-{spelling}", _ANY, Kind.FLAG, help_off)


def _long_switch(spelling: str, help_on: str, help_off: str) -> Iterator[Option]:
    yield Option(spelling, _LONG, Kind.FLAG, help_on)
    yield Option(f"no-{spelling}", _LONG, Kind.FLAG, help_off)


def _value(
    spelling: str, help_text: str, value: str = "<value>", prefixes: tuple[str, ...] = _ANY
) -> Iterator[Option]:
    """An option that takes `--x VALUE` and `--x=VALUE`."""
    yield Option(spelling, prefixes, Kind.SEPARATE, "", "", value)
    yield Option(f"{spelling}=", prefixes, Kind.JOINED, help_text, spelling, value)


def _long_joined(spelling: str, help_text: str, value: str = "<value>") -> Iterator[Option]:
    yield Option(spelling, _LONG, Kind.JOINED, help_text, "", value)


def _letter(
    letter: str, help_text: str, value: str = "<value>", alias: str = ""
) -> Iterator[Option]:
    """An option that takes `-xVALUE` and `-x VALUE`."""
    yield Option(letter, _SHORT, Kind.JOINED_OR_SEPARATE, help_text, alias, value)


def _inputs() -> Iterator[Option]:
    yield from _letter("l", "Link the library lib<name>.a of the search path", "<name>")
    yield Option("library", _ANY, Kind.SEPARATE, "", "l")
    yield Option("library=", _ANY, Kind.JOINED, "", "l")
    yield from _letter("L", "Search this folder for libraries", "<folder>")
    yield Option("library-path", _ANY, Kind.SEPARATE, "", "L")
    yield Option("library-path=", _ANY, Kind.JOINED, "", "L")
    yield from _flag("Bdynamic", "Allow shared libraries from here on")
    yield from _flag("Bstatic", "Refuse shared libraries from here on (default)")
    yield from _flag("call_shared", "Same as --Bdynamic", "Bdynamic")
    yield from _flag("dy", "Same as --Bdynamic", "Bdynamic")
    yield from _flag("dn", "Same as --Bstatic", "Bstatic")
    yield from _flag("non_shared", "Same as --Bstatic", "Bstatic")
    yield from _flag("static", "Same as --Bstatic", "Bstatic")
    yield from _switch(
        "whole-archive",
        "Link every member of the archives that follow",
        "Link the members that are needed of the archives that follow (default)",
    )
    yield from _flag("start-lib", "Treat the objects that follow like members of an archive")
    yield from _flag("end-lib", "End what --start-lib began")
    yield from _value("rsp-quoting", "How response files quote their arguments", "[posix,windows]")


def _output() -> Iterator[Option]:
    yield from _letter("o", "Write the output to this path", "<path>")
    yield from _flag("relocatable", "Write an object file")
    yield from _short_flag("r", "relocatable")
    yield from _flag("shared", "Write a shared library")
    yield from _switch(
        "pie",
        "Write a position-independent executable",
        "Write an executable for fixed addresses (default)",
    )
    yield from _long_flag("experimental-pic", "No warnings about position-independent output")
    yield from _letter("m", "wasm32 or wasm64")
    yield from _letter("O", "Merge strings, tails too; 0: do not (default 1)")
    yield from _value("soname", "Module name for the name section")
    yield from _value("rpath", "Path where the runtime looks for shared libraries")
    yield Option(
        "build-id=", _ANY, Kind.JOINED, "Write a build id", "", "[fast,sha1,uuid,0x<hexstring>]"
    )
    yield from _flag("build-id", "Same as --build-id=fast")
    yield from _flag("emit-relocs", "Keep the relocations in the output")
    yield from _flag("compress-relocations", "Shrink padded numbers in code")


def _symbols() -> Iterator[Option]:
    yield Option("entry", _ANY, Kind.SEPARATE, "Start at this function", "", "<symbol>")
    yield Option("entry=", _ANY, Kind.JOINED, "", "entry")
    yield from _letter("e", "", alias="entry")
    yield from _long_flag("no-entry", "No function to start at")
    yield from _value("undefined", "Look for this symbol, in archives too")
    yield from _letter("u", "", alias="undefined")
    yield from _value("export", "Export this symbol, which must be defined")
    yield from _value("export-if-defined", "Export this symbol if it is defined")
    yield from _long_flag("export-all", "Export all symbols")
    yield from _switch(
        "export-dynamic",
        "Export the symbols that are not hidden",
        "Export only what is marked for it (default)",
    )
    yield from _short_flag("E", "export-dynamic", "Same as --export-dynamic")
    yield from _flag(
        "allow-undefined", "Same as --import-undefined --unresolved-symbols=ignore-all"
    )
    yield Option(
        "allow-undefined-file=", _ANY, Kind.JOINED, "Allow the symbols of a file to be undefined"
    )
    # With one dash only, as in wasm-ld.
    yield Option("allow-undefined-file", _SHORT, Kind.SEPARATE, "", "allow-undefined-file=")
    yield from _flag("import-undefined", "Import undefined symbols where that is possible")
    yield from _value(
        "unresolved-symbols", "Treat undefined symbols so", "[report-all,ignore-all,import-dynamic]"
    )
    yield from _flag("error-unresolved-symbols", "Undefined symbols are errors (default)")
    yield from _flag("warn-unresolved-symbols", "Undefined symbols are warnings")
    yield from _flag("noinhibit-exec", "Write the output in spite of some errors")
    yield from _switch(
        "allow-multiple-definition",
        "The first of several definitions of a symbol wins",
        "Several definitions of a symbol are an error (default)",
    )
    yield from _flag("Bsymbolic", "Bind defined symbols in the shared library itself")
    yield from _value("wrap", "Replace a symbol by __wrap_<symbol>", "<symbol>")
    yield from _long_flag("no-shlib-sigcheck", "Do not compare signatures with shared libraries")
    yield from _switch("demangle", "Demangle symbol names (default)", "Leave names as they are")


def _content() -> Iterator[Option]:
    yield from _switch(
        "gc-sections",
        "Leave out what nothing needs (default)",
        "Keep what nothing needs",
    )
    yield from _switch(
        "print-gc-sections", "List what is left out", "Do not list what is left out (default)"
    )
    yield from _long_switch(
        "merge-data-segments",
        "One segment for each kind of data (default)",
        "One segment for each data segment of the inputs",
    )
    yield from _flag("strip-all", "No names and no debug information")
    yield from _short_flag("s", "strip-all", "Same as --strip-all")
    yield from _flag("strip-debug", "No debug information")
    yield from _short_flag("S", "strip-debug", "Same as --strip-debug")
    yield from _value("keep-section", "Keep this section in spite of --strip-all")
    yield from _long_switch(
        "check-features",
        "Compare the target features of the inputs (default)",
        "Do not compare target features",
    )
    yield Option("features=", _ANY, Kind.COMMA_JOINED, "Target features of the output")
    yield Option("extra-features=", _ANY, Kind.COMMA_JOINED, "Target features to add")


def _memory_and_table() -> Iterator[Option]:
    yield from _long_flag("import-memory", "Import the memory as env.memory")
    yield from _long_joined(
        "import-memory=", "Import the memory under this name", "[<module>,]<name>"
    )
    yield from _long_flag("export-memory", "Export the memory as memory (default)")
    yield from _long_joined("export-memory=", "Export the memory under this name")
    yield from _long_flag("shared-memory", "Share the memory between threads")
    yield from _long_joined("initial-heap=", "Bytes of heap in the initial memory")
    yield from _long_joined("initial-memory=", "Initial size of the memory in bytes")
    yield from _short_flag("i", "initial-memory=")
    yield from _long_joined("max-memory=", "Maximum size of the memory in bytes")
    yield from _long_flag("no-growable-memory", "The maximum size is the initial size")
    yield from _long_joined("page-size=", "Bytes in a page: 1 or 65536 (default)")
    yield from _long_joined("global-base=", "Address of the first data")
    yield from _switch(
        "stack-first",
        "Put the stack below the data (default)",
        "Put the stack above the data",
    )
    yield from _letter("z", "stack-size=<bytes> or muldefs", "<setting>")
    yield from _long_flag("import-table", "Import the function table")
    yield from _long_flag("export-table", "Export the function table")
    yield from _long_flag("growable-table", "The function table has no maximum size")
    yield from _long_joined("table-base=", "Place of the first function in the table")


def _reports() -> Iterator[Option]:
    yield from _flag("help", "Print this text")
    yield from _flag("version", "Print the version")
    yield from _short_flag("v", "", "Print the version, and link if there are inputs")
    yield from _short_flag("V", "v", "Same as -v")
    yield from _flag("verbose", "Print which files are read")
    yield from _value(
        "error-limit", "Stop after that many errors (default 20, 0: never)", prefixes=_LONG
    )
    yield from _flag("fatal-warnings", "Warnings are errors")
    yield from _flag("no-fatal-warnings", "Warnings are warnings (default)")
    yield from _flag("color-diagnostics", "Same as --color-diagnostics=always")
    yield from _flag("no-color-diagnostics", "Same as --color-diagnostics=never")
    yield Option(
        "color-diagnostics=", _ANY, Kind.JOINED, "Coloured messages", "", "[auto,always,never]"
    )
    yield from _flag("trace", "Print the names of the inputs that are used")
    yield from _short_flag("t", "trace", "Same as --trace")
    yield from _value("trace-symbol", "Print where this symbol is defined and used")
    yield from _letter("y", "Same as --trace-symbol", alias="trace-symbol")
    yield from _value("Map", "Write a link map")
    yield from _flag("print-map", "Print a link map")
    yield from _short_flag("M", "print-map", "Same as --print-map")
    yield from _long_joined("why-extract=", "Write why archive members are used")
    yield from _value("reproduce", "Write a tar file to repeat this link with", prefixes=_LONG)
    yield from _value("threads", "Accepted; weld-ld has one thread")
    yield from _value("mllvm", "Accepted; there is no LLVM inside")


def _link_time_optimisation() -> Iterator[Option]:
    help_text = "For link-time optimisation"
    yield from _long_joined("lto-O", help_text, "<level>")
    yield from _long_joined("lto-CGO", help_text, "<level>")
    yield from _long_joined("lto-partitions=", help_text)
    yield from _long_joined("lto-obj-path=", "")
    yield from _long_flag("lto-debug-pass-manager", help_text)
    yield from _flag("disable-verify", "")
    yield from _flag("save-temps", help_text)
    yield from _long_joined("thinlto-cache-dir=", help_text)
    yield from _value("thinlto-cache-policy", help_text, prefixes=_LONG)
    yield from _long_joined("thinlto-jobs=", help_text)
    yield from _long_flag("thinlto-emit-imports-files", "")
    yield from _long_flag("thinlto-emit-index-files", "")
    yield from _long_flag("thinlto-index-only", "")
    yield from _long_joined("thinlto-index-only=", "")
    yield from _long_joined("thinlto-object-suffix-replace=", "")
    yield from _long_joined("thinlto-prefix-replace=", "")


def _own() -> Iterator[Option]:
    yield from _value("dialect", "Link as this linker does", prefixes=_LONG)
    yield from _value("quirk", "Switch on one departure from the rules", prefixes=_LONG)
    yield from _long_flag("list-quirks", "List the departures and the dialects")


LLD_OPTIONS: tuple[Option, ...] = (
    *_inputs(),
    *_output(),
    *_symbols(),
    *_content(),
    *_memory_and_table(),
    *_reports(),
    *_link_time_optimisation(),
)
OWN_OPTIONS: tuple[Option, ...] = tuple(_own())
OPTIONS = LLD_OPTIONS + OWN_OPTIONS

BY_SPELLING: dict[str, Option] = {
    prefix + option.spelling: option for option in OPTIONS for prefix in option.prefixes
}
"""Every spelling, dashes included."""

BY_KEY: dict[str, Option] = {option.spelling: option for option in OPTIONS if not option.alias}
LONGEST_SPELLING = max(map(len, BY_SPELLING))

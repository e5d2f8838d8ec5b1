"""Names as they are shown: in messages and in the name section."""

from __future__ import annotations

from functools import lru_cache

from linker.command_line.options import Options

MANGLED_PREFIXES = ("_Z", "__Z", "___Z", "____Z", "_R", "__R", "_D", "__D", ".", "?")


def display_name(name: str, options: Options) -> str:
    """The name for people (LLD's maybeDemangleSymbol).

    `__main_argc_argv` is what compilers for wasm call a `main` that takes arguments.
    """
    return _display_name(name, options.demangle, options.quirks)


@lru_cache(maxsize=65536)
def _display_name(name: str, demangled: bool, quirks: frozenset[str]) -> str:
    if name == "__main_argc_argv":
        return "main"
    if demangled and "names-end-at-nul" in quirks:
        name = name.partition("\0")[0]
    if demangled and name.startswith(MANGLED_PREFIXES):
        # Most links have no mangled names, and the demangler is large.
        from linker.demangle.demangler import demangle
        from linker.demangle.history import unknown_to

        return demangle(name, unknown_to(quirks))
    return name

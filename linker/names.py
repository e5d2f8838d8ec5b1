"""Names as they are shown: in messages and in the name section."""

from __future__ import annotations

from functools import lru_cache

MANGLED_PREFIXES = ("_Z", "__Z", "___Z", "____Z", "_R", "__R", "_D", "__D", ".", "?")


@lru_cache(maxsize=65536)
def display_name(name: str, demangled: bool) -> str:
    """The name for people (LLD's maybeDemangleSymbol).

    `__main_argc_argv` is what compilers for wasm call a `main` that takes arguments.
    """
    if name == "__main_argc_argv":
        return "main"
    if demangled and name.startswith(MANGLED_PREFIXES):
        # Most links have no mangled names, and the demangler is large.
        from linker.demangle import demangle

        return demangle(name)
    return name

"""The readable form of mangled names, as wasm-ld writes it into name sections and messages.

`demangle` gives the text of `llvm::demangle` of LLVM 22 (llvm/lib/Demangle/Demangle.cpp): names
mangled by the Itanium C++ ABI, by Rust (v0), by D and by Microsoft. Any other name, and a malformed
one, is its own readable form. What earlier releases did not know is in history.py.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import partial

from linker.demangle.dlang import demangle_d
from linker.demangle.history import DOT_IN_FRONT
from linker.demangle.itanium import demangle_itanium
from linker.demangle.microsoft import demangle_microsoft
from linker.demangle.output import Malformed
from linker.demangle.rust import demangle_rust

# Enough for the deepest name that MAX_DEPTH of cursor.py admits. Python's own frames are on the
# heap, so a high limit costs memory only.
_DEEP_RECURSION = 60_000
# The limit is the process's, and Python gives up if it is lowered below a thread's depth: no thread
# may be demangling while another one sets the limit back.
_recursion_lock = threading.RLock()


def demangle(name: str, unknown: frozenset[str] = frozenset()) -> str:
    """The readable form of a symbol's name; the name itself where it has none.

    The name is text decoded from UTF-8 with `surrogateescape`, and so is the result. `unknown` is
    what the demangler does not know, of the features that history.py names. Never raises: a name
    whose readable form would be longer than a million characters, or of more than a million parts,
    counts as malformed, which LLVM would go on writing until memory ends.
    """
    # The common case is a name of C.
    if name[:1] not in ("_", "?", "."):
        return name
    try:
        # Lengths in mangled names count bytes: here a character is a byte.
        text = name.encode("utf-8", "surrogateescape").decode("latin-1")
    except UnicodeEncodeError:
        return name
    for prefix, candidate, scheme in _attempts(text, unknown):
        try:
            result = prefix + _demangle_deep(scheme, candidate)
        except Malformed:
            continue
        # LLVM's text ends with the first NUL.
        result = result.partition("\0")[0]
        return result.encode("latin-1").decode("utf-8", "surrogateescape")
    return name


_Scheme = Callable[[str], str]


def _attempts(text: str, unknown: frozenset[str]) -> list[tuple[str, str, _Scheme]]:
    """What to try one after the other: what comes before the result, the text, the scheme."""
    # A dot in front belongs to the symbol (the entry point of a function on PowerPC), not the name.
    has_dot = text.startswith(".") and DOT_IN_FRONT not in unknown
    candidates = [(".", text[1:]) if has_dot else ("", text)]
    if text.startswith("_"):
        # Mach-O's symbols have an underscore more.
        candidates.append(("", text[1:]))
    attempts = [
        (prefix, candidate, scheme)
        for prefix, candidate in candidates
        if (scheme := _scheme(candidate, unknown)) is not None
    ]
    if text.startswith(("?", ".")):
        attempts.append(("", text, partial(demangle_microsoft, unknown=unknown)))
    return attempts


def _scheme(text: str, unknown: frozenset[str]) -> _Scheme | None:
    """What demangles a name that starts as this one does."""
    underscores = len(text) - len(text.lstrip("_"))
    if 1 <= underscores <= 4 and text.startswith("Z", underscores):
        return partial(demangle_itanium, unknown=unknown)
    if text.startswith("_R"):
        return demangle_rust
    if text.startswith("_D"):
        return demangle_d
    return None


def _demangle_deep(scheme: _Scheme, text: str) -> str:
    """Demangles with as much recursion as the limits on names admit; raises Malformed."""
    with _recursion_lock:
        limit = sys.getrecursionlimit()
        try:
            return scheme(text)
        except RecursionError:
            sys.setrecursionlimit(max(limit, _DEEP_RECURSION))
        try:
            return scheme(text)
        except RecursionError:
            raise Malformed("too deep") from None
        finally:
            sys.setrecursionlimit(limit)

"""The real wasm-lds of earlier releases, which dialects are compared with."""

from __future__ import annotations

import functools

from harness.adapters.discover import UnknownLinker, find
from harness.adapters.lld import WasmLd
from linker.quirks.lld_past import OLDEST_LLD
from tests.tools import missing

NEWEST_LLD = 22
RELEASES = range(OLDEST_LLD, NEWEST_LLD + 1)


@functools.lru_cache
def release(number: int) -> WasmLd:
    """The wasm-ld of that release.

    Where it is not installed, the test is skipped with what to do, and in CI it fails.
    """
    try:
        found = find(f"lld-{number}")
    except UnknownLinker as problem:
        missing(str(problem))
    assert isinstance(found, WasmLd)
    return found

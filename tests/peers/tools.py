"""A folder of programs in which `wasm-ld` is both linkers and the others are LLVM 22's."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from tests.tools import require

_LLVM = (
    "llc", "llvm-ar", "llvm-as", "llvm-dis", "llvm-mc", "llvm-nm", "llvm-objcopy", "llvm-objdump",
    "llvm-ranlib", "llvm-readobj", "llvm-strip", "obj2yaml", "opt", "split-file", "yaml2obj",
)  # fmt: skip
# What the tests expect of a wasm-ld of their own release is not asked: the two are compared.
_READS_ALL = "cat > /dev/null"
_SCRIPTS = {
    "FileCheck": _READS_ALL,
    "count": _READS_ALL,
    "not": 'test "$1" = --crash && shift; ! "$@"',
    "wasm-ld": f'exec {shlex.quote(sys.executable)} -m tests.peers.both "$@"',
}


def make_tools(folder: Path) -> Path:
    """Fills a folder with the programs; returns it. Ends the test where one is missing."""
    folder.mkdir()
    require("wasm-ld-22")
    for name in _LLVM:
        (folder / name).symlink_to(require(f"{name}-22"))
    for name, body in _SCRIPTS.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
    return folder

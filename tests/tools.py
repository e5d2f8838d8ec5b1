"""Tools of the system that tests compare with."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

# Where `require` says how to get what is missing.
_PACKAGES = {
    "wasm-ld-22": "lld-22",
    "llvm-ar-22": "llvm-22",
    "llvm-nm-22": "llvm-22",
    "llvm-mc-22": "llvm-22",
    "obj2yaml-22": "llvm-22",
    "yaml2obj-22": "llvm-22",
    "llvm-objdump-22": "llvm-22",
    "llvm-dwarfdump-22": "llvm-22",
    "FileCheck-22": "llvm-22-tools",
    "wasm-validate": "wabt",
    "wasm-objdump": "wabt",
}


def missing(what: str) -> NoReturn:
    """Ends the test: a failure where the variable CI is set, else a skip with the reason."""
    if os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


def require(tool: str) -> str:
    """The path of a tool on the PATH; without it the test ends as in `missing`."""
    path = shutil.which(tool)
    if path is None:
        package = _PACKAGES.get(tool)
        hint = f" (Debian's package {package})" if package else ""
        missing(f"{tool} is not on the PATH{hint}")
    return path

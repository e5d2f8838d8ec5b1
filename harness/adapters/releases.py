"""Releases of the PyPI package ziglang: the installed one, and others in the user's cache.

Each brings one wasm-ld and one linker of Zig's own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata, util
from pathlib import Path

# The release of ziglang to install for each of LLVM's; what it brings is read from the program.
RELEASE_OF_LLD = {
    15: "0.10.1.post1",
    16: "0.11.0",
    17: "0.12.1",
    18: "0.13.0",
    19: "0.14.1",
    20: "0.15.2",
    21: "0.16.0",
    22: "0.17.1",
}


class InstallError(Exception):
    """A release could not be installed; the text says why and what pip said."""


def cache_folder() -> Path:
    """The folder of this user's cached releases. WELDCHECK_CACHE names another one."""
    own = os.environ.get("WELDCHECK_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "weldcheck"


def _releases_folder() -> Path:
    return cache_folder() / "releases"


def installed_zig() -> Path | None:
    """The program `zig` of the installed package, found without importing it."""
    try:
        package = util.find_spec("ziglang")
    except ValueError:
        return None
    for folder in (package.submodule_search_locations or ()) if package else ():
        program = Path(folder) / "zig"
        if program.is_file():
            return program
    return None


def installed_version() -> str | None:
    """The release of the installed package ziglang, as its metadata says."""
    try:
        return metadata.version("ziglang")
    except metadata.PackageNotFoundError:
        return None


def cached_zigs() -> list[Path]:
    """The programs `zig` of the releases in the user's cache, sorted by release."""
    found = [
        folder / "ziglang" / "zig"
        for folder in _releases_folder().glob("ziglang-*")
        if (folder / "ziglang" / "zig").is_file()
    ]
    return sorted(found, key=lambda path: _sortable(path.parent.parent.name))


def _sortable(name: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", name))


def install(requirement: str) -> Path:
    """Installs `ziglang==VERSION` into the user's cache and returns its folder.

    The release is complete or not there at all: pip writes into a folder of its own, which is
    renamed at the end. One that is there already is left as it is.

    Raises:
        InstallError: the requirement is not of that form, or pip failed.
    """
    match = re.fullmatch(r"ziglang==([0-9]+(?:\.[0-9]+)+(?:\.?(?:post|dev)[0-9]+)?)", requirement)
    if not match:
        raise InstallError(f"expected ziglang==VERSION, as in ziglang==0.13.0, not {requirement!r}")
    target = _releases_folder() / f"ziglang-{match[1]}"
    if (target / "ziglang" / "zig").is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".installing-") as temporary:
        new = Path(temporary) / "release"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        done = subprocess.run(
            [*command, str(new), "--disable-pip-version-check", requirement],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise InstallError(f"pip could not install {requirement}:\n{done.stderr.strip()}")
        if not (new / "ziglang" / "zig").is_file():
            raise InstallError(f"{requirement} holds no program zig")
        try:
            new.rename(target)
        except OSError as problem:
            # Another process may have installed the same release meanwhile.
            if not (target / "ziglang" / "zig").is_file():
                shutil.rmtree(target, ignore_errors=True)
                raise InstallError(f"{target}: {problem}") from problem
    return target

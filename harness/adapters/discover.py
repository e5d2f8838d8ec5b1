"""Which linkers are found here, by the names that users give them."""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.adapters.lld import WasmLd, listed_options
from harness.adapters.reference import Reference
from harness.adapters.releases import RELEASE_OF_LLD, cached_zigs, installed_zig
from harness.adapters.zig import ZigLinker
from harness.running import Ending, Limits, run

if TYPE_CHECKING:
    from harness.adapters.base import Linker

# zig insists on a place for its caches even where it makes no use of them.
_CACHES = ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")
_LIMITS = Limits(seconds=30.0)


class UnknownLinker(Exception):
    """No linker of that name is found here; the text says how to get it."""


def _ask(command: Sequence[str], variables: Mapping[str, str]) -> str:
    """What a program prints, or "" where it does not run or fails."""
    ending = _run(command, variables)
    return ending.output.strip() if ending is not None and ending.exit_status == 0 else ""


def _run(command: Sequence[str], variables: Mapping[str, str]) -> Ending | None:
    try:
        return run(command, Path(tempfile.gettempdir()), variables, _LIMITS)
    except OSError:
        return None


def zig_variables() -> dict[str, str]:
    """Where zig keeps its caches when the user has not said so."""
    folder = str(Path(tempfile.gettempdir()) / f"weldcheck-zig-cache-{os.getuid()}")
    return {name: folder for name in _CACHES if name not in os.environ}


def of_zig(program: Path) -> list[Linker]:
    """wasm-ld and Zig's own linker that one program `zig` brings."""
    variables = zig_variables()
    version = _ask([str(program), "version"], variables)
    if not version:
        return []
    found: list[Linker] = []
    lld = _wasm_ld("lld-{}", (str(program), "wasm-ld"), variables)
    if lld is not None:
        found.append(dataclasses.replace(lld, ziglang=version))
    help_text = _ask([str(program), "build-exe", "--help"], variables)
    flags = frozenset(re.findall(r"^\s+(--?[A-Za-z][\w-]*)", help_text, re.MULTILINE))
    name, path = f"zig-{version}", str(program)
    features = _cpu_features(program, variables)
    found.append(ZigLinker(name, path, version, flags, features, variables=variables))
    return found


def _cpu_features(program: Path, variables: Mapping[str, str]) -> frozenset[str]:
    """The features of `-mcpu`, which zig lists when it is given one that does not exist."""
    target = ["-target", "wasm32-freestanding", "-mcpu=mvp+no_such_feature", "none.o"]
    ending = _run([str(program), "build-exe", *target], variables)
    text = ending.output if ending is not None else ""
    return frozenset(re.findall(r"^ (\w+): ", text, re.MULTILINE))


def _wasm_ld(name: str, command: tuple[str, ...], variables: Mapping[str, str]) -> WasmLd | None:
    version = _ask([*command, "--version"], variables)
    release = re.search(r"LLD (\d+)\.", version)
    if not release:
        return None
    number = int(release[1])
    line = version.splitlines()[-1].partition(" (http")[0]
    options = listed_options(_ask([*command, "--help"], variables))
    return WasmLd(
        name.format(number), command, line, number, variables=dict(variables), options=options
    )


def _on_path() -> list[Linker]:
    """Every `wasm-ld` and `wasm-ld-NN` on the PATH."""
    found: list[Linker] = []
    for name in ["wasm-ld", *(f"wasm-ld-{number}" for number in range(13, 40))]:
        program = shutil.which(name)
        if program:
            linker = _wasm_ld(name, (program,), {})
            if linker is not None:
                found.append(linker)
    return found


def discover() -> dict[str, Linker]:
    """Every linker that is found here, by name, each name once.

    `lld-N` is the wasm-ld of a ziglang release: the installed one first, then those in the
    user's cache; where no release brings it, Debian's `wasm-ld-N`, which always is there under
    that name too.
    """
    found: dict[str, Linker] = {"reference": Reference()}
    zigs = [program for program in (installed_zig(), *cached_zigs()) if program is not None]
    for program in zigs:
        for linker in of_zig(program):
            found.setdefault(linker.name, linker)
    for linker in _on_path():
        found.setdefault(linker.name, linker)
        if isinstance(linker, WasmLd):
            name = f"lld-{linker.release}"
            found.setdefault(name, dataclasses.replace(linker, name=name))
    return found


def find(name: str, configured: Mapping[str, Linker] | None = None) -> Linker:
    """The linker of that name, looking only where it can be.

    Args:
        configured: the linkers that the user's configuration names; they come first.

    Raises:
        UnknownLinker: it is not here, with what to install.
    """
    if configured and name in configured:
        return configured[name]
    if name == "reference" or name.startswith("reference:"):
        return Reference(name.partition(":")[2] or "standard")
    # Each that is asked is started five times: the likely one first.
    cached = cached_zigs()[::-1]
    cached.sort(key=lambda path: _release_for(name) not in path.parts)
    programs = [program for program in (installed_zig(), *cached) if program is not None]
    if name.startswith(("lld-", "zig-")):
        for program in programs:
            for linker in of_zig(program):
                if linker.name == name:
                    return linker
    if name.startswith("lld-"):
        linker_found = _wasm_ld("lld-{}", (f"wasm-{name.replace('lld', 'ld')}",), {})
        if linker_found is not None and linker_found.name == name:
            return linker_found
    if re.fullmatch(r"wasm-ld(-\d+)?", name):
        on_path = shutil.which(name)
        linker_found = _wasm_ld(name, (on_path,), {}) if on_path else None
        if linker_found is not None:
            return linker_found
    raise UnknownLinker(_how_to_get(name, configured or {}))


def _release_for(name: str) -> str:
    """The folder in the cache that most likely holds the linker of that name."""
    kind, _, version = name.partition("-")
    if kind == "lld" and version.isdecimal():
        version = RELEASE_OF_LLD.get(int(version), version)
    return f"ziglang-{version}"


def _how_to_get(name: str, configured: Mapping[str, Linker]) -> str:
    """What to say of a linker that is not here."""
    problem = f"no linker {name!r} here"
    zig = re.fullmatch(r"zig-([0-9][\w.]*)", name)
    if zig:
        return f"{problem}; install it with: weldcheck linkers add ziglang=={zig[1]}"
    lld = re.fullmatch(r"lld-(\d+)", name)
    if lld:
        release = RELEASE_OF_LLD.get(int(lld[1]))
        ways = [f"Debian's package lld-{lld[1]}"]
        if release:
            ways.insert(0, f"weldcheck linkers add ziglang=={release}")
        return f"{problem}; install it with: {', or '.join(ways)}"
    debian = re.fullmatch(r"wasm-ld(?:-(\d+))?", name)
    if debian:
        return f"{problem}; install Debian's package lld{'-' + debian[1] if debian[1] else ''}"
    here = [*configured, *discover()]
    near = difflib.get_close_matches(name, here, n=1)
    hint = f"did you mean {near[0]}?" if near else f"found are: {', '.join(here)}"
    return f"{problem}; {hint}"

"""Zig's own linker: `zig build-exe -fno-lld` on object files and archives.

Zig's command line is not wasm-ld's. What it can say is translated, what has no effect on the
module is dropped, and a case with anything else is unsupported, with the reason.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.arguments import Argument, expanded, take_apart
from linker.format.archive import is_archive
from linker.format.errors import MalformedFile
from linker.format.model import LinkingSection
from linker.format.parse import parse
from linker.format.stub_library import STUB_MAGIC

if TYPE_CHECKING:
    from strategies.case import LinkCase

# Options without effect on the module, or that ask for what Zig's linker does anyway.
_NO_EFFECT = frozenset(
    [
        "Map",
        "Bstatic",
        "check-features",
        "color-diagnostics",
        "demangle",
        "error-limit",
        "fatal-warnings",
        "merge-data-segments",
        "no-color-diagnostics",
        "no-demangle",
        "no-fatal-warnings",
        "no-pie",
        "no-export-dynamic",
        "no-print-gc-sections",
        "no-whole-archive",
        "O",
        "print-gc-sections",
        "print-map",
        "threads",
        "trace",
        "verbose",
    ]
)
_NO_EFFECT_WITH_VALUE = (("build-id", "none"), ("m", "wasm32"))
# Options that Zig spells in the same way, with a value and without.
_SAME_WITH_VALUE = frozenset(["export", "global-base", "initial-memory", "max-memory"])
_SAME_FLAG = frozenset(
    ["export-memory", "export-table", "growable-table", "import-memory", "import-table"]
)
_OTHER_FLAG = {
    "allow-undefined": "--import-symbols",
    "export-dynamic": "-rdynamic",
    "import-undefined": "--import-symbols",
    "shared-memory": "--shared-memory",
    "strip-all": "-fstrip",
}
_OUTPUT_MODE = frozenset(["relocatable", "shared", "pie", "Bdynamic"])
# wasm-ld's defaults (lld/wasm/Driver.cpp); Zig's own are 1 MiB and the stack first.
_STACK_SIZE = "65536"
_GLOBAL_BASE = "1024"


class _Unsupported(Exception):
    """A case that Zig's command line cannot express; the text says why."""


_FEATURES = b"\x0ftarget_features"


def used_features(case: LinkCase) -> set[str]:
    """The features that the objects of a case say they use, those in archives included.

    The section is looked for by its name, without parsing: this is done for every case, and a
    file that is malformed elsewhere still has features.
    """
    found: set[str] = set()
    for file in case.files:
        parts = file.content.split(_FEATURES)[1:]
        for part in parts:
            found |= _used(part)
    return found


def _used(section: bytes) -> set[str]:
    """The used features of a section: a count, and for each its prefix, length and name."""
    found: set[str] = set()
    position = 1
    for _ in range(section[0] if section else 0):
        prefix, length = section[position : position + 1], section[position + 1 : position + 2]
        if not length:
            break
        name = section[position + 2 : position + 2 + length[0]]
        if prefix == b"+":
            found.add(name.decode("ascii", "replace"))
        position += 2 + len(name)
    return found


@dataclass(frozen=True)
class ZigLinker:
    """Zig's own linker in one release.

    Attributes:
        program: the executable `zig`.
        version: what `zig version` printed.
        flags: the options that `zig build-exe --help` of this release lists.
        cpu_features: the features that `-mcpu` of this release knows.
    """

    name: str
    program: str
    version: str
    flags: frozenset[str]
    cpu_features: frozenset[str]
    kind: str = "zig"
    bytes_like: str = ""
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)

    def unsupported(self, case: LinkCase) -> str | None:
        if "-fno-entry" not in self.flags:
            return f"zig {self.version} cannot link object files alone (no -fno-entry)"
        if any(file.content.startswith(STUB_MAGIC) for file in case.files):
            return "zig knows no stub libraries"
        try:
            self._translate(case)
        except _Unsupported as problem:
            return str(problem)
        return None

    def command_line(self, case: LinkCase, folder: Path, output: Path) -> Sequence[str]:
        caches = folder.parent
        command = [
            self.program,
            "build-exe",
            *("-target", "wasm32-freestanding"),
            f"-mcpu={self._cpu(case)}",
            *("-fno-lld", "-fno-compiler-rt"),
            *("--cache-dir", str(caches / f"cache-{self.name}")),
            *("--global-cache-dir", str(caches / f"cache-{self.name}")),
            f"-femit-bin={output}",
        ]
        if "-fno-ubsan-rt" in self.flags:
            command.append("-fno-ubsan-rt")
        return [*command, *self._translate(case)]

    def environment(self, folder: Path) -> dict[str, str]:
        return dict(self.variables)

    def _cpu(self, case: LinkCase) -> str:
        """The CPU that has what the objects need, and no more.

        With no feature at all, releases before 0.14 take those of the objects, as wasm-ld
        does; later ones refuse an object that needs more than the CPU has, and write the
        CPU's features into the module.
        """
        numbers = re.match(r"(\d+)\.(\d+)", self.version)
        if numbers is None or (int(numbers[1]), int(numbers[2])) < (0, 14):
            return "mvp"
        needed = {name.replace("-", "_") for name in used_features(case)}
        return "+".join(("mvp", *sorted(needed & self.cpu_features)))

    def _translate(self, case: LinkCase) -> list[str]:
        """Zig's options for wasm-ld's. Raises _Unsupported."""
        arguments = tuple(take_apart(expanded(case)))
        folders = [x.value for x in arguments if x.option == "L" and x.value]
        words: list[str] = []
        stack_size = _STACK_SIZE
        entry: str | None = "_start"
        collect = True
        stack_first: bool | None = None
        global_base = False
        for argument in arguments:
            option, value = argument.option, argument.value
            if option is None:
                words.append(_input(argument))
            elif option == "L":
                continue
            elif option == "l":
                words.append(_library(value or "", folders, case))
            elif option == "export-if-defined":
                if _is_defined(value or "", case):
                    words.append(f"--export={value}")
            elif option == "z":
                stack_size = _stack_size(argument)
            elif option == "no-entry":
                entry = None
            elif option == "entry":
                entry = value
            elif option in ("gc-sections", "no-gc-sections"):
                collect = option == "gc-sections"
            elif option in ("stack-first", "no-stack-first"):
                stack_first = option == "stack-first"
            elif option in _SAME_WITH_VALUE and value is not None:
                global_base = global_base or option == "global-base"
                words.append(f"--{option}={value}")
            elif option in _SAME_FLAG and value is None:
                words.append(self._known(f"--{option}"))
            elif option in _OTHER_FLAG and value is None:
                words.append(_OTHER_FLAG[option])
            elif option == "unresolved-symbols" and value == "import-dynamic":
                words.append("--import-symbols")
            elif (option, value) in _NO_EFFECT_WITH_VALUE:
                continue
            elif option == "build-id" and value is not None and value.startswith("0x"):
                words.append(f"--build-id={value}")
            elif option in _OUTPUT_MODE:
                raise _Unsupported(f"zig's linker makes no output of the kind --{option}")
            elif option not in _NO_EFFECT:
                raise _Unsupported(f"zig has no equivalent of {_spelled(argument)}")
        if stack_first and global_base:
            raise _Unsupported("zig cannot have the stack first with a --global-base")
        if stack_first is False and not global_base:
            words.append(f"--global-base={_GLOBAL_BASE}")
        words.append("-fno-entry" if entry is None else f"-fentry={entry}")
        words.append("--gc-sections" if collect else "--no-gc-sections")
        return [*words, "--stack", stack_size]

    def _known(self, flag: str) -> str:
        if flag not in self.flags:
            raise _Unsupported(f"zig {self.version} has no {flag}")
        return flag


def _input(argument: Argument) -> str:
    name = argument.value or ""
    if not name.endswith((".o", ".a", ".obj", ".lo")):
        raise _Unsupported("zig tells an input's kind by its name, which must end in .o or .a")
    return name


def _library(name: str, folders: Sequence[str], case: LinkCase) -> str:
    """The file of the case that `-l` means; zig is given its name."""
    names = {file.name for file in case.files}
    for folder in folders:
        path = posixpath.normpath(posixpath.join(folder, f"lib{name}.a"))
        if path in names:
            return path
    raise _Unsupported("no file of the case is the library that -l names")


def _is_defined(name: str, case: LinkCase) -> bool:
    """Whether an object of the case defines a symbol; which members of archives take part is
    for the linker to find out, so a definition in an archive cannot be told."""
    for file in case.files:
        if is_archive(file.content) and name.encode() in file.content:
            raise _Unsupported("zig has no equivalent of --export-if-defined=...")
    for file in case.files:
        if is_archive(file.content):
            continue
        try:
            linking = parse(file.content, file.name).find(LinkingSection)
        except MalformedFile:
            raise _Unsupported("which symbols a malformed object defines is unknown") from None
        for symbol in linking.symbols if linking else ():
            if symbol.name == name and not symbol.is_undefined and not symbol.is_local:
                return True
    return False


def _stack_size(argument: Argument) -> str:
    name, _, size = (argument.value or "").partition("=")
    if name != "stack-size":
        raise _Unsupported(f"zig has no equivalent of -z {name}")
    return size


def _spelled(argument: Argument) -> str:
    if argument.value is None:
        return f"--{argument.option}"
    return f"--{argument.option}=..."

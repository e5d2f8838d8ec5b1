"""Files that a linker writes beside the module: the map, why members were taken, a reproducer.

Only files inside the case's folder are looked for; whatever else a command line names is none of
our business.
"""

from __future__ import annotations

import contextlib
import io
import posixpath
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.arguments import expanded
from harness.results import SideFile
from linker.command_line.arguments import split_arguments

if TYPE_CHECKING:
    from strategies.case import LinkCase

# Option by its key in the table of options.
_OPTIONS = {"Map": "map", "why-extract=": "why-extract", "reproduce": "reproduce"}
# Most cases have none of them, and need not be taken apart.
_HINT = re.compile(r"Map|why-extract|reproduce|^@")
_QUIRK = re.compile(rb"^--quirk[= ].*\n", re.MULTILINE)
_VERSION = "version.txt"
_RESPONSE = "response.txt"


def side_file_names(case: LinkCase) -> dict[str, str]:
    """The option by the path of each side file that the command line asks for."""
    if not any(map(_HINT.search, case.arguments)):
        return {}
    arguments = split_arguments(expanded(case))
    inputs = {file.name for file in case.files}
    found = {}
    for key, option in _OPTIONS.items():
        path = posixpath.normpath(arguments.last_value(key) or "-")
        inside = path not in (".", "-") and not path.startswith(("/", "../"))
        if inside and path != ".." and path not in inputs:
            found[path] = option
    return dict(sorted(found.items()))


def collect(names: Mapping[str, str], folder: Path) -> tuple[SideFile, ...]:
    """Takes the side files of a link that has ended out of its folder."""
    found = []
    for name, option in names.items():
        path = folder / name
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            path.unlink()
            found.append(side_file(option, name, content, str(folder.resolve())))
    return tuple(found)


def side_file(option: str, name: str, content: bytes, folder: str) -> SideFile:
    """A side file as it may be compared: without the absolute path of the `folder` of the link."""
    if option == "reproduce":
        content = listed(content, folder)
    return SideFile(option, name, content)


def listed(archive: bytes, folder: str) -> bytes:
    """The members of a reproducer in order, each with its content, without absolute paths.

    The version of the linker is left out. What is no tar archive is given back as it is.
    """
    prefix = folder.strip("/") + "/"
    parts = []
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
            for member in opened:
                name = member.name.partition("/")[2].removeprefix(prefix)
                file = opened.extractfile(member)
                content = b"" if file is None else file.read()
                if name == _RESPONSE:
                    content = content.replace(prefix.encode("utf-8", "surrogateescape"), b"")
                    # The reference's own, by which departures are found out.
                    content = _QUIRK.sub(b"", content)
                if name != _VERSION:
                    heading = f"== {name}, {len(content)} bytes\n"
                    parts.append(heading.encode("utf-8", "surrogateescape") + content + b"\n")
    except tarfile.TarError:
        return archive
    return b"".join(parts)

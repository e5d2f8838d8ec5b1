"""A link case from what a user has: files and flags, a whole link line, or `--reproduce`.

The files are read, wherever they are, and get names inside the case; the link line is
rewritten to those. Options that only write other files are left out.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from harness.arguments import Argument, expand, take_apart
from harness.steps import RESPONSE
from linker.command_line.response_files import Read, ResponseFileError
from linker.format.archive import THIN_MAGIC, parse_archive
from linker.format.encode_archive import encode_archive
from linker.format.errors import MalformedFile
from strategies.case import InputFile, LinkCase, Prelink

_LINKER = re.compile(r"(?:.*[/-])?(?:wasm-ld|weld-ld)(?:-\d+)?(?:\.exe)?")
_WRITES_FILES = frozenset(["o", "Map", "reproduce", "why-extract", "save-temps"])
_FILE_OPTION = "allow-undefined-file"


class CannotGather(Exception):
    """What the user named makes no case; the text says why."""


def gather(words: Sequence[str], folder: Path) -> LinkCase:
    """The case that the words of a command line name.

    Args:
        words: files, then maybe `--` and flags of wasm-ld; or a link line that begins with the
            name of a wasm-ld; or one `--reproduce` archive, or the folder that one holds.
        folder: where relative names start.

    Raises:
        CannotGather: a file cannot be read, or the words are none of these.
    """
    if not words:
        raise CannotGather("name object files, a wasm-ld command line, or a --reproduce archive")
    start = _command_start(words)
    if start is not None:
        return from_arguments(words[start:], _reader(folder))
    if len(words) == 1:
        path = folder / words[0]
        if path.is_dir():
            return _reproduced_folder(path)
        if path.is_file() and tarfile.is_tarfile(path):
            return _reproduced_archive(path)
    files, flags = list(words), []
    if "--" in files:
        position = files.index("--")
        files, flags = files[:position], files[position + 1 :]
    return from_arguments([*flags, *files], _reader(folder))


def _command_start(words: Sequence[str]) -> int | None:
    """The position after the linker's name: of `wasm-ld ...`, `zig wasm-ld ...`."""
    for position, word in enumerate(words[:4]):
        if word == "--":
            return None
        if _LINKER.fullmatch(word):
            return position + 1
    return None


def _reader(folder: Path) -> Read:
    def read(name: str) -> bytes:
        return (folder / name).read_bytes()

    return read


def _reproduced_folder(folder: Path) -> LinkCase:
    """The case of a folder with the files and the response file of `--reproduce`, and with those
    of links with -r that come first (`harness.steps.command_lines`)."""
    gathered = _Gathered(_reader(folder))
    steps: list[Prelink] = []
    while (folder / f"prelink-{len(steps) + 1}.txt").exists():
        file = f"prelink-{len(steps) + 1}.txt"
        words = _expand([f"@{file}"], gathered.read)
        if len(words) < 2 or words[-2] != "-o" or not _is_inside(words[-1]):
            raise CannotGather(f"{file} does not end in -o and the name of a file of the folder")
        step = Prelink(_gathered_words(words[:-2], gathered), words[-1])
        # What the steps after it name is no file of the folder.
        gathered.names[step.output] = step.output
        steps.append(step)
    arguments = _gathered_words([f"@{RESPONSE}"], gathered)
    return replace(_gathered_case(gathered, arguments), prelinks=tuple(steps))


def _is_inside(name: str) -> bool:
    """Whether a name can only be one in the folder of the case, or in a folder of that."""
    path = PurePosixPath(name)
    return bool(path.name) and not path.is_absolute() and ".." not in path.parts


def _reproduced_archive(path: Path) -> LinkCase:
    """The case of LLD's `--reproduce` archive: a tar of one folder."""
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None:
                    name = PurePosixPath(member.name)
                    contents[str(PurePosixPath(*name.parts[1:]))] = file.read()
    except (tarfile.TarError, OSError, EOFError) as problem:
        raise CannotGather(f"cannot read {path}: {problem}") from problem
    if RESPONSE not in contents:
        raise CannotGather(f"{path} is no --reproduce archive: it has no {RESPONSE}")

    def read(name: str) -> bytes:
        try:
            return contents[str(PurePosixPath(name))]
        except KeyError:
            raise FileNotFoundError(2, "not in the archive", name) from None

    return from_arguments([f"@{RESPONSE}"], read)


@dataclass
class _Gathered:
    """Files taken so far, and the names they have in the case."""

    read: Read
    files: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def take(self, path: str) -> str:
        """Reads a file into the case and returns its name there. Raises CannotGather."""
        if path not in self.names:
            try:
                content = self.read(path)
            except (OSError, ValueError) as problem:
                raise CannotGather(f"cannot read {path}: {problem}") from problem
            name = PurePosixPath(path).name
            number = 1
            while name in self.files:
                number += 1
                name = f"{number}/{PurePosixPath(path).name}"
            self.files[name] = self._filled(path, content)
            self.names[path] = name
        return self.names[path]

    def _filled(self, path: str, content: bytes) -> bytes:
        """The content; a thin archive, whose members lie elsewhere, with its members."""
        if not content.startswith(THIN_MAGIC):
            return content
        folder = PurePosixPath(path).parent
        try:
            members = parse_archive(content, path).members
            filled = [m._replace(data=self.read(str(folder / m.name))) for m in members]
            return encode_archive(filled)
        except (OSError, MalformedFile) as problem:
            raise CannotGather(f"cannot read the thin archive {path}: {problem}") from problem

    def find_library(self, name: str, folders: Sequence[str], is_dynamic: bool) -> str:
        """The file of `-l NAME` in the folders of `-L`, in their order; `is_dynamic`: what ends in
        .so goes first, such as a stub library."""
        file = name[1:] if name.startswith(":") else f"lib{name}.a"
        files = [f"lib{name}.so", file] if is_dynamic and not name.startswith(":") else [file]
        for path in (str(PurePosixPath(folder) / file) for folder in folders for file in files):
            try:
                self.read(path)
            except OSError:
                continue
            return path
        raise CannotGather(f"no {file} in the folders of -L: {', '.join(folders) or 'none'}")


def from_arguments(arguments: Sequence[str], read: Read) -> LinkCase:
    """The case of a wasm-ld command line, without the program, whose files `read` gives.

    Raises:
        CannotGather: a file cannot be read.
    """
    gathered = _Gathered(read)
    return _gathered_case(gathered, _gathered_words(arguments, gathered))


def _gathered_words(arguments: Sequence[str], gathered: _Gathered) -> tuple[str, ...]:
    """A command line as it is in the case; its files are taken."""
    given = list(take_apart(_expand(arguments, gathered.read)))
    folders = [x.value for x in given if x.option == "L" and x.value is not None]
    words: list[str] = []
    never_dynamic = any(x.option == "relocatable" for x in given)
    is_dynamic = False
    for argument in given:
        if argument.option in ("Bdynamic", "Bstatic"):
            is_dynamic = argument.option == "Bdynamic" and not never_dynamic
        words += _rewritten(argument, folders, is_dynamic, gathered)
    return tuple(words)


def _gathered_case(gathered: _Gathered, arguments: tuple[str, ...]) -> LinkCase:
    if not gathered.files:
        raise CannotGather("no input files")
    files = tuple(InputFile(name, content) for name, content in gathered.files.items())
    return LinkCase(files, arguments, (), ())


def _rewritten(
    argument: Argument, folders: Sequence[str], is_dynamic: bool, gathered: _Gathered
) -> Sequence[str]:
    """The words of an argument as they are in the case."""
    option, value = argument.option, argument.value
    if option in _WRITES_FILES or option == "L":
        return ()
    if value is not None and option is None:
        return (gathered.take(value),)
    if value is not None and option == "l":
        return (gathered.take(gathered.find_library(value, folders, is_dynamic)),)
    if value is not None and option == _FILE_OPTION:
        return (f"--{_FILE_OPTION}={gathered.take(value)}",)
    return argument.words


def _expand(arguments: Sequence[str], read: Read) -> Sequence[str]:
    try:
        return expand(arguments, read)
    except ResponseFileError as problem:
        raise CannotGather(str(problem)) from problem

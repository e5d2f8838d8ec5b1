"""The digest of a link: every option, the command line and the content of every input.

linkWithLLD (lines 2119 to 2153) puts into its digest what is not already part of the name of the
folder that it links in. Here nothing else tells two links apart, so all options go in, and the
run-time libraries and wasm-ld itself with them. Files count by path and content, as in the
seed's cache manifest: one that was only touched does not change the digest.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from linker.format.archive import ARCHIVE_MAGIC, THIN_MAGIC, parse_archive
from linker.format.errors import MalformedFile
from linker.inputs.files import imports_path
from linker.lld.errors import InputUnavailable
from linker.lld.options import LldOptions

# Part of the digest: raise it when the meaning of an option or what is hashed changes.
_VERSION = 1


class FileStamp(NamedTuple):
    """What changes when a file is written, even if its content comes back."""

    path: str
    device: int
    inode: int
    size: int
    modified: int
    changed: int


class LinkDigest(NamedTuple):
    """A digest (64 hexadecimal digits) and the state in which its files were read."""

    hexadecimal: str
    stamps: tuple[FileStamp, ...]


class NotCacheable(Exception):
    """A link whose inputs cannot all be known beforehand; it is always done anew."""


def link_digest(
    options: LldOptions,
    arguments: Sequence[str],
    files: Sequence[str],
    wasm_ld: Sequence[str],
    linker_version: str = "",
) -> LinkDigest:
    """The digest of a link with these arguments, which read these files.

    Raises InputUnavailable for a file that cannot be read, NotCacheable for an input that is
    not a regular file, and for an argument that wasm-ld takes for something else than a path.
    """
    for argument in (*arguments, *files):
        if argument.startswith("@"):
            raise NotCacheable(f"{argument} may be a response file")
    for path in files:
        if path.startswith("-"):
            raise NotCacheable(f"{path} is read as an option")
    stamps: list[FileStamp] = []
    described = [_describe_input(path, stamps) for path in files]
    whole = (
        _VERSION,
        options,
        tuple(arguments),
        tuple(described),
        tuple(wasm_ld),
        tuple(_describe_program(wasm_ld)),
        linker_version,
    )
    return LinkDigest(hashlib.sha256(encode(whole)).hexdigest(), tuple(stamps))


def file_digest(path: str | Path) -> str | None:
    """The SHA-256 of a regular file's content, None where there is no such file."""
    try:
        with _open_regular(path) as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except (OSError, ValueError, NotCacheable):
        return None


def encode(value: object) -> bytes:
    """Bytes that differ for any two different values, whatever their lengths and nesting.

    Takes None, numbers, texts, enumerations, tuples and dataclasses of these; raises TypeError
    for anything else.
    """
    match value:
        case None:
            return _tagged(b"n", b"")
        case Enum():
            # Before int and str: an enumeration may be derived from them.
            return _tagged(b"e", _text(type(value).__name__), _text(value.name))
        case bool():
            return _tagged(b"b", b"\x01" if value else b"\x00")
        case int():
            return _tagged(b"i", str(value).encode())
        case str():
            return _tagged(b"s", _text(value))
        case tuple():
            return _tagged(b"t", *(encode(item) for item in value))
        case _ if is_dataclass(value) and not isinstance(value, type):
            # The class and field names, so that a field that is added or renamed counts.
            named = (
                part
                for field in fields(value)
                for part in (_text(field.name), encode(getattr(value, field.name)))
            )
            return _tagged(b"d", _text(type(value).__name__), *named)
        case _:
            raise TypeError(f"cannot be part of a digest: {value!r}")


def _tagged(tag: bytes, *parts: bytes) -> bytes:
    sized = b"".join(b"%d:%b" % (len(part), part) for part in parts)
    return b"%b%d(%b)" % (tag, len(parts), sized)


def _text(text: str) -> bytes:
    # Paths may hold any byte; "surrogatepass" keeps every text apart from every other.
    return text.encode("utf-8", "surrogatepass")


def _open_regular(path: str | Path) -> BufferedReader:
    """A file opened for reading. Raises NotCacheable if it is no regular file, and OSError."""
    # Without O_NONBLOCK, opening a pipe would wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotCacheable(f"{path} is not a regular file")
    return os.fdopen(descriptor, "rb")


def _describe_input(path: str, stamps: list[FileStamp]) -> tuple[object, ...]:
    """An input's path and content, and those of the files that wasm-ld reads because of it."""
    try:
        content, magic = _content(path, stamps)
    except (OSError, ValueError) as error:
        raise InputUnavailable(path, getattr(error, "strerror", None) or str(error)) from None
    more: list[str] = []
    if magic in (ARCHIVE_MAGIC, THIN_MAGIC):
        # Beside an archive wasm-ld looks for a file of names that may be undefined.
        more.append(imports_path(path))
    if magic == THIN_MAGIC:
        more += _thin_members(path)
    return (
        str(Path.cwd() / path),
        content,
        tuple((name, _content_if_any(name, stamps)) for name in more),
    )


def _content(path: str, stamps: list[FileStamp]) -> tuple[str, bytes]:
    """The digest of a file's content, and its first bytes; its stamp is added to the list."""
    with _open_regular(path) as handle:
        stamps.append(_stamp(path, os.fstat(handle.fileno())))
        magic = handle.read(len(ARCHIVE_MAGIC))
        handle.seek(0)
        return hashlib.file_digest(handle, "sha256").hexdigest(), magic


def _content_if_any(path: str, stamps: list[FileStamp]) -> str | None:
    try:
        return _content(path, stamps)[0]
    except (OSError, ValueError):
        # wasm-ld goes on without it, or says what is wrong with it.
        return None


def _thin_members(path: str) -> list[str]:
    """The paths of the files that a thin archive names; none if the archive cannot be read."""
    try:
        archive = parse_archive(Path(path).read_bytes(), path)
    except (OSError, MalformedFile):
        return []
    folder, slash, _ = path.rpartition("/")
    return [
        member.name if member.name.startswith("/") else folder + slash + member.name
        for member in archive.members
    ]


def _describe_program(wasm_ld: Sequence[str]) -> Iterator[tuple[str, int, int, int]]:
    """The files of wasm-ld's command, by what changes when a new release is installed."""
    for position, argument in enumerate(wasm_ld):
        path = (shutil.which(argument) or argument) if position == 0 else argument
        try:
            status = os.stat(path)  # noqa: PTH116 - an argument need not be a path at all
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(status.st_mode):
            yield (path, status.st_size, status.st_mtime_ns, status.st_ino)


def _stamp(path: str, status: os.stat_result) -> FileStamp:
    return FileStamp(
        path,
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )

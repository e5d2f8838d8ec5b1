"""`--reproduce`: an archive with all that is needed to repeat a link.

It holds `response.txt`, the command line with its paths made relative; `version.txt`; and every
input that was read, under its absolute path. LLD's createResponseFile, lld/Common/Reproduce.cpp
and llvm/lib/Support/TarWriter.cpp.
"""

from __future__ import annotations

import os
from pathlib import Path

from linker.command_line.arguments import INPUT, Argument, ArgumentList
from linker.command_line.help_text import version_text
from linker.command_line.table import BY_KEY, Kind

BLOCK = 512
NAME_SIZE = 100
# Old programs read the header's prefix as something else behind this many bytes.
PREFIX_SIZE = 137


class Reproducer:
    """The archive of one link, filled while the link reads its inputs.

    `path` is where it will be written: its name without extension is the folder in it.
    """

    def __init__(self, path: str, arguments: ArgumentList) -> None:
        self.path = path
        self.folder = stem(path)
        self._names: set[bytes] = set()
        self._blocks: list[bytes] = []
        self._append("response.txt", response_file(arguments).encode("utf-8", "surrogateescape"))
        self._append("version.txt", version_text().encode())

    def add_input(self, path: str, content: bytes) -> None:
        """Adds a file that was read; one that is there already is left out."""
        self._append(relative_to_root(path), content)

    def _append(self, name: str, content: bytes) -> None:
        full = f"{self.folder}/{name}".encode("utf-8", "surrogateescape")
        if full not in self._names:
            self._names.add(full)
            self._blocks.append(tar_entry(full, content))

    def content(self) -> bytes:
        """The archive as it is now: a tar archive ends with two blocks of zeros."""
        return b"".join(self._blocks) + bytes(2 * BLOCK)


def response_file(arguments: ArgumentList) -> str:
    """The command line, one argument a line, as it is repeated in the unpacked archive."""
    lines = [line_of(entry) for entry in arguments.arguments if entry.key != "reproduce"]
    return "".join(f"{line}\n" for line in lines)


def line_of(argument: Argument) -> str:
    if argument.key == INPUT:
        return quoted(relative_to_root(argument.value))
    if argument.key == "o":
        # The archive has no folder for the output.
        return f"-o {quoted(file_name(argument.value))}"
    if not argument.values:
        return argument.spelling
    values = " ".join(map(quoted, argument.values))
    option = BY_KEY.get(argument.key)
    is_joined = option is not None and option.kind is Kind.JOINED
    return argument.spelling + ("" if is_joined else " ") + values


def quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text


def file_name(path: str) -> str:
    """The last part of a path; "." for a path that ends with a slash (LLVM's `filename`)."""
    name = path.rpartition("/")[2]
    if name or not path:
        return name
    return "." if path.strip("/") else "/"


def stem(path: str) -> str:
    """The name of a file without its last extension (LLVM's `stem`)."""
    name = file_name(path)
    if name in (".", ".."):
        return name
    front, dot, _ = name.rpartition(".")
    return front if dot else name


def relative_to_root(path: str) -> str:
    """The absolute path, without the slash that it starts with; `..` goes by the words alone."""
    return os.path.normpath(Path(current_folder()) / path).lstrip("/")


def current_folder() -> str:
    """The working folder, by the name that the shell has for it if that is right."""
    named = os.environ.get("PWD", "")
    if named.startswith("/"):
        try:
            if Path(named).samefile("."):
                return named
        except OSError:
            pass
    return str(Path.cwd())


def tar_entry(name: bytes, content: bytes) -> bytes:
    """A file in a tar archive, with a second header before it if its name is long."""
    split = split_name(name)
    if split is not None:
        prefix, last = split
        return header(last, prefix, len(content), b"0000664\0") + padded(content)
    attribute = pax_attribute(b"path", name)
    return (
        header(b"", b"", len(attribute), bytes(8), b"x")
        + padded(attribute)
        + header(b"", b"", len(content), b"0000664\0")
        + padded(content)
    )


def split_name(name: bytes) -> tuple[bytes, bytes] | None:
    """Prefix and name as a header holds them; None if it cannot."""
    if len(name) < NAME_SIZE:
        return b"", name
    slash = name.rfind(b"/", 0, PREFIX_SIZE + 1)
    if slash < 0 or len(name) - slash - 1 >= NAME_SIZE:
        return None
    return name[:slash], name[slash + 1 :]


def pax_attribute(key: bytes, value: bytes) -> bytes:
    """`LENGTH KEY=VALUE`, where LENGTH counts itself."""
    size = len(key) + len(value) + len(" =\n")
    # Once more: its own digits can make the length longer by one.
    total = size + len(str(size + len(str(size))))
    return b"%d %s=%s\n" % (total, key, value)


def header(name: bytes, prefix: bytes, size: int, mode: bytes, kind: bytes = b"\0") -> bytes:
    """A header in ustar format; owner, group and time are left empty."""
    start = name.ljust(NAME_SIZE, b"\0") + mode + bytes(16) + b"%011o\0" % size + bytes(12)
    end = kind + bytes(100) + b"ustar\0" + b"00" + bytes(80) + prefix.ljust(167, b"\0")
    checksum = sum(start) + 8 * ord(" ") + sum(end)
    return start + b"%06o\0 " % checksum + end


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % BLOCK)

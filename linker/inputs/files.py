"""The input files of a link: found, read and told apart.

Follows `createFiles`, `addFile` and `addLibrary` of `lld/wasm/Driver.cpp`. Objects are read as
soon as they are found, as the first that is malformed ends the link; archives are taken apart,
and members that no linker can use are left out of them with a warning.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal, NamedTuple, TypeAlias

from linker.command_line.parse import InputRequest, MisplacedSwitch
from linker.command_line.response_files import Read, reason
from linker.errors import Diagnostics, LinkError
from linker.format.archive import ARCHIVE_MAGIC, THIN_MAGIC, Archive, Member, parse_archive
from linker.format.constants import MAGIC, SectionId
from linker.format.errors import MalformedFile
from linker.format.model import LinkingSection, ObjectFile
from linker.format.stub_library import STUB_MAGIC, Needs, parse_stub_library
from linker.inputs.memory_kind import refusal_of_width
from linker.inputs.older_reader import newer_than_reader
from linker.inputs.reading import breaks, read_file, refusal
from linker.seed.own_state import OwnState
from linker.seed.reader import READING_QUIRKS, takes_foreign_files

# In a message on an archive member: the symbol for which it is taken.
WANTED = "\0"


class ObjectInput(NamedTuple):
    """An object file. `name` is as wasm-ld prints it; `lazy`: taken only if it is needed.

    `file` is what it says, None where it was not read yet.
    """

    name: str
    data: bytes
    lazy: bool = False
    file: ObjectFile | None = None


class ArchiveInput(NamedTuple):
    """An archive; `whole`: every member is linked. A member is printed as `name(member)`.

    The members of a thin archive have their content. Every member is an object file, but
    where `has_index`: then only what the archive's symbol table names is looked at. `files` are
    what the members say, as for `ObjectInput`. `lost` says why members, by their place, cannot be
    linked, `WANTED` being the symbol that takes them: only where `has_index`.
    """

    name: str
    archive: Archive
    whole: bool
    has_index: bool = False
    files: tuple[ObjectFile | None, ...] = ()
    lost: tuple[tuple[int, str], ...] = ()


class _UnreadableMember(Exception):
    """A member of a thin archive cannot be read; the text says which, and why."""


class MemoryInput(NamedTuple):
    """An object that was made in memory (`linker.module`). `name` is what messages call it.

    `own` is what a linker that keeps something of edits knows besides.
    """

    name: str
    file: ObjectFile
    own: OwnState | None = None


class StubInput(NamedTuple):
    """A stub library: what the host gives, and what it needs for that."""

    name: str
    needs: Needs


Input: TypeAlias = ObjectInput | ArchiveInput | MemoryInput | StubInput


@dataclass(frozen=True)
class OpenedInputs:
    """The inputs in order, and the names that `.imports` files beside archives allow to be
    undefined."""

    inputs: tuple[Input, ...]
    allowed_undefined: frozenset[str]


class FileKind(Enum):
    """What a file is by its first bytes (LLVM's `identify_magic`, as far as it matters)."""

    OBJECT = auto()
    ARCHIVE = auto()
    BITCODE = auto()
    STUB = auto()
    UNKNOWN = auto()


_BITCODE_MAGICS = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")


def file_kind(data: bytes) -> FileKind:
    if data.startswith(MAGIC):
        return FileKind.OBJECT
    if data.startswith((ARCHIVE_MAGIC, THIN_MAGIC)):
        return FileKind.ARCHIVE
    if data.startswith(_BITCODE_MAGICS):
        return FileKind.BITCODE
    if data.startswith(STUB_MAGIC):
        return FileKind.STUB
    return FileKind.UNKNOWN


def is_shared_library(data: bytes) -> bool:
    """True if the file has a section `dylink` or `dylink.0`, which comes before any section but
    custom ones (DynamicLinking.md). False too for a file too broken to tell."""
    position = 8
    while data[position : position + 1] == bytes([SectionId.CUSTOM]):
        size, start = _unsigned(data, position + 1)
        length, name = _unsigned(data, start)
        if data[name : name + length] in (b"dylink", b"dylink.0"):
            return True
        position = start + size
    return False


def _is_elf_object(data: bytes) -> bool:
    """True for a relocatable ELF file (e_type 1), of whatever machine."""
    order: Literal["little", "big"] = "big" if data[5:6] == b"\2" else "little"
    return data.startswith(b"\x7fELF") and int.from_bytes(data[16:18], order) == 1


def _unsigned(data: bytes, position: int) -> tuple[int, int]:
    """An unsigned LEB128 of up to 5 bytes, and the position after it; 0 past the file's end."""
    value = 0
    for index, byte in enumerate(data[position : position + 5]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    return value, position + 5


Loaded = Callable[[str, bytes], None]
"""Told the path and the content of each file that is read, but for members of thin archives."""


def not_told(_path: str, _content: bytes) -> None:
    """Nobody wants to know what is read."""


def open_inputs(
    requests: Iterable[InputRequest | MisplacedSwitch],
    search_paths: Sequence[str],
    read: Read,
    diagnostics: Diagnostics,
    loaded: Loaded = not_told,
    needs_files: bool = True,
    is_64: bool | None = None,
) -> OpenedInputs:
    """Open the inputs of a command line in order. Errors are reported to `diagnostics`.

    `read` gives the content of a file, or raises OSError. `needs_files`: no inputs are an error.
    `is_64`: the width of addresses that the command line asks for, if it does.

    Raises:
        LinkError: an archive is malformed, or there are too many errors.
    """
    opener = _Opener(search_paths, read, diagnostics, loaded, is_64)
    for request in requests:
        if isinstance(request, MisplacedSwitch):
            diagnostics.error(request.message)
        elif request.is_library:
            opener.add_library(request)
        else:
            opener.add_file(request, request.name)
    needs_files = needs_files and "no-inputs-accepted" not in diagnostics.quirks
    if needs_files and not opener.file_count and not diagnostics.error_count:
        diagnostics.error("no input files")
    return OpenedInputs(tuple(opener.inputs), frozenset(opener.allowed_undefined))


def read_names(
    path: str, read: Read, diagnostics: Diagnostics, loaded: Loaded = not_told
) -> Iterator[str]:
    """The names in a file, one a line, without blanks around them and without comments (LLD's
    `readImportFile`). A file that cannot be read is an error."""
    data = _read(path, read, diagnostics, loaded)
    for line in (data or b"").decode("utf-8", "surrogateescape").split("\n"):
        name = line.strip(" \t\v\f\r")
        if name and not name.startswith("#"):
            yield name


def _read(path: str, read: Read, diagnostics: Diagnostics, loaded: Loaded) -> bytes | None:
    diagnostics.log(f"Loading: {path}")
    try:
        data = read(path)
    except OSError as error:
        diagnostics.error(f"cannot open {path}: {reason(error)}")
        return None
    except ValueError:
        # A path with a zero byte, which only a response file can hold.
        diagnostics.error(f"cannot open {path}: Invalid argument")
        return None
    loaded(path, data)
    return data


class _Opener:
    def __init__(
        self,
        search_paths: Sequence[str],
        read: Read,
        diagnostics: Diagnostics,
        loaded: Loaded,
        is_64: bool | None,
    ) -> None:
        self.is_64 = is_64
        self.search_paths = search_paths
        self.read = read
        self.diagnostics = diagnostics
        self.loaded = loaded
        self.inputs: list[Input] = []
        self.file_count = 0
        """Objects and archive members found: an archive without members is no input."""
        self.allowed_undefined: set[str] = set()

    def add_library(self, request: InputRequest) -> None:
        for candidate in self._library_paths(request):
            if self._exists(candidate):
                self.add_file(request, candidate)
                return
        self.diagnostics.error(f"unable to find library -l{request.name}")

    def _library_paths(self, request: InputRequest) -> Iterator[str]:
        for folder in self.search_paths:
            is_file = "library-files-unknown" not in self.diagnostics.quirks
            if is_file and request.name.startswith(":"):
                yield join(folder, request.name[1:])
                continue
            if not request.is_static:
                yield join(folder, f"lib{request.name}.so")
            yield join(folder, f"lib{request.name}.a")

    def _exists(self, path: str) -> bool:
        try:
            self.read(path)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return False
        except OSError:
            # There is something; reading it again will tell what is wrong with it.
            return True
        return True

    def add_file(self, request: InputRequest, path: str) -> None:
        data = _read(path, self.read, self.diagnostics, self.loaded)
        if data is None:
            return
        if takes_foreign_files(self.diagnostics.quirks):
            self.inputs.append(ObjectInput(path, data))
            self.file_count += 1
            return
        match file_kind(data):
            case FileKind.ARCHIVE:
                self._add_archive(request, path, data)
            case FileKind.OBJECT if is_shared_library(data):
                if request.is_static:
                    self.diagnostics.error(f"attempted static link of dynamic object {path}")
                else:
                    self.diagnostics.error(f"{path}: shared libraries are not supported yet")
            case FileKind.OBJECT:
                file = self._parsed(path, path, data)
                self.inputs.append(ObjectInput(path, data, request.lazy, file))
                self.file_count += 1
            case FileKind.BITCODE:
                self.diagnostics.error(f"{path}: bitcode is not supported yet")
            case FileKind.STUB if "stub-libraries-unknown" not in self.diagnostics.quirks:
                reads_blank = "blank-stub-lines-read" in self.diagnostics.quirks
                self.inputs.append(StubInput(path, parse_stub_library(data, reads_blank)))
                self.file_count += 1
            case FileKind.STUB | FileKind.UNKNOWN:
                self.diagnostics.error(f"unknown file type: {path}")

    def _parsed(self, path: str, name: str, data: bytes) -> ObjectFile | None:
        """What an object says; None where a reader of the linking stages will tell.

        Raises LinkError where it is malformed, has 64-bit addresses, or is too new for a
        release with these quirks: LLD reads an object before it opens the next file, and ends
        at the first that is wrong.
        """
        quirks = self.diagnostics.quirks
        file = None
        if not READING_QUIRKS & quirks:
            try:
                file = read_file(data, path, quirks)
            except MalformedFile as error:
                raise self._unreadable(error, name) from None
            problem = newer_than_reader(file, quirks)
            if problem is not None:
                raise self.diagnostics.fatal(f"{name}: {problem}")
            if file.find(LinkingSection) is None and "waiting-modules-refused" in quirks:
                raise self.diagnostics.fatal(f"{path}: not a relocatable wasm file")
        problem = refusal_of_width(data, self.is_64)
        if problem is not None and "width-checked-late" not in quirks:
            raise self.diagnostics.fatal(f"{path}: {problem}")
        return file

    def _unreadable(self, error: MalformedFile, known_as: str = "") -> LinkError:
        """The end of the link at a malformed file; `known_as` as in `refusal`."""
        quirks = self.diagnostics.quirks
        if breaks(error, quirks):
            # No limit of errors comes before a crash.
            self.diagnostics.error_limit = 0
        return self.diagnostics.fatal(refusal(error, quirks, known_as))

    def _add_archive(self, request: InputRequest, path: str, data: bytes) -> None:
        imports = imports_path(path)
        if self._exists(imports):
            names = read_names(imports, self.read, self.diagnostics, self.loaded)
            self.allowed_undefined.update(names)
        is_thin = data.startswith(THIN_MAGIC)
        by_index = "archive-index-used" in self.diagnostics.quirks and not request.whole_archive

        def take(member: Member) -> Member:
            return self._read_thin_member(path, member) if is_thin and not by_index else member

        try:
            archive = parse_archive(data, path, take)
        except MalformedFile as error:
            raise self._unreadable(error) from None
        if by_index:
            self._add_indexed(path, archive)
            return
        usable: list[Member] = []
        files: list[ObjectFile | None] = []
        for member in archive.members:
            if self._is_usable(path, member, request.whole_archive):
                full_name = f"{path}({member.name})"
                files.append(self._parsed(full_name, member.name, member.data))
                usable.append(member)
        self.file_count += len(usable)
        if len(usable) != len(archive.members):
            archive = dataclasses.replace(archive, members=tuple(usable))
        self.inputs.append(ArchiveInput(path, archive, request.whole_archive, files=tuple(files)))

    def _add_indexed(self, path: str, archive: Archive) -> None:
        """An archive of which only what its index names is looked at, and when it is taken."""
        if archive.members and archive.symbol_table is None:
            self.diagnostics.error(f"{path}: archive has no index; run ranlib to add one")
        members = list(archive.members)
        lost = []
        for position, member in enumerate(archive.members):
            try:
                member = self._thin_member(path, member) if archive.thin else member
            except _UnreadableMember as error:
                what = "could not get the buffer for the member defining symbol"
                lost.append((position, f"{what} {WANTED}: {error}"))
                continue
            members[position] = member
            if file_kind(member.data) is not FileKind.OBJECT:
                lost.append((position, f"unknown file type: {member.name}"))
        archive = dataclasses.replace(archive, members=tuple(members))
        self.inputs.append(ArchiveInput(path, archive, False, has_index=True, lost=tuple(lost)))
        self.file_count += 1

    def _read_thin_member(self, path: str, member: Member) -> Member:
        try:
            return self._thin_member(path, member)
        except _UnreadableMember as error:
            raise self.diagnostics.fatal(
                f"{path}: could not get the buffer for a child of the archive: {error}"
            ) from None

    def _thin_member(self, path: str, member: Member) -> Member:
        """The member with the content of the file it names, relative to the archive's folder."""
        folder, slash, _ = path.rpartition("/")
        file = member.name if member.name.startswith("/") else folder + slash + member.name
        try:
            # For the system a path ends at a NUL.
            return member._replace(data=self.read(file.partition("\0")[0]))
        except OSError as error:
            raise _UnreadableMember(f"'{member.name}': {reason(error)}") from None

    def _is_usable(self, path: str, member: Member, whole: bool) -> bool:
        kind = file_kind(member.data)
        if kind is FileKind.OBJECT:
            if is_shared_library(member.data):
                self.diagnostics.error(
                    f"{path}({member.name}): shared libraries are not supported yet"
                )
                return False
            return True
        if kind is FileKind.BITCODE:
            self.diagnostics.error(f"{path}({member.name}): bitcode is not supported yet")
        elif whole:
            # wasm-ld takes any other file for bitcode here, which an ELF object may hold.
            if _is_elf_object(member.data):
                raise self.diagnostics.fatal("Bitcode section not found in object file")
            raise self.diagnostics.fatal("The file was not recognized as a valid object file")
        else:
            self.diagnostics.warn(
                f"{path}: archive member '{member.name}' is neither Wasm object file"
                " nor LLVM bitcode"
            )
        return False


def join(folder: str, name: str) -> str:
    """A path below a folder; unlike `os.path.join`, an absolute name stays below it too."""
    if not folder:
        return name
    return folder.rstrip("/") + "/" + name.lstrip("/")


def imports_path(path: str) -> str:
    """The path with its extension replaced by `.imports` (LLVM's `replace_extension`)."""
    folder, slash, name = path.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    if name in (".", ".."):
        stem = name
    return folder + slash + (stem if dot else name) + ".imports"

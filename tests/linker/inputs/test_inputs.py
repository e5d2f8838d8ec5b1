"""Finding and reading the inputs: libraries, archives, and what is no input at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.command_line.parse import InputRequest, MisplacedSwitch
from linker.driver import run
from linker.errors import Diagnostics, LinkError
from linker.format.archive import Member
from linker.format.encode_archive import encode_archive
from linker.inputs.files import (
    ArchiveInput,
    FileKind,
    ObjectInput,
    OpenedInputs,
    StubInput,
    file_kind,
    imports_path,
    is_shared_library,
    join,
    open_inputs,
)
from tests.linker.small_objects import BITCODE, archive_of, object_with, shared_library
from tests.linker.wasm_ld import run_wasm_ld, run_weld_ld

ELF_OBJECT = b"\x7fELF\2\1\1" + bytes(9) + b"\1\0" + bytes(60)
A = object_with("a")
B = object_with("b")


class Files(dict[str, bytes]):
    """Files in memory, read as the linker reads them from a disk."""

    def read(self, path: str) -> bytes:
        if path not in self:
            raise FileNotFoundError(2, "No such file or directory")
        return self[path]


def open_all(
    files: dict[str, bytes],
    *requests: InputRequest | MisplacedSwitch,
    search_paths: tuple[str, ...] = (),
) -> tuple[OpenedInputs, Diagnostics]:
    diagnostics = Diagnostics()
    return open_inputs(requests, search_paths, Files(files).read, diagnostics), diagnostics


def unread(opened: OpenedInputs) -> list[ObjectInput]:
    """The objects among the inputs, without what they say."""
    objects = [entry for entry in opened.inputs if isinstance(entry, ObjectInput)]
    assert all(entry.file is not None for entry in objects)
    return [entry._replace(file=None) for entry in objects]


def library(name: str, is_static: bool = True) -> InputRequest:
    return InputRequest(name, is_library=True, is_static=is_static)


def test_objects_keep_their_order_and_are_lazy_in_a_lib() -> None:
    opened, diagnostics = open_all(
        {"a.o": A, "b.o": B}, InputRequest("b.o"), InputRequest("a.o", lazy=True)
    )
    assert unread(opened) == [ObjectInput("b.o", B), ObjectInput("a.o", A, lazy=True)]
    assert not diagnostics.messages


@pytest.mark.parametrize("whole", [False, True])
def test_archives_are_taken_apart(whole: bool) -> None:
    files = {"lib.a": archive_of(a=A, b=B)}
    opened, diagnostics = open_all(files, InputRequest("lib.a", whole_archive=whole))
    (archive,) = opened.inputs
    assert isinstance(archive, ArchiveInput)
    assert archive.whole is whole
    assert [(m.name, m.data) for m in archive.archive.members] == [("a.o", A), ("b.o", B)]
    assert not diagnostics.messages


def test_members_that_are_no_objects_are_left_out_with_a_warning() -> None:
    files = {"lib.a": encode_archive([Member("readme", b"text"), Member("a.o", A)])}
    opened, diagnostics = open_all(files, InputRequest("lib.a"))
    (archive,) = opened.inputs
    assert isinstance(archive, ArchiveInput)
    assert [member.name for member in archive.archive.members] == ["a.o"]
    assert diagnostics.warnings == [
        "lib.a: archive member 'readme' is neither Wasm object file nor LLVM bitcode"
    ]


def test_thin_archives_name_files_beside_them() -> None:
    thin = encode_archive([Member("sub/a.o", A), Member("b.o", B)], thin=True)
    files = {"dir/thin.a": thin, "dir/sub/a.o": A, "dir/b.o": B}
    opened, diagnostics = open_all(files, InputRequest("dir/thin.a"))
    (archive,) = opened.inputs
    assert isinstance(archive, ArchiveInput)
    assert [(m.name, m.data) for m in archive.archive.members] == [("sub/a.o", A), ("b.o", B)]
    assert not diagnostics.messages


def test_the_first_folder_with_the_library_wins() -> None:
    files = {"two/libx.a": archive_of(a=A), "three/libx.a": archive_of(b=B)}
    opened, _ = open_all(files, library("x"), search_paths=("one", "two", "three"))
    assert [given.name for given in opened.inputs] == ["two/libx.a"]


def test_shared_libraries_come_first_in_a_folder_where_they_are_allowed() -> None:
    files = {"one/libx.a": archive_of(a=A), "one/libx.so": B, "two/libx.so": A}
    folders = ("one", "two")
    dynamic, _ = open_all(files, library("x", is_static=False), search_paths=folders)
    static, _ = open_all(files, library("x"), search_paths=folders)
    assert unread(dynamic) == [ObjectInput("one/libx.so", B)]
    assert [given.name for given in static.inputs] == ["one/libx.a"]


def test_a_library_with_a_colon_is_a_file_name() -> None:
    opened, _ = open_all({"one/x.o": A}, library(":x.o"), search_paths=("zero", "one/"))
    assert unread(opened) == [ObjectInput("one/x.o", A)]


def test_imports_beside_an_archive_allow_names_to_be_undefined() -> None:
    files = {"d/libc.a": archive_of(a=A), "d/libc.imports": b"one\n # no\n#no\n\n two \r\n"}
    opened, _ = open_all(files, InputRequest("d/libc.a"))
    assert opened.allowed_undefined == {"one", "two"}


def test_errors_come_in_the_order_of_the_inputs() -> None:
    _, diagnostics = open_all(
        {"junk": b"junk", "bitcode.o": BITCODE, "lib.so": shared_library()},
        InputRequest("missing.o"),
        MisplacedSwitch("nested --start-lib"),
        library("x"),
        InputRequest("junk"),
        InputRequest("bitcode.o"),
        InputRequest("lib.so"),
        InputRequest("lib.so", is_static=False),
    )
    assert diagnostics.errors == [
        "cannot open missing.o: No such file or directory",
        "nested --start-lib",
        "unable to find library -lx",
        "unknown file type: junk",
        "bitcode.o: bitcode is not supported yet",
        "attempted static link of dynamic object lib.so",
        "lib.so: shared libraries are not supported yet",
    ]


def test_a_stub_library_is_an_input_of_its_own_kind() -> None:
    opened, diagnostics = open_all({"lib.so": b"#STUB\nf: g\n"}, InputRequest("lib.so"))
    assert opened.inputs == (StubInput("lib.so", {"f": ("g",)}),)
    assert not diagnostics.messages


def test_a_malformed_archive_ends_everything() -> None:
    with pytest.raises(LinkError) as caught:
        open_all({"bad.a": b"!<arch>\nrubbish"}, InputRequest("bad.a"), InputRequest("b.o"))
    (message,) = caught.value.messages
    assert message.startswith("bad.a: failed to parse archive: ")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\0asm\x01\0\0\0", FileKind.OBJECT),
        (b"\0asm", FileKind.OBJECT),
        (b"\0as", FileKind.UNKNOWN),
        (b"!<arch>\n", FileKind.ARCHIVE),
        (b"!<thin>\n", FileKind.ARCHIVE),
        (b"!<arch>", FileKind.UNKNOWN),
        (BITCODE, FileKind.BITCODE),
        (b"\xde\xc0\x17\x0b", FileKind.BITCODE),
        (b"#STUB\n", FileKind.STUB),
        (b"\x7fELF", FileKind.UNKNOWN),
        (b"", FileKind.UNKNOWN),
    ],
)
def test_files_are_told_apart_by_their_first_bytes(data: bytes, kind: FileKind) -> None:
    assert file_kind(data) is kind


def test_a_dylink_section_makes_a_shared_library() -> None:
    assert is_shared_library(shared_library())
    assert is_shared_library(b"\0asm\1\0\0\0" + b"\0\x02\x01x" + b"\0\x87\x80\x00\x06dylink")
    assert not is_shared_library(A)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_shared_library_or_not(tail: bytes) -> None:
    assert is_shared_library(b"\0asm\x01\0\0\0" + tail) in (False, True)


@pytest.mark.parametrize(
    ("folder", "name", "path"),
    [("a", "b", "a/b"), ("a/", "b", "a/b"), ("", "b", "b"), ("a", "/b", "a/b"), ("/", "b", "/b")],
)
def test_join(folder: str, name: str, path: str) -> None:
    assert join(folder, name) == path


@pytest.mark.parametrize(
    ("path", "imports"),
    [
        ("libc.a", "libc.imports"),
        ("a.b/libc", "a.b/libc.imports"),
        ("a.b/lib.c.a", "a.b/lib.c.imports"),
        ("..", "...imports"),
    ],
)
def test_imports_path(path: str, imports: str) -> None:
    assert imports_path(path) == imports


# The same files and command lines for wasm-ld and for weld-ld.
LINES = [
    "junk",
    "empty",
    "short.o",
    "dir",
    "-",
    "lib.so",
    "a.o -Bdynamic -Bstatic lib.so",
    "empty.a",
    "--start-lib a.o --start-lib --end-lib --end-lib missing.o",
    "-lx",
    "-L lib -lnone -l:none.a -lx missing.o",
    "-L nodir -Llib/ -l:libx.a missing.o",
    "-L empty -lx missing.o",
    "a.o -L lib -l dir",
    "a.o -L lib -l:",
    "a.o mixed.a missing.o",
    "a.o --whole-archive mixed.a",
    "a.o missing-member.a missing.o",
    "a.o sub/missing-member.a",
    "a.o sub/thin.a --whole-archive ./sub/thin.a missing.o",
    "a.o mixed.a --fatal-warnings",
    "a.o elf.a missing.o",
    "missing.o wide.o junk",
    "a.o wide.a missing.o",
    "a.o wide.o --import-table --export-table",
    "a.o --whole-archive elf.a",
    "a.o --allow-undefined-file=dir",
    "--verbose a.o mixed.a -L lib -lx missing.o",
    "x/y/z.o a.o/b.o",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("lib", "sub", "dir", "lib/libdir.a"):
        (tmp_path / name).mkdir()
    contents = {
        "a.o": object_with("_start"),
        "junk": b"junk",
        "empty": b"",
        "short.o": b"\0as",
        "lib.so": shared_library(),
        "empty.a": b"!<arch>\n",
        "mixed.a": encode_archive([Member("readme", b"text"), Member("b.o", B)]),
        "wide.o": object_with("w", wide=True),
        "wide.a": archive_of(w=object_with("w", wide=True)),
        "elf.a": encode_archive([Member("elf.o", ELF_OBJECT)]),
        "missing-member.a": encode_archive([Member("gone.o", B)], thin=True),
        "sub/missing-member.a": encode_archive([Member("gone.o", B)], thin=True),
        "sub/thin.a": encode_archive([Member("../a.o", A)], thin=True),
        "lib/libx.a": archive_of(b=B),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("line", LINES)
def test_messages_are_those_of_wasm_ld(
    line: str, folder: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    argv = ["-o", "x", *line.split()]
    real = run_wasm_ld(argv, folder)
    ours = run_weld_ld(argv, folder, capfdbinary)
    assert ours.stderr == real.stderr
    assert ours.status == real.status == 1
    assert not (folder / "x").exists()


def test_a_malformed_object_ends_the_link_before_anything_else_is_looked_at() -> None:
    files = {"a.o": A, "cut.o": B[:-3]}
    argv = ("missing.o", "a.o", "cut.o", "later.o", "--import-table", "--export-table", "-o", "x")
    errors = run(argv, Files(files).read).errors
    assert errors[0] == "cannot open missing.o: No such file or directory"
    assert errors[1].startswith("cut.o: section too large (section CUSTOM, offset 0x")
    assert len(errors) == 2


def test_a_malformed_member_is_told_with_its_archive() -> None:
    members = [Member("a.o", A), Member("b.o", B[:-3])]
    files = {"lib.a": encode_archive(members, symbol_table=False)}
    (error,) = run(("lib.a", "-o", "x"), Files(files).read).errors
    assert error.startswith("lib.a(b.o): section too large (section CUSTOM, offset 0x")


def test_no_limit_of_errors_comes_before_an_abort() -> None:
    cut = b"\0asm\1\0\0\0\1\x80"
    argv = ("missing.o", "gone.o", "cut.o", "--error-limit=2", "-o", "x")
    read = Files({"cut.o": cut}).read
    assert run(argv, read).errors[-1].startswith("too many errors")
    assert "wasm-ld 22 crashes here" in run(argv, read, "lld-22").errors[-1]

"""A case is made from files and flags, a whole link line, or a --reproduce archive."""

from __future__ import annotations

import os
import random
import subprocess
import tarfile
from pathlib import Path

import pytest

from harness.adapters.discover import find
from harness.adapters.smoke import tiny_case
from harness.gather import CannotGather, gather
from linker.format.archive import Member, parse_archive
from linker.format.encode_archive import encode_archive
from strategies.case import LinkCase, write_case

FLAGS = ["--no-entry", "--export=weldcheck_smoke"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files of the tiny case, and one more of the same name below."""
    write_case(tiny_case(), tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "answer.o").write_bytes(b"another")
    members = [Member("answer.o", tiny_case().files[1].content)]
    (tmp_path / "other" / "libx.a").write_bytes(encode_archive(members))
    return tmp_path


def _named(case: LinkCase) -> list[str]:
    return [file.name for file in case.files]


def test_files_and_flags(folder: Path) -> None:
    case = gather(["caller.o", "answer.o", "--", *FLAGS], folder)
    assert case.arguments == (*FLAGS, "caller.o", "answer.o")
    assert case.files == tiny_case().files


@pytest.mark.parametrize(
    "command",
    [
        ["wasm-ld"],
        ["/usr/bin/wasm-ld-22"],
        ["zig", "wasm-ld"],
        ["python", "-m", "ziglang", "wasm-ld"],
    ],
)
def test_a_whole_link_line(folder: Path, command: list[str]) -> None:
    """Order is kept, the output is nobody's business, and names do not clash."""
    line = [*command, "-o", "x.wasm", "--whole-archive", "caller.o", "other/answer.o", "-Mapx"]
    case = gather([*line, "-L", "other", "-lx", str(folder / "answer.o")], folder)
    expected = "--whole-archive caller.o answer.o -Mapx libx.a 2/answer.o"
    assert case.arguments == tuple(expected.split())
    assert _named(case) == ["caller.o", "answer.o", "libx.a", "2/answer.o"]
    assert case.files[1].content == b"another"
    assert case.files[3].content == tiny_case().files[1].content


def test_one_file_named_twice_is_one_file(folder: Path) -> None:
    case = gather(["caller.o", "caller.o"], folder)
    assert case.arguments == ("caller.o", "caller.o")
    assert _named(case) == ["caller.o"]


def test_a_stub_library_is_found_where_shared_ones_are(folder: Path) -> None:
    (folder / "other" / "libx.so").write_bytes(b"#STUB\nf")
    line = ["wasm-ld", "caller.o", "-L", "other", "-lx", "-Bdynamic", "-lx", "-Bstatic", "-lx"]
    assert _named(gather(line, folder)) == ["caller.o", "libx.a", "libx.so"]
    assert _named(gather([*line, "-r"], folder)) == ["caller.o", "libx.a"]


def test_response_files_and_lists_of_symbols(folder: Path) -> None:
    (folder / "line").write_text("--allow-undefined-file=names 'caller.o'\n@more\n")
    (folder / "more").write_text("--export='a b'\n")
    (folder / "names").write_text("f\n")
    case = gather(["wasm-ld", "@line"], folder)
    assert case.arguments == ("--allow-undefined-file=names", "caller.o", "--export=a b")
    assert _named(case) == ["names", "caller.o"]


def test_response_files_of_windows(folder: Path) -> None:
    """Quoted as `--rsp-quoting` says, in 16-bit units."""
    (folder / "line").write_text('"caller.o" --export=a\\b', encoding="utf-16")
    case = gather(["wasm-ld", "--rsp-quoting=windows", "@line"], folder)
    assert case.arguments == ("--rsp-quoting=windows", "caller.o", "--export=a\\b")


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"@line", "recursive expansion"), (b"\xff\xfe\0", "Could not convert UTF16")],
)
def test_response_files_that_cannot_be_read(folder: Path, content: bytes, problem: str) -> None:
    (folder / "line").write_bytes(content)
    with pytest.raises(CannotGather, match=problem):
        gather(["wasm-ld", "@line"], folder)


def test_a_thin_archive_is_filled(folder: Path) -> None:
    """Its members lie elsewhere, where the case cannot reach them."""
    content = tiny_case().files[1].content
    thin = encode_archive([Member("../answer.o", content)], thin=True)
    (folder / "other" / "thin.a").write_bytes(thin)
    case = gather(["other/thin.a"], folder)
    archive = parse_archive(case.files[0].content, "thin.a")
    assert not archive.thin
    assert [member.data for member in archive.members] == [content]


def test_what_lld_reproduces(folder: Path) -> None:
    """The real --reproduce archive, and the folder that it unpacks to."""
    lld = find("lld-22")
    subprocess.run(
        [*lld.command_line(tiny_case(), folder, folder / "out.wasm"), "--reproduce=repro.tar"],
        cwd=folder,
        check=True,
        env={**os.environ, **lld.environment(folder)},
    )
    case = gather(["repro.tar"], folder)
    assert sorted(case.files, key=lambda f: f.name) == sorted(
        tiny_case().files, key=lambda f: f.name
    )
    # LLD writes the values of options as words of their own.
    assert case.arguments[:3] == ("--no-entry", "--export", "weldcheck_smoke")
    with tarfile.open(folder / "repro.tar") as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # from Python 3.11.4 on
        archive.extractall(folder / "unpacked")
    (below,) = (folder / "unpacked").iterdir()
    assert gather([str(below)], folder).files == case.files


@pytest.mark.parametrize(
    "line",
    ["", "caller.o", "caller.o -o", "caller.o -o ../x.o", "caller.o -o /tmp/x.o", "caller.o -o ."],
)
def test_a_step_writes_into_the_folder_only(folder: Path, line: str) -> None:
    (folder / "prelink-1.txt").write_text(line)
    (folder / "response.txt").write_text("caller.o")
    with pytest.raises(CannotGather, match="does not end in -o and the name of a file of"):
        gather([str(folder)], folder)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "name object files"),
        (["none.o"], "cannot read none.o: .*No such file"),
        (["wasm-ld", "--no-entry"], "no input files"),
        (["wasm-ld", "-lnone", "-Lother"], "no libnone.a in the folders of -L: other"),
        (["wasm-ld", "@none"], "cannot read @none"),
        (["other"], "cannot read @response.txt"),
    ],
)
def test_what_makes_no_case(folder: Path, words: list[str], problem: str) -> None:
    with pytest.raises(CannotGather, match=problem):
        gather(words, folder)


def test_a_tar_that_is_cut_off(folder: Path) -> None:
    (folder / "response.txt").write_bytes(random.Random(1).randbytes(20000))
    with tarfile.open(folder / "x.tgz", "w:gz") as archive:
        archive.add(folder / "response.txt", "x/response.txt")
    (folder / "cut.tgz").write_bytes((folder / "x.tgz").read_bytes()[:10000])
    with pytest.raises(CannotGather, match=r"cannot read .*cut\.tgz: Compressed file ended"):
        gather(["cut.tgz"], folder)


def test_another_tar_is_no_reproduce_archive(folder: Path) -> None:
    with tarfile.open(folder / "x.tar", "w") as archive:
        archive.add(folder / "caller.o", "x/caller.o")
    with pytest.raises(CannotGather, match=r"it has no response\.txt"):
        gather(["x.tar"], folder)

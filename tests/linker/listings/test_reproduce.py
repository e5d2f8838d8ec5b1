"""`--reproduce`: wasm-ld's archive byte for byte, but for what `version.txt` says."""

from __future__ import annotations

import shlex
import tarfile
from pathlib import Path

import pytest

from linker.command_line.help_text import version_text
from linker.driver import run
from linker.listings.reproduce import file_name, stem, tar_entry
from tests.linker.assemble import archive, assemble
from tests.linker.objects import call, function
from tests.linker.wasm_ld import Outcome, run_wasm_ld, run_weld_ld
from tests.programs.build import BUILDERS

Capture = pytest.CaptureFixture[bytes]
START = assemble(function("_start", call("f")))
OTHER = assemble(function("f"))
LLD_VERSION = b"LLD 22.1.8\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.o").write_bytes(START)
    (tmp_path / "b.o").write_bytes(OTHER)
    (tmp_path / "libb.a").write_bytes(archive(OTHER))
    (tmp_path / "sub dir").mkdir()
    (tmp_path / "sub dir" / "b.o").write_bytes(OTHER)
    return tmp_path


def entries(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        files = {entry.name: tar.extractfile(entry) for entry in tar.getmembers()}
        return {name: file.read() for name, file in files.items() if file is not None}


def with_version_of_wasm_ld(content: bytes) -> bytes:
    """Our archive as it would be if `version.txt` said what wasm-ld says."""
    ours = version_text().encode()
    start = content.index(ours) - 512
    folder, _, _ = content[start:].partition(b"/version.txt\0")
    end = start + len(tar_entry(folder + b"/version.txt", ours))
    return content[:start] + tar_entry(folder + b"/version.txt", LLD_VERSION) + content[end:]


def both(
    argv: list[str], folder: Path, capture: Capture, path: str = "repro.tar"
) -> tuple[Outcome, dict[str, bytes]]:
    """Links with both, compares all, and answers what is in the archive."""
    real = run_wasm_ld(argv, folder)
    expected = (folder / path).read_bytes()
    (folder / path).unlink()
    ours = run_weld_ld(argv, folder, capture)
    if "-v" not in argv and "--version" not in argv:
        assert ours == real
    assert with_version_of_wasm_ld((folder / path).read_bytes()) == expected
    return real, entries(folder / path)


def test_what_is_in_it(folder: Path, capfdbinary: Capture) -> None:
    argv = ["a.o", "-o", "out/x", "-L", ".", "-lb", "--reproduce=repro.tar"]
    (folder / "out").mkdir()
    _, found = both(argv, folder, capfdbinary)
    here = str(folder).lstrip("/")
    assert found == {
        "repro/response.txt": f"{here}/a.o\n-o x\n-L .\n-l b\n".encode(),
        "repro/version.txt": version_text().encode(),
        f"repro/{here}/a.o": START,
        f"repro/{here}/libb.a": archive(OTHER),
    }


LINES = [
    "a.o b.o",
    "a.o ../{name}/b.o ./b.o -z muldefs",
    "{folder}/a.o {folder}//b.o",
    "a.o 'sub dir/b.o'",
    "a.o b.o --export=f -export f --export f --entry=_start -e _start --no-entry",
    "a.o b.o -r",
    "a.o b.o -S -s --strip-all --strip-debug -O2 -O 1 --compress-relocations",
    "a.o b.o --features=atomics,bulk-memory --no-check-features --extra-features=a",
    "a.o b.o -z stack-size=65536 -zstack-size=32768 -m wasm32 -mwasm32",
    "a.o b.o --import-memory=a,b --export-memory --export-memory=c --initial-memory=131072",
    "a.o b.o -M -Map=map --print-map --Map map2",
    "a.o b.o -y f --trace-symbol=f -t --trace --why-extract=why",
    "a.o --start-lib b.o --end-lib -whole-archive libb.a --no-whole-archive -z muldefs",
    "a.o b.o --build-id --build-id=sha1 --error-limit=0 --color-diagnostics=never -i",
    "a.o b.o -l:libb.a -L. --library-path=. --library b -Bstatic --wrap=g -u g --undefined=h",
    "@arguments.txt a.o",
    "a.o b.o --gc-sections --no-gc-sections --demangle --no-demangle --fatal-warnings",
    "a.o b.o -o 'sub dir/a b'",
    "a.o b.o -o 'sub dir/'",
]


@pytest.mark.parametrize("line", LINES)
def test_the_command_line(line: str, folder: Path, capfdbinary: Capture) -> None:
    (folder / "arguments.txt").write_text("b.o --export=f\n")
    (folder / "libb.imports").write_text("nothing\n")
    argv = shlex.split(line.format(folder=folder, name=folder.name))
    argv = argv if "-o" in argv else [*argv, "-o", "x"]
    both([*argv, "--reproduce", "repro.tar"], folder, capfdbinary)


@pytest.mark.parametrize(
    "line",
    [
        "a.o missing.o",
        "a.o",
        "a.o b.o --nonsense",
        "a.o b.o --table-base=many",
        "a.o b.o --reproduce=first.tar",
        "a.o b.o --allow-undefined-file=a.txt --export=none",
        "--version a.o",
        "-v",
    ],
)
def test_a_link_that_does_not_succeed(line: str, folder: Path, capfdbinary: Capture) -> None:
    (folder / "a.txt").write_text("f\n")
    both([*line.split(), "-o", "x", "--reproduce=repro.tar"], folder, capfdbinary)
    assert not (folder / "first.tar").exists()


def test_a_malformed_archive_is_in_it(folder: Path, capfdbinary: Capture) -> None:
    (folder / "broken.a").write_bytes(b"!<arch>\nbroken")
    argv = ["a.o", "broken.a", "b.o", "-o", "x", "--reproduce=repro.tar"]
    assert run_wasm_ld(argv, folder).status == 1
    expected = entries(folder / "repro.tar")
    assert run_weld_ld(argv, folder, capfdbinary).status == 1
    found = entries(folder / "repro.tar")
    assert list(found) == list(expected)
    assert found[f"repro/{folder}/broken.a".replace("//", "/")] == b"!<arch>\nbroken"


@pytest.mark.parametrize("name", ["r", "r.tar", "r.x.tar", ".tar", "sub dir/r.tar", "-"])
def test_the_folder_in_it_is_named_after_it(name: str, folder: Path, capfdbinary: Capture) -> None:
    argv = ["a.o", "b.o", "-o", "x", f"--reproduce={name}"]
    both(argv, folder, capfdbinary, name)


@pytest.mark.parametrize("length", [5, 40, 60, 90, 120, 140, 200, 240])
def test_long_names(length: int, folder: Path, capfdbinary: Capture) -> None:
    whole, parts = "d" * length, "e/" * (length // 2)
    for place in (whole, parts):
        (folder / place).mkdir(parents=True)
        (folder / place / "b.o").write_bytes(OTHER)
        argv = ["a.o", f"{place}/b.o", "-o", "x", "--reproduce=repro.tar"]
        both(argv, folder, capfdbinary)


@pytest.mark.parametrize("path", ["nodir/r.tar", ".", "a.o/r.tar", ""])
def test_a_path_that_cannot_be_written(path: str, folder: Path, capfdbinary: Capture) -> None:
    for more in ([], ["--table-base=many"], ["missing.o"], ["--nonsense", "-z", "x"]):
        argv = ["a.o", "b.o", "-o", "x", f"--reproduce={path}", *more]
        real = run_wasm_ld(argv, folder)
        assert real.status == 1
        assert run_weld_ld(argv, folder, capfdbinary) == real


def test_members_of_a_thin_archive_are_not_in_it(folder: Path, capfdbinary: Capture) -> None:
    name = b"b.o/\n"
    members = b"//" + b" " * 46 + f"{len(name):<10}".encode() + b"`\n" + name + b"\n"
    entry = f"{'/0':<16}{0:<12}{0:<6}{0:<6}{0:<8}{len(OTHER):<10}".encode() + b"`\n"
    (folder / "thin.a").write_bytes(b"!<thin>\n" + members + entry)
    argv = ["a.o", "thin.a", "-o", "x", "--reproduce=repro.tar"]
    real, found = both(argv, folder, capfdbinary)
    assert real.status == 0
    assert [name.rpartition("/")[2] for name in found][2:] == ["a.o", "thin.a"]


def test_the_variable(folder: Path, capfdbinary: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLD_REPRODUCE", "repro.tar")
    both(["a.o", "b.o", "-o", "x"], folder, capfdbinary)
    argv = ["a.o", "b.o", "-o", "x", "--reproduce=other.tar"]
    both(argv, folder, capfdbinary, "other.tar")


def test_nothing_is_written_by_a_link_in_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    output = run(["a.o", "b.o", "-o", "x", "--reproduce=repro.tar"])
    assert [file.path for file in output.side_files] == ["repro.tar"]
    assert not (folder / "repro.tar").exists()


def test_a_program_is_linked_again(tmp_path: Path, capfdbinary: Capture) -> None:
    program = BUILDERS["archive"](tmp_path)
    argv = [*program.link_line, "-o", "x", "--reproduce=repro.tar"]
    real, _ = both(argv, tmp_path, capfdbinary)
    assert real.status == 0
    with tarfile.open(tmp_path / "repro.tar") as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # from Python 3.11.4 on
        tar.extractall(tmp_path)
    again = run_wasm_ld(["@response.txt"], tmp_path / "repro")
    assert again.status == 0
    assert (tmp_path / "repro" / "x").read_bytes() == (tmp_path / "x").read_bytes()


def test_names_of_files() -> None:
    paths = ["a", "a/b.c", "a/", "/", "", "a.b/..", "x/.c"]
    assert [file_name(path) for path in paths] == ["a", "b.c", ".", "/", "", "..", ".c"]
    assert [stem(path) for path in paths] == ["a", "b", ".", "/", "", "..", ""]

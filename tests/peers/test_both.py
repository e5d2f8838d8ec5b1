"""What runs the tests of others: their commands are read right, and what differs is seen."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from pathlib import Path

import pytest

from tests.linker.small_objects import object_with
from tests.peers import both
from tests.peers.both import Result, comparable, differences, restore, run
from tests.peers.corpus import Link, find_tests, out_of_scope, run_test
from tests.peers.lit import commands, substituted
from tests.peers.tools import make_tools

TEST = Path("/tests/a.s")


def test_commands_go_on_after_a_backslash() -> None:
    text = "# RUN: one \\\n# RUN:   two\n\n.text\n; RUN: three | four\n# run: no\n"
    assert commands(text) == ["one  two", "three | four"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("x %s %S/b %p/c", "x /tests/a.s /tests/b /tests/c"),
        ("%/s -o %t.o %t", "/tests/a.s -o /out/a.s.tmp.o /out/a.s.tmp"),
        ("echo 100%%s", "echo 100%s"),
        ("%dbg(RUN: at line 1) x", " x"),
    ],
)
def test_words_of_lit(command: str, expected: str) -> None:
    assert substituted(command, TEST, Path("/out")) == expected


SAME = Result(False, b"out", b"err", {"/f/a.wasm": b"module", "/f/map": b"text"})


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (SAME, []),
        (SAME._replace(failed=True), ["failed"]),
        (SAME._replace(stdout=b""), ["stdout"]),
        (SAME._replace(stderr=b""), ["stderr"]),
        (SAME._replace(files={**SAME.files, "/f/a.wasm": b"modulE"}), ["file a.wasm"]),
        (SAME._replace(files={"/f/a.wasm": b"module"}), ["file map"]),
        (SAME._replace(files={**SAME.files, "/f/more": b""}), ["file more"]),
    ],
)
def test_every_part_of_a_result_is_compared(other: Result, expected: list[str]) -> None:
    assert differences(SAME, other) == differences(other, SAME) == expected


def test_a_file_that_is_written_with_the_same_bytes_is_seen(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("x")
    (tmp_path / "untouched").write_text("x")
    code = "import pathlib; pathlib.Path('new').write_text('y'); pathlib.Path('old').unlink(); "
    code += "pathlib.Path('old').write_text('x'); print('weld-ld: x')"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        before = both.files_in(tmp_path)
        done = run([sys.executable, "-c", code], tmp_path, None)
        assert {Path(path).name for path in done.files} == {"old", "new"}
        assert done.stdout == b"wasm-ld: x\n"
        restore(tmp_path, before)
        assert both.files_in(tmp_path) == before


def link(**parts: object) -> Link:
    base = {"arguments": [], "linked": True, "differences": ["stderr"], "quirks": []}
    return Link(**{"test": "a.s", "ours": "", "theirs": "", **base, **parts})  # type: ignore[arg-type]


def test_only_what_is_named_is_out_of_scope() -> None:
    assert out_of_scope(link(ours="wasm-ld: error: undefined symbol: x\n")) is None
    assert out_of_scope(link(ours="wasm-ld: error: /a.o: bitcode is not supported yet\n")) == (
        "bitcode"
    )
    assert out_of_scope(link(ours="wasm-ld: error: --pie is not supported yet\n")) == "--pie"
    assert out_of_scope(link(arguments=["--build-id=uuid"])) == "--build-id=uuid"


def test_a_test_of_lit_is_run_with_both_linkers(tmp_path: Path) -> None:
    source = tmp_path / "tests"
    (source / "Inputs").mkdir(parents=True)
    (source / "Inputs" / "not.s").touch()
    (source / "a.o").write_bytes(object_with("_start"))
    test = source / "a.test"
    test.write_text(
        "RUN: cd %T && wasm-ld %S/a.o -o a.wasm -Map=map | FileCheck %s\n"
        "RUN: not wasm-ld missing.o -o %t.wasm\nRUN: test -e a.wasm && wasm-ld a.o\n"
    )
    assert find_tests(source) == [test]
    links = run_test(test, tmp_path / "place", make_tools(tmp_path / "bin"))
    assert [item.linked for item in links] == [True, False, False]
    assert [item.differences for item in links] == [[], [], []]
    assert {path.name for path in (tmp_path / "place" / "files").iterdir()} == {"a.wasm", "map"}


def test_a_linker_that_differs_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The reference is replaced by a program that writes nothing."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.o").write_bytes(object_with("_start"))
    monkeypatch.chdir(files)
    monkeypatch.setenv(both.FOLDER, str(files))
    monkeypatch.setenv(both.LOG, str(tmp_path / "log"))
    monkeypatch.setattr(both, "REFERENCE", ("true",))
    assert both.main(["a.o", "-o", "a.wasm"]) == 0
    record = json.loads((tmp_path / "log").read_text())
    assert record["differences"] == ["file a.wasm"]
    assert (files / "a.wasm").exists()


def test_of_a_reproducer_the_version_is_not_compared() -> None:
    def reproducer(version: str, response: str) -> bytes:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as tar:
            for name, text in (("r/version.txt", version), ("r/response.txt", response)):
                member = tarfile.TarInfo(name)
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
        return comparable("r.tar", file.getvalue())

    theirs = reproducer("LLD 22", "a.o\n-o a.wasm\n")
    assert reproducer("weld-ld", "--dialect lld-22\na.o\n-o a.wasm\n") == theirs
    assert reproducer("weld-ld", "b.o\n-o a.wasm\n") != theirs

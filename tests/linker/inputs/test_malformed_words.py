"""What is wrong with a malformed file is said in wasm-ld's words, and where, with what is known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from linker.driver import run
from linker.format.archive import Member
from linker.format.encode_archive import encode_archive
from tests.format import malformed, malformed_archives, malformed_linking
from tests.format.malformed import Malformed
from tests.format.malformed_archives import MalformedArchive
from tests.format.malformed_words import WORDS
from tests.linker.quirk_inputs import damaged
from tests.linker.wasm_ld import run_wasm_ld

ALL = (*malformed.CASES, *malformed_linking.CASES)
WITH_WORDS = [case for case in ALL if case.name in WORDS]
PLACE = r" \((?:section [\w.]+, )?offset 0x[0-9a-f]+(?:: .+)?\)"


def errors(name: str, data: bytes, dialect: str, options: Iterable[str] = ()) -> tuple[str, ...]:
    return run((name, "--no-entry", "-o", "x", *options), lambda _: data, dialect).errors


def wasm_ld_says(name: str, data: bytes, folder: Path) -> str:
    (folder / name).write_bytes(data)
    return run_wasm_ld((name, "--no-entry", "-o", "x"), folder).stderr


def test_each_word_is_one_of_a_case() -> None:
    assert {case.name for case in WITH_WORDS} == WORDS.keys()


@pytest.mark.parametrize("case", WITH_WORDS, ids=lambda case: case.name)
def test_an_object_is_refused_in_wasm_lds_words(case: Malformed, tmp_path: Path) -> None:
    said = f"a.o: {WORDS[case.name]}"
    assert wasm_ld_says("a.o", case.data, tmp_path) == f"ld: error: {said}\n"
    assert errors("a.o", case.data, "lld-22") == (said,)
    (error,) = errors("a.o", case.data, "standard")
    assert re.fullmatch(re.escape(said) + PLACE, error)


@pytest.mark.parametrize("case", malformed_archives.CASES, ids=lambda case: case.name)
def test_an_archive_is_refused_in_wasm_lds_words(case: MalformedArchive, tmp_path: Path) -> None:
    said = f"lib.a: {case.words}"
    assert wasm_ld_says("lib.a", case.data, tmp_path) == f"ld: error: {said}\n"
    assert errors("lib.a", case.data, "lld-22") == (said,)
    (error,) = errors("lib.a", case.data, "standard")
    assert re.fullmatch(re.escape(said) + PLACE, error)


@pytest.mark.parametrize("data", malformed_archives.UNKNOWN_OWN_MEMBERS)
def test_an_unknown_own_member_is_refused_in_wasm_lds_words(data: bytes, tmp_path: Path) -> None:
    said = "lib.a: failed to parse archive: Invalid data was encountered while parsing the file"
    assert wasm_ld_says("lib.a", data, tmp_path) == f"ld: error: {said}\n"
    assert errors("lib.a", data, "lld-22") == (said,)


def test_a_member_is_named_with_its_archive_which_wasm_ld_does_not(tmp_path: Path) -> None:
    data = encode_archive([Member("m.o", b"\0asm\1\0\0\0\1\0")], symbol_table=False)
    said = "m.o: zero length section"
    assert wasm_ld_says("lib.a", data, tmp_path) == f"ld: error: {said}\n"
    assert errors("lib.a", data, "lld-22") == (said,)
    assert errors("lib.a", data, "standard") == (
        "lib.a(m.o): zero length section (section TYPE, offset 0x8)",
    )


def test_where_wasm_ld_crashes_the_dialect_keeps_the_place() -> None:
    (error,) = errors("a.o", b"\0asm\1\0\0\0\0\1\5", "lld-22")
    assert error.startswith("a.o: name of 5 bytes is longer than the content (section CUSTOM, off")
    assert error.endswith("(wasm-ld 22 crashes here: quirk cut-off-reads-abort)")


@pytest.mark.parametrize("data", [b"\0asm\1\0\0\0\0\1\5", damaged("symbol.section")])
@pytest.mark.parametrize("limit", [1, 2])
def test_no_limit_of_errors_hides_a_crash(data: bytes, limit: int) -> None:
    options = [f"--error-limit={limit}", "--frobnicate"]
    *_, last = errors("a.o", data, "lld-22", options)
    assert "quirk" in last


def test_the_name_of_a_thin_archives_member_ends_at_a_nul_for_the_system(tmp_path: Path) -> None:
    thin = encode_archive([Member("xx.o", b"")], thin=True).replace(b"xx.o", b"\0\0.o")
    (tmp_path / "in").mkdir()
    said = wasm_ld_says("in/lib.a", thin, tmp_path)

    def read(name: str) -> bytes:
        if name == "in/":
            raise IsADirectoryError(21, "Is a directory")
        return thin

    output = run(("in/lib.a", "--no-entry", "-o", "x"), read, "lld-22")
    assert f"ld: error: {output.errors[0]}\n" == said


def test_a_thin_archives_members_are_read_one_after_the_other(tmp_path: Path) -> None:
    """What one of them is not there for comes before what is wrong behind it."""
    thin = encode_archive([Member("none.o", b"")], thin=True) + b"no header"
    said = wasm_ld_says("lib.a", thin, tmp_path)
    assert said.startswith("ld: error: lib.a: could not get the buffer for a child of the archive")

    def read(name: str) -> bytes:
        if name != "lib.a":
            raise FileNotFoundError(2, "No such file or directory")
        return thin

    output = run(("lib.a", "--no-entry", "-o", "x"), read, "lld-22")
    assert f"ld: error: {output.errors[0]}\n" == said

"""LLVM 22 reads and refuses the same files, but for the exceptions that the tables explain."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from linker.format.errors import MalformedFile
from linker.format.parse import parse
from tests.format import malformed, malformed_linking, odd
from tests.tools import require

MALFORMED = (*malformed.CASES, *malformed_linking.CASES)
CASES = [
    *((case.name, case.data, bool(case.llvm_accepts)) for case in MALFORMED),
    *((case.name, case.data, not case.llvm_refuses) for case in odd.CASES),
]


def llvm_reads(data: bytes, path: Path) -> bool:
    """Whether `obj2yaml-22` takes a file; an LLVM that aborts has refused it."""
    path.write_bytes(data)
    done = subprocess.run(
        [require("obj2yaml-22"), str(path)], capture_output=True, check=False, timeout=60
    )
    return done.returncode == 0


@pytest.mark.parametrize(("name", "data", "llvm_takes_it"), CASES, ids=[case[0] for case in CASES])
def test_llvm_says_the_same(name: str, data: bytes, llvm_takes_it: bool, tmp_path: Path) -> None:
    assert llvm_reads(data, tmp_path / "file.o") == llvm_takes_it


# Byte positions of a real object that are changed, spread over the file, and what replaces them.
CHANGES = (0x00, 0x01, 0x7F, 0x80, 0xFF)


def test_llvm_says_the_same_of_a_real_object_with_a_changed_byte(
    real_file: Callable[[str], bytes], tmp_path: Path
) -> None:
    """Every header, count and index of a small object, changed: whatever LLVM refuses, so do we.

    The other way round is not so: this parser is stricter in the ways that `malformed.py` lists.
    """
    data = real_file("c-other")
    laxer = []
    positions = range(8, len(data), 11)
    for number, position in enumerate(positions):
        changed = bytearray(data)
        changed[position] = CHANGES[number % len(CHANGES)]
        try:
            parse(bytes(changed), "changed")
        except MalformedFile:
            continue
        if not llvm_reads(bytes(changed), tmp_path / "file.o"):
            laxer.append(position)
    assert not laxer

"""The order of LLVM's tables, as it shows in what wasm-ld does."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from linker.hashes.hash_order import dense_map_order, string_map_order
from linker.hashes.llvm_hash import llvm_string_hash
from tests.tools import require

# Around the sizes at which a table of 16 (StringMap) or 64 buckets (DenseMap) doubles.
SIZES = [2, 7, 12, 13, 24, 25, 47, 48, 49, 96, 97, 200]


def some_names(count: int) -> list[str]:
    source = random.Random(count)
    names: dict[str, None] = {}
    while len(names) < count:
        length = source.choice([2, 3, 6, 8, 12, 16, 20, 32, 40, 64, 70, 130, 200, 260])
        names["n" + "".join(source.choices("abcdefgh_0123", k=length - 1))] = None
    return list(names)


def assemble(text: str, output: Path) -> None:
    subprocess.run(
        [require("llvm-mc-22"), "-triple=wasm32", "-filetype=obj", "-o", str(output)],
        input=text,
        text=True,
        check=True,
    )


def wasm_ld(folder: Path, arguments: list[str]) -> str:
    """Links with wasm-ld 22 and returns what it wrote to stderr."""
    response = folder / "response.txt"
    response.write_text("\n".join(arguments))
    command = [sys.executable, "-m", "ziglang", "wasm-ld", f"@{response}"]
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def function(name: str, signature: str = "() -> ()") -> str:
    return (
        f'.section .text.{name},"",@\n.globl {name}\n.type {name},@function\n'
        f"{name}:\n.functype {name} {signature}\nend_function\n"
    )


@pytest.mark.parametrize("count", [2, 12, 13, 25, 49])
def test_members_are_extracted_in_the_order_of_a_string_map(count: int, tmp_path: Path) -> None:
    names = some_names(count)
    # One object with many names would do for the hash, but only extraction shows the order: a
    # member for each name, and wasm-ld's --trace says which it takes when.
    for number, name in enumerate(names):
        assemble(function(name), tmp_path / f"m{number}.o")
    members = [f"m{number}.o" for number in range(count)]
    archiver = [require("llvm-ar-22"), "rcs", "lib.a", *members]
    subprocess.run(archiver, cwd=tmp_path, check=True)
    options = [f"--export={name}" for name in names]
    wasm_ld(tmp_path, ["--no-entry", *options, "lib.a", "-o", "out.wasm", "--Map=map.txt"])
    placed = re.findall(r"lib\.a\(m(\d+)\.o\)", (tmp_path / "map.txt").read_text())
    extracted = [names[int(number)] for number in dict.fromkeys(placed)]
    assert extracted == string_map_order(names)


@pytest.mark.parametrize("count", SIZES)
def test_variants_are_reported_in_the_order_of_a_dense_map(count: int, tmp_path: Path) -> None:
    names = some_names(count)
    assemble("".join(function(name) for name in names), tmp_path / "define.o")
    declarations = "".join(f".functype {name} (i32) -> ()\n" for name in names)
    calls = "".join(f"i32.const 0\ncall {name}\n" for name in names)
    caller = function("caller").replace("end_function", f"{calls}end_function")
    assemble(declarations + caller, tmp_path / "call.o")
    report = wasm_ld(tmp_path, ["--no-entry", "--export=caller", "call.o", "define.o", "-o", "o"])
    reported = re.findall(r"function signature mismatch: (\S+)", report)
    assert reported == dense_map_order(names)


def test_a_repeated_name_counts_once() -> None:
    names = some_names(20)
    assert string_map_order(names + names[:15]) == string_map_order(names)
    assert dense_map_order(names * 4) == dense_map_order(names)


def test_names_that_are_not_utf_8() -> None:
    raw = [b"\xff\xfe", b"caf\xc3\xa9", b"\x80", b"plain"]
    names = [item.decode("utf-8", "surrogateescape") for item in raw]
    assert sorted(string_map_order(names)) == sorted(names)
    assert sorted(dense_map_order(names)) == sorted(names)


def test_order_depends_on_insertion_where_buckets_collide() -> None:
    names = some_names(12)
    orders = {tuple(string_map_order(names[start:] + names[:start])) for start in range(12)}
    assert len(orders) > 1


def test_every_length_has_its_own_hash() -> None:
    hashes = {llvm_string_hash(b"a" * length) for length in range(300)}
    assert len(hashes) == 300
    assert all(0 <= value < 1 << 64 for value in hashes)

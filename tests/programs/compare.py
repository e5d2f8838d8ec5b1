"""Compares what the reference linker and wasm-ld write, and says where they first differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from linker.driver import run
from tests.programs.zig import link_with_wasm_ld

_SECTION_NAMES = {
    0: "custom", 1: "TYPE", 2: "IMPORT", 3: "FUNCTION", 4: "TABLE", 5: "MEMORY", 6: "GLOBAL",
    7: "EXPORT", 8: "START", 9: "ELEMENT", 10: "CODE", 11: "DATA", 12: "DATA_COUNT", 13: "TAG",
}  # fmt: skip


class Piece(NamedTuple):
    """A section of a module: its name, where it starts, and all its bytes."""

    name: str
    offset: int
    content: bytes


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def sections(module: bytes) -> list[Piece]:
    """The sections of a module, by a reader that shares nothing with the linker."""
    found: list[Piece] = []
    at = 8
    while at < len(module):
        size, start = _leb128(module, at + 1)
        name = _SECTION_NAMES.get(module[at], f"id {module[at]}")
        if module[at] == 0:
            length, text = _leb128(module, start)
            name = module[text : text + length].decode("utf-8", "replace")
        found.append(Piece(name, at, module[at : start + size]))
        at = start + size
    return found


def without_custom_sections(module: bytes) -> bytes:
    """What of a module has a say in what it does."""
    kept = [section.content for section in sections(module) if section.content[0] != 0]
    return module[:8] + b"".join(kept)


def first_difference(expected: bytes, actual: bytes) -> str:
    """In a few lines: the first section that differs, where, and the bytes around it."""
    if expected[:8] != actual[:8]:
        return f"the first 8 bytes: expected {expected[:8].hex(' ')}, found {actual[:8].hex(' ')}"
    wanted_sections, found_sections = sections(expected), sections(actual)
    lines: list[str] = []
    if (names := [s.name for s in wanted_sections]) != (got := [s.name for s in found_sections]):
        lines.append(f"sections: expected {names}\n          found    {got}")
    for wanted, found in zip_longest(wanted_sections, found_sections):
        if wanted is None or found is None or wanted.content != found.content:
            break
    else:
        return "\n".join([*lines, "no difference"])
    if wanted is None or found is None:
        missing = wanted or found
        assert missing is not None
        lines.append(f"section {missing.name} is in one of the two only")
        return "\n".join(lines)
    pairs = zip_longest(wanted.content, found.content)
    at = next(index for index, (one, other) in enumerate(pairs) if one != other)
    differing = sum(a != b for a, b in zip(wanted.content, found.content, strict=False))
    lines.append(
        f"section {wanted.name} ({len(wanted.content)} bytes, found {len(found.content)}): first "
        f"difference at 0x{at:x} in it, 0x{wanted.offset + at:x} in the file; {differing} differ"
    )
    low = max(0, at - 16)
    lines.append(f"expected {_show(wanted.content[low : at + 32])}")
    lines.append(f"found    {_show(found.content[low : at + 32])}")
    return "\n".join(lines)


def _show(part: bytes) -> str:
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
    return f"{part.hex(' ')}  {text}"


def assert_same_bytes(arguments: Sequence[str], folder: Path) -> bytes:
    """Links with both linkers and fails if the modules differ; returns the module.

    `arguments` is wasm-ld's command line without `-o`; `folder` is a writable one.
    """
    expected, messages = link_with_wasm_ld(arguments, folder)
    assert expected is not None, f"wasm-ld refused:\n{messages}"
    module = linked(arguments, "lld-22", folder / "wasm-ld-output.wasm")
    if module != expected:
        difference = first_difference(expected, module)
        raise AssertionError(f"the modules differ\n{difference}\nlink line: {' '.join(arguments)}")
    return expected


def linked(arguments: Sequence[str], dialect: str, output: Path = Path("out.wasm")) -> bytes:
    """The module of the reference linker, which must not refuse."""
    result = run([*arguments, "-o", str(output)], dialect=dialect)
    assert result.module is not None, "the reference refused:\n" + "\n".join(result.errors)
    return result.module


def assert_both_refuse(arguments: Sequence[str], folder: Path) -> tuple[list[str], list[str]]:
    """The errors of wasm-ld and of the reference, which must not link."""
    module, messages = link_with_wasm_ld(arguments, folder)
    assert module is None
    wanted = [text.partition("error: ")[2] for text in messages.splitlines() if "error: " in text]
    result = run([*arguments, "-o", "out.wasm"], dialect="lld-22")
    assert result.module is None
    return wanted, list(result.errors)

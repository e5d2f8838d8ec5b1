"""Sizes of the memory that options ask for, made large enough for what is placed in it."""

from __future__ import annotations

from strategies.command_line.options import PAGE
from strategies.program import Program

SIZES = ("--initial-memory=", "--max-memory=")


def make_room(program: Program) -> None:
    """Raise the sizes that options give, where data, stack and heap would not fit.

    Sizes that are wrong on purpose stay.
    """
    if program.refusal is not None and program.refusal[0].startswith("memory-"):
        return
    least = -(-_bytes_needed(program) // PAGE) * PAGE
    for position, word in enumerate(program.arguments):
        for option in SIZES:
            digits = word.removeprefix(option)
            if word.startswith(option) and digits.isdecimal() and int(digits) < least:
                program.arguments[position] = f"{option}{least}"


def _bytes_needed(program: Program) -> int:
    """No less than the memory that the module begins with, in bytes."""
    options = program.options
    base = _number(options.get("--global-base", ""))
    stack = _number(options.get("stack-size", f"={PAGE}"))
    heap = _number(options.get("--initial-heap", ""))
    segments = [segment for unit in program.units for segment in unit.builder.segments]
    data = sum(len(segment.content) + (1 << segment.alignment) for segment in segments)
    return base + stack + data + heap + PAGE


def _number(word: str) -> int:
    """What a word says behind its last `=`; 0 where that is no number, which is refused."""
    digits = word.rpartition("=")[2]
    return int(digits) if digits.isdecimal() else 0

"""Statements for what linkers say when something is wrong: many errors, limits, odd values.

All of it is without expectations: which message comes first is a linker's own affair, so only
linkers that promise to say the same are compared.
"""

from __future__ import annotations

from strategies.choices import Record
from strategies.command_line.options import add
from strategies.program import Program
from strategies.refusals import disagreements, refused

_WITH_ONE = (
    refused.missing_function,
    refused.missing_data,
    refused.constructor,
)
_WITH_TWO = (
    *_WITH_ONE,
    refused.duplicates,
    disagreements.kinds,
    disagreements.kinds_of_reference,
    refused.global_types,
    refused.table_types,
    disagreements.import_types,
    disagreements.call_types,
)
_ODD_VALUES = (
    ("--error-limit=x",),
    ("--threads=0",),
    ("--threads=many",),
    ("-z", "nognustack"),
    ("-z", "stack-size=1k"),
    ("--unresolved-symbols=some",),
    ("--color-diagnostics=maybe",),
    ("--build-id=md5",),
    ("--build-id=0xqq",),
    ("--global-base=0x400",),
    ("--initial-memory=1e6",),
    ("--max-memory=-1",),
    ("--initial-heap=1",),
    ("--table-base=first",),
    ("--page-size=4096",),
    ("-O9",),
    ("-Ofast",),
    ("--lto-O7",),
    ("--lto-CGO9",),
    ("--lto-partitions=0",),
    ("--thinlto-jobs=none",),
    ("--thinlto-prefix-replace=a",),
    ("--frobnicate",),
    ("-Z",),
    ("--frobnicate=ünïcode",),
    ("-Bsymbolic",),
    ("--end-lib",),
    ("missing.o",),
    ("-lmissing",),
    ("-m", "arm64"),
    ("--rsp-quoting=unix",),
    ("--max-memory=65536",),
    ("--initial-memory=4294967296",),
    ("--initial-memory=4295032832",),
    ("--no-growable-memory", "--max-memory=16777216"),
    ("--import-table", "--export-table"),
    ("--noinhibit-exec",),
    ("--Map=nowhere/out.map",),
    ("--why-extract=nowhere/why.txt",),
    ("--reproduce=nowhere/repro.tar",),
    ("--allow-undefined-file=nowhere.txt",),
    ("-i",),
)


def several(program: Program, record: Record) -> None:
    """Several mistakes at once: their order shows."""
    # wasm-ld 22 does not compare what it takes from archives with the reference to it.
    plain = [unit for unit in program.units if not unit.is_lazy]
    units = (plain[0], plain[-1])
    mistakes = _WITH_ONE if len(plain) == 1 else _WITH_TWO
    count = (1, 2, 3, 5, 25)[record.below(5)]
    for _ in range(count):
        record.pick(mistakes)(program, units, record)
    if count == 25:
        # More of one kind than any limit.
        for _ in range(count):
            refused.missing_function(program, units, record)
        program.note("diagnostics.many")
    program.note("diagnostics.several")
    program.refusal = None
    program.is_vague = True


def reporting(program: Program, record: Record) -> None:
    """How errors and warnings are reported."""
    which = record.below(5)
    detail = record.byte()
    if which == 0:
        limit = (1, 2, 0, 20, 3, 40)[detail * 6 >> 8]
        words = ((f"--error-limit={limit}",), ("--error-limit", str(limit)))[detail & 1]
        add(program, "--error-limit", *words)
    elif which == 1:
        if add(program, "--fatal-warnings", ("--fatal-warnings", "-fatal-warnings")[detail & 1]):
            program.is_vague = True
    elif which == 2:
        words_of_colour = (
            "--color-diagnostics",
            "--color-diagnostics=always",
            "-color-diagnostics",
        )
        add(program, "--color-diagnostics", words_of_colour[detail % 3])
    elif which == 3:
        if add(program, "--allow-undefined", "--warn-unresolved-symbols"):
            program.is_vague = True
    elif add(program, "--noinhibit-exec", ("--noinhibit-exec", "-noinhibit-exec")[detail & 1]):
        program.is_vague = True


def odd_value(program: Program, record: Record) -> None:
    """A value that is wrong or unusual; more than one of them shows their order."""
    if record.chance(128):
        return
    for _ in range(1 + record.below(3)):
        words = record.pick(_ODD_VALUES)
        add(program, f"odd {words[0]}", *words)
        program.uncounted.update(words)
        program.note("diagnostics.odd-value")
    program.is_vague = True

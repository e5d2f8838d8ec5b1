"""Damage to command lines: numbers, kinds, names and response files that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from strategies.case import InputFile
from strategies.choices import Record

NUMBERED = (
    "--initial-memory=",
    "--max-memory=",
    "--initial-heap=",
    "--global-base=",
    "--table-base=",
    "-O",
    "--error-limit=",
    "--page-size=",
)
RESPONSE = "odd.rsp"
WASM_LD = "unspecified: LLD's Options.td and Driver.cpp"


class LineDamage(NamedTuple):
    """One way in which a command line can be wrong.

    Attributes:
        apply: the words to add to a well-formed command line, and response files that go with
            them by name.
        refused: whether every linker with wasm-ld's command line refuses it; False: it is odd.
    """

    name: str
    apply: Callable[[Record], tuple[list[str], list[InputFile]]]
    refused: bool = True


def _words(choices: tuple[list[str], ...]) -> Callable[[Record], tuple[list[str], list[InputFile]]]:
    return lambda record: (record.pick(choices), [])


def number(record: Record) -> tuple[list[str], list[InputFile]]:
    """A number that is none."""
    return [record.pick(NUMBERED) + record.pick(("x", "12x", "0x10000", "1e6", "+1", "--1"))], []


def overflow(record: Record) -> tuple[list[str], list[InputFile]]:
    """A number of more than 64 bits."""
    digits = record.pick((str(1 << 64), "9" * 40, f"-{1 << 63}1", str(1 << 63)))
    return [record.pick(NUMBERED) + digits], []


def negative(record: Record) -> tuple[list[str], list[InputFile]]:
    """A number below zero, which wasm-ld takes for a large one."""
    return [record.pick(NUMBERED[:5]) + record.pick(("-1", "-65536", "-9223372036854775808"))], []


def _response(content: bytes, *more: InputFile) -> tuple[list[str], list[InputFile]]:
    return [f"@{RESPONSE}"], [InputFile(RESPONSE, content), *more]


def response(record: Record) -> tuple[list[str], list[InputFile]]:
    """A response file of odd text: quotes that do not end, empty words, comments."""
    return _response(
        record.pick(
            (
                b"",
                b"\n\n\t \n",
                b"--no-gc-sections '--export-all",
                b'"--no-gc-sections"\\',
                b"--no-gc-sections\\\n",
                b"\xef\xbb\xbf--no-gc-sections",
                b"# no comment",
                b"'' \"\"",
                b"\xff\xfe-\0-\0e\0x\0",
                b"--no-gc-sections\0--export-all",
            )
        )
    )


def response_itself(record: Record) -> tuple[list[str], list[InputFile]]:
    """A response file that names itself."""
    return _response(f"--no-gc-sections @{RESPONSE}".encode())


def response_missing(record: Record) -> tuple[list[str], list[InputFile]]:
    return [record.pick(("@missing.rsp", "@missing/odd.rsp"))], []


DAMAGES: tuple[LineDamage, ...] = (
    LineDamage("option.number", number),
    LineDamage("option.overflow", overflow, refused=False),
    LineDamage("option.negative", negative, refused=False),
    LineDamage(
        "option.stack-size",
        _words(
            tuple(
                ["-z", f"stack-size={text}"]
                for text in ("", "x", "-16", "1.5", str(1 << 64), "08", "0x", "16 ")
            )
        ),
    ),
    LineDamage(
        "option.unknown",
        _words((["--odd"], ["-Q"], ["--no-such=1"], ["--gc-sections=1"], ["--entryy"], ["---"])),
    ),
    LineDamage(
        "option.value-missing",
        # The option takes the next word for its value.
        _words(
            tuple(
                [word, "--no-demangle"]
                for word in ("--entry", "-z", "--export", "-L", "-l", "-u", "--undefined", "-O")
            )
        ),
        refused=False,
    ),
    LineDamage(
        "option.choice",
        _words(
            (
                ["--unresolved-symbols=perhaps"],
                ["--build-id=md4"],
                ["--build-id=0xfg"],
                ["-mwasm16"],
                ["--rsp-quoting=vms"],
                ["--color-diagnostics=perhaps"],
                ["--threads=0"],
                ["--threads=x"],
                ["--thinlto-jobs=x"],
                ["--lto-O9"],
            )
        ),
        refused=False,
    ),
    LineDamage("option.library", _words((["-lmissing"], ["-l:missing.o"], ["-l", "missing"]))),
    LineDamage("option.file-missing", _words((["missing.o"], ["missing/"], ["a/b.o"]))),
    LineDamage("option.folder", _words((["-L.", "-l:."], ["-l:.", "-L."]))),
    LineDamage(
        "option.switch",
        _words((["--end-lib"], ["--start-lib", "--start-lib"], ["--no-such-file", "--end-lib"])),
    ),
    LineDamage("option.response", response, refused=False),
    LineDamage("option.response-itself", response_itself),
    LineDamage("option.response-missing", response_missing),
)

"""Linkers that are wrong on purpose, and cases to give them.

Run as a program, this file is a fake linker: `fakes.py ZIG KIND ARGUMENTS -o OUTPUT`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from harness.adapters.command import CommandLinker
    from strategies.case import LinkCase

EMPTY_MODULE = b"\0asm\1\0\0\0"
# A `picky` linker refuses an input with a byte this great after the mark.
MARK = b"\x05drawn"
PICKY = 7


def command_of(kind: str) -> tuple[str, ...]:
    """The command line of the fake linker of that kind."""
    from harness.adapters.releases import installed_zig

    # -S: nothing from site-packages is needed, and it starts in half the time.
    program = (sys.executable, "-S", "-E", __file__, str(installed_zig()), kind)
    return (*program, "{arguments}", "-o", "{output}")


def fake(kind: str, **variables: str) -> CommandLinker:
    """The fake linker of that kind, with those environment variables."""
    from harness.adapters.command import CommandLinker

    return CommandLinker(f"fake-{kind}", command_of(kind), variables=variables)


def drawn_cases(avoid: frozenset[str] = frozenset()) -> SearchStrategy[LinkCase]:
    """The tiny case with one more object, which holds bytes that are drawn; it has no groups."""
    from hypothesis import strategies as st

    return st.binary(max_size=12).map(case_with)


def case_with(content: bytes) -> LinkCase:
    """The tiny case, and an object with a custom section of that content."""
    import dataclasses

    from harness.adapters.smoke import tiny_case
    from linker.format.encode import encode
    from linker.format.model import CustomSection, LinkingSection, ObjectFile, Section
    from strategies.case import InputFile

    case = tiny_case()
    sections: list[Section] = [LinkingSection(), CustomSection("drawn", content)]
    drawn = InputFile("drawn.o", encode(ObjectFile("drawn.o", sections)))
    return dataclasses.replace(
        case,
        files=(*case.files, drawn),
        arguments=(*case.arguments, "drawn.o"),
        features=(("drawn", len(content)),),
    )


def _drawn() -> bytes:
    content = Path("drawn.o").read_bytes() if Path("drawn.o").exists() else b""
    return content.partition(MARK)[2]


def _good(zig: str, output: Path, arguments: list[str]) -> None:
    """Links with wasm-ld, which starts in a tenth of the time that importing our own takes."""
    subprocess.run([zig, "wasm-ld", *arguments, "-o", output], check=True)


def _speak(arguments: list[str]) -> int:
    """Links, prints and writes side files as `weld-ld` does."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from linker import weld_ld

    return weld_ld.main(arguments)


def main(zig: str, kind: str, arguments: list[str]) -> int:
    output = Path(arguments[-1])
    if kind == "speaks":
        return _speak(arguments)
    if kind == "misspeaks":
        status = _speak(arguments)
        for name in ("out.map", "why.txt"):
            if Path(name).exists():
                with Path(name).open("a") as file:
                    file.write("and more\n")
        print("caller.o: reference to nobody")
        print("wasm-ld: warning: I am not so sure", file=sys.stderr)
        return status
    arguments = arguments[:-2]
    match kind:
        case "good":
            _good(zig, output, arguments)
        case "refuses":
            print("fake: error: I do not like it", file=sys.stderr)
            return 1
        case "picky":
            if any(byte >= PICKY for byte in _drawn()):
                print("fake: error: a byte that is too great", file=sys.stderr)
                return 1
            _good(zig, output, arguments)
        case "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exits-with-139":
            return 139
        case "hangs":
            # The child must be killed with it; it tells where it is.
            child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
            print(child.pid, flush=True)
            time.sleep(60)
        case "eats-memory":
            eaten = []
            while True:
                eaten.append(bytearray(32 << 20))
        case "fills-the-disk":
            with output.open("wb") as file:
                while True:
                    file.write(bytes(1 << 20))
        case "talks":
            for _ in range(200):
                print("x" * 9999)
            return 1
        case "truncated":
            _good(zig, output, arguments)
            output.write_bytes(output.read_bytes()[:-7])
        case "writes-nothing":
            return 0
        case "leaves-behind":
            output.write_bytes(EMPTY_MODULE)
            return 1
        case "unstable":
            # Wrong the first time, right ever after.
            _good(zig, output, arguments)
            flag = Path(os.environ["FAKE_FLAG"])
            if not flag.exists():
                flag.touch()
                output.write_bytes(output.read_bytes()[:-7])
        case _:
            raise AssertionError(kind)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))

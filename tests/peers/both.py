"""The program that stands in for wasm-ld: links with the reference and with wasm-ld 22.

What the two did goes to a log; what wasm-ld did is what the caller sees.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from linker.quirks.dialects import DIALECTS

REFERENCE = (sys.executable, "-m", "linker.weld_ld")
WASM_LD = ("wasm-ld-22",)
# The folder that the test works in, and the log, whose lines are what `record` makes.
FOLDER, LOG = "PEERS_FOLDER", "PEERS_LOG"

_SECONDS = 120.0
_NAMES = re.compile(rb"^(wasm-ld-22|weld-ld)(?=:)", re.MULTILINE)
_OWN_OPTIONS = re.compile(rb"^--(?:dialect|quirk)=?[ ]?\S+\n", re.MULTILINE)


class Result(NamedTuple):
    """What a linker did: `files` are those that it wrote or changed, by path."""

    failed: bool
    stdout: bytes
    stderr: bytes
    files: dict[str, bytes]


def files_in(folder: Path) -> dict[str, bytes]:
    """The content of each file of a folder."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(command: Sequence[str], folder: Path, given: bytes | None) -> Result:
    """Runs a linker. `given` is its standard input, which it inherits if that is None."""
    before = _stamps(folder)
    done = subprocess.run(command, capture_output=True, input=given, timeout=_SECONDS, check=False)
    stamps = _stamps(folder)
    written = [path for path, stamp in stamps.items() if before.get(path) != stamp]
    return Result(
        done.returncode != 0,
        _NAMES.sub(b"wasm-ld", done.stdout),
        _NAMES.sub(b"wasm-ld", done.stderr),
        {path: comparable(path, Path(path).read_bytes()) for path in written},
    )


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """What tells of each file that it was written, also with the bytes that it had."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            stat = path.stat()
            found[str(path)] = (stat.st_ino, stat.st_mtime_ns)
    return found


def comparable(path: str, data: bytes) -> bytes:
    """What is compared of a file.

    Of a `--reproduce` archive not the linker's version, nor the dialect that it was asked for.
    """
    if not path.endswith(".tar"):
        return data
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = ((member, tar.extractfile(member)) for member in tar)
        return b"".join(
            member.name.encode() + b"\0" + _OWN_OPTIONS.sub(b"", file.read())
            for member, file in members
            if file is not None and not member.name.endswith("/version.txt")
        )


def restore(folder: Path, wanted: dict[str, bytes]) -> None:
    """Makes the files of a folder these ones."""
    for path in files_in(folder).keys() - wanted.keys():
        Path(path).unlink()
    for path, data in wanted.items():
        if not Path(path).exists() or Path(path).read_bytes() != data:
            Path(path).write_bytes(data)


def differences(ours: Result, theirs: Result) -> list[str]:
    """In what two results differ: words such as "status", "stderr", or names of files."""
    found = [
        name
        for name in ("failed", "stdout", "stderr")
        if getattr(ours, name) != getattr(theirs, name)
    ]
    for path in sorted(ours.files.keys() | theirs.files.keys()):
        if ours.files.get(path) != theirs.files.get(path):
            found.append(f"file {Path(path).name}")
    return found


def needed_quirks(
    arguments: Sequence[str], folder: Path, given: bytes | None, theirs: Result
) -> list[str]:
    """The quirks without any one of which dialect lld-22 does not do what wasm-ld did."""
    before = files_in(folder)
    needed = []
    everything = sorted(DIALECTS["lld-22"])
    for name in everything:
        switches = [f"--quirk={other}" for other in everything if other != name]
        if differences(run([*REFERENCE, *switches, *arguments], folder, given), theirs):
            needed.append(name)
        restore(folder, before)
    return needed


def main(arguments: Sequence[str]) -> int:
    """Links with both, notes it, and does what wasm-ld did."""
    folder = Path(os.environ[FOLDER])
    given = sys.stdin.buffer.read() if "-" in arguments else None
    before = files_in(folder)
    results = {}
    for dialect in ("standard", "lld-22"):
        command = [*REFERENCE, f"--dialect={dialect}", *arguments]
        results[dialect] = run(command, folder, given)
        restore(folder, before)
    theirs = run([*WASM_LD, *arguments], folder, given)
    found = {name: differences(ours, theirs) for name, ours in results.items()}
    quirks: list[str] = []
    if found["standard"] and not found["lld-22"]:
        after = files_in(folder)
        restore(folder, before)
        quirks = needed_quirks(arguments, folder, given, theirs)
        restore(folder, after)
    record = {
        "arguments": list(arguments),
        "linked": not theirs.failed,
        "differences": found["lld-22"],
        "quirks": quirks,
        "ours": results["lld-22"].stderr.decode("utf-8", "replace"),
        "theirs": theirs.stderr.decode("utf-8", "replace"),
    }
    with Path(os.environ[LOG]).open("a") as log:
        log.write(json.dumps(record) + "\n")
    sys.stdout.buffer.write(theirs.stdout)
    sys.stderr.buffer.write(theirs.stderr)
    return int(theirs.failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

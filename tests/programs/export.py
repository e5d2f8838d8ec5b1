"""Writes the real programs to a folder, to look at by hand: `python -m tests.programs.export DIR`.

For each program DIR/NAME/ gets its objects, args.txt (a response file with absolute paths for
wasm-ld and weld-ld, to which `-o FILE` is added) and expected.wasm, wasm-ld's output.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from tests.programs.build import BUILDERS
from tests.programs.program import ProgramMissing
from tests.programs.zig import link_with_wasm_ld


def export(name: str, folder: Path) -> None:
    """Builds one program in `folder` and links it there."""
    folder.mkdir(parents=True, exist_ok=True)
    program = BUILDERS[name](folder)
    text = "\n".join(shlex.quote(argument) for argument in program.link_line)
    (folder / "args.txt").write_text(text + "\n")
    module, messages = link_with_wasm_ld(program.link_line, folder)
    if module is None:
        raise RuntimeError(f"wasm-ld refused {name}:\n{messages}")
    (folder / "expected.wasm").write_bytes(module)
    print(f"{folder}: {len(module)} bytes")


def main(arguments: list[str]) -> int:
    """The folder, and the programs' names (without any: all)."""
    if not arguments:
        print("usage: python -m tests.programs.export DIR [NAME ...]", file=sys.stderr)
        return 2
    for name in arguments[1:] or BUILDERS:
        try:
            export(name, Path(arguments[0]).absolute() / name)
        except ProgramMissing as error:
            print(f"{name}: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""The stored cases of the seed linker: what it was given, and what it made of it.

`cases/INDEX.md` tells how they came about and what their fields mean.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linker.driver import LinkOutput, run
from linker.format.constants import ValueType
from linker.format.model import FunctionType
from linker.module import Module

CASES = Path(__file__).parent / "cases"
OUTPUT = "out.wasm"
TO_I32 = FunctionType((), (ValueType.I32,))


@dataclass(frozen=True)
class Golden:
    """One case. `files` has the objects, and what was linked under `OUTPUT`."""

    name: str
    options: Mapping[str, Any]
    inputs: tuple[str, ...]
    declarations: tuple[Mapping[str, Any], ...]
    files: Mapping[str, bytes]
    outcome: str
    place: str
    log: tuple[str, ...]

    @property
    def expected(self) -> bytes | str:
        """The module, or what the error message has to start with."""
        if self.outcome == "ok":
            return self.files[OUTPUT]
        if self.outcome.startswith("error "):
            return f"seed error {self.outcome.removeprefix('error ')}: "
        return f"seed stops in {self.place} (quirk "

    @property
    def arguments(self) -> list[str]:
        """weld-ld's command line for the seed's options."""
        options = self.options
        arguments = []
        if options["output_mode"] == "Obj":
            arguments.append("-r")
        elif options["output_mode"] == "Lib" or options.get("exec_model") == "reactor":
            arguments.append("--no-entry")
        if "entry" in options:
            arguments += ["--entry", options["entry"]]
        if "stack_size" in options:
            arguments += ["-z", f"stack-size={options['stack_size']}"]
        for key in ("global_base", "initial_memory", "max_memory"):
            if key in options:
                arguments.append(f"--{key.replace('_', '-')}={options[key]}")
        for key in ("import_memory", "import_table", "export_table"):
            if options.get(key):
                arguments.append(f"--{key.replace('_', '-')}")
        if options.get("strip"):
            arguments.append("-s")
        return [*arguments, "-o", OUTPUT, *self.inputs]

    @property
    def module(self) -> Module | None:
        """The linker's own module, if the case has declarations."""
        if not self.declarations:
            return None
        module = Module(OUTPUT)
        for entry in self.declarations:
            name, content = f"root.{entry['name']}", bytes.fromhex(entry["bytes"])
            if entry["kind"] == "fn":
                declaration = module.add_function(name, TO_I32, content)
            else:
                declaration = module.add_data(name, entry["align"], content)
            if "export" in entry:
                module.export(declaration, entry["export"])
        return module

    def link(self, dialect: str, *options: str) -> LinkOutput:
        def read(path: str) -> bytes:
            if path not in self.files or path == OUTPUT:
                raise FileNotFoundError(2, "No such file or directory")
            return self.files[path]

        return run([*options, *self.arguments], read, dialect, self.module)


def golden_of(case: Mapping[str, Any], files: Mapping[str, bytes]) -> Golden:
    return Golden(
        case["name"],
        case["options"],
        (*case["inputs"], *case.get("inputs_missing", ())),
        tuple(case.get("module", ())),
        files,
        case["outcome"],
        case.get("where", {}).get("function", ""),
        tuple(case["log"]),
    )


@functools.cache
def goldens() -> Mapping[str, Golden]:
    """Every case by its name."""
    found = []
    for path in sorted(CASES.glob("*/case.json")):
        files = {entry.name: entry.read_bytes() for entry in path.parent.iterdir()}
        found.append(golden_of(json.loads(path.read_text(encoding="utf-8")), files))
    for case in json.loads((CASES / "more.json").read_text(encoding="utf-8")):
        files = {name: base64.b64decode(text) for name, text in case["files"].items()}
        found.append(golden_of(case, files))
    return {golden.name: golden for golden in found}


def golden(name: str) -> Golden:
    """A case by its name."""
    return goldens()[name]

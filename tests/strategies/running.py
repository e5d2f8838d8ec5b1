"""Running wasm-ld on a case, and the module it made under wasmtime."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import wasmtime
import ziglang

from strategies import Damaged, LinkCase, MustLink, MustRefuse, ProbeReturns, write_case
from strategies.host import host_number

HostItem = wasmtime.Func | wasmtime.Global | wasmtime.Memory | wasmtime.Table | wasmtime.Tag
# Zeros that are written to an imported memory cost as much as instructions, by the byte.
FUEL = 10_000_000


def link(case: LinkCase, folder: Path) -> tuple[bytes | None, str]:
    """The module that wasm-ld 22 makes of a case in an empty folder, and what it said."""
    write_case(case, folder)
    zig = str(Path(ziglang.__file__).parent / "zig")
    steps = [(step.arguments, step.output) for step in case.prelinks]
    said = ""
    for arguments, output in (*steps, (case.arguments, "out.wasm")):
        run = subprocess.run(
            [zig, "wasm-ld", *arguments, "-o", output],
            cwd=folder,
            capture_output=True,
            env=dict(os.environ),
            timeout=60,
            check=False,
        )
        said += run.stderr.decode(errors="replace")
        if run.returncode != 0:
            return None, f"exit status {run.returncode}: {said}"
    return (folder / "out.wasm").read_bytes(), said


def make_engine() -> wasmtime.Engine:
    """An engine that takes all that the strategies make."""
    config = wasmtime.Config()
    config.wasm_exceptions = True
    config.consume_fuel = True
    return wasmtime.Engine(config)


class Instance:
    """An instance with host functions that return zeros and write down who called."""

    def __init__(self, engine: wasmtime.Engine, module: wasmtime.Module) -> None:
        self.store = wasmtime.Store(engine)
        self.store.set_fuel(FUEL)
        self.calls: list[str] = []
        imports = [self._supply(item) for item in module.imports]
        instance = wasmtime.Instance(self.store, module, imports)
        self.exports = instance.exports(self.store)
        self.calls.clear()

    def _supply(self, item: wasmtime.ImportType) -> HostItem:
        kind = item.type
        if isinstance(kind, wasmtime.FuncType):
            zeros = [0.0 if str(r).startswith("f") else 0 for r in kind.results]
            name = f"{item.module}.{item.name}"

            def host(*arguments: object) -> object:
                self.calls.append(name)
                return zeros[0] if len(zeros) == 1 else zeros or None

            return wasmtime.Func(self.store, kind, host)
        if isinstance(kind, wasmtime.GlobalType):
            value = host_number(item.module, item.name or "")
            makers = {
                "i32": lambda: wasmtime.Val.i32(value),
                "i64": lambda: wasmtime.Val.i64(value),
                "f32": lambda: wasmtime.Val.f32(float(value)),
                "f64": lambda: wasmtime.Val.f64(float(value)),
            }
            return wasmtime.Global(self.store, kind, makers[str(kind.content)]())
        if isinstance(kind, wasmtime.MemoryType):
            return wasmtime.Memory(self.store, kind)
        if isinstance(kind, wasmtime.TagType):
            return wasmtime.Tag(self.store, kind)
        assert isinstance(kind, wasmtime.TableType)
        return wasmtime.Table(self.store, kind, None)

    def call(self, export: str) -> int | None:
        """The result of an exported function, None for a trap or no result."""
        function = self.exports[export]
        assert isinstance(function, wasmtime.Func)
        try:
            result = function(self.store)
        except (wasmtime.Trap, wasmtime.WasmtimeError):
            return None
        return result if isinstance(result, int) else None


def broken_expectations(case: LinkCase, folder: Path, engine: wasmtime.Engine) -> list[str]:
    """What of a case's expectations wasm-ld 22 does not meet."""
    module, said = link(case, folder)
    broken: list[str] = []
    compiled: wasmtime.Module | None = None
    for expectation in case.expectations:
        if isinstance(expectation, MustRefuse):
            if module is not None:
                broken.append(f"linked: {expectation}")
            continue
        if module is None:
            broken.append(f"refused: {said}: {expectation}")
            continue
        if isinstance(expectation, MustLink | Damaged):
            continue
        if compiled is None:
            compiled = wasmtime.Module(engine, module)
        instance = Instance(engine, compiled)
        result = instance.call(expectation.export)
        if isinstance(expectation, ProbeReturns):
            if result != expectation.value:
                broken.append(f"returned {result}: {expectation}")
        elif tuple(instance.calls) != expectation.calls:
            broken.append(f"called {instance.calls}: {expectation}")
    return broken

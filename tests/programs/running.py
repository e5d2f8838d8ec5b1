"""Runs a linked program under wasmtime."""

from __future__ import annotations

from pathlib import Path

import wasmtime

from tests.programs.program import Program
from tests.programs.threads import run_threads

_FUEL = 2_000_000_000  # instructions, about; a program of ours needs a hundredth


def run_module(module: bytes, entry: str, folder: Path) -> str:
    """What the program prints to standard output when its export `entry` is called.

    It runs with WASI; an imported memory or table is given as large as it asks for.
    """
    config = wasmtime.Config()
    config.consume_fuel = True
    engine = wasmtime.Engine(config)
    compiled = wasmtime.Module(engine, module)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    store = wasmtime.Store(engine)
    store.set_fuel(_FUEL)
    output = folder / "stdout.txt"
    wasi = wasmtime.WasiConfig()
    wasi.argv = ["program"]
    wasi.stdout_file = str(output)
    store.set_wasi(wasi)
    for imported in compiled.imports:
        if isinstance(imported.type, wasmtime.MemoryType):
            memory = wasmtime.Memory(store, imported.type)
            linker.define(store, imported.module, str(imported.name), memory)
        elif isinstance(imported.type, wasmtime.TableType):
            table = wasmtime.Table(store, imported.type, None)
            linker.define(store, imported.module, str(imported.name), table)
    instance = linker.instantiate(store, compiled)
    exports = instance.exports(store)
    # A library that exports its constructors leaves it to the host to call them first.
    constructors = exports.get("__wasm_call_ctors") if entry != "_start" else None
    called = exports[entry]
    assert isinstance(called, wasmtime.Func)
    try:
        if isinstance(constructors, wasmtime.Func):
            constructors(store)
        called(store)
    except wasmtime.ExitTrap as trap:
        if trap.code:
            raise
    del called, constructors, exports, instance, linker, store  # closes the output
    return output.read_text()


def run_program(program: Program, module: bytes, folder: Path) -> str:
    """What a linked program prints."""
    return run_threads(module) if program.threads else run_module(module, program.entry, folder)

"""Runs a linked program under wasmtime."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import wasmtime

from tests.programs.compare import without_custom_sections
from tests.programs.program import Program
from tests.programs.threads import run_threads

_FUEL = 2_000_000_000  # instructions, about; a program of ours needs a hundredth


def run_module(module: bytes, entry: str, folder: Path) -> str:
    """What the program prints to standard output when its export `entry` is called.

    It runs with WASI; an imported memory or table is given as large as it asks for.
    """
    config = wasmtime.Config()
    config.consume_fuel = True
    # To compile them costs more than to run them.
    config.cranelift_opt_level = "none"
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


# What modules printed that have run here, by what they are without custom sections.
_ran: dict[tuple[str, bytes], str] = {}


def run_program(program: Program, module: bytes, folder: Path) -> str:
    """What a linked program prints. It runs once, however many links give the same program."""
    code = without_custom_sections(module)
    key = (program.entry, sha256(code).digest())
    if key not in _ran:
        _ran[key] = (
            run_threads(code) if program.threads else run_module(code, program.entry, folder)
        )
    return _ran[key]

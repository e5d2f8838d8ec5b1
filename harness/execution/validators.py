"""Validators of modules: wasmtime's, in this process, and wabt's, a program of its own."""

from __future__ import annotations

import functools
import shutil
import subprocess
from typing import NamedTuple

import wasmtime

from harness.execution.sandbox import make_engine, validate
from harness.running import Limits, limit_process

# Everything a linker's output may use. Not --enable-all: garbage collection and function
# references are no part of what linkers of today are asked for.
_WABT_FEATURES = (
    # Its notion of relocation kinds is older than the files here.
    "--ignore-custom-section-errors",
    "--enable-exceptions",
    "--enable-threads",
    "--enable-tail-call",
    "--enable-memory64",
    "--enable-multi-memory",
    "--enable-extended-const",
    "--enable-relaxed-simd",
)


class Validation(NamedTuple):
    """What a validator said: `problem` is "" for a valid module."""

    validator: str
    problem: str

    @property
    def is_valid(self) -> bool:
        return not self.problem


@functools.cache
def _engine() -> wasmtime.Engine:
    return make_engine()


def validate_with_wasmtime(module: bytes) -> Validation:
    """wasmtime's opinion, in 0.1 ms."""
    return Validation("wasmtime", validate(_engine(), module))


@functools.cache
def find_wasm_validate() -> str | None:
    """The path of wabt's wasm-validate, None where it is not installed."""
    return shutil.which("wasm-validate")


def validate_with_wabt(module: bytes, timeout: float = 30.0) -> Validation | None:
    """wasm-validate's opinion, for 3 ms a start; None where it is not installed.

    A validator that does not end well counts as an opinion: its problem says so.
    """
    program = find_wasm_validate()
    if program is None:
        return None
    with subprocess.Popen(
        [program, *_WABT_FEATURES, "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        limit_process(process.pid, Limits(seconds=timeout))
        try:
            stdout, stderr = process.communicate(module, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            return Validation("wasm-validate", f"no answer in {timeout:g} s")
    if process.returncode == 0:
        return Validation("wasm-validate", "")
    words = (stderr or stdout).decode(errors="replace").strip()
    return Validation("wasm-validate", words or f"exit status {process.returncode}")

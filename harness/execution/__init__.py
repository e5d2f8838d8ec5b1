"""Runs and validates linked modules, with limits, in a process of its own."""

from harness.execution.executor import Executor
from harness.execution.protocol import (
    GlobalState,
    MemoryState,
    ProbeRun,
    Request,
    Response,
    TableState,
)
from harness.execution.validators import (
    Validation,
    find_wasm_validate,
    validate_with_wabt,
    validate_with_wasmtime,
)

__all__ = [
    "Executor",
    "GlobalState",
    "MemoryState",
    "ProbeRun",
    "Request",
    "Response",
    "TableState",
    "Validation",
    "find_wasm_validate",
    "validate_with_wabt",
    "validate_with_wasmtime",
]

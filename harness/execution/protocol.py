"""What the execution worker is asked and what it answers, as msgpack over its pipes.

A message is its length in four bytes, little-endian, and then msgpack.
"""

from __future__ import annotations

import struct
from typing import Literal

import msgspec

HEADER = struct.Struct("<I")


class Request(msgspec.Struct, array_like=True, frozen=True):
    """One module to look at.

    Attributes:
        module: its bytes.
        exports: functions to call, in order; None means every exported function.
        run: False only validates.
        final_state: also report memories, tables and globals after the last call.
        fuel: instructions (about) that instantiation and each call may use.
        memory_limit: bytes that each memory may have.
    """

    module: bytes
    exports: tuple[str, ...] | None = None
    run: bool = True
    final_state: bool = False
    fuel: int = 2_000_000
    memory_limit: int = 64 << 20


class ProbeRun(msgspec.Struct, array_like=True, frozen=True):
    """What calling one export did.

    Attributes:
        export: its name.
        results: result values; integers as signed, floats as hexadecimal bit patterns
            (so that NaN equals itself), references as "null" or "reference". None if the
            call did not return.
        trap: the trap code ("unreachable", "indirect-call-to-null", ...), "" for none.
        calls: host functions called meanwhile, in order, as "module.name".
        arguments: the arguments of each of those calls, rendered like `results`.
        problem: why the call could not be made ("missing", "not-a-function",
            "value-type"), "" if it was made.
    """

    export: str
    results: tuple[int | str, ...] | None = None
    trap: str = ""
    calls: tuple[str, ...] = ()
    arguments: tuple[tuple[int | str, ...], ...] = ()
    problem: str = ""


class MemoryState(msgspec.Struct, array_like=True, frozen=True):
    """An exported memory after the run: its size in bytes, the non-zero pieces of it, and
    whether they were cut off because there are too many."""

    name: str
    size: int
    pieces: tuple[tuple[int, bytes], ...]
    cut: bool = False


class TableState(msgspec.Struct, array_like=True, frozen=True):
    """An exported table after the run: its size in elements and which of them are null."""

    name: str
    size: int
    nulls: tuple[int, ...]


class GlobalState(msgspec.Struct, array_like=True, frozen=True):
    """The value of an exported global after the run, rendered like a probe's result."""

    name: str
    value: int | str


class Response(msgspec.Struct, array_like=True, frozen=True):
    """What became of a module.

    Attributes:
        status: "ran"; "validated" (nothing was to be run); "invalid" (the validator refused
            it); "limit" (it needs more memory or table than allowed); "unsupported" (this
            runtime cannot run it); "trapped" (instantiation trapped).
            The executor adds "timed-out" and "died" for the worker itself.
        message: the runtime's words, "" for "ran" and "validated".
        trap: the trap code of instantiation.
        start_calls: host functions called during instantiation, as "module.name".
    """

    status: Literal[
        "ran", "validated", "invalid", "limit", "unsupported", "trapped", "timed-out", "died"
    ]
    message: str = ""
    trap: str = ""
    start_calls: tuple[str, ...] = ()
    probes: tuple[ProbeRun, ...] = ()
    memories: tuple[MemoryState, ...] = ()
    tables: tuple[TableState, ...] = ()
    globals: tuple[GlobalState, ...] = ()

    @property
    def is_valid(self) -> bool | None:
        """What the validator said; None where the worker did not live to say it."""
        if self.status in ("timed-out", "died"):
            return None
        return self.status != "invalid"

    @property
    def has_run(self) -> bool:
        return self.status == "ran"

"""Instantiates one module under wasmtime and calls its exports, in this process.

The harness does this in a worker process (`worker`), because a module may hang or crash the
runtime.
"""

from __future__ import annotations

import ctypes
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import wasmtime
from wasmtime import _ffi
from wasmtime._extern import wrap_extern

from harness.execution.protocol import (
    GlobalState,
    MemoryState,
    ProbeRun,
    Request,
    Response,
    TableState,
)
from strategies.host import host_number

MAX_TABLE_ELEMENTS = 1 << 20
MAX_HOST_CALLS = 10_000
MAX_STATE_BYTES = 4 << 20
# Values that let position-independent and memory-importing modules run at all.
IMPORTED_GLOBALS = {"__stack_pointer": 49152, "__memory_base": 1024, "__table_base": 1}
_PIECES = re.compile(rb"[^\0]+(?:\0{1,15}[^\0]+)*")

Value = int | str
Extern = Any
WasmValue = Any


class UnsupportedByRuntime(Exception):
    """The module is valid, and wasmtime's Python API cannot give it what it imports."""


def make_engine() -> wasmtime.Engine:
    """An engine with every feature a linker's output may use, tuned for fast compilation."""
    config = wasmtime.Config()
    config.consume_fuel = True
    config.wasm_threads = True
    config.shared_memory = True
    config.wasm_tail_call = True
    config.wasm_exceptions = True
    config.wasm_multi_memory = True
    config.wasm_memory64 = True
    config.wasm_relaxed_simd = True
    config.wasm_wide_arithmetic = True
    config.parallel_compilation = False
    config.native_unwind_info = False
    # A module lives for some calls: compile time is all that counts (measured: half).
    config.cranelift_opt_level = "none"
    config.cranelift_flag_set("regalloc_algorithm", "single_pass")
    # No gigabytes of reserved address space and no copy-on-write image for each instance.
    config.memory_init_cow = False
    config.memory_reservation = 0
    config.memory_reservation_for_growth = 0
    config.memory_guard_size = 0
    return wasmtime.Engine(config)


def validate(engine: wasmtime.Engine, module: bytes) -> str:
    """The validator's objection to a module, "" if it is valid."""
    try:
        wasmtime.Module.validate(engine, module)
    except wasmtime.WasmtimeError as error:
        return str(error)
    return ""


def render(value: WasmValue, value_type: str) -> Value:
    """A result or argument as something that can be compared and sent."""
    if value_type in ("i32", "i64"):
        return int(value)
    if value_type == "f32":
        return "f32:" + struct.pack(">f", value).hex()
    if value_type == "f64":
        return "f64:" + struct.pack(">d", value).hex()
    return "null" if value is None else "reference"


def _type_names(types: Sequence[wasmtime.ValType]) -> list[str]:
    names = []
    for value_type in types:
        try:
            names.append(str(value_type))
        except (AttributeError, TypeError):
            # The package prints no vector type.
            names.append("other")
    return names


def _zero(value_type: str) -> int | float | None:
    if value_type in ("i32", "i64"):
        return 0
    if value_type in ("f32", "f64"):
        return 0.0
    if value_type in ("funcref", "externref"):
        return None
    raise UnsupportedByRuntime(f"value type {value_type}")


def trap_name(error: Exception) -> str:
    """The code of a trap, dashed; "" for an error that is none."""
    if isinstance(error, wasmtime.Trap):
        code = error.trap_code
        return "trap" if code is None else code.name.lower().replace("_", "-")
    return ""


class _Recorder:
    """Records calls of the generic host functions."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.arguments: list[tuple[Value, ...]] = []

    def take(self) -> tuple[tuple[str, ...], tuple[tuple[Value, ...], ...]]:
        taken = tuple(self.calls), tuple(self.arguments)
        self.calls.clear()
        self.arguments.clear()
        return taken

    def function(self, name: str, parameters: list[str], results: list[str]) -> Callable[..., Any]:
        zeros = [_zero(result) for result in results]
        answer = None if not zeros else zeros[0] if len(zeros) == 1 else zeros

        def call(*arguments: WasmValue) -> WasmValue:
            if len(self.calls) < MAX_HOST_CALLS:
                self.calls.append(name)
                self.arguments.append(
                    tuple(render(a, t) for a, t in zip(arguments, parameters, strict=True))
                )
            return answer

        return call


def _satisfy(
    engine: wasmtime.Engine,
    store: wasmtime.Store,
    wanted: wasmtime.ImportType,
    recorder: _Recorder,
    request: Request,
) -> Extern:
    """Something that fits an import."""
    kind = wanted.type
    name = f"{wanted.module}.{wanted.name}"
    if isinstance(kind, wasmtime.FuncType):
        parameters, results = _type_names(kind.params), _type_names(kind.results)
        for parameter in parameters:
            _zero(parameter)
        return wasmtime.Func(store, kind, recorder.function(name, parameters, results))
    if isinstance(kind, wasmtime.MemoryType):
        if kind.is_shared:
            # Shared memories do not belong to the store, whose limits would hold them.
            if kind.limits.min * kind.page_size > request.memory_limit:
                raise UnsupportedByRuntime("shared memory over the limit")
            return _HostMemory(engine, kind)
        return wasmtime.Memory(store, kind)
    if isinstance(kind, wasmtime.TableType):
        return wasmtime.Table(store, kind, None)
    if isinstance(kind, wasmtime.GlobalType):
        zero = _zero(str(kind.content))
        known = IMPORTED_GLOBALS.get(wanted.name or "")
        value = host_number(wanted.module, wanted.name or "") if known is None else known
        return wasmtime.Global(store, kind, None if zero is None else type(zero)(value))
    if isinstance(kind, wasmtime.TagType):
        return wasmtime.Tag(store, kind)
    raise UnsupportedByRuntime(f"import {name}")


class _HostMemory(wasmtime.SharedMemory):
    """A shared memory that can be imported: the package hands over a pointer too many."""

    def _as_extern(self) -> _ffi.wasmtime_extern_t:
        union = _ffi.wasmtime_extern_union(sharedmemory=self.ptr())
        return _ffi.wasmtime_extern_t(_ffi.WASMTIME_EXTERN_SHAREDMEMORY, union)


def _memory_state(name: str, size: int, address: ctypes._Pointer[ctypes.c_ubyte]) -> MemoryState:
    content = ctypes.string_at(address, size) if size else b""
    pieces: list[tuple[int, bytes]] = []
    total = 0
    for match in _PIECES.finditer(content):
        total += match.end() - match.start()
        if total > MAX_STATE_BYTES:
            return MemoryState(name, size, tuple(pieces), True)
        pieces.append((match.start(), match.group()))
    return MemoryState(name, size, tuple(pieces))


def _table_state(store: wasmtime.Store, name: str, table: wasmtime.Table) -> TableState:
    size = table.size(store)
    nulls = []
    for index in range(size):
        element = table.get(store, index)
        # The package gives a null reference as a Val that holds None.
        if element is None or (isinstance(element, wasmtime.Val) and element.value is None):
            nulls.append(index)
    return TableState(name, size, tuple(nulls))


def _final_state(
    store: wasmtime.Store, exports: Mapping[str, Extern]
) -> tuple[tuple[MemoryState, ...], tuple[TableState, ...], tuple[GlobalState, ...]]:
    memories, tables, globals_ = [], [], []
    for name, item in exports.items():
        if isinstance(item, wasmtime.Memory):
            memories.append(_memory_state(name, item.data_len(store), item.data_ptr(store)))
        elif isinstance(item, wasmtime.SharedMemory):
            memories.append(_memory_state(name, item.data_len(), item.data_ptr()))
        elif isinstance(item, wasmtime.Table):
            tables.append(_table_state(store, name, item))
        elif isinstance(item, wasmtime.Global):
            content = _type_names([item.type(store).content])[0]
            if content != "other":
                globals_.append(GlobalState(name, render(item.value(store), content)))
    return tuple(memories), tuple(tables), tuple(globals_)


class _Instances:
    """Makes instances of one module in one store; host functions are shared by all."""

    def __init__(
        self,
        engine: wasmtime.Engine,
        store: wasmtime.Store,
        module: wasmtime.Module,
        request: Request,
    ) -> None:
        self.engine = engine
        self.store = store
        self.module = module
        self.request = request
        self.recorder = _Recorder()
        self._imports = module.imports
        self._functions: dict[int, wasmtime.Func] = {}

    def fresh(self) -> wasmtime.Instance:
        """A new instance. Raises what wasmtime raises."""
        externs = []
        for position, wanted in enumerate(self._imports):
            extern = self._functions.get(position)
            if extern is None:
                extern = _satisfy(self.engine, self.store, wanted, self.recorder, self.request)
                if isinstance(extern, wasmtime.Func):
                    self._functions[position] = extern
            externs.append(extern)
        self.store.set_fuel(self.request.fuel)
        return wasmtime.Instance(self.store, self.module, externs)

    def export(self, instance: wasmtime.Instance, name: str) -> Extern | None:
        """One export, None if there is none of that name.

        The package's mapping wraps all exports of an instance, which costs more than the
        instance (0.3 ms for 60); the C function finds one.
        """
        item = _ffi.wasmtime_extern_t()
        encoded = name.encode(errors="surrogateescape")
        found = _ffi.wasmtime_instance_export_get(
            self.store._context(),
            ctypes.byref(instance._instance),
            encoded,
            len(encoded),
            ctypes.byref(item),
        )
        return wrap_extern(item) if found else None


def _probe(instances: _Instances, instance: wasmtime.Instance, name: str) -> ProbeRun:
    store, recorder = instances.store, instances.recorder
    function = instances.export(instance, name)
    if function is None:
        return ProbeRun(name, problem="missing")
    if not isinstance(function, wasmtime.Func):
        return ProbeRun(name, problem="not-a-function")
    kind = function.type(store)
    parameters, results = _type_names(kind.params), _type_names(kind.results)
    try:
        arguments = [_zero(parameter) for parameter in parameters]
        for result in results:
            _zero(result)
    except UnsupportedByRuntime:
        return ProbeRun(name, problem="value-type")
    store.set_fuel(instances.request.fuel)
    try:
        answer = function(store, *arguments)
    except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
        return ProbeRun(name, None, trap_name(error) or "error", *recorder.take())
    values = [] if not results else [answer] if len(results) == 1 else answer
    rendered = tuple(render(value, kind) for value, kind in zip(values, results, strict=True))
    return ProbeRun(name, rendered, "", *recorder.take())


def _state_after_all(
    instances: _Instances, names: Sequence[str]
) -> tuple[tuple[MemoryState, ...], tuple[TableState, ...], tuple[GlobalState, ...]]:
    instance = instances.fresh()
    for name in names:
        _probe(instances, instance, name)
    return _final_state(instances.store, instance.exports(instances.store))


def _is_limit(message: str) -> bool:
    return ("exceeds" in message and "limit" in message) or "memory minimum size" in message


def execute(engine: wasmtime.Engine, request: Request) -> Response:
    """Validates a module, instantiates it and calls the exports asked for.

    Each call happens in a fresh instance (a command's exports run the constructors every
    time) and with fuel of its own. Parameters are zero. The final state, where asked for, is
    that of one more instance in which all exports were called in order. Never raises for what
    the module does.
    """
    problem = validate(engine, request.module)
    if problem:
        return Response("invalid", problem)
    if not request.run:
        return Response("validated")
    try:
        module = wasmtime.Module(engine, request.module)
    except wasmtime.WasmtimeError as error:
        return Response("unsupported", str(error))
    store = wasmtime.Store(engine)
    store.set_limits(memory_size=request.memory_limit, table_elements=MAX_TABLE_ELEMENTS)
    instances = _Instances(engine, store, module, request)
    try:
        instance = instances.fresh()
    except UnsupportedByRuntime as error:
        return Response("unsupported", str(error))
    except wasmtime.Trap as error:
        calls, _ = instances.recorder.take()
        return Response("trapped", error.message, trap_name(error), calls)
    except wasmtime.WasmtimeError as error:
        message = str(error)
        return Response("limit" if _is_limit(message) else "unsupported", message)
    start_calls, _ = instances.recorder.take()
    names = request.exports
    if names is None:
        names = tuple(e.name for e in module.exports if isinstance(e.type, wasmtime.FuncType))
    probes = []
    try:
        for position, name in enumerate(names):
            if position:
                instance = instances.fresh()
                instances.recorder.take()
            probes.append(_probe(instances, instance, name))
        state = _state_after_all(instances, names) if request.final_state else ((), (), ())
    except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
        return Response("limit", f"instance {len(probes) + 1}: {error}")
    return Response("ran", "", "", start_calls, tuple(probes), *state)

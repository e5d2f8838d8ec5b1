"""Running modules in a process of its own: results, traps, host calls, limits, dead workers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from harness.execution import (
    Executor,
    ProbeRun,
    Request,
    validate_with_wabt,
    validate_with_wasmtime,
)
from linker.format.constants import ExternalKind, LimitsFlag, ValueType
from linker.format.encode import encode
from linker.format.model import (
    CodeSection,
    DataSection,
    DataSegment,
    ElementSection,
    ElementSegment,
    Export,
    ExportSection,
    FunctionBody,
    FunctionSection,
    FunctionType,
    Global,
    GlobalSection,
    GlobalType,
    Import,
    ImportSection,
    InitExpr,
    Limits,
    MemorySection,
    ObjectFile,
    Section,
    StartSection,
    Table,
    TableSection,
    TableType,
    TypeSection,
)
from tests.harness import modules
from tests.tools import require

I32, I64, F64 = ValueType.I32, ValueType.I64, ValueType.F64
FUNCTION = ExternalKind.FUNCTION
ANY = LimitsFlag(0)
ZERO = InitExpr(b"\x41\x00\x0b")
ONE = InitExpr(b"\x41\x01\x0b")


def module(
    bodies: dict[str, tuple[FunctionType, bytes]],
    imports: list[tuple[str, FunctionType]] | None = None,
    sections: list[Section] | None = None,
    start: int | None = None,
    extra_exports: tuple[Export, ...] = (),
) -> bytes:
    """A module of exported functions (code without locals), and other sections."""
    imports = imports or []
    types = [kind for _, kind in imports] + [kind for kind, _ in bodies.values()]
    base = len(imports)
    exports = [Export(name, FUNCTION, base + i) for i, name in enumerate(bodies)]
    made: list[Section] = [
        TypeSection(types),
        FunctionSection([base + i for i in range(len(bodies))]),
        ExportSection([*exports, *extra_exports]),
        CodeSection([FunctionBody(b"\0" + code + b"\x0b") for _, code in bodies.values()]),
    ]
    if imports:
        entries = [Import("env", name, FUNCTION, i) for i, (name, _) in enumerate(imports)]
        made.append(ImportSection(entries))
    if start is not None:
        made.append(StartSection(start))
    made.extend(sections or [])
    order = (1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11, 0)
    return encode(ObjectFile("module", sorted(made, key=lambda s: order.index(s.id))))


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with Executor() as made:
        yield made


def run_one(executor: Executor, code: bytes, result: ValueType = I32) -> ProbeRun:
    kind = FunctionType((), (result,))
    (probe,) = executor.run(Request(module({"f": (kind, code)}), ("f",))).probes
    return probe


@pytest.mark.parametrize(
    ("code", "kind", "value"),
    [
        (b"\x41\x7f", I32, -1),
        (b"\x42\x7f", I64, -1),
        (b"\x44" + bytes(7) + b"\x40", F64, "f64:4000000000000000"),
    ],
)
def test_results_have_the_value_that_was_returned(
    executor: Executor, code: bytes, kind: ValueType, value: int | str
) -> None:
    assert run_one(executor, code, kind).results == (value,)


@pytest.mark.parametrize(
    ("code", "trap"),
    [
        (b"\x00", "unreachable"),
        (b"\x41\x01\x41\x00\x6d", "integer-division-by-zero"),
        (b"\x03\x40\x0c\x00\x0b\x00", "out-of-fuel"),
        (b"\x10\x00", "stack-overflow"),
    ],
)
def test_a_trap_is_named_by_its_code(executor: Executor, code: bytes, trap: str) -> None:
    run = run_one(executor, code)
    assert (run.results, run.trap) == (None, trap)


def test_host_calls_are_recorded_in_order_with_arguments(executor: Executor) -> None:
    hosts = [("a", FunctionType((I32,), ())), ("b", FunctionType((), (I32,)))]
    kind = FunctionType((), (I32,))
    code = b"\x10\x01\x1a\x41\x05\x10\x00\x10\x01"
    response = executor.run(Request(module({"f": (kind, code)}, hosts), ("f",)))
    expected = ProbeRun("f", (0,), "", ("env.b", "env.a", "env.b"), ((), (5,), ()))
    assert response.probes == (expected,)


def test_every_call_has_a_fresh_instance(executor: Executor) -> None:
    """A global that each call increments is 1 after every call."""
    kind = FunctionType((), (I32,))
    code = b"\x23\x00\x41\x01\x6a\x24\x00\x23\x00"
    counter = GlobalSection([Global(GlobalType(I32, True), ZERO)])
    made = module({"f": (kind, code), "g": (kind, code)}, sections=[counter])
    response = executor.run(Request(made, ("f", "g", "f")))
    assert [probe.results for probe in response.probes] == [(1,), (1,), (1,)]


def test_the_final_state_is_that_after_all_calls(executor: Executor) -> None:
    kind = FunctionType((), ())
    store = b"\x41\x08\x41\x2a\x36\x02\x00\x23\x00\x41\x01\x6a\x24\x00"
    made = module(
        {"f": (kind, store)},
        sections=[
            MemorySection([Limits(ANY, 1)]),
            TableSection([Table(TableType(ValueType.FUNCREF, Limits(ANY, 3)))]),
            GlobalSection([Global(GlobalType(I32, True), ZERO)]),
            ElementSection([ElementSegment(0, 0, ONE, None, (0,))]),
            DataSection([DataSegment(0, 0, ZERO, b"data")]),
        ],
        extra_exports=(
            Export("m", ExternalKind.MEMORY, 0),
            Export("t", ExternalKind.TABLE, 0),
            Export("g", ExternalKind.GLOBAL, 0),
        ),
    )
    response = executor.run(Request(made, ("f", "f"), final_state=True))
    (memory,) = response.memories
    assert (memory.size, memory.pieces) == (65536, ((0, b"data\0\0\0\0\x2a"),))
    assert [(t.size, t.nulls) for t in response.tables] == [(3, (0, 2))]
    assert [g.value for g in response.globals] == [2]
    assert executor.run(Request(made, ("f",))).memories == ()


def test_imported_memories_tables_and_globals_are_provided(executor: Executor) -> None:
    entries = [
        Import("env", "memory", ExternalKind.MEMORY, Limits(ANY, 1)),
        Import(
            "env",
            "table",
            ExternalKind.TABLE,
            TableType(ValueType.FUNCREF, Limits(ANY, 1)),
        ),
        Import("env", "__memory_base", ExternalKind.GLOBAL, GlobalType(I32, False)),
    ]
    kind = FunctionType((), (I32,))
    made = module({"f": (kind, b"\x23\x00")}, sections=[ImportSection(entries)])
    assert executor.run(Request(made, ("f",))).probes[0].results == (1024,)


def test_a_trap_in_the_start_function_is_reported(executor: Executor) -> None:
    hosts = [("first", FunctionType((), ()))]
    made = module({"f": (FunctionType((), ()), b"\x10\x00\x00")}, hosts, start=1)
    response = executor.run(Request(made, ()))
    assert (response.status, response.trap) == ("trapped", "unreachable")
    assert response.start_calls == ("env.first",)


def test_an_invalid_module_is_invalid_and_nothing_else(executor: Executor) -> None:
    made = module({"f": (FunctionType((), (I32,)), b"")})
    response = executor.run(Request(made, ("f",)))
    assert (response.status, response.is_valid) == ("invalid", False)
    assert "type mismatch" in response.message
    assert executor.run(Request(b"nonsense")).status == "invalid"


def test_a_module_that_needs_too_much_memory_meets_the_limit(executor: Executor) -> None:
    pages = MemorySection([Limits(ANY, 20)])
    made = module({"f": (FunctionType((), ()), b"")}, sections=[pages])
    assert executor.run(Request(made, (), memory_limit=1 << 20)).status == "limit"
    assert executor.run(Request(made, (), memory_limit=2 << 20)).status == "ran"


def test_what_cannot_be_called_is_told(executor: Executor) -> None:
    memory = MemorySection([Limits(ANY, 1)])
    exports = (Export("memory", ExternalKind.MEMORY, 0),)
    made = module({}, sections=[memory], extra_exports=exports)
    response = executor.run(Request(made, ("absent", "memory")))
    assert [probe.problem for probe in response.probes] == ["missing", "not-a-function"]


def test_without_a_list_all_functions_are_called(executor: Executor) -> None:
    kind = FunctionType((I32,), (I32,))
    response = executor.run(Request(module({"f": (kind, b"\x20\x00")})))
    assert [(p.export, p.results) for p in response.probes] == [("f", (0,))]


def test_a_hanging_worker_is_replaced() -> None:
    """atomic.wait blocks inside of the runtime, where fuel does not end it."""
    wait = b"\x41\x00\x41\x00\x42\x7f\xfe\x01\x02\x00"
    shared = MemorySection([Limits(LimitsFlag.HAS_MAX | LimitsFlag.IS_SHARED, 1, 1)])
    hanging = module({"f": (FunctionType((), (I32,)), wait)}, sections=[shared])
    with Executor(deadline=1.0) as executor:
        executor.warm_up()
        assert executor.run(Request(hanging, ("f",))).status == "timed-out"
        executor.deadline = 30.0
        assert run_one(executor, b"\x41\x01").results == (1,)
        assert executor.restarts == 1


def test_a_dead_worker_is_told_and_replaced() -> None:
    with Executor() as executor:
        assert run_one(executor, b"\x41\x01").results == (1,)
        process = executor._process
        assert process is not None
        hanging = module({"f": (FunctionType((), (I32,)), b"\x41\x01")})
        os.kill(process.pid, signal.SIGSTOP)
        executor.start(Request(hanging, ("f",)))
        os.kill(process.pid, signal.SIGKILL)
        assert executor.finish().status == "died"
        assert run_one(executor, b"\x41\x02").results == (2,)


def test_a_worker_that_died_idle_costs_no_module() -> None:
    with Executor() as executor:
        assert run_one(executor, b"\x41\x01").results == (1,)
        process = executor._process
        assert process is not None
        process.kill()
        process.wait()
        assert run_one(executor, b"\x41\x02").results == (2,)


def test_starting_twice_without_an_answer_is_a_mistake(executor: Executor) -> None:
    made = module({"f": (FunctionType((), (I32,)), b"\x41\x01")})
    executor.start(Request(made, ("f",)))
    with pytest.raises(RuntimeError):
        executor.start(Request(made, ("f",)))
    assert executor.finish().has_run


def test_both_validators_agree_on_right_and_wrong() -> None:
    require("wasm-validate")
    right = modules.link(modules.make_case())
    wrong = modules.broken(right, modules.break_validity)
    for module_, valid in ((right, True), (wrong, False)):
        second = validate_with_wabt(module_)
        assert second is not None
        assert validate_with_wasmtime(module_).is_valid is valid
        assert second.is_valid is valid

"""The host of the program with threads: each is an instance of the module in a Python thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import wasmtime

from tests.linker.linked import HostMemory

THREADS = 4
_STACK = 4096  # bytes of a thread


class _Instance:
    """An instance with a store of its own, in a memory that it shares."""

    def __init__(
        self, engine: wasmtime.Engine, module: wasmtime.Module, memory: HostMemory
    ) -> None:
        self.store = wasmtime.Store(engine)
        self.exports = wasmtime.Instance(self.store, module, [memory]).exports(self.store)

    def call(self, name: str, *arguments: int) -> int:
        """Calls an export; 0 for one without a result."""
        called = self.exports[name]
        assert isinstance(called, wasmtime.Func)
        answer = called(self.store, *arguments)
        return answer if isinstance(answer, int) else 0

    def set_global(self, name: str, value: int) -> None:
        found = self.exports[name]
        assert isinstance(found, wasmtime.Global)
        found.set_value(self.store, value)


def run_threads(code: bytes) -> str:
    """What the threads found, in lines.

    The first instance is the main thread: its start function fills the memory, and no other
    does so again. A thread's stack lies below its thread-local storage, in one block.
    """
    config = wasmtime.Config()
    config.wasm_threads = True
    config.shared_memory = True
    engine = wasmtime.Engine(config)
    module = wasmtime.Module(engine, code)
    wanted = [imported.type for imported in module.imports]
    assert len(wanted) == 1
    assert isinstance(wanted[0], wasmtime.MemoryType)
    memory = HostMemory(engine, wanted[0])
    main = _Instance(engine, module, memory)
    main.call("__wasm_call_ctors")
    size, alignment = main.call("tls_size"), main.call("tls_align")
    aligned = int(main.call("tls_base") % alignment == 0)
    lines = [
        f"main thread: number {main.call('main_thread_number')}, tls base aligned {aligned},"
        f" constructed {main.call('constructed_by')}"
    ]
    blocks = [main.call("new_block", _STACK + size, max(alignment, 16)) for _ in range(THREADS)]

    def run_thread(number: int) -> int:
        thread = _Instance(engine, module, memory)
        storage = blocks[number] + _STACK
        thread.set_global("__stack_pointer", storage)
        thread.call("__wasm_init_tls", storage)
        assert thread.call("tls_base") == storage
        return thread.call("thread_main", number)

    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(run_thread, range(THREADS)))
    lines += [f"thread {number}: {result}" for number, result in enumerate(results)]
    totals = " ".join(str(main.call("total_of", number)) for number in range(THREADS))
    lines.append(f"totals {totals}, together {main.call('grand')}")
    return "\n".join(lines) + "\n"

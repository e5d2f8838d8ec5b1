"""Threads: shared memory and thread-local storage.

Linking.md, "Shared Memory and Passive Segments" and "Thread Local Storage".
"""

from __future__ import annotations

import pytest
import wasmtime

from linker.format import model
from linker.format.constants import LimitsFlag
from tests.linker.assemble import assemble
from tests.linker.conftest import Linker
from tests.linker.linked import HostMemory, Running, engine
from tests.linker.objects import (
    ADD,
    EXPORTED,
    NO_STRIP,
    TLS,
    TLS_SEGMENT,
    TO_I32,
    Part,
    R,
    Site,
    address,
    call,
    data,
    features,
    function,
    function_pointer,
    global_get,
    load,
    undefined_data,
    undefined_global,
    undefined_table,
    word,
)

SHARED = "--shared-memory --max-memory=262144 --export-memory --import-memory"
THREADED = features("+atomics", "+bulk-memory", "+mutable-globals")


def tls_address(name: str, addend: int = 0) -> list[Part]:
    return [global_get("__tls_base"), b"\x41", Site(R.MEMORY_ADDR_TLS_SLEB, name, addend), ADD]


PLAIN = assemble(
    data("x", word(7), flags=EXPORTED, alignment=2),
    data("zero", bytes(8), segment=".bss.zero", flags=EXPORTED),
    function("f", load("x"), type=TO_I32, flags=EXPORTED),
    THREADED,
)
LOCALS = assemble(
    data("a", word(1), segment=".tdata.a", alignment=4, flags=TLS),
    data("b", word(2), segment=".tdata.b", flags=TLS),
    undefined_global("__tls_base", mutable=True),
    function("of_a", tls_address("a"), type=TO_I32, flags=EXPORTED),
    function("of_b", tls_address("b"), type=TO_I32, flags=EXPORTED),
    function("load_b", tls_address("b"), b"\x28\x02\x00", type=TO_I32, flags=EXPORTED),
    THREADED,
)


class Thread:
    """An instance on a memory that may be shared with others."""

    def __init__(self, module: bytes, memory: HostMemory) -> None:
        compiled = wasmtime.Module(engine(), module)
        self.store = wasmtime.Store(engine())
        self.store.set_fuel(1_000_000)
        self.exports = wasmtime.Instance(self.store, compiled, [memory]).exports(self.store)

    def call(self, name: str, *arguments: int) -> object:
        called = self.exports[name]
        assert isinstance(called, wasmtime.Func)
        return called(self.store, *arguments)


def shared_memory(pages: int) -> HostMemory:
    limits = wasmtime.Limits(pages, 4)
    return HostMemory(engine(), wasmtime.MemoryType(limits, shared=True))


def test_all_segments_are_passive(link: Linker) -> None:
    linked = link(PLAIN, options=SHARED)
    assert [(s.name, s.address) for s in linked.segments] == [(".data", None)]
    count = linked.file.find(model.DataCountSection)
    assert count is not None
    assert count.count == 1


def test_the_start_function_initialises_memory(link: Linker) -> None:
    linked = link(PLAIN, options=SHARED)
    start = linked.file.find(model.StartSection)
    assert start is not None
    assert start.function == linked.function_index("__wasm_init_memory")
    assert "__wasm_init_memory" not in linked.exports


def test_the_first_thread_initialises_and_the_others_find_it_done(link: Linker) -> None:
    linked = link(PLAIN, options=SHARED)
    memory = shared_memory(linked.memory.minimum)
    assert Thread(linked.module, memory).call("f") == 7
    x = linked.address("x")
    memory.data_ptr()[x] = 9
    assert Thread(linked.module, memory).call("f") == 9


def test_the_flag_of_the_initialisation_follows_the_data(link: Linker) -> None:
    linked = link(PLAIN, options=f"{SHARED} --export=__data_end")
    memory = shared_memory(linked.memory.minimum)
    Thread(linked.module, memory)
    flag = linked.address("__data_end") - 4
    assert memory.data_ptr()[flag] == 2
    assert linked.address("__data_end") == 65536 + 4 + 8 + 4


def test_a_shared_memory_without_data_needs_no_start(link: Linker) -> None:
    unit = assemble(function("f", flags=EXPORTED), THREADED)
    linked = link(unit, options=SHARED)
    assert linked.file.find(model.StartSection) is None
    assert linked.memory.flags & LimitsFlag.IS_SHARED


def test_imported_memory_that_is_not_shared_needs_only_its_zeros_filled(link: Linker) -> None:
    linked = link(PLAIN, options="--import-memory")
    assert [(s.name, s.address) for s in linked.segments] == [(".data", 65536)]
    assert linked.functions[0] == "__wasm_init_memory" or "__wasm_init_memory" in linked.functions
    assert linked.body("__wasm_init_memory").endswith(bytes.fromhex("41 00 41 08 fc 0b 00 0b"))


# Thread-local storage.


def test_thread_local_data_is_one_segment(link: Linker) -> None:
    linked = link(LOCALS, options=SHARED)
    assert [(s.name, s.content) for s in linked.segments] == [(".tdata", word(1) + word(2))]


def test_relocations_are_relative_to_the_threads_block(link: Linker) -> None:
    linked = link(LOCALS, options=f"{SHARED} --export=__wasm_init_tls")
    memory = shared_memory(linked.memory.minimum)
    thread = Thread(linked.module, memory)
    thread.call("__wasm_init_tls", 32768)
    assert (thread.call("of_a"), thread.call("of_b")) == (32768, 32772)
    assert thread.call("load_b") == 2


def test_the_first_thread_uses_the_block_in_the_data(link: Linker) -> None:
    linked = link(LOCALS, PLAIN, options=SHARED)
    thread = Thread(linked.module, shared_memory(linked.memory.minimum))
    assert thread.call("of_b") == 65536 + 4
    assert thread.call("load_b") == 2


def test_size_and_alignment_of_the_block(link: Linker) -> None:
    linked = link(
        LOCALS,
        options=f"{SHARED} --export=__tls_size --export=__tls_align --export=__tls_base",
    )
    assert linked.address("__tls_size") == 8
    assert linked.address("__tls_align") == 16
    assert linked.address("__tls_base") == 0


def test_without_threads_it_is_plain_data(link: Linker) -> None:
    linked = link(LOCALS)
    assert [(s.name, s.address) for s in linked.segments] == [(".tdata", 65536)]
    assert (linked.run("of_a"), linked.run("load_b")) == (65536, 2)
    assert linked.global_called("__tls_base") == 65536


@pytest.mark.parametrize("segment", [".tdata.x", ".tbss.x", "other"])
def test_thread_local_segments_by_name_or_flag(link: Linker, segment: str) -> None:
    flags = TLS_SEGMENT if segment == "other" else 0
    unit = assemble(
        data("x", word(0), segment=segment, segment_flags=flags, flags=NO_STRIP), THREADED
    )
    assert [s.name for s in link(unit).segments] == [".tdata"]


def test_init_tls_without_thread_local_data_does_nothing(link: Linker) -> None:
    linked = link(PLAIN, options=f"{SHARED} --export=__wasm_init_tls")
    assert linked.body("__wasm_init_tls") == b"\0\x0b"


def test_an_address_of_thread_local_data_in_a_global(link: Linker) -> None:
    unit = assemble(
        data("a", word(1), segment=".tdata.a", flags=TLS),
        function("got", b"\x23", Site(R.GLOBAL_INDEX_LEB, "a"), type=TO_I32, flags=EXPORTED),
        THREADED,
    )
    assert link(unit).run("got") == 65536


def test_the_same_program_with_and_without_threads(link: Linker) -> None:
    unit = assemble(
        function("f", address("x"), function_pointer("f"), ADD, type=TO_I32, flags=EXPORTED),
        function("g", call("f"), type=TO_I32, flags=EXPORTED),
        undefined_data("x"),
        undefined_table(flags=NO_STRIP),
    )
    plain = Running(link(PLAIN, assemble(THREADED)).module, {})
    assert plain.call("f") == 7
    linked = link(unit, assemble(data("x", word(1)), THREADED), options=SHARED)
    assert Thread(linked.module, shared_memory(linked.memory.minimum)).call("g") == 65537

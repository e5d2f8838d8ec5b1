"""Names that the linker defines, and what objects say of them.

*unspecified*: createSyntheticSymbols, createOptionalSymbols; replaceSymbol looks at nothing.
"""

from __future__ import annotations

import pytest

from tests.linker.assemble import assemble
from tests.linker.conftest import Linker, link_here
from tests.linker.objects import (
    EXPORTED,
    FROM_I32,
    I64,
    NO_STRIP,
    WEAK,
    Declaration,
    address,
    call,
    data,
    features,
    function,
    function_pointer,
    global_get,
    global_variable,
    init,
    table_size,
    throw,
    undefined_function,
    undefined_global,
)

DROP = b"\x1a"
THREADS = (
    features("+atomics", "+bulk-memory", "+mutable-globals"),
    data("x", b"1", flags=NO_STRIP),
    # A thread-local variable: without one the size and alignment of the block are 0.
    data("own", b"1", segment=".tdata.own", flags=NO_STRIP),
)


@pytest.mark.parametrize("name", ["__stack_pointer", "__wasm_call_ctors"])
def test_these_may_not_be_defined_by_an_object(link: Linker, name: str) -> None:
    entry = function(name) if "ctors" in name else global_variable(name, mutable=True)
    assert f"duplicate symbol: {name}" in link.refusal(assemble(entry))


@pytest.mark.parametrize("name", ["__tls_base", "__tls_size", "__tls_align"])
def test_nor_these_in_a_shared_memory(link: Linker, name: str) -> None:
    entry = global_variable(name, mutable=name == "__tls_base")
    message = link.refusal(assemble(entry, *THREADS), options="--shared-memory")
    assert f"duplicate symbol: {name}" in message


def test_without_a_shared_memory_the_program_may_define_them(link: Linker) -> None:
    unit = assemble(global_variable("__tls_base", 7), function("f", global_get("__tls_base"), DROP))
    assert link(unit, options="--export=f").functions == ["f"]


@pytest.mark.parametrize(
    "entry",
    [
        function("__wasm_init_memory", flags=EXPORTED),
        data("__wasm_init_memory_flag", b"1234", flags=EXPORTED),
        function("f.command_export", flags=EXPORTED),
    ],
    ids=lambda entry: entry.name,
)
def test_what_the_linker_makes_late_replaces_nothing_of_the_program(
    link: Linker, entry: Declaration
) -> None:
    """wasm-ld's function is then the one that is called."""
    unit = assemble(entry, function("f", flags=EXPORTED), function("i"), init("i"), *THREADS)
    message = link.refusal(unit, options="--shared-memory", departs=True)
    assert "duplicate symbol: " in message


def test_a_program_may_call_them_if_they_are_known_by_then(link: Linker) -> None:
    """A reference is missing where relocations are looked at; a weak one finds the function."""
    user = function("f", call("__wasm_init_memory"), flags=EXPORTED)
    message = link.refusal(assemble(user, *THREADS), options="--shared-memory")
    assert "undefined symbol: __wasm_init_memory" in message
    weak = assemble(user, undefined_function("__wasm_init_memory", flags=WEAK), *THREADS)
    linked = link(weak, options="--shared-memory")
    assert linked.functions.count("__wasm_init_memory") == 1


def test_a_weak_reference_must_have_their_signature(link: Linker) -> None:
    user = function("f", b"\x41\x00", call("__wasm_init_memory"), flags=EXPORTED)
    reference = undefined_function("__wasm_init_memory", type=FROM_I32, flags=WEAK)
    message = link.refusal(
        assemble(user, reference, *THREADS), options="--shared-memory", departs=True
    )
    assert "function signature mismatch: __wasm_init_memory" in message


def test_an_import_of_that_name_is_named_once(link: Linker) -> None:
    user = assemble(function("f", call("__wasm_init_memory"), flags=EXPORTED), *THREADS)
    options = "--shared-memory --allow-undefined"
    linked = link(user, options=options, departs=True)
    assert linked.imports == ["env.__wasm_init_memory"]


@pytest.mark.parametrize(
    "use",
    [
        call("__heap_base"),
        [*function_pointer("__heap_base"), DROP],
        [*table_size("__heap_base"), DROP],
        throw("__heap_base"),
        call("__start_part"),
        call("__tls_base"),
        [*address("__tls_base"), DROP],
    ],
    ids=["called", "pointer", "table", "tag", "start", "global called", "global as data"],
)
def test_they_are_used_as_what_they_are(use: list[bytes]) -> None:
    part = data("d", b"1", segment="part", flags=NO_STRIP)
    files = {"a.o": assemble(function("f", use, flags=EXPORTED), part)}
    arguments = ["--no-entry", "a.o"]
    assert "symbol type mismatch: __" in link_here(files, arguments).errors[0]
    (error,) = link_here(files, arguments, "lld-22").errors
    assert "or writes arbitrary numbers" in error


def test_the_address_of_the_linkers_data_may_be_asked_for_as_a_global(link: Linker) -> None:
    unit = assemble(function("f", global_get("__heap_base"), DROP), undefined_global("__heap_base"))
    assert "GOT.data.internal.__heap_base" in link(unit, options="--export=f").global_names


def test_a_reference_to_the_thread_local_base_is_one_to_its_value_type(link: Linker) -> None:
    user = function("f", global_get("__tls_base"), DROP)
    variable = undefined_global("__tls_base", mutable=True)
    assert link(assemble(user, variable), options="--export=f").functions == ["f"]
    wide = assemble(user, undefined_global("__tls_base", type=I64))
    message = link.refusal(wide, options="--export=f", departs=True)
    assert "Global type mismatch: __tls_base" in message

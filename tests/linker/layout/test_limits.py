"""Odd sizes: numbers that need another byte, many of everything, files that ask for too much."""

from __future__ import annotations

import time

import pytest

from linker.format import model
from linker.format.constants import SymbolKind
from linker.format.encode import encode
from linker.format.parse import parse
from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker, link_here
from tests.linker.linked import Linked
from tests.linker.objects import (
    DROP,
    EXPORTED,
    I32,
    I64,
    LOCAL,
    NO_STRIP,
    TO_I32,
    WEAK,
    R,
    Site,
    address,
    alias,
    call,
    const,
    custom,
    data,
    function,
    function_word,
    init,
    load,
    pointer,
    returning,
    signature,
    undefined_data,
    undefined_function,
    undefined_table,
    word,
)

# Below and above what fits in one byte and in two.
COUNTS = [127, 128, 129, 300]


@pytest.mark.parametrize("count", COUNTS)
def test_many_functions(link: Linker, count: int) -> None:
    names = [f"f{number}" for number in range(count)]
    unit = assemble(*(returning(name, number) for number, name in enumerate(names)))
    user = assemble(
        function("main", call(names[-1]), type=TO_I32, flags=EXPORTED),
        undefined_function(names[-1], type=TO_I32),
    )
    linked = link(unit, user, options="--no-gc-sections --compress-relocations -S")
    assert linked.run("main") == count - 1


@pytest.mark.parametrize("count", COUNTS)
def test_many_imports(link: Linker, count: int) -> None:
    unit = assemble(
        function("main", *(call(f"f{number}") for number in range(count)), flags=EXPORTED),
    )
    linked = link(unit, options="--allow-undefined")
    assert len(linked.imports) == count
    running = linked.start()
    running.call("main")
    assert len(running.calls) == count


@pytest.mark.parametrize("count", [63, 64, 127, 128])
def test_many_places_in_the_table(link: Linker, count: int) -> None:
    names = [f"f{number}" for number in range(count)]
    unit = assemble(
        *(function(name) for name in names),
        data("p", *(function_word(name) for name in names), flags=EXPORTED),
        undefined_table(flags=NO_STRIP),
    )
    linked = link(unit)
    assert linked.word("p", 4 * (count - 1)) == count
    assert linked.tables[0].limits.minimum == count + 1


@pytest.mark.parametrize("count", [127, 128, 200])
def test_many_types(link: Linker, count: int) -> None:
    def numbered(number: int) -> model.FunctionType:
        return signature([I64 if number & 1 << bit else I32 for bit in range(8)])

    unit = assemble(
        *(function(f"f{number}", type=numbered(number), flags=EXPORTED) for number in range(count))
    )
    assert len(link(unit).types) == count


@pytest.mark.parametrize("size", [127, 128, 16383, 16384, 70000])
def test_large_data(link: Linker, size: int) -> None:
    unit = assemble(
        data("x", bytes(size), b"\1"),
        alias("end", "x", offset=size - 3),
        function("f", load("end"), type=TO_I32, flags=EXPORTED),
    )
    assert link(unit).run("f") == 1 << 24


@pytest.mark.parametrize("size", [125, 126, 127, 16382, 16383])
def test_large_functions(link: Linker, size: int) -> None:
    unit = assemble(
        function("f", b"\x01" * (size - 2), flags=EXPORTED),
        function("g", call("f"), flags=EXPORTED),
        custom(".debug_line", Site(R.FUNCTION_OFFSET_I32, "g")),
    )
    linked = link(unit)
    linked.run("g")
    width = 1 if size < 128 else 2
    assert linked.custom(".debug_line") == word(1 + width + size + 1)


@pytest.mark.parametrize("length", [1, 127, 128, 5000])
def test_long_names(link: Linker, length: int) -> None:
    name = "n" * length
    linked = link(assemble(function(name, flags=EXPORTED)))
    assert linked.exports == ["memory", name]


def test_many_init_functions(link: Linker) -> None:
    count = 200
    unit = assemble(
        *(function(f"c{number}", flags=LOCAL) for number in range(count)),
        *(init(f"c{number}", count - number) for number in range(count)),
        function("main", flags=EXPORTED),
    )
    linked = link(unit)
    linked.run("main")
    assert len(linked.body("__wasm_call_ctors")) > 2 * count


def test_an_object_of_nothing(link: Linker) -> None:
    linked = link(assemble())
    assert linked.section_names == ["Memory", "Global", "Export", "name"]


def test_many_objects() -> None:
    files = {
        f"o{number}.o": assemble(function(f"f{number}", call(f"f{number + 1}")))
        for number in range(500)
    }
    files["last.o"] = assemble(function("f500"))
    output = link_here(files, ["--no-entry", "--export=f0", *files])
    assert output.module is not None
    assert len(Linked(output.module).functions) == 501


def test_a_long_chain_of_calls_is_followed_without_a_deep_stack() -> None:
    count = 3000
    unit = assemble(
        *(function(f"f{number}", call(f"f{number + 1}")) for number in range(count)),
        function(f"f{count}"),
    )
    output = link_here({"a.o": unit}, ["--no-entry", "--export=f0", "a.o"])
    assert output.module is not None
    assert len(Linked(output.module).functions) == count + 1


def test_errors_stop_at_the_limit(link: Linker) -> None:
    calls = [call(f"f{number}") for number in range(30)]
    unit = assemble(function("main", *calls, flags=EXPORTED))
    assert len(link.refusal(unit).splitlines()) == 21
    assert len(link.refusal(unit, options="--error-limit=3").splitlines()) == 4
    assert len(link.refusal(unit, options="--error-limit=0").splitlines()) == 30


# Files that ask for more than they are worth.


def test_padding_of_gigabytes_is_refused() -> None:
    units = {f"{name}.o": assemble(data(name, b"1", alignment=30, flags=NO_STRIP)) for name in "ab"}
    started = time.monotonic()
    output = link_here(units, ["--no-entry", *units])
    assert output.module is None
    assert "larger than" in output.errors[0]
    assert time.monotonic() - started < 5


def test_no_object_at_all(link: Linker) -> None:
    plain = encode(model.ObjectFile("", [model.TypeSection([signature()])]))
    assert link.refusal(plain) == "a.o: not a relocatable wasm file"


def test_a_linked_module_is_no_object(link: Linker) -> None:
    module = link(assemble(function("f", flags=EXPORTED))).module
    assert link.refusal(module) == "a.o: not a relocatable wasm file"


def cut(number: int) -> bytes:
    unit = assemble(function("f", call("g"), flags=EXPORTED), data("x", pointer("y")))
    return unit[: len(unit) * number // 7]


@pytest.mark.parametrize("number", range(1, 7))
def test_a_file_that_ends_early_is_malformed(link: Linker, number: int) -> None:
    message = link.malformed(cut(number))
    assert message.startswith("a.o: ")


@pytest.mark.parametrize(
    ("symbol", "message"),
    [
        (
            model.Symbol(SymbolKind.FUNCTION, 0, "f", 9),
            "invalid function symbol index (section linking, offset",
        ),
        (model.Symbol(SymbolKind.GLOBAL, 0, "v", 9), "invalid global symbol index"),
        (
            model.Symbol(SymbolKind.DATA, 0, "d", None, model.DataReference(9, 0, 0)),
            "segment",
        ),
        (
            model.Symbol(SymbolKind.DATA, 0, "d", None, model.DataReference(0, 9, 0)),
            "segment",
        ),
    ],
)
def test_symbols_of_what_is_not_there(link: Linker, symbol: model.Symbol, message: str) -> None:
    file = parse(assemble(function("f"), data("x", b"1")), "")
    linking = file.find(model.LinkingSection)
    assert linking is not None
    linking.symbols.append(symbol)
    assert message in link.malformed(encode(file))


def test_an_archive_that_holds_itself_many_times_over(link: Linker) -> None:
    member = assemble(function("f", const(1), DROP, flags=WEAK))
    lib = archive(*([member] * 50))
    user = assemble(function("main", call("f"), flags=EXPORTED))
    assert link(user, lib).functions == ["main", "f"]
    assert link(user, lib, options="--whole-archive").functions == ["main", "f"]


# Numbers that go round in wasm-ld 22: the dialect has its bytes, the standard refuses.


def everything_numbered() -> bytes:
    return assemble(
        undefined_table(flags=NO_STRIP),
        undefined_data("__heap_base"),
        undefined_data("__stack_low"),
        undefined_data("__stack_high"),
        function("one"),
        function("two"),
        data("x", bytes(20)),
        function(
            "main",
            *(part for name in ("x", "__heap_base", "__stack_low") for part in load(name)),
            *[DROP] * 3,
            *load("__stack_high"),
            *address("x"),
            *[DROP] * 2,
            flags=EXPORTED,
        ),
        data(
            "places",
            *(Site(R.TABLE_INDEX_I64, name) for name in ("one", "two")),
            *(Site(R.MEMORY_ADDR_I64, name) for name in ("x", "__stack_high")),
            flags=EXPORTED,
        ),
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--no-stack-first --global-base=-64", "memory too large"),
        ("--no-stack-first --global-base=-64 --emit-relocs", "memory too large"),
        ("--no-stack-first --global-base=-64 --compress-relocations -S", "memory too large"),
        ("-z stack-size=18446744073709551600", "memory too large"),
        ("-z stack-size=4294967296 --initial-heap=65536", "cannot be greater than 0"),
        ("-z stack-size=4294967280 --initial-heap=4294836224", "cannot be greater than 0"),
        ("--initial-heap=-65536 --initial-memory=65536", "initial heap too large"),
        ("--table-base=4294967294", "table too large"),
        ("--table-base=4294967295", "table too large"),
        ("--table-base=-1 --growable-table", "table too large"),
    ],
)
def test_numbers_that_go_round(link: Linker, options: str, reason: str) -> None:
    assert reason in link.refusal(everything_numbered(), options=options, departs=True)


def test_the_last_place_in_the_table_means_none_for_a_reference(link: Linker) -> None:
    unit = assemble(
        undefined_table(flags=NO_STRIP),
        undefined_function("f"),
        data("p", function_word("f"), function_word("f"), flags=EXPORTED),
    )
    reason = link.refusal(unit, options="-r --table-base=4294967295", departs=True)
    assert reason == "table too large, 4294967296 entries of at most 4294967295"

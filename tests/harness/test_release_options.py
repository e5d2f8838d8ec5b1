"""What a release of wasm-ld, or a dialect, does not have is `unsupported`, not a refusal."""

from __future__ import annotations

import pytest

from harness.adapters.base import Linker
from harness.adapters.lld import WasmLd, listed_options
from harness.adapters.reference import Reference
from harness.generation import plain, strategy_for, with_compared_groups
from linker.format.constants import RelocationType
from strategies.case import InputFile, LinkCase
from tests.linker.assemble import archive, assemble
from tests.linker.objects import (
    EXPORTED,
    WEAK,
    Site,
    call,
    data,
    function,
    undefined_function,
)

HELP = """OPTIONS:
  --export-memory=<value> Export the module's memory with the passed name
  --entry <entry>        Name of entry point symbol
  -L <dir>               Add a directory to the library search path
                         --not-an-option in a description
"""


def old_wasm_ld(release: int = 19) -> WasmLd:
    return WasmLd("lld", ("lld",), "LLD", release, options=listed_options(HELP))


def test_the_options_of_a_release_are_read_from_its_help() -> None:
    assert listed_options(HELP) == {"--export-memory", "--export-memory=", "--entry", "-L"}


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (("--entry", "f", "a.o"), None),
        (("--export-memory=x",), None),
        (("--initial-heap=65536",), "--initial-heap="),
        (("--no-such-option",), None),
        (("--lto-obj-path=x",), None),
    ],
)
def test_what_a_release_does_not_know_is_unsupported(
    arguments: tuple[str, ...], missing: str | None
) -> None:
    problem = old_wasm_ld(14).unsupported(LinkCase((), arguments, (), ()))
    assert problem == (missing and f"wasm-ld 14 has no option {missing}")


def test_a_release_with_a_dialect_has_the_options_of_that() -> None:
    case = LinkCase((), ("--lto-obj-path=x",), (), ())
    assert old_wasm_ld(19).unsupported(case) == "wasm-ld 19 has no option --lto-obj-path="
    assert old_wasm_ld(20).unsupported(case) is None


def test_an_older_spelling_may_mean_something_else() -> None:
    """`-library x` is `-l ibrary` and an input where there is no such option."""
    case = LinkCase((), ("--no-entry", "-library", "x"), (), ())
    assert (
        WasmLd("lld", ("lld",), "LLD", 15).unsupported(case) == "wasm-ld 15 has no option -library"
    )
    assert WasmLd("lld", ("lld",), "LLD", 16).unsupported(case) is None


def test_a_dialect_has_the_options_of_its_release() -> None:
    assert Reference("lld-15").unsupported(LinkCase((), ("-library", "x"), (), ())) == (
        "lld-15 has no option -library"
    )
    case = LinkCase((), ("--page-size=1", "a.o"), (), ())
    assert Reference("lld-20").unsupported(case) == "lld-20 has no option --page-size="
    assert Reference("lld-21").unsupported(case) is None
    assert Reference().unsupported(case) is None


def test_compressing_what_wasm_ld_cannot_compress_is_unsupported() -> None:
    probe = function(
        "f", b"\x41", Site(RelocationType.MEMORY_ADDR_REL_SLEB, "x"), b"\x1a", flags=EXPORTED
    )
    unit = assemble(data("x", b"1"), probe)
    arguments = ("-S", "--compress-relocations", "a.o", "b.a")
    files = (InputFile("a.o", assemble(function("g"))), InputFile("b.a", archive(unit)))
    wasm_ld = WasmLd("lld", ("lld",), "LLD", 20)
    assert "undefined behaviour" in str(wasm_ld.unsupported(LinkCase(files, arguments, (), ())))
    assert wasm_ld.unsupported(LinkCase(files[:1], arguments, (), ())) is None
    assert wasm_ld.unsupported(LinkCase(files, arguments[2:], (), ())) is None


def test_what_wasm_ld_15_writes_from_uninitialised_memory_is_unsupported() -> None:
    user = assemble(undefined_function("x", flags=WEAK), function("f", call("x"), flags=EXPORTED))
    strong = assemble(undefined_function("x"), function("f", call("x"), flags=EXPORTED))
    library = InputFile("b.a", archive(assemble(function("x"))))

    def problem(release: int, unit: bytes, *arguments: str) -> str | None:
        case = LinkCase((InputFile("a.o", unit), library), (*arguments, "a.o", "b.a"), (), ())
        return WasmLd("lld", ("lld",), "LLD", release).unsupported(case)

    assert "undefined behaviour" in str(problem(15, user, "-r"))
    assert problem(15, user, "--no-entry") is None
    assert problem(15, strong, "-r") is None
    assert problem(16, user, "-r") is None


def test_a_release_beside_its_own_dialect_is_given_what_only_bytes_can_judge() -> None:
    beside: list[Linker] = [Reference("lld-19"), old_wasm_ld(19)]
    assert strategy_for(beside) is with_compared_groups
    assert strategy_for([Reference("lld-18"), old_wasm_ld(19)]) is plain
    assert strategy_for([old_wasm_ld(19)]) is plain
    assert strategy_for([Reference(), old_wasm_ld(19)]) is with_compared_groups


def test_a_release_that_only_tells_its_version_is_unsupported() -> None:
    case = LinkCase((), ("-v", "a.o"), (), ())
    for linker in (WasmLd("lld", ("lld",), "LLD", 19), Reference("lld-19")):
        assert "links nothing" in str(linker.unsupported(case))
    for linker in (WasmLd("lld", ("lld",), "LLD", 20), Reference("lld-20"), Reference()):
        assert linker.unsupported(case) is None

"""The size of the memory, and the options for it (lld/wasm/Writer.cpp, layoutMemory)."""

from __future__ import annotations

import pytest

from linker.format.constants import LimitsFlag
from linker.format.model import Limits
from tests.linker.assemble import assemble
from tests.linker.conftest import Linker, link_here
from tests.linker.objects import EXPORTED, data, features, function

UNIT = assemble(data("x", bytes(20), flags=EXPORTED))
THREADED = assemble(features("+atomics", "+bulk-memory"))
PAGE = 65536


def pages(minimum: int, maximum: int | None = None, flags: int = 0) -> Limits:
    has_maximum = 0 if maximum is None else LimitsFlag.HAS_MAX
    return Limits(LimitsFlag(flags | has_maximum), minimum, maximum)


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ("", pages(2)),
        ("-z stack-size=16", pages(1)),
        (f"-z stack-size={PAGE - 32}", pages(1)),
        (f"-z stack-size={PAGE - 16}", pages(2)),
        ("--no-stack-first", pages(2)),
        (f"--initial-memory={5 * PAGE}", pages(5)),
        (f"--initial-heap={3 * PAGE}", pages(5)),
        (f"--max-memory={9 * PAGE}", pages(2, 9)),
        ("--no-growable-memory", pages(2, 2)),
        (f"--no-growable-memory --initial-memory={3 * PAGE}", pages(3, 3)),
        (f"--initial-memory={3 * PAGE} --max-memory={3 * PAGE}", pages(3, 3)),
        ("--max-memory=4294967296", pages(2, 65536)),
        ("--initial-memory=4294967296", pages(65536)),
        ("--global-base=1000000", pages(16)),
        ("--import-memory", pages(2)),
        (f"--import-memory --max-memory={4 * PAGE}", pages(2, 4)),
    ],
)
def test_limits(link: Linker, options: str, limits: Limits) -> None:
    assert link(UNIT, options=options).memory == limits


def test_shared_memory_has_a_maximum(link: Linker) -> None:
    shared = int(LimitsFlag.IS_SHARED)
    linked = link(UNIT, THREADED, options=f"--shared-memory --max-memory={4 * PAGE}")
    assert linked.memory == pages(2, 4, shared)
    linked = link(UNIT, THREADED, options="--shared-memory")
    assert linked.memory == pages(2, 2, shared)


def test_a_page_of_one_byte(link: Linker) -> None:
    linked = link(UNIT, options="--page-size=1 -z stack-size=16")
    assert linked.memory == Limits(LimitsFlag.HAS_PAGE_SIZE, 36, None, 0)


@pytest.mark.parametrize(
    ("options", "exports", "imports"),
    [
        ("", ["memory", "x"], []),
        ("--export-memory=m", ["m", "x"], []),
        ("--import-memory", ["x"], ["env.memory"]),
        ("--import-memory=a,b", ["x"], ["a.b"]),
        ("--import-memory --export-memory", ["memory", "x"], ["env.memory"]),
        ("--import-memory=a,b --export-memory=c", ["c", "x"], ["a.b"]),
    ],
)
def test_imported_and_exported(
    link: Linker, options: str, exports: list[str], imports: list[str]
) -> None:
    linked = link(UNIT, options=options)
    assert (linked.exports, linked.imports) == (exports, imports)


def test_there_is_a_memory_even_without_data(link: Linker) -> None:
    assert link(assemble(function("f"))).memory == pages(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("-z stack-size=100", "stack size must be 16-byte aligned"),
        ("--initial-heap=100", "initial heap must be aligned to the page size (65536 bytes)"),
        ("--initial-memory=100", "initial memory must be aligned to the page size (65536 bytes)"),
        ("--initial-memory=65536", "initial memory too small, 65556 bytes needed"),
        ("--initial-memory=65537", "initial memory too small, 65556 bytes needed"),
        (
            f"--initial-memory={4294967296 + PAGE}",
            "initial memory too large, cannot be greater than 4294967296",
        ),
        ("--max-memory=100", "maximum memory must be aligned to the page size (65536 bytes)"),
        ("--max-memory=65536", "maximum memory too small, 131072 bytes needed"),
        (
            f"--max-memory={4294967296 + PAGE}",
            "maximum memory too large, cannot be greater than 4294967296",
        ),
        (
            "--initial-heap=4294967296",
            "initial heap too large, cannot be greater than 4294901740",
        ),
        (
            "--global-base=16",
            "--global-base cannot be less than stack size when --stack-first is used",
        ),
        ("--page-size=1 --initial-memory=17", "initial memory too small, 65556 bytes needed"),
    ],
)
def test_refusals(link: Linker, options: str, message: str) -> None:
    assert message in link.refusal(UNIT, options=options).splitlines()


def test_more_than_4_gib_is_refused(link: Linker) -> None:
    # wasm-ld lays it out: see test_quirks.
    refusal = link.refusal(UNIT, options="-z stack-size=4294967280", departs=True)
    assert refusal == "memory too large, 4294967300 bytes needed of at most 4294967296"


def test_a_huge_alignment_is_refused() -> None:
    unit = assemble(data("x", b"1", alignment=33, flags=EXPORTED))
    output = link_here({"a.o": unit}, ["--no-entry", "a.o"])
    assert output.module is None
    assert "alignment" in output.errors[0]

"""Compiled cases: what they promise, and that they are compiled once and hold."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings

from harness.adapters.discover import find
from harness.cli import main
from harness.linking import Workplace
from harness.oracles.judge import Bench, start
from strategies.case import LinkCase, ProbeReturns
from strategies.compiled import cases as compiled
from strategies.compiled.cases import (
    COMPILED_FEATURES,
    HEADER_BYTES,
    MOST_ITEMS,
    RECORD_BYTES,
    CompilerMissing,
    compile_source,
    compiled_cases,
    make_plan,
    random_compiled_case,
)


def random_choices(random: Random) -> tuple[bytes, list[bytes]]:
    records = [random.randbytes(RECORD_BYTES) for _ in range(random.randint(1, MOST_ITEMS))]
    return random.randbytes(HEADER_BYTES), records


def test_every_promised_feature_is_made() -> None:
    """But for how the objects are packed, which the next test sees."""
    random = Random(1)
    counts: Counter[str] = Counter()
    for _ in range(500):
        counts.update(make_plan(*random_choices(random)).sources.notes)
    promised = {name for name in COMPILED_FEATURES if not name.startswith("c.packaging.")}
    assert set(counts) == promised
    assert min(counts.values()) >= 5


def test_cases_link_and_return_what_they_should() -> None:
    """A dozen cases, with the reference and wasm-ld 22: a longer run is `--lane compiled`."""
    linkers = [find("reference"), find("lld-22")]
    packagings: Counter[str] = Counter()
    with Workplace() as place, Bench() as bench:
        for seed in range(12):
            case = random_compiled_case(Random(seed))
            packagings.update(name for name, _ in case.features if "packaging" in name)
            assert any(isinstance(expected, ProbeReturns) for expected in case.expectations)
            verdict = start(case, place.link(case, linkers), linkers, bench).finish()
            assert [divergence.key for divergence in verdict.divergences] == []
    assert {f"c.packaging.{name}" for name in ("archive", "objects", "relocatable")} == set(
        packagings
    )


def test_the_same_source_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "int only_here(void) { return 7; }\n"
    flags = ("-target", "wasm32-freestanding", "-O1")
    first = compile_source(text, False, flags)
    assert first.startswith(b"\0asm")

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(subprocess, "run", fail)
    assert compile_source(text, False, flags) is first


def test_a_mistake_in_a_source_is_told() -> None:
    with pytest.raises(RuntimeError, match="expected"):
        compile_source("int x = ;\n", False, ("-target", "wasm32-freestanding"))


def test_the_same_seed_makes_the_same_case() -> None:
    assert random_compiled_case(Random(5)) == random_compiled_case(Random(5))


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(compiled_cases())
def test_the_strategy_draws_cases(case: LinkCase) -> None:
    assert case.files
    assert all(name.startswith("c.") for name, _ in case.features)


def test_without_a_compiler_the_strategy_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compiled, "find_spec", lambda _: None)
    with pytest.raises(CompilerMissing, match="PyPI package ziglang"):
        compiled_cases()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["fuzz", "--lane", "compiled", "--linker", "reference", "--cases", "1"])
    assert ended.value.code == 2
    assert "ziglang" in capsys.readouterr().err

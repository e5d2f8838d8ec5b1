"""Dialect `seed` against every stored case of the seed linker itself: bytes, errors, stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from linker.weld_ld import main
from tests.linker.seed.goldens import golden, goldens

# Cases that differ, each with the reason.
KNOWN_DIFFERENCES: dict[str, str] = {}
CASES = 176 + 78


def test_all_cases_are_there() -> None:
    assert len(goldens()) == CASES
    assert set(KNOWN_DIFFERENCES) <= set(goldens())


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=[pytest.mark.xfail(reason=KNOWN_DIFFERENCES[name], strict=True)]
            if name in KNOWN_DIFFERENCES
            else [],
        )
        for name in goldens()
    ],
)
def test_the_seed_dialect_does_the_same(name: str) -> None:
    case = golden(name)
    output = case.link("seed")
    expected = case.expected
    if isinstance(expected, bytes):
        assert output.errors == ()
        assert output.module == expected
        warnings = [line.removeprefix("warning: ") for line in case.log]
        assert list(output.warnings) == warnings
    else:
        assert output.module is None
        assert len(output.errors) == 1
        assert output.errors[0].startswith(expected)


@pytest.mark.parametrize(
    ("name", "status", "line"),
    [
        ("sym_strong_strong", 1, "weld-ld: error: seed error SymbolCollision: duplicate symbol"),
        (
            "c_data_reference",
            1,
            "weld-ld: error: seed stops in relocationValue (quirk addresses-by-own-segments): ",
        ),
        ("bad_magic", 0, "weld-ld: warning: Self hosted linker does not support non-object"),
    ],
)
def test_what_weld_ld_prints(
    name: str,
    status: int,
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    case = golden(name)
    for file in case.inputs:
        (tmp_path / file).write_bytes(case.files[file])
    monkeypatch.chdir(tmp_path)
    assert main(["--dialect=seed", *case.arguments]) == status
    assert capfd.readouterr().err.startswith(line)
    assert (tmp_path / "out.wasm").exists() == (status == 0)

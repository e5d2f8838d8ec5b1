"""Dialect `seed` against every stored case of the seed linker itself: bytes, errors, stops."""

from __future__ import annotations

import pytest

from tests.linker.seed.goldens import golden, goldens, require_goldens

# Cases that differ, each with the reason.
KNOWN_DIFFERENCES: dict[str, str] = {}
CASES = 176 + 78


def test_all_cases_are_there() -> None:
    require_goldens()
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

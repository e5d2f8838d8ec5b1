"""Who may import whom (docs/architecture): checked on the source of every module."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def imported_modules(path: Path) -> Iterator[str]:
    """The full names of what a file imports, anywhere in it."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            # `from linker import format` imports linker.format.
            for alias in node.names:
                yield f"{module}.{alias.name}" if module in ("linker", "strategies") else module


def modules_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def is_allowed(module: str, allowed: tuple[str, ...]) -> bool:
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return True
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


RULES = {
    "linker": ("linker",),
    # Reading and writing files knows nothing of linking.
    "linker/format": ("linker.format",),
    # What makes the question shares no code with what answers it.
    "strategies": ("strategies", "linker.format", "hypothesis"),
}


@pytest.mark.parametrize("package", RULES)
def test_imports_only_what_it_may(package: str) -> None:
    paths = modules_of(package)
    assert paths
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in paths
        for module in imported_modules(path)
        if not is_allowed(module, RULES[package])
    ]
    assert wrong == []


def test_nothing_imports_the_tests() -> None:
    for package in ("linker", "strategies", "harness"):
        for path in modules_of(package):
            tops = {module.partition(".")[0] for module in imported_modules(path)}
            assert "tests" not in tops, path


def test_the_check_sees_a_wrong_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    source = tmp_path / "strategies" / "deep" / "a.py"
    source.parent.mkdir(parents=True)
    source.write_text(
        "import linker.layout as l\nfrom linker import resolve\n"
        "def f():\n    from linker.live import g\n    import json, click\n"
        "from ..b import c\nfrom linker.format import parse\n"
    )
    allowed = RULES["strategies"]
    found = [m for m in imported_modules(source) if not is_allowed(m, allowed)]
    assert found == ["linker.layout", "linker.resolve", "linker.live", "click"]

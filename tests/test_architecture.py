"""Who may import whom, and how long a file may be (see CONTRIBUTING.md)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
OWN = ("linker", "strategies", "harness", "tests", "bench")
MAX_LINES = 600

# What each folder may import beside itself and the standard library.
ALLOWED: dict[str, tuple[str, ...]] = {
    "linker": (),
    "strategies": ("linker.format", "hypothesis"),
    "harness": (
        "linker", "strategies", "click", "hypothesis", "jinja2", "msgspec", "rich", "wasmtime",
        "ziglang", "atheris", "redis", "distributed",
    ),
}  # fmt: skip

# Files longer than that, each with a reason.
LONG_FILES: dict[str, str] = {}


class Import(NamedTuple):
    """An import statement: the module that is imported, and where."""

    path: Path
    line: int
    module: str


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports_of(path: Path) -> Iterator[Import]:
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(path, node.lineno, name.name)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            assert node.module is not None
            for name in node.names:
                # `from linker import format` imports linker.format.
                yield Import(path, node.lineno, f"{node.module}.{name.name}")


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def is_standard(module: str) -> bool:
    return module.split(".")[0] in sys.stdlib_module_names


def forbidden(folder: str, allowed: tuple[str, ...]) -> list[str]:
    """The imports of a folder that are none of its own, the standard library's or `allowed`."""
    return [
        f"{found.path.relative_to(ROOT)}:{found.line}: imports {found.module}"
        for path in sources(folder)
        for found in imports_of(path)
        if not is_standard(found.module)
        and not is_within(found.module, folder.replace("/", "."))
        and not any(is_within(found.module, package) for package in allowed)
    ]


@pytest.mark.parametrize("folder", ALLOWED)
def test_a_folder_imports_only_what_it_may(folder: str) -> None:
    assert sources(folder)
    assert forbidden(folder, ALLOWED[folder]) == []


def test_the_format_knows_nothing_of_linking() -> None:
    assert forbidden("linker/format", ()) == []


def test_what_makes_the_question_does_not_share_code_with_what_answers_it() -> None:
    stages = {path.stem for path in (ROOT / "linker").glob("*.py")} - {"__init__"}
    shared = [
        found
        for path in sources("strategies")
        for found in imports_of(path)
        if is_within(found.module, "linker") and found.module.split(".")[1] in stages
    ]
    assert shared == []


def test_the_rule_would_be_noticed() -> None:
    everything = forbidden("harness", ())
    assert any("imports linker" in line for line in everything)
    assert any("imports rich" in line for line in everything)


def test_files_are_short() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for folder in OWN
        for path in sources(folder)
    }
    assert {name for name, length in lengths.items() if length > MAX_LINES} == set(LONG_FILES)


def test_a_stage_is_a_module_with_a_question() -> None:
    for path in (ROOT / "linker").glob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), f"{path.name} has no docstring"


def test_no_state_outlives_a_link() -> None:
    """Module-level names in the stages are constants, functions and classes."""
    mutable = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    found = []
    for path in (ROOT / "linker").glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, mutable):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [ast.unparse(target) for target in targets]
                # Tables that are only read are written in capitals.
                found += [name for name in names if not name.strip("_").isupper()]
    assert found == []

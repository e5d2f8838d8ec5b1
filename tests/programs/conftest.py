"""The programs, for every test here."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest

from tests.programs.once import build_once, shared_folder
from tests.programs.program import Program, ProgramMissing
from tests.tools import missing


@pytest.fixture(autouse=True)
def _no_search_for_garbage() -> Iterator[None]:
    """As in `weld-ld`: a third of a large link went into looking for garbage."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session")
def get_program(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Program]:
    """Builds a program on its first use in this run, once for all workers."""
    built: dict[str, Program] = {}

    def get(name: str) -> Program:
        if name not in built:
            try:
                built[name] = build_once(name, shared_folder(tmp_path_factory))
            except ProgramMissing as error:
                missing(str(error))
        return built[name]

    return get

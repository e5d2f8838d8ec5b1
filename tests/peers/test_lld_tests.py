"""LLD's own tests of wasm-ld: the reference in dialect lld-22 does what wasm-ld 22 does.

Each link of each test is compared: exit status, bytes, what is printed, what is written beside
the module.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.peers.corpus import out_of_scope, run_all
from tests.peers.tools import make_tools
from tests.programs.debian import debian_source
from tests.programs.program import ProgramMissing
from tests.tools import missing

_FOLDER = "/lld/test/wasm/"


class Release(NamedTuple):
    """A release of LLVM whose tests are run.

    Attributes:
        compared: at least so many links are compared, whatever is out of scope.
        linked: so many of them give a module.
        quirks: those in which the standard dialect differs, with the number of links.
    """

    package: str
    compared: int
    linked: int
    quirks: dict[str, int]


# The standard dialect aligns no thread-local storage to 0 and keeps segment flags with -r.
QUIRKS = {"tls-alignment-zero": 4, "segment-flags-lost": 2}
RELEASES = (
    Release("llvm-toolchain-15", 275, 195, QUIRKS),
    Release("llvm-toolchain-19", 340, 245, QUIRKS),
)


@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES, ids=[release.package for release in RELEASES])
def test_all_links_are_the_same(release: Release, tmp_path: Path) -> None:
    try:
        sources = debian_source(release.package, tmp_path / "src", lambda name: _FOLDER in name)
    except ProgramMissing as error:
        missing(str(error))
    links = run_all(sources / _FOLDER.strip("/"), tmp_path / "run", make_tools(tmp_path / "bin"))
    differing = [link for link in links if link.differences]
    skipped = Counter(reason for link in differing if (reason := out_of_scope(link)))
    unexplained = [
        f"{link.test}: {', '.join(link.differences)}\n  {' '.join(link.arguments)}\n"
        f"  ours: {link.ours.strip()}\n  wasm-ld: {link.theirs.strip()}"
        for link in differing
        if out_of_scope(link) is None
    ]
    same = [link for link in links if not link.differences]
    linked = sum(link.linked for link in same)
    print(f"{release.package}: {len(links)} links, {len(same)} compared, {linked} gave a module")
    print(f"out of scope: {dict(skipped)}")
    assert not unexplained, "\n".join(unexplained)
    assert len(same) >= release.compared
    assert linked >= release.linked
    assert Counter(name for link in same for name in link.quirks) == release.quirks

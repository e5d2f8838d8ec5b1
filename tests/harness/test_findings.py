"""A finding is a folder that needs nothing of ours."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from harness.adapters.discover import find
from harness.adapters.reference import Reference
from harness.adapters.releases import installed_version, installed_zig
from harness.divergence import Divergence, Severity
from harness.findings import Finding, store
from harness.fingerprints import fingerprint
from harness.linking import Workplace
from linker.format.archive import Member
from linker.format.encode_archive import encode_archive
from linker.format.model import LinkingSection
from linker.format.parse import parse
from linker.format.yaml import from_yaml
from strategies.case import InputFile
from tests.harness.fakes import case_with, fake

CHECKOUT = Path(__file__).parents[2]

DIVERGENCE = Divergence(
    key="refusal.other",
    sides=(("fake-picky",), ("lld-22",)),
    severity=Severity.MEDIUM,
    detail='line "one"\nline two \\ \x7f \udc80',
    rule="Linking.md, Symbol Table",
    blamed=("fake-picky",),
)


@pytest.fixture(scope="module")
def finding() -> Finding:
    zig = f"zig-{installed_version()}"
    linkers = (find("lld-22"), find(zig), Reference(), fake("picky"))
    library = InputFile("lib.a", encode_archive([Member("x.o", case_with(b"").files[2].content)]))
    minimal = case_with(b"\7")
    case = dataclasses.replace(
        minimal,
        files=(*minimal.files, library, InputFile("bad.o", b"\0asm\1\0\0\0\xff")),
        arguments=(*minimal.arguments, "lib.a"),
    )
    with Workplace() as place:
        results = place.link(case, linkers)
    return Finding(
        mark=fingerprint(DIVERGENCE),
        divergence=DIVERGENCE,
        case=case,
        original=case_with(b"\1\7\7"),
        results=results,
        linkers=linkers,
        lane="malformed",
        run_seed=3,
        steered_around=("tags",),
        case_number=17,
        chunk_seed=1 << 63,
        position=7,
        tries=20,
        complete=True,
        versions={"python": "3"},
    )


@pytest.fixture
def folder(finding: Finding, tmp_path: Path) -> Path:
    return store(finding, tmp_path / "findings")


def test_the_folder_has_all_there_is_to_know(finding: Finding, folder: Path) -> None:
    assert folder.name == finding.mark.id
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    inputs = ["caller.o", "answer.o", "drawn.o", "lib.a", "bad.o", "response.txt"]
    yaml = ["caller.o.yaml", "answer.o.yaml", "drawn.o.yaml", "bad.o.yaml"]
    original = ["caller.o", "answer.o", "drawn.o", "response.txt"]
    zig = f"zig-{installed_version()}"
    outputs = ["lld-22.txt", "lld-22.wasm", f"{zig}.txt", "reference.txt", "reference.wasm"]
    assert names >= {
        *("README.md", "finding.toml", "repro.sh", "version.txt"),
        *(f"inputs/{name}" for name in inputs + yaml),
        *(f"original/{name}" for name in original),
        *(f"outputs/{name}" for name in [*outputs, "fake-picky.txt"]),
    }
    assert (folder / "inputs/drawn.o").read_bytes() == finding.case.files[2].content
    caller = finding.case.files[0]
    text = (folder / "inputs/caller.o.yaml").read_text()
    for there in (from_yaml(text, "caller.o"), parse(caller.content, "caller.o")):
        linking = there.find(LinkingSection)
        assert linking is not None
        assert [symbol.name for symbol in linking.symbols] == ["weldcheck_smoke", "answer"]
    assert "R_WASM_FUNCTION_INDEX_LEB" in text
    assert (folder / "inputs/bad.o.yaml").read_text().startswith("# no YAML form: bad.o: ")


def test_toml_says_what_the_finding_says(finding: Finding, folder: Path) -> None:
    """Whatever characters a linker printed."""
    table = tomllib.loads((folder / "finding.toml").read_text())
    assert table["key"] == "refusal.other"
    assert table["severity"] == "medium"
    assert table["sides"] == [["fake-picky"], ["lld-22"]]
    assert table["blamed"] == ["fake-picky"]
    assert table["detail"] == 'line "one"\nline two \\ \x7f \ufffd'
    assert (table["lane"], table["steered_around"]) == ("malformed", ["tags"])
    assert (table["run_seed"], table["case"], table["position"]) == (3, 17, 7)
    assert table["arguments"] == list(finding.case.arguments)
    outcomes = {row["linker"]: row["outcome"] for row in table["result"]}
    assert outcomes["lld-22"] == "linked"
    assert outcomes["fake-picky"] == "refused"


def test_the_readme_says_what_is_expected_and_why(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    assert text.startswith("# refusal.other\n\nSeverity: medium. Rule: Linking.md, Symbol Table.")
    assert "Wrong: fake-picky." in text
    assert "    sh repro.sh" in text
    assert "Case 17 of the malformed run with seed 3; minimised in 20 tries." in text
    assert "fake: error: a byte that is too great" in text


def test_the_script_shows_it_with_public_tools_only(folder: Path, tmp_path: Path) -> None:
    """Without this project: where a release is there already, nothing is installed either."""
    zig = installed_zig()
    assert zig is not None
    release = tmp_path / f"ziglang-{installed_version()}"
    release.mkdir()
    (release / "ziglang").symlink_to(zig.parent)
    done = subprocess.run(
        ["sh", str(folder / "repro.sh")],
        cwd="/",
        env={
            # The Python of this run, which has the package wasmtime.
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TMPDIR": str(tmp_path),
            "ZIG_GLOBAL_CACHE_DIR": str(tmp_path / "cache"),
            "ZIG_LOCAL_CACHE_DIR": str(tmp_path / "cache"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert "== lld-22: LLD 22." in done.stdout
    assert done.stdout.count("exit status") >= 2
    out = Path(done.stdout.splitlines()[-1].removeprefix("outputs are in "))
    assert "lld-22/out.wasm: weldcheck_smoke: expected 42; returns 42" in done.stdout
    made = (out / "lld-22" / "out.wasm").read_bytes()
    assert made == (folder / "outputs" / "lld-22.wasm").read_bytes()
    script = (folder / "repro.sh").read_text()
    # The fake linker is a Python file of this checkout, whatever that folder is called.
    own = (sys.executable, str(CHECKOUT), "weldcheck_smoke")
    for text in (*own, "The reference linker of weldcheck is no public tool"):
        script = script.replace(text, "")
    assert "weld" not in script


def test_one_of_an_earlier_run_is_replaced(finding: Finding, folder: Path) -> None:
    """As a whole: nothing of it stays."""
    (folder / "stale").touch()
    assert store(finding, folder.parent) == folder
    assert not (folder / "stale").exists()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_nothing_half_written_is_left(
    finding: Finding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise OSError("no space left")

    monkeypatch.setattr("harness.findings.repro_script", fail)
    with pytest.raises(OSError, match="no space"):
        store(finding, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_words_that_are_no_text_are_kept_as_they_are(finding: Finding, tmp_path: Path) -> None:
    odd = dataclasses.replace(finding.results[0], message="undefined symbol: \udcff")
    stored = store(dataclasses.replace(finding, results=(odd, *finding.results[1:])), tmp_path)
    texts = [path.read_bytes() for path in (stored / "outputs").glob("*.txt")]
    assert any(b"undefined symbol: \xff" in text for text in texts)

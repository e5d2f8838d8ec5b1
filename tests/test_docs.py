"""What the pages say is there: links, files, options, quirks, drawn features, sources of rules."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from linker.command_line.table import LLD_OPTIONS, OPTIONS
from linker.quirks.dialects import DIALECTS, QUIRKS
from strategies.feature_names import ALL_FEATURES, OPTIONAL_FEATURES

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
RULES = (ROOT / "docs" / "linking.md").read_text(encoding="utf-8")
FEATURE_KINDS = {name.partition(".")[0] for name in (*ALL_FEATURES, *OPTIONAL_FEATURES)}
# What else is spelt like the name of a quirk.
OTHER_NAMES = {"like-this", "bulk-memory", "mutable-globals", "shared-mem", "segment-flag"}


def section(title: str) -> str:
    """The part of the page of rules below a heading."""
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", RULES, re.M | re.S)
    assert found is not None, title
    return found[1]


def quoted(text: str) -> list[str]:
    """What stands between grave accents."""
    return re.findall(r"`([^`]+)`", text)


def anchor(heading: str) -> str:
    """The name of a heading in links, as the hosts of repositories make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, name = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        if name:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.M)
            assert name in map(anchor, headings), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page: Path) -> None:
    folders = (ROOT, ROOT / "linker", ROOT / "tests" / "linker")
    text = page.read_text(encoding="utf-8")
    names = set(re.findall(r"`([\w./-]+\.(?:py|md|toml))`", text))
    names |= set(
        re.findall(r"(?<![\w/])((?:docs|tests|linker|strategies|harness)/[\w/.-]*\w)", text)
    )
    for name in names - {"weldcheck.toml"}:
        assert any((folder / name).exists() for folder in folders), name


def test_every_section_of_rules_is_in_the_contents() -> None:
    titles = re.findall(r"^## (.*)$", RULES, re.M)
    contents = section("Contents")
    assert [title for title in titles[1:] if f"](#{anchor(title)})" not in contents] == []


def test_the_page_of_rules_names_quirks_that_exist_and_all_of_wasm_ld_22() -> None:
    named = {name for name in quoted(RULES) if re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", name)}
    known = {quirk.name for quirk in QUIRKS}
    assert named - known == OTHER_NAMES
    assert DIALECTS["lld-22"] <= named


def test_every_rule_has_a_source() -> None:
    """A section of the convention, a specification, what the row above says, or *unspecified*."""
    tables = [
        table
        for table in re.split(r"\n\n", RULES)
        if re.search(r"\| source \|$", table.partition("\n")[0])
    ]
    assert len(tables) > 15
    count = 0
    for table in tables:
        for line in table.splitlines()[2:]:
            source = line.rstrip(" |").rpartition(" | ")[2]
            has_one = re.search(
                r'"[A-Z][^"]+"|\*core\*|\*unspecified\*|the same|\w\.md|ar format', source
            )
            assert has_one or source.startswith("none: "), line
            count += 1
    assert count > 150


def test_every_option_has_a_row() -> None:
    """In any of its spellings: aliases of one letter stand beside the long ones."""
    table = section("Options").partition("| option |")[2]
    named = {name.partition(" ")[0].lstrip("-") for name in quoted(table) if name[0] == "-"}
    named = {name.partition("=")[0] for name in named}
    assert named - {option.spelling.rstrip("=") for option in OPTIONS} == set()
    assert {option.spelling.rstrip("=") for option in LLD_OPTIONS} - named == set()


def parts() -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("| ").split(" | ")]
        for line in section("From a part of the format to its rules").splitlines()
        if line.startswith("| ")
    ][2:]


def test_there_is_a_row_for_every_part_of_the_format() -> None:
    assert len(parts()) == 13


@pytest.mark.parametrize("row", parts(), ids=lambda row: row[0])
def test_the_features_of_a_part_are_drawn(row: list[str]) -> None:
    assert set(quoted(row[3])) <= FEATURE_KINDS


@pytest.mark.parametrize("row", parts(), ids=lambda row: row[0])
def test_the_tests_of_a_part_name_it(row: list[str]) -> None:
    """In the first words of their files."""
    first = quoted(row[2])[0]
    tree = ast.parse((ROOT / "tests" / "linker" / first).read_text(encoding="utf-8"))
    text = (ast.get_docstring(tree) or "").lower()
    for word in row[0].split(" and "):
        assert word in text, f"{first} does not say {word}"

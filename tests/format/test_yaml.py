"""LLVM's YAML form, against the real obj2yaml and yaml2obj."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.format.encode import encode
from linker.format.errors import MalformedFile
from linker.format.leb128 import size_unsigned
from linker.format.model import (
    CodeSection,
    CustomSection,
    ElementSection,
    ElementSegment,
    FunctionBody,
    InitExpr,
    LinkingSection,
    NameSection,
    ObjectFile,
    ProducersSection,
    RelocationSection,
    Section,
    StartSection,
    Table,
    TableSection,
    TargetFeaturesSection,
)
from linker.format.parse import parse
from linker.format.yaml import from_yaml, to_yaml
from linker.format.yaml.write import quote
from tests.format.conftest import ALL
from tests.tools import require

# Everything that the form has, in yaml2obj's default encoding.
EVERYTHING = (Path(__file__).parent / "data" / "everything.yaml").read_text(encoding="utf-8")


def obj2yaml(data: bytes) -> str:
    return _run(require("obj2yaml-22"), data).decode()


def yaml2obj(text: str) -> bytes:
    return _run(require("yaml2obj-22"), text.encode())


def _run(tool: str, data: bytes) -> bytes:
    done = subprocess.run([tool], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def as_yaml_can_say(file: ObjectFile) -> ObjectFile:
    """The file without what the form leaves out: widths of numbers, the place of relocations."""
    kept = [section for section in file.sections if not isinstance(section, RelocationSection)]
    position = {id(section): index for index, section in enumerate(kept)}
    relocations: list[Section] = []
    for section in file.sections:
        if isinstance(section, RelocationSection):
            target = position[id(file.sections[section.target])]
            relocations.append(replace(section, target=target, size_width=0, count_width=0))
    return ObjectFile(file.name, [*map(_without_widths, kept), *relocations])


def _without_widths(section: Section) -> Section:
    if isinstance(section, LinkingSection):
        contents = {
            8: section.symbols,
            5: section.segments,
            6: section.init_functions,
            7: section.comdats,
        }
        return replace(section, order=[(kind, 0) for kind, content in contents.items() if content])
    if isinstance(section, NameSection):
        entries: list[tuple[int, int, list[tuple[int, str]] | bytes]] = [
            (k, 0, e) for k, _, e in section.subsections if not isinstance(e, bytes)
        ]
        return replace(section, subsections=entries)
    if isinstance(section, CustomSection | StartSection | TargetFeaturesSection | ProducersSection):
        return section
    assert not isinstance(section, RelocationSection)
    if isinstance(section, CodeSection):
        return replace(section, functions=_functions_without_widths(section), count_width=0)
    return replace(section, count_width=0)


def _functions_without_widths(section: CodeSection) -> list[FunctionBody]:
    functions: list[FunctionBody] = []
    offset = size_unsigned(len(section.functions))
    for function in section.functions:
        functions.append(FunctionBody(function.content, offset))
        offset += size_unsigned(len(function.content)) + len(function.content)
    return functions


def without_size_widths(text: str) -> str:
    """obj2yaml leaves out the width of a size where it is the least; yaml2obj writes it as 5."""
    lines = [line for line in text.split("\n") if "HeaderSecSizeEncodingLen" not in line]
    return "\n".join(lines)


@pytest.mark.parametrize("name", ALL)
def test_text_is_that_of_obj2yaml(name: str, real_file: Callable[[str], bytes]) -> None:
    data = real_file(name)
    assert without_size_widths(to_yaml(parse(data, name))) == without_size_widths(obj2yaml(data))


@pytest.mark.parametrize("name", ALL)
def test_yaml2obj_gives_the_bytes_back(name: str, real_file: Callable[[str], bytes]) -> None:
    file = parse(real_file(name), name)
    assert yaml2obj(to_yaml(file)) == encode(as_yaml_can_say(file))


@pytest.mark.parametrize("name", ALL)
def test_text_of_obj2yaml_gives_the_bytes_of_yaml2obj(
    name: str, real_file: Callable[[str], bytes]
) -> None:
    text = obj2yaml(real_file(name))
    assert encode(from_yaml(text, name)) == yaml2obj(text)


@pytest.mark.parametrize("name", ALL)
def test_reads_what_it_wrote(name: str, real_file: Callable[[str], bytes]) -> None:
    file = parse(real_file(name), name)
    assert from_yaml(to_yaml(file), name) == as_yaml_can_say(file)


def test_everything_the_form_has_gives_the_bytes_of_yaml2obj() -> None:
    file = from_yaml(EVERYTHING, "all.yaml")
    assert encode(file) == yaml2obj(EVERYTHING)


def test_everything_is_written_and_read_again() -> None:
    file = from_yaml(EVERYTHING, "all.yaml")
    text = to_yaml(file)
    assert from_yaml(text, "all.yaml") == file
    assert yaml2obj(text) == encode(file)


def test_everything_parses_to_the_same_model() -> None:
    """The offsets and widths that the reader works out are those in the bytes."""
    file = from_yaml(EVERYTHING, "all.yaml")
    for section in parse(encode(file), "all.yaml").sections:
        assert section in file.sections


def test_limits_of_64_bits() -> None:
    """yaml2obj reads 32 bits only."""
    file = from_yaml(EVERYTHING.replace("0xFFFFFFFF", "0x100000000"), "all.yaml")
    assert from_yaml(to_yaml(file), "all.yaml") == file


def test_passive_element_segment_survives() -> None:
    """yaml2obj writes an offset here, against the core specification."""
    passive = ElementSegment(1, 0, None, 0, (0, 1))
    file = ObjectFile("a.o", [ElementSection([passive])])
    assert from_yaml(to_yaml(file), "a.o") == file


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"\x41\x80\x00\x0b", "Extended:        true\n          Body:            4180000B"),
        (b"\xd0\x70\x0b", "Extended:        true\n          Body:            D0700B"),
        (b"\x41\x00\x0b", "Opcode:          I32_CONST\n          Value:           0"),
    ],
)
def test_init_expression_in_other_than_the_shortest_form_keeps_its_bytes(
    body: bytes, text: str
) -> None:
    segment = ElementSegment(0, 0, InitExpr(body), None, ())
    file = ObjectFile("a.o", [ElementSection([segment])])
    assert text in to_yaml(file)
    assert from_yaml(to_yaml(file), "a.o") == file


@pytest.mark.parametrize(
    "section",
    [
        ElementSection([ElementSegment(5, 0, None, 0x70, (), (InitExpr(b"\xd0\x70\x0b"),))]),
        CustomSection("dylink.0", b"\x01\x09"),
    ],
)
def test_what_has_no_form_is_refused(section: Section) -> None:
    with pytest.raises(ValueError, match=r"no YAML form|dylink\.0"):
        to_yaml(ObjectFile("a.o", [section]))


def test_table_with_an_initial_value_is_refused() -> None:
    table = from_yaml(EVERYTHING, "all.yaml").find(TableSection)
    assert table is not None
    with_value = Table(table.tables[0].type, InitExpr(b"\xd0\x70\x0b"))
    with pytest.raises(ValueError, match="no YAML form"):
        to_yaml(ObjectFile("a.o", [TableSection([with_value])]))


def test_info_about_imports_and_exports_of_a_library() -> None:
    """yaml2obj reads these and does not write them; the bytes here are LLD's layout."""
    content = b"\x01\x04\0\0\0\0" + b"\x03\x04\x01\x01f\x01" + b"\x04\x09\x01\x03env\x01g\x90\x02"
    section = CustomSection("dylink.0", content)
    file = ObjectFile("lib.so", [section])
    text = to_yaml(file)
    assert "Flags:           [ UNDEFINED, TLS ]" in text
    assert from_yaml(text, "lib.so").sections == [section]


# Texts and how LLVM writes them, as obj2yaml does for the names of custom sections.
TEXTS = [
    "plain", "with space", " lead", "trail ", "", "a: b", "a#b", "a #b", "-dash", "d-ash", "it's",
    '"', "\\", "back\\slash", "1", "1.5", "0x1f", "0xZ", "1e5", "12E4", ".5", "+1", "-", ".inf",
    ".nan", "0o7", "0o8", "true", "null", "~", "~a", "NULL", "yes", "tab\tin", "\ttab", "new\nline",
    "\x01", "\x7f", "é", "€uro", "😀", "a/b", "$x", "(x)", "x=1", "@x", "x@y", "%p", "&x", "*x",
    "!x", "?x", "x?", "[x", "{x}", ",x", "x,y", ":x", "x:y", "`x", "_Z3fooi", "std::vector<int>",
    "\x85", "\xa0", "\u2028", "\ufeff", "\xad", "\u3000", "\u0378", "\U000e0001",
    "a\r", "\x1b", "^x", "x^", "E5", "e", "0", "00", "1.",
    "1_000", "+.inf", "-.INF", "0b1", "False",
]  # fmt: skip


def test_quotes_as_llvm_does() -> None:
    sections: list[Section] = [CustomSection(f"x{text}", b"") for text in TEXTS]
    producers: list[Section] = [ProducersSection([("language", [(text, text)])]) for text in TEXTS]
    for section in [*sections, *producers]:
        file = ObjectFile("a.o", [section])
        assert to_yaml(file) == obj2yaml(encode(file))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_quoting(text: str) -> None:
    section = CustomSection(f"x{text}", b"")
    assert from_yaml(to_yaml(ObjectFile("a.o", [section])), "a.o").sections == [section]
    assert "\n" not in quote(text)


def test_names_that_are_no_utf8_survive() -> None:
    name = b"\xff\xfe".decode("utf-8", "surrogateescape")
    file = ObjectFile("a.o", [CustomSection(name, b"")])
    assert from_yaml(to_yaml(file), "a.o") == file


HEAD = "--- !WASM\nFileHeader:\n  Version: 0x1\n"
TYPE = HEAD + "Sections:\n  - Type: TYPE\n    Signatures:\n"


@pytest.mark.parametrize(
    ("text", "section", "at", "problem"),
    [
        ("", "", "", "found nothing"),
        ("# nothing\n", "", "", "found nothing"),
        ("--- !ELF\nFileHeader: 1\n", "", "--- !ELF", "tag !WASM"),
        ("--- !WASM\n- 1\n", "", "- 1", "'Key: value'"),
        ("--- !WASM\nSections: []\n", "", "Sections", "the key FileHeader is missing"),
        ("--- !WASM\nFileHeader:\n", "", "FileHeader", "no value"),
        ("--- !WASM\nFileHeader:\n  Version: 2\n", "", "2", "only version 1"),
        (HEAD + "Other: 1\n", "", "Other", "unknown key Other"),
        (HEAD + "Sections: 1\n", "", "1\n", "expected a list"),
        (HEAD + "Sections: []\nSections: []\n", "", None, "stands twice"),
        (HEAD + "Sections:\n  - Type: ODD\n", "ODD", "ODD", "expected one of CUSTOM, TYPE, IMPORT"),
        (HEAD + "Sections:\n  - Types: 1\n", "", "Types", "the key Type is missing"),
        (HEAD + "Sections:\n  -\n", "", "-\n", "expected an item"),
        (HEAD + "Sections:\n\t- Type: TYPE\n", "", "\t", "found a tab"),
        (HEAD + "Sections:\n  - Type: 'TYPE\n", "", "'TYPE", "closing '"),
        (HEAD + "Sections:\n  - Type: TYPE more: 1\n", "", ": 1\n", "cannot hold ': '"),
        (HEAD + "Sections: [ 1\n", "", "[ 1", "before the end of the file"),
        (HEAD + "Sections: [ 1 ] 2\n", "", "2\n", "the end of the line"),
        (HEAD + "Sections: {}\n", "", "{", "cannot start with"),
        (HEAD + 'Sections: "\\q"\n', "", "\\q", "unknown escape"),
        (HEAD + 'Sections: "\\ud800"\n', "", "\\ud800", "no character"),
        (TYPE + "      - Index: 1\n", "TYPE", "1\n", "expected the index 0"),
        (TYPE + "      - Index: x\n", "TYPE", "x\n", "expected a number"),
        (TYPE + "      - Index: 4294967296\n", "TYPE", "4294967296", "32 unsigned bits"),
        (TYPE + "      - Index: 0\n        ParamTypes: [ I31 ]\n", "TYPE", "I31", "one of I32"),
        (TYPE + "      - Index: 0\n       Odd: 1\n", "", "Odd", "a deeper line"),
        (
            HEAD + "Sections:\n  - Type: TYPE\n    HeaderSecSizeEncodingLen: 6\n",
            "TYPE",
            "6\n",
            "a width from 1 to 5",
        ),
        (
            HEAD + "Sections:\n  - Type: CUSTOM\n    Name: é\n    Payload: ABC\n",
            "é",
            "ABC",
            "pairs of hexadecimal digits",
        ),
        (
            HEAD + "Sections:\n  - Type: START\n    Relocations:\n      - Type: R_WASM_X\n",
            "START",
            "R_WASM_X",
            "unknown relocation type",
        ),
        (
            HEAD
            + "Sections:\n  - Type: MEMORY\n    Memories:\n      - Flags: [ HAS_MIN ]\n"
            + "        Minimum: 1\n",
            "MEMORY",
            "HAS_MIN",
            "expected one of HAS_MAX",
        ),
        (HEAD + "- 1\n", "", "- 1", "the end of the document"),
        (HEAD + "...\n", None, None, ""),
    ],
)
def test_malformed(text: str, section: str | None, at: str | None, problem: str) -> None:
    if section is None:
        assert from_yaml(text, "a.yaml").sections == []
        return
    with pytest.raises(MalformedFile) as caught:
        from_yaml(text, "a.yaml")
    assert caught.value.file == "a.yaml"
    assert caught.value.section == section
    assert problem in caught.value.problem
    if at is not None:
        assert caught.value.offset == text.encode().rindex(at.encode())


def test_deep_nesting_is_refused() -> None:
    text = "\n".join(" " * depth + "a:" for depth in range(5000))
    with pytest.raises(MalformedFile, match="nested deeper"):
        from_yaml(text, "a.yaml")
    with pytest.raises(MalformedFile, match="nested deeper"):
        from_yaml("- " * 5000, "a.yaml")


@given(
    st.lists(
        st.tuples(st.integers(0, len(EVERYTHING)), st.integers(0, 9), st.text(max_size=5)),
        max_size=4,
    )
)
def test_any_text_gives_a_file_or_the_one_error(edits: list[tuple[int, int, str]]) -> None:
    text = EVERYTHING
    for position, removed, added in edits:
        text = text[:position] + added + text[position + removed :]
    try:
        file = from_yaml(text, "a.yaml")
    except MalformedFile as error:
        offset = error.offset
    else:
        encode(file)
        offset = 0
    assert 0 <= offset <= len(text.encode("utf-8", "surrogatepass"))

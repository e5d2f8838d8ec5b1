"""wasm-ld's command line is taken apart as wasm-ld does."""

from __future__ import annotations

import pytest

from harness.arguments import input_files, take_apart


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a.o -", [(None, "a.o"), (None, "-")]),
        ("--export=f --export g", [("export", "f"), ("export", "g")]),
        ("-e main -emain --entry=main -entry main", [("entry", "main")] * 4),
        ("-z stack-size=1 -zstack-size=1", [("z", "stack-size=1")] * 2),
        ("-lc -l c -L/x -L /x", [("library", "c")] * 2 + [("library-path", "/x")] * 2),
        (
            "-s -S -r -E",
            [
                ("strip-all", None),
                ("strip-debug", None),
                ("relocatable", None),
                ("export-dynamic", None),
            ],
        ),
        ("-O2 -o out -m wasm32", [("O", "2"), ("o", "out"), ("m", "wasm32")]),
        (
            "--import-memory --import-memory=a,b",
            [("import-memory", None), ("import-memory", "a,b")],
        ),
        ("--error-limit=0 --error-limit 0", [("error-limit", "0")] * 2),
        ("-export=f -u f -y f", [("export", "f"), ("undefined", "f"), ("trace-symbol", "f")]),
        ("--no-entry --gc-sections", [("no-entry", None), ("gc-sections", None)]),
        ("--global-base=1024", [("global-base", "1024")]),
        ("--entry", [("entry", None)]),
    ],
)
def test_options_and_values(line: str, expected: list[tuple[str | None, str | None]]) -> None:
    words = line.split()
    found = list(take_apart(words))
    assert [(argument.option, argument.value) for argument in found] == expected
    assert [word for argument in found for word in argument.words] == words


def test_input_files_are_neither_options_nor_values() -> None:
    words = [
        "--no-entry",
        "a.o",
        "--export",
        "b.o",
        "--start-lib",
        "lib.a",
        "-o",
        "c.o",
        "--end-lib",
        "d.o",
    ]
    assert input_files(words) == ["a.o", "lib.a", "d.o"]

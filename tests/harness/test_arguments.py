"""wasm-ld's command line is taken apart as wasm-ld does."""

from __future__ import annotations

import pytest

from harness.arguments import take_apart


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a.o -", [(None, "a.o"), (None, "-")]),
        ("--export=f --export g", [("export", "f"), ("export", "g")]),
        ("-e main -emain --entry=main -entry main", [("entry", "main")] * 4),
        ("-z stack-size=1 -zstack-size=1", [("z", "stack-size=1")] * 2),
        ("-lc -l c -L/x -L /x", [("l", "c")] * 2 + [("L", "/x")] * 2),
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
        ("--features=a,b", [("features", "a,b")]),
        ("--odd --odd=1", [("odd", None), ("odd", "1")]),
        ("--entry", [("entry", None)]),
    ],
)
def test_options_and_values(line: str, expected: list[tuple[str | None, str | None]]) -> None:
    words = line.split()
    found = list(take_apart(words))
    assert [(argument.option, argument.value) for argument in found] == expected
    assert [word for argument in found for word in argument.words] == words

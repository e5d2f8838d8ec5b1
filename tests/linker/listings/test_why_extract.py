"""`--why-extract`: the report is compared with wasm-ld's by the fixture `link`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker
from tests.linker.objects import (
    EXPORTED,
    FROM_I32,
    TO_I32,
    WEAK,
    address,
    call,
    const,
    data,
    function,
    returning,
    undefined_function,
)
from tests.linker.wasm_ld import run_wasm_ld, run_weld_ld
from tests.programs.build import BUILDERS

CALLER = assemble(function("start", call("f"), flags=EXPORTED))
OPTION = "--why-extract=why"


def lines_of(link: Linker) -> list[str]:
    """The lines of wasm-ld's report, which the fixture has compared with ours."""
    header, *lines = (link.folder / "why").read_text().splitlines()
    assert header == "reference\textracted\tsymbol"
    return [line.replace("\t", " ") for line in lines]


def test_without_archives(link: Linker) -> None:
    link(CALLER, assemble(function("f")), options=OPTION)
    assert lines_of(link) == []


def test_on_standard_output(link: Linker) -> None:
    library = archive(assemble(function("f")))
    linked = link(CALLER, library, options="--why-extract=- --trace")
    assert linked.stdout == "a.o\nb.a(0.o)\nreference\textracted\tsymbol\na.o\tb.a(0.o)\tf\n"


@pytest.mark.parametrize("order", ["a.o b.a", "b.a a.o"])
def test_a_chain_of_members_ends_with_the_first(order: str, link: Linker) -> None:
    library = archive(
        assemble(function("f", call("g"))), assemble(function("g", call("h"))), h=HELPER
    )
    link(a__o=CALLER, b__a=library, options=OPTION, order=order)
    assert sorted(lines_of(link)) == [
        "a.o b.a(0.o) f",
        "b.a(0.o) b.a(1.o) g",
        "b.a(1.o) b.a(h.o) h",
    ]


HELPER = assemble(function("h"))


def test_members_that_need_each_other(link: Linker) -> None:
    one = assemble(function("f", call("g")), function("f2"))
    other = assemble(function("f3", call("f2")), function("g", call("f")), function("g2"))
    user = assemble(function("start", call("f"), call("g2"), call("f3"), flags=EXPORTED))
    library = archive(one, other)
    link(a__o=user, b__a=library, options=OPTION, order="b.a a.o")
    assert lines_of(link) == ["b.a(0.o) b.a(1.o) g", "a.o b.a(0.o) f"]


def test_what_the_command_line_asks_for(link: Linker) -> None:
    library = archive(*(assemble(function(name)) for name in ("u", "e", "i", "go", "other")))
    options = f"{OPTION} -u u --export=e --export-if-defined=i --entry=go"
    link(a__a=library, b__o=assemble(function("x")), options=options, order="--entry=go a.a b.o")
    assert set(lines_of(link)) == {
        "<internal> a.a(0.o) u",
        "--export a.a(1.o) e",
        "--export a.a(2.o) i",
        "--entry a.a(3.o) go",
    }


def test_destructors(link: Linker) -> None:
    library = archive(assemble(function("__wasm_call_dtors")))
    link(CALLER, assemble(function("f")), library, options=OPTION)
    assert lines_of(link) == ["<internal> c.a(0.o) __wasm_call_dtors"]


def test_data_is_not_told_of_unless_it_was_wanted_first(link: Linker) -> None:
    user = assemble(function("start", address("d"), b"\x1a", flags=EXPORTED))
    library = archive(assemble(data("d", b"1")))
    link(a__o=user, b__a=library, options=OPTION, order="a.o b.a")
    assert lines_of(link) == ["a.o b.a(0.o) d"]
    link(a__o=user, b__a=library, options=OPTION, order="b.a a.o")
    assert lines_of(link) == []


def test_names_are_shown_demangled(link: Linker) -> None:
    user = assemble(function("start", call("_Z1fi"), flags=EXPORTED))
    library = archive(assemble(function("_Z1fi")))
    link(user, library, options=OPTION)
    assert lines_of(link) == ["a.o b.a(0.o) f(int)"]
    link(user, library, options=f"{OPTION} --no-demangle")
    assert lines_of(link) == ["a.o b.a(0.o) _Z1fi"]


def test_the_file_is_that_of_the_definition(link: Linker) -> None:
    # The first member is taken for a weak definition, and takes a strong one along.
    weak = assemble(returning("f", 1, flags=WEAK), function("also", call("strong")))
    strong = assemble(returning("f", 2), function("strong"))
    user = assemble(
        function("start", call("f"), b"\x1a", flags=EXPORTED),
        undefined_function("f", type=TO_I32),
    )
    link(a__o=user, b__a=archive(weak, strong), options=OPTION, order="b.a a.o")
    assert lines_of(link) == ["b.a(0.o) b.a(1.o) strong", "a.o b.a(1.o) f"]


def test_a_signature_that_differs(link: Linker) -> None:
    # The reference keeps the name, and the member defines a variant of it.
    user = assemble(
        function("start", const(1), call("f"), flags=EXPORTED),
        undefined_function("f", type=FROM_I32),
    )
    library = archive(assemble(function("f")))
    link(a__o=user, b__a=library, options=OPTION, order="a.o b.a")
    assert lines_of(link) == ["a.o a.o f"]


def test_a_member_that_is_being_linked_is_told_of_again(link: Linker) -> None:
    # When `g` wants `late`, its own member is taken already, but `late` not yet defined.
    member = assemble(undefined_function("g"), function("f", call("g")), function("late"))
    other = assemble(undefined_function("late"), function("g", call("late")))
    first = assemble(function("start", call("f"), flags=EXPORTED))
    link(a__o=first, b__a=archive(member, other), options=OPTION, order="b.a a.o")
    assert lines_of(link) == [
        "b.a(1.o) b.a(0.o) late",
        "b.a(0.o) b.a(1.o) g",
        "a.o b.a(0.o) f",
    ]


@pytest.mark.parametrize("path", ["nodir/why", ".", "a.o/why"])
def test_a_path_that_cannot_be_written(
    path: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "a.o").write_bytes(CALLER)
    (tmp_path / "b.o").write_bytes(HELPER)
    for more in ([], ["--export=f"]):
        argv = ["--no-entry", "-o", "x", "b.o", f"--why-extract={path}", *more]
        real = run_wasm_ld(argv, tmp_path)
        assert real.status == 1
        assert run_weld_ld(argv, tmp_path, capfdbinary) == real


def test_the_report_of_a_refused_link(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "a.o").write_bytes(CALLER)
    (tmp_path / "b.a").write_bytes(archive(assemble(function("f", call("nowhere")))))
    argv = ["--no-entry", "-o", "x", "a.o", "b.a", OPTION]
    real = run_wasm_ld(argv, tmp_path)
    report = (tmp_path / "why").read_bytes()
    (tmp_path / "why").unlink()
    assert run_weld_ld(argv, tmp_path, capfdbinary) == real
    assert real.status == 1
    assert (tmp_path / "why").read_bytes() == report


def test_a_program(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    program = BUILDERS["libc-small"](tmp_path)
    argv = [*program.link_line, "-o", "x", "--why-extract=-"]
    real = run_wasm_ld(argv, tmp_path)
    assert run_weld_ld(argv, tmp_path, capfdbinary) == real
    assert real.stdout.count("\n") > 20

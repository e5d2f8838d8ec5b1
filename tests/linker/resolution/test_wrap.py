"""`--wrap`: what the names mean then; each module is compared with wasm-ld's by the fixture."""

from __future__ import annotations

from pathlib import Path

import pytest

from linker.format.constants import ValueType
from linker.format.model import FunctionType
from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker, link_here
from tests.linker.linked import Linked
from tests.linker.objects import (
    ADD,
    DROP,
    EXPORTED,
    NO_STRIP,
    TO_I32,
    WEAK,
    Declaration,
    address,
    call,
    const,
    data,
    function,
    function_pointer,
    global_get,
    global_variable,
    init,
    returning,
    throw,
    undefined_function,
    undefined_table,
)
from tests.linker.wasm_ld import run_wasm_ld, run_weld_ld
from tests.programs.build import BUILDERS
from tests.programs.running import run_module
from tests.programs.zig import compile_c


def calling(name: str, callee: str) -> list[Declaration]:
    """A function that returns what another one does."""
    return [
        function(name, call(callee), type=TO_I32, flags=EXPORTED),
        undefined_function(callee, type=TO_I32),
    ]


USER = assemble(*calling("start", "f"))
ORIGINAL = assemble(returning("f", 1))
WRAPPER = assemble(
    function("__wrap_f", call("__real_f"), const(10), ADD, type=TO_I32),
    undefined_function("__real_f", type=TO_I32),
)


def test_references_mean_the_wrapper(link: Linker) -> None:
    assert link(USER, ORIGINAL, WRAPPER).run("start") == 1
    assert link(USER, ORIGINAL, WRAPPER, options="--wrap=f").run("start") == 11


@pytest.mark.parametrize("option", ["-wrap=f", "--wrap f", "-wrap f", "--wrap=f --wrap=f"])
def test_spellings(option: str, link: Linker) -> None:
    assert link(USER, ORIGINAL, WRAPPER, options=option).run("start") == 11


def test_a_name_that_nothing_mentions(link: Linker) -> None:
    assert link(USER, ORIGINAL, WRAPPER, options="--wrap=g").run("start") == 1


def test_references_in_the_object_of_the_definition_are_wrapped_too(link: Linker) -> None:
    both = assemble(*calling("start", "g")[:1], returning("f", 1), *calling("g", "f")[:1])
    assert link(both, WRAPPER, options="--wrap=f").run("start") == 11


def test_both_from_archives(link: Linker) -> None:
    linked = link(USER, archive(ORIGINAL, WRAPPER), options="--wrap=f --why-extract=-")
    assert linked.run("start") == 11
    assert "<internal>\tb.a(1.o)\t__wrap_f" in linked.stdout


def test_the_original_is_not_kept_without_need(link: Linker) -> None:
    linked = link(USER, ORIGINAL, assemble(returning("__wrap_f", 2)), options="--wrap=f")
    assert linked.run("start") == 2
    assert linked.functions == ["start", "__wrap_f"]


def test_calling_the_wrapper_by_its_own_name(link: Linker) -> None:
    user = assemble(*calling("start", "__wrap_f"), *calling("go", "f"))
    linked = link(user, ORIGINAL, WRAPPER, options="--wrap=f")
    assert [linked.run("start"), linked.run("go")] == [11, 11]


def test_a_definition_of_the_real_name_is_not_used(link: Linker) -> None:
    real = assemble(returning("__real_f", 100))
    assert link(USER, ORIGINAL, WRAPPER, real, options="--wrap=f").run("start") == 11


def test_function_pointers(link: Linker) -> None:
    user = assemble(
        function("start", function_pointer("f"), DROP, flags=EXPORTED),
        function("go", function_pointer("__wrap_f"), DROP, flags=EXPORTED),
        undefined_function("f", type=TO_I32),
        undefined_function("__wrap_f", type=TO_I32),
        undefined_table(flags=NO_STRIP),
    )
    link(user, ORIGINAL, WRAPPER, options="--wrap=f")


@pytest.mark.parametrize("name", ["f", "__wrap_f"])
def test_names_mean_the_wrapper_though_calls_disagree_with_it(name: str, link: Linker) -> None:
    """Calls of the wrapper become calls of a stub with a name of its own."""
    options = f"--wrap=f --export={name}"
    linked = link(USER, ORIGINAL, assemble(function("__wrap_f")), options=options, departs=True)
    assert "__wrap_f" in linked.exports
    assert "__wasm_call_ctors" not in linked.exports


def test_two_names(link: Linker) -> None:
    user = assemble(*calling("start", "f"), *calling("go", "g"))
    other = assemble(
        returning("g", 2),
        function("__wrap_g", call("__real_g"), const(20), ADD, type=TO_I32),
        undefined_function("__real_g", type=TO_I32),
    )
    linked = link(user, ORIGINAL, WRAPPER, other, options="--wrap=f --wrap=g")
    assert [linked.run("start"), linked.run("go")] == [11, 22]


def test_a_wrapper_that_is_wrapped(link: Linker) -> None:
    outer = assemble(
        function("__wrap___wrap_f", call("__real___wrap_f"), const(100), ADD, type=TO_I32),
        undefined_function("__real___wrap_f", type=TO_I32),
    )
    link(USER, ORIGINAL, WRAPPER, outer, options="--wrap=f --wrap=__wrap_f")
    link(USER, ORIGINAL, WRAPPER, outer, options="--wrap=__wrap_f --wrap=f")


def test_what_is_not_defined(link: Linker) -> None:
    assert link.refusal(USER, ORIGINAL, options="--wrap=f") == "a.o: undefined symbol: __wrap_f"
    linked = link(USER, ORIGINAL, options="--wrap=f --allow-undefined")
    assert linked.imports == ["env.__wrap_f"]
    linked = link(USER, ORIGINAL, options="--wrap=f --unresolved-symbols=ignore-all")
    assert linked.functions == ["undefined_stub", "start"]
    assert link.refusal(USER, WRAPPER, options="--wrap=f") == "b.o: undefined symbol: f"


def test_weak_references(link: Linker) -> None:
    weak = assemble(
        function("start", call("f"), type=TO_I32, flags=EXPORTED),
        undefined_function("f", type=TO_I32, flags=WEAK),
    )
    linked = link(weak, assemble(returning("__wrap_f", 2)), options="--wrap=f")
    assert linked.run("start") == 2
    assert link.refusal(weak, options="--wrap=f") == "a.o: undefined symbol: __wrap_f"


def test_exports_go_by_the_new_meaning(link: Linker) -> None:
    linked = link(USER, ORIGINAL, WRAPPER, options="--wrap=f --export=f --export=__real_f")
    assert linked.exports == ["memory", "start", "f", "__wrap_f"]
    assert "not found: f" in link.refusal(USER, ORIGINAL, options="--wrap=f --export=f")


@pytest.mark.parametrize("more", ["-r", "--emit-relocs", "--no-gc-sections --export-all", "-M"])
def test_other_outputs(more: str, link: Linker) -> None:
    link(USER, ORIGINAL, WRAPPER, options=f"--wrap=f {more}")
    link(USER, ORIGINAL, options=f"--wrap=f --allow-undefined {more}")


def test_signatures_that_differ_keep_their_stubs(link: Linker) -> None:
    user = assemble(function("start", call("f"), flags=EXPORTED))
    linked = link(user, ORIGINAL, WRAPPER, options="--wrap=f -y f")
    assert "signature_mismatch:f" in linked.stdout


def test_only_functions_can_be_wrapped(link: Linker) -> None:
    user = assemble(function("start", address("d"), DROP, flags=EXPORTED))
    wrapped = assemble(data("d", b"1"), data("__wrap_d", b"2"))
    assert link.refusal(user, wrapped, options="--wrap=d") == (
        "symbol type mismatch: __wrap_d\n"
        ">>> defined as WASM_SYMBOL_TYPE_DATA in b.o\n"
        ">>> defined as WASM_SYMBOL_TYPE_FUNCTION in <internal>"
    )
    unused = assemble(function("start", flags=EXPORTED))
    link(unused, wrapped.replace(b"__wrap_d", b"__rrap_d"), options="--wrap=d")


USERS_OF_DATA: dict[str, list[Declaration]] = {
    "d": [function("start", address("d"), DROP, flags=EXPORTED), data("d", b"1")],
    "g": [function("start", global_get("g"), DROP, flags=EXPORTED), global_variable("g")],
    "t": [function("start", const(0), throw("t"), flags=EXPORTED)],
}


@pytest.mark.parametrize("name", USERS_OF_DATA)
@pytest.mark.parametrize(
    "more", ["", "--allow-undefined", "--unresolved-symbols=ignore-all", "-r", "--emit-relocs"]
)
def test_where_wasm_ld_crashes_there_is_an_error(name: str, more: str, tmp_path: Path) -> None:
    user = assemble(*USERS_OF_DATA[name])
    (tmp_path / "a.o").write_bytes(user)
    argv = ["--no-entry", f"--wrap={name}", *more.split(), "a.o"]
    real = run_wasm_ld([*argv, "-o", "x"], tmp_path)
    # Of a tag it makes a module that is invalid.
    assert real.status not in (0, 1) or name == "t"
    assert link_here({"a.o": user}, argv, "lld-22").errors != ()
    assert link_here({"a.o": user}, argv).errors != ()


def test_data_is_not_replaced_by_a_function(tmp_path: Path) -> None:
    """wasm-ld 22 takes the function for data there."""
    user = assemble(*USERS_OF_DATA["d"], returning("__wrap_d", 1))
    output = link_here({"a.o": user}, ["--no-entry", "--wrap=d", "a.o"])
    assert output.errors == ("a.o: --wrap: not a function: d",)


def test_a_name_that_waits_in_an_archive_is_nothing_to_import(tmp_path: Path) -> None:
    """Nobody knows the type of its wrapper: wasm-ld 22 crashes."""
    files = {"a.o": ORIGINAL, "b.a": archive(assemble(returning("g", 1)))}
    output = link_here(files, ["-r", "--wrap=g", "a.o", "b.a"])
    assert output.module is not None
    assert output.module == link_here(files, ["-r", "a.o", "b.a"]).module


def test_the_original_that_comes_with_what_it_is_called_by_tells_the_type(link: Linker) -> None:
    """`__real_f` takes the member, and only then anybody knows the type of `__wrap_f`."""
    member = archive(assemble(returning("f", 1), returning("__real_f", 2)))
    linked = link(member, assemble(returning("g", 3)), options="-r --wrap=f")
    assert "env.__wrap_f" in linked.imports


def test_a_program(link: Linker, tmp_path: Path) -> None:
    source = tmp_path / "program.c"
    source.write_text(
        "int twice(int);\n"
        "int __real_twice(int);\n"
        "int __wrap_twice(int x) { return __real_twice(x) + 1; }\n"
        '__attribute__((export_name("run"))) int run(void) { return twice(20); }\n'
    )
    library = tmp_path / "library.c"
    library.write_text("int twice(int x) { return 2 * x; }\n")
    objects = [
        compile_c(path, path.with_suffix(".obj"), "-O1", target="wasm32-freestanding").read_bytes()
        for path in (source, library)
    ]
    linked: Linked = link(objects[0], archive(objects[1]), options="--wrap=twice")
    assert linked.run("run") == 41


def test_the_original_in_an_archive_that_only_the_wrapper_needs(link: Linker) -> None:
    user = assemble(*calling("start", "__wrap_f"))
    linked = link(user, WRAPPER, archive(ORIGINAL), options="--wrap=f", departs=True)
    assert linked.run("start") == 11


def test_a_chain_of_originals_in_archives(link: Linker) -> None:
    second = assemble(
        function("f", call("__real_g"), type=TO_I32), undefined_function("__real_g", type=TO_I32)
    )
    user = assemble(*calling("start", "__wrap_f"))
    library = archive(second, assemble(returning("g", 3)))
    options = "--wrap=g --wrap=f"
    assert link(user, WRAPPER, library, options=options, departs=True).run("start") == 13


def test_an_original_in_an_archive_with_another_signature() -> None:
    user = assemble(*calling("start", "__wrap_f"))
    files = {"a.o": user, "b.o": WRAPPER, "c.a": archive(assemble(function("f")))}
    output = link_here(files, ["--no-entry", "--wrap=f", *files])
    assert "function signature mismatch: __real_f" in output.errors[0]


def test_a_call_of_a_wrapper_with_another_signature(link: Linker) -> None:
    user = assemble(function("start", call("f"), flags=EXPORTED))
    files = {"a.o": user, "b.o": assemble(function("f")), "c.o": WRAPPER}
    output = link_here(files, ["--no-entry", "--wrap=f", *files])
    assert output.module is None
    assert "function signature mismatch: __real_f" in output.errors[0]
    files["c.o"] = assemble(returning("__wrap_f", 1))
    output = link_here(files, ["--no-entry", "--wrap=f", *files])
    assert output.module is not None
    Linked(output.module).validate()
    assert "function signature mismatch: __wrap_f" in output.warnings[0]


def test_a_call_in_the_member_that_has_the_wrapper() -> None:
    """It is known only when the wrapper has been taken from the archive."""
    member = assemble(function("start", call("f"), flags=EXPORTED), returning("__wrap_f", 1))
    files = {"a.o": assemble(function("f")), "b.a": archive(member=member)}
    output = link_here(files, ["--no-entry", "--wrap=f", *files])
    assert output.module is not None
    Linked(output.module).validate()
    assert "function signature mismatch: __wrap_f" in output.warnings[0]


def test_wrapping_in_a_library(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    program = BUILDERS["libc-small"](tmp_path)
    source = tmp_path / "wrapper.c"
    source.write_text(
        "#include <stdlib.h>\n"
        "void *__real_malloc(size_t);\n"
        "unsigned count;\n"
        "void *__wrap_malloc(size_t n) { count++; return __real_malloc(n); }\n"
    )
    wrapper = compile_c(source, tmp_path / "wrapper.o", "-O1")
    argv = [*program.link_line, str(wrapper), "--wrap=malloc", "--dialect=lld-22"]
    assert run_wasm_ld([*argv[:-1], "-o", "real"], tmp_path) == (0, "", "")
    assert run_weld_ld([*argv, "-o", "ours"], tmp_path, capfdbinary) == (0, "", "")
    module = (tmp_path / "ours").read_bytes()
    # The path of the output is the module's name.
    assert module.replace(b"ours", b"real") == (tmp_path / "real").read_bytes()
    assert run_module(module, "_start", tmp_path) == program.stdout


def test_a_wrapper_without_a_type_crashes_wasm_ld_before_its_constructors_are_looked_at() -> None:
    """With -r, of a name that only a member of an archive defines, which nothing takes."""
    unit = assemble(function("ctor", type=FunctionType((ValueType.I32,), ())), init("ctor"))
    files = {"a.o": unit, "lib.a": archive(assemble(function("f")))}
    arguments = ["-r", "--wrap=f", "a.o", "lib.a"]
    said = "constructor functions cannot take arguments: ctor"
    assert link_here(files, arguments).errors == (said,)
    (crash,) = link_here(files, arguments, "lld-22").errors
    assert "wasm-ld 22 crashes here: --wrap" in crash

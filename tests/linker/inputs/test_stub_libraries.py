"""Stub libraries: what the host gives is imported, what it needs is exported.

Each link is compared with wasm-ld's by the fixture; what it takes from a text is seen in the last.
"""

from __future__ import annotations

import pytest

from tests.linker.assemble import archive, assemble
from tests.linker.conftest import Linker
from tests.linker.objects import (
    DROP,
    EXPORTED,
    FROM_I32,
    HIDDEN,
    TO_I32,
    WEAK,
    address,
    call,
    const,
    data,
    function,
    global_get,
    global_variable,
    init,
    returning,
    tag,
    throw,
    undefined_data,
    undefined_function,
    undefined_global,
    undefined_tag,
)

USER = assemble(function("user", call("f"), flags=EXPORTED))
HELPER = assemble(function("helper"))


def stub(*lines: str) -> bytes:
    return "\n".join(("#STUB", *lines)).encode()


def test_what_it_gives_is_imported(link: Linker) -> None:
    assert "undefined symbol: f" in link.refusal(USER)
    linked = link(USER, lib__so=stub("f"))
    assert linked.imports == ["env.f"]
    assert linked.start().call("user") is None


def test_what_it_needs_is_exported(link: Linker) -> None:
    linked = link(USER, HELPER, lib__so=stub("f: helper"))
    assert linked.exports == ["memory", "user", "helper"]


def test_where_nothing_wants_it_nothing_happens(link: Linker) -> None:
    unit = assemble(function("other", flags=EXPORTED))
    assert (
        link(unit, HELPER, lib__so=stub("f: helper, missing")).module == link(unit, HELPER).module
    )


def test_what_the_program_defines_is_not_the_hosts(link: Linker) -> None:
    linked = link(USER, assemble(function("f")), HELPER, lib__so=stub("f: helper"))
    assert linked.imports == []
    assert linked.exports == ["memory", "user"]


def test_what_an_archive_offers_is_not_the_hosts(link: Linker) -> None:
    weak = assemble(
        undefined_function("f", flags=WEAK), function("user", call("f"), flags=EXPORTED)
    )
    linked = link(a__o=weak, b__a=archive(assemble(function("f"))), c__so=stub("f: missing"))
    assert linked.imports == []


@pytest.mark.parametrize("order", ["a.o b.o lib.so", "a.o lib.so b.o", "lib.so b.o a.o"])
def test_its_place_does_not_matter(order: str, link: Linker) -> None:
    linked = link(USER, HELPER, lib__so=stub("f: helper"), order=order)
    assert linked.imports == ["env.f"]
    assert set(linked.exports) == {"memory", "user", "helper"}


def test_what_it_needs_is_taken_from_archives(link: Linker) -> None:
    library = archive(HELPER, assemble(function("other")))
    linked = link(USER, library, lib__so=stub("f: helper"), options="--trace --why-extract=-")
    assert linked.exports == ["memory", "user", "helper"]
    assert linked.stdout == ("a.o\nb.a(0.o)\nreference\textracted\tsymbol\nlib.so\ta.o\tf\n")


def test_what_is_taken_may_want_the_host_too(link: Linker) -> None:
    member = assemble(function("helper", call("g")))
    other = assemble(function("more"))
    lines = stub("g: more", "f: helper")
    linked = link(USER, archive(member, other), lib__so=lines)
    assert set(linked.imports) == {"env.f", "env.g"}
    assert set(linked.exports) == {"memory", "user", "helper", "more"}


def test_what_is_missing_is_an_error(link: Linker) -> None:
    assert link.refusal(USER, lib__so=stub("f: g, _Z1hi")) == (
        "lib.so: undefined symbol: g. Required by f\nlib.so: undefined symbol: _Z1hi. Required by f"
    )


def test_what_is_only_referred_to_is_missing(link: Linker) -> None:
    unit = assemble(
        function("user", call("_Z1fv"), call("_Z1gi"), flags=EXPORTED), undefined_function("_Z1gi")
    )
    for option in ("", "--allow-undefined", "--unresolved-symbols=ignore-all", "-r"):
        assert link.refusal(unit, lib__so=stub("_Z1fv: _Z1gi"), options=option).startswith(
            "lib.so: undefined symbol: g(int). Required by f()"
        )


def test_what_the_linker_defines_late_is_missing(link: Linker) -> None:
    """wasm-ld makes them after the stub libraries (createOptionalSymbols)."""
    assert link.refusal(USER, lib__so=stub("f: __heap_base")) == (
        "lib.so: undefined symbol: __heap_base. Required by f"
    )


def test_what_the_linker_defines_early_can_be_needed(link: Linker) -> None:
    linked = link(USER, lib__so=stub("f: __wasm_call_ctors"))
    assert linked.exports == ["memory", "__wasm_call_ctors", "user"]
    assert "mutable global exported" in link.refusal(USER, lib__so=stub("f: __stack_pointer"))


def test_constructors_that_the_host_may_call_are_not_called_around_exports(link: Linker) -> None:
    """Also where nothing wants the symbol for which it would call them."""
    unit = assemble(function("start"), init("start"), function("user", flags=EXPORTED))
    assert "user.command_export" in link(unit).functions
    assert (
        "user.command_export"
        not in link(unit, lib__so=stub("nowhere: __wasm_call_ctors")).functions
    )


def test_the_first_library_that_gives_it_counts(link: Linker) -> None:
    linked = link(USER, HELPER, l__so=stub("f: helper"), m__so=stub("f: missing"))
    assert linked.exports == ["memory", "user", "helper"]


def test_of_two_lines_the_last_counts(link: Linker) -> None:
    assert link(USER, HELPER, lib__so=stub("f: helper", "f")).exports == ["memory", "user"]


def test_it_may_give_what_an_import_is_called(link: Linker) -> None:
    unit = assemble(
        undefined_function("f", import_name="host_f"), function("user", call("f"), flags=EXPORTED)
    )
    linked = link(unit, HELPER, lib__so=stub("host_f: helper"))
    assert linked.imports == ["env.host_f"]
    assert linked.exports == ["memory", "user", "helper"]
    linked = link(unit, HELPER, lib__so=stub("f: helper", "host_f: missing"))
    assert linked.exports == ["memory", "user", "helper"]


def test_data_that_it_gives_is_at_address_0(link: Linker) -> None:
    """Data cannot be imported."""
    unit = assemble(undefined_data("d"), function("user", address("d"), DROP, flags=EXPORTED))
    assert link(unit, lib__so=stub("d")).imports == []


def test_globals_and_tags_are_imported_too(link: Linker) -> None:
    unit = assemble(
        undefined_global("g"),
        undefined_tag("t", type=FROM_I32),
        function("user", global_get("g"), *throw("t"), flags=EXPORTED),
    )
    assert link(unit, lib__so=stub("g", "t")).imports == ["env.g", "env.t"]


@pytest.mark.parametrize(
    "needed",
    [data("x", b"1"), global_variable("x", 7), tag("x"), function("x", flags=HIDDEN)],
    ids=["data", "global", "tag", "hidden function"],
)
def test_anything_can_be_needed(needed: object, link: Linker) -> None:
    unit = assemble(needed, function("user", call("f"), flags=EXPORTED))  # type: ignore[arg-type]
    assert "x" in link(unit, lib__so=stub("f: x")).exports


def test_what_is_weakly_wanted_still_traps(link: Linker) -> None:
    unit = assemble(
        undefined_function("f", flags=WEAK), function("user", call("f"), flags=EXPORTED)
    )
    linked = link(unit, HELPER, lib__so=stub("f: helper"))
    assert linked.imports == []
    assert linked.exports == ["memory", "user", "helper"]


def test_what_code_that_is_left_out_wants_needs_its_things_still(link: Linker) -> None:
    unit = assemble(function("dead", call("f")))
    linked = link(unit, HELPER, lib__so=stub("f: helper"))
    assert linked.imports == []
    assert linked.exports == ["memory", "helper"]


def test_in_an_object_references_stay(link: Linker) -> None:
    linked = link(USER, HELPER, lib__so=stub("f: helper"), options="-r")
    assert linked.imports == ["env.f"]
    assert "undefined symbol: f" in link.refusal(linked.module)
    again = link(linked.module, lib__so=stub("f: helper"))
    assert again.exports == ["memory", "user", "helper"]


def test_a_signature_that_differs(link: Linker) -> None:
    other = assemble(
        undefined_function("f", type=FROM_I32),
        function("other", const(1), call("f"), flags=EXPORTED),
    )
    assert "function signature mismatch: f" in link.refusal(USER, other, lib__so=stub("f"))


def test_what_is_taken_is_compared_with_a_weak_reference(link: Linker) -> None:
    unit = assemble(
        undefined_function("helper", type=TO_I32, flags=WEAK),
        function("user", call("f"), call("helper"), DROP, flags=EXPORTED),
    )
    linked = link(unit, archive(HELPER), lib__so=stub("f: helper"), departs=True)
    assert linked.warnings[0].startswith("function signature mismatch: helper")
    assert linked.export("helper").index == linked.function_index("helper")


def test_what_a_lost_group_defines_is_missing(link: Linker) -> None:
    """wasm-ld takes the member and exports nothing (lost-member-symbol-zero)."""
    group = assemble(returning("first", 1, comdat="group"))
    library = archive(assemble(returning("helper", 2, comdat="group")))
    refusal = link.refusal(USER, group, library, lib__so=stub("f: helper"), departs=True)
    assert refusal == "lib.so: undefined symbol: helper. Required by f"


# --wrap.


def test_a_wrapper_can_be_the_hosts(link: Linker) -> None:
    original = assemble(function("f"))
    linked = link(USER, original, lib__so=stub("__wrap_f: f"), options="--wrap=f")
    assert linked.imports == ["env.__wrap_f"]
    assert linked.exports == ["memory", "user", "f"]


def test_the_original_can_be_the_hosts(link: Linker) -> None:
    wrapper = assemble(function("__wrap_f", call("__real_f")))
    linked = link(USER, wrapper, lib__so=stub("f"), options="--wrap=f")
    assert linked.imports == ["env.f"]


def test_the_original_is_not_given_by_its_other_name(link: Linker) -> None:
    wrapper = assemble(function("__wrap_f", call("__real_f")))
    options = "--wrap=f --trace-symbol=__real_f"
    assert link.refusal(USER, wrapper, lib__so=stub("__real_f"), options=options) == (
        "b.o: undefined symbol: f"
    )


def test_what_is_taken_may_call_the_original(link: Linker) -> None:
    """wasm-ld leaves it in the archive then (wrapped-member-left)."""
    user = assemble(
        undefined_function("f", flags=WEAK),
        function("user", call("g"), call("f"), flags=EXPORTED),
        function("__wrap_f"),
    )
    helper = assemble(function("helper", call("__real_f")))
    library = archive(helper, assemble(function("f", call("h"))))
    linked = link(user, library, lib__so=stub("g: helper", "h"), options="--wrap=f", departs=True)
    assert set(linked.imports) == {"env.g", "env.h"}


# What is read, found and printed.


@pytest.mark.parametrize(
    "text",
    [
        b"#STUB f\n\nf : helper \n\n",
        b"#STUB\r\n# helper: f\r\nf: helper\r\n",
        b"#STUBBORN\n\t\v\f f:helper\t\n",
        b"#STUB\nf:helper,\n:\n:nothing\nhelper",
        b"#STUB\n#f\n   #f\nf:helper,helper",
    ],
)
def test_what_the_text_says(text: bytes, link: Linker) -> None:
    linked = link(USER, HELPER, lib__so=text)
    assert linked.imports == ["env.f"]
    assert linked.exports == ["memory", "user", "helper"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"#STUB", "a.o: undefined symbol: f"),
        (b"#STUB\nf, g", "a.o: undefined symbol: f"),
        (b"#STUB\ng\rf", "a.o: undefined symbol: f"),
        (b"#STUB\nf :: helper", "lib.so: undefined symbol: : helper. Required by f"),
        (b"#STUB\nf:,helper", "lib.so: undefined symbol: . Required by f"),
        (b"#STUB\nf:helper;", "lib.so: undefined symbol: helper;. Required by f"),
        (b"#STUB\nf:\thelper", "lib.so: undefined symbol: \thelper. Required by f"),
        (b"#STUB\nf:\xff", "lib.so: undefined symbol: \udcff. Required by f"),
        (b"#stub\nf", "unknown file type: lib.so"),
        (b"\n#STUB\nf", "unknown file type: lib.so"),
        (b"# STUB\nf", "unknown file type: lib.so"),
        (b"\xef\xbb\xbf#STUB\nf", "unknown file type: lib.so"),
    ],
)
def test_what_the_text_does_not_say(text: bytes, message: str, link: Linker) -> None:
    assert link.refusal(USER, HELPER, lib__so=text) == message


def test_it_is_looked_for_as_a_shared_library(link: Linker) -> None:
    for order in ("-L. -Bdynamic -lx", "-L. -l:libx.so", "-static libx.so"):
        assert link(USER, libx__so=stub("f"), order=f"a.o {order}").imports == ["env.f"]
    for order in ("-L. -lx", "-r -Bdynamic -L. -lx"):
        refusal = link.refusal(USER, libx__so=stub("f"), order=f"a.o {order}")
        assert refusal == "unable to find library -lx"


def test_it_cannot_be_a_member(link: Linker) -> None:
    library = archive(HELPER, f=stub("f"))
    message = "b.a: archive member 'f.o' is neither Wasm object file nor LLVM bitcode"
    assert message in link(HELPER, library).warnings
    assert "not recognized as a valid object" in link.refusal(
        HELPER, library, options="--whole-archive"
    )


@pytest.mark.parametrize(
    "order", ["a.o --start-lib lib.so --end-lib", "a.o --whole-archive lib.so"]
)
def test_other_switches_do_not_matter(order: str, link: Linker) -> None:
    assert link(USER, lib__so=stub("f"), order=order).imports == ["env.f"]


def test_alone_it_makes_an_empty_module(link: Linker) -> None:
    assert link(lib__so=stub("f: g")).exports == ["memory"]


def test_what_it_does_to_a_traced_symbol(link: Linker) -> None:
    unit = assemble(function("_Z6helperv"), function("defined"))
    options = "".join(f" -y {name}" for name in ("f", "_Z6helperv", "defined", "elsewhere"))
    lines = stub("f: _Z6helperv", "defined", "elsewhere")
    assert link(USER, unit, lib__so=lines, options=options).stdout == (
        "a.o: reference to f\n"
        "b.o: definition of _Z6helperv\n"
        "b.o: definition of defined\n"
        "lib.so: importing f\n"
        "lib.so: exported helper() due to import of f\n"
        "lib.so: stub symbol not needed: defined\n"
    )


def test_the_order_of_names_is_that_of_a_hash_table(link: Linker) -> None:
    names = [f"name{number}" for number in range(100)]
    user = assemble(function("user", *(part for name in names for part in call(name))))
    lines = stub(*(f"{name}: missing{name}" for name in names))
    errors = link.refusal(user, lib__so=lines, options="--error-limit=0").splitlines()
    required = [error.rpartition(" ")[2] for error in errors]
    assert required != names
    assert sorted(required) == sorted(names)

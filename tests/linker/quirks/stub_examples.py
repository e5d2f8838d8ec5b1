"""What wasm-ld 15 to 21 make of stub libraries: one example a quirk, in the order of the quirks."""

from __future__ import annotations

from linker.driver import LinkOutput
from tests.linker.assemble import archive, assemble
from tests.linker.examples import Example, linked, links
from tests.linker.objects import EXPORTED, call, function, init, undefined_function

USER = assemble(function("user", call("f"), flags=EXPORTED))
HELPER = assemble(function("helper"))
STARTING = assemble(function("start"), init("start"), function("user", flags=EXPORTED))


def exports_helper(output: LinkOutput) -> bool:
    return "helper" in linked(output).exports


STUB_EXAMPLES = {
    "stubs-give-unused": Example(
        (
            USER,
            assemble(function("f"), function("__wrap_f")),
            b"#STUB\n__real_f: missing",
        ),
        "--no-entry --wrap=f",
        links,
    ),
    "blank-stub-lines-read": Example(
        (
            assemble(undefined_function(""), function("user", call(""), flags=EXPORTED)),
            b"#STUB\n",
        ),
        "--no-entry",
        lambda output: output.errors == ("a.o: undefined symbol: ",),
    ),
    "relocatable-dynamic": Example(
        (USER,),
        "-r -Bdynamic -L. -lx",
        lambda output: output.errors == ("unable to find library -lx",),
        library=b"#STUB",
    ),
    "shared-libraries-unsearched": Example(
        (assemble(function("f", flags=EXPORTED)),),
        "--no-entry -Bdynamic -L. -lx",
        lambda output: output.errors == (),
        library=b"#STUB",
    ),
    "stub-import-names-unknown": Example(
        (
            assemble(
                undefined_function("f", import_name="host_f"),
                function("user", call("f"), flags=EXPORTED),
            ),
            HELPER,
            b"#STUB\nhost_f: helper",
        ),
        "--no-entry",
        exports_helper,
    ),
    "stubs-asked-once": Example(
        (
            USER,
            archive(assemble(function("helper", call("g")))),
            b"#STUB\ng",
            b"#STUB\nf: helper",
        ),
        "--no-entry",
        lambda output: set(linked(output).imports) == {"env.f", "env.g"},
    ),
    "unneeded-stubs-untold": Example(
        (STARTING, b"#STUB\nuser"),
        "--no-entry --trace-symbol=user",
        lambda output: "b.o: stub symbol not needed: user" in output.stdout,
    ),
    "stub-needs-unmarked": Example(
        (STARTING, b"#STUB\nnowhere: __wasm_call_ctors"),
        "--no-entry",
        lambda output: "user.command_export" not in linked(output).functions,
    ),
    "stub-exports-untold": Example(
        (USER, HELPER, b"#STUB\nf: helper"),
        "--no-entry --trace-symbol=helper",
        lambda output: "c.o: exported helper due to import of f" in output.stdout,
    ),
    "stub-extraction-untold": Example(
        (USER, archive(HELPER), b"#STUB\nf: helper"),
        "--no-entry --why-extract=-",
        lambda output: "c.o\ta.o\tf" in output.stdout,
    ),
    "stub-libraries-unknown": Example((USER, b"#STUB\nf"), "--no-entry", links),
}

"""What the seed keeps of edits, each trace by itself: what is right, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from linker.driver import LinkOutput
from linker.format import model
from linker.module import Module
from linker.seed.catalogue_edits import EDIT_QUIRKS
from tests.linker.assemble import assemble
from tests.linker.linked import Linked
from tests.linker.module_contents import calls, loads, number
from tests.linker.objects import (
    EXPORTED,
    I32,
    TO_I32,
    VOID,
    data,
    returning,
    signature,
    word,
)
from tests.linker.seed.examples import (
    Predicate,
    contents,
    exports,
    fails,
    imports,
    in_module,
    runs,
    shows,
)

TAKES = signature((I32,), ())
# The linker's own function for constructors, and one of no bytes.
EMPTY_BODY = b"\x0a\x05\x02\x02\x00\x0b\x00"
KEEP = "--no-gc-sections"


@dataclass
class Session:
    """A module that is edited, and its flushes with the same options."""

    options: list[str]
    files: dict[str, bytes] = field(default_factory=dict)
    module: Module = field(default_factory=lambda: Module("memory"))

    def flush(self) -> LinkOutput:
        arguments = ["--no-entry", "-o", "out.wasm", *self.options, *self.files]
        return self.module.flush(arguments, self.files.__getitem__)


@dataclass(frozen=True)
class Story:
    """Edits, and what the last flush gives; `files` are those of the command line."""

    edit: Callable[[Session], None]
    is_right: Predicate
    is_seeds: Predicate
    options: str = KEEP
    files: tuple[bytes, ...] = ()


def four_functions(session: Session) -> None:
    for value in range(4):
        session.module.add_function(f"f{value}", TO_I32, number(value))


def defined_in_another_order(session: Session) -> None:
    module = session.module
    first, second = module.allocate("a", TO_I32), module.allocate("b", TO_I32)
    module.update(second, number(2))
    module.update(first, number(1))
    module.export(first, "a")
    module.export(second, "b")


def another_type(session: Session) -> None:
    function = session.module.add_function("f", TAKES, b"\0\x0b")
    session.module.update(function, number(1), signature=TO_I32)


def other_constants(session: Session) -> None:
    owner = session.module.add_data("d", 1, b"d")
    session.module.add_constant(owner, 1, b"old")
    session.module.clear(owner)
    session.module.update(owner, b"d")


def emptied(session: Session) -> None:
    target = session.module.add_data("x", 1, b"x")
    content, references = loads(target)
    session.module.add_function("f", TO_I32, content, references)
    session.module.update(target, b"")


def undefined_function(session: Session) -> None:
    session.module.allocate("f", TO_I32)


def freed_and_reused(session: Session) -> None:
    module = session.module
    callee = module.add_function("g", TO_I32, number(7))
    caller = module.add_function("f", TO_I32, *calls(callee))
    module.export(caller, "f")
    module.free(callee)
    module.add_function("h", TO_I32, number(8))


def name_of_the_slot(session: Session) -> None:
    module = session.module
    first = module.add_function("root.f", TO_I32, number(1))
    module.export(first, "a")
    module.free(first)
    module.export(module.add_function("root.g", TO_I32, number(2)), "root.g")


def address_taken_back(session: Session) -> None:
    module = session.module
    target = module.add_function("f", TO_I32, number(1))
    pointer = module.add_data("p", 4, bytes(4))
    module.address(pointer, 0, target)
    module.update(pointer, bytes(4))


def name_given_back(session: Session) -> None:
    module = session.module
    first = module.add_function("root.f", TO_I32, number(1))
    second = module.add_function("root.g", TO_I32, number(2))
    module.export(first, "x")
    module.export(second, "x")
    module.delete_export(first, "x")


def made_visible(session: Session) -> None:
    function = session.module.add_function("root.f", TO_I32, number(1))
    session.module.export(function, "x", hidden=True)
    session.module.export(function, "x")


def hidden_beside_an_object(session: Session) -> None:
    function = session.module.add_function("root.f", TO_I32, number(1))
    session.module.export(function, "f", hidden=True)


def hidden_once(session: Session) -> None:
    function = session.module.add_function("root.f", TO_I32, number(1))
    session.module.export(function, "x", hidden=True)
    session.module.delete_export(function, "x")
    session.module.export(function, "x")


def exported_before_defined(session: Session) -> None:
    function = session.module.allocate("f", TO_I32)
    session.module.export(function, "f")
    session.module.update(function, number(1))


def two_names(session: Session) -> None:
    function = session.module.add_function("root.f", TO_I32, number(1))
    session.module.export(function, "a")
    session.module.export(function, "b")


def name_taken_away(session: Session) -> None:
    function = session.module.add_function("root.f", TO_I32, number(1))
    session.module.export(function, "a")
    session.module.delete_export(function, "a")


def import_defined(session: Session) -> None:
    function = session.module.add_extern("f", TO_I32, "host")
    session.module.update(function, number(1))


def one_import(session: Session) -> None:
    module = session.module
    extern = module.add_extern("f", TO_I32, "host")
    module.export(module.add_function("root.g", TO_I32, *calls(extern)), "g")


def extern_data(session: Session) -> None:
    module = session.module
    extern = module.add_extern("x")
    module.export(module.add_function("root.f", TO_I32, *loads(extern)), "f")


def weak_import(session: Session) -> None:
    module = session.module
    extern = module.add_extern("f", TO_I32, weak=True)
    module.export(module.add_function("root.g", TO_I32, *calls(extern)), "g")


def flushed_once(session: Session) -> None:
    session.flush()


def errors_flushed_once(session: Session) -> None:
    session.module.error_names[:] = ["E"]
    session.module.error_table()
    session.flush()


def one_more_after_six(session: Session) -> None:
    for value in range(6):
        session.module.add_data(f"d{value}", 1, b"1")
    session.flush()
    session.module.add_data("d6", 1, b"1")


def after_a_broken_file(session: Session) -> None:
    session.module.error_table()
    whole = session.files["a.o"]
    session.files["a.o"] = whole[:-1]
    assert session.flush().errors
    session.files["a.o"] = whole


def no_start_any_more(session: Session) -> None:
    function = session.module.add_function("root.f", TO_I32, number(1))
    session.module.export(function, "_start")
    session.module.delete_export(function, "_start")


def data_and_errors(session: Session) -> None:
    session.module.add_data("x", 1, b"x123")
    session.module.error_names[:] = ["E"]
    session.module.error_table()


def slot_for_names(session: Session) -> None:
    module = session.module
    first = module.add_data("a", 1, b"a123")
    module.error_names[:] = ["E"]
    module.error_table()
    module.free(first)
    session.flush()
    module.add_data("c", 1, b"c123")


def own(found: Linked) -> list[str]:
    """The names of all functions but the linker's own."""
    return [name for name in found.functions if not name.startswith("__wasm")]


def has_table(found: Linked) -> bool:
    return found.file.find(model.ElementSection) is not None


def starts(found: Linked) -> bytes:
    return found.segments[0].content[:4]


RETURNS_5 = assemble(returning("f", 5, EXPORTED))
STORIES = {
    "own-declarations-in-hash-order": Story(
        four_functions, shows(own, ["f0", "f1", "f2", "f3"]), shows(own, ["f0", "f1", "f3", "f2"])
    ),
    "own-symbols-by-definition": Story(
        defined_in_another_order, exports("memory", "a", "b"), exports("memory", "b", "a")
    ),
    "own-types-stay": Story(
        another_type,
        # The linker's own function for constructors is of type VOID.
        shows(lambda found: found.types, [VOID, TO_I32]),
        shows(lambda found: found.types, [TAKES, TO_I32, VOID]),
    ),
    "constants-stay": Story(other_constants, shows(contents, [b"d"]), shows(contents, [b"dold"])),
    "empty-updates-ignored": Story(
        emptied, shows(own, ["f"]), fails("memory:(f): refers to x, which has no definition")
    ),
    "undefined-declarations-written": Story(
        undefined_function, shows(own, []), in_module(EMPTY_BODY)
    ),
    "references-by-slot": Story(freed_and_reused, fails("refers to g"), runs("f", 8)),
    "freed-names-stay": Story(
        name_of_the_slot, exports("memory", "root.g"), exports("memory", "a")
    ),
    "table-entries-stay": Story(
        address_taken_back, shows(has_table, False), shows(has_table, True)
    ),
    "names-settled-at-once": Story(
        name_given_back,
        exports("memory", "x"),
        fails("seed error LinkError: symbol 'x' defined multiple times"),
    ),
    "known-exports-passed-over": Story(made_visible, exports("memory", "x"), exports("memory")),
    "hidden-exports-weak": Story(
        hidden_beside_an_object, fails("duplicate symbol: f"), runs("f", 5), files=(RETURNS_5,)
    ),
    "export-flags-stay": Story(hidden_once, exports("memory", "x"), exports("memory")),
    "exports-need-definition": Story(
        exported_before_defined, runs("f", 1), fails("seed stops in StringTable.get")
    ),
    "one-export-name": Story(two_names, exports("memory", "a", "b"), exports("memory", "b")),
    "deleted-exports-stay": Story(name_taken_away, exports("memory"), exports("memory", "root.f")),
    "imports-stay": Story(import_defined, imports(), imports("host.f")),
    "import-kinds-unset": Story(
        one_import,
        imports("host.f"),
        fails("seed stops in emitSymbolTable"),
        "-r",
    ),
    "extern-data-stops": Story(
        extern_data,
        runs("f", 5),
        fails("seed stops in addOrUpdateImport"),
        files=(assemble(data("x", word(5))),),
    ),
    "weak-externs-strong": Story(weak_import, imports(), fails("memory: undefined symbol: f")),
    "files-linked-again": Story(
        flushed_once,
        runs("f", 5),
        fails("seed error SymbolCollision: duplicate symbol: f"),
        files=(RETURNS_5,),
    ),
    "atoms-forgotten": Story(
        errors_flushed_once,
        shows(lambda found: len(found.segments), 1),
        fails("seed stops in populateErrorNameTable"),
    ),
    "atom-map-bounded": Story(
        one_more_after_six,
        shows(contents, [b"1111111"]),
        fails("seed stops in allocateAtoms"),
    ),
    "failed-flushes-stay": Story(
        after_a_broken_file, runs("f", 5), fails("seed stops in getFirst"), files=(RETURNS_5,)
    ),
    "strings-remembered": Story(
        no_start_any_more, exports("memory"), fails("seed stops in setupStart")
    ),
    "error-names-first": Story(
        data_and_errors,
        shows(starts, b"x123"),
        # The address of the names, behind the eight bytes of the table.
        shows(starts, (65536 + 8).to_bytes(4, "little")),
    ),
    "error-names-slot-stays": Story(
        slot_for_names,
        shows(starts, b"c123"),
        shows(starts, (65536 + 12).to_bytes(4, "little")),
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_trace_alone(name: str) -> None:
    story = STORIES[name]
    outputs = []
    for quirk in ([], [f"--quirk={name}"]):
        files = {f"{letter}.o": content for letter, content in zip("ab", story.files, strict=False)}
        session = Session([*story.options.split(), *quirk], files)
        story.edit(session)
        outputs.append(session.flush())
    standard, quirky = outputs
    assert story.is_right(standard)
    assert story.is_seeds(quirky)
    assert quirky != standard


def test_every_trace_has_a_story() -> None:
    assert STORIES.keys() == EDIT_QUIRKS

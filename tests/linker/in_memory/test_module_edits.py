"""An object in memory, edited at random: each flush is that of a module made anew.

Every flush links the module with one fixed object. It must give the same bytes, or the same
errors, as a new module that is given the final state only; and what its exports return is what a
model in Python says.
"""

from __future__ import annotations

import pytest
import wasmtime
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from linker.in_memory.declaration import Declaration, Export, Extern
from linker.module import Module
from tests.linker.in_memory.module_model import (
    DATA_NAMES,
    FIXED,
    FIXED_STRONG,
    FUNCTION_NAMES,
    HOST_VALUE,
    CallsPlus,
    CallsThrough,
    ErrorByte,
    ErrorSize,
    LoadsThrough,
    LoadsWord,
    Meaning,
    Pointer,
    Recipe,
    Returns,
    Spec,
    StackPointer,
    Trap,
    Unknown,
    Words,
    build,
    content_of,
)
from tests.linker.linked import Linked
from tests.linker.objects import TO_I32

HOST_FUNCTION = "give"
LIBRARY = "host"
OWN_NAMES = "root."
OPTIONS = ("", "--no-gc-sections", "-r", "--gc-sections --export-all", "--allow-undefined")
FUEL = 100_000


def flush(module: Module, options: str) -> tuple[bytes | None, tuple[str, ...], tuple[str, ...]]:
    arguments = [
        "--no-entry",
        *options.split(),
        "-z",
        "stack-size=65536",
        "-o",
        "out.wasm",
        "fixed.o",
    ]
    output = module.flush(arguments, {"fixed.o": FIXED}.__getitem__)
    return output.module, output.errors, output.warnings


class Edits(RuleBasedStateMachine):
    """Does each edit to a module and to a list of specs in the order of their slots."""

    def __init__(self) -> None:
        super().__init__()
        self.module = Module("memory")
        self.handles: dict[Spec, Declaration] = {}
        self.slots: list[Spec | None] = []
        self.free_slots: list[int] = []
        self.error_table: Spec | None = None
        self.count = 0

    # The model.

    @property
    def specs(self) -> list[Spec]:
        owned = {constant for spec in self.slots if spec for constant in spec.constants}
        return [spec for spec in self.slots if spec is not None and spec not in owned]

    def pool(self, is_function: bool) -> list[Spec]:
        """What can be edited and referred to."""
        return [
            spec
            for spec in self.specs
            if spec.is_function is is_function and not spec.is_error_table
        ]

    def data_pool(self) -> list[Spec]:
        """Data that can be referred to: unnamed constants too."""
        constants = [constant for spec in self.specs for constant in spec.constants]
        return self.pool(is_function=False) + constants

    def place(self, spec: Spec, handle: Declaration) -> None:
        self.handles[spec] = handle
        if self.free_slots:
            self.slots[self.free_slots.pop()] = spec
        else:
            self.slots.append(spec)

    def release(self, *specs: Spec) -> None:
        for spec in specs:
            spec.freed = True
            slot = self.slots.index(spec)
            self.slots[slot] = None
            self.free_slots.append(slot)

    def new_name(self) -> str:
        self.count += 1
        return f"{OWN_NAMES}{self.count}"

    def draw_spec(self, data: st.DataObject, is_function: bool | None = None) -> Spec:
        kinds = (True, False) if is_function is None else (is_function,)
        return data.draw(st.sampled_from([spec for kind in kinds for spec in self.pool(kind)]))

    def draw_words(self, data: st.DataObject) -> Words:
        item: st.SearchStrategy[int | Pointer] = st.integers(0, 9)
        if functions := self.pool(is_function=True):
            item |= st.builds(Pointer, st.sampled_from(functions), st.just(0))
        if targets := self.data_pool():
            item |= st.builds(Pointer, st.sampled_from(targets), st.integers(0, 1))
        words = data.draw(st.tuples(item, item))
        return Words(data.draw(st.sampled_from((4, 8, 16))), words)

    def draw_recipe(self, data: st.DataObject, is_function: bool) -> Recipe:
        if not is_function:
            return self.draw_words(data)
        choices: list[st.SearchStrategy[Recipe]] = [
            st.builds(Returns, st.integers(0, 9)),
            st.just(StackPointer()),
        ]
        if functions := self.pool(is_function=True):
            choices.append(st.builds(CallsPlus, st.sampled_from(functions), st.integers(1, 9)))
        if targets := self.data_pool():
            some = st.sampled_from(targets)
            choices.append(st.builds(LoadsWord, some, st.integers(0, 1)))
            choices.append(st.builds(LoadsThrough, some))
            choices.append(st.builds(CallsThrough, some))
        if self.error_table is not None:
            table, index = st.just(self.error_table), st.integers(0, 2)
            choices.append(st.builds(ErrorSize, table, index))
            choices.append(st.builds(ErrorByte, table, index))
        return data.draw(st.one_of(choices))

    # Edits.

    @initialize(data=st.data())
    def start(self, data: st.DataObject) -> None:
        """Something to edit, in every run."""
        self.ask_for_error_table()
        for is_function in (False, True, False, True, True, True):
            self.add(is_function, data, exported=True)

    @rule(is_function=st.booleans())
    def allocate(self, is_function: bool) -> None:
        spec = Spec(self.new_name(), is_function)
        self.place(spec, self.module.allocate(spec.name, TO_I32 if is_function else None))

    @rule(is_function=st.sampled_from((True, True, False)), data=st.data(), exported=st.booleans())
    def add(self, is_function: bool, data: st.DataObject, exported: bool) -> None:
        recipe = self.draw_recipe(data, is_function)
        spec = Spec(self.new_name(), is_function, recipe)
        content, references = content_of(recipe, self.handles)
        if isinstance(recipe, Words):
            handle = self.module.add_data(spec.name, recipe.alignment, content, references)
        else:
            handle = self.module.add_function(spec.name, TO_I32, content, references)
        self.place(spec, handle)
        if exported:
            self.module.export(handle, f"is_{spec.name}")
            spec.exports[f"is_{spec.name}"] = Export()

    @rule(is_function=st.booleans(), data=st.data(), weak=st.booleans())
    def add_extern(self, is_function: bool, data: st.DataObject, weak: bool) -> None:
        if not is_function:
            spec = Spec(data.draw(st.sampled_from(DATA_NAMES)), False, extern=Extern(None, weak))
        elif data.draw(st.booleans()):
            spec = Spec(HOST_FUNCTION, True, extern=Extern(LIBRARY))
        else:
            spec = Spec(data.draw(st.sampled_from(FUNCTION_NAMES)), True, extern=Extern(None, weak))
        assert spec.extern is not None
        signature = TO_I32 if is_function else None
        handle = self.module.add_extern(spec.name, signature, *spec.extern)
        self.place(spec, handle)

    @precondition(lambda self: self.pool(True) or self.pool(False))
    @rule(data=st.data())
    def update(self, data: st.DataObject) -> None:
        spec = self.draw_spec(data)
        self.define(spec, self.draw_recipe(data, spec.is_function))

    @precondition(lambda self: self.pool(True))
    @rule(data=st.data())
    def update_with_constants(self, data: st.DataObject) -> None:
        """As a compiler does: a function gives up its constants and takes new ones."""
        spec = self.draw_spec(data, is_function=True)
        self.clear_spec(spec)
        for _ in range(data.draw(st.integers(1, 2))):
            self.add_constant_to(spec, data)
        spec.recipe = LoadsWord(spec.constants[-1], data.draw(st.integers(0, 1)))
        self.module.update(self.handles[spec], *content_of(spec.recipe, self.handles))

    @precondition(lambda self: self.pool(True) or self.pool(False))
    @rule(data=st.data())
    def add_constant(self, data: st.DataObject) -> None:
        self.add_constant_to(self.draw_spec(data), data)

    def add_constant_to(self, owner: Spec, data: st.DataObject) -> None:
        words = self.draw_words(data)
        content, references = content_of(words, self.handles)
        name = f"__unnamed_{owner.name}_{len(owner.constants)}"
        handle = self.module.add_constant(self.handles[owner], words.alignment, content, references)
        constant = Spec(name, False, words)
        owner.constants.append(constant)
        self.place(constant, handle)

    @precondition(lambda self: self.pool(False))
    @rule(data=st.data(), target_is_function=st.booleans())
    def address(self, data: st.DataObject, target_is_function: bool) -> None:
        """Puts an address in the first word, where there was a number."""
        targets = self.pool(is_function=True) if target_is_function else self.data_pool()
        spec = self.draw_spec(data, is_function=False)
        if not targets or not isinstance(spec.recipe, Words):
            return
        first, second = spec.recipe.words
        if isinstance(first, Pointer):
            return
        index = 0 if target_is_function else data.draw(st.integers(0, 1))
        pointer = Pointer(data.draw(st.sampled_from(targets)), index)
        self.module.address(self.handles[spec], 0, self.handles[pointer.target], 4 * index)
        spec.recipe = spec.recipe._replace(words=(pointer, second))

    @precondition(lambda self: self.pool(True) or self.pool(False))
    @rule(data=st.data())
    def clear(self, data: st.DataObject) -> None:
        self.clear_spec(self.draw_spec(data))

    def clear_spec(self, spec: Spec) -> None:
        self.module.clear(self.handles[spec])
        self.release(*spec.constants)
        spec.recipe, spec.extern = None, None
        spec.constants.clear()

    @precondition(lambda self: self.pool(True) or self.pool(False))
    @rule(data=st.data())
    def make_extern(self, data: st.DataObject) -> None:
        """Its name is no other's, so that only the host has it, or nobody where it is weak."""
        spec = self.draw_spec(data)
        if not spec.name.startswith(OWN_NAMES):
            return
        self.clear_spec(spec)
        spec.extern = Extern(LIBRARY if spec.is_function else None, not spec.is_function)
        self.module.make_extern(self.handles[spec], *spec.extern)

    @precondition(lambda self: self.pool(True) or self.pool(False))
    @rule(data=st.data(), weak=st.booleans(), hidden=st.booleans())
    def export(self, data: st.DataObject, weak: bool, hidden: bool) -> None:
        spec = self.draw_spec(data)
        name = data.draw(st.sampled_from(FUNCTION_NAMES if spec.is_function else DATA_NAMES))
        self.module.export(self.handles[spec], name, weak, hidden)
        spec.exports[name] = Export(weak, hidden)

    @precondition(lambda self: any(spec.exports for spec in self.specs))
    @rule(data=st.data())
    def delete_export(self, data: st.DataObject) -> None:
        spec = data.draw(st.sampled_from([spec for spec in self.specs if spec.exports]))
        name = data.draw(st.sampled_from(list(spec.exports)))
        self.module.delete_export(self.handles[spec], name)
        del spec.exports[name]

    @precondition(lambda self: self.specs)
    @rule(data=st.data())
    def free(self, data: st.DataObject) -> None:
        spec = data.draw(st.sampled_from(self.specs))
        self.module.free(self.handles[spec])
        self.release(spec, *spec.constants)
        if spec is self.error_table:
            self.error_table = None

    @rule()
    def ask_for_error_table(self) -> None:
        handle = self.module.error_table()
        if self.error_table is None:
            self.error_table = Spec("__zig_err_name_table", False, is_error_table=True)
            self.place(self.error_table, handle)

    @rule(names=st.lists(st.sampled_from(("", "OutOfMemory", "Überlauf", "E")), max_size=3))
    def change_error_names(self, names: list[str]) -> None:
        self.module.error_names = names

    def mend(self) -> None:
        """Edits away all that the linker would refuse, as the user of a compiler does."""
        for spec in [each for owner in self.specs for each in (owner, *owner.constants)]:
            is_lost = any(not target.is_defined for target in spec.targets())
            if is_lost or spec.extern == Extern():
                self.define(spec, Returns(5) if spec.is_function else Words(4, (6, 7)))
            for name, export in list(spec.exports.items()):
                if not export.weak and name in (*FIXED_STRONG, *Meaning(self.specs, ()).contested):
                    self.module.export(self.handles[spec], name, True, export.hidden)
                    spec.exports[name] = export._replace(weak=True)

    def define(self, spec: Spec, recipe: Recipe) -> None:
        spec.recipe, spec.extern = recipe, None
        content, references = content_of(recipe, self.handles)
        alignment = recipe.alignment if isinstance(recipe, Words) else None
        self.module.update(self.handles[spec], content, references, alignment=alignment)

    # Flushes.

    @rule(options=st.sampled_from(OPTIONS), mended=st.booleans())
    def flush(self, options: str, mended: bool) -> None:
        if mended:
            self.mend()
        specs = self.specs
        assert self.module.declarations == [self.handles[spec] for spec in specs]
        names = self.module.error_names
        module, errors, warnings = flush(self.module, options)
        assert (module, errors, warnings) == flush(build(specs, names), options)
        meaning = Meaning(specs, names)
        if meaning.duplicates or meaning.dangling:
            assert sorted(errors) == sorted(meaning.duplicates + meaning.dangling)
        elif module is None:
            assert errors
            assert set(errors) >= set(meaning.collisions)
            assert set(errors) <= {*meaning.collisions, *meaning.undefined}
        else:
            assert meaning.collisions == []
            if options in ("", "--no-gc-sections"):
                run_exports(Linked(module), meaning)

    def teardown(self) -> None:
        self.flush("", mended=False)
        self.flush("", mended=True)


def run_exports(found: Linked, meaning: Meaning) -> None:
    """Calls every exported function that the model knows the end of."""
    assert set(found.exports) - {"memory"} == meaning.exported()
    running = found.start(dict.fromkeys(found.imports, host_value))
    for name in found.exports:
        if not isinstance(running.exports[name], wasmtime.Func):
            continue
        running.store.set_fuel(FUEL)
        try:
            expected = meaning.called(name)
        except Unknown:
            continue
        except Trap:
            with pytest.raises(wasmtime.Trap):
                running.call(name)
        else:
            assert running.call(name) == expected, name


def host_value(*_: object) -> int:
    return HOST_VALUE


def run_edits(runs: int, steps: int) -> None:
    run_state_machine_as_test(
        Edits,
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_each_flush_is_that_of_a_new_module() -> None:
    run_edits(runs=40, steps=30)


@pytest.mark.slow
def test_each_flush_is_that_of_a_new_module_2000_times() -> None:
    run_edits(runs=2000, steps=40)

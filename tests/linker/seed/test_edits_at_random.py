"""Random edits and flushes of an object in memory: the dialect does what the document does."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from linker.format.constants import ValueType
from linker.format.model import FunctionType
from linker.in_memory.declaration import Declaration
from tests.linker.seed.both import Both, Site

SIGNATURES = (FunctionType((), (ValueType.I32,)), FunctionType((ValueType.I64,), ()))
NAMES = ("a", "b", "root.0", "root.1")
PADDED = b"\x80\x80\x80\x80\0"
picks = st.integers(0, 30)
rarely = st.integers(0, 9).map(lambda number: number == 9)


class Edits(RuleBasedStateMachine):
    """Does the same to a module and to the linker that is written down in `document`."""

    relocatable = False

    def __init__(self) -> None:
        super().__init__()
        self.both = Both()
        self.functions: list[Declaration] = []
        self.data: list[Declaration] = []
        self.constants: list[Declaration] = []
        self.count = 0

    @initialize(import_table=rarely, strip=st.booleans())
    def open(self, import_table: bool, strip: bool) -> None:
        linked = not self.relocatable
        self.both = Both(import_table and linked, strip and linked, self.relocatable)

    @property
    def declarations(self) -> list[Declaration]:
        return self.functions + self.data

    def pick(self, number: int, among: list[Declaration]) -> Declaration:
        return among[number % len(among)]

    def name(self) -> str:
        self.count += 1
        return f"root.{self.count - 1}"

    def sites(self, targets: list[int], is_code: bool) -> tuple[bytes, tuple[Site, ...]]:
        """A content that refers to what is alive."""
        content = bytearray(b"\0" if is_code else b"\x11")
        sites: list[Site] = []
        for number in targets:
            among = self.declarations + self.constants
            if not among:
                break
            target = self.pick(number, among)
            is_function = target in self.functions
            if is_code:
                kind = "address" if not is_function else ("call", "table")[number % 2]
                content.append(0x10 if kind == "call" else 0x41)
            else:
                kind = "table32" if is_function else "address32"
            sites.append((kind, len(content), target, 0 if is_function else number % 3))
            content += PADDED if is_code else bytes(4)
        return bytes(content) + (b"\x0b" if is_code else b""), tuple(sites)

    @rule(signature=st.sampled_from(SIGNATURES), to=st.lists(picks, max_size=2))
    def add_function(self, signature: FunctionType, to: list[int]) -> None:
        content, sites = self.sites(to, is_code=True)
        self.functions.append(self.both.add(self.name(), content, sites, signature))

    @rule(to=st.lists(picks, max_size=2), alignment=st.sampled_from((1, 4, 16)))
    def add_data(self, to: list[int], alignment: int) -> None:
        content, sites = self.sites(to, is_code=False)
        self.data.append(self.both.add(self.name(), content, sites, None, alignment))

    @rule(is_data=rarely)
    def allocate(self, is_data: bool) -> None:
        signature = None if is_data else SIGNATURES[0]
        declaration = self.both.allocate(self.name(), signature)
        (self.data if signature is None else self.functions).append(declaration)

    @precondition(lambda self: self.declarations)
    @rule(number=picks, to=st.lists(picks, max_size=2))
    def update(self, number: int, to: list[int]) -> None:
        declaration = self.pick(number, self.declarations)
        if self.relocatable and declaration.extern is not None:
            return
        content, sites = self.sites(to, declaration in self.functions)
        self.both.update(declaration, content, sites)

    @precondition(lambda self: self.declarations)
    @rule(number=picks, is_data=rarely)
    def clear(self, number: int, is_data: bool) -> None:
        among = self.declarations if is_data else self.functions
        if not among:
            return
        declaration = self.pick(number, among)
        if self.relocatable and declaration.extern is not None:
            return
        for constant in declaration.constants:
            self.constants.remove(constant)
        self.both.clear(declaration)

    @precondition(lambda self: self.declarations)
    @rule(number=picks, to=st.lists(picks, max_size=1))
    def add_constant(self, number: int, to: list[int]) -> None:
        content, sites = self.sites(to, is_code=False)
        owner = self.pick(number, self.declarations)
        if self.relocatable and owner.extern is not None:
            return
        self.constants.append(self.both.add_constant(owner, content, sites, 2))

    @precondition(lambda self: self.functions)
    @rule(number=picks, library=st.sampled_from((None, "host")))
    def make_extern(self, number: int, library: str | None) -> None:
        declaration = self.pick(number, self.functions)
        if self.relocatable:
            return
        for constant in declaration.constants:
            self.constants.remove(constant)
        self.both.make_extern(declaration, library)

    @rule(name=st.sampled_from(NAMES), library=st.sampled_from((None, "host")))
    def add_extern(self, name: str, library: str | None) -> None:
        declaration = self.both.allocate(name, SIGNATURES[0])
        self.both.make_extern(declaration, library)
        self.functions.append(declaration)

    @precondition(lambda self: self.declarations)
    @rule(number=picks, name=st.sampled_from(NAMES), weak=st.booleans(), hidden=st.booleans())
    def export(self, number: int, name: str, weak: bool, hidden: bool) -> None:
        self.both.export(self.pick(number, self.declarations), name, weak, hidden and weak)

    @precondition(lambda self: any(entry.exports for entry in self.declarations))
    @rule(number=picks)
    def delete_export(self, number: int) -> None:
        exports = [(entry, name) for entry in self.declarations for name in entry.exports]
        declaration, name = exports[number % len(exports)]
        self.both.delete_export(declaration, name)

    @precondition(lambda self: self.declarations)
    @rule(number=picks)
    def free(self, number: int) -> None:
        declaration = self.pick(number, self.declarations)
        for constant in declaration.constants:
            self.constants.remove(constant)
        self.both.free(declaration)
        (self.functions if declaration in self.functions else self.data).remove(declaration)

    @rule(names=st.lists(st.sampled_from(("E", "Long", "")), max_size=2), asks=rarely)
    def ask_for_errors(self, names: list[str], asks: bool) -> None:
        if not asks:
            return
        self.both.module.error_names[:] = names
        self.both.error_table()

    @rule()
    def flush(self) -> None:
        self.both.flush()

    def teardown(self) -> None:
        self.both.flush()


class EditsOfAnObject(Edits):
    """The same for relocatable output, where nothing that was an import is defined."""

    relocatable = True


def run(machine: type[Edits], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=14,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("machine", [Edits, EditsOfAnObject])
def test_some_edits(machine: type[Edits]) -> None:
    run(machine, 100)


@pytest.mark.slow
@pytest.mark.parametrize("machine", [Edits, EditsOfAnObject])
def test_many_edits(machine: type[Edits]) -> None:
    run(machine, 2500)

"""The program that a case is made of: names, their definitions, objects and probes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from linker.format.constants import RelocationType, SymbolFlag, SymbolKind, ValueType
from linker.format.model import FunctionType, GlobalType, TableType
from strategies.case import InputFile
from strategies.meaning import Meaning
from strategies.objects.builder import ObjectBuilder
from strategies.objects.code import I32, TO_I32, Code
from strategies.packaging.stub_libraries import StubLine

S = TypeVar("S")

# Groups of features that a case has or has not; few at a time (swarm testing).
GROUPS = (
    "weak",
    "weak-references",
    "visibility",
    "flags",
    "local",
    "aliases",
    "comdats",
    "archives",
    "bss",
    "segments",
    "strings",
    "alignment",
    "globals",
    "tables",
    "tags",
    "missing",
    "imports",
    "linker-defined",
    "start-stop",
    "pointers",
    "wide",
    "pic",
    "location-relative",
    "signatures",
    "names",
    "constructors",
    "custom",
    "debug",
    "dead",
    "sizes",
    "many",
    "features",
    "producers",
    "other-producers",
    "style",
    "memory-options",
    "table-options",
    "export-options",
    "layout-options",
    "output-options",
    "undefined-options",
    "refusals",
    "mismatches",
    "bindings",
    "disagreements",
    "odd",
    "views",
    "instructions",
    "edges",
    "archive-shapes",
    "library-search",
    "steps",
    "wrapping",
    "listings",
    "spellings",
    "no-effect-options",
    "diagnostics",
    "stubs",
)
# Groups that a case has only when they are asked for. "known-bugs" are inputs on which wasm-ld 22
# is known to be wrong; "relocatable" cases are linked with -r and have no probes to run; with
# "declared-features" every object has a section target_features; "legacy-exceptions" are those
# with try and catch, which engines of today do not run; with "wrong-index" archives may have symbol
# tables that lie, which some linkers believe; "newer-engines" is what few engines know.
OPTIONAL_GROUPS = (
    "known-bugs",
    "thread-local",
    "shared-memory",
    "emit-relocs",
    "relocatable",
    "declared-features",
    "legacy-exceptions",
    "wrong-index",
    "newer-engines",
)
# What a link with -r has no room for.
NOT_RELOCATABLE = frozenset(
    {
        "memory-options",
        "table-options",
        "export-options",
        "layout-options",
        "output-options",
        "undefined-options",
        "refusals",
        "shared-memory",
    }
)

VOID = FunctionType((), ())
TO_INT = FunctionType((), (I32,))
SIGNATURES = (
    TO_INT,
    FunctionType((I32,), (I32,)),
    VOID,
    FunctionType((I32, ValueType.I64), (I32,)),
    FunctionType((), (ValueType.I64,)),
    FunctionType((ValueType.F32, ValueType.F64), (ValueType.F64,)),
    FunctionType((), (I32, ValueType.I64)),
    FunctionType((I32,), (I32, ValueType.F32, I32)),
    FunctionType((ValueType.F32,), (ValueType.F32,)),
)


I32_GLOBAL = GlobalType(I32, False)


# Where it is written what a probe's value must be.
SYMBOLS = "Linking.md, Symbol Table"
SEGMENTS = "Linking.md, Segment Info"
RELOCATIONS = "Linking.md, Relocation Sections"
INITIALISERS = "Linking.md, Init Functions"
UNSPECIFIED = "unspecified"


class UnknownValue(Exception):
    """The convention does not say what a term gives."""


class Trapped(Exception):
    """The term traps."""


Term = Callable[[Meaning], int]


def between_bounds(meaning: Meaning, unit: int, size: int) -> int:
    """The size of a section that one object alone has; raises UnknownValue if it is linked twice:
    the bounds then hold both copies."""
    if meaning.is_repeated(unit):
        raise UnknownValue
    return size


@dataclass(slots=True, eq=False)
class Slot:
    """A name of the program and what all its definitions have in common.

    `partial`: its definitions may all be lost with their comdat groups. `given`: a stub library
    says by the symbol's name that the host has it.
    """

    kind: SymbolKind
    name: str
    signature: FunctionType = TO_INT
    words: int = 1
    tail: int = 0
    alignment: int = 0
    section: str = ""
    global_type: GlobalType = I32_GLOBAL
    table_type: TableType | None = None
    local: bool = False
    comdat: str | None = None
    text: bytes | None = None
    source: tuple[str, str] | None = None
    policy: str = "defined"
    mismatched: bool = False
    thread_local: bool = False
    partial: bool = False
    given: bool = False
    definitions: list[Definition] = field(default_factory=list)

    @property
    def size(self) -> int:
        if self.text is not None:
            return len(self.text) + 1
        return 4 * self.words + self.tail


@dataclass(slots=True, eq=False)
class Definition:
    """One definition of a name: `constant` is what a function returns or a global holds.

    `words` are the words of a data symbol, None where a relocation stands. `cell` is the data
    symbol from which a function loads its constant, None if it stands in the code.
    """

    slot: Slot
    unit: int
    symbol: int
    constant: int
    words: list[int | None] = field(default_factory=list)
    code: Code | None = None
    absolute: int | None = None
    segment: int = 0
    offset: int = 0
    cell: int | None = None


@dataclass(slots=True, eq=False)
class Probe:
    """An exported function being written: its terms are folded into one number."""

    export: str
    unit: int
    code: Code
    wide: bool
    terms: list[Term] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    rule: str = SYMBOLS

    def begin(self) -> None:
        """Make room for one more term: what is on the stack is multiplied by 31."""
        if self.terms:
            self.code.raw(b"\x41\x1f\x6c")

    def end(self, term: Term) -> None:
        """The term's code stands; add its value."""
        if self.terms:
            self.code.raw(b"\x6a")
        self.terms.append(term)

    def cite(self, rule: str) -> None:
        """Name the rule of the last term, unless a term is not specified at all."""
        if self.rule != UNSPECIFIED:
            self.rule = rule

    def value(self, meaning: Meaning) -> int | None:
        """What the probe returns, None for a trap; raises UnknownValue."""
        total = 0
        try:
            for term in self.terms:
                total = (total * 31 + term(meaning)) & 0xFFFFFFFF
        except Trapped:
            return None
        if self.wide or total < 1 << 31:
            return total
        return total - (1 << 32)


@dataclass(slots=True, eq=False)
class Unit:
    """An object of the case and how it reaches the linker.

    `package` is "plain", "member" (of the archive `library`), "whole" (the same, under
    --whole-archive) or "lazy" (between --start-lib and --end-lib). `constructors` are its init
    functions: priority and symbol.
    """

    position: int
    builder: ObjectBuilder
    package: str = "plain"
    library: int = 0
    probe: Probe | None = None
    constructors: list[tuple[int, int]] = field(default_factory=list)

    @property
    def is_lazy(self) -> bool:
        return self.package in ("member", "lazy")


@dataclass(slots=True, eq=False)
class Program:
    """All that is known of a case while it is being made."""

    groups: frozenset[str]
    units: list[Unit]
    slots: list[Slot] = field(default_factory=list)
    by_place: dict[tuple[int, int], Definition] = field(default_factory=dict)
    probes: list[Probe] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    refusal: tuple[str, str] | None = None
    table_base: int = 1
    fresh: int = 0
    uses_mutable_global: bool = False
    strong_missing: list[tuple[Slot, int]] = field(default_factory=list)
    partial_uses: list[tuple[Slot, int]] = field(default_factory=list)
    partial_custom_uses: list[tuple[Slot, int]] = field(default_factory=list)
    comdats: list[str] = field(default_factory=list)
    comdat_shapes: dict[str, int] = field(default_factory=dict)
    starters: dict[tuple[int, int], str] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)
    other_signatures: dict[tuple[int, int], FunctionType] = field(default_factory=dict)
    lacks_mutable_globals: bool = False
    lacks_threads: bool = False
    is_reactor: bool = False
    initialiser: str | None = None
    traps_at_start: bool = False
    wraps: list[str] = field(default_factory=list)
    files: list[InputFile] = field(default_factory=list)
    stub_lines: list[StubLine] = field(default_factory=list)
    # Words of the command line that are no features by themselves.
    uncounted: set[str] = field(default_factory=set)
    # Nobody says what comes of the case: linkers are compared with each other only.
    is_vague: bool = False
    has_destructors: bool = False
    unsigned_constants: bool = False  # numbers that mean others when their padding is gone
    names_lost: bool = False  # debug information outside a group names its members

    def has(self, group: str) -> bool:
        return group in self.groups

    def likely(self, kinds: Iterable[tuple[str, S, int]]) -> list[S]:
        """The kinds of this case's groups, each as often as it is likely."""
        return [kind for group, kind, weight in kinds if self.has(group) for _ in range(weight)]

    def number(self) -> int:
        """A number of its own, for names and constants."""
        self.fresh += 1
        return self.fresh

    def note(self, feature: str) -> None:
        """Count a feature that the finished files do not show."""
        self.notes[feature] = self.notes.get(feature, 0) + 1

    def definition(self, meaning: Meaning, unit: int, symbol: int) -> Definition | None:
        """The definition that a symbol means."""
        place = meaning.find(unit, symbol)
        return None if place is None else self.by_place.get(place)

    def new_probe(self, unit: Unit, wide: bool) -> Probe:
        """Start an exported probe in an object."""
        name = f"probe_{len(self.probes)}"
        code = Code()
        signature = FunctionType((), (ValueType.I64,)) if wide else TO_INT
        flags = int(SymbolFlag.EXPORTED)
        symbol = unit.builder.define_function(name, signature, code, flags)
        # wasm-ld 22 -r forgets export names.
        keeps_export_names = not self.has("steps") or self.has("known-bugs")
        if self.has("names") and len(self.probes) & 1 and keeps_export_names:
            # An export name of its own, as the attribute export_name gives.
            name = f"exported as {name}"
            unit.builder.export_names.append((name, symbol))
            self.note("symbol.function.export-name")
        probe = Probe(name, unit.position, code, wide)
        self.probes.append(probe)
        unit.probe = probe
        return probe


def finish_function(
    code: Code, signature: FunctionType, constant: int, cell: int | None = None
) -> None:
    """End a body: its first result is the constant, plus the first parameter if both are i32."""
    parameters, results = signature
    for position, result in enumerate(results):
        if position == 0 and cell is not None and result == I32:
            code.raw(b"\x41\x00\x28\x00")
            code.site(RelocationType.MEMORY_ADDR_LEB, cell)
        else:
            code.constant(result, constant if position == 0 else position)
        if position == 0 and result == I32 and parameters and parameters[0] == I32:
            code.raw(b"\x20\x00\x6a")
    code.raw(b"\x0b")


def push_arguments(code: Code, signature: FunctionType) -> None:
    """Constants 3, 4, ... for the parameters."""
    for position, parameter in enumerate(signature.parameters):
        code.constant(parameter, 3 + position)


def first_result(code: Code, signature: FunctionType) -> None:
    """Leave the first result as i32 on the stack, or 7 where there is none."""
    results = signature.results
    if not results:
        code.const(7)
        return
    code.raw(b"\x1a" * (len(results) - 1) + TO_I32[results[0]])


def result_value(signature: FunctionType, constant: int) -> int:
    """What `first_result` leaves after a call of a function with that constant."""
    parameters, results = signature
    if not results:
        return 7
    if results[0] == I32 and parameters and parameters[0] == I32:
        return constant + 3
    return constant

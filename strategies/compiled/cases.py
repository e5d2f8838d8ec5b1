"""Link cases from compiled sources: small C and C++ programs whose answers are known.

The objects are those of a real compiler, `zig cc` of the PyPI package `ziglang`, with flags at
random; what the units mean together holds by construction (`strategies.compiled.items`).
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from random import Random

from hypothesis import strategies as st

from linker.format.archive import Member
from linker.format.encode_archive import encode_archive
from strategies.case import (
    Expectation,
    HostCalls,
    InputFile,
    LinkCase,
    MustLink,
    Prelink,
    ProbeReturns,
)
from strategies.choices import Record
from strategies.compiled.items import (
    C_ITEMS,
    CXX_ITEMS,
    FEATURE_ITEMS,
    INIT_FUNCTIONS,
    ITEMS,
    THROW_SUPPORT,
    Item,
    Source,
    Sources,
    add_log,
)

HEADER_BYTES = 72
RECORD_BYTES = 10
MOST_ITEMS = 10
_TIME_LIMIT = 120  # seconds for one compilation, on a machine that has other work

LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os", "-Oz")
# For each unit: the first of each is the compiler's own choice.
UNIT_FLAGS: tuple[tuple[str, ...], ...] = (
    ("", "-g", "-gdwarf-4", "-g1"),
    ("", "-ffunction-sections", "-fno-function-sections"),
    ("", "-fdata-sections", "-fno-data-sections"),
    ("", "-fcommon", "-fno-common"),
    ("", "-fvisibility=hidden", "-fvisibility=default"),
    ("", "", "-fPIC"),
    ("", "-fno-inline", "-fomit-frame-pointer"),
    ("", "-fmerge-all-constants", "-fno-merge-all-constants"),
    ("", "", "-fno-jump-tables"),
    ("", "-fno-asynchronous-unwind-tables"),
)
# Threads need a target without an operating system here.
TARGETS: tuple[tuple[str, ...], ...] = (
    ("-target", "wasm32-freestanding"),
    ("-target", "wasm32-freestanding"),
    ("-target", "wasm32-wasi"),
    ("-target", "wasm32-wasi", "-mexec-model=reactor"),
)
FEATURES = (
    "simd128", "tail_call", "reference_types", "multivalue", "bulk_memory", "sign_ext",
    "nontrapping_fptoint", "exception_handling", "extended_const",
)  # fmt: skip
THREAD_FEATURES = ("atomics", "bulk_memory", "mutable_globals")
LINK_FLAGS: tuple[tuple[str, ...], ...] = (
    ("--gc-sections",),
    ("--no-gc-sections",),
    ("-O0",),
    ("-O2",),
    ("--strip-debug",),
    ("--strip-all",),
    ("--export-all",),
    ("--export-dynamic",),
    ("--stack-first",),
    ("--no-stack-first",),
    ("--no-merge-data-segments",),
    ("--export-table",),
    ("--growable-table",),
    ("--table-base=7",),
    ("--build-id",),
    ("--compress-relocations", "--strip-debug"),
    ("--global-base=2048", "--no-stack-first"),
    ("--initial-memory=1048576",),
    ("--print-gc-sections",),
    ("-z", "stack-size=32768"),
)

_FREE_FLAGS = frozenset([*LEVELS, *(flag for group in UNIT_FLAGS for flag in group if flag)])
_PACKAGINGS = ("archive", "objects", "relocatable")
# The names of all features of these cases.
COMPILED_FEATURES = frozenset(
    [
        *(f"c.item.{name}" for name in (*ITEMS, *CXX_ITEMS)),
        *(f"c.item.{name}" for name, _ in FEATURE_ITEMS.values()),
        *(f"c.flag.{flag}" for flag in _FREE_FLAGS),
        *(f"c.feature.{name}" for name in (*FEATURES, *THREAD_FEATURES)),
        *(f"c.packaging.{name}" for name in _PACKAGINGS),
        "c.across-units",
        "c.shared-memory",
        "c.unit.c",
        "c.unit.c++",
    ]
)


class CompilerMissing(Exception):
    """There is no `zig` to compile with; the text says what to install."""


def compiler() -> str:
    """The path of the zig binary in the package `ziglang`.

    Raises:
        CompilerMissing: the package is not installed.
    """
    spec = find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        raise CompilerMissing("compiled cases need the compiler of the PyPI package ziglang")
    return str(Path(spec.submodule_search_locations[0]) / "zig")


@lru_cache(maxsize=1)
def _workplace() -> tempfile.TemporaryDirectory[str]:
    """A folder of this process, removed when it ends: sources, and zig's own cache."""
    return tempfile.TemporaryDirectory(prefix="weldcheck-compiled-")


@lru_cache(maxsize=512)
def compile_source(text: str, is_cxx: bool, flags: tuple[str, ...]) -> bytes:
    """The object that `zig cc` makes of a source; the same text and flags are compiled once.

    Raises:
        CompilerMissing: there is none.
        RuntimeError: it refused, which is a mistake in the text.
    """
    zig, place = compiler(), Path(_workplace().name)
    source = place / ("unit.cpp" if is_cxx else "unit.c")
    output = place / "unit.o"
    source.write_text(text)
    variables = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(place / "zig")}
    variables["ZIG_LOCAL_CACHE_DIR"] = variables["ZIG_GLOBAL_CACHE_DIR"]
    done = subprocess.run(
        [zig, "c++" if is_cxx else "cc", *flags, "-c", source.name, "-o", output.name],
        cwd=place, env=variables, capture_output=True, text=True, timeout=_TIME_LIMIT, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"zig cc {' '.join(flags)} failed:\n{done.stderr}\n{text}")
    return output.read_bytes()


def _items(sources: Sources) -> dict[str, Item]:
    """What may be in the program, for units in C."""
    found = dict(ITEMS)
    for feature, (name, item) in FEATURE_ITEMS.items():
        if feature in sources.features:
            found[name] = item
    return found


def _write(sources: Sources, records: Sequence[bytes]) -> None:
    """Puts an item for each record into the units."""
    plain = _items(sources)
    for number, data in enumerate(records):
        record = Record(data)
        choice = record.byte()
        home, user = record.pick(sources.units), record.pick(sources.units)
        items = {**plain, **CXX_ITEMS} if home.is_cxx and user.is_cxx else dict(plain)
        if home.is_cxx:
            for name in C_ITEMS:
                items.pop(name, None)
        name = list(items)[choice * len(items) >> 8]
        items[name](sources, record, number, home, user)
        sources.notes[f"c.item.{name}"] += 1
        if home is not user:
            sources.notes["c.across-units"] += 1


def _flags(record: Record, features: frozenset[str], unit: Source) -> tuple[str, ...]:
    """The compiler's command line for one unit."""
    target = record.pick(TARGETS)
    flags = [
        *(TARGETS[0] if "atomics" in features else target),
        "-mcpu=" + "+".join(["generic", *sorted(features)]),
        "-fno-sanitize=undefined", "-fno-stack-protector", "-fno-builtin", "-w",
        record.pick(LEVELS),
    ]  # fmt: skip
    if "atomics" in features:
        flags.append("-pthread")
    if "exception_handling" in features:
        flags.append("-fwasm-exceptions")
    if unit.is_cxx:
        flags += ["-std=c++20", "-fno-rtti", "-fno-exceptions", "-fno-threadsafe-statics"]
    flags += [flag for flag in map(record.pick, UNIT_FLAGS) if flag]
    return tuple(flags if unit.has_debug else [*flags, "-g0"])


def _link_line(
    record: Record, objects: Sequence[bytes], shared: bool
) -> tuple[list[InputFile], list[str], list[Prelink], list[str]]:
    """Files, command line, links that come first, and names of what was done."""
    names = [f"unit{number}.o" for number in range(len(objects))]
    arguments = ["--no-entry"]
    if shared:
        arguments += ["--shared-memory", "--max-memory=2097152"]
    notes = []
    for _ in range(record.below(4)):
        arguments += record.pick(LINK_FLAGS)
    if "--global-base=2048" in arguments:
        # The stack would reach over it.
        arguments = [word for word in arguments if word != "--stack-first"]
    how = record.byte()
    if how >= 200 and not shared:
        # Thread-local segments lose their flag in a relocatable link.
        files = [InputFile(name, data) for name, data in zip(names, objects, strict=True)]
        first = Prelink(("-r", *names), "whole.o")
        return files, [*arguments, "whole.o"], [first], ["c.packaging.relocatable"]
    if how >= 130 and len(objects) > 1:
        members = [Member(n, data) for n, data in zip(names[1:], objects[1:], strict=True)]
        files = [InputFile(names[0], objects[0]), InputFile("lib.a", encode_archive(members))]
        words = [names[0], "lib.a"] if how & 1 else ["lib.a", names[0]]
        notes.append("c.packaging.archive")
    else:
        files = [InputFile(name, data) for name, data in zip(names, objects, strict=True)]
        words = names if how & 1 else names[::-1]
        notes.append("c.packaging.objects")
    return files, [*arguments, *words], [], notes


@dataclass(frozen=True)
class Plan:
    """A program as text, with the flags of each unit; nothing is compiled yet.

    `link` are the choices of the link line, which need the objects.
    """

    sources: Sources
    flags: tuple[tuple[str, ...], ...]
    shared: bool
    link: Record


def make_plan(header: bytes, records: Sequence[bytes]) -> Plan:
    """The program of these choices, a pure function of them."""
    record = Record(header)
    threads = record.chance(50)
    features = frozenset(THREAD_FEATURES) if threads else frozenset()
    features |= {feature for feature in FEATURES if record.byte() >= 176}
    languages = record.byte()
    units = [Source(number, bool(languages >> number & 1)) for number in range(1 + record.below(4))]
    sources = Sources(units, features)
    _write(sources, records)
    add_log(sources)
    if "exception_handling" in features:
        units[0].add(THROW_SUPPORT)
    for unit in units[1:]:
        # Whatever is in an archive is needed.
        unit.add(f"C_API int anchor_{unit.number}(void) {{ return {unit.number}; }}")
        units[0].add(f"C_API int anchor_{unit.number}(void);")
    total = " + ".join([f"anchor_{unit.number}()" for unit in units[1:]] or ["0"])
    sources.probe(units[0], 2000, sum(range(len(units))), f"return {total};")
    notes = sources.notes
    flags = tuple(_flags(record, features, unit) for unit in units)
    for unit, words in zip(units, flags, strict=True):
        notes.update(f"c.flag.{word}" for word in words if word in _FREE_FLAGS)
        notes["c.unit.c++" if unit.is_cxx else "c.unit.c"] += 1
    notes.update(f"c.feature.{name}" for name in features)
    shared = threads and record.chance(200)
    if shared:
        notes["c.shared-memory"] += 1
    return Plan(sources, flags, shared, record)


def make_compiled_case(header: bytes, records: Sequence[bytes]) -> LinkCase:
    """The case of these choices.

    Raises:
        CompilerMissing: there is no compiler.
    """
    plan = make_plan(header, records)
    objects = [
        compile_source(unit.text, unit.is_cxx, flags)
        for unit, flags in zip(plan.sources.units, plan.flags, strict=True)
    ]
    files, arguments, prelinks, done = _link_line(plan.link, objects, plan.shared)
    notes = plan.sources.notes + Counter(done)
    expectations: list[Expectation] = [MustLink("every reference has a definition")]
    for answer in plan.sources.answers:
        if answer.rule == INIT_FUNCTIONS and "--export-all" in arguments:
            # It exports `__wasm_call_ctors`, too, which leaves that call to the host.
            continue
        expectations.append(ProbeReturns(answer.export, answer.value, answer.rule))
        if answer.calls:
            expectations.append(HostCalls(answer.export, answer.calls, answer.rule))
    return LinkCase(
        files=tuple(files),
        arguments=tuple(arguments),
        expectations=tuple(expectations),
        features=tuple(sorted(notes.items())),
        groups=("compiled",),
        prelinks=tuple(prelinks),
    )


def compiled_cases() -> st.SearchStrategy[LinkCase]:
    """Cases whose objects a compiler made; a tenth of a second each, so draw them seldom.

    Shrinks towards one unit in C at -O0 with one item.

    Raises:
        CompilerMissing: the package `ziglang` is not installed.
    """
    compiler()
    records = st.lists(
        st.binary(min_size=RECORD_BYTES, max_size=RECORD_BYTES), min_size=1, max_size=MOST_ITEMS
    )
    header = st.binary(min_size=HEADER_BYTES, max_size=HEADER_BYTES)
    return st.builds(make_compiled_case, header, records)


def random_compiled_case(random: Random) -> LinkCase:
    """A case from a generator of random numbers: the same for one seed and one compiler.

    Raises:
        CompilerMissing: the package `ziglang` is not installed.
    """
    header = random.randbytes(HEADER_BYTES)
    records = [random.randbytes(RECORD_BYTES) for _ in range(random.randint(1, MOST_ITEMS))]
    return make_compiled_case(header, records)

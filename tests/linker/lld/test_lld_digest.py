"""The digest: two links that differ in anything never share one."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import dataclass, fields, replace
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from linker.lld import (
    CrtFile,
    DeclExport,
    EmulatedLibrary,
    InputUnavailable,
    InvalidOptions,
    LinkMode,
    LinkObject,
    LldOptions,
    MissingRuntimeLibrary,
    Module,
    OptimizeMode,
    OutputMode,
    WasiExecModel,
    command_line,
    crt_files_in,
)
from linker.lld.digest import NotCacheable, encode, link_digest

NAMES = ["a.o", "b.o", "c.a", "d.a", "crt1-command.o", "crt1-reactor.o", "libc.a"]


@functools.cache
def folder() -> str:
    """A folder with the files that the options below name, all of the same content."""
    made = tempfile.TemporaryDirectory(prefix="lld-digest-")
    folder_kept_until_the_end.append(made)
    names = (*NAMES, "m.o", *(library.value for library in EmulatedLibrary))
    for name in names:
        (Path(made.name) / name).write_bytes(b"content")
    return made.name


folder_kept_until_the_end: list[tempfile.TemporaryDirectory[str]] = []


def paths() -> st.SearchStrategy[str]:
    return st.sampled_from(NAMES).map(lambda name: f"{folder()}/{name}")


def tuples_of(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(elements, max_size=3).map(tuple)


def exports() -> st.SearchStrategy[DeclExport]:
    return st.builds(DeclExport, st.sampled_from(["f", "g", "fg"]), st.booleans())


SYMBOLS = st.sampled_from(["f", "g", "fg", "", "f,g"])
SIZES = st.none() | st.sampled_from([0, 1, 16, 65536])
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "output_name": st.sampled_from(["out.wasm", "x/out.wasm", "b.wasm"]),
    "output_directory": st.sampled_from([None, "", "d", "d/"]),
    "output_mode": st.sampled_from([OutputMode.EXE, OutputMode.LIB]),
    "link_mode": st.sampled_from(LinkMode),
    "wasi": st.booleans(),
    "wasi_exec_model": st.sampled_from(WasiExecModel),
    "lto": st.booleans(),
    "optimize_mode": st.sampled_from(OptimizeMode),
    "strip": st.booleans(),
    "import_memory": st.booleans(),
    "import_table": st.booleans(),
    "export_table": st.booleans(),
    "initial_memory": SIZES,
    "max_memory": SIZES,
    "shared_memory": st.booleans(),
    "global_base": SIZES,
    "stack_size_override": SIZES,
    "entry": st.none() | SYMBOLS,
    "export_symbol_names": tuples_of(SYMBOLS),
    "rdynamic": st.booleans(),
    "objects": tuples_of(st.builds(LinkObject, paths(), st.booleans())),
    "c_objects": tuples_of(paths()),
    "module": st.none()
    | st.builds(
        Module,
        object_name=st.just("m.o"),
        object_directory=st.deferred(lambda: st.sampled_from([folder(), folder() + "/"])),
        use_stage1=st.booleans(),
        stage1_exports=tuples_of(SYMBOLS),
        decl_exports=tuples_of(exports()),
    ),
    "link_libc": st.booleans(),
    "link_libcpp": st.booleans(),
    "wasi_emulated_libs": tuples_of(st.sampled_from(EmulatedLibrary)),
    "skip_linker_dependencies": st.booleans(),
    "include_compiler_rt": st.booleans(),
    "crt_files": st.deferred(
        lambda: st.sampled_from(
            [crt_files_in(folder()), (CrtFile("x", "y"), *crt_files_in(folder()))]
        )
    ),
    "libc_static_lib": paths(),
    "libcxx_static_lib": paths(),
    "libcxxabi_static_lib": paths(),
    "compiler_rt_static_lib": paths(),
}


@st.composite
def some_options(draw: st.DrawFn) -> LldOptions:
    options = LldOptions(**{name: draw(strategy) for name, strategy in FIELDS.items()})
    assume(not (options.import_table and options.export_table))
    return options


def digest(options: LldOptions) -> str:
    arguments, files = command_line(options)
    return link_digest(options, arguments, files, ("wasm-ld",)).hexadecimal


def test_every_field_is_drawn() -> None:
    assert list(FIELDS) == [field.name for field in fields(LldOptions)]


@given(some_options(), some_options())
def test_two_links_share_a_digest_only_if_they_are_the_same(
    one: LldOptions, two: LldOptions
) -> None:
    assert (digest(one) == digest(two)) == (one == two)


@given(some_options(), st.data())
def test_each_field_counts(options: LldOptions, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FIELDS)))
    value = data.draw(FIELDS[name])
    assume(value != getattr(options, name))
    try:
        changed = replace(options, **{name: value})
        changed_digest = digest(changed)
    except (InvalidOptions, MissingRuntimeLibrary):
        assume(False)
    assert changed_digest != digest(options)


@given(some_options())
def test_the_same_link_has_the_same_digest(options: LldOptions) -> None:
    assert digest(replace(options)) == digest(options)


@given(some_options(), st.data())
def test_each_file_counts(options: LldOptions, data: st.DataObject) -> None:
    files = command_line(options).files
    assume(files)
    path = Path(data.draw(st.sampled_from(files)))
    before = digest(options)
    path.write_bytes(b"other")
    try:
        assert digest(options) != before
        path.unlink()
        with pytest.raises(InputUnavailable):
            digest(options)
    finally:
        path.write_bytes(b"content")
    assert digest(options) == before


class Colour(Enum):
    RED = 1


class Number(IntEnum):
    ONE = 1


@dataclass(frozen=True)
class Plain:
    one: object = None
    two: object = None


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 12)
    | st.text("a1:()n", max_size=4)
    | st.sampled_from([Colour.RED, Number.ONE])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.builds(Plain, inner, inner),
    max_leaves=6,
)


def is_same(one: object, two: object) -> bool:
    """Equality that keeps True from 1 and an enumeration from its value."""
    if type(one) is not type(two):
        return False
    if isinstance(one, tuple) and isinstance(two, tuple):
        return len(one) == len(two) and all(map(is_same, one, two))
    if isinstance(one, Plain) and isinstance(two, Plain):
        return is_same(one.one, two.one) and is_same(one.two, two.two)
    return one == two


@given(VALUES, VALUES)
def test_different_values_have_different_encodings(one: object, two: object) -> None:
    assert (encode(one) == encode(two)) == is_same(one, two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a",), "a"),
        ((), None),
        ((("a",), "b"), (("a", "b"),)),
        (1, True),
        (0, False),
        (1, "1"),
        ("", None),
        (Number.ONE, 1),
        (Plain("a"), Plain(None, "a")),
        (Plain("a", "b"), ("a", "b")),
        ("\udcff", "\xff"),
        ("\ud800", "?"),
    ],
)
def test_encodings_that_a_careless_one_would_share(one: object, two: object) -> None:
    assert encode(one) != encode(two)


def test_what_cannot_be_part_of_a_digest() -> None:
    for value in (1.5, b"bytes", ["list"], {"set"}, Plain, Plain(object())):
        with pytest.raises(TypeError, match="cannot be part of a digest"):
            encode(value)


def test_a_path_that_no_file_can_have() -> None:
    options = LldOptions(
        output_name="x", objects=(LinkObject("a\0b"),), skip_linker_dependencies=True
    )
    with pytest.raises(InputUnavailable, match="null byte"):
        digest(options)


def test_a_device_is_not_read() -> None:
    options = LldOptions(
        output_name="x", objects=(LinkObject("/dev/zero"),), skip_linker_dependencies=True
    )
    with pytest.raises(NotCacheable):
        digest(options)

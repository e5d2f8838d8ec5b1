"""The command line, argument by argument, against linkWithLLD (numbers are its lines)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest

from linker.lld import (
    CrtFile,
    DeclExport,
    EmulatedLibrary,
    InvalidOptions,
    LinkMode,
    LinkObject,
    LldOptions,
    MissingRuntimeLibrary,
    Module,
    NoObjectsToLink,
    OptimizeMode,
    OutputMode,
    WasiExecModel,
    command_line,
    crt_files_in,
)
from linker.lld.command_line import object_inputs
from linker.lld.options import directory_of, join


class Case(NamedTuple):
    name: str
    options: LldOptions
    expected: str
    """The arguments, each followed by a blank or a line break."""


A = (LinkObject("a.o"),)
# Without run-time libraries, so that a case shows what it is about.
BARE = LldOptions(output_name="out.wasm", objects=A, skip_linker_dependencies=True)
LIB = replace(BARE, output_mode=OutputMode.LIB)
WASI = replace(BARE, wasi=True, crt_files=crt_files_in("/wasi"))
EXPORTS = (DeclExport("run"), DeclExport("table", is_function=False), DeclExport("run"))
MODULE = Module("out.wasm.o", decl_exports=EXPORTS)

CASES = [
    # 2211 -error-limit, 2261 --stack-first, 2314-2317 -z with the default, 2331-2335, 2374.
    Case(
        "least",
        BARE,
        "-error-limit=0 --stack-first -z stack-size=1048576 --allow-undefined -o out.wasm a.o",
    ),
    # 2388-2393: with neither libc nor skip_linker_dependencies, the small C library is last.
    Case(
        "small libc",
        replace(BARE, skip_linker_dependencies=False, libc_static_lib="/rt/libc.a"),
        """-error-limit=0 --stack-first -z stack-size=1048576
        --allow-undefined -o out.wasm a.o /rt/libc.a""",
    ),
    # 2395-2397: compiler_rt after it.
    Case(
        "compiler_rt",
        replace(
            BARE,
            skip_linker_dependencies=False,
            libc_static_lib="/rt/libc.a",
            include_compiler_rt=True,
            compiler_rt_static_lib="/rt/libcompiler_rt.a",
        ),
        """-error-limit=0 --stack-first -z stack-size=1048576
        --allow-undefined -o out.wasm a.o /rt/libc.a /rt/libcompiler_rt.a""",
    ),
    # 2105: compiler_rt is its own decision, skip_linker_dependencies or not.
    Case(
        "compiler_rt alone",
        replace(BARE, include_compiler_rt=True, compiler_rt_static_lib="/rt/rt.a"),
        """-error-limit=0 --stack-first -z stack-size=1048576
        --allow-undefined -o out.wasm a.o /rt/rt.a""",
    ),
    # 2213-2219: -O only with lto, and none for Debug.
    *(
        Case(
            f"lto {mode.value}",
            replace(BARE, lto=True, optimize_mode=mode),
            f"""-error-limit=0 {level} --stack-first -z stack-size=1048576
            --allow-undefined -o out.wasm a.o""",
        )
        for mode, level in (
            (OptimizeMode.DEBUG, ""),
            (OptimizeMode.RELEASE_SMALL, "-O2"),
            (OptimizeMode.RELEASE_FAST, "-O3"),
            (OptimizeMode.RELEASE_SAFE, "-O3"),
        )
    ),
    Case(
        "optimised without lto",
        replace(BARE, optimize_mode=OptimizeMode.RELEASE_FAST),
        "-error-limit=0 --stack-first -z stack-size=1048576 --allow-undefined -o out.wasm a.o",
    ),
    # 2221-2256: all settings of memory and table, in this order; 2253: --global-base instead of
    # --stack-first; 2315: the given stack size.
    Case(
        "memory, imported table",
        replace(
            BARE,
            import_memory=True,
            import_table=True,
            strip=True,
            initial_memory=131072,
            max_memory=262144,
            shared_memory=True,
            global_base=1024,
            stack_size_override=4096,
        ),
        """-error-limit=0 --import-memory --import-table -s --initial-memory=131072
        --max-memory=262144 --shared-memory --global-base=1024
        -z stack-size=4096 --allow-undefined -o out.wasm a.o""",
    ),
    # 2230-2233, and 2253: an address of 0 is given, not missing.
    Case(
        "exported table, base 0",
        replace(BARE, export_table=True, global_base=0, initial_memory=0, max_memory=0),
        """-error-limit=0 --export-table --initial-memory=0 --max-memory=0 --global-base=0
        -z stack-size=1048576 --allow-undefined -o out.wasm a.o""",
    ),
    # 2266-2270 before 2272-2275 before 2306-2309.
    Case(
        "named exports, rdynamic, entry",
        replace(BARE, export_symbol_names=("f", "g", "f"), rdynamic=True, entry="main"),
        """-error-limit=0 --stack-first --export=f --export=g --export=f --export-dynamic
        --entry main -z stack-size=1048576 --allow-undefined -o out.wasm a.o""",
    ),
    # 2289-2301: the module's own exports, one argument for each; 2384: its object after others.
    Case(
        "exports of the module",
        replace(BARE, module=MODULE, c_objects=("c1.o", "c2.o")),
        """-error-limit=0 --stack-first --export=run --export=table --export=run
        -z stack-size=1048576 --allow-undefined -o out.wasm a.o c1.o c2.o out.wasm.o""",
    ),
    # 2287, 2292: a WASI command exports no data.
    Case(
        "exports of a WASI command",
        replace(WASI, module=MODULE),
        """-error-limit=0 --stack-first --export=run --export=run
        -z stack-size=1048576 --allow-undefined -o out.wasm a.o out.wasm.o""",
    ),
    # 2288: a reactor does; 2319-2322: --no-entry after the stack size.
    Case(
        "exports of a WASI reactor",
        replace(WASI, module=MODULE, wasi_exec_model=WasiExecModel.REACTOR),
        """-error-limit=0 --stack-first --export=run --export=table --export=run
        -z stack-size=1048576 --no-entry --allow-undefined -o out.wasm a.o out.wasm.o""",
    ),
    # 2282-2285: with stage1, its list, even for a WASI command.
    Case(
        "exports of stage1",
        replace(WASI, module=replace(MODULE, use_stage1=True, stage1_exports=("data", "f"))),
        """-error-limit=0 --stack-first --export=data --export=f
        -z stack-size=1048576 --allow-undefined -o out.wasm a.o out.wasm.o""",
    ),
    # 2269, 2274: a name that the user gave, or rdynamic, and the module's exports do not count.
    Case(
        "named exports instead of the module's",
        replace(BARE, module=MODULE, export_symbol_names=("f",)),
        """-error-limit=0 --stack-first --export=f
        -z stack-size=1048576 --allow-undefined -o out.wasm a.o out.wasm.o""",
    ),
    Case(
        "rdynamic instead of the module's exports",
        replace(BARE, module=MODULE, rdynamic=True),
        """-error-limit=0 --stack-first --export-dynamic
        -z stack-size=1048576 --allow-undefined -o out.wasm a.o out.wasm.o""",
    ),
    # 2323-2329: a library has no entry, and no stack size unless given.
    Case(
        "library",
        LIB,
        "-error-limit=0 --stack-first --no-entry --allow-undefined -o out.wasm a.o",
    ),
    Case(
        "library with a stack size and an entry",
        replace(LIB, stack_size_override=65536, entry="init"),
        """-error-limit=0 --stack-first --entry init -z stack-size=65536 --no-entry
        --allow-undefined -o out.wasm a.o""",
    ),
    # 2311, 2319: the reactor model makes no second --no-entry for a library, and counts for an
    # executable whatever the operating system.
    Case(
        "library, reactor",
        replace(LIB, wasi_exec_model=WasiExecModel.REACTOR),
        "-error-limit=0 --stack-first --no-entry --allow-undefined -o out.wasm a.o",
    ),
    Case(
        "reactor without WASI",
        replace(BARE, wasi_exec_model=WasiExecModel.REACTOR),
        """-error-limit=0 --stack-first -z stack-size=1048576 --no-entry
        --allow-undefined -o out.wasm a.o""",
    ),
    # 2349-2354: crt1-command.o and libc.a come before the objects; 2390: no small libc then.
    Case(
        "WASI command with libc",
        replace(
            WASI,
            link_libc=True,
            skip_linker_dependencies=False,
            libc_static_lib="/rt/never.a",
        ),
        """-error-limit=0 --stack-first -z stack-size=1048576 --allow-undefined -o out.wasm
        /wasi/crt1-command.o /wasi/libc.a a.o""",
    ),
    # 2341-2347 emulated libraries first and in the order given; 2357-2359 libc++ last.
    Case(
        "WASI reactor with everything",
        replace(
            WASI,
            wasi_exec_model=WasiExecModel.REACTOR,
            link_libc=True,
            link_libcpp=True,
            libcxx_static_lib="/rt/libc++.a",
            libcxxabi_static_lib="/rt/libc++abi.a",
            wasi_emulated_libs=(
                EmulatedLibrary.SIGNAL,
                EmulatedLibrary.PROCESS_CLOCKS,
                EmulatedLibrary.MMAN,
                EmulatedLibrary.GETPID,
            ),
            include_compiler_rt=True,
            compiler_rt_static_lib="/rt/libcompiler_rt.a",
        ),
        """-error-limit=0 --stack-first -z stack-size=1048576 --no-entry --allow-undefined
        -o out.wasm /wasi/libwasi-emulated-signal.a /wasi/libwasi-emulated-process-clocks.a
        /wasi/libwasi-emulated-mman.a /wasi/libwasi-emulated-getpid.a /wasi/crt1-reactor.o
        /wasi/libc.a /rt/libc++.a /rt/libc++abi.a a.o /rt/libcompiler_rt.a""",
    ),
    # 2338-2340: a dynamic library gets the C library, a static one does not.
    Case(
        "dynamic WASI library with libc",
        replace(WASI, output_mode=OutputMode.LIB, link_mode=LinkMode.DYNAMIC, link_libc=True),
        """-error-limit=0 --stack-first --no-entry --allow-undefined -o out.wasm
        /wasi/crt1-command.o /wasi/libc.a a.o""",
    ),
    Case(
        "static WASI library with libc",
        replace(
            WASI,
            output_mode=OutputMode.LIB,
            link_libc=True,
            link_libcpp=True,
            wasi_emulated_libs=(EmulatedLibrary.MMAN,),
        ),
        "-error-limit=0 --stack-first --no-entry --allow-undefined -o out.wasm a.o",
    ),
    # 2337: without WASI neither, and 2390: link_libc leaves the small one out all the same.
    Case(
        "libc without WASI",
        replace(BARE, link_libc=True, link_libcpp=True, skip_linker_dependencies=False),
        "-error-limit=0 --stack-first -z stack-size=1048576 --allow-undefined -o out.wasm a.o",
    ),
    # 2365-2379: one group for neighbours, closed before what need not be whole and at the end.
    Case(
        "whole archives",
        replace(
            BARE,
            objects=(
                LinkObject("a.o"),
                LinkObject("b.a", must_link=True),
                LinkObject("c.a", must_link=True),
                LinkObject("d.a"),
                LinkObject("e.a", must_link=True),
            ),
            c_objects=("c.o",),
        ),
        """-error-limit=0 --stack-first -z stack-size=1048576 --allow-undefined -o out.wasm
        a.o -whole-archive b.a c.a -no-whole-archive d.a -whole-archive e.a -no-whole-archive
        c.o""",
    ),
    Case(
        "all whole",
        replace(BARE, objects=(LinkObject("b.a", must_link=True),)),
        """-error-limit=0 --stack-first -z stack-size=1048576 --allow-undefined -o out.wasm
        -whole-archive b.a -no-whole-archive""",
    ),
    # 2066, 2092: the output's path, and the module's object beside it.
    Case(
        "folders",
        replace(BARE, output_directory="./zig-out", output_name="bin/x.wasm", module=Module("x.o")),
        """-error-limit=0 --stack-first -z stack-size=1048576 --allow-undefined
        -o ./zig-out/bin/x.wasm a.o ./zig-out/bin/x.o""",
    ),
    # 2079: or in the folder of artifacts.
    Case(
        "module in a folder of its own",
        replace(BARE, module=Module("x.o", object_directory="cache/")),
        """-error-limit=0 --stack-first -z stack-size=1048576 --allow-undefined
        -o out.wasm a.o cache/x.o""",
    ),
    # 2366, 2388: nothing at all to link is still a command line.
    Case(
        "no inputs",
        replace(BARE, objects=()),
        "-error-limit=0 --stack-first -z stack-size=1048576 --allow-undefined -o out.wasm",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_is_the_documents(case: Case) -> None:
    assert list(command_line(case.options, as_seed=True).arguments) == case.expected.split()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_for_a_wasm_ld_of_today_one_argument_is_spelt_otherwise(case: Case) -> None:
    expected = case.expected.split()
    assert expected[0] == "-error-limit=0"
    assert list(command_line(case.options).arguments) == ["--error-limit=0", *expected[1:]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_files_are_the_inputs_among_the_arguments(case: Case) -> None:
    arguments, files = command_line(case.options)
    after_output = arguments[arguments.index("-o") + 2 :]
    assert files == tuple(argument for argument in after_output if not argument.startswith("-"))


def test_names_of_odd_characters_stay_one_argument() -> None:
    options = replace(
        BARE,
        output_name="my out.wasm",
        objects=(LinkObject("-x y.o"), LinkObject("a\nb.o")),
        export_symbol_names=("operator new(unsigned long)", ""),
        entry="",
    )
    assert command_line(options).arguments == (
        "--error-limit=0", "--stack-first", "--export=operator new(unsigned long)", "--export=",
        "--entry", "", "-z", "stack-size=1048576", "--allow-undefined", "-o", "my out.wasm",
        "-x y.o", "a\nb.o",
    )  # fmt: skip


def test_a_table_both_imported_and_exported_is_refused() -> None:
    # 2226, 2231: the seed's assertions.
    with pytest.raises(InvalidOptions, match="imported or exported"):
        command_line(replace(BARE, import_table=True, export_table=True))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (replace(BARE, skip_linker_dependencies=False), "libc_static_lib"),  # 2392
        (replace(BARE, include_compiler_rt=True), "compiler_rt_static_lib"),  # 2106
        (replace(WASI, link_libcpp=True), "libcxx_static_lib"),  # 2358
        (replace(WASI, link_libcpp=True, libcxx_static_lib="x.a"), "libcxxabi_static_lib"),
        (replace(WASI, link_libc=True, crt_files=()), "crt1-command.o"),  # 2350
        (
            replace(WASI, link_libc=True, crt_files=(CrtFile("crt1-command.o", "/c.o"),)),
            "libc.a",
        ),
        (
            replace(WASI, wasi_emulated_libs=(EmulatedLibrary.GETPID,), crt_files=()),
            "libwasi-emulated-getpid.a",
        ),
    ],
)
def test_a_library_that_is_needed_and_not_given(options: LldOptions, what: str) -> None:
    with pytest.raises(MissingRuntimeLibrary, match=what):
        command_line(options)


@pytest.mark.parametrize(
    "options",
    [
        lambda: replace(BARE, initial_memory=-1),
        lambda: replace(BARE, max_memory=-1),
        lambda: replace(BARE, global_base=-1),
        lambda: replace(BARE, stack_size_override=-1),
    ],
)
def test_no_number_is_negative(options: Callable[[], LldOptions]) -> None:
    with pytest.raises(InvalidOptions, match="is negative: -1"):
        options()


def test_the_object_that_is_copied() -> None:
    # 2184-2196: the first object, else the first C object, else the module's.
    obj = replace(BARE, output_mode=OutputMode.OBJ, c_objects=("c.o",), module=Module("m.o"))
    assert object_inputs(obj) == ("a.o", "c.o", "m.o")
    assert object_inputs(replace(obj, objects=())) == ("c.o", "m.o")
    assert object_inputs(replace(obj, objects=(), c_objects=())) == ("m.o",)
    with pytest.raises(NoObjectsToLink):
        object_inputs(replace(obj, objects=(), c_objects=(), module=None))
    with pytest.raises(InvalidOptions):
        command_line(obj)


@pytest.mark.parametrize(
    ("directory", "name", "joined"),
    [
        ("", "a", "a"),
        ("d", "", "d"),
        ("d", "a", "d/a"),
        ("d/", "a", "d/a"),
        ("d", "/a", "d/a"),
        ("d/", "/a", "d/a"),
        ("./d//", "a", "./d//a"),
        ("/", "a", "/a"),
    ],
)
def test_paths_are_joined_as_std_does(directory: str, name: str, joined: str) -> None:
    assert join(directory, name) == joined


@pytest.mark.parametrize(
    ("path", "directory"),
    [("a", None), ("d/a", "d"), ("/a", "/"), ("d/a/", "d"), ("./d//a", "./d"), ("/", None)],
)
def test_the_folder_of_a_path(path: str, directory: str | None) -> None:
    assert directory_of(path) == directory

"""Compiled programs linked by the real wasm-ld with the seed's options, and run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import wasmtime

from linker.format.archive import Member
from linker.format.encode_archive import encode_archive
from linker.lld import (
    Action,
    CrtFile,
    DeclExport,
    LinkObject,
    LldOptions,
    Module,
    OutputMode,
    WasiExecModel,
    link_with_lld,
)
from tests.linker.lld.lld_runs import WASM_LD
from tests.programs.running import run_module
from tests.programs.zig import compile_c, link_line_of_build_exe

MAIN = """
#include <stdio.h>
int count;
int main(void) { printf("main %d\\n", count); return 0; }
"""
REACTOR = """
#include <stdio.h>
static volatile int started;
__attribute__((constructor)) static void start(void) { started = 7; }
void run(void) { printf("run %d\\n", started); fflush(stdout); }
"""
# Nothing refers to it: only a link of the whole archive brings it in.
UNREFERENCED = """
extern int count;
__attribute__((constructor)) static void add(void) { count += 5; }
"""


def link_line(folder: Path, source: Path, *flags: str) -> list[str]:
    line = link_line_of_build_exe(source, folder, "-lc", "-fno-ubsan-rt", *flags)
    return [argument for argument in line if argument.endswith((".a", ".o"))]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> LldOptions:
    """A WASI link with libc; its run-time libraries are those that Zig itself links with."""
    folder = tmp_path_factory.mktemp("libraries")
    source = folder / "main.c"
    source.write_text(MAIN)
    found = {
        Path(path).name: path
        for model in ("command", "reactor")
        for path in link_line(folder, source, f"-mexec-model={model}")
    }
    names = ("crt1-command.o", "crt1-reactor.o", "libc.a")
    return LldOptions(
        output_name="program.wasm",
        wasi=True,
        link_libc=True,
        crt_files=tuple(CrtFile(name, found[name]) for name in names),
        # Of today's Zig: the part of libc that is written in Zig.
        objects=(LinkObject(found["libzigc.a"]),),
        include_compiler_rt=True,
        compiler_rt_static_lib=found["libcompiler_rt.a"],
    )


def compiled(folder: Path, name: str, source: str) -> str:
    path = folder / f"{name}.c"
    path.write_text(source)
    return str(compile_c(path, folder / f"{name}.o", "-O1"))


def test_a_wasi_command(base: LldOptions, tmp_path: Path) -> None:
    options = replace(
        base, output_directory=str(tmp_path), c_objects=(compiled(tmp_path, "main", MAIN),)
    )
    result = link_with_lld(options, WASM_LD)
    assert (result.action, result.warnings) == (Action.LINKED, ())
    assert run_module(Path(result.output).read_bytes(), "_start", tmp_path) == "main 0\n"
    assert link_with_lld(options, WASM_LD).action is Action.UNCHANGED
    compiled(tmp_path, "main", MAIN.replace("main %d", "edited %d"))
    link_with_lld(options, WASM_LD)
    assert run_module(Path(result.output).read_bytes(), "_start", tmp_path) == "edited 0\n"


@pytest.mark.parametrize("must_link", [False, True])
def test_a_whole_archive(base: LldOptions, tmp_path: Path, must_link: bool) -> None:
    archive = tmp_path / "extra.a"
    member = Path(compiled(tmp_path, "extra", UNREFERENCED))
    archive.write_bytes(encode_archive([Member(member.name, member.read_bytes())]))
    options = replace(
        base,
        output_directory=str(tmp_path),
        objects=(LinkObject(str(archive), must_link), *base.objects),
        c_objects=(compiled(tmp_path, "main", MAIN),),
    )
    result = link_with_lld(options, WASM_LD)
    printed = run_module(Path(result.output).read_bytes(), "_start", tmp_path)
    assert printed == ("main 5\n" if must_link else "main 0\n")


@pytest.mark.parametrize("more", [(), ("__wasm_call_ctors",)])
def test_a_wasi_reactor(base: LldOptions, tmp_path: Path, more: tuple[str, ...]) -> None:
    options = replace(
        base,
        output_directory=str(tmp_path),
        wasi_exec_model=WasiExecModel.REACTOR,
        export_symbol_names=("run", *more),
        c_objects=(compiled(tmp_path, "reactor", REACTOR),),
    )
    result = link_with_lld(options, WASM_LD)
    module = Path(result.output).read_bytes()
    # No _start, which crt1-command.o would have brought in.
    exports = {export.name for export in wasmtime.Module(wasmtime.Engine(), module).exports}
    assert exports == {"memory", "run", "_initialize", *more}
    # Where the module exports its constructors, run_module calls them first.
    assert run_module(module, "run", tmp_path) == ("run 7\n" if more else "run 0\n")


def test_a_library_of_the_compilers_own_module(base: LldOptions, tmp_path: Path) -> None:
    source = tmp_path / "add.c"
    source.write_text("int add(int a, int b) { return a + b; }\nint hidden(void) { return 1; }\n")
    made = compile_c(source, tmp_path / "add.wasm.o", "-O1", target="wasm32-freestanding")
    options = LldOptions(
        output_name="add.wasm",
        output_directory=str(tmp_path),
        output_mode=OutputMode.LIB,
        module=Module(made.name, decl_exports=(DeclExport("add"),)),
        skip_linker_dependencies=True,
        strip=True,
    )
    link_with_lld(options, WASM_LD)
    module = (tmp_path / "add.wasm").read_bytes()
    assert b"add" in module
    assert b"hidden" not in module

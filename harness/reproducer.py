"""How a stored finding is shown again with public tools: a shell script, and one that calls."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.adapters.lld import WasmLd
from harness.adapters.reference import Reference
from harness.adapters.zig import ZigLinker
from harness.linking import OUTPUT
from harness.steps import RESPONSE, command_lines, steps_before_running, unsupported
from strategies.case import HostCalls, ProbeReturns

if TYPE_CHECKING:
    from harness.adapters.base import Linker
    from strategies.case import LinkCase

CALL_SCRIPT = "call.py"
CALL_PROGRAM = '''\
"""call.py MODULE EXPORT=EXPECTED...: calls exports with the PyPI package wasmtime."""
import sys

try:
    import wasmtime
except ImportError:
    sys.exit("to call the exports: python3 -m pip install wasmtime")

config = wasmtime.Config()
for feature in ("exceptions", "threads", "tail_call", "multi_memory", "memory64"):
    setattr(config, "wasm_" + feature, True)
engine = wasmtime.Engine(config)
try:
    module = wasmtime.Module.from_file(engine, sys.argv[1])
except wasmtime.WasmtimeError as error:
    sys.exit(f"{sys.argv[1]}: {error}")


def host(name, results):
    """An imported function: says that it was called, and returns zeros."""

    def called(*arguments):
        print(f"    host function {name} is called")
        zeros = [0.0 if str(kind) in ("f32", "f64") else 0 for kind in results]
        return None if not zeros else zeros[0] if len(zeros) == 1 else zeros

    return called


def instantiate():
    store = wasmtime.Store(engine)
    linker = wasmtime.Linker(engine)
    for entry in module.imports:
        kind, name = entry.type, f"{entry.module}.{entry.name}"
        if isinstance(kind, wasmtime.FuncType):
            made = wasmtime.Func(store, kind, host(name, kind.results))
        elif isinstance(kind, wasmtime.MemoryType):
            made = wasmtime.Memory(store, kind)
        elif isinstance(kind, wasmtime.TableType):
            made = wasmtime.Table(store, kind, None)
        elif isinstance(kind, wasmtime.GlobalType):
            made = wasmtime.Global(store, kind, wasmtime.Val.i32(0))
        else:
            sys.exit(f"{name}: an import that this script cannot make")
        linker.define(store, entry.module, entry.name, made)
    return store, linker.instantiate(store, module)


for word in sys.argv[2:]:
    export, _, expected = word.partition("=")
    try:
        store, instance = instantiate()
        got = instance.exports(store)[export](store)
    except KeyError:
        got = "no such export"
    except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
        got = "a trap: " + str(error).strip().splitlines()[-1].strip()
    print(f"{sys.argv[1]}: {export}: expected {expected}; returns {got}")
'''


def expected_calls(case: LinkCase) -> dict[str, str]:
    """The exports whose behaviour is known by construction, and what each must do."""
    calls: dict[str, str] = {}
    for expectation in case.expectations:
        match expectation:
            case ProbeReturns(export, value, _):
                calls[export] = "a trap" if value is None else str(value)
            case HostCalls(export, names, _):
                calls.setdefault(export, f"host calls {' '.join(names) or 'none'}")
            case _:
                pass
    return calls


def repro_script(key: str, case: LinkCase, linkers: Sequence[Linker]) -> str:
    """A script that shows the difference with public tools only, which it installs itself.

    Args:
        key: of the divergence.
        case: the files are in `inputs/`, next to the script.
    """
    lines = [
        "#!/bin/sh",
        f"# {key}: links the inputs with each public linker that took part.",
        'here=$(cd "$(dirname "$0")" && pwd)',
        'out=$(mktemp -d) && cd "$here/inputs" || exit 2',
        "",
        "# zig VERSION ARGUMENTS: a release of the PyPI package ziglang, installed when missing.",
        "zig() {",
        '  folder="${TMPDIR:-/tmp}/ziglang-$1"',
        '  [ -x "$folder/ziglang/zig" ] ||',
        '    python3 -m pip install -q --no-deps --target "$folder" "ziglang==$1" || exit 2',
        '  shift; "$folder/ziglang/zig" "$@"',
        "}",
        "",
    ]
    for linker in linkers:
        lines += _repro_lines(linker, case)
    calls = [shlex.quote(f"{export}={what}") for export, what in expected_calls(case).items()]
    lines += [
        'for module in "$out"/*/*.wasm; do',
        '  [ -s "$module" ] || continue',
        "  if command -v wasm-validate >/dev/null; then",
        '    wasm-validate --enable-all "$module" && echo "$module: valid"',
        "  fi",
        "  if command -v wasm-objdump >/dev/null; then",
        '    wasm-objdump -x "$module" > "$module.txt"',
        "  fi",
        *([f'  python3 "$here/{CALL_SCRIPT}" "$module" {" ".join(calls)}'] if calls else []),
        "done",
        'echo "outputs are in $out"',
        "",
    ]
    return "\n".join(lines)


def _repro_lines(linker: Linker, case: LinkCase) -> list[str]:
    """The lines of the script for one linker."""
    title = (
        f'mkdir -p "$out/{linker.name}"; echo {shlex.quote(f"== {linker.name}: {linker.version}")}'
    )
    status = 'echo "exit status $?"'
    if isinstance(linker, Reference):
        return ["# The reference linker of weldcheck is no public tool: see outputs/.", ""]
    reason = unsupported(linker, case)
    if reason is not None:
        return [f"# {linker.name} cannot be asked: {reason}", ""]
    if not case.prelinks:
        return [title, _command(linker, case, RESPONSE, None), status, ""]
    # Every linker has its own outputs of the first steps, so each works in a folder of its own.
    lines = [title, f'cp -r . "$out/{linker.name}/case" && cd "$out/{linker.name}/case" || exit 2']
    steps = zip(steps_before_running(case), command_lines(case), strict=True)
    for (step, name), response in steps:
        lines.append(_command(linker, step, response, name))
    return [*lines, status, 'cd "$here/inputs" || exit 2', ""]


def _command(linker: Linker, case: LinkCase, response: str, made: str | None) -> str:
    """The command of one step, which makes `made`; None for the last."""
    if isinstance(linker, WasmLd):
        program = f"zig {linker.ziglang} wasm-ld" if linker.ziglang else linker.command[0]
        output = f' -o "$out/{linker.name}/{OUTPUT}"' if made is None else ""
        return f"{program} @{response}{output}"
    # The folder is a mark that is replaced by the variable of the script afterwards.
    mark = Path("/OUT")
    path = mark / linker.name / (OUTPUT if made is None else f"case/{made}")
    words = linker.command_line(case, mark / "case", path)
    quoted = [shlex.quote(word) for word in words]
    quoted = [word.replace("/OUT/", '"$out"/') for word in quoted]
    if isinstance(linker, ZigLinker):
        quoted[0] = f"zig {linker.version}"
    return " ".join(quoted)

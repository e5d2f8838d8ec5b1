"""Options that change what a link says and writes beside the module, and options without effect.

Side files have names inside the case's folder. Not drawn, of all options of wasm-ld:

| option | why |
| --- | --- |
| `--help`, `--version` | nothing is linked |
| `--shared`, `--pie`, `--unresolved-symbols=import-dynamic`, `-m wasm64` | no static wasm32 link |
| `--build-id=uuid` | another number every time |
| `--page-size=1` | no engine here takes such a memory |
| `--lto-obj-path`, `--thinlto-index-only` | ask for files of link-time optimisation |
| `-i` | an alias of `--initial-memory=` that has no room for a value |
"""

from __future__ import annotations

from strategies.case import InputFile
from strategies.choices import Record
from strategies.command_line.options import add
from strategies.program import Program

# Names that a case may know without having defined them.
KNOWN_NAMES = (
    "nowhere",
    "__stack_pointer",
    "__wasm_call_ctors",
    "__indirect_function_table",
    "__heap_base",
    "_start",
)
MAP, WHY, REPRODUCER, ALLOWED = "out.map", "why.txt", "repro.tar", "allowed.txt"
NO_EFFECT = (
    ("--Bstatic",),
    ("-Bdynamic",),
    ("-static",),
    ("--dn",),
    ("-dy",),
    ("--non_shared",),
    ("-call_shared",),
    ("-m", "wasm32"),
    ("-mwasm32",),
    ("--no-pie",),
    ("--experimental-pic",),
    ("--no-shlib-sigcheck",),
    ("--soname=a name",),
    ("--soname", "lib.so"),
    ("--rpath=/nowhere",),
    ("-rpath", "/nowhere"),
    ("--check-features",),
    ("--demangle",),
    ("--no-export-dynamic",),
    ("--error-unresolved-symbols",),
    ("--unresolved-symbols=report-all",),
    ("--no-allow-multiple-definition",),
    ("--merge-data-segments",),
    ("--no-whole-archive",),
    ("--page-size=65536",),
    ("--threads=1",),
    ("-threads", "3"),
    ("--mllvm=-inline-threshold=10",),
    ("-mllvm", "-inline-threshold=10"),
    ("--lto-O2",),
    ("--lto-O1",),
    ("--lto-CGO1",),
    ("--lto-partitions=2",),
    ("--lto-debug-pass-manager",),
    ("--disable-verify",),
    ("--save-temps",),
    ("--thinlto-cache-dir=cache",),
    ("--thinlto-cache-policy=prune_after=1h",),
    ("--thinlto-cache-policy", "cache_size=10%"),
    ("--thinlto-jobs=1",),
    ("--thinlto-emit-imports-files",),
    ("--thinlto-emit-index-files",),
    ("--thinlto-object-suffix-replace=a;b",),
    ("--thinlto-prefix-replace=a;b",),
    ("--no-print-gc-sections",),
    ("--no-fatal-warnings",),
    ("--no-color-diagnostics",),
    ("--color-diagnostics=auto",),
)


DYNAMIC = ("Bdynamic", "dy", "call_shared")


def _name(program: Program, record: Record) -> str:
    """A name of the case, defined or not, or one that it has not."""
    names = [slot.name for slot in program.slots if slot.name]
    names += [probe.export for probe in program.probes]
    if not names or record.chance(64):
        return record.pick(KNOWN_NAMES)
    return record.pick(names)


def listing(program: Program, record: Record) -> None:
    """An option that asks for a listing."""
    which = record.below(9)
    detail = record.byte()
    if which == 0:
        words = ((f"--Map={MAP}",), ("-Map", MAP), ("--print-map",), ("-M",))[detail & 3]
        add(program, "--Map", *words)
    elif which == 1:
        add(program, "--trace", ("--trace", "-t")[detail & 1])
    elif which in (2, 3):
        name = _name(program, record)
        spellings = (
            (f"--trace-symbol={name}",),
            ("-trace-symbol", name),
            (f"-y{name}",),
            ("-y", name),
        )
        add(program, f"--trace-symbol {name}", *spellings[detail & 3])
    elif which == 4:
        add(program, "--why-extract", f"--why-extract={'-' if detail & 3 == 3 else WHY}")
    elif which == 5:
        add(program, "--print-gc-sections", "--print-gc-sections")
    elif which == 6:
        words = ((f"--reproduce={REPRODUCER}",), ("--reproduce", REPRODUCER))[detail & 1]
        add(program, "--reproduce", *words)
    elif which == 7:
        add(program, "--verbose", ("--verbose", "-v", "-V", "-verbose")[detail & 3])
    else:
        _keep(program, record)


def _keep(program: Program, record: Record) -> None:
    """Strip all but a custom section that is there, or is not."""
    customs = [custom for unit in program.units for custom in unit.builder.customs]
    relocates = program.has("relocatable") or program.has("emit-relocs")
    if relocates and any(custom.sites for custom in customs):
        return  # with relocations, a section must not refer to what is stripped
    sections = [custom.name for custom in customs]
    name = record.pick(("name", "producers", "target_features", "nowhere", *sections))
    if not name:
        return
    add(program, "--strip", "--strip-all")
    add(program, f"--keep-section {name}", f"--keep-section={name}")


def no_effect(program: Program, record: Record) -> None:
    """Options that say what holds anyway, or are about something that does not occur."""
    if record.byte() >= 232:
        _allow(program, record)
        return
    for _ in range(3):
        words = record.pick(NO_EFFECT)
        if words[0].lstrip("-") in DYNAMIC and program.has("library-search"):
            continue  # shared libraries would be looked for
        _add_without_effect(program, words)


def _add_without_effect(program: Program, words: tuple[str, ...]) -> None:
    key = words[0].partition("=")[0]
    name = key.lstrip("-").removeprefix("no-")
    if name in ("error-unresolved-symbols", "unresolved-symbols"):
        key = "--allow-undefined"
    elif name in ("demangle", "merge-data-segments", "check-features", "export-dynamic"):
        key = {"demangle": "--no-demangle", "merge-data-segments": "--merge-data-segments"}.get(
            name, f"--no-{name}" if name == "check-features" else f"--{name}"
        )
    elif name == "allow-multiple-definition":
        key = "--muldefs"
    elif name == "print-gc-sections":
        key = "--print-gc-sections"
    elif name.startswith("thinlto-") and name.endswith(("-replace", "-index-files")):
        # They exclude each other.
        key = "--thinlto-files"
    if add(program, key, *words):
        program.uncounted.update(words[1:])


def _allow(program: Program, record: Record) -> None:
    """A file with names that may stay undefined."""
    if "--allow-undefined" in program.options:
        return
    names = [slot.name for slot in program.slots if slot.name.isascii()]
    lines = ["# names", "", *(f"  {name}\t" for name in names), "nowhere"]
    words = ((f"--allow-undefined-file={ALLOWED}",), ("-allow-undefined-file", ALLOWED))
    if add(program, "--allow-undefined-file", *words[record.below(2)]):
        program.files.append(InputFile(ALLOWED, "\n".join(lines).encode()))
        # What is not defined anywhere may be imported, or not.
        program.is_vague = True

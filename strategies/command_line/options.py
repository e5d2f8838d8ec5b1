"""Statements that add options to the command line, consistent with what was chosen before."""

from __future__ import annotations

from collections.abc import Callable

from linker.format.constants import SymbolKind
from strategies.choices import Record
from strategies.program import Program

PAGE = 65536


def add(program: Program, key: str, *arguments: str) -> bool:
    """Add an option once; True if it was new."""
    if key in program.options:
        return False
    program.options[key] = arguments[-1] if arguments else ""
    program.arguments += arguments
    return True


def memory(program: Program, record: Record) -> None:
    which = record.below(7)
    detail = record.byte()
    if which == 0:
        add(program, "--initial-memory", f"--initial-memory={(20 + (detail & 15)) * PAGE}")
    elif which == 1:
        pages = 65536 if detail >= 224 else 40 + (detail & 31)
        add(program, "--max-memory", f"--max-memory={pages * PAGE}")
    elif which == 2:
        add(program, "--import-memory", ("--import-memory", "--import-memory=host,mem")[detail & 1])
    elif which == 3:
        add(program, "--export-memory", ("--export-memory", "--export-memory=linear")[detail & 1])
    elif which == 4:
        add(program, "--initial-heap", f"--initial-heap={(detail & 7) * PAGE}")
    elif which == 5 and "--max-memory" not in program.options:
        add(program, "--max-memory", "--no-growable-memory")
    else:
        add(program, "--import-memory", "--import-memory")
        add(program, "--export-memory", "--export-memory")


def table(program: Program, record: Record) -> None:
    which = record.below(4)
    detail = record.byte()
    if which == 0 and "--import-table" not in program.options:
        add(program, "--export-table", "--export-table")
    elif which == 1 and "--export-table" not in program.options:
        add(program, "--import-table", "--import-table")
    elif which == 2:
        add(program, "--growable-table", "--growable-table")
    else:
        base = (1, 2, 0, 63, 64, 1000)[detail * 6 >> 8]
        if add(program, "--table-base", f"--table-base={base}"):
            program.table_base = base or 1


def export(program: Program, record: Record) -> None:
    which = record.below(6)
    detail = record.byte()
    if which == 0:
        add(program, "--export-all", "--export-all")
        return
    if which == 1:
        add(program, "--export-dynamic", ("--export-dynamic", "-E")[detail & 1])
        return
    names = [
        slot.name
        for slot in program.slots
        if slot.definitions
        and not slot.local
        and not slot.partial
        and slot.name.isascii()
        and slot.name.isidentifier()
        and (which == 4 or any(not program.units[d.unit].is_lazy for d in slot.definitions))
    ]
    if not names or which == 5:
        name = ("__heap_base", "__stack_pointer", "__data_end", "nowhere")[detail & 3]
        add(program, f"--export {name}", f"--export-if-defined={name}")
        return
    name = names[detail * len(names) >> 8]
    if which == 2:
        add(program, f"--export {name}", f"--export={name}")
        program.wanted.append(name)
    elif which == 3:
        add(program, f"--export {name}", f"--export-if-defined={name}")
        program.wanted.append(name)
    else:
        spelling = (f"--undefined={name}",) if detail & 1 else ("-u", name)
        add(program, f"--undefined {name}", *spelling)
        program.wanted.append(name)


def layout(program: Program, record: Record) -> None:
    which = record.below(7)
    detail = record.byte()
    if which == 0:
        add(program, "--stack-first", ("--stack-first", "--no-stack-first")[detail & 1])
    elif which == 1:
        add(program, "--stack-first", "--no-stack-first")
    elif which == 2:
        first = program.arguments.count("--no-stack-first") == 0
        small = "stack-size" in program.options
        bases: tuple[int, ...] = (
            65536,
            65537,
            70000,
            131072,
            1 << 19,
            (1 << 20) - 1,
            (1 << 21) - 8,
        )
        if not first:
            bases = (1024, 16384, 1025, 128, 70001, 8191, 8192, (1 << 20) - 2)
        elif small:
            return
        if "--stack-first" not in program.options:
            add(program, "--stack-first", "--stack-first")
        add(program, "--global-base", f"--global-base={bases[detail % len(bases)]}")
    elif which == 3:
        if "--global-base" not in program.options:
            size = (65536, 128, 1024, 131072, 1 << 18, 0, 65552, 16, 65520)[detail % 9]
            if add(program, "stack-size", "-z", f"stack-size={size}") and size < 128:
                # Data at so low an address would leave no room for negative addends.
                add(program, "--global-base", "--global-base=1024")
    elif which == 4:
        add(program, "--gc-sections", ("--no-gc-sections", "--gc-sections")[detail & 1])
    elif which == 5:
        add(program, "--merge-data-segments", "--no-merge-data-segments")
    else:
        add(program, "-O", f"-O{(0, 2, 1, 3)[detail & 3]}")


def output(program: Program, record: Record) -> None:
    which = record.below(6)
    detail = record.byte()
    if which == 0:
        add(program, "--strip", ("--strip-all", "-s")[detail & 1])
    elif which == 1:
        add(program, "--strip", ("--strip-debug", "-S")[detail & 1])
    elif which == 2:
        style = ("=fast", "", "=sha1", "=tree", "=0x12ab34", "=none")[detail % 6]
        add(program, "--build-id", f"--build-id{style}")
    elif which == 3:
        add(program, "--no-demangle", "--no-demangle")
    elif which == 4:
        if "--features" in program.options or detail & 1:
            add(program, "--no-check-features", "--no-check-features")
        elif detail & 2:
            known = {f.name for u in program.units for f in u.builder.features}
            names = ",".join(sorted(known | {"mutable-globals", "tail-call"}))
            # Objects may use more by the time of the link: nothing is checked then.
            if add(program, "--no-check-features", "--no-check-features"):
                add(program, "--features", f"--features={names}")
        else:
            add(program, "--extra-features", "--extra-features=simd128,atomics")
    elif (
        program.options.get("--strip")
        and not program.has("emit-relocs")
        and not program.unsigned_constants
    ):
        add(program, "--compress-relocations", "--compress-relocations")


def undefined(program: Program, record: Record) -> None:
    which = record.below(5)
    if which == 0:
        add(program, "--allow-undefined", "--allow-undefined")
    elif which == 1:
        add(program, "--allow-undefined", "--import-undefined")
    elif which == 2:
        add(program, "--allow-undefined", "--unresolved-symbols=ignore-all")
    elif which == 3:
        add(program, "--allow-undefined", "--warn-unresolved-symbols")
    else:
        add(program, "--muldefs", ("--allow-multiple-definition", "-zmuldefs")[record.byte() & 1])


Statement = Callable[[Program, Record], None]

KINDS: tuple[tuple[str, Statement, int], ...] = (
    ("memory-options", memory, 3),
    ("table-options", table, 3),
    ("export-options", export, 3),
    ("layout-options", layout, 3),
    ("output-options", output, 3),
    ("undefined-options", undefined, 2),
)


def statements(program: Program) -> list[Statement]:
    """The kinds of option statements that this case may have."""
    return program.likely(KINDS)


def allows_duplicates(program: Program) -> bool:
    """True if the first of several definitions of a name is taken."""
    option = program.options.get("--muldefs")
    return option is not None and not option.endswith("no-allow-multiple-definition")


def allows(program: Program, kind: SymbolKind) -> bool:
    """True if the options let a strong reference stay undefined."""
    option = program.options.get("--allow-undefined")
    if option in (None, "--error-unresolved-symbols", "--unresolved-symbols=report-all"):
        return False
    return option != "--import-undefined" or kind == SymbolKind.FUNCTION


def exports_globals(program: Program) -> bool:
    """True if an option may export a global."""
    return any(key.startswith("--export") for key in program.options)

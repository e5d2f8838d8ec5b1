"""Objects as producers other than the clang of today write them: the same meaning, other shapes.

Older releases of LLVM, rustc and Zig's own writers differ in what they repeat, leave out and pad.
"""

from __future__ import annotations

from linker.format.constants import LinkingSubsection, SymbolFlag
from linker.format.model import TargetFeature
from strategies.choices import Record
from strategies.objects.code import Code
from strategies.objects.parts import Custom
from strategies.program import TO_INT, VOID, Program, Unit
from strategies.uses.addresses import LOCAL, R, call_through_table
from strategies.uses.references import next_probe

HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)
SYMBOLS = int(LinkingSubsection.SYMBOL_TABLE)
SEGMENTS = int(LinkingSubsection.SEGMENT_INFO)
INITS = int(LinkingSubsection.INIT_FUNCS)
GROUPS = int(LinkingSubsection.COMDAT_INFO)
# Other than LLVM's. What names symbols comes behind them; what is empty may be there all the same.
ORDERS = (
    (SEGMENTS, SYMBOLS, INITS, GROUPS),
    (GROUPS, SYMBOLS, INITS, SEGMENTS),
    (SYMBOLS, GROUPS, INITS, SEGMENTS),
    (SYMBOLS, INITS),
    (SEGMENTS,),
)
FIELDS: tuple[list[tuple[str, list[tuple[str, str]]]], ...] = (
    [("language", [])],
    [("processed-by", [("rustc", "1.90.0 (a b c)"), ("clang", "22.0"), ("LLD", "")])],
    [("language", [("Rust", "")]), ("sdk", [("Emscripten", "3.1.9")]), ("processed-by", [])],
    [("language", [("C99", ""), ("C_plus_plus_20", ""), ("Zig", ""), ("assembler", "0")])],
    [("processed-by", [("é", "→"), ("", "")])],
)
FEATURES = ("atomics-wait", "reference-types", "call-indirect-overlong", "bulk-memory-opt", "gc")


def _unit(program: Program, record: Record) -> Unit:
    return program.units[record.below(len(program.units))]


def subsection_order(program: Program, unit: Unit, record: Record) -> None:
    """The subsections of `linking` in another order, their sizes as short as they can be."""
    order = ORDERS[record.below(len(ORDERS))]
    width = (0, 5)[record.byte() & 1]
    unit.builder.linking_order = [(kind, width) for kind in order]
    program.note("producer.subsection-order")


def odd_producers(program: Program, unit: Unit, record: Record) -> None:
    """Fields of `producers` without values, or with versions of several words."""
    if not unit.builder.producers:
        unit.builder.producers = list(FIELDS[record.below(len(FIELDS))])
        program.note("producer.odd-fields")


def unused_features(program: Program, unit: Unit, record: Record) -> None:
    """A section `target_features` of nothing known to this linker, or of nothing at all."""
    if program.has("relocatable") or "--features" in program.options:
        return
    known = {feature.name for feature in unit.builder.features}
    name = FEATURES[record.below(len(FEATURES))]
    if name not in known:
        unit.builder.features.append(TargetFeature("+", name))
        program.note("producer.odd-features")


def section_before(program: Program, unit: Unit, record: Record) -> None:
    """A custom section before all known ones, as other writers and tools leave it."""
    if unit.builder.early_customs:
        return
    name = ("note.early", "build.note", "sourceMappingURL", ".comment")[record.below(4)]
    taken = any(custom.name == name for custom in unit.builder.customs)
    if not taken:
        unit.builder.early_customs.append((name, bytes(range(record.below(9)))))
        program.note("producer.section-before")


def rust_shape(program: Program, unit: Unit, record: Record) -> None:
    """What rustc makes of panics: locations that point to file names, and tables of methods."""
    builder = unit.builder
    number = program.number()
    path = f"src/module{number}.rs".encode()
    text = builder.segment(f".rodata..Lanon.{number:032x}.0")
    builder.segments[text].content += path
    name = builder.define_data(f".Lanon.{number:032x}.0", text, 0, len(path), LOCAL)
    place = builder.segment(f".rodata..Lanon.{number:032x}.1", 2)
    at = builder.segments[place].reserve(2, 16)
    location = builder.define_data(f".Lanon.{number:032x}.1", place, at, 16, LOCAL)
    builder.segments[place].site(R.MEMORY_ADDR_I32, at, name)
    line = 10 + record.byte()
    for word, value in ((1, len(path)), (2, line), (3, 5)):
        builder.segments[place].content[at + 4 * word : at + 4 * word + 4] = value.to_bytes(
            4, "little"
        )
    table = builder.segment(f".rodata..Lvtable.{number}", 2)
    builder.segments[table].reserve(2, 16)
    method, drop = Code(), Code()
    method.raw(b"\x41\x00\x28\x02")
    method.site(R.MEMORY_ADDR_LEB, location, 8)
    method.raw(b"\x0b")
    drop.raw(b"\x0b")
    suffix = f"17h{number:016x}E"
    entries = (
        (0, builder.define_function(f"_ZN4core3ptr4drop{suffix}", VOID, drop, LOCAL)),
        (12, builder.define_function(f"_ZN3app5Shape4area{suffix}", TO_INT, method, HIDDEN)),
    )
    for offset, symbol in entries:
        builder.segments[table].site(R.TABLE_INDEX_I32, offset, symbol)
    vtable = builder.define_data(f"vtable.{number}", table, 0, 16, LOCAL)
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x41\x00\x28\x02")
    probe.code.site(R.MEMORY_ADDR_LEB, vtable, 12)
    call_through_table(unit, probe.code, TO_INT)
    # The first letter of the name, through the pointer in the location.
    probe.code.raw(b"\x41\x00\x28\x02")
    probe.code.site(R.MEMORY_ADDR_LEB, location)
    probe.code.raw(b"\x2d\x00\x00\x6a")
    probe.end(lambda m: line + path[0])
    program.note("producer.rust-shape")


def rust_metadata(program: Program, unit: Unit, record: Record) -> None:
    """Sections that rustc leaves in objects: metadata, and the command line of bitcode."""
    name = (".rustc", ".rmeta", ".llvmcmd", "metadata.rust")[record.below(4)]
    if not any(custom.name == name for custom in unit.builder.customs):
        content = b"rust\0\0\0\x09" + bytes(record.byte() for _ in range(4))
        unit.builder.customs.append(Custom(name, bytearray(content)))
        program.note("producer.rust-metadata")


def zig_shape(program: Program, unit: Unit, record: Record) -> None:
    """Names with dots, a slice (pointer and length) of an unnamed constant, an error name table."""
    builder = unit.builder
    number = program.number()
    text = b"OutOfMemory\0"
    data = builder.segment(f".rodata.__anon_{number}")
    builder.segments[data].content += text
    anonymous = builder.define_data(f"__anon_{number}", data, 0, len(text), LOCAL)
    table = builder.segment(f".rodata.builtin.error_names_{number}", 2)
    builder.segments[table].reserve(2, 8)
    builder.segments[table].content[4:8] = (len(text) - 1).to_bytes(4, "little")
    builder.segments[table].site(R.MEMORY_ADDR_I32, 0, anonymous)
    names = builder.define_data(f"builtin.error_names_{number}", table, 0, 8, LOCAL)
    at = record.byte() % len(text)
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x41\x00\x28\x02")
    probe.code.site(R.MEMORY_ADDR_LEB, names)
    probe.code.raw(b"\x2d\x00" + bytes((at,)) + b"\x41\x00\x28\x02")
    probe.code.site(R.MEMORY_ADDR_LEB, names, 4)
    probe.code.raw(b"\x6a")
    probe.end(lambda m: text[at] + len(text) - 1)
    program.note("producer.zig-shape")


def named_import(program: Program, unit: Unit, record: Record) -> None:
    """A function that another object defines, imported under a module and name of their own.

    The symbol's own name counts; the import is of use only where nothing defines it.
    """
    name = f"imported_by_name{program.number()}"
    value = 700 + program.number()
    body = Code()
    body.const(value)
    body.raw(b"\x0b")
    if unit is program.units[0]:
        unit = program.units[-1]
    if unit is program.units[0]:
        return
    program.units[0].builder.define_function(name, TO_INT, body, HIDDEN)
    source = (("env", "other.module", "")[record.below(3)], ("f", name, "")[record.below(3)])
    symbol = unit.builder.undefined_function(name, TO_INT, 0, source)
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x10")
    probe.code.site(R.FUNCTION_INDEX_LEB, symbol)
    probe.end(lambda m: value)
    program.note("producer.named-import")


KINDS = (
    subsection_order,
    rust_shape,
    zig_shape,
    named_import,
    odd_producers,
    section_before,
    rust_metadata,
    unused_features,
)


def other_producer(program: Program, record: Record) -> None:
    """One of the above."""
    unit = _unit(program, record)
    record.pick(KINDS)(program, unit, record)

"""Statements that are well-formed and seldom seen.

Names of every length and alphabet, names that are the linker's own, segments and sections without
content or name, objects of nothing.
"""

from __future__ import annotations

from dataclasses import replace

from linker.format.constants import RelocationType, SymbolFlag
from strategies.choices import Record
from strategies.objects.builder import ObjectBuilder
from strategies.objects.code import Code
from strategies.objects.parts import Custom
from strategies.program import TO_INT, VOID, Program, Unit
from strategies.uses.references import next_probe

R = RelocationType
LOCAL = int(SymbolFlag.BINDING_LOCAL)
HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)

NAMES = (
    "a",
    "",
    "memory",
    "__wasm_call_ctors",
    "__indirect_function_table",
    "__stack_pointer",
    "line\nbreak\r\n",
    "nul\0inside",
    "\0",
    "long" * 1100,
    "quote\"'`\\",
    "\N{GRINNING FACE}",
    "_Z",
    "_ZN",
    "__heap_base",
    "env",
)
# What the linker defines only where the program does not.
OPTIONAL_NAMES = ("__heap_base", "__data_end", "__dso_handle", "__global_base", "__heap_end")
SEGMENT_NAMES = ("", ".", ".data.", ".rodata", "..", "a b", ".text", ".text.f", "é", "x" * 300)
# wasm-ld 22 takes what is in such a segment for zeros.
ZERO_NAMES = (".bssy", ".bss", ".bss.filled")
SECTION_NAMES = (
    "",
    "x" * 400,
    "sourceMappingURL",
    "line\nbreak",
    ".debug_",
    ".debug_line_str",
    "__llvm_covmap",
    "name ",
    "é",
    ".debug_str.dwo",
)


def _unit(program: Program, record: Record) -> Unit:
    return program.units[record.below(len(program.units))]


def miscounts_names(program: Program) -> bool:
    """Whether an earlier link of wasm-ld 22 -r may break the name section."""
    return bool(program.groups & {"steps", "relocatable"}) and not program.has("known-bugs")


def local_names(program: Program, record: Record) -> None:
    """A static function with a name that means something elsewhere, or nothing at all."""
    unit = _unit(program, record)
    name = record.pick(NAMES)
    if program.has("relocatable") and record.byte() & 1:
        name = ("\udcff\udcfe", "\udc80", "é\udcc3")[record.below(3)]  # not UTF-8
    if not name and miscounts_names(program):
        name = "a"  # wasm-ld 22 -r miscounts the names if some are empty
    constant = 600 + program.number()
    code = Code()
    code.const(constant)
    code.raw(b"\x0b")
    symbol = unit.builder.define_function(name, TO_INT, code, LOCAL)
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x10")
    probe.code.site(R.FUNCTION_INDEX_LEB, symbol)
    probe.end(lambda m: constant)
    program.note("odd.local-name")


def nameless(program: Program, record: Record) -> None:
    """A function whose name is empty, which all objects can see."""
    if any("" in unit.builder.by_name for unit in program.units):
        return
    if miscounts_names(program):
        return
    unit = program.units[0]
    constant = 600 + program.number()
    code = Code()
    code.const(constant)
    code.raw(b"\x0b")
    unit.builder.define_function("", TO_INT, code, HIDDEN)
    user = _unit(program, record)
    probe = next_probe(program, user, record)
    probe.code.raw(b"\x10")
    probe.code.site(R.FUNCTION_INDEX_LEB, user.builder.undefined_function("", TO_INT))
    probe.end(lambda m: constant)
    program.note("odd.nameless")


def linker_name(program: Program, record: Record) -> None:
    """Data of the program under a name that the linker would define."""
    name = record.pick(OPTIONAL_NAMES)
    taken = program.has("linker-defined") or program.has("relocatable")
    if taken or any(name in unit.builder.by_name for unit in program.units):
        return
    unit = program.units[0]
    value = 0x05000000 + program.number()
    index = unit.builder.segment(f".data.{name}", 2)
    unit.builder.segments[index].content += value.to_bytes(4, "little")
    unit.builder.define_data(name, index, 0, 4, HIDDEN)
    user = _unit(program, record)
    symbol = user.builder.by_name.get(name)
    if symbol is None:
        symbol = user.builder.undefined(unit.builder.symbols[-1].kind, name, None)
    probe = next_probe(program, user, record)
    probe.code.raw(b"\x41\x00\x28\x00")
    probe.code.site(R.MEMORY_ADDR_LEB, symbol)
    probe.end(lambda m: value)
    program.note("odd.linker-name")


def segment_name(program: Program, record: Record) -> None:
    """A segment with an odd name, or without a name or content."""
    unit = _unit(program, record)
    builder = unit.builder
    names = SEGMENT_NAMES + ZERO_NAMES if program.has("known-bugs") else SEGMENT_NAMES
    index = builder.segment(record.pick(names), record.below(3))
    value = 0x06000000 + program.number()
    size = (4, 4, 0)[record.below(3)]
    builder.segments[index].content += value.to_bytes(4, "little")[:size]
    symbol = builder.define_data(f"in_odd{program.number()}", index, 0, size, HIDDEN)
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x41\x00\x28\x00" if size else b"\x41")
    probe.code.site(R.MEMORY_ADDR_LEB if size else R.MEMORY_ADDR_SLEB, symbol)
    if size:
        probe.end(lambda m: value)
    else:
        probe.code.raw(b"\x1a\x41\x01")
        probe.end(lambda m: 1)
    program.note("odd.segment-name")


def section_name(program: Program, record: Record) -> None:
    """A custom section of an odd name, with or without content."""
    builder = _unit(program, record).builder
    name = record.pick(SECTION_NAMES)
    if any(custom.name == name for custom in builder.customs):
        return
    builder.customs.append(Custom(name, bytearray((b"", b"a\0", b"abc\0")[record.below(3)])))
    program.note("odd.section-name")


def empty_import(program: Program, record: Record) -> None:
    """A host function whose import has no name."""
    unit = _unit(program, record)
    source = (("env", "")[record.byte() & 1], "")
    symbol = unit.builder.undefined_function(f"unnamed{program.number()}", VOID, 0, source)
    probe = next_probe(program, unit, record)
    probe.code.raw(b"\x10")
    probe.code.site(R.FUNCTION_INDEX_LEB, symbol)
    probe.code.raw(b"\x41\x01")
    probe.calls.append(".".join(source))
    probe.end(lambda m: 1)
    program.note("odd.unnamed-import")


def empty_objects(program: Program, record: Record) -> None:
    """Objects with nothing in them, a few or many, on the command line."""
    style = replace(program.units[0].builder.style, linear_memory_import=bool(record.byte() & 1))
    count = (1, 2, 1, 30)[record.byte() >> 6]
    for _ in range(count):
        position = len(program.units)
        unit = Unit(position, ObjectBuilder(f"object{position}.o", style))
        unit.builder.empty_sections = bool(record.byte() & 1)
        program.units.append(unit)
    program.note("odd.empty-object")


def no_symbol_table(program: Program, record: Record) -> None:
    """An object whose functions are known by its exports, as long as nothing else is in it."""
    style = replace(program.units[0].builder.style, linear_memory_import=bool(record.byte() & 1))
    unit = Unit(len(program.units), ObjectBuilder(f"object{len(program.units)}.o", style))
    unit.builder.symbols_as_exports = True
    program.units.append(unit)
    name, constant = f"exported{program.number()}", 600 + program.number()
    code = Code()
    code.const(constant)
    code.raw(b"\x0b")
    unit.builder.define_function(name, TO_INT, code)
    user = program.units[record.below(len(program.units) - 1)]
    probe = next_probe(program, user, record)
    probe.code.raw(b"\x10")
    probe.code.site(R.FUNCTION_INDEX_LEB, user.builder.undefined_function(name, TO_INT))
    probe.end(lambda m: constant)


def empty_sections(program: Program, record: Record) -> None:
    """Sections that say that there is nothing of their kind."""
    _unit(program, record).builder.empty_sections = True
    program.note("odd.empty-sections")


KINDS = (
    local_names,
    nameless,
    linker_name,
    segment_name,
    section_name,
    empty_import,
    empty_objects,
    empty_sections,
    no_symbol_table,
)


def odd(program: Program, record: Record) -> None:
    """One of the above."""
    record.pick(KINDS)(program, record)

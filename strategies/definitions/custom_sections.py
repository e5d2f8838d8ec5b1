"""Custom and debug sections, target features, producers."""

from __future__ import annotations

from linker.format.constants import RelocationType, SymbolKind
from linker.format.model import TargetFeature
from strategies.choices import Record
from strategies.objects.parts import Custom
from strategies.program import Program, Unit
from strategies.uses.addresses import reference

R = RelocationType

FEATURE_NAMES = (
    "mutable-globals",
    "sign-ext",
    "multivalue",
    "reference-types",
    "bulk-memory",
    "nontrapping-fptoint",
    "call-indirect-overlong",
    "extended-const",
)


def _unit(program: Program, record: Record) -> Unit:
    return program.units[record.below(len(program.units))]


def custom_section(program: Program, record: Record) -> None:
    """A custom section with relocations of the kinds that debug information uses."""
    unit = _unit(program, record)
    builder = unit.builder
    debug = program.has("debug") and (not program.has("custom") or record.byte() & 1)
    if debug:
        name = (".debug_info", ".debug_line", ".debug_ranges", ".debug_loc", ".debug_aranges")[
            record.below(5)
        ]
    else:
        name = ("custom", "note.a", "metadata.code", "custom.b")[record.below(4)]
    if any(custom.name == name for custom in builder.customs):
        return
    custom = Custom(name, bytearray(b"\x01\x02\x03\x04"))
    builder.customs.append(custom)
    count = 1 + record.below(4)
    for _ in range(count):
        _custom_site(program, unit, custom, record)
    custom.content += bytes(record.below(5))
    if debug and program.has("comdats") and record.byte() & 1:
        # Type information that every object carries; references to it would dangle.
        types = Custom(".debug_types", bytearray(b"types"), comdat="types")
        if not any(c.name == types.name for c in builder.customs):
            builder.customs.append(types)
    if debug and record.byte() & 1 and not any(c.name == ".debug_str" for c in builder.customs):
        strings = (b"alpha\0beta\0", b"beta\0", b"bet\0a\0alpha\0")[record.below(3)]
        builder.customs.append(Custom(".debug_str", bytearray(strings)))
        symbol = builder.section_symbol(len(builder.customs) - 1)
        starts = [0] + [i + 1 for i, byte in enumerate(strings[:-1]) if byte == 0]
        custom.site(R.SECTION_OFFSET_I32, symbol, record.pick(starts))


def _custom_site(program: Program, unit: Unit, custom: Custom, record: Record) -> None:
    builder = unit.builder
    choice = record.byte()
    slots = [
        slot
        for slot in program.slots
        if slot.policy == "defined"
        and not slot.thread_local
        and (not slot.local or slot.definitions[0].unit == unit.position)
    ]
    kinds = {
        SymbolKind.FUNCTION: (R.FUNCTION_OFFSET_I32, R.FUNCTION_INDEX_I32, R.FUNCTION_OFFSET_I64),
        SymbolKind.DATA: (R.MEMORY_ADDR_I32, R.MEMORY_ADDR_I64),
        SymbolKind.GLOBAL: (R.GLOBAL_INDEX_I32,),
    }
    usable = [slot for slot in slots if slot.kind in kinds]
    if choice < 32 or not usable:
        index = builder.customs.index(custom)
        custom.site(R.SECTION_OFFSET_I32, builder.section_symbol(index), choice & 3)
        return
    slot = usable[(choice - 32) * len(usable) // 224]
    detail = record.byte()
    ways = kinds[slot.kind]
    way = ways[detail % len(ways)]
    symbol = reference(program, unit, slot)
    if slot.partial and not slot.local:
        program.partial_custom_uses.append((slot, unit.position))
    addend = 0
    if slot.kind == SymbolKind.DATA:
        addend = (0, 4, -4, 1)[detail >> 6]
    elif way in (R.FUNCTION_OFFSET_I32, R.FUNCTION_OFFSET_I64):
        addend = (0, 1, 2, 3)[detail >> 6]
    if slot.kind == SymbolKind.FUNCTION and not builder.symbols[symbol].is_defined:
        way = R.FUNCTION_INDEX_I32
        addend = 0
    custom.site(way, symbol, addend)


def target_features(program: Program, record: Record) -> None:
    unit = _unit(program, record)
    known = {feature.name for feature in unit.builder.features}
    for _ in range(1 + record.below(3)):
        choice = record.byte()
        name = FEATURE_NAMES[choice * len(FEATURE_NAMES) >> 8]
        if name not in known:
            known.add(name)
            unit.builder.features.append(TargetFeature("+", name))
    disallow = record.byte() >= 192 and not program.has("shared-memory")
    if disallow and "shared-mem" not in known:
        # No object of a case uses it, so disallowing it is without effect.
        unit.builder.features.append(TargetFeature("-", "shared-mem"))


def producers(program: Program, record: Record) -> None:
    unit = _unit(program, record)
    if unit.builder.producers:
        return
    choice = record.byte()
    fields: list[tuple[str, list[tuple[str, str]]]] = [("language", [("C11", "")])]
    if choice & 1:
        fields.append(("processed-by", [("clang", "22.0"), ("weldcheck", "1")]))
    if choice & 2:
        fields[0][1].append(("Rust", "1.90"))
    if choice & 4:
        fields.append(("sdk", [("wasi-sdk", str(choice >> 3 & 3))]))
    unit.builder.producers = fields

"""What one output made of the input's symbols: addresses, slots and chosen definitions.

Each relocation site of the input is found again in the output; the number that stands there
says where the linker put the symbol. So nothing depends on names of data, which modules lack.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from harness.compare.inputs import (
    SITE_BYTES,
    DataDefinition,
    FunctionDefinition,
    Inputs,
    R,
    Site,
    SymbolKey,
    flatten,
)
from harness.compare.instructions import BodyError, Operand
from harness.compare.view import View
from linker.format.constants import ExternalKind, SymbolKind

ADDRESS = frozenset(
    (
        R.MEMORY_ADDR_LEB,
        R.MEMORY_ADDR_SLEB,
        R.MEMORY_ADDR_I32,
        R.MEMORY_ADDR_LEB64,
        R.MEMORY_ADDR_SLEB64,
        R.MEMORY_ADDR_I64,
    )
)
SLOT = frozenset(
    (
        R.TABLE_INDEX_SLEB,
        R.TABLE_INDEX_I32,
        R.TABLE_INDEX_SLEB64,
        R.TABLE_INDEX_I64,
    )
)

# Operands that a linker renumbers, with or without a relocation to say so.
_RENUMBERED = frozenset(("function", "type", "table", "global", "tag", "element", "data"))


@dataclass
class Resolution:
    """What an output made of the input's symbols.

    Attributes:
        addresses: every address that sites gave a data symbol; more than one is a mistake.
        slots: table slots that sites gave a function symbol; 0 may be a null pointer.
        function_choice: the definition whose code an output function has.
        data_choice: the definition whose content stands at a data symbol's address.
        calls: function symbols with the function index that a site gave them, and one function
            that holds such a site.
        unlike: functions and data whose content is that of no definition.
    """

    view: View
    addresses: dict[SymbolKey, set[int]] = field(default_factory=lambda: defaultdict(set))
    slots: dict[SymbolKey, set[int]] = field(default_factory=lambda: defaultdict(set))
    function_choice: dict[str, FunctionDefinition] = field(default_factory=dict)
    data_choice: dict[SymbolKey, DataDefinition] = field(default_factory=dict)
    unlike: list[tuple[str, str]] = field(default_factory=list)
    bodies: dict[str, tuple[tuple[int, ...], tuple[Operand, ...]]] = field(default_factory=dict)
    may_be_null: set[SymbolKey] = field(default_factory=set)
    calls: dict[tuple[SymbolKey, int], str] = field(default_factory=dict)

    def address(self, key: SymbolKey) -> int | None:
        """The one address of a symbol, None where sites say none or several."""
        found = self.addresses.get(key, set())
        return next(iter(found)) if len(found) == 1 else None


def _address(view: View, value: int) -> int:
    """A number as an address of the module's memory: 32 bits, unless the memory has 64."""
    return value & (0xFFFFFFFFFFFFFFFF if view.has_64_bit_memory else 0xFFFFFFFF)


def _learn(resolution: Resolution, site: Site, value: int, where: str) -> None:
    """Takes note of what stands at a site of the function or data symbol `where`."""
    view = resolution.view
    name = site.symbol[1]
    if site.may_be_null:
        resolution.may_be_null.add(site.symbol)
        if not value and site.type in ADDRESS:
            # A weak symbol that nothing defines: its address is 0, whatever the addend.
            return
    if site.type in ADDRESS and site.kind is SymbolKind.DATA:
        address = _address(view, value - site.addend)
        resolution.addresses[site.symbol].add(address)
    elif site.type is R.FUNCTION_INDEX_LEB:
        resolution.calls.setdefault((site.symbol, value), where)
    elif site.type in SLOT:
        resolution.slots[site.symbol].add(value)
    elif site.type in (R.GLOBAL_INDEX_LEB, R.GLOBAL_INDEX_I32):
        view.learned_globals.setdefault(value, name)
    elif site.type is R.TABLE_NUMBER_LEB:
        view.learned_tables.setdefault(value, name)
    elif site.type is R.TAG_INDEX_LEB:
        view.learned_tags.setdefault(value, name)


def _base_name(name: str) -> str:
    """A name without the number that made it unique."""
    return name.partition("#")[0]


def _matches(definition: FunctionDefinition, operands: tuple[Operand, ...]) -> bool:
    """Whether operands that no relocation changes are those of the definition."""
    for number, (ours, theirs) in enumerate(zip(definition.operands, operands, strict=True)):
        if ours.kind is not theirs.kind:
            return False
        if number in definition.sites or ours.kind.value in _RENUMBERED:
            continue
        if ours.value != theirs.value:
            return False
    return True


def _resolve_functions(resolution: Resolution, inputs: Inputs) -> None:
    view = resolution.view
    for position, body in enumerate(view.bodies):
        name = view.function_name(view.imported_functions + position)
        try:
            opcodes, operands = flatten(body)
        except BodyError:
            resolution.unlike.append(("function.unreadable", name))
            continue
        resolution.bodies[name] = (opcodes, operands)
        candidates = inputs.functions.get(_base_name(name), [])
        fitting = [
            c
            for c in candidates
            if c.opcodes == opcodes and len(c.operands) == len(operands) and _matches(c, operands)
        ]
        if candidates and not fitting:
            resolution.unlike.append(("function", name))
        if not fitting:
            continue
        chosen = fitting[0]
        if len(fitting) == 1:
            resolution.function_choice[name] = chosen
        for number, site in chosen.sites.items():
            # Which of several equal definitions it is decides what local symbols mean.
            if len(fitting) == 1 or site.symbol[0] < 0:
                _learn(resolution, site, operands[number].value, name)


def _content_fits(resolution: Resolution, definition: DataDefinition, address: int) -> bool:
    """Whether a definition's bytes stand at an address, sites left out."""
    ours = bytearray(definition.content)
    theirs = bytearray(resolution.view.memory(address, len(ours)))
    for site in definition.sites:
        width = SITE_BYTES.get(site.type, 4)
        blank = bytes(width)
        ours[site.position : site.position + width] = blank
        theirs[site.position : site.position + width] = blank
    return ours == theirs


def _resolve_data(resolution: Resolution, inputs: Inputs) -> None:
    """Follows pointers from data symbols whose address is known to further ones."""
    done: set[SymbolKey] = set()
    if resolution.view.passive:
        # Code places the data: the memory image is not known before it runs.
        return
    while todo := [k for k in resolution.addresses if k not in done and k in inputs.data]:
        for key in todo:
            done.add(key)
            address = resolution.address(key)
            candidates = [d for d in inputs.data[key] if not d.thread_local]
            if address is None or not candidates:
                continue
            fitting = [d for d in candidates if _content_fits(resolution, d, address)]
            if not fitting:
                resolution.unlike.append(("data", key[1]))
                continue
            chosen = fitting[0]
            if len(fitting) == 1:
                resolution.data_choice[key] = chosen
            for site in chosen.sites:
                width = SITE_BYTES.get(site.type, 4)
                raw = resolution.view.memory(address + site.position, width)
                value = int.from_bytes(raw, "little")
                if site.addend < 0 and site.type in ADDRESS:
                    value = int.from_bytes(raw, "little", signed=value < -site.addend)
                if len(fitting) == 1 or site.symbol[0] < 0:
                    _learn(resolution, site, value, key[1])


def resolve(view: View, inputs: Inputs) -> Resolution:
    """Finds the input's sites in an output and reads what the linker wrote there."""
    resolution = Resolution(view)
    _resolve_functions(resolution, inputs)
    for export in view.exports:
        if export.kind is ExternalKind.GLOBAL and (-1, export.name) in inputs.data:
            values = view.global_values
            value = values[export.index] if export.index < len(values) else None
            if value is not None:
                resolution.addresses[(-1, export.name)].add(_address(view, value))
    _resolve_data(resolution, inputs)
    return resolution

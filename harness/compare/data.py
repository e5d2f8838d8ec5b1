"""Data symbols: where each output put them, and what stands there."""

from __future__ import annotations

from itertools import pairwise

from harness.compare.comparison import Comparison
from harness.compare.inputs import DataDefinition, Inputs
from harness.compare.interface import SIDES
from harness.compare.layout import same_layout
from harness.compare.resolve import Resolution
from harness.compare.view import View
from linker.format.constants import PAGE_SIZE

SEGMENTS = "Linking.md, Segment info"
SYMBOLS = "Linking.md, Symbol Table"


def compare_data(
    first: Resolution, second: Resolution, inputs: Inputs, comparison: Comparison
) -> None:
    """By symbol where the inputs are known, else the memory image where layouts are equal."""
    for side, resolution in zip(SIDES, (first, second), strict=True):
        _check_addresses(side, resolution, inputs, comparison)
    for key, one in first.data_choice.items():
        two = second.data_choice.get(key)
        if two is not None and (one.place, one.segment) != (two.place, two.segment):
            detail = f"{key[1]}: object {one.place + 1} and object {two.place + 1}"
            comparison.add("symbol.definition.data", detail, SYMBOLS, subject=key[1])
    for resolution, coverage in ((first, comparison.first), (second, comparison.second)):
        total = sum(len(content) for _, content in resolution.view.data)
        if not inputs.objects:
            continue
        seen = min(total, sum(len(d.content) for d in resolution.data_choice.values()))
        coverage.add(seen)
        coverage.add(total - seen, compared=False)
    if not inputs.objects:
        _compare_images(first.view, second.view, comparison)


def _compare_images(first: View, second: View, comparison: Comparison) -> None:
    sizes = [sum(len(content) for _, content in view.data) for view in (first, second)]
    comparable = same_layout(first.module, second.module)
    comparison.first.add(sizes[0], comparable)
    comparison.second.add(sizes[1], comparable)
    if not comparable:
        if sizes[0] or sizes[1]:
            comparison.add("data.order", "data lies at other addresses")
        return
    for (base, one), (_, two) in zip(first.data, second.data, strict=True):
        if one != two:
            at = next(i for i, (a, b) in enumerate(zip(one, two, strict=True)) if a != b)
            detail = f"address 0x{base + at:x}: 0x{one[at]:02x} and 0x{two[at]:02x}"
            comparison.add("data.content", detail)
            return


def _check_addresses(
    side: str, resolution: Resolution, inputs: Inputs, comparison: Comparison
) -> None:
    """Each symbol has one address, aligned, inside the memory, with its content there."""
    for key, addresses in resolution.addresses.items():
        if key in inputs.data and len(addresses) > 1:
            texts = ", ".join(f"0x{address:x}" for address in sorted(addresses))
            detail = f"{side}: {key[1]} is taken to be at {texts}"
            comparison.add("data.address.several", detail, SYMBOLS, side, key[1])
    size = resolution.view.memories[0].minimum * PAGE_SIZE if resolution.view.memories else 0
    for key, definition in resolution.data_choice.items():
        address = resolution.address(key)
        if address is None:
            continue
        segment = address - definition.offset
        if segment % definition.alignment and not definition.merged:
            detail = (
                f"{side}: {key[1]} at 0x{address:x}, its segment at 0x{segment & 0xFFFFFFFF:x}, "
                f"aligned to {definition.alignment}"
            )
            comparison.add("data.address.unaligned", detail, SEGMENTS, side, key[1])
        if size and address + len(definition.content) > size:
            detail = f"{side}: {key[1]} at 0x{address:x} lies outside of the memory"
            comparison.add("data.address.outside", detail, SYMBOLS, side, key[1])
    for kind, name in resolution.unlike:
        if kind == "data":
            detail = f"{side}: what stands at the address of {name} is no definition of it"
            comparison.add("data.content", detail, SYMBOLS, side, name)
    _check_segments(side, resolution, inputs, comparison)
    _check_overlaps(side, resolution, comparison)


def _check_segments(
    side: str, resolution: Resolution, inputs: Inputs, comparison: Comparison
) -> None:
    """Symbols of one segment stay together: they are places in it, not copies of it."""
    bases: dict[tuple[int, int], tuple[int, str]] = {}
    for key in resolution.addresses:
        address = resolution.address(key)
        definitions = inputs.data.get(key, [])
        if address is None or len(definitions) != 1:
            continue
        definition = definitions[0]
        if definition.merged or definition.thread_local:
            continue
        base = address - definition.offset
        first, other = bases.setdefault((definition.place, definition.segment), (base, key[1]))
        if first != base:
            detail = (
                f"{side}: {other} and {key[1]} are in one segment of the input, and "
                f"0x{abs(base - first):x} bytes apart from their places in it"
            )
            comparison.add("data.address.split", detail, SYMBOLS, side, key[1])


def _check_overlaps(side: str, resolution: Resolution, comparison: Comparison) -> None:
    """No two symbols of different segments share a byte, merged strings left out."""
    placed: list[tuple[int, int, DataDefinition]] = []
    for key, definition in resolution.data_choice.items():
        address = resolution.address(key)
        if address is not None and definition.content and not definition.merged:
            placed.append((address, address + len(definition.content), definition))
    placed.sort(key=lambda entry: entry[:2])
    for (_, end, one), (start, _, two) in pairwise(placed):
        if start < end and (one.place, one.segment) != (two.place, two.segment):
            detail = f"{side}: {one.key[1]} and {two.key[1]} share the address 0x{start:x}"
            comparison.add("data.overlap", detail, SEGMENTS, side, two.key[1])
            return

"""The initial values of globals: constant expressions moved from an object to the output.

No relocation applies to them (Linking.md, "Relocation Sections", names only the code, data and
custom sections), so the linker itself must find the indices in them.
"""

from __future__ import annotations

from linker.errors import FatalError
from linker.format.constants import SymbolKind, ValueType
from linker.format.expression import Instruction, Opcode, decode, make
from linker.objects import GlobalElement
from linker.symbols import LinkSymbol


def globals_read(element: GlobalElement) -> list[LinkSymbol]:
    """The globals that the initial value of an object's global reads."""
    if element.file is None:
        return []
    return [
        global_of_object(element, operand)
        for opcode, operand in decode(element.init)
        if opcode == Opcode.GLOBAL_GET and operand is not None
    ]


def global_of_object(element: GlobalElement, index: int) -> LinkSymbol:
    """The symbol of the global with that index in the element's object.

    Raises:
        FatalError: it has none, so that nothing tells where it is in the output.
    """
    assert element.file is not None
    for entry, symbol in zip(element.file.linking.symbols, element.file.symbols, strict=False):
        if entry.kind is SymbolKind.GLOBAL and entry.index == index:
            return symbol
    raise FatalError(f"{element}: initial value reads global {index}, which has no symbol")


def written_value(element: GlobalElement, quirks: frozenset[str]) -> bytes:
    """The initial value in the output, numbers as short as possible, `end` included.

    Raises:
        FatalError: it holds an index that cannot be found again.
    """
    if element.file is None or "initial-globals-unmoved" in quirks:
        return element.init.body
    instructions = decode(element.init)
    if "init-expressions-cut" in quirks:
        instructions = instructions[:1]
        refuse_opcode(element, instructions)
    return make(moved(element, entry, quirks) for entry in instructions).body


def refuse_opcode(element: GlobalElement, instructions: tuple[Instruction, ...]) -> None:
    """Refuses what wasm-ld does not know of."""
    assert element.file is not None
    for opcode, _ in instructions:
        if opcode == Opcode.V128_CONST:
            raise FatalError(f"{element.file.name}: invalid opcode in init_expr: {int(opcode)}")


def moved(element: GlobalElement, entry: Instruction, quirks: frozenset[str]) -> Instruction:
    """One instruction of an initial value as the output has it."""
    opcode, operand = entry
    if opcode == Opcode.GLOBAL_GET and "init-global-not-moved" not in quirks:
        assert operand is not None
        return opcode, global_of_object(element, operand).element_index
    if opcode == Opcode.REF_NULL and "init-null-extern" in quirks:
        return opcode, ValueType.EXTERNREF
    if opcode == Opcode.REF_FUNC:
        raise FatalError(f"unknown opcode in init expr: {chr(0xDC00 + opcode)}")
    return entry

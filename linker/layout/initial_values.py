"""The initial values of globals: constant expressions moved from an object to the output.

No relocation applies to them (Linking.md, "Relocation Sections", names only the code, data and
custom sections), so the linker itself must find the indices in them.
"""

from __future__ import annotations

from linker.errors import FatalError
from linker.format.constants import SymbolKind, ValueType
from linker.format.expression import Instruction, Opcode, decode, make
from linker.format.model import InitExpr
from linker.objects import GlobalElement
from linker.resolution.symbols import LinkSymbol

# The instructions whose operand is an index of the object.
INDEX_KINDS: dict[int, SymbolKind] = {
    Opcode.GLOBAL_GET: SymbolKind.GLOBAL,
    Opcode.REF_FUNC: SymbolKind.FUNCTION,
}
UNREAD_WITH: dict[int, str] = {
    Opcode.GLOBAL_GET: "init-global-not-moved",
    Opcode.REF_FUNC: "init-function-refused",
}


def are_copied(quirks: frozenset[str]) -> bool:
    """Whether initial values go to the output as they are."""
    return "initial-globals-unmoved" in quirks


def symbols_read(element: GlobalElement, quirks: frozenset[str]) -> list[LinkSymbol]:
    """The globals and functions that the initial value of an object's global names."""
    if element.file is None:
        return []
    return [
        symbol_of_object(element, INDEX_KINDS[opcode], operand)
        for opcode, operand in instructions_of(element)
        if operand is not None and opcode in INDEX_KINDS and UNREAD_WITH[opcode] not in quirks
    ]


def instructions_of(element: GlobalElement) -> tuple[Instruction, ...]:
    """The instructions of the initial value; of one that holds unknown ones, only the first.

    Raises:
        FatalError: the first is unknown.
    """
    try:
        return decode(element.init)
    except ValueError:
        # Only a reader that lets unknown instructions pass gets here; wasm-ld keeps the first.
        body = element.init.body
    for end in range(1, len(body)):
        try:
            return decode(InitExpr(body[:end] + bytes((Opcode.END,))))[:1]
        except ValueError:
            continue
    raise _unknown(body[0])


def symbol_of_object(element: GlobalElement, kind: SymbolKind, index: int) -> LinkSymbol:
    """The symbol of the global or function with that index in the element's object.

    Raises:
        FatalError: it has none, so that nothing tells where it is in the output.
    """
    assert element.file is not None
    for entry, symbol in zip(element.file.linking.symbols, element.file.symbols, strict=False):
        if entry.kind is kind and entry.index == index:
            return symbol
    what = kind.name.lower()
    raise FatalError(f"{element}: initial value reads {what} {index}, which has no symbol")


def written_value(element: GlobalElement, quirks: frozenset[str]) -> bytes:
    """The initial value in the output, numbers as short as possible, `end` included.

    Raises:
        FatalError: it holds an index that cannot be found again, or nothing.
    """
    if element.file is None or are_copied(quirks):
        return element.init.body
    instructions = instructions_of(element)
    if not instructions:
        raise _unknown(Opcode.END)
    if "init-expressions-cut" in quirks:
        instructions = instructions[:1]
    return make(moved(element, entry, quirks) for entry in instructions).body


def moved(element: GlobalElement, entry: Instruction, quirks: frozenset[str]) -> Instruction:
    """One instruction of an initial value as the output has it."""
    opcode, operand = entry
    if opcode == Opcode.GLOBAL_GET and "init-global-not-moved" not in quirks:
        assert operand is not None
        return opcode, symbol_of_object(element, SymbolKind.GLOBAL, operand).element_index
    if opcode == Opcode.REF_NULL and "init-null-extern" in quirks:
        return opcode, ValueType.EXTERNREF
    if opcode == Opcode.REF_FUNC:
        if "init-function-refused" in quirks:
            raise _unknown(opcode)
        assert operand is not None
        return opcode, symbol_of_object(element, SymbolKind.FUNCTION, operand).function_index
    return entry


def _unknown(opcode: int) -> FatalError:
    """In wasm-ld's words (LLD, `writeInitExprMVP`), which print the byte itself."""
    byte = bytes((opcode,)).decode("utf-8", "surrogateescape")
    return FatalError(f"unknown opcode in init expr: {byte}")

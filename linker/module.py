"""An object built in memory, piece by piece, as a compiler would.

A `Module` holds declarations: functions and constant data with their content, alignment and the
name they are exported under. `Module.object_file` gives it as an object file that was never
written down; it is linked in front of the files (`linker.driver.run`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from linker.format import model
from linker.format.constants import SymbolFlag, SymbolKind
from linker.format.expression import i32_const
from linker.format.model import FunctionType, ObjectFile

# A constant is placed with the read-only data, in a segment of its own.
DATA_PREFIX = ".rodata."
_FUNCTION_NAMES = 1


@dataclass(slots=True, eq=False)
class Declaration:
    """A function or constant data.

    Attributes:
        name: the symbol's full name.
        content: the bytes; of a function its body (locals and code) without the size.
        alignment: in bytes, a power of two; 1 for functions.
        signature: of a function; None for data.
        export_name: what the module calls it to others; None: it is local.
    """

    name: str
    content: bytes
    alignment: int = 1
    signature: FunctionType | None = None
    export_name: str | None = None

    @property
    def symbol_name(self) -> str:
        """The name by which other objects know it."""
        return self.name if self.export_name is None else self.export_name


@dataclass(slots=True, eq=False)
class Module:
    """The declarations of an object in memory. `name` is what messages call it."""

    name: str
    declarations: list[Declaration] = field(default_factory=list)

    def add_function(self, name: str, signature: FunctionType, body: bytes) -> Declaration:
        return self._add(Declaration(name, body, signature=signature))

    def add_data(self, name: str, alignment: int, content: bytes) -> Declaration:
        """Adds constant data. Raises ValueError for an alignment that is no power of two."""
        if alignment < 1 or alignment & alignment - 1:
            raise ValueError(f"{name}: alignment {alignment} is no power of two")
        return self._add(Declaration(name, content, alignment))

    def export(self, declaration: Declaration, name: str) -> None:
        """Makes a declaration known to other objects, and to the host, under a name."""
        declaration.export_name = name

    def _add(self, declaration: Declaration) -> Declaration:
        self.declarations.append(declaration)
        return declaration

    def object_file(self) -> ObjectFile:
        """The object as it is now; what is done to the module later does not change it."""
        functions = [entry for entry in self.declarations if entry.signature is not None]
        data = [entry for entry in self.declarations if entry.signature is None]
        signatures = [entry.signature for entry in functions if entry.signature is not None]
        types = list(dict.fromkeys(signatures))
        names = [(index, entry.name) for index, entry in enumerate(functions)]
        return ObjectFile(
            self.name,
            [
                model.TypeSection(types),
                model.FunctionSection([types.index(signature) for signature in signatures]),
                model.CodeSection(_bodies(functions)),
                model.DataSection(_segments(data)),
                model.LinkingSection(
                    symbols=_symbols(self.declarations),
                    segments=[
                        model.SegmentInfo(
                            DATA_PREFIX + entry.name, entry.alignment.bit_length() - 1, 0
                        )
                        for entry in data
                    ],
                ),
                model.NameSection([(_FUNCTION_NAMES, 0, names)]),
            ],
        )


def _bodies(functions: list[Declaration]) -> list[model.FunctionBody]:
    offset = 0
    bodies = []
    for entry in functions:
        bodies.append(model.FunctionBody(entry.content, offset))
        offset += len(entry.content)
    return bodies


def _segments(data: list[Declaration]) -> list[model.DataSegment]:
    offset = 0
    segments = []
    for entry in data:
        segments.append(model.DataSegment(0, 0, i32_const(0), entry.content, offset))
        offset += len(entry.content)
    return segments


def _symbols(declarations: list[Declaration]) -> list[model.Symbol]:
    symbols = []
    counts = {SymbolKind.FUNCTION: 0, SymbolKind.DATA: 0}
    for entry in declarations:
        kind = SymbolKind.DATA if entry.signature is None else SymbolKind.FUNCTION
        index = counts[kind]
        counts[kind] += 1
        exported = entry.export_name is not None
        flags = SymbolFlag.EXPORTED if exported else SymbolFlag.BINDING_LOCAL
        if kind is SymbolKind.DATA:
            reference = model.DataReference(index, 0, len(entry.content))
            symbols.append(model.Symbol(kind, flags, entry.symbol_name, None, reference))
        else:
            symbols.append(model.Symbol(kind, flags, entry.symbol_name, index))
    return symbols

"""The symbols of a link: one `LinkSymbol` for each name, and for each local symbol of an object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, cast

from linker.errors import FatalError
from linker.format.constants import ExternalKind, SymbolFlag, SymbolKind
from linker.format.model import FunctionType, GlobalType, TableType

if TYPE_CHECKING:
    from linker.objects import Chunk, Element, Function, InputObject

BINDING_MASK = int(SymbolFlag.BINDING_WEAK | SymbolFlag.BINDING_LOCAL)
WEAK = int(SymbolFlag.BINDING_WEAK)
LOCAL = int(SymbolFlag.BINDING_LOCAL)
HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)
# Linking.md gives the second bit no meaning; LLVM has two for the visibility (BinaryFormat/Wasm.h).
VISIBILITY_MASK = 0xC
UNDEFINED = int(SymbolFlag.UNDEFINED)
EXPORTED = int(SymbolFlag.EXPORTED)
NO_STRIP = int(SymbolFlag.NO_STRIP)
TLS = int(SymbolFlag.TLS)
ABSOLUTE = int(SymbolFlag.ABSOLUTE)

# What a symbol is where it is imported. Data is not imported, sections neither.
EXTERNAL_KINDS = {
    SymbolKind.FUNCTION: ExternalKind.FUNCTION,
    SymbolKind.GLOBAL: ExternalKind.GLOBAL,
    SymbolKind.TABLE: ExternalKind.TABLE,
    SymbolKind.TAG: ExternalKind.TAG,
}


class State(Enum):
    """What is known of a symbol: LAZY means an archive member that is not linked defines it."""

    UNDEFINED = "undefined"
    DEFINED = "defined"
    LAZY = "lazy"


@dataclass(slots=True, eq=False)
class LinkSymbol:
    """A symbol of the link, its current meaning and (after layout) its numbers.

    The fields down to `asked_as` are its meaning and change as a whole when another
    definition takes the name; those after it belong to the name and stay. `asked_as`: the first
    weak reference to what waits in an archive.
    """

    name: str
    kind: SymbolKind
    state: State
    flags: int
    file: InputObject | None = None
    signature: FunctionType | None = None
    global_type: GlobalType | None = None
    table_type: TableType | None = None
    chunk: Chunk | None = None
    element: Element | None = None
    value: int = 0
    size: int = 0
    import_module: str | None = None
    import_name: str | None = None
    is_called_directly: bool = True
    stub: LinkSymbol | None = None
    is_stub: bool = False
    apart: bool = False
    asked_as: LinkSymbol | None = None

    used_in_object: bool = False
    force_export: bool = False
    force_import: bool = False
    referenced: bool = False
    on_change: Callable[[LinkSymbol], None] | None = None

    # Set by layout; -1 means none.
    index: int = -1
    table_index: int = -1
    got_index: int = -1
    output_symbol: int = -1

    def become(self, other: LinkSymbol) -> None:
        """Takes over the meaning of `other` (LLD's replaceSymbol)."""
        self.name = other.name
        self.kind = other.kind
        self.state = other.state
        self.flags = other.flags
        self.file = other.file
        self.signature = other.signature
        self.global_type = other.global_type
        self.table_type = other.table_type
        self.chunk = other.chunk
        self.element = other.element
        self.value = other.value
        self.size = other.size
        self.import_module = other.import_module
        self.import_name = other.import_name
        self.is_called_directly = other.is_called_directly
        self.stub = other.stub
        self.is_stub = other.is_stub
        self.apart = other.apart
        self.asked_as = other.asked_as
        if self.on_change is not None:
            self.on_change(self)

    @property
    def is_defined(self) -> bool:
        return self.state is State.DEFINED

    @property
    def is_undefined(self) -> bool:
        return self.state is State.UNDEFINED

    @property
    def is_lazy(self) -> bool:
        return self.state is State.LAZY

    @property
    def is_weak(self) -> bool:
        return self.flags & BINDING_MASK == WEAK

    @property
    def is_local(self) -> bool:
        return self.flags & BINDING_MASK == LOCAL

    @property
    def is_hidden(self) -> bool:
        return self.flags & VISIBILITY_MASK == HIDDEN

    @property
    def is_undefined_weak(self) -> bool:
        return self.state is not State.DEFINED and self.flags & BINDING_MASK == WEAK

    @property
    def is_no_strip(self) -> bool:
        return bool(self.flags & NO_STRIP)

    @property
    def is_tls(self) -> bool:
        return bool(self.flags & TLS)

    @property
    def is_imported(self) -> bool:
        """Whether the object asks for an import by an explicit name, or a stub library does."""
        return self.state is State.UNDEFINED and (self.import_name is not None or self.force_import)

    @property
    def is_function(self) -> bool:
        return self.kind is SymbolKind.FUNCTION and self.state is not State.LAZY

    @property
    def is_discarded(self) -> bool:
        chunk = self.piece
        return chunk is not None and chunk.discarded

    @property
    def piece(self) -> Chunk | None:
        """The function or data segment that stands for the symbol."""
        if self.stub is not None and self.state is State.UNDEFINED:
            return self.stub.chunk
        return self.chunk

    @property
    def is_live(self) -> bool:
        if self.element is not None:
            return self.element.live
        if self.chunk is not None:
            return self.chunk.live
        if self.stub is not None and self.stub.chunk is not None:
            return self.stub.chunk.live
        return self.referenced

    @property
    def function(self) -> Function:
        """The function that a defined function symbol names."""
        assert self.kind is SymbolKind.FUNCTION
        return cast("Function", self.chunk)

    def mark_live(self) -> None:
        """Marks what the symbol stands for as part of the output (LLD's Symbol::markLive)."""
        self.referenced = True
        if self.file is not None and self.state is State.DEFINED:
            self.file.live = True
        if self.element is not None:
            self.element.live = True
        chunk = self.piece
        if chunk is not None:
            if self.kind is SymbolKind.DATA:
                chunk.check_offset(self.value)
            chunk.live = True

    def set_hidden(self, hidden: bool) -> None:
        self.flags = (self.flags & ~VISIBILITY_MASK) | (HIDDEN if hidden else 0)

    @property
    def has_function_index(self) -> bool:
        """Whether a function symbol leads to a function: what is undefined and unused does not."""
        has_stub = self.state is State.UNDEFINED and self.stub is not None
        return has_stub or self.index != -1 or self.chunk is not None

    @property
    def function_index(self) -> int:
        if not self.has_function_index:
            # A reference that nothing resolved, such as one to a lost comdat group.
            raise FatalError(f"symbol is not defined: {self.name}")
        if self.state is State.UNDEFINED and self.stub is not None:
            return self.stub.function_index
        return self.index if self.index != -1 else self.function.function_index

    @property
    def element_index(self) -> int:
        """Index of a global, tag or table in the output."""
        return self.element.index if self.element is not None else self.index

    @property
    def slot(self) -> int:
        """The entry in the indirect function table, -1 without one."""
        if self.state is State.DEFINED and self.kind is SymbolKind.FUNCTION:
            return self.function.table_index
        return self.table_index


def signature_of(symbol: LinkSymbol) -> FunctionType:
    """The signature of an undefined function or tag.

    Raises:
        FatalError: `--wrap` wants it, and no object says what it is.
    """
    if symbol.signature is None:
        raise FatalError(
            f"wasm-ld 22 crashes here: --wrap: no type for {symbol.name}"
            " (quirk wrapped-type-unknown)"
        )
    return symbol.signature

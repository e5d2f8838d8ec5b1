"""What resolution finds: the symbols, the objects that are linked, and the linker's own symbols."""

from __future__ import annotations

from dataclasses import dataclass, field

from linker.objects import InputObject
from linker.resolution.symbol_table import SymbolTable
from linker.resolution.symbols import LinkSymbol


@dataclass(slots=True)
class LinkerSymbols:
    """The symbols that the linker defines, where something asks for them (LLD's WasmSym)."""

    call_ctors: LinkSymbol | None = None
    call_dtors: LinkSymbol | None = None
    stack_pointer: LinkSymbol | None = None
    tls_base: LinkSymbol | None = None
    tls_size: LinkSymbol | None = None
    tls_align: LinkSymbol | None = None
    init_tls: LinkSymbol | None = None
    apply_tls_relocs: LinkSymbol | None = None
    apply_global_tls_relocs: LinkSymbol | None = None
    init_memory: LinkSymbol | None = None
    init_memory_flag: LinkSymbol | None = None
    dso_handle: LinkSymbol | None = None
    data_end: LinkSymbol | None = None
    stack_low: LinkSymbol | None = None
    stack_high: LinkSymbol | None = None
    global_base: LinkSymbol | None = None
    heap_base: LinkSymbol | None = None
    heap_end: LinkSymbol | None = None
    indirect_function_table: LinkSymbol | None = None


@dataclass(slots=True)
class Resolution:
    """What resolution found: the symbols, the objects that are linked, in order."""

    table: SymbolTable
    objects: list[InputObject] = field(default_factory=list)
    own: LinkerSymbols = field(default_factory=LinkerSymbols)
    legacy_function_table: bool = False

"""What each relocation kind looks like (Linking.md, "Relocation Sections")."""

from __future__ import annotations

from typing import NamedTuple

from linker.format.constants import RelocationType, SymbolKind


class RelocationShape(NamedTuple):
    """`width` bytes are patched; the addend is a signed LEB128 of `addend_bits` (0: none).

    `symbols` are the kinds of symbol that it may refer to, none for a type index.
    """

    width: int
    addend_bits: int
    symbols: frozenset[SymbolKind]


_FUNCTION = frozenset((SymbolKind.FUNCTION,))
_DATA = frozenset((SymbolKind.DATA,))
_GLOBAL = frozenset((SymbolKind.GLOBAL,))
_SECTION = frozenset((SymbolKind.SECTION,))
_TAG = frozenset((SymbolKind.TAG,))
_TABLE = frozenset((SymbolKind.TABLE,))

_R = RelocationType
_S = RelocationShape
SHAPES: dict[RelocationType, RelocationShape] = {
    _R.FUNCTION_INDEX_LEB: _S(5, 0, _FUNCTION),
    _R.TABLE_INDEX_SLEB: _S(5, 0, _FUNCTION),
    _R.TABLE_INDEX_I32: _S(4, 0, _FUNCTION),
    _R.MEMORY_ADDR_LEB: _S(5, 32, _DATA),
    _R.MEMORY_ADDR_SLEB: _S(5, 32, _DATA),
    _R.MEMORY_ADDR_I32: _S(4, 32, _DATA),
    _R.TYPE_INDEX_LEB: _S(5, 0, frozenset()),
    # Function and data symbols stand for their entries in the global offset table.
    _R.GLOBAL_INDEX_LEB: _S(5, 0, _GLOBAL | _FUNCTION | _DATA),
    _R.FUNCTION_OFFSET_I32: _S(4, 32, _FUNCTION),
    _R.SECTION_OFFSET_I32: _S(4, 32, _SECTION),
    _R.TAG_INDEX_LEB: _S(5, 0, _TAG),
    _R.MEMORY_ADDR_REL_SLEB: _S(5, 32, _DATA),
    _R.TABLE_INDEX_REL_SLEB: _S(5, 0, _FUNCTION),
    _R.GLOBAL_INDEX_I32: _S(4, 0, _GLOBAL),
    _R.MEMORY_ADDR_LEB64: _S(10, 64, _DATA),
    _R.MEMORY_ADDR_SLEB64: _S(10, 64, _DATA),
    _R.MEMORY_ADDR_I64: _S(8, 64, _DATA),
    _R.MEMORY_ADDR_REL_SLEB64: _S(10, 64, _DATA),
    _R.TABLE_INDEX_SLEB64: _S(10, 0, _FUNCTION),
    _R.TABLE_INDEX_I64: _S(8, 0, _FUNCTION),
    _R.TABLE_NUMBER_LEB: _S(5, 0, _TABLE),
    _R.MEMORY_ADDR_TLS_SLEB: _S(5, 32, _DATA),
    _R.FUNCTION_OFFSET_I64: _S(8, 64, _FUNCTION),
    _R.MEMORY_ADDR_LOCREL_I32: _S(4, 32, _DATA),
    _R.TABLE_INDEX_REL_SLEB64: _S(10, 0, _FUNCTION),
    _R.MEMORY_ADDR_TLS_SLEB64: _S(10, 64, _DATA),
    _R.FUNCTION_INDEX_I32: _S(4, 0, _FUNCTION),
}
WITH_ADDEND = frozenset(int(kind) for kind, shape in SHAPES.items() if shape.addend_bits)

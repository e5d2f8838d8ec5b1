"""What becomes of the flags of several references to one undefined symbol."""

from __future__ import annotations

from linker.format.constants import SymbolKind
from linker.resolution.symbols import BINDING_MASK, NO_STRIP, WEAK, LinkSymbol


def unify_flags(existing: LinkSymbol, new: LinkSymbol) -> None:
    """A strong reference makes a weak one strong, and what must not be stripped stays."""
    binding = new.flags & BINDING_MASK
    if existing.is_weak and binding != WEAK:
        existing.flags = (existing.flags & ~BINDING_MASK) | binding
    existing.flags |= new.flags & NO_STRIP


def replace_flags(existing: LinkSymbol, new: LinkSymbol) -> None:
    """A weak reference takes all flags of the next one, a function only of a weak one."""
    binding = new.flags & BINDING_MASK
    if existing.is_weak and binding != WEAK and existing.kind is SymbolKind.FUNCTION:
        existing.flags = (existing.flags & ~BINDING_MASK) | binding
    if existing.is_weak:
        existing.flags = new.flags


def keep_first_flags(existing: LinkSymbol, new: LinkSymbol) -> None:
    """A weak reference to a function becomes strong with the next strong one; all else stays."""
    binding = new.flags & BINDING_MASK
    if existing.is_weak and binding != WEAK and existing.kind is SymbolKind.FUNCTION:
        existing.flags = (existing.flags & ~BINDING_MASK) | binding

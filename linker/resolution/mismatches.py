"""The words about symbols of one name that do not go together (wasm-ld's)."""

from __future__ import annotations

from linker.describe import describe_global_type, describe_signature
from linker.objects import file_name
from linker.resolution.symbols import LinkSymbol


def defined_twice(shown: str, existing: LinkSymbol, new: LinkSymbol) -> str:
    return (
        f"duplicate symbol: {shown}"
        f"\n>>> defined in {file_name(existing.file)}\n>>> defined in {file_name(new.file)}"
    )


def kinds_differ(shown: str, existing: LinkSymbol, new: LinkSymbol) -> str:
    return (
        f"symbol type mismatch: {shown}"
        f"\n>>> defined as WASM_SYMBOL_TYPE_{existing.kind.name} in {file_name(existing.file)}"
        f"\n>>> defined as WASM_SYMBOL_TYPE_{new.kind.name} in {file_name(new.file)}"
    )


def global_types_differ(existing: LinkSymbol, new: LinkSymbol) -> str:
    return (
        f"Global type mismatch: {existing.name}"
        f"\n>>> defined as {describe_global_type(existing.global_type)}"
        f" in {file_name(existing.file)}"
        f"\n>>> defined as {describe_global_type(new.global_type)} in {file_name(new.file)}"
    )


def signatures_differ(name: str, one: LinkSymbol, other: LinkSymbol) -> str:
    return (
        f"function signature mismatch: {name}"
        f"\n>>> defined as {describe_signature(one.signature)} in {file_name(one.file)}"
        f"\n>>> defined as {describe_signature(other.signature)} in {file_name(other.file)}"
    )

"""Types in wasm-ld's words (lld/wasm/WriterUtils.cpp)."""

from __future__ import annotations

from linker.format.constants import LimitsFlag, ValueType
from linker.format.model import FunctionType, GlobalType, Limits, TableType


def describe_value_type(value_type: ValueType) -> str:
    return value_type.name.lower()


def describe_signature(signature: FunctionType | None) -> str:
    if signature is None:
        return "none"
    parameters = ", ".join(describe_value_type(entry) for entry in signature.parameters)
    results = "void"
    if signature.results:
        results = describe_value_type(signature.results[0])
    return f"({parameters}) -> {results}"


def describe_global_type(global_type: GlobalType | None) -> str:
    if global_type is None:
        return "none"
    mutability = "var" if global_type.mutable else "const"
    return f"{mutability} {describe_value_type(global_type.value_type)}"


def describe_limits(limits: Limits) -> str:
    text = f"flags=0x{int(limits.flags)}; min={limits.minimum}"
    if limits.flags & LimitsFlag.HAS_MAX:
        text += f"; max={limits.maximum}"
    return text


def describe_table_type(table_type: TableType) -> str:
    limits = describe_limits(table_type.limits)
    return f"type={describe_value_type(table_type.element)}; limits=[{limits}]"

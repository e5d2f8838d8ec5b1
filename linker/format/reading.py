"""How strictly a file is read.

The strict way is that of the specifications. The other ways are what LLVM's reader lets pass
(llvm/lib/Object/WasmObjectFile.cpp); each is there for a quirk of wasm-ld.
"""

from __future__ import annotations

from typing import NamedTuple


class Reading(NamedTuple):
    """What else is read than well-formed files.

    Attributes:
        required_features: target features may have the prefix `=`, which the convention dropped.
        padded_numbers: LEB128 numbers may be padded beyond what their type allows.
        unused_parts: indices, flags and bytes that linking has no use for are not checked.
        unmodelled_types: value types, type definitions and constant instructions that are
            not known are passed over.
        repeated_subsections: subsections of `linking` may be repeated; lists grow, and of the
            rest the last counts.
    """

    required_features: bool = False
    padded_numbers: bool = False
    unused_parts: bool = False
    unmodelled_types: bool = False
    repeated_subsections: bool = False


STRICT = Reading()

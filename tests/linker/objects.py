"""The declarations that tiny object files are written down in; `assemble` makes bytes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from linker.format import model
from linker.format.constants import (
    LimitsFlag,
    RelocationType,
    SegmentFlag,
    SymbolFlag,
    SymbolKind,
    ValueType,
)
from linker.format.leb128 import encode_signed
from linker.format.relocation_shapes import SHAPES

R = RelocationType
I32, I64, F32, F64 = ValueType.I32, ValueType.I64, ValueType.F32, ValueType.F64
FUNCREF, EXTERNREF = ValueType.FUNCREF, ValueType.EXTERNREF
WEAK = int(SymbolFlag.BINDING_WEAK)
LOCAL = int(SymbolFlag.BINDING_LOCAL)
HIDDEN = int(SymbolFlag.VISIBILITY_HIDDEN)
UNDEFINED = int(SymbolFlag.UNDEFINED)
EXPORTED = int(SymbolFlag.EXPORTED)
EXPLICIT_NAME = int(SymbolFlag.EXPLICIT_NAME)
NO_STRIP = int(SymbolFlag.NO_STRIP)
TLS = int(SymbolFlag.TLS)
ABSOLUTE = int(SymbolFlag.ABSOLUTE)
STRINGS, RETAIN, TLS_SEGMENT = SegmentFlag.STRINGS, SegmentFlag.RETAIN, SegmentFlag.TLS

FUNCTION_TABLE = "__indirect_function_table"
END = b"\x0b"


@dataclass(frozen=True)
class Site:
    """A place that the linker fills in, at first filled with zeros.

    `name` is a symbol, or of a custom section for section offsets; for type indices, `signature`
    is what counts.
    """

    kind: RelocationType
    name: str = ""
    addend: int = 0
    signature: model.FunctionType | None = None

    @property
    def width(self) -> int:
        return SHAPES[self.kind].width

    @property
    def blank(self) -> bytes:
        """A zero of the right width: padded LEB128 or plain bytes."""
        name = self.kind.name
        if name.endswith(("_I32", "_I64")):
            return bytes(self.width)
        return b"\x80" * (self.width - 1) + b"\0"


Part: TypeAlias = "bytes | Site | Sequence[Part]"


def parts_of(content: Iterable[Part]) -> list[bytes | Site]:
    """The content as one flat list."""
    flat: list[bytes | Site] = []
    for part in content:
        if isinstance(part, (bytes, Site)):
            flat.append(part)
        else:
            flat += parts_of(part)
    return flat


# Instructions.


def const(value: int) -> bytes:
    return b"\x41" + encode_signed(value)


def call(name: str) -> list[Part]:
    return [b"\x10", Site(R.FUNCTION_INDEX_LEB, name)]


def address(name: str, addend: int = 0) -> list[Part]:
    """`i32.const` of the address of some data."""
    return [b"\x41", Site(R.MEMORY_ADDR_SLEB, name, addend)]


def load(name: str, addend: int = 0) -> list[Part]:
    """Puts the 32-bit number at a symbol on the stack."""
    return [const(0), b"\x28\x02", Site(R.MEMORY_ADDR_LEB, name, addend)]


def function_pointer(name: str) -> list[Part]:
    """`i32.const` of the place of a function in the table."""
    return [b"\x41", Site(R.TABLE_INDEX_SLEB, name)]


def function_reference(name: str) -> list[Part]:
    """A `ref.func` that is dropped."""
    return [b"\xd2", Site(R.FUNCTION_INDEX_LEB, name), DROP]


def global_get(name: str) -> list[Part]:
    return [b"\x23", Site(R.GLOBAL_INDEX_LEB, name)]


def global_set(name: str) -> list[Part]:
    return [b"\x24", Site(R.GLOBAL_INDEX_LEB, name)]


def call_indirect(signature: model.FunctionType, table: str = FUNCTION_TABLE) -> list[Part]:
    return [b"\x11", Site(R.TYPE_INDEX_LEB, signature=signature), Site(R.TABLE_NUMBER_LEB, table)]


def throw(tag: str) -> list[Part]:
    return [b"\x08", Site(R.TAG_INDEX_LEB, tag)]


def table_size(name: str) -> list[Part]:
    return [b"\xfc\x10", Site(R.TABLE_NUMBER_LEB, name)]


DROP = b"\x1a"
UNREACHABLE = b"\x00"
ADD, SUB, EQUAL = b"\x6a", b"\x6b", b"\x46"


def signature(
    parameters: Sequence[ValueType] = (), results: Sequence[ValueType] = ()
) -> model.FunctionType:
    return model.FunctionType(tuple(parameters), tuple(results))


VOID = signature()
TO_I32 = signature((), (I32,))
FROM_I32 = signature((I32,))


# Contents of data and custom sections.


def word(value: int) -> bytes:
    return (value & 0xFFFFFFFF).to_bytes(4, "little")


def pointer(name: str, addend: int = 0) -> Site:
    """The address of some data, as 32 bits."""
    return Site(R.MEMORY_ADDR_I32, name, addend)


def function_word(name: str) -> Site:
    """The place of a function in the table, as 32 bits."""
    return Site(R.TABLE_INDEX_I32, name)


# Declarations.


@dataclass(frozen=True)
class FunctionDeclaration:
    name: str
    code: tuple[Part, ...]
    type: model.FunctionType
    flags: int
    comdat: str
    export_name: str | None


@dataclass(frozen=True)
class DataDeclaration:
    name: str
    content: tuple[Part, ...]
    segment: str
    alignment: int
    flags: int
    segment_flags: int
    comdat: str
    offset: int
    size: int | None


@dataclass(frozen=True)
class GlobalDeclaration:
    name: str
    type: model.GlobalType
    init: model.InitExpr
    flags: int


@dataclass(frozen=True)
class TableDeclaration:
    name: str
    type: model.TableType
    flags: int


@dataclass(frozen=True)
class TagDeclaration:
    name: str
    type: model.FunctionType
    flags: int


@dataclass(frozen=True)
class UndefinedDeclaration:
    """An undefined symbol. `type` is that of its import; None for data."""

    name: str
    kind: SymbolKind
    type: model.FunctionType | model.GlobalType | model.TableType | None
    flags: int
    module: str
    import_name: str | None


@dataclass(frozen=True)
class AliasDeclaration:
    """One more symbol for what another symbol of the object names."""

    name: str
    of: str
    flags: int
    offset: int


@dataclass(frozen=True)
class AbsoluteDeclaration:
    name: str
    address: int
    flags: int


@dataclass(frozen=True)
class InitDeclaration:
    name: str
    priority: int


@dataclass(frozen=True)
class CustomDeclaration:
    name: str
    content: tuple[Part, ...]
    comdat: str


@dataclass(frozen=True)
class SectionDeclaration:
    """A whole section, put behind all others."""

    section: model.Section


@dataclass(frozen=True)
class FunctionNameDeclaration:
    """The name that the object's name section gives a function."""

    name: str
    shown: str


Declaration: TypeAlias = (
    FunctionDeclaration
    | DataDeclaration
    | GlobalDeclaration
    | TableDeclaration
    | TagDeclaration
    | UndefinedDeclaration
    | AliasDeclaration
    | AbsoluteDeclaration
    | InitDeclaration
    | CustomDeclaration
    | SectionDeclaration
    | FunctionNameDeclaration
)


def function(
    name: str,
    *code: Part,
    type: model.FunctionType = VOID,
    flags: int = 0,
    comdat: str = "",
    export_name: str | None = None,
) -> FunctionDeclaration:
    """A function without locals; `end` is added."""
    return FunctionDeclaration(name, code, type, flags, comdat, export_name)


def returning(name: str, value: int, flags: int = 0, comdat: str = "") -> FunctionDeclaration:
    """A function that returns a number, to tell definitions apart by."""
    return function(name, const(value), type=TO_I32, flags=flags, comdat=comdat)


def data(
    name: str,
    *content: Part,
    segment: str | None = None,
    alignment: int = 0,
    flags: int = 0,
    segment_flags: int = 0,
    comdat: str = "",
    offset: int = 0,
    size: int | None = None,
) -> DataDeclaration:
    """A data segment with one symbol, `offset` into it. `alignment` is a log2."""
    place = f".data.{name}" if segment is None else segment
    return DataDeclaration(
        name, content, place, alignment, flags, int(segment_flags), comdat, offset, size
    )


def global_variable(
    name: str, value: int = 0, *, type: ValueType = I32, mutable: bool = False, flags: int = 0
) -> GlobalDeclaration:
    opcode = {I32: b"\x41", I64: b"\x42"}[type]
    init = model.InitExpr(opcode + encode_signed(value) + END)
    return GlobalDeclaration(name, model.GlobalType(type, mutable), init, flags)


def global_starting_with(
    name: str, init: model.InitExpr, type: ValueType = I32, *, flags: int = 0
) -> GlobalDeclaration:
    """A constant global with any initial value."""
    return GlobalDeclaration(name, model.GlobalType(type, False), init, flags)


def table(
    name: str,
    minimum: int = 1,
    maximum: int | None = None,
    *,
    element: ValueType = FUNCREF,
    flags: int = 0,
) -> TableDeclaration:
    return TableDeclaration(name, table_type(minimum, maximum, element), flags)


def table_type(
    minimum: int = 0, maximum: int | None = None, element: ValueType = FUNCREF
) -> model.TableType:
    flags = LimitsFlag(0) if maximum is None else LimitsFlag.HAS_MAX
    return model.TableType(element, model.Limits(flags, minimum, maximum))


def tag(name: str, *, type: model.FunctionType = FROM_I32, flags: int = 0) -> TagDeclaration:
    return TagDeclaration(name, type, flags)


def undefined_function(
    name: str,
    *,
    type: model.FunctionType = VOID,
    flags: int = 0,
    module: str = "env",
    import_name: str | None = None,
) -> UndefinedDeclaration:
    return UndefinedDeclaration(name, SymbolKind.FUNCTION, type, flags, module, import_name)


def undefined_data(name: str, *, flags: int = 0) -> UndefinedDeclaration:
    return UndefinedDeclaration(name, SymbolKind.DATA, None, flags, "env", None)


def undefined_global(
    name: str,
    *,
    type: ValueType = I32,
    mutable: bool = False,
    flags: int = 0,
    module: str = "env",
    import_name: str | None = None,
) -> UndefinedDeclaration:
    described = model.GlobalType(type, mutable)
    return UndefinedDeclaration(name, SymbolKind.GLOBAL, described, flags, module, import_name)


def undefined_table(
    name: str = FUNCTION_TABLE,
    *,
    element: ValueType = FUNCREF,
    flags: int = 0,
    module: str = "env",
    import_name: str | None = None,
) -> UndefinedDeclaration:
    described = table_type(0, None, element)
    return UndefinedDeclaration(name, SymbolKind.TABLE, described, flags, module, import_name)


def undefined_tag(
    name: str,
    *,
    type: model.FunctionType = FROM_I32,
    flags: int = 0,
    module: str = "env",
    import_name: str | None = None,
) -> UndefinedDeclaration:
    return UndefinedDeclaration(name, SymbolKind.TAG, type, flags, module, import_name)


def alias(name: str, of: str, *, flags: int = 0, offset: int = 0) -> AliasDeclaration:
    return AliasDeclaration(name, of, flags, offset)


def absolute(name: str, at: int, *, flags: int = 0) -> AbsoluteDeclaration:
    """A data symbol at a fixed address."""
    return AbsoluteDeclaration(name, at, flags)


def init(name: str, priority: int = 65535) -> InitDeclaration:
    """The function is run before all others."""
    return InitDeclaration(name, priority)


def custom(name: str, *content: Part, comdat: str = "") -> CustomDeclaration:
    return CustomDeclaration(name, content, comdat)


def features(*names: str) -> SectionDeclaration:
    """Target features with their prefixes: "+atomics"."""
    entries = [model.TargetFeature(name[0], name[1:]) for name in names]
    return SectionDeclaration(model.TargetFeaturesSection(entries))


def producers(**fields: dict[str, str]) -> SectionDeclaration:
    """Fields as in `language={"C": "11"}`; an underscore in a field's name is a dash."""
    entries = [(field.replace("_", "-"), list(names.items())) for field, names in fields.items()]
    return SectionDeclaration(model.ProducersSection(entries))


def shown_as(name: str, shown: str) -> FunctionNameDeclaration:
    return FunctionNameDeclaration(name, shown)


def strings(name: str, text: bytes, *, segment: str = ".rodata.str") -> DataDeclaration:
    """Null-terminated strings that the linker may merge."""
    return data(name, text, segment=segment, segment_flags=STRINGS)

"""Contents of the custom sections that the format gives a meaning to.

`encode.encode_section` adds the section's id, size and name.
"""

from __future__ import annotations

from linker.format.constants import (
    LinkingSubsection,
    SymbolFlag,
    SymbolKind,
)
from linker.format.leb128 import encode_unsigned
from linker.format.model import (
    LinkingSection,
    NameSection,
    ProducersSection,
    RelocationSection,
    Symbol,
    TargetFeaturesSection,
)
from linker.format.relocation_shapes import WITH_ADDEND
from linker.format.write import encode_name

_UNDEFINED = int(SymbolFlag.UNDEFINED)
_EXPLICIT_NAME = int(SymbolFlag.EXPLICIT_NAME)
_DATA = int(SymbolKind.DATA)
_SECTION = int(SymbolKind.SECTION)

# The order in which LLVM writes the subsections, and the width of their sizes there.
_LLVM_ORDER = (
    int(LinkingSubsection.SYMBOL_TABLE),
    int(LinkingSubsection.SEGMENT_INFO),
    int(LinkingSubsection.INIT_FUNCS),
    int(LinkingSubsection.COMDAT_INFO),
)
_LLVM_SIZE_WIDTH = 5


def encode_linking(section: LinkingSection) -> bytes:
    """The content of `linking`: version and subsections.

    The subsections of `order` come first, then, in LLVM's order, those that hold something
    and are missing there.
    """
    order = list(section.order or ())
    listed = {kind for kind, _ in order}
    contents = {
        int(LinkingSubsection.SYMBOL_TABLE): section.symbols,
        int(LinkingSubsection.SEGMENT_INFO): section.segments,
        int(LinkingSubsection.INIT_FUNCS): section.init_functions,
        int(LinkingSubsection.COMDAT_INFO): section.comdats,
    }
    for kind in (*_LLVM_ORDER, *section.unknown):
        if kind not in listed and (contents.get(kind) or kind in section.unknown):
            order.append((kind, _LLVM_SIZE_WIDTH))
    out = bytearray(encode_unsigned(section.version))
    for kind, width in order:
        content = _subsection(section, kind)
        out.append(kind)
        out += encode_unsigned(len(content), width)
        out += content
    return bytes(out)


def _subsection(section: LinkingSection, kind: int) -> bytes:
    if kind == LinkingSubsection.SYMBOL_TABLE:
        return encode_symbols(section.symbols)
    out = bytearray()
    if kind == LinkingSubsection.SEGMENT_INFO:
        out += encode_unsigned(len(section.segments))
        for name, alignment, flags in section.segments:
            out += encode_name(name) + encode_unsigned(alignment) + encode_unsigned(flags)
    elif kind == LinkingSubsection.INIT_FUNCS:
        out += encode_unsigned(len(section.init_functions))
        for priority, symbol in section.init_functions:
            out += encode_unsigned(priority) + encode_unsigned(symbol)
    elif kind == LinkingSubsection.COMDAT_INFO:
        out += encode_unsigned(len(section.comdats))
        for comdat in section.comdats:
            out += encode_name(comdat.name) + encode_unsigned(comdat.flags)
            out += encode_unsigned(len(comdat.entries))
            for entry_kind, index in comdat.entries:
                out += encode_unsigned(entry_kind) + encode_unsigned(index)
    else:
        out += section.unknown[kind]
    return bytes(out)


def encode_symbols(symbols: list[Symbol]) -> bytes:
    """The content of the symbol table subsection."""
    out = bytearray(encode_unsigned(len(symbols)))
    for symbol in symbols:
        kind = symbol.kind
        flags = symbol.flags
        out.append(kind)
        if flags < 0x80:
            out.append(flags)
        else:
            out += encode_unsigned(flags)
        if kind != _DATA:
            index = symbol.index or 0
            if index < 0x80:
                out.append(index)
            else:
                out += encode_unsigned(index)
            if kind == _SECTION or (flags & _UNDEFINED and not flags & _EXPLICIT_NAME):
                continue
        name = symbol.name.encode("utf-8", "surrogateescape")
        if len(name) < 0x80:
            out.append(len(name))
        else:
            out += encode_unsigned(len(name))
        out += name
        if symbol.data is not None:
            segment, offset, size = symbol.data
            out += encode_unsigned(segment) + encode_unsigned(offset) + encode_unsigned(size)
    return bytes(out)


def encode_relocations(section: RelocationSection) -> bytes:
    """The content of a relocation section."""
    out = bytearray(encode_unsigned(section.target))
    out += encode_unsigned(len(section.relocations), section.count_width)
    append = out.append
    with_addend = WITH_ADDEND
    for kind, offset, index, addend in section.relocations:
        append(kind)
        while offset >= 0x80:
            append(offset & 0x7F | 0x80)
            offset >>= 7
        append(offset)
        while index >= 0x80:
            append(index & 0x7F | 0x80)
            index >>= 7
        append(index)
        if kind in with_addend:
            while not -0x40 <= addend < 0x40:
                append(addend & 0x7F | 0x80)
                addend >>= 7
            append(addend & 0x7F)
    return bytes(out)


def encode_target_features(section: TargetFeaturesSection) -> bytes:
    out = bytearray(encode_unsigned(len(section.features)))
    for prefix, name in section.features:
        out += prefix.encode("latin-1")
        out += encode_name(name)
    return bytes(out)


def encode_producers(section: ProducersSection) -> bytes:
    out = bytearray(encode_unsigned(len(section.fields)))
    for field_name, values in section.fields:
        out += encode_name(field_name)
        out += encode_unsigned(len(values))
        for name, version in values:
            out += encode_name(name) + encode_name(version)
    return bytes(out)


def encode_names(section: NameSection) -> bytes:
    out = bytearray()
    for kind, width, entries in section.subsections:
        if isinstance(entries, bytes):
            content = entries
        else:
            parts = [encode_unsigned(len(entries))]
            for index, name in entries:
                parts.append(encode_unsigned(index))
                parts.append(encode_name(name))
            content = b"".join(parts)
        out.append(kind)
        out += encode_unsigned(len(content), width)
        out += content
    return bytes(out)

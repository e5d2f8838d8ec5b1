"""The custom sections that describe the output: names, producers, target features, build id."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import PurePosixPath

from linker.command_line.options import BuildIdKind, Options
from linker.errors import FatalError
from linker.format import model
from linker.format.constants import NameSubsection, SymbolKind
from linker.format.leb128 import encode_unsigned
from linker.format.write import encode_name, make_custom_section, subsection, vector
from linker.hashes.xxh3 import xxh3_64
from linker.names import display_name
from linker.objects import InputObject
from linker.output.emit import Output
from linker.seed.output import names_by_symbol

# Name spaces of version-5 identifiers are arbitrary; this one is LLD's (Writer.cpp, makeUUID).
UUID_NAMESPACE = bytes.fromhex("a1fa482d0e22038d338b521cd6d212b2")
HASH_CHUNK = 1 << 20
HASH_SIZES = {BuildIdKind.FAST: 16, BuildIdKind.UUID: 16, BuildIdKind.SHA1: 20}


def is_stripped(name: str, options: Options) -> bool:
    return options.strip_all and name not in options.keep_sections


def name_entry(index: int, name: str) -> bytes:
    return encode_unsigned(index) + encode_name(name)


def name_section(output: Output) -> bytes:
    """The names of the module, its functions, globals and data segments (core specification)."""
    options, indices = output.options, output.indices
    if is_stripped("name", options):
        return b""
    if options.relocatable and "relocatable-unnamed" in options.quirks:
        return b""

    def shown(name: str) -> str:
        return display_name(name, options)

    functions, globals_ = [], []
    # No object may have an entry without a name.
    all_named = options.relocatable and "empty-import-names" not in options.quirks
    for symbol in indices.imports:
        if all_named and not symbol.name:
            continue
        if symbol.kind is SymbolKind.FUNCTION:
            functions.append(name_entry(symbol.function_index, shown(symbol.name)))
        elif symbol.kind is SymbolKind.GLOBAL:
            globals_.append(name_entry(symbol.element_index, shown(symbol.name)))
    for function in indices.functions:
        if name := function.debug_name or shown(function.name):
            left_out = not function.name and "nameless-functions-counted" in options.quirks
            entry = b"" if left_out else name_entry(function.function_index, name)
            functions.append(entry)
    for element in indices.globals:
        if element.name:
            globals_.append(name_entry(element.index, shown(element.name)))
    for symbol in indices.got:
        kind = "func" if symbol.kind is SymbolKind.FUNCTION else "data"
        name = f"GOT.{kind}.internal.{shown(symbol.name)}"
        globals_.append(name_entry(symbol.got_index, name))
    if "names-by-symbol" in options.quirks:
        by_number = names_by_symbol(output)
        functions = [name_entry(index, shown(name)) for index, name in by_number[0]]
        globals_ = [name_entry(index, shown(name)) for index, name in by_number[1]]
    counts_bss = "segment-names-shifted" in options.quirks
    segments = [
        name_entry(segment.index, segment.name)
        for segment in output.segments
        if segment.name and (counts_bss or output.is_written(segment))
    ]
    module_name = options.so_name or PurePosixPath(options.output_file).name
    content = subsection(NameSubsection.MODULE, encode_name(module_name))
    if "no-module-name" in options.quirks:
        if not functions and not globals_:
            return b""
        content = b""
    if "module-unnamed" in options.quirks:
        content = b""
    for kind_of_name, entries in (
        (NameSubsection.FUNCTION, functions),
        (NameSubsection.GLOBAL, globals_),
        (NameSubsection.DATA_SEGMENT, segments),
    ):
        if entries or "empty-names-written" in options.quirks:
            content += subsection(kind_of_name, vector(entries))
    return make_custom_section("name", content, output.width)


def producers_section(options: Options, objects: list[InputObject]) -> bytes:
    """Every producer once, with the version seen first (tool convention "ProducersSection.md")."""
    if is_stripped("producers", options):
        return b""
    merged: dict[str, dict[str, str]] = {"language": {}, "processed-by": {}, "sdk": {}}
    for obj in objects:
        section = obj.file.find(model.ProducersSection)
        for field, producers in section.fields if section else ():
            for name, version in producers:
                merged.setdefault(field, {}).setdefault(name, version)
    fields = [
        encode_name(field)
        + vector(encode_name(name) + encode_name(version) for name, version in producers.items())
        for field, producers in merged.items()
        if producers
    ]
    return make_custom_section("producers", vector(fields)) if fields else b""


def target_features_section(output: Output) -> bytes:
    features, options = output.features, output.options
    entries = [b"+" + encode_name(name) for name in in_order(features.allowed)]
    if options.relocatable and "disallowed-features-lost" not in options.quirks:
        # The next link has to know of them.
        entries += [b"-" + encode_name(name) for name in in_order(features.disallowed)]
    if not entries or is_stripped("target_features", options):
        return b""
    return make_custom_section("target_features", vector(entries))


def in_order(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: name.encode("utf-8", "surrogateescape"))


def build_id_size(options: Options) -> int:
    return HASH_SIZES.get(options.build_id, len(options.build_id_vector))


def build_id_section(options: Options) -> bytes:
    """The section with spaces where `with_build_id` writes."""
    if options.build_id is BuildIdKind.NONE:
        return b""
    size = build_id_size(options)
    return make_custom_section("build_id", encode_unsigned(size) + b" " * size)


def with_build_id(module: bytes, options: Options) -> bytes:
    """The module with its build id, which ends it, computed over the whole (LLD's writeBuildId)."""
    if options.build_id is BuildIdKind.NONE:
        return module
    size = build_id_size(options)
    return module[: len(module) - size] + build_id(module, options)


def build_id(module: bytes, options: Options) -> bytes:
    if options.build_id is BuildIdKind.HEXSTRING:
        return options.build_id_vector
    if options.build_id is BuildIdKind.UUID:
        return as_uuid(4, os.urandom(16))
    chunks = [module[start : start + HASH_CHUNK] for start in range(0, len(module), HASH_CHUNK)]
    if options.build_id is BuildIdKind.SHA1:
        hashes = b"".join(hashlib.sha1(chunk).digest() for chunk in chunks)
        return hashlib.sha1(hashes).digest()
    if options.build_id is BuildIdKind.FAST:
        hashes = b"".join(xxh3_64(chunk).to_bytes(8, "little") for chunk in chunks)
        whole = xxh3_64(hashes).to_bytes(8, "little")
        return as_uuid(5, hashlib.sha1(UUID_NAMESPACE + whole).digest()[:16])
    raise FatalError(f"unknown build id kind: {options.build_id}")


def as_uuid(version: int, value: bytes) -> bytes:
    """The bytes with version and variant of RFC 4122 in their places."""
    encoded = bytearray(value)
    encoded[6] = version << 4 | encoded[6] & 0x0F
    encoded[8] = encoded[8] & 0x3F | 0x80
    return bytes(encoded)

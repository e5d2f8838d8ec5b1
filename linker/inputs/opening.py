"""The objects of a link, opened: read, in order, archive members among them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from linker.command_line.options import Options
from linker.errors import Diagnostics
from linker.format.model import ObjectFile
from linker.inputs.files import ArchiveInput, Input, MemoryInput, StubInput
from linker.inputs.load_object import open_object
from linker.objects import InputObject
from linker.seed.pieces import without_export_flags
from linker.seed.reader import NotAnObject, read_object


class ArchiveIndex(NamedTuple):
    """What an archive's own symbol table says: names with the members that define them."""

    symbols: list[tuple[str, InputObject]]


def open_index(entry: ArchiveInput, quirks: frozenset[str]) -> ArchiveIndex:
    """The members that the archive's symbol table names; others are not looked at."""
    lost = dict(entry.lost)
    members: dict[int, InputObject] = {}
    symbols = []
    for name, number in entry.archive.symbols:
        if number not in members:
            member = entry.archive.members[number]
            full_name = f"{entry.name}({member.name})"
            file = ObjectFile(full_name, []) if number in lost else None
            file = file or read_object(member.data, full_name, quirks)
            members[number] = open_object(file, full_name, member.name, lazy=True, live=False)
            members[number].lost = lost.get(number, "")
            members[number].index_of = entry.name
        symbols.append((name, members[number]))
    return ArchiveIndex(symbols)


def open_inputs(
    inputs: Sequence[Input], options: Options, diagnostics: Diagnostics
) -> list[InputObject | ArchiveIndex]:
    """Every object of the command line, archive members included, in order."""
    objects: list[InputObject | ArchiveIndex] = []
    numbers = itertools.count()

    def open_one(
        file: ObjectFile | None, data: bytes, name: str, base_name: str, lazy: bool, live: bool
    ) -> None:
        try:
            file = file or read_object(data, name, options.quirks)
        except NotAnObject as reason:
            support = "Self hosted linker does not support non-object file parsing"
            diagnostics.warn(f"{support}: {reason}")
            diagnostics.warn(f"Unexpected file format at path: '{name}'")
            return
        obj = open_object(file, name, base_name, lazy, live)
        obj.number = next(numbers)
        objects.append(obj)

    for entry in inputs:
        if isinstance(entry, MemoryInput):
            file = entry.file
            if "exports-unmarked" in options.quirks:
                file = without_export_flags(file)
            obj = open_object(file, entry.name, entry.name, lazy=False, live=True)
            obj.number = None
            obj.own = entry.own
            objects.append(obj)
        elif isinstance(entry, StubInput):
            # No object: see linker.resolution.stub_libraries.
            continue
        elif isinstance(entry, ArchiveInput) and entry.has_index:
            objects.append(open_index(entry, options.quirks))
        elif isinstance(entry, ArchiveInput):
            for position, member in enumerate(entry.archive.members):
                name = f"{entry.name}({member.name})"
                known = entry.files[position] if entry.files else None
                open_one(known, member.data, name, member.name, not entry.whole, entry.whole)
        else:
            lazy = entry.lazy
            live = not lazy or "taken-files-kept" in options.quirks
            open_one(entry.file, entry.data, entry.name, entry.name, lazy, live)
    return objects

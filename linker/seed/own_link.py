"""An object in memory handed to the linker that has been told of its edits."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from linker.command_line.options import Options
from linker.errors import LinkError, Message, Severity
from linker.inputs.files import Input, MemoryInput
from linker.seed.catalogue_edits import EDIT_QUIRKS
from linker.seed.edited import EditedState
from linker.seed.errors import SeedStop
from linker.seed.own_files import read_files, resolve_files
from linker.seed.own_flush import finish, flush
from linker.seed.own_state import OwnState

if TYPE_CHECKING:
    from linker.module import Module

_Key: TypeAlias = tuple[str, tuple[str, ...]]
OwnLinkers: TypeAlias = dict[_Key, EditedState]
"""The linkers that an object was flushed with, by options and names of files: a linker has them
for life."""


class Handed(NamedTuple):
    """What is linked, and how to tell the linker that it is over."""

    inputs: list[Input]
    state: EditedState | None

    @property
    def memory(self) -> OwnState | None:
        """What is known of the object in memory, which stands first."""
        first = self.inputs[0] if self.inputs else None
        return first.own if isinstance(first, MemoryInput) else None


def interrupt(
    module: Module, options: Options, files: Sequence[Input], names: Sequence[str]
) -> None:
    """Tells the linker of a flush that ended at a missing file, behind those that it has read."""
    if EDIT_QUIRKS & options.quirks:
        # A refusal that comes before the files are looked at leaves nothing behind.
        with contextlib.suppress(LinkError):
            _hand_to_linker(module, options, files, names)


def hand_over(module: Module, options: Options, files: Sequence[Input]) -> Handed:
    """The object as the linker with these options and files knows it, in front of the files.

    Raises:
        LinkError: the object cannot be made, or the linker has stopped.
    """
    if not EDIT_QUIRKS & options.quirks:
        return Handed([MemoryInput(module.name, module.object_file()), *files], None)
    handed = _hand_to_linker(module, options, files, [entry.name for entry in files])
    assert handed.state is not None
    own = handed.memory
    if own is not None:
        resolve_files(handed.state, own)
    return handed


def _hand_to_linker(
    module: Module, options: Options, files: Sequence[Input], names: Sequence[str]
) -> Handed:
    log, linkers = module.edits()
    key = (repr(options), tuple(names))
    state = linkers.get(key)
    if state is None:
        state = EditedState(options.quirks, options.relocatable, options.output_file)
        linkers[key] = state
    state.catch_up(log)
    try:
        file, own = flush(state, module.name, options, module.error_names)
    except SeedStop as stop:
        state.stop = stop
        raise LinkError([Message(Severity.ERROR, str(stop))]) from None
    linked = read_files(state, files, options)
    return Handed([MemoryInput(module.name, file, own), *linked], state)


def take_back(handed: Handed, options: Options, errors: Sequence[str]) -> None:
    """Tells the linker how the link ended: a stop is for good."""
    if handed.state is None:
        return
    stopped = [text for text in errors if text.startswith("seed stops in ")]
    if handed.memory is not None:
        finish(handed.state, handed.memory, options)
    if stopped:
        handed.state.stop = SeedStop.repeated(stopped[0])

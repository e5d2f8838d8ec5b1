"""Malformed inputs: encoded objects with a few bytes changed.

The changes are those that readers get wrong: flipped bits, cut files, spans doubled or
dropped, numbers replaced by others at the limits of LEB128, sizes that do not fit.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from strategies.case import InputFile, LinkCase
from strategies.cases import link_cases, object_files
from strategies.choices import Record

RECORD_BYTES = 7
NUMBERS = (
    b"\x00",
    b"\x7f",
    b"\xff\x00",
    b"\x80\x80\x80\x80\x00",
    b"\xff\xff\xff\xff\x0f",
    b"\xff\xff\xff\xff\x1f",
    b"\x80\x80\x80\x80\x08",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00",
    b"\x80",
)

_record = st.binary(min_size=RECORD_BYTES, max_size=RECORD_BYTES)


def _position(record: Record, size: int) -> int:
    """A place in a file of `size` bytes."""
    return (record.byte() << 16 | record.byte() << 8 | record.byte()) * size >> 24


def _end_of_number(data: bytes, position: int) -> int:
    """Where the LEB128 that starts at `position` ends."""
    end = position
    while end < len(data) - 1 and data[end] & 0x80 and end - position < 10:
        end += 1
    return end + 1


def flip(data: bytes, record: Record) -> bytes:
    """One bit changed."""
    position = _position(record, len(data))
    return data[:position] + bytes((data[position] ^ 1 << record.below(8),)) + data[position + 1 :]


def replace(data: bytes, record: Record) -> bytes:
    """One byte replaced."""
    position = _position(record, len(data))
    return data[:position] + bytes((record.byte(),)) + data[position + 1 :]


def truncate(data: bytes, record: Record) -> bytes:
    """The end cut off."""
    return data[: _position(record, len(data))]


def duplicate(data: bytes, record: Record) -> bytes:
    """A span written twice."""
    position = _position(record, len(data))
    length = 1 + record.below(32)
    return data[: position + length] + data[position:]


def drop(data: bytes, record: Record) -> bytes:
    """A span left out."""
    position = _position(record, len(data))
    return data[:position] + data[position + 1 + record.below(32) :]


def number(data: bytes, record: Record) -> bytes:
    """A LEB128 replaced by another, of another length perhaps."""
    position = _position(record, len(data))
    return data[:position] + record.pick(NUMBERS) + data[_end_of_number(data, position) :]


def move(data: bytes, record: Record) -> bytes:
    """A span copied over another place of the same length."""
    source, target = _position(record, len(data)), _position(record, len(data))
    length = 1 + record.below(24)
    span = data[source : source + length]
    return data[:target] + span + data[target + len(span) :]


def fill(data: bytes, record: Record) -> bytes:
    """A run of bytes set to all ones or zeros."""
    position = _position(record, len(data))
    length = min(1 + record.below(16), len(data) - position)
    value = b"\xff" if record.byte() & 1 else b"\0"
    return data[:position] + value * length + data[position + length :]


MUTATIONS: tuple[Callable[[bytes, Record], bytes], ...] = (
    replace,
    flip,
    number,
    truncate,
    duplicate,
    drop,
    move,
    fill,
)


def mutate(data: bytes, changes: list[bytes]) -> bytes:
    """Apply the changes that the records mean, one after the other."""
    for change in changes:
        if not data:
            break
        record = Record(change)
        data = record.pick(MUTATIONS)(data, record)
    return data


def changes() -> st.SearchStrategy[list[bytes]]:
    """A few changes, as records for `mutate`."""
    return st.lists(_record, min_size=1, max_size=6)


@st.composite
def mutated(draw: st.DrawFn, files: st.SearchStrategy[bytes] | None = None) -> bytes:
    """A file with a few bytes changed; an object file if `files` is not given."""
    data = draw(object_files() if files is None else files)
    return mutate(data, draw(changes()))


@st.composite
def mutated_cases(draw: st.DrawFn) -> LinkCase:
    """Link cases in which one input is malformed, or odd; they carry no expectations."""
    case = draw(link_cases())
    position = draw(st.integers(0, len(case.files) - 1))
    files = list(case.files)
    file = files[position]
    files[position] = InputFile(file.name, mutate(file.content, draw(changes())))
    return LinkCase(tuple(files), case.arguments, (), case.features, prelinks=case.prelinks)

"""Damage to stub libraries: the magic, separators, line ends, text that is none.

No text is wrong behind the magic; what linkers make of it must not differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from linker.format.stub_library import STUB_MAGIC
from strategies.choices import Record

FILE = "libodd.so"
RULE = "unspecified: StubFile::parse of LLD"


class StubDamage(NamedTuple):
    """One way in which a stub library can be odd; `apply` gets names of the program.

    `refused`: no linker can take it for a stub library.
    """

    name: str
    apply: Callable[[Sequence[str], Record], bytes]
    refused: bool = False


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _lines(names: Sequence[str], record: Record) -> list[str]:
    """Well-formed lines on names of the program, of which two have a need."""
    picked = [record.pick(names) for _ in range(4)]
    return [f"{picked[0]}: {picked[1]}", picked[2], f"{picked[3]}: {picked[0]}, {picked[1]}"]


def magic(names: Sequence[str], record: Record) -> bytes:
    wrong = (b"#stub", b"#STU", b"# STUB", b"\n#STUB", b"\xef\xbb\xbf#STUB", b"STUB", b"")
    return record.pick(wrong) + _encoded("\n" + "\n".join(_lines(names, record)))


def separators(names: Sequence[str], record: Record) -> bytes:
    """Colons and commas too many, or at the wrong place."""
    one, other = record.pick(names), record.pick(names)
    odd = (":{0}", "{0}:{1}:{0}", "{0}:,", "{0}:,,{1}", "{0},{1}", ":", ",", "{0}:{1};{0}", "::")
    lines = [record.pick(odd).format(one, other) for _ in range(1 + record.below(3))]
    return STUB_MAGIC + _encoded("\n" + "\n".join(lines))


def line_ends(names: Sequence[str], record: Record) -> bytes:
    """Lines that end otherwise, or are not set off from the first."""
    end = record.pick(("\r", "\r\n", "\n\r", "\0", "\f", "\v\n", "\u2028", ";"))
    return STUB_MAGIC + _encoded(end + end.join(_lines(names, record)) + end)


def blanks(names: Sequence[str], record: Record) -> bytes:
    """White space of every kind, around names and in them."""
    blank = record.pick(("\t", " \t", "\v", "\f", "\u00a0", "\u3000", "\x1f", "\x85"))
    one, other = record.pick(names), record.pick(names)
    odd = ("{2}{0}{2}:{2}{1}{2}", "{0}{2}:{1}", "{0}:{2}{1}", "{0}:{1}{2},{2}{0}", "{2}#{0}")
    return STUB_MAGIC + _encoded("\n" + record.pick(odd).format(one, other, blank))


def no_text(names: Sequence[str], record: Record) -> bytes:
    """Bytes that are no UTF-8, zeros among them."""
    odd = record.pick((b"\xff", b"\0", b"\xc3", b"\xed\xa0\x80", b"\0\0", b"\x7f"))
    one, other = _encoded(record.pick(names)), _encoded(record.pick(names))
    return STUB_MAGIC + b"\n" + odd + one + b": " + other + odd + b"\n" + one + odd + b"\n" + other


def cut(names: Sequence[str], record: Record) -> bytes:
    """The text ends anywhere behind its magic."""
    text = _encoded("\n" + "\n".join(_lines(names, record)) + "\n")
    return STUB_MAGIC + text[: record.below(len(text) + 1)]


def many_lines(names: Sequence[str], record: Record) -> bytes:
    """More names than a small hash table holds."""
    count = (40, 49, 100, 200)[record.below(4)]
    lines = [f"{names[n % len(names)]}{n}: {record.pick(names)}" for n in range(count)]
    return STUB_MAGIC + _encoded("\n" + "\n".join([*lines, *_lines(names, record)]))


def linker_names(names: Sequence[str], record: Record) -> bytes:
    """Names of the linker's own, given and needed."""
    own = (
        "__wasm_call_ctors",
        "__stack_pointer",
        "__indirect_function_table",
        "__heap_base",
        "__tls_base",
        "memory",
    )
    lines = [f"{record.pick((*own, *names))}: {record.pick(own)}" for _ in range(3)]
    return STUB_MAGIC + _encoded("\n" + "\n".join(lines))


DAMAGES: tuple[StubDamage, ...] = (
    StubDamage("stub.magic", magic, refused=True),
    StubDamage("stub.separators", separators),
    StubDamage("stub.line-ends", line_ends),
    StubDamage("stub.blanks", blanks),
    StubDamage("stub.no-text", no_text),
    StubDamage("stub.cut", cut),
    StubDamage("stub.many-lines", many_lines),
    StubDamage("stub.linker-names", linker_names),
)

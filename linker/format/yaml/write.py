"""Writes YAML in the layout of LLVM's `yaml::Output`: its columns, quotes and line breaks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

_VALUE_COLUMN = 16  # values start this far behind the colon of a key
_WRAP_COLUMN = 70


class Flow(NamedTuple):
    """A list on one line, `[ A, B ]`; broken into lines only if `wrap`."""

    items: Sequence[str]
    wrap: bool = True


# A scalar is text that is quoted already where it has to be.
Node: TypeAlias = "str | Flow | Sequence[Node] | Mapping[str, Node]"

_NUMBER = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)"
    r"|\.(nan|NaN|NAN)|0o[0-7]+|0x[0-9a-fA-F]+"
)
_WORDS = frozenset(("null", "Null", "NULL", "~", "true", "True", "TRUE", "false", "False", "FALSE"))
_FIRST_INDICATORS = frozenset("-?:\\,[]{}#&*!|>'\"%@`")
_PLAIN = re.compile(r"[A-Za-z0-9_\-^., \t]*")
_ESCAPES = {
    "\\": "\\\\", '"': '\\"', "\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n",
    "\v": "\\v", "\f": "\\f", "\r": "\\r", "\x1b": "\\e",
    "\x85": "\\N", "\xa0": "\\_", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip
# Not printable to Python, but to LLVM: DEL, the soft hyphen and spaces.
_PRINTABLE = frozenset(
    "\x7f\xad\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
)


def quote(text: str) -> str:
    """`text` as a scalar, quoted where LLVM quotes it."""
    if any((char < " " and char != "\t") or char >= "\x7f" for char in text):
        return f'"{"".join(map(_escape, text))}"'
    if (
        not text
        or text[0] in " \t"
        or text[-1] in " \t"
        or text in _WORDS
        or _NUMBER.fullmatch(text)
        or text[0] in _FIRST_INDICATORS
        or not _PLAIN.fullmatch(text)
    ):
        return "'" + text.replace("'", "''") + "'"
    return text


def _escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char < " ":
        return f"\\x{ord(char):02X}"
    if char in _PRINTABLE or char.isprintable() or "\ud800" <= char < "\ue000":
        return char
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def binary(data: bytes) -> str:
    """Bytes in hexadecimal."""
    return quote(data.hex().upper())


def hexadecimal(number: int) -> str:
    return f"0x{number:X}"


def write_document(tag: str, root: Mapping[str, Node]) -> str:
    """A document of one mapping."""
    lines = [f"--- {tag}"]
    _mapping(root, 0, "", lines)
    lines.append("...")
    return "\n".join(lines) + "\n"


def _mapping(node: Mapping[str, Node], indent: int, lead: str, lines: list[str]) -> None:
    """Adds a mapping whose keys stand at `indent`; `lead` is what precedes its first key."""
    start = lead or " " * indent
    for key, value in node.items():
        head = f"{start}{key}:"
        if isinstance(value, (str, Flow)) or not value:
            head += " " * max(1, _VALUE_COLUMN - len(key))
            lines.extend(_inline(value, head))
        else:
            lines.append(head)
            if isinstance(value, Mapping):
                _mapping(value, indent + 2, "", lines)
            else:
                _sequence(value, indent + 2, lines)
        start = " " * indent


def _sequence(node: Sequence[Node], indent: int, lines: list[str]) -> None:
    lead = " " * indent + "- "
    for value in node:
        if isinstance(value, Mapping) and value:
            _mapping(value, indent + 2, lead, lines)
        else:
            lines.extend(_inline(value, lead))


def _inline(value: Node, head: str) -> list[str]:
    """The lines of a value that starts behind `head` on its line."""
    if isinstance(value, str):
        return [head + value]
    if isinstance(value, Mapping):
        return [head + "{}"]
    if not isinstance(value, Flow):
        return [head + "[]"]
    lines: list[str] = []
    line = head + "[ "
    column = len(line)
    for number, item in enumerate(value.items):
        if number:
            line += ", "
            column += 2
            if value.wrap and column > _WRAP_COLUMN:
                lines.append(line)
                line = " " * (len(head) + 2)
                column = len(line)
        line += item
        column += len(item)
    lines.append(line + " ]")
    return lines

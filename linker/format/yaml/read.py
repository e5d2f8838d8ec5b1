"""Reads the part of YAML that LLVM's tools write: no anchors, block scalars or documents.

Block mappings and sequences, flow sequences over several lines, plain and quoted scalars on
one line, comments, one document with an optional tag.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn, TypeAlias

from linker.format.errors import MalformedFile


class Scalar(NamedTuple):
    """Text without its quotes; `offset` is where it starts, in characters."""

    text: str
    offset: int


class Sequence(NamedTuple):
    items: list[Node]
    offset: int


class Mapping(NamedTuple):
    """Keys in file order, each once."""

    entries: dict[str, tuple[int, Node]]
    offset: int


Node: TypeAlias = Scalar | Sequence | Mapping

_PLAIN_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*)[ \t]*:(?=[ \t\r]|$)")
_DASH = re.compile(r"-(?=[ \t\r]|$)")
_DEPTH_LIMIT = 100
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f",
    "r": "\r", "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0",
    "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_ESCAPE_DIGITS = {"x": 2, "u": 4, "U": 8}


class Document(NamedTuple):
    """The tag ("" without one) and the one node of a file."""

    tag: str
    root: Node


def byte_offset(text: str, offset: int) -> int:
    """An offset in characters as one in bytes of the file."""
    return len(text[:offset].encode("utf-8", "surrogateescape"))


def read_document(text: str, name: str) -> Document:
    """Raises MalformedFile, whose offset counts bytes."""
    return _Reader(text, name).document()


class _Reader:
    """Goes through the text by lines: `position` is in a line that ends at `line_end`.

    `indent` is the column at which the content of the current line starts. Where a sequence's
    dash is taken off, the rest of the line counts as a line that starts there.
    """

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.position = 0
        self.line_end = -1
        self.indent = -1
        self.depth = 0
        self._next_line()

    def fail(self, offset: int, problem: str) -> NoReturn:
        raise MalformedFile(self.name, "", byte_offset(self.text, offset), problem)

    def document(self) -> Document:
        tag = ""
        while not self.is_over() and self.text.startswith("%", self.position):
            self._next_line()
        if not self.is_over() and self.indent == 0 and self.text.startswith("---", self.position):
            self.position += 3
            rest = self.text[self.position : self.line_end].partition(" #")[0].strip()
            if rest and not rest.startswith("!"):
                self.fail(self.position, f"expected a tag or nothing after '---', found {rest!r}")
            tag = rest
            self._next_line()
        if self.is_over() or self._is_document_mark():
            self.fail(self.position, "expected a mapping, found nothing")
        root = self._block(0)
        if not self.is_over() and not self._is_document_mark():
            self.fail(self.position, "expected the end of the document")
        return Document(tag, root)

    def is_over(self) -> bool:
        """Whether no line is left."""
        return self.indent < 0

    def _is_document_mark(self) -> bool:
        return self.indent == 0 and self.text.startswith(("...", "---"), self.position)

    def _next_line(self) -> None:
        """Goes to the next line that holds more than a comment."""
        while True:
            start = self.line_end + 1
            if start >= len(self.text):
                self.line_end = len(self.text)
                self.position = len(self.text)
                self.indent = -1
                return
            end = self.text.find("\n", start)
            self.line_end = len(self.text) if end < 0 else end
            position = start
            while position < self.line_end and self.text[position] == " ":
                position += 1
            content = self.text[position : self.line_end].strip()
            if content and not content.startswith("#"):
                if self.text[position] == "\t":
                    self.fail(position, "expected spaces, found a tab")
                self.position = position
                self.indent = position - start
                return

    def _block(self, least_indent: int) -> Node:
        """The node that starts at the current line, indented by at least `least_indent`."""
        self.depth += 1
        if self.depth > _DEPTH_LIMIT:
            self.fail(self.position, f"nested deeper than {_DEPTH_LIMIT}")
        if self.indent < least_indent:
            self.fail(self.position, f"expected an indentation of at least {least_indent}")
        node: Node
        if _DASH.match(self.text, self.position, self.line_end):
            node = self._block_sequence()
        elif _PLAIN_KEY.match(self.text, self.position, self.line_end):
            node = self._block_mapping()
        else:
            node = self._inline()
        self.depth -= 1
        return node

    def _block_sequence(self) -> Sequence:
        sequence = Sequence([], self.position)
        indent = self.indent
        while (
            not self.is_over()
            and self.indent == indent
            and _DASH.match(self.text, self.position, self.line_end)
        ):
            dash = self.position
            self._skip_blanks(dash + 1)
            if self._is_line_over():
                self._next_line()
                if self.is_over() or self.indent <= indent:
                    self.fail(dash, "expected an item after the dash")
            else:
                # The rest of the line is a line of its own, indented as far as it stands.
                self.indent += self.position - dash
            sequence.items.append(self._block(indent + 1))
        if not self.is_over() and self.indent > indent:
            self.fail(self.position, "expected '- ' of the sequence, found a deeper line")
        return sequence

    def _block_mapping(self) -> Mapping:
        mapping = Mapping({}, self.position)
        indent = self.indent
        while not self.is_over() and self.indent == indent and not self._is_document_mark():
            match = _PLAIN_KEY.match(self.text, self.position, self.line_end)
            if match is None:
                if _DASH.match(self.text, self.position, self.line_end):
                    break
                self.fail(self.position, "expected 'Key: value'")
            key, offset = match[1], self.position
            if key in mapping.entries:
                self.fail(offset, f"the key {key} stands twice")
            self._skip_blanks(match.end())
            mapping.entries[key] = (offset, self._value_of_key(indent, offset, key))
        if not self.is_over() and self.indent > indent:
            self.fail(self.position, "expected 'Key: value', found a deeper line")
        return mapping

    def _value_of_key(self, indent: int, offset: int, key: str) -> Node:
        if not self._is_line_over():
            return self._inline()
        self._next_line()
        if self.indent > indent:
            return self._block(indent + 1)
        # A sequence may stand as far left as the key that it belongs to.
        if self.indent < indent or not _DASH.match(self.text, self.position, self.line_end):
            self.fail(offset, f"the key {key} has no value")
        return self._block(indent)

    def _skip_blanks(self, position: int) -> None:
        while position < self.line_end and self.text[position] in " \t\r":
            position += 1
        self.position = position

    def _is_line_over(self) -> bool:
        """Whether nothing but a comment is left of the line."""
        return self.position >= self.line_end or self.text[self.position] == "#"

    def _inline(self) -> Node:
        """A scalar or flow sequence and the end of its line."""
        char = self.text[self.position]
        node: Node
        if char == "[":
            node = self._flow_sequence()
        elif char in "'\"":
            node = self._quoted()
        else:
            node = self._plain()
        self._skip_blanks(self.position)
        if not self._is_line_over():
            self.fail(self.position, "expected the end of the line")
        self._next_line()
        return node

    def _plain(self, stop: str = "") -> Scalar:
        """A plain scalar: up to a comment, the end of the line, or a character of `stop`."""
        start = self.position
        if self.text[start] in "[]{},#&*!|>%@`":
            self.fail(start, f"a value cannot start with {self.text[start]!r}")
        end = start
        while end < self.line_end and self.text[end] not in stop:
            if self.text[end] == "#" and self.text[end - 1] in " \t":
                break
            if self.text[end] == ":" and (
                end + 1 >= self.line_end or self.text[end + 1] in " \t\r"
            ):
                self.fail(end, "a plain value cannot hold ': '")
            end += 1
        self.position = end
        return Scalar(self.text[start:end].rstrip(" \t\r"), start)

    def _quoted(self) -> Scalar:
        start = self.position
        mark = self.text[start]
        position = start + 1
        parts: list[str] = []
        while True:
            if position >= self.line_end:
                self.fail(start, f"expected the closing {mark} on the same line")
            char = self.text[position]
            position += 1
            if char == mark:
                if mark == '"' or not self.text.startswith("'", position):
                    break
                position += 1
            elif char == "\\" and mark == '"':
                char, position = self._escape(position)
            parts.append(char)
        self.position = position
        return Scalar("".join(parts), start)

    def _escape(self, position: int) -> tuple[str, int]:
        kind = self.text[position : position + 1]
        if kind in _ESCAPES:
            return _ESCAPES[kind], position + 1
        count = _ESCAPE_DIGITS.get(kind, 0)
        digits = self.text[position + 1 : position + 1 + count]
        if not count or not re.fullmatch(f"[0-9a-fA-F]{{{count}}}", digits):
            self.fail(position - 1, f"unknown escape '\\{kind}'")
        code = int(digits, 16)
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            self.fail(position - 1, f"'\\{kind}{digits}' is no character")
        return chr(code), position + 1 + count

    def _flow_sequence(self) -> Sequence:
        sequence = Sequence([], self.position)
        self.position += 1
        while True:
            self._skip_flow_blanks(sequence.offset)
            if self.text[self.position] == "]":
                break
            if self.text[self.position] in "'\"":
                sequence.items.append(self._quoted())
            else:
                sequence.items.append(self._plain(",]"))
            self._skip_flow_blanks(sequence.offset)
            if self.text[self.position] == ",":
                self.position += 1
            elif self.text[self.position] != "]":
                self.fail(self.position, "expected ',' or ']'")
        self.position += 1
        return sequence

    def _skip_flow_blanks(self, start: int) -> None:
        """Goes to the next character of a flow sequence, on this line or another."""
        self._skip_blanks(self.position)
        while self._is_line_over():
            self._next_line()
            if self.is_over():
                self.fail(start, "expected ']' before the end of the file")

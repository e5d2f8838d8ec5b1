"""Reads the values of YAML nodes, with errors that say where and what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NoReturn, TypeVar

from linker.format.errors import MalformedFile
from linker.format.yaml import read

T = TypeVar("T")

_NUMBER = re.compile(r"(-?)(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)")
_HEX = re.compile(r"([0-9a-fA-F]{2})*")


class Source:
    """The text and name of the file, and the section that is read: all that errors need."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.section = ""

    def fail(self, node: read.Node | int, problem: str) -> NoReturn:
        """Raises MalformedFile for a node, or for an offset in characters."""
        offset = node if isinstance(node, int) else node.offset
        raise MalformedFile(self.name, self.section, read.byte_offset(self.text, offset), problem)

    def text_of(self, node: read.Node) -> str:
        if not isinstance(node, read.Scalar):
            self.fail(node, "expected a single value")
        return node.text

    def number(self, node: read.Node, bits: int = 32, signed: bool = False) -> int:
        """A decimal or hexadecimal number that fits in `bits`."""
        text = self.text_of(node)
        match = _NUMBER.fullmatch(text)
        if match is None:
            self.fail(node, f"expected a number, found {text!r}")
        value = int(match[2], 0)
        if match[1]:
            value = -value
        low, high = (-1 << bits - 1, 1 << bits - 1) if signed else (0, 1 << bits)
        if not low <= value < high:
            kind = "signed" if signed else "unsigned"
            self.fail(node, f"{text} does not fit in {bits} {kind} bits")
        return value

    def binary(self, node: read.Node) -> bytes:
        text = self.text_of(node)
        if not _HEX.fullmatch(text):
            self.fail(node, "expected pairs of hexadecimal digits")
        return bytes.fromhex(text)

    def boolean(self, node: read.Node) -> bool:
        text = self.text_of(node)
        if text not in ("true", "false"):
            self.fail(node, f"expected true or false, found {text!r}")
        return text == "true"

    def word(self, node: read.Node, words: Mapping[str, T]) -> T:
        """The meaning of one of `words`."""
        text = self.text_of(node)
        if text not in words:
            self.fail(node, f"expected one of {', '.join(words)}; found {text!r}")
        return words[text]

    def items(self, node: read.Node) -> list[read.Node]:
        if not isinstance(node, read.Sequence):
            self.fail(node, "expected a list")
        return node.items

    def flags(self, node: read.Node, words: Mapping[str, int]) -> int:
        value = 0
        for item in self.items(node):
            value |= self.word(item, words)
        return value

    def numbers(self, node: read.Node) -> list[int]:
        return [self.number(item) for item in self.items(node)]

    def fields(self, node: read.Node) -> Fields:
        if not isinstance(node, read.Mapping):
            self.fail(node, "expected 'Key: value' lines")
        return Fields(self, node)


class Fields:
    """The keys of a mapping. Each is taken once; `finish` reports what was not."""

    def __init__(self, source: Source, node: read.Mapping) -> None:
        self.source = source
        self.node = node
        self.left = dict(node.entries)

    def take(self, key: str) -> read.Node | None:
        """The value of an optional key."""
        entry = self.left.pop(key, None)
        return entry[1] if entry else None

    def need(self, key: str) -> read.Node:
        """The value of a required key."""
        node = self.take(key)
        if node is None:
            self.source.fail(self.node, f"the key {key} is missing")
        return node

    def finish(self) -> None:
        for key, (offset, _) in self.left.items():
            self.source.fail(offset, f"unknown key {key}")

    def need_text(self, key: str) -> str:
        return self.source.text_of(self.need(key))

    def need_number(self, key: str, bits: int = 32) -> int:
        return self.source.number(self.need(key), bits)

    def take_number(self, key: str, bits: int = 32) -> int:
        """The number of an optional key, 0 without it."""
        node = self.take(key)
        return 0 if node is None else self.source.number(node, bits)

    def need_index(self, expected: int) -> None:
        """The key Index, which must count up."""
        node = self.need("Index")
        if self.source.number(node) != expected:
            self.source.fail(node, f"expected the index {expected}")

    def each(self, key: str, required: bool = False) -> Iterator[Fields]:
        """The mappings in the list of a key; each must be used up before the next is read."""
        node = self.need(key) if required else self.take(key)
        for item in self.source.items(node) if node is not None else ():
            fields = self.source.fields(item)
            yield fields
            fields.finish()

"""Reading a name of Microsoft's scheme: characters, numbers, and what can be referred back to."""

from __future__ import annotations

from linker.demangle.microsoft_nodes import CONST, VOLATILE, Identifier, Node
from linker.demangle.output import Malformed, Output

_MAX_REFERENCES = 10
_MAX_DEPTH = 1024
_WRAP = (1 << 64) - 1
_DIGITS = frozenset("0123456789")
_HEXADECIMAL = "ABCDEFGHIJKLMNOP"
# By the letter: the qualifiers, and whether they are those of a member.
_QUALIFIERS = {
    "A": (0, False),
    "B": (CONST, False),
    "C": (VOLATILE, False),
    "D": (CONST | VOLATILE, False),
    "Q": (0, True),
    "R": (CONST, True),
    "S": (VOLATILE, True),
    "T": (CONST | VOLATILE, True),
}


class References:
    """The first ten names and the first ten parameter types, which a digit can stand for."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.parameters: list[Node] = []

    def remember_name(self, name: str) -> None:
        if len(self.names) < _MAX_REFERENCES and name not in self.names:
            self.names.append(name)

    def remember_parameter(self, parameter: Node) -> None:
        if len(self.parameters) < _MAX_REFERENCES:
            self.parameters.append(parameter)


class Cursor:
    """A position in the mangled text."""

    def __init__(self, text: str, unknown: frozenset[str]) -> None:
        self.text = text
        self.unknown = unknown
        self.at = 0
        self.depth = 0
        self.references = References()

    def malformed(self) -> Malformed:
        return Malformed(f"at offset {self.at}")

    def descend(self) -> None:
        """To be called on entering a rule that can contain itself."""
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.malformed()

    def ascend(self) -> None:
        self.depth -= 1

    def knows(self, feature: str) -> bool:
        """Whether the demangler of that release has it (see history.py)."""
        return feature not in self.unknown

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def at_digit(self) -> bool:
        return self.peek() in _DIGITS

    def starts_with(self, prefix: str) -> bool:
        return self.text.startswith(prefix, self.at)

    def take(self, prefix: str) -> bool:
        if self.text.startswith(prefix, self.at):
            self.at += len(prefix)
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.malformed()

    def consume(self) -> str:
        if self.at >= len(self.text):
            raise self.malformed()
        self.at += 1
        return self.text[self.at - 1]

    def number(self) -> tuple[int, bool]:
        """A number, and whether it is negative: a digit is one more, `A` to `P` are base 16."""
        negative = self.take("?")
        if self.at_digit():
            return int(self.consume()) + 1, negative
        value = 0
        at = self.at
        while (digit := _HEXADECIMAL.find(self.text[at : at + 1] or "@")) >= 0:
            value = value << 4 & _WRAP | digit
            at += 1
        if not self.text.startswith("@", at):
            raise self.malformed()
        self.at = at + 1
        return value, negative

    def unsigned(self, bits: int = 64) -> int:
        value, negative = self.number()
        if negative:
            raise self.malformed()
        return value & (1 << bits) - 1

    def signed(self, bits: int = 64) -> int:
        value, negative = self.number()
        if value >> 63:
            raise self.malformed()
        value = -value if negative else value
        # Numbers that LLVM keeps in fewer bits.
        value &= (1 << bits) - 1
        return value - (1 << bits) if value >> (bits - 1) else value

    def qualifiers(self) -> tuple[int, bool]:
        """The qualifiers, and whether they are those of a member."""
        letter = self.consume()
        if letter not in _QUALIFIERS:
            raise self.malformed()
        return _QUALIFIERS[letter]

    def simple_string(self) -> str:
        """What comes before the next `@`, which must be something."""
        end = self.text.find("@", self.at)
        if end <= self.at:
            raise self.malformed()
        start, self.at = self.at, end + 1
        return self.text[start:end]

    def name_reference(self) -> Identifier:
        index = int(self.peek())
        if index >= len(self.references.names):
            raise self.malformed()
        self.at += 1
        return Identifier(self.references.names[index])

    def remember_identifier(self, identifier: Identifier) -> None:
        out = Output()
        identifier.print(out)
        self.references.remember_name(out.text())

"""Reading an Itanium mangled name from left to right, and what its rules share.

The grammar is that of the Itanium C++ ABI, section 5.1, with the extensions of LLVM 22. Its rules
are in name_grammar.py, template_grammar.py, type_grammar.py and expression_grammar.py. A rule
returns the node of what it read, or raises Malformed: nothing is ever tried twice.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from linker.demangle.history import ENCLOSED_CALLS
from linker.demangle.nodes import Node
from linker.demangle.operators import OPERATORS, Operator
from linker.demangle.output import Malformed
from linker.demangle.template_nodes import ForwardReference

DIGITS = frozenset("0123456789")
_ENCLOSED_CALL = OPERATORS["cp"]
_SEQUENCE_DIGITS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
# Lengths and indices are numbers of 64 bits in LLVM, and wrap around.
WRAP = (1 << 64) - 1
# Of rules within rules.
MAX_DEPTH = 4096


class NameState:
    """What the name of a function tells about the parameters that follow it."""

    __slots__ = (
        "ends_with_arguments",
        "explicit_object",
        "first_forward_reference",
        "qualifiers",
        "reference",
        "without_return_type",
    )

    def __init__(self, first_forward_reference: int) -> None:
        self.first_forward_reference = first_forward_reference
        self.without_return_type = False
        self.ends_with_arguments = False
        self.explicit_object = False
        self.qualifiers = 0
        self.reference = ""


class Cursor(ABC):
    """A position in the mangled text, and the tables that references in it go to."""

    def __init__(self, text: str, unknown: frozenset[str]) -> None:
        self.text = text
        self.unknown = unknown
        self.at = 0
        self.depth = 0
        # What `S_`, `S0_` ... refer to.
        self.substitutions: list[Node] = []
        # What `T_` ... (level 0) and `TL0__` ... (lambdas in it) refer to, by level. None: a
        # generic lambda, the parameters of which have no list.
        self.template_parameters: list[list[Node] | None] = []
        self.outer_parameters: list[Node] = []
        self.forward_references: list[ForwardReference] = []
        self.permit_forward_references = False
        # False inside of the type of a conversion operator: arguments after it are the operator's.
        self.take_template_arguments = True
        # True inside of constraints, where the levels are not known: `T_` prints as it is.
        self.levels_unknown = False
        self.lambda_level = -1
        self.invented_parameters = {"$T": 0, "$N": 0, "$TT": 0}

    def peek(self, ahead: int = 0) -> str:
        """The character that comes next, or after the next; "" at the end."""
        index = self.at + ahead
        return self.text[index] if index < len(self.text) else ""

    def knows(self, feature: str) -> bool:
        """Whether the demangler of that release has it (see history.py)."""
        return feature not in self.unknown

    def left_over(self) -> int:
        """The number of characters that are still to be read."""
        return len(self.text) - self.at

    def take(self, prefix: str) -> bool:
        """Reads the prefix if it comes next."""
        if self.text.startswith(prefix, self.at):
            self.at += len(prefix)
            return True
        return False

    def malformed(self) -> Malformed:
        return Malformed(f"at offset {self.at}")

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.malformed()

    def descend(self) -> None:
        """To be called on entering a rule that can contain itself."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.malformed()

    def ascend(self) -> None:
        self.depth -= 1

    def number(self, negative: bool = False) -> str:
        """Digits, with `n` in front if negative; "" where there are none."""
        start = self.at
        if negative:
            self.take("n")
        first_digit = self.at
        text = self.text
        while self.at < len(text) and text[self.at] in DIGITS:
            self.at += 1
        return text[start : self.at] if self.at > first_digit else ""

    def natural(self) -> int:
        """A number without a sign; Malformed where there is none."""
        digits = self.number()
        if not digits:
            raise self.malformed()
        value = 0
        for digit in digits:
            value = value * 10 + ord(digit) - 48 & WRAP
        return value

    def length_prefixed(self) -> str:
        """A text with its length in front, as identifiers are; Malformed if it is cut off."""
        length = self.natural()
        if length > self.left_over():
            raise self.malformed()
        self.at += length
        return self.text[self.at - length : self.at]

    def sequence_id(self) -> int | None:
        """A number of base 36; None where there is none."""
        start = self.at
        value = 0
        while self.peek() in _SEQUENCE_DIGITS:
            value = value * 36 + int(self.peek(), 36) & WRAP
            self.at += 1
        return value if self.at > start else None

    def operator(self) -> Operator | None:
        """Reads the two letters of an operator if they come next."""
        operator = OPERATORS.get(self.text[self.at : self.at + 2])
        if operator is None or (operator is _ENCLOSED_CALL and not self.knows(ENCLOSED_CALLS)):
            return None
        self.at += 2
        return operator

    # The rules that others need.

    @abstractmethod
    def encoding(self) -> Node: ...

    @abstractmethod
    def name(self, state: NameState | None = None) -> Node: ...

    @abstractmethod
    def unscoped_name(self, state: NameState | None) -> tuple[Node, bool]: ...

    @abstractmethod
    def source_name(self) -> Node: ...

    @abstractmethod
    def operator_name(self, state: NameState | None) -> Node: ...

    @abstractmethod
    def unnamed_type_name(self, state: NameState | None) -> Node: ...

    @abstractmethod
    def abi_tags(self, node: Node) -> Node: ...

    @abstractmethod
    def substitution(self) -> Node: ...

    @abstractmethod
    def template_parameter(self) -> Node: ...

    @abstractmethod
    def template_parameter_declaration(self, parameters: list[Node] | None) -> Node: ...

    @abstractmethod
    def starts_parameter_declaration(self) -> bool: ...

    @abstractmethod
    def template_arguments(self, tag: bool = False) -> Node: ...

    @abstractmethod
    def template_argument(self) -> Node: ...

    @abstractmethod
    def type(self) -> Node: ...

    @abstractmethod
    def decltype(self) -> Node: ...

    @abstractmethod
    def expression(self) -> Node: ...

    @abstractmethod
    def primary_expression(self) -> Node: ...

    @abstractmethod
    def constraint(self) -> Node: ...

    def types_until(self, end: str) -> list[Node]:
        """Types up to a closing text, which is read."""
        types: list[Node] = []
        while not self.take(end):
            types.append(self.type())
        return types

    def expressions_until(self, end: str) -> list[Node]:
        """Expressions up to a closing text, which is read."""
        expressions: list[Node] = []
        while not self.take(end):
            expressions.append(self.expression())
        return expressions

    def arguments_until(self, end: str) -> list[Node]:
        """Template arguments up to a closing text, which is read."""
        arguments: list[Node] = []
        while not self.take(end):
            arguments.append(self.template_argument())
        return arguments

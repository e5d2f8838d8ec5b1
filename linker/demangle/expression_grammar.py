"""The rules for expressions (Itanium C++ ABI, section 5.1.6)."""

from __future__ import annotations

from linker.demangle.cursor import DIGITS, Cursor
from linker.demangle.expression_nodes import (
    Binary,
    Call,
    Conditional,
    Conversion,
    Designated,
    Enclosed,
    ExpressionRequirement,
    Fold,
    InitializerList,
    Lambda,
    Member,
    MemberPointerConversion,
    NamedCast,
    New,
    Postfix,
    Prefix,
    Requires,
    SizeofPack,
    Subobject,
    Subscript,
    WordBefore,
    WordRequirement,
)
from linker.demangle.history import CHARACTER_LISTS, CONSTRAINTS, LOWER_CASE_FLOATS
from linker.demangle.literal_nodes import Enumerator, Float, Integer, StringLiteral
from linker.demangle.nodes import (
    DependentDestructorName,
    GlobalName,
    Joined,
    Name,
    Node,
    NodeList,
    Precedence,
    Text,
)
from linker.demangle.operators import Form, Operator
from linker.demangle.template_nodes import NameWithArguments, PackExpansion

# What a literal of a built-in type has after it, or in front where it is longer than a suffix.
_INTEGERS = {
    "w": "wchar_t",
    "c": "char",
    "a": "signed char",
    "h": "unsigned char",
    "s": "short",
    "t": "unsigned short",
    "i": "",
    "j": "u",
    "l": "l",
    "m": "ul",
    "x": "ll",
    "y": "ull",
    "n": "__int128",
    "o": "unsigned __int128",
}
# Hexadecimal digits of a floating-point literal; long double as on x86.
_FLOATS = {"f": 8, "d": 16, "e": 20}
_LOWER_HEXADECIMAL = frozenset("0123456789abcdef")
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


class ExpressionGrammar(Cursor):
    def expression(self) -> Node:
        self.descend()
        is_global = self.take("gs")
        operator = self.operator()
        if operator is not None:
            node = self.operation(operator, is_global)
        else:
            node = self.other_expression(is_global)
        self.ascend()
        return node

    def constraint(self) -> Node:
        """An expression in which template parameters of all enclosing levels are in scope."""
        saved, self.levels_unknown = self.levels_unknown, True
        node = self.expression()
        self.levels_unknown = saved
        return node

    def operation(self, operator: Operator, is_global: bool) -> Node:
        form, sign, precedence, flag = operator
        if form is Form.BINARY:
            first = self.expression()
            return Binary(first, sign, self.expression(), precedence)
        if form is Form.PREFIX or (form is Form.POSTFIX and self.take("_")):
            return Prefix(sign, self.expression(), precedence)
        if form is Form.POSTFIX:
            return Postfix(self.expression(), sign, precedence)
        if form is Form.SUBSCRIPT:
            base = self.expression()
            return Subscript(base, self.expression(), precedence)
        if form is Form.MEMBER:
            base = self.expression()
            return Member(base, sign, self.expression(), precedence)
        if form is Form.NEW:
            return self.new_expression("::" + sign if is_global else sign, precedence)
        if form is Form.DELETE:
            word = f"::{sign} " if is_global else f"{sign} "
            return WordBefore(word, self.expression(), precedence)
        if form is Form.CALL:
            callee = self.expression()
            return Call(callee, self.expressions_until("E"), flag, precedence)
        if form is Form.CAST:
            return self.conversion(precedence)
        if form is Form.CONDITIONAL:
            condition = self.expression()
            then = self.expression()
            return Conditional(condition, then, self.expression(), precedence)
        if form is Form.NAMED_CAST:
            type_ = self.type()
            return NamedCast(sign, type_, self.expression(), precedence)
        if form is Form.OF:
            return Enclosed(sign, self.type() if flag else self.expression(), precedence)
        # NAME_ONLY: no operator of expressions.
        raise self.malformed()

    def new_expression(self, word: str, precedence: Precedence) -> Node:
        placement = self.expressions_until("_")
        type_ = self.type()
        initializers: list[Node] = []
        if self.take("pi"):
            initializers = self.expressions_until("E")
        else:
            self.expect("E")
        return New(word, placement, type_, initializers, precedence)

    def conversion(self, precedence: Precedence) -> Node:
        saved, self.take_template_arguments = self.take_template_arguments, False
        type_ = self.type()
        self.take_template_arguments = saved
        if self.take("_"):
            return Conversion(type_, self.expressions_until("E"), precedence)
        if self.take("E"):
            raise self.malformed()
        return Conversion(type_, [self.expression()], precedence)

    def other_expression(self, is_global: bool) -> Node:
        """What does not start with an operator."""
        if self.left_over() < 2:
            raise self.malformed()
        first, second = self.peek(), self.peek(1)
        if first == "L":
            return self.primary_expression()
        if first == "T":
            return self.template_parameter()
        if first == "f":
            if second == "p" or (second == "L" and self.peek(2) in DIGITS):
                return self.function_parameter()
            return self.fold()
        if first == "s" and second in ("o", "p", "Z", "P"):
            self.at += 2
            return self.s_expression(second)
        if first == "t" and second in ("l", "r", "w"):
            self.at += 2
            return self.t_expression(second)
        if self.take("il"):
            return InitializerList(None, self.braced_expressions())
        if self.take("mc"):
            type_ = self.type()
            operand = self.expression()
            self.number(negative=True)
            self.expect("E")
            return MemberPointerConversion(type_, operand, Precedence.UNARY)
        if self.take("nx"):
            return Enclosed("noexcept ", self.expression(), Precedence.UNARY)
        if first == "r" and second in ("q", "Q") and self.knows(CONSTRAINTS):
            return self.requires_expression()
        if self.take("u"):
            return self.vendor_expression()
        return self.unresolved_name(is_global)

    def s_expression(self, kind: str) -> Node:
        if kind == "o":
            return self.subobject()
        if kind == "p":
            return PackExpansion(self.expression())
        if kind == "P":
            return Enclosed("sizeof... ", NodeList(self.arguments_until("E")))
        if self.peek() == "T":
            return SizeofPack(self.template_parameter())
        return Enclosed("sizeof... ", self.function_parameter())

    def t_expression(self, kind: str) -> Node:
        if kind == "l":
            type_ = self.type()
            elements = self.braced_expressions()
            return InitializerList(type_, elements, as_text=self.knows(CHARACTER_LISTS))
        if kind == "r":
            return Name("throw")
        return WordBefore("throw ", self.expression())

    def subobject(self) -> Node:
        type_ = self.type()
        child = self.expression()
        offset = self.number(negative=True)
        # Which members of unions, and whether it is one past the end, is not printed.
        while self.take("_"):
            self.number()
        self.take("p")
        self.expect("E")
        return Subobject(type_, child, offset)

    def vendor_expression(self) -> Node:
        name = self.source_name()
        arguments: list[Node]
        # An old form of Microsoft's operator, with one operand and no end.
        if name.base_name() == "__uuidof" and self.take("t"):
            arguments = [self.type()]
        elif name.base_name() == "__uuidof" and self.take("z"):
            arguments = [self.expression()]
        else:
            arguments = self.arguments_until("E")
        return Call(name, arguments, False, Precedence.POSTFIX)

    def braced_expressions(self) -> list[Node]:
        elements: list[Node] = []
        while not self.take("E"):
            elements.append(self.braced_expression())
        return elements

    def braced_expression(self) -> Node:
        self.descend()
        node: Node
        if self.take("di"):
            field = self.source_name()
            node = Designated(field, None, False, self.braced_expression())
        elif self.take("dx"):
            index = self.expression()
            node = Designated(index, None, True, self.braced_expression())
        elif self.take("dX"):
            first = self.expression()
            last = self.expression()
            node = Designated(first, last, True, self.braced_expression())
        else:
            node = self.expression()
        self.ascend()
        return node

    def function_parameter(self) -> Node:
        if self.take("fpT"):
            return Name("this")
        if self.take("fL"):
            if not self.number():
                raise self.malformed()
            self.expect("p")
        else:
            self.expect("fp")
        for qualifier in "rVK":
            self.take(qualifier)
        number = self.number()
        self.expect("_")
        return Text(f"fp{number}")

    def fold(self) -> Node:
        self.expect("f")
        kind = self.peek()
        if kind not in ("l", "r", "L", "R"):
            raise self.malformed()
        self.at += 1
        is_left = kind in ("l", "L")
        operator = self.operator()
        if operator is None or not (
            operator.form is Form.BINARY
            or (operator.form is Form.MEMBER and operator.sign.endswith("*"))
        ):
            raise self.malformed()
        first = self.expression()
        if kind in ("l", "r"):
            return Fold(is_left, operator.sign, first, None)
        second = self.expression()
        if is_left:
            return Fold(is_left, operator.sign, second, first)
        return Fold(is_left, operator.sign, first, second)

    def requires_expression(self) -> Node:
        parameters: list[Node] = []
        if self.take("rQ"):
            parameters = self.types_until("_")
        else:
            self.expect("rq")
        requirements = [self.requirement()]
        while not self.take("E"):
            requirements.append(self.requirement())
        return Requires(parameters, requirements)

    def requirement(self) -> Node:
        if self.take("X"):
            expression = self.expression()
            noexcept = self.take("N")
            constraint = self.name() if self.take("R") else None
            return ExpressionRequirement(expression, noexcept, constraint)
        if self.take("T"):
            return WordRequirement("typename", self.type())
        if self.take("Q"):
            return WordRequirement("requires", self.expression())
        raise self.malformed()

    def primary_expression(self) -> Node:
        """A literal, or the name of an object or function."""
        self.expect("L")
        first = self.peek()
        if first in _INTEGERS:
            self.at += 1
            value = self.number(negative=True)
            if not value:
                raise self.malformed()
            self.expect("E")
            return Integer(_INTEGERS[first], value)
        if first in _FLOATS:
            self.at += 1
            return self.float_literal(_FLOATS[first])
        if first == "b":
            if self.take("b0E"):
                return Text("false")
            self.expect("b1E")
            return Text("true")
        if first == "_":
            self.expect("_Z")
            node = self.encoding()
        elif first == "A":
            node = StringLiteral(self.type())
        elif first == "D":
            self.expect("Dn")
            self.take("0")
            node = Name("nullptr")
        elif first == "U":
            if self.peek(1) != "l":
                raise self.malformed()
            node = Lambda(self.unnamed_type_name(None))
        elif first == "T":
            raise self.malformed()
        else:
            type_ = self.type()
            value = self.number(negative=True)
            if not value:
                raise self.malformed()
            node = Enumerator(type_, value)
        self.expect("E")
        return node

    def float_literal(self, length: int) -> Node:
        digits = self.text[self.at : self.at + length]
        if not self.knows(LOWER_CASE_FLOATS):
            digits = _as_small_letters(digits)
        if self.left_over() <= length or not _LOWER_HEXADECIMAL.issuperset(digits):
            raise self.malformed()
        self.at += length
        self.expect("E")
        return Float(digits)

    def unresolved_name(self, is_global: bool) -> Node:
        """A dependent name, looked up in a scope or in none."""
        if self.take("srN"):
            scope = self.maybe_with_arguments(self.unresolved_type())
            while not self.take("E"):
                scope = Joined(scope, "::", self.simple_id())
            return Joined(scope, "::", self.base_unresolved_name())
        if not self.take("sr"):
            node = self.base_unresolved_name()
            return GlobalName(node) if is_global else node
        if self.peek() in DIGITS:
            scope = self.simple_id()
            if is_global:
                scope = GlobalName(scope)
            while not self.take("E"):
                scope = Joined(scope, "::", self.simple_id())
        else:
            scope = self.maybe_with_arguments(self.unresolved_type())
        return Joined(scope, "::", self.base_unresolved_name())

    def maybe_with_arguments(self, node: Node) -> Node:
        if self.peek() == "I":
            return NameWithArguments(node, self.template_arguments())
        return node

    def simple_id(self) -> Node:
        return self.maybe_with_arguments(self.source_name())

    def unresolved_type(self) -> Node:
        first = self.peek()
        if first not in ("T", "D"):
            return self.substitution()
        node = self.template_parameter() if first == "T" else self.decltype()
        self.substitutions.append(node)
        return node

    def base_unresolved_name(self) -> Node:
        if self.peek() in DIGITS:
            return self.simple_id()
        if self.take("dn"):
            is_name = self.peek() in DIGITS
            return DependentDestructorName(self.simple_id() if is_name else self.unresolved_type())
        self.take("on")
        return self.maybe_with_arguments(self.operator_name(None))


def _as_small_letters(digits: str) -> str:
    """Digits with the value that they get where a capital letter counts from the small `a`."""
    if not _HEXADECIMAL.issuperset(digits) or len(digits) % 2:
        return digits
    values = [int(digit) if digit in DIGITS else ord(digit) - ord("a") + 10 for digit in digits]
    pairs = zip(values[::2], values[1::2], strict=True)
    return "".join(f"{(high << 4) + low & 0xFF:02x}" for high, low in pairs)

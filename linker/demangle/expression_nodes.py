"""How expressions are printed (see nodes.py)."""

from __future__ import annotations

from linker.demangle.literal_nodes import signed_number
from linker.demangle.nodes import ClosureName, Node, Precedence, print_with_commas
from linker.demangle.output import Output
from linker.demangle.template_nodes import PackExpansion


class Expression(Node):
    """A node with a precedence of its own."""

    __slots__ = ("precedence",)

    def __init__(self, precedence: Precedence) -> None:
        self.precedence = precedence


class Binary(Expression):
    __slots__ = ("first", "operator", "second")

    def __init__(self, first: Node, operator: str, second: Node, precedence: Precedence) -> None:
        super().__init__(precedence)
        self.first = first
        self.operator = operator
        self.second = second

    def left(self, out: Output) -> None:
        # Outside parentheses this `>` would end the template arguments.
        enclosed = out.depth == 0 and self.operator in (">", ">>")
        if enclosed:
            out.open()
        assigns = self.precedence == Precedence.ASSIGN
        self.first.print_operand(
            out, Precedence.OR_IF if assigns else self.precedence, strictly=not assigns
        )
        out.write(", " if self.operator == "," else f" {self.operator} ")
        self.second.print_operand(out, self.precedence, strictly=assigns)
        if enclosed:
            out.close()


class Prefix(Expression):
    __slots__ = ("child", "operator")

    def __init__(self, operator: str, child: Node, precedence: Precedence) -> None:
        super().__init__(precedence)
        self.operator = operator
        self.child = child

    def left(self, out: Output) -> None:
        out.write(self.operator)
        self.child.print_operand(out, self.precedence)


class Postfix(Expression):
    __slots__ = ("child", "operator")

    def __init__(self, child: Node, operator: str, precedence: Precedence) -> None:
        super().__init__(precedence)
        self.child = child
        self.operator = operator

    def left(self, out: Output) -> None:
        self.child.print_operand(out, self.precedence, strictly=True)
        out.write(self.operator)


class Subscript(Expression):
    __slots__ = ("base", "index")

    def __init__(self, base: Node, index: Node, precedence: Precedence) -> None:
        super().__init__(precedence)
        self.base = base
        self.index = index

    def left(self, out: Output) -> None:
        self.base.print_operand(out, self.precedence)
        out.open("[")
        self.index.print_operand(out)
        out.close("]")


class Conditional(Expression):
    __slots__ = ("condition", "otherwise", "then")

    def __init__(
        self, condition: Node, then: Node, otherwise: Node, precedence: Precedence
    ) -> None:
        super().__init__(precedence)
        self.condition = condition
        self.then = then
        self.otherwise = otherwise

    def left(self, out: Output) -> None:
        self.condition.print_operand(out, self.precedence)
        out.write(" ? ")
        self.then.print_operand(out)
        out.write(" : ")
        self.otherwise.print_operand(out, Precedence.ASSIGN, strictly=True)


class Member(Expression):
    """`a.b`, `a->b`, `a.*b`, `a->*b`"""

    __slots__ = ("base", "member", "operator")

    def __init__(self, base: Node, operator: str, member: Node, precedence: Precedence) -> None:
        super().__init__(precedence)
        self.base = base
        self.operator = operator
        self.member = member

    def left(self, out: Output) -> None:
        self.base.print_operand(out, self.precedence, strictly=True)
        out.write(self.operator)
        self.member.print_operand(out, self.precedence)


class Enclosed(Expression):
    """A word and its operand in parentheses: `sizeof (x)`, `decltype(x)`."""

    __slots__ = ("child", "word")

    def __init__(self, word: str, child: Node, precedence: Precedence = Precedence.PRIMARY) -> None:
        super().__init__(precedence)
        self.word = word
        self.child = child

    def left(self, out: Output) -> None:
        out.write(self.word)
        out.open()
        self.child.print(out)
        out.close()


class NamedCast(Expression):
    """`static_cast<T>(x)`; a right half of the type is not printed."""

    __slots__ = ("cast", "operand", "type")

    def __init__(self, cast: str, type_: Node, operand: Node, precedence: Precedence) -> None:
        super().__init__(precedence)
        self.cast = cast
        self.type = type_
        self.operand = operand

    def left(self, out: Output) -> None:
        out.write(self.cast)
        outside = out.enter_template()
        out.write("<")
        self.type.left(out)
        out.write(">")
        out.leave_template(outside)
        out.open()
        self.operand.print_operand(out)
        out.close()


class SizeofPack(Node):
    """`sizeof...(elements)`"""

    __slots__ = ("pack",)

    def __init__(self, pack: Node) -> None:
        self.pack = pack

    def left(self, out: Output) -> None:
        out.write("sizeof...")
        out.open()
        PackExpansion(self.pack).left(out)
        out.close()


class Call(Expression):
    """A call; in `(f)(x)` the parentheses keep argument-dependent lookup away."""

    __slots__ = ("arguments", "callee", "enclosed")

    def __init__(
        self, callee: Node, arguments: list[Node], enclosed: bool, precedence: Precedence
    ) -> None:
        super().__init__(precedence)
        self.callee = callee
        self.arguments = arguments
        self.enclosed = enclosed

    def left(self, out: Output) -> None:
        if self.enclosed:
            out.open()
        self.callee.print(out)
        if self.enclosed:
            out.close()
        out.open()
        print_with_commas(out, self.arguments)
        out.close()


class New(Expression):
    """`::new[](placement) T(initializers)`"""

    __slots__ = ("initializers", "placement", "type", "word")

    def __init__(
        self,
        word: str,
        placement: list[Node],
        type_: Node,
        initializers: list[Node],
        precedence: Precedence,
    ) -> None:
        super().__init__(precedence)
        self.word = word
        self.placement = placement
        self.type = type_
        self.initializers = initializers

    def left(self, out: Output) -> None:
        out.write(self.word)
        if self.placement:
            out.open()
            print_with_commas(out, self.placement)
            out.close()
        out.write(" ")
        self.type.print(out)
        if self.initializers:
            out.open()
            print_with_commas(out, self.initializers)
            out.close()


class WordBefore(Expression):
    """A word and an operand that never needs parentheses: `delete x`, `throw x`."""

    __slots__ = ("child", "word")

    def __init__(self, word: str, child: Node, precedence: Precedence = Precedence.PRIMARY) -> None:
        super().__init__(precedence)
        self.word = word
        self.child = child

    def left(self, out: Output) -> None:
        out.write(self.word)
        self.child.print(out)


class Conversion(Expression):
    """`(T)(x, y)`"""

    __slots__ = ("operands", "type")

    def __init__(self, type_: Node, operands: list[Node], precedence: Precedence) -> None:
        super().__init__(precedence)
        self.type = type_
        self.operands = operands

    def left(self, out: Output) -> None:
        out.open()
        self.type.print(out)
        out.close()
        out.open()
        print_with_commas(out, self.operands)
        out.close()


class MemberPointerConversion(Expression):
    """`(T)(x)` between pointers to members; the offset is not printed."""

    __slots__ = ("operand", "type")

    def __init__(self, type_: Node, operand: Node, precedence: Precedence) -> None:
        super().__init__(precedence)
        self.type = type_
        self.operand = operand

    def left(self, out: Output) -> None:
        out.open()
        self.type.print(out)
        out.close()
        out.open()
        self.operand.print(out)
        out.close()


class Subobject(Node):
    """A part of an object, by type and offset."""

    __slots__ = ("child", "offset", "type")

    def __init__(self, type_: Node, child: Node, offset: str) -> None:
        self.type = type_
        self.child = child
        self.offset = offset

    def left(self, out: Output) -> None:
        self.child.print(out)
        out.write(".<")
        self.type.print(out)
        out.write(f" at offset {signed_number(self.offset) or '0'}>")


class InitializerList(Node):
    """`T{a, b}`; with `as_text`, an array of char is a string."""

    __slots__ = ("as_text", "elements", "type")

    def __init__(self, type_: Node | None, elements: list[Node], as_text: bool = False) -> None:
        self.type = type_
        self.as_text = as_text
        self.elements = elements

    def left(self, out: Output) -> None:
        if self.type is not None:
            if self.as_text and self.type.print_list_as_type(out, self.elements):
                return
            self.type.print(out)
        out.write("{")
        print_with_commas(out, self.elements)
        out.write("}")


class Designated(Node):
    """`.name = x`, `[index] = x` or `[first ... last] = x` in an initializer list."""

    __slots__ = ("designator", "first", "initializer", "last")

    def __init__(self, first: Node, last: Node | None, is_index: bool, initializer: Node) -> None:
        self.first = first
        self.last = last
        self.designator = ("[", "]") if is_index else (".", "")
        self.initializer = initializer

    def left(self, out: Output) -> None:
        out.write(self.designator[0])
        self.first.print(out)
        if self.last is not None:
            out.write(" ... ")
            self.last.print(out)
        out.write(self.designator[1])
        if not isinstance(self.initializer, Designated):
            out.write(" = ")
        self.initializer.print(out)


class Fold(Node):
    """A fold expression over a pack, with or without an initial value."""

    __slots__ = ("initial", "is_left", "operator", "pack")

    def __init__(self, is_left: bool, operator: str, pack: Node, initial: Node | None) -> None:
        self.is_left = is_left
        self.operator = operator
        self.pack = pack
        self.initial = initial

    def left(self, out: Output) -> None:
        out.open()
        if self.is_left:
            if self.initial is not None:
                self.initial.print_operand(out, Precedence.CAST, strictly=True)
                out.write(f" {self.operator} ")
            out.write(f"... {self.operator} ")
            self.print_pack(out)
        else:
            self.print_pack(out)
            out.write(f" {self.operator} ...")
            if self.initial is not None:
                out.write(f" {self.operator} ")
                self.initial.print_operand(out, Precedence.CAST, strictly=True)
        out.close()

    def print_pack(self, out: Output) -> None:
        out.open()
        PackExpansion(self.pack).print(out)
        out.close()


class Lambda(Node):
    """A lambda expression, of which the mangling has only the type."""

    __slots__ = ("type",)

    def __init__(self, type_: Node) -> None:
        self.type = type_

    def left(self, out: Output) -> None:
        out.write("[]")
        if isinstance(self.type, ClosureName):
            self.type.print_declarator(out)
        out.write("{...}")


class Requires(Node):
    """A requires expression."""

    __slots__ = ("parameters", "requirements")

    def __init__(self, parameters: list[Node], requirements: list[Node]) -> None:
        self.parameters = parameters
        self.requirements = requirements

    def left(self, out: Output) -> None:
        out.write("requires")
        if self.parameters:
            out.write(" ")
            out.open()
            print_with_commas(out, self.parameters)
            out.close()
        out.write(" ")
        out.open("{")
        for requirement in self.requirements:
            requirement.print(out)
        out.write(" ")
        out.close("}")


class ExpressionRequirement(Node):
    __slots__ = ("constraint", "expression", "noexcept")

    def __init__(self, expression: Node, noexcept: bool, constraint: Node | None) -> None:
        self.expression = expression
        self.noexcept = noexcept
        self.constraint = constraint

    def left(self, out: Output) -> None:
        out.write(" ")
        braced = self.noexcept or self.constraint is not None
        if braced:
            out.open("{")
        self.expression.print(out)
        if braced:
            out.close("}")
        if self.noexcept:
            out.write(" noexcept")
        if self.constraint is not None:
            out.write(" -> ")
            self.constraint.print(out)
        out.write(";")


class WordRequirement(Node):
    """` typename T;` or ` requires C;`"""

    __slots__ = ("child", "word")

    def __init__(self, word: str, child: Node) -> None:
        self.word = word
        self.child = child

    def left(self, out: Output) -> None:
        out.write(f" {self.word} ")
        self.child.print(out)
        out.write(";")

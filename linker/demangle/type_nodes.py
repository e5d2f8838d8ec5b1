"""How types and functions are printed (see nodes.py)."""

from __future__ import annotations

from linker.demangle.literal_nodes import print_as_string
from linker.demangle.nodes import YES, Name, Node, print_with_commas
from linker.demangle.output import Output

CONST, VOLATILE, RESTRICT = 1, 2, 4


def print_qualifiers(out: Output, qualifiers: int) -> None:
    if qualifiers & CONST:
        out.write(" const")
    if qualifiers & VOLATILE:
        out.write(" volatile")
    if qualifiers & RESTRICT:
        out.write(" restrict")


class QualifiedType(Node):
    """A type with const, volatile or restrict."""

    __slots__ = ("array", "child", "function", "qualifiers", "right_half")

    def __init__(self, child: Node, qualifiers: int) -> None:
        self.child = child
        self.qualifiers = qualifiers
        self.right_half = child.right_half
        self.array = child.array
        self.function = child.function

    def left(self, out: Output) -> None:
        self.child.left(out)
        print_qualifiers(out, self.qualifiers)

    def right(self, out: Output) -> None:
        self.child.right(out)

    def ask_right_half(self, out: Output) -> bool:
        return self.child.has_right_half(out)

    def ask_array(self, out: Output) -> bool:
        return self.child.is_array(out)

    def ask_function(self, out: Output) -> bool:
        return self.child.is_function(out)


class VendorQualifiedType(Node):
    __slots__ = ("arguments", "child", "qualifier")

    def __init__(self, child: Node, qualifier: str, arguments: Node | None) -> None:
        self.child = child
        self.qualifier = qualifier
        self.arguments = arguments

    def left(self, out: Output) -> None:
        self.child.print(out)
        out.write(f" {self.qualifier}")
        if self.arguments is not None:
            self.arguments.print(out)


class SuffixedType(Node):
    """A type and a word after it: ` complex`, ` auto`. A right half of the type is not printed."""

    __slots__ = ("child", "suffix")

    def __init__(self, child: Node, suffix: str) -> None:
        self.child = child
        self.suffix = suffix

    def left(self, out: Output) -> None:
        self.child.left(out)
        out.write(self.suffix)


class BitIntType(Node):
    __slots__ = ("signed", "size")

    def __init__(self, size: Node, signed: bool) -> None:
        self.size = size
        self.signed = signed

    def left(self, out: Output) -> None:
        out.write("_BitInt" if self.signed else "unsigned _BitInt")
        out.open()
        self.size.print_operand(out)
        out.close()


class TransformedType(Node):
    """A type trait of the compiler, as `__underlying_type(E)`."""

    __slots__ = ("child", "transform")

    def __init__(self, transform: str, child: Node) -> None:
        self.transform = transform
        self.child = child

    def left(self, out: Output) -> None:
        out.write(f"{self.transform}(")
        self.child.print(out)
        out.write(")")


class VectorType(Node):
    __slots__ = ("base", "dimension")

    def __init__(self, base: Node, dimension: Node | None) -> None:
        self.base = base
        self.dimension = dimension

    def left(self, out: Output) -> None:
        self.base.print(out)
        out.write(" vector[")
        if self.dimension is not None:
            self.dimension.print(out)
        out.write("]")


class ObjectiveCProtocol(Node):
    __slots__ = ("child", "protocol")

    def __init__(self, child: Node, protocol: str) -> None:
        self.child = child
        self.protocol = protocol

    def is_object(self) -> bool:
        return isinstance(self.child, Name) and self.child.name == "objc_object"

    def left(self, out: Output) -> None:
        self.child.print(out)
        out.write(f"<{self.protocol}>")


class PointerType(Node):
    __slots__ = ("pointee", "right_half")

    def __init__(self, pointee: Node) -> None:
        self.pointee = pointee
        self.right_half = pointee.right_half

    def left(self, out: Output) -> None:
        pointee = self.pointee
        if isinstance(pointee, ObjectiveCProtocol) and pointee.is_object():
            out.write(f"id<{pointee.protocol}>")
            return
        pointee.left(out)
        if pointee.is_array(out):
            out.write(" (*")
        elif pointee.is_function(out):
            out.write("(*")
        else:
            out.write("*")

    def right(self, out: Output) -> None:
        pointee = self.pointee
        if isinstance(pointee, ObjectiveCProtocol) and pointee.is_object():
            return
        if pointee.is_array(out) or pointee.is_function(out):
            out.write(")")
        pointee.right(out)

    def ask_right_half(self, out: Output) -> bool:
        return self.pointee.has_right_half(out)


class ReferenceType(Node):
    """`&` or `&&`; a reference to a reference collapses as in C++."""

    __slots__ = ("pointee", "printing", "right_half", "rvalue")

    def __init__(self, pointee: Node, rvalue: bool) -> None:
        self.pointee = pointee
        self.rvalue = rvalue
        # An ill-formed name can make a reference refer to itself.
        self.printing = False
        self.right_half = pointee.right_half

    def collapsed(self, out: Output) -> tuple[bool, Node | None]:
        """Whether it is `&&` in the end, and to what; to nothing if it refers to itself."""
        rvalue, pointee = self.rvalue, self.pointee
        seen: list[Node] = []
        while True:
            syntax = pointee.syntax_node(out)
            if not isinstance(syntax, ReferenceType):
                return rvalue, pointee
            pointee = syntax.pointee
            rvalue = rvalue and syntax.rvalue
            # The element in the middle moves at half the speed and is caught up with in a cycle.
            seen.append(pointee)
            if len(seen) > 1 and pointee is seen[(len(seen) - 1) // 2]:
                return rvalue, None

    def left(self, out: Output) -> None:
        if self.printing:
            return
        self.printing = True
        rvalue, pointee = self.collapsed(out)
        if pointee is not None:
            pointee.left(out)
            if pointee.is_array(out):
                out.write(" (")
            elif pointee.is_function(out):
                out.write("(")
            out.write("&&" if rvalue else "&")
        self.printing = False

    def right(self, out: Output) -> None:
        if self.printing:
            return
        self.printing = True
        _, pointee = self.collapsed(out)
        if pointee is not None:
            if pointee.is_array(out) or pointee.is_function(out):
                out.write(")")
            pointee.right(out)
        self.printing = False

    def ask_right_half(self, out: Output) -> bool:
        return self.pointee.has_right_half(out)


class PointerToMember(Node):
    __slots__ = ("class_type", "member", "right_half")

    def __init__(self, class_type: Node, member: Node) -> None:
        self.class_type = class_type
        self.member = member
        self.right_half = member.right_half

    def left(self, out: Output) -> None:
        self.member.left(out)
        enclosed = self.member.is_array(out) or self.member.is_function(out)
        out.write("(" if enclosed else " ")
        self.class_type.print(out)
        out.write("::*")

    def right(self, out: Output) -> None:
        if self.member.is_array(out) or self.member.is_function(out):
            out.write(")")
        self.member.right(out)

    def ask_right_half(self, out: Output) -> bool:
        return self.member.has_right_half(out)


class ArrayType(Node):
    __slots__ = ("base", "dimension")
    right_half = YES
    array = YES

    def __init__(self, base: Node, dimension: Node | None) -> None:
        self.base = base
        self.dimension = dimension

    def left(self, out: Output) -> None:
        self.base.left(out)

    def right(self, out: Output) -> None:
        out.write("[" if out.last() == "]" else " [")
        if self.dimension is not None:
            self.dimension.print(out)
        out.write("]")
        self.base.right(out)

    def print_list_as_type(self, out: Output, elements: list[Node]) -> bool:
        if isinstance(self.base, Name) and self.base.name == "char":
            return print_as_string(out, elements)
        return False


class FunctionType(Node):
    """A function's type without a name; `reference` is "", " &" or " &&"."""

    __slots__ = ("exceptions", "parameters", "qualifiers", "reference", "returns")
    right_half = YES
    function = YES

    def __init__(
        self,
        returns: Node,
        parameters: list[Node],
        qualifiers: int,
        reference: str,
        exceptions: Node | None,
    ) -> None:
        self.returns = returns
        self.parameters = parameters
        self.qualifiers = qualifiers
        self.reference = reference
        self.exceptions = exceptions

    def left(self, out: Output) -> None:
        self.returns.left(out)
        out.write(" ")

    def right(self, out: Output) -> None:
        out.open()
        print_with_commas(out, self.parameters)
        out.close()
        self.returns.right(out)
        print_qualifiers(out, self.qualifiers)
        out.write(self.reference)
        if self.exceptions is not None:
            out.write(" ")
            self.exceptions.print(out)


class Noexcept(Node):
    __slots__ = ("condition",)

    def __init__(self, condition: Node) -> None:
        self.condition = condition

    def left(self, out: Output) -> None:
        out.write("noexcept")
        out.open()
        self.condition.print_operand(out)
        out.close()


class Throws(Node):
    """A dynamic exception specification."""

    __slots__ = ("types",)

    def __init__(self, types: list[Node]) -> None:
        self.types = types

    def left(self, out: Output) -> None:
        out.write("throw")
        out.open()
        print_with_commas(out, self.types)
        out.close()


class FunctionEncoding(Node):
    """A function with its parameters; only templates have the return type in their name."""

    __slots__ = (
        "attributes",
        "constraint",
        "name",
        "parameters",
        "qualifiers",
        "reference",
        "returns",
    )
    right_half = YES
    function = YES

    def __init__(
        self,
        returns: Node | None,
        name: Node,
        parameters: list[Node],
        attributes: Node | None,
        constraint: Node | None,
        qualifiers: int,
        reference: str,
    ) -> None:
        self.returns = returns
        self.name = name
        self.parameters = parameters
        self.attributes = attributes
        self.constraint = constraint
        self.qualifiers = qualifiers
        self.reference = reference

    def left(self, out: Output) -> None:
        if self.returns is not None:
            self.returns.left(out)
            if not self.returns.has_right_half(out):
                out.write(" ")
        self.name.print(out)

    def right(self, out: Output) -> None:
        out.open()
        print_with_commas(out, self.parameters)
        out.close()
        if self.returns is not None:
            self.returns.right(out)
        print_qualifiers(out, self.qualifiers)
        out.write(self.reference)
        if self.attributes is not None:
            self.attributes.print(out)
        if self.constraint is not None:
            out.write(" requires ")
            self.constraint.print(out)

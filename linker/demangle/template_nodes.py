"""How template arguments, parameters and packs are printed (see nodes.py)."""

from __future__ import annotations

from linker.demangle.nodes import NO, UNKNOWN, YES, Node, print_with_commas, resolved
from linker.demangle.output import Output


class ParameterPack(Node):
    """The elements of a pack, one of which is printed at a time (see PackExpansion)."""

    __slots__ = ("array", "elements", "function", "right_half")

    def __init__(self, elements: list[Node]) -> None:
        self.elements = elements
        self.right_half = NO if all(e.right_half == NO for e in elements) else UNKNOWN
        self.array = NO if all(e.array == NO for e in elements) else UNKNOWN
        self.function = NO if all(e.function == NO for e in elements) else UNKNOWN

    def current(self, out: Output) -> Node | None:
        """The element to print; the first pack met decides how many there are."""
        if out.pack_size is None:
            out.pack_size = len(self.elements)
            out.pack_index = 0
        index = out.pack_index
        if index is None or index >= len(self.elements):
            return None
        return self.elements[index]

    def left(self, out: Output) -> None:
        element = self.current(out)
        if element is not None:
            element.left(out)

    def right(self, out: Output) -> None:
        element = self.current(out)
        if element is not None:
            element.right(out)

    def ask_right_half(self, out: Output) -> bool:
        element = self.current(out)
        return element is not None and element.has_right_half(out)

    def ask_array(self, out: Output) -> bool:
        element = self.current(out)
        return element is not None and element.is_array(out)

    def ask_function(self, out: Output) -> bool:
        element = self.current(out)
        return element is not None and element.is_function(out)

    def syntax_node(self, out: Output) -> Node:
        element = self.current(out)
        return self if element is None else element.syntax_node(out)


class PackExpansion(Node):
    """A pattern, printed once for each element of the packs in it."""

    __slots__ = ("child",)

    def __init__(self, child: Node) -> None:
        self.child = child

    def left(self, out: Output) -> None:
        index, size = out.pack_index, out.pack_size
        out.pack_index = out.pack_size = None
        start = out.mark()
        self.child.print(out)
        # Set by the first pack in the pattern, if there was one.
        found: int | None = out.pack_size
        if found is None:
            out.write("...")
        elif found == 0:
            out.rewind(start)
        else:
            for element in range(1, found):
                out.write(", ")
                out.pack_index = element
                self.child.print(out)
        out.pack_index, out.pack_size = index, size


class TemplateArgumentPack(Node):
    __slots__ = ("elements",)

    def __init__(self, elements: list[Node]) -> None:
        self.elements = elements

    def left(self, out: Output) -> None:
        print_with_commas(out, self.elements)


class DeclaredArgument(Node):
    """An argument with the declaration of its parameter, which is not printed."""

    __slots__ = ("argument",)

    def __init__(self, argument: Node) -> None:
        self.argument = argument

    def left(self, out: Output) -> None:
        self.argument.print(out)


class TemplateArguments(Node):
    __slots__ = ("arguments",)

    def __init__(self, arguments: list[Node]) -> None:
        self.arguments = arguments

    def left(self, out: Output) -> None:
        outside = out.enter_template()
        out.write("<")
        print_with_commas(out, self.arguments)
        out.write(">")
        out.leave_template(outside)


class NameWithArguments(Node):
    __slots__ = ("arguments", "name")

    def __init__(self, name: Node, arguments: Node) -> None:
        self.name = name
        self.arguments = arguments

    def left(self, out: Output) -> None:
        self.name.print(out)
        self.arguments.print(out)

    def base_name(self) -> str:
        return self.name.base_name()


class ForwardReference(Node):
    """A template parameter whose argument comes later in the name (conversion operators)."""

    __slots__ = ("index", "printing", "target")
    right_half = UNKNOWN
    array = UNKNOWN
    function = UNKNOWN

    def __init__(self, index: int) -> None:
        self.index = index
        self.target: Node | None = None
        # An ill-formed name can make the argument contain the reference.
        self.printing = False

    def left(self, out: Output) -> None:
        if not self.printing:
            self.printing = True
            resolved(self.target).left(out)
            self.printing = False

    def right(self, out: Output) -> None:
        if not self.printing:
            self.printing = True
            resolved(self.target).right(out)
            self.printing = False

    def ask_right_half(self, out: Output) -> bool:
        if self.printing:
            return False
        self.printing = True
        answer = resolved(self.target).has_right_half(out)
        self.printing = False
        return answer

    def ask_array(self, out: Output) -> bool:
        if self.printing:
            return False
        self.printing = True
        answer = resolved(self.target).is_array(out)
        self.printing = False
        return answer

    def ask_function(self, out: Output) -> bool:
        if self.printing:
            return False
        self.printing = True
        answer = resolved(self.target).is_function(out)
        self.printing = False
        return answer

    def syntax_node(self, out: Output) -> Node:
        if self.printing:
            return self
        self.printing = True
        answer = resolved(self.target).syntax_node(out)
        self.printing = False
        return answer


class TypeParameter(Node):
    """The declaration of a template parameter: `typename T`, `C T`, `int N`, `typename... T`."""

    __slots__ = ("introduction", "name")
    right_half = YES

    def __init__(self, introduction: Node, name: Node) -> None:
        self.introduction = introduction
        self.name = name

    def left(self, out: Output) -> None:
        self.introduction.print(out)
        out.write(" ")

    def right(self, out: Output) -> None:
        self.name.print(out)


class NonTypeParameter(Node):
    __slots__ = ("name", "type")
    right_half = YES

    def __init__(self, name: Node, type_: Node) -> None:
        self.name = name
        self.type = type_

    def left(self, out: Output) -> None:
        self.type.left(out)
        if not self.type.has_right_half(out):
            out.write(" ")

    def right(self, out: Output) -> None:
        self.name.print(out)
        self.type.right(out)


class TemplateParameter(Node):
    """`template<typename T> typename N`"""

    __slots__ = ("constraint", "name", "parameters")
    right_half = YES

    def __init__(self, name: Node, parameters: list[Node], constraint: Node | None) -> None:
        self.name = name
        self.parameters = parameters
        self.constraint = constraint

    def left(self, out: Output) -> None:
        outside = out.enter_template()
        out.write("template<")
        print_with_commas(out, self.parameters)
        out.write("> typename ")
        out.leave_template(outside)

    def right(self, out: Output) -> None:
        self.name.print(out)
        if self.constraint is not None:
            out.write(" requires ")
            self.constraint.print(out)


class ParameterPackDeclaration(Node):
    __slots__ = ("parameter",)
    right_half = YES

    def __init__(self, parameter: Node) -> None:
        self.parameter = parameter

    def left(self, out: Output) -> None:
        self.parameter.left(out)
        out.write("...")

    def right(self, out: Output) -> None:
        self.parameter.right(out)

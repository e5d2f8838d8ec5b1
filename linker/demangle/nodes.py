"""The parts of a demangled name, and how names among them are printed.

C++ declarators surround what they declare (`int (*f)(char)`), so a part is printed as a left and a
right half; most have no right half. Whether a part has a right half, is an array or is a function
decides about parentheses and spaces around it. Inside an unexpanded parameter pack the answer
depends on the element that is being printed: then it is `UNKNOWN` until asked with the output.

The form of the text is that of LLVM 22 (llvm/include/llvm/Demangle/ItaniumDemangle.h).
"""

from __future__ import annotations

from enum import IntEnum

from linker.demangle.output import Malformed, Output

NO, YES, UNKNOWN = 0, 1, 2


class Precedence(IntEnum):
    """Of an expression, the tightest first."""

    PRIMARY = 0
    POSTFIX = 1
    UNARY = 2
    CAST = 3
    POINTER_TO_MEMBER = 4
    MULTIPLICATIVE = 5
    ADDITIVE = 6
    SHIFT = 7
    SPACESHIP = 8
    RELATIONAL = 9
    EQUALITY = 10
    AND = 11
    XOR = 12
    OR = 13
    AND_IF = 14
    OR_IF = 15
    CONDITIONAL = 16
    ASSIGN = 17
    COMMA = 18
    DEFAULT = 19


class Node:
    """A part of a name. `right_half`, `array` and `function` are NO, YES or UNKNOWN."""

    __slots__ = ()
    right_half: int = NO
    array: int = NO
    function: int = NO
    precedence: Precedence = Precedence.PRIMARY

    def left(self, out: Output) -> None:
        raise NotImplementedError

    def right(self, out: Output) -> None:
        """Prints the right half; most parts have none."""

    def print(self, out: Output) -> None:
        out.step()
        self.left(out)
        if self.right_half != NO:
            self.right(out)

    def print_operand(
        self, out: Output, limit: Precedence = Precedence.DEFAULT, strictly: bool = False
    ) -> None:
        """Prints in parentheses if this binds as weakly as `limit`, or (strictly) weaker."""
        if self.precedence >= limit + strictly:
            out.open()
            self.print(out)
            out.close()
        else:
            self.print(out)

    def has_right_half(self, out: Output) -> bool:
        return self.right_half == YES or (self.right_half == UNKNOWN and self.ask_right_half(out))

    def is_array(self, out: Output) -> bool:
        return self.array == YES or (self.array == UNKNOWN and self.ask_array(out))

    def is_function(self, out: Output) -> bool:
        return self.function == YES or (self.function == UNKNOWN and self.ask_function(out))

    # What UNKNOWN turns out to be with this output.
    def ask_right_half(self, out: Output) -> bool:
        return False

    def ask_array(self, out: Output) -> bool:
        return False

    def ask_function(self, out: Output) -> bool:
        return False

    def syntax_node(self, out: Output) -> Node:
        """The part that is really printed, where this one only stands for it."""
        return self

    def base_name(self) -> str:
        """The name that a constructor or destructor of this class has."""
        return ""

    def print_list_as_type(self, out: Output, elements: list[Node]) -> bool:
        """Prints an initializer list of this type in a form of its own, if there is one."""
        return False


def print_with_commas(out: Output, nodes: list[Node]) -> None:
    """Prints a list; a pack expansion without elements leaves no comma behind."""
    first = True
    for node in nodes:
        before = out.mark()
        if not first:
            out.write(", ")
        after = out.mark()
        node.print_operand(out, Precedence.COMMA)
        if out.mark() == after:
            out.rewind(before)
        else:
            first = False


class Text(Node):
    """A fixed text that is no name: a constructor can not be called after it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def left(self, out: Output) -> None:
        out.write(self.name)


class Name(Text):
    """An identifier, a built-in type, an operator's name."""

    __slots__ = ()

    def base_name(self) -> str:
        return self.name


class NodeList(Node):
    __slots__ = ("elements",)

    def __init__(self, elements: list[Node]) -> None:
        self.elements = elements

    def left(self, out: Output) -> None:
        print_with_commas(out, self.elements)


class Prefixed(Node):
    """A fixed text in front of a part: special names, literal operators, conversions."""

    __slots__ = ("child", "prefix")

    def __init__(self, prefix: str, child: Node) -> None:
        self.prefix = prefix
        self.child = child

    def left(self, out: Output) -> None:
        out.write(self.prefix)
        self.child.print(out)


class GlobalName(Prefixed):
    """`::name`"""

    __slots__ = ()

    def __init__(self, child: Node) -> None:
        super().__init__("::", child)

    def base_name(self) -> str:
        return self.child.base_name()


class Joined(Node):
    """Two parts and a text between them; the base name is that of the second."""

    __slots__ = ("first", "joint", "second")

    def __init__(self, first: Node, joint: str, second: Node) -> None:
        self.first = first
        self.joint = joint
        self.second = second

    def left(self, out: Output) -> None:
        self.first.print(out)
        out.write(self.joint)
        self.second.print(out)

    def base_name(self) -> str:
        return self.second.base_name()


class LocalName(Joined):
    """A name inside of a function."""

    __slots__ = ()

    def __init__(self, encoding: Node, entity: Node) -> None:
        super().__init__(encoding, "::", entity)

    def base_name(self) -> str:
        return ""


class DotSuffix(Node):
    """What compilers append to copies of a function: `f() (.llvm.123)`."""

    __slots__ = ("child", "suffix")

    def __init__(self, child: Node, suffix: str) -> None:
        self.child = child
        self.suffix = suffix

    def left(self, out: Output) -> None:
        self.child.print(out)
        out.write(f" ({self.suffix})")


class ConstructionVtable(Node):
    __slots__ = ("base", "derived")

    def __init__(self, base: Node, derived: Node) -> None:
        self.base = base
        self.derived = derived

    def left(self, out: Output) -> None:
        out.write("construction vtable for ")
        self.base.print(out)
        out.write("-in-")
        self.derived.print(out)


class ModuleName(Node):
    __slots__ = ("name", "parent", "partition")

    def __init__(self, parent: ModuleName | None, name: Node, partition: bool) -> None:
        self.parent = parent
        self.name = name
        self.partition = partition

    def left(self, out: Output) -> None:
        if self.parent is not None:
            self.parent.print(out)
        if self.partition:
            out.write(":")
        elif self.parent is not None:
            out.write(".")
        self.name.print(out)


class ModuleEntity(Node):
    """A name that a module owns: `name@module`."""

    __slots__ = ("module", "name")

    def __init__(self, module: ModuleName, name: Node) -> None:
        self.module = module
        self.name = name

    def left(self, out: Output) -> None:
        self.name.print(out)
        out.write("@")
        self.module.print(out)

    def base_name(self) -> str:
        return self.name.base_name()


class AbiTag(Node):
    __slots__ = ("array", "base", "function", "names_constructors", "right_half", "tag")

    def __init__(self, base: Node, tag: str, names_constructors: bool) -> None:
        self.base = base
        self.tag = tag
        self.names_constructors = names_constructors
        self.right_half = base.right_half
        self.array = base.array
        self.function = base.function

    def left(self, out: Output) -> None:
        self.base.left(out)
        out.write(f"[abi:{self.tag}]")

    def base_name(self) -> str:
        return self.base.base_name() if self.names_constructors else ""


class StandardName(Node):
    """One of the abbreviated names of namespace std, as `Ss` is `std::string`.

    `expanded` is the class template with its arguments, written so where a constructor or
    destructor follows, whose name is that of the template.
    """

    __slots__ = ("arguments", "expanded", "name", "template")

    def __init__(self, name: str, template: str, arguments: str, expanded: bool) -> None:
        self.name = name
        self.template = template
        self.arguments = arguments
        self.expanded = expanded

    def left(self, out: Output) -> None:
        if self.expanded:
            out.write(f"std::{self.template}{self.arguments}")
        else:
            out.write(f"std::{self.name}")

    def base_name(self) -> str:
        return self.template if self.expanded else self.name


class ConstructorName(Node):
    """A constructor or destructor, which has the name of its class."""

    __slots__ = ("base", "destructor")

    def __init__(self, base: Node, destructor: bool) -> None:
        self.base = base
        self.destructor = destructor

    def left(self, out: Output) -> None:
        if self.destructor:
            out.write("~")
        out.write(self.base.base_name())


class DependentDestructorName(Node):
    """`~T` in an expression."""

    __slots__ = ("base",)

    def __init__(self, base: Node) -> None:
        self.base = base

    def left(self, out: Output) -> None:
        out.write("~")
        self.base.left(out)


class ClosureName(Node):
    """The type of a lambda: `'lambda0'(int)`."""

    __slots__ = ("count", "outer_constraint", "parameters", "template", "trailing_constraint")

    def __init__(
        self,
        template: list[Node],
        outer_constraint: Node | None,
        parameters: list[Node],
        trailing_constraint: Node | None,
        count: str,
    ) -> None:
        self.template = template
        self.outer_constraint = outer_constraint
        self.parameters = parameters
        self.trailing_constraint = trailing_constraint
        self.count = count

    def left(self, out: Output) -> None:
        out.write(f"'lambda{self.count}'")
        self.print_declarator(out)

    def print_declarator(self, out: Output) -> None:
        """Prints what follows `[]` in the lambda."""
        if self.template:
            outside = out.enter_template()
            out.write("<")
            print_with_commas(out, self.template)
            out.write(">")
            out.leave_template(outside)
        if self.outer_constraint is not None:
            out.write(" requires ")
            self.outer_constraint.print(out)
            out.write(" ")
        out.open()
        print_with_commas(out, self.parameters)
        out.close()
        if self.trailing_constraint is not None:
            out.write(" requires ")
            self.trailing_constraint.print(out)


class StructuredBinding(Node):
    __slots__ = ("bindings",)

    def __init__(self, bindings: list[Node]) -> None:
        self.bindings = bindings

    def left(self, out: Output) -> None:
        out.open("[")
        print_with_commas(out, self.bindings)
        out.close("]")


class EnableIf(Node):
    """The attribute enable_if of a function."""

    __slots__ = ("conditions",)

    def __init__(self, conditions: list[Node]) -> None:
        self.conditions = conditions

    def left(self, out: Output) -> None:
        out.write(" [enable_if:")
        print_with_commas(out, self.conditions)
        out.write("]")


def resolved(node: Node | None) -> Node:
    """The node; Malformed where a forward reference never met its template argument."""
    if node is None:
        raise Malformed("a forward reference without a template argument")
    return node

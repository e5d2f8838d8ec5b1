"""The parts of a name of Microsoft's scheme, and how they are printed.

The form of the text is that of LLVM 22 (llvm/lib/Demangle/MicrosoftDemangleNodes.cpp). As in C++
declarations, a type surrounds what it declares: it has a part before the name and one after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Flag, auto

from linker.demangle.output import Output

CONST, VOLATILE, RESTRICT, UNALIGNED = 1, 2, 4, 8
_ALPHANUMERIC = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class FunctionClass(Flag):
    """What kind of a function it is, and by which adjustments a thunk calls it."""

    NONE = 0
    PUBLIC = auto()
    PROTECTED = auto()
    PRIVATE = auto()
    GLOBAL = auto()
    STATIC = auto()
    VIRTUAL = auto()
    EXTERN_C = auto()
    NO_PARAMETERS = auto()
    VIRTUAL_ADJUSTED = auto()
    VIRTUAL_ADJUSTED_EXTENDED = auto()
    STATIC_ADJUSTED = auto()


def space_if_needed(out: Output) -> None:
    """Keeps two words apart."""
    last = out.last()
    if last == ">" or last in _ALPHANUMERIC:
        out.write(" ")


def qualifier_words(qualifiers: int) -> list[str]:
    words = ((CONST, "const"), (VOLATILE, "volatile"), (RESTRICT, "__restrict"))
    return [word for bit, word in words if qualifiers & bit]


def print_convention(out: Output, convention: str) -> None:
    space_if_needed(out)
    out.write(convention)


class Node:
    """A part of a name."""

    def print(self, out: Output) -> None:
        raise NotImplementedError


@dataclass
class Type(Node):
    qualifiers: int = field(default=0, init=False)

    def before(self, out: Output) -> None:
        raise NotImplementedError

    def after(self, out: Output) -> None:
        """What comes after the declared name."""

    def print(self, out: Output) -> None:
        out.step()
        self.before(out)
        self.after(out)

    def print_qualifiers(self, out: Output) -> None:
        for word in qualifier_words(self.qualifiers):
            out.write(f" {word}")


def print_list(out: Output, nodes: list[Node], separator: str = ", ") -> None:
    for index, node in enumerate(nodes):
        if index:
            out.write(separator)
        node.print(out)


@dataclass
class Number(Node):
    value: int
    negative: bool = False

    def print(self, out: Output) -> None:
        out.write(f"-{self.value}" if self.negative else str(self.value))


@dataclass
class Identifier(Node):
    """A name without its scopes, with the template arguments it may have."""

    text: str
    arguments: list[Node] | None = field(default=None, init=False)

    def print(self, out: Output) -> None:
        out.step()
        out.write(self.text)
        self.print_arguments(out)

    def print_arguments(self, out: Output) -> None:
        if self.arguments is not None:
            out.write("<")
            print_list(out, self.arguments)
            out.write(">")


@dataclass
class ConversionName(Identifier):
    text: str = "operator"
    target: Type | None = None

    def print(self, out: Output) -> None:
        super().print(out)
        out.write(" ")
        if self.target is not None:
            self.target.print(out)


@dataclass
class StructorName(Identifier):
    """A constructor or destructor: `text` is "" or "~", `owner` the class."""

    owner: Identifier | None = None

    def print(self, out: Output) -> None:
        out.write(self.text)
        if self.owner is not None:
            self.owner.print(out)
        self.print_arguments(out)


@dataclass
class GuardName(Identifier):
    """The guard of a local static variable, with the number of its scope."""

    scope: int = 0

    def print(self, out: Output) -> None:
        out.write(self.text)
        if self.scope:
            out.write(f"{{{self.scope}}}")


@dataclass
class InitializerName(Identifier):
    """The function that makes or destroys a global: `text` says which."""

    of: Node
    is_variable: bool

    def print(self, out: Output) -> None:
        out.write(self.text + ("`" if self.is_variable else "'"))
        self.of.print(out)
        out.write("''")


@dataclass
class QualifiedName(Node):
    """An identifier with its scopes, the outermost first."""

    components: list[Identifier]

    def print(self, out: Output) -> None:
        out.step()
        print_list(out, list(self.components), "::")


@dataclass
class PrimitiveType(Type):
    name: str

    def before(self, out: Output) -> None:
        out.write(self.name)
        self.print_qualifiers(out)


@dataclass
class TagType(Type):
    """A class, struct, union or enum."""

    tag: str
    name: QualifiedName

    def before(self, out: Output) -> None:
        out.write(f"{self.tag} ")
        self.name.print(out)
        self.print_qualifiers(out)


@dataclass
class CustomType(Type):
    name: Identifier

    def before(self, out: Output) -> None:
        self.name.print(out)


@dataclass
class ArrayType(Type):
    dimensions: list[int]
    element: Type

    def before(self, out: Output) -> None:
        self.element.before(out)
        self.print_qualifiers(out)

    def after(self, out: Output) -> None:
        sizes = "][".join(str(size) if size else "" for size in self.dimensions)
        out.write(f"[{sizes}]")
        self.element.after(out)


@dataclass
class FunctionType(Type):
    """A signature; `parameters` None: none, written as `void`."""

    convention: str = ""
    returns: Type | None = None
    parameters: list[Node] | None = None
    is_variadic: bool = False
    is_noexcept: bool = False
    reference: str = ""
    kind: FunctionClass = FunctionClass.GLOBAL
    # What a thunk does before it calls the function; "" if it is none.
    adjustment: str | None = None

    def before_convention(self, out: Output) -> None:
        kind = self.kind
        if kind & FunctionClass.PUBLIC:
            out.write("public: ")
        if kind & FunctionClass.PROTECTED:
            out.write("protected: ")
        if kind & FunctionClass.PRIVATE:
            out.write("private: ")
        if kind & FunctionClass.STATIC and not kind & FunctionClass.GLOBAL:
            out.write("static ")
        if kind & FunctionClass.VIRTUAL:
            out.write("virtual ")
        if kind & FunctionClass.EXTERN_C:
            out.write('extern "C" ')
        if self.returns is not None:
            self.returns.before(out)
            out.write(" ")

    def before(self, out: Output) -> None:
        if self.adjustment is not None:
            out.write("[thunk]: ")
        self.before_convention(out)
        print_convention(out, self.convention)

    def after(self, out: Output) -> None:
        out.write(self.adjustment or "")
        if not self.kind & FunctionClass.NO_PARAMETERS:
            self.print_parameters(out)
        self.print_qualifiers(out)
        if self.qualifiers & UNALIGNED:
            out.write(" __unaligned")
        if self.is_noexcept:
            out.write(" noexcept")
        out.write(self.reference)
        if self.returns is not None:
            self.returns.after(out)

    def print_parameters(self, out: Output) -> None:
        out.write("(")
        if self.parameters is None:
            out.write("void")
        else:
            print_list(out, self.parameters)
        if self.is_variadic:
            out.write("..." if out.last() == "(" else ", ...")
        out.write(")")


@dataclass
class PointerType(Type):
    """A pointer or reference (`sign`), possibly to a member of a class."""

    sign: str
    pointee: Type
    owner: QualifiedName | None = None
    authentication: list[int] | None = None

    def before(self, out: Output) -> None:
        pointee = self.pointee
        if isinstance(pointee, FunctionType):
            # The calling convention goes inside the parentheses.
            pointee.before_convention(out)
        else:
            pointee.before(out)
        space_if_needed(out)
        if self.qualifiers & UNALIGNED:
            out.write("__unaligned ")
        if isinstance(pointee, ArrayType):
            out.write("(")
        elif isinstance(pointee, FunctionType):
            out.write("(")
            print_convention(out, pointee.convention)
            out.write(" ")
        if self.owner is not None:
            self.owner.print(out)
            out.write("::")
        out.write(self.sign + " ".join(qualifier_words(self.qualifiers)))
        if self.authentication is not None:
            out.write(f"__ptrauth({', '.join(map(str, self.authentication))})")

    def after(self, out: Output) -> None:
        if isinstance(self.pointee, ArrayType | FunctionType):
            out.write(")")
        self.pointee.after(out)


@dataclass
class Symbol(Node):
    """What a mangled name names; `name` is None for a string literal."""

    name: QualifiedName | None

    def print(self, out: Output) -> None:
        if self.name is not None:
            self.name.print(out)


@dataclass
class StringSymbol(Symbol):
    text: str

    def print(self, out: Output) -> None:
        out.write(self.text)


@dataclass
class FunctionSymbol(Symbol):
    signature: FunctionType

    def print(self, out: Output) -> None:
        out.step()
        self.signature.before(out)
        space_if_needed(out)
        super().print(out)
        self.signature.after(out)


@dataclass
class VariableSymbol(Symbol):
    """A variable; `access` is "" or as in "public: static "."""

    type: Type | None = None
    access: str = ""

    def print(self, out: Output) -> None:
        out.step()
        out.write(self.access)
        if self.type is not None:
            self.type.before(out)
        space_if_needed(out)
        super().print(out)
        if self.type is not None:
            self.type.after(out)


@dataclass
class TableSymbol(Symbol):
    """A virtual table, with the bases that it is for."""

    qualifiers: int
    targets: list[Node]

    def print(self, out: Output) -> None:
        out.write("".join(f"{word} " for word in qualifier_words(self.qualifiers)))
        super().print(out)
        if self.targets:
            out.write("{for `")
            print_list(out, self.targets, "'s `")
            out.write("'}")


@dataclass
class SymbolArgument(Node):
    """A template argument that is the address of a symbol, or a pointer to a member."""

    symbol: Symbol | None
    offsets: list[int]
    is_pointer: bool

    def print(self, out: Output) -> None:
        if self.offsets:
            out.write("{")
        elif self.is_pointer:
            out.write("&")
        if self.symbol is not None:
            self.symbol.print(out)
            if self.offsets:
                out.write(", ")
        if self.offsets:
            out.write(", ".join(map(str, self.offsets)) + "}")

"""The rules of Microsoft's scheme for types, template names and scopes."""

from __future__ import annotations

from abc import abstractmethod

from linker.demangle.history import MICROSOFT_AUTHENTICATION, MICROSOFT_AUTO
from linker.demangle.microsoft_cursor import Cursor, References
from linker.demangle.microsoft_nodes import (
    CONST,
    RESTRICT,
    UNALIGNED,
    VOLATILE,
    ArrayType,
    ConversionName,
    CustomType,
    FunctionType,
    Identifier,
    Node,
    PointerType,
    PrimitiveType,
    QualifiedName,
    StructorName,
    Symbol,
    TagType,
    Type,
)
from linker.demangle.microsoft_tables import CALLING_CONVENTIONS, PRIMITIVE_TYPES, TAGS
from linker.demangle.output import Malformed, Output

_POINTERS = {
    "$$Q": ("&&", 0),
    "A": ("&", 0),
    "P": ("*", 0),
    "Q": ("*", CONST),
    "R": ("*", VOLATILE),
    "S": ("*", CONST | VOLATILE),
}
_DEDUCED = ("_P", "_T")
_PACK_SEPARATORS = ("$S", "$$V", "$$$V", "$$Z")


class TypeGrammar(Cursor):
    def __init__(self, text: str, unknown: frozenset[str]) -> None:
        super().__init__(text, unknown)
        # LLVM reads on after some errors, and forgets them if a pointer type comes next.
        self.pending = False

    @abstractmethod
    def symbol(self) -> Symbol: ...

    @abstractmethod
    def unqualified_symbol_name(self) -> Identifier: ...

    @abstractmethod
    def template_argument(self) -> Node: ...

    def raise_pending(self) -> None:
        if self.pending:
            raise self.malformed()

    def qualifiers_or_pending(self) -> int:
        try:
            return self.qualifiers()[0]
        except Malformed:
            self.pending = True
            return 0

    def type(self, has_qualifiers: bool = False, may_be_qualified: bool = False) -> Type:
        """A type, with qualifiers in front or not; `may_be_qualified`: if there is a `?`."""
        self.descend()
        qualifiers = 0
        if has_qualifiers or (may_be_qualified and self.take("?")):
            qualifiers = self.qualifiers_or_pending()
        node = self._type()
        node.qualifiers |= qualifiers
        self.ascend()
        return node

    def _type(self) -> Type:
        first = self.peek()
        if first in _POINTERS or self.starts_with("$$Q"):
            self.pending = False
            if self.is_member_pointer():
                return self.member_pointer()
            return self.pointer()
        if self.take("$$A8@@"):
            return self.function_type(is_member=True)
        if self.take("$$A6"):
            return self.function_type(is_member=False)
        self.raise_pending()
        if first in ("T", "U", "V", "W"):
            return self.class_type()
        if self.take("Y"):
            return self.array()
        if self.take("?"):
            name = self.unqualified_type_name()
            self.expect("@")
            return CustomType(name)
        for length in (1, 2, 3):
            code = self.text[self.at : self.at + length]
            if code in _DEDUCED and not self.knows(MICROSOFT_AUTO):
                break
            if code in PRIMITIVE_TYPES:
                self.at += len(code)
                return PrimitiveType(PRIMITIVE_TYPES[code])
        raise self.malformed()

    def variable_type(self) -> Type:
        """The type of a variable, with qualifiers after it: a pointer's are those of its target."""
        type_ = self.type()
        if isinstance(type_, PointerType):
            type_.qualifiers |= self.pointer_qualifiers()
            qualifiers, _ = self.qualifiers()
            if type_.owner is not None:
                self.type_name()
            type_.pointee.qualifiers |= qualifiers
        else:
            type_.qualifiers, _ = self.qualifiers()
        return type_

    def class_type(self) -> Type:
        for code, tag in TAGS.items():
            if self.take(code):
                return TagType(tag, self.type_name())
        raise self.malformed()

    def is_member_pointer(self) -> bool:
        """Whether the pointer type that comes next is one to a member; nothing is read."""
        start = self.at
        kind = self.consume()
        if kind in ("$", "A"):
            self.at = start
            return False
        if self.at_digit():
            if self.peek() not in ("6", "8"):
                raise self.malformed()
            is_member = self.peek() == "8"
        else:
            self.pointer_qualifiers()
            self.authentication()
            letter = self.peek()
            if letter not in ("A", "B", "C", "D", "Q", "R", "S", "T"):
                raise self.malformed()
            is_member = letter >= "Q"
        self.at = start
        return is_member

    def pointer_sign(self) -> tuple[str, int]:
        code = "$$Q" if self.take("$$Q") else self.consume()
        return _POINTERS[code]

    def pointer(self) -> Type:
        sign, qualifiers = self.pointer_sign()
        if self.take("6"):
            node = PointerType(sign, self.function_type(is_member=False))
        else:
            qualifiers |= self.pointer_qualifiers()
            authentication = self.authentication()
            pointee = self.type(has_qualifiers=True)
            node = PointerType(sign, pointee, authentication=authentication)
        node.qualifiers = qualifiers
        return node

    def member_pointer(self) -> Type:
        sign, qualifiers = self.pointer_sign()
        qualifiers |= self.pointer_qualifiers()
        pointee: Type
        if self.take("8"):
            owner = self.type_name_or_pending()
            pointee = self.function_type(is_member=True)
        else:
            pointee_qualifiers, _ = self.qualifiers()
            owner = self.type_name_or_pending()
            pointee = self.type()
            pointee.qualifiers = pointee_qualifiers
        node = PointerType(sign, pointee, owner)
        node.qualifiers = qualifiers
        return node

    def type_name_or_pending(self) -> QualifiedName | None:
        try:
            return self.type_name()
        except Malformed:
            self.pending = True
            return None

    def pointer_qualifiers(self) -> int:
        # 64 bits wide: not printed.
        self.take("E")
        found = RESTRICT if self.take("I") else 0
        return found | (UNALIGNED if self.take("F") else 0)

    def authentication(self) -> list[int] | None:
        """The arguments of clang's __ptrauth, if there are any."""
        if not (self.knows(MICROSOFT_AUTHENTICATION) and self.take("__ptrauth")):
            return None
        numbers: list[int] = []
        for _ in range(3):
            value, negative = self.number()
            if negative:
                return None
            numbers.append(value)
        return numbers

    def array(self) -> Type:
        rank, negative = self.number()
        if negative or not rank:
            raise self.malformed()
        dimensions: list[int] = []
        while len(dimensions) < rank:
            dimensions.append(self.unsigned())
        qualifiers = 0
        if self.take("$$C"):
            start = self.at
            qualifiers = self.qualifiers_or_pending()
            if self.text[start : self.at] in ("Q", "R", "S", "T"):
                raise self.malformed()
        node = ArrayType(dimensions, self.type())
        node.qualifiers = qualifiers
        return node

    def calling_convention(self) -> str:
        return CALLING_CONVENTIONS.get(self.consume(), "")

    def function_type(self, is_member: bool) -> FunctionType:
        self.descend()
        node = FunctionType()
        if is_member:
            node.qualifiers = self.pointer_qualifiers()
            node.reference = " &" if self.take("G") else " &&" if self.take("H") else ""
            node.qualifiers |= self.qualifiers_or_pending()
        node.convention = self.calling_convention()
        # Constructors and destructors return nothing.
        if not self.take("@"):
            node.returns = self.type(may_be_qualified=True)
        node.parameters, node.is_variadic = self.parameters()
        if self.take("_E"):
            node.is_noexcept = True
        else:
            self.expect("Z")
        self.raise_pending()
        self.ascend()
        return node

    def parameters(self) -> tuple[list[Node] | None, bool]:
        """The parameters, None if there are none, and whether `...` follows."""
        if self.take("X"):
            return None, False
        self.raise_pending()
        parameters: list[Node] = []
        while self.peek() not in ("@", "Z"):
            if self.at_digit():
                index = int(self.consume())
                if index >= len(self.references.parameters):
                    raise self.malformed()
                parameters.append(self.references.parameters[index])
                continue
            start = self.at
            parameter = self.type()
            parameters.append(parameter)
            if self.at - start > 1:
                self.references.remember_parameter(parameter)
        return parameters, self.consume() == "Z"

    def type_name(self) -> QualifiedName:
        return self.scopes(self.unqualified_type_name())

    def unqualified_type_name(self) -> Identifier:
        if self.at_digit():
            return self.name_reference()
        if self.starts_with("?$"):
            return self.template_name(is_scope=True)
        return self.simple_name()

    def simple_name(self) -> Identifier:
        name = self.simple_string()
        self.references.remember_name(name)
        return Identifier(name)

    def template_name(self, is_scope: bool) -> Identifier:
        """A template with its arguments, which have references of their own."""
        self.descend()
        self.expect("?$")
        outer, self.references = self.references, References()
        try:
            identifier = self.unqualified_symbol_name()
            identifier.arguments = self.template_arguments()
        finally:
            self.references = outer
        if is_scope:
            if isinstance(identifier, ConversionName | StructorName):
                raise self.malformed()
            self.remember_identifier(identifier)
        self.ascend()
        return identifier

    def template_arguments(self) -> list[Node]:
        arguments: list[Node] = []
        while not self.take("@"):
            if not any(self.take(separator) for separator in _PACK_SEPARATORS):
                arguments.append(self.template_argument())
        return arguments

    def scopes(self, identifier: Identifier) -> QualifiedName:
        """The scopes of a name, the innermost first, up to an `@`."""
        components = [identifier]
        while not self.take("@"):
            if self.at >= len(self.text):
                raise self.malformed()
            components.append(self.scope())
        components.reverse()
        return QualifiedName(components)

    def scope(self) -> Identifier:
        if self.at_digit():
            return self.name_reference()
        if self.starts_with("?$"):
            return self.template_name(is_scope=True)
        if self.take("?A"):
            end = self.text.find("@", self.at)
            if end < 0:
                raise self.malformed()
            self.references.remember_name(self.text[self.at : end])
            self.at = end + 1
            return Identifier("`anonymous namespace'")
        if self.at_local_scope():
            return self.local_scope()
        return self.simple_name()

    def at_local_scope(self) -> bool:
        """Whether a number between two `?` comes next."""
        if self.peek() != "?":
            return False
        number, mark, _ = self.text[self.at + 1 :].partition("?")
        if not mark:
            return False
        if len(number) == 1:
            return number in "@0123456789"
        first, rest, last = number[:1], number[1:-1], number[-1:]
        return last == "@" and "B" <= first <= "P" and all("A" <= c <= "P" for c in rest)

    def local_scope(self) -> Identifier:
        """A scope inside of a function, with its number there."""
        self.expect("?")
        number, _ = self.number()
        self.take("?")
        scope = self.symbol()
        out = Output()
        scope.print(out)
        return Identifier(f"`{out.text()}'::`{number}'")

"""The rules for types (Itanium C++ ABI, section 5.1.5)."""

from __future__ import annotations

from collections.abc import Callable

from linker.demangle.cursor import DIGITS, Cursor
from linker.demangle.expression_nodes import Enclosed
from linker.demangle.history import (
    BFLOAT16,
    BIT_INT_SUBSTITUTIONS,
    CONSTRAINED_AUTO,
    FIXED_POINT,
    TEMPLATE_SUBSTITUTIONS,
    VENDOR_ARGUMENTS,
)
from linker.demangle.nodes import Name, Node, Prefixed
from linker.demangle.template_nodes import NameWithArguments, PackExpansion
from linker.demangle.type_nodes import (
    CONST,
    RESTRICT,
    VOLATILE,
    ArrayType,
    BitIntType,
    FunctionType,
    Noexcept,
    ObjectiveCProtocol,
    PointerToMember,
    PointerType,
    QualifiedType,
    ReferenceType,
    SuffixedType,
    Throws,
    TransformedType,
    VectorType,
    VendorQualifiedType,
)

_BUILT_IN = {
    "v": "void",
    "w": "wchar_t",
    "b": "bool",
    "c": "char",
    "a": "signed char",
    "h": "unsigned char",
    "s": "short",
    "t": "unsigned short",
    "i": "int",
    "j": "unsigned int",
    "l": "long",
    "m": "unsigned long",
    "x": "long long",
    "y": "unsigned long long",
    "n": "__int128",
    "o": "unsigned __int128",
    "f": "float",
    "d": "double",
    "e": "long double",
    "g": "__float128",
    "z": "...",
}
_BUILT_IN_D = {
    "d": "decimal64",
    "e": "decimal128",
    "f": "decimal32",
    "h": "half",
    "i": "char32_t",
    "s": "char16_t",
    "u": "char8_t",
    "a": "auto",
    "c": "decltype(auto)",
    "n": "std::nullptr_t",
}
_FIXED_POINT_SIZES = {
    "s": "short ",
    "t": "unsigned short ",
    "i": "",
    "j": "unsigned ",
    "l": "long ",
    "m": "unsigned long ",
}
_FIXED_POINT_KINDS = {"A": "_Accum", "R": "_Fract"}
_FUNCTION_PREFIXES = ("Do", "DO", "Dw", "Dx")


class TypeGrammar(Cursor):
    def type(self) -> Node:
        """A type, which becomes a candidate for substitution unless it is built in."""
        self.descend()
        first = self.peek()
        if first in _BUILT_IN:
            self.at += 1
            node: Node = Name(_BUILT_IN[first])
        else:
            built_in = self.built_in_d() if first == "D" else None
            if built_in is not None:
                node = built_in
            else:
                node = self.compound_type(first)
        self.ascend()
        return node

    def compound_type(self, first: str) -> Node:
        if first == "S" and self.peek(1) != "t":
            node, is_old = self.substituted_type()
            if is_old:
                return node
        else:
            node = self._RULES.get(first, TypeGrammar.class_type)(self)
        self.substitutions.append(node)
        return node

    def built_in_d(self) -> Node | None:
        """The built-in types that start with D; None if it is another type."""
        second = self.peek(1)
        if second in _BUILT_IN_D:
            self.at += 2
            return Name(_BUILT_IN_D[second])
        if self.knows(BFLOAT16) and self.take("DF16b"):
            return Name("std::bfloat16_t")
        if self.take("DF"):
            bits = self.number()
            self.expect("_")
            return Prefixed("_Float", Name(bits))
        if second in ("A", "R") and self.knows(FIXED_POINT):
            return self.fixed_point("")
        if self.knows(FIXED_POINT) and self.take("DS"):
            if self.peek() != "D":
                raise self.malformed()
            return self.fixed_point("_Sat ")
        if second in ("k", "K") and self.knows(CONSTRAINED_AUTO):
            self.at += 2
            return SuffixedType(self.name(), " auto" if second == "k" else " decltype(auto)")
        if second in ("B", "U") and not self.knows(BIT_INT_SUBSTITUTIONS):
            return self.bit_int()
        return None

    def bit_int(self) -> Node:
        self.expect("D")
        signed = self.take("B")
        if not signed:
            self.expect("U")
        size: Node = Name(self.number()) if self.peek() in DIGITS else self.expression()
        self.expect("_")
        return BitIntType(size, signed)

    def fixed_point(self, saturating: str) -> Node:
        kind = _FIXED_POINT_KINDS.get(self.peek(1))
        size = _FIXED_POINT_SIZES.get(self.peek(2))
        if kind is None or size is None:
            raise self.malformed()
        self.at += 3
        return Name(saturating + size + kind)

    def d_type(self) -> Node:
        """The compound types that start with D."""
        second = self.peek(1)
        if second in ("t", "T"):
            return self.decltype()
        if second == "v":
            return self.vector_type()
        if self.take("Dp"):
            return PackExpansion(self.type())
        if second in ("B", "U"):
            return self.bit_int()
        if self.text.startswith(_FUNCTION_PREFIXES, self.at):
            return self.function_type()
        raise self.malformed()

    def vendor_type(self) -> Node:
        self.expect("u")
        name = self.length_prefixed()
        if not name:
            raise self.malformed()
        if self.knows(VENDOR_ARGUMENTS) and self.take("I"):
            child = self.type()
            self.expect("E")
            return TransformedType(name, child)
        return Name(name)

    def maybe_qualified_function(self) -> Node:
        """A function type can have qualifiers, of its `this`."""
        after = self.at
        for letter in "rVK":
            if self.text.startswith(letter, after):
                after += 1
        if self.text.startswith(("F", *_FUNCTION_PREFIXES), after):
            return self.function_type()
        return self.qualified_type()

    def qualified_type(self) -> Node:
        if not self.take("U"):
            qualifiers = self.type_qualifiers()
            node = self.type()
            return QualifiedType(node, qualifiers) if qualifiers else node
        self.descend()
        qualifier = self.length_prefixed()
        if not qualifier:
            raise self.malformed()
        if qualifier.startswith("objcproto"):
            protocol = _protocol_name(qualifier[len("objcproto") :])
            if not protocol:
                raise self.malformed()
            node = ObjectiveCProtocol(self.qualified_type(), protocol)
        else:
            arguments = self.template_arguments() if self.peek() == "I" else None
            node = VendorQualifiedType(self.qualified_type(), qualifier, arguments)
        self.ascend()
        return node

    def type_qualifiers(self) -> int:
        found = RESTRICT if self.take("r") else 0
        found |= VOLATILE if self.take("V") else 0
        return found | (CONST if self.take("K") else 0)

    def function_type(self) -> Node:
        qualifiers = self.type_qualifiers()
        exceptions: Node | None = None
        if self.take("Do"):
            exceptions = Name("noexcept")
        elif self.take("DO"):
            exceptions = Noexcept(self.expression())
            self.expect("E")
        elif self.take("Dw"):
            exceptions = Throws(self.types_until("E"))
        # Transaction-safe, and extern "C": neither is printed.
        self.take("Dx")
        self.expect("F")
        self.take("Y")
        returns = self.type()
        reference = ""
        parameters: list[Node] = []
        while not self.take("E"):
            if self.take("v"):
                continue
            if self.take("RE"):
                reference = " &"
                break
            if self.take("OE"):
                reference = " &&"
                break
            parameters.append(self.type())
        return FunctionType(returns, parameters, qualifiers, reference, exceptions)

    def vector_type(self) -> Node:
        self.expect("Dv")
        dimension: Node | None = None
        if self.peek() in DIGITS and self.peek() != "0":
            dimension = Name(self.number())
            self.expect("_")
            if self.take("p"):
                return VectorType(Name("pixel"), dimension)
        elif not self.take("_"):
            dimension = self.expression()
            self.expect("_")
        return VectorType(self.type(), dimension)

    def decltype(self) -> Node:
        if not (self.take("Dt") or self.take("DT")):
            raise self.malformed()
        expression = self.expression()
        self.expect("E")
        return Enclosed("decltype", expression)

    def array_type(self) -> Node:
        self.expect("A")
        dimension: Node | None = None
        if self.peek() in DIGITS:
            dimension = Name(self.number())
            self.expect("_")
        elif not self.take("_"):
            dimension = self.expression()
            self.expect("_")
        return ArrayType(self.type(), dimension)

    def pointer_to_member(self) -> Node:
        self.expect("M")
        class_type = self.type()
        return PointerToMember(class_type, self.type())

    def class_type(self) -> Node:
        """A class or enumeration, possibly with the word that introduces it."""
        for code, word in (("Ts", "struct "), ("Tu", "union "), ("Te", "enum ")):
            if self.take(code):
                return Prefixed(word, self.name())
        return self.name()

    def parameter_type(self) -> Node:
        """A template parameter, with arguments if it is that of a template."""
        if self.peek(1) in ("s", "u", "e"):
            return self.class_type()
        node = self.template_parameter()
        if self.take_template_arguments and self.peek() == "I":
            if self.knows(TEMPLATE_SUBSTITUTIONS):
                self.substitutions.append(node)
            return NameWithArguments(node, self.template_arguments())
        return node

    def substituted_type(self) -> tuple[Node, bool]:
        """A type that starts with a substitution; whether it is nothing more than that."""
        node, is_substitution = self.unscoped_name(None)
        if self.peek() == "I" and (not is_substitution or self.take_template_arguments):
            if not is_substitution:
                self.substitutions.append(node)
            return NameWithArguments(node, self.template_arguments()), False
        return node, is_substitution

    def pointer(self) -> Node:
        self.at += 1
        return PointerType(self.type())

    def lvalue_reference(self) -> Node:
        self.at += 1
        return ReferenceType(self.type(), rvalue=False)

    def rvalue_reference(self) -> Node:
        self.at += 1
        return ReferenceType(self.type(), rvalue=True)

    def complex_type(self) -> Node:
        self.at += 1
        return SuffixedType(self.type(), " complex")

    def imaginary_type(self) -> Node:
        self.at += 1
        return SuffixedType(self.type(), " imaginary")

    # By the first letter; any other starts a name.
    _RULES: dict[str, Callable[[TypeGrammar], Node]] = {  # noqa: RUF012 - never changed
        "A": array_type,
        "C": complex_type,
        "D": d_type,
        "F": function_type,
        "G": imaginary_type,
        "K": maybe_qualified_function,
        "M": pointer_to_member,
        "O": rvalue_reference,
        "P": pointer,
        "R": lvalue_reference,
        "T": parameter_type,
        "U": qualified_type,
        "V": maybe_qualified_function,
        "r": maybe_qualified_function,
        "u": vendor_type,
    }


def _protocol_name(text: str) -> str:
    """The identifier with its length in front at the start of `text`, or nothing."""
    digits = 0
    while digits < len(text) and text[digits] in DIGITS:
        digits += 1
    length = int(text[:digits][:20] or "0")
    return text[digits : digits + length] if length <= len(text) - digits else ""

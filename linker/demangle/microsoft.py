"""Demangling names of Microsoft's scheme: `?...`, and `.?A...` for type descriptors.

As LLVM 22 does it (llvm/lib/Demangle/MicrosoftDemangle.cpp). Text after a whole name is ignored.
"""

from __future__ import annotations

from linker.demangle.history import MICROSOFT_DEDUCED_ARGUMENTS, MICROSOFT_TABLE_PATHS
from linker.demangle.microsoft_nodes import (
    ConversionName,
    FunctionClass,
    FunctionSymbol,
    FunctionType,
    GuardName,
    Identifier,
    InitializerName,
    Node,
    Number,
    QualifiedName,
    StructorName,
    Symbol,
    SymbolArgument,
    TableSymbol,
    Type,
    VariableSymbol,
)
from linker.demangle.microsoft_strings import string_literal
from linker.demangle.microsoft_tables import (
    FUNCTION_CLASSES,
    INTERNAL_FUNCTIONS,
    OPERATORS,
    TABLES,
    UNTYPED_VARIABLES,
    VARIABLE_ACCESS,
)
from linker.demangle.microsoft_types import TypeGrammar
from linker.demangle.output import Malformed, Output


def demangle_microsoft(name: str, unknown: frozenset[str] = frozenset()) -> str:
    """The C++ form of a name; Malformed if it is not a mangled one.

    One character of the name is one byte. `unknown` is what is not known of it (see history.py).
    """
    symbol = _Parser(name, unknown).symbol()
    out = Output()
    symbol.print(out)
    return out.text()


class _Parser(TypeGrammar):
    def symbol(self) -> Symbol:
        self.descend()
        symbol = self._symbol()
        self.ascend()
        return symbol

    def _symbol(self) -> Symbol:
        if self.take("."):
            type_ = self.type(may_be_qualified=True)
            if self.at < len(self.text):
                raise self.malformed()
            return _described(type_, "`RTTI Type Descriptor Name'")
        if self.starts_with("??@"):
            return self.hashed_name()
        self.expect("?")
        special = self.special_symbol()
        return self.declaration() if special is None else special

    def hashed_name(self) -> Symbol:
        """A name too long to be mangled, of which there is only the hash."""
        start = self.at
        end = self.text.find("@", start + 3)
        if end < 0:
            raise self.malformed()
        self.at = end + 1
        self.take("??_R4@")
        return Symbol(QualifiedName([Identifier(self.text[start : self.at])]))

    def special_symbol(self) -> Symbol | None:
        """A symbol of the compiler's own; None if it is none."""
        for code, name in TABLES.items():
            if self.take(code):
                return self.table(name)
        for code, name in UNTYPED_VARIABLES.items():
            if self.take(code):
                symbol = VariableSymbol(self.scopes(Identifier(name)))
                self.expect("8")
                return symbol
        if self.take("?_9"):
            return self.virtual_call_thunk()
        if self.take("?_B"):
            return self.guard("`local static guard'")
        if self.take("?__J"):
            return self.guard("`local static thread guard'")
        if self.take("?_C"):
            return string_literal(self)
        if self.take("?_R0"):
            type_ = self.type(may_be_qualified=True)
            self.expect("@8")
            if self.at < len(self.text):
                raise self.malformed()
            return _described(type_, "`RTTI Type Descriptor'")
        if self.take("?_R1"):
            return self.base_class_descriptor()
        if self.take("?__E"):
            return self.initializer("`dynamic initializer for ")
        if self.take("?__F"):
            return self.initializer("`dynamic atexit destructor for ")
        if self.starts_with("?_A") or self.starts_with("?_P"):
            raise self.malformed()
        return None

    def table(self, name: str) -> Symbol:
        qualified = self.scopes(Identifier(name))
        if not (self.take("6") or self.take("7")):
            raise self.malformed()
        qualifiers, _ = self.qualifiers()
        targets: list[Node] = []
        while not self.take("@"):
            targets.append(self.type_name())
            if not self.knows(MICROSOFT_TABLE_PATHS):
                break
        return TableSymbol(qualified, qualifiers, targets)

    def virtual_call_thunk(self) -> Symbol:
        name = Identifier("")
        qualified = self.scopes(name)
        self.expect("$B")
        name.text = f"`vcall'{{{self.unsigned()}, {{flat}}}}"
        self.expect("A")
        signature = FunctionType(kind=FunctionClass.NO_PARAMETERS, adjustment="")
        signature.convention = self.calling_convention()
        return FunctionSymbol(qualified, signature)

    def guard(self, name: str) -> Symbol:
        identifier = GuardName(name)
        qualified = self.scopes(identifier)
        if not (self.take("4IA") or self.take("5")):
            raise self.malformed()
        if self.at < len(self.text):
            identifier.scope = self.unsigned(32)
        return Symbol(qualified)

    def base_class_descriptor(self) -> Symbol:
        numbers = [self.unsigned(32), self.signed(32), self.unsigned(32), self.unsigned(32)]
        place = ", ".join(map(str, numbers))
        symbol = VariableSymbol(
            self.scopes(Identifier(f"`RTTI Base Class Descriptor at ({place})'"))
        )
        self.take("8")
        return symbol

    def initializer(self, text: str) -> Symbol:
        is_member = self.take("?")
        symbol = self.declaration()
        if isinstance(symbol, VariableSymbol):
            # Old versions of clang left out the `?` and one `@`.
            self.expect("@@" if is_member else "@")
            function = self.function()
            function.name = QualifiedName([InitializerName(text, symbol, True)])
            return function
        if is_member or symbol.name is None:
            raise self.malformed()
        symbol.name = QualifiedName([InitializerName(text, symbol.name, False)])
        return symbol

    def declaration(self) -> Symbol:
        name = self.symbol_name()
        if self.at >= len(self.text):
            raise self.malformed()
        identifier = name.components[-1]
        symbol: Symbol
        if self.peek() in VARIABLE_ACCESS:
            symbol = self.variable(VARIABLE_ACCESS[self.consume()])
        else:
            function = self.function()
            if isinstance(identifier, ConversionName):
                # The type converted to is what is returned.
                identifier.target = function.signature.returns
            symbol = function
        if isinstance(identifier, ConversionName) and identifier.target is None:
            raise self.malformed()
        symbol.name = name
        return symbol

    def variable(self, access: str) -> Symbol:
        return VariableSymbol(None, self.variable_type(), access)

    def function(self) -> FunctionSymbol:
        extern_c = FunctionClass.EXTERN_C if self.take("$$J0") else FunctionClass.NONE
        kind = self.function_class() | extern_c
        adjustment = self.adjustment(kind)
        if kind & FunctionClass.NO_PARAMETERS:
            self.raise_pending()
            signature = FunctionType()
        else:
            is_member = not kind & (FunctionClass.GLOBAL | FunctionClass.STATIC)
            signature = self.function_type(is_member)
        signature.adjustment = adjustment
        signature.kind = kind
        return FunctionSymbol(None, signature)

    def function_class(self) -> FunctionClass:
        for length in (1, 2, 3):
            code = self.text[self.at : self.at + length]
            if code in FUNCTION_CLASSES:
                self.at += len(code)
                return FUNCTION_CLASSES[code]
        # LLVM reads on as if it were a public function, see `pending`.
        if self.consume() == "$":
            self.take("R")
            if self.at < len(self.text):
                self.at += 1
        self.pending = True
        return FunctionClass.PUBLIC

    def adjustment(self, kind: FunctionClass) -> str | None:
        """What a thunk does to `this`."""
        if kind & FunctionClass.STATIC_ADJUSTED:
            return f"`adjustor{{{self.signed_or_pending() & 0xFFFFFFFF}}}'"
        if not kind & FunctionClass.VIRTUAL_ADJUSTED:
            return None
        extended = bool(kind & FunctionClass.VIRTUAL_ADJUSTED_EXTENDED)
        numbers = [self.signed_or_pending(32) for _ in range(3 if extended else 1)]
        # The last one is kept without a sign.
        numbers.append(self.signed_or_pending() & 0xFFFFFFFF)
        word = "vtordispex" if extended else "vtordisp"
        return f"`{word}{{{', '.join(map(str, numbers))}}}'"

    def signed_or_pending(self, bits: int = 64) -> int:
        try:
            return self.signed(bits)
        except Malformed:
            self.pending = True
            return 0

    def symbol_name(self) -> QualifiedName:
        identifier = self.unqualified_symbol_name()
        name = self.scopes(identifier)
        if isinstance(identifier, StructorName):
            if len(name.components) < 2:
                raise self.malformed()
            identifier.owner = name.components[-2]
        return name

    def unqualified_symbol_name(self) -> Identifier:
        if self.at_digit():
            return self.name_reference()
        if self.starts_with("?$"):
            return self.template_name(is_scope=False)
        if self.take("?"):
            return self.function_code()
        return self.simple_name()

    def function_code(self) -> Identifier:
        for code, text in (("0", ""), ("1", "~")):
            if self.take(code):
                return StructorName(text)
        if self.take("B"):
            return ConversionName()
        if self.take("__K"):
            return Identifier(f'operator ""{self.simple_string()}')
        prefix = "__" if self.take("__") else "_" if self.take("_") else ""
        letter = self.consume()
        code = prefix + letter
        if code in OPERATORS:
            sign = OPERATORS[code]
            return Identifier(f"operator {sign}" if sign[0].isalpha() else f"operator{sign}")
        if code in INTERNAL_FUNCTIONS:
            return Identifier(f"`{INTERNAL_FUNCTIONS[code]}'")
        if "0" <= letter <= "9" or "A" <= letter <= "Z":
            # A code that stands for nothing has an empty name.
            return Identifier("")
        raise self.malformed()

    def template_argument(self) -> Node:
        # The type that was deduced for a parameter declared `auto` is not printed.
        is_deduced = self.knows(MICROSOFT_DEDUCED_ARGUMENTS) and self.take("$M")
        if is_deduced:
            self.type()
        if self.take("$$Y"):
            return self.type_name()
        if self.take("$$B"):
            return self.type()
        if self.take("$$C"):
            return self.type(has_qualifiers=True)
        dollar = "" if is_deduced else "$"
        for code, count in (("1", 0), ("H", 1), ("I", 2), ("J", 3)):
            if self.take(dollar + code):
                return self.member_function_argument(count)
        if self.starts_with("$E?"):
            self.take("$E")
            return SymbolArgument(self.symbol(), [], False)
        for code, count in (("F", 2), ("G", 3)):
            if self.take(dollar + code):
                return SymbolArgument(None, [self.signed() for _ in range(count)], False)
        if self.take(dollar + "0"):
            return Number(*self.number())
        return self.type()

    def member_function_argument(self, count: int) -> Node:
        symbol = None
        if self.starts_with("?"):
            symbol = self.symbol()
            if symbol.name is None:
                raise self.malformed()
            self.remember_identifier(symbol.name.components[-1])
        return SymbolArgument(symbol, [self.signed() for _ in range(count)], True)


def _described(type_: Type, description: str) -> Symbol:
    return VariableSymbol(QualifiedName([Identifier(description)]), type_)

"""The rules for templates and substitutions (Itanium C++ ABI, sections 5.1.5.8 to 5.1.10)."""

from __future__ import annotations

from linker.demangle.cursor import WRAP, Cursor
from linker.demangle.history import CONSTRAINTS, DECLARED_ARGUMENTS, EARLIER_ARGUMENTS
from linker.demangle.nodes import Name, Node, StandardName, Text
from linker.demangle.template_nodes import (
    DeclaredArgument,
    ForwardReference,
    NonTypeParameter,
    ParameterPack,
    ParameterPackDeclaration,
    TemplateArgumentPack,
    TemplateArguments,
    TemplateParameter,
    TypeParameter,
)

_STREAM = "<char, std::char_traits<char>>"
# The abbreviations for names of std: the name, the class template, its arguments.
_STANDARD_NAMES = {
    "a": ("allocator", "allocator", ""),
    "b": ("basic_string", "basic_string", ""),
    "s": ("string", "basic_string", "<char, std::char_traits<char>, std::allocator<char>>"),
    "i": ("istream", "basic_istream", _STREAM),
    "o": ("ostream", "basic_ostream", _STREAM),
    "d": ("iostream", "basic_iostream", _STREAM),
}


class TemplateGrammar(Cursor):
    def substitution(self) -> Node:
        """A reference to what was read before, or an abbreviation for a name of std."""
        self.expect("S")
        first = self.peek()
        if "a" <= first <= "z":
            if first not in _STANDARD_NAMES:
                raise self.malformed()
            self.at += 1
            abbreviation = StandardName(*_STANDARD_NAMES[first], expanded=False)
            tagged = self.abi_tags(abbreviation)
            if tagged is not abbreviation:
                self.substitutions.append(tagged)
            return tagged
        if self.take("_"):
            index = 0
        else:
            sequence_id = self.sequence_id()
            if sequence_id is None:
                raise self.malformed()
            index = sequence_id + 1 & WRAP
            self.expect("_")
        if index >= len(self.substitutions):
            raise self.malformed()
        return self.substitutions[index]

    def template_parameter(self) -> Node:
        start = self.at
        self.expect("T")
        level = 0
        if self.take("L"):
            level = self.natural() + 1 & WRAP
            self.expect("_")
        index = 0
        if not self.take("_"):
            index = self.natural() + 1 & WRAP
            self.expect("_")
        if self.levels_unknown:
            return Name(self.text[start : self.at - 1])
        if self.permit_forward_references and level == 0:
            reference = ForwardReference(index)
            self.forward_references.append(reference)
            return reference
        parameters = (
            self.template_parameters[level] if level < len(self.template_parameters) else None
        )
        if parameters is not None and index < len(parameters):
            return parameters[index]
        if level == self.lambda_level and level <= len(self.template_parameters):
            # `auto` among a lambda's parameters is a template parameter without a declaration.
            if level == len(self.template_parameters):
                self.template_parameters.append(None)
            return Name("auto")
        raise self.malformed()

    def starts_parameter_declaration(self) -> bool:
        if self.peek() != "T":
            return False
        if self.peek(1) == "k":
            return self.knows(CONSTRAINTS)
        return self.peek(1) in ("y", "p", "t", "n")

    def invented_parameter(self, kind: str, parameters: list[Node] | None) -> Node:
        """A name for a parameter of which the mangling has none: $T, $T0, $T1 ..."""
        count = self.invented_parameters[kind]
        self.invented_parameters[kind] = count + 1
        node = Text(f"{kind}{count - 1}" if count else kind)
        if parameters is not None:
            parameters.append(node)
        return node

    def template_parameter_declaration(self, parameters: list[Node] | None) -> Node:
        self.descend()
        node = self._parameter_declaration(parameters)
        self.ascend()
        return node

    def _parameter_declaration(self, parameters: list[Node] | None) -> Node:
        if self.take("Ty"):
            return TypeParameter(Text("typename"), self.invented_parameter("$T", parameters))
        if self.knows(CONSTRAINTS) and self.take("Tk"):
            saved, self.levels_unknown = self.levels_unknown, True
            constraint = self.name()
            self.levels_unknown = saved
            return TypeParameter(constraint, self.invented_parameter("$T", parameters))
        if self.take("Tn"):
            name = self.invented_parameter("$N", parameters)
            return NonTypeParameter(name, self.type())
        if self.take("Tt"):
            return self._template_template_parameter(parameters)
        if self.take("Tp"):
            return ParameterPackDeclaration(self.template_parameter_declaration(parameters))
        raise self.malformed()

    def _template_template_parameter(self, parameters: list[Node] | None) -> Node:
        name = self.invented_parameter("$TT", parameters)
        level = len(self.template_parameters)
        own_parameters: list[Node] = []
        self.template_parameters.append(own_parameters)
        declarations: list[Node] = []
        constraint = None
        while not self.take("E"):
            declarations.append(self.template_parameter_declaration(own_parameters))
            if self.knows(CONSTRAINTS) and self.take("Q"):
                constraint = self.constraint()
                self.expect("E")
                break
        del self.template_parameters[level:]
        return TemplateParameter(name, declarations, constraint)

    def template_arguments(self, tag: bool = False) -> Node:
        """The arguments; with `tag`, they are what `T_` ... refers to from here on."""
        self.expect("I")
        if tag:
            self.template_parameters.clear()
            self.template_parameters.append(self.outer_parameters)
            self.outer_parameters.clear()
        arguments: list[Node] = []
        while not self.take("E"):
            argument = self.tagged_argument() if tag else self.template_argument()
            arguments.append(argument)
            if tag:
                self.outer_parameters.append(_as_parameter(argument))
            if self.knows(CONSTRAINTS) and self.take("Q"):
                # Read, but not printed.
                self.constraint()
                self.expect("E")
                break
        return TemplateArguments(arguments)

    def tagged_argument(self) -> Node:
        """One of the arguments that parameters refer to from here on."""
        if self.knows(EARLIER_ARGUMENTS):
            return self.template_argument()
        saved, self.template_parameters = self.template_parameters, []
        node = self.template_argument()
        self.template_parameters = saved
        return node

    def template_argument(self) -> Node:
        self.descend()
        node = self._argument()
        self.ascend()
        return node

    def _argument(self) -> Node:
        first = self.peek()
        if first == "X":
            self.at += 1
            expression = self.expression()
            self.expect("E")
            return expression
        if first == "J":
            self.at += 1
            return TemplateArgumentPack(self.arguments_until("E"))
        if first == "L":
            if self.take("LZ"):
                encoding = self.encoding()
                self.expect("E")
                return encoding
            return self.primary_expression()
        if self.knows(DECLARED_ARGUMENTS) and self.starts_parameter_declaration():
            self.template_parameter_declaration(None)
            return DeclaredArgument(self.template_argument())
        return self.type()


def _as_parameter(argument: Node) -> Node:
    """What a reference to the parameter of this argument stands for."""
    if isinstance(argument, DeclaredArgument):
        return argument.argument
    if isinstance(argument, TemplateArgumentPack):
        return ParameterPack(argument.elements)
    return argument

"""The rules for names and encodings (Itanium C++ ABI, sections 5.1.2 to 5.1.4 and 5.1.8)."""

from __future__ import annotations

from linker.demangle.cursor import DIGITS, Cursor, NameState
from linker.demangle.history import (
    CONSTRAINTS,
    EXPLICIT_OBJECTS,
    FRIENDS,
    LOCAL_PARAMETERS,
    MEMBER_POINTER_OPERATORS,
    TAGGED_CONSTRUCTORS,
    VOID_LAMBDAS,
)
from linker.demangle.nodes import (
    AbiTag,
    ClosureName,
    ConstructionVtable,
    ConstructorName,
    EnableIf,
    Joined,
    LocalName,
    ModuleEntity,
    ModuleName,
    Name,
    Node,
    Prefixed,
    StandardName,
    StructuredBinding,
    Text,
)
from linker.demangle.operators import OPERATORS, Form
from linker.demangle.template_nodes import NameWithArguments
from linker.demangle.type_nodes import CONST, RESTRICT, VOLATILE, FunctionEncoding

_MEMBER_POINTER = OPERATORS["pm"]
# Special names that have a type, and those that have the name of an object.
_OF_TYPES = {
    "TV": "vtable for ",
    "TT": "VTT for ",
    "TI": "typeinfo for ",
    "TS": "typeinfo name for ",
}
_OF_OBJECTS = {
    "TW": "thread-local wrapper routine for ",
    "TH": "thread-local initialization routine for ",
    "GV": "guard variable for ",
}


class NameGrammar(Cursor):
    def encoding(self) -> Node:
        """A function with its parameters, an object, or a special name."""
        self.descend()
        saved = self.template_parameters, self.outer_parameters
        self.template_parameters, self.outer_parameters = [], []
        node = self.special_name() if self.peek() in ("G", "T") else self.ordinary_encoding()
        self.template_parameters, self.outer_parameters = saved
        self.ascend()
        return node

    def at_end_of_encoding(self) -> bool:
        # None of these starts a type.
        return self.peek() in ("", "E", ".", "_")

    def ordinary_encoding(self) -> Node:
        state = NameState(len(self.forward_references))
        name = self.name(state)
        self.resolve_forward_references(state)
        if self.at_end_of_encoding():
            return name
        attributes = None
        if self.take("Ua9enable_ifI"):
            attributes = EnableIf(self.arguments_until("E"))
        returns = None
        if state.ends_with_arguments and not state.without_return_type:
            returns = self.type()
        parameters = [] if self.take("v") else self.parameters(state)
        requires = self.trailing_constraint()
        return FunctionEncoding(
            returns, name, parameters, attributes, requires, state.qualifiers, state.reference
        )

    def starts_constraint(self) -> bool:
        return self.peek() == "Q" and self.knows(CONSTRAINTS)

    def trailing_constraint(self) -> Node | None:
        """The constraint that comes next, if there is one."""
        if not self.starts_constraint():
            return None
        self.expect("Q")
        return self.constraint()

    def parameters(self, state: NameState) -> list[Node]:
        first = self.type()
        parameters = [Prefixed("this ", first) if state.explicit_object else first]
        while not self.at_end_of_encoding() and not self.starts_constraint():
            parameters.append(self.type())
        return parameters

    def resolve_forward_references(self, state: NameState) -> None:
        """Gives the references in the type of a conversion operator their arguments."""
        start = state.first_forward_reference
        for reference in self.forward_references[start:]:
            arguments = self.template_parameters[0] if self.template_parameters else None
            if arguments is None or reference.index >= len(arguments):
                raise self.malformed()
            reference.target = arguments[reference.index]
        del self.forward_references[start:]

    def special_name(self) -> Node:
        code = self.text[self.at : self.at + 2]
        if code in _OF_TYPES:
            self.at += 2
            return Prefixed(_OF_TYPES[code], self.type())
        if code in _OF_OBJECTS:
            self.at += 2
            return Prefixed(_OF_OBJECTS[code], self.name())
        if self.take("TA"):
            return Prefixed("template parameter object for ", self.template_argument())
        if self.take("Tc"):
            self.call_offset()
            self.call_offset()
            return Prefixed("covariant return thunk to ", self.encoding())
        if self.take("TC"):
            derived = self.type()
            if not self.number(negative=True):
                raise self.malformed()
            self.expect("_")
            return ConstructionVtable(self.type(), derived)
        if self.take("T"):
            kind = "virtual" if self.peek() == "v" else "non-virtual"
            self.call_offset()
            return Prefixed(f"{kind} thunk to ", self.encoding())
        if self.take("GR"):
            name = self.name()
            numbered = self.sequence_id() is not None
            if not self.take("_") and numbered:
                raise self.malformed()
            return Prefixed("reference temporary for ", name)
        if self.take("GI"):
            module = self.module_name(None)
            if module is None:
                raise self.malformed()
            return Prefixed("initializer for module ", module)
        raise self.malformed()

    def call_offset(self) -> None:
        """Skips the adjustment of a thunk, which is not printed."""
        count = 1 if self.take("h") else 2 if self.take("v") else 0
        if not count:
            raise self.malformed()
        for _ in range(count):
            if not self.number(negative=True):
                raise self.malformed()
            self.expect("_")

    def name(self, state: NameState | None = None) -> Node:
        if self.peek() == "N":
            return self.nested_name(state)
        if self.peek() == "Z":
            return self.local_name(state)
        node, is_substitution = self.unscoped_name(state)
        if self.peek() == "I":
            if not is_substitution:
                self.substitutions.append(node)
            arguments = self.template_arguments(tag=state is not None)
            if state is not None:
                state.ends_with_arguments = True
            return NameWithArguments(node, arguments)
        if is_substitution:
            raise self.malformed()
        return node

    def local_name(self, state: NameState | None) -> Node:
        self.expect("Z")
        encoding = self.encoding()
        self.expect("E")
        if self.take("s"):
            self.discriminator()
            return LocalName(encoding, Name("string literal"))
        if not self.knows(LOCAL_PARAMETERS):
            return LocalName(encoding, self.local_entity(state))
        saved = self.template_parameters, self.outer_parameters
        self.template_parameters, self.outer_parameters = [], []
        entity = self.local_entity(state)
        self.template_parameters, self.outer_parameters = saved
        return LocalName(encoding, entity)

    def local_entity(self, state: NameState | None) -> Node:
        if self.take("d"):
            self.number(negative=True)
            self.expect("_")
            return self.name(state)
        entity = self.name(state)
        self.discriminator()
        return entity

    def discriminator(self) -> None:
        """Skips what tells local names apart: `_5`, `__12_`, or digits to the very end."""
        text = self.text
        at = self.at
        if self.peek() == "_":
            if self.peek(1) in DIGITS:
                self.at += 2
            elif self.peek(1) == "_":
                at += 2
                while at < len(text) and text[at] in DIGITS:
                    at += 1
                if text.startswith("_", at):
                    self.at = at + 1
        elif self.peek() in DIGITS:
            while at < len(text) and text[at] in DIGITS:
                at += 1
            if at == len(text):
                self.at = at

    def unscoped_name(self, state: NameState | None) -> tuple[Node, bool]:
        """A name outside of any scope but std; whether it is a substitution and nothing more."""
        scope = Name("std") if self.take("St") else None
        module = None
        if self.peek() == "S":
            node = self.substitution()
            if isinstance(node, ModuleName):
                module = node
            elif scope is None:
                return node, True
            else:
                raise self.malformed()
        return self.unqualified_name(state, scope, module), False

    def unqualified_name(
        self, state: NameState | None, scope: Node | None, module: ModuleName | None
    ) -> Node:
        module = self.module_name(module)
        is_friend = scope is not None and self.knows(FRIENDS) and self.take("F")
        self.take("L")
        node: Node
        first = self.peek()
        if first in DIGITS and first != "0":
            node = self.source_name()
        elif first == "U":
            node = self.unnamed_type_name(state)
        elif self.take("DC"):
            bindings = [self.source_name()]
            while not self.take("E"):
                bindings.append(self.source_name())
            node = StructuredBinding(bindings)
        elif first in ("C", "D"):
            if scope is None or module is not None:
                raise self.malformed()
            if isinstance(scope, StandardName):
                scope = StandardName(scope.name, scope.template, scope.arguments, expanded=True)
            node = self.constructor_name(scope, state)
        else:
            node = self.operator_name(state)
        if module is not None:
            node = ModuleEntity(module, node)
        node = self.abi_tags(node)
        if scope is None:
            return node
        return Joined(scope, "::friend " if is_friend else "::", node)

    def module_name(self, module: ModuleName | None) -> ModuleName | None:
        while self.take("W"):
            partition = self.take("P")
            module = ModuleName(module, self.source_name(), partition)
            self.substitutions.append(module)
        return module

    def unnamed_type_name(self, state: NameState | None) -> Node:
        if state is not None:
            # Parameters refer to the innermost arguments only.
            self.template_parameters.clear()
        if self.take("Ut"):
            count = self.number()
            self.expect("_")
            return Text(f"'unnamed{count}'")
        if self.take("Ul"):
            return self.closure_name()
        if self.take("Ub"):
            self.number()
            self.expect("_")
            return Name("'block-literal'")
        raise self.malformed()

    def closure_name(self) -> Node:
        outer_level = self.lambda_level
        self.lambda_level = level = len(self.template_parameters)
        own_parameters: list[Node] = []
        self.template_parameters.append(own_parameters)
        template: list[Node] = []
        while self.starts_parameter_declaration():
            template.append(self.template_parameter_declaration(own_parameters))
        if not template:
            # A level without a list exists only if `auto` occurs (see template_parameter).
            self.template_parameters.pop()
        outer_constraint = self.trailing_constraint()
        parameters: list[Node] = []
        has_none = self.peek() == "v" and (self.peek(1) == "E" or self.knows(VOID_LAMBDAS))
        if has_none:
            self.expect("v")
        else:
            parameters.append(self.type())
            while self.peek() != "E" and not self.starts_constraint():
                parameters.append(self.type())
        trailing_constraint = self.trailing_constraint()
        self.expect("E")
        count = self.number()
        self.expect("_")
        del self.template_parameters[level:]
        self.lambda_level = outer_level
        return ClosureName(template, outer_constraint, parameters, trailing_constraint, count)

    def source_name(self) -> Node:
        name = self.length_prefixed()
        if not name:
            raise self.malformed()
        return Name("(anonymous namespace)" if name.startswith("_GLOBAL__N") else name)

    def operator_name(self, state: NameState | None) -> Node:
        operator = self.operator()
        if operator is not None:
            if operator.form is Form.CAST:
                return self.conversion_name(state)
            is_known = operator != _MEMBER_POINTER or self.knows(MEMBER_POINTER_OPERATORS)
            if not (operator.names_functions and is_known):
                raise self.malformed()
            return Name(operator.name)
        if self.take("li"):
            return Prefixed('operator"" ', self.source_name())
        if self.take("v") and self.peek() in DIGITS:
            self.at += 1
            return Prefixed("operator ", self.source_name())
        raise self.malformed()

    def conversion_name(self, state: NameState | None) -> Node:
        saved = self.take_template_arguments, self.permit_forward_references
        self.take_template_arguments = False
        # In the name of a function, the type may refer to arguments that come after it.
        self.permit_forward_references = saved[1] or state is not None
        type_ = self.type()
        if state is not None:
            state.without_return_type = True
        self.take_template_arguments, self.permit_forward_references = saved
        return Prefixed("operator ", type_)

    def constructor_name(self, scope: Node, state: NameState | None) -> Node:
        destructor = self.take("D")
        inherited = False
        if not destructor:
            self.expect("C")
            inherited = self.take("I")
        if self.peek() not in (("0", "1", "2", "4", "5") if destructor else tuple("12345")):
            raise self.malformed()
        self.at += 1
        if state is not None:
            state.without_return_type = True
        if inherited:
            self.name(state)
        return ConstructorName(scope, destructor)

    def qualifiers(self) -> int:
        found = RESTRICT if self.take("r") else 0
        found |= VOLATILE if self.take("V") else 0
        return found | (CONST if self.take("K") else 0)

    def nested_name(self, state: NameState | None) -> Node:
        self.expect("N")
        self.member_function_qualifiers(state)
        node: Node | None = None
        # Unlike the others, the whole name is not a substitution.
        last_pushed = False
        while not self.take("E"):
            if state is not None:
                state.ends_with_arguments = False
            node, is_new = self.nested_component(state, node)
            if not is_new:
                continue
            self.substitutions.append(node)
            last_pushed = True
            # The old mangling of a data member that is a scope.
            self.take("M")
        if node is None or not (last_pushed or self.substitutions):
            raise self.malformed()
        self.substitutions.pop()
        return node

    def member_function_qualifiers(self, state: NameState | None) -> None:
        if self.knows(EXPLICIT_OBJECTS) and self.take("H"):
            if state is not None:
                state.explicit_object = True
            return
        qualifiers = self.qualifiers()
        reference = " &&" if self.take("O") else " &" if self.take("R") else ""
        if state is not None:
            state.qualifiers = qualifiers
            state.reference = reference

    def nested_component(self, state: NameState | None, scope: Node | None) -> tuple[Node, bool]:
        """The scope with one more component; whether that is a new candidate for substitution."""
        first = self.peek()
        if first == "T":
            if scope is not None:
                raise self.malformed()
            return self.template_parameter(), True
        if first == "I":
            if scope is None:
                raise self.malformed()
            arguments = self.template_arguments(tag=state is not None)
            # Arguments after arguments belong to no name.
            if isinstance(scope, NameWithArguments):
                raise self.malformed()
            if state is not None:
                state.ends_with_arguments = True
            return NameWithArguments(scope, arguments), True
        if first == "D" and self.peek(1) in ("t", "T"):
            if scope is not None:
                raise self.malformed()
            return self.decltype(), True
        module = None
        if first == "S":
            node = Name("std") if self.take("St") else self.substitution()
            if isinstance(node, ModuleName):
                module = node
            elif scope is not None:
                raise self.malformed()
            else:
                return node, False
        return self.unqualified_name(state, scope, module), True

    def abi_tags(self, node: Node) -> Node:
        while self.take("B"):
            tag = self.length_prefixed()
            if not tag:
                raise self.malformed()
            node = AbiTag(node, tag, names_constructors=self.knows(TAGGED_CONSTRUCTORS))
        return node

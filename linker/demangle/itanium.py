"""Demangling names of the Itanium C++ ABI: `_Z...`, and `___Z...` for Apple's blocks."""

from __future__ import annotations

from linker.demangle.expression_grammar import ExpressionGrammar
from linker.demangle.history import TEMPLATE_DEPTH, TWO_UNDERSCORES
from linker.demangle.name_grammar import NameGrammar
from linker.demangle.nodes import DotSuffix, Node, Prefixed
from linker.demangle.output import Output
from linker.demangle.template_grammar import TemplateGrammar
from linker.demangle.type_grammar import TypeGrammar


class _Parser(NameGrammar, TemplateGrammar, TypeGrammar, ExpressionGrammar):
    def mangled_name(self) -> Node:
        if self.take("_Z") or (self.knows(TWO_UNDERSCORES) and self.take("__Z")):
            node = self.encoding()
            if self.peek() == ".":
                node = DotSuffix(node, self.text[self.at :])
                self.at = len(self.text)
        else:
            if not self.take("___Z"):
                self.expect("____Z")
            node = Prefixed("invocation function for block in ", self.encoding())
            self.expect("_block_invoke")
            numbered = self.take("_")
            if not self.number() and numbered:
                raise self.malformed()
            if self.peek() == ".":
                self.at = len(self.text)
        if self.left_over():
            raise self.malformed()
        return node


def demangle_itanium(name: str, unknown: frozenset[str] = frozenset()) -> str:
    """The C++ form of a name; Malformed if it is not a mangled one.

    One character of the name is one byte. `unknown` is what is not known of it (see history.py).
    """
    node = _Parser(name, unknown).mangled_name()
    out = Output(tells_template_depth=TEMPLATE_DEPTH not in unknown)
    node.print(out)
    return out.text()

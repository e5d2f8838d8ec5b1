"""The operators of the Itanium C++ ABI (section 5.1.3.3), by their two letters."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from linker.demangle.nodes import Precedence


class Form(Enum):
    """How an operator stands with its operands in an expression."""

    PREFIX = auto()
    POSTFIX = auto()
    BINARY = auto()
    SUBSCRIPT = auto()
    MEMBER = auto()
    NEW = auto()
    DELETE = auto()
    CALL = auto()
    CAST = auto()
    CONDITIONAL = auto()
    NAME_ONLY = auto()
    NAMED_CAST = auto()
    OF = auto()


class Operator(NamedTuple):
    """An operator: its sign in expressions, and whether a function can have it as its name.

    `flag` is: with MEMBER, a name of functions; with NEW and DELETE, the form for arrays; with
    CALL, a callee in parentheses; with OF, an operand that is a type.
    """

    form: Form
    sign: str
    precedence: Precedence
    flag: bool = False

    @property
    def name(self) -> str:
        """What a function with this operator is called."""
        space = " " if self.sign[:1].isalpha() else ""
        return f"operator{space}{self.sign}"

    @property
    def names_functions(self) -> bool:
        if self.form is Form.MEMBER:
            return self.flag
        return self.form not in (Form.NAMED_CAST, Form.OF)


def _of_form(form: Form, precedence: Precedence, signs: str) -> dict[str, Operator]:
    """The operators of a list such as "pl + mi -"."""
    words = signs.split()
    return {
        code: Operator(form, sign, precedence)
        for code, sign in zip(words[::2], words[1::2], strict=True)
    }


_P = Precedence

OPERATORS: dict[str, Operator] = {
    **_of_form(Form.BINARY, _P.MULTIPLICATIVE, "ml * rm %"),
    # As LLVM has it; dv is `/`, yet binds as an assignment.
    **_of_form(Form.BINARY, _P.ASSIGN, "dv / aS = aN &= dV /= eO ^= lS <<= mI -= mL *="),
    **_of_form(Form.BINARY, _P.ASSIGN, "oR |= pL += rM %= rS >>="),
    **_of_form(Form.BINARY, _P.ADDITIVE, "pl + mi -"),
    **_of_form(Form.BINARY, _P.SHIFT, "ls << rs >>"),
    **_of_form(Form.BINARY, _P.SPACESHIP, "ss <=>"),
    **_of_form(Form.BINARY, _P.RELATIONAL, "lt < gt > le <= ge >="),
    **_of_form(Form.BINARY, _P.EQUALITY, "eq == ne !="),
    **_of_form(Form.BINARY, _P.AND, "an &"),
    **_of_form(Form.BINARY, _P.XOR, "eo ^"),
    **_of_form(Form.BINARY, _P.OR, "or |"),
    **_of_form(Form.BINARY, _P.AND_IF, "aa &&"),
    **_of_form(Form.BINARY, _P.OR_IF, "oo ||"),
    **_of_form(Form.BINARY, _P.COMMA, "cm ,"),
    **_of_form(Form.PREFIX, _P.UNARY, "ad & co ~ de * ng - nt ! ps +"),
    **_of_form(Form.POSTFIX, _P.POSTFIX, "mm -- pp ++"),
    **_of_form(Form.NAMED_CAST, _P.POSTFIX, "cc const_cast dc dynamic_cast sc static_cast"),
    **_of_form(Form.NAMED_CAST, _P.POSTFIX, "rc reinterpret_cast"),
    "aw": Operator(Form.NAME_ONLY, "co_await", _P.PRIMARY),
    "at": Operator(Form.OF, "alignof ", _P.UNARY, flag=True),
    "az": Operator(Form.OF, "alignof ", _P.UNARY),
    "st": Operator(Form.OF, "sizeof ", _P.UNARY, flag=True),
    "sz": Operator(Form.OF, "sizeof ", _P.UNARY),
    "ti": Operator(Form.OF, "typeid ", _P.POSTFIX, flag=True),
    "te": Operator(Form.OF, "typeid ", _P.POSTFIX),
    "cl": Operator(Form.CALL, "()", _P.POSTFIX),
    "cp": Operator(Form.CALL, "()", _P.POSTFIX, flag=True),
    "cv": Operator(Form.CAST, "", _P.CAST),
    "dl": Operator(Form.DELETE, "delete", _P.UNARY),
    "da": Operator(Form.DELETE, "delete[]", _P.UNARY, flag=True),
    "nw": Operator(Form.NEW, "new", _P.UNARY),
    "na": Operator(Form.NEW, "new[]", _P.UNARY, flag=True),
    "ds": Operator(Form.MEMBER, ".*", _P.POINTER_TO_MEMBER),
    "dt": Operator(Form.MEMBER, ".", _P.POSTFIX),
    "pm": Operator(Form.MEMBER, "->*", _P.POINTER_TO_MEMBER, flag=True),
    "pt": Operator(Form.MEMBER, "->", _P.POSTFIX, flag=True),
    "ix": Operator(Form.SUBSCRIPT, "[]", _P.POSTFIX),
    "qu": Operator(Form.CONDITIONAL, "?", _P.CONDITIONAL),
}

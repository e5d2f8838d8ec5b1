"""The codes of Microsoft's scheme for operators, types, calls and classes of functions."""

from __future__ import annotations

from linker.demangle.microsoft_nodes import FunctionClass

# Names of functions after `?`.
OPERATORS = {
    "2": "new",
    "3": "delete",
    "4": "=",
    "5": ">>",
    "6": "<<",
    "7": "!",
    "8": "==",
    "9": "!=",
    "A": "[]",
    "C": "->",
    "D": "*",
    "E": "++",
    "F": "--",
    "G": "-",
    "H": "+",
    "I": "&",
    "J": "->*",
    "K": "/",
    "L": "%",
    "M": "<",
    "N": "<=",
    "O": ">",
    "P": ">=",
    "Q": ",",
    "R": "()",
    "S": "~",
    "T": "^",
    "U": "|",
    "V": "&&",
    "W": "||",
    "X": "*=",
    "Y": "+=",
    "Z": "-=",
    "_0": "/=",
    "_1": "%=",
    "_2": ">>=",
    "_3": "<<=",
    "_4": "&=",
    "_5": "|=",
    "_6": "^=",
    "_U": "new[]",
    "_V": "delete[]",
    "__L": "co_await",
    "__M": "<=>",
}
# Functions of the compiler after `?`.
INTERNAL_FUNCTIONS = {
    "_D": "vbase dtor",
    "_E": "vector deleting dtor",
    "_F": "default ctor closure",
    "_G": "scalar deleting dtor",
    "_H": "vector ctor iterator",
    "_I": "vector dtor iterator",
    "_J": "vector vbase ctor iterator",
    "_K": "virtual displacement map",
    "_L": "eh vector ctor iterator",
    "_M": "eh vector dtor iterator",
    "_N": "eh vector vbase ctor iterator",
    "_O": "copy ctor closure",
    "_T": "local vftable ctor closure",
    "__A": "managed vector ctor iterator",
    "__B": "managed vector dtor iterator",
    "__C": "EH vector copy ctor iterator",
    "__D": "EH vector vbase copy ctor iterator",
    "__G": "vector copy ctor iterator",
    "__H": "vector vbase copy constructor iterator",
    "__I": "managed vector vbase copy constructor iterator",
}
TABLES = {
    "?_7": "`vftable'",
    "?_8": "`vbtable'",
    "?_S": "`local vftable'",
    "?_R4": "`RTTI Complete Object Locator'",
}
UNTYPED_VARIABLES = {
    "?_R2": "`RTTI Base Class Array'",
    "?_R3": "`RTTI Class Hierarchy Descriptor'",
}
PRIMITIVE_TYPES = {
    "$$T": "std::nullptr_t",
    "X": "void",
    "D": "char",
    "C": "signed char",
    "E": "unsigned char",
    "F": "short",
    "G": "unsigned short",
    "H": "int",
    "I": "unsigned int",
    "J": "long",
    "K": "unsigned long",
    "M": "float",
    "N": "double",
    "O": "long double",
    "_N": "bool",
    "_J": "__int64",
    "_K": "unsigned __int64",
    "_W": "wchar_t",
    "_Q": "char8_t",
    "_S": "char16_t",
    "_U": "char32_t",
    "_P": "auto",
    "_T": "decltype(auto)",
}
TAGS = {"T": "union", "U": "struct", "V": "class", "W4": "enum"}
CALLING_CONVENTIONS = {
    **dict.fromkeys("AB", "__cdecl"),
    **dict.fromkeys("CD", "__pascal"),
    **dict.fromkeys("EF", "__thiscall"),
    **dict.fromkeys("GH", "__stdcall"),
    **dict.fromkeys("IJ", "__fastcall"),
    **dict.fromkeys("MN", "__clrcall"),
    **dict.fromkeys("OP", "__eabi"),
    "Q": "__vectorcall",
    "S": "__attribute__((__swiftcall__)) ",
    "W": "__attribute__((__swiftasynccall__)) ",
}
VARIABLE_ACCESS = {
    "0": "private: static ",
    "1": "protected: static ",
    "2": "public: static ",
    "3": "",
    "4": "",
}

_C = FunctionClass
# In pairs: the second letter of each is the same for far functions.
_KINDS = (
    _C.NONE,
    _C.STATIC,
    _C.VIRTUAL,
    _C.VIRTUAL | _C.STATIC_ADJUSTED,
)
FUNCTION_CLASSES: dict[str, FunctionClass] = {
    "9": _C.EXTERN_C | _C.NO_PARAMETERS,
    **dict.fromkeys("YZ", _C.GLOBAL),
}
for _access, _letters in (
    (_C.PRIVATE, "ABCDEFGH"),
    (_C.PROTECTED, "IJKLMNOP"),
    (_C.PUBLIC, "QRSTUVWX"),
):
    for _index, _letter in enumerate(_letters):
        FUNCTION_CLASSES[_letter] = _access | _KINDS[_index // 2]
# LLVM takes a private thunk for one that is not virtual.
FUNCTION_CLASSES["G"] = FUNCTION_CLASSES["H"] = _C.PRIVATE | _C.STATIC_ADJUSTED
for _access, _letters in ((_C.PRIVATE, "01"), (_C.PROTECTED, "23"), (_C.PUBLIC, "45")):
    for _letter in _letters:
        _kind = _access | _C.VIRTUAL | _C.VIRTUAL_ADJUSTED
        FUNCTION_CLASSES["$" + _letter] = _kind
        FUNCTION_CLASSES["$R" + _letter] = _kind | _C.VIRTUAL_ADJUSTED_EXTENDED

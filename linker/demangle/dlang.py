"""Demangling D's names: `_D...` (https://dlang.org/spec/abi.html#name_mangling).

Only what LLVM 22 demangles (llvm/lib/Demangle/DLangDemangle.cpp): qualified names without a type,
or of type int, which is not printed. No functions with parameters, no templates.
"""

from __future__ import annotations

from linker.demangle.output import Malformed

_DIGITS = frozenset("0123456789")
_MAX_NUMBER = (1 << 32) - 1
# Symbols of the compiler, which are named after what they belong to.
_ARTIFICIAL = {
    "__initZ": "initializer for ",
    "__vtblZ": "vtable for ",
    "__ClassZ": "ClassInfo for ",
    "__InterfaceZ": "Interface for ",
    "__ModuleInfoZ": "ModuleInfo for ",
}


def demangle_d(name: str) -> str:
    """The D form of a name; Malformed if it is not a mangled one."""
    if name == "_Dmain":
        return "D main"
    parser = _Parser(name)
    text = parser.mangled_name()
    if not text:
        raise parser.malformed()
    return text


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 2
        # A type must refer further and further back.
        self.last_type_reference = len(text)
        self.name = ""

    def malformed(self) -> Malformed:
        return Malformed(f"at offset {self.at}")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def mangled_name(self) -> str:
        self.qualified_name()
        if self.peek() == "Z":
            # An artificial symbol, without a type.
            self.at += 1
        else:
            self.type()
        if self.at != len(self.text):
            raise self.malformed()
        return self.name

    def qualified_name(self) -> None:
        first = True
        while True:
            if self.peek() == "0":
                # Anonymous symbols.
                while self.peek() == "0":
                    self.at += 1
            else:
                if not first:
                    self.name += "."
                first = False
                self.identifier()
            if not self.starts_symbol():
                return

    def starts_symbol(self) -> bool:
        if self.peek() in _DIGITS:
            return True
        if self.peek() != "Q":
            return False
        saved = self.at
        try:
            return self.text[self.reference()] in _DIGITS
        except Malformed:
            return False
        finally:
            self.at = saved

    def number(self) -> int:
        """A number, which something must follow."""
        start = self.at
        while self.peek() in _DIGITS:
            self.at += 1
        digits = self.text[start : self.at]
        if not digits or len(digits.lstrip("0")) > 10 or not self.peek():
            raise self.malformed()
        value = int(digits.lstrip("0") or "0")
        if value > _MAX_NUMBER:
            raise self.malformed()
        return value

    def reference(self) -> int:
        """The place that a back reference refers to, by its distance in base 26."""
        start = self.at
        self.at += 1
        distance = 0
        while "A" <= self.peek() <= "Z":
            distance = distance * 26 + ord(self.peek()) - ord("A")
            self.at += 1
        if not "a" <= self.peek() <= "z":
            raise self.malformed()
        distance = distance * 26 + ord(self.peek()) - ord("a")
        self.at += 1
        if not 0 < distance <= start:
            raise self.malformed()
        return start - distance

    def identifier(self) -> None:
        if self.peek() == "Q":
            target = self.reference()
            saved, self.at = self.at, target
            self.plain_name(self.number())
            if self.at >= len(self.text):
                raise self.malformed()
            self.at = saved
            return
        length = self.number()
        if not length or length > len(self.text) - self.at:
            raise self.malformed()
        name = self.text[self.at : self.at + length]
        if length >= 4 and name.startswith("__S") and _DIGITS.issuperset(name[3:]):
            # A made-up parent that tells declarations of the same name apart.
            self.at += length
            self.identifier()
            return
        self.plain_name(length)

    def plain_name(self, length: int) -> None:
        if length > len(self.text) - self.at:
            raise self.malformed()
        # The Z that ends the whole name tells the compiler's names from others.
        artificial = _ARTIFICIAL.get(self.text[self.at : self.at + length + 1])
        if artificial is not None:
            # Instead of the dot.
            self.name = (artificial + self.name)[:-1]
        else:
            self.name += self.text[self.at : self.at + length]
        self.at += length

    def type(self) -> None:
        if self.peek() == "i":
            self.at += 1
            return
        if self.peek() != "Q" or self.at >= self.last_type_reference:
            raise self.malformed()
        saved_reference = self.last_type_reference
        self.last_type_reference = self.at
        target = self.reference()
        saved, self.at = self.at, target
        self.type()
        if self.at >= len(self.text):
            raise self.malformed()
        self.at = saved
        self.last_type_reference = saved_reference

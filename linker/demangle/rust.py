"""Demangling Rust's names of the scheme v0: `_R...` (RFC 2603).

The form of the text is that of LLVM 22 (llvm/lib/Demangle/RustDemangle.cpp).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from linker.demangle.output import Malformed, Output
from linker.demangle.punycode import decode_punycode

_MAX_DEPTH = 500
_MAX_NUMBER = (1 << 64) - 1
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_IDENTIFIER = frozenset(_DIGITS + "_")
_BASIC_TYPES = {
    "a": "i8",
    "b": "bool",
    "c": "char",
    "d": "f64",
    "e": "str",
    "f": "f32",
    "h": "u8",
    "i": "isize",
    "j": "usize",
    "l": "i32",
    "m": "u32",
    "n": "i128",
    "o": "u128",
    "p": "_",
    "s": "i16",
    "t": "u16",
    "u": "()",
    "v": "...",
    "x": "i64",
    "y": "u64",
    "z": "!",
}
_INTEGERS = frozenset("ahijlmnostxy")
_CHARACTER_ESCAPES = {9: "\\t", 13: "\\r", 10: "\\n", 92: "\\\\", 34: '"', 39: "\\'"}


def demangle_rust(name: str) -> str:
    """The Rust form of a name; Malformed if it is not a mangled one.

    One character of the name and of the result is one byte (the result's are UTF-8).
    """
    mangled, dot, suffix = name[2:].partition(".")
    parser = _Parser(mangled)
    parser.path(in_type=False)
    if parser.at < len(mangled):
        # The crate that instantiated a generic function.
        with parser.silently():
            parser.path(in_type=False)
    if parser.at < len(mangled):
        raise parser.malformed()
    if dot:
        parser.out.write(f" (.{suffix})")
    return parser.out.text()


class _Parser:
    """Reads and prints at once: what is repeated is a reference to a place in the name."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.bound_lifetimes = 0
        self.silent = False
        self.out = Output()

    def malformed(self) -> Malformed:
        return Malformed(f"at offset {self.at}")

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def consume(self) -> str:
        if self.at >= len(self.text):
            raise self.malformed()
        self.at += 1
        return self.text[self.at - 1]

    def take(self, character: str) -> bool:
        if self.peek() == character:
            self.at += 1
            return True
        return False

    def write(self, text: str) -> None:
        if not self.silent:
            self.out.write(text)

    def descend(self) -> None:
        if self.depth >= _MAX_DEPTH:
            raise self.malformed()
        self.depth += 1
        # References can make exponentially many parts that print nothing.
        self.out.step()

    @contextmanager
    def silently(self) -> Iterator[None]:
        """What is read inside is not printed."""
        saved, self.silent = self.silent, True
        yield
        self.silent = saved

    def backreference(self, rule: Callable[[], bool]) -> bool:
        """Applies a rule at an earlier place of the name, if it is to be printed at all."""
        start = self.at
        target = self.base_62_number()
        # Not before the reference as a whole, but before the end of its number.
        if target >= self.at:
            self.at = start
            raise self.malformed()
        if self.silent:
            return False
        saved, self.at = self.at, target
        result = rule()
        self.at = saved
        return result

    def path(self, in_type: bool, leave_open: bool = False) -> bool:
        """A path; with `leave_open` the arguments at its end stay open: True if there are any."""
        self.descend()
        is_open = self._path(in_type, leave_open)
        self.depth -= 1
        return is_open

    def _path(self, in_type: bool, leave_open: bool) -> bool:
        kind = self.consume()
        if kind == "C":
            self.optional_number("s")
            self.write_identifier(*self.identifier())
        elif kind in ("M", "X", "Y"):
            self.implementation(kind, in_type)
        elif kind == "N":
            self.nested_path(in_type)
        elif kind == "I":
            self.path(in_type)
            self.write("<" if in_type else "::<")
            self.separated(self.generic_argument)
            if leave_open:
                return True
            self.write(">")
        elif kind == "B":
            return self.backreference(lambda: self.path(in_type, leave_open))
        else:
            raise self.malformed()
        return False

    def implementation(self, kind: str, in_type: bool) -> None:
        """`<T>` (M), `<T as Trait>` of an implementation (X) or of the trait itself (Y)."""
        if kind != "Y":
            with self.silently():
                self.optional_number("s")
                self.path(in_type)
        self.write("<")
        self.type()
        if kind != "M":
            self.write(" as ")
            self.path(in_type=True)
        self.write(">")

    def nested_path(self, in_type: bool) -> None:
        namespace = self.consume()
        if not ("a" <= namespace <= "z" or "A" <= namespace <= "Z"):
            raise self.malformed()
        self.path(in_type)
        disambiguator = self.optional_number("s")
        name, is_punycode = self.identifier()
        if namespace >= "a":
            if name:
                self.write("::")
                self.write_identifier(name, is_punycode)
            return
        self.write("::{" + {"C": "closure", "S": "shim"}.get(namespace, namespace))
        if name:
            self.write(":")
            self.write_identifier(name, is_punycode)
        self.write(f"#{disambiguator}}}")

    def separated(self, rule: Callable[[], None], separator: str = ", ") -> int:
        """Applies a rule up to the `E`, with a separator in between; returns how often."""
        count = 0
        while not self.take("E"):
            if count:
                self.write(separator)
            rule()
            count += 1
        return count

    def generic_argument(self) -> None:
        if self.take("L"):
            self.write_lifetime(self.base_62_number())
        elif self.take("K"):
            self.constant()
        else:
            self.type()

    def type(self) -> None:
        self.descend()
        kind = self.consume()
        if kind in _BASIC_TYPES:
            self.write(_BASIC_TYPES[kind])
        elif kind == "A":
            self.write("[")
            self.type()
            self.write("; ")
            self.constant()
            self.write("]")
        elif kind == "S":
            self.write("[")
            self.type()
            self.write("]")
        elif kind == "T":
            self.write("(")
            # A tuple of one element needs the comma.
            self.write(",)" if self.separated(self.type) == 1 else ")")
        elif kind in ("R", "Q"):
            self.reference(mutable=kind == "Q")
        elif kind in ("P", "O"):
            self.write("*const " if kind == "P" else "*mut ")
            self.type()
        elif kind == "F":
            self.function_signature()
        elif kind == "D":
            self.trait_object()
        elif kind == "B":
            self.backreference(self._type_reference)
        else:
            self.at -= 1
            self.path(in_type=True)
        self.depth -= 1

    def _type_reference(self) -> bool:
        self.type()
        return False

    def _constant_reference(self) -> bool:
        self.constant()
        return False

    def reference(self, mutable: bool) -> None:
        self.write("&")
        if self.take("L"):
            lifetime = self.base_62_number()
            if lifetime:
                self.write_lifetime(lifetime)
                self.write(" ")
        if mutable:
            self.write("mut ")
        self.type()

    def function_signature(self) -> None:
        bound = self.bound_lifetimes
        self.binder()
        if self.take("U"):
            self.write("unsafe ")
        if self.take("K"):
            self.write('extern "')
            if self.take("C"):
                self.write("C")
            else:
                name, is_punycode = self.identifier()
                if is_punycode:
                    raise self.malformed()
                self.write(name.replace("_", "-"))
            self.write('" ')
        self.write("fn(")
        self.separated(self.type)
        self.write(")")
        # The unit type is left out.
        if not self.take("u"):
            self.write(" -> ")
            self.type()
        self.bound_lifetimes = bound

    def trait_object(self) -> None:
        bound = self.bound_lifetimes
        self.write("dyn ")
        self.binder()
        self.separated(self.trait, " + ")
        self.bound_lifetimes = bound
        if not self.take("L"):
            raise self.malformed()
        lifetime = self.base_62_number()
        if lifetime:
            self.write(" + ")
            self.write_lifetime(lifetime)

    def trait(self) -> None:
        is_open = self.path(in_type=True, leave_open=True)
        while self.take("p"):
            self.write(", " if is_open else "<")
            is_open = True
            self.write(self.identifier()[0])
            self.write(" = ")
            self.type()
        if is_open:
            self.write(">")

    def binder(self) -> None:
        """`for<'a, 'b>`, if there is one."""
        count = self.optional_number("G")
        if not count:
            return
        # Every lifetime takes at least one byte of the name to be referred to.
        if count >= len(self.text) - self.bound_lifetimes:
            raise self.malformed()
        self.write("for<")
        for index in range(count):
            self.bound_lifetimes += 1
            if index:
                self.write(", ")
            self.write_lifetime(1)
        self.write("> ")

    def constant(self) -> None:
        self.descend()
        kind = self.consume()
        if kind in _INTEGERS:
            self.integer_constant()
        elif kind == "b":
            digits = self.hexadecimal_number()
            if digits not in ("0", "1"):
                raise self.malformed()
            self.write("true" if digits == "1" else "false")
        elif kind == "c":
            self.character_constant()
        elif kind == "p":
            self.write("_")
        elif kind == "B":
            self.backreference(self._constant_reference)
        else:
            raise self.malformed()
        self.depth -= 1

    def integer_constant(self) -> None:
        if self.take("n"):
            self.write("-")
        digits = self.hexadecimal_number()
        self.write(str(int(digits, 16)) if len(digits) <= 16 else f"0x{digits}")

    def character_constant(self) -> None:
        digits = self.hexadecimal_number()
        if len(digits) > 6:
            raise self.malformed()
        code = int(digits, 16)
        if code in _CHARACTER_ESCAPES:
            text = _CHARACTER_ESCAPES[code]
        elif 0x20 <= code <= 0x7E:
            text = chr(code)
        else:
            text = f"\\u{{{digits}}}"
        self.write(f"'{text}'")

    def identifier(self) -> tuple[str, bool]:
        """An identifier as it stands, and whether it is in Punycode."""
        is_punycode = self.take("u")
        length = self.decimal_number()
        self.take("_")
        if length > len(self.text) - self.at:
            raise self.malformed()
        self.at += length
        name = self.text[self.at - length : self.at]
        if not _IDENTIFIER.issuperset(name):
            raise self.malformed()
        return name, is_punycode

    def decimal_number(self) -> int:
        if not "0" <= self.peek() <= "9":
            raise self.malformed()
        if self.take("0"):
            return 0
        start = self.at
        while "0" <= self.peek() <= "9":
            self.at += 1
        return self.limited(int(self.text[start : self.at][:30]))

    def limited(self, value: int) -> int:
        if value > _MAX_NUMBER:
            raise self.malformed()
        return value

    def optional_number(self, tag: str) -> int:
        """0 without the tag, else one more than the number after it."""
        return self.limited(self.base_62_number() + 1) if self.take(tag) else 0

    def base_62_number(self) -> int:
        if self.take("_"):
            return 0
        value = 0
        while (character := self.consume()) != "_":
            digit = _DIGITS.find(character)
            if digit < 0:
                raise self.malformed()
            value = self.limited(value * 62 + digit)
        return self.limited(value + 1)

    def hexadecimal_number(self) -> str:
        """The digits of a number without leading zeros."""
        start = self.at
        if self.take("0"):
            if not self.take("_"):
                raise self.malformed()
            return "0"
        while (character := self.consume()) != "_":
            if character not in "0123456789abcdef":
                raise self.malformed()
        if self.at == start + 1:
            raise self.malformed()
        return self.text[start : self.at - 1]

    def write_lifetime(self, index: int) -> None:
        """Lifetimes count from the innermost binder outwards; 0 is an erased one."""
        if not index:
            self.write("'_")
            return
        if index > self.bound_lifetimes:
            raise self.malformed()
        depth = self.bound_lifetimes - index
        self.write(f"'{chr(97 + depth)}" if depth < 26 else f"'z{depth - 25}")

    def write_identifier(self, name: str, is_punycode: bool) -> None:
        if self.silent:
            return
        if is_punycode:
            text = decode_punycode(name)
            if text is None:
                raise self.malformed()
            self.write(text.encode("utf-8").decode("latin-1"))
        else:
            self.write(name)

"""How literals are printed (see nodes.py).

Floating-point ones as glibc's printf writes them. Builds of LLVM with another C library, as the
package ziglang carries them, write long double and the smallest numbers in another way.
"""

from __future__ import annotations

import math
import struct

from linker.demangle.nodes import Node
from linker.demangle.output import Output

# C's short escapes, and those without which a character would end or escape the literal.
_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
_HEXADECIMAL_DIGITS = "0123456789abcdefABCDEF"


class Integer(Node):
    """A number of a type that has a suffix (`5u`) or is written in front (`(char)5`)."""

    __slots__ = ("type_name", "value")

    def __init__(self, type_name: str, value: str) -> None:
        self.type_name = type_name
        self.value = value

    def left(self, out: Output) -> None:
        is_suffix = len(self.type_name) <= 3
        if not is_suffix:
            out.open()
            out.write(self.type_name)
            out.close()
        out.write(signed_number(self.value))
        if is_suffix:
            out.write(self.type_name)


class Enumerator(Node):
    """A number of a named type: `(Colour)2`."""

    __slots__ = ("type", "value")

    def __init__(self, type_: Node, value: str) -> None:
        self.type = type_
        self.value = value

    def left(self, out: Output) -> None:
        out.open()
        self.type.print(out)
        out.close()
        out.write(signed_number(self.value))


class StringLiteral(Node):
    """A string, of which the mangling has only the type."""

    __slots__ = ("type",)

    def __init__(self, type_: Node) -> None:
        self.type = type_

    def left(self, out: Output) -> None:
        out.write('"<')
        self.type.print(out)
        out.write('>"')


class Float(Node):
    """A floating-point number, mangled as the hexadecimal digits of its bytes, highest first."""

    __slots__ = ("digits",)

    def __init__(self, digits: str) -> None:
        self.digits = digits

    def left(self, out: Output) -> None:
        data = bytes.fromhex(self.digits)
        if len(data) == 4:
            out.write(_double_text(struct.unpack(">f", data)[0], data) + "f")
        elif len(data) == 8:
            out.write(_double_text(struct.unpack(">d", data)[0], data))
        else:
            out.write(_extended_text(data) + "L")


def signed_number(number: str) -> str:
    """A number of the mangling (`n5` is -5) as it is written in C++."""
    return "-" + number[1:] if number[:1] == "n" else number


def _double_text(value: float, data: bytes) -> str:
    """As C's printf("%a") writes it."""
    sign = "-" if data[0] & 0x80 else ""
    if math.isnan(value):
        return sign + "nan"
    if math.isinf(value):
        return sign + "inf"
    mantissa, exponent = abs(value).hex().split("p")
    return f"{sign}{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}p{exponent}"


def _extended_text(data: bytes) -> str:
    """x87's 80 bits as glibc's printf("%La") writes them: the first digit is a full nibble."""
    head = int.from_bytes(data[:2], "big")
    mantissa = int.from_bytes(data[2:], "big")
    sign = "-" if head & 0x8000 else ""
    exponent = head & 0x7FFF
    integer_bit = mantissa >> 63
    if exponent == 0x7FFF and mantissa == 1 << 63:
        return sign + "inf"
    if exponent == 0x7FFF or (exponent and not integer_bit):
        return sign + "nan"
    digits = f"{mantissa:016x}"
    if not mantissa:
        power = 0
    elif not exponent:
        power = -16385
    else:
        power = exponent - 16386
    rest = digits[1:].rstrip("0")
    return f"{sign}0x{digits[0]}{'.' if rest else ''}{rest}p{power:+d}"


def print_as_string(out: Output, elements: list[Node]) -> bool:
    """Prints an array of character codes as a string literal; False if they are not codes."""
    pieces = ['"']
    after_number = False
    for element in elements:
        code = _character_code(element)
        if code is None:
            return False
        # An empty string keeps the digit out of the numeric escape before it.
        if after_number and chr(code) in _HEXADECIMAL_DIGITS:
            pieces.append('""')
        after_number = False
        if code in _ESCAPES:
            pieces.append("\\" + _ESCAPES[code])
        elif code < 32 or code == 127:
            pieces.append(f"\\{code:X}" if code <= 7 else f"\\x{code:X}")
            after_number = True
        else:
            pieces.append(chr(code))
    pieces.append('"')
    out.write("".join(pieces))
    return True


def _character_code(element: Node) -> int | None:
    if not isinstance(element, Integer):
        return None
    code = 0
    for digit in element.value:
        if digit not in "0123456789" or code > 25:
            return None
        code = code * 10 + int(digit)
    return code if code <= 255 else None

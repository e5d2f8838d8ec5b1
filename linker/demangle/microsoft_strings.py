"""String literals in Microsoft's scheme: their first characters stand in the name of the symbol."""

from __future__ import annotations

from linker.demangle.history import MICROSOFT_STRING_SIZES
from linker.demangle.microsoft_cursor import Cursor
from linker.demangle.microsoft_nodes import StringSymbol

_MAX_BYTES = 32 * 4
_HEXADECIMAL = "ABCDEFGHIJKLMNOP"
_PUNCTUATION = ",/\\:. \n\t'-"
_ESCAPES = {
    0: "0",
    7: "a",
    8: "b",
    9: "t",
    10: "n",
    11: "v",
    12: "f",
    13: "r",
    34: '"',
    39: "'",
    92: "\\",
}


def string_literal(cursor: Cursor) -> StringSymbol:
    """The literal after `??_C`, abbreviated as the name has it; raises Malformed."""
    cursor.expect("@_")
    kind = cursor.consume()
    if kind not in ("0", "1"):
        raise cursor.malformed()
    is_wide = kind == "1"
    size, negative = cursor.number()
    if negative or size < (2 if is_wide else 1):
        raise cursor.malformed()
    end_of_checksum = cursor.text.find("@", cursor.at)
    if end_of_checksum < 0 or end_of_checksum + 1 == len(cursor.text):
        raise cursor.malformed()
    cursor.at = end_of_checksum + 1
    text = _wide_text(cursor, size) if is_wide else _narrow_text(cursor, size)
    return StringSymbol(None, text)


def _wide_text(cursor: Cursor, size: int) -> str:
    is_truncated = size > 64
    pieces: list[str] = []
    while not cursor.take("@"):
        if (size % 2 or not size) and cursor.knows(MICROSOFT_STRING_SIZES):
            raise cursor.malformed()
        high = _character(cursor)
        code = high << 8 | _character(cursor)
        # The terminating NUL is not printed.
        if size != 2 or is_truncated:
            pieces.append(_escaped(code))
        size -= 2
    return f'L"{"".join(pieces)}"' + ("..." if is_truncated else "")


def _narrow_text(cursor: Cursor, size: int) -> str:
    data = bytearray()
    while not cursor.take("@"):
        if len(data) >= _MAX_BYTES:
            raise cursor.malformed()
        data.append(_character(cursor))
    is_truncated = size > len(data)
    width = _guessed_width(bytes(data), size)
    count = len(data) // width
    codes = [
        int.from_bytes(data[width * index : width * (index + 1)], "little")
        for index in range(count if is_truncated else count - 1)
    ]
    prefix = {1: "", 2: "u", 4: "U"}[width]
    return f'{prefix}"{"".join(map(_escaped, codes))}"' + ("..." if is_truncated else "")


def _guessed_width(data: bytes, size: int) -> int:
    """The bytes of a character, which the name does not tell: guessed from the NULs."""
    if size % 2:
        return 1
    if size < 32:
        nulls = len(data) - len(data.rstrip(b"\0"))
        if nulls >= 4 and size % 4 == 0:
            return 4
        return 2 if nulls >= 2 else 1
    nulls = data.count(0)
    if nulls >= 2 * len(data) // 3 and size % 4 == 0:
        return 4
    return 2 if nulls >= len(data) // 3 else 1


def _character(cursor: Cursor) -> int:
    """A byte, written as it is or with `?` in front of a code."""
    character = cursor.consume()
    if character != "?":
        return ord(character)
    code = cursor.consume()
    if code == "$":
        high = _HEXADECIMAL.find(cursor.consume())
        low = _HEXADECIMAL.find(cursor.consume())
        if high < 0 or low < 0:
            raise cursor.malformed()
        return high << 4 | low
    if "0" <= code <= "9":
        return ord(_PUNCTUATION[int(code)])
    if "a" <= code <= "z":
        return 0xE1 + ord(code) - ord("a")
    if "A" <= code <= "Z":
        return 0xC1 + ord(code) - ord("A")
    raise cursor.malformed()


def _escaped(code: int) -> str:
    if code in _ESCAPES:
        return "\\" + _ESCAPES[code]
    if 0x1F < code < 0x7F:
        return chr(code)
    digits = f"{code:X}"
    return "\\x" + digits.zfill(len(digits) + len(digits) % 2)

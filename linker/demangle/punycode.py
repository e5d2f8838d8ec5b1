"""Rust's variant of Punycode (RFC 3492): the delimiter is an underscore."""

from __future__ import annotations

_BASE = 36
_SKEW = 38
_MIN = 1
_MAX = 26
_DAMP = 700
_FIRST_BIAS = 72
_FIRST_CODE = 0x80
_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"


def decode_punycode(name: str) -> str | None:
    """The Unicode text; None if the name is malformed. A NUL in the text is left out."""
    basic, delimiter, deltas = name.rpartition("_")
    text = list(basic) if delimiter else []
    code, bias, damp = _FIRST_CODE, _FIRST_BIAS, _DAMP
    index = at = 0
    while at < len(deltas):
        start = index
        weight = 1
        threshold_base = _BASE
        while True:
            if at == len(deltas):
                return None
            digit = _DIGITS.find(deltas[at])
            at += 1
            if digit < 0:
                return None
            index += digit * weight
            threshold = min(max(threshold_base - bias, _MIN), _MAX)
            if digit < threshold:
                break
            weight *= _BASE - threshold
            threshold_base += _BASE
        count = len(text) + 1
        bias = _adapted(index - start, count, damp)
        damp = 2
        code += index // count
        index %= count
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            return None
        text.insert(index, chr(code))
        index += 1
    return "".join(text).replace("\0", "")


def _adapted(delta: int, count: int, damp: int) -> int:
    delta //= damp
    delta += delta // count
    bias = 0
    while delta > (_BASE - _MIN) * _MAX // 2:
        delta //= _BASE - _MIN
        bias += _BASE
    return bias + (_BASE - _MIN + 1) * delta // (delta + _SKEW)

"""Parts of keys: plain words, as the fingerprints want them."""

from __future__ import annotations

import re

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[a-z]+(?:(?:8|16|32|64|128)(?![0-9a-z]))?|[a-z]+")


def component(text: str, words: int = 8) -> str:
    """A text as one part of a key: lower-case words, dashed, at most `words` of them.

    Numbers are dropped, but for the width at the end of a word (i32). "none" if nothing is
    left.
    """
    return "-".join(_WORD.findall(_CAMEL.sub(" ", text).lower())[:words]) or "none"

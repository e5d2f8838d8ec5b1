"""The text under construction, and the limits that keep it finite."""

from __future__ import annotations

# A substitution costs two bytes and can stand for a whole type, so the text of a short name can
# grow exponentially. Beyond these limits a name counts as one that cannot be demangled.
MAX_LENGTH = 1 << 20
MAX_STEPS = 1 << 20


class Malformed(Exception):
    """The name is not of the mangling's grammar, or its text is beyond the limits."""


class Output:
    """Text as a list of pieces, and what the printing of nested parts must know.

    `pack_index` and `pack_size` say which element of parameter packs is being printed (None: not
    inside a pack expansion). `inside_template` and `depth` tell whether a `>` would end a list of
    template arguments: it does not inside parentheses.
    """

    __slots__ = (
        "depth",
        "inside_template",
        "length",
        "pack_index",
        "pack_size",
        "pieces",
        "steps",
        "tells_template_depth",
    )

    def __init__(self, tells_template_depth: bool = True) -> None:
        """Up to LLVM 21 all parentheses count, from the innermost template arguments on."""
        self.pieces: list[str] = []
        self.length = 0
        self.steps = 0
        self.pack_index: int | None = None
        self.pack_size: int | None = None
        self.tells_template_depth = tells_template_depth
        self.inside_template = not tells_template_depth
        self.depth = 0 if tells_template_depth else 1

    def write(self, text: str) -> None:
        """Appends text; Malformed beyond the limit of length."""
        if text:
            self.pieces.append(text)
            self.length += len(text)
            if self.length > MAX_LENGTH:
                raise Malformed("the demangled name is too long")

    def step(self) -> None:
        """Counts a printed node: nodes that print nothing must come to an end too."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Malformed("the demangled name has too many parts")

    def open(self, bracket: str = "(") -> None:
        """Writes an opening bracket, inside of which `>` is an ordinary operator."""
        if self.inside_template:
            self.depth += 1
        self.write(bracket)

    def close(self, bracket: str = ")") -> None:
        """Writes the closing bracket of `open`."""
        if self.inside_template:
            self.depth -= 1
        self.write(bracket)

    def enter_template(self) -> tuple[bool, int]:
        """Before the `<` of template arguments: what `leave_template` must be given."""
        outside = self.inside_template, self.depth
        self.inside_template = True
        if not self.tells_template_depth:
            self.depth = 0
        return outside

    def leave_template(self, outside: tuple[bool, int]) -> None:
        """After the `>` of template arguments."""
        self.inside_template, self.depth = outside

    def mark(self) -> int:
        """A position to return to with `rewind`, equal where nothing was written in between."""
        return len(self.pieces)

    def rewind(self, mark: int) -> None:
        """Takes back what was written since the mark."""
        for piece in self.pieces[mark:]:
            self.length -= len(piece)
        del self.pieces[mark:]

    def last(self) -> str:
        """The last character, or nothing."""
        return self.pieces[-1][-1] if self.pieces else ""

    def text(self) -> str:
        return "".join(self.pieces)

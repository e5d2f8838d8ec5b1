"""A cursor over a section's content that never reads past its end."""

from __future__ import annotations

from linker.format.leb128 import LebError, decode_signed, decode_unsigned


class ReadError(Exception):
    """A problem at `offset`, in bytes from the start of the file. Becomes `MalformedFile`."""

    def __init__(self, offset: int, problem: str) -> None:
        super().__init__(offset, problem)
        self.offset = offset
        self.problem = problem


class Reader:
    """Reads numbers and names of `content`, whose first byte is at `base` in the file.

    Every method raises ReadError where the content ends too early or holds a bad number. The
    hot loops take `content` and `pos` and read by hand; `wrong` turns a position into an error.
    """

    __slots__ = ("base", "content", "end", "pos")

    def __init__(self, content: bytes, base: int) -> None:
        self.content = content
        self.base = base
        self.pos = 0
        self.end = len(content)

    def wrong(self, pos: int, problem: str) -> ReadError:
        """The error to raise for `problem` at `pos` of the content."""
        return ReadError(self.base + pos, problem)

    def cut_off(self) -> ReadError:
        """The error to raise where more bytes are needed than there are."""
        return ReadError(self.base + self.end, "unexpected end of the content")

    def byte(self) -> int:
        pos = self.pos
        if pos >= self.end:
            raise self.cut_off()
        self.pos = pos + 1
        return self.content[pos]

    def u32(self) -> int:
        pos = self.pos
        if pos >= self.end:
            raise self.cut_off()
        byte = self.content[pos]
        if byte < 0x80:
            self.pos = pos + 1
            return byte
        return self._unsigned(32)

    def u64(self) -> int:
        return self._unsigned(64)

    def s32(self) -> int:
        return self._signed(32)

    def s64(self) -> int:
        return self._signed(64)

    def _unsigned(self, bits: int) -> int:
        try:
            value, self.pos = decode_unsigned(self.content, self.pos, bits)
        except LebError as error:
            raise self.wrong(error.position, error.problem) from None
        return value

    def _signed(self, bits: int) -> int:
        try:
            value, self.pos = decode_signed(self.content, self.pos, bits)
        except LebError as error:
            raise self.wrong(error.position, error.problem) from None
        return value

    def padded_u32(self) -> tuple[int, int]:
        """A number and its width in bytes, 0 where it is as short as possible."""
        start = self.pos
        value = self.u32()
        width = self.pos - start
        # Padding ends in a byte without bits.
        return value, 0 if width == 1 or self.content[self.pos - 1] else width

    def name(self) -> str:
        """A length and that many bytes, as text that keeps bytes that are no UTF-8."""
        start = self.pos
        length = self.u32()
        pos = self.pos
        after = pos + length
        if after > self.end:
            raise self.wrong(start, f"name of {length} bytes is longer than the content")
        self.pos = after
        return str(self.content[pos:after], "utf-8", "surrogateescape")

    def take(self, length: int, what: str) -> bytes:
        """The next `length` bytes; `what` names them in the error."""
        pos = self.pos
        after = pos + length
        if after > self.end:
            raise self.wrong(pos, f"{what} of {length} bytes is longer than the content")
        self.pos = after
        return self.content[pos:after]

    def finish(self) -> None:
        """Raises if anything is left."""
        if self.pos != self.end:
            raise self.wrong(self.pos, f"{self.end - self.pos} bytes too many at the end")

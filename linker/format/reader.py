"""A cursor over a section's content that never reads past its end."""

from __future__ import annotations

from linker.format.errors import Fault, MalformedFile
from linker.format.leb128 import LebError, decode_signed, decode_unsigned


class ReadError(Exception):
    """A problem at `offset`, in bytes from the start of the file. Becomes `MalformedFile`."""

    def __init__(
        self, offset: int, problem: str, detail: str = "", fault: Fault = Fault.RULE
    ) -> None:
        super().__init__(offset, problem, detail)
        self.detail = detail
        self.fault = fault
        self.offset = offset
        self.problem = problem

    def in_file(self, file: str, section: str) -> MalformedFile:
        """The error to raise for the file, met in a section."""
        return MalformedFile(file, section, self.offset, self.problem, self.detail, self.fault)


class Reader:
    """Reads numbers and names of `content`, whose first byte is at `base` in the file.

    Every method raises ReadError where the content ends too early or holds a bad number. The
    hot loops take `content` and `pos` and read by hand; `wrong` turns a position into an error.
    `padded`: numbers may be padded beyond what their type allows.
    """

    __slots__ = ("base", "content", "end", "padded", "pos")

    def __init__(self, content: bytes, base: int, padded: bool = False) -> None:
        self.padded = padded
        self.content = content
        self.base = base
        self.pos = 0
        self.end = len(content)

    def wrong(
        self, pos: int, problem: str, detail: str = "", fault: Fault = Fault.RULE
    ) -> ReadError:
        """The error to raise for `problem` at `pos` of the content.

        `problem` is what LLVM says there, if anything; `detail` is what we know besides.
        """
        return ReadError(self.base + pos, problem, detail, fault)

    def bad_number(self, error: LebError) -> ReadError:
        """The error to raise for a number that cannot be read."""
        return self.wrong(error.position, error.problem, error.detail, Fault.CUT_OFF)

    def too_long(self, pos: int, what: str, length: int) -> ReadError:
        """The error to raise where `length` bytes are more than there are."""
        problem = f"{what} of {length} bytes is longer than the content"
        return self.wrong(pos, problem, fault=Fault.CUT_OFF)

    def cut_off(self) -> ReadError:
        """The error to raise where more bytes are needed than there are."""
        problem = "unexpected end of the content"
        return ReadError(self.base + self.end, problem, fault=Fault.CUT_OFF)

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
            value, self.pos = decode_unsigned(self.content, self.pos, bits, self.padded)
        except LebError as error:
            raise self.bad_number(error) from None
        return value

    def _signed(self, bits: int) -> int:
        try:
            value, self.pos = decode_signed(self.content, self.pos, bits, self.padded)
        except LebError as error:
            raise self.bad_number(error) from None
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
            raise self.too_long(start, "name", length)
        self.pos = after
        return str(self.content[pos:after], "utf-8", "surrogateescape")

    def take(
        self, length: int, what: str, problem: str = "", fault: Fault = Fault.CUT_OFF
    ) -> bytes:
        """The next `length` bytes; `what` names them in the error.

        `problem` is LLVM's word for too few of them; without it, `fault` is what kind it is.
        """
        pos = self.pos
        after = pos + length
        if after > self.end:
            detail = f"{what} of {length} bytes is longer than the content"
            if problem:
                raise self.wrong(pos, problem, detail)
            raise self.wrong(pos, detail, fault=fault)
        self.pos = after
        return self.content[pos:after]

    def finish(self, what: str) -> None:
        """Raises if anything of `what` is left."""
        if self.pos != self.end:
            detail = f"{self.end - self.pos} bytes too many at the end"
            raise self.wrong(self.pos, f"{what} ended prematurely", detail)

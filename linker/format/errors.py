"""The one error that reading a malformed file gives."""

from __future__ import annotations

from enum import Enum, auto


class Fault(Enum):
    """What is wrong with a malformed file, as a reader meets it.

    RULE: what is there breaks a rule. CUT_OFF: a number, a name or a list ends too early, or a
    number does not fit where it stands. BEYOND: an index or a size leads out of what is there.
    """

    RULE = auto()
    CUT_OFF = auto()
    BEYOND = auto()


class MalformedFile(Exception):
    """A file that breaks the rules of its format.

    Attributes:
        file: path or `archive(member)` of the file, as the user named it.
        section: the section the reader was in ("CODE", "linking", ...), or "" outside of any.
        offset: position in the file, in bytes from its start.
        problem: what is wrong: LLVM's words where it has any, and ours where it has none.
        detail: what was found and what was expected, or "" where `problem` says it.
        fault: what a reader that checks less would run into.
    """

    def __init__(
        self,
        file: str,
        section: str,
        offset: int,
        problem: str,
        detail: str = "",
        fault: Fault = Fault.RULE,
    ) -> None:
        super().__init__(file, section, offset, problem, detail)
        self.detail = detail
        self.fault = fault
        self.file = file
        self.section = section
        self.offset = offset
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.file}: {self.problem} ({self.place})"

    @property
    def place(self) -> str:
        """Section, offset and detail: what stands in parentheses behind the problem."""
        section = f"section {self.section}, " if self.section else ""
        detail = f": {self.detail}" if self.detail else ""
        return f"{section}offset 0x{self.offset:x}{detail}"

"""The one error that reading a malformed file gives."""


class MalformedFile(Exception):
    """A file that breaks the rules of its format.

    Attributes:
        file: path or `archive(member)` of the file, as the user named it.
        section: the section the reader was in ("CODE", "linking", ...), or "" outside of any.
        offset: position in the file, in bytes from its start.
        problem: what was found and what was expected.
    """

    def __init__(self, file: str, section: str, offset: int, problem: str) -> None:
        super().__init__(file, section, offset, problem)
        self.file = file
        self.section = section
        self.offset = offset
        self.problem = problem

    def __str__(self) -> str:
        where = f"section {self.section}, " if self.section else ""
        return f"{self.file}: {where}offset 0x{self.offset:x}: {self.problem}"

"""What LLVM says of a malformed archive (llvm/lib/Object/Archive.cpp), and LLD before that.

Offsets are in bytes from the start of the archive.
"""

from __future__ import annotations

# LLD's words (getArchiveMembers of lld/wasm/Driver.cpp). LLVM opens an archive with its own
# members and the header of the first other one.
OPENING = "failed to parse archive"
GOING_ON = "Archive::children failed"
TAKING = "could not get the buffer for a child of the archive"

UNKNOWN_OWN_MEMBER = "Invalid data was encountered while parsing the file"
_ESCAPES = {ord("\\"): r"\\", ord("\t"): r"\t", ord("\n"): r"\n", ord('"'): r"\""}


def text(raw: bytes) -> str:
    """Bytes of an archive as text that keeps what is no UTF-8."""
    return raw.decode("utf-8", "surrogateescape")


def escaped(raw: bytes) -> str:
    """Bytes as LLVM's `raw_ostream::write_escaped` shows them."""
    shown = (
        _ESCAPES.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}")
        for byte in raw
    )
    return "".join(shown)


def malformed(stage: str, problem: str) -> str:
    return f"{stage}: truncated or malformed archive ({problem})"


def too_small(called: str) -> str:
    return f"remaining size of archive too small for next archive member header {called}"


def bad_terminator(found: bytes, called: str) -> str:
    return (
        f'terminator characters in archive member "{escaped(found)}" not the correct "`\\n" values'
        f" for the archive member header {called}"
    )


def bad_size(digits: bytes, offset: int) -> str:
    return (
        "characters in size field in archive member header are not all decimal numbers:"
        f" '{text(digits)}' for the archive member header at offset {offset}"
    )


def leading_space(offset: int) -> str:
    return f"name contains a leading space for archive member header at offset {offset}"


def bad_name_size(digits: bytes, offset: int) -> str:
    return (
        "long name length characters after the #1/ are not all decimal numbers:"
        f" '{text(digits)}' for archive member header at offset {offset}"
    )


def name_too_long(size: int, offset: int) -> str:
    return (
        f"long name length: {size} extends past the end of the member or archive for archive"
        f" member header at offset {offset}"
    )


def bad_name_offset(digits: bytes, offset: int) -> str:
    return (
        "long name offset characters after the '/' are not all decimal numbers:"
        f" '{escaped(digits)}' for archive member header at offset {offset}"
    )


def name_past_table(at: int, offset: int) -> str:
    return (
        f"long name offset {at} past the end of the string table for archive member header at"
        f" offset {offset}"
    )


def unterminated_name(at: int) -> str:
    return f"string table at long name offset {at} not terminated"


def cut_off(called: str) -> str:
    return f"offset to next archive member past the end of the archive after member {called}"

"""The same command line in other words: other spellings of options, response files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strategies.case import InputFile
from strategies.choices import Record
from strategies.program import Program

# Options whose value may be the next word, and the letter that is short for them.
_WITH_VALUE = {
    "entry": "e",
    "undefined": "u",
    "trace-symbol": "y",
    "export": "",
    "export-if-defined": "",
    "wrap": "",
    "keep-section": "",
    "unresolved-symbols": "",
    "Map": "",
}
_SHORT_FLAGS = {
    "strip-all": "s",
    "strip-debug": "S",
    "export-dynamic": "E",
    "trace": "t",
    "print-map": "M",
    "relocatable": "r",
}
# Flags that may also stand after one dash.
_ONE_DASH = frozenset(
    [
        "strip-all",
        "strip-debug",
        "gc-sections",
        "no-gc-sections",
        "stack-first",
        "no-stack-first",
        "export-dynamic",
        "allow-undefined",
        "import-undefined",
        "whole-archive",
        "no-whole-archive",
        "start-lib",
        "end-lib",
        "emit-relocs",
        "compress-relocations",
        "no-demangle",
        "demangle",
        "trace",
        "verbose",
        "print-map",
        "print-gc-sections",
        "allow-multiple-definition",
        "warn-unresolved-symbols",
    ]
)
_NEXT_IS_VALUE = frozenset(
    [
        "-e",
        "-u",
        "-y",
        "-l",
        "-L",
        "-O",
        "-z",
        "-m",
        "--entry",
        "-entry",
        "--wrap",
        "-wrap",
        "-Map",
        "--Map",
        "-trace-symbol",
        "--trace-symbol",
        "-threads",
        "-mllvm",
        "-rpath",
        "--soname",
        "--thinlto-cache-policy",
        "--reproduce",
        "--error-limit",
        "-allow-undefined-file",
    ]
)
RECORD_BYTES = 9
_RESPONSE, _INNER = "options.rsp", "inner.rsp"
_NEVER_INSIDE = ("--relocatable", "-r", "--rsp-quoting")


def respelled(program: Program, arguments: Sequence[str], record: Record) -> tuple[str, ...]:
    """The arguments of a case as they are given to linkers."""
    if not program.has("spellings"):
        return tuple(arguments)
    words: list[str] = []
    bits = record.byte() | record.byte() << 8 | record.byte() << 16
    position = 0
    while position < len(arguments):
        word = arguments[position]
        position += 1
        if word in _NEXT_IS_VALUE and position < len(arguments):
            words += _joined(program, word, arguments[position], bits & 3)
            position += 1
        elif word.startswith("-") and bits & 1:
            words += _other(program, word, bits >> 1 & 7)
        else:
            words.append(word)
        bits = bits >> 1 | (bits & 1) << 23
    return tuple(_into_files(program, words, record))


def _joined(program: Program, word: str, value: str, how: int) -> list[str]:
    """An option whose value is a word of its own, with both in one word for some."""
    if word in ("-z", "-e", "-u", "-y") and how == 3 and value:
        program.note("spelling.joined")
        return [word + value]
    return [word, value]


def _other(program: Program, word: str, how: int) -> list[str]:
    """An option of one word, spelled otherwise."""
    if word.startswith("--"):
        name, equals, value = word[2:].partition("=")
        letter = _WITH_VALUE.get(name)
        if equals and letter is not None and value:
            forms = [[f"--{name}", value], [f"-{name}={value}"], [f"-{name}", value]]
            if letter:
                forms += [[f"-{letter}", value], [f"-{letter}{value}"]]
            return _noted(program, forms[how % len(forms)])
        if name in _SHORT_FLAGS and not equals and how & 1:
            return _noted(program, [f"-{_SHORT_FLAGS[name]}"])
        if name in _ONE_DASH and not equals:
            return _noted(program, [f"-{name}"])
        return [word]
    if word[1] in "lL" and len(word) > 2:
        long = "library" if word[1] == "l" else "library-path"
        value = word[2:]
        forms = [
            [word[:2], value],
            [f"--{long}={value}"],
            [f"--{long}", value],
            [f"-{long}", value],
        ]
        return _noted(program, forms[how & 3])
    if word[1] == "O" and len(word) > 2:
        return _noted(program, ["-O", word[2:]])
    return [word]


def _noted(program: Program, words: list[str]) -> list[str]:
    program.note("spelling.two-words" if len(words) > 1 else "spelling.one-word")
    return words


# -- response files --------------------------------------------------------------------------


def _into_files(program: Program, words: list[str], record: Record) -> Iterator[str]:
    """The words, with a run of them moved into a response file, and some of these into another."""
    choice = record.byte()
    start, end = record.below(len(words) + 1), record.below(len(words) + 1)
    start, end = min(start, end), max(start, end)
    inside = words[start:end]
    if choice < 96 or not inside or any(word.startswith(_NEVER_INSIDE) for word in inside):
        yield from words
        return
    windows = choice >= 208
    if windows:
        yield "--rsp-quoting=windows"
        program.note("spelling.windows-quoting")
    quote = _windows if windows else _posix
    cut = len(inside) // 2
    lines = [quote(word, position + choice) for position, word in enumerate(inside)]
    if choice & 3 == 3 and cut:
        program.files.append(_file(_INNER, lines[cut:], choice))
        lines[cut:] = [f"@{_INNER}"]
        program.note("spelling.nested-response-file")
    program.files.append(_file(_RESPONSE, lines, choice))
    program.note("spelling.response-file")
    yield from words[:start]
    yield f"@{_RESPONSE}"
    yield from words[end:]


def _file(name: str, lines: Sequence[str], choice: int) -> InputFile:
    separator = ("\n", " ", "\r\n", "\t\n")[choice >> 2 & 3]
    text = separator.join(lines) + ("\n" if choice & 16 else "")
    return InputFile(name, text.encode("utf-8", "surrogateescape"))


def _is_plain(word: str) -> bool:
    return bool(word) and not set(word) & set(" \t\r\n\"'\\")


def _posix(word: str, how: int) -> str:
    if _is_plain(word) and how & 3:
        return word
    escaped = word.replace("\\", "\\\\")
    if how & 1 and "'" not in word:
        return f"'{escaped}'"
    escaped = escaped.replace('"', '\\"')
    return f'"{escaped}"'


def _windows(word: str, how: int) -> str:
    if _is_plain(word) and how & 3:
        return word
    escaped = word.replace('"', '\\"')
    return f'"{escaped}"'

"""What a linker's last words are about: message classes, and words without names and numbers.

The words are those of LLD (lld/wasm: Driver, SymbolTable, Symbols, Writer, InputFiles), of
LLVM's wasm reader, and of Zig's linker (src/link/Wasm.zig and src/link/Wasm/Object.zig).
"""

from __future__ import annotations

import re
from typing import NamedTuple

# What LLVM's reader of objects says of a malformed one (llvm/lib/Object/WasmObjectFile.cpp).
_READER = "|".join(
    (
        r"(?:zero length section|section too large|section ended prematurely)$",
        r"sub-section ended prematurely$|Function extends beyond buffer$|bad form$",
        r"out of order section type: |invalid section (?:type|index)|invalid opcode in init_expr",
        r"missing version number$|invalid version number: |invalid magic number",
        r"unexpected (?:import|export) kind$|invalid (?:\w+ )?(?:export|attribute|type)$",
        r"invalid \w+ type$|invalid (?:elem|tag|table element|function) type|invalid TableNumber$",
        r"Unsupported flags for element segment$|invalid segment size$|invalid start function$",
        r"number of data segments does not match|invalid function count$",
        r"unexpected metadata version: |too many segment names$|invalid function symbol: ",
        r"invalid \w+ symbol index$|undefined weak \w+ symbol$|duplicate symbol name\b",
        r"section symbols must have local binding$|invalid symbol type: ",
        r"invalid data symbol offset",
        r"invalid data segment index|bad/duplicate COMDAT name|unsupported COMDAT flags$",
        r"invalid COMDAT entry type$|COMDAT \w+ index out of range$|in two COMDATs$",
        r"non-custom section in a COMDAT$|relocations not in offset order$|invalid relocation",
        r"invalid \w+ relocation: |unknown feature policy prefix$|contains repeated",
        r"producers section (?:field|does not)|named more than once$|invalid (?:\w+ )+name entry$",
        r"Rec group size cannot be 0$|Invalid number of supertypes$",
    )
)
# The first pattern found in a message decides, so special ones stand before general ones.
_CLASSES: tuple[tuple[str, str], ...] = (
    # The reference names the place of a fault in a file.
    (r" \((?:section .*, )?offset 0x[0-9a-f]+\b", "malformed-object"),
    (_READER, "malformed-object"),
    (r"undefined symbol: (?:main|_start)\b.*entry|entry symbol not defined", "entry-not-defined"),
    (r"entry symbol '.*' missing|entry symbol .* not found", "entry-not-defined"),
    (r"symbol exported via --export not found", "export-not-defined"),
    (r"could not export '.*', symbol not found|export symbol .* not found", "export-not-defined"),
    (r"relocation R_WASM_\w+ cannot be used against", "relocation-not-allowed"),
    (r"undefined symbol|unresolved symbol|UndefinedSymbol", "undefined-symbol"),
    (r"undefined (?:data|function|global|table|tag): ", "undefined-symbol"),
    (r"duplicate symbol|defined multiple times|SymbolCollision", "duplicate-symbol"),
    (r"global type mismatch|mismatching global types|GlobalTypeMismatch", "global-type-mismatch"),
    (r"table type mismatch", "table-type-mismatch"),
    (r"symbol type mismatch|mismatching types?\b|SymbolMismatchingType", "symbol-type-mismatch"),
    (r"function signature mismatch|mismatching function signatures", "signature-mismatch"),
    (r"FunctionSignatureMismatch|signature mismatch", "signature-mismatch"),
    (r"import (?:module|name) mismatch|ModuleNameMismatch", "import-mismatch"),
    (r"mutable global (?:exported|imported) but", "mutable-globals-needed"),
    (r"is disallowed by|shared-memory is disallowed", "feature-disallowed"),
    (r"feature '.*' (?:used by|is not|must)|is not allowed|unknown feature", "feature-not-allowed"),
    (r"UnknownFeature|InvalidFeatureSet|feature must be used", "feature-not-allowed"),
    (r"initial memory too small|memory too small|initial heap too small", "memory-too-small"),
    (r"stack size must be \d+-byte aligned|stack size must be", "stack-not-aligned"),
    (r"memory must be .*aligned|MissAlignment|heap must be .*aligned", "memory-not-aligned"),
    (r"global[- ]base cannot be less than", "global-base-too-small"),
    (r"memory too large|MemoryTooBig|MemoryTooSmall|maximum memory", "memory-too-small"),
    (r"string is not null terminated|not null terminated", "string-not-terminated"),
    (r"may not be used together|is incompatible with|incompatible with", "option-conflict"),
    (
        r"(?:constructor|ctor).*(?:argument|parameter)|invalid signature.*init",
        "constructor-has-arguments",
    ),
    (r"__wasm_call_dtors must", "destructors-unfit"),
    (r"symbol table entry for each of the", "table-symbols"),
    (r"unknown argument|unrecognized (?:parameter|option|argument)", "unknown-option"),
    (
        r"unknown -?-?\w+ value|invalid argument|expected .* after|missing argument",
        "bad-option-value",
    ),
    (r"cannot open|unable to find library|no such file|FileNotFound", "file-missing"),
    (r"no input files", "no-input"),
    (r"cannot be used against symbol|recompile with -fPIC", "relocation-not-allowed"),
    (r"(?:nested|stray) --(?:start|end)-lib", "misplaced-switch"),
    (r"not recognized as a valid object file|bitcode (?:section|file|is not)", "malformed-object"),
    (r"(?:function|global|segment) named more than once", "malformed-object"),
    (r"unknown file type|not a relocatable|not an object|NotObjectFile", "malformed-object"),
    (r"InvalidMagicByte|InvalidWasmVersion|bad magic|truncated|malformed", "malformed-object"),
    (r"wasm(?:32|64) object file can't be linked|must specify -mwasm64", "address-size"),
    (r"more than one memory cannot be linked", "several-memories"),
    (r"object file section|section too (?:large|small)|invalid section", "malformed-object"),
    (r"bad symbol|invalid (?:relocation|symbol|section|function|global)", "malformed-object"),
    (r"Failed parsing object file|failed to parse", "malformed-object"),
    (r"section ended prematurely|unexpected end|EndOfStream|Overflow\b", "malformed-object"),
    (r"not implemented|unimplemented|TODO|unsupported", "unsupported-feature"),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in _CLASSES)

# Behind LLVM's words for what is wrong with a file the reference names the place, with details; and
# before them an archive, of which wasm-ld names the member only.
_PLACE = r" \((?:section [^\n]*?, )?offset 0x[0-9a-f]+(?:: [^\n]*)?\)"
_PLACED = re.compile(
    rf"^(?P<error>.*?\berror: (?:\033\[[0-9;]*m)?)?"
    rf"(?:[^\s:()]+\((?P<member>[^\n]*?)\)(?=: ))?(?P<words>[^\n]*?){_PLACE}$",
    re.MULTILINE,
)
_PREFIX = re.compile(
    r"^(?:\S*wasm-ld(?:-\d+)?|weld-ld|lld|zig): (?:error: )?|^error(?:\([^)]*\))?: "
)
_COLOUR = re.compile(r"\033\[[0-9;]*m")
_ERROR_LINE = re.compile(r"\berror\b[:(]", re.IGNORECASE)
_QUOTED = re.compile(r"'[^']*'|`[^`']*[`']|\"[^\"]*\"|<[^<>]*>")
_NOISE = re.compile(r"0x[0-9a-fA-F]+|\S*/\S*|\S+\.(?:o|a|wasm|so|zig|cpp|py|c|h)\b(?:\([^)]*\))?")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[a-z]+")


def without_places(text: str) -> str:
    """Messages without what the reference knows of a malformed file beyond LLVM's words."""
    return _PLACED.sub(r"\g<error>\g<member>\g<words>", text)


def normalise(text: str, words: int = 8) -> str:
    """The plain words of a message, dashed: no names, paths, numbers or quoted text.

    Fit for a part of a key. At most `words` words; "silent" if nothing is left.
    """
    text = _NOISE.sub(" ", _QUOTED.sub(" ", text))
    found = _WORD.findall(_CAMEL.sub(" ", text).lower())
    return "-".join(found[:words]) or "silent"


def error_lines(message: str) -> list[str]:
    """The lines of a linker's output that are errors, without the program's name.

    Where no line says so, all lines that are no warnings or notes; wasm-ld's continuation
    lines (">>> defined in") and Zig's notes are dropped.
    """
    message = _COLOUR.sub("", message)
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR_LINE.search(line)]
    if not errors:
        errors = [
            line
            for line in lines
            if not line.startswith((">>>", "note:")) and "warning:" not in line
        ]
    return [_PREFIX.sub("", line) for line in errors]


class Reason(NamedTuple):
    """Why a linker refused: the class of its first error, and that line."""

    message_class: str
    line: str

    @property
    def kind(self) -> str:
        """The class and, where it holds different mistakes, the words behind the last colon.

        For a refusal of what is valid: what a reader of objects does not understand.
        """
        if self.message_class == "malformed-object":
            problem = without_places(self.line).rpartition(": ")[2]
            return f"{self.message_class}.{normalise(problem, 5)}"
        if self.message_class == "undefined-symbol" and _SYNTHETIC.search(self.line):
            return f"{self.message_class}.linker-defined"
        return self.message_class


# Symbols that linkers define, beyond what users may.
_SYNTHETIC = re.compile(
    r"\b__(?:(?:wasm|start|stop)_\w+|(?:memory|table|tls|global)_base|heap_(?:base|end)"
    r"|data_end|dso_handle|tls_size|tls_align|stack_(?:pointer|low|high)"
    r"|wasm_first_page_end|indirect_function_table)\b"
)


def classify_line(line: str) -> str:
    """The class of one error line; "other.WORDS" for words that no class knows."""
    for pattern, name in _COMPILED:
        if pattern.search(line):
            return name
    # Symbol names stand before a colon or at the end: the first words say most.
    return "other." + normalise(line, 5)


def classify(message: str) -> tuple[Reason, ...]:
    """The reasons of a refusal, one for each class, in the order of their first lines."""
    reasons: dict[str, Reason] = {}
    for line in error_lines(message):
        name = classify_line(line)
        reasons.setdefault(name, Reason(name, line))
    if not reasons:
        return (Reason("no-message", ""),)
    # A summary such as Zig's "Failed parsing object file" says less than the other lines.
    known = {n: r for n, r in reasons.items() if not n.startswith("other.")}
    return tuple((known or reasons).values())

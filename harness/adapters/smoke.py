"""The least a linker must do before it is believed: link two objects so that a call works."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.execution import Executor, Request, Response
from harness.linking import Workplace
from harness.running import Limits
from linker.format.constants import (
    ExternalKind,
    LimitsFlag,
    RelocationType,
    SymbolFlag,
    SymbolKind,
    ValueType,
)
from linker.format.encode import encode
from linker.format.model import (
    CodeSection,
    FunctionBody,
    FunctionSection,
    FunctionType,
    Import,
    ImportSection,
    LinkingSection,
    ObjectFile,
    Relocation,
    RelocationSection,
    Section,
    Symbol,
    TargetFeature,
    TargetFeaturesSection,
    TypeSection,
)
from linker.format.model import Limits as MemoryLimits
from strategies.case import InputFile, LinkCase, MustLink, ProbeReturns

if TYPE_CHECKING:
    from harness.adapters.base import Linker

EXPORT = "weldcheck_smoke"
_ANSWER = 42
_TYPE = FunctionType((), (ValueType.I32,))
# `i32.const 42`, and `call` of a function whose index is a relocation site of five bytes.
_CONSTANT = b"\x00\x41" + bytes([_ANSWER]) + b"\x0b"
_CALL = b"\x00\x10\x80\x80\x80\x80\x00\x0b"
# The count of functions and the size of the body, one byte each, stand before the body, and in
# the body the count of locals and the opcode before the site.
_SITE = 4
_LIMITS = Limits(seconds=30.0)


def _object(name: str, sections: list[Section], symbols: list[Symbol], body: bytes) -> InputFile:
    code = CodeSection([FunctionBody(body)])
    # Compilers write this section always, and Zig's linker from 0.14 on insists on it.
    features = TargetFeaturesSection([TargetFeature("+", "mutable-globals")])
    linking = LinkingSection(symbols=symbols)
    file = ObjectFile(name, [TypeSection([_TYPE]), *sections, code, linking, features])
    if body is _CALL:
        site = Relocation(RelocationType.FUNCTION_INDEX_LEB, _SITE, 1)
        file.sections.insert(-1, RelocationSection("reloc.CODE", len(sections) + 1, [site]))
    return InputFile(name, encode(file))


@functools.lru_cache(maxsize=1)
def tiny_case() -> LinkCase:
    """Two objects: the exported function of the first calls the one of the second."""
    memory = Import("env", "__linear_memory", ExternalKind.MEMORY, MemoryLimits(LimitsFlag(0), 0))
    callee = Import("env", "answer", ExternalKind.FUNCTION, 0)
    caller = _object(
        "caller.o",
        [ImportSection([memory, callee]), FunctionSection([0])],
        [
            Symbol(SymbolKind.FUNCTION, 0, EXPORT, 1),
            Symbol(SymbolKind.FUNCTION, SymbolFlag.UNDEFINED, "answer", 0),
        ],
        _CALL,
    )
    answer = _object(
        "answer.o",
        [ImportSection([memory]), FunctionSection([0])],
        [Symbol(SymbolKind.FUNCTION, 0, "answer", 0)],
        _CONSTANT,
    )
    return LinkCase(
        files=(caller, answer),
        arguments=("--no-entry", f"--export={EXPORT}", "caller.o", "answer.o"),
        expectations=(
            MustLink("both symbols are defined"),
            ProbeReturns(EXPORT, _ANSWER, "Linking.md, Relocation Sections"),
        ),
        features=(),
    )


def smoke(linkers: Sequence[Linker], limits: Limits = _LIMITS) -> dict[str, str]:
    """What is wrong with each linker, "" for one that links the tiny case and the call works."""
    case = tiny_case()
    problems: dict[str, str] = {}
    with Workplace(limits) as place, Executor() as executor:
        for linker in linkers:
            (result,) = place.link(case, [linker])
            if result.module is None:
                words = result.message.strip().splitlines()
                problems[linker.name] = f"{result.outcome.value}: {words[-1] if words else ''}"
                continue
            response = executor.run(Request(result.module, (EXPORT,)))
            right = [p for p in response.probes if p.results == (_ANSWER,)]
            problems[linker.name] = "" if right else f"wrong output: {_said(response)}"
    return problems


def _said(response: Response) -> str:
    if not response.has_run:
        return f"{response.status} {response.message}".strip()
    return ", ".join(p.problem or p.trap or str(p.results) for p in response.probes)

"""Objects and modules that the tests of the oracles build by hand, and wrong ones of them.

`link` makes a right module of two objects; every `break_*` does one thing wrong to it, as a
linker might.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

from harness.adapters.base import Linker
from harness.results import LinkResult, Outcome
from linker import driver
from linker.format.constants import RelocationType as R
from linker.format.constants import SymbolFlag, ValueType
from linker.format.encode import encode
from linker.format.model import (
    CodeSection,
    DataSection,
    ElementSection,
    ExportSection,
    FunctionBody,
    FunctionType,
    InitExpr,
    MemorySection,
    ObjectFile,
)
from linker.format.parse import parse
from strategies.case import Expectation, HostCalls, InputFile, LinkCase, MustLink, ProbeReturns
from strategies.objects.builder import ObjectBuilder
from strategies.objects.code import Code

NUMBER = FunctionType((), (ValueType.I32,))
NOTHING = FunctionType((), ())
I32_CONST, I32_LOAD, CALL, CALL_INDIRECT, DROP, END = 0x41, 0x28, 0x10, 0x11, 0x1A, 0x0B

ARGUMENTS = (
    "--no-entry",
    "--allow-undefined",
    "--export=call",
    "--export=pointer",
    "--export=load",
    "--export=hosts",
    "a.o",
    "b.o",
)
EXPECTATIONS: tuple[Expectation, ...] = (
    MustLink("every reference has a definition"),
    ProbeReturns("call", 2, "Symbol Table"),
    ProbeReturns("pointer", 2, "Symbol Table"),
    ProbeReturns("load", 0x01020304, "Symbol Table"),
    HostCalls("hosts", ("env.first", "env.second"), "Symbol Table"),
)


def _op(code: Code, opcode: int, *rest: int) -> None:
    code.raw(bytes((opcode, *rest)))


def returning(number: int) -> Code:
    """A body that returns a small number."""
    code = Code()
    _op(code, I32_CONST, number, END)
    return code


def first_object() -> bytes:
    """Probes, a weak definition of `chosen`, and two aligned data symbols of one byte and four."""
    builder = ObjectBuilder("a.o")
    # The probes call `chosen`, whose strong definition is in the other object.
    chosen = builder.define_function("chosen", NUMBER, returning(1), int(SymbolFlag.BINDING_WEAK))
    small = builder.segment(".data.small", 0)
    builder.segments[small].content[:] = b"\x07"
    builder.define_data("small", small, 0, 1, int(SymbolFlag.NO_STRIP))
    word = builder.segment(".data.word", 4)
    builder.segments[word].content[:] = bytes((4, 3, 2, 1))
    data = builder.define_data("word", word, 0, 4, 0)
    first = builder.undefined_function("first", NOTHING, 0)
    second = builder.undefined_function("second", NOTHING, 0)

    code = Code()
    _op(code, CALL)
    code.site(R.FUNCTION_INDEX_LEB, chosen)
    _op(code, END)
    builder.define_function("call", NUMBER, code)

    code = Code()
    _op(code, I32_CONST)
    code.site(R.TABLE_INDEX_SLEB, chosen)
    _op(code, CALL_INDIRECT)
    code.site(R.TYPE_INDEX_LEB, builder.type_index(NUMBER))
    code.site(R.TABLE_NUMBER_LEB, builder.function_table())
    _op(code, END)
    builder.define_function("pointer", NUMBER, code)

    code = Code()
    _op(code, I32_CONST)
    code.site(R.MEMORY_ADDR_SLEB, data)
    _op(code, I32_LOAD, 2, 0, END)
    builder.define_function("load", NUMBER, code)

    code = Code()
    for host in (first, second):
        _op(code, CALL)
        code.site(R.FUNCTION_INDEX_LEB, host)
    _op(code, END)
    builder.define_function("hosts", NOTHING, code)
    return encode(builder.finish())


def second_object() -> bytes:
    """The strong definition of `chosen`."""
    builder = ObjectBuilder("b.o")
    builder.define_function("chosen", NUMBER, returning(2))
    return encode(builder.finish())


def make_case(expectations: tuple[Expectation, ...] = EXPECTATIONS) -> LinkCase:
    """The case of the two objects."""
    files = (InputFile("a.o", first_object()), InputFile("b.o", second_object()))
    return LinkCase(files, ARGUMENTS, expectations, ())


def link(case: LinkCase, arguments: tuple[str, ...] | None = None) -> bytes:
    """The module that the reference makes of a case."""
    files = {file.name: file.content for file in case.files}
    command = (*(arguments or case.arguments), "-o", "out.wasm")
    output = driver.run(command, files.__getitem__)
    assert output.module is not None, output.errors
    return output.module


def broken(module: bytes, change: Callable[[ObjectFile], None]) -> bytes:
    """A module after a change of its model."""
    parsed = copy.deepcopy(parse(module, "module"))
    change(parsed)
    return encode(parsed)


def find_body(module: ObjectFile, name: str) -> int:
    """Position in the code section of the function exported by that name."""
    exports = module.find(ExportSection)
    assert exports is not None
    imported = 2
    index = next(e.index for e in exports.exports if e.name == name)
    return index - imported


def _patch_body(name: str, old: bytes, new: bytes) -> Callable[[ObjectFile], None]:
    def change(module: ObjectFile) -> None:
        code = module.find(CodeSection)
        assert code is not None
        position = find_body(module, name)
        content = code.functions[position].content
        assert old in content
        code.functions[position] = FunctionBody(content.replace(old, new, 1))

    return change


def choose_weak(module: ObjectFile) -> None:
    """The body of the weak definition stands where the strong one must."""
    code = module.find(CodeSection)
    assert code is not None
    strong = _body_of(2)
    position = next(i for i, b in enumerate(code.functions) if b.content == strong)
    code.functions[position] = FunctionBody(_body_of(1))


def _body_of(number: int) -> bytes:
    return bytes((0, I32_CONST, number, END))


def swap_host_calls(module: ObjectFile) -> None:
    """The two calls of `hosts` are exchanged."""
    one, two = b"\x10\x80\x80\x80\x80\x00", b"\x10\x81\x80\x80\x80\x00"
    _patch_body("hosts", one + two, two + one)(module)


def drop_export(module: ObjectFile) -> None:
    """`load` is not exported."""
    exports = module.find(ExportSection)
    assert exports is not None
    exports.exports = [e for e in exports.exports if e.name != "load"]


def reverse_exports(module: ObjectFile) -> None:
    section = module.find(ExportSection)
    assert section is not None
    section.exports.reverse()


def empty_table(module: ObjectFile) -> None:
    """The table is never filled."""
    module.sections = [s for s in module.sections if not isinstance(s, ElementSection)]


def patch_data(old: bytes, new: bytes) -> Callable[[ObjectFile], None]:
    """A change of the bytes in the last data segment."""

    def change(module: ObjectFile) -> None:
        data = module.find(DataSection)
        assert data is not None
        segment = data.segments[-1]
        assert old in segment.content
        data.segments[-1] = segment._replace(content=segment.content.replace(old, new))

    return change


def change_data(module: ObjectFile) -> None:
    """One byte of `word` is another."""
    patch_data(bytes((4, 3, 2, 1)), bytes((4, 3, 2, 9)))(module)


def move_elements_out(module: ObjectFile) -> None:
    """The element segment does not fit into the table."""
    section = module.find(ElementSection)
    assert section is not None
    section.segments[0] = section.segments[0]._replace(offset=InitExpr(b"\x41\x09\x0b"))


def store_on_the_way(module: ObjectFile) -> None:
    """`call` returns what it must, and writes to the memory."""
    code = module.find(CodeSection)
    assert code is not None
    store = b"\x41\x80\x01\x41\x01\x3a\0\0"
    position = find_body(module, "call")
    content = code.functions[position].content
    code.functions[position] = FunctionBody(b"\0" + store + content[1:])


def more_memory(module: ObjectFile) -> None:
    """The memory is one page larger."""
    _set_memory(module, 3)


def huge_memory(module: ObjectFile) -> None:
    """The memory is larger than what the tests' runs may have."""
    _set_memory(module, 4096)


def _set_memory(module: ObjectFile, pages: int) -> None:
    section = module.find(MemorySection)
    assert section is not None
    section.memories[0] = section.memories[0]._replace(minimum=pages)


def misplace_data(module: ObjectFile) -> None:
    """`word` stands one byte before its aligned address, and code loads it from there."""
    data = module.find(DataSection)
    assert data is not None
    segment = data.segments[-1]
    at = segment.content.index(bytes((4, 3, 2, 1)))
    content = bytearray(segment.content)
    content[at - 1 : at + 4] = bytes((4, 3, 2, 1, 0))
    data.segments[-1] = segment._replace(content=bytes(content))
    code = module.find(CodeSection)
    assert code is not None
    position = find_body(module, "load")
    body = bytearray(code.functions[position].content)
    body[2] -= 1
    code.functions[position] = FunctionBody(bytes(body))


def break_validity(module: ObjectFile) -> None:
    """`call` returns nothing, against its type."""
    code = module.find(CodeSection)
    assert code is not None
    code.functions[find_body(module, "call")] = FunctionBody(bytes((0, END)))


def loop_forever(module: ObjectFile) -> None:
    """`call` never ends."""
    code = module.find(CodeSection)
    assert code is not None
    body = bytes((0, 0x03, 0x40, 0x0C, 0, 0x0B, 0x00, END))
    code.functions[find_body(module, "call")] = FunctionBody(body)


class FakeLinker:
    """A linker of which only the name and the promises matter."""

    version = "fake 1"

    def __init__(self, name: str, kind: str = "command", bytes_like: str = "") -> None:
        self.name = name
        self.kind = kind
        self.bytes_like = bytes_like

    def unsupported(self, case: LinkCase) -> str | None:
        return None

    def command_line(self, case: LinkCase, folder: object, output: object) -> list[str]:
        return ["false"]

    def environment(self, folder: object) -> dict[str, str]:
        return {}


def linked(linker: str, module: bytes) -> LinkResult:
    return LinkResult(linker, Outcome.LINKED, module, "", 0.01, 0)


def refused(linker: str, message: str) -> LinkResult:
    return LinkResult(linker, Outcome.REFUSED, None, message, 0.01, 1)


LINKERS: tuple[Linker, ...] = (
    FakeLinker("lld-22", "lld", "lld-22"),
    FakeLinker("reference:lld-22", "reference", "lld-22"),
    FakeLinker("zig", "zig"),
)

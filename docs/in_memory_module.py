"""Builds a module in memory, flushes it, edits it, flushes again, and runs both.

Run it with `python docs/in_memory_module.py`; it prints what the program says each time.
"""

from __future__ import annotations

import wasmtime

from linker.format.constants import RelocationType, ValueType
from linker.format.model import FunctionType
from linker.in_memory.declaration import Declaration, Reference
from linker.module import Module

TO_I32 = FunctionType((), (ValueType.I32,))
# A number that the linker fills in has the size of its longest form.
BLANK = b"\x80\x80\x80\x80\0"


def returning(value: int) -> bytes:
    """The body of a function that returns a small number: no locals, `i32.const`, `end`."""
    return bytes([0, 0x41, value, 0x0B])


def calling(*functions: Declaration) -> tuple[bytes, list[Reference]]:
    """A body that adds up what two functions return: `call`, `call`, `i32.add`, `end`."""
    body, references = b"\0", []
    for function in functions:
        kind = RelocationType.FUNCTION_INDEX_LEB
        references.append(Reference(kind, len(body) + 1, function))
        body += b"\x10" + BLANK
    return body + b"\x6a\x0b", references


def loading(data: Declaration) -> tuple[bytes, list[Reference]]:
    """A body that loads a number: `i32.const` of the address, `i32.load`, `end`."""
    body = b"\0\x41" + BLANK + b"\x28\x02\0\x0b"
    return body, [Reference(RelocationType.MEMORY_ADDR_SLEB, 2, data)]


def flushed(module: Module) -> bytes:
    output = module.flush(["--no-entry", "-o", "program.wasm"])
    if output.module is None:
        raise SystemExit("\n".join(output.errors))
    return output.module


def result(program: bytes) -> int:
    """What the exported function `answer` returns."""
    store = wasmtime.Store()
    instance = wasmtime.Instance(store, wasmtime.Module(store.engine, program), [])
    answer = instance.exports(store)["answer"]
    assert isinstance(answer, wasmtime.Func)
    value = answer(store)
    assert isinstance(value, int)
    return value


def main() -> None:
    module = Module("example")
    three = module.add_function("example.three", TO_I32, returning(3))
    number = module.add_data("example.number", 4, (30).to_bytes(4, "little"))
    load = module.add_function("example.load", TO_I32, *loading(number))
    answer = module.add_function("example.answer", TO_I32, *calling(three, load))
    module.export(answer, "answer")
    print("first flush:", result(flushed(module)))

    module.update(number, (36).to_bytes(4, "little"))
    module.free(three)
    six = module.add_function("example.six", TO_I32, returning(6))
    module.update(answer, *calling(six, load))
    print("second flush:", result(flushed(module)))


if __name__ == "__main__":
    main()

"""A linked module, read back: what tests ask about it, and how it runs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import wasmtime
from wasmtime import _ffi as ffi

from linker.format import model
from linker.format.constants import ExternalKind, NameSubsection
from linker.format.expression import Opcode, decode
from linker.format.parse import parse

Host = dict[str, Callable[..., object]]
HostItem = (
    wasmtime.Func | wasmtime.Global | wasmtime.Memory | wasmtime.SharedMemory | wasmtime.Table
)


@functools.cache
def engine() -> wasmtime.Engine:
    """An engine that takes all that linkers of today write."""
    config = wasmtime.Config()
    config.wasm_threads = True
    config.shared_memory = True
    config.wasm_exceptions = True
    config.wasm_custom_page_sizes = True
    config.consume_fuel = True
    return wasmtime.Engine(config)


@dataclass(frozen=True)
class Segment:
    """A data segment of the output; `address` is None for a passive one."""

    name: str
    address: int | None
    content: bytes


@dataclass
class Linked:
    """The module of a link, with the warnings and what the link printed."""

    module: bytes
    warnings: tuple[str, ...] = ()
    stdout: str = ""
    file: model.ObjectFile = field(init=False)

    def __post_init__(self) -> None:
        self.file = parse(self.module, "output")

    # Sections.

    @property
    def imports(self) -> list[str]:
        """`module.name` of every import, in order."""
        section = self.file.find(model.ImportSection)
        return [f"{entry.module}.{entry.name}" for entry in section.imports] if section else []

    def imported(self, name: str) -> model.Import:
        section = self.file.find(model.ImportSection)
        assert section is not None
        return next(e for e in section.imports if f"{e.module}.{e.name}" == name)

    @property
    def exports(self) -> list[str]:
        section = self.file.find(model.ExportSection)
        return [entry.name for entry in section.exports] if section else []

    def export(self, name: str) -> model.Export:
        section = self.file.find(model.ExportSection)
        assert section is not None
        return next(entry for entry in section.exports if entry.name == name)

    @property
    def types(self) -> list[model.FunctionType]:
        section = self.file.find(model.TypeSection)
        return section.types if section else []

    @property
    def memory(self) -> model.Limits:
        section = self.file.find(model.MemorySection)
        if section is not None:
            return section.memories[0]
        imports = self.file.find(model.ImportSection)
        assert imports is not None
        return next(
            e.description for e in imports.imports if isinstance(e.description, model.Limits)
        )

    @property
    def tables(self) -> list[model.TableType]:
        """Imported tables first, as in the index space."""
        imports = self.file.find(model.ImportSection)
        found = [
            entry.description
            for entry in (imports.imports if imports else ())
            if isinstance(entry.description, model.TableType)
        ]
        section = self.file.find(model.TableSection)
        return found + [entry.type for entry in (section.tables if section else ())]

    @property
    def tags(self) -> list[model.FunctionType]:
        section = self.file.find(model.TagSection)
        return [self.types[index] for index in section.type_indices] if section else []

    def custom(self, name: str) -> bytes | None:
        """The content of the custom section of that name; None if there is none."""
        for section in self.file.sections:
            if isinstance(section, model.CustomSection) and section.name == name:
                return section.content
        return None

    @property
    def section_names(self) -> list[str]:
        return [
            getattr(section, "name", None) or type(section).__name__.removesuffix("Section")
            for section in self.file.sections
        ]

    # Names.

    def names(self, kind: NameSubsection) -> dict[int, str]:
        section = self.file.find(model.NameSection)
        for subsection, _, entries in section.subsections if section else ():
            if subsection == kind and isinstance(entries, list):
                return dict(entries)
        return {}

    @property
    def functions(self) -> list[str]:
        """The names of all functions, imported ones first."""
        return list(self.names(NameSubsection.FUNCTION).values())

    def function_index(self, name: str) -> int:
        names = self.names(NameSubsection.FUNCTION)
        return next(index for index, shown in names.items() if shown == name)

    def body(self, name: str) -> bytes:
        """The local declarations and code of a defined function."""
        imports = self.file.find(model.ImportSection)
        imported = sum(
            entry.kind is ExternalKind.FUNCTION for entry in (imports.imports if imports else ())
        )
        code = self.file.find(model.CodeSection)
        assert code is not None
        return code.functions[self.function_index(name) - imported].content

    # Globals.

    @property
    def global_names(self) -> list[str]:
        return list(self.names(NameSubsection.GLOBAL).values())

    def global_value(self, index: int) -> int:
        """The initial value of a defined global, as an unsigned 32-bit number."""
        imports = self.file.find(model.ImportSection)
        imported = sum(
            entry.kind is ExternalKind.GLOBAL for entry in (imports.imports if imports else ())
        )
        section = self.file.find(model.GlobalSection)
        assert section is not None
        return constant(section.globals[index - imported].init) & 0xFFFFFFFF

    def global_called(self, name: str) -> int:
        """The initial value of the global of that name."""
        names = self.names(NameSubsection.GLOBAL)
        return self.global_value(next(index for index, shown in names.items() if shown == name))

    def address(self, name: str) -> int:
        """The address of an exported data symbol, or the value of an exported global."""
        export = self.export(name)
        assert export.kind is ExternalKind.GLOBAL
        return self.global_value(export.index)

    # Data and table.

    @property
    def segments(self) -> list[Segment]:
        section = self.file.find(model.DataSection)
        names = self.names(NameSubsection.DATA_SEGMENT)
        return [
            Segment(
                names.get(index, ""),
                None if entry.init is None else constant(entry.init) & 0xFFFFFFFF,
                entry.content,
            )
            for index, entry in enumerate(section.segments if section else ())
        ]

    def read(self, address: int, size: int) -> bytes:
        """A piece of the memory before anything has run."""
        memory = bytearray(size)
        for segment in self.segments:
            if segment.address is None:
                continue
            for offset, byte in enumerate(segment.content):
                if 0 <= segment.address + offset - address < size:
                    memory[segment.address + offset - address] = byte
        return bytes(memory)

    def word(self, name: str, offset: int = 0) -> int:
        """The 32 bits at an exported data symbol."""
        return int.from_bytes(self.read(self.address(name) + offset, 4), "little")

    @property
    def table_entries(self) -> dict[int, str]:
        """What stands in the function table: places and names of functions."""
        section = self.file.find(model.ElementSection)
        names = self.names(NameSubsection.FUNCTION)
        entries = {}
        for segment in section.segments if section else ():
            assert segment.offset is not None
            for place, index in enumerate(segment.functions, constant(segment.offset)):
                entries[place] = names.get(index, str(index))
        return entries

    # Objects only.

    @property
    def linking(self) -> model.LinkingSection:
        section = self.file.find(model.LinkingSection)
        assert section is not None
        return section

    def symbol(self, name: str) -> model.Symbol:
        return next(entry for entry in self.linking.symbols if entry.name == name)

    def relocations(self, name: str) -> list[model.Relocation]:
        """The relocations of the section `reloc.NAME`."""
        for section in self.file.sections:
            if isinstance(section, model.RelocationSection) and section.name == f"reloc.{name}":
                return section.relocations
        return []

    # Running.

    def validate(self) -> None:
        """Fails if wasmtime does not take the module."""
        wasmtime.Module.validate(engine(), self.module)

    @property
    def is_valid(self) -> bool:
        """Whether wasmtime takes the module."""
        try:
            self.validate()
        except wasmtime.WasmtimeError:
            return False
        return True

    def start(self, host: Host | None = None) -> Running:
        return Running(self.module, host or {})

    def run(self, name: str, *arguments: int, host: Host | None = None) -> object:
        """Instantiates the module and calls one of its exports."""
        return self.start(host).call(name, *arguments)


def constant(expression: model.InitExpr) -> int:
    instructions = decode(expression)
    assert len(instructions) == 1
    opcode, operand = instructions[0]
    assert opcode in (Opcode.I32_CONST, Opcode.I64_CONST)
    assert operand is not None
    return operand


class HostMemory(wasmtime.SharedMemory):
    """A shared memory that can be imported: the package hands over a pointer too many."""

    def _as_extern(self) -> ffi.wasmtime_extern_t:
        union = ffi.wasmtime_extern_union(sharedmemory=self.ptr())
        return ffi.wasmtime_extern_t(ffi.WASMTIME_EXTERN_SHAREDMEMORY, union)


def zero(*_: object) -> object:
    return 0


class Running:
    """An instance. `calls` lists the imports that were called; those not given return zeros."""

    def __init__(self, module: bytes, host: Host) -> None:
        compiled = wasmtime.Module(engine(), module)
        self.store = wasmtime.Store(engine())
        self.store.set_fuel(1_000_000)
        self.calls: list[str] = []
        imports = [self._supply(entry, host) for entry in compiled.imports]
        self.exports = wasmtime.Instance(self.store, compiled, imports).exports(self.store)

    def _supply(self, entry: wasmtime.ImportType, host: Host) -> HostItem:
        kind = entry.type
        name = f"{entry.module}.{entry.name}"
        if isinstance(kind, wasmtime.FuncType):
            given = host.get(name, zero)
            has_result = bool(kind.results)

            def called(*arguments: object) -> object:
                self.calls.append(name)
                result = given(*arguments)
                return result if has_result else None

            return wasmtime.Func(self.store, kind, called)
        if isinstance(kind, wasmtime.MemoryType):
            if kind.is_shared:
                return HostMemory(engine(), kind)
            return wasmtime.Memory(self.store, kind)
        if isinstance(kind, wasmtime.TableType):
            return wasmtime.Table(self.store, kind, None)
        assert isinstance(kind, wasmtime.GlobalType)
        return wasmtime.Global(self.store, kind, wasmtime.Val.i32(0))

    def call(self, name: str, *arguments: int) -> object:
        called = self.exports[name]
        assert isinstance(called, wasmtime.Func)
        return called(self.store, *arguments)

    def read(self, address: int, size: int) -> bytes:
        memory = self.exports["memory"]
        assert isinstance(memory, wasmtime.Memory)
        return bytes(memory.read(self.store, address, address + size))


def sequence(values: Sequence[int]) -> bytes:
    """Numbers as the 32-bit words that a memory holds."""
    return b"".join(value.to_bytes(4, "little") for value in values)

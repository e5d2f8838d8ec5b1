"""Relocatable output of the seed's linker, written down once more from the document."""

from __future__ import annotations

from tests.linker.seed.document import (
    PAGE,
    UNDEFINED,
    Atom,
    Document,
    Panic,
    Symbol,
    leb,
    sleb,
    text,
    vector_section,
)

KINDS = {"call": 0, "table": 1, "table32": 2, "address": 4, "address32": 5}
TAGS = {"function": 0, "data": 1, "global": 2}


def custom(content: bytes) -> bytes:
    return b"\0" + leb(len(content), 5) + content


class DocumentObject(Document):
    """The linker, opened for an object file; imports that are defined too are not written."""

    def __init__(self) -> None:
        super().__init__()
        self.symbols[0] = Symbol("__stack_pointer", UNDEFINED, "global", 0)  # 285
        self.strings.add("env")
        self.imports.put(0)
        self.offsets: dict[int, tuple[int, int]] = {}

    def number_imports(self) -> int:
        """The globals and the functions are counted apart (1060)."""
        self.symbols[0].index = 0
        functions = [sym for sym in self.imports.order() if sym]
        for number, sym in enumerate(functions):
            self.symbols[sym].index = number
        return len(functions)

    def place(self, rodata: list[Atom]) -> int:
        """Each piece of data is a segment (935)."""
        offset = end = 0
        for number, atom in enumerate(rodata):
            self.symbols[atom.sym].index = number
            size = -(-atom.size // atom.alignment) * atom.alignment
            self.offsets[atom.sym] = offset, size  # 1267
            end = -(-end // atom.alignment) * atom.alignment + size  # 1265
            offset += size
        return end

    def write(self, functions: list[int], code: list[Atom], rodata: list[Atom], size: int) -> bytes:
        out, count = b"\0asm\1\0\0\0", 0
        entries = self.function_table.order()
        types = [*self.types, *self.late_types]
        if types:
            described = b"".join(
                b"\x60" + leb(len(takes)) + takes + leb(len(gives)) + gives
                for takes, gives in types
            )
            out += vector_section(1, len(types), described)
            count += 1
        table_name = "__indirect_function_table"
        self.strings.add(table_name)
        imports = text("env") + text(table_name) + b"\x01\x70\0" + leb(len(entries))
        for sym in self.imports.order():
            if sym == 0:
                imports += text("env") + text("__stack_pointer") + b"\x03\x7f\x01"
                continue
            library, name, type_index = self.import_of[sym]
            imports += text(library) + text(name) + b"\0" + leb(type_index)
        imports += text("env") + text("__linear_memory") + b"\x02\0" + leb(-(-size // PAGE))
        out += vector_section(2, self.imports.count + 2, imports)
        count += 1
        if functions:
            out += vector_section(3, len(functions), b"".join(map(leb, functions)))
            count += 1
        if entries:
            numbers = b"".join(leb(self.symbols[sym].index) for sym in entries)
            head = b"\x02\0\x41\x01\x0b\0"
            out += vector_section(9, 1, head + leb(len(entries)) + numbers)
            count += 1
        if code:
            bodies = b"".join(leb(atom.size) + atom.code for atom in code)
            out += vector_section(10, len(functions), bodies)
        code_section, count = count, count + bool(code)
        if rodata:
            out += vector_section(11, len(rodata), b"".join(map(self.segment, rodata)))
        listed, table = self.symbol_table()
        out += custom(text("linking") + b"\x02" + table + self.segment_info(rodata))
        place = 0
        offsets = []
        for atom in code:
            offsets.append(place)
            place += atom.size
        out += self.relocations("CODE", code_section, code, offsets, listed)
        return out + self.relocations("DATA", count, rodata, [0] * len(rodata), listed)

    def segment(self, atom: Atom) -> bytes:
        offset, size = self.offsets[atom.sym]
        if len(atom.code) != atom.size:
            raise Panic("flushModule")  # 1880
        content = bytes(atom.code) + bytes(size - atom.size)
        return b"\0\x41" + sleb(offset) + b"\x0b" + leb(size) + content

    def symbol_table(self) -> tuple[dict[int, int], bytes]:
        """Emits the symbols that are resolved (2542)."""
        payload = b""
        listed: dict[int, int] = {}
        for sym in self.resolved:
            symbol = self.symbols[sym]
            if not symbol.tag:
                raise Panic("emitSymbolTable")  # the kind of an import
            listed[sym] = len(listed)
            payload += leb(TAGS[symbol.tag]) + leb(symbol.flags)
            name = text(self.export_names.get(sym, symbol.name or ""))
            if symbol.tag == "data":
                payload += name + leb(symbol.index) + leb(0) + leb(self.atom_of[sym].size)
            else:
                payload += leb(symbol.index) + (b"" if symbol.undefined else name)
        payload = leb(len(listed), 5) + payload
        return listed, b"\x08" + leb(len(payload)) + payload

    def segment_info(self, rodata: list[Atom]) -> bytes:
        payload = leb(len(rodata))
        for atom in rodata:
            name = f".rodata.{self.symbols[atom.sym].name}"
            payload += text(name) + leb(atom.alignment.bit_length() - 1) + leb(0)
        return b"\x05" + leb(len(payload)) + payload

    def relocations(
        self, name: str, section: int, atoms: list[Atom], offsets: list[int], listed: dict[int, int]
    ) -> bytes:
        """Emits `reloc.CODE` or `reloc.DATA` (2639, 2694)."""
        payload, count, sizes = b"", 0, 5
        for atom, start in zip(atoms, offsets, strict=True):
            sizes += len(leb(atom.size)) if atom.size else 0
            for kind, offset, sym, addend in atom.relocs:
                if sym not in listed:
                    raise Panic("emitCodeRelocations" if name == "CODE" else "emitDataRelocations")
                payload += leb(KINDS[kind]) + leb(start + offset + sizes) + leb(listed[sym])
                payload += leb(addend) if kind.startswith("address") else b""
                count += 1
        if not count:
            return b""
        return custom(text(f"reloc.{name}") + leb(section) + leb(count, 5) + payload)

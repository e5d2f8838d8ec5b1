"""The seed's linker for an object in memory, written down once more from the document.

It shares nothing with `linker/`: symbols, lists, maps and the writing of a module without files
are the document's, function by function; the numbers in comments are its lines. It does what the
seed does with modules that only have declarations of their own, outside relocatable output.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PAGE = 65536
UNSET = 0xAAAAAAAA
LOCAL, WEAK, HIDDEN, UNDEFINED = 2, 1, 4, 16
P0, P1, P4 = 0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x1D8E4E27C47D124F
MASK = (1 << 64) - 1
FREE, TOMBSTONE = -1, -2


class Panic(Exception):
    """A failed assertion, with the function it is in."""


class Refused(Exception):
    """An export is refused, so that nothing is flushed."""


def mum(a: int, b: int) -> int:
    product = (a & MASK) * (b & MASK)
    return (product >> 64) ^ (product & MASK)


class Map:
    """`std.AutoHashMapUnmanaged` with keys of four bytes; values stand beside."""

    def __init__(self) -> None:
        self.slots: list[int] = []
        self.available = 0
        self.values: dict[int, int] = {}

    def find(self, key: int) -> int | None:
        return self.slots.index(key) if key in self.slots else None

    def grow_if_needed(self) -> None:
        if self.available:
            return
        load = len(self.slots) * 80 // 100 - self.available
        wanted = (load + 1) * 100 // 80 + 1
        old = [key for key in self.slots if key >= 0]
        capacity = 8
        while capacity < wanted:
            capacity *= 2
        self.slots = [FREE] * capacity
        self.available = capacity * 80 // 100
        for key in old:
            self.insert(key)

    def insert(self, key: int) -> None:
        if not self.available:
            raise Panic("allocateAtoms")
        place = mum(mum(key ^ P0, P4 ^ P1) ^ 4, P4) % len(self.slots)
        while self.slots[place] >= 0:
            place = (place + 1) % len(self.slots)
        self.slots[place] = key
        self.available -= 1

    def put(self, key: int, value: int = 0) -> bool:
        """Whether the key is new."""
        self.grow_if_needed()
        is_new = self.find(key) is None
        if is_new:
            self.insert(key)
        self.values[key] = value
        return is_new

    def put_assume_capacity(self, key: int) -> None:
        if self.find(key) is None:
            self.insert(key)

    def remove(self, key: int) -> bool:
        place = self.find(key)
        if place is None:
            return False
        self.slots[place] = TOMBSTONE
        self.available += 1
        del self.values[key]
        return True

    def clear(self) -> None:
        self.slots = [FREE] * len(self.slots)
        self.available = len(self.slots) * 80 // 100
        self.values.clear()

    def order(self) -> list[int]:
        return [key for key in self.slots if key >= 0]

    @property
    def count(self) -> int:
        return len(self.order())


@dataclass
class Symbol:
    name: str | None
    flags: int
    tag: str = ""
    index: int = UNSET

    @property
    def undefined(self) -> bool:
        return bool(self.flags & UNDEFINED)

    @property
    def exported(self) -> bool:
        return not self.flags & (UNDEFINED | HIDDEN | LOCAL)


@dataclass
class Atom:
    sym: int = 0
    size: int = 0
    alignment: int = 1
    code: bytearray = field(default_factory=bytearray)
    relocs: list[tuple[str, int, int, int]] = field(default_factory=list)
    locals: list[Atom] = field(default_factory=list)
    offset: int = 0


@dataclass
class Decl:
    """A declaration of the compiler. `type` is a function's parameters and results."""

    name: str
    type: tuple[bytes, bytes] | None
    atom: Atom = field(default_factory=Atom)
    index: int = -1
    extern: bool = False
    library: str | None = None
    type_index: int = UNSET
    set_exports: set[str] = field(default_factory=set)


def leb(value: int, width: int = 0) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        more = value or len(out) + 1 < width
        out.append(low | 0x80 if more else low)
        if not more:
            return bytes(out)


def sleb(value: int) -> bytes:
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        if (value == 0 and not low & 0x40) or (value == -1 and low & 0x40):
            return bytes((*out, low))
        out.append(low | 0x80)


def text(name: str) -> bytes:
    return leb(len(name.encode())) + name.encode()


def vector_section(number: int, count: int, content: bytes) -> bytes:
    return bytes((number,)) + leb(len(content) + 5, 5) + leb(count, 5) + content


class Document:
    """The linker, opened for a library or a reactor."""

    def __init__(self, import_table: bool = False, strip: bool = False) -> None:
        self.import_table, self.strip = import_table, strip
        self.symbols = [Symbol("__stack_pointer", HIDDEN, "global", 0)]
        self.free: list[int] = []
        self.resolved = [0]
        self.globals = {"__stack_pointer": 0}
        self.strings = {"__stack_pointer"}
        self.export_names: dict[int, str] = {}
        self.decls, self.symbol_atom = Map(), Map()
        self.atom_of: dict[int, Atom] = {}
        self.imports, self.function_table = Map(), Map()
        self.import_of: dict[int, tuple[str, str, int]] = {}
        self.types: list[tuple[bytes, bytes]] = []
        self.late_types: list[tuple[bytes, bytes]] = []
        self.failed: set[tuple[int, str]] = set()
        self.error_table: Atom | None = None
        # The compiler's own lists.
        self.all_decls: list[Decl | None] = []
        self.free_decls: list[int] = []

    # Edits.

    def new_symbol(self, symbol: Symbol) -> int:
        if self.free:
            number = self.free.pop()
            self.symbols[number] = symbol
            return number
        self.symbols.append(symbol)
        return len(self.symbols) - 1

    def allocate(self, decl: Decl) -> None:
        if self.free_decls:
            decl.index = self.free_decls.pop()
            self.all_decls[decl.index] = decl
        else:
            decl.index = len(self.all_decls)
            self.all_decls.append(decl)
        self.decls.put(decl.index)  # 490
        decl.atom.sym = self.new_symbol(Symbol(None, LOCAL))  # 494-507
        self.note(decl.atom)  # 508

    def note(self, atom: Atom) -> None:
        self.symbol_atom.put(atom.sym)
        self.atom_of[atom.sym] = atom

    def put_type(self, signature: tuple[bytes, bytes]) -> int:
        if signature not in self.types:
            self.types.append(signature)
        return self.types.index(signature)

    def update(
        self, decl: Decl, code: bytes, relocs: list[tuple[str, int, int, int]], alignment: int = 1
    ) -> None:
        """`relocs`: kind, offset, symbol, addend; kinds are call, table, address."""
        atom = decl.atom
        atom.code.clear()  # 522, 561
        atom.relocs.clear()
        decl.extern = False
        if decl.type is not None:
            decl.type_index = self.put_type(decl.type)
        for reloc in relocs:
            self.add_reloc(atom, reloc, is_code=decl.type is not None)
        if not code:
            return  # 600
        atom.size, atom.alignment = len(code), alignment
        self.symbols[atom.sym].name = decl.name  # 609
        self.strings.add(decl.name)
        atom.code += code
        if atom.sym not in self.resolved:
            self.resolved.append(atom.sym)  # 612

    def add_reloc(self, atom: Atom, reloc: tuple[str, int, int, int], is_code: bool) -> None:
        if not is_code and self.symbol_atom.find(atom.sym) is None:
            raise Panic("getDeclVAddr")  # 694
        if reloc[0].startswith("table"):
            self.function_table.put(reloc[2])  # 701, 859
        atom.relocs.append(reloc)

    def clear(self, decl: Decl) -> None:
        decl.atom.code.clear()
        decl.atom.relocs.clear()
        decl.extern = False

    def add_constant(
        self, decl: Decl, code: bytes, relocs: list[tuple[str, int, int, int]], alignment: int
    ) -> int:
        name = f"__unnamed_{decl.name}_{len(decl.atom.locals)}"  # 628
        self.strings.add(name)
        atom = Atom(alignment=alignment)
        decl.atom.locals.append(atom)
        atom.sym = self.new_symbol(Symbol(name, LOCAL, "data"))
        self.resolved.append(atom.sym)  # 650
        self.note(atom)  # 651
        for reloc in relocs:
            self.add_reloc(atom, reloc, is_code=False)
        atom.size = len(code)
        atom.code += code
        return atom.sym

    def make_extern(self, decl: Decl, library: str | None) -> None:
        self.clear(decl)
        decl.extern, decl.library = True, library
        if decl.type is None:
            raise Panic("addOrUpdateImport")  # 903
        decl.type_index = self.put_type(decl.type)
        sym = decl.atom.sym
        self.strings.add(decl.name)
        self.symbols[sym].flags = self.symbols[sym].flags & ~LOCAL | UNDEFINED  # 880
        if decl.name not in self.globals:  # 882
            self.globals[decl.name] = sym
            if sym not in self.resolved:
                self.resolved.append(sym)
        if self.imports.put(sym):  # 891
            self.strings.add(library or "env")
            self.import_of[sym] = (library or "env", decl.name, decl.type_index)

    def export(self, decl: Decl, name: str, weak: bool, hidden: bool) -> None:
        sym = decl.atom.sym
        self.strings.add(name)  # 762
        self.failed.discard((decl.index, name))
        if name in self.globals:
            if self.globals[name] == sym:
                return  # 764
            existing_weak = bool(self.symbols[self.globals[name]].flags & WEAK)
            exported_weak = weak or hidden  # Internal or Weak, 767
            if not exported_weak and not existing_weak:
                self.failed.add((decl.index, name))  # 772
                return
            if exported_weak:
                return  # 783
        symbol = self.symbols[sym]
        if hidden:
            symbol.flags |= HIDDEN | WEAK  # 797
        elif weak:
            symbol.flags |= WEAK
        if symbol.name is None:
            raise Panic("StringTable.get")  # 815
        if name != symbol.name:
            self.export_names[sym] = name
        symbol.flags &= ~LOCAL  # 819
        self.globals[name] = sym
        if self.imports.remove(sym):  # 827
            del self.import_of[sym]
        decl.set_exports.add(name)  # 828

    def delete_export(self, decl: Decl, name: str) -> None:
        self.failed.discard((decl.index, name))
        if name not in decl.set_exports:
            return  # 724
        decl.set_exports.discard(name)
        sym = decl.atom.sym
        known = self.export_names.pop(sym, None) or self.symbols[sym].name or ""
        if known not in self.globals:
            raise Panic("deleteExport")  # 730, 732
        del self.globals[known]

    def free_decl(self, decl: Decl) -> None:
        self.free.append(decl.atom.sym)  # 839
        self.decls.remove(decl.index)
        self.all_decls[decl.index] = None
        self.free_decls.append(decl.index)
        self.failed = {key for key in self.failed if key[0] != decl.index}
        for atom in decl.atom.locals:
            self.free.append(atom.sym)
            self.swap_remove(atom.sym)  # 846
            if not self.symbol_atom.remove(atom.sym):
                raise Panic("freeDecl")  # 847
        if decl.extern and self.imports.remove(decl.atom.sym):
            del self.import_of[decl.atom.sym]
        self.swap_remove(decl.atom.sym)
        self.symbol_atom.remove(decl.atom.sym)
        self.atom_of.pop(decl.atom.sym, None)

    def swap_remove(self, sym: int) -> None:
        if sym in self.resolved:
            place = self.resolved.index(sym)
            self.resolved[place] = self.resolved[-1]
            self.resolved.pop()

    def error_symbol(self) -> int:
        if self.error_table is None:
            atom = self.error_table = Atom(alignment=4)
            name = "__zig_err_name_table"
            atom.sym = self.new_symbol(Symbol(name, HIDDEN, "data", 0))
            self.strings.add(name)
            self.resolved.append(atom.sym)
            self.note(atom)
        return self.error_table.sym

    # The flush.

    def flush(self, error_names: list[str]) -> bytes:
        if self.failed:
            raise Refused
        self.late_types.clear()
        rodata: list[Atom] = []
        code: list[Atom] = []
        functions: list[int] = []
        self.populate(error_names, rodata)
        if "_start" in self.strings and "_start" not in self.globals:
            raise Panic("setupStart")  # 1223
        imported = self.number_imports()
        for index in self.decls.order():  # 1571
            decl = self.all_decls[index]
            assert decl is not None
            if decl.extern:
                continue
            symbol = self.symbols[decl.atom.sym]
            if decl.type is not None:
                symbol.tag = "function"
                symbol.index = len(functions) + imported  # 917
                functions.append(self.type_written(decl))
                code.append(decl.atom)
            else:
                if symbol.name is None:
                    raise Panic("StringTable.get")  # 937
                symbol.tag, symbol.index = "data", 0
                rodata.append(decl.atom)
            for atom in decl.atom.locals:
                self.symbols[atom.sym].index = 0
                rodata.append(atom)
        for atom in (*code, *rodata):
            self.symbol_atom.put_assume_capacity(atom.sym)  # 1010
            self.atom_of[atom.sym] = atom
        size = self.place(rodata)
        table_name = "__indirect_function_table"
        if table_name in self.strings and table_name not in self.globals:
            raise Panic("mergeSections")  # 1100
        module = self.write(functions, code, rodata, size)
        self.symbol_atom.clear()
        self.atom_of.clear()
        return module

    def number_imports(self) -> int:
        """The number of imported functions."""
        for number, sym in enumerate(self.imports.order()):
            self.symbols[sym].index = number  # 1070
        return self.imports.count

    def place(self, rodata: list[Atom]) -> int:
        """The size of the one data segment."""
        size = most = 0
        for atom in rodata:  # 1000
            size = -(-size // atom.alignment) * atom.alignment
            atom.offset = size
            size += atom.size
            most = max(most, atom.alignment)
        return -(-size // most) * most if rodata else 0

    def type_written(self, decl: Decl) -> int:
        """The number of a function's type; of one without any code, it is memory that was never
        written: that of its type stands for it here, behind all others."""
        if decl.type_index != UNSET or decl.type is None:
            return decl.type_index
        known = [*self.types, *self.late_types]
        if decl.type not in known:
            self.late_types.append(decl.type)
            known.append(decl.type)
        return known.index(decl.type)

    def populate(self, names: list[str], rodata: list[Atom]) -> None:
        table = self.error_table
        if table is None:
            return
        if self.symbol_atom.find(table.sym) is None:
            raise Panic("populateErrorNameTable")  # 1407
        texts = Atom()
        texts.sym = self.new_symbol(Symbol("__zig_err_names", HIDDEN, "data", 0))
        self.strings.add("__zig_err_names")
        for name in names:
            table.relocs.append(("address32", len(table.code), texts.sym, len(texts.code)))
            table.code += bytes(4) + len(name.encode()).to_bytes(4, "little")
            texts.code += name.encode() + b"\0"
        table.size, texts.size = len(table.code), len(texts.code)
        self.resolved.append(texts.sym)
        self.note(texts)
        rodata += [table, texts]

    def resolve(self, atom: Atom) -> None:
        for kind, offset, sym, addend in atom.relocs:
            symbol = self.symbols[sym]
            if kind.startswith("table"):
                value = self.function_table.values.get(sym, 0)
            elif kind.startswith("address"):
                if symbol.tag != "data" or symbol.index or sym not in self.atom_of:
                    raise Panic("relocationValue")
                value = PAGE + self.atom_of[sym].offset + addend
            else:
                value = symbol.index
            wide = kind.endswith("32")
            written = value.to_bytes(4, "little") if wide else leb(value, 5)
            atom.code[offset : offset + len(written)] = written

    def write(self, functions: list[int], code: list[Atom], rodata: list[Atom], size: int) -> bytes:
        out = b"\0asm\1\0\0\0"
        for number, sym in enumerate(self.function_table.order(), 1):
            self.function_table.values[sym] = number  # 867
        entries = self.function_table.order()
        types = [*self.types, *self.late_types]
        if types:
            described = b"".join(
                b"\x60" + leb(len(takes)) + takes + leb(len(gives)) + gives
                for takes, gives in types
            )
            out += vector_section(1, len(types), described)
        imports = b""
        if self.import_table:
            name = "__indirect_function_table"
            self.strings.add(name)
            imports += text("env") + text(name) + b"\x01\x70\0" + leb(len(entries))
        for sym in self.imports.order():
            if not self.symbols[sym].undefined:
                raise Panic("flushModule")  # 1657
            library, name, type_index = self.import_of[sym]
            imports += text(library) + text(name) + b"\0" + leb(type_index)
        if imports:
            out += vector_section(2, self.imports.count + self.import_table, imports)
        if functions:
            out += vector_section(3, len(functions), b"".join(map(leb, functions)))
        if entries and not self.import_table:
            out += vector_section(4, 1, b"\x70\0" + leb(len(entries) + 1))
        out += vector_section(5, 1, b"\0" + leb(-(-(PAGE + size) // PAGE)))
        out += vector_section(6, 1, b"\x7f\x01\x41" + sleb(PAGE) + b"\x0b")
        exports = [
            (self.export_names.get(sym, self.symbols[sym].name or ""), self.symbols[sym])
            for sym in self.resolved
            if self.symbols[sym].exported
        ]
        kinds = {"function": 0, "data": 2}
        shown = b"".join(
            text(name) + bytes((kinds[symbol.tag],)) + leb(symbol.index) for name, symbol in exports
        )
        shown += text("memory") + b"\x02\0"
        out += vector_section(7, len(exports) + 1, shown)
        if entries:
            numbers = b"".join(leb(self.symbols[sym].index) for sym in entries)
            out += vector_section(9, 1, b"\x02\0\x41\x01\x0b\0" + leb(len(entries)) + numbers)
        if code:
            bodies = b""
            for atom in code:
                self.resolve(atom)
                bodies += leb(atom.size) + atom.code
            out += vector_section(10, len(functions), bodies)
        if rodata:
            content = bytearray()
            for atom in rodata:
                self.resolve(atom)
                content += bytes(atom.offset - len(content))
                if len(atom.code) != atom.size:
                    raise Panic("flushModule")  # 1880
                content += atom.code
            content += bytes(size - len(content))
            header = b"\0\x41" + sleb(PAGE) + b"\x0b" + leb(size)
            out += vector_section(11, 1, header + content)
        return out if self.strip else out + self.names(bool(rodata))

    def names(self, has_data: bool) -> bytes:
        functions = []
        for sym in self.resolved:
            symbol = self.symbols[sym]
            name = symbol.name
            if symbol.undefined:
                if sym not in self.import_of:
                    raise Panic("emitNameSection")  # 1945
                name = self.import_of[sym][1]
            if symbol.tag == "function":
                functions.append((symbol.index, name or ""))
        functions.sort(key=lambda entry: entry[0])
        segments = [".rodata"] if has_data else []
        content = text("name")
        for kind, entries in (
            (1, functions),
            (7, [(0, "__stack_pointer")]),
            (9, list(enumerate(segments))),
        ):
            listed = leb(len(entries)) + b"".join(leb(at) + text(name) for at, name in entries)
            content += bytes((kind,)) + leb(len(listed)) + listed
        return b"\0" + leb(len(content), 5) + content

"""Edits made to a module and to the document's linker, and their flushes side by side."""

from __future__ import annotations

from linker.format.constants import RelocationType
from linker.format.model import FunctionType
from linker.in_memory.declaration import Declaration, Reference
from linker.module import Module
from tests.linker.seed.document import Decl, Document, Panic, Refused
from tests.linker.seed.document_object import DocumentObject

KINDS = {
    "call": RelocationType.FUNCTION_INDEX_LEB,
    "table": RelocationType.TABLE_INDEX_SLEB,
    "address": RelocationType.MEMORY_ADDR_SLEB,
    "table32": RelocationType.TABLE_INDEX_I32,
    "address32": RelocationType.MEMORY_ADDR_I32,
}
OPTIONS = {"import_table": "--import-table", "strip": "-s"}
Site = tuple[str, int, Declaration, int]
"""Kind, offset, target and addend of a place that the linker fills in."""


class Both:
    """A module in dialect `seed`, and the linker of the document that hears of the same edits.

    `flush` compares what they make and answers it: bytes, or where the document stops.
    """

    def __init__(
        self, import_table: bool = False, strip: bool = False, relocatable: bool = False
    ) -> None:
        self.module = Module("memory")
        self.document = DocumentObject() if relocatable else Document(import_table, strip)
        self.arguments = ["-r" if relocatable else "--no-entry", "-o", "out.wasm"]
        self.arguments += [
            OPTIONS[name]
            for name, is_on in (("import_table", import_table), ("strip", strip))
            if is_on
        ]
        self.decls: dict[Declaration, Decl] = {}
        self.syms: dict[Declaration, int] = {}
        self.panic: Panic | None = None

    def allocate(self, name: str, signature: FunctionType | None = None) -> Declaration:
        declaration = self.module.allocate(name, signature)
        kinds = None
        if signature is not None:
            kinds = bytes(signature.parameters), bytes(signature.results)
        decl = self.decls[declaration] = Decl(name, kinds)
        self._tell(lambda: self.document.allocate(decl))
        self.syms[declaration] = decl.atom.sym
        return declaration

    def update(
        self,
        declaration: Declaration,
        content: bytes,
        sites: tuple[Site, ...] = (),
        alignment: int = 1,
    ) -> None:
        self.module.update(declaration, content, references(sites), alignment=alignment)
        relocs = self._relocs(sites)
        decl = self.decls[declaration]
        self._tell(lambda: self.document.update(decl, content, relocs, alignment))

    def add(
        self,
        name: str,
        content: bytes,
        sites: tuple[Site, ...] = (),
        signature: FunctionType | None = None,
        alignment: int = 1,
    ) -> Declaration:
        declaration = self.allocate(name, signature)
        self.update(declaration, content, sites, alignment)
        return declaration

    def add_constant(
        self, owner: Declaration, content: bytes, sites: tuple[Site, ...] = (), alignment: int = 1
    ) -> Declaration:
        constant = self.module.add_constant(owner, alignment, content, references(sites))
        relocs, decl = self._relocs(sites), self.decls[owner]

        def tell() -> None:
            self.syms[constant] = self.document.add_constant(decl, content, relocs, alignment)

        self._tell(tell)
        return constant

    def clear(self, declaration: Declaration) -> None:
        self.module.clear(declaration)
        self._tell(lambda: self.document.clear(self.decls[declaration]))

    def make_extern(self, declaration: Declaration, library: str | None = None) -> None:
        self.module.make_extern(declaration, library)
        self._tell(lambda: self.document.make_extern(self.decls[declaration], library))

    def export(
        self, declaration: Declaration, name: str, weak: bool = False, hidden: bool = False
    ) -> None:
        self.module.export(declaration, name, weak, hidden)
        self._tell(lambda: self.document.export(self.decls[declaration], name, weak, hidden))

    def delete_export(self, declaration: Declaration, name: str) -> None:
        self.module.delete_export(declaration, name)
        self._tell(lambda: self.document.delete_export(self.decls[declaration], name))

    def free(self, declaration: Declaration) -> None:
        self.module.free(declaration)
        self._tell(lambda: self.document.free_decl(self.decls[declaration]))

    def error_table(self) -> Declaration:
        declaration = self.module.error_table()

        def tell() -> None:
            self.syms[declaration] = self.document.error_symbol()

        self._tell(tell)
        return declaration

    def flush(self) -> bytes | str:
        output = self.module.flush(self.arguments, dialect="seed")
        expected: bytes | str = ""
        try:
            if self.panic is not None:
                raise self.panic
            expected = self.document.flush(self.module.error_names)
        except Panic as panic:
            self.panic = panic
            expected = f"seed stops in {panic} (quirk "
        except Refused:
            expected = "seed error LinkError: "
        if isinstance(expected, bytes):
            assert output.errors == ()
            assert output.module == expected
        else:
            assert output.module is None
            assert output.errors[0].startswith(expected), (output.errors, expected)
        return expected

    def _tell(self, edit: object) -> None:
        assert callable(edit)
        if self.panic is None:
            try:
                edit()
            except Panic as panic:
                self.panic = panic

    def _relocs(self, sites: tuple[Site, ...]) -> list[tuple[str, int, int, int]]:
        return [
            (kind, offset, self.syms.get(target, 0), addend)
            for kind, offset, target, addend in sites
        ]


def references(sites: tuple[Site, ...]) -> list[Reference]:
    return [
        Reference(KINDS[kind], offset, target, addend) for kind, offset, target, addend in sites
    ]

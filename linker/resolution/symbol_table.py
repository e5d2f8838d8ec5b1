"""The symbol table: what happens when a name is defined or wanted once more.

The rule is LLD's (lld/wasm/SymbolTable.cpp), which Linking.md describes only in outline
("Symbol resolution" is unspecified there):

| there is \\ comes | defined             | weak defined | undefined       | lazy                 |
| ---               | ---                 | ---          | ---             | ---                  |
| nothing           | take                | take         | take            | take                 |
| undefined         | take                | take         | stronger wins   | extract, or wait     |
| lazy              | take                | take         | extract if strong | keep               |
| weak defined      | take                | keep         | keep            | keep                 |
| defined           | duplicate symbol    | keep         | keep            | keep                 |
"""

from __future__ import annotations

from dataclasses import replace

from linker.command_line.options import Options
from linker.describe import describe_signature, describe_table_type
from linker.errors import Diagnostics, FatalError
from linker.format.constants import SymbolKind
from linker.format.model import FunctionType
from linker.hashes.hash_order import dense_map_order
from linker.inputs.files import WANTED
from linker.listings.trace_symbol import SymbolTrace
from linker.listings.why_extract import Extraction, Record, record_of
from linker.names import display_name
from linker.objects import (
    Function,
    GlobalElement,
    InputObject,
    TableElement,
    TagElement,
    file_name,
)
from linker.resolution.linker_names import compare_with_own
from linker.resolution.mismatches import (
    defined_twice,
    global_types_differ,
    kinds_differ,
    signatures_differ,
)
from linker.resolution.reference_flags import keep_first_flags, replace_flags, unify_flags
from linker.resolution.symbols import (
    ABSOLUTE,
    HIDDEN,
    LOCAL,
    UNDEFINED,
    WEAK,
    LinkSymbol,
    State,
)
from linker.seed.resolution import segment_number, stands_apart

FUNCTION_TABLE_NAME = "__indirect_function_table"
DEFAULT_MODULE = "env"
# clang refers to them as constants in code and as variables in debug information (-fPIC -g);
# a static link makes them data.
BASES = frozenset(["__memory_base", "__table_base"])

# The body of a function that is never meant to be called: no locals, unreachable, end.
UNREACHABLE_BODY = b"\x03\x00\x00\x0b"


class SymbolTable:
    """All names of a link, in the order in which they were first seen.

    `extracted` are the objects that lazy symbols waited in; resolution links them next. `mixed`
    are those that some object takes for one of another kind, where quirks let it.
    """

    def __init__(self, options: Options, diagnostics: Diagnostics) -> None:
        self.options = options
        self.diagnostics = diagnostics
        self.extracted: list[Extraction] = []
        self.extraction_records: list[Record] = []
        self.trace = SymbolTrace(options.trace_symbols, diagnostics.print)
        self.symbols: list[LinkSymbol] = []
        self.synthetic_functions: list[Function] = []
        self.synthetic_globals: list[GlobalElement] = []
        self.synthetic_tables: list[TableElement] = []
        self.comdats: set[str] = set()
        self.mixed: set[LinkSymbol] = set()
        self._compares = "kinds-uncompared" not in options.quirks
        self._slots: dict[str, int] = {}
        self._variants: dict[str, list[LinkSymbol]] = {}
        self._stubs: dict[FunctionType, LinkSymbol] = {}

    def find(self, name: str) -> LinkSymbol | None:
        slot = self._slots.get(name)
        return None if slot is None else self.symbols[slot]

    def stands_apart(self, new: LinkSymbol) -> bool:
        """Whether a symbol is to stay out of the table (departures of the seed)."""
        quirks = self.options.quirks
        return bool(quirks) and stands_apart(self.find(new.name), new, quirks)

    def wrap(self, name: str, real: str, wrap: str) -> None:
        """Lets `real` mean what `name` means, and `name` what `wrap` means (LLD's wrap)."""
        # What is not known is the first symbol for LLD (`wrapped-stubs-forgotten`).
        slots = self._slots
        original, wrapping = slots.setdefault(name, 0), slots.setdefault(wrap, 0)
        slots[real] = original
        slots[name] = wrapping

    def bind(self, name: str, symbol: LinkSymbol) -> None:
        """Lets a name mean a symbol, whatever that is called."""
        if symbol not in self.symbols:
            self.symbols.append(symbol)
        self._slots[name] = self.symbols.index(symbol)

    def add_comdat(self, name: str) -> bool:
        """Whether the group is the first of its name (Linking.md, "COMDATs")."""
        if name in self.comdats:
            return False
        self.comdats.add(name)
        return True

    def _insert_name(self, name: str) -> LinkSymbol | None:
        """A fresh entry for a new name; None if the name is known."""
        if name in self._slots:
            return None
        self._slots[name] = len(self.symbols)
        symbol = LinkSymbol(name, SymbolKind.FUNCTION, State.UNDEFINED, 0)
        symbol.referenced = not self.options.gc_sections
        self.trace.watch(symbol)
        self.symbols.append(symbol)
        return symbol

    def _insert(self, new: LinkSymbol) -> LinkSymbol | None:
        """Enters `new` under its name if that is new; else answers what is there."""
        fresh = self._insert_name(new.name)
        if fresh is not None:
            fresh.become(new)
            fresh.used_in_object = True
            return None
        existing = self.symbols[self._slots[new.name]]
        existing.used_in_object = True
        return existing

    def add_defined_function(self, new: LinkSymbol) -> LinkSymbol:
        existing = self._insert(new)
        if existing is None:
            return self.symbols[self._slots[new.name]]
        if existing.is_lazy:
            self._compare_with_weak(existing, new, "extracted-definition-unchecked")
            if not self._remembers_signature(existing):
                existing.become(new)
                return existing
            demote(existing)
        if existing.kind is not SymbolKind.FUNCTION and self._compares:
            self.report_kind(existing, new)
            return existing
        compares = not existing.is_undefined or existing.is_called_directly
        if self._compares and compares and not signatures_match(existing, new):
            variant, is_new = self._function_variant(existing, new)
            if is_new or self._should_replace(existing, new):
                variant.become(new)
            self.symbols[self._slots[new.name]] = variant
            return variant
        if self._should_replace(existing, new):
            existing.become(new)
        return existing

    def add_defined(self, new: LinkSymbol) -> LinkSymbol:
        """Adds a definition of data, a global, a table or a tag."""
        existing = self._insert(new)
        if existing is None:
            return self.symbols[self._slots[new.name]]
        if existing.is_lazy:
            self._compare_with_weak(existing, new, "extracted-definition-unchecked")
            existing.become(new)
            return existing
        self._check_type(existing, new)
        if self._should_replace(existing, new):
            existing.become(new)
        return existing

    def add_undefined_function(self, new: LinkSymbol) -> LinkSymbol:
        existing = self._insert(new)
        if existing is None:
            return self.symbols[self._slots[new.name]]
        if existing.is_lazy:
            if new.is_weak:
                self._ask_weakly(existing, new)
                existing.signature = new.signature
                existing.is_called_directly = new.is_called_directly
            else:
                self._extract_for(existing, new, file_name(new.file))
            return existing
        if existing.kind is not SymbolKind.FUNCTION and self._compares:
            self.report_kind(existing, new)
            return existing
        if existing.signature is None and new.signature is not None:
            existing.signature = new.signature
        symbol = existing
        was_undefined = existing.is_undefined
        if self._compares and new.is_called_directly and not signatures_match(existing, new):
            if was_undefined and not existing.is_called_directly:
                existing.become(new)
            else:
                symbol, is_new = self._function_variant(existing, new)
                if is_new:
                    symbol.become(new)
        if was_undefined:
            self._update_undefined(existing, new)
            if new.is_called_directly:
                existing.is_called_directly = True
        return symbol

    def add_undefined(self, new: LinkSymbol) -> LinkSymbol:
        """Adds a reference to data, a global, a table or a tag."""
        existing = self._insert(new)
        if existing is None:
            return self.symbols[self._slots[new.name]]
        if existing.is_lazy:
            if new.kind is SymbolKind.DATA and new.is_weak:
                self._ask_weakly(existing, new)
            else:
                self._extract_for(existing, new, None)
        elif existing.is_defined:
            self._check_type(existing, new)
        else:
            self._update_undefined(existing, new)
        return existing

    def add_lazy(self, name: str, obj: InputObject) -> None:
        """Adds what an archive member defines (LLD's SymbolTable::addLazy)."""
        # What it defines is not known; one that stays lazy has no signature, as data has none.
        lazy = LinkSymbol(name, SymbolKind.DATA, State.LAZY, 0, obj)
        fresh = self._insert_name(name)
        if fresh is not None:
            fresh.become(lazy)
            return
        existing = self.symbols[self._slots[name]]
        if not existing.is_undefined:
            return
        if existing.is_weak:
            if existing.kind is SymbolKind.FUNCTION:
                lazy.signature = existing.signature
                lazy.is_called_directly = existing.is_called_directly
            lazy.flags = WEAK
            lazy.asked_as = replace(existing)
            existing.become(lazy)
            return
        self.extract(Extraction(obj, existing, file_name(existing.file)))

    def _extract_for(self, lazy: LinkSymbol, new: LinkSymbol, reference: str | None) -> None:
        """Takes the member that defines what `new` refers to.

        If it was taken before, it lost the symbol's comdat group, or is still being entered.
        """
        was_taken = lazy.file is not None and not lazy.file.lazy
        self.extract_symbol(lazy, reference)
        if was_taken and "lost-member-symbol-zero" not in self.options.quirks:
            lazy.become(new)

    def _remembers_signature(self, lazy: LinkSymbol) -> bool:
        """Whether a weak reference to what is now extracted said what it takes it for."""
        return (
            lazy.signature is not None
            and "extracted-definition-unchecked" not in self.options.quirks
        )

    def _ask_weakly(self, lazy: LinkSymbol, new: LinkSymbol) -> None:
        """A weak reference to what stays in an archive unless something else takes it out."""
        lazy.flags |= WEAK
        self._compare_with_weak(lazy, new, "reference-kinds-unchecked")
        if lazy.asked_as is None:
            lazy.asked_as = new

    def _compare_with_weak(self, lazy: LinkSymbol, new: LinkSymbol, quirk: str) -> None:
        """What is defined or referred to is to be of the kind that a weak reference asked for."""
        asked = lazy.asked_as
        if asked is None or asked.kind is new.kind or not self._compares:
            return
        if quirk in self.options.quirks:
            self.mixed.add(lazy)
        else:
            self.report_kind(asked, new)

    def extract_symbol(self, symbol: LinkSymbol, reference: str | None = None) -> None:
        """Takes the archive member that defines a lazy symbol (LLD's LazySymbol::extract).

        `reference` is what `--why-extract` tells of it, None for nothing.
        """
        assert symbol.file is not None
        self.extract(Extraction(symbol.file, symbol, reference))

    def extract(self, extraction: Extraction) -> None:
        """Has a member linked next, unless it is linked already."""
        if extraction.obj.lost:
            raise FatalError(extraction.obj.lost.replace(WANTED, extraction.symbol.name))
        if extraction.obj.lazy:
            extraction.obj.lazy = False
            self.extracted.append(extraction)
        else:
            self.finish_extraction(extraction)

    def finish_extraction(self, extraction: Extraction) -> None:
        """The member is linked, and all that it took before it."""
        record = record_of(extraction)
        if record is not None:
            self.extraction_records.append(record)

    def trace_reference(self, name: str, file: InputObject | None) -> None:
        """An object refers to a name that all objects can see."""
        if self.trace.names:
            self.trace.reference(name, file, self.find(name))

    # Symbols of the linker itself.

    def add_synthetic_function(self, name: str, flags: int, function: Function) -> LinkSymbol:
        self.synthetic_functions.append(function)
        return self._enter(defined_function(name, flags, None, function))

    def add_synthetic_global(self, name: str, flags: int, element: GlobalElement) -> LinkSymbol:
        self.synthetic_globals.append(element)
        return self._enter(defined_global(name, flags, None, element))

    def add_synthetic_data(self, name: str, flags: int) -> LinkSymbol:
        return self._enter(LinkSymbol(name, SymbolKind.DATA, State.DEFINED, flags | ABSOLUTE))

    def add_synthetic_table(self, name: str, flags: int, element: TableElement) -> LinkSymbol:
        self.synthetic_tables.append(element)
        return self._enter(defined_table(name, flags, None, element))

    def _enter(self, new: LinkSymbol) -> LinkSymbol:
        symbol = self._insert_name(new.name)
        if symbol is None:
            symbol = self.symbols[self._slots[new.name]]
            if self._compares:
                compare_with_own(symbol, new, self)
        symbol.become(new)
        return symbol

    def _wants_optional(self, name: str) -> bool:
        """Whether a linker-defined symbol is asked for by a reference or an export."""
        if "linker-data-unknown" in self.options.quirks:
            return False
        existing = self.find(name)
        if existing is None:
            return self.options.export_all or name in self.options.exported_symbols
        return not existing.is_defined

    def add_optional_data(self, name: str, value: int = 0) -> LinkSymbol | None:
        if not self._wants_optional(name):
            return None
        symbol = self._enter(
            LinkSymbol(name, SymbolKind.DATA, State.DEFINED, HIDDEN | ABSOLUTE, value=value),
        )
        symbol.referenced = True
        return symbol

    def define_if_referenced(self, name: str, element: GlobalElement) -> LinkSymbol | None:
        """Defines a global of the linker where an object wants it; an export alone does not."""
        existing = self.find(name)
        if existing is None or not self._wants_optional(name):
            return None
        self.synthetic_globals.append(element)
        return self._enter(defined_global(name, HIDDEN, None, element))

    # Mismatches.

    def _function_variant(self, symbol: LinkSymbol, new: LinkSymbol) -> tuple[LinkSymbol, bool]:
        """The symbol of that name with the signature of `new`, and whether it is a new one."""
        variants = self._variants.setdefault(symbol.name, [])
        if not variants:
            variants.append(symbol)
        for variant in variants:
            if variant.signature == new.signature:
                return variant, False
        variant = LinkSymbol(symbol.name, SymbolKind.FUNCTION, State.UNDEFINED, 0)
        variant.used_in_object = True
        variants.append(variant)
        return variant, True

    def unify_variants(self) -> None:
        """Leaves one meaning to each name whose signatures differ (LLD's handleSymbolVariants)."""
        if not self._variants:
            return
        for name in dense_map_order(self._variants):
            variants = self._variants[name]
            defined = next((symbol for symbol in variants if symbol.is_defined), None)
            if defined is None:
                self.diagnostics.error(signatures_differ(name, *variants[:2]))
                return
            for symbol in variants:
                if symbol is not defined:
                    self.diagnostics.warn(signatures_differ(name, symbol, defined))
                    debug_name = f"signature_mismatch:{self.display(symbol)}"
                    self._replace_with_unreachable(symbol, debug_name)

    def _replace_with_unreachable(self, symbol: LinkSymbol, debug_name: str) -> None:
        """Makes the symbol a function that traps; its address is that of no function."""
        assert symbol.signature is not None
        function = Function(None, symbol.name, UNREACHABLE_BODY)
        function.signature = symbol.signature
        function.debug_name = debug_name
        function.live = not self.options.gc_sections
        self.synthetic_functions.append(function)
        symbol.become(defined_function(debug_name, LOCAL, None, function))
        symbol.is_stub = True

    def stub_weak_undefined(self) -> None:
        """Calls to weak undefined functions need something to name (LLD's handleWeakUndefines)."""
        for symbol in self.symbols:
            if symbol.is_undefined_weak and symbol.used_in_object:
                if symbol.signature is None or symbol.kind is SymbolKind.TAG:
                    continue
                self._replace_with_unreachable(symbol, f"undefined_weak:{self.display(symbol)}")
                symbol.set_hidden(True)

    def undefined_stub(self, signature: FunctionType) -> LinkSymbol:
        """The function that stands for undefined ones of that signature, when they are allowed."""
        stub = self._stubs.get(signature)
        if stub is None:
            stub = LinkSymbol("undefined_stub", SymbolKind.FUNCTION, State.DEFINED, HIDDEN)
            stub.used_in_object = True
            stub.signature = signature
            self._replace_with_unreachable(stub, "undefined_stub")
            self._stubs[signature] = stub
        return stub

    def display(self, symbol: LinkSymbol) -> str:
        return display_name(symbol.name, self.options)

    def _should_replace(self, existing: LinkSymbol, new: LinkSymbol) -> bool:
        if not existing.is_defined:
            return True
        if "weak-definitions-collide" not in self.options.quirks:
            if new.is_weak:
                return False
            if existing.is_weak:
                return True
        if self.options.allow_multiple_definition:
            return False
        self.report_duplicate(existing, new)
        return True

    def report_duplicate(self, existing: LinkSymbol, new: LinkSymbol) -> None:
        message = defined_twice(self.display(existing), existing, new)
        report = self.diagnostics.warn if self.options.noinhibit_exec else self.diagnostics.error
        report(message)

    def _update_undefined(self, existing: LinkSymbol, new: LinkSymbol) -> None:
        """One more reference to what is not defined (LLD's updateExistingUndefined)."""
        quirks = self.options.quirks
        if "later-reference-wins" in quirks:
            existing.become(new)
            return
        if existing.kind is not new.kind and self._compares:
            if "reference-kinds-unchecked" not in quirks:
                self.report_kind(existing, new)
                return
            self.mixed.add(existing)
        compares = new.kind is SymbolKind.FUNCTION
        if compares or "import-mismatch-unchecked" not in quirks:
            if not compares and existing.kind is new.kind and new.name not in BASES:
                self._check_type(existing, new)
            self._unify_imports(existing, new)
        if "first-weak-reference-counts" in quirks:
            keep_first_flags(existing, new)
        elif "undefined-flags-replaced" in quirks:
            replace_flags(existing, new)
        else:
            unify_flags(existing, new)

    def _unify_imports(self, existing: LinkSymbol, new: LinkSymbol) -> None:
        """Two references to one name must agree on the import."""
        if new.import_name is not None:
            if existing.import_name is None:
                existing.import_name = new.import_name
            elif existing.import_name != new.import_name:
                self._report_import(existing, new, "name", existing.import_name, new.import_name)
        if new.import_module is not None:
            if existing.import_module is None:
                existing.import_module = new.import_module
            elif existing.import_module != new.import_module:
                self._report_import(
                    existing, new, "module", existing.import_module, new.import_module
                )

    def _report_import(
        self, existing: LinkSymbol, new: LinkSymbol, what: str, old: str, other: str
    ) -> None:
        self.diagnostics.error(
            f"import {what} mismatch for symbol: {self.display(existing)}"
            f"\n>>> defined as {old} in {file_name(existing.file)}"
            f"\n>>> defined as {other} in {file_name(new.file)}",
        )

    def report_kind(self, existing: LinkSymbol, new: LinkSymbol) -> None:
        self.diagnostics.error(kinds_differ(self.display(existing), existing, new))

    def _check_type(self, existing: LinkSymbol, new: LinkSymbol) -> None:
        if not self._compares:
            if new.kind is SymbolKind.DATA and existing.kind is not SymbolKind.DATA:
                # What takes it for a function or global gets this number.
                existing.index = segment_number(new)
            return
        if existing.kind is not new.kind:
            self.report_kind(existing, new)
            return
        if new.kind is SymbolKind.GLOBAL and existing.global_type != new.global_type:
            self.diagnostics.error(global_types_differ(existing, new))
        elif new.kind is SymbolKind.TAG and existing.signature != new.signature:
            # What throws by another signature would make the module invalid.
            only_warns = "tag-mismatch-warned" in self.options.quirks
            report = self.diagnostics.warn if only_warns else self.diagnostics.error
            report(
                f"Tag signature mismatch: {existing.name}"
                f"\n>>> defined as {describe_signature(existing.signature)}"
                f" in {file_name(existing.file)}"
                f"\n>>> defined as {describe_signature(new.signature)} in {file_name(new.file)}",
            )
        elif new.kind is SymbolKind.TABLE:
            old, other = existing.table_type, new.table_type
            if old is not None and other is not None and old.element != other.element:
                self.diagnostics.error(
                    f"Table type mismatch: {existing.name}"
                    f"\n>>> defined as {describe_table_type(old)} in {file_name(existing.file)}"
                    f"\n>>> defined as {describe_table_type(other)} in {file_name(new.file)}",
                )


def demote(lazy: LinkSymbol, flags: int = WEAK | UNDEFINED) -> None:
    """Makes what is only weakly wanted from an archive undefined again; data has no signature."""
    lazy.become(
        LinkSymbol(
            lazy.name,
            SymbolKind.DATA if lazy.signature is None else SymbolKind.FUNCTION,
            State.UNDEFINED,
            flags,
            lazy.file,
            lazy.signature,
            is_called_directly=lazy.is_called_directly,
        ),
    )


def signatures_match(existing: LinkSymbol, new: LinkSymbol) -> bool:
    """Whether the signatures agree; one that is not known agrees with any."""
    if existing.signature is None or new.signature is None:
        return True
    return existing.signature == new.signature


def defined_function(
    name: str, flags: int, file: InputObject | None, function: Function
) -> LinkSymbol:
    return LinkSymbol(
        name, SymbolKind.FUNCTION, State.DEFINED, flags, file, function.signature, chunk=function
    )


def defined_global(
    name: str, flags: int, file: InputObject | None, element: GlobalElement
) -> LinkSymbol:
    return LinkSymbol(
        name,
        SymbolKind.GLOBAL,
        State.DEFINED,
        flags,
        file,
        global_type=element.type,
        element=element,
    )


def defined_table(
    name: str, flags: int, file: InputObject | None, element: TableElement
) -> LinkSymbol:
    return LinkSymbol(
        name, SymbolKind.TABLE, State.DEFINED, flags, file, table_type=element.type, element=element
    )


def defined_tag(name: str, flags: int, file: InputObject | None, element: TagElement) -> LinkSymbol:
    return LinkSymbol(
        name, SymbolKind.TAG, State.DEFINED, flags, file, element.signature, element=element
    )


def undefined_symbol(
    name: str, kind: SymbolKind, flags: int, file: InputObject | None
) -> LinkSymbol:
    return LinkSymbol(name, kind, State.UNDEFINED, flags | UNDEFINED, file)

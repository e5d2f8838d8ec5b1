"""The settings of one link, as the command line gives them.

Names are those of LLD's `lld/wasm/Config.h` in snake_case, so that a rule can be found in both.
The defaults are those of wasm-ld 22 after its `setConfigs`, for an executable: `Options()` is
what `wasm-ld a.o` links with. Only `linker.command_line.parse` turns arguments into these values;
the linking stages read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from linker.format.constants import PAGE_SIZE


class UnresolvedPolicy(Enum):
    """What an undefined symbol means at the end of the link (`--unresolved-symbols`)."""

    REPORT_ERROR = "report-error"
    WARN = "warn"
    IGNORE = "ignore"
    IMPORT_DYNAMIC = "import-dynamic"


class BuildIdKind(Enum):
    """How the content of the section `build_id` is made (`--build-id`)."""

    NONE = "none"
    FAST = "fast"
    SHA1 = "sha1"
    HEXSTRING = "hexstring"
    UUID = "uuid"


@dataclass(frozen=True, slots=True)
class Options:
    """The settings of one link. Sizes and addresses are in bytes, table positions in elements.

    A number of 0 means "not given" for `initial_heap`, `initial_memory` and `max_memory`, as it
    does in LLD.
    """

    # What is written.
    output_file: str = ""
    """Path of the output (`-o`); its last part is the module's name in the name section."""
    relocatable: bool = False
    """Write an object file (`-r`)."""
    shared: bool = False
    """Write a shared library (`--shared`)."""
    pie: bool = False
    """Write a position-independent executable (`--pie`)."""
    is64: bool | None = None
    """64-bit memory (`-m wasm64`); None: as the first object file says."""
    so_name: str = ""
    """Module name in the name section (`--soname`); "": none given."""
    rpath: tuple[str, ...] = ()
    """Run-time search paths for the dylink section (`--rpath`)."""
    experimental_pic: bool = False
    """No warnings for position-independent output (`--experimental-pic`)."""

    # Symbols.
    entry: str = "_start"
    """The entry symbol (`--entry`); "": none (`--no-entry`, or `-r`)."""
    undefined: tuple[str, ...] = ()
    """Names to look for, archives included, in command-line order (`-u`)."""
    exported_symbols: frozenset[str] = frozenset()
    """Names of `--export` and `--export-if-defined`."""
    export_lookup_order: tuple[str, ...] = ()
    """`exported_symbols`, each once, in the order in which wasm-ld looks them up.

    LLD walks a hash table here, and the order decides in which order archive members are taken.
    """
    required_exports: tuple[str, ...] = ()
    """Names of `--export`, in command-line order with repetitions: each must be defined."""
    export_all: bool = False
    """Export every defined symbol (`--export-all`)."""
    export_dynamic: bool = False
    """Export every symbol that is not hidden (`--export-dynamic`; default with `--shared`)."""
    import_undefined: bool = False
    """Turn undefined data and function symbols into imports (`--import-undefined`)."""
    unresolved_symbols: UnresolvedPolicy = UnresolvedPolicy.REPORT_ERROR
    """What an undefined symbol means (`--unresolved-symbols`, `--allow-undefined`...)."""
    noinhibit_exec: bool = False
    """Turn some errors into warnings (`--noinhibit-exec`)."""
    allow_undefined_file: str | None = None
    """File with names that may stay undefined, one a line (`--allow-undefined-file`)."""
    allow_undefined_symbols: frozenset[str] = frozenset()
    """Names that may stay undefined: of `allow_undefined_file` and of the `.imports` files
    beside archives. Filled in when the inputs are opened."""
    allow_multiple_definition: bool = False
    """The first of several strong definitions wins, without an error (`-z muldefs`)."""
    bsymbolic: bool = False
    """Bind defined symbols locally in a shared library (`-Bsymbolic`)."""
    wrap: tuple[str, ...] = ()
    """Names to wrap, each once, in command-line order (`--wrap`)."""
    trace_symbols: tuple[str, ...] = ()
    """Names whose references and definitions are printed (`--trace-symbol`)."""
    shlib_sig_check: bool = True
    """Compare signatures with functions of shared libraries (`--no-shlib-sigcheck`: False)."""

    # What is kept.
    gc_sections: bool = True
    """Leave out what nothing needs (`--gc-sections`; default unless `-r`)."""
    print_gc_sections: bool = False
    """List on standard output what is left out (`--print-gc-sections`)."""
    strip_all: bool = False
    """No name section, no debug information, no target features (`-s`)."""
    strip_debug: bool = False
    """No debug information (`-S`)."""
    keep_sections: frozenset[str] = frozenset()
    """Custom sections that `strip_all` leaves (`--keep-section`)."""
    emit_relocs: bool = False
    """Keep relocation sections in the output (`--emit-relocs`)."""
    compress_relocations: bool = False
    """Shrink padded numbers in code to their least width (`--compress-relocations`)."""
    merge_data_segments: bool = True
    """One output segment for each of .data, .rodata... (default unless `-r`)."""
    optimize: int = 1
    """0: no merging of strings; all other numbers are the same (`-O`)."""

    # Memory.
    memory_import: tuple[str, str] | None = None
    """Module and name the memory is imported under (`--import-memory`); None: not imported."""
    memory_export: str | None = "memory"
    """Name the memory is exported under (`--export-memory`); None: not exported."""
    shared_memory: bool = False
    """The memory is shared between threads (`--shared-memory`)."""
    page_size: int = PAGE_SIZE
    """Size of a page of memory in bytes, 1 or 65536 (`--page-size`)."""
    stack_first: bool = True
    """The stack is below the data, from address 0 (`--stack-first`, `--no-stack-first`)."""
    z_stack_size: int = PAGE_SIZE
    """Size of the stack (`-z stack-size=`)."""
    global_base: int = 0
    """Address of the first data. Without `--global-base`: 1024 where the stack comes after the
    data, else 0, which then means "right after the stack"."""
    initial_heap: int = 0
    """Room for the heap in the initial memory (`--initial-heap`)."""
    initial_memory: int = 0
    """Initial size of the memory (`--initial-memory`)."""
    max_memory: int = 0
    """Maximum size of the memory (`--max-memory`)."""
    no_growable_memory: bool = False
    """The maximum size is the initial size (`--no-growable-memory`)."""

    # Table.
    import_table: bool = False
    """Import the indirect function table (`--import-table`; always with `-r`, pie, shared)."""
    export_table: bool = False
    """Export the indirect function table (`--export-table`)."""
    growable_table: bool = False
    """The table has no maximum size (`--growable-table`)."""
    table_base: int = 1
    """Position of the first function in the table (`--table-base`); 0 in position-independent
    output."""

    # Target features and identity.
    check_features: bool = True
    """Compare the target features of the inputs (`--no-check-features`: False)."""
    features: tuple[str, ...] | None = None
    """Target features of the output, instead of those of the inputs (`--features`)."""
    extra_features: tuple[str, ...] | None = None
    """Target features in addition to those of the inputs (`--extra-features`)."""
    build_id: BuildIdKind = BuildIdKind.NONE
    """How the build id is made (`--build-id`)."""
    build_id_vector: bytes = b""
    """The build id itself, for HEXSTRING."""

    # Messages and side outputs.
    demangle: bool = True
    """Demangle names in messages and in the name section (`--no-demangle`: False)."""
    error_limit: int = 20
    """Stop after that many errors; 0: never (`--error-limit`)."""
    fatal_warnings: bool = False
    """Report warnings as errors (`--fatal-warnings`)."""
    trace: bool = False
    """Print the names of the inputs that are used (`--trace`)."""
    verbose: bool = False
    """Print which files are read (`--verbose`)."""
    map_file: str = ""
    """Path of the link map; "-": standard output; "": none (`--Map`, `--print-map`)."""
    why_extract: str = ""
    """Path of the report why archive members were taken; "": none (`--why-extract`)."""

    # Inputs.
    search_paths: tuple[str, ...] = ()
    """Folders searched for libraries, in order (`-L`)."""

    # Link-time optimisation.
    disable_verify: bool = False
    """Do not verify bitcode (`--disable-verify`)."""
    lto_o: int = 2
    """Optimisation level of link-time optimisation (`--lto-O`)."""
    lto_partitions: int = 1
    """Number of parallel code generators (`--lto-partitions`)."""
    save_temps: bool = False
    """Keep intermediate files of link-time optimisation (`--save-temps`)."""

    # Ours.
    quirks: frozenset[str] = frozenset()
    """Names of the departures that are switched on (`--dialect`, `--quirk`)."""

    @property
    def is_pic(self) -> bool:
        """True for position-independent output."""
        return self.pie or self.shared

"""wasm-ld's command line: arguments in, `Options` and the ordered list of inputs out.

Follows `lld/wasm/Driver.cpp` step by step, in order, because the order of the steps is the
order of the messages: splitting (`WasmOptTable::parse`), `readConfigs`, `setConfigs`. What comes
once the inputs are open, `checkOptions`, is in `linker.command_line.checks`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from linker.command_line.arguments import INPUT, UNKNOWN, ArgumentList, split_arguments
from linker.command_line.history import compares_tables_late, missing_options
from linker.command_line.options import BuildIdKind, Options, UnresolvedPolicy
from linker.command_line.response_files import (
    Quoting,
    Read,
    ResponseFileError,
    expand_response_files,
)
from linker.errors import DEFAULT_ERROR_LIMIT, Diagnostics, SideFile
from linker.format.constants import PAGE_SIZE
from linker.hashes.hash_order import string_map_order
from linker.layout.table_numbers import table_number
from linker.listings.reproduce import Reproducer
from linker.quirks.dialects import DIALECTS, QUIRKS
from linker.seed.settings import seed_settings

DEFAULT_MEMORY_MODULE = "env"
DEFAULT_MEMORY_NAME = "memory"
DEFAULT_GLOBAL_BASE = 1024
_UINT32 = (1 << 32) - 1
_UINT64 = (1 << 64) - 1


class InputRequest(NamedTuple):
    """An input as the command line names it, with the state of the switches at that place.

    Attributes:
        name: a path, or for a library what follows `-l`.
        is_library: it was given with `-l`.
        whole_archive: between `--whole-archive` and `--no-whole-archive`.
        lazy: between `--start-lib` and `--end-lib`.
        is_static: shared libraries are not allowed at this place.
    """

    name: str
    is_library: bool = False
    whole_archive: bool = False
    lazy: bool = False
    is_static: bool = True


class MisplacedSwitch(NamedTuple):
    """A switch between the inputs that makes no sense where it stands."""

    message: str


@dataclass(frozen=True)
class CommandLine:
    """What a command line asks for.

    Attributes:
        options: the settings of the link.
        inputs: the inputs in order, with errors where a switch between them is wrong.
        arguments: the arguments themselves, response files expanded.
        show_help, show_version, list_quirks: print that instead of linking.
        show_version_first: print the version, then link if there are inputs.
        reproducer: the archive that `--reproduce` asks for.
    """

    options: Options
    inputs: tuple[InputRequest | MisplacedSwitch, ...]
    arguments: ArgumentList
    show_help: bool
    show_version: bool
    show_version_first: bool
    list_quirks: bool
    reproducer: Reproducer | None

    @property
    def links(self) -> bool:
        """False if there is nothing to do after printing what was asked for."""
        if self.show_help or self.list_quirks or self.show_version:
            return False
        return not self.show_version_first or self.arguments.has(INPUT)


def parse_command_line(
    argv: Sequence[str], read: Read, diagnostics: Diagnostics, dialect: str = "standard"
) -> CommandLine:
    """Read a command line without the program's name.

    Errors are reported to `diagnostics`, whose limit and treatment of warnings are set here
    too; what is returned is complete in any case. `read` gives the content of response files.

    Raises:
        LinkError: the limit of errors is reached.
    """
    expanded = _expanded(argv, read, diagnostics)
    arguments = split_arguments(expanded)
    quirks = _Reader(arguments, Diagnostics()).quirks(dialect)
    missing = missing_options(quirks)
    if missing:
        arguments = split_arguments(expanded, missing)
    diagnostics.early = len(diagnostics.messages)
    diagnostics.colour = _colour(arguments, diagnostics)
    if arguments.missing is not None:
        diagnostics.error(f"{arguments.missing}: missing argument")
    for argument in arguments.all(UNKNOWN):
        diagnostics.error(f"unknown argument: {argument.text}")
    reader = _Reader(arguments, diagnostics)
    diagnostics.error_limit = reader.integer("error-limit", DEFAULT_ERROR_LIMIT) & _UINT64
    diagnostics.fatal_warnings = arguments.switch("fatal-warnings", "no-fatal-warnings", False)
    known = ("stack-size=",) if "muldefs-unknown" in quirks else ("stack-size=", "muldefs")
    for setting in arguments.values("z"):
        # As in LLD, a key that only starts like a known one is not warned of.
        if not setting.startswith(known):
            diagnostics.warn(f"unknown -z value: {setting}")
    show_help = arguments.has("help")
    # --help ends before anything else is looked at, as in LLD.
    reproducer = None if show_help else _reproducer(arguments, diagnostics)
    options = Options() if show_help else reader.options(dialect)
    if options.quirks:
        options = seed_settings(options, arguments)
    diagnostics.verbose = options.verbose
    diagnostics.quirks = options.quirks
    stays_static = "shared-libraries-unsearched" in options.quirks or (
        options.relocatable and "relocatable-dynamic" not in options.quirks
    )
    return CommandLine(
        options=options,
        inputs=tuple(_inputs(arguments, not options.is_pic, stays_static)),
        arguments=arguments,
        show_help=show_help,
        show_version=arguments.has("version")
        or ("version-ends-all" in options.quirks and arguments.has("v")),
        show_version_first=arguments.has("v"),
        list_quirks=arguments.has("list-quirks"),
        reproducer=reproducer,
    )


def _expanded(argv: Sequence[str], read: Read, diagnostics: Diagnostics) -> Sequence[str]:
    """The arguments with response files expanded; the quoting is looked for in `argv` itself."""
    quoting = Quoting.POSIX
    as_given = split_arguments(argv)
    argument = as_given.last("rsp-quoting")
    if argument is not None:
        if argument.value not in (Quoting.POSIX.value, Quoting.WINDOWS.value):
            diagnostics.error(f"invalid response file quoting: {argument.value}")
        elif argument.value == Quoting.WINDOWS.value:
            quoting = Quoting.WINDOWS
    if not any(text.startswith("@") for text in argv):
        return argv
    try:
        return expand_response_files(argv, read, quoting)
    except ResponseFileError as error:
        # LLVM prints this and goes on with the arguments as they are.
        diagnostics.say(str(error))
        return error.arguments


def _colour(arguments: ArgumentList, diagnostics: Diagnostics) -> bool | None:
    argument = arguments.last("color-diagnostics", "no-color-diagnostics", "color-diagnostics=")
    if argument is None:
        return None
    if argument.key != "color-diagnostics=":
        return argument.key == "color-diagnostics"
    choices = {"always": True, "never": False, "auto": None}
    if argument.value not in choices:
        diagnostics.error(f"unknown option: --color-diagnostics={argument.value}")
    return choices.get(argument.value)


def _reproducer(arguments: ArgumentList, diagnostics: Diagnostics) -> Reproducer | None:
    argument = arguments.last("reproduce")
    if argument is None:
        return None
    if diagnostics.check_side_file(argument.value) is not None:
        diagnostics.error(f"--reproduce: cannot open {argument.value}")
        return None
    reproducer = Reproducer(argument.value, arguments)
    diagnostics.at_end.append(lambda: SideFile(reproducer.path, reproducer.content()))
    return reproducer


def _inputs(
    arguments: ArgumentList, is_static: bool, stays_static: bool
) -> Iterable[InputRequest | MisplacedSwitch]:
    """The inputs in order (LLD's `createFiles`)."""
    whole_archive = lazy = False
    for argument in arguments.arguments:
        match argument.key:
            case "l" | "<input>":
                is_library = argument.key == "l"
                yield InputRequest(argument.value, is_library, whole_archive, lazy, is_static)
            case "Bstatic":
                is_static = True
            case "Bdynamic":
                is_static = stays_static
            case "whole-archive":
                whole_archive = True
            case "no-whole-archive":
                whole_archive = False
            case "start-lib":
                if lazy:
                    yield MisplacedSwitch("nested --start-lib")
                lazy = True
            case "end-lib":
                if not lazy:
                    yield MisplacedSwitch("stray --end-lib")
                lazy = False


class _Reader:
    """Turns arguments into `Options`, reporting bad values in LLD's order."""

    def __init__(self, arguments: ArgumentList, diagnostics: Diagnostics) -> None:
        self.arguments = arguments
        self.diagnostics = diagnostics

    def options(self, dialect: str) -> Options:
        """Read all options: LLD's `readConfigs`, then `setConfigs`."""
        arguments = self.arguments
        relocatable = arguments.has("relocatable")
        shared = arguments.has("shared")
        pie = arguments.switch("pie", "no-pie", False)
        quirks = self.quirks(dialect)
        stack_first = arguments.switch(
            "stack-first", "no-stack-first", "stack-after-data" not in quirks
        )
        exports = arguments.values("export")
        exported = (*arguments.values("export-if-defined"), *exports)

        # The calls that can report an error, in LLD's order.
        lto_o, lto_partitions = self._link_time_optimisation()
        optimize = self.integer("O", 1) & _UINT32
        self._thin_link_time_optimisation()
        unresolved_symbols = self._unresolved_symbols()
        table_base = self.integer("table-base=", 0) & _UINT64
        global_base = self.integer("global-base=", 0) & _UINT64
        initial_heap = self.integer("initial-heap=", 0) & _UINT64
        initial_memory = self.integer("initial-memory=", 0) & _UINT64
        max_memory = self.integer("max-memory=", 0) & _UINT64
        z_stack_size = self._z_size("stack-size", PAGE_SIZE)
        page_size = self._page_size()
        no_growable_memory = arguments.has("no-growable-memory")
        if max_memory and no_growable_memory:
            self.diagnostics.error("--max-memory is incompatible with --no-growable-memory")
        is64 = self._is64()
        self._threads()
        build_id, build_id_vector = self._build_id()

        is_pic = pie or shared
        export_table = arguments.has("export-table")
        growable_table = arguments.has("growable-table")
        if is_pic and export_table:
            self.diagnostics.error("-shared/-pie is incompatible with --export-table")
        if not is_pic:
            table_base = table_base or 1
            if not global_base and not relocatable and not stack_first:
                global_base = DEFAULT_GLOBAL_BASE
        table_base = table_number(table_base, quirks)
        if relocatable and export_table and not compares_tables_late(quirks):
            self.diagnostics.error("--relocatable is incompatible with --export-table")
        if relocatable and growable_table:
            self.diagnostics.error("--relocatable is incompatible with --growable-table")
        memory_import, memory_export = self._memory(shared)

        return Options(
            output_file=arguments.last_value("o"),
            relocatable=relocatable,
            shared=shared,
            pie=pie,
            is64=is64,
            so_name=arguments.last_value("soname"),
            rpath=arguments.values("rpath"),
            experimental_pic=arguments.has("experimental-pic"),
            entry=self._entry(),
            undefined=arguments.values("undefined"),
            exported_symbols=frozenset(exported),
            export_lookup_order=tuple(string_map_order(exported, quirks)),
            required_exports=exports,
            export_all=arguments.has("export-all"),
            export_dynamic=arguments.switch("export-dynamic", "no-export-dynamic", shared),
            import_undefined=arguments.has("import-undefined", "allow-undefined"),
            unresolved_symbols=unresolved_symbols,
            noinhibit_exec=arguments.has("noinhibit-exec"),
            allow_undefined_file=self._path("allow-undefined-file="),
            allow_multiple_definition=(
                "muldefs" in arguments.values("z") and "muldefs-unknown" not in quirks
            )
            or arguments.switch("allow-multiple-definition", "no-allow-multiple-definition", False),
            bsymbolic=arguments.has("Bsymbolic"),
            wrap=tuple(dict.fromkeys(arguments.values("wrap"))),
            trace_symbols=arguments.values("trace-symbol"),
            shlib_sig_check=not arguments.has("no-shlib-sigcheck"),
            gc_sections=arguments.switch("gc-sections", "no-gc-sections", not relocatable),
            print_gc_sections=arguments.switch("print-gc-sections", "no-print-gc-sections", False),
            strip_all=arguments.has("strip-all"),
            strip_debug=arguments.has("strip-debug"),
            keep_sections=frozenset(arguments.values("keep-section")),
            emit_relocs=arguments.has("emit-relocs"),
            compress_relocations=arguments.has("compress-relocations"),
            merge_data_segments=arguments.switch(
                "merge-data-segments", "no-merge-data-segments", not relocatable
            ),
            optimize=optimize,
            memory_import=memory_import,
            memory_export=memory_export,
            shared_memory=arguments.has("shared-memory"),
            page_size=page_size,
            stack_first=stack_first,
            z_stack_size=z_stack_size,
            global_base=global_base,
            initial_heap=initial_heap,
            initial_memory=initial_memory,
            max_memory=max_memory,
            no_growable_memory=no_growable_memory,
            import_table=arguments.has("import-table") or is_pic or relocatable,
            export_table=export_table,
            growable_table=growable_table,
            table_base=table_base,
            check_features=arguments.switch("check-features", "no-check-features", True),
            features=self._list("features="),
            extra_features=self._list("extra-features="),
            build_id=build_id,
            build_id_vector=build_id_vector,
            demangle=arguments.switch("demangle", "no-demangle", True),
            error_limit=self.diagnostics.error_limit,
            fatal_warnings=self.diagnostics.fatal_warnings,
            trace=arguments.has("trace"),
            verbose=arguments.has("verbose"),
            map_file="-" if arguments.has("print-map") else arguments.last_value("Map"),
            why_extract=arguments.last_value("why-extract="),
            search_paths=arguments.values("L"),
            disable_verify=arguments.has("disable-verify"),
            lto_o=lto_o,
            lto_partitions=lto_partitions,
            save_temps=arguments.has("save-temps"),
            quirks=quirks,
        )

    def integer(self, key: str, default: int) -> int:
        """A decimal number of 64 bits, with a sign or without (LLD's `args::getInteger`)."""
        argument = self.arguments.last(key)
        if argument is None:
            return default
        value = _decimal(argument.value)
        if value is None:
            self.diagnostics.error(f"{argument.text}: number expected, but got '{argument.value}'")
            return 0
        return value

    def _z_size(self, key: str, default: int) -> int:
        """The last `-z KEY=NUMBER`, the number in any radix (LLD's `getZOptionValue`)."""
        result = default
        for setting in self.arguments.values("z"):
            name, _, text = setting.partition("=")
            if name != key:
                continue
            value = number_in_any_radix(text)
            if value is None:
                self.diagnostics.error(f"invalid {key}: {text}")
            else:
                result = value
        return result

    def _page_size(self) -> int:
        size = self.integer("page-size=", PAGE_SIZE)
        if size not in (1, PAGE_SIZE):
            # wasm-ld spells the option with an underscore here.
            self.diagnostics.error("--page_size=N must be either 1 or 65536")
        return size

    def _list(self, key: str) -> tuple[str, ...] | None:
        argument = self.arguments.last(key)
        return None if argument is None else argument.values

    def _path(self, key: str) -> str | None:
        argument = self.arguments.last(key)
        return None if argument is None else argument.value

    def _entry(self) -> str:
        argument = self.arguments.last("entry", "no-entry")
        if argument is not None:
            return "" if argument.key == "no-entry" else argument.value
        if self.arguments.has("relocatable"):
            return ""
        return "__wasm_call_ctors" if self.arguments.has("shared") else "_start"

    def _unresolved_symbols(self) -> UnresolvedPolicy:
        policy = (
            UnresolvedPolicy.REPORT_ERROR
            if self.arguments.switch("error-unresolved-symbols", "warn-unresolved-symbols", True)
            else UnresolvedPolicy.WARN
        )
        argument = self.arguments.last("unresolved-symbols")
        if argument is not None:
            if argument.value == "ignore-all":
                policy = UnresolvedPolicy.IGNORE
            elif argument.value == "import-dynamic":
                policy = UnresolvedPolicy.IMPORT_DYNAMIC
            elif argument.value != "report-all":
                self.diagnostics.error(f"unknown --unresolved-symbols value: {argument.value}")
        if self.arguments.has("allow-undefined"):
            return UnresolvedPolicy.IGNORE
        return policy

    def _memory(self, shared: bool) -> tuple[tuple[str, str] | None, str | None]:
        arguments = self.arguments
        memory_import: tuple[str, str] | None = None
        if arguments.has("import-memory="):
            module, comma, name = arguments.last_value("import-memory=").partition(",")
            memory_import = (module, name) if comma else (DEFAULT_MEMORY_MODULE, module)
        elif arguments.has("import-memory"):
            memory_import = (DEFAULT_MEMORY_MODULE, DEFAULT_MEMORY_NAME)
        memory_export: str | None = None
        if arguments.has("export-memory="):
            memory_export = arguments.last_value("export-memory=")
        elif arguments.has("export-memory"):
            memory_export = DEFAULT_MEMORY_NAME
        if shared:
            if memory_export is not None:
                self.diagnostics.error("--export-memory is incompatible with --shared")
            memory_import = memory_import or (DEFAULT_MEMORY_MODULE, DEFAULT_MEMORY_NAME)
        if memory_export is None and memory_import is None:
            memory_export = DEFAULT_MEMORY_NAME
        return memory_import, memory_export

    def _is64(self) -> bool | None:
        argument = self.arguments.last("m")
        if argument is None:
            return None
        if argument.value not in ("wasm32", "wasm64"):
            self.diagnostics.error(f"invalid target architecture: {argument.value}")
            return None
        return argument.value == "wasm64"

    def _threads(self) -> None:
        argument = self.arguments.last("threads")
        if argument is not None and not number_in_any_radix(argument.value, _UINT32):
            self.diagnostics.error(
                f"{argument.spelling}: expected a positive integer, but got '{argument.value}'"
            )

    def _build_id(self) -> tuple[BuildIdKind, bytes]:
        argument = self.arguments.last("build-id", "build-id=")
        if argument is None:
            return BuildIdKind.NONE, b""
        style = argument.value if argument.values else "fast"
        if style.startswith("0x"):
            return BuildIdKind.HEXSTRING, self._hexadecimal(style[2:])
        kinds = {
            "fast": BuildIdKind.FAST,
            "sha1": BuildIdKind.SHA1,
            "tree": BuildIdKind.SHA1,
            "uuid": BuildIdKind.UUID,
            "none": BuildIdKind.NONE,
        }
        if style not in kinds:
            self.diagnostics.error(f"unknown --build-id style: {style}")
        return kinds.get(style, BuildIdKind.NONE), b""

    def _hexadecimal(self, text: str) -> bytes:
        """Two digits a byte; an odd last digit is a byte of its own (LLD's `parseHex`)."""
        content = bytearray()
        for position in range(0, len(text), 2):
            digits = text[position : position + 2]
            if not re.fullmatch("[0-9a-fA-F]+", digits):
                self.diagnostics.error(f"not a hexadecimal value: {digits}")
                return b""
            content.append(int(digits, 16))
        return bytes(content)

    def _link_time_optimisation(self) -> tuple[int, int]:
        level = self.integer("lto-O", 2) & _UINT32
        if level > 3:
            self.diagnostics.error(f"invalid optimization level for LTO: {level}")
        code_generation = self.integer("lto-CGO", 2) & _UINT32
        if code_generation > 3:
            self.diagnostics.error(f"invalid codegen optimization level for LTO: {code_generation}")
        return level, self.integer("lto-partitions=", 1) & _UINT32

    def _thin_link_time_optimisation(self) -> None:
        arguments = self.arguments
        index_only = arguments.has("thinlto-index-only", "thinlto-index-only=")
        for key in ("thinlto-object-suffix-replace=", "thinlto-prefix-replace="):
            argument = arguments.last(key)
            if argument is not None and not argument.value.partition(";")[2]:
                self.diagnostics.error(
                    f"{argument.spelling} expects 'old;new' format, but got {argument.value}"
                )
        if arguments.has("thinlto-emit-index-files") and not index_only:
            for name in ("thinlto-object-suffix-replace", "thinlto-prefix-replace"):
                if arguments.has(f"{name}="):
                    self.diagnostics.error(
                        f"--{name} is not supported with --thinlto-emit-index-files"
                    )
                    break
        native = arguments.last_value("thinlto-prefix-replace=").partition(";")[2]
        if native.partition(";")[2] and not arguments.last_value("thinlto-index-only="):
            self.diagnostics.error(
                "--thinlto-prefix-replace=old_dir;new_dir;obj_dir must be used with "
                "--thinlto-index-only="
            )

    def quirks(self, dialect: str) -> frozenset[str]:
        name = self.arguments.last_value("dialect", dialect)
        if name not in DIALECTS:
            self.diagnostics.error(f"unknown dialect: {name} (known: {', '.join(DIALECTS)})")
        known = {quirk.name for quirk in QUIRKS}
        chosen = self.arguments.values("quirk")
        for quirk in chosen:
            if quirk not in known:
                self.diagnostics.error(f"unknown quirk: {quirk} (see --list-quirks)")
        return DIALECTS.get(name, frozenset()) | (known & set(chosen))


def _decimal(text: str) -> int | None:
    """A number of 64 bits in decimal, None for anything else."""
    if not re.fullmatch("-?[0-9]+", text):
        return None
    value = int(text)
    return value if -(1 << 63) <= value < 1 << 63 else None


_RADIXES = (
    (re.compile("0[xX]([0-9a-fA-F]+)"), 16),
    (re.compile("0[bB]([01]+)"), 2),
    (re.compile("0o([0-7]+)"), 8),
    (re.compile("0([0-7]+)"), 8),
    (re.compile("(0|[1-9][0-9]*)"), 10),
)


def number_in_any_radix(text: str, maximum: int = _UINT64) -> int | None:
    """A number without sign as in C (0x, 0b, 0o or 0 before the digits), None for anything else
    or above `maximum` (LLVM's `getAsUnsignedInteger` with radix 0)."""
    for pattern, radix in _RADIXES:
        found = pattern.fullmatch(text)
        if found:
            value = int(found[1], radix)
            return value if value <= maximum else None
    return None

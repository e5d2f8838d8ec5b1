"""Options: what each means on the command line, and wasm-ld's words where it makes no sense."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linker.command_line.arguments import INPUT, UNKNOWN, split_arguments
from linker.command_line.help_text import VERSION, help_text
from linker.command_line.options import BuildIdKind, Options, UnresolvedPolicy
from linker.command_line.parse import (
    CommandLine,
    InputRequest,
    number_in_any_radix,
    parse_command_line,
)
from linker.command_line.response_files import split_posix, split_windows
from linker.command_line.table import BY_SPELLING, LLD_OPTIONS, OPTIONS, OWN_OPTIONS, Kind
from linker.errors import Diagnostics
from linker.quirks.dialects import DIALECTS, QUIRKS
from tests.linker.small_objects import object_with
from tests.linker.wasm_ld import run_wasm_ld, run_weld_ld

ROOT = Path(__file__).parents[3]


def no_files(path: str) -> bytes:
    raise FileNotFoundError(2, "No such file or directory", path)


def parse(*argv: str) -> CommandLine:
    """Parses a command line that must be right."""
    diagnostics = Diagnostics()
    command_line = parse_command_line(argv, no_files, diagnostics)
    assert not diagnostics.messages
    return command_line


def options_of(*argv: str) -> Options:
    return parse(*argv).options


def test_the_defaults_of_the_dataclass_are_those_of_an_empty_command_line() -> None:
    assert options_of() == Options()


# Each command line with the settings that it changes; all others must stay as they are.
CHANGES: list[tuple[str, dict[str, object]]] = [
    ("-o x", {"output_file": "x"}),
    ("-ox", {"output_file": "x"}),
    ("-o x -oy", {"output_file": "y"}),
    (
        "-r",
        {
            "relocatable": True,
            "entry": "",
            "gc_sections": False,
            "merge_data_segments": False,
            "import_table": True,
        },
    ),
    (
        "--relocatable --gc-sections --merge-data-segments",
        {"relocatable": True, "entry": "", "import_table": True},
    ),
    (
        "--shared",
        {
            "shared": True,
            "entry": "__wasm_call_ctors",
            "export_dynamic": True,
            "import_table": True,
            "table_base": 0,
            "memory_import": ("env", "memory"),
            "memory_export": None,
        },
    ),
    ("-pie", {"pie": True, "import_table": True, "table_base": 0}),
    ("--pie --no-pie", {}),
    ("-mwasm32", {"is64": False}),
    ("-m wasm64", {"is64": True}),
    ("--entry=main", {"entry": "main"}),
    ("-entry main", {"entry": "main"}),
    ("-emain", {"entry": "main"}),
    ("-e main --no-entry", {"entry": ""}),
    ("--no-entry -e main", {"entry": "main"}),
    # One dash is not enough for --export-all: wasm-ld reads -e with its value.
    ("-export-all", {"entry": "xport-all"}),
    ("-u a --undefined=b -ua", {"undefined": ("a", "b", "a")}),
    (
        "--export=a --export b --export-if-defined=c --export=a",
        {
            "exported_symbols": frozenset("abc"),
            "required_exports": ("a", "b", "a"),
            "export_lookup_order": ("b", "c", "a"),  # of a hash table, see test_hash_order
        },
    ),
    ("--export-all", {"export_all": True}),
    ("-E", {"export_dynamic": True}),
    ("--export-dynamic --no-export-dynamic", {}),
    (
        "--allow-undefined",
        {"import_undefined": True, "unresolved_symbols": UnresolvedPolicy.IGNORE},
    ),
    ("--import-undefined", {"import_undefined": True}),
    ("--warn-unresolved-symbols", {"unresolved_symbols": UnresolvedPolicy.WARN}),
    ("--warn-unresolved-symbols --error-unresolved-symbols", {}),
    ("--unresolved-symbols=ignore-all", {"unresolved_symbols": UnresolvedPolicy.IGNORE}),
    (
        "--warn-unresolved-symbols --unresolved-symbols=report-all",
        {"unresolved_symbols": UnresolvedPolicy.WARN},
    ),
    (
        "-unresolved-symbols import-dynamic",
        {"unresolved_symbols": UnresolvedPolicy.IMPORT_DYNAMIC},
    ),
    ("--allow-undefined-file=f", {"allow_undefined_file": "f"}),
    ("-allow-undefined-file f", {"allow_undefined_file": "f"}),
    ("-z muldefs", {"allow_multiple_definition": True}),
    ("--allow-multiple-definition", {"allow_multiple_definition": True}),
    ("--noinhibit-exec", {"noinhibit_exec": True}),
    ("--Bsymbolic", {"bsymbolic": True}),
    ("--wrap=a --wrap b --wrap a", {"wrap": ("a", "b")}),
    ("-ya --trace-symbol=b", {"trace_symbols": ("a", "b")}),
    ("--no-gc-sections", {"gc_sections": False}),
    ("--print-gc-sections", {"print_gc_sections": True}),
    ("-s", {"strip_all": True}),
    ("-S", {"strip_debug": True}),
    ("--keep-section=a --keep-section b", {"keep_sections": frozenset("ab")}),
    ("--emit-relocs", {"emit_relocs": True}),
    ("--compress-relocations", {"compress_relocations": True}),
    ("--no-merge-data-segments", {"merge_data_segments": False}),
    ("-O0", {"optimize": 0}),
    ("-O 2", {"optimize": 2}),
    ("--import-memory", {"memory_import": ("env", "memory"), "memory_export": None}),
    ("--import-memory=m,n,o", {"memory_import": ("m", "n,o"), "memory_export": None}),
    ("--import-memory=n", {"memory_import": ("env", "n"), "memory_export": None}),
    ("--import-memory --export-memory", {"memory_import": ("env", "memory")}),
    ("--export-memory=m --export-memory", {"memory_export": "m"}),
    ("--shared-memory", {"shared_memory": True}),
    ("--page-size=1", {"page_size": 1}),
    ("--no-stack-first", {"stack_first": False, "global_base": 1024}),
    ("--no-stack-first --stack-first", {}),
    ("--no-stack-first --global-base=8", {"stack_first": False, "global_base": 8}),
    ("--global-base=70000", {"global_base": 70000}),
    ("-z stack-size=1 -zstack-size=0x20", {"z_stack_size": 32}),
    ("--initial-heap=1 --initial-memory=2", {"initial_heap": 1, "initial_memory": 2}),
    ("--max-memory=3", {"max_memory": 3}),
    ("--max-memory=-1", {"max_memory": 2**64 - 1}),
    ("--no-growable-memory", {"no_growable_memory": True}),
    ("--import-table", {"import_table": True}),
    ("--export-table", {"export_table": True}),
    ("--growable-table", {"growable_table": True}),
    ("--table-base=0", {}),
    ("--table-base=7", {"table_base": 7}),
    ("--no-check-features", {"check_features": False}),
    ("--features=a --features=b,,c", {"features": ("b", "c")}),
    ("--extra-features=", {"extra_features": ()}),
    ("--build-id", {"build_id": BuildIdKind.FAST}),
    ("--build-id=tree", {"build_id": BuildIdKind.SHA1}),
    ("--build-id=uuid --build-id=none", {}),
    (
        "--build-id=0x12aBc",
        {"build_id": BuildIdKind.HEXSTRING, "build_id_vector": bytes.fromhex("12ab0c")},
    ),
    ("--soname=a --rpath=b --rpath c", {"so_name": "a", "rpath": ("b", "c")}),
    ("--no-demangle", {"demangle": False}),
    # Likewise: the seed's -error-limit=0 has one dash, and wasm-ld takes it for an entry symbol.
    ("-error-limit=0", {"entry": "rror-limit=0"}),
    ("--error-limit=0", {"error_limit": 0}),
    ("--fatal-warnings", {"fatal_warnings": True}),
    ("--fatal-warnings --no-fatal-warnings", {}),
    ("-t --verbose", {"trace": True, "verbose": True}),
    ("--Map=a", {"map_file": "a"}),
    ("--Map=a -M", {"map_file": "-"}),
    ("--why-extract=a", {"why_extract": "a"}),
    ("-La -L b --library-path=c --library-path d", {"search_paths": tuple("abcd")}),
    ("--lto-O3 --lto-partitions=2", {"lto_o": 3, "lto_partitions": 2}),
    ("--mllvm=-x -mllvm -y --threads=4 --color-diagnostics=auto", {}),
]


@pytest.mark.parametrize(("line", "changes"), CHANGES)
def test_options(line: str, changes: dict[str, object]) -> None:
    options = options_of(*line.split())
    changed = {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(Options)
        if getattr(options, field.name) != getattr(Options(), field.name)
    }
    assert changed == changes


def test_inputs_know_the_switches_before_them() -> None:
    line = (
        "a.o --whole-archive b.a -lc --no-whole-archive --start-lib d.o --end-lib "
        "-Bdynamic -le --library=f -dn -l :g"
    )
    assert parse(*line.split()).inputs == (
        InputRequest("a.o"),
        InputRequest("b.a", whole_archive=True),
        InputRequest("c", is_library=True, whole_archive=True),
        InputRequest("d.o", lazy=True),
        InputRequest("e", is_library=True, is_static=False),
        InputRequest("f", is_library=True, is_static=False),
        InputRequest(":g", is_library=True),
    )


def test_shared_libraries_are_looked_for_by_default_in_position_independent_output() -> None:
    assert parse("--pie", "a.o").inputs == (InputRequest("a.o", is_static=False),)


# Command lines that end in an error or a warning, or in none; {} stands for the object a.o.
REFUSED = [
    "",
    "{}",
    "-v",
    "-V",
    "--version missing.o",
    "-v missing.o",
    "{} -o",
    "{} -o x -i",
    "{} -o x -mllvm",
    "{} -o x --export",
    "{} -o x --initial-memory=0x20000",
    "{} -o x --initial-heap=1.5",
    "{} -o x --global-base=+5",
    "{} -o x --table-base=",
    "{} -o x --error-limit foo",
    "{} -o x -zstack-size=abc",
    "{} -o x -z stack-size",
    "{} -o x -z stack-size=-1",
    "{} -o x -z muldefsfoo -z bar --fatal-warnings",
    "{} -o x -z foo=1 -z keep",
    "{} -o x --foo --foo=3 -Q ---x --",
    "{} -o x --allow-undefined-file missing.txt",
    "{} -o x -allow-undefined-file missing.txt",
    "{} -o x --allow-undefined-file=missing.txt --allow-undefined-file=missing2.txt",
    "{} -o x --allow-undefined-file=",
    "{} -o x -m foo",
    "{} -o x -mllvmfoo",
    "{} -o x --threads=0",
    "{} -o x -threads 0x",
    "{} -o x --threads=0x4",
    "{} -o x --lto-O4 --lto-CGO9",
    "{} -o x --lto-O9 --lto-CGOx",
    "{} -o x --lto-partitions=0",
    "{} -o x --thinlto-jobs=foo",
    "{} -o x --thinlto-prefix-replace=foo --thinlto-object-suffix-replace=bar",
    "{} -o x --thinlto-emit-index-files --thinlto-prefix-replace=a;b",
    "{} -o x --thinlto-prefix-replace=a;b;c",
    "{} -o x --build-id=foo",
    "{} -o x --build-id=0x1zz",
    "{} -o x --unresolved-symbols=foo",
    "{} -o x --color-diagnostics=foo",
    "{} -o x --rsp-quoting=foo",
    "{} -o x --page-size=2",
    "{} -o x --max-memory=65536 --no-growable-memory",
    "{} -o x --export-table --growable-table --relocatable",
    "{} -o x --export-table --shared --export-memory",
    "{} -o x --import-table --export-table",
    "{} -o x --shared --pie --Bsymbolic",
    "{} -o x --shared --stack-first --table-base=7 --global-base=8",
    "{} -o x -r --entry=f --compress-relocations -u a --pie --shared-memory --global-base=5"
    " --gc-sections --unresolved-symbols=import-dynamic",
    "missing.o --noinhibit-exec --error-limit=1 missing2.o missing3.o -o x",
    "missing.o -o x -z foo --color-diagnostics",
    "missing.o -o x -z foo --color-diagnostics --no-color-diagnostics",
    "missing.o -o x -z foo --color-diagnostics=always",
    "-o x " + " ".join(f"m{number}.o" for number in range(30)),
    "-o x --error-limit=0 " + " ".join(f"m{number}.o" for number in range(30)),
    "-o x --error-limit=-1 " + " ".join(f"m{number}.o" for number in range(30)),
    "-o x " + " ".join(f"--bad{number}" for number in range(30)),
    "missing.o -o x --lto-O9 --lto-CGO9 --unresolved-symbols=foo --page-size=3 --table-base=a"
    " --global-base=b --initial-heap=c --initial-memory=d --max-memory=e -zstack-size=f -m foo"
    " --threads=0 --build-id=foo --thinlto-prefix-replace=foo -Ofoo --lto-partitions=x"
    " --features= --export-table --relocatable --error-limit=0",
]


@pytest.mark.parametrize("line", REFUSED)
def test_messages_are_those_of_wasm_ld(
    line: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "a.o").write_bytes(object_with("_start"))
    argv = line.replace("{}", "a.o").split()
    real = run_wasm_ld(argv, tmp_path)
    ours = run_weld_ld(argv, tmp_path, capfdbinary)
    assert ours.stderr == real.stderr
    assert ours.status == real.status
    assert not (tmp_path / "x").exists() or ours.status == 0


# Left out of random command lines: LLVM's own options end the process in words that only
# LLVM knows, and --reproduce writes a file first.
_STRANGE = ("mllvm", "mllvm=", "reproduce", "reproduce=", "thinlto-cache-policy")
_SPELLINGS = sorted(
    prefix + option.spelling
    for option in LLD_OPTIONS
    for prefix in option.prefixes
    if option.spelling.rstrip("=") not in _STRANGE
)
_VALUES = [
    "", "0", "1", "-1", "65536", "0x10", "010", "foo", "a,b", "x=y", "none", "sha1", "0x12",
    "0xg", "ignore-all", "report-all", "import-dynamic", "wasm32", "always", "never", "auto",
    "posix", "windows", "all", "old;new", "stack-size=16", "stack-size=0x", "muldefs",
    "99999999999999999999", "9223372036854775808", "other.o", "@missing", "--", "-",
]  # fmt: skip
_TOKENS = st.one_of(
    st.sampled_from(_SPELLINGS),
    st.builds(str.__add__, st.sampled_from(_SPELLINGS), st.sampled_from(_VALUES)),
    st.builds(lambda text, end: text[:end], st.sampled_from(_SPELLINGS), st.integers(1, 12)),
    st.sampled_from(_VALUES),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(tokens=st.lists(_TOKENS, max_size=8))
def test_random_command_lines_give_the_messages_of_wasm_ld(
    tokens: list[str], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    # Without its only input nothing is linked, and all that can be wrong before is reported.
    argv = [*tokens, "missing.o"]
    real = run_wasm_ld(argv, tmp_path).colourless
    ours = run_weld_ld(argv, tmp_path, capfdbinary).colourless
    assert (ours.status, ours.stderr) == (real.status, real.stderr)


def test_the_help_text_has_the_options_of_wasm_ld(tmp_path: Path) -> None:
    def spellings(text: str) -> set[str]:
        return set(re.findall(r"^  (--?[\w-]+(?:=|\b))", text, re.MULTILINE))

    real = run_wasm_ld(["--help"], tmp_path)
    own = {"--" + option.spelling for option in OWN_OPTIONS if option.help}
    assert spellings(help_text()) - own == spellings(real.stdout)
    assert own <= spellings(help_text())


def test_help_is_printed_in_spite_of_errors(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for argv in (["--help"], ["--help", "--foo"], ["--help", "-z", "x", "--initial-heap=x"]):
        real = run_wasm_ld(argv, tmp_path)
        ours = run_weld_ld(argv, tmp_path, capfdbinary)
        assert (ours.status, ours.stderr) == (real.status, real.stderr)
        assert ours.stdout == help_text()


@pytest.mark.parametrize("line", ["--version", "-v", "-V", "--version missing.o"])
def test_the_version_names_the_lld_it_is_compatible_with(
    line: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    real = run_wasm_ld(line.split(), tmp_path)
    ours = run_weld_ld(line.split(), tmp_path, capfdbinary)
    assert ours == (0, "", f"weld-ld {VERSION} (compatible with {real.stdout.strip()})\n")


def test_the_version_is_that_of_the_package() -> None:
    assert f'\nversion = "{VERSION}"\n' in (ROOT / "pyproject.toml").read_text()


def test_every_alias_stands_for_an_option_without_one() -> None:
    keys = {option.spelling for option in OPTIONS if not option.alias}
    assert all(option.alias in keys for option in OPTIONS if option.alias)


def test_no_spelling_is_there_twice() -> None:
    assert len(BY_SPELLING) == sum(len(option.prefixes) for option in OPTIONS)


@pytest.mark.parametrize("spelling", sorted(BY_SPELLING))
def test_each_option_takes_its_value(spelling: str) -> None:
    option = BY_SPELLING[spelling]
    joined = split_arguments([spelling + "value"])
    separate = split_arguments([spelling, "value"])
    alone = split_arguments([spelling])
    if option.kind in (Kind.JOINED, Kind.COMMA_JOINED):
        assert [(a.key, a.values) for a in joined.arguments] == [(option.key, ("value",))]
        assert [a.key for a in separate.arguments] == [option.key, INPUT]
        assert alone.missing is None
    elif option.kind is Kind.FLAG:
        assert [a.key for a in separate.arguments] == [option.key, INPUT]
        assert alone.missing is None
    else:
        assert [(a.key, a.values) for a in separate.arguments] == [(option.key, ("value",))]
        assert alone.missing == spelling
        if option.kind is Kind.JOINED_OR_SEPARATE:
            assert [(a.key, a.values) for a in joined.arguments] == [(option.key, ("value",))]


def test_what_is_not_an_option_is_an_input_or_unknown() -> None:
    found = split_arguments(["a", "-", "", "--", "-Q", "---help", "-"])
    assert [argument.key for argument in found.arguments] == [
        INPUT, INPUT, UNKNOWN, UNKNOWN, UNKNOWN, INPUT,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0), ("10", 10), ("0x1F", 31), ("0b101", 5), ("0o17", 15), ("017", 15),
        ("18446744073709551615", 2**64 - 1), ("18446744073709551616", None),
        ("", None), ("-1", None), ("+1", None), ("0x", None), ("08", None), (" 1", None),
        ("1k", None),
    ],
)  # fmt: skip
def test_numbers_in_any_radix(text: str, number: int | None) -> None:
    assert number_in_any_radix(text) == number


# Own options.


def test_dialects_are_their_quirks() -> None:
    for dialect, quirks in DIALECTS.items():
        assert options_of(f"--dialect={dialect}").quirks == quirks


def test_quirks_add_up() -> None:
    names = [quirk.name for quirk in QUIRKS]
    flags = [f"--quirk={name}" for name in names]
    assert options_of(*flags).quirks == frozenset(names)
    assert options_of("--dialect", "lld-22", *flags).quirks >= DIALECTS["lld-22"]


def test_dialects_are_made_of_quirks_that_exist() -> None:
    names = {quirk.name for quirk in QUIRKS}
    assert all(quirks <= names for quirks in DIALECTS.values())


def test_unknown_dialects_and_quirks_are_errors() -> None:
    diagnostics = Diagnostics()
    parse_command_line(["--dialect=gold", "--quirk=none-such"], no_files, diagnostics)
    assert diagnostics.errors == [
        f"unknown dialect: gold (known: {', '.join(DIALECTS)})",
        "unknown quirk: none-such (see --list-quirks)",
    ]


def test_quirks_are_listed(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    ours = run_weld_ld(["--list-quirks"], tmp_path, capfdbinary)
    assert ours.status == 0
    assert all(dialect in ours.stdout for dialect in DIALECTS)
    assert all(quirk.name in ours.stdout for quirk in QUIRKS)


# Response files.

RESPONSES = [
    b"one.o two.o\tthree.o\r\nfour.o\n",
    b"'a b' \"c d\" e\\ f 'g\\'h' \"i\\\"j\" k\"l\"m'n'",
    b'"" x "',
    b"'unclosed quote",
    b"back\\slash trailing\\",
    b'a\\\\b "a\\\\" "a""b" \\"c\\" d\\\\\\"e',
    b"\xef\xbb\xbfbom.o",
    "utf\u20ac.o".encode("utf-16"),
    b"\xff\xfe\x00",
    b"odd\xff.o",
    b"@inner @inner",
    b"@missing",
    b"x.o @outer y.o",
    b"--fatal-warnings @./outer",
    b"@./folder/../self",
    b"--rsp-quoting=windows a\\b",
    b"",
]


@pytest.mark.parametrize("quoting", ["", "--rsp-quoting=windows", "--rsp-quoting=posix"])
@pytest.mark.parametrize("content", RESPONSES)
def test_response_files(
    content: bytes, quoting: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Every argument is a missing file, so that the errors show how the file was split."""
    (tmp_path / "outer").write_bytes(content)
    (tmp_path / "inner").write_bytes(b"inner.o 'with space.o'")
    (tmp_path / "self").write_bytes(b"@self")
    (tmp_path / "folder").mkdir()
    argv = ["first.o", "@outer", *quoting.split(), "last.o", "-o", "x"]
    real = run_wasm_ld(argv, tmp_path)
    ours = run_weld_ld(argv, tmp_path, capfdbinary)
    assert (ours.status, ours.stderr) == (real.status, real.stderr)


_TEXT = st.text("ab \\\"'\t\n", max_size=12)


@given(st.lists(st.text("ab\\\"' \t\n@é", min_size=1)))
def test_posix_quoting_can_say_anything(arguments: list[str]) -> None:
    quoted = ("".join("\\" + character for character in argument) for argument in arguments)
    assert list(split_posix(" ".join(quoted))) == arguments


@given(st.lists(st.text("ab\\\"' \t\n@é", min_size=1)))
def test_windows_quoting_can_say_anything(arguments: list[str]) -> None:
    def quote(argument: str) -> str:
        escaped = re.sub(r'(\\*)"', r'\1\1\\"', argument)
        return '"' + re.sub(r"(\\+)\Z", r"\1\1", escaped) + '"'

    assert list(split_windows(" ".join(map(quote, arguments)))) == arguments


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=_TEXT, windows=st.booleans())
def test_random_response_files_are_split_as_wasm_ld_does(
    text: str, windows: bool, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "response").write_text(text)
    argv = ["@response", f"--rsp-quoting={'windows' if windows else 'posix'}", "missing.o"]
    real = run_wasm_ld(argv, tmp_path)
    ours = run_weld_ld(argv, tmp_path, capfdbinary)
    assert (ours.status, ours.stderr) == (real.status, real.stderr)

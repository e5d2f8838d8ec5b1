"""Options that say what a link says, other spellings, and --wrap: what they promise holds."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from linker.command_line.arguments import split_arguments
from linker.command_line.response_files import Quoting, expand_response_files
from strategies import LinkCase, ProbeReturns, random_case
from strategies.choices import Record
from strategies.command_line.spellings import RECORD_BYTES, respelled
from strategies.meaning import resolve
from strategies.objects.builder import ObjectBuilder
from strategies.objects.code import Code
from strategies.program import TO_INT, Program
from tests.strategies.running import broken_expectations, make_engine

# What makes a case one without expectations, and what other tests are about.
BESIDE = ("steps", "diagnostics", "refusals", "mismatches", "known-bugs", "no-effect-options")
WORDS = (
    "--entry=_start",
    "--undefined=a name",
    "--export=quote\"'d",
    "--export-if-defined=ünïcode",
    "--trace-symbol=x",
    "--wrap=back\\slash",
    "--keep-section=name",
    "--unresolved-symbols=report-all",
    "--Map=out.map",
    "--strip-all",
    "--export-dynamic",
    "--trace",
    "--print-map",
    "--no-gc-sections",
    "-O2",
    "-lc",
    "-L.",
    "-z",
    "stack-size=1024",
    "--no-entry",
    "a.o",
)


def wrapping_cases(count: int) -> list[LinkCase]:
    """Cases with --wrap of which it is known what they return."""
    random = Random(7)
    found: list[LinkCase] = []
    while len(found) < count:
        case = random_case(random, also=("wrapping", "archives"), avoid=BESIDE)
        names = {name for name, _ in case.features}
        returns = any(isinstance(e, ProbeReturns) for e in case.expectations)
        if returns and names & {"wrap.defined", "wrap.member"}:
            found.append(case)
    return found


def test_wasm_ld_wraps_as_expected() -> None:
    """References mean the wrapper, and `__real_NAME` means NAME, by the real linker too."""
    engine = make_engine()
    for case in wrapping_cases(40):
        with TemporaryDirectory() as folder:
            broken = broken_expectations(case, Path(folder), engine)
        assert broken == [], (case.arguments, broken)


def test_the_meaning_of_a_wrapped_name() -> None:
    """A member that defines the wrapper is taken in; one for the real name alone, too."""
    user, wrapper, original = (ObjectBuilder(name) for name in ("user", "wrapper", "original"))
    call = user.undefined_function("f", TO_INT)
    real = wrapper.undefined_function("__real_f", TO_INT)
    by_wrapper = wrapper.define_function("__wrap_f", TO_INT, Code())
    by_original = original.define_function("f", TO_INT, Code())
    builders = (user, wrapper, original)
    meaning = resolve(builders, [(0, False), (1, True), (2, True)], wraps=["f"])
    assert meaning.find(0, call) == (1, by_wrapper)
    assert meaning.find(1, real) == (2, by_original)
    assert meaning.loaded == [0, 2, 1]
    plain = resolve(builders, [(0, False), (1, True), (2, True)], wraps=["nobody"])
    assert plain.find(0, call) == (2, by_original)


def said(words: tuple[str, ...], files: dict[str, bytes]) -> list[tuple[str, tuple[str, ...]]]:
    """What a command line says: each option by its key, and its values."""
    windows = any(word.endswith("quoting=windows") for word in words)
    quoting = Quoting.WINDOWS if windows else Quoting.POSIX
    expanded = expand_response_files(words, files.__getitem__, quoting)
    arguments = split_arguments(expanded).arguments
    return [(entry.key, entry.values) for entry in arguments if entry.key != "rsp-quoting"]


def test_other_spellings_say_the_same() -> None:
    """Neither another spelling nor a response file changes what a command line says."""
    random = Random(3)
    spelled: set[str] = set()
    for _ in range(400):
        program = Program(frozenset({"spellings"}), [])
        changed = respelled(program, WORDS, Record(random.randbytes(RECORD_BYTES)))
        files = {file.name: file.content for file in program.files}
        assert said(changed, files) == said(WORDS, {})
        spelled |= program.notes.keys()
    assert spelled == {
        "spelling.joined",
        "spelling.nested-response-file",
        "spelling.one-word",
        "spelling.response-file",
        "spelling.two-words",
        "spelling.windows-quoting",
    }


def test_without_the_group_words_stay() -> None:
    program = Program(frozenset(), [])
    assert respelled(program, WORDS, Record(b"\xff" * RECORD_BYTES)) == WORDS

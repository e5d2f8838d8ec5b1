"""What linkers print and write beside the module: collected, and compared where it is promised."""

from __future__ import annotations

import dataclasses
import io
import tarfile

import pytest

from harness.adapters.base import Linker
from harness.adapters.discover import UnknownLinker, find
from harness.adapters.reference import Reference
from harness.adapters.smoke import tiny_case
from harness.linking import Workplace
from harness.oracles.context import Findings, Situation
from harness.oracles.judge import Bench, judge
from harness.oracles.listings import differences, judge_listings, plain_message
from harness.results import LinkResult, Outcome, SideFile
from harness.side_files import listed, side_file_names
from strategies.case import InputFile, LinkCase
from tests.harness.fakes import fake

LISTINGS = (
    "--Map=out.map",
    "--why-extract=why.txt",
    "--reproduce=repro.tar",
    "--trace",
    "--trace-symbol=answer",
    "--print-gc-sections",
)


def case_with(*arguments: str) -> LinkCase:
    """The tiny case with more options in front."""
    case = tiny_case()
    return dataclasses.replace(case, arguments=(*arguments, *case.arguments))


def promising(kind: str, promise: str = "lld-22") -> Linker:
    """A fake linker that promises wasm-ld's bytes."""
    return dataclasses.replace(fake(kind), bytes_like=promise)


def keys(case: LinkCase, *linkers: Linker) -> list[str]:
    """The keys of the divergences that all oracles find in a case."""
    with Workplace() as place, Bench() as bench:
        verdict = judge(case, place.link(case, linkers), linkers, bench)
    return sorted(found.key for found in verdict.divergences)


def test_the_reference_and_a_child_say_the_same() -> None:
    """A child leaves the same side files and prints the same lines as the reference here."""
    case = case_with(*LISTINGS)
    with Workplace() as place:
        here, child = place.link(case, [Reference(), promising("speaks")])
        assert not [path for path in place.case_folder.iterdir() if path.name.startswith("out")]
    assert [file.option for file in here.side_files] == ["map", "reproduce", "why-extract"]
    assert here.side_files == child.side_files
    assert here.stdout == child.stdout
    assert "caller.o: reference to answer\n" in here.stdout
    assert here.message == child.message == ""


def test_linkers_that_say_the_same_differ_in_nothing() -> None:
    assert keys(case_with(*LISTINGS), Reference(), promising("speaks")) == []


def test_each_kind_of_listing_fires() -> None:
    """A wrong line on either stream and in each file is a finding of its own."""
    assert keys(case_with(*LISTINGS), Reference(), promising("misspeaks")) == [
        "listing.map",
        "listing.trace-symbol",
        "listing.why-extract",
        "message.words.other.i-am-not-so-sure",
    ]


def test_without_a_promise_anything_may_be_said() -> None:
    assert keys(case_with(*LISTINGS), Reference(), fake("misspeaks")) == []


def test_children_with_side_files_run_one_after_the_other() -> None:
    """Two children write the same names; each has its own."""
    case = case_with("--Map=out.map")
    linkers = [promising("misspeaks"), promising("speaks")]
    with Workplace() as place:
        first, second = place.link(case, linkers)
    assert first.side_files[0].content == second.side_files[0].content + b"and more\n"


def test_only_files_in_the_folder_are_looked_for() -> None:
    case = case_with("--Map=/tmp/x", "--why-extract=../y", "--reproduce=caller.o", "@more")
    more = InputFile("more", b"--Map ./inner/z.map")
    assert side_file_names(case) == {}
    case = dataclasses.replace(case, files=(*case.files, more))
    assert side_file_names(case) == {"inner/z.map": "map"}


def said(message: str, stdout: str = "", outcome: Outcome = Outcome.LINKED) -> LinkResult:
    module = b"" if outcome is Outcome.LINKED else None
    return LinkResult("x", outcome, module, message, 0.1, 0, stdout=stdout)


def test_program_names_the_output_folder_and_the_log_are_not_compared() -> None:
    logged = (
        "wasm-ld-22: Loading: a.o\n"
        "wasm-ld-22: warning: two\n>>> lines\n\n"
        "wasm-ld-22: -- layoutMemory\n\n"
        "wasm-ld-22: error: cannot write /dev/shm/x/out.wasm\n"
    )
    assert plain_message(said(logged)) == (
        "ld: Loading: a.o\nld: warning: two\n>>> lines\nld: error: cannot write out.wasm\n"
    )


def test_a_log_of_the_last_of_several_links_is_not_compared() -> None:
    warning = "ld: warning: two\n>>> lines\n"
    ours = f"{warning}\nld: Loading: step0.o\n"
    theirs = f"{warning}\nld: Loading: step0.o\nld: -- layoutMemory\n"
    assert plain_message(said(ours)) == plain_message(said(theirs))


@pytest.mark.parametrize(
    ("first", "second", "key"),
    [
        (said("", "a.o\n"), said("", "b.o\n"), "listing.trace"),
        (said("", "removing unused section a.o:(f)\n"), said(""), "listing.gc-sections"),
        (said("", "a.o: lazy definition of f\n"), said(""), "listing.trace-symbol"),
        (said("", "       -        8       11 TYPE\n"), said(""), "listing.map"),
        (said("", "a.o\nb.o\n"), said("", "b.o\na.o\n"), "listing.order.trace"),
        (
            said("wasm-ld: error: duplicate symbol: f\n\nwasm-ld: error: x\n"),
            said("wasm-ld: error: duplicate symbol: g\n\nwasm-ld: error: x\n"),
            "message.words.duplicate-symbol",
        ),
        (
            said("wasm-ld: warning: b\nwasm-ld: error: duplicate symbol: f\n"),
            said("wasm-ld: error: duplicate symbol: f\nwasm-ld: warning: b\n"),
            "message.order.words.other.b",
        ),
    ],
)
def test_the_key_tells_what_differs(first: LinkResult, second: LinkResult, key: str) -> None:
    assert [found.key for found in differences(first, second)] == [key]


def test_a_missing_side_file_is_a_difference() -> None:
    written = dataclasses.replace(said(""), side_files=(SideFile("map", "m", b"x\n"),))
    (found,) = differences(written, said(""))
    assert (found.key, found.second) == ("listing.map", "(no such file)\n")


def test_a_reproducer_is_compared_without_its_folder_and_version() -> None:
    def archive(folder: str, version: bytes) -> bytes:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as made:
            for name, content in (
                ("r/response.txt", f"{folder}/a.o\n-o out.wasm\n".encode()),
                ("r/version.txt", version),
                (f"r/{folder}/a.o", b"object"),
            ):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                made.addfile(entry, io.BytesIO(content))
        return file.getvalue()

    one = listed(archive("tmp/one", b"22"), "/tmp/one")
    assert one == listed(archive("tmp/the/other", b"weld"), "/tmp/the/other")
    assert one == b"== response.txt, 16 bytes\na.o\n-o out.wasm\n\n== a.o, 6 bytes\nobject\n"
    assert listed(b"no archive", "/tmp") == b"no archive"


def test_the_real_wasm_ld_says_what_the_reference_says() -> None:
    """The promise holds for the program that it is about."""
    try:
        real = find("lld-22")
    except UnknownLinker as absent:
        pytest.skip(str(absent))
    assert keys(case_with(*LISTINGS), Reference(), real) == []


def refusals(promise: str, *words: str) -> Findings:
    """What the oracle says of linkers that all promise one linker's bytes and refuse."""
    linkers = {name: promising("speaks", promise) for name in "ab"}
    results = tuple(
        dataclasses.replace(said(text, outcome=Outcome.REFUSED), linker=name)
        for name, text in zip(linkers, words, strict=True)
    )
    return judge_listings(Situation(tiny_case(), results, linkers))


@pytest.mark.parametrize(
    ("placed", "plain"),
    [
        ("x.o: bad form (section TYPE, offset 0x2a: form 0x61)", "x.o: bad form"),
        ("x.o: missing version number (offset 0x4)", "x.o: missing version number"),
        ("lib.a(x.o): bad form (section reloc..debug (x), offset 0x2a)", "x.o: bad form"),
        (
            "x.o: invalid data symbol offset: `d` (offset: 9 segment size: 8) (offset 0x2a)",
            "x.o: invalid data symbol offset: `d` (offset: 9 segment size: 8)",
        ),
    ],
)
def test_words_about_a_malformed_input_are_compared_without_the_place(
    placed: str, plain: str
) -> None:
    ours, theirs = f"weld-ld: error: {placed}\n", f"wasm-ld: error: {plain}\n"
    same = refusals("lld-22", ours, theirs)
    assert same.checked
    assert not same.divergences
    (found,) = refusals("lld-22", ours, theirs.replace("x.o: ", "x.o: un")).divergences
    assert found.key == "message.words.malformed-object"


def test_words_of_older_releases_about_a_malformed_input_are_not_compared() -> None:
    findings = refusals(
        "lld-18", "wasm-ld: error: x.o: malformed thing", "wasm-ld: error: x.o: bad magic number"
    )
    assert not findings.divergences
    reason = "messages: an older release's words about a malformed input"
    assert findings.inconclusives == {reason: 1}


def test_words_about_bitcode_are_not_compared() -> None:
    findings = refusals(
        "lld-22",
        "weld-ld: error: lib.a(x.o): bitcode is not supported yet",
        "wasm-ld: error: Bitcode file does not contain any modules",
    )
    assert not findings.divergences
    assert findings.inconclusives == {"messages: about bitcode, which one does not read": 1}

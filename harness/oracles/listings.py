"""The listings oracle: what linkers print and write beside the module.

Linkers that promise each other the same bytes must also say the same, in order: warnings and
errors, what goes to standard output, and side files. Left out of the comparison, because
they are not a matter of the link:

* the program's name before each message and its version, the folder of the output, and the one of
  a response file, whose path is absolute in messages;
* what `--verbose` logs, apart from the files that are loaded: wasm-ld names the functions of its
  own source there, from several threads;
* the place and the details that the reference tells of a malformed input behind LLVM's words (its
  dialects do not: quirk malformed-places-untold). Words of other releases than `WORDS_OF` are not
  compared there;
* all about bitcode, which the reference does not read;
* what is longer than the bound on what is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from harness.divergence import Divergence, Severity
from harness.oracles.context import Findings, Situation
from harness.oracles.messages import classify_line, without_places
from harness.results import LinkResult, Outcome
from harness.running import cut_mark

# What the reference says of bitcode, and LLVM of what only begins like it.
_BITCODE = re.compile(r": bitcode is not supported yet|\b[Bb]itcode (?:file|section|is not)")
WORDS_OF = "lld-22"  # the release whose words the reader says
FAMILIES = ("listing.", "message.")
_PROGRAM = re.compile(r"^(?:\S*/)?(?:wasm-ld(?:-\d+)?|weld-ld): ", re.MULTILINE)
_COLOUR = r"(?:\033\[[0-9;]*m)*"
_LOGGED = re.compile(rf"^ld: (?!{_COLOUR}(?:warning|error):|Loading: ).*\n?", re.MULTILINE)
_LOADING = re.compile(r"^ld: Loading: ", re.MULTILINE)
_SAID = re.compile(r"^(?:ld: |>>> ).*\n", re.MULTILINE)
_MESSAGE = re.compile(rf"^ld: {_COLOUR}(?:warning|error):{_COLOUR} (.*)", re.MULTILINE)
_OUTPUT = re.compile(r"(?<![\w./-])[\w./-]*/out\.wasm\b")
_RESPONSE = re.compile(r"^(recursive expansion of: |cannot not open file )'/.*/", re.MULTILINE)
_VERSION = re.compile(r"^(?:weld-ld|(?:\w+ )?LLD) \d.*\n", re.MULTILINE)
_CUT = re.compile(re.escape(cut_mark(0)).replace("0", r"\d+") + r"\Z")
_PRINTED = (
    (re.compile(r"removing unused section "), "gc-sections"),
    (re.compile(r".*: (?:reference to|(?:lazy )?definition of) "), "trace-symbol"),
    (re.compile(r" *(?:Addr +Off|(?:-|[0-9a-f]+) +[0-9a-f]+ +[0-9a-f]+ )"), "map"),
)
_ABSENT = "(no such file)\n"
_SHOWN = 6  # lines of each side in a finding


class Difference(NamedTuple):
    """Something that two linkers say differently: the key, and both texts of it."""

    key: str
    first: str
    second: str


def judge_listings(situation: Situation) -> Findings:
    """Linkers that promise each other the same bytes must have said the same."""
    findings = Findings()
    promised: dict[str, list[LinkResult]] = {}
    for result in situation.results:
        promise = situation.bytes_like(result.linker)
        if promise and result.outcome in (Outcome.LINKED, Outcome.REFUSED):
            promised.setdefault(promise, []).append(result)
    for promise, results in promised.items():
        for other in results[1:]:
            if other.outcome is not results[0].outcome:
                continue
            if promise != WORDS_OF and (_is_malformed(results[0]) or _is_malformed(other)):
                findings.inconclusives[
                    "messages: an older release's words about a malformed input"
                ] += 1
                continue
            if _BITCODE.search(results[0].message) or _BITCODE.search(other.message):
                findings.inconclusives["messages: about bitcode, which one does not read"] += 1
                continue
            if _is_cut(results[0]) or _is_cut(other):
                findings.inconclusives["listings: longer than what is kept"] += 1
                continue
            findings.checked = True
            findings.divergences += [
                _divergence(promise, results[0], other, difference)
                for difference in differences(results[0], other)
            ]
    return findings


def says_the_same(first: LinkResult, second: LinkResult) -> bool:
    """Whether nothing of what two linkers print and write beside the module differs."""
    return next(differences(first, second), None) is None


def differences(first: LinkResult, second: LinkResult) -> Iterator[Difference]:
    """What two linkers with the same outcome say differently."""
    yield from _compare(plain_message(first), plain_message(second), _message_key)
    left, right = (_VERSION.sub("", result.stdout, 1) for result in (first, second))
    yield from _compare(left, right, _printed_key)
    mine, theirs = _side_files(first), _side_files(second)
    for option in sorted(mine.keys() | theirs.keys()):
        left, right = ("".join(files.get(option, [_ABSENT])) for files in (mine, theirs))
        yield from _compare(left, right, lambda *_, option=option: f"listing.{option}")


def plain_message(result: LinkResult) -> str:
    """What a linker wrote to standard error, without what is not compared."""
    text = _OUTPUT.sub("out.wasm", _PROGRAM.sub("ld: ", result.message))
    text = without_places(_RESPONSE.sub(r"\1'", text))
    # Only the last of several links may be asked for its log.
    if not _LOADING.search(text) and not _LOGGED.search(text):
        return text
    # Blank lines stand before the log, too, and names in it may have lines of their own.
    return "".join(_SAID.findall(_LOGGED.sub("", text)))


def _compare(first: str, second: str, key: Callable[[str, str], str]) -> Iterator[Difference]:
    if first == second:
        return
    left, right = first.splitlines(keepends=True), second.splitlines(keepends=True)
    start = next(
        (n for n, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]),
        min(len(left), len(right)),
    )
    texts = ("".join(left[start : start + _SHOWN]), "".join(right[start : start + _SHOWN]))
    name = key(*texts)
    if sorted(left) == sorted(right):
        name = f"{name.partition('.')[0]}.order.{name.partition('.')[2]}"
    yield Difference(name, *texts)


def _message_key(first: str, second: str) -> str:
    found = _MESSAGE.search(first) or _MESSAGE.search(second)
    return f"message.words.{classify_line(found[1])}" if found else "message.words"


def _printed_key(first: str, second: str) -> str:
    for text in (second, first):
        for pattern, name in _PRINTED:
            if pattern.match(text):
                return f"listing.{name}"
    return "listing.trace"


def _side_files(result: LinkResult) -> dict[str, list[str]]:
    """The texts of the side files by their option; a case of several steps has more than one."""
    found: dict[str, list[str]] = {}
    for file in result.side_files:
        found.setdefault(file.option, []).append(file.content.decode("utf-8", "backslashreplace"))
    return found


def _is_malformed(result: LinkResult) -> bool:
    if result.outcome is not Outcome.REFUSED:
        return False
    lines = _MESSAGE.findall(_PROGRAM.sub("ld: ", result.message))
    return any(classify_line(line) == "malformed-object" for line in lines)


def _is_cut(result: LinkResult) -> bool:
    return bool(_CUT.search(result.message) or _CUT.search(result.stdout))


def _divergence(
    promise: str, first: LinkResult, second: LinkResult, difference: Difference
) -> Divergence:
    detail = "\n".join(
        f"{result.linker}:\n{text or '(nothing more)'}"
        for result, text in ((first, difference.first), (second, difference.second))
    )
    return Divergence(
        key=difference.key,
        sides=((first.linker,), (second.linker,)),
        severity=Severity.LOW,
        detail=detail,
        rule=f"the promise to say the same as {promise}",
    )

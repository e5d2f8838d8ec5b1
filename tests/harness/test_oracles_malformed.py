"""Damaged cases: the oracles fire where linkers take them differently, and are silent otherwise."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from harness.adapters.discover import find
from harness.adapters.reference import Reference
from harness.divergence import Severity, Verdict
from harness.linking import Workplace
from harness.oracles import Bench, judge
from harness.results import LinkResult, Outcome
from linker.format.constants import ExternalKind
from linker.format.model import Export, ExportSection, ObjectFile
from strategies.case import Damaged, InputFile, LinkCase
from strategies.malformed import damage_case
from tests.harness import modules
from tests.harness.modules import FakeLinker, broken, linked, refused

BROKEN = Damaged("relocation.offset", True, "Linking.md")
ODD = Damaged("symbol.flags", False, "Linking.md")
STANDARD = "reference"
LINKERS = (
    Reference(),
    FakeLinker("lld-22", "lld", "lld-22"),
    FakeLinker("mine", "command"),
)
PLACE = "(section linking, offset 0x40: index 9 is not defined)"
NOT_THERE = f"wasm-ld: error: a.o: invalid function symbol index {PLACE}"
THEIRS = "wasm-ld: error: a.o: invalid function symbol index"
RIGHT = modules.link(modules.make_case(()))


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(wabt_share=0.0, compare_structure=False) as made:
        yield made


def damaged_case(damaged: Damaged) -> LinkCase:
    """A case that no wasm-ld and no reference is asked about: results are given."""
    case = modules.make_case(())
    return replace(case, expectations=(damaged,), files=(*case.files, InputFile("x.o", b"x")))


def export_what_is_missing(module: ObjectFile) -> None:
    section = module.find(ExportSection)
    assert section is not None
    section.exports.append(Export("missing", ExternalKind.FUNCTION, 9999))


def ask(bench: Bench, damaged: Damaged, *results: LinkResult) -> Verdict:
    return judge(damaged_case(damaged), results, LINKERS, bench)


def only(verdict: Verdict) -> tuple[str, tuple[str, ...]]:
    (found,) = verdict.divergences
    return found.key, found.blamed


def test_all_refuse_a_malformed_object_each_in_its_words(bench: Bench) -> None:
    verdict = ask(bench, BROKEN, refused(STANDARD, NOT_THERE), refused("lld-22", THEIRS))
    assert not verdict.divergences
    assert "refusal" in verdict.agreements


def test_who_links_what_is_malformed_is_wrong(bench: Bench) -> None:
    verdict = ask(bench, BROKEN, refused(STANDARD, NOT_THERE), linked("mine", RIGHT))
    assert only(verdict) == ("malformed.accepted.relocation.offset", ("mine",))
    assert verdict.divergences[0].severity is Severity.MEDIUM
    assert verdict.divergences[0].rule == "Linking.md"


def test_what_llvms_own_options_refuse_says_nothing_of_a_linker(bench: Bench) -> None:
    message = "wasm-ld (LLVM option parsing): Unknown command line argument 'x'."
    verdict = ask(bench, ODD, linked(STANDARD, RIGHT), refused("lld-22", message))
    assert not verdict.divergences
    reason = "refusal: about options of LLVM, which one does not read"
    assert verdict.inconclusives[reason] == 1


def test_all_who_link_what_breaks_a_rule_are_wrong(bench: Bench) -> None:
    verdict = ask(bench, BROKEN, linked(STANDARD, RIGHT), linked("mine", RIGHT))
    assert only(verdict) == ("malformed.accepted.relocation.offset", (STANDARD, "mine"))


def test_who_refuses_what_is_only_odd_is_wrong(bench: Bench) -> None:
    verdict = ask(bench, ODD, linked(STANDARD, RIGHT), refused("mine", "mine: error: no"))
    assert only(verdict) == ("malformed.refused.symbol.flags", ("mine",))


def test_where_the_reference_refuses_what_may_be_odd_who_links_is_wrong(bench: Bench) -> None:
    verdict = ask(bench, ODD, refused(STANDARD, NOT_THERE), linked("mine", RIGHT))
    assert only(verdict) == ("malformed.accepted.symbol.flags", ("mine",))


def test_an_odd_file_that_all_link_is_agreed_on(bench: Bench) -> None:
    verdict = ask(bench, ODD, linked(STANDARD, RIGHT), linked("mine", RIGHT))
    assert not verdict.divergences
    assert verdict.inconclusives["behaviour: a damaged program is not run"] == 1


def test_refusals_for_different_reasons_are_a_low_finding(bench: Bench) -> None:
    verdict = ask(bench, BROKEN, refused(STANDARD, NOT_THERE), refused("mine", "no input files"))
    assert only(verdict) == ("malformed.reason.malformed-object.no-input", ())
    assert verdict.divergences[0].severity is Severity.LOW


def test_a_crash_is_a_high_finding(bench: Bench) -> None:
    crash = LinkResult("mine", Outcome.CRASHED, None, "ended by signal SIGSEGV", 0.1, -11)
    (found,) = ask(bench, BROKEN, refused(STANDARD, NOT_THERE), crash).divergences
    assert (found.key.partition(".")[0], found.severity) == ("crash", Severity.HIGH)


def test_a_linker_that_believed_a_huge_count_ran_out_of_the_limit(bench: Bench) -> None:
    message = "LLVM ERROR: out of memory\nended by signal SIGABRT"
    crash = LinkResult("mine", Outcome.CRASHED, None, message, 0.1, -6)
    verdict = ask(bench, BROKEN, refused(STANDARD, NOT_THERE), crash)
    assert not verdict.divergences
    assert verdict.inconclusives["outcome: out of memory, as the limit has it"] == 1


def test_a_linker_that_wrote_more_than_the_limit(bench: Bench) -> None:
    ended = LinkResult(
        "mine", Outcome.CRASHED, None, "ended by signal SIGXFSZ", 0.1, -signal.SIGXFSZ
    )
    verdict = ask(bench, ODD, refused(STANDARD, NOT_THERE), ended)
    assert not verdict.divergences
    assert verdict.inconclusives["outcome: the output is larger than the limit"] == 1


def test_an_invalid_function_was_copied_unread(bench: Bench) -> None:
    invalid = broken(RIGHT, modules.break_validity)
    verdict = ask(bench, ODD, linked(STANDARD, invalid), linked("mine", invalid))
    assert not verdict.divergences
    assert verdict.inconclusives["validity: a damaged function was copied unread"] == 1


def test_an_invalid_module_is_a_high_finding_elsewhere(bench: Bench) -> None:
    invalid = broken(RIGHT, export_what_is_missing)
    verdict = ask(bench, ODD, linked(STANDARD, invalid), linked("mine", invalid))
    (found,) = verdict.divergences
    assert found.key.startswith("validity.")
    assert found.severity is Severity.HIGH


def real_verdict(case: LinkCase, bench: Bench) -> tuple[list[LinkResult], Verdict]:
    linkers = (Reference(), find("lld-22"))
    with Workplace() as place:
        results = place.link(case, linkers)
    return list(results), judge(case, results, linkers, bench)


def real_case(damage: str) -> LinkCase:
    return damage_case(modules.make_case(()), damage, bytes(10))


def test_what_wasm_ld_does_not_check_is_counted_by_its_quirk(bench: Bench) -> None:
    results, verdict = real_verdict(real_case("data.memory"), bench)
    assert [result.outcome for result in results] == [Outcome.REFUSED, Outcome.LINKED]
    assert not verdict.divergences
    assert verdict.tallies["quirk unused-parts-unchecked"] == 1


def test_where_wasm_ld_aborts_its_quirk_is_counted(bench: Bench) -> None:
    results, verdict = real_verdict(real_case("section.custom-name"), bench)
    assert [result.outcome for result in results] == [Outcome.REFUSED, Outcome.CRASHED]
    assert not verdict.divergences
    assert verdict.tallies["quirk cut-off-reads-abort"] == 1


def test_what_wasm_ld_reads_beyond_its_memory_is_inconclusive(bench: Bench) -> None:
    results, verdict = real_verdict(real_case("symbol.section"), bench)
    assert results[0].outcome is Outcome.REFUSED
    assert not verdict.divergences
    if results[1].outcome is not Outcome.REFUSED:
        reason = "undefined: wasm-ld reads or writes what is not there"
        assert verdict.inconclusives[reason] == 1


def test_a_crash_leaves_no_core_and_starts_no_symboliser() -> None:
    wasm_ld = find("lld-22")
    with Workplace() as place:
        (result,) = place.link(real_case("section.custom-name"), [wasm_ld])
        left = [path.name for path in place.case_folder.iterdir()]
        variables = wasm_ld.environment(place.case_folder)
    assert result.outcome is Outcome.CRASHED
    assert variables["LLVM_DISABLE_SYMBOLIZATION"] == "1"
    assert not [name for name in left if name.startswith("core")]

"""Every oracle fires on outputs that are wrong on purpose, and is silent on right ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from harness.divergence import Divergence, Severity, Verdict
from harness.execution import Request, Validation
from harness.fingerprints import fingerprint
from harness.oracles import Bench, judge, start, validity
from harness.oracles.validity import is_in_share
from harness.results import LinkResult, Outcome
from linker.format.model import ObjectFile
from strategies.case import (
    Expectation,
    HostCalls,
    LinkCase,
    MustLink,
    MustRefuse,
    ProbeReturns,
)
from tests.harness import modules
from tests.harness.modules import LINKERS, broken, linked, refused
from tests.tools import require

CASE = modules.make_case()
FREE = modules.make_case(())
RIGHT = modules.link(CASE)
LLD, REFERENCE, ZIG = (linker.name for linker in LINKERS)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(wabt_share=0.0) as made:
        yield made


def ask(bench: Bench, results: list[LinkResult], case: LinkCase = CASE) -> Verdict:
    verdict = judge(case, results, LINKERS, bench)
    for divergence in verdict.divergences:
        fingerprint(divergence)
    return verdict


def find(verdict: Verdict, key: str) -> Divergence:
    found = [d for d in verdict.divergences if d.key == key]
    assert found, [d.key for d in verdict.divergences]
    return found[0]


def keys(verdict: Verdict) -> list[str]:
    return [divergence.key for divergence in verdict.divergences]


def all_right(*names: str) -> list[LinkResult]:
    return [linked(name, RIGHT) for name in names]


def test_identical_right_outputs_agree_everywhere(bench: Bench) -> None:
    verdict = ask(bench, all_right(LLD, REFERENCE, ZIG))
    assert verdict.divergences == ()
    assert verdict.inconclusives == {}
    assert set(verdict.agreements) == {
        "outcome",
        "refusal",
        "validity",
        "bytes",
        "listings",
        "behaviour",
        "expectation",
        "structure",
    }
    assert verdict.tallies == {"linked by all": 1, "validated": 1, "ran": 1, "identical": 1}


def test_identical_outputs_run_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Request] = []
    original = bench.executor.start

    def record(request: Request) -> None:
        started.append(request)
        original(request)

    monkeypatch.setattr(bench.executor, "start", record)
    ask(bench, all_right(LLD, REFERENCE, ZIG))
    assert len(started) == 1


# -- expectation ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (modules.choose_weak, "behaviour.symbol.definition.function"),
        (modules.empty_table, "behaviour.table.entry.null"),
        (modules.change_data, "behaviour.data.content"),
        (modules.swap_host_calls, "behaviour.function.body.function"),
    ],
)
def test_a_wrong_program_is_critical_and_its_cause_is_in_the_key(
    bench: Bench, change: Callable[[ObjectFile], None], key: str
) -> None:
    verdict = ask(bench, [*all_right(LLD), linked(ZIG, broken(RIGHT, change))])
    found = find(verdict, key)
    assert found.severity is Severity.CRITICAL
    assert found.blamed == (ZIG,)
    assert found.sides == ((ZIG,), (LLD,))
    # The same mistake is not told a second time by another oracle.
    assert keys(verdict).count(key.removeprefix("behaviour.")) == 0


def test_the_expectation_blames_with_no_second_linker(bench: Bench) -> None:
    verdict = ask(bench, [linked(ZIG, broken(RIGHT, modules.empty_table))])
    found = find(verdict, "behaviour.table.entry.null")
    assert (found.blamed, found.sides) == ((ZIG,), ((ZIG,), ()))


def test_the_expectation_blames_the_majority(bench: Bench) -> None:
    wrong = broken(RIGHT, modules.change_data)
    verdict = ask(bench, [linked(LLD, wrong), linked(REFERENCE, wrong), linked(ZIG, RIGHT)])
    assert find(verdict, "behaviour.data.content").blamed == (LLD, REFERENCE)


@pytest.mark.parametrize(
    ("expectation", "key"),
    [
        (ProbeReturns("call", 3, "rule"), "behaviour.probe.call.several-definitions.value"),
        (ProbeReturns("call", None, "rule"), "behaviour.probe.call.several-definitions.no-trap"),
        (ProbeReturns("load", 3, "rule"), "behaviour.probe.data.value"),
        (ProbeReturns("absent", 3, "rule"), "export.missing.function"),
        (ProbeReturns("memory", 3, "rule"), "export.not-a-function.function"),
        (HostCalls("hosts", ("env.first",), "rule"), "behaviour.probe.call.undefined.host-calls"),
        (
            HostCalls("hosts", ("env.second", "env.first"), "rule"),
            "behaviour.probe.call.undefined.host-order",
        ),
    ],
)
def test_each_way_to_break_an_expectation_has_a_key(
    bench: Bench, expectation: Expectation, key: str
) -> None:
    verdict = ask(bench, all_right(LLD), modules.make_case((expectation,)))
    assert keys(verdict) == [key]
    assert verdict.divergences[0].rule == "rule"


def test_a_program_that_never_ends_breaks_its_expectation(bench: Bench) -> None:
    verdict = ask(bench, [linked(ZIG, broken(RIGHT, modules.loop_forever))])
    assert find(verdict, "behaviour.function.content").blamed == (ZIG,)
    assert "out-of-fuel" in find(verdict, "behaviour.function.content").detail


# -- behaviour ------------------------------------------------------------------------------------


def test_without_expectations_the_linkers_are_compared(bench: Bench) -> None:
    wrong = broken(RIGHT, modules.choose_weak)
    verdict = ask(bench, [linked(LLD, RIGHT), linked(ZIG, wrong)], FREE)
    found = find(verdict, "behaviour.symbol.definition.function")
    assert (found.sides, found.blamed) == (((LLD,), (ZIG,)), ())


def test_two_independent_linkers_outvote_a_third(bench: Bench) -> None:
    wrong = broken(RIGHT, modules.choose_weak)
    results = [linked(LLD, RIGHT), linked(REFERENCE, RIGHT), linked(ZIG, wrong)]
    found = find(ask(bench, results, FREE), "behaviour.symbol.definition.function")
    assert found.blamed == (ZIG,)


def test_another_order_of_host_calls_is_a_divergence(bench: Bench) -> None:
    wrong = broken(RIGHT, modules.swap_host_calls)
    verdict = ask(bench, [linked(LLD, RIGHT), linked(ZIG, wrong)], FREE)
    assert find(verdict, "behaviour.function.body.function").severity is Severity.CRITICAL


def test_numbers_that_may_be_addresses_are_inconclusive(bench: Bench) -> None:
    """`load` returns a word of the data; here the data is an address of each layout."""

    def put(number: bytes) -> Callable[[ObjectFile], None]:
        return modules.patch_data(bytes((4, 3, 2, 1)), number)

    one, two = broken(RIGHT, put(b"\0\0\x01\0")), broken(RIGHT, put(b"\x10\0\x01\0"))
    verdict = ask(bench, [linked(LLD, one), linked(ZIG, two)], FREE)
    assert "behaviour: value may be an address" in verdict.inconclusives
    assert not [k for k in keys(verdict) if k.startswith("behaviour.")]
    two = broken(RIGHT, put(b"\x10\0\0\0"))
    verdict = ask(bench, [linked(LLD, one), linked(ZIG, two)], FREE)
    assert [k for k in keys(verdict) if k.startswith("behaviour.")]


def test_a_trap_before_the_program_starts_is_a_divergence(bench: Bench) -> None:
    wrong = broken(RIGHT, modules.move_elements_out)
    verdict = ask(bench, [linked(LLD, RIGHT), linked(ZIG, wrong)])
    found = find(verdict, "behaviour.start.trap.table-out-of-bounds")
    assert found.blamed == (ZIG,)
    assert verdict.tallies["ran"] == 0


def test_the_final_memory_is_compared_where_it_starts_alike(bench: Bench) -> None:
    """A body stores a byte on the way: no probe's value shows it."""
    wrong = broken(RIGHT, modules.store_on_the_way)
    verdict = ask(bench, [linked(LLD, RIGHT), linked(ZIG, wrong)])
    assert "behaviour.final.memory" in keys(verdict)


def test_the_final_memory_is_not_compared_in_another_layout(bench: Bench) -> None:
    other = modules.link(CASE, (*CASE.arguments, "-z", "stack-size=66560"))
    verdict = ask(bench, [linked(LLD, RIGHT), linked(ZIG, other)])
    assert verdict.divergences == ()
    assert verdict.inconclusives["behaviour: final memory, layouts differ"] == 1


# -- validity -------------------------------------------------------------------------------------


def test_an_invalid_module_is_high_and_its_linker_is_blamed(bench: Bench) -> None:
    require("wasm-validate")
    wrong = broken(RIGHT, modules.break_validity)
    verdict = ask(bench, [linked(LLD, RIGHT), linked(ZIG, wrong)])
    found = find(verdict, "validity.type-mismatch")
    assert (found.severity, found.blamed) == (Severity.HIGH, (ZIG,))
    assert verdict.tallies["validated"] == 0


def test_validators_that_disagree_are_a_finding_of_their_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    objection = Validation("wasm-validate", "000002a: error: unexpected opcode: 0xff")
    monkeypatch.setattr(validity, "validate_with_wabt", lambda module: objection)
    monkeypatch.setattr(bench, "wabt_share", 1.0)
    found = find(ask(bench, all_right(LLD)), "validators.wasm-validate.unexpected-opcode")
    assert (found.severity, found.blamed) == (Severity.NOTE, ())


@pytest.mark.parametrize(
    "problem",
    [
        "000002a: error: unexpected opcode: 0x1f",
        "000002a: error: unexpected opcode: 0xfb",
        "0000050: error: expected valid block signature type",
        "0000043: error: unable to read u32 leb128: store offset",
        "000001a: error: expected valid result type (got -0x17)",
    ],
)
def test_what_a_validator_does_not_know_is_no_finding(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, problem: str
) -> None:
    objection = Validation("wasm-validate", problem)
    monkeypatch.setattr(validity, "validate_with_wabt", lambda module: objection)
    monkeypatch.setattr(bench, "wabt_share", 1.0)
    verdict = ask(bench, all_right(LLD))
    assert keys(verdict) == []
    reason = "validity: wasm-validate does not know an instruction"
    assert verdict.inconclusives == {reason: 1}


def test_two_validators_may_both_be_ignorant(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of different instructions; a module that only one of them can judge is judged by it."""
    tryer = broken(RIGHT, modules.break_validity)
    told = Validation("wasmtime", "legacy_exceptions feature required for try instruction")
    monkeypatch.setattr(validity, "Validation", lambda *_: told)
    known = "0000042: error: unexpected opcode: 0x1f"
    for problem, expected in ((known, []), ("0000042: error: bad", ["validity.bad"])):
        objection = Validation("wasm-validate", problem)
        monkeypatch.setattr(validity, "validate_with_wabt", lambda module, o=objection: o)
        assert keys(ask(bench, [linked(LLD, tryer)])) == expected


def test_a_missing_validator_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validity, "validate_with_wabt", lambda module: None)
    monkeypatch.setattr(bench, "wabt_share", 1.0)
    verdict = ask(bench, all_right(LLD))
    assert verdict.inconclusives == {"validity: wasm-validate is not installed": 1}


def test_a_share_of_modules_is_kept_and_always_the_same() -> None:
    modules_ = [b"%d" % number for number in range(2000)]
    seen = [is_in_share(module, 0.25) for module in modules_]
    assert 400 < sum(seen) < 600
    assert seen == [is_in_share(module, 0.25) for module in modules_]
    assert not is_in_share(b"", 0.0)
    assert is_in_share(b"", 1.0)


# -- structure ------------------------------------------------------------------------------------


def test_linkers_that_promise_the_same_bytes_must_make_them(bench: Bench) -> None:
    other = broken(RIGHT, modules.more_memory)
    verdict = ask(bench, [linked(LLD, RIGHT), linked(REFERENCE, other)])
    found = find(verdict, "bytes.memory.memory.minimum")
    assert (found.sides, found.severity) == (((LLD,), (REFERENCE,)), Severity.MEDIUM)
    assert "bytes" not in verdict.agreements


def test_others_are_compared_by_name(bench: Bench) -> None:
    other = broken(RIGHT, modules.more_memory)
    verdict = ask(bench, [linked(LLD, RIGHT), linked(ZIG, other)])
    assert keys(verdict) == ["memory.minimum"]
    assert verdict.divergences[0].severity is Severity.LOW


def test_a_missing_export_is_found_without_a_probe(bench: Bench) -> None:
    other = broken(RIGHT, modules.drop_export)
    case = modules.make_case((ProbeReturns("call", 2, "rule"),))
    verdict = ask(bench, [linked(LLD, RIGHT), linked(ZIG, other)], case)
    assert keys(verdict) == ["export.missing.function"]


def test_misaligned_data_that_still_works_is_found(bench: Bench) -> None:
    wrong = broken(RIGHT, modules.misplace_data)
    found = find(ask(bench, [*all_right(LLD), linked(ZIG, wrong)]), "data.address.unaligned")
    assert found.blamed == (ZIG,)
    assert found.detail.startswith(f"{ZIG}: word at ")


def test_the_order_of_exports_alone_is_no_divergence(bench: Bench) -> None:
    other = broken(RIGHT, modules.reverse_exports)
    verdict = ask(bench, [linked(LLD, RIGHT), linked(ZIG, other)])
    assert verdict.divergences == ()
    assert "structure" in verdict.agreements


# -- refusal --------------------------------------------------------------------------------------

UNDEFINED = "wasm-ld: error: a.o: undefined symbol: missing"
DUPLICATE = "wasm-ld: error: duplicate symbol: chosen\n>>> defined in a.o\n>>> defined in b.o"


def test_who_refuses_what_must_link_is_wrong(bench: Bench) -> None:
    verdict = ask(bench, [linked(LLD, RIGHT), refused(ZIG, "error: undefined symbol: chosen")])
    found = find(verdict, "refusal.valid-input.undefined-symbol")
    assert (found.severity, found.blamed) == (Severity.MEDIUM, (ZIG,))


def test_who_links_what_must_be_refused_is_wrong(bench: Bench) -> None:
    case = modules.make_case((MustRefuse("undefined-symbol", "no definition"),))
    verdict = ask(bench, [refused(LLD, UNDEFINED), linked(ZIG, RIGHT)], case)
    found = find(verdict, "refusal.accepted.undefined-symbol")
    assert (found.severity, found.blamed) == (Severity.MEDIUM, (ZIG,))


def test_another_reason_than_the_expected_is_low(bench: Bench) -> None:
    case = modules.make_case((MustRefuse("undefined-symbol", "no definition"),))
    verdict = ask(bench, [refused(LLD, UNDEFINED), refused(ZIG, DUPLICATE)], case)
    found = find(verdict, "refusal.reason.undefined-symbol.duplicate-symbol")
    assert (found.severity, found.blamed) == (Severity.LOW, (ZIG,))


def test_a_refusal_before_the_expected_one_is_inconclusive(bench: Bench) -> None:
    case = modules.make_case((MustRefuse("undefined-symbol", "no definition"),))
    early = "error: Failed parsing object file: UnexpectedTable"
    verdict = ask(bench, [refused(ZIG, early)], case)
    assert verdict.divergences == ()
    assert verdict.inconclusives["refusal: refused for another reason first"] == 1


def test_agreeing_refusals_agree(bench: Bench) -> None:
    case = modules.make_case((MustRefuse("undefined-symbol", "no definition"),))
    zig = "error: could not resolve undefined symbol 'missing'\n    note: defined in 'a.o'"
    verdict = ask(bench, [refused(LLD, UNDEFINED), refused(ZIG, zig)], case)
    assert verdict.divergences == ()
    assert "refusal" in verdict.agreements


def test_without_expectation_one_links_and_another_refuses(bench: Bench) -> None:
    verdict = ask(bench, [linked(LLD, RIGHT), refused(ZIG, DUPLICATE)], FREE)
    found = find(verdict, "refusal.duplicate-symbol")
    assert (found.sides, found.blamed) == (((ZIG,), (LLD,)), ())
    results = [linked(LLD, RIGHT), linked(REFERENCE, RIGHT), refused(ZIG, DUPLICATE)]
    assert find(ask(bench, results, FREE), "refusal.duplicate-symbol").blamed == (ZIG,)


def test_without_expectation_two_refuse_for_different_reasons(bench: Bench) -> None:
    verdict = ask(bench, [refused(LLD, UNDEFINED), refused(ZIG, DUPLICATE)], FREE)
    assert keys(verdict) == ["refusal.reason.duplicate-symbol.undefined-symbol"]


# -- crashes and hangs ----------------------------------------------------------------------------


def crashed(message: str, status: int | None = -11) -> LinkResult:
    return LinkResult(ZIG, Outcome.CRASHED, None, message, 0.1, status)


ZIG_TRACE = """thread 91 panic: index out of bounds: index 5, len 3
/build/zig/src/link/Wasm/Object.zig:123:45: 0x18a1 in parseSymbol (zig)
/build/zig/src/link/Wasm.zig:1:2: 0x18a2 in flush (zig)
"""
PYTHON_TRACE = """Traceback (most recent call last):
  File "/home/me/linker/driver.py", line 9, in run
  File "/home/me/linker/output/relocate.py", line 12, in write_site
KeyError: 17
"""


@pytest.mark.parametrize(
    ("message", "key"),
    [
        (ZIG_TRACE, "crash.panic.object.parse-symbol"),
        ("thread 7 panic: TODO: opcode 0x23\nended by signal SIGABRT", "crash.panic.todo-opcode"),
        (PYTHON_TRACE, "crash.exception.keyerror.relocate.write-site"),
        ("LLVM ERROR: out of memory", "crash.llvm.out-of-memory"),
        ("lld: x.cpp:5: Assertion `a < b' failed.", "crash.assertion.a-b"),
        ("ended by signal SIGSEGV", "crash.sigsegv.silent"),
        ("warning(link): odd file: 'x.a'\nended by signal SIGSEGV", "crash.sigsegv.silent"),
    ],
)
def test_a_crash_is_known_by_its_place(bench: Bench, message: str, key: str) -> None:
    found = find(ask(bench, [linked(LLD, RIGHT), crashed(message)]), key)
    assert (found.severity, found.blamed, found.sides) == (Severity.HIGH, (ZIG,), ((ZIG,), (LLD,)))


def test_a_crash_that_ends_by_itself_is_known_by_its_error(bench: Bench) -> None:
    message = (
        "error: Failed parsing archive: OutOfMemory\n    note: while parsing archive libx.a\n"
        "ended with exit status 1"
    )
    verdict = ask(bench, [linked(LLD, RIGHT), crashed(message, 1)])
    assert keys(verdict) == ["crash.failed-parsing-archive-out-of-memory"]


def test_a_hang_is_known_by_the_last_words(bench: Bench) -> None:
    message = "LLD Link... 12 of 99\nstopped after 10.0 s"
    late = LinkResult(ZIG, Outcome.TIMED_OUT, None, message, 10.0, None)
    assert find(ask(bench, [linked(LLD, RIGHT), late]), "hang.lld-link-of").blamed == (ZIG,)


def test_an_unsupported_case_is_inconclusive(bench: Bench) -> None:
    absent = LinkResult(ZIG, Outcome.UNSUPPORTED, None, "no such option", 0.0, None)
    verdict = ask(bench, [linked(LLD, RIGHT), absent])
    assert verdict.divergences == ()
    assert verdict.inconclusives == {f"unsupported by {ZIG}: no such option": 1}
    assert verdict.tallies["linked by all"] == 1


def test_an_output_left_behind_by_a_refusal_is_low(bench: Bench) -> None:
    left = LinkResult(ZIG, Outcome.REFUSED, None, UNDEFINED, 0.1, 1, True)
    found = find(ask(bench, [refused(LLD, UNDEFINED), left], FREE), "output.left-behind.refused")
    assert (found.severity, found.blamed) == (Severity.LOW, (ZIG,))


# -- the judge itself -----------------------------------------------------------------------------


def test_identical_outputs_outside_of_the_share_are_only_validated(bench: Bench) -> None:
    with Bench(executor=bench.executor, wabt_share=0.0, identical_share=0.0) as sampling:
        pending = start(CASE, all_right(LLD, REFERENCE), LINKERS, sampling)
        verdict = pending.finish()
        assert verdict.tallies["ran"] == 0
        assert verdict.tallies["validated"] == 1
        assert sum(verdict.inconclusives.values()) == 1
        assert "expectation" not in verdict.agreements
        # One that is alone is always run: nothing but the expectation speaks for it.
        assert judge(CASE, all_right(LLD), LINKERS, sampling).tallies["ran"] == 1


def test_a_module_that_the_runtime_cannot_take_is_inconclusive(bench: Bench) -> None:
    huge = broken(RIGHT, modules.huge_memory)
    verdict = ask(bench, [linked(ZIG, huge)])
    assert verdict.inconclusives["behaviour: limit"] == 1
    assert verdict.tallies["ran"] == 0


def test_a_case_that_nobody_linked_is_judged(bench: Bench) -> None:
    verdict = ask(bench, [refused(LLD, UNDEFINED)], modules.make_case((MustLink("reason"),)))
    assert keys(verdict) == ["refusal.valid-input.undefined-symbol"]
    assert verdict.tallies["linked by all"] == 0

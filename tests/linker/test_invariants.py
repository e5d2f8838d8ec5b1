"""What holds for every link, whatever is linked."""

from __future__ import annotations

import itertools
from random import Random

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from linker.driver import LinkOutput
from linker.format import model
from linker.format.constants import RelocationType, SymbolFlag, SymbolKind
from linker.format.leb128 import decode_unsigned
from linker.format.parse import parse
from strategies import LinkCase, link_cases, random_case
from tests.linker.assemble import archive, assemble
from tests.linker.conftest import link_here
from tests.linker.linked import Linked
from tests.linker.objects import (
    ADD,
    EXPORTED,
    LOCAL,
    NO_STRIP,
    TO_I32,
    WEAK,
    Part,
    call,
    call_indirect,
    const,
    data,
    function,
    function_pointer,
    load,
    undefined_function,
    word,
)

# Cases that are one link.
ONE_LINK = ("steps",)
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
UNDEFINED = int(SymbolFlag.UNDEFINED)


def link_case(case: LinkCase, *more: str, dialect: str = "standard") -> LinkOutput:
    files = {file.name: file.content for file in case.files}
    return link_here(files, [*case.arguments, *more], dialect)


@FEW
@given(case=link_cases(avoid=ONE_LINK))
def test_the_same_link_gives_the_same_bytes(case: LinkCase) -> None:
    assert link_case(case) == link_case(case)


@FEW
@given(first=link_cases(avoid=ONE_LINK), second=link_cases(avoid=ONE_LINK))
def test_links_do_not_see_each_other(first: LinkCase, second: LinkCase) -> None:
    alone = link_case(first)
    link_case(second)
    assert link_case(first) == alone


@FEW
@given(case=link_cases(avoid=ONE_LINK))
def test_output_is_valid_and_can_be_read(case: LinkCase) -> None:
    output = link_case(case)
    assume(output.module is not None)
    assert output.module is not None
    linked = Linked(output.module)
    if "-r" not in case.arguments and "--relocatable" not in case.arguments:
        linked.validate()


@FEW
@given(case=link_cases(avoid=ONE_LINK))
def test_a_refusal_has_reasons_and_a_link_has_none(case: LinkCase) -> None:
    for dialect in ("standard", "lld-22"):
        output = link_case(case, dialect=dialect)
        assert (output.module is None) == bool(output.errors)


# Addresses.

PIECES = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.integers(0, 7),
        st.sampled_from([".data.", ".rodata.", ".bss.", "own."]),
    ),
    min_size=1,
    max_size=12,
)
LAYOUTS = st.sampled_from(
    [
        [],
        ["--no-stack-first"],
        ["--global-base=70001"],
        ["--no-merge-data-segments"],
        ["-z", "stack-size=48"],
        ["--page-size=1"],
    ]
)


@given(pieces=PIECES, layout=LAYOUTS, split=st.integers(0, 12))
@settings(max_examples=100, deadline=None)
def test_data_is_aligned_and_does_not_overlap(
    pieces: list[tuple[int, int, str]], layout: list[str], split: int
) -> None:
    declared = [
        data(f"x{number}", bytes(size), segment=f"{name}{number}", alignment=alignment)
        for number, (size, alignment, name) in enumerate(pieces)
    ]
    files = {"a.o": assemble(*declared[:split]), "b.o": assemble(*declared[split:])}
    names = [entry.name for entry in declared]
    exports = [f"--export={name}" for name in [*names, "__stack_low", "__stack_high"]]
    arguments = ["--no-entry", "--no-check-features", *layout, *exports, *files]
    output = link_here(files, arguments)
    assert output.module is not None, output.errors
    linked = Linked(output.module)
    taken = [(linked.address("__stack_low"), linked.address("__stack_high"))]
    for (size, alignment, _), name in zip(pieces, names, strict=True):
        address = linked.address(name)
        assert address % (1 << alignment) == 0
        taken.append((address, address + size))
    taken = sorted(entry for entry in taken if entry[0] != entry[1])
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(taken))
    memory = linked.memory
    page = 65536 if memory.page_size is None else 1 << memory.page_size
    assert taken[-1][1] <= memory.minimum * page


# Indices.


@FEW
@given(case=link_cases(avoid=ONE_LINK))
def test_kept_relocations_say_what_stands_there(case: LinkCase) -> None:
    assume(not {"-r", "--relocatable", "--compress-relocations"} & set(case.arguments))
    # Calls that were given a stub keep an undefined symbol with the index of the stub.
    assume(not any("unresolved" in argument for argument in case.arguments))
    output = link_case(case, "--emit-relocs")
    assume(output.module is not None)
    assert output.module is not None
    file = parse(output.module, "output")
    linking, code = file.find(model.LinkingSection), file.find(model.CodeSection)
    assume(linking is not None and code is not None)
    assert linking is not None
    assert code is not None
    content = _code_content(output.module)
    for section in file.sections:
        if not isinstance(section, model.RelocationSection) or section.name != "reloc.CODE":
            continue
        for relocation in section.relocations:
            if relocation.type == RelocationType.FUNCTION_INDEX_LEB:
                symbol = linking.symbols[relocation.index]
                assert symbol.kind is SymbolKind.FUNCTION
                value, _ = decode_unsigned(content, relocation.offset)
                assert symbol.index == value


def _code_content(module: bytes) -> bytes:
    position = 8
    while True:
        size, start = decode_unsigned(module, position + 1)
        if module[position] == 10:
            return module[start : start + size]
        position = start + size


# Meaning.


def unit(number: int, values: list[int]) -> bytes:
    """An object whose functions depend on nothing outside but on everything within."""
    datas = [
        data(f"d{number}_{n}", word(value), alignment=2, flags=LOCAL)
        for n, value in enumerate(values)
    ]
    helper = function(f"h{number}", const(number), type=TO_I32)
    total: list[Part] = [[load(entry.name), ADD] for entry in datas]
    pointers: list[Part] = [function_pointer(f"h{number}"), call_indirect(TO_I32), ADD]
    return assemble(
        *datas,
        helper,
        function(f"f{number}", call(f"h{number}"), pointers, total, type=TO_I32, flags=EXPORTED),
    )


UNITS = st.lists(st.lists(st.integers(0, 1000), max_size=4), min_size=1, max_size=5)


@given(values=UNITS, shuffled=st.randoms(use_true_random=False), options=LAYOUTS)
@settings(max_examples=40, deadline=None)
def test_the_order_of_unrelated_objects_does_not_matter(
    values: list[list[int]], shuffled: Random, options: list[str]
) -> None:
    files = {f"{number}.o": unit(number, group) for number, group in enumerate(values)}
    names = list(files)
    shuffled.shuffle(names)
    for order in (list(files), names):
        output = link_here(files, ["--no-entry", *options, *order])
        assert output.module is not None, output.errors
        running = Linked(output.module).start()
        for number, group in enumerate(values):
            assert running.call(f"f{number}") == 2 * number + sum(group)


@given(values=UNITS)
@settings(max_examples=30, deadline=None)
def test_an_archive_means_what_its_members_mean(values: list[list[int]]) -> None:
    names = [f"f{number}" for number in range(len(values))]
    units = [unit(number, group) for number, group in enumerate(values)]
    user = assemble(
        function(
            "all", const(0), [[call(name), ADD] for name in names], type=TO_I32, flags=EXPORTED
        ),
        *(undefined_function(name, type=TO_I32) for name in names),
    )
    plain = {"user.o": user} | {f"{number}.o": content for number, content in enumerate(units)}
    packed = {"user.o": user, "lib.a": archive(*units)}
    results = []
    for files in (plain, packed):
        output = link_here(files, ["--no-entry", *files])
        assert output.module is not None, output.errors
        results.append(Linked(output.module).run("all"))
    assert results[0] == results[1] == sum(2 * n + sum(group) for n, group in enumerate(values))


def test_the_set_order_of_names_does_not_show() -> None:
    # Python's hashes of texts differ from process to process; links must not.
    case = random_case(Random(5), avoid=ONE_LINK)
    assert link_case(case) == link_case(random_case(Random(5), avoid=ONE_LINK))


def test_weak_and_strong_in_any_order() -> None:
    weak = assemble(function("x", const(1), type=TO_I32, flags=WEAK | EXPORTED | NO_STRIP))
    strong = assemble(function("x", const(2), type=TO_I32))
    for files in ({"a.o": weak, "b.o": strong}, {"b.o": strong, "a.o": weak}):
        output = link_here(files, ["--no-entry", "--export=x", *files])
        assert output.module is not None
        assert Linked(output.module).run("x") == 2

"""The parts that cases are made of: choices, numbers, symbol resolution."""

from __future__ import annotations

import pytest

from linker.format import leb128
from linker.format.constants import RelocationType, SymbolFlag, SymbolKind
from linker.format.encode import encode
from linker.format.model import FunctionType, LinkingSection, RelocationSection
from linker.format.parse import parse
from strategies.case import MustRefuse
from strategies.choices import Record
from strategies.expectations import expect
from strategies.meaning import Meaning, Place, resolve
from strategies.objects.builder import ObjectBuilder
from strategies.objects.code import I32, Code, field_bytes, padded_leb, sleb, uleb
from strategies.objects.parts import Style
from strategies.program import Program

WEAK = int(SymbolFlag.BINDING_WEAK)
MISMATCH = MustRefuse("import-mismatch", "one symbol imported from two places")
LOCAL = int(SymbolFlag.BINDING_LOCAL)
TO_INT = FunctionType((), (I32,))


def make(
    *defined: str, needs: tuple[str, ...] = (), flags: int = 0, weak_needs: bool = False
) -> ObjectBuilder:
    """An object that defines and refers to functions of these names."""
    builder = ObjectBuilder("x.o")
    for name in defined:
        code = Code()
        code.raw(b"\x41\x00\x0b")
        builder.define_function(name, TO_INT, code, flags)
    for name in needs:
        builder.undefined_function(name, TO_INT, WEAK if weak_needs else 0)
    return builder


def found(meaning: Meaning, name: str) -> Place | None:
    state = meaning.names.get(name)
    return None if state is None else state.place


def test_record_gives_the_simplest_choice_for_zero() -> None:
    """A record of zeros, and the space after a record's end, choose the first of everything."""
    for record in (Record(bytes(4)), Record(b"")):
        assert record.byte() == 0
        assert record.below(7) == 0
        assert record.pick("abc") == "a"
        assert record.chance(255) is False


def test_record_choices_cover_their_range_and_grow() -> None:
    """Every choice is reachable, and a smaller byte never gives a greater choice."""
    choices = [Record(bytes((byte,))).below(5) for byte in range(256)]
    assert choices == sorted(choices)
    assert set(choices) == set(range(5))


@pytest.mark.parametrize("value", [0, 1, 63, 64, 127, 128, 300, 65535, 2**31, 2**32 - 1])
def test_numbers_agree_with_the_format_package(value: int) -> None:
    """The encodings used for bodies are those that the format package writes."""
    assert uleb(value) == leb128.encode_unsigned(value)
    assert sleb(value) == leb128.encode_signed(value)
    assert sleb(-value) == leb128.encode_signed(-value)
    assert padded_leb(value, 5)[-1] < 0x80
    assert len(padded_leb(value, 10)) == 10


def test_field_of_a_negative_address_is_cut_to_its_width() -> None:
    """An unsigned field of five bytes holds 32 bits, an integer field its own width."""
    assert field_bytes(RelocationType.MEMORY_ADDR_LEB, -1) == b"\xff\xff\xff\xff\x0f"
    assert field_bytes(RelocationType.MEMORY_ADDR_I32, -2) == b"\xfe\xff\xff\xff"


def test_strong_definition_wins_over_weak_in_either_order() -> None:
    strong, weak = make("f"), make("f", flags=WEAK)
    assert found(resolve([strong, weak], [(0, False), (1, False)]), "f") == Place(0, 0)
    assert found(resolve([weak, strong], [(0, False), (1, False)]), "f") == Place(1, 0)


def test_first_of_two_weak_definitions_wins() -> None:
    objects = [make("f", flags=WEAK), make("f", flags=WEAK)]
    meaning = resolve(objects, [(0, False), (1, False)])
    assert found(meaning, "f") == Place(0, 0)
    assert meaning.collisions == []


def test_two_strong_definitions_collide() -> None:
    meaning = resolve([make("f"), make("f")], [(0, False), (1, False)])
    assert meaning.collisions == ["f"]


@pytest.mark.parametrize(
    ("option", "expected"), [("", []), ("--allow-multiple-definition", [MISMATCH])]
)
def test_of_two_reasons_to_refuse_either_is_right(option: str, expected: list[MustRefuse]) -> None:
    program = Program(frozenset(), [])
    program.refusal = (MISMATCH.message_class, MISMATCH.reason)
    if option:
        program.options["--muldefs"] = option
    meaning = resolve([make("f"), make("f")], [(0, False), (1, False)])
    assert expect(program, meaning, None, in_steps=False) == expected


def test_member_is_taken_for_a_strong_reference_only() -> None:
    """A weak reference leaves an archive member alone, before and after it."""
    library = make("f")
    for weak in (False, True):
        user = make("main", needs=("f",), weak_needs=weak)
        for order in ([(0, False), (1, True)], [(1, True), (0, False)]):
            meaning = resolve([user, library], order)
            assert (1 in meaning.loaded) is not weak
            assert found(meaning, "f") == (None if weak else Place(1, 0))


def test_member_is_taken_for_a_name_of_the_command_line() -> None:
    meaning = resolve([make("main"), make("f")], [(0, False), (1, True)], ["f"])
    assert meaning.loaded == [0, 1]


def test_group_of_a_later_object_loses() -> None:
    """The first group of a name stays; the function of the second is its first one's."""
    objects = []
    for _ in range(2):
        builder = ObjectBuilder("x.o")
        code = Code()
        code.raw(b"\x41\x00\x0b")
        builder.define_function("f", TO_INT, code, 0, "group")
        objects.append(builder)
    meaning = resolve(objects, [(0, False), (1, False)])
    assert meaning.collisions == []
    assert meaning.find(1, 0) == Place(0, 0)


def test_local_symbols_keep_to_their_object() -> None:
    builder = make("f", flags=LOCAL)
    meaning = resolve([builder, make(needs=("f",))], [(0, False), (1, False)])
    assert meaning.find(0, 0) == Place(0, 0)
    assert meaning.find(1, 0) is None


@pytest.mark.parametrize("reverse", [False, True])
def test_built_object_reads_back(reverse: bool) -> None:
    """Indices and offsets of a built object are those that its reader finds."""
    builder = ObjectBuilder("x.o", Style(reversed_symbols=reverse))
    callee = builder.undefined_function("callee", TO_INT)
    segment = builder.segment(".data.d", 2)
    at = builder.segments[segment].reserve(2, 8)
    data = builder.define_data("d", segment, at, 8, 0)
    builder.segments[segment].site(RelocationType.MEMORY_ADDR_I32, 4, data, 3)
    code = Code()
    code.raw(b"\x10")
    code.site(RelocationType.FUNCTION_INDEX_LEB, callee)
    code.raw(b"\x0b")
    builder.define_function("f", TO_INT, code)
    encoded = encode(builder.finish())
    parsed = parse(encoded, "x.o")
    linking = parsed.find(LinkingSection)
    assert linking is not None
    relocations = [s for s in parsed.sections if isinstance(s, RelocationSection)]
    names = {}
    for section in relocations:
        for relocation in section.relocations:
            names[section.name] = (linking.symbols[relocation.index].name, relocation.addend)
    assert names == {"reloc.CODE": ("callee", 0), "reloc.DATA": ("d", 3)}
    function = next(s for s in linking.symbols if s.name == "f")
    assert (function.kind, function.index) == (SymbolKind.FUNCTION, 1)

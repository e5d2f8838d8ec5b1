"""The structural comparison: each kind of difference is found, and right freedom is not one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.compare import IGNORED, Comparison, compare_modules, render
from harness.compare.instructions import BodyError, OperandKind, walk
from harness.compare.sections import differing_sections
from harness.divergence import Severity
from linker.format.constants import LimitsFlag, SymbolFlag
from linker.format.constants import RelocationType as R
from linker.format.encode import encode
from linker.format.model import (
    CodeSection,
    CustomSection,
    DataSection,
    ExportSection,
    FunctionBody,
    FunctionSection,
    GlobalSection,
    ImportSection,
    Limits,
    MemorySection,
    NameSection,
    ObjectFile,
    StartSection,
)
from strategies.case import InputFile, LinkCase, ProbeReturns
from strategies.objects.builder import ObjectBuilder
from strategies.objects.code import Code
from tests.harness import modules

CASE = modules.make_case()
INPUTS = tuple((file.name, file.content) for file in CASE.files)
RIGHT = modules.link(CASE)
MOVED = ("-z", "stack-size=66560")


def keys(comparison: Comparison) -> set[str]:
    return {difference.key for difference in comparison.differences}


def test_a_module_is_the_same_as_itself() -> None:
    comparison = compare_modules(RIGHT, RIGHT, INPUTS)
    assert (comparison.differences, comparison.ignored) == ([], [])
    # What no relocation refers to cannot be found: `small` and the padding behind it.
    assert comparison.first.compared == comparison.first.total - 16


def test_without_inputs_a_module_is_the_same_as_itself() -> None:
    comparison = compare_modules(RIGHT, RIGHT)
    assert comparison.is_same
    assert comparison.coverage == 1.0


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (modules.choose_weak, "symbol.definition.function"),
        (modules.swap_host_calls, "function.body.function"),
        (modules.drop_export, "export.missing.function"),
        (modules.empty_table, "table.entry.null"),
        (modules.change_data, "data.content"),
        (modules.misplace_data, "data.address.unaligned"),
        (modules.break_validity, "function.body.instructions"),
    ],
)
def test_what_a_wrong_linker_does_is_found(change: Callable[[ObjectFile], None], key: str) -> None:
    wrong = modules.broken(RIGHT, change)
    assert key in keys(compare_modules(RIGHT, wrong, INPUTS))
    assert key in keys(compare_modules(wrong, RIGHT, INPUTS))


@pytest.mark.parametrize(
    "change",
    [modules.empty_table, modules.change_data, modules.misplace_data],
)
def test_a_module_that_is_wrong_by_itself_is_named(change: Callable[[ObjectFile], None]) -> None:
    wrong = modules.broken(RIGHT, change)
    (found,) = (d for d in compare_modules(RIGHT, wrong, INPUTS).differences if d.wrong)
    assert found.wrong == "second"
    (found,) = (d for d in compare_modules(wrong, RIGHT, INPUTS).differences if d.wrong)
    assert found.wrong == "first"


def rename_import(module: ObjectFile) -> None:
    section = module.find(ImportSection)
    assert section is not None
    section.imports[0] = section.imports[0]._replace(name="third")


def aim_export_elsewhere(module: ObjectFile) -> None:
    section = module.find(ExportSection)
    assert section is not None
    load = next(e for e in section.exports if e.name == "load")
    section.exports = [
        e._replace(index=load.index) if e.name == "call" else e for e in section.exports
    ]


def limit_memory(module: ObjectFile) -> None:
    section = module.find(MemorySection)
    assert section is not None
    section.memories[0] = Limits(LimitsFlag.HAS_MAX, 2, 4)


def less_memory(module: ObjectFile) -> None:
    section = module.find(MemorySection)
    assert section is not None
    section.memories[0] = section.memories[0]._replace(minimum=1)


def add_start(module: ObjectFile) -> None:
    position = next(i for i, s in enumerate(module.sections) if isinstance(s, ExportSection))
    module.sections.insert(position + 1, StartSection(5))


def make_global_constant(module: ObjectFile) -> None:
    section = module.find(GlobalSection)
    assert section is not None
    entry = section.globals[0]
    section.globals[0] = entry._replace(type=entry.type._replace(mutable=False))


def add_custom(module: ObjectFile) -> None:
    module.sections.append(CustomSection("notes", b"text"))


def strip_names(module: ObjectFile) -> None:
    module.sections = [s for s in module.sections if not isinstance(s, NameSection)]


def change_type(module: ObjectFile) -> None:
    section = module.find(FunctionSection)
    assert section is not None
    section.type_indices[0] = 1 - section.type_indices[0]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (rename_import, "import.missing.function"),
        (aim_export_elsewhere, "export.target"),
        (modules.more_memory, "memory.minimum"),
        (limit_memory, "memory.maximum"),
        (less_memory, "data.address.outside"),
        (add_start, "start.missing"),
        (make_global_constant, "global.type"),
        (add_custom, "section.custom.missing.other"),
        (strip_names, "name.missing"),
        (change_type, "export.type"),
        (change_type, "function.type"),
    ],
)
def test_differences_of_the_interface_are_found(
    change: Callable[[ObjectFile], None], key: str
) -> None:
    assert key in keys(compare_modules(RIGHT, modules.broken(RIGHT, change), INPUTS))


def test_the_order_of_exports_is_ignored_with_a_reason() -> None:
    comparison = compare_modules(RIGHT, modules.broken(RIGHT, modules.reverse_exports), INPUTS)
    assert comparison.is_same
    assert [(d.key, reason) for d, reason in comparison.ignored] == [
        ("export.order", IGNORED["export.order"])
    ]


def test_another_order_of_the_inputs_makes_no_difference() -> None:
    """Indices, types, table slots and addresses are all others; the program is the same."""
    arguments = tuple(reversed(CASE.arguments))
    other = modules.link(CASE, (*arguments, *MOVED))
    assert other != RIGHT
    assert compare_modules(RIGHT, other, INPUTS).is_same


def test_without_inputs_another_layout_is_a_consistent_renaming() -> None:
    other = modules.link(CASE, (*CASE.arguments, *MOVED))
    assert compare_modules(RIGHT, other).is_same


def test_without_inputs_an_inconsistent_renaming_is_a_difference() -> None:
    """One of two uses of an address that moved is left as it was."""

    def read_twice(module: ObjectFile, first: bytes, second: bytes) -> None:
        code = module.find(CodeSection)
        assert code is not None
        body = b"\0\x41" + first + b"\x28\x02\0\x41" + second + b"\x28\x02\0\x6a\x0b"
        code.functions[modules.find_body(module, "load")] = FunctionBody(body)

    near, far = b"\x90\x80\x04", b"\x90\x88\x04"
    other = modules.link(CASE, (*CASE.arguments, *MOVED))
    one = modules.broken(RIGHT, lambda module: read_twice(module, near, near))
    two = modules.broken(other, lambda module: read_twice(module, far, far))
    odd = modules.broken(other, lambda module: read_twice(module, far, near))
    assert compare_modules(one, two).is_same
    assert "function.body.constant" in keys(compare_modules(one, odd))


def test_without_inputs_a_number_in_the_same_layout_is_a_difference() -> None:
    def load_elsewhere(module: ObjectFile) -> None:
        code = module.find(CodeSection)
        assert code is not None
        position = modules.find_body(module, "load")
        body = code.functions[position].content.replace(b"\x28\x02\0", b"\x28\x02\x04")
        code.functions[position] = FunctionBody(body)

    comparison = compare_modules(RIGHT, modules.broken(RIGHT, load_elsewhere))
    assert keys(comparison) == {"function.body.offset"}


def test_a_module_that_cannot_be_parsed_is_a_difference() -> None:
    comparison = compare_modules(RIGHT, RIGHT[:-5], INPUTS)
    assert [(d.key, d.wrong) for d in comparison.differences] == [("module.malformed", "second")]


def test_the_worst_difference_comes_first() -> None:
    def change(module: ObjectFile) -> None:
        modules.more_memory(module)
        modules.change_data(module)

    found = compare_modules(RIGHT, modules.broken(RIGHT, change), INPUTS).differences
    assert [d.severity for d in found] == [Severity.CRITICAL, Severity.LOW]


def test_rendering_names_differences_and_reasons() -> None:
    def change(module: ObjectFile) -> None:
        modules.more_memory(module)
        modules.reverse_exports(module)

    text = render(compare_modules(RIGHT, modules.broken(RIGHT, change), INPUTS))
    assert "memory.minimum: 2 and 3 pages" in text
    assert f"export.order: {IGNORED['export.order']}" in text
    assert text.endswith("of the bytes")
    assert "no difference" in render(compare_modules(RIGHT, RIGHT))


def test_the_coverage_counts_what_was_not_looked_at() -> None:
    """Debug sections are not compared."""

    def add_debug(module: ObjectFile) -> None:
        module.sections.append(CustomSection(".debug_info", bytes(len(RIGHT))))

    big = modules.broken(RIGHT, add_debug)
    comparison = compare_modules(RIGHT, big, INPUTS)
    assert comparison.first.share > 0.9
    assert 0.0 < comparison.second.share < 0.5
    assert comparison.coverage == comparison.second.share


@pytest.mark.parametrize(
    ("change", "labels"),
    [
        (modules.change_data, ("data",)),
        (modules.swap_host_calls, ("code",)),
        (modules.drop_export, ("export",)),
        (add_custom, ("custom.notes",)),
    ],
)
def test_sections_that_differ_are_named(
    change: Callable[[ObjectFile], None], labels: tuple[str, ...]
) -> None:
    assert differing_sections(RIGHT, modules.broken(RIGHT, change)) == labels


def test_a_cut_off_module_is_unreadable_at_its_end() -> None:
    assert "unreadable" in differing_sections(RIGHT, RIGHT[:-3])


K = OperandKind


@pytest.mark.parametrize(
    ("code", "opcode", "kinds"),
    [
        (b"\x10\x81\x80\x80\x80\x00", 0x10, [K.FUNCTION]),
        (b"\x11\x01\x02", 0x11, [K.TYPE, K.TABLE]),
        (b"\x12\x01", 0x12, [K.FUNCTION]),
        (b"\x13\x01\x00", 0x13, [K.TYPE, K.TABLE]),
        (b"\x08\x03", 0x08, [K.TAG]),
        (b"\x07\x03", 0x07, [K.TAG]),
        (
            b"\x1f\x40\x02\x00\x01\x00\x02\x00",
            0x1F,
            [K.BITS, K.BITS, K.TAG, K.LABEL, K.BITS, K.LABEL],
        ),
        (b"\x0e\x02\x00\x01\x02", 0x0E, [K.LABEL, K.LABEL, K.LABEL]),
        (b"\x02\x01", 0x02, [K.TYPE]),
        (b"\x02\x7f", 0x02, [K.BITS]),
        (b"\x1c\x01\x7f", 0x1C, [K.BITS]),
        (b"\x23\x05", 0x23, [K.GLOBAL]),
        (b"\x26\x05", 0x26, [K.TABLE]),
        (b"\x28\x02\x90\x80\x04", 0x28, [K.ALIGNMENT, K.OFFSET]),
        (b"\x28\x42\x01\x08", 0x28, [K.ALIGNMENT, K.MEMORY, K.OFFSET]),
        (b"\x3f\x00", 0x3F, [K.MEMORY]),
        (b"\x41\x7f", 0x41, [K.CONSTANT]),
        (b"\x44" + bytes(8), 0x44, [K.BITS]),
        (b"\xd0\x70", 0xD0, [K.BITS]),
        (b"\xd2\x05", 0xD2, [K.FUNCTION]),
        (b"\xfc\x08\x01\x00", 0xFC0008, [K.DATA, K.MEMORY]),
        (b"\xfc\x0a\x00\x01", 0xFC000A, [K.MEMORY, K.MEMORY]),
        (b"\xfc\x0c\x01\x00", 0xFC000C, [K.ELEMENT, K.TABLE]),
        (b"\xfc\x0e\x01\x00", 0xFC000E, [K.TABLE, K.TABLE]),
        (b"\xfd\x0c" + bytes(16), 0xFD000C, [K.BITS]),
        (b"\xfd\x15\x03", 0xFD0015, [K.BITS]),
        (b"\xfd\x54\x00\x08\x03", 0xFD0054, [K.ALIGNMENT, K.OFFSET, K.BITS]),
        (b"\xfd\x80\x02", 0xFD0100, []),
        (b"\xfe\x03\x00", 0xFE0003, [K.BITS]),
        (b"\xfe\x1e\x02\x08", 0xFE001E, [K.ALIGNMENT, K.OFFSET]),
    ],
)
def test_operands_are_known_for_what_they_are(
    code: bytes, opcode: int, kinds: list[OperandKind]
) -> None:
    found = list(walk(b"\0" + code + b"\x0b"))
    assert [instruction.opcode for instruction in found] == [opcode, 0x0B]
    assert [operand.kind for operand in found[0].operands] == kinds


def test_numbers_too_large_in_an_object_are_read() -> None:
    """What stands at a relocation's site means nothing."""
    wide = b"\x42\xfc\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    narrow = b"\x41\xff\xff\xff\xff\x7f\x10\xff\xff\xff\xff\x7f"
    assert len(list(walk(b"\0" + wide + narrow))) == 3


def test_locals_of_every_type_are_skipped() -> None:
    (only,) = walk(b"\x02\x01\x7f\x81\x01\x7b\x0b")
    assert (only.offset, only.opcode) == (6, 0x0B)


@pytest.mark.parametrize("body", [b"\0\xff", b"\0\x41", b"\0\xfc\x63", b"\0\x44\0", b""])
def test_what_is_no_code_is_an_error_of_one_class(body: bytes) -> None:
    with pytest.raises(BodyError):
        list(walk(body))


# -- what one module shows by itself --------------------------------------------------------------


def two_symbols() -> tuple[LinkCase, bytes]:
    """A case whose object has two symbols in one segment, and their sum in a probe."""
    builder = ObjectBuilder("a.o")
    segment = builder.segment(".data.pair", 2)
    builder.segments[segment].content[:] = bytes((1, 0, 0, 0, 2, 0, 0, 0))
    first = builder.define_data("first", segment, 0, 4, 0)
    second = builder.define_data("second", segment, 4, 4, 0)
    code = Code()
    for symbol in (first, second):
        code.raw(b"\x41\0\x28\x02")
        code.site(R.MEMORY_ADDR_LEB, symbol)
    code.raw(b"\x6a\x0b")
    builder.define_function("sum", modules.NUMBER, code)
    case = LinkCase(
        (InputFile("a.o", encode(builder.finish())),),
        ("--no-entry", "--export=sum", "a.o"),
        (ProbeReturns("sum", 3, "Symbol Table"),),
        (),
    )
    return case, modules.link(case)


def test_symbols_of_one_segment_must_stay_together() -> None:
    """A linker that copies the segment for each symbol: each stands at the start of a copy."""
    case, right = two_symbols()
    files = tuple((file.name, file.content) for file in case.files)

    def copy_segment(module: ObjectFile) -> None:
        data, code = module.find(DataSection), module.find(CodeSection)
        assert data is not None
        assert code is not None
        segment = data.segments[0]
        data.segments[0] = segment._replace(content=segment.content * 2)
        body = code.functions[0].content
        at = body.rindex(b"\x28\x02") + 2
        code.functions[0] = FunctionBody(body[:at] + bytes((body[at] + 4,)) + body[at + 1 :])

    assert compare_modules(right, right, files).is_same
    wrong = modules.broken(right, copy_segment)
    found = {d.key: d for d in compare_modules(right, wrong, files).differences}
    assert found["data.address.split"].wrong == "second"
    assert found["data.address.split"].severity is Severity.CRITICAL


def weak_undefined() -> tuple[LinkCase, bytes]:
    """A case with a call and a pointer of a function that nothing defines."""
    builder = ObjectBuilder("a.o")
    absent = builder.undefined_function("absent", modules.NUMBER, int(SymbolFlag.BINDING_WEAK))
    code = Code()
    code.raw(b"\x41")
    code.site(R.TABLE_INDEX_SLEB, absent)
    code.raw(b"\x0b")
    builder.define_function("pointer", modules.NUMBER, code)
    code = Code()
    code.raw(b"\x10")
    code.site(R.FUNCTION_INDEX_LEB, absent)
    code.raw(b"\x0b")
    builder.define_function("call", modules.NUMBER, code)
    other = builder.define_function("other", modules.NUMBER, modules.returning(5))
    code = Code()
    code.raw(b"\x41")
    code.site(R.TABLE_INDEX_SLEB, other)
    code.raw(b"\x0b")
    builder.define_function("real", modules.NUMBER, code)
    case = LinkCase(
        (InputFile("a.o", encode(builder.finish())),),
        ("--no-entry", "--export=pointer", "--export=call", "--export=real", "a.o"),
        (ProbeReturns("pointer", 0, "Symbol Table"),),
        (),
    )
    return case, modules.link(case)


@pytest.mark.parametrize(
    ("export", "old", "new", "key", "wrong"),
    [
        # The pointer is that of another function.
        ("pointer", b"\x41\x80", b"\x41\x81", "table.entry.weak-undefined", "second"),
        # The call goes to the function at the start of the index space.
        ("call", b"\x10", b"\x10", "function.body.weak-undefined", ""),
    ],
)
def test_a_weak_reference_without_definition_is_null(
    export: str, old: bytes, new: bytes, key: str, wrong: str
) -> None:
    case, right = weak_undefined()
    files = tuple((file.name, file.content) for file in case.files)

    def aim_elsewhere(module: ObjectFile) -> None:
        code, exports = module.find(CodeSection), module.find(ExportSection)
        assert code is not None
        assert exports is not None
        position = next(e.index for e in exports.exports if e.name == export)
        body = code.functions[position].content
        at = body.index(old) + 1
        patched = body[: at - 1] + new + body[at - 1 + len(old) :]
        if export == "call":
            patched = patched[:at] + bytes((0x80 | position,)) + patched[at + 1 :]
        code.functions[position] = FunctionBody(patched)

    assert compare_modules(right, right, files).is_same
    comparison = compare_modules(right, modules.broken(right, aim_elsewhere), files)
    found = {difference.key: difference for difference in comparison.differences}
    assert found[key].wrong == wrong


def test_a_call_that_goes_to_another_function_is_wrong_by_itself() -> None:
    """`call` calls `load`, which is defined but is no definition of `chosen`."""

    def call_load(module: ObjectFile) -> None:
        code, exports = module.find(CodeSection), module.find(ExportSection)
        assert code is not None
        assert exports is not None
        load = next(e.index for e in exports.exports if e.name == "load")
        body = b"\0\x10" + bytes((0x80 | load,)) + b"\x80\x80\x80\0\x0b"
        code.functions[modules.find_body(module, "call")] = FunctionBody(body)

    comparison = compare_modules(RIGHT, modules.broken(RIGHT, call_load), INPUTS)
    found = {difference.key: difference for difference in comparison.differences}
    assert found["function.call.wrong"].wrong == "second"
    assert found["function.call.wrong"].severity is Severity.CRITICAL


def test_one_function_may_have_any_of_its_names() -> None:
    """Linkers choose which of a function's names the name section holds."""
    builder = ObjectBuilder("a.o")
    one = builder.define_function("one", modules.NUMBER, modules.returning(1))
    builder.alias(one, "two", 0)
    code = Code()
    code.raw(b"\x10")
    code.site(R.FUNCTION_INDEX_LEB, one)
    code.raw(b"\x0b")
    builder.define_function("call", modules.NUMBER, code)
    files = (InputFile("a.o", encode(builder.finish())),)
    case = LinkCase(files, ("--no-entry", "--export=call", "a.o"), (), ())
    right = modules.link(case)

    def rename(module: ObjectFile) -> None:
        names = module.find(NameSection)
        assert names is not None
        for _, _, entries in names.subsections:
            if isinstance(entries, list):
                entries[:] = [(i, "two" if name == "one" else name) for i, name in entries]

    renamed = modules.broken(right, rename)
    assert renamed != right
    assert compare_modules(right, renamed, [(f.name, f.content) for f in files]).is_same

"""Departures of the seed, each by itself, on stored cases: what it changes is then the seed's."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from linker.format.leb128 import decode_unsigned
from tests.linker.seed.goldens import golden

PLAIN = "--no-gc-sections --allow-undefined --no-check-features"
VISIBLE = f"{PLAIN} --export-dynamic"


@dataclass(frozen=True)
class Case:
    """A stored case, and which sections of the output are the seed's with the quirk alone.

    Without `sections` the case ends in an error or a stop, and so it does with the quirk alone.
    """

    golden: str
    options: str = ""
    sections: tuple[str, ...] = ()


CASES = {
    "unchecked-reading": Case("bad_leb_too_long"),
    "initialisers-limited": Case("global_init_i64"),
    "one-bit-limits": Case("bad_limits_flag_3"),
    "value-types-limited": Case("types_unknown_valtype"),
    "features-limited": Case("bad_feature_unknown"),
    "relocation-kinds-limited": Case("reloc_kind_11"),
    "subsections-limited": Case("bad_subsection_unknown"),
    "seed-errors": Case("mem_initial_unaligned"),
    "undefined-local-refused": Case("sym_undefined_local"),
    "weak-functions-stop": Case("sym_weak_undefined_function"),
    "entry-by-name": Case("entry_is_data"),
    "aliases-stop": Case("order_two_symbols_one_function"),
    "addresses-cut": Case("mem_stack_too_big"),
    "address-taken-twice-stops": Case("reloc_table_index_twice", PLAIN),
    "type-relocations-as-symbols": Case("reloc_type_index_leb_out_of_range", PLAIN),
    "addresses-by-own-segments": Case("c_data_reference"),
    "relocations-by-location": Case("obj_call"),
    "later-reference-wins": Case("sym_chain_of_three_undefined", PLAIN, ("1", "2")),
    "kinds-uncompared": Case("sym_undef_function_def_data", PLAIN, ("11",)),
    "section-symbols-unchecked": Case("obj_sections_symbols", "", ("10",)),
    "stack-pointer-imported": Case("obj_import", "", ("linking.8",)),
    "features-unchecked": Case("bad_feature_conflict", "", ("5",)),
    "unnamed-pieces-dropped": Case("data_no_symbol", PLAIN, ("11",)),
    "atoms-last-object-first": Case("c_four_files", "", ("10",)),
    "segments-unsorted": Case("data_three_kinds", PLAIN, ("11",)),
    "segment-sizes-rounded": Case("data_align_12", PLAIN, ("11",)),
    "segment-starts-unaligned": Case("data_alignment_between_segments", PLAIN, ("11",)),
    "stack-behind-global-base": Case("mem_global_base_zero", PLAIN, ("11", "6")),
    "relocatable-global-base": Case("obj_global_base", "", ("11",)),
    "stack-size-unchecked": Case("mem_stack_size_unaligned", "", ("6",)),
    "imports-in-hash-order": Case("import_order_07", PLAIN, ("2",)),
    "linear-memory-name": Case("mem_import", PLAIN, ("2",)),
    "imported-table-short": Case("table_import_option", PLAIN, ("2",)),
    "table-without-maximum": Case("c_function_pointers", "", ("4",)),
    "table-in-hash-order": Case("table_data_and_code", PLAIN, ("11",)),
    "element-table-named": Case("table_imported_function", PLAIN, ("9",)),
    "numbered-by-symbol": Case("sym_global_undef_then_def", PLAIN, ("6", "name.7")),
    "types-by-symbol": Case("import_module_name", PLAIN, ("1", "2")),
    "offsets-of-relocations": Case("reloc_function_offset_i32", PLAIN, ("11",)),
    "memory-export-last": Case("entry_start_default", "", ("7",)),
    "empty-data-written": Case("data_bss_only", PLAIN, ("11",)),
    "names-by-symbol": Case("c_import_module", "", ("name.1",)),
    "empty-names-written": Case("entry_start_default", "", ("name.9",)),
    "segment-names-shifted": Case("data_bss_only", PLAIN, ("name.9",)),
    "relocatable-unrelocated": Case("obj_large_function", "", ("10",)),
    "empty-subsections-written": Case("obj_import", "", ("linking.5",)),
    "segment-info-of-own": Case("zmod_obj", "", ("linking.5",)),
}


def number(content: bytes, position: int) -> tuple[int, int]:
    return decode_unsigned(content, position, 64)


def sections(module: bytes | None) -> dict[str, tuple[int, bytes]]:
    """Sections and subsections by id or name, as their count of entries and what follows it."""
    assert module is not None
    found: dict[str, tuple[int, bytes]] = {}
    position = 8
    while position < len(module):
        section_id = module[position]
        size, start = number(module, position + 1)
        position = start + size
        content = module[start:position]
        if section_id:
            count, start = number(content, 0)
            found[str(section_id)] = (count, content[start:])
            continue
        length, start = number(content, 0)
        name = content[start : start + length].decode()
        if name in ("linking", "name"):
            # The first has a version before its subsections.
            inner = start + length + (name == "linking")
            while inner < len(content):
                kind = content[inner]
                size, start = number(content, inner + 1)
                inner = start + size
                count, start = number(content, start)
                found[f"{name}.{kind}"] = (count, content[start:inner])
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_quirk_alone(name: str) -> None:
    case = CASES[name]
    stored = golden(case.golden)
    options = case.options.split()
    standard = stored.link("standard", *options)
    quirky = stored.link("standard", *options, f"--quirk={name}")
    expected = stored.expected
    assert quirky != standard
    if isinstance(expected, str):
        assert quirky.errors[0].startswith(expected)
        return
    seed, alone = sections(expected), sections(quirky.module)
    before = {} if standard.module is None else sections(standard.module)
    for section in case.sections:
        assert alone[section] == seed[section]
        assert before.get(section) != seed[section]

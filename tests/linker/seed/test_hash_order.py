"""The order of Zig's hash map, from what INDEX.md beside the stored cases says of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from linker.format import model
from linker.format.parse import parse
from linker.seed.hash_order import HashTable, Location, location_hash
from tests.linker.seed.goldens import golden

LOCATIONS = st.tuples(st.none() | st.integers(0, 65535), st.integers(0, 2**32 - 1))


def in_order(locations: list[Location]) -> list[Location]:
    table = HashTable()
    for location in locations:
        table.add(location)
    return table.in_order()


@given(LOCATIONS)
def test_a_hash_has_64_bits(location: Location) -> None:
    assert 0 <= location_hash(location) < 1 << 64


@given(st.lists(LOCATIONS))
def test_every_key_comes_once(locations: list[Location]) -> None:
    assert sorted(in_order(locations), key=repr) == sorted(set(locations), key=repr)


@given(st.lists(LOCATIONS, min_size=1))
def test_a_key_that_is_removed_is_gone(locations: list[Location]) -> None:
    table = HashTable()
    for location in locations:
        table.add(location)
    table.remove(locations[0])
    assert locations[0] not in table.in_order()
    assert len(table.in_order()) == len(set(locations)) - 1


def test_the_order_of_forty_imports() -> None:
    stored = golden("import_order_40")
    linking = parse(stored.files["a.o"], "a.o").find(model.LinkingSection)
    output = parse(stored.files["out.wasm"], "out.wasm").find(model.ImportSection)
    assert linking is not None
    assert output is not None
    symbols = linking.symbols
    undefined = [(0, n) for n, symbol in enumerate(symbols) if symbol.is_undefined]
    ordered = [symbols[index].name for _, index in in_order([*undefined])]
    assert ordered == [entry.name for entry in output.imports]
    assert len(ordered) == 40

"""A fingerprint says which divergences are one finding."""

from __future__ import annotations

import dataclasses

import pytest

from harness.divergence import Divergence, Severity
from harness.fingerprints import DivergenceFound, Fingerprint, failure_class, fingerprint

BASE = Divergence(
    key="data.address.unaligned",
    sides=(("a",), ("b", "c")),
    severity=Severity.MEDIUM,
    detail="cell3 at 0x10006",
    rule="Linking.md",
)


def test_detail_severity_and_order_of_names_do_not_matter() -> None:
    """What a generator drew, and the order in which linkers were named, make no new finding."""
    other = dataclasses.replace(
        BASE, sides=(("a",), ("c", "b")), detail="cell9 at 0x20", severity=Severity.LOW
    )
    assert fingerprint(other) == fingerprint(BASE)


def test_sides_and_key_do_matter() -> None:
    others = [
        dataclasses.replace(BASE, sides=(("b", "c"), ("a",))),
        dataclasses.replace(BASE, sides=(("a",), ("b",))),
        dataclasses.replace(BASE, key="data.address.overlap"),
    ]
    assert len({fingerprint(x) for x in [BASE, *others]}) == 4


def test_where_someone_is_blamed_the_others_do_not_matter() -> None:
    """Which right linkers could take part differs from case to case."""
    blamed = dataclasses.replace(BASE, blamed=("a",))
    with_fewer = dataclasses.replace(blamed, sides=(("a",), ("b",)))
    assert fingerprint(with_fewer) == fingerprint(blamed)
    assert fingerprint(blamed) == Fingerprint(BASE.key, (("a",), ()))


@pytest.mark.parametrize(
    "key",
    [
        "data",
        "data.address.0x10006",
        "symbol.missing.f12",
        "data.content.17",
        "Data.content",
        "data..content",
        "data.content of x",
    ],
)
def test_a_key_with_something_drawn_in_it_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="not the key"):
        fingerprint(dataclasses.replace(BASE, key=key))


@pytest.mark.parametrize(
    "key",
    [
        "relocation.memory-addr-leb64.i32",
        "crash.panic.Object.parseRelocations",
        "crash.exception.keyerror.relocate.write_u32",
        "crash",
    ],
)
def test_widths_and_places_in_source_are_no_drawn_things(key: str) -> None:
    assert fingerprint(dataclasses.replace(BASE, key=key)).key == key


def test_a_class_each_and_always_the_same() -> None:
    """hypothesis tells failures apart by their class."""
    one = failure_class(fingerprint(BASE))
    two = failure_class(fingerprint(dataclasses.replace(BASE, key="data.address.overlap")))
    assert one is failure_class(fingerprint(BASE))
    assert one is not two
    assert issubclass(one, DivergenceFound)
    assert one.__name__ == "DataAddressUnaligned_" + fingerprint(BASE).id.rpartition("-")[2]
    assert one(BASE).fingerprint == fingerprint(BASE)


def test_ids_are_stable_and_fit_for_folders() -> None:
    """Ids are in the paths of stored findings: they must not change between releases."""
    assert fingerprint(BASE).id == "data-address-unaligned-19922e43"
    assert str(fingerprint(BASE)) == "data.address.unaligned: a | b, c"

"""Target features: Linking.md, "Target Features Section"."""

from __future__ import annotations

import pytest

from linker.format import model
from tests.linker.assemble import assemble
from tests.linker.conftest import Linker
from tests.linker.linked import Linked
from tests.linker.objects import (
    EXPORTED,
    LOCAL,
    TLS,
    data,
    features,
    function,
    returning,
    word,
)


def unit(*names: str) -> bytes:
    return assemble(function("f", flags=LOCAL), *([features(*names)] if names else []))


def used(linked: Linked) -> list[str]:
    section = linked.file.find(model.TargetFeaturesSection)
    return [entry.prefix + entry.name for entry in section.features] if section else []


@pytest.mark.parametrize(
    ("objects", "options", "output"),
    [
        ([[]], "", []),
        ([["+simd128"]], "", ["+simd128"]),
        ([["+simd128"], ["+atomics"]], "", ["+atomics", "+simd128"]),
        ([["+simd128"], ["+simd128"]], "", ["+simd128"]),
        ([["-simd128"], ["+atomics"]], "", ["+atomics"]),
        ([["+simd128"], []], "", ["+simd128"]),
        ([["+x"]], "--features=x,y", ["+x", "+y"]),
        ([[]], "--features=y,x", ["+x", "+y"]),
        ([["+x"]], "--extra-features=y", ["+x", "+y"]),
        ([["+x"]], "--features=y --no-check-features", ["+y"]),
        ([["+x"], ["-x"]], "--no-check-features", ["+x"]),
        ([["+x"]], "--features=x --extra-features=z", ["+x", "+z"]),
        ([["+x"]], "--strip-all", []),
        ([["+x"]], "--strip-all --keep-section=target_features", ["+x"]),
        ([["+x"]], "--strip-debug", ["+x"]),
    ],
)
def test_features_of_the_output(
    link: Linker, objects: list[list[str]], options: str, output: list[str]
) -> None:
    assert used(link(*(unit(*names) for names in objects), options=options)) == output


@pytest.mark.parametrize(
    ("objects", "options", "message"),
    [
        (
            [["+x"], ["-x"]],
            "",
            "Target feature 'x' used in a.o is disallowed by b.o."
            " Use --no-check-features to suppress.",
        ),
        (
            [["-x"], ["+x"]],
            "",
            "Target feature 'x' used in b.o is disallowed by a.o."
            " Use --no-check-features to suppress.",
        ),
        ([["+x"]], "--features=y", "Target feature 'x' used by a.o is not allowed."),
        (
            [["+atomics"]],
            "--shared-memory",
            "'bulk-memory' feature must be used in order to use shared memory",
        ),
        (
            [["-shared-mem", "+atomics", "+bulk-memory"]],
            "--shared-memory",
            "--shared-memory is disallowed by a.o because it was not compiled with 'atomics' or"
            " 'bulk-memory' features.",
        ),
    ],
)
def test_features_that_do_not_fit(
    link: Linker, objects: list[list[str]], options: str, message: str
) -> None:
    refusal = link.refusal(*(unit(*names) for names in objects), options=options)
    assert refusal == message


@pytest.mark.parametrize("prefix", ["!", "="])
def test_other_prefixes_are_malformed(link: Linker, prefix: str) -> None:
    # Older editions of Linking.md had "=" too.
    message = link.malformed(unit(f"{prefix}x"))
    assert "unknown feature policy prefix" in message
    assert f"prefix {ord(prefix):#x}" in message


def test_thread_local_data_needs_features(link: Linker) -> None:
    tls = assemble(data("x", word(1), segment=".tdata.x", flags=EXPORTED | TLS))
    assert link.refusal(tls).splitlines() == [
        f"'{name}' feature must be used in order to use thread-local storage"
        for name in ("atomics", "bulk-memory")
    ]
    link(tls, unit("+atomics", "+bulk-memory"))
    link(tls, options="--no-check-features")


def test_unused_thread_local_data_needs_none(link: Linker) -> None:
    link(assemble(data("x", word(1), segment=".tdata.x", flags=TLS)))


def test_several_complaints_come_together(link: Linker) -> None:
    refusal = link.refusal(unit("+x", "+y"), unit("-x", "-y"))
    assert len(refusal.splitlines()) == 2


def test_a_feature_that_an_object_forbids_stays_forbidden_in_two_steps(link: Linker) -> None:
    """The output of -r says what its inputs say; wasm-ld forgets it."""
    one = assemble(returning("f", 1, EXPORTED), features("-simd128"))
    two = assemble(returning("g", 2, EXPORTED), features("+simd128"))
    combined = link(one, options="-r", departs=True).module
    assert "'simd128' used in b.o is disallowed by a.o" in link.refusal(combined, two)

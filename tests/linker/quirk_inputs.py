"""Objects and archives in which a departure of wasm-ld shows, where making one takes lines."""

from __future__ import annotations

from collections.abc import Callable

from linker.format import model
from linker.format.encode import encode
from linker.format.parse import parse
from strategies.choices import Record
from strategies.malformed import OBJECT_DAMAGES
from tests.linker.assemble import assemble
from tests.linker.objects import (
    DROP,
    EXPORTED,
    I32,
    NO_STRIP,
    TO_I32,
    WEAK,
    Declaration,
    Part,
    R,
    Site,
    address,
    call,
    call_indirect,
    const,
    data,
    function,
    function_pointer,
    returning,
    signature,
    undefined_function,
    undefined_table,
)


def first_use(name: str, flags: int) -> bytes:
    return assemble(undefined_function(name, flags=flags, import_name=name))


def many_types() -> bytes:
    """A block of a type with a high index."""
    calls: list[Part] = []
    for count in range(1, 65):
        calls += [
            *([const(0)] * count),
            *function_pointer("x"),
            *call_indirect(signature([I32] * count)),
        ]
    block = signature((), [I32, I32])
    return assemble(
        undefined_table(),
        function("x"),
        function("f", *calls, flags=EXPORTED),
        function(
            "g",
            b"\x02",
            Site(R.TYPE_INDEX_LEB, signature=block),
            const(1),
            const(2),
            b"\x0b",
            DROP,
            DROP,
            flags=EXPORTED,
        ),
    )


def two_groups() -> tuple[bytes, ...]:
    return tuple(
        assemble(returning("f", value, WEAK, comdat="group"), data("x", b"1", comdat="group"))
        for value in (1, 2)
    )


def weak_user(reference: Declaration, use: Callable[[str], list[Part]]) -> bytes:
    """An object that refers weakly to `x`."""
    return assemble(reference, function("user", use("x"), flags=NO_STRIP))


def address_only(name: str) -> list[Part]:
    return [*address(name), DROP]


def damaged(name: str) -> bytes:
    """An object with one thing wrong, of the catalogue of the malformed lane."""
    unit = assemble(function("f", flags=EXPORTED), data("x", b"1", flags=NO_STRIP))
    damage = next(damage for damage in OBJECT_DAMAGES if damage.name == name)
    content = damage.apply(parse(unit, "a.o"), Record(b""))
    assert content is not None
    return content


def relocated_twice() -> bytes:
    """`f` calls a function that answers 1, or 2: two relocations say so, of the same bytes."""
    file = parse(
        assemble(
            returning("one", 1),
            returning("two", 2),
            function("f", call("one"), type=TO_I32, flags=EXPORTED),
        ),
        "",
    )
    section = file.find(model.RelocationSection)
    assert section is not None
    (relocation,) = section.relocations
    section.relocations.append(relocation._replace(index=1))
    return encode(file)

"""What the tests of single departures are written with: objects changed, outputs asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from linker.driver import LinkOutput
from linker.format import model
from linker.format.encode import encode
from linker.format.expression import global_get, i32_const
from linker.format.model import ObjectFile
from linker.format.parse import parse
from tests.linker.examples import linked
from tests.linker.linked import Linked

STACK = 65536
Predicate = Callable[[LinkOutput], bool]


@dataclass(frozen=True)
class Example:
    files: tuple[bytes, ...]
    options: str
    is_right: Predicate
    is_seeds: Predicate


def fails(text: str) -> Predicate:
    return lambda output: bool(output.errors) and text in output.errors[0]


def runs(name: str, value: int) -> Predicate:
    return lambda output: linked(output).run(name) == value


def shows(question: Callable[[Linked], object], answer: object) -> Predicate:
    return lambda output: question(linked(output)) == answer


def imports(*names: str) -> Predicate:
    return shows(lambda found: found.imports, list(names))


def exports(*names: str) -> Predicate:
    return shows(lambda found: found.exports, list(names))


def functions(*names: str) -> Predicate:
    return shows(lambda found: found.functions, list(names))


def changed(content: bytes, change: Callable[[ObjectFile], None]) -> bytes:
    file = parse(content, "object")
    change(file)
    return encode(file)


def name_segment_memory(file: ObjectFile) -> None:
    section = file.find(model.DataSection)
    assert section is not None
    section.segments = [entry._replace(flags=2) for entry in section.segments]


def name_element_table(file: ObjectFile) -> None:
    segment = model.ElementSegment(2, 0, i32_const(1), 0, (0,))
    place = next(n for n, e in enumerate(file.sections) if isinstance(e, model.CodeSection))
    file.sections.insert(place, model.ElementSection([segment]))
    for section in file.sections:
        if isinstance(section, model.RelocationSection):
            section.target += 1


def pad_bodies(file: ObjectFile) -> None:
    section = file.find(model.CodeSection)
    assert section is not None
    section.functions = [entry._replace(size_width=5) for entry in section.functions]


def initialise_from_import(file: ObjectFile) -> None:
    section = file.find(model.GlobalSection)
    assert section is not None
    section.globals = [entry._replace(init=global_get(0)) for entry in section.globals]


def initial_values(found: Linked) -> list[bytes]:
    """The initial values behind that of the stack pointer."""
    section = found.file.find(model.GlobalSection)
    assert section is not None
    return [entry.init.body for entry in section.globals[1:]]


def shifted(content: bytes, by: int) -> bytes:
    """The object with all relocations further on."""

    def shift(file: ObjectFile) -> None:
        section = file.find(model.RelocationSection)
        assert section is not None
        section.relocations = [
            entry._replace(offset=entry.offset + by) for entry in section.relocations
        ]

    return changed(content, shift)


def body_widths(found: Linked) -> list[int]:
    code = found.file.find(model.CodeSection)
    assert code is not None
    return [entry.size_width for entry in code.functions]


def size_width(found: Linked) -> int:
    section = found.file.find(model.TypeSection)
    assert section is not None
    return section.size_width


def name_subsections(found: Linked) -> list[int]:
    section = found.file.find(model.NameSection)
    return [kind for kind, _, _ in section.subsections] if section is not None else []


def body_count(found: Linked) -> int:
    code = found.file.find(model.CodeSection)
    return len(code.functions) if code is not None else 0


def contents(found: Linked) -> list[bytes]:
    return [segment.content for segment in found.segments]


def segment_info(found: Linked) -> list[tuple[str, int]]:
    return [(entry.name, int(entry.flags)) for entry in found.linking.segments]


def address_operand(found: Linked) -> bytes:
    return found.body("f")[2:7]


def number_of_segment(name: str) -> Callable[[Linked], object]:
    def question(found: Linked) -> object:
        reference = found.symbol(name).data
        return None if reference is None else reference.segment

    return question


def in_module(text: bytes) -> Predicate:
    return lambda output: output.module is not None and text in output.module


def not_in_module(text: bytes) -> Predicate:
    return lambda output: output.module is not None and text not in output.module

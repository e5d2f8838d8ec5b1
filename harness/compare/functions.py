"""Functions by name, their bodies by meaning, and the table's entries by function name."""

from __future__ import annotations

from harness.compare.comparison import Comparison
from harness.compare.inputs import Inputs
from harness.compare.instructions import Operand, OperandKind
from harness.compare.interface import SIDES, same_function
from harness.compare.layout import same_layout
from harness.compare.resolve import ADDRESS, SLOT, Resolution
from harness.compare.view import View, canonical, render_type
from linker.format.model import FunctionType

# Functions that linkers make themselves, each in its own way.
SYNTHETIC = frozenset(
    (
        "__wasm_call_ctors",
        "__wasm_init_memory",
        "__wasm_init_tls",
        "__wasm_apply_data_relocs",
        "__wasm_apply_global_relocs",
        "__wasm_apply_tls_relocs",
        "__wasm_apply_global_tls_relocs",
        "__wasm_start",
    )
)
LINKING_RELOCATIONS = "Linking.md, Relocation Sections"
SYMBOLS = "Linking.md, Symbol Table"


def compare_function_sets(
    first: View, second: View, aliases: dict[str, frozenset[str]], comparison: Comparison
) -> None:
    """Which functions are there at all; needs a name section in both."""
    if not (first.has_function_names and second.has_function_names):
        if first.has_function_names != second.has_function_names:
            comparison.add("name.missing", "only one module names its functions")
        return
    sides = [view.function_names[view.imported_functions :] for view in (first, second)]
    sets = [set(side) for side in sides]
    for here, there in ((0, 1), (1, 0)):
        for name in sides[here]:
            # One module may write one of a function's names, and the other another.
            if name in sets[there] or aliases.get(name, frozenset()) & sets[there]:
                continue
            key = "function.missing.defined"
            if name in SYNTHETIC:
                key = "function.missing.synthetic"
            elif "signature_mismatch:" in name or "undefined_weak:" in name:
                key = "function.missing.stub"
            elif name.endswith(".command_export"):
                key = "function.missing.wrapper"
            subject = name.removesuffix(".command_export")
            comparison.add(key, f"{name} is only in {SIDES[here]}", subject=subject)
    common = [[n for n in side if n in sets[0] and n in sets[1]] for side in sides]
    if common[0] != common[1]:
        comparison.add("function.order", "the same functions stand in another order")


def _meaning(view: View, operand: Operand) -> str:
    """An operand as text, indices by what they stand for."""
    kind, value = operand.kind, operand.value
    if kind is OperandKind.FUNCTION:
        return view.function_name(value)
    if kind is OperandKind.TYPE:
        return view.type_text(value)
    if kind is OperandKind.GLOBAL:
        return view.global_name(value)
    if kind is OperandKind.TABLE:
        return view.table_name(value)
    if kind is OperandKind.TAG:
        return view.tag_name(value)
    return str(value)


def _same_operand(
    first: View, second: View, one: Operand, two: Operand, aliases: dict[str, frozenset[str]]
) -> bool:
    left, right = _meaning(first, one), _meaning(second, two)
    if left == right:
        return True
    if one.kind is OperandKind.FUNCTION:
        return same_function(left, right, aliases)
    # A place that only one module names: nothing says that they differ.
    if one.kind in (OperandKind.GLOBAL, OperandKind.TAG, OperandKind.TABLE):
        return left.startswith("(") or right.startswith("(")
    return False


class Renaming:
    """Numbers in code that differ between the modules, and whether they do so consistently.

    Without the input's relocations nothing says which constants are addresses. Two layouts
    rename addresses one to one; a number that is renamed in two ways is a difference, and
    so is any number that differs where the layout is the same.
    """

    LOWEST_ADDRESS = 1024

    def __init__(self, same_layout: bool) -> None:
        self.same_layout = same_layout
        self.forward: dict[int, int] = {}

    def accept(self, one: int, two: int) -> bool:
        """Whether the first module's number may be the second's, given those before it."""
        if one == two and one < self.LOWEST_ADDRESS:
            return True
        if one != two and self.same_layout:
            return False
        return self.forward.setdefault(one, two) == two


def compare_bodies(
    first: Resolution, second: Resolution, inputs: Inputs, comparison: Comparison
) -> None:
    """Types and bodies of the functions that both modules name alike."""
    views = first.view, second.view
    renaming = None
    if not inputs.objects:
        renaming = Renaming(same_layout(first.view.module, second.view.module))
    for name, (opcodes, operands) in first.bodies.items():
        size = _body_size(first, name)
        other = second.bodies.get(name)
        named = not name.startswith("(")
        comparison.first.add(size, compared=other is not None and named)
        if other is None or not named:
            continue
        comparison.second.add(_body_size(second, name))
        types = [render_type(_type_of(view, name)) for view in views]
        if types[0] != types[1]:
            comparison.add("function.type", f"{name}: {types[0]} and {types[1]}")
        if _different_definitions(first, second, name):
            places = [r.function_choice[name].place + 1 for r in (first, second)]
            detail = f"{name}: the definition of object {places[0]} and of object {places[1]}"
            comparison.add("symbol.definition.function", detail, SYMBOLS, subject=name)
        elif opcodes != other[0] or len(operands) != len(other[1]):
            kind = "synthetic" if name in SYNTHETIC else "instructions"
            comparison.add(f"function.body.{kind}", f"{name}: other instructions", subject=name)
        else:
            _compare_operands(first, second, name, inputs, renaming, comparison)
    for name in second.bodies:
        if name not in first.bodies or name.startswith("("):
            comparison.second.add(_body_size(second, name), compared=False)


def _body_size(resolution: Resolution, name: str) -> int:
    view = resolution.view
    return len(view.bodies[view.function_index[name] - view.imported_functions])


def _type_of(view: View, name: str) -> FunctionType | None:
    return view.function_types[view.function_index[name]]


def _different_definitions(first: Resolution, second: Resolution, name: str) -> bool:
    one, two = first.function_choice.get(name), second.function_choice.get(name)
    return one is not None and two is not None and one.place != two.place


def _compare_operands(
    first: Resolution,
    second: Resolution,
    name: str,
    inputs: Inputs,
    renaming: Renaming | None,
    comparison: Comparison,
) -> None:
    ours, theirs = first.bodies[name][1], second.bodies[name][1]
    definition = first.function_choice.get(name) or second.function_choice.get(name)
    known = definition is not None
    if definition is None:
        candidates = inputs.functions.get(name.partition("#")[0], [])
        definition = candidates[0] if candidates else None
    sites = definition.sites if definition is not None else {}
    for number, (one, two) in enumerate(zip(ours, theirs, strict=True)):
        site = sites.get(number)
        if site is not None and (site.type in ADDRESS or site.type in SLOT):
            # The address or slot that this gives the symbol is judged with the symbol.
            continue
        number_like = one.kind in (OperandKind.CONSTANT, OperandKind.OFFSET)
        if renaming is not None and number_like:
            same = renaming.accept(one.value, two.value)
        else:
            same = _same_operand(first.view, second.view, one, two, inputs.aliases)
        if same:
            continue
        if site is not None and one.kind is OperandKind.CONSTANT:
            # Relative and thread-local addresses: numbers of each linker's own layout.
            continue
        kind = "synthetic" if name in SYNTHETIC else one.kind.value
        texts = _meaning(first.view, one), _meaning(second.view, two)
        if any(text.startswith("undefined_weak:") for text in texts):
            kind = "weak-undefined"
        if definition is not None and not known and number_like:
            continue
        comparison.add(
            f"function.body.{kind}",
            f"{name}: {one.kind.value} {texts[0]} and {texts[1]}",
            LINKING_RELOCATIONS,
            subject=name,
        )
        return


def check_calls(side: str, resolution: Resolution, inputs: Inputs, comparison: Comparison) -> None:
    """Every call goes to a function that is a definition of the symbol it names."""
    view = resolution.view
    if not view.has_function_names:
        return
    for (key, index), caller in resolution.calls.items():
        definitions = inputs.functions.get(canonical(key[1]), [])
        if key[0] >= 0:
            definitions = [d for d in definitions if d.place == key[0]]
        # Without a definition it is an import or made by the linker; `--wrap` renames.
        if not definitions or index < view.imported_functions:
            continue
        target = view.function_name(index)
        if _leads_to(key[1], target, inputs) or _leads_to(f"__wrap_{key[1]}", target, inputs):
            continue
        # A function that no input defines comes from the linker: nothing says what it is.
        if target.partition("#")[0] not in inputs.functions:
            continue
        body = resolution.bodies.get(target)
        if body is not None and any(d.opcodes == body[0] for d in definitions):
            continue
        detail = f"{side}: {caller} calls {key[1]}, and gets {target}"
        comparison.add("function.call.wrong", detail, LINKING_RELOCATIONS, side, caller)


def compare_slots(
    first: Resolution, second: Resolution, inputs: Inputs, comparison: Comparison
) -> None:
    """Table entries: what a function's table index leads to, in each module and in both."""
    for side, resolution in zip(SIDES, (first, second), strict=True):
        _check_slots(side, resolution, inputs, comparison)
    if not inputs.objects:
        one, two = first.view.slots, second.view.slots
        if sorted(one.values()) != sorted(two.values()):
            only = set(one.values()) ^ set(two.values())
            detail = f"other functions are in the table: {', '.join(sorted(only)[:5])}"
            comparison.add("table.entry.functions", detail)
        elif one != two:
            comparison.add("table.order", "the same functions have other indices")
        return
    for key, slots in first.slots.items():
        others = second.slots.get(key)
        if not others or len(slots) != 1 or len(others) != 1:
            continue
        found = [r.view.slots.get(next(iter(s)), "") for r, s in ((first, slots), (second, others))]
        if bool(found[0]) != bool(found[1]):
            view = first.view if found[0] else second.view
            if _is_import(view, found[0] or found[1]):
                detail = f"{key[1]}: {found[0] or 'null'} and {found[1] or 'null'}"
                comparison.add("table.entry.imported", detail, subject=key[1])
        elif not same_function(found[0], found[1], inputs.aliases):
            detail = f"{key[1]}: {found[0]} and {found[1]}"
            comparison.add("table.entry.function", detail, subject=key[1])


def _check_slots(side: str, resolution: Resolution, inputs: Inputs, comparison: Comparison) -> None:
    """One function has one slot, which is not null and leads to that function."""
    if resolution.view.has_unplaced_elements:
        return
    for key, slots in resolution.slots.items():
        name = key[1]
        if len(slots) > 1:
            detail = f"{side}: {name} has the table indices {sorted(slots)}"
            comparison.add("table.entry.several", detail, LINKING_RELOCATIONS, side, name)
            continue
        slot = next(iter(slots))
        target = resolution.view.slots.get(slot)
        if target is None:
            # An undefined function may be left null, if the options allow it at all.
            if key not in resolution.may_be_null and canonical(name) in inputs.functions:
                detail = f"{side}: {name} has table index {slot}, where no function is"
                comparison.add("table.entry.null", detail, LINKING_RELOCATIONS, side, name)
        elif key in resolution.may_be_null and canonical(name) not in inputs.functions:
            # Nothing defines it: it is null, or an import of that name.
            if not _leads_to(name, target, inputs) and not _is_import(resolution.view, target):
                detail = f"{side}: {name}, which nothing defines, is {target}"
                comparison.add(
                    "table.entry.weak-undefined", detail, LINKING_RELOCATIONS, side, name
                )
        elif target.startswith("("):
            # A module without names does not say where its slots lead.
            continue
        elif canonical(name) in inputs.functions and not _leads_to(name, target, inputs):
            detail = f"{side}: table index {slot} of {name} is {target}"
            comparison.add("table.entry.wrong", detail, LINKING_RELOCATIONS, side, name)


def _is_import(view: View, target: str) -> bool:
    index = view.function_index.get(target)
    return index is not None and index < view.imported_functions


def _leads_to(name: str, target: str, inputs: Inputs) -> bool:
    name = canonical(name)
    if same_function(name, target, inputs.aliases):
        return True
    # Stubs for other signatures, and wrappers, keep the name as a part of theirs.
    plain = target.partition("#")[0]
    return plain.endswith(f":{name}") or plain.removesuffix(".command_export") == name

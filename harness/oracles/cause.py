"""Why a probe fails: told from the case's inputs and the wrong output, for the key.

A probe often folds several terms into one number. So the cause is sought in the output: which
symbol that the probe reaches did the linker treat wrongly? Only where nothing is found do the
relocations of the probe itself have to do.
"""

from __future__ import annotations

from typing import NamedTuple

from harness.compare import Comparison, Difference, compare_modules
from harness.compare.inputs import Inputs, R, Site, as_files, read_inputs
from harness.compare.view import canonical
from harness.oracles.context import Build, Situation
from linker.format.constants import SymbolKind

_GROUPS = {
    SymbolKind.FUNCTION: "function",
    SymbolKind.DATA: "data",
    SymbolKind.GLOBAL: "global",
    SymbolKind.SECTION: "section",
    SymbolKind.TAG: "tag",
    SymbolKind.TABLE: "table",
}
# Differences of these kinds have no effect on what a program computes.
_WITHOUT_EFFECT = ("name.", "section.", "memory.", "table.minimum", "global.", "function.missing")


def inputs_of(situation: Situation) -> Inputs:
    """The definitions in the case's files."""
    files = [(file.name, file.content) for file in situation.case.files]
    return read_inputs(as_files(files))


def _sites_of(inputs: Inputs, name: str) -> list[Site]:
    found = [s for d in inputs.functions.get(canonical(name), []) for s in d.sites.values()]
    found.extend(s for d in inputs.data_by_name.get(canonical(name), []) for s in d.sites)
    return found


def reachable(inputs: Inputs, export: str) -> dict[str, int]:
    """The symbols that an exported function refers to, over others too, and how far away."""
    distance = {canonical(export): 0}
    frontier = [canonical(export)]
    while frontier:
        following = []
        for name in frontier:
            for site in _sites_of(inputs, name):
                target = canonical(site.symbol[1])
                if target not in distance:
                    distance[target] = distance[name] + 1
                    following.append(target)
        frontier = following
    return distance


def _explains(difference: Difference, distance: dict[str, int]) -> bool:
    if difference.key.startswith(_WITHOUT_EFFECT):
        return False
    # The second module is the wrong one: what the first does by itself is no cause.
    return difference.wrong != "first" and canonical(difference.subject) in distance


def _compare(situation: Situation, wrong: Build, right: Build | None) -> Comparison:
    files = [(file.name, file.content) for file in situation.case.files]
    base = right if right is not None else wrong
    return compare_modules(base.module, wrong.module, files)


def _definition_kind(inputs: Inputs, name: str) -> str:
    """How the definitions of a function relate: several of one name are the usual cause."""
    count = len(inputs.functions.get(canonical(name), []))
    return "several-definitions" if count > 1 else "one-definition" if count else "undefined"


def _by_relocation(inputs: Inputs, export: str) -> str:
    groups = set()
    for site in _sites_of(inputs, export):
        if site.kind is SymbolKind.FUNCTION and site.type is R.FUNCTION_INDEX_LEB:
            groups.add(f"call.{_definition_kind(inputs, site.symbol[1])}")
        elif site.kind is SymbolKind.FUNCTION:
            groups.add("function-pointer")
        else:
            groups.add(_GROUPS[site.kind])
    if len(groups) > 1:
        return "several"
    return groups.pop() if groups else "nothing"


class Cause(NamedTuple):
    """Why an export misbehaves.

    Attributes:
        key: a part of a key.
        decided: the cause shows that the output is wrong by itself.
    """

    key: str
    decided: bool

    def with_symptom(self, how: str) -> str:
        """The key of the divergence; `how` is how it shows.

        A cause found in the output ("data.address.unaligned") says all: how the probe fails
        is chance. Where none is found, the symptom is needed.
        """
        if self.key.startswith("probe."):
            return f"behaviour.{self.key}.{how}"
        return f"behaviour.{self.key}"


def probe_cause(situation: Situation, export: str, wrong: Build, right: Build | None) -> Cause:
    """Why an export misbehaves in `wrong`: "probe." and what it refers to if nothing is found.

    `right` is an output in which it behaves, if there is one. Of several causes the one
    nearest to the probe is taken, then the worst.
    """
    inputs = inputs_of(situation)
    distance = reachable(inputs, export)
    comparison = _compare(situation, wrong, right)
    found = [d for d in comparison.differences if _explains(d, distance)]
    if found:
        nearest = min(found, key=lambda d: (-d.severity, distance[canonical(d.subject)], d.key))
        return Cause(nearest.key, bool(nearest.wrong))
    return Cause(f"probe.{_by_relocation(inputs, export)}", False)

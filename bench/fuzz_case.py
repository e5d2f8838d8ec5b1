"""The cost of a fuzz case, over the cost of starting wasm-ld once on the same inputs."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from hypothesis import Phase

from harness.adapters.discover import find
from harness.linking import Workplace
from harness.minimise import draw_chunk
from harness.oracles.judge import Bench, start
from harness.running import run
from strategies import link_cases

if TYPE_CHECKING:
    from strategies.case import LinkCase

STAGES = ("generate", "link", "judge")
# hypothesis, wasmtime and the linker are loaded with the first cases.
WARM_UP = 20


@dataclass(frozen=True)
class CaseCost:
    """Milliseconds of one case: by stage, and of wasm-ld alone."""

    stages: dict[str, float]
    bare: float

    @property
    def ratio(self) -> float:
        return sum(self.stages.values()) / self.bare


def measure(cases: int, seed: int) -> list[CaseCost]:
    """Runs cases as `weldcheck fuzz` does with the reference and wasm-ld, one worker.

    wasm-ld alone is started on every case in between, so that both see the same machine.
    """
    linkers = [find("reference"), find("lld-22")]
    wasm_ld = linkers[1]
    costs: list[CaseCost] = []
    with Workplace() as place, Bench() as bench:
        clock = time.perf_counter()

        def body(case: LinkCase) -> None:
            nonlocal clock
            times = [clock, time.perf_counter()]
            results = place.link(case, linkers)
            times.append(time.perf_counter())
            start(case, results, linkers, bench).finish()
            times.append(time.perf_counter())
            output = place.folder / "bare.wasm"
            command = wasm_ld.command_line(case, place.case_folder, output)
            before = time.perf_counter()
            run(command, place.case_folder, wasm_ld.environment(place.case_folder), place.limits)
            bare = 1000 * (time.perf_counter() - before)
            stages = {
                stage: 1000 * (after - before)
                for stage, before, after in zip(STAGES, times, times[1:], strict=False)
            }
            costs.append(CaseCost(stages, bare))
            clock = time.perf_counter()

        draw_chunk(link_cases(), seed, cases + WARM_UP, body, Phase.generate)
    return costs[WARM_UP:]


def report(cases: int = 300, seed: int | None = None) -> float:
    """Prints the table; answers the median of a case's cost over wasm-ld's start."""
    seed = random.randrange(1 << 32) if seed is None else seed
    costs = measure(cases, seed)
    print(f"a fuzz case, reference and wasm-ld 22, {len(costs)} cases, seed {seed}")
    for stage in STAGES:
        print(f"  {stage:10} {median(cost.stages[stage] for cost in costs):7.2f} ms")
    whole = median(sum(cost.stages.values()) for cost in costs)
    bare = median(cost.bare for cost in costs)
    ratio = median(cost.ratio for cost in costs)
    print(f"  {'whole':10} {whole:7.2f} ms")
    print(f"  {'wasm-ld':10} {bare:7.2f} ms, started once on the same inputs")
    print(f"  ratio      {ratio:7.2f}    (median of whole / wasm-ld, case by case)")
    return ratio

"""Links mutated inputs in little memory: `python -m tests.linker.inputs.mutation_run COUNT SEED`.

Prints how many inputs linked, were refused, and gave something else, with one line for each kind
of the latter. A process of its own, so that the limit holds for the linker alone.
"""

from __future__ import annotations

import random
import resource
import signal
import sys
import traceback
from collections import Counter
from types import FrameType

from hypothesis import Phase

from harness.linking import reader
from harness.minimise import draw_chunk
from linker.driver import run
from strategies.case import LinkCase
from strategies.cases import link_cases
from strategies.malformed import ALL_DAMAGES, damage_case
from strategies.malformed.cases import BLIND, RECORD_BYTES
from strategies.malformed.mutations import RECORD_BYTES as CHANGE_BYTES

MEMORY = 1 << 30
SECONDS = 20
# Making a case costs more than linking it: each is mutated this often.
MUTATIONS_OF_A_CASE = 25
CHUNK = 100
CATALOGUE = [name.removeprefix("malformed.") for name in ALL_DAMAGES]


class TooSlow(BaseException):
    """The linker took longer than SECONDS; no Exception, so that nothing takes it."""


def ring(number: int, frame: FrameType | None) -> None:
    raise TooSlow


def mutated(case: LinkCase, source: random.Random) -> LinkCase:
    """The case with one damage of the malformed lane, or with a few bytes changed blindly."""
    name = source.choice((*CATALOGUE, *(BLIND,) * len(CATALOGUE)))
    changes = [source.randbytes(CHANGE_BYTES) for _ in range(source.choice((1, 1, 2, 4)))]
    return damage_case(case, name, source.randbytes(RECORD_BYTES), changes)


def outcome(case: LinkCase, dialect: str) -> str:
    """ "linked" or "refused"; or where an exception came from."""
    signal.alarm(SECONDS)
    try:
        output = run((*case.arguments, "-o", "out.wasm"), reader(case), dialect)
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {place.name} ({place.filename}:{place.lineno})"
    finally:
        signal.alarm(0)
    if output.module is not None:
        return "linked"
    return "refused" if output.errors else "refused without an error"


def main() -> None:
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, ring)
    source = random.Random(seed)
    outcomes: Counter[str] = Counter()

    def body(case: LinkCase) -> None:
        for _ in range(min(MUTATIONS_OF_A_CASE, count - outcomes.total())):
            dialect = source.choice(("standard", "lld-22"))
            outcomes[outcome(mutated(case, source), dialect)] += 1

    while outcomes.total() < count:
        draw_chunk(
            link_cases(avoid=("steps",)), source.randrange(1 << 32), CHUNK, body, Phase.generate
        )
    for name, number in sorted(outcomes.items()):
        print(f"{number} {name}")


if __name__ == "__main__":
    main()

"""Measures and prints; exit status 1 if the reference costs more than it may on real programs."""

from __future__ import annotations

import argparse

from bench import fuzz_case, programs
from tests.programs.build import BUILDERS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--cases", type=int, default=300, help="of the fuzz run; 0: none")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--program", action="append", choices=BUILDERS, metavar="NAME")
    arguments = parser.parse_args()
    if arguments.cases:
        fuzz_case.report(arguments.cases, arguments.seed)
    return 0 if programs.report(arguments.program or programs.PROGRAMS) else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Measures and prints; there are no limits here, machines differ."""

from __future__ import annotations

import argparse

from bench import fuzz_case, programs


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args()
    fuzz_case.report(arguments.cases, arguments.seed)
    programs.report()


if __name__ == "__main__":
    main()

"""Hypothesis strategies that make wasm object files, archives and link cases.

`link_cases()` gives `LinkCase` values: input files, a command line, and what must come of
linking them. `object_files()` and `archives()` give bytes.
"""

from strategies.case import (
    Damaged,
    Expectation,
    HostCalls,
    InputFile,
    LinkCase,
    MustLink,
    MustRefuse,
    Prelink,
    ProbeReturns,
    write_case,
)
from strategies.cases import (
    archives,
    link_cases,
    make_case,
    object_files,
    object_models,
    random_case,
)
from strategies.compiled.cases import CompilerMissing, compiled_cases, random_compiled_case
from strategies.malformed.mutations import mutated, mutated_cases

__all__ = [
    "CompilerMissing",
    "Damaged",
    "Expectation",
    "HostCalls",
    "InputFile",
    "LinkCase",
    "MustLink",
    "MustRefuse",
    "Prelink",
    "ProbeReturns",
    "archives",
    "compiled_cases",
    "link_cases",
    "make_case",
    "mutated",
    "mutated_cases",
    "object_files",
    "object_models",
    "random_case",
    "random_compiled_case",
    "write_case",
]

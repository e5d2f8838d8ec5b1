"""Link cases that are damaged on purpose: the malformed lane.

`malformed_cases()` gives well-formed link cases with one thing wrong, chosen from the
catalogue `CATALOGUE`, or with a few bytes changed blindly. The damage is named by the case's
expectation `Damaged` and by a feature `malformed.NAME`.
"""

from strategies.malformed.cases import (
    ALL_DAMAGES,
    OBJECT_DAMAGES,
    damage_case,
    damage_object,
    malformed_cases,
    random_malformed_case,
)
from strategies.malformed.damage import Damage

__all__ = [
    "ALL_DAMAGES",
    "OBJECT_DAMAGES",
    "Damage",
    "damage_case",
    "damage_object",
    "malformed_cases",
    "random_malformed_case",
]

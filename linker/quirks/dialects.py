"""The dialects: sets of departures, each of which makes another linker of this one."""

from __future__ import annotations

from linker.quirks.lld_22 import LLD_QUIRKS
from linker.quirks.lld_past import OLDEST_LLD, PAST_QUIRKS, absent_from_lld, quirks_of_lld
from linker.quirks.quirk import Quirk
from linker.seed.catalogue import SEED

SEED_QUIRKS: tuple[Quirk, ...] = tuple(Quirk(*entry) for entry in SEED)

QUIRKS: tuple[Quirk, ...] = LLD_QUIRKS + PAST_QUIRKS + SEED_QUIRKS

_LLD_22 = frozenset(quirk.name for quirk in LLD_QUIRKS)

DIALECTS: dict[str, frozenset[str]] = {
    "standard": frozenset(),
    "lld-22": _LLD_22,
    **{
        f"lld-{release}": (_LLD_22 - absent_from_lld(release)) | quirks_of_lld(release)
        for release in reversed(range(OLDEST_LLD, 22))
    },
    "seed": frozenset(quirk.name for quirk in SEED_QUIRKS),
}

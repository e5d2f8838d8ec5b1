"""What a probe is about, told from the case's inputs: the cause in a key."""

from __future__ import annotations

from strategies.case import LinkCase


def probe_cause(case: LinkCase, export: str) -> str:
    return "probe"

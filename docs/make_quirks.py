"""Writes docs/quirks.md from linker/quirks/: run it after adding a quirk.

A test fails while the page is not what this script makes of the code.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "quirks.md"

HEAD = """\
# Quirks and dialects

<!-- Made by docs/make_quirks.py from linker/quirks/: edit that. -->

There is one linker. Without quirks (the dialect `standard`, the default) it does what the tool
convention says ([linking.md](linking.md) says where), and where that is silent what wasm-ld 22
does. A quirk is one departure from that, with one decision point in the code. It is switched on by
itself with `weld-ld --quirk NAME`, or with others as a dialect with `--dialect NAME`; `weld-ld
--list-quirks` prints this list.

Where a linker crashes, the quirk is an error that says so.
"""


def page() -> str:
    """The text of the page."""
    from linker.quirks.dialects import DIALECTS, QUIRKS

    lines = [HEAD, "## Dialects", "", "| dialect | quirks |", "| --- | --- |"]
    for dialect, names in DIALECTS.items():
        shown = ", ".join(f"`{quirk.name}`" for quirk in QUIRKS if quirk.name in names)
        lines.append(f"| `{dialect}` | {shown or 'none'} |")
    lines += ["", "## Quirks", ""]
    for quirk in QUIRKS:
        within = ", ".join(f"`{name}`" for name, names in DIALECTS.items() if quirk.name in names)
        lines += [
            f"### `{quirk.name}`",
            "",
            quirk.description,
            "",
            f"* breaks: {quirk.breaks}",
            f"* origin: {quirk.origin}",
            f"* part of: {within or 'no dialect'}",
            "",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(page(), encoding="utf-8")

"""Settings for every test."""

from __future__ import annotations

import os

# wasm-ld's messages and sort orders are compared as bytes: no locale may change them.
os.environ["LC_ALL"] = "C"

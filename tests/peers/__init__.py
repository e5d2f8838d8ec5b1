"""Tests that others wrote, run with the reference linker next to wasm-ld."""

"""Structural comparison of linked modules, driven by the input's symbols and relocations."""

from harness.compare.comparison import IGNORED, Comparison, Coverage, Difference, render
from harness.compare.modules import compare_modules

__all__ = ["IGNORED", "Comparison", "Coverage", "Difference", "compare_modules", "render"]

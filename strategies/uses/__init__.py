"""Statements that refer to names: each adds a term to a probe, with its value."""

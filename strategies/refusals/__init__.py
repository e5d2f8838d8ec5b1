"""Statements about what a linker must refuse, and what it says of that."""

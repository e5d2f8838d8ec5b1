"""The lanes of a fuzz run: what its cases are like. Apart, since the command line needs no more."""

WELL_FORMED, COMPILED, MALFORMED = "well-formed", "compiled", "malformed"
LANES = (WELL_FORMED, COMPILED, MALFORMED)

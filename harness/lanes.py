"""The lanes of a fuzz run: what its cases are like. Apart, since the command line needs no more."""

WELL_FORMED, COMPILED = "well-formed", "compiled"
LANES = (WELL_FORMED, COMPILED)

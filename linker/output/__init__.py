"""The values of relocations, and the sections of the module in order."""

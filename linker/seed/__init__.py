"""The seed linker's departures that are more than a line in a stage.

Each function here is one rule of the seed (Zig's self-hosted linker of April 2022), chosen in a
stage by the name of its quirk; `linker.seed.catalogue` lists the quirks.
"""

"""Adapters: one linker each, reduced to the command line that runs it."""

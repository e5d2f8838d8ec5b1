"""Statements that add to the command line."""

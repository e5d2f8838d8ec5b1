"""Statements that define names."""

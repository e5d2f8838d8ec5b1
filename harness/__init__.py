"""Runs linkers on cases, judges what they did, minimises, stores and reports."""

"""Named departures from the rules, and the dialects that are made of them.

A quirk is one behaviour of some linker that is not the rule, with one decision point in the
code that asks `name in options.quirks`. A dialect is a set of quirks and nothing else.
"""

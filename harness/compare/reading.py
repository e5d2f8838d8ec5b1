"""Parsing the modules that are compared, once each."""

from __future__ import annotations

from functools import lru_cache

from linker.format.errors import MalformedFile
from linker.format.model import ObjectFile
from linker.format.parse import parse


@lru_cache(maxsize=16)
def read_module(module: bytes) -> ObjectFile | MalformedFile:
    """The parsed module, or why it cannot be parsed. The caller must not change it."""
    try:
        return parse(module, "module")
    except MalformedFile as error:
        return error

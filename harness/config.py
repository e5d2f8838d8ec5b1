"""The user's configuration: `[tool.weldcheck]` of a pyproject.toml, or a weldcheck.toml.

linkers = ["reference", "lld-22", "mine"]
minutes = 5
findings = "findings"

[linker.mine]
command = ["my-linker", "--flavor=wasm", "{arguments}", "-o", "{output}"]
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from harness.adapters.command import CommandLinker
from harness.arguments import option_named

# A day, and 2^53 bytes: far more than a link takes, and what the system's limits can hold.
_MOST_SECONDS = 86400.0
_MOST_MEMORY = 1 << 33
# Findings have files that are called after linkers.
_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.:+-]*$"


class ConfigError(Exception):
    """The configuration cannot be used; the text names the file and the place."""


class LinkerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A linker of the user's own; see `CommandLinker` for what the fields mean."""

    command: Annotated[list[str], Meta(min_length=1)]
    version: str = "unknown"
    bytes_like: str = ""
    refuses: list[str] = []
    environment: dict[str, str] = {}


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What can be set; every value is a default for the option of the same name.

    Attributes:
        timeout: seconds one link may take.
        memory: address space one link may use, in MiB.
    """

    linkers: list[str] = []
    cases: Annotated[int, Meta(ge=1)] | None = None
    minutes: Annotated[float, Meta(gt=0)] | None = None
    seed: int | None = None
    workers: Annotated[int, Meta(ge=1)] | None = None
    findings: str = ".weldcheck/findings"
    timeout: Annotated[float, Meta(gt=0, le=_MOST_SECONDS)] = 10.0
    memory: Annotated[int, Meta(ge=1, le=_MOST_MEMORY)] = 4096
    linker: dict[Annotated[str, Meta(pattern=_NAME)], LinkerConfig] = {}

    def own_linkers(self) -> dict[str, CommandLinker]:
        """The linkers that the configuration describes, by name."""
        return {
            name: CommandLinker(
                name=name,
                command=tuple(own.command),
                version=own.version,
                bytes_like=own.bytes_like,
                refuses=frozenset(option_named(option) or option for option in own.refuses),
                variables=own.environment,
            )
            for name, own in self.linker.items()
        }


def find_config(start: Path) -> Config:
    """The configuration of the nearest folder that has one, `start` or one above it.

    Raises:
        ConfigError: it cannot be read, or says something that is no setting.
    """
    for folder in (start, *start.parents):
        own = folder / "weldcheck.toml"
        if own.is_file():
            return convert(_read(own), str(own))
        project = folder / "pyproject.toml"
        if project.is_file():
            table = _read(project).get("tool", {}).get("weldcheck")
            if table is not None:
                return convert(table, f"{project}, [tool.weldcheck]")
    return Config()


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ConfigError(f"{path}: {problem}") from problem


def convert(table: Mapping[str, Any], place: str) -> Config:
    """The configuration that a TOML table says. Raises ConfigError."""
    _check_keys(table, Config, place)
    own = table.get("linker", {})
    if isinstance(own, Mapping):
        for name, settings in own.items():
            if isinstance(settings, Mapping):
                _check_keys(settings, LinkerConfig, f"{place}, linker.{name}")
    try:
        config = msgspec.convert(table, Config)
    except msgspec.ValidationError as problem:
        raise ConfigError(f"{place}: {problem}") from problem
    for name, linker in config.linker.items():
        for option in linker.refuses:
            if option_named(option) is None:
                raise ConfigError(f"{place}, linker.{name}: wasm-ld has no option {option}")
    return config


def _check_keys(table: Mapping[str, Any], kind: type[msgspec.Struct], place: str) -> None:
    """Raises ConfigError that names the nearest key for one that does not exist."""
    keys = [setting.encode_name for setting in msgspec.structs.fields(kind)]
    for key in table:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1, cutoff=0.0)
            raise ConfigError(f"{place}: unknown key {key!r}; the nearest one is {near[0]!r}")

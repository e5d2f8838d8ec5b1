"""Target features: what the inputs use and forbid, and what the output declares.

Linking.md, "Target Features Section"; LLD's populateTargetFeatures.
"""

from __future__ import annotations

from dataclasses import dataclass

from linker.command_line.options import Options
from linker.errors import Diagnostics
from linker.format import model
from linker.hashes.hash_order import string_map_order
from linker.objects import InputObject, Segment

SHARED_MEMORY_FEATURES = ("atomics", "bulk-memory")
USED, DISALLOWED, REQUIRED = "+", "-", "="


@dataclass(frozen=True, slots=True)
class Features:
    """The features of the output, and whether segments of zeros are written out.

    `disallowed` are those that an object forbids and none uses.
    """

    allowed: frozenset[str]
    emit_bss: bool
    disallowed: frozenset[str] = frozenset()


def check_features(
    options: Options, objects: list[InputObject], diagnostics: Diagnostics
) -> Features:
    """Compares the features of the objects with each other and with the options."""
    if "features-forgotten" in options.quirks:
        return Features(frozenset(), options.memory_import is not None)
    allowed = set(options.extra_features or ()) | set(options.features or ())
    used: dict[str, str] = {}
    disallowed: dict[str, str] = {}
    infers = options.features is None
    if infers or options.check_features:
        for obj in objects:
            for prefix, name in features_of(obj):
                if prefix in (USED, REQUIRED):
                    used.setdefault(name, obj.base_name)
                elif prefix == DISALLOWED:
                    disallowed.setdefault(name, obj.base_name)
                else:
                    diagnostics.error(f"Unrecognized feature policy prefix {ord(prefix)}")
        if infers:
            allowed |= used.keys()
        if options.check_features:
            report_missing(options, objects, allowed, disallowed, diagnostics)
            if not infers:
                report_not_allowed(allowed, used, options, diagnostics)
            report_disallowed(objects, disallowed, options, diagnostics)
    emit_bss = (options.emit_relocs and "zeros-never-written" not in options.quirks) or (
        options.memory_import is not None and "bulk-memory" not in allowed
    )
    return Features(frozenset(allowed), emit_bss, frozenset(disallowed.keys() - allowed))


def features_of(obj: InputObject) -> list[model.TargetFeature]:
    section = obj.file.find(model.TargetFeaturesSection)
    return section.features if section else []


def uses_thread_local_storage(obj: InputObject) -> bool:
    def is_used(segment: Segment) -> bool:
        return segment.live and segment.is_tls

    return any(is_used(segment) for segment in obj.segments)


def report_missing(
    options: Options,
    objects: list[InputObject],
    allowed: set[str],
    disallowed: dict[str, str],
    diagnostics: Diagnostics,
) -> None:
    purposes = []
    if options.shared_memory:
        if "shared-mem" in disallowed:
            diagnostics.error(
                f"--shared-memory is disallowed by {disallowed['shared-mem']} because it was"
                " not compiled with 'atomics' or 'bulk-memory' features.",
            )
        purposes.append("shared memory")
    if any(uses_thread_local_storage(obj) for obj in objects):
        purposes.append("thread-local storage")
    for purpose in purposes:
        for feature in SHARED_MEMORY_FEATURES:
            if feature not in allowed:
                diagnostics.error(f"'{feature}' feature must be used in order to use {purpose}")


def report_not_allowed(
    allowed: set[str], used: dict[str, str], options: Options, diagnostics: Diagnostics
) -> None:
    for name in string_map_order(used, options.quirks):
        if name not in allowed:
            diagnostics.error(f"Target feature '{name}' used by {used[name]} is not allowed.")


def report_disallowed(
    objects: list[InputObject],
    disallowed: dict[str, str],
    options: Options,
    diagnostics: Diagnostics,
) -> None:
    """Features of one object that another forbids; or requires, in the convention of old."""
    required: dict[str, str] = {}
    for obj in objects:
        for prefix, name in features_of(obj):
            if prefix == REQUIRED:
                required.setdefault(name, obj.base_name)
    order = string_map_order(required, options.quirks)
    for obj in objects:
        for prefix, name in features_of(obj):
            if prefix != DISALLOWED and name in disallowed:
                diagnostics.error(
                    f"Target feature '{name}' used in {obj.base_name} is disallowed by"
                    f" {disallowed[name]}. Use --no-check-features to suppress.",
                )
        present = {name for prefix, name in features_of(obj) if prefix != DISALLOWED}
        for name in order:
            if name not in present:
                diagnostics.error(
                    f"Missing target feature '{name}' in {obj.base_name}, required by"
                    f" {required[name]}. Use --no-check-features to suppress.",
                )

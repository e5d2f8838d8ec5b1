"""The iteration order of LLVM's hash tables, which shows in wasm-ld's output.

wasm-ld walks some tables of names in bucket order: it extracts archive members for `--export` in
the order of a `StringMap`, and reports variants of a signature in the order of a `DenseMap`. Both
tables are open addressed with a power of two of buckets, a name's bucket being the low bits of its
hash and the probes 1, 3, 6, 10 ... buckets further. The hash of a `StringMap` is XXH3, that of a
`DenseMap` with string keys is `hash_value`. Nothing is ever erased from the tables that matter
here, so tombstones do not occur.

Sources: llvm/lib/Support/StringMap.cpp and llvm/include/llvm/ADT/DenseMap.h of LLVM 22.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from linker.hashes.llvm_hash import llvm_string_hash
from linker.hashes.xxh3 import xxh3_64

_STRING_MAP_BUCKETS = 16
_DENSE_MAP_BUCKETS = 64


def string_map_order(names: Iterable[str], quirks: Collection[str] = ()) -> list[str]:
    """The order in which `llvm::StringMap` and `StringSet` iterate over these names.

    The names are the keys in the order of insertion; a repeated one counts once. A name is text
    decoded from UTF-8 with `surrogateescape`; UnicodeEncodeError for any other text.
    """
    hash_of = djb_hash if "string-tables-by-djb-hash" in quirks else xxh3_64
    # StringMapImpl::RehashTable doubles after an insertion that leaves more than 3/4 in use.
    return _table_order(names, hash_of, _STRING_MAP_BUCKETS, _string_map_grows, grow_first=False)


def dense_map_order(names: Iterable[str]) -> list[str]:
    """The order in which `llvm::DenseMap<CachedHashStringRef, T>` iterates over these names.

    The names are the keys in the order of insertion; a repeated one counts once. A name is text
    decoded from UTF-8 with `surrogateescape`; UnicodeEncodeError for any other text.
    """
    # DenseMapBase doubles before an insertion that would leave 3/4 or more in use.
    return _table_order(
        names, llvm_string_hash, _DENSE_MAP_BUCKETS, _dense_map_grows, grow_first=True
    )


def djb_hash(data: bytes) -> int:
    """Bernstein's hash as LLVM's StringMap used it up to release 16: 32 bits, from 0."""
    value = 0
    for byte in data:
        value = value * 33 + byte & 0xFFFFFFFF
    return value


def _string_map_grows(entries: int, buckets: int) -> bool:
    return entries * 4 > buckets * 3


def _dense_map_grows(entries: int, buckets: int) -> bool:
    return entries * 4 >= buckets * 3


def _table_order(
    names: Iterable[str],
    hash_of: Callable[[bytes], int],
    initial_buckets: int,
    grows: Callable[[int, int], bool],
    *,
    grow_first: bool,
) -> list[str]:
    """The names in bucket order.

    `grows` tells from the number of entries, the new one included, whether the table doubles;
    `grow_first` whether it does so before the new entry is placed.
    """
    buckets: list[tuple[int, str] | None] = [None] * initial_buckets
    for entries, name in enumerate(dict.fromkeys(names), start=1):
        if grow_first and grows(entries, len(buckets)):
            buckets = _doubled(buckets)
        _place(buckets, (hash_of(name.encode("utf-8", "surrogateescape")), name))
        if not grow_first and grows(entries, len(buckets)):
            buckets = _doubled(buckets)
    return [entry[1] for entry in buckets if entry is not None]


def _place(buckets: list[tuple[int, str] | None], entry: tuple[int, str]) -> None:
    mask = len(buckets) - 1
    bucket = entry[0] & mask
    step = 1
    while buckets[bucket] is not None:
        bucket = bucket + step & mask
        step += 1
    buckets[bucket] = entry


def _doubled(old: list[tuple[int, str] | None]) -> list[tuple[int, str] | None]:
    """A table of twice the size, filled in the bucket order of the old one."""
    new: list[tuple[int, str] | None] = [None] * (2 * len(old))
    for entry in old:
        if entry is not None:
            _place(new, entry)
    return new

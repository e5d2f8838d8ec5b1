"""The relocation kinds by what they ask for (Linking.md, "Relocation Sections").

Plain numbers: the stages look them up for every relocation of a link.
"""

from __future__ import annotations

from linker.format.constants import RelocationType as R

TYPE_INDEX = int(R.TYPE_INDEX_LEB)
FUNCTION_INDEX = frozenset({int(R.FUNCTION_INDEX_LEB), int(R.FUNCTION_INDEX_I32)})
TABLE_INDEX = frozenset(int(entry) for entry in R if entry.name.startswith("TABLE_INDEX"))
TABLE_INDEX_RELATIVE = frozenset({int(R.TABLE_INDEX_REL_SLEB), int(R.TABLE_INDEX_REL_SLEB64)})
MEMORY_ADDRESS = frozenset(int(entry) for entry in R if entry.name.startswith("MEMORY_ADDR"))
THREAD_LOCAL = frozenset({int(R.MEMORY_ADDR_TLS_SLEB), int(R.MEMORY_ADDR_TLS_SLEB64)})
RELATIVE = frozenset(int(entry) for entry in R if "_REL_" in entry.name)
GLOBAL_INDEX = frozenset({int(R.GLOBAL_INDEX_LEB), int(R.GLOBAL_INDEX_I32)})
FUNCTION_OFFSET = frozenset({int(R.FUNCTION_OFFSET_I32), int(R.FUNCTION_OFFSET_I64)})
LOCATION_RELATIVE = int(R.MEMORY_ADDR_LOCREL_I32)

"""LLVM's YAML form of wasm files, as obj2yaml writes and yaml2obj reads it (`--- !WASM`).

The form leaves out: how numbers are padded, apart from the sizes of sections; where relocation
sections stand (yaml2obj writes them last); unknown linking subsections, comdat flags, and
parts of the name section other than functions, globals and data segments. What cannot be left
out (element segments of expressions, tables with an initial value) has no form at all.
"""

from linker.format.yaml.dump import to_yaml
from linker.format.yaml.load import from_yaml

__all__ = ["from_yaml", "to_yaml"]

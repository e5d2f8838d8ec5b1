"""The files a linker reads and writes: object files, archives, LLVM's YAML form. No linking."""

"""Names as compilers mangle them, made readable again as LLVM does it."""

"""LLVM's hash functions, and the orders that its hash tables give to what is written."""

"""The reference linker: WebAssembly object files in, a WebAssembly module out."""

"""wasm-ld's command line: how it is split, what each option means, what is refused."""

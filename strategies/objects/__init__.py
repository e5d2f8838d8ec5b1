"""Object files that are made: index spaces, symbols, relocation sites, instructions."""

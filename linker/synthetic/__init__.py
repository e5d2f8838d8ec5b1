"""What the linker itself defines: its functions, and their instructions."""

"""How the objects of a case reach the linker: files, archives, links in steps."""

"""What a link says about itself beside the module: maps, traces, reproducers."""

"""What weldcheck costs, as ratios within one run (`python -m bench`)."""

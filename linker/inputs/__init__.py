"""The files of a link: found, told apart, read."""

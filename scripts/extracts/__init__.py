"""One module per shipped extract: `make(folder) -> bytes` reads the unpacked source."""

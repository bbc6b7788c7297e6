"""The five architectures: one builder a file, each returning a `keras.Model`."""

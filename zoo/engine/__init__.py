"""The engine for any Keras RNN: fast layers, streaming, decoding."""

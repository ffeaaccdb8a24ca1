"""A gate's camera that isn't there: a frame source on loopback."""

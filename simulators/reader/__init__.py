"""A page reader that isn't there: the far end of a serial line."""

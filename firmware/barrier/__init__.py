"""The barrier controller's firmware: MicroPython on the board, the same files under CPython on the Pi and in tests."""

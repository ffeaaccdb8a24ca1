"""Utopians: the persons of the simulators. None of them exists."""

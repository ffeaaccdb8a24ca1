"""Is what the chip holds what its state signed? Passive authentication. (Doc 9303-11, 5.1; Doc 9303-12)

Each question has its own answer in its own file; ``verify`` asks them all. No clock: ``at`` is the day to judge by.
No store: ``trust`` answers who is believed. Nothing raises: a bad document is an answer.
"""

from icao.passive.verify import verify, verify_card_security

__all__ = ["verify", "verify_card_security"]

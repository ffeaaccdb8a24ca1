"""How may a chip misbehave? By name; one file for each kind of lie, and ``table`` for all of them."""

from simulators.chip.faults.table import CHIPS, LEGIBLE, OF_PACE, Fault, make_chip

__all__ = ["CHIPS", "LEGIBLE", "OF_PACE", "Fault", "make_chip"]

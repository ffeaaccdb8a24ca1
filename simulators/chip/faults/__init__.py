from simulators.chip.faults.table import CHIPS, LEGIBLE, OF_PACE, Fault, make_chip

__all__ = ["CHIPS", "LEGIBLE", "OF_PACE", "Fault", "make_chip"]

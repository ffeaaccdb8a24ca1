"""Where may a simulation keep everything? In a folder that is empty, or its own from before: it writes as it likes."""

from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from borderpost.errors import Fault

OWN: Final = (
    *("gateway", "broker", "edge", "edges", "controller", "reader", "chip.control", "pcsc", "states"),
    *("*.log", "crew-*.json"),
)


def expect_own(state: Path) -> None:
    """Before anything is written. In a real region's folder a simulation would put another broker's certificate, access
    list and settings in the place of that region's, and turn its devices out."""
    if not state.is_dir():
        return
    foreign = [path.name for path in state.iterdir() if not any(fnmatch(path.name, name) for name in OWN)]
    if foreign:
        message = f"{state} holds what no simulation has put there: {min(foreign)}."
        raise Fault("other-folder", message, "Name an empty folder, or leave --state out.")

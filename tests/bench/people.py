"""Who is in a bench: one passport for each state, and an office that issued them."""

import random
from datetime import UTC, datetime
from pathlib import Path

from simulators.issuing.__main__ import holder_of
from simulators.issuing.office import Office
from simulators.issuing.passports import Passport
from simulators.issuing.state import State, open_states
from simulators.lane.cast import Cast, Part

TODAY = datetime.now(UTC).date()


def nobody(folder: Path) -> tuple[Cast, list[Part]]:
    """A post that expects no traveller, but trusts its states."""
    return Cast(folder / "states", TODAY, random.Random(1)), []


def passports(folder: Path) -> tuple[dict[str, State], list[Passport]]:
    states = open_states(folder / "states", TODAY)
    office = Office(states, TODAY, random.Random(1))
    trusted = [code for code, state in states.items() if state.spec.trusted]
    return states, [office.issue("honest", holder_of("u01"), holder_of("u02"), code) for code in trusted]

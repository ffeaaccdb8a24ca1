"""Who plays whom: for each scenario a citizen, a passport, a face before the camera, and the lists that know them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from simulators.issuing.__main__ import holder_of
from simulators.issuing.office import Office
from simulators.issuing.passports import Passport
from simulators.issuing.state import open_states, write_trust
from simulators.issuing.states import STATES
from simulators.lane.scenarios import Scenario
from simulators.lane.traveller import Conduct
from simulators.lists import ListedDocument, ListedPerson, write_lists
from simulators.people.citizens import LOOK_ALIKES

CHILDREN = ("u09", "u10")
LISTED_PERSON = "u14"  # whoever plays her is on the list of persons, so nobody else may
STRANGER = "u12"
# u07's dim pictures are for retries (simulators/people/faces); the passes are played by those who are seen well.
ADULTS = ("u01", "u02", "u03", "u04", "u05", "u06", "u08", "u12")


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """One traveller before she comes."""

    scenario: Scenario
    passport: Passport
    face: str
    conduct: Conduct


class Cast:
    """Issues the passports of a run and writes the post's trust store and lists. The same seed, the same people."""

    def __init__(self, states: Path, today: date, chance: random.Random) -> None:
        self._states = open_states(states, today)
        self._office = Office(self._states, today, chance)
        self._chance = chance
        self._codes = [code for code, spec in STATES.items() if spec.trusted]

    def parts(self, scenarios: list[Scenario]) -> list[Part]:
        return [self._part(scenario) for scenario in scenarios]

    def write(self, edge: Path, lists_key: bytes, parts: Sequence[Part], now: datetime) -> None:
        """What the post knows: the states' certificates, the lost documents, the persons looked for."""
        write_trust(self._states, edge / "trust")
        listed = [part.passport for part in parts if part.scenario.document == "listed-document"]
        write_lists(
            edge / "lists",
            [ListedDocument(passport.number, _issuer(passport)) for passport in listed],
            [_person(LISTED_PERSON)],
            lists_key,
            now,
        )

    def _part(self, scenario: Scenario) -> Part:
        conduct = Conduct(scenario.conduct) if scenario.conduct in set(Conduct) else Conduct.HONEST
        bearer = self._bearer(scenario, conduct)
        code = self._chance.choice(self._codes)
        passport = self._office.issue(scenario.document, holder_of(bearer), holder_of(self._other(bearer)), code)
        face = LOOK_ALIKES[1] if conduct is Conduct.LOOK_ALIKE else bearer
        return Part(scenario, passport, face, conduct)

    def _bearer(self, scenario: Scenario, conduct: Conduct) -> str:
        if conduct is Conduct.LOOK_ALIKE:
            return LOOK_ALIKES[0]
        if scenario.document == "under-age":
            return self._chance.choice(CHILDREN)
        return LISTED_PERSON if scenario.document == "listed-person" else self._chance.choice(ADULTS)

    @staticmethod
    def _other(bearer: str) -> str:
        return STRANGER if bearer != STRANGER else ADULTS[0]


def _issuer(passport: Passport) -> str:
    return passport.mrz_lines[0][2:5].rstrip("<")


def _person(citizen: str) -> ListedPerson:
    holder = holder_of(citizen)
    return ListedPerson(holder.surname, holder.given_names, holder.birth_date.isoformat())

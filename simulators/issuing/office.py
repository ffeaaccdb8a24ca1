"""What kind of passport does the traveller of a scenario carry? One genuine kind, and one for each forger and mishap.

``Office`` issues by the name of the kind; the same seed gives the same numbers and dates (the keys are chance).
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from simulators.chip.faults import Fault
from simulators.issuing import passports
from simulators.issuing.certificates import years_before
from simulators.issuing.passports import Holder, Passport, Term, issue
from simulators.issuing.profile import PLAIN, PROFILES, Profile
from simulators.issuing.state import Signer, State
from simulators.issuing.states import UNKNOWN

TERM_YEARS: Final = 10
SHORT_TERM_YEARS: Final = 5  # an expired passport must still have been signed within its signer's life
CHILD_YEARS: Final = 12
UNREADABLE: Final = (Fault.NO_CHIP, Fault.ERROR_6F00)


@dataclass(frozen=True, slots=True)
class Office:
    """The passport offices of all states, on one day. ``profiles`` by state; one that has none issues plain ones."""

    states: dict[str, State]
    today: date
    chance: random.Random
    profiles: Mapping[str, Profile] = field(default_factory=lambda: PROFILES)

    def issue(self, kind: str, holder: Holder, stranger: Holder, code: str = "UTO") -> Passport:
        """A passport of that kind for ``holder``; forgers use the face and name of ``stranger``. Raises ValueError."""
        if kind not in KINDS:
            raise ValueError(f"There is no kind of passport {kind!r}. Choose one of {', '.join(KINDS)}.")
        return KINDS[kind](self, _Order(self.states[code], holder, stranger, self.number(code), self.term()))

    def document(self, state: State, holder: Holder, number: str, term: Term, signer: Signer | None = None) -> Passport:
        """As that state makes its documents."""
        return issue(state, holder, number, term, signer, self.profiles.get(state.spec.code, PLAIN))

    def number(self, code: str) -> str:
        """One letter of the state and eight digits."""
        return f"{code[0]}{self.chance.randrange(10**8):08}"

    def term(self) -> Term:
        issued = self.today - timedelta(days=self.chance.randrange(30, 3 * 365))
        return Term(issued, years_before(issued, -TERM_YEARS) - timedelta(days=1))

    def expired_term(self) -> Term:
        expired = self.today - timedelta(days=self.chance.randrange(1, 300))
        return Term(years_before(expired, SHORT_TERM_YEARS), expired)


@dataclass(frozen=True, slots=True, repr=False)
class _Order:
    state: State
    holder: Holder
    stranger: Holder
    number: str
    term: Term


def _honest(office: Office, order: _Order) -> Passport:
    return office.document(order.state, order.holder, order.number, order.term)


def _expired(office: Office, order: _Order) -> Passport:
    return office.document(order.state, order.holder, order.number, office.expired_term())


def _unknown_issuer(office: Office, order: _Order) -> Passport:
    return office.document(office.states[UNKNOWN], order.holder, office.number(UNKNOWN), order.term)


def _altered_face(office: Office, order: _Order) -> Passport:
    return passports.with_other_face(_honest(office, order), order.stranger.portrait, order.stranger.sex)


def _altered_mrz(office: Office, order: _Order) -> Passport:
    return passports.with_other_name_printed(_honest(office, order), order.state, order.stranger, order.term)


def _other_page(office: Office, order: _Order) -> Passport:
    page = office.document(order.state, order.stranger, office.number(order.state.spec.code), office.term())
    return passports.with_other_page(_honest(office, order), page)


def _chip_unreadable(office: Office, order: _Order) -> Passport:
    return passports.with_chip_fault(_honest(office, order), office.chance.choice(UNREADABLE))


def _under_age(office: Office, order: _Order) -> Passport:
    """A child's passport, whoever carries it: a child's own birth date stays."""
    born = max(order.holder.birth_date, years_before(office.today, CHILD_YEARS))
    return office.document(order.state, replace(order.holder, birth_date=born), order.number, order.term)


def _expired_signer(office: Office, order: _Order) -> Passport:
    return office.document(order.state, order.holder, order.number, order.term, order.state.expired_signer)


def _foreign_signer(office: Office, order: _Order) -> Passport:
    """The document signer of a neighbour, whom the post trusts, signs a passport of another state."""
    neighbour = next(state for state in office.states.values() if state.spec.trusted and state is not order.state)
    return office.document(order.state, order.holder, order.number, order.term, neighbour.signer)


KINDS: Final[dict[str, Callable[[Office, _Order], Passport]]] = {
    "honest": _honest,
    "expired-document": _expired,
    "unknown-issuer": _unknown_issuer,
    "altered-face": _altered_face,
    "altered-mrz": _altered_mrz,
    "other-page": _other_page,
    "chip-unreadable": _chip_unreadable,
    "listed-document": _honest,  # genuine: what is wrong with it stands in a list
    "listed-person": _honest,
    "under-age": _under_age,
    "expired-signer": _expired_signer,
    "foreign-signer": _foreign_signer,
}

"""What have the states and the forgers at hand? Everybody's keys, two persons, a day, and chance."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from simulators.issuing.authority import Authority, open_authority
from simulators.issuing.catalogue.entry import DocumentCase, Trusted
from simulators.issuing.certificates import years_before
from simulators.issuing.cms import Signing
from simulators.issuing.equipping import Mechanisms
from simulators.issuing.passports import Holder, Passport, Term, issue
from simulators.issuing.profile import PROFILES, Profile
from simulators.issuing.sod import PLAIN_SOD, SodForm
from simulators.issuing.state import State

ISSUED_BEFORE: Final = timedelta(days=200)
TERM_YEARS: Final = 10


@dataclass(frozen=True, slots=True, repr=False)
class World:
    """``holder`` carries the documents; ``stranger`` is whose face, name or document the forger has besides."""

    states: Mapping[str, State]
    today: date
    chance: random.Random
    holder: Holder
    stranger: Holder
    _authorities: dict[str, Authority] = field(default_factory=dict)

    @property
    def term(self) -> Term:
        issued = self.today - ISSUED_BEFORE
        return Term(issued, years_before(issued, -TERM_YEARS) - timedelta(days=1))

    def authority(self, code: str = "UTO") -> Authority:
        """Everything that a state holds beside its keys of today."""
        if code not in self._authorities:
            self._authorities[code] = open_authority(self.states[code])
        return self._authorities[code]

    def number(self, code: str) -> str:
        return f"{code[0]}{self.chance.randrange(10**8):08}"

    def issue(
        self,
        code: str = "UTO",
        profile: Profile | None = None,
        signer: Signing | None = None,
        *,
        holder: Holder | None = None,
        term: Term | None = None,
    ) -> Passport:
        """A genuine document; without a profile as its state makes them today."""
        chosen = PROFILES[code] if profile is None else profile
        number = self.number(code)
        return issue(
            self.states[code], holder or self.holder, number, term or self.term, signer, chosen, self.chance.randbytes
        )

    def plain(
        self, code: str = "UTO", signer: Signing | None = None, form: SodForm = PLAIN_SOD, *, signing_time: bool = True
    ) -> Passport:
        """A document whose chip proves nothing, so that its signature alone decides."""
        return self.issue(code, Profile(sod=form, signing_time=signing_time), signer)

    def with_chip(self, mechanisms: Mechanisms, code: str = "UTO") -> Passport:
        return self.issue(code, Profile(chip=mechanisms))

    def trusted(self, *codes: str) -> Trusted:
        """The CSCAs of today of these states; of the three known ones if none is named."""
        named = codes or tuple(code for code, state in self.states.items() if state.spec.trusted)
        return Trusted(tuple(self.states[code].csca_der for code in named))

    def case(self, passport: Passport, trusted: Trusted | None = None) -> DocumentCase:
        """Laid before a post that knows the three known states."""
        return DocumentCase(passport, trusted or self.trusted())


def with_files(passport: Passport, **files: bytes | None) -> Passport:
    """With other files on the chip than its state put there; None: without that file."""
    changed = {name: content for name, content in {**passport.files, **files}.items() if content is not None}
    return replace(passport, files=MappingProxyType(changed))

"""What does a state issue, and what do forgers make of it? Documents: the printed zone, and the files on the chip.

``issue`` makes a genuine one. Each forgery takes a genuine document and changes what its forger could change.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from types import MappingProxyType

from icao.mrz.compose import compose
from simulators.chip.secrets import NO_SECRETS, ChipSecrets
from simulators.issuing import groups
from simulators.issuing.cms import Signing
from simulators.issuing.equipping import equipped
from simulators.issuing.profile import PLAIN, Profile
from simulators.issuing.sod import sod
from simulators.issuing.state import State


@dataclass(frozen=True, slots=True, repr=False)
class Holder:
    """Whom a passport is about. Nobody real: see simulators/people."""

    surname: str
    given_names: str
    birth_date: date
    sex: str  # M | F | X
    portrait: bytes  # JPEG


@dataclass(frozen=True, slots=True, repr=False)
class Passport:
    """``mrz_lines`` as printed; ``files`` as on the chip: COM, DG1, DG2, SOD, and what its profile asks for.

    ``chip_fault`` and ``secrets`` are laid down with it.
    """

    mrz_lines: tuple[str, ...]
    files: MappingProxyType[str, bytes]
    number: str
    chip_fault: str | None = None
    secrets: ChipSecrets = NO_SECRETS


@dataclass(frozen=True, slots=True)
class Term:
    issued: date
    expires: date


def issue(
    state: State,
    holder: Holder,
    number: str,
    term: Term,
    signer: Signing | None = None,
    profile: Profile = PLAIN,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> Passport:
    """A document of that state, signed by its own current document signer unless another is given."""
    own, signed_at = signer or state.signer, datetime.combine(term.issued, time(9, 0), UTC)
    equipment = equipped(profile.chip, random_bytes, own, signed_at)
    mrz = _zone(state.spec.code, holder, number, term.expires, profile)
    content = {1: groups.dg1(mrz), 2: groups.dg2(profile.picture or holder.portrait, holder.sex, profile.face)}
    content |= {int(name[2:]): file for name, file in equipment.files.items() if name.startswith("DG")}
    content |= profile.groups
    files = {
        "COM": groups.com(sorted(content)),
        **{f"DG{number}": content[number] for number in sorted(content)},
        "SOD": sod(content, own, signed_at if profile.signing_time else None, profile.sod),
    }
    return Passport(mrz, MappingProxyType(equipment.files | files), number, secrets=equipment.secrets)


def with_other_face(passport: Passport, portrait: bytes, sex: str) -> Passport:
    """Another portrait written over DG2 after signing; SOD stays as it was."""
    return replace(passport, files=MappingProxyType({**passport.files, "DG2": groups.dg2(portrait, sex)}))


def with_other_name_printed(passport: Passport, state: State, holder: Holder, term: Term) -> Passport:
    """The page printed anew with the name of ``holder``. Number and dates stay, so the chip's key is still right."""
    line = _zone(state.spec.code, holder, passport.number, term.expires, PLAIN)[0]
    return replace(passport, mrz_lines=(line, *passport.mrz_lines[1:]))


def with_other_page(passport: Passport, page: Passport) -> Passport:
    """The chip of one passport in the cover of another: the printed zone does not open it."""
    return replace(passport, mrz_lines=page.mrz_lines)


def with_chip_fault(passport: Passport, fault: str) -> Passport:
    """Genuine paper around a chip that misbehaves (simulators/chip/faults.py)."""
    return replace(passport, chip_fault=fault)


def _zone(code: str, holder: Holder, number: str, expires: date, profile: Profile) -> tuple[str, ...]:
    return compose(
        profile.format,
        document_code=profile.code,
        issuing_state=code,
        document_number=number,
        surname=holder.surname,
        given_names=holder.given_names,
        nationality=code,
        birth_date=holder.birth_date.isoformat(),
        sex=holder.sex,
        expiry_date=expires.isoformat(),
    )

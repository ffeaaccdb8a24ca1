"""What may a terminal read, after whom does it say so? Chains of CV certificates. (BSI TR-03110-3, 2.4 to 2.6)

A chip knows one or two keys of its state's CVCA. From there each certificate is checked with the key before it, and
what is left of the rights is what every one of them grants. Both ends use this: a chip to accept, a reader to choose.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from icao.checks import Result
from icao.pki.cvc import INSPECTION_SYSTEM, CvCertificate, CvKey, Role

MAX_CERTIFICATES: Final = 8  # a few links, a document verifier, a terminal

# Who may sign whom: a CVCA its successor and document verifiers, a document verifier terminals.
MAY_SIGN: Final[dict[Role, frozenset[Role]]] = {
    Role.CVCA: frozenset({Role.CVCA, Role.DV_DOMESTIC, Role.DV_FOREIGN}),
    Role.DV_DOMESTIC: frozenset({Role.TERMINAL}),
    Role.DV_FOREIGN: frozenset({Role.TERMINAL}),
    Role.TERMINAL: frozenset(),
}


class Refused(Exception):
    """A certificate that the one before it does not carry. The message says why."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody whose key is believed. ``today`` is the latest day that a chip has heard of, for it has no clock."""

    name: str
    key: CvKey  # on a curve that is known
    role: Role
    rights: int
    today: date


def trust_point(certificate: CvCertificate) -> Holder:
    """The CVCA whose certificate was put into the chip when it was made; it signed itself."""
    return Holder(certificate.holder, certificate.key, certificate.role, certificate.rights, certificate.begins)


def accept(issuer: Holder, certificate: CvCertificate) -> Holder:
    """Whom the certificate is about, now believed. Raises Refused."""
    if certificate.authority != issuer.name:
        raise Refused("the certificate names another authority")
    if certificate.terminal != INSPECTION_SYSTEM:
        raise Refused("the certificate is for another kind of terminal")
    if certificate.role not in MAY_SIGN[issuer.role]:
        raise Refused(f"a {issuer.role.name} may not sign the certificate of a {certificate.role.name}")
    if issuer.key.verify(certificate.signature, certificate.body).result is not Result.SUCCESSFUL:
        raise Refused("the certificate's signature is wrong")
    if certificate.ends < issuer.today:
        raise Refused(f"the certificate expired on {certificate.ends}")
    return Holder(
        name=certificate.holder,
        key=_key(certificate.key, issuer.key),
        role=certificate.role,
        rights=certificate.rights & issuer.rights,
        today=max(issuer.today, certificate.begins) if _tells_the_day(certificate.role, issuer.role) else issuer.today,
    )


def path(certificates: Iterable[CvCertificate], known: str) -> tuple[CvCertificate, ...]:
    """From below the CVCA that the chip knows down to the terminal; empty when there is no such way."""
    left = list(certificates)[:MAX_CERTIFICATES]
    found: list[CvCertificate] = []
    while not found or found[-1].role is not Role.TERMINAL:
        above = found[-1].holder if found else known
        following = [each for each in left if each.authority == above and each.holder != above]
        if not following:
            return ()
        # Downwards if that is possible; a link to the next CVCA only where nothing else follows.
        found.append(min(following, key=lambda each: each.role is Role.CVCA))
        left.remove(found[-1])
    return tuple(found)


def _key(key: CvKey, above: CvKey) -> CvKey:
    """On the curve of the one above where it names none of its own."""
    if key.is_rsa or key.curve is not None:
        return key
    if above.curve is None:
        raise Refused("the certificate inherits a curve, and there is none above it")
    return replace(key, curve=above.curve)


def _tells_the_day(role: Role, issuer: Role) -> bool:
    """Whose dates a chip believes: its own state's. A foreign document verifier could make it see every date pass."""
    return role in (Role.CVCA, Role.DV_DOMESTIC) or issuer is Role.DV_DOMESTIC

"""How do the CSCA certificates of a whole world look? Many states, several keys each, links between them, and oddities.

Roughly in the proportions of real master lists: of eight certificates five are roots and three are links, one spells
its curve out, and one state in fifty writes itself in lower case. Codes are those that ISO 3166 leaves to its users.
"""

from collections.abc import Iterator
from datetime import date
from itertools import chain, islice
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from icao.pki.curves import by_oid
from simulators.issuing.certificates import Issuer, PrivateKey, csca_period, make_csca, make_key, make_link
from simulators.issuing.odd_keys import explicit_key, point_of, signed_anew
from simulators.issuing.state import der_of
from simulators.issuing.states import Keys

COUNTRIES: Final = tuple(
    chain(("AA", "ZZ"), (f"Q{last}" for last in "MNOPQRSTUVWXYZ"), (f"X{last}" for last in "ABCDEFGHIJLMNPQRSTUVWYZ"))
)
LOWER_CASE_IN: Final = 50
CURVES: Final = (Keys.BRAINPOOL_P256, Keys.BRAINPOOL_P384, Keys.EC_P384)
BRAINPOOL_P256: Final = "1.3.36.3.3.2.8.1.1.7"


def world(count: int, today: date) -> list[bytes]:
    """So many certificates, in DER. All share one RSA key, since making them takes its time."""
    rsa = make_key(Keys.RSA_3072)
    made = chain.from_iterable(_of_one_key(turn, rsa, today) for turn in range(count))
    return list(islice(made, count))


def _of_one_key(turn: int, rsa: PrivateKey, today: date) -> Iterator[bytes]:
    """A root, and in three cases of five the link by which the key before vouches for it."""
    country, generation = COUNTRIES[turn % len(COUNTRIES)], turn // len(COUNTRIES)
    name = _name(country.lower() if turn % LOWER_CASE_IN == 1 else country, generation)
    if turn % 5 == 3:
        yield _explicit(name, today)
        return
    key = rsa if turn % 5 < 2 else make_key(CURVES[turn % len(CURVES)])
    yield der_of(make_csca(name, key, csca_period(today)))
    if turn % 5 != 0:
        yield der_of(make_link(Issuer(name, make_key(Keys.EC_P256)), name, key, csca_period(today)))


def _explicit(name: x509.Name, today: date) -> bytes:
    key, curve = ec.generate_private_key(ec.BrainpoolP256R1()), by_oid(BRAINPOOL_P256)
    if curve is None:
        raise LookupError(BRAINPOOL_P256)
    return signed_anew(der_of(make_csca(name, key, csca_period(today))), key, explicit_key(curve, point_of(key)))


def _name(country: str, generation: int) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, country),
            x509.NameAttribute(NameOID.COMMON_NAME, f"CSCA {country.upper()} {generation}"),
        ]
    )

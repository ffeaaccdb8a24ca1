"""A Utopia that seals: one CSCA, one signer for each purpose, made once for all the tests."""

from datetime import date
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from icao.checks import Mode
from icao.mrz.compose import compose
from icao.pki.certificates import Certificate, parse_certificate
from icao.pki.trust import TrustedSet
from icao.seals.seal import Seal
from icao.seals.verify import verify
from simulators.issuing import seals
from simulators.issuing.certificates import Issuer, Period, make_csca, name_of
from simulators.issuing.seals import SealSigner, make_seal_signer
from simulators.issuing.states import STATES

TODAY = date(2026, 11, 24)
SEALED_ON = date(2026, 11, 2)
PERIOD: Period = (date(2026, 1, 1), date(2030, 12, 31))

PERSON = {
    "surname": "ERIKSSON",
    "given_names": "ANNA MARIA",
    "nationality": "UTO",
    "birth_date": "1974-08-12",
    "sex": "F",
    "expiry_date": "2027-04-15",
}


@cache
def issuer(code: str) -> Issuer:
    return Issuer(name_of(STATES[code], "CSCA"), ec.generate_private_key(ec.SECP256R1()))


@cache
def csca(code: str = "UTO") -> Certificate:
    made = make_csca(issuer(code).name, issuer(code).key, (date(2020, 1, 1), date(2040, 1, 1)))
    return parse_certificate(made.public_bytes(serialization.Encoding.DER))


@cache
def signer(
    *codes: str,
    curve: str = "brainpoolP256r1",
    purpose: str = seals.SEAL_SIGNING,
    period: Period = PERIOD,
    serial: int = 0x27,
    certified_by: str = "UTO",
) -> SealSigner:
    """A signer of Utopia, whoever certified it."""
    curves = {
        each.name: each
        for each in (ec.BrainpoolP256R1(), ec.SECP224R1(), ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())
    }
    return make_seal_signer(
        issuer(certified_by), STATES["UTO"], period, codes, purpose=purpose, curve=curves[curve], serial=serial
    )


def trust(*signers: SealSigner, code: str = "UTO") -> TrustedSet:
    return TrustedSet([csca(code)], [parse_certificate(each.der) for each in signers])


def zone(format: str = "TD2", code: str = "AR", number: str = "L898902C3") -> tuple[str, ...]:
    return compose(format, document_code=code, issuing_state="UTO", document_number=number, **PERSON)


def results(seal: Seal, store: TrustedSet, at: date = TODAY) -> dict[str, str]:
    """Each mandatory check that is not successful, with its code."""
    checks = [check for check in verify(seal, store, at) if check.mode is Mode.MANDATORY]
    return {check.id: f"{check.result} {check.code}" for check in checks if check.result != "successful"}

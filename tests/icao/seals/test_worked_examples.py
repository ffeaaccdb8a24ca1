"""The worked examples of TR-03137: what they say, and that all seals of one signer verify with one and the same key.

The guideline prints no certificates. But r is a point, and two points fit: from each example follow two keys that may
have signed it. Three seals of one signer agree on one of them only when exactly the right bytes were hashed.
"""

import hashlib
from dataclasses import replace

import pytest
from asn1crypto import core

from icao.checks import Result
from icao.pki import points
from icao.pki.curves import Curve, by_oid
from icao.seals import signature, vds
from icao.seals.seal import Seal
from icao.seals.signature import digest_bits
from icao.tlv import write
from tests.icao.seals import worked_examples

BRAINPOOL_P256, BRAINPOOL_P224 = (
    by_oid("1.3.36.3.3.2.8.1.1.7"),
    by_oid("1.3.36.3.3.2.8.1.1.5"),
)  # OpenSSL lacks the second


@pytest.mark.parametrize(
    ("example", "type", "signed_on", "reference", "said"),
    [
        (
            worked_examples.ARRIVAL_ATTESTATION,
            "arrival-attestation",
            "2020-01-13",
            "DETS 27",
            {
                "mrz": "MED<<MUSTERMANN<<ERIK<<<<<<<<<<<<<<<\nM0000000<4ALB0308212M1604128<<<<<<<2",
                "azr_number": "160113000085",
            },
        ),
        (
            worked_examples.SOCIAL_INSURANCE_CARD,
            "social-insurance-card",
            "2020-01-14",
            "DETS 27",
            {
                "social_insurance_number": "65170839J003",
                "surname": "Perschweiß",
                "first_name": "Oscar",
                "name_at_birth": "Jâcobénidicturius",
            },
        ),
        (
            worked_examples.RESIDENCE_PERMIT,
            "residence-permit",
            "2020-01-13",
            "DETS 27",
            {
                "mrz": "ATD<<RESIDORCE<<ROLAND<<<<<<<<<<<<<<\n6525845096USA7008038M2201018<<<<<<06",
                "passport_number": "UFO001979",
            },
        ),
        (
            worked_examples.VISA,
            "visa",
            "2021-12-03",
            "DETS 32",
            {
                "mrz": "VCD<<DENT<<ARTHUR<PHILIP<<<<<<<<<<<<\n1234567XY7GBR5203116M2005250",
                "duration_of_stay": "160 days",
                "passport_number": "47110815P",
            },
        ),
        (
            worked_examples.ADDRESS_STICKER,
            "address-sticker",
            "2021-12-03",
            "DETS 32",
            {
                "document_number": "T2000AK47",
                "municipality_code": "05314000",
                "address": "53123MUSTERMANNSTRASSE21",
            },
        ),
        (
            worked_examples.RESIDENCE_STICKER,
            "residence-sticker",
            "2021-12-03",
            "DETS 32",
            {"document_number": "PA5500K11", "municipality_code": "03359010", "postal_code": "21614"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "-" in value and not value[0].isdigit() else "",
)
def test_a_worked_example_says_what_the_guideline_says(
    example: bytes, type: str, signed_on: str, reference: str, said: dict[str, str]
) -> None:
    seal = vds.parse(example)
    assert (seal.type, str(seal.signed_on), str(seal.reference)) == (type, signed_on, reference)
    assert (seal.kind, seal.country) == ("vds", "D")
    assert {field.name: field.value for field in seal.fields} == said


@pytest.mark.parametrize(
    ("examples", "curve"),
    [
        (("ARRIVAL_ATTESTATION", "SOCIAL_INSURANCE_CARD", "RESIDENCE_PERMIT"), BRAINPOOL_P256),
        (("VISA", "ADDRESS_STICKER", "RESIDENCE_STICKER"), BRAINPOOL_P224),
    ],
    ids=["DETS 27", "DETS 32"],
)
def test_three_seals_of_one_signer_lead_to_one_key(examples: tuple[str, ...], curve: Curve) -> None:
    read = [vds.parse(getattr(worked_examples, name)) for name in examples]
    (key,) = set.intersection(*(_keys(seal, curve) for seal in read))
    for seal in read:
        assert signature.verify(seal, _encoded(key, curve)).result is Result.SUCCESSFUL
        assert signature.verify(replace(seal, signed=(b"",)), _encoded(key, curve)).result is Result.FAILED


def _encoded(key: points.Point, curve: Curve) -> bytes:
    """As a SubjectPublicKeyInfo."""
    algorithm = core.ObjectIdentifier("1.2.840.10045.2.1").dump() + core.ObjectIdentifier(curve.oid).dump()
    return write(0x30, write(0x30, algorithm) + write(0x03, b"\0" + points.encode(curve, key)))


def _keys(seal: Seal, curve: Curve) -> set[points.Point]:
    """Every public key that this signature may come from. (SEC 1, 4.1.6)"""
    size = curve.size_bytes
    r, s = (int.from_bytes(part, "big") for part in (seal.signature[:size], seal.signature[size:]))
    digest = hashlib.new(f"sha{digest_bits(size)}", seal.signed[0]).digest()
    y = pow((r * r + curve.a) * r + curve.b, (curve.p + 1) // 4, curve.p)
    inverse = pow(r, -1, curve.n)
    of_point, of_digest = s * inverse % curve.n, -int.from_bytes(digest, "big") * inverse % curve.n
    nonces = [point for point in ((r, y), (r, curve.p - y)) if curve.holds(*point)]
    return {points.multiply_two(curve, (of_point, point), (of_digest, curve.generator)) for point in nonces}

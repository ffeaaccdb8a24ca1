"""What is odd about a certificate? Real states issue such ones, so each is kept and used; somebody should know why."""

import re
from collections.abc import Iterator
from typing import Final

from icao.der import SEQUENCE, Fields, only
from icao.pki.algorithms import read_algorithm
from icao.pki.certificates import Certificate
from icao.pki.keys import NotSupported, Weak, read_key
from icao.tlv import Garbled

COUNTRY: Final = re.compile(rb"\x06\x03\x55\x04\x06[\x0c\x13](.)(.{1,32})", re.DOTALL)
UNREADABLE: Final = "it cannot be read: "


def oddities(certificate: Certificate) -> Iterator[str]:
    """Clauses, as far as one certificate can tell by itself; date and company are another question."""
    if certificate.authority is not True:
        yield "it does not say that it is a certification authority's"
    yield from _country(certificate)
    yield from _key(certificate)
    if certificate.key_id is None:
        yield "it has no subject key identifier"
    if claims_to_sign_itself(certificate) and certificate.verdict_on(certificate).code == "signature-wrong":
        yield "it claims to be self-signed, and its own key did not sign it"


def signer_oddities(certificate: Certificate) -> Iterator[str]:
    """Of a certificate that is not counted among the authorities'."""
    if "key_cert_sign" in (certificate.usages or ()):
        yield "it may sign certificates, and says that it is no authority's: it vouches for nobody"


def claims_to_sign_itself(certificate: Certificate) -> bool:
    """The same name twice is not enough: link certificates have it too. (Doc 9303-12, 7.1.1)"""
    same_name = certificate.subject == certificate.issuer
    return same_name and certificate.authority_key_id in (None, certificate.key_id)


def _country(certificate: Certificate) -> Iterator[str]:
    if not certificate.country:
        yield "it names no country"
        return
    if not (len(certificate.country) == 2 and certificate.country.isascii() and certificate.country.isalpha()):
        yield "its country is not a code of two letters"
    written = {found[2][: found[1][0]] for found in COUNTRY.finditer(certificate.signed_part)}
    if any(each != each.upper() for each in written):
        yield "its country is in lower case"
    if len({each.upper() for each in written}) > 1:
        yield "its subject and its issuer name different countries"


def _key(certificate: Certificate) -> Iterator[str]:
    try:
        if has_explicit_parameters(certificate.public_key):
            yield "its key has explicit curve parameters"
        read_key(certificate.public_key)
        read_algorithm(certificate.signature_algorithm, None)
    except (NotSupported, Weak, Garbled) as error:
        yield f"its key or signature is not used: {str(error).rstrip('.')}"


def has_explicit_parameters(public_key: bytes) -> bool:
    """Raises Garbled."""
    algorithm = Fields(only(public_key, SEQUENCE).value).inside(SEQUENCE)
    algorithm.next()
    return algorithm.left and algorithm.next().tag == SEQUENCE

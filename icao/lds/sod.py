"""What does EF.SOD say, and who says it? (Doc 9303-10, 4.6.2: a CMS SignedData around the hashes of the data groups)

Real ones differ in every way the standard allows and in some it does not: BER with indefinite lengths, four content
types, signers named in two ways. All of it is read here once, into plain values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from asn1crypto import cms, core

from icao.asn1 import reading
from icao.lds.files import EF_SOD
from icao.pki.certificates import Certificate, parse_certificate
from icao.tlv import Garbled, read_all, read_one, survey

MAX_SOD_BYTES: Final = 256 * 1024
MAX_CERTIFICATES: Final = 8
LAST_DATA_GROUP: Final = 16

# eContentType: ICAO's own, what came before it (BE, FR), what Sdu wrote (NL), and plain id-data (CN).
CONTENT_TYPES: Final = frozenset(
    {"2.23.136.1.1.1", "1.3.27.1.1.1", "1.2.528.1.1006.1.20.1", "1.2.840.113549.1.7.1"},
)

CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"


@dataclass(frozen=True, slots=True, repr=False)
class Sod:
    """``content`` is what the signer vouches for, ``hashes`` what it says of the data groups."""

    content: bytes
    content_type: str
    hash_algorithm: str  # an OID; may differ from the signature's
    hashes: Mapping[int, bytes]
    digest_algorithm: str
    signature_algorithm: bytes
    signature: bytes
    signed_attributes: bytes | None  # as a SET, as they are hashed
    stated_content_type: str | None
    stated_digest: bytes | None
    signed_on: date | None
    signer: Certificate | None
    """None: the certificate does not come along, or which one it is cannot be told."""


def parse_sod(file: bytes) -> Sod:
    """Raises Garbled."""
    if len(file) > MAX_SOD_BYTES:
        raise Garbled(f"EF.SOD has {len(file)} bytes, and {MAX_SOD_BYTES} is the most that is read")
    message = read_one(file, EF_SOD.tag)
    survey(message)
    with reading("EF.SOD"):
        info = cms.ContentInfo.load(message, strict=True)
        if info["content_type"].native != "signed_data":
            raise Garbled("EF.SOD holds no signed data")
        return _read(info["content"])


def _read(signed: Any) -> Sod:  # Any: asn1crypto has no types
    if len(signed["signer_infos"]) != 1:
        raise Garbled(f"EF.SOD has {len(signed['signer_infos'])} signers instead of one")
    signer = signed["signer_infos"][0]
    content = _octets(signed["encap_content_info"]["content"])
    content_type = signed["encap_content_info"]["content_type"].dotted
    if content_type not in CONTENT_TYPES:
        raise Garbled(f"EF.SOD signs content of the type {content_type}")
    hash_algorithm, hashes = _security_object(content)
    attributes = _attributes(signer["signed_attrs"])
    stated_type, stated_digest, signed_at = (
        attributes.get(oid) for oid in (CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME)
    )
    return Sod(
        content=content,
        content_type=content_type,
        hash_algorithm=hash_algorithm,
        hashes=hashes,
        digest_algorithm=signer["digest_algorithm"]["algorithm"].dotted,
        signature_algorithm=signer["signature_algorithm"].dump(),
        signature=_octets(signer["signature"]),
        signed_attributes=_as_set(signer["signed_attrs"]),
        stated_content_type=None if stated_type is None else stated_type.dotted,
        stated_digest=None if stated_digest is None else _octets(stated_digest),
        signed_on=None if signed_at is None else signed_at.native.date(),
        signer=_signer(signer["sid"], _certificates(signed["certificates"])),
    )


def _octets(value: Any) -> bytes:  # Any: asn1crypto has no types
    if not isinstance(value, core.OctetString | core.ParsableOctetString):
        raise Garbled("EF.SOD lacks an octet string")
    return bytes(value)


def _security_object(content: bytes) -> tuple[str, dict[int, bytes]]:
    """LDSSecurityObject (Doc 9303-10, 4.6.2.3): version, hash algorithm, a number and a hash for each data group."""
    parts = read_all(read_one(content, 0x30))
    if [part.tag for part in parts[:3]] != [0x02, 0x30, 0x30]:
        raise Garbled("the security object is not made as Doc 9303-10 says")
    algorithm = read_all(parts[1].value)
    if not algorithm or algorithm[0].tag != 0x06:
        raise Garbled("the security object names no hash algorithm")
    oid = core.ObjectIdentifier(contents=algorithm[0].value).dotted
    hashes: dict[int, bytes] = {}
    for pair in read_all(parts[2].value):
        number, digest = read_all(pair.value)
        group = int.from_bytes(number.value, "big")
        if (number.tag, digest.tag) != (0x02, 0x04) or not 1 <= group <= LAST_DATA_GROUP or group in hashes:
            raise Garbled("the security object's list of data groups is wrong")
        hashes[group] = digest.value
    return oid, hashes


def _attributes(attributes: Any) -> dict[str, Any]:  # Any: asn1crypto has no types
    if isinstance(attributes, core.Void):
        return {}
    found: dict[str, Any] = {}
    for attribute in attributes:
        oid = attribute["type"].dotted
        # Two digests, one right and one signed, must not be told apart by which is looked at.
        if oid in found or len(attribute["values"]) != 1:
            raise Garbled("a signed attribute of EF.SOD is doubled or empty")
        found[oid] = attribute["values"][0]
    return found


def _as_set(attributes: Any) -> bytes | None:  # Any: asn1crypto has no types
    """What the signature covers: the attributes under the tag of a SET, as the signer encoded them (RFC 5652, 5.4)."""
    if isinstance(attributes, core.Void):
        return None
    encoded: bytes = attributes.dump()
    indefinite = encoded[1] == 0x80
    plain: bytes = attributes.untag().dump(force=indefinite)
    return plain


def _certificates(certificates: Any) -> list[Certificate]:  # Any: asn1crypto has no types
    if isinstance(certificates, core.Void):
        return []
    if len(certificates) > MAX_CERTIFICATES:
        raise Garbled(f"EF.SOD carries more than {MAX_CERTIFICATES} certificates")
    return [parse_certificate(each.chosen.dump()) for each in certificates if each.name == "certificate"]


def _signer(sid: Any, certificates: list[Certificate]) -> Certificate | None:  # Any: asn1crypto has no types
    """By key id, or by issuer and serial; some issuers write their own name in two ways, so the only one will do."""
    if sid.name == "subject_key_identifier":
        named = [each for each in certificates if each.key_id == sid.chosen.native]
    else:
        issuer, serial = sid.chosen["issuer"].hashable, int(sid.chosen["serial_number"].native)
        named = [each for each in certificates if (each.issuer, each.serial) == (issuer, serial)]
    if len(named) != 1 and len(certificates) == 1:
        return certificates[0]
    return named[0] if named else None
